//! DNS names and types. Names go in and out as a `ddi_name`, which is the name's wire form (RFC 1035 section
//! 3.1) with its length. Case is kept, and does not count when names are compared.

use crate::addr::ddi_addr;
use crate::guard;
use crate::handle::Failure;
use crate::slice::{self, Buffer, Out};
use crate::status::{DDI_OK, ddi_status};
use ddi_dns::name::{Name, NameRef};
use ddi_dns::{Rtype, ddns};

/// The most bytes that a name has on the wire.
pub const DDI_NAME_MAX: usize = 255;
/// Room for the text of any name: each byte may become `\DDD`.
pub const DDI_NAME_TEXT_MAX: usize = 1024;

/// A whole, uncompressed name. `ddi_name_parse` and `ddi_name_from_wire` make it; one of zeros is none, and
/// is refused wherever a name must be.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ddi_name {
    /// Bytes of `wire` that are used, the root's 0 included.
    pub len: u8,
    /// Labels, each after its length; the root's 0 at the end.
    pub wire: [u8; 255],
}

impl ddi_name {
    pub(crate) const NONE: Self = Self { len: 0, wire: [0; 255] };

    pub(crate) fn of(name: NameRef<'_>) -> Self {
        let mut this = Self::NONE;
        let bytes = name.wire();
        this.len = bytes.len() as u8; // 255 at most
        this.wire[..bytes.len()].copy_from_slice(bytes);
        this
    }

    /// # Safety
    /// `name` is NULL or points to a `ddi_name` that stays.
    pub(crate) unsafe fn read<'a>(name: *const Self, what: &str) -> Result<NameRef<'a>, Failure> {
        // SAFETY: as promised; it has no alignment.
        let name = unsafe { name.as_ref() }.ok_or_else(|| Failure::null(what))?;
        let wire = &name.wire[..usize::from(name.len)];
        NameRef::new(wire).map_err(|e| Failure::argument(format!("{what}: {e}")))
    }
}

/// Reads a name in text (UTF-8, with the escapes of RFC 1035 section 5.1), with or without its final dot; "."
/// is the root.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_name_parse(text: *const u8, text_len: usize, name: *mut ddi_name) -> ddi_status {
    guard::alone(|| {
        // SAFETY: the header's contract.
        let (text, out) = unsafe { (slice::text(text, text_len, "text")?, Out::new(name, "name")?) };
        out.set(ddi_name::of(text.parse::<Name>()?.as_ref()));
        Ok(DDI_OK)
    })
}

/// Takes a name in uncompressed wire form: exactly these bytes.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_name_from_wire(
    wire: *const u8,
    wire_len: usize,
    name: *mut ddi_name,
) -> ddi_status {
    guard::alone(|| {
        // SAFETY: the header's contract.
        let (wire, out) = unsafe { (slice::bytes(wire, wire_len, "wire")?, Out::new(name, "name")?) };
        out.set(ddi_name::of(NameRef::new(wire)?));
        Ok(DDI_OK)
    })
}

/// Writes the name as text, with its final dot and without a NUL. `DDI_NAME_TEXT_MAX` bytes are always
/// enough.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name), `DDI_E_BUFFER`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_name_text(
    name: *const ddi_name,
    buf: *mut u8,
    cap: usize,
    len: *mut usize,
) -> ddi_status {
    guard::alone(|| {
        // SAFETY: the header's contract.
        let (name, mut out) = unsafe { (ddi_name::read(name, "name")?, Buffer::new(buf, cap, len)?) };
        out.put(name.to_string().as_bytes())?;
        Ok(DDI_OK)
    })
}

/// True if both are names and the same one. Case does not count.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_name_equals(name: *const ddi_name, other: *const ddi_name) -> bool {
    // SAFETY: the header's contract.
    match unsafe { (ddi_name::read(name, "name"), ddi_name::read(other, "other")) } {
        (Ok(name), Ok(other)) => name == other,
        _ => false,
    }
}

/// True if both are names, and `name` is `ancestor` or below it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_name_is_at_or_below(name: *const ddi_name, ancestor: *const ddi_name) -> bool {
    // SAFETY: the header's contract.
    match unsafe { (ddi_name::read(name, "name"), ddi_name::read(ancestor, "ancestor")) } {
        (Ok(name), Ok(ancestor)) => name.is_at_or_below(ancestor),
        _ => false,
    }
}

/// The name of an address in in-addr.arpa or ip6.arpa (RFC 1035 section 3.5, RFC 3596 section 2.5). Its port
/// means nothing.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no address).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_name_of_address(addr: *const ddi_addr, name: *mut ddi_name) -> ddi_status {
    guard::alone(|| {
        // SAFETY: the header's contract.
        let (addr, out) = unsafe { (ddi_addr::read(addr, "addr")?, Out::new(name, "name")?) };
        out.set(ddi_name::of(ddns::reverse_name(addr.ip()).as_ref()));
        Ok(DDI_OK)
    })
}

/// The number of a record type: "AAAA", "TYPE65280" (RFC 3597 section 5).
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (not known).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_rtype_parse(text: *const u8, text_len: usize, rtype: *mut u16) -> ddi_status {
    guard::alone(|| {
        // SAFETY: the header's contract.
        let (text, out) = unsafe { (slice::text(text, text_len, "text")?, Out::new(rtype, "rtype")?) };
        out.set(text.parse::<Rtype>().map_err(Failure::argument)?.0);
        Ok(DDI_OK)
    })
}

/// The name of a record type, without a NUL: "AAAA", or "TYPE65280" for one that has none. 16 bytes are
/// enough.
///
/// Errors: `DDI_E_NULL`, `DDI_E_BUFFER`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_rtype_text(rtype: u16, buf: *mut u8, cap: usize, len: *mut usize) -> ddi_status {
    guard::alone(|| {
        // SAFETY: the header's contract.
        let mut out = unsafe { Buffer::new(buf, cap, len)? };
        out.put(Rtype(rtype).to_string().as_bytes())?;
        Ok(DDI_OK)
    })
}
