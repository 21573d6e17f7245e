//! NOTIFY out (RFC 1996): secondaries are told that a zone has changed, until each confirms or is given up.

use crate::addr::ddi_addr;
use crate::dns_name::ddi_name;
use crate::dns_transmit::ddi_dns_transmit;
use crate::guard;
use crate::handle::{Failure, Handle, noun};
use crate::now::ddi_now;
use crate::others;
use crate::sized::{Growing, OutSized};
use crate::slice::{self, Buffer, Out};
use crate::status::{DDI_IDLE, DDI_OK, ddi_status};
use crate::tsig_key::{ddi_tsig_key, optional_key};
use crate::zone::ddi_zone;
use ddi_dns::message::Rcode;
use ddi_dns::notify::{Notifier, NotifierConfig, Notify, NotifyEvent, NotifyTarget};
use std::ffi::c_char;

/// Tells secondaries; one for the whole server. One call at a time.
pub struct ddi_notifier(Handle<Notifier>);
noun!(ddi_notifier, Notifier);

/// Room for any NOTIFY, in bytes.
pub const DDI_NOTIFY_MAX: usize = 2048;

/// The target answered, with `rcode`.
pub const DDI_NOTIFY_ANSWERED: u32 = 1;
/// The target never answered.
pub const DDI_NOTIFY_GIVEN_UP: u32 = 2;
/// 100000 notifications wait already: the target was not told.
pub const DDI_NOTIFY_FULL: u32 = 3;

/// What became of a notification.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ddi_notify_event {
    /// `sizeof(ddi_notify_event)`.
    pub struct_size: u32,
    /// `DDI_NOTIFY_...`.
    pub kind: u32,
    /// The target.
    pub target: ddi_addr,
    /// Its answer.
    pub rcode: u16,
    /// Zero.
    pub pad: u16,
    /// The zone.
    pub zone: ddi_name,
}

// SAFETY: repr(C), starts with struct_size, numbers only.
unsafe impl Growing for ddi_notify_event {
    const LEAST: usize = size_of::<Self>();
    const NAME: &'static str = "ddi_notify_event";
}

/// One that has nothing to tell. Each notification is sent `tries` times at most (0: 6), the first time after
/// up to `spread_ms`, and then waits for `wait_ms` (0: 3000), twice as long each time. `seed` is for message
/// ids: best random. Caller owns: `ddi_notifier_free`.
///
/// Errors: `DDI_E_NULL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_notifier_new(
    seed: u64,
    tries: u32,
    wait_ms: u64,
    spread_ms: u64,
    notifier: *mut *mut ddi_notifier,
) -> ddi_status {
    guard::alone(|| {
        // SAFETY: the header's contract.
        let out = unsafe { Out::new(notifier, "notifier")? };
        let mut config = NotifierConfig::new(seed);
        config.spread_millis = spread_ms;
        config.tries = if tries == 0 { config.tries } else { tries };
        config.wait_millis = if wait_ms == 0 { config.wait_millis } else { wait_ms };
        out.set(guard::give(Notifier::new(config)));
        Ok(DDI_OK)
    })
}

/// A zone has a new version, which is durable and answered: the `targets` are to be told. `key` (may be NULL)
/// signs the requests; answers must be signed then. A zone that changes again before a target confirmed is
/// told with the newest serial, and only that.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no address).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_notifier_handle_changed(
    notifier: *mut ddi_notifier,
    now: *const ddi_now,
    zone: *const ddi_zone,
    targets: *const ddi_addr,
    targets_len: usize,
    key: *const ddi_tsig_key,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(notifier, |notifier| {
            let (now, zone) = (ddi_now::read(now)?, others::shared(zone, "zone")?);
            let (addrs, key) = (slice::array(targets, targets_len, "targets")?, optional_key(key)?);
            let target = |addr: &ddi_addr| {
                let none = || Failure::argument("targets: family is 0, none");
                let addr = addr.socket_addr("targets")?.ok_or_else(none)?;
                Ok(NotifyTarget { addr, key: key.clone() })
            };
            let targets = addrs.iter().map(target).collect::<Result<Vec<_>, Failure>>()?;
            notifier.handle_changed(now, &zone.snapshot, &targets);
            Ok(DDI_OK)
        })
    }
}

/// The zone is no more: nobody is to be told of it.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_notifier_handle_removed(
    notifier: *mut ddi_notifier,
    zone: *const ddi_name,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(notifier, |notifier| {
            notifier.handle_removed(&ddi_name::read(zone, "zone")?.to_name());
            Ok(DDI_OK)
        })
    }
}

/// An answer, of kind `DDI_DNS_NOTIFY_ANSWER`. What is none to a notification that waits is ignored.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no address).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_notifier_handle_datagram(
    notifier: *mut ddi_notifier,
    now: *const ddi_now,
    from: *const ddi_addr,
    bytes: *const u8,
    bytes_len: usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(notifier, |notifier| {
            let (now, from) = (ddi_now::read(now)?, ddi_addr::read(from, "from")?);
            notifier.handle_datagram(now, from, slice::bytes(bytes, bytes_len, "bytes")?);
            Ok(DDI_OK)
        })
    }
}

/// The next datagram that is due by `now`. `DDI_IDLE`: none.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`, `DDI_E_BUFFER` (`DDI_NOTIFY_MAX` bytes must be there).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_notifier_poll_transmit(
    notifier: *mut ddi_notifier,
    now: *const ddi_now,
    transmit: *mut ddi_dns_transmit,
    buf: *mut u8,
    cap: usize,
    len: *mut usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(notifier, |notifier| {
            let (now, out) = (ddi_now::read(now)?, OutSized::new(transmit)?);
            let mut buffer = Buffer::new(buf, cap, len)?;
            if cap < DDI_NOTIFY_MAX {
                return Err(buffer.too_short(DDI_NOTIFY_MAX));
            }
            let Some(made) = notifier.poll_transmit(now, buffer.room()) else { return Ok(DDI_IDLE) };
            buffer.filled(made.len);
            out.set(&ddi_dns_transmit::new(made.to, false));
            Ok(DDI_OK)
        })
    }
}

/// When `ddi_notifier_poll_transmit` has something next, on the clock of `ddi_now.instant_ms`. `DDI_IDLE`:
/// never.
///
/// Errors: `DDI_E_NULL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_notifier_poll_timeout(
    notifier: *const ddi_notifier,
    instant_ms: *mut u64,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(notifier, |notifier| {
            let out = Out::new(instant_ms, "instant_ms")?;
            let Some(at) = notifier.poll_timeout() else { return Ok(DDI_IDLE) };
            out.set(at.0);
            Ok(DDI_OK)
        })
    }
}

/// What became of a notification. `DDI_IDLE`: nothing. At most 4096 wait to be polled; the oldest go first.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_notifier_poll_event(
    notifier: *mut ddi_notifier,
    event: *mut ddi_notify_event,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(notifier, |notifier| {
            let out = OutSized::new(event)?;
            let (kind, zone, target, rcode) = match notifier.poll_event() {
                None => return Ok(DDI_IDLE),
                Some(NotifyEvent::Answered { zone, target, rcode }) => {
                    (DDI_NOTIFY_ANSWERED, zone, target, rcode.0)
                }
                Some(NotifyEvent::GivenUp { zone, target }) => (DDI_NOTIFY_GIVEN_UP, zone, target, 0),
                Some(NotifyEvent::Full { zone, target }) => (DDI_NOTIFY_FULL, zone, target, 0),
                Some(_) => return Ok(DDI_IDLE),
            };
            let (target, zone) = (target.into(), ddi_name::of(zone.as_ref()));
            out.set(&ddi_notify_event { struct_size: 0, kind, target, rcode, pad: 0, zone });
            Ok(DDI_OK)
        })
    }
}

/// Writes the answer to a NOTIFY that came: it has arrived (`DDI_RCODE_NOERROR`), or why it is not wanted.
/// 512 bytes are enough.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (a code above 15), `DDI_E_BUFFER`, `DDI_E_MALFORMED` (no NOTIFY:
/// answer FORMERR by `ddi_dns_refuse`).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_notify_reply(
    message: *const u8,
    message_len: usize,
    rcode: u16,
    buf: *mut u8,
    cap: usize,
    len: *mut usize,
) -> ddi_status {
    guard::alone(|| {
        // SAFETY: the header's contract.
        let (message, mut out) =
            unsafe { (slice::bytes(message, message_len, "message")?, Buffer::new(buf, cap, len)?) };
        if rcode > 15 {
            return Err(Failure::argument(format!("rcode {rcode} is above 15")));
        }
        let mut answer = [0; 512];
        let len = Notify::parse(message)?.reply(Rcode(rcode), &mut answer)?;
        out.put(&answer[..len])?;
        Ok(DDI_OK)
    })
}

/// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_notifier_last_error(notifier: *const ddi_notifier) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe { guard::last_error(notifier) }
}

/// Frees it. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_notifier_free(notifier: *mut ddi_notifier) {
    // SAFETY: the header's contract.
    unsafe { guard::free(notifier) }
}
