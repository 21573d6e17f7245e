//! Failover (draft-ietf-dhc-failover-12, as ISC dhcpd 4.4.3 speaks it): the relationships of a server with its partners.
//! They are the authority of the server's calls; their connections are TCP, or anything that carries bytes in order.
//!
//! After any `ddi_failover_handle_...`: commit the store, drain `ddi_failover_poll_transmit` for every connection, then
//! `ddi_failover_poll_event`, then read `ddi_failover_poll_timeout`. What depends on a lease leaves only when the lease is
//! durable: poll again after each commit.
//!
//! Leases that a DHCP server changes in calls that have the relationships as an argument are told to them by the library.
//! Those that the application changes itself, it tells by `ddi_failover_handle_lease_changed`.

use crate::failover_config::ddi_failover_config;
use crate::failover_event::{bytes_in, ddi_failover_event, of_event, text_of};
use crate::guard;
use crate::handle::{Failure, Handle, noun};
use crate::lease_key::ddi_lease_key;
use crate::lease_pool::ddi_pool;
use crate::now::ddi_now;
use crate::others;
use crate::sized::OutSized;
use crate::slice::{self, Buffer, Out};
use crate::status::{
    DDI_E_FAILOVER_CONFIG, DDI_E_FAILOVER_LINK, DDI_E_FAILOVER_REFUSED, DDI_IDLE, DDI_OK, ddi_status,
};
use crate::store::{self, ddi_store};
use ::ddi_failover::endpoint::{CommandRefused, ConfigError, Event, LinkId};
use ::ddi_failover::relationships::{RelationshipId, Relationships};
use ::ddi_failover::state::Command;
use ddi_core::{LeaseKey, LeaseStore, Now};
use std::ffi::c_char;

/// No relationship, or one that is not known yet.
pub const DDI_FAILOVER_NOBODY: u32 = 0xffffffff;

/// "The partner is down": it serves nobody, and will not without meeting this server first.
pub const DDI_FAILOVER_COMMAND_PARTNER_DOWN: u32 = 1;
/// Hand over to the partner for long.
pub const DDI_FAILOVER_COMMAND_SHUTDOWN: u32 = 2;
/// Hand over to the partner for a short time.
pub const DDI_FAILOVER_COMMAND_PAUSE: u32 = 3;
/// Come back from the two before.
pub const DDI_FAILOVER_COMMAND_RESUME: u32 = 4;

/// All relationships of a server, each named by its place in the configuration, from 0. Connections are named by numbers
/// that the application chooses; none is used again while it is known here.
///
/// Threads: one call at a time; calls with `const ddi_failover *` may overlap.
pub struct ddi_failover(Handle<Set>);
noun!(ddi_failover, Set, shared);

pub(crate) struct Set {
    pub(crate) relationships: Relationships,
    /// Leases that a server's call has changed, until its end.
    pub(crate) changed: Vec<LeaseKey>,
    /// An event that did not fit its caller's buffer.
    waiting: Option<(Option<RelationshipId>, Event)>,
}

impl Set {
    pub(crate) fn id(&self, relationship: u32) -> Result<RelationshipId, Failure> {
        let id = RelationshipId(relationship as usize);
        match self.relationships.get(id) {
            Some(_) => Ok(id),
            None => Err(Failure::argument(format!("there is no relationship {relationship}"))),
        }
    }

    fn new_link(&self, link: u64) -> Result<LinkId, Failure> {
        if self.relationships.links().any(|known| known.0 == link) {
            return Err(Failure::argument(format!("connection {link} is there already")));
        }
        Ok(LinkId(link))
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::new(DDI_E_FAILOVER_CONFIG, error)
    }
}

impl From<CommandRefused> for Failure {
    fn from(error: CommandRefused) -> Self {
        Self::new(DDI_E_FAILOVER_REFUSED, error)
    }
}

/// All relationships of a configuration, of which a copy is kept. Each has an event first, `DDI_FAILOVER_EVENT_SAVE`,
/// before which it does nothing. `DDI_E_FAILOVER_CONFIG`: `ddi_failover_config_last_error` says why. Caller owns
/// `*failover`: `ddi_failover_free`.
///
/// Errors: `DDI_E_NULL`, `DDI_E_FAILOVER_CONFIG`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_failover_new(
    config: *mut ddi_failover_config,
    now: *const ddi_now,
    failover: *mut *mut ddi_failover,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(config, |draft| {
            let (now, out) = (ddi_now::read(now)?, Out::new(failover, "failover")?);
            let relationships = Relationships::new(now, draft.parts())?;
            out.set(guard::give(Set { relationships, changed: Vec::new(), waiting: None }));
            Ok(DDI_OK)
        })
    }
}

/// Frees it. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_failover_free(failover: *mut ddi_failover) {
    // SAFETY: the header's contract.
    unsafe { guard::free(failover) }
}

/// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_failover_last_error(failover: *const ddi_failover) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe { guard::last_error(failover) }
}

/// The pools of a relationship in place of those before: an array of `n`, as for `ddi_lease_db_set_pools`.
/// `DDI_E_FAILOVER_CONFIG` if they can't be; then the old ones stay.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (struct_size, no such relationship), `DDI_E_FAILOVER_CONFIG`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_failover_set_pools(
    failover: *mut ddi_failover,
    relationship: u32,
    pools: *const ddi_pool,
    n: usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(failover, |set| {
            let id = set.id(relationship)?;
            set.relationships.set_pools(id, &ddi_pool::read_all(pools, n)?)?;
            Ok(DDI_OK)
        })
    }
}

/// The pools of all relationships, as a configuration has them, in place of those before: for a reload after which a pool
/// may be in another relationship. What else is in the configuration is not looked at; it has as many relationships, in
/// the same order. Where nothing has changed nothing is done.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (another number of relationships), `DDI_E_FAILOVER_CONFIG` (they can't be; if it
/// is about two relationships, the old ones stay).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_failover_set_all_pools(
    failover: *mut ddi_failover,
    config: *const ddi_failover_config,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(failover, |set| {
            let pools = others::shared(config, "config")?.pools();
            let there = set.relationships.iter().count();
            if pools.len() != there {
                let text =
                    format!("the configuration has {} relationships, but {there} are there", pools.len());
                return Err(Failure::argument(text));
            }
            set.relationships.set_all_pools(&pools)?;
            Ok(DDI_OK)
        })
    }
}

/// The application has connected to the partner of this relationship, or has begun to; `link` names the connection.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no such relationship, the connection is there already).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_failover_handle_dialled(
    failover: *mut ddi_failover,
    now: *const ddi_now,
    relationship: u32,
    link: u64,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(failover, |set| {
            let (now, id, link) = (ddi_now::read(now)?, set.id(relationship)?, set.new_link(link)?);
            set.relationships.handle_dialled(now, id, link);
            Ok(DDI_OK)
        })
    }
}

/// `DDI_FAILOVER_EVENT_DIAL` did not succeed.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no such relationship).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_failover_handle_dial_failed(
    failover: *mut ddi_failover,
    now: *const ddi_now,
    relationship: u32,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(failover, |set| {
            let (now, id) = (ddi_now::read(now)?, set.id(relationship)?);
            set.relationships.handle_dial_failed(now, id);
            Ok(DDI_OK)
        })
    }
}

/// Somebody has connected. `relationship`: whose partner it is, if its source address tells; where this server is the
/// primary it has to. `DDI_FAILOVER_NOBODY`: the first message will say.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no such relationship, the connection is there already).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_failover_handle_accepted(
    failover: *mut ddi_failover,
    now: *const ddi_now,
    relationship: u32,
    link: u64,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(failover, |set| {
            let (now, link) = (ddi_now::read(now)?, set.new_link(link)?);
            let id = if relationship == DDI_FAILOVER_NOBODY { None } else { Some(set.id(relationship)?) };
            set.relationships.handle_accepted(now, id, link);
            Ok(DDI_OK)
        })
    }
}

/// Bytes came in on a connection, cut anywhere. `DDI_E_FAILOVER_LINK`: nothing more is taken from it; an event says so,
/// too.
///
/// Errors: `DDI_E_NULL`, `DDI_E_FAILOVER_LINK`, `DDI_E_STORE`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_failover_handle_bytes(
    failover: *mut ddi_failover,
    now: *const ddi_now,
    store: *mut ddi_store,
    link: u64,
    bytes: *const u8,
    bytes_len: usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        run(failover, now, store, |set, now, store| {
            let bytes = slice::bytes(bytes, bytes_len, "bytes")?;
            let handled = set.handle_bytes(now, store, LinkId(link), bytes);
            handled.map_err(|why| Failure::new(DDI_E_FAILOVER_LINK, why))?;
            Ok(DDI_OK)
        })
    }
}

/// A connection is closed, by whomever.
///
/// Errors: `DDI_E_NULL`, `DDI_E_STORE`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_failover_handle_closed(
    failover: *mut ddi_failover,
    now: *const ddi_now,
    store: *mut ddi_store,
    link: u64,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        run(failover, now, store, |set, now, store| {
            set.handle_closed(now, store, LinkId(link));
            Ok(DDI_OK)
        })
    }
}

/// Does what is due, a slice at a time. No-op when early.
///
/// Errors: `DDI_E_NULL`, `DDI_E_STORE`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_failover_handle_timeout(
    failover: *mut ddi_failover,
    now: *const ddi_now,
    store: *mut ddi_store,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        run(failover, now, store, |set, now, store| {
            set.handle_timeout(now, store);
            Ok(DDI_OK)
        })
    }
}

/// The application itself has changed a lease.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no key), `DDI_E_STORE`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_failover_handle_lease_changed(
    failover: *mut ddi_failover,
    now: *const ddi_now,
    store: *mut ddi_store,
    key: *const ddi_lease_key,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        run(failover, now, store, |set, now, store| {
            set.handle_lease_changed(now, store, ddi_lease_key::read(key, "key")?);
            Ok(DDI_OK)
        })
    }
}

/// The application itself has changed many leases, with an import for example: what is to be told of them is told
/// together.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no key), `DDI_E_STORE`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_failover_handle_leases_changed(
    failover: *mut ddi_failover,
    now: *const ddi_now,
    store: *mut ddi_store,
    keys: *const ddi_lease_key,
    keys_len: usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        run(failover, now, store, |set, now, store| {
            let keys = slice::array(keys, keys_len, "keys")?;
            let keys: Vec<LeaseKey> = keys.iter().map(|key| key.to_key()).collect::<Result<_, _>>()?;
            set.handle_leases_changed(now, store, &keys);
            Ok(DDI_OK)
        })
    }
}

/// An operator's word: `DDI_FAILOVER_COMMAND_...`. `DDI_E_FAILOVER_REFUSED` if it does not apply in the present state;
/// nothing has happened then.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no such relationship), `DDI_E_FAILOVER_REFUSED`, `DDI_E_STORE`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_failover_handle_command(
    failover: *mut ddi_failover,
    now: *const ddi_now,
    store: *mut ddi_store,
    relationship: u32,
    command: u32,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        run(failover, now, store, |set, now, store| {
            let command = match command {
                DDI_FAILOVER_COMMAND_PARTNER_DOWN => Command::PartnerDown,
                DDI_FAILOVER_COMMAND_SHUTDOWN => Command::Shutdown,
                DDI_FAILOVER_COMMAND_PAUSE => Command::Pause,
                DDI_FAILOVER_COMMAND_RESUME => Command::Resume,
                _ => return Err(Failure::argument(format!("there is no command {command}"))),
            };
            let id = RelationshipId(relationship as usize);
            if set.get(id).is_none() {
                return Err(Failure::argument(format!("there is no relationship {relationship}")));
            }
            set.handle_command(now, store, id, command)?;
            Ok(DDI_OK)
        })
    }
}

/// The bytes of the `DDI_FAILOVER_EVENT_SAVE` with this number are durable.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no such relationship).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_failover_handle_saved(
    failover: *mut ddi_failover,
    relationship: u32,
    number: u64,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(failover, |set| {
            let id = set.id(relationship)?;
            set.relationships.handle_saved(id, number);
            Ok(DDI_OK)
        })
    }
}

/// Bytes to send on a connection: `*len` bytes to `buf`, as many as have room. `DDI_IDLE` if there are none now;
/// `DDI_E_BUFFER` if there is no room at all.
///
/// Errors: `DDI_E_NULL`, `DDI_E_BUFFER`, `DDI_E_STORE`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_failover_poll_transmit(
    failover: *mut ddi_failover,
    store: *mut ddi_store,
    link: u64,
    buf: *mut u8,
    cap: usize,
    len: *mut usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(failover, |set| {
            let mut buffer = Buffer::new(buf, cap, len)?;
            if buffer.cap() == 0 {
                return Err(buffer.too_short(1));
            }
            let poll = |store: &mut dyn LeaseStore| {
                Ok(set.relationships.poll_transmit(store, LinkId(link), buffer.room()))
            };
            let Some(filled) = store::with(store, poll)? else { return Ok(DDI_IDLE) };
            buffer.filled(filled);
            Ok(DDI_OK)
        })
    }
}

/// The next event; its bytes or text have `*len` bytes, to `buf`. `DDI_IDLE` if there is none; `DDI_E_BUFFER` if `cap` is
/// less than `*len`: the event stays (`DDI_FAILOVER_MAX_EVENT` is always enough).
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (struct_size), `DDI_E_BUFFER`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_failover_poll_event(
    failover: *mut ddi_failover,
    event: *mut ddi_failover_event,
    buf: *mut u8,
    cap: usize,
    len: *mut usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(failover, |set| {
            let (out, mut buffer) = (OutSized::new(event)?, Buffer::new(buf, cap, len)?);
            let Some((id, event)) = set.waiting.take().or_else(|| set.relationships.poll_event()) else {
                return Ok(DDI_IDLE);
            };
            let text = text_of(&event);
            if let Err(failure) = buffer.put(bytes_in(&event).unwrap_or(text.as_bytes())) {
                set.waiting = Some((id, event));
                return Err(failure);
            }
            out.set(&of_event(id, &event));
            Ok(DDI_OK)
        })
    }
}

/// When to call `ddi_failover_handle_timeout`, on the clock of `ddi_now.instant_ms`. `DDI_IDLE`: not needed.
///
/// Errors: `DDI_E_NULL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_failover_poll_timeout(
    failover: *const ddi_failover,
    instant_ms: *mut u64,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(failover, |set| {
            let out = Out::new(instant_ms, "instant_ms")?;
            let Some(at) = set.relationships.poll_timeout() else { return Ok(DDI_IDLE) };
            out.set(at.0);
            Ok(DDI_OK)
        })
    }
}

/// A call of the relationships with all that it needs.
///
/// # Safety
/// As the header demands of the handles.
unsafe fn run(
    failover: *mut ddi_failover,
    now: *const ddi_now,
    store: *mut ddi_store,
    f: impl FnOnce(&mut Relationships, Now, &mut dyn LeaseStore) -> Result<ddi_status, Failure>,
) -> ddi_status {
    // SAFETY: as promised.
    unsafe {
        guard::exclusive(failover, |set| {
            let now = ddi_now::read(now)?;
            store::with(store, |store| f(&mut set.relationships, now, store))
        })
    }
}
