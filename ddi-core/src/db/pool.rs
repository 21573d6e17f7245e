//! Pools: which addresses of a range may be given to a new client, and in which order. Never leased ones
//! come first, lowest first; then those that were freed, the one freed longest ago first. "Freed" means
//! when the lease was last written: its version orders it, so a reopened database gives the same order.

mod bitmap;
mod change;

use crate::id::{LeaseAddr, LeaseKey, Lsn, PoolId};
use crate::lease::BindingState;
use crate::store::FreeKind;
use bitmap::Bitmap;
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

/// A range of IPv4 addresses that may be leased to any client.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_structs, reason = "what a pool is; every caller spells it out")]
pub struct PoolConfig {
    /// The number by which it is asked for.
    pub id: PoolId,
    /// Its address space.
    pub space: u32,
    /// The subnet that it serves.
    pub subnet_id: u32,
    /// The first address.
    pub first: Ipv4Addr,
    /// The last address, which is in the pool.
    pub last: Ipv4Addr,
    /// Ranges, both ends included, that are not in the pool. What is outside of it is ignored.
    pub excluded: Vec<(Ipv4Addr, Ipv4Addr)>,
    /// Addresses kept for known clients: not in the pool either.
    pub reserved: Vec<Ipv4Addr>,
}

/// How many addresses of a pool are in which state. Excluded and reserved ones are not in the pool.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct PoolCounts {
    /// All that can be leased to any client.
    pub total: u64,
    /// FREE ones, with the never leased.
    pub free: u64,
    /// Of the free ones, those that no lease is stored for.
    pub never_leased: u64,
    /// BACKUP and FREE-BACKUP ones.
    pub backup: u64,
    /// ACTIVE ones.
    pub active: u64,
    /// ABANDONED ones.
    pub abandoned: u64,
    /// EXPIRED, RELEASED, RESET and PENDING-FREE ones: on their way to FREE.
    pub ending: u64,
    /// Those that are held (offered), a part of `free` and `backup`.
    pub held: u64,
}

/// Why a list of pools was refused. Nothing has changed then.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PoolError {
    /// The first address is after the last.
    #[error("pool {}: first address {first} is after last address {last}", .pool.0)]
    Reversed {
        /// Which pool.
        pool: PoolId,
        /// Its first address.
        first: Ipv4Addr,
        /// Its last address.
        last: Ipv4Addr,
    },
    /// Two pools have the same number.
    #[error("pool {} is defined twice", .pool.0)]
    Duplicate {
        /// Which number.
        pool: PoolId,
    },
    /// Two pools of one address space share addresses.
    #[error("pools {} and {} overlap at {at}", .one.0, .other.0)]
    Overlap {
        /// The pool with the lower first address.
        one: PoolId,
        /// The other.
        other: PoolId,
        /// The first address that both have.
        at: Ipv4Addr,
    },
}

/// What a pool needs to know of a stored lease.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Stored {
    pub(crate) state: BindingState,
    pub(crate) version: Lsn,
}

/// All pools, ordered by their addresses.
#[derive(Default)]
pub(crate) struct Pools {
    pools: Vec<Pool>,
    by_id: BTreeMap<PoolId, usize>,
}

impl Pools {
    /// Replaces the pools. Those that have not changed but for their number and subnet are kept; of those that
    /// have other exclusions or reservations, `leases_of` is asked for the leases there, and of the others for all:
    /// it gives the leases of a range of a space in order. Holds are kept.
    pub(crate) fn set<I>(
        &mut self,
        configs: &[PoolConfig],
        leases_of: impl Fn(u32, Ipv4Addr, Ipv4Addr) -> I,
    ) -> Result<(), PoolError>
    where
        I: Iterator<Item = (Ipv4Addr, Stored)>,
    {
        let sorted = sorted(configs)?;
        let held: Vec<LeaseKey> = self.pools.iter().flat_map(Pool::held_keys).collect();
        // Both are in order of their addresses.
        let mut old = std::mem::take(&mut self.pools).into_iter().peekable();
        for config in sorted {
            let place = (config.space, config.first);
            while old.next_if(|pool| (pool.config.space, pool.config.first) < place).is_some() {}
            let kept = old.next_if(|pool| pool.has_range_of(config));
            let kept = kept.and_then(|pool| pool.changed(config, &leases_of));
            self.pools.push(
                kept.unwrap_or_else(|| Pool::new(config, leases_of(config.space, config.first, config.last))),
            );
        }
        self.by_id = self.pools.iter().enumerate().map(|(at, pool)| (pool.config.id, at)).collect();
        for key in held {
            if let Some((pool, offset)) = self.place_mut(key) {
                let stored = leases_of(key.space, pool.addr(offset), pool.addr(offset)).next();
                pool.hold(offset, stored.map(|(_, stored)| stored));
            }
        }
        Ok(())
    }

    pub(crate) fn pool_of(&self, key: LeaseKey) -> Option<PoolId> {
        self.place(key).map(|(pool, _)| pool.config.id)
    }

    pub(crate) fn counts(&self, id: PoolId) -> Option<PoolCounts> {
        self.pools.get(*self.by_id.get(&id)?).map(Pool::counts)
    }

    pub(crate) fn next_free(&mut self, id: PoolId, kind: FreeKind) -> Option<LeaseKey> {
        let pool = self.pools.get_mut(*self.by_id.get(&id)?)?;
        let offset = pool.take_next(kind)?;
        Some(pool.key(offset))
    }

    /// False if the address is in no pool, is held, or can't be allocated.
    pub(crate) fn hold(&mut self, key: LeaseKey, stored: Option<Stored>) -> bool {
        self.place_mut(key).is_some_and(|(pool, offset)| pool.hold(offset, stored))
    }

    pub(crate) fn release_hold(&mut self, key: LeaseKey, stored: Option<Stored>) {
        if let Some((pool, offset)) = self.place_mut(key)
            && pool.held.remove(&offset)
        {
            pool.offer(offset, stored);
        }
    }

    /// A lease was put (which ends a hold) or removed.
    pub(crate) fn on_change(&mut self, key: LeaseKey, old: Option<Stored>, new: Option<Stored>) {
        let Some((pool, offset)) = self.place_mut(key) else { return };
        if new.is_some() {
            pool.held.remove(&offset);
        }
        pool.withdraw(offset, old);
        pool.count(old, new);
        pool.offer(offset, new);
    }

    fn find(&self, key: LeaseKey) -> Option<(usize, u32)> {
        let addr = key.as_v4()?;
        let after =
            self.pools.partition_point(|pool| (pool.config.space, pool.config.first) <= (key.space, addr));
        let at = after.checked_sub(1)?;
        let config = &self.pools.get(at)?.config;
        let inside = config.space == key.space && addr <= config.last;
        inside.then(|| (at, addr.to_bits() - config.first.to_bits()))
    }

    fn place(&self, key: LeaseKey) -> Option<(&Pool, u32)> {
        let (at, offset) = self.find(key)?;
        let pool = self.pools.get(at)?;
        (!pool.is_excluded(offset)).then_some((pool, offset))
    }

    fn place_mut(&mut self, key: LeaseKey) -> Option<(&mut Pool, u32)> {
        let (at, offset) = self.find(key)?;
        let pool = self.pools.get_mut(at)?;
        (!pool.is_excluded(offset)).then_some((pool, offset))
    }
}

fn sorted(configs: &[PoolConfig]) -> Result<Vec<&PoolConfig>, PoolError> {
    let mut ids = BTreeSet::new();
    for config in configs {
        let &PoolConfig { id: pool, first, last, .. } = config;
        if first > last {
            return Err(PoolError::Reversed { pool, first, last });
        }
        if !ids.insert(pool) {
            return Err(PoolError::Duplicate { pool });
        }
    }
    let mut sorted: Vec<&PoolConfig> = configs.iter().collect();
    sorted.sort_by_key(|config| (config.space, config.first));
    for (one, other) in sorted.iter().zip(sorted.iter().skip(1)) {
        if one.space == other.space && other.first <= one.last {
            return Err(PoolError::Overlap { one: one.id, other: other.id, at: other.first });
        }
    }
    Ok(sorted)
}

struct Pool {
    config: PoolConfig,
    /// Offsets of excluded and reserved addresses, merged and in order.
    excluded: Vec<(u32, u32)>,
    total: u64,
    /// Not taken: never leased and not held or excluded.
    untouched: Bitmap,
    /// FREE and BACKUP ones that are not held, by version.
    freed: BTreeMap<Lsn, u32>,
    backup: BTreeMap<Lsn, u32>,
    held: BTreeSet<u32>,
    states: [u64; BindingState::ALL.len()],
}

impl Pool {
    fn new(config: &PoolConfig, leases: impl Iterator<Item = (Ipv4Addr, Stored)>) -> Self {
        let first = config.first.to_bits();
        let last = config.last.to_bits() - first;
        let excluded = merged(config, last);
        let mut untouched = Bitmap::new(u64::from(last) + 1);
        excluded.iter().for_each(|(from, to)| untouched.take_range((*from).into(), (*to).into()));
        let out: u64 = excluded.iter().map(|(from, to)| u64::from(to - from) + 1).sum();
        let mut pool = Self {
            config: config.clone(),
            total: u64::from(last) + 1 - out,
            excluded,
            untouched,
            freed: BTreeMap::new(),
            backup: BTreeMap::new(),
            held: BTreeSet::new(),
            states: [0; BindingState::ALL.len()],
        };
        pool.fill(leases);
        pool
    }

    fn fill(&mut self, leases: impl Iterator<Item = (Ipv4Addr, Stored)>) {
        let (mut freed, mut backup) = (Vec::new(), Vec::new());
        for (addr, stored) in leases {
            let offset = addr.to_bits() - self.config.first.to_bits();
            if self.is_excluded(offset) {
                continue;
            }
            self.untouched.take(offset.into());
            self.count(None, Some(stored));
            match kind_of(stored.state) {
                Some(FreeKind::Free) => freed.push((stored.version, offset)),
                Some(FreeKind::Backup) => backup.push((stored.version, offset)),
                None => {}
            }
        }
        // Collecting a map sorts first and then builds it in one pass.
        self.freed = freed.into_iter().collect();
        self.backup = backup.into_iter().collect();
    }

    fn take_next(&mut self, kind: FreeKind) -> Option<u32> {
        let untouched = match kind {
            FreeKind::Free => self.untouched.first_free().map(|offset| offset as u32),
            FreeKind::Backup => None,
        };
        let offset = match untouched {
            Some(offset) => {
                self.untouched.take(offset.into());
                offset
            }
            None => self.list(kind).pop_first()?.1,
        };
        self.held.insert(offset);
        Some(offset)
    }

    fn hold(&mut self, offset: u32, stored: Option<Stored>) -> bool {
        let can_be_allocated = stored.is_none_or(|stored| stored.state.is_allocatable());
        let is_new = can_be_allocated && self.held.insert(offset);
        if is_new {
            self.withdraw(offset, stored);
        }
        is_new
    }

    /// Makes the address available again, as far as it is.
    fn offer(&mut self, offset: u32, stored: Option<Stored>) {
        if self.held.contains(&offset) {
            return;
        }
        match stored {
            None => self.untouched.give(offset.into()),
            Some(Stored { state, version }) => {
                if let Some(kind) = kind_of(state) {
                    self.list(kind).insert(version, offset);
                }
            }
        }
    }

    /// Makes the address unavailable.
    fn withdraw(&mut self, offset: u32, stored: Option<Stored>) {
        match stored {
            None => self.untouched.take(offset.into()),
            Some(Stored { state, version }) => {
                if let Some(kind) = kind_of(state) {
                    self.list(kind).remove(&version);
                }
            }
        }
    }

    fn list(&mut self, kind: FreeKind) -> &mut BTreeMap<Lsn, u32> {
        match kind {
            FreeKind::Free => &mut self.freed,
            FreeKind::Backup => &mut self.backup,
        }
    }

    fn count(&mut self, old: Option<Stored>, new: Option<Stored>) {
        if let Some(old) = old {
            self.states[old.state as usize - 1] -= 1;
        }
        if let Some(new) = new {
            self.states[new.state as usize - 1] += 1;
        }
    }

    fn counts(&self) -> PoolCounts {
        let of = |state: BindingState| self.states[state as usize - 1];
        let stored: u64 = self.states.iter().sum();
        let never_leased = self.total - stored;
        let backup = of(BindingState::Backup) + of(BindingState::FreeBackup);
        let (active, abandoned) = (of(BindingState::Active), of(BindingState::Abandoned));
        let free = of(BindingState::Free);
        PoolCounts {
            total: self.total,
            free: free + never_leased,
            never_leased,
            backup,
            active,
            abandoned,
            ending: stored - free - backup - active - abandoned,
            held: self.held.len() as u64,
        }
    }

    fn is_excluded(&self, offset: u32) -> bool {
        contains(&self.excluded, offset)
    }

    fn addr(&self, offset: u32) -> Ipv4Addr {
        Ipv4Addr::from_bits(self.config.first.to_bits() + offset)
    }

    fn key(&self, offset: u32) -> LeaseKey {
        LeaseKey { space: self.config.space, addr: LeaseAddr::V4(self.addr(offset)) }
    }

    fn held_keys(&self) -> impl Iterator<Item = LeaseKey> {
        self.held.iter().map(|offset| self.key(*offset))
    }
}

const fn kind_of(state: BindingState) -> Option<FreeKind> {
    match state {
        BindingState::Free => Some(FreeKind::Free),
        BindingState::Backup | BindingState::FreeBackup => Some(FreeKind::Backup),
        _ => None,
    }
}

fn contains(ranges: &[(u32, u32)], offset: u32) -> bool {
    let after = ranges.partition_point(|(from, _)| *from <= offset);
    after.checked_sub(1).and_then(|at| ranges.get(at)).is_some_and(|(_, to)| offset <= *to)
}

/// The excluded ranges and reserved addresses as offsets, within the pool, in order, apart.
fn merged(config: &PoolConfig, last: u32) -> Vec<(u32, u32)> {
    let first = config.first.to_bits();
    let mut ranges: Vec<(u32, u32)> = config
        .excluded
        .iter()
        .copied()
        .chain(config.reserved.iter().map(|addr| (*addr, *addr)))
        .map(|(from, to)| (from.to_bits().max(first), to.to_bits().min(config.last.to_bits())))
        .filter(|(from, to)| from <= to)
        .map(|(from, to)| (from - first, (to - first).min(last)))
        .collect();
    ranges.sort_unstable();
    let mut merged: Vec<(u32, u32)> = Vec::with_capacity(ranges.len());
    for (from, to) in ranges {
        match merged.last_mut() {
            Some((_, end)) if from <= end.saturating_add(1) => *end = (*end).max(to),
            _ => merged.push((from, to)),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    #[test]
    fn a_pool_that_only_changed_its_number_is_not_read_again() {
        let config = |id, third| PoolConfig {
            id: PoolId(id),
            space: 0,
            subnet_id: 1,
            first: Ipv4Addr::new(10, 0, third, 1),
            last: Ipv4Addr::new(10, 0, third, 9),
            excluded: Vec::new(),
            reserved: Vec::new(),
        };
        let read = RefCell::new(Vec::new());
        let no_leases = |_, first: Ipv4Addr, last: Ipv4Addr| {
            if first != last {
                read.borrow_mut().push(first); // not just one lease, for a hold
            }
            std::iter::empty()
        };
        let mut pools = Pools::default();
        pools.set(&[config(0, 5)], no_leases).unwrap();
        let held = pools.next_free(PoolId(0), FreeKind::Free).unwrap();
        pools.set(&[config(0, 4), config(1, 5), config(2, 6)], no_leases).unwrap();
        assert_eq!(*read.borrow(), [5, 4, 6].map(|third| Ipv4Addr::new(10, 0, third, 1)));
        assert_eq!(pools.pool_of(held), Some(PoolId(1)));
        let next = pools.next_free(PoolId(1), FreeKind::Free).unwrap();
        assert_eq!((held.as_v4(), next.as_v4()), (Some([10, 0, 5, 1].into()), Some([10, 0, 5, 2].into())));
        let reserved = vec![Ipv4Addr::new(10, 0, 4, 7)];
        pools.set(&[PoolConfig { reserved, ..config(0, 4) }, config(1, 5), config(2, 6)], no_leases).unwrap();
        assert_eq!(read.borrow().len(), 3, "only the reserved address is looked at");
    }
}
