//! Transfers in: one zone, once, from one primary. For a tool that fetches a zone; a server that keeps one up
//! to date has `ddi_secondary`.

use crate::dns_message::{DDI_TRANSPORT_TCP, DDI_TRANSPORT_UDP};
use crate::dns_name::ddi_name;
use crate::guard;
use crate::handle::{Failure, Handle, noun};
use crate::now::ddi_now;
use crate::others;
use crate::slice::{self, Buffer, Out};
use crate::status::{DDI_E_STATE, DDI_E_TRANSFER, DDI_IDLE, DDI_OK, ddi_status};
use crate::tsig_key::{ddi_tsig_key, optional_key};
use crate::zone::{ZoneVersion, ddi_zone};
use ddi_dns::Snapshot;
use ddi_dns::xfr::{Outcome, Via, XfrEvent, XfrIn, XfrInConfig};
use ddi_dns::zone::Strictness;
use std::ffi::c_char;

/// A transfer, and the zone that it ended with.
pub(crate) struct Transfer {
    /// What it was made of, until its first query is polled.
    config: Option<XfrInConfig>,
    xfr: XfrIn,
    zone: Option<Snapshot>,
    /// It has ended well: what the primary said of the zone's expiry.
    expire: Option<Option<u32>>,
    left_out: usize,
}

/// How a transfer asks, or each of a secondary's.
pub(crate) struct Ways {
    pub(crate) udp: bool,
    pub(crate) fall_back: bool,
    pub(crate) strictness: Strictness,
}

impl Ways {
    /// Each is 0 or 1.
    pub(crate) fn read(udp: u32, fall_back: u32, exact: u32) -> Result<Self, Failure> {
        let (udp, fall_back) = (slice::flag(udp, "udp")?, slice::flag(fall_back, "fall_back")?);
        let exact = slice::flag(exact, "exact")?;
        let strictness = if exact { Strictness::Exact } else { Strictness::Tolerant };
        Ok(Self { udp, fall_back, strictness })
    }
}

/// Room for any query of a transfer, in bytes.
pub const DDI_XFR_QUERY_MAX: usize = 3072;

/// There is a newer version: `ddi_xfr_in_zone`.
pub const DDI_XFR_ZONE: u32 = 1;
/// The primary has nothing newer.
pub const DDI_XFR_UP_TO_DATE: u32 = 2;

/// One transfer. One call at a time.
pub struct ddi_xfr_in(Handle<Transfer>);
noun!(ddi_xfr_in, Transfer);

/// A transfer of the zone `apex`. `current` is the version at hand, of which only what came after it is asked
/// for by IXFR; NULL: the whole zone is. `key` (may be NULL) signs the queries; answers must be signed then.
/// `seed` is for message ids: best random. Caller owns: `ddi_xfr_in_free`.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name, or `current` is another zone).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_xfr_in_new(
    apex: *const ddi_name,
    current: *const ddi_zone,
    key: *const ddi_tsig_key,
    seed: u64,
    xfr: *mut *mut ddi_xfr_in,
) -> ddi_status {
    guard::alone(|| {
        // SAFETY: the header's contract.
        let (apex, current) = unsafe { (ddi_name::read(apex, "apex")?, others::optional(current)?) };
        // SAFETY: the header's contract.
        let (key, out) = unsafe { (optional_key(key)?, Out::new(xfr, "xfr")?) };
        let current = current.map(|zone| zone.snapshot.clone());
        if current.as_ref().is_some_and(|current| current.apex() != apex) {
            return Err(Failure::argument("current is another zone"));
        }
        let mut config = XfrInConfig::new(apex.to_name(), current, seed);
        config.key = key;
        let xfr = XfrIn::new(config.clone());
        let config = Some(config);
        out.set(guard::give(Transfer { config, xfr, zone: None, expire: None, left_out: 0 }));
        Ok(DDI_OK)
    })
}

impl Transfer {
    /// Begins anew, with another configuration.
    fn configure(&mut self, set: impl FnOnce(&mut XfrInConfig)) -> Result<ddi_status, Failure> {
        let begun = || Failure::new(DDI_E_STATE, "its first query was polled already");
        let config = self.config.as_mut().ok_or_else(begun)?;
        set(config);
        self.xfr = XfrIn::new(config.clone());
        Ok(DDI_OK)
    }
}

/// How large and how slow it may be: records and their bytes, milliseconds without any byte over TCP, and
/// milliseconds as a whole. Unless set: 500 million, 16 GiB, 30 s, two hours.
///
/// Errors: `DDI_E_NULL`, `DDI_E_STATE` (its first query was polled).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_xfr_in_set_limits(
    xfr: *mut ddi_xfr_in,
    records: usize,
    bytes: usize,
    idle_ms: u64,
    total_ms: u64,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(xfr, |it| {
            it.configure(|config| {
                config.limits.records = records;
                config.limits.bytes = bytes;
                config.limits.idle_millis = idle_ms;
                config.limits.total_millis = total_ms;
            })
        })
    }
}

/// How it asks, each 0 or 1. `udp`: IXFR is asked for over UDP first (unless set: 1). `fall_back`: where IXFR fails
/// the whole zone is asked for (1). `exact`: deltas must fit exactly (1).
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (neither 0 nor 1), `DDI_E_STATE` (its first query was polled).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_xfr_in_set_ways(
    xfr: *mut ddi_xfr_in,
    udp: u32,
    fall_back: u32,
    exact: u32,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(xfr, |it| {
            let ways = Ways::read(udp, fall_back, exact)?;
            it.configure(|config| {
                config.udp = ways.udp;
                config.fall_back = ways.fall_back;
                config.strictness = ways.strictness;
            })
        })
    }
}

/// A query, if one is to be sent. `*transport` `DDI_TRANSPORT_UDP`: as a datagram. `DDI_TRANSPORT_TCP`: over
/// a new connection, on which nothing else comes (one that was open is to be closed); its two length bytes
/// are in `buf`. `DDI_IDLE`: none.
///
/// Errors: `DDI_E_NULL`, `DDI_E_BUFFER` (`DDI_XFR_QUERY_MAX` bytes must be there).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_xfr_in_poll_transmit(
    xfr: *mut ddi_xfr_in,
    now: *const ddi_now,
    transport: *mut u32,
    buf: *mut u8,
    cap: usize,
    len: *mut usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(xfr, |it| {
            let (now, out) = (ddi_now::read(now)?, Out::new(transport, "transport")?);
            let mut buffer = Buffer::new(buf, cap, len)?;
            if cap < DDI_XFR_QUERY_MAX {
                return Err(buffer.too_short(DDI_XFR_QUERY_MAX));
            }
            let Some(transmit) = it.xfr.poll_transmit(now, buffer.room()) else { return Ok(DDI_IDLE) };
            it.config = None;
            buffer.filled(transmit.len);
            out.set(if transmit.via == Via::Tcp { DDI_TRANSPORT_TCP } else { DDI_TRANSPORT_UDP });
            Ok(DDI_OK)
        })
    }
}

/// A datagram from the primary. One that is not the answer is ignored: it may be forged.
///
/// Errors: `DDI_E_NULL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_xfr_in_handle_datagram(
    xfr: *mut ddi_xfr_in,
    now: *const ddi_now,
    bytes: *const u8,
    bytes_len: usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(xfr, |it| {
            it.xfr.handle_datagram(ddi_now::read(now)?, slice::bytes(bytes, bytes_len, "bytes")?);
            Ok(DDI_OK)
        })
    }
}

/// Bytes from the connection that the last query went over, as they come, length bytes included.
///
/// Errors: `DDI_E_NULL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_xfr_in_handle_bytes(
    xfr: *mut ddi_xfr_in,
    now: *const ddi_now,
    bytes: *const u8,
    bytes_len: usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(xfr, |it| {
            it.xfr.handle_bytes(ddi_now::read(now)?, slice::bytes(bytes, bytes_len, "bytes")?);
            Ok(DDI_OK)
        })
    }
}

/// That connection has ended, or could not be made. Not to be called for those that this side closed.
///
/// Errors: `DDI_E_NULL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_xfr_in_handle_closed(xfr: *mut ddi_xfr_in, now: *const ddi_now) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(xfr, |it| {
            it.xfr.handle_closed(ddi_now::read(now)?);
            Ok(DDI_OK)
        })
    }
}

/// Does what is due. Nothing, if nothing is.
///
/// Errors: `DDI_E_NULL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_xfr_in_handle_timeout(xfr: *mut ddi_xfr_in, now: *const ddi_now) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(xfr, |it| {
            it.xfr.handle_timeout(ddi_now::read(now)?);
            Ok(DDI_OK)
        })
    }
}

/// When `ddi_xfr_in_handle_timeout` is due, on the clock of `ddi_now.instant_ms`. `DDI_IDLE`: no timer runs.
///
/// Errors: `DDI_E_NULL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_xfr_in_poll_timeout(xfr: *const ddi_xfr_in, instant_ms: *mut u64) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(xfr, |it| {
            let out = Out::new(instant_ms, "instant_ms")?;
            let Some(at) = it.xfr.poll_timeout() else { return Ok(DDI_IDLE) };
            out.set(at.0);
            Ok(DDI_OK)
        })
    }
}

/// How it has ended: `*outcome` is `DDI_XFR_ZONE` or `DDI_XFR_UP_TO_DATE`, and the connection is to be
/// closed. `DDI_IDLE`: it goes on. Tells it once.
///
/// Errors: `DDI_E_NULL`, `DDI_E_TRANSFER` (it has failed, and last_error says why).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_xfr_in_poll_event(xfr: *mut ddi_xfr_in, outcome: *mut u32) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(xfr, |it| {
            let out = Out::new(outcome, "outcome")?;
            while let Some(event) = it.xfr.poll_event() {
                let XfrEvent::Ended(result) = event else { continue };
                match *result {
                    Ok(Outcome::Zone { snapshot, expire, out_of_zone, .. }) => {
                        (it.zone, it.expire, it.left_out) = (Some(snapshot), Some(expire), out_of_zone);
                        out.set(DDI_XFR_ZONE);
                    }
                    Ok(Outcome::UpToDate { expire, .. }) => {
                        it.expire = Some(expire);
                        out.set(DDI_XFR_UP_TO_DATE);
                    }
                    Ok(_) => out.set(DDI_XFR_UP_TO_DATE),
                    Err(why) => return Err(Failure::new(DDI_E_TRANSFER, why)),
                }
                return Ok(DDI_OK);
            }
            Ok(DDI_IDLE)
        })
    }
}

/// The zone that it has ended with. Caller owns: `ddi_zone_free`.
///
/// Errors: `DDI_E_NULL`, `DDI_E_STATE` (no outcome `DDI_XFR_ZONE` was told).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_xfr_in_zone(xfr: *const ddi_xfr_in, zone: *mut *mut ddi_zone) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(xfr, |it| {
            let out = Out::new(zone, "zone")?;
            let none = || Failure::new(DDI_E_STATE, "the transfer has not ended with a zone");
            out.set(guard::give(ZoneVersion::from(it.zone.clone().ok_or_else(none)?)));
            Ok(DDI_OK)
        })
    }
}

/// Seconds until the zone expires, as the primary said (RFC 7314): its SOA's, or less if it is a secondary itself.
/// `DDI_IDLE`: it said nothing.
///
/// Errors: `DDI_E_NULL`, `DDI_E_STATE` (no outcome was told).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_xfr_in_expire_secs(xfr: *const ddi_xfr_in, secs: *mut u32) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(xfr, |it| {
            let out = Out::new(secs, "secs")?;
            let none = || Failure::new(DDI_E_STATE, "the transfer has not ended well");
            let Some(expire) = it.expire.ok_or_else(none)? else { return Ok(DDI_IDLE) };
            out.set(expire);
            Ok(DDI_OK)
        })
    }
}

/// Records that the primary sent and that are not in the zone, since their names are not: they were left out. 0 for
/// NULL, and before `DDI_XFR_ZONE` was told.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_xfr_in_left_out(xfr: *const ddi_xfr_in) -> usize {
    // SAFETY: the header's contract.
    unsafe { guard::value_or(xfr, 0, |it| it.left_out) }
}

/// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_xfr_in_last_error(xfr: *const ddi_xfr_in) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe { guard::last_error(xfr) }
}

/// Frees it. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_xfr_in_free(xfr: *mut ddi_xfr_in) {
    // SAFETY: the header's contract.
    unsafe { guard::free(xfr) }
}
