//! Secondary zones: each is fetched from its primaries when the SOA's timers, a NOTIFY or an operator say so,
//! goes into the zone set, and is hidden there when no primary has confirmed it for too long.
//!
//! After any call drain `ddi_secondary_poll_transmit`, then `ddi_secondary_poll_event`, then read
//! `ddi_secondary_poll_timeout`; what the events put into the set is answered after the set's commit. Hosts
//! with many zones limit their transfers by polling fewer of them for queries: no clock runs before a query
//! is polled.

#[cfg(test)]
mod tests;

use crate::addr::ddi_addr;
use crate::dns_transmit::ddi_dns_transmit;
use crate::guard;
use crate::handle::{Failure, Handle, noun};
use crate::now::ddi_now;
use crate::others;
use crate::secondary_config::ddi_secondary_config;
use crate::sized::{Growing, OutSized};
use crate::slice::{self, Buffer, Out};
use crate::status::{DDI_IDLE, DDI_OK, ddi_status};
use crate::xfr_in::DDI_XFR_QUERY_MAX;
use crate::zone_set::{Zones, ddi_zone_set};
use ddi_core::{Now, UnixTime};
use ddi_dns::delta::Delta;
use ddi_dns::notify::Notify;
use ddi_dns::secondary::{Saved, Secondary, SecondaryEvent};
use ddi_dns::xfr::Via;
use ddi_dns::{Name, Snapshot};
use std::ffi::c_char;
use std::net::SocketAddr;

/// There is a new version, which the set has now.
pub const DDI_SECONDARY_ZONE: u32 = 1;
/// A primary has the same version.
pub const DDI_SECONDARY_UP_TO_DATE: u32 = 2;
/// A primary has an older version, or one whose serial can't be compared.
pub const DDI_SECONDARY_BEHIND: u32 = 3;
/// A transfer goes on in a simpler way.
pub const DDI_SECONDARY_FALL_BACK: u32 = 4;
/// A primary could not be asked, or gave nothing good.
pub const DDI_SECONDARY_FAILED: u32 = 5;
/// No primary has confirmed the zone for so long that it must not be served (RFC 1035 section 3.3.13): it is
/// hidden.
pub const DDI_SECONDARY_EXPIRED: u32 = 6;

/// What happened.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ddi_secondary_event {
    /// `sizeof(ddi_secondary_event)`.
    pub struct_size: u32,
    /// `DDI_SECONDARY_...`.
    pub kind: u32,
    /// The primary that it is about; none for `DDI_SECONDARY_EXPIRED`.
    pub primary: ddi_addr,
    /// The zone's or the primary's serial; 0 if it means nothing.
    pub serial: u32,
    /// Zero.
    pub pad: u32,
}

// SAFETY: repr(C), starts with struct_size, numbers only.
unsafe impl Growing for ddi_secondary_event {
    const LEAST: usize = size_of::<Self>();
    const NAME: &'static str = "ddi_secondary_event";
}

/// The machine, and what of it is not in the set yet.
pub(crate) struct Follow {
    secondary: Secondary,
    apex: Name,
    /// What the set could not take yet.
    pending: Option<Pending>,
    reason: String,
}

/// A primary's word on the zone: a version, or that there is no newer one.
struct Pending {
    /// `DDI_SECONDARY_ZONE` or `DDI_SECONDARY_UP_TO_DATE`.
    kind: u32,
    primary: SocketAddr,
    /// `None` if there is none, or once the set has it.
    version: Option<(Snapshot, Vec<Delta>)>,
}

/// A secondary zone. One call at a time.
pub struct ddi_secondary(Handle<Follow>);
noun!(ddi_secondary, Follow);

/// A secondary zone of this set, with the version that the set has of it from earlier. Until there is one, or
/// if that has expired, it is hidden. Caller owns: `ddi_secondary_free`, which leaves the zone in the set.
///
/// Errors: `DDI_E_NULL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_secondary_new(
    set: *mut ddi_zone_set,
    now: *const ddi_now,
    config: *const ddi_secondary_config,
    secondary: *mut *mut ddi_secondary,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(set, |set| {
            let (now, config) = (ddi_now::read(now)?, others::shared(config, "config")?);
            let out = Out::new(secondary, "secondary")?;
            let apex = config.apex.clone();
            set.db.expect(apex.as_ref());
            let newest = set.db.newest(apex.as_ref()).cloned();
            let saved = newest.map(|newest| (newest, read_saved(set.db.note(apex.as_ref()))));
            let secondary = Secondary::new(now, config.clone(), saved);
            let follow = Follow { secondary, apex, pending: None, reason: String::new() };
            follow.show(now, set);
            out.set(guard::give(follow));
            Ok(DDI_OK)
        })
    }
}

impl Follow {
    /// Tells the set whether the zone may be served, and until when.
    fn show(&self, now: Now, set: &mut Zones) {
        set.db.set_hidden(self.apex.as_ref(), self.secondary.is_expired());
        match self.secondary.saved(now) {
            Some(saved) => set.expires.insert(self.apex.clone(), saved.expires),
            None => set.expires.remove(&self.apex),
        };
    }

    /// Puts what was found into the set, with what a restart has to know. If that fails, what is still to be done
    /// stays pending.
    fn store(
        &mut self,
        now: Now,
        set: &mut Zones,
        mut found: Pending,
    ) -> Result<ddi_secondary_event, Failure> {
        if let Err(failure) = self.write(now, set, &mut found) {
            self.pending = Some(found);
            return Err(failure);
        }
        self.show(now, set);
        let mut event = none();
        (event.kind, event.primary) = (found.kind, found.primary.into());
        event.serial = self.secondary.current().map_or(0, |current| current.serial().0);
        Ok(event)
    }

    fn write(&self, now: Now, set: &mut Zones, found: &mut Pending) -> Result<(), Failure> {
        if let Some((snapshot, deltas)) = &found.version {
            set.db.follow(snapshot, deltas)?;
        }
        found.version = None;
        if let Some(saved) = self.secondary.saved(now)
            && set.db.newest(self.apex.as_ref()).is_some()
        {
            set.db.set_note(self.apex.as_ref(), &write_saved(&saved))?;
        }
        Ok(())
    }

    fn take(&mut self, now: Now, set: &mut Zones) -> Result<Option<ddi_secondary_event>, Failure> {
        if let Some(found) = self.pending.take() {
            return self.store(now, set, found).map(Some);
        }
        let Some(happened) = self.secondary.poll_event() else { return Ok(None) };
        self.reason.clear();
        let mut event = none();
        match happened {
            SecondaryEvent::Zone { snapshot, deltas, primary } => {
                let version = Some((snapshot, deltas));
                event = self.store(now, set, Pending { kind: DDI_SECONDARY_ZONE, primary, version })?;
            }
            SecondaryEvent::UpToDate { primary } => {
                let (kind, version) = (DDI_SECONDARY_UP_TO_DATE, None);
                event = self.store(now, set, Pending { kind, primary, version })?;
            }
            SecondaryEvent::Behind { primary, serial } => {
                (event.kind, event.primary, event.serial) = (DDI_SECONDARY_BEHIND, primary.into(), serial.0);
            }
            SecondaryEvent::FallBack { primary, why } => {
                (event.kind, event.primary) = (DDI_SECONDARY_FALL_BACK, primary.into());
                self.reason = why.to_string();
            }
            SecondaryEvent::Failed { primary, why } => {
                (event.kind, event.primary) = (DDI_SECONDARY_FAILED, primary.into());
                self.reason = why.to_string();
            }
            _ => {
                event.kind = DDI_SECONDARY_EXPIRED;
                self.show(now, set);
            }
        }
        Ok(Some(event))
    }
}

const fn none() -> ddi_secondary_event {
    let primary = ddi_addr { family: 0, pad: 0, port: 0, scope: 0, bytes: [0; 16] };
    ddi_secondary_event { struct_size: 0, kind: 0, primary, serial: 0, pad: 0 }
}

/// The next query, if one is to be sent, to `transmit->to`: as a datagram, or over a new connection on which
/// nothing else comes (one that was open is to be closed); its two length bytes are in `buf` then.
/// `DDI_IDLE`: none.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`, `DDI_E_BUFFER` (`DDI_XFR_QUERY_MAX` bytes must be there).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_secondary_poll_transmit(
    secondary: *mut ddi_secondary,
    now: *const ddi_now,
    transmit: *mut ddi_dns_transmit,
    buf: *mut u8,
    cap: usize,
    len: *mut usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(secondary, |it| {
            let (now, out) = (ddi_now::read(now)?, OutSized::new(transmit)?);
            let mut buffer = Buffer::new(buf, cap, len)?;
            if cap < DDI_XFR_QUERY_MAX {
                return Err(buffer.too_short(DDI_XFR_QUERY_MAX));
            }
            let Some(made) = it.secondary.poll_transmit(now, buffer.room()) else { return Ok(DDI_IDLE) };
            buffer.filled(made.len);
            out.set(&ddi_dns_transmit::new(made.to, made.via == Via::Tcp));
            Ok(DDI_OK)
        })
    }
}

/// What happened; new versions go into `set`, the one that the secondary was made with. `DDI_IDLE`: nothing.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`, `DDI_E_LIMIT` (the set's pending batch is full: commit, and poll
/// again; nothing is lost), `DDI_E_IO`, `DDI_E_STOPPED`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_secondary_poll_event(
    secondary: *mut ddi_secondary,
    now: *const ddi_now,
    set: *mut ddi_zone_set,
    event: *mut ddi_secondary_event,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        others::both(secondary, set, "set", |it, set| {
            let (now, out) = (ddi_now::read(now)?, OutSized::new(event)?);
            let Some(event) = it.take(now, set)? else { return Ok(DDI_IDLE) };
            out.set(&event);
            Ok(DDI_OK)
        })
    }
}

/// Why, in words: of the last event, if it is `DDI_SECONDARY_FALL_BACK` or `DDI_SECONDARY_FAILED`. Else no
/// bytes.
///
/// Errors: `DDI_E_NULL`, `DDI_E_BUFFER`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_secondary_reason(
    secondary: *const ddi_secondary,
    buf: *mut u8,
    cap: usize,
    len: *mut usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(secondary, |it| {
            Buffer::new(buf, cap, len)?.put(it.reason.as_bytes())?;
            Ok(DDI_OK)
        })
    }
}

/// When `ddi_secondary_handle_timeout` is due, on the clock of `ddi_now.instant_ms`. `DDI_IDLE`: no timer
/// runs.
///
/// Errors: `DDI_E_NULL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_secondary_poll_timeout(
    secondary: *const ddi_secondary,
    instant_ms: *mut u64,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(secondary, |it| {
            let out = Out::new(instant_ms, "instant_ms")?;
            let Some(at) = it.secondary.poll_timeout() else { return Ok(DDI_IDLE) };
            out.set(at.0);
            Ok(DDI_OK)
        })
    }
}

/// Seconds until the zone expires unless a primary confirms it before (RFC 1035 section 3.3.13); 0 if it has expired.
/// `DDI_IDLE`: there is no zone yet.
///
/// Errors: `DDI_E_NULL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_secondary_expire_secs(
    secondary: *const ddi_secondary,
    now: *const ddi_now,
    secs: *mut u32,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(secondary, |it| {
            let (now, out) = (ddi_now::read(now)?, Out::new(secs, "secs")?);
            let Some(secs) = it.secondary.expire_secs(now) else { return Ok(DDI_IDLE) };
            out.set(secs);
            Ok(DDI_OK)
        })
    }
}

/// True while a primary is being asked: a connection that is open without that is to be closed. False for
/// NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_secondary_is_asking(secondary: *const ddi_secondary) -> bool {
    // SAFETY: the header's contract.
    unsafe { guard::value_or(secondary, false, |it| it.secondary.asking().is_some()) }
}

/// Does what is due. Nothing, if nothing is.
///
/// Errors: `DDI_E_NULL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_secondary_handle_timeout(
    secondary: *mut ddi_secondary,
    now: *const ddi_now,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(secondary, |it| {
            it.secondary.handle_timeout(ddi_now::read(now)?);
            Ok(DDI_OK)
        })
    }
}

/// A datagram. Only an answer from the primary that is being asked counts.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no address).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_secondary_handle_datagram(
    secondary: *mut ddi_secondary,
    now: *const ddi_now,
    from: *const ddi_addr,
    bytes: *const u8,
    bytes_len: usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(secondary, |it| {
            let (now, from) = (ddi_now::read(now)?, ddi_addr::read(from, "from")?);
            it.secondary.handle_datagram(now, from, slice::bytes(bytes, bytes_len, "bytes")?);
            Ok(DDI_OK)
        })
    }
}

/// Bytes from the connection that the last query went over, as they come, length bytes included.
///
/// Errors: `DDI_E_NULL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_secondary_handle_bytes(
    secondary: *mut ddi_secondary,
    now: *const ddi_now,
    bytes: *const u8,
    bytes_len: usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(secondary, |it| {
            it.secondary.handle_bytes(ddi_now::read(now)?, slice::bytes(bytes, bytes_len, "bytes")?);
            Ok(DDI_OK)
        })
    }
}

/// That connection has ended, or could not be made. Not to be called for those that this side closed.
///
/// Errors: `DDI_E_NULL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_secondary_handle_closed(
    secondary: *mut ddi_secondary,
    now: *const ddi_now,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(secondary, |it| {
            it.secondary.handle_closed(ddi_now::read(now)?);
            Ok(DDI_OK)
        })
    }
}

/// A NOTIFY (RFC 1996), whose signature, if there must be one, was good. Answer it by `ddi_notify_reply`:
/// NOERROR after `DDI_OK`, REFUSED after `DDI_E_NOT_PERMITTED`.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no address), `DDI_E_MALFORMED`, `DDI_E_NOT_PERMITTED` (the sender
/// is no primary, or it is about another zone).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_secondary_handle_notify(
    secondary: *mut ddi_secondary,
    now: *const ddi_now,
    from: *const ddi_addr,
    message: *const u8,
    message_len: usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(secondary, |it| {
            let (now, from) = (ddi_now::read(now)?, ddi_addr::read(from, "from")?);
            let notify = Notify::parse(slice::bytes(message, message_len, "message")?)?;
            it.secondary.handle_notify(now, from.ip(), &notify)?;
            Ok(DDI_OK)
        })
    }
}

/// The operator wants the primaries asked now; with `whole` 1, else 0, the whole zone fetched, whatever its serial. The
/// version at hand stays until that is there.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (neither 0 nor 1).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_secondary_handle_refresh(
    secondary: *mut ddi_secondary,
    now: *const ddi_now,
    whole: u32,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(secondary, |it| {
            let now = ddi_now::read(now)?;
            if slice::flag(whole, "whole")? {
                it.secondary.handle_retransfer(now);
            } else {
                it.secondary.handle_refresh(now);
            }
            Ok(DDI_OK)
        })
    }
}

/// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_secondary_last_error(secondary: *const ddi_secondary) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe { guard::last_error(secondary) }
}

/// Frees it; the zone stays in the set. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_secondary_free(secondary: *mut ddi_secondary) {
    // SAFETY: the header's contract.
    unsafe { guard::free(secondary) }
}

/// The zone's note: when it expires (8 bytes), the primary's family (1: 0, 4 or 6), port (2) and address (16,
/// an IPv4 one in the first four); big-endian.
fn write_saved(saved: &Saved) -> Vec<u8> {
    let primary = saved.primary.map(ddi_addr::from).unwrap_or_default();
    let port = primary.port.to_be_bytes();
    [&saved.expires.0.to_be_bytes()[..], &[primary.family], &port, &primary.bytes].concat()
}

/// What can't be read is a zone that has expired: it is not served until a primary confirms it.
fn read_saved(note: &[u8]) -> Saved {
    let unknown = Saved { primary: None, expires: UnixTime::UNSET };
    let Some((expires, rest)) = note.split_first_chunk::<8>() else { return unknown };
    let [family, p0, p1, bytes @ ..] = rest else { return unknown };
    let Ok(bytes) = <[u8; 16]>::try_from(bytes) else { return unknown };
    let addr = ddi_addr { family: *family, pad: 0, port: u16::from_be_bytes([*p0, *p1]), scope: 0, bytes };
    let Ok(primary) = addr.socket_addr("primary") else { return unknown };
    Saved { primary, expires: UnixTime(u64::from_be_bytes(*expires)) }
}
