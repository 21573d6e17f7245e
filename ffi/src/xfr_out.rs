//! Transfers out: AXFR (RFC 5936) and IXFR (RFC 1995), from a zone set and the history that it keeps. May the
//! sender have the zone at all is the caller's to ask first, with an access list.

use crate::dns_message::is_tcp;
use crate::guard;
use crate::handle::{Failure, Handle, noun};
use crate::now::ddi_now;
use crate::others;
use crate::slice::{self, Buffer, Out};
use crate::status::{DDI_IDLE, DDI_OK, ddi_status};
use crate::tsig_signer::ddi_tsig_signer;
use crate::zone_set::ddi_zone_set;
use ddi_dns::message::Rcode;
use ddi_dns::xfr::{Request, SendError, Sent, Transport, XfrOut};
use std::ffi::c_char;

/// The answer to one request. It keeps its version of the zone, so that changes meanwhile don't touch it. One
/// call at a time.
pub struct ddi_xfr_out(Handle<XfrOut>);
noun!(ddi_xfr_out, XfrOut);

/// A response code alone.
pub const DDI_SENT_REFUSAL: u32 = 0;
/// The SOA alone: the secondary is up to date, or has to come again over TCP.
pub const DDI_SENT_SOA: u32 = 1;
/// The whole zone.
pub const DDI_SENT_ZONE: u32 = 2;
/// Deltas.
pub const DDI_SENT_DELTAS: u32 = 3;

/// How the zones of a set are sent from now on: bytes that a message over TCP is filled to, 512 to 65535; the largest
/// datagram; and deltas with more bytes than this many percent of the zone's go out as the whole zone (RFC 1995
/// section 5). Unless set: 16384, 1232, 100.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (a size that can't be).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_set_set_transfers(
    set: *mut ddi_zone_set,
    message_size: usize,
    udp_size: u16,
    percent_of_zone: u32,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(set, |set| {
            if !(512..=65_535).contains(&message_size) || udp_size < 512 {
                return Err(Failure::argument("a message has room for 512 to 65535 bytes"));
            }
            set.transfers.message_size = message_size;
            set.transfers.udp_size = udp_size;
            set.transfers.percent_of_zone = percent_of_zone;
            Ok(DDI_OK)
        })
    }
}

/// What to send to a request for a transfer. If the set has no such zone that is NOTAUTH, and SERVFAIL for
/// one that is hidden. `transport` is one of `DDI_TRANSPORT_...`. `signer` is what `ddi_tsig_keys_check`
/// gave, or NULL; the caller still owns it, and it must not be used for anything else. Several deltas go out
/// as one if `condense` is 1, else 0 (RFC 1995 section 6). Caller owns: `ddi_xfr_out_free`.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`, `DDI_E_MALFORMED` (no such request: answer FORMERR by
/// `ddi_dns_refuse`).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_xfr_out_new(
    set: *const ddi_zone_set,
    now: *const ddi_now,
    request: *const u8,
    request_len: usize,
    transport: u32,
    signer: *const ddi_tsig_signer,
    condense: u32,
    out: *mut *mut ddi_xfr_out,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(set, |set| {
            let now = ddi_now::read(now)?;
            let (request, signer) =
                (slice::bytes(request, request_len, "request")?, others::optional(signer)?.cloned());
            let out = Out::new(out, "out")?;
            let transport = if is_tcp(transport)? { Transport::Tcp } else { Transport::Udp };
            let condense = slice::flag(condense, "condense")?;
            let request = Request::parse(request)?;
            let apex = request.zone.as_ref();
            out.set(guard::give(match (set.db.zone(apex), set.db.history(apex)) {
                (Some(snapshot), Some(history)) => {
                    let mut config = set.transfers;
                    config.condense = condense;
                    config.expire = set.expire_secs(now, apex);
                    XfrOut::new(&request, snapshot, history, &config, transport, signer)
                }
                (_, known) => {
                    let rcode = if known.is_some() { Rcode::SERVFAIL } else { Rcode::NOTAUTH };
                    XfrOut::refusal(&request, rcode, transport, signer)
                }
            }));
            Ok(DDI_OK)
        })
    }
}

/// An answer to a request for a transfer that is only a response code: REFUSED for who may not have the zone.
/// The rest is as for `ddi_xfr_out_new`. Caller owns: `ddi_xfr_out_free`.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`, `DDI_E_MALFORMED`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_xfr_out_new_refusal(
    request: *const u8,
    request_len: usize,
    rcode: u16,
    transport: u32,
    signer: *const ddi_tsig_signer,
    out: *mut *mut ddi_xfr_out,
) -> ddi_status {
    guard::alone(|| {
        // SAFETY: the header's contract.
        let (request, signer) =
            unsafe { (slice::bytes(request, request_len, "request")?, others::optional(signer)?.cloned()) };
        // SAFETY: the header's contract.
        let out = unsafe { Out::new(out, "out")? };
        if rcode > 15 {
            return Err(Failure::argument(format!("rcode {rcode} is above 15")));
        }
        let transport = if is_tcp(transport)? { Transport::Tcp } else { Transport::Udp };
        let request = Request::parse(request)?;
        out.set(guard::give(XfrOut::refusal(&request, Rcode(rcode), transport, signer)));
        Ok(DDI_OK)
    })
}

/// The next message, made straight into `buf`; over TCP with its two length bytes. Not polling is the
/// back-pressure; close connections that don't move. `DDI_IDLE`: that were all. `DDI_DNS_STREAM_MAX` bytes
/// are always enough; with fewer, messages are smaller, as long as a record fits.
///
/// Errors: `DDI_E_NULL`, `DDI_E_BUFFER`, `DDI_E_TRANSFER` (a record fits in no message: close the
/// connection).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_xfr_out_poll_transmit(
    out: *mut ddi_xfr_out,
    now: *const ddi_now,
    buf: *mut u8,
    cap: usize,
    len: *mut usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(out, |out| {
            let (now, mut buffer) = (ddi_now::read(now)?, Buffer::new(buf, cap, len)?);
            match out.poll_transmit(now, buffer.room()) {
                Ok(Some(len)) => buffer.filled(len),
                Ok(None) => return Ok(DDI_IDLE),
                Err(SendError::Buffer { needed }) => return Err(buffer.too_short(needed)),
                Err(error) => return Err(error.into()),
            }
            Ok(DDI_OK)
        })
    }
}

/// What it sends: one of `DDI_SENT_...`; 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_xfr_out_sent(out: *const ddi_xfr_out) -> u32 {
    // SAFETY: the header's contract.
    unsafe {
        guard::value_or(out, DDI_SENT_REFUSAL, |out| match out.sent() {
            Sent::Soa => DDI_SENT_SOA,
            Sent::Zone => DDI_SENT_ZONE,
            Sent::Deltas(_) => DDI_SENT_DELTAS,
            _ => DDI_SENT_REFUSAL,
        })
    }
}

/// How many records are in the messages so far; 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_xfr_out_records(out: *const ddi_xfr_out) -> u64 {
    // SAFETY: the header's contract.
    unsafe { guard::value_or(out, 0, XfrOut::records) }
}

/// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_xfr_out_last_error(out: *const ddi_xfr_out) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe { guard::last_error(out) }
}

/// Frees it. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_xfr_out_free(out: *mut ddi_xfr_out) {
    // SAFETY: the header's contract.
    unsafe { guard::free(out) }
}
