//! A secondary hands updates on to its primary (RFC 2136 section 6), and the answers back. After each
//! `handle` call drain `ddi_update_forwarder_poll_transmit`, then `ddi_update_forwarder_poll_event`, then read `ddi_update_forwarder_poll_timeout`.

use crate::acl;
use crate::addr::ddi_addr;
use crate::dns_name::ddi_name;
use crate::dns_transmit::{ddi_dns_transmit, source};
use crate::guard;
use crate::handle::{Failure, Handle, noun};
use crate::now::ddi_now;
use crate::others;
use crate::sized::{Growing, OutSized};
use crate::slice::{self, Buffer, Out};
use crate::status::{DDI_E_STATE, DDI_IDLE, DDI_OK, ddi_status};
use crate::tsig_key::{ddi_tsig_key, optional_key};
use crate::tsig_keys::ddi_tsig_keys;
use ddi_dns::update::{ForwardConfig, ForwardEvent, ForwardTransmit, ForwardZone, Forwarder, Source};
use std::ffi::c_char;

/// A request was refused here, and answered so.
pub const DDI_FORWARD_REFUSED: u32 = 1;
/// A request was dropped: too many are on their way.
pub const DDI_FORWARD_TOO_BUSY: u32 = 2;
/// No primary answered; the sender was told SERVFAIL.
pub const DDI_FORWARD_NO_PRIMARY: u32 = 3;

/// What happened.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ddi_forward_event {
    /// `sizeof(ddi_forward_event)`.
    pub struct_size: u32,
    /// `DDI_FORWARD_...`.
    pub kind: u32,
    /// Who asked.
    pub from: ddi_addr,
    /// The number of the connection; 0: none.
    pub link: u64,
    /// Of `DDI_FORWARD_REFUSED`: the answer's code.
    pub rcode: u16,
    /// Zero.
    pub pad: [u16; 3],
    /// Of `DDI_FORWARD_NO_PRIMARY`: the zone.
    pub apex: ddi_name,
}

// SAFETY: repr(C), starts with struct_size, numbers only.
unsafe impl Growing for ddi_forward_event {
    const LEAST: usize = size_of::<Self>();
    const NAME: &'static str = "ddi_forward_event";
}

/// What it is made of, and from the first request on the machine.
pub(crate) struct Forward {
    config: ForwardConfig,
    forwarder: Option<Forwarder>,
}

/// Hands requests on. One call at a time.
pub struct ddi_update_forwarder(Handle<Forward>);
noun!(ddi_update_forwarder, Forward);

/// Without zones. `keys` (may be NULL) are those that senders share with this server. A primary has
/// `timeout_ms` to answer, and all of them are tried `rounds` times. `seed` is for message ids: random, not
/// to be guessed by others. Caller owns: `ddi_update_forwarder_free`.
///
/// Errors: `DDI_E_NULL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_update_forwarder_new(
    keys: *const ddi_tsig_keys,
    timeout_ms: u64,
    rounds: u32,
    seed: u64,
    forwarder: *mut *mut ddi_update_forwarder,
) -> ddi_status {
    guard::alone(|| {
        // SAFETY: the header's contract.
        let (keys, out) = unsafe { (others::optional(keys)?, Out::new(forwarder, "forwarder")?) };
        let keys = keys.cloned().unwrap_or_default();
        let config = ForwardConfig { zones: Vec::new(), keys, timeout_millis: timeout_ms, rounds, seed };
        out.set(guard::give(Forward { config, forwarder: None }));
        Ok(DDI_OK)
    })
}

impl Forward {
    fn running(&mut self) -> &mut Forwarder {
        self.forwarder.get_or_insert_with(|| Forwarder::new(self.config.clone()))
    }
}

/// Adds a secondary zone, before the first request: its primaries in the order in which they are tried; whose
/// requests are handed on (rules as for `ddi_acl_new`; who signs with a key that is not known here counts as
/// unsigned); and what requests that came unsigned, or with a key that is known here, are signed with on
/// their way (may be NULL).
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`, `DDI_E_STATE` (there was a request).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_update_forwarder_add_zone(
    forwarder: *mut ddi_update_forwarder,
    apex: *const ddi_name,
    primaries: *const ddi_addr,
    primaries_len: usize,
    rules: *const u8,
    rules_len: usize,
    key: *const ddi_tsig_key,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(forwarder, |it| {
            let apex = ddi_name::read(apex, "apex")?.to_name();
            let primaries = addresses(slice::array(primaries, primaries_len, "primaries")?, "primaries")?;
            let access = acl::parse(slice::text(rules, rules_len, "rules")?)?;
            let key = optional_key(key)?;
            if it.forwarder.is_some() {
                return Err(Failure::new(DDI_E_STATE, "zones are added before the first request"));
            }
            it.config.zones.push(ForwardZone { apex, primaries, key, access });
            Ok(DDI_OK)
        })
    }
}

pub(crate) fn addresses(
    addrs: &[ddi_addr],
    what: &'static str,
) -> Result<Vec<std::net::SocketAddr>, Failure> {
    let none = || Failure::argument(format!("{what}: family is 0, none"));
    addrs.iter().map(|addr| addr.socket_addr(what)?.ok_or_else(none)).collect()
}

/// A message of kind `DDI_DNS_UPDATE` for one of its zones, from a datagram (`link` 0) or a connection (the
/// caller's number for it). What it is not handed on for is answered, or dropped if 256 are on their way
/// already.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no address).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_update_forwarder_handle_request(
    forwarder: *mut ddi_update_forwarder,
    now: *const ddi_now,
    from: *const ddi_addr,
    link: u64,
    request: *const u8,
    request_len: usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(forwarder, |it| {
            let (now, from) = (ddi_now::read(now)?, source(ddi_addr::read(from, "from")?, link));
            let request = slice::bytes(request, request_len, "request")?;
            it.running().handle_request(now, from, request);
            Ok(DDI_OK)
        })
    }
}

/// What a primary sent, of kind `DDI_DNS_UPDATE_ANSWER`; over a connection without its length bytes. What is
/// no answer to a request on its way is dropped.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no address).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_update_forwarder_handle_answer(
    forwarder: *mut ddi_update_forwarder,
    now: *const ddi_now,
    from: *const ddi_addr,
    answer: *const u8,
    answer_len: usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(forwarder, |it| {
            let (now, from) = (ddi_now::read(now)?, ddi_addr::read(from, "from")?);
            it.running().handle_answer(now, from, slice::bytes(answer, answer_len, "answer")?);
            Ok(DDI_OK)
        })
    }
}

/// A primary can't be reached: requests that wait for it go to the next.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no address).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_update_forwarder_handle_unreachable(
    forwarder: *mut ddi_update_forwarder,
    now: *const ddi_now,
    primary: *const ddi_addr,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(forwarder, |it| {
            it.running().handle_unreachable(ddi_now::read(now)?, ddi_addr::read(primary, "primary")?);
            Ok(DDI_OK)
        })
    }
}

/// Tries what was not answered in time elsewhere.
///
/// Errors: `DDI_E_NULL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_update_forwarder_handle_timeout(
    forwarder: *mut ddi_update_forwarder,
    now: *const ddi_now,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(forwarder, |it| {
            it.running().handle_timeout(ddi_now::read(now)?);
            Ok(DDI_OK)
        })
    }
}

/// When `ddi_update_forwarder_handle_timeout` is due, on the clock of `ddi_now.instant_ms`. `DDI_IDLE`: no
/// timer runs.
///
/// Errors: `DDI_E_NULL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_update_forwarder_poll_timeout(
    forwarder: *const ddi_update_forwarder,
    instant_ms: *mut u64,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(forwarder, |it| {
            let out = Out::new(instant_ms, "instant_ms")?;
            let Some(at) = it.forwarder.as_ref().and_then(Forwarder::poll_timeout) else {
                return Ok(DDI_IDLE);
            };
            out.set(at.0);
            Ok(DDI_OK)
        })
    }
}

/// The next message: an answer to who asked, or a request to a primary (over TCP without its length bytes,
/// `link` 0). `DDI_IDLE`: none.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`, `DDI_E_BUFFER` (`DDI_DNS_MESSAGE_MAX` bytes must be there).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_update_forwarder_poll_transmit(
    forwarder: *mut ddi_update_forwarder,
    transmit: *mut ddi_dns_transmit,
    buf: *mut u8,
    cap: usize,
    len: *mut usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(forwarder, |it| {
            let (out, mut buffer) = (OutSized::new(transmit)?, Buffer::new(buf, cap, len)?);
            if cap < crate::dns_message::DDI_DNS_MESSAGE_MAX {
                return Err(buffer.too_short(crate::dns_message::DDI_DNS_MESSAGE_MAX));
            }
            match it.running().poll_transmit(buffer.room()) {
                Some(ForwardTransmit::Answer { to, len }) => {
                    buffer.filled(len);
                    out.set(&ddi_dns_transmit::answer(to));
                }
                Some(ForwardTransmit::Request { to, over_tcp, len }) => {
                    buffer.filled(len);
                    out.set(&ddi_dns_transmit::new(to, over_tcp));
                }
                _ => return Ok(DDI_IDLE),
            }
            Ok(DDI_OK)
        })
    }
}

/// What happened beside requests that were handed on, for counters and logs. `DDI_IDLE`: nothing. Those that nobody
/// polls are lost, the oldest ones kept.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (struct_size).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_update_forwarder_poll_event(
    forwarder: *mut ddi_update_forwarder,
    event: *mut ddi_forward_event,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(forwarder, |it| {
            let out = OutSized::new(event)?;
            let Some(happened) = it.running().poll_event() else { return Ok(DDI_IDLE) };
            out.set(&match happened {
                ForwardEvent::Refused { from, rcode } => {
                    ddi_forward_event { rcode: rcode.0, ..told(DDI_FORWARD_REFUSED, from) }
                }
                ForwardEvent::TooBusy { from } => told(DDI_FORWARD_TOO_BUSY, from),
                ForwardEvent::NoPrimary { apex, from } => ddi_forward_event {
                    apex: ddi_name::of(apex.as_ref()),
                    ..told(DDI_FORWARD_NO_PRIMARY, from)
                },
                _ => return Ok(DDI_IDLE),
            });
            Ok(DDI_OK)
        })
    }
}

fn told(kind: u32, from: Source) -> ddi_forward_event {
    let (link, apex) = (from.link.unwrap_or(0), ddi_name::NONE);
    ddi_forward_event { struct_size: 0, kind, from: from.address.into(), link, rcode: 0, pad: [0; 3], apex }
}

/// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_update_forwarder_last_error(
    forwarder: *const ddi_update_forwarder,
) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe { guard::last_error(forwarder) }
}

/// Frees it. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_update_forwarder_free(forwarder: *mut ddi_update_forwarder) {
    // SAFETY: the header's contract.
    unsafe { guard::free(forwarder) }
}
