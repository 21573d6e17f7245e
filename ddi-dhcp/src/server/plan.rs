//! The configuration, checked, and laid out for look-ups: a packet never walks a list of subnets,
//! reservations or classes.

use crate::server::config::{Config, LeaseTimes, Params, ReservedFor};
use crate::server::error::{ConfigError, ConfigFault, Place};
use crate::server::hash::Keyed;
use crate::server::plan::classes::ClassIndex;
use ddi_core::{PoolId, db::PoolConfig};
use hashbrown::HashTable;
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

mod check;
pub(crate) mod classes;

/// The keys are the configuration's, not the network's, so no secret is needed.
const UNKEYED: Keyed = Keyed::new(0);

/// An index into [`Plan::subnets`].
pub(crate) type SubnetIndex = u32;

/// A checked configuration.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) config: Config,
    pub(crate) subnets: Vec<PlanSubnet>,
    /// Index = [`PoolId`].
    pub(crate) pools: Vec<PlanPool>,
    pub(crate) reservations: Vec<PlanReservation>,
    pub(crate) classes: Vec<PlanClass>,
    pub(crate) class_index: ClassIndex,
    pub(crate) merged: Vec<Merged>,
    /// Subnets by link: those of one shared network together.
    pub(crate) links: Vec<Vec<SubnetIndex>>,
    by_prefix: Vec<(u32, u32, SubnetIndex)>,
    by_range: Vec<(u32, u32, u32)>,
    /// Ranges in order, apart; their subnets.
    excluded: Vec<(u32, u32, SubnetIndex)>,
    by_relay: BTreeMap<Ipv4Addr, SubnetIndex>,
    by_interface: BTreeMap<u32, PlanLink>,
    by_address: HashTable<u32>,
    by_client: HashTable<u32>,
    own: BTreeSet<Ipv4Addr>,
}

#[derive(Debug)]
pub(crate) struct PlanSubnet {
    pub(crate) id: u32,
    pub(crate) prefix: ipnet::Ipv4Net,
    pub(crate) link: u32,
    pub(crate) lease: LeaseTimes,
    pub(crate) pools: Vec<u32>,
    pub(crate) merged: u32,
    pub(crate) v6_only: Option<u32>,
}

#[derive(Debug)]
pub(crate) struct PlanPool {
    pub(crate) subnet: SubnetIndex,
    pub(crate) first: Ipv4Addr,
    pub(crate) last: Ipv4Addr,
    classes: Vec<u32>,
    pub(crate) merged: u32,
    pub(crate) v6_only: Option<u32>,
}

impl PlanPool {
    /// May a client of these classes (in order) have an address here?
    pub(crate) fn admits(&self, classes: &[u32]) -> bool {
        self.classes.is_empty() || self.classes.iter().any(|class| classes.contains(class))
    }
}

#[derive(Debug)]
pub(crate) struct PlanReservation {
    /// As `client_key` makes it.
    key: Vec<u8>,
    pub(crate) address: Ipv4Addr,
    pub(crate) hostname: Vec<u8>,
    pub(crate) params: Params,
}

#[derive(Debug)]
pub(crate) struct PlanClass {
    pub(crate) params: Params,
    pub(crate) lease: Option<LeaseTimes>,
}

/// The server's place on a link.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlanLink {
    pub(crate) subnet: Option<SubnetIndex>,
    pub(crate) address: Option<Ipv4Addr>,
}

/// Global, subnet and pool parameters laid over each other.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Merged {
    pub(crate) params: Params,
}

impl Merged {
    fn over(&self, params: &Params) -> Self {
        let mut all = self.params.clone();
        for (code, value) in params.options.iter() {
            all.options.put(code, value);
            all.always.remove(code);
            if params.always.contains(code) {
                all.always.insert(code);
            }
        }
        all.next_server = params.next_server.or(all.next_server);
        for (under, over) in
            [(&mut all.server_name, &params.server_name), (&mut all.boot_file, &params.boot_file)]
        {
            if !over.is_empty() {
                under.clone_from(over);
            }
        }
        Self { params: all }
    }
}

/// Which identifiers of a client a reservation may be looked up by, in the order to try.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Identifier {
    ClientId = 0,
    HwAddr = 1,
    CircuitId = 2,
}

impl Plan {
    /// Checks and lays out.
    pub(crate) fn new(config: Config) -> Result<Self, ConfigError> {
        let mut plan = Self::lay_out(&config)?;
        plan.config = config;
        Ok(plan)
    }

    fn lay_out(config: &Config) -> Result<Self, ConfigError> {
        check::globals(config)?;
        let mut plan = Self::default();
        plan.add_classes(config)?;
        plan.merged.push(Merged::default().over(&config.params));
        let mut networks = BTreeMap::new();
        for (index, subnet) in config.subnets.iter().enumerate() {
            check::subnet(index, subnet)?;
            let link = match &subnet.shared_network {
                Some(name) => *networks.entry(name).or_insert(plan.links.len()),
                None => plan.links.len(),
            };
            if link == plan.links.len() {
                plan.links.push(Vec::new());
            }
            plan.links[link].push(index as u32);
            plan.add_subnet(config, index, link as u32)?;
        }
        plan.by_prefix.sort_unstable();
        plan.by_range.sort_unstable();
        plan.excluded = apart(std::mem::take(&mut plan.excluded));
        check::overlaps(config, &plan)?;
        for index in 0..config.subnets.len() {
            plan.add_relays(config, index)?;
            plan.add_reservations(config, index)?;
        }
        plan.add_links(config)?;
        Ok(plan)
    }

    fn add_classes(&mut self, config: &Config) -> Result<(), ConfigError> {
        let mut names = BTreeSet::new();
        for (index, class) in config.classes.iter().enumerate() {
            let place = Place::Class { class: index };
            if class.name.is_empty() || !names.insert(&class.name) {
                return Err(ConfigFault::ClassName { name: class.name.clone() }.at(place));
            }
            check::params(&class.params, place)?;
            check::lease(class.lease, place)?;
            for test in &class.any_of {
                check::class_test(test, place)?;
                self.class_index.add(index as u32, test);
            }
            self.classes.push(PlanClass { params: class.params.clone(), lease: class.lease });
        }
        Ok(())
    }

    fn add_subnet(&mut self, config: &Config, index: usize, link: u32) -> Result<(), ConfigError> {
        let subnet = &config.subnets[index];
        let prefix = subnet.prefix.trunc();
        let merged = self.merge(0, &subnet.params);
        let mut pools = Vec::new();
        for (at, pool) in subnet.pools.iter().enumerate() {
            let place = Place::Pool { subnet: index, pool: at };
            check::pool(pool, subnet, place)?;
            let id = self.pools.len() as u32;
            pools.push(id);
            let mut classes = Vec::new();
            for name in &pool.classes {
                let class = config.classes.iter().position(|class| class.name == *name);
                let unknown = || ConfigFault::UnknownClass { name: name.clone() }.at(place);
                classes.push(class.ok_or_else(unknown)? as u32);
            }
            let merged = self.merge(merged, &pool.params);
            self.by_range.push((pool.first.into(), pool.last.into(), id));
            self.pools.push(PlanPool {
                subnet: index as u32,
                first: pool.first,
                last: pool.last,
                classes,
                merged,
                v6_only: pool.v6_only_wait_seconds.or(subnet.v6_only_wait_seconds),
            });
        }
        let excluded = subnet.excluded.iter();
        self.excluded.extend(excluded.map(|&(first, last)| (first.into(), last.into(), index as u32)));
        self.by_prefix.push((prefix.network().into(), prefix.broadcast().into(), index as u32));
        self.subnets.push(PlanSubnet {
            id: subnet.id,
            prefix,
            link,
            lease: subnet.lease.unwrap_or(config.lease),
            pools,
            merged,
            v6_only: subnet.v6_only_wait_seconds,
        });
        Ok(())
    }

    /// The number of `params` laid over those of number `under`.
    fn merge(&mut self, under: u32, params: &Params) -> u32 {
        if *params == Params::default() {
            return under;
        }
        self.merged.push(self.merged[under as usize].over(params));
        self.merged.len() as u32 - 1
    }

    fn add_relays(&mut self, config: &Config, index: usize) -> Result<(), ConfigError> {
        for &relay in &config.subnets[index].relays {
            let other = *self.by_relay.entry(relay).or_insert(index as u32);
            if self.subnets[other as usize].link != self.subnets[index].link {
                let other = Place::Subnet { subnet: other as usize };
                return Err(ConfigFault::DuplicateRelay { relay, other }.at(Place::Subnet { subnet: index }));
            }
        }
        Ok(())
    }

    fn add_reservations(&mut self, config: &Config, index: usize) -> Result<(), ConfigError> {
        let subnet = &config.subnets[index];
        for (at, reservation) in subnet.reservations.iter().enumerate() {
            let place = Place::Reservation { subnet: index, reservation: at };
            check::reservation(reservation, subnet, place)?;
            let address = reservation.address;
            if let Some(other) = self.reservation_at(address) {
                let other = reservation_place(config, other);
                return Err(ConfigFault::DuplicateReservedAddress { address, other }.at(place));
            }
            let (identifier, bytes) = match &reservation.client {
                ReservedFor::ClientId(bytes) => (Identifier::ClientId, bytes),
                ReservedFor::HwAddr(bytes) => (Identifier::HwAddr, bytes),
                ReservedFor::CircuitId(bytes) => (Identifier::CircuitId, bytes),
            };
            let mut key = Vec::new();
            if let Some(other) = self.reservation_of(&mut key, self.subnets[index].link, identifier, bytes) {
                let other = reservation_place(config, other);
                return Err(ConfigFault::DuplicateReservedClient { other }.at(place));
            }
            self.add_reservation(PlanReservation {
                key,
                address,
                hostname: reservation.hostname.clone(),
                params: reservation.params.clone(),
            });
        }
        Ok(())
    }

    fn add_reservation(&mut self, reservation: PlanReservation) {
        let number = self.reservations.len() as u32;
        self.reservations.push(reservation);
        let all = &self.reservations;
        let by_address = |&at: &u32| UNKEYED.of_addr(all[at as usize].address);
        self.by_address.insert_unique(by_address(&number), number, by_address);
        let by_client = |&at: &u32| UNKEYED.of_bytes(&all[at as usize].key);
        self.by_client.insert_unique(by_client(&number), number, by_client);
    }

    fn add_links(&mut self, config: &Config) -> Result<(), ConfigError> {
        self.own.extend(config.server_id);
        for (index, link) in config.links.iter().enumerate() {
            let placed = link.addresses.iter().find_map(|&addr| Some((self.subnet_of(addr)?, addr)));
            let plan = PlanLink {
                subnet: placed.map(|(subnet, _)| subnet),
                address: placed.map(|(_, addr)| addr).or(link.addresses.first().copied()),
            };
            self.own.extend(&link.addresses);
            if self.by_interface.insert(link.interface, plan).is_some() {
                let other = config.links.iter().position(|other| other.interface == link.interface);
                let other = Place::Link { link: other.unwrap_or(index) };
                let fault = ConfigFault::DuplicateInterface { interface: link.interface, other };
                return Err(fault.at(Place::Link { link: index }));
            }
        }
        Ok(())
    }

    /// The subnet that this address is in.
    pub(crate) fn subnet_of(&self, addr: Ipv4Addr) -> Option<SubnetIndex> {
        range_of(&self.by_prefix, addr)
    }

    /// The pool that this address is in; none if it is excluded.
    pub(crate) fn pool_of(&self, addr: Ipv4Addr) -> Option<PoolId> {
        range_of(&self.excluded, addr).is_none().then_some(())?;
        range_of(&self.by_range, addr).map(PoolId)
    }

    /// The subnet whose clients are behind this relay: as listed, or else by prefix.
    pub(crate) fn subnet_of_relay(&self, relay: Ipv4Addr, only_listed: bool) -> Option<SubnetIndex> {
        let listed = self.by_relay.get(&relay).copied();
        if only_listed { listed } else { listed.or_else(|| self.subnet_of(relay)) }
    }

    /// The server's place on the link of this interface.
    pub(crate) fn link_of(&self, interface: u32) -> Option<PlanLink> {
        self.by_interface.get(&interface).copied()
    }

    /// Is this one of the server's addresses?
    pub(crate) fn is_own(&self, addr: Ipv4Addr) -> bool {
        self.own.contains(&addr)
    }

    /// The reservation that holds this address.
    pub(crate) fn reservation_at(&self, addr: Ipv4Addr) -> Option<u32> {
        let hash = UNKEYED.of_addr(addr);
        self.by_address.find(hash, |&at| self.reservations[at as usize].address == addr).copied()
    }

    /// The reservation of a client on a link. `key` is scratch.
    pub(crate) fn reservation_of(
        &self,
        key: &mut Vec<u8>,
        link: u32,
        identifier: Identifier,
        bytes: &[u8],
    ) -> Option<u32> {
        client_key(key, link, identifier, bytes);
        let hash = UNKEYED.of_bytes(key);
        self.by_client.find(hash, |&at| self.reservations[at as usize].key == *key).copied()
    }

    /// True if there is any reservation.
    pub(crate) fn has_reservations(&self) -> bool {
        !self.reservations.is_empty()
    }

    /// What the store must know of the pools.
    pub(crate) fn store_pools(&self) -> Vec<PoolConfig> {
        let mut pools: Vec<PoolConfig> = Vec::with_capacity(self.pools.len());
        for (id, pool) in self.pools.iter().enumerate() {
            pools.push(PoolConfig {
                id: PoolId(id as u32),
                space: self.config.space,
                subnet_id: self.subnets[pool.subnet as usize].id,
                first: pool.first,
                last: pool.last,
                excluded: self.config.subnets[pool.subnet as usize].excluded.clone(),
                reserved: Vec::new(),
            });
        }
        for reservation in &self.reservations {
            if let Some(id) = self.pool_of(reservation.address) {
                pools[id.0 as usize].reserved.push(reservation.address);
            }
        }
        pools
    }
}

/// Ranges in order, those that touch or overlap as one.
fn apart(mut ranges: Vec<(u32, u32, u32)>) -> Vec<(u32, u32, u32)> {
    ranges.sort_unstable();
    let mut apart: Vec<(u32, u32, u32)> = Vec::with_capacity(ranges.len());
    for (first, last, value) in ranges {
        match apart.last_mut() {
            Some((_, end, _)) if first <= end.saturating_add(1) => *end = (*end).max(last),
            _ => apart.push((first, last, value)),
        }
    }
    apart
}

/// Of ranges (first, last, value) in order that don't overlap, the value of the one that holds `addr`.
fn range_of(ranges: &[(u32, u32, u32)], addr: Ipv4Addr) -> Option<u32> {
    let addr = u32::from(addr);
    let next = ranges.partition_point(|&(first, _, _)| first <= addr);
    let (_, last, value) = *ranges.get(next.checked_sub(1)?)?;
    (addr <= last).then_some(value)
}

fn client_key(key: &mut Vec<u8>, link: u32, identifier: Identifier, bytes: &[u8]) {
    key.clear();
    key.extend_from_slice(&link.to_be_bytes());
    key.push(identifier as u8);
    key.extend_from_slice(bytes);
}

/// The place of a reservation by its number: they are numbered in the order of the configuration.
fn reservation_place(config: &Config, number: u32) -> Place {
    let mut left = number as usize;
    for (subnet, plan) in config.subnets.iter().enumerate() {
        if left < plan.reservations.len() {
            return Place::Reservation { subnet, reservation: left };
        }
        left -= plan.reservations.len();
    }
    Place::Global
}
