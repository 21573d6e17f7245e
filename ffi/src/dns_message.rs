//! DNS messages: what a server must know of one to hand it to the right call. Over TCP each message has two
//! length bytes in front (RFC 1035 section 4.2.2): they are not part of the message, unless a function says
//! so.

use crate::dns_name::ddi_name;
use crate::guard;
use crate::handle::Failure;
use crate::slice::{self, Buffer, Out};
use crate::status::{DDI_E_MALFORMED, DDI_OK, ddi_status};
use ddi_dns::message::{Flags, Header, Opcode, Rcode, Reader, refuse};
use ddi_dns::xfr::is_transfer_query;

/// Room for any DNS message.
pub const DDI_DNS_MESSAGE_MAX: usize = 65535;
/// Room for any DNS message over TCP, with its two length bytes.
pub const DDI_DNS_STREAM_MAX: usize = 65537;

/// A query, for `ddi_zone_set_answer`. Of opcodes that are not known too: the answer to those is NOTIMP.
pub const DDI_DNS_QUERY: u32 = 0;
/// A query for AXFR or IXFR, for `ddi_xfr_out_new`.
pub const DDI_DNS_TRANSFER: u32 = 1;
/// A NOTIFY, for `ddi_secondary_handle_notify`.
pub const DDI_DNS_NOTIFY: u32 = 2;
/// An UPDATE, for `ddi_updates_handle_request`.
pub const DDI_DNS_UPDATE: u32 = 3;
/// The answer to a query that this side sent.
pub const DDI_DNS_ANSWER: u32 = 4;
/// The answer to a NOTIFY that this side sent.
pub const DDI_DNS_NOTIFY_ANSWER: u32 = 5;
/// The answer to an UPDATE that this side sent.
pub const DDI_DNS_UPDATE_ANSWER: u32 = 6;

/// The message came as a datagram, and so does the answer go.
pub const DDI_TRANSPORT_UDP: u32 = 0;
/// The message came over a stream: TCP, TLS, QUIC.
pub const DDI_TRANSPORT_TCP: u32 = 1;

/// RFC 6895 section 2.3: no error.
pub const DDI_RCODE_NOERROR: u16 = 0;
/// The message is malformed.
pub const DDI_RCODE_FORMERR: u16 = 1;
/// The server can't answer.
pub const DDI_RCODE_SERVFAIL: u16 = 2;
/// There is no such name.
pub const DDI_RCODE_NXDOMAIN: u16 = 3;
/// The server does not do that.
pub const DDI_RCODE_NOTIMP: u16 = 4;
/// The server will not do that for this client.
pub const DDI_RCODE_REFUSED: u16 = 5;
/// The server is not authoritative for the zone.
pub const DDI_RCODE_NOTAUTH: u16 = 9;

/// What a message is: one of `DDI_DNS_...`.
///
/// Errors: `DDI_E_NULL`, `DDI_E_MALFORMED` (not even a header: nothing is to be answered).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dns_kind(message: *const u8, message_len: usize, kind: *mut u32) -> ddi_status {
    guard::alone(|| {
        // SAFETY: the header's contract.
        let (message, out) =
            unsafe { (slice::bytes(message, message_len, "message")?, Out::new(kind, "kind")?) };
        let header = Header::parse(message)
            .ok_or_else(|| Failure::new(DDI_E_MALFORMED, "a message has a header of 12 bytes"))?;
        out.set(match (header.flags.has(Flags::QR), header.flags.opcode()) {
            (false, Opcode::NOTIFY) => DDI_DNS_NOTIFY,
            (false, Opcode::UPDATE) => DDI_DNS_UPDATE,
            (false, _) if is_transfer_query(message) => DDI_DNS_TRANSFER,
            (false, _) => DDI_DNS_QUERY,
            (true, Opcode::NOTIFY) => DDI_DNS_NOTIFY_ANSWER,
            (true, Opcode::UPDATE) => DDI_DNS_UPDATE_ANSWER,
            (true, _) => DDI_DNS_ANSWER,
        });
        Ok(DDI_OK)
    })
}

/// The message's question, which of an UPDATE is its zone: name, type and class. `rtype` and `dns_class` may
/// be NULL. `DDI_IDLE`: it has none.
///
/// Errors: `DDI_E_NULL`, `DDI_E_MALFORMED`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dns_question(
    message: *const u8,
    message_len: usize,
    name: *mut ddi_name,
    rtype: *mut u16,
    dns_class: *mut u16,
) -> ddi_status {
    guard::alone(|| {
        // SAFETY: the header's contract.
        let (message, out) =
            unsafe { (slice::bytes(message, message_len, "message")?, Out::new(name, "name")?) };
        // SAFETY: as above; these two may be NULL.
        let (rtype, class) = unsafe { (Out::new(rtype, "").ok(), Out::new(dns_class, "").ok()) };
        let Some(question) = Reader::new(message)?.question()? else { return Ok(crate::status::DDI_IDLE) };
        out.set(ddi_name::of(question.name().as_ref()));
        if let Some(rtype) = rtype {
            rtype.set(question.rtype.0);
        }
        if let Some(class) = class {
            class.set(question.class.0);
        }
        Ok(DDI_OK)
    })
}

/// Writes an answer that is only a response code (0 to 15): the request's id and question, and that. 512
/// bytes are always enough.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (a code above 15), `DDI_E_BUFFER`, `DDI_E_MALFORMED` (no header, or
/// an answer itself: nothing is to be sent).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dns_refuse(
    request: *const u8,
    request_len: usize,
    rcode: u16,
    buf: *mut u8,
    cap: usize,
    len: *mut usize,
) -> ddi_status {
    guard::alone(|| {
        // SAFETY: the header's contract.
        let (request, mut out) =
            unsafe { (slice::bytes(request, request_len, "request")?, Buffer::new(buf, cap, len)?) };
        if rcode > 15 {
            return Err(Failure::argument(format!("rcode {rcode} is above 15")));
        }
        let mut answer = [0; 512];
        let len = refuse(request, Rcode(rcode), &mut answer)
            .ok_or_else(|| Failure::new(DDI_E_MALFORMED, "not a request"))?;
        out.put(&answer[..len])?;
        Ok(DDI_OK)
    })
}

#[inline]
pub(crate) fn is_tcp(transport: u32) -> Result<bool, Failure> {
    match transport {
        DDI_TRANSPORT_UDP => Ok(false),
        DDI_TRANSPORT_TCP => Ok(true),
        other => Err(Failure::argument(format!("transport {other} is none of 0, 1"))),
    }
}
