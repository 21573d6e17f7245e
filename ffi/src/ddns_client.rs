//! Names of DHCP clients at remote servers, by UPDATE messages as RFC 4703 section 5 says: it sends, tries
//! again, and reads the answers. Changes to one name are made in the order in which they came, those to
//! different names at the same time. After each `handle` call drain `ddi_ddns_client_poll_transmit`, then
//! `ddi_ddns_client_poll_event`, then read `ddi_ddns_client_poll_timeout`.

use crate::addr::ddi_addr;
use crate::ddns_change::{ddi_ddns_change, outcome_number};
use crate::dns_name::ddi_name;
use crate::dns_transmit::ddi_dns_transmit;
use crate::guard;
use crate::handle::{Failure, Handle, noun};
use crate::now::ddi_now;
use crate::sized::{Growing, OutSized};
use crate::slice::{self, Buffer, Out};
use crate::status::{DDI_E_STATE, DDI_IDLE, DDI_OK, ddi_status};
use crate::tsig_key::{ddi_tsig_key, optional_key};
use crate::update_forwarder::addresses;
use ddi_dns::ddns::{ClientConfig, ClientEvent, DdnsClient, RemoteZone};
use std::ffi::c_char;

/// What it is made of, from the first change on the machine, and the last event's words.
pub(crate) struct Client {
    config: ClientConfig,
    client: Option<DdnsClient>,
    reason: String,
}

/// Makes changes at remote servers. One call at a time.
pub struct ddi_ddns_client(Handle<Client>);
noun!(ddi_ddns_client, Client);

/// Room for any message of a client, in bytes.
pub const DDI_DDNS_MESSAGE_MAX: usize = 2048;
/// The change was given up: `ddi_ddns_client_reason` says why. Otherwise an outcome is one of
/// `DDI_DDNS_ADDED` and so on.
pub const DDI_DDNS_FAILED: u32 = 0;

/// A change is made or given up.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ddi_ddns_event {
    /// `sizeof(ddi_ddns_event)`.
    pub struct_size: u32,
    /// What came of it.
    pub outcome: u32,
    /// The caller's number for the change.
    pub job: u64,
}

// SAFETY: repr(C), starts with struct_size, numbers only.
unsafe impl Growing for ddi_ddns_event {
    const LEAST: usize = size_of::<Self>();
    const NAME: &'static str = "ddi_ddns_event";
}

/// Without zones. A server has `timeout_ms` to answer (0: 2000), each is asked `tries` times (0: 3), and a
/// change takes at most `rounds` updates when others change the same name meanwhile (0: 10). `seed` is for
/// message ids: random, not to be guessed by others. Caller owns: `ddi_ddns_client_free`.
///
/// Errors: `DDI_E_NULL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_ddns_client_new(
    timeout_ms: u64,
    tries: u32,
    rounds: u32,
    seed: u64,
    client: *mut *mut ddi_ddns_client,
) -> ddi_status {
    guard::alone(|| {
        // SAFETY: the header's contract.
        let out = unsafe { Out::new(client, "client")? };
        let mut config = ClientConfig::new(Vec::new(), seed);
        config.timeout_millis = if timeout_ms == 0 { config.timeout_millis } else { timeout_ms };
        config.tries = if tries == 0 { config.tries } else { tries };
        config.rounds_max = if rounds == 0 { config.rounds_max } else { rounds };
        out.set(guard::give(Client { config, client: None, reason: String::new() }));
        Ok(DDI_OK)
    })
}

impl Client {
    fn running(&mut self) -> &mut DdnsClient {
        self.client.get_or_insert_with(|| DdnsClient::new(self.config.clone()))
    }
}

/// Adds a zone, before the first change: its servers in the order in which they are tried, and what updates
/// are signed with (may be NULL: then any answer is believed). A name is in the zone with the longest apex at
/// or above it.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`, `DDI_E_STATE` (there was a change).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_ddns_client_add_zone(
    client: *mut ddi_ddns_client,
    apex: *const ddi_name,
    servers: *const ddi_addr,
    servers_len: usize,
    key: *const ddi_tsig_key,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(client, |it| {
            let apex = ddi_name::read(apex, "apex")?.to_name();
            let servers = addresses(slice::array(servers, servers_len, "servers")?, "servers")?;
            let key = optional_key(key)?;
            if it.client.is_some() {
                return Err(Failure::new(DDI_E_STATE, "zones are added before the first change"));
            }
            it.config.zones.push(RemoteZone { apex, servers, key });
            Ok(DDI_OK)
        })
    }
}

/// Takes a change. Its end is told by an event with this number, `job`.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`, `DDI_E_NOT_FOUND` (its name is in no zone that has servers),
/// `DDI_E_LIMIT` (16384 are not finished).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_ddns_client_handle_change(
    client: *mut ddi_ddns_client,
    now: *const ddi_now,
    job: u64,
    change: *const ddi_ddns_change,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(client, |it| {
            let (now, change) = (ddi_now::read(now)?, ddi_ddns_change::read(change)?);
            it.running().handle_change(now, job, change)?;
            Ok(DDI_OK)
        })
    }
}

/// What a server sent, of kind `DDI_DNS_UPDATE_ANSWER`. What is not the answer to an update on its way is
/// dropped.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no address).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_ddns_client_handle_answer(
    client: *mut ddi_ddns_client,
    now: *const ddi_now,
    from: *const ddi_addr,
    answer: *const u8,
    answer_len: usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(client, |it| {
            let (now, from) = (ddi_now::read(now)?, ddi_addr::read(from, "from")?);
            it.running().handle_answer(now, from, slice::bytes(answer, answer_len, "answer")?);
            Ok(DDI_OK)
        })
    }
}

/// Sends again what was not answered in time.
///
/// Errors: `DDI_E_NULL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_ddns_client_handle_timeout(
    client: *mut ddi_ddns_client,
    now: *const ddi_now,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(client, |it| {
            it.running().handle_timeout(ddi_now::read(now)?);
            Ok(DDI_OK)
        })
    }
}

/// When `ddi_ddns_client_handle_timeout` is due, on the clock of `ddi_now.instant_ms`. `DDI_IDLE`: no timer
/// runs.
///
/// Errors: `DDI_E_NULL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_ddns_client_poll_timeout(
    client: *const ddi_ddns_client,
    instant_ms: *mut u64,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(client, |it| {
            let out = Out::new(instant_ms, "instant_ms")?;
            let Some(at) = it.client.as_ref().and_then(DdnsClient::poll_timeout) else { return Ok(DDI_IDLE) };
            out.set(at.0);
            Ok(DDI_OK)
        })
    }
}

/// The next datagram. `DDI_IDLE`: none.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`, `DDI_E_BUFFER` (`DDI_DDNS_MESSAGE_MAX` bytes must be there).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_ddns_client_poll_transmit(
    client: *mut ddi_ddns_client,
    transmit: *mut ddi_dns_transmit,
    buf: *mut u8,
    cap: usize,
    len: *mut usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(client, |it| {
            let (out, mut buffer) = (OutSized::new(transmit)?, Buffer::new(buf, cap, len)?);
            if cap < DDI_DDNS_MESSAGE_MAX {
                return Err(buffer.too_short(DDI_DDNS_MESSAGE_MAX));
            }
            let Some(made) = it.running().poll_transmit(buffer.room()) else { return Ok(DDI_IDLE) };
            buffer.filled(made.len);
            out.set(&ddi_dns_transmit::new(made.to, false));
            Ok(DDI_OK)
        })
    }
}

/// A change that is made or given up. `DDI_IDLE`: none.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_ddns_client_poll_event(
    client: *mut ddi_ddns_client,
    event: *mut ddi_ddns_event,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(client, |it| {
            let out = OutSized::new(event)?;
            let Some(ClientEvent::Done { job, result }) = it.running().poll_event() else {
                return Ok(DDI_IDLE);
            };
            it.reason.clear();
            let outcome = match result {
                Ok(outcome) => outcome_number(outcome),
                Err(error) => {
                    it.reason = error.to_string();
                    DDI_DDNS_FAILED
                }
            };
            out.set(&ddi_ddns_event { struct_size: 0, outcome, job });
            Ok(DDI_OK)
        })
    }
}

/// Why, in words: of the last event, if its outcome is `DDI_DDNS_FAILED`. Else no bytes.
///
/// Errors: `DDI_E_NULL`, `DDI_E_BUFFER`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_ddns_client_reason(
    client: *const ddi_ddns_client,
    buf: *mut u8,
    cap: usize,
    len: *mut usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(client, |it| {
            Buffer::new(buf, cap, len)?.put(it.reason.as_bytes())?;
            Ok(DDI_OK)
        })
    }
}

/// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_ddns_client_last_error(client: *const ddi_ddns_client) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe { guard::last_error(client) }
}

/// Frees it. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_ddns_client_free(client: *mut ddi_ddns_client) {
    // SAFETY: the header's contract.
    unsafe { guard::free(client) }
}
