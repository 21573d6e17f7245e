//! The engine: inputs in, replies and events out.

use crate::server::ask::{Ask, AskScratch, Joined, Sender};
use crate::server::config::Config;
use crate::server::error::ConfigError;
use crate::server::events::Events;
use crate::server::flood::Buckets;
use crate::server::hash::Keyed;
use crate::server::io::{Conflict, Counters, Dropped, Event, Received, Transmit};
use crate::server::offer::Offers;
use crate::server::ping::{MAX_PING_TRIES, Ping, Pings};
use crate::server::plan::Plan;
use crate::server::queue::Replies;
use crate::server::reply::ReplyScratch;
use crate::server::rules::Message;
use crate::server::standing::{belongs_to, key_of};
use crate::server::sweep::Sweep;
use crate::server::v4::Exhaustion;
use crate::v4::{Packet, RelayInfo};
use ddi_core::db::PoolConfig;
use ddi_core::{Authority, BindingState, Instant, Lease, LeaseKey, LeaseStore, Lsn, Now, StoreError};
use std::net::Ipv4Addr;
use std::sync::Arc;

/// How long reclaiming rests when there is nothing that it could reclaim.
const RECLAIM_PAUSE_MILLIS: u64 = 1000;

/// A DHCPv4 server without sockets, clock or disk.
///
/// After any `handle_*` or [`release`](Self::release): drain [`poll_transmit`](Self::poll_transmit),
/// then [`poll_event`](Self::poll_event), then read [`poll_timeout`](Self::poll_timeout). Not draining
/// loses no lease; it delays, and when a queue is full, datagrams are dropped and counted before
/// anything is promised. `now` never goes back: an earlier instant is taken as the latest seen.
///
/// A reply that promises a lease is handed out only when the lease is durable: call
/// [`poll_transmit`](Self::poll_transmit) again after each commit of the store.
///
/// The pools must be known to the store too: give it [`Server::pools`] after [`Server::new`] and after
/// each [`set_config`](Self::set_config).
#[derive(Debug)]
pub struct Server {
    pub(crate) plan: Arc<Plan>,
    pub(crate) keyed: Keyed,
    pub(crate) counters: Counters,
    pub(crate) offers: Offers,
    pub(crate) pings: Pings,
    pub(crate) events: Events,
    pub(crate) replies: Replies,
    pub(crate) exhaustion: Vec<Exhaustion>,
    pub(crate) reclaim_window: usize,
    clients: Buckets,
    relays: Buckets,
    latest: Instant,
    /// When expired leases are to be looked for.
    reclaim_at: Option<Instant>,
    reclaim_not_before: Instant,
    /// The search for leases that wait for no partner.
    pub(crate) sweep: Option<Sweep>,
    /// Holds of offers that a new configuration made impossible.
    to_release: Vec<LeaseKey>,
    // What follows is scratch, kept so that nothing is allocated for each packet.
    pub(crate) lease: Lease,
    pub(crate) other: Lease,
    pub(crate) found: Vec<LeaseKey>,
    pub(crate) fqdn: Vec<u8>,
    pub(crate) reply: ReplyScratch,
    joined: Option<Box<Joined>>,
    ask: AskScratch,
    stash: Vec<u8>,
}

/// What an input is handled with.
pub(crate) struct World<'w> {
    pub(crate) now: Now,
    pub(crate) store: &'w mut dyn LeaseStore,
    pub(crate) authority: &'w dyn Authority,
}

impl Server {
    /// A server with this configuration. The seed keys its hash tables; the same seed and the same
    /// calls give the same bytes.
    ///
    /// # Errors
    /// If the configuration can't be served.
    pub fn new(config: Config, seed: u64) -> Result<Self, ConfigError> {
        let plan = Plan::new(config)?;
        let keyed = Keyed::new(seed);
        Ok(Self {
            keyed,
            counters: Counters::default(),
            offers: Offers::new(keyed),
            pings: Pings::default(),
            events: Events::default(),
            replies: Replies::default(),
            exhaustion: vec![Exhaustion::default(); plan.subnets.len()],
            reclaim_window: 0,
            clients: Buckets::new(plan.config.client_rate),
            relays: Buckets::new(plan.config.relay_rate),
            latest: Instant::default(),
            reclaim_at: Some(Instant::default()),
            reclaim_not_before: Instant::default(),
            sweep: Some(Sweep::default()),
            to_release: Vec::new(),
            lease: Lease::default(),
            other: Lease::default(),
            found: Vec::new(),
            fqdn: Vec::new(),
            reply: ReplyScratch::default(),
            joined: None,
            ask: AskScratch::default(),
            stash: Vec::new(),
            plan: Arc::new(plan),
        })
    }

    /// Changes the configuration. Leases stay; offers stay if they are still possible.
    ///
    /// # Errors
    /// If it can't be served; then the old one stays.
    pub fn set_config(&mut self, now: Now, config: Config) -> Result<(), ConfigError> {
        let plan = Plan::new(config)?;
        self.latest = self.latest.max(now.instant);
        let space = plan.config.space;
        let possible = |address| {
            space == self.plan.config.space
                && (plan.pool_of(address).is_some() || plan.reservation_at(address).is_some())
        };
        let gone: Vec<_> = self.offers.iter().map(|(address, _)| address).filter(|&a| !possible(a)).collect();
        for address in gone {
            self.offers.remove(address);
            self.pings.take(address);
            self.to_release.push(key_of(&self.plan, address));
        }
        self.offers.renumber_links(|address| {
            plan.subnet_of(address).map_or(u32::MAX, |subnet| plan.subnets[subnet as usize].link)
        });
        self.exhaustion = vec![Exhaustion::default(); plan.subnets.len()];
        self.clients.set_rate(plan.config.client_rate);
        self.relays.set_rate(plan.config.relay_rate);
        self.sweep = Some(Sweep::default());
        self.plan = Arc::new(plan);
        Ok(())
    }

    /// The configuration in force.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.plan.config
    }

    /// The pools, for the store to allocate from; numbered by their places in the configuration.
    #[must_use]
    pub fn pools(&self) -> Vec<PoolConfig> {
        self.plan.store_pools()
    }

    /// A datagram came in.
    pub fn handle_datagram<S, A>(
        &mut self,
        now: Now,
        mut store: &mut S,
        authority: &A,
        received: &Received<'_>,
    ) where
        S: LeaseStore + ?Sized,
        A: Authority + ?Sized,
    {
        let mut world = World { now: self.advance(now), store: &mut store, authority: &authority };
        self.release_gone(&mut world);
        self.counters.received += 1;
        let handled = if self.replies.is_full() || self.events.is_full() {
            Err(Dropped::QueueFull)
        } else {
            self.on_datagram(&mut world, received, 0)
        };
        self.count(handled, received);
        self.arm(&world);
    }

    /// Time passed: offers lapse, leases expire, quarantines end. No-op when early. Leases are
    /// reclaimed in slices: if there are more, [`poll_timeout`](Self::poll_timeout) is at once due.
    pub fn handle_timeout<S, A>(&mut self, now: Now, mut store: &mut S, authority: &A)
    where
        S: LeaseStore + ?Sized,
        A: Authority + ?Sized,
    {
        let mut world = World { now: self.advance(now), store: &mut store, authority: &authority };
        self.release_gone(&mut world);
        let plan = Arc::clone(&self.plan);
        while !self.replies.is_full() && !self.events.is_full() {
            let Some(ping) = self.pings.take_late(world.now.instant) else { break };
            self.on_ping(&mut world, &plan, &ping, false);
        }
        while let Some((address, expires)) = self.offers.oldest()
            && expires <= world.now.instant
        {
            self.counters.offers_lapsed += 1;
            self.end_offer(&mut world, &plan, address);
        }
        if self.reclaim_at.is_some_and(|at| at <= world.now.instant) && !self.reclaim(&mut world) {
            self.reclaim_not_before = world.now.instant.plus_millis(RECLAIM_PAUSE_MILLIS);
        }
        self.sweep(&mut world);
        self.arm(&world);
    }

    /// The answer to an [`Event::Ping`]: did anything answer? Of no effect if it comes too late.
    pub fn handle_ping<S, A>(
        &mut self,
        now: Now,
        mut store: &mut S,
        authority: &A,
        address: Ipv4Addr,
        answered: bool,
    ) where
        S: LeaseStore + ?Sized,
        A: Authority + ?Sized,
    {
        let mut world = World { now: self.advance(now), store: &mut store, authority: &authority };
        self.release_gone(&mut world);
        let plan = Arc::clone(&self.plan);
        if let Some(ping) = self.pings.take(address) {
            self.on_ping(&mut world, &plan, &ping, answered);
        }
        self.arm(&world);
    }

    /// An operator releases a lease: what an accepted RELEASE does to it. `Ok(None)` if it is not
    /// ACTIVE, or the authority leaves it as it is.
    ///
    /// # Errors
    /// If the store refuses.
    pub fn release<S, A>(
        &mut self,
        now: Now,
        mut store: &mut S,
        authority: &A,
        key: LeaseKey,
    ) -> Result<Option<Lsn>, StoreError>
    where
        S: LeaseStore + ?Sized,
        A: Authority + ?Sized,
    {
        let mut world = World { now: self.advance(now), store: &mut store, authority: &authority };
        let mut lease = std::mem::take(&mut self.lease);
        let active = world.store.get_into(key, &mut lease) && lease.state == BindingState::Active;
        let released = if active { self.end(&mut world, &mut lease) } else { Ok(None) };
        self.lease = lease;
        self.arm(&world);
        released
    }

    /// The next reply, written to `buffer` ([`MAX_REPLY`](crate::server::MAX_REPLY) bytes are always
    /// enough; a reply that does not fit stays queued).
    pub fn poll_transmit<S: LeaseStore + ?Sized>(
        &mut self,
        store: &S,
        buffer: &mut [u8],
    ) -> Option<Transmit> {
        let transmit = self.replies.pop(store.durable(), buffer)?;
        self.counters.transmitted += 1;
        Some(transmit)
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout).
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let offer = self.offers.oldest().map(|(_, expires)| expires);
        let sweep = self.sweep.map(|_| self.latest);
        [offer, self.pings.deadline(), self.reclaim_at, sweep].into_iter().flatten().min()
    }

    /// What was seen and done.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// How many offers are out.
    #[must_use]
    pub fn offers(&self) -> usize {
        self.offers.len()
    }

    fn advance(&mut self, now: Now) -> Now {
        self.latest = self.latest.max(now.instant);
        Now { instant: self.latest, unix: now.unix }
    }

    fn release_gone(&mut self, world: &mut World<'_>) {
        for key in self.to_release.drain(..) {
            world.store.release_hold(key);
        }
    }

    /// Sets the timers for leases that are to become free.
    fn arm(&mut self, world: &World<'_>) {
        let now = world.now;
        self.aim_sweep(world);
        self.reclaim_at = world
            .store
            .next_expiration()
            .filter(|&at| at != ddi_core::UnixTime::NEVER)
            .map(|at| now.instant.plus_secs(at.secs_since(now.unix)).max(self.reclaim_not_before));
    }

    fn count(&mut self, handled: Result<(), Dropped>, received: &Received<'_>) {
        let Err(why) = handled else { return };
        self.counters.count_dropped(why);
        let event = Event::Dropped { why, interface: received.interface, from: received.from };
        if !self.events.push_minor(event) {
            self.counters.events_lost += 1;
        }
    }

    /// Ends an offer without a lease.
    pub(crate) fn end_offer(&mut self, world: &mut World<'_>, plan: &Plan, address: Ipv4Addr) {
        if self.offers.remove(address) {
            self.pings.take(address);
            world.store.release_hold(key_of(plan, address));
        }
    }

    fn on_ping(&mut self, world: &mut World<'_>, plan: &Plan, ping: &Ping, answered: bool) {
        let received = ping.received();
        if answered {
            let mut lease = std::mem::take(&mut self.lease);
            world.store.get_into(key_of(plan, ping.address), &mut lease);
            self.offers.remove(ping.address);
            if self.quarantine(world, plan, &mut lease, Conflict::PingAnswered).is_err() {
                world.store.release_hold(lease.key);
            }
            self.lease = lease;
        }
        let handled = if (answered && ping.tries >= MAX_PING_TRIES) || self.replies.is_full() {
            Err(Dropped::NoAddress)
        } else {
            self.on_datagram(world, &received, ping.tries)
        };
        self.count(handled, &received);
    }

    /// Parses, and puts the scratch aside that the message borrows from.
    fn on_datagram(
        &mut self,
        world: &mut World<'_>,
        received: &Received<'_>,
        tries: u8,
    ) -> Result<(), Dropped> {
        let packet = Packet::parse(received.bytes).map_err(|_| Dropped::Malformed)?;
        self.counters.bad_options += packet.bad_option_count() as u64;
        let plan = Arc::clone(&self.plan);
        let mut joined = self.joined.take().unwrap_or_default();
        let mut scratch = std::mem::take(&mut self.ask);
        let mut stash = std::mem::take(&mut self.stash);
        let mut lease = std::mem::take(&mut self.lease);
        let handled = Sender::new(&plan, &packet, received, &mut joined).and_then(|sender| {
            if tries == 0 {
                self.admit(world, &sender, received)?;
            }
            let stash = self.stashed(world, &plan, &sender, &mut lease, &mut stash);
            let ask = Ask::new(&plan, sender, received, stash, &mut scratch)?;
            self.on_message(world, &plan, &ask, &mut lease, tries)
        });
        (self.joined, self.ask, self.stash, self.lease) = (Some(joined), scratch, stash, lease);
        handled
    }

    /// Counts the message, and lets it in if its client and relay have not sent too much.
    fn admit(
        &mut self,
        world: &World<'_>,
        sender: &Sender<'_>,
        received: &Received<'_>,
    ) -> Result<(), Dropped> {
        let counters = &mut self.counters;
        *match sender.message {
            Message::Discover | Message::DiscoverRapid | Message::DiscoverV6Only => &mut counters.discovers,
            Message::Selecting | Message::InitReboot | Message::Renewing | Message::Rebinding => {
                &mut counters.requests
            }
            Message::Decline => &mut counters.declines,
            Message::Release => &mut counters.releases,
            Message::Inform => &mut counters.informs,
            Message::Bootp => &mut counters.bootps,
        } += 1;
        let giaddr = sender.packet.giaddr();
        if self.relays.is_on() {
            let link = if giaddr.is_unspecified() { Ipv4Addr::from(received.interface) } else { giaddr };
            if !self.relays.take(self.keyed.of_addr(link), world.now.instant) {
                return Err(Dropped::RelayFlood);
            }
        }
        if self.clients.is_on() {
            let hw_addr = &sender.client.hw_addr;
            let id = if hw_addr.is_empty() { sender.client.client_id } else { &[] };
            if !self.clients.take(self.keyed.of_client(giaddr.into(), id, hw_addr), world.now.instant) {
                return Err(Dropped::ClientFlood);
            }
        }
        Ok(())
    }

    /// What a relay said of a client that now writes without one: it is in its lease.
    fn stashed<'s>(
        &self,
        world: &World<'_>,
        plan: &Plan,
        sender: &Sender<'_>,
        lease: &mut Lease,
        stash: &'s mut Vec<u8>,
    ) -> Option<RelayInfo<'s>> {
        let packet = sender.packet;
        let direct = packet.giaddr().is_unspecified() && sender.relay.is_none();
        if !direct || !sender.unicast || packet.ciaddr().is_unspecified() {
            return None;
        }
        let known = world.store.get_into(key_of(plan, packet.ciaddr()), lease);
        if !known || lease.relay_agent_info.is_empty() || !belongs_to(lease, &sender.client) {
            return None;
        }
        stash.clear();
        stash.extend_from_slice(&lease.relay_agent_info);
        Some(RelayInfo::new(stash))
    }
}
