//! UPDATE (RFC 2136): changes of a set's zones by message, with conditions, all of them or none. An answer
//! leaves when what it says is durable: after each request, and after each commit of the set, drain
//! `ddi_updates_poll_transmit`, then `ddi_updates_poll_event`. There are no timers.

use crate::addr::ddi_addr;
use crate::dns_name::ddi_name;
use crate::dns_transmit::{ddi_dns_transmit, source};
use crate::guard;
use crate::handle::{Handle, noun};
use crate::now::ddi_now;
use crate::others;
use crate::sized::{Growing, OutSized};
use crate::slice::{self, Buffer, Out};
use crate::status::{DDI_IDLE, DDI_OK, ddi_status};
use crate::tsig_keys::ddi_tsig_keys;
use crate::update_policy::ddi_update_policy;
use crate::zone_set::ddi_zone_set;
use ddi_dns::update::{Event, Source, Updates};
use std::ffi::c_char;

/// The machine, and the last event's words.
pub(crate) struct Machine {
    updates: Updates,
    reason: String,
}

/// Updates of one set's zones. One call at a time.
pub struct ddi_updates(Handle<Machine>);
noun!(ddi_updates, Machine);

/// Room for any answer to an UPDATE, in bytes.
pub const DDI_UPDATE_ANSWER_MAX: usize = 1232;

/// A zone has changed.
pub const DDI_UPDATES_UPDATED: u32 = 1;
/// An update was refused, and answered so.
pub const DDI_UPDATES_REFUSED: u32 = 2;
/// A signature was refused, and answered so.
pub const DDI_UPDATES_BAD_SIGNATURE: u32 = 3;
/// A message was dropped without an answer.
pub const DDI_UPDATES_DROPPED: u32 = 4;

/// What happened.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ddi_updates_event {
    /// `sizeof(ddi_updates_event)`.
    pub struct_size: u32,
    /// `DDI_UPDATES_...`.
    pub kind: u32,
    /// Who asked.
    pub from: ddi_addr,
    /// The number of the connection; 0: none.
    pub link: u64,
    /// Of `DDI_UPDATES_UPDATED`: position of the change.
    pub lsn: u64,
    /// Of `DDI_UPDATES_UPDATED`: the zone's serial now.
    pub serial: u32,
    /// Zero.
    pub pad: u32,
    /// Of `DDI_UPDATES_UPDATED`: the zone.
    pub apex: ddi_name,
    /// Of `DDI_UPDATES_UPDATED`: the key that signed it; of length 0 if none did.
    pub key: ddi_name,
}

// SAFETY: repr(C), starts with struct_size, numbers only.
unsafe impl Growing for ddi_updates_event {
    const LEAST: usize = size_of::<Self>();
    const NAME: &'static str = "ddi_updates_event";
}

/// A machine for the zones of `policy` (NULL: none), with the keys that senders sign with (NULL: none). The
/// caller still owns both. Caller owns: `ddi_updates_free`.
///
/// Errors: `DDI_E_NULL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_updates_new(
    policy: *const ddi_update_policy,
    keys: *const ddi_tsig_keys,
    updates: *mut *mut ddi_updates,
) -> ddi_status {
    guard::alone(|| {
        // SAFETY: the header's contract.
        let (policy, keys) = unsafe { (others::optional(policy)?, others::optional(keys)?) };
        // SAFETY: the header's contract.
        let out = unsafe { Out::new(updates, "updates")? };
        let (zones, keys) = (policy.cloned().unwrap_or_default(), keys.cloned().unwrap_or_default());
        out.set(guard::give(Machine { updates: Updates::new(keys, zones), reason: String::new() }));
        Ok(DDI_OK)
    })
}

/// A message of kind `DDI_DNS_UPDATE`, from a datagram (`link` 0) or a connection (the caller's number for
/// it). Its change goes into `set`, and its answer waits until that is durable.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no address). What is wrong with the request is answered, and told
/// by an event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_updates_handle_request(
    updates: *mut ddi_updates,
    now: *const ddi_now,
    set: *mut ddi_zone_set,
    from: *const ddi_addr,
    link: u64,
    request: *const u8,
    request_len: usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        others::both(updates, set, "set", |it, set| {
            let (now, from) = (ddi_now::read(now)?, source(ddi_addr::read(from, "from")?, link));
            let request = slice::bytes(request, request_len, "request")?;
            it.updates.handle_request(now, &mut set.db, from, request);
            Ok(DDI_OK)
        })
    }
}

/// The next answer that may leave. `DDI_IDLE`: none.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`, `DDI_E_BUFFER` (`DDI_UPDATE_ANSWER_MAX` bytes must be there).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_updates_poll_transmit(
    updates: *mut ddi_updates,
    set: *const ddi_zone_set,
    transmit: *mut ddi_dns_transmit,
    buf: *mut u8,
    cap: usize,
    len: *mut usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(updates, |it| {
            let (set, out) = (others::shared(set, "set")?, OutSized::new(transmit)?);
            let mut buffer = Buffer::new(buf, cap, len)?;
            if cap < DDI_UPDATE_ANSWER_MAX {
                return Err(buffer.too_short(DDI_UPDATE_ANSWER_MAX));
            }
            let Some(made) = it.updates.poll_transmit(&set.db, buffer.room()) else { return Ok(DDI_IDLE) };
            buffer.filled(made.len);
            out.set(&ddi_dns_transmit::answer(made.to));
            Ok(DDI_OK)
        })
    }
}

fn event(kind: u32, from: Source) -> ddi_updates_event {
    ddi_updates_event {
        struct_size: 0,
        kind,
        from: from.address.into(),
        link: from.link.unwrap_or(0),
        lsn: 0,
        serial: 0,
        pad: 0,
        apex: ddi_name::NONE,
        key: ddi_name::NONE,
    }
}

/// What happened. `DDI_IDLE`: nothing. At most 4096 wait to be polled; later ones are lost.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_updates_poll_event(
    updates: *mut ddi_updates,
    told: *mut ddi_updates_event,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(updates, |it| {
            let out = OutSized::new(told)?;
            let Some(happened) = it.updates.poll_event() else { return Ok(DDI_IDLE) };
            it.reason.clear();
            match happened {
                Event::Updated { apex, serial, from, key, lsn } => out.set(&ddi_updates_event {
                    lsn: lsn.0,
                    serial: serial.0,
                    apex: ddi_name::of(apex.as_ref()),
                    key: key.map_or(ddi_name::NONE, |key| ddi_name::of(key.as_ref())),
                    ..event(DDI_UPDATES_UPDATED, from)
                }),
                Event::Refused { from, error } => {
                    it.reason = error.to_string();
                    out.set(&event(DDI_UPDATES_REFUSED, from));
                }
                Event::BadSignature { from, error } => {
                    it.reason = error.to_string();
                    out.set(&event(DDI_UPDATES_BAD_SIGNATURE, from));
                }
                Event::Dropped { from, why } => {
                    it.reason = why.to_string();
                    out.set(&event(DDI_UPDATES_DROPPED, from));
                }
                _ => return Ok(DDI_IDLE),
            }
            Ok(DDI_OK)
        })
    }
}

/// Why, in words: of the last event, if it is not `DDI_UPDATES_UPDATED`. Else no bytes.
///
/// Errors: `DDI_E_NULL`, `DDI_E_BUFFER`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_updates_reason(
    updates: *const ddi_updates,
    buf: *mut u8,
    cap: usize,
    len: *mut usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(updates, |it| {
            Buffer::new(buf, cap, len)?.put(it.reason.as_bytes())?;
            Ok(DDI_OK)
        })
    }
}

/// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_updates_last_error(updates: *const ddi_updates) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe { guard::last_error(updates) }
}

/// Frees it; answers that wait are lost. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_updates_free(updates: *mut ddi_updates) {
    // SAFETY: the header's contract.
    unsafe { guard::free(updates) }
}
