//! A lease store that is plainly right: maps, and a list of what was written. The engine is tested over
//! it, and over the real one.

use ddi_core::store::FIND_MAX;
use ddi_core::{
    BindingState, Expect, FreeKind, Identity, Lease, LeaseAddr, LeaseKey, LeaseStore, Lsn, PoolId,
};
use ddi_core::{StoreError, UnixTime};
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

pub struct ModelPool {
    pub id: PoolId,
    pub first: Ipv4Addr,
    pub last: Ipv4Addr,
    pub reserved: Vec<Ipv4Addr>,
}

#[derive(Default)]
pub struct ModelStore {
    pub leases: BTreeMap<LeaseKey, Lease>,
    /// Each write with what it wrote.
    pub log: Vec<(Lsn, LeaseKey, Option<Lease>)>,
    pub pools: Vec<ModelPool>,
    pub holds: BTreeSet<LeaseKey>,
    pub durable: Lsn,
    /// Every put fails.
    pub broken: bool,
}

impl ModelStore {
    pub fn appended(&self) -> Lsn {
        self.log.last().map_or(Lsn::ZERO, |(lsn, ..)| *lsn)
    }

    pub fn commit(&mut self) {
        self.durable = self.appended();
    }

    /// What a crash leaves: everything durable, and no hold.
    pub fn crash(&mut self) {
        self.log.retain(|(lsn, ..)| *lsn <= self.durable);
        self.holds.clear();
        self.leases.clear();
        for (_, key, lease) in &self.log {
            match lease {
                Some(lease) => self.leases.insert(*key, lease.clone()),
                None => self.leases.remove(key),
            };
        }
    }

    fn check(&self, key: LeaseKey, expect: Expect) -> Result<(), StoreError> {
        if self.broken {
            return Err(StoreError::Other("broken".into()));
        }
        let found = self.leases.get(&key).map(|lease| lease.version);
        let good = match expect {
            Expect::Any => true,
            Expect::Absent => found.is_none(),
            Expect::Version(version) => found == Some(version),
        };
        if good { Ok(()) } else { Err(StoreError::Conflict { key, found }) }
    }
}

impl LeaseStore for ModelStore {
    fn get_into(&self, key: LeaseKey, lease: &mut Lease) -> bool {
        match self.leases.get(&key) {
            Some(found) => lease.clone_from(found),
            None => lease.reset(key),
        }
        self.leases.contains_key(&key)
    }

    fn find(&self, space: u32, subnet_id: Option<u32>, identity: Identity<'_>, found: &mut Vec<LeaseKey>) {
        let has = |lease: &&Lease| {
            lease.key.space == space
                && subnet_id.is_none_or(|id| id == lease.subnet_id)
                && match identity {
                    Identity::ClientId(id) => lease.client_id == id,
                    Identity::HwAddr(addr) => lease.hw_addr == addr,
                    _ => false,
                }
        };
        let is_running = |lease: &&Lease| lease.state == BindingState::Active && subnet_id.is_some();
        let (first, others): (Vec<_>, Vec<_>) = self.leases.values().filter(has).partition(is_running);
        found.extend(first.into_iter().chain(others).map(|lease| lease.key).take(FIND_MAX));
    }

    fn put(&mut self, lease: &mut Lease, expect: Expect) -> Result<Lsn, StoreError> {
        let from = self.leases.get(&lease.key).map_or(BindingState::Free, |old| old.state);
        if !from.may_become(lease.state) {
            return Err(StoreError::Transition { key: lease.key, from, to: lease.state });
        }
        self.put_forced(lease, expect)
    }

    fn put_forced(&mut self, lease: &mut Lease, expect: Expect) -> Result<Lsn, StoreError> {
        self.check(lease.key, expect)?;
        lease.version = self.appended().next();
        self.holds.remove(&lease.key);
        self.leases.insert(lease.key, lease.clone());
        self.log.push((lease.version, lease.key, Some(lease.clone())));
        Ok(lease.version)
    }

    fn remove(&mut self, key: LeaseKey, expect: Expect) -> Result<Option<Lsn>, StoreError> {
        self.check(key, expect)?;
        if self.leases.remove(&key).is_none() {
            return Ok(None);
        }
        let lsn = self.appended().next();
        self.log.push((lsn, key, None));
        Ok(Some(lsn))
    }

    fn durable(&self) -> Lsn {
        self.durable
    }

    fn next_free(&mut self, pool: PoolId, kind: FreeKind) -> Option<LeaseKey> {
        let pool = self.pools.iter().find(|known| known.id == pool)?;
        let state = if kind == FreeKind::Free { BindingState::Free } else { BindingState::Backup };
        let usable = |addr: &u32| {
            let key = LeaseKey::v4((*addr).into());
            !self.holds.contains(&key)
                && !pool.reserved.contains(&Ipv4Addr::from(*addr))
                && self.leases.get(&key).map_or(BindingState::Free, |lease| lease.state) == state
        };
        // Never leased ones first, then the one that has been free for the longest time.
        let key = (u32::from(pool.first)..=pool.last.into())
            .filter(usable)
            .map(|addr| LeaseKey::v4(addr.into()))
            .min_by_key(|key| self.leases.get(key).map_or(Lsn::ZERO, |lease| lease.version))?;
        self.holds.insert(key);
        Some(key)
    }

    fn hold(&mut self, key: LeaseKey) -> bool {
        let free = self.leases.get(&key).is_none_or(|lease| lease.state.is_allocatable());
        free && self.pool_of(key).is_some() && self.holds.insert(key)
    }

    fn release_hold(&mut self, key: LeaseKey) {
        self.holds.remove(&key);
    }

    fn pool_of(&self, key: LeaseKey) -> Option<PoolId> {
        let LeaseAddr::V4(addr) = key.addr else { return None };
        let pool = self.pools.iter().find(|pool| (pool.first..=pool.last).contains(&addr))?;
        (!pool.reserved.contains(&addr)).then_some(pool.id)
    }

    fn expired(&mut self, now: UnixTime, max: usize, found: &mut Vec<LeaseKey>) {
        let mut due: Vec<_> =
            self.leases.values().filter(|lease| waits(lease) && lease.expiration_time <= now).collect();
        due.sort_by_key(|lease| lease.expiration_time);
        found.extend(due.into_iter().map(|lease| lease.key).take(max));
    }

    fn next_expiration(&self) -> Option<UnixTime> {
        self.leases.values().filter(|lease| waits(lease)).map(|lease| lease.expiration_time).min()
    }

    fn scan_v4(&self, space: u32, first: Ipv4Addr, last: Ipv4Addr, max: usize, found: &mut Vec<LeaseKey>) {
        let inside = |key: &LeaseKey| {
            key.space == space && key.as_v4().is_some_and(|addr| (first..=last).contains(&addr))
        };
        found.extend(self.leases.keys().copied().filter(inside).take(max));
    }

    /// Only what the server asks for.
    fn pool_counts(&self, pool: PoolId) -> Option<ddi_core::db::PoolCounts> {
        use BindingState::{Expired, PendingFree, Released, Reset};
        let pool = self.pools.iter().find(|known| known.id == pool)?;
        let inside =
            |key: &LeaseKey| key.as_v4().is_some_and(|addr| (pool.first..=pool.last).contains(&addr));
        let is_ending = |lease: &Lease| matches!(lease.state, Expired | PendingFree | Released | Reset);
        let mut counts = ddi_core::db::PoolCounts::default();
        counts.ending =
            self.leases.iter().filter(|(key, lease)| inside(key) && is_ending(lease)).count() as u64;
        Some(counts)
    }
}

fn waits(lease: &Lease) -> bool {
    matches!(lease.state, BindingState::Active | BindingState::Abandoned)
}
