//! UPDATE requests that the caller sends himself: conditions and changes in their order, written as a
//! message, to be signed by `ddi_tsig_key_sign_request`.

use crate::dns_name::ddi_name;
use crate::guard;
use crate::handle::{Failure, Handle, noun};
use crate::slice::{self, Buffer, Out};
use crate::status::{DDI_E_LIMIT, DDI_OK, ddi_status};
use ddi_dns::Rtype;
use ddi_dns::update::Request;
use std::ffi::c_char;

/// A request. One call at a time.
pub struct ddi_update_request(Handle<Request>);
noun!(ddi_update_request, Request);

/// Only if the name has a record (RFC 2136 section 2.4.4).
pub const DDI_REQUIRE_NAME: u32 = 1;
/// Only if the name has no record (section 2.4.5).
pub const DDI_REQUIRE_NO_NAME: u32 = 2;
/// Only if the rrset exists (section 2.4.1).
pub const DDI_REQUIRE_RRSET: u32 = 3;
/// Only if the rrset does not exist (section 2.4.3).
pub const DDI_REQUIRE_NO_RRSET: u32 = 4;
/// Only if the rrset is exactly the records that are required of it (section 2.4.2): one call for each.
pub const DDI_REQUIRE_RECORD: u32 = 5;

/// An update of this zone that so far asks nothing. Caller owns: `ddi_update_request_free`.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_update_request_new(
    zone: *const ddi_name,
    request: *mut *mut ddi_update_request,
) -> ddi_status {
    guard::alone(|| {
        // SAFETY: the header's contract.
        let (zone, out) = unsafe { (ddi_name::read(zone, "zone")?, Out::new(request, "request")?) };
        out.set(guard::give(Request::new(zone)));
        Ok(DDI_OK)
    })
}

/// Adds a condition, one of `DDI_REQUIRE_...`. `rtype` means nothing to those about names, `rdata` only
/// something to `DDI_REQUIRE_RECORD`.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name, no such condition, too long).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_update_request_require(
    request: *mut ddi_update_request,
    condition: u32,
    name: *const ddi_name,
    rtype: u16,
    rdata: *const u8,
    rdata_len: usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(request, |request| {
            let (name, rdata) = (ddi_name::read(name, "name")?, rdata_of(rdata, rdata_len)?);
            match condition {
                DDI_REQUIRE_NAME => request.require_name(name),
                DDI_REQUIRE_NO_NAME => request.require_no_name(name),
                DDI_REQUIRE_RRSET => request.require_rrset(name, Rtype(rtype)),
                DDI_REQUIRE_NO_RRSET => request.require_no_rrset(name, Rtype(rtype)),
                DDI_REQUIRE_RECORD => request.require_record(name, Rtype(rtype), rdata),
                other => return Err(Failure::argument(format!("condition {other} is none of 1 to 5"))),
            };
            Ok(DDI_OK)
        })
    }
}

/// # Safety
/// As for [`slice::bytes`].
unsafe fn rdata_of<'a>(rdata: *const u8, len: usize) -> Result<&'a [u8], Failure> {
    // SAFETY: as promised.
    let rdata = unsafe { slice::bytes(rdata, len, "rdata")? };
    if rdata.len() > usize::from(u16::MAX) {
        return Err(Failure::argument("rdata is longer than 65535 bytes"));
    }
    Ok(rdata)
}

/// Adds a record; its TTL is in seconds.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name, too long).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_update_request_add(
    request: *mut ddi_update_request,
    name: *const ddi_name,
    rtype: u16,
    ttl: u32,
    rdata: *const u8,
    rdata_len: usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(request, |request| {
            let (name, rdata) = (ddi_name::read(name, "name")?, rdata_of(rdata, rdata_len)?);
            request.add(name, Rtype(rtype), ttl, rdata);
            Ok(DDI_OK)
        })
    }
}

/// Deletes a record.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name, too long).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_update_request_delete(
    request: *mut ddi_update_request,
    name: *const ddi_name,
    rtype: u16,
    rdata: *const u8,
    rdata_len: usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(request, |request| {
            let (name, rdata) = (ddi_name::read(name, "name")?, rdata_of(rdata, rdata_len)?);
            request.delete(name, Rtype(rtype), rdata);
            Ok(DDI_OK)
        })
    }
}

/// Deletes an rrset; with `rtype` 255 (ANY) all of the name's.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_update_request_delete_rrset(
    request: *mut ddi_update_request,
    name: *const ddi_name,
    rtype: u16,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(request, |request| {
            request.delete_rrset(ddi_name::read(name, "name")?, Rtype(rtype));
            Ok(DDI_OK)
        })
    }
}

/// Writes the message with this id.
///
/// Errors: `DDI_E_NULL`, `DDI_E_BUFFER` (`DDI_DNS_MESSAGE_MAX` bytes are always enough), `DDI_E_LIMIT` (it
/// fits in no message).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_update_request_emit(
    request: *const ddi_update_request,
    id: u16,
    buf: *mut u8,
    cap: usize,
    len: *mut usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(request, |request| {
            let mut out = Buffer::new(buf, cap, len)?;
            let mut message = vec![0; crate::dns_message::DDI_DNS_MESSAGE_MAX];
            let len = request.emit(id, &mut message).map_err(|e| Failure::new(DDI_E_LIMIT, e))?;
            out.put(&message[..len])?;
            Ok(DDI_OK)
        })
    }
}

/// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_update_request_last_error(request: *const ddi_update_request) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe { guard::last_error(request) }
}

/// Frees it. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_update_request_free(request: *mut ddi_update_request) {
    // SAFETY: the header's contract.
    unsafe { guard::free(request) }
}
