//! A view of a received DHCPv4 or BOOTP packet, for daemons that have a server of their own.

use crate::guard;
use crate::handle::{Failure, Handle, noun};
use crate::lease_key::ddi_ipv4;
use crate::sized::{Growing, OutSized};
use crate::slice::{self, Buffer, Out};
use crate::status::{DDI_E_MALFORMED, DDI_IDLE, DDI_OK, ddi_status};
use ddi_core::HwAddr;
use ddi_dhcp::error::PacketError;
use ddi_dhcp::v4::{BadReason, Cookie, Header, Op, OptionValue, Packet, PacketBuf, RelayInfo};
use std::borrow::Cow;
use std::ffi::c_char;

/// `ddi_dhcp4_header.op`: from a client.
pub const DDI_DHCP4_REQUEST: u8 = 1;
/// `ddi_dhcp4_header.op`: from a server.
pub const DDI_DHCP4_REPLY: u8 = 2;

/// `ddi_dhcp4_header.cookie`: no vendor data (RFC 951).
pub const DDI_DHCP4_COOKIE_ABSENT: u8 = 0;
/// `ddi_dhcp4_header.cookie`: the magic cookie, options follow.
pub const DDI_DHCP4_COOKIE_DHCP: u8 = 1;
/// `ddi_dhcp4_header.cookie`: vendor data of an unknown kind, or rubbish.
pub const DDI_DHCP4_COOKIE_OTHER: u8 = 2;

/// `reason` of a bad option: it ends behind the packet.
pub const DDI_DHCP4_BAD_OVERRUN: u32 = 1;
/// `reason` of a bad option: option 52 is not 1, 2 or 3.
pub const DDI_DHCP4_BAD_OVERLOAD: u32 = 2;
/// `reason` of a bad option: option 52 inside sname or file.
pub const DDI_DHCP4_BAD_NESTED_OVERLOAD: u32 = 3;

/// The fixed part of a DHCPv4 message (RFC 2131 section 2).
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ddi_dhcp4_header {
    /// `sizeof(ddi_dhcp4_header)`, set by the caller.
    pub struct_size: u32,
    /// Transaction id.
    pub xid: u32,
    /// Seconds since the client began, as it says.
    pub secs: u16,
    /// 0x8000: answer by broadcast.
    pub flags: u16,
    /// `DDI_DHCP4_REQUEST` or `DDI_DHCP4_REPLY`.
    pub op: u8,
    /// Relays so far.
    pub hops: u8,
    /// Option 53; 0 if there is none (BOOTP). Only read.
    pub message_type: u8,
    /// `DDI_DHCP4_COOKIE_...`. Only read.
    pub cookie: u8,
    /// Hardware type (RFC 1700; 1 is Ethernet), at most 255.
    pub hw_type: u16,
    /// Bytes of `hw_addr`, at most 16.
    pub hw_len: u8,
    /// Zero.
    pub reserved: u8,
    /// chaddr.
    pub hw_addr: [u8; 16],
    /// The client's address, if it has one.
    pub ciaddr: ddi_ipv4,
    /// The address that the client is given.
    pub yiaddr: ddi_ipv4,
    /// The next server to boot from.
    pub siaddr: ddi_ipv4,
    /// The relay's address.
    pub giaddr: ddi_ipv4,
    /// The boot server's name, padded with zeros; all zeros if options are in it.
    pub sname: [u8; 64],
    /// The boot file, padded with zeros; all zeros if options are in it.
    pub file: [u8; 128],
}

// SAFETY: starts with struct_size; the rest is numbers.
unsafe impl Growing for ddi_dhcp4_header {
    const LEAST: usize = size_of::<Self>();
    const NAME: &'static str = "ddi_dhcp4_header";
}

/// A parsed packet, with a copy of its bytes; to be used again for the next one, so that nothing is allocated for
/// each. What it is made of is found once, when it is parsed.
///
/// Threads: calls with `const ddi_dhcp4_packet *` may overlap; `ddi_dhcp4_packet_parse` must be alone.
pub struct ddi_dhcp4_packet(Handle<PacketView>);
noun!(ddi_dhcp4_packet, PacketView, shared);

/// The packet that was parsed last, if any was.
#[derive(Default)]
pub(crate) struct PacketView(Option<PacketBuf>);

impl PacketView {
    pub(crate) fn packet(&self) -> Result<Packet<'_>, Failure> {
        let none = || Failure::new(DDI_E_MALFORMED, "no packet was parsed");
        self.0.as_ref().map(PacketBuf::packet).ok_or_else(none)
    }

    fn parse(&mut self, bytes: &[u8]) -> Result<(), PacketError> {
        match &mut self.0 {
            Some(packet) => packet.parse_next(bytes)?,
            none => *none = Some(PacketBuf::parse(bytes)?),
        }
        Ok(())
    }
}

/// A view of nothing yet. NULL only if the library panicked. Caller owns: `ddi_dhcp4_packet_free`.
#[unsafe(no_mangle)]
pub extern "C" fn ddi_dhcp4_packet_new() -> *mut ddi_dhcp4_packet {
    guard::make(Default::default)
}

/// Frees it. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp4_packet_free(packet: *mut ddi_dhcp4_packet) {
    // SAFETY: the header's contract.
    unsafe { guard::free(packet) }
}

/// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp4_packet_last_error(packet: *const ddi_dhcp4_packet) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe { guard::last_error(packet) }
}

/// Takes a UDP payload in, in place of the one before. Any bytes may come: `DDI_E_MALFORMED` if the fixed part is
/// not there or can't be; a bad option spoils itself only (`ddi_dhcp4_packet_bad_option`).
///
/// Errors: `DDI_E_NULL`, `DDI_E_MALFORMED`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp4_packet_parse(
    packet: *mut ddi_dhcp4_packet,
    bytes: *const u8,
    bytes_len: usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(packet, |view| {
            let bytes = slice::bytes(bytes, bytes_len, "bytes")?;
            view.parse(bytes).map_err(|why| Failure::new(DDI_E_MALFORMED, why))?;
            Ok(DDI_OK)
        })
    }
}

/// Its fixed part. `DDI_E_MALFORMED` if nothing was parsed yet, as with all getters.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (struct_size), `DDI_E_MALFORMED`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp4_packet_header(
    packet: *const ddi_dhcp4_packet,
    header: *mut ddi_dhcp4_header,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(packet, |view| {
            let header = OutSized::new(header)?;
            let packet = view.packet()?;
            let mut it = header_of(&Header::from(&packet));
            it.message_type = packet.message_type().map_or(0, u8::from);
            it.cookie = match packet.cookie() {
                Cookie::Absent => DDI_DHCP4_COOKIE_ABSENT,
                Cookie::Dhcp => DDI_DHCP4_COOKIE_DHCP,
                Cookie::Other(_) => DDI_DHCP4_COOKIE_OTHER,
            };
            header.set(&it);
            Ok(DDI_OK)
        })
    }
}

/// An option's value, joined from all its parts (RFC 3396): `*len` bytes to `buf`. `DDI_IDLE` if the packet has none
/// with this code; `DDI_E_BUFFER` if `cap` is less than `*len`.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no option code), `DDI_E_BUFFER`, `DDI_E_MALFORMED`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp4_packet_option(
    packet: *const ddi_dhcp4_packet,
    code: u32,
    buf: *mut u8,
    cap: usize,
    len: *mut usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(packet, |view| {
            let mut buffer = Buffer::new(buf, cap, len)?;
            let packet = view.packet()?;
            let Some(value) = packet.option(option_code(code)?) else { return Ok(DDI_IDLE) };
            buffer.put_pieces(value.len(), value.pieces())?;
            Ok(DDI_OK)
        })
    }
}

/// A sub-option of option 82 (RFC 3046), like `ddi_dhcp4_packet_option`.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no option code), `DDI_E_BUFFER`, `DDI_E_MALFORMED`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp4_packet_relay_option(
    packet: *const ddi_dhcp4_packet,
    code: u32,
    buf: *mut u8,
    cap: usize,
    len: *mut usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(packet, |view| {
            let mut buffer = Buffer::new(buf, cap, len)?;
            let packet = view.packet()?;
            let Some(info) = packet.relay_info() else { return Ok(DDI_IDLE) };
            let info = joined(&info);
            let info = RelayInfo::new(&info);
            let Some(value) = info.get(option_code(code)?) else { return Ok(DDI_IDLE) };
            buffer.put(value)?;
            Ok(DDI_OK)
        })
    }
}

/// The codes of all options, in their order, each once: `*len` bytes to `buf`; 256 are always enough.
///
/// Errors: `DDI_E_NULL`, `DDI_E_BUFFER`, `DDI_E_MALFORMED`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp4_packet_codes(
    packet: *const ddi_dhcp4_packet,
    buf: *mut u8,
    cap: usize,
    len: *mut usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(packet, |view| {
            let mut buffer = Buffer::new(buf, cap, len)?;
            let mut codes = [0; 256];
            let mut count = 0;
            for (code, value) in codes.iter_mut().zip(view.packet()?.options()) {
                *code = value.code();
                count += 1;
            }
            buffer.put(&codes[..count])?;
            Ok(DDI_OK)
        })
    }
}

/// What was bad in the packet, from `index` 0 on; the first few are kept. `DDI_IDLE` after the last. `*offset` is in
/// bytes from the packet's start; `*reason` is one of `DDI_DHCP4_BAD_...`.
///
/// Errors: `DDI_E_NULL`, `DDI_E_MALFORMED`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp4_packet_bad_option(
    packet: *const ddi_dhcp4_packet,
    index: u32,
    offset: *mut u32,
    code: *mut u32,
    reason: *mut u32,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(packet, |view| {
            let (offset, code, reason) =
                (Out::new(offset, "offset")?, Out::new(code, "code")?, Out::new(reason, "reason")?);
            let packet = view.packet()?;
            let Some(bad) = packet.bad_options().nth(index as usize) else { return Ok(DDI_IDLE) };
            offset.set(bad.offset.into());
            code.set(bad.code.into());
            reason.set(match bad.reason {
                BadReason::Overrun => DDI_DHCP4_BAD_OVERRUN,
                BadReason::Overload => DDI_DHCP4_BAD_OVERLOAD,
                _ => DDI_DHCP4_BAD_NESTED_OVERLOAD,
            });
            Ok(DDI_OK)
        })
    }
}

/// The code of an option by its name in a configuration (`routers`, `domain_name`), or by digits. `DDI_E_ARGUMENT` if
/// there is none of this name.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp4_option_code(
    name: *const u8,
    name_len: usize,
    code: *mut u32,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::alone(|| {
            let code = Out::new(code, "code")?;
            let info = ddi_dhcp::v4::option::OptionInfo::named(slice::text(name, name_len, "name")?);
            code.set(info.ok_or_else(|| Failure::argument("there is no such option"))?.code.into());
            Ok(DDI_OK)
        })
    }
}

/// The name of an option, such as "domain_name": `*len` bytes to `buf`, of which 32 are always enough. `DDI_IDLE` if its
/// code has none.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no option code), `DDI_E_BUFFER`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp4_option_name(
    code: u32,
    buf: *mut u8,
    cap: usize,
    len: *mut usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::alone(|| {
            let mut buffer = Buffer::new(buf, cap, len)?;
            let name = ddi_dhcp::v4::option::OptionInfo::of(option_code(code)?).name;
            if name.is_empty() {
                return Ok(DDI_IDLE);
            }
            buffer.put(name.as_bytes())?;
            Ok(DDI_OK)
        })
    }
}

pub(crate) fn option_code(code: u32) -> Result<u8, Failure> {
    u8::try_from(code).map_err(|_| Failure::argument(format!("{code} is no option code")))
}

/// Copied only if it came in more than one piece, which option 82 never should.
fn joined<'a>(value: &OptionValue<'a>) -> Cow<'a, [u8]> {
    let mut pieces = value.pieces();
    match (pieces.next(), pieces.next()) {
        (Some(whole), None) => Cow::Borrowed(whole),
        _ => value.pieces().collect::<Vec<_>>().concat().into(),
    }
}

pub(crate) fn header_of(header: &Header) -> ddi_dhcp4_header {
    let mut hw_addr = [0; 16];
    let bytes = header.hw_addr.bytes();
    let hw_len = bytes.len().min(hw_addr.len());
    for (to, from) in hw_addr.iter_mut().zip(bytes) {
        *to = *from;
    }
    ddi_dhcp4_header {
        struct_size: 0,
        xid: header.xid,
        secs: header.secs,
        flags: header.flags,
        op: if header.op == Op::Request { DDI_DHCP4_REQUEST } else { DDI_DHCP4_REPLY },
        hops: header.hops,
        message_type: 0,
        cookie: DDI_DHCP4_COOKIE_DHCP,
        hw_type: header.hw_addr.htype(),
        hw_len: hw_len as u8,
        reserved: 0,
        hw_addr,
        ciaddr: header.ciaddr.into(),
        yiaddr: header.yiaddr.into(),
        siaddr: header.siaddr.into(),
        giaddr: header.giaddr.into(),
        sname: header.sname,
        file: header.file,
    }
}

impl ddi_dhcp4_header {
    pub(crate) fn header(&self) -> Result<Header, Failure> {
        let it = self;
        let op = match it.op {
            DDI_DHCP4_REQUEST => Op::Request,
            DDI_DHCP4_REPLY => Op::Reply,
            op => return Err(Failure::argument(format!("op {op} is neither a request nor a reply"))),
        };
        let bytes = it.hw_addr.get(..usize::from(it.hw_len));
        let hw_addr = bytes.filter(|_| it.hw_type <= 255).and_then(|bytes| HwAddr::new(it.hw_type, bytes));
        let long = || {
            let why =
                format!("a hardware address of type {} and {} bytes does not fit", it.hw_type, it.hw_len);
            Failure::argument(why)
        };
        Ok(Header {
            op,
            hops: it.hops,
            hw_addr: hw_addr.ok_or_else(long)?,
            xid: it.xid,
            secs: it.secs,
            flags: it.flags,
            ciaddr: it.ciaddr.into(),
            yiaddr: it.yiaddr.into(),
            siaddr: it.siaddr.into(),
            giaddr: it.giaddr.into(),
            sname: it.sname,
            file: it.file,
        })
    }
}
