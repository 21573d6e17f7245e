//! Many to one: the relationships of a server, each with its own pools, state and connection. One server can be
//! the standby of many.

mod routing;

use std::collections::{BTreeMap, VecDeque};

use ddi_core::authority::{Grant, Permission, Question, Service};
use ddi_core::db::PoolConfig;
use ddi_core::{
    Authority, BindingState, FreeKind, Instant, Lease, LeaseKey, LeaseStore, Now, PoolId, Standalone,
};

use crate::endpoint::{CommandRefused, Config, ConfigError, Endpoint, Event, LinkEnd, LinkId, Start};
use crate::state::Command;

pub use routing::STRANGERS_MAX;
use routing::{Routed, Stranger};

/// Which relationship: its place in the configuration.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[allow(clippy::exhaustive_structs, reason = "a plain number")]
pub struct RelationshipId(pub usize);

/// All relationships of a server. Inputs and outputs are those of [`Endpoint`].
///
/// An accepted connection belongs to the relationship that its CONNECT names. Where this server is the primary
/// there, it has to speak first, so that the host must say whose connection it is (by its source address).
#[derive(Clone, Debug)]
pub struct Relationships {
    list: Vec<Endpoint>,
    links: BTreeMap<LinkId, usize>,
    /// Accepted connections that have not said yet where they belong, or must not go on.
    strangers: Vec<Stranger>,
    /// Ranges of all pools, by address space and first address.
    ranges: Vec<Range>,
    by_pool: BTreeMap<PoolId, usize>,
    events: VecDeque<(LinkId, LinkEnd)>,
    next: usize,
    latest: Now,
}

#[derive(Clone, Copy, Debug)]
struct Range {
    space: u32,
    first: u32,
    last: u32,
    relationship: usize,
}

impl Relationships {
    /// All of them, each with what is there from before.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names the relationships and pools that can't be together.
    pub fn new(now: Now, configs: Vec<(Config, Start<'_>)>) -> Result<Self, ConfigError> {
        check(&configs.iter().map(|(config, _)| config).collect::<Vec<_>>())?;
        let list = configs
            .into_iter()
            .map(|(config, start)| Endpoint::new(now, config, start))
            .collect::<Result<Vec<_>, _>>()?;
        let mut all = Self {
            list,
            links: BTreeMap::new(),
            strangers: Vec::new(),
            ranges: Vec::new(),
            by_pool: BTreeMap::new(),
            events: VecDeque::new(),
            next: 0,
            latest: now,
        };
        all.index();
        Ok(all)
    }

    /// The one of this name.
    #[must_use]
    pub fn find(&self, name: &[u8]) -> Option<RelationshipId> {
        self.list.iter().position(|endpoint| endpoint.config().name == name).map(RelationshipId)
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, id: RelationshipId) -> Option<&Endpoint> {
        self.list.get(id.0)
    }

    /// All of them, in the order of the configuration.
    pub fn iter(&self) -> impl Iterator<Item = (RelationshipId, &Endpoint)> {
        self.list.iter().enumerate().map(|(at, endpoint)| (RelationshipId(at), endpoint))
    }

    /// The pools of one relationship in place of those before.
    ///
    /// # Errors
    ///
    /// [`ConfigError`]; then the old ones stay.
    pub fn set_pools(&mut self, id: RelationshipId, pools: &[PoolConfig]) -> Result<(), ConfigError> {
        let mut configs: Vec<Config> = self.list.iter().map(|endpoint| endpoint.config().clone()).collect();
        if let Some(config) = configs.get_mut(id.0) {
            config.pools = pools.to_vec();
        }
        check(&configs.iter().collect::<Vec<_>>())?;
        if let Some(endpoint) = self.list.get_mut(id.0) {
            endpoint.set_pools(pools)?;
        }
        self.index();
        Ok(())
    }

    /// The pools of all relationships, in the order of the configuration, in place of those before: a pool may
    /// go from one to another. Where nothing has changed nothing is done.
    ///
    /// # Errors
    ///
    /// [`ConfigError`]; if it is about two relationships, the old ones stay.
    pub fn set_all_pools(&mut self, pools: &[&[PoolConfig]]) -> Result<(), ConfigError> {
        let mut configs: Vec<Config> = self.list.iter().map(|endpoint| endpoint.config().clone()).collect();
        for (config, pools) in configs.iter_mut().zip(pools) {
            config.pools = pools.to_vec();
        }
        check(&configs.iter().collect::<Vec<_>>())?;
        for (endpoint, pools) in self.list.iter_mut().zip(pools) {
            if endpoint.config().pools != *pools {
                endpoint.set_pools(pools)?;
            }
        }
        self.index();
        Ok(())
    }

    /// See [`Endpoint::handle_dialled`].
    pub fn handle_dialled(&mut self, now: Now, id: RelationshipId, link: LinkId) {
        if let Some(endpoint) = self.list.get_mut(id.0) {
            self.links.insert(link, id.0);
            endpoint.handle_dialled(now, link);
        }
    }

    /// See [`Endpoint::handle_dial_failed`].
    pub fn handle_dial_failed(&mut self, now: Now, id: RelationshipId) {
        if let Some(endpoint) = self.list.get_mut(id.0) {
            endpoint.handle_dial_failed(now);
        }
    }

    /// Somebody has connected. `id`: whose partner it is, if its source address tells.
    pub fn handle_accepted(&mut self, now: Now, id: Option<RelationshipId>, link: LinkId) {
        self.latest = now;
        match id.and_then(|id| self.list.get_mut(id.0).map(|endpoint| (id, endpoint))) {
            Some((id, endpoint)) => {
                self.links.insert(link, id.0);
                endpoint.handle_accepted(now, link);
            }
            None => self.on_stranger(link),
        }
    }

    /// See [`Endpoint::handle_bytes`].
    ///
    /// # Errors
    ///
    /// [`LinkEnd`]: nothing more is taken from this connection.
    pub fn handle_bytes<S: LeaseStore + ?Sized>(
        &mut self,
        now: Now,
        store: &mut S,
        link: LinkId,
        bytes: &[u8],
    ) -> Result<(), LinkEnd> {
        self.latest = now;
        if let Some(endpoint) = self.links.get(&link).and_then(|at| self.list.get_mut(*at)) {
            return endpoint.handle_bytes(now, store, link, bytes);
        }
        match self.route(link, bytes) {
            Routed::Waits => Ok(()),
            Routed::Ends(why) => Err(why),
            Routed::To(at, said) => {
                self.links.insert(link, at);
                let Some(endpoint) = self.list.get_mut(at) else { return Err(LinkEnd::Closed) };
                endpoint.handle_accepted(now, link);
                endpoint.handle_bytes(now, store, link, &said)
            }
        }
    }

    /// See [`Endpoint::handle_closed`].
    pub fn handle_closed<S: LeaseStore + ?Sized>(&mut self, now: Now, store: &mut S, link: LinkId) {
        if let Some(endpoint) = self.links.remove(&link).and_then(|at| self.list.get_mut(at)) {
            endpoint.handle_closed(now, store, link);
        }
        self.forget_stranger(link);
    }

    /// See [`Endpoint::handle_timeout`].
    pub fn handle_timeout<S: LeaseStore + ?Sized>(&mut self, now: Now, store: &mut S) {
        self.latest = now;
        self.end_strangers();
        for endpoint in &mut self.list {
            if endpoint.poll_timeout().is_some_and(|at| at <= now.instant) {
                endpoint.handle_timeout(now, store);
            }
        }
    }

    /// See [`Endpoint::handle_lease_changed`]. A lease of no relationship is nobody's business.
    pub fn handle_lease_changed<S: LeaseStore + ?Sized>(&mut self, now: Now, store: &mut S, key: LeaseKey) {
        if let Some(endpoint) = self.place(key).and_then(|at| self.list.get_mut(at)) {
            endpoint.handle_lease_changed(now, store, key);
        }
    }

    /// See [`Endpoint::handle_leases_changed`]. Those that are one after the other of one relationship are told
    /// to it together.
    pub fn handle_leases_changed<S: LeaseStore + ?Sized>(
        &mut self,
        now: Now,
        store: &mut S,
        keys: &[LeaseKey],
    ) {
        let mut rest = keys;
        while let Some(first) = rest.first() {
            let place = self.place(*first);
            let same = rest.iter().take_while(|key| self.place(**key) == place).count();
            let (together, later) = rest.split_at(same);
            if let Some(endpoint) = place.and_then(|at| self.list.get_mut(at)) {
                endpoint.handle_leases_changed(now, store, together);
            }
            rest = later;
        }
    }

    /// See [`Endpoint::handle_command`].
    ///
    /// # Errors
    ///
    /// [`CommandRefused`].
    pub fn handle_command<S: LeaseStore + ?Sized>(
        &mut self,
        now: Now,
        store: &mut S,
        id: RelationshipId,
        command: Command,
    ) -> Result<(), CommandRefused> {
        match self.list.get_mut(id.0) {
            Some(endpoint) => endpoint.handle_command(now, store, command),
            None => Ok(()),
        }
    }

    /// See [`Endpoint::handle_saved`].
    pub fn handle_saved(&mut self, id: RelationshipId, number: u64) {
        if let Some(endpoint) = self.list.get_mut(id.0) {
            endpoint.handle_saved(number);
        }
    }

    /// See [`Endpoint::poll_transmit`].
    pub fn poll_transmit<S: LeaseStore + ?Sized>(
        &mut self,
        store: &S,
        link: LinkId,
        buffer: &mut [u8],
    ) -> Option<usize> {
        match self.links.get(&link).and_then(|at| self.list.get_mut(*at)) {
            Some(endpoint) => endpoint.poll_transmit(store, link, buffer),
            None => self.transmit_stranger(link, buffer),
        }
    }

    /// See [`Endpoint::is_calm`]; false if the connection is of no relationship yet.
    #[must_use]
    pub fn is_calm(&self, link: LinkId) -> bool {
        self.links.get(&link).and_then(|at| self.list.get(*at)).is_some_and(|one| one.is_calm(link))
    }

    /// The next event, and whose it is; a connection that belongs to no relationship has none.
    pub fn poll_event(&mut self) -> Option<(Option<RelationshipId>, Event)> {
        if let Some((link, why)) = self.events.pop_front() {
            return Some((None, Event::Close { link, why }));
        }
        // In turn, so that a busy one does not hide the others.
        for step in 0..self.list.len() {
            let at = (self.next + step) % self.list.len();
            if let Some(event) = self.list.get_mut(at).and_then(Endpoint::poll_event) {
                self.next = at + 1;
                return Some((Some(RelationshipId(at)), event));
            }
        }
        None
    }

    /// See [`Endpoint::poll_timeout`].
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.list.iter().filter_map(Endpoint::poll_timeout).chain(self.stranger_timeout()).min()
    }

    /// Connections that the relationships have, or that are waiting to belong to one.
    pub fn links(&self) -> impl Iterator<Item = LinkId> {
        self.links.keys().copied().chain(self.strangers.iter().map(|stranger| stranger.id))
    }

    fn index(&mut self) {
        self.ranges.clear();
        self.by_pool.clear();
        for (relationship, endpoint) in self.list.iter().enumerate() {
            for pool in &endpoint.config().pools {
                let (first, last) = (pool.first.into(), pool.last.into());
                self.ranges.push(Range { space: pool.space, first, last, relationship });
                self.by_pool.insert(pool.id, relationship);
            }
        }
        self.ranges.sort_by_key(|range| (range.space, range.first));
    }

    fn place(&self, key: LeaseKey) -> Option<usize> {
        let addr = u32::from(key.as_v4()?);
        let after = self.ranges.partition_point(|range| (range.space, range.first) <= (key.space, addr));
        let range = self.ranges.get(after.checked_sub(1)?)?;
        (range.space == key.space && addr <= range.last).then_some(range.relationship)
    }

    fn of_lease(&self, lease: &Lease) -> &dyn Authority {
        self.place(lease.key).and_then(|at| self.list.get(at)).map_or(&Standalone, |endpoint| endpoint)
    }

    fn of_pool(&self, pool: PoolId) -> &dyn Authority {
        self.by_pool.get(&pool).and_then(|at| self.list.get(*at)).map_or(&Standalone, |endpoint| endpoint)
    }
}

/// What two relationships must not share.
fn check(configs: &[&Config]) -> Result<(), ConfigError> {
    let text = |config: &Config| String::from_utf8_lossy(&config.name).into_owned();
    for (at, one) in configs.iter().enumerate() {
        for other in configs.iter().skip(at + 1) {
            if one.name == other.name {
                return Err(ConfigError::Twice { name: text(one) });
            }
            if one.relationship == other.relationship {
                let (number, one, other) = (one.relationship, text(one), text(other));
                return Err(ConfigError::Number { one, other, number });
            }
            let shares = |pool: &&PoolConfig| {
                other.pools.iter().any(|known| {
                    known.id == pool.id
                        || known.space == pool.space && known.first <= pool.last && pool.first <= known.last
                })
            };
            if let Some(pool) = one.pools.iter().find(shares) {
                return Err(ConfigError::PoolShared { pool: pool.id, one: text(one), other: text(other) });
            }
        }
    }
    Ok(())
}

impl Authority for Relationships {
    fn serves(&self, now: Now, question: Question<'_>) -> Service {
        match (question.pool, self.list.as_slice()) {
            (Some(pool), _) => self.of_pool(pool).serves(now, question),
            // A subnet without pools: the only relationship there is may have its reservations.
            (None, [only]) => only.serves(now, question),
            (None, _) => Standalone.serves(now, question),
        }
    }

    fn may_bind(&self, now: Now, lease: &Lease, pool: Option<PoolId>, same_client: bool) -> Permission {
        self.of_lease(lease).may_bind(now, lease, pool, same_client)
    }

    fn free_kinds(&self, now: Now, pool: PoolId) -> &[FreeKind] {
        self.of_pool(pool).free_kinds(now, pool)
    }

    fn grant(&self, now: Now, lease: &Lease, desired_seconds: u32) -> Grant {
        self.of_lease(lease).grant(now, lease, desired_seconds)
    }

    fn ended(&self, now: Now, lease: &Lease, released: bool) -> Option<BindingState> {
        self.of_lease(lease).ended(now, lease, released)
    }
}
