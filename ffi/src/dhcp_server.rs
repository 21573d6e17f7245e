//! DHCPv4 server (RFC 2131): datagrams in, leases written to a store, replies and events out.
//!
//! After any `ddi_dhcp_server_handle_...`: drain `ddi_dhcp_server_poll_transmit`, then `ddi_dhcp_server_poll_event`,
//! then read `ddi_dhcp_server_poll_timeout`. A reply that promises a lease is handed out only when the lease is
//! durable: poll again after each commit of the store. Not draining loses no lease, it delays.
//!
//! With failover, the relationships decide what may be answered: each call then has them as an argument, and they are
//! told of every lease that the server changes. Without, that argument is NULL.

mod world;

use crate::dhcp_config::ddi_dhcp_config;
use crate::dhcp_event::{ddi_dhcp_event, name_in, of_event};
use crate::failover::ddi_failover;
use crate::guard;
use crate::handle::{Failure, Handle, noun};
use crate::lease_key::{ddi_hw_addr, ddi_ipv4, ddi_lease_key};
use crate::lease_pool::{ddi_ipv4_range, ddi_pool};
use crate::now::ddi_now;
use crate::others;
use crate::sized::{Growing, OutSized};
use crate::slice::{self, Buffer, Out};
use crate::status::{DDI_E_DHCP_CONFIG, DDI_IDLE, DDI_OK, ddi_status};
use crate::store::{self, ddi_store};
use ddi_core::db::PoolConfig;
use ddi_core::{Authority, LeaseStore, Now};
use ddi_dhcp::server::{ConfigError, Destination, Event, MAX_REPLY, Received, Server, Transmit};
use std::ffi::{CString, c_char};
use std::net::{Ipv4Addr, SocketAddrV4};

/// The room that `ddi_dhcp_server_poll_transmit` needs, in bytes: no reply is longer.
pub const DDI_DHCP_MAX_REPLY: usize = 1472;

/// Send to 255.255.255.255 and the link-layer broadcast address, through `interface`.
pub const DDI_DHCP_TO_BROADCAST: u32 = 1;
/// Send to `to` in a frame to `hw_addr`, through `interface`: the client does not answer ARP for it yet. A host that
/// can't do that may broadcast (RFC 2131 section 4.1).
pub const DDI_DHCP_TO_LINK_LAYER: u32 = 2;
/// Send an ordinary datagram to `to`, by the routing table.
pub const DDI_DHCP_TO_UNICAST: u32 = 3;

/// Where a reply goes.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ddi_dhcp_transmit {
    /// sizeof(ddi_dhcp_transmit)
    pub struct_size: u32,
    /// `DDI_DHCP_TO_...`
    pub kind: u32,
    /// The interface that the message came in on.
    pub interface: u32,
    /// The source address to use; 0.0.0.0: whatever the routing table says.
    pub from: ddi_ipv4,
    /// The destination.
    pub to: ddi_ipv4,
    /// UDP port of the destination.
    pub port: u16,
    /// Zero.
    pub pad: u16,
    /// The client's link-layer address, for `DDI_DHCP_TO_LINK_LAYER`.
    pub hw_addr: ddi_hw_addr,
}

// SAFETY: starts with struct_size; the rest is numbers.
unsafe impl Growing for ddi_dhcp_transmit {
    const LEAST: usize = size_of::<Self>();
    const NAME: &'static str = "ddi_dhcp_transmit";
}

/// A DHCPv4 server.
///
/// Threads: one call at a time on one server; calls with `const ddi_dhcp_server *` may overlap.
pub struct ddi_dhcp_server(Handle<Engine>);
noun!(ddi_dhcp_server, Engine, shared);

pub(crate) struct Engine {
    pub(crate) server: Server,
    /// The configuration's, by number.
    pools: Vec<PoolConfig>,
    /// An event that did not fit its caller's buffer.
    waiting: Option<Event>,
    counter_names: Vec<CString>,
    lent: Lent,
}

/// The arrays of a pool that the caller has borrowed.
#[derive(Default)]
struct Lent {
    excluded: Vec<ddi_ipv4_range>,
    reserved: Vec<ddi_ipv4>,
}

impl Lent {
    fn of(&mut self, pool: &PoolConfig) -> ddi_pool {
        let range =
            |&(first, last): &(Ipv4Addr, Ipv4Addr)| ddi_ipv4_range { first: first.into(), last: last.into() };
        self.excluded = pool.excluded.iter().map(range).collect();
        self.reserved = pool.reserved.iter().map(|address| (*address).into()).collect();
        ddi_pool {
            struct_size: size_of::<ddi_pool>() as u32,
            id: pool.id.0,
            space: pool.space,
            subnet_id: pool.subnet_id,
            range: range(&(pool.first, pool.last)),
            excluded: self.excluded.as_ptr(),
            excluded_len: self.excluded.len(),
            reserved: self.reserved.as_ptr(),
            reserved_len: self.reserved.len(),
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::new(DDI_E_DHCP_CONFIG, error)
    }
}

/// A server with this configuration, of which a copy is kept. `seed` keys its hash tables: best random. The same seed and
/// the same calls give the same bytes. `DDI_E_DHCP_CONFIG` if it can't be served: `ddi_dhcp_config_last_error` says what
/// is wrong and where, counting from 0. Caller owns `*server`: `ddi_dhcp_server_free`.
///
/// Errors: `DDI_E_NULL`, `DDI_E_DHCP_CONFIG`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp_server_new(
    config: *mut ddi_dhcp_config,
    seed: u64,
    server: *mut *mut ddi_dhcp_server,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(config, |draft| {
            let out = Out::new(server, "server")?;
            let server = Server::new(draft.config.clone(), seed)?;
            let names = server.counters().iter().filter_map(|(name, _)| CString::new(name).ok()).collect();
            out.set(guard::give(Engine {
                pools: server.pools(),
                server,
                waiting: None,
                counter_names: names,
                lent: Lent::default(),
            }));
            Ok(DDI_OK)
        })
    }
}

/// Frees it. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp_server_free(server: *mut ddi_dhcp_server) {
    // SAFETY: the header's contract.
    unsafe { guard::free(server) }
}

/// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp_server_last_error(server: *const ddi_dhcp_server) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe { guard::last_error(server) }
}

/// Changes the configuration: leases stay, and offers that are still possible. `DDI_E_DHCP_CONFIG` if it can't be
/// served; then the old one stays. The store has to be told of the pools again.
///
/// Errors: `DDI_E_NULL`, `DDI_E_DHCP_CONFIG`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp_server_set_config(
    server: *mut ddi_dhcp_server,
    now: *const ddi_now,
    config: *const ddi_dhcp_config,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(server, |engine| {
            let (now, draft) = (ddi_now::read(now)?, others::shared(config, "config")?);
            engine.server.set_config(now, draft.config.clone())?;
            engine.pools = engine.server.pools();
            Ok(DDI_OK)
        })
    }
}

/// Tells the store of the server's pools, which are numbered by their places in the configuration, from 0. Needed once
/// after `ddi_dhcp_server_new` and after each `ddi_dhcp_server_set_config`. An application's own store is not told: it
/// reads them by `ddi_dhcp_server_pool`.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (the store can't have such pools).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp_server_give_pools(
    server: *mut ddi_dhcp_server,
    store: *mut ddi_store,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(server, |engine| {
            store::set_pools(store, &engine.pools)?;
            Ok(DDI_OK)
        })
    }
}

/// The pool with this number, for `ddi_failover_config_add_pool` and for a store of the application's own: set
/// `pool->struct_size` before. Its arrays are borrowed until the next call on this handle. `DDI_IDLE` if there is none.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (struct_size).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp_server_pool(
    server: *mut ddi_dhcp_server,
    number: u32,
    pool: *mut ddi_pool,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(server, |engine| {
            let out = OutSized::new(pool)?;
            let Some(found) = engine.pools.get(number as usize) else { return Ok(DDI_IDLE) };
            out.set(&engine.lent.of(found));
            Ok(DDI_OK)
        })
    }
}

/// A datagram came in on the server's port: its bytes, where it came in (`interface` as in
/// `ddi_dhcp_config_add_link_address`; 0 if not known), who sent it, and to which address (0.0.0.0 if not known, which is
/// taken as a broadcast). Malformed ones are counted and told as `DDI_DHCP_EVENT_DROPPED`: that is no error.
/// `DDI_E_STORE` if the application's store broke.
///
/// Errors: `DDI_E_NULL`, `DDI_E_STORE`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp_server_handle_datagram(
    server: *mut ddi_dhcp_server,
    now: *const ddi_now,
    store: *mut ddi_store,
    failover: *mut ddi_failover,
    interface: u32,
    from: ddi_ipv4,
    from_port: u16,
    to: ddi_ipv4,
    bytes: *const u8,
    bytes_len: usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        run(server, now, store, failover, |engine, now, store, authority| {
            let bytes = slice::bytes(bytes, bytes_len, "bytes")?;
            let from = SocketAddrV4::new(from.into(), from_port);
            let received = Received { interface, from, to: to.into(), bytes };
            engine.server.handle_datagram(now, store, authority, &received);
            Ok(DDI_OK)
        })
    }
}

/// Time passed: offers lapse, leases expire, quarantines end. No-op when early.
///
/// Errors: `DDI_E_NULL`, `DDI_E_STORE`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp_server_handle_timeout(
    server: *mut ddi_dhcp_server,
    now: *const ddi_now,
    store: *mut ddi_store,
    failover: *mut ddi_failover,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        run(server, now, store, failover, |engine, now, store, authority| {
            engine.server.handle_timeout(now, store, authority);
            Ok(DDI_OK)
        })
    }
}

/// The answer to a `DDI_DHCP_EVENT_PING`: `answered` is 1 if anything answered, 0 if nothing did. Of no effect if it
/// comes too late.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (neither 0 nor 1), `DDI_E_STORE`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp_server_handle_ping(
    server: *mut ddi_dhcp_server,
    now: *const ddi_now,
    store: *mut ddi_store,
    failover: *mut ddi_failover,
    address: ddi_ipv4,
    answered: u32,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        run(server, now, store, failover, |engine, now, store, authority| {
            let answered = slice::flag(answered, "answered")?;
            engine.server.handle_ping(now, store, authority, address.into(), answered);
            Ok(DDI_OK)
        })
    }
}

/// An operator releases a lease: what an accepted RELEASE does to it; `*version` is what wrote it. `DDI_IDLE` if it is not
/// ACTIVE, or the failover partner has to agree first. The store's error if it refuses.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no key), `DDI_E_CONFLICT`, `DDI_E_LIMIT`, `DDI_E_STOPPED`, `DDI_E_STORE`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp_server_release(
    server: *mut ddi_dhcp_server,
    now: *const ddi_now,
    store: *mut ddi_store,
    failover: *mut ddi_failover,
    key: *const ddi_lease_key,
    version: *mut u64,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        run(server, now, store, failover, |engine, now, store, authority| {
            let (key, version) = (ddi_lease_key::read(key, "key")?, Out::new(version, "version")?);
            let Some(lsn) = engine.server.release(now, store, authority, key)? else { return Ok(DDI_IDLE) };
            version.set(lsn.0);
            Ok(DDI_OK)
        })
    }
}

/// The next reply that may leave: `*len` bytes to `buf`, and where to. `DDI_IDLE` if there is none now; `DDI_E_BUFFER` if
/// `cap` is below `DDI_DHCP_MAX_REPLY`, whatever the reply's length.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (struct_size), `DDI_E_BUFFER`, `DDI_E_STORE`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp_server_poll_transmit(
    server: *mut ddi_dhcp_server,
    store: *mut ddi_store,
    transmit: *mut ddi_dhcp_transmit,
    buf: *mut u8,
    cap: usize,
    len: *mut usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(server, |engine| {
            let (out, mut buffer) = (OutSized::new(transmit)?, Buffer::new(buf, cap, len)?);
            if buffer.cap() < MAX_REPLY {
                return Err(buffer.too_short(MAX_REPLY));
            }
            let polled = store::with(store, |store| Ok(engine.server.poll_transmit(store, buffer.room())))?;
            let Some(transmit) = polled else { return Ok(DDI_IDLE) };
            buffer.filled(transmit.len);
            out.set(&of_transmit(&transmit));
            Ok(DDI_OK)
        })
    }
}

/// The next event; a name in it has `*len` bytes, to `buf` (256 are always enough). `DDI_IDLE` if there is none;
/// `DDI_E_BUFFER` if `cap` is less than `*len`: the event stays.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (struct_size), `DDI_E_BUFFER`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp_server_poll_event(
    server: *mut ddi_dhcp_server,
    event: *mut ddi_dhcp_event,
    buf: *mut u8,
    cap: usize,
    len: *mut usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(server, |engine| {
            let (out, mut buffer) = (OutSized::new(event)?, Buffer::new(buf, cap, len)?);
            let Some(event) = engine.waiting.take().or_else(|| engine.server.poll_event()) else {
                return Ok(DDI_IDLE);
            };
            if let Err(failure) = buffer.put(name_in(&event)) {
                engine.waiting = Some(event);
                return Err(failure);
            }
            out.set(&of_event(&event));
            Ok(DDI_OK)
        })
    }
}

/// When to call `ddi_dhcp_server_handle_timeout`, on the clock of `ddi_now.instant_ms`. `DDI_IDLE`: not needed.
///
/// Errors: `DDI_E_NULL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp_server_poll_timeout(
    server: *const ddi_dhcp_server,
    instant_ms: *mut u64,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(server, |engine| {
            let out = Out::new(instant_ms, "instant_ms")?;
            let Some(at) = engine.server.poll_timeout() else { return Ok(DDI_IDLE) };
            out.set(at.0);
            Ok(DDI_OK)
        })
    }
}

/// What the server has seen and done since it was made, from `index` 0 on; `DDI_IDLE` after the last. `*name` is such as
/// "acks" or "malformed" (a reason for which datagrams were dropped). Borrowed until the server is freed.
///
/// Errors: `DDI_E_NULL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp_server_counter(
    server: *const ddi_dhcp_server,
    index: u32,
    name: *mut *const c_char,
    value: *mut u64,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(server, |engine| {
            let (name_out, value_out) = (Out::new(name, "name")?, Out::new(value, "value")?);
            let name = engine.counter_names.get(index as usize);
            let count = engine.server.counters().iter().nth(index as usize);
            let (Some(name), Some((_, count))) = (name, count) else { return Ok(DDI_IDLE) };
            name_out.set(name.as_ptr());
            value_out.set(count);
            Ok(DDI_OK)
        })
    }
}

/// How many offers wait for their clients' answers, of `DDI_DHCP_MAX_OFFERS` at the most. 0 for NULL and for a poisoned
/// handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp_server_offers(server: *const ddi_dhcp_server) -> usize {
    // SAFETY: the header's contract.
    unsafe { guard::value_or(server, 0, |engine| engine.server.offers()) }
}

/// A call of the engine with all that it needs.
///
/// # Safety
/// As the header demands of the handles.
unsafe fn run(
    server: *mut ddi_dhcp_server,
    now: *const ddi_now,
    store: *mut ddi_store,
    failover: *mut ddi_failover,
    f: impl FnOnce(&mut Engine, Now, &mut dyn LeaseStore, &dyn Authority) -> Result<ddi_status, Failure>,
) -> ddi_status {
    // SAFETY: as promised.
    unsafe {
        guard::exclusive(server, |engine| {
            let now = ddi_now::read(now)?;
            world::with(now, store, failover, |store, authority| f(engine, now, store, authority))
        })
    }
}

fn of_transmit(transmit: &Transmit) -> ddi_dhcp_transmit {
    let mut out = ddi_dhcp_transmit {
        struct_size: size_of::<ddi_dhcp_transmit>() as u32,
        kind: DDI_DHCP_TO_BROADCAST,
        interface: transmit.interface,
        from: transmit.from.map(ddi_ipv4::from).unwrap_or_default(),
        to: ddi_ipv4 { bytes: [255; 4] },
        port: 0,
        pad: 0,
        hw_addr: ddi_hw_addr::default(),
    };
    match transmit.to {
        Destination::Broadcast { port } => out.port = port,
        Destination::LinkLayer { addr, hw_addr, port } => {
            (out.kind, out.to, out.port) = (DDI_DHCP_TO_LINK_LAYER, addr.into(), port);
            out.hw_addr = hw_addr.into();
        }
        Destination::Unicast(to) => {
            (out.kind, out.to, out.port) = (DDI_DHCP_TO_UNICAST, (*to.ip()).into(), to.port());
        }
    }
    out
}

const _: () = assert!(DDI_DHCP_MAX_REPLY == MAX_REPLY);
