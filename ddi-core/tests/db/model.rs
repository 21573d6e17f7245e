//! What a lease database should do, as plainly as possible, and random leases to do it with.

use crate::rng::Rng;
use ddi_core::db::{PoolConfig, PoolCounts};
use ddi_core::lease::PotentialExpiration;
use ddi_core::{
    BindingState, Expect, FreeKind, HwAddr, Identity, Lease, LeaseAddr, LeaseKey, Lsn, Origin, PoolId,
    StoreError, UnixTime,
};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, Ipv6Addr};

#[derive(Default, Clone)]
pub(crate) struct Model {
    pub(crate) leases: BTreeMap<LeaseKey, Lease>,
    pub(crate) pools: Vec<PoolConfig>,
    pub(crate) held: BTreeSet<LeaseKey>,
    pub(crate) last: Lsn,
}

impl Model {
    pub(crate) fn check(&self, lease: &Lease, expect: Expect, forced: bool) -> Result<(), StoreError> {
        let key = lease.key;
        self.expected(key, expect)?;
        let from = self.leases.get(&key).map_or(BindingState::Free, |old| old.state);
        if !forced && !from.may_become(lease.state) {
            return Err(StoreError::Transition { key, from, to: lease.state });
        }
        Ok(())
    }

    pub(crate) fn expected(&self, key: LeaseKey, expect: Expect) -> Result<(), StoreError> {
        let found = self.leases.get(&key).map(|lease| lease.version);
        let ok = match expect {
            Expect::Any => true,
            Expect::Absent => found.is_none(),
            Expect::Version(version) => found == Some(version),
        };
        if ok { Ok(()) } else { Err(StoreError::Conflict { key, found }) }
    }

    pub(crate) fn put(&mut self, lease: &Lease) {
        self.last = self.last.next();
        let mut lease = lease.clone();
        lease.version = self.last;
        self.held.remove(&lease.key);
        self.leases.insert(lease.key, lease);
    }

    pub(crate) fn remove(&mut self, key: LeaseKey) -> Option<Lsn> {
        self.leases.remove(&key)?;
        self.last = self.last.next();
        Some(self.last)
    }

    pub(crate) fn find(&self, space: u32, subnet: Option<u32>, identity: Identity<'_>) -> BTreeSet<LeaseKey> {
        let all = self.leases.values().filter(|lease| lease.key.space == space);
        let in_subnet = all.filter(|lease| subnet.is_none_or(|subnet| lease.subnet_id == subnet));
        in_subnet.filter(|lease| has_identity(lease, identity)).map(|lease| lease.key).collect()
    }

    /// Those of them that are ACTIVE.
    pub(crate) fn running(&self, keys: &BTreeSet<LeaseKey>) -> BTreeSet<LeaseKey> {
        let is_running =
            |key: &&LeaseKey| self.leases.get(key).is_some_and(|lease| lease.state == BindingState::Active);
        keys.iter().filter(is_running).copied().collect()
    }

    pub(crate) fn pool(&self, key: LeaseKey) -> Option<&PoolConfig> {
        let addr = key.as_v4()?;
        self.pools.iter().find(|pool| {
            let excluded = pool.excluded.iter().any(|(from, to)| (from..=to).contains(&&addr));
            let inside = pool.space == key.space && (pool.first..=pool.last).contains(&addr);
            inside && !excluded && !pool.reserved.contains(&addr)
        })
    }

    fn pool_keys(&self, id: PoolId) -> Vec<LeaseKey> {
        let Some(pool) = self.pools.iter().find(|pool| pool.id == id) else { return Vec::new() };
        let addrs = pool.first.to_bits()..=pool.last.to_bits();
        let keys = addrs.map(|bits| LeaseKey { space: pool.space, addr: LeaseAddr::V4(bits.into()) });
        keys.filter(|key| self.pool(*key).is_some()).collect()
    }

    pub(crate) fn next_free(&self, id: PoolId, kind: FreeKind) -> Option<LeaseKey> {
        let mut keys = self.pool_keys(id);
        keys.retain(|key| !self.held.contains(key));
        let never = keys.iter().copied().find(|key| !self.leases.contains_key(key));
        let is_kind = |lease: &&Lease| match kind {
            FreeKind::Free => lease.state == BindingState::Free,
            FreeKind::Backup => matches!(lease.state, BindingState::Backup | BindingState::FreeBackup),
        };
        let oldest = || {
            let stored = keys.iter().filter_map(|key| self.leases.get(key)).filter(is_kind);
            stored.min_by_key(|lease| lease.version).map(|lease| lease.key)
        };
        never.filter(|_| kind == FreeKind::Free).or_else(oldest)
    }

    pub(crate) fn can_hold(&self, key: LeaseKey) -> bool {
        let allocatable = self.leases.get(&key).is_none_or(|lease| lease.state.is_allocatable());
        allocatable && self.pool(key).is_some() && !self.held.contains(&key)
    }

    /// Checks the counts of a pool.
    pub(crate) fn check_pool(&self, id: PoolId, counts: Option<PoolCounts>) {
        let keys = self.pool_keys(id);
        let counts = counts.expect("the pool exists");
        let of = |states: &[BindingState]| {
            let stored = keys.iter().filter_map(|key| self.leases.get(key));
            stored.filter(|lease| states.contains(&lease.state)).count() as u64
        };
        let never = keys.iter().filter(|key| !self.leases.contains_key(key)).count() as u64;
        assert_eq!(counts.total, keys.len() as u64);
        assert_eq!(counts.never_leased, never);
        assert_eq!(counts.free, never + of(&[BindingState::Free]));
        assert_eq!(counts.backup, of(&[BindingState::Backup, BindingState::FreeBackup]));
        assert_eq!(counts.active, of(&[BindingState::Active]));
        assert_eq!(counts.abandoned, of(&[BindingState::Abandoned]));
        assert_eq!(
            counts.total,
            counts.free + counts.backup + counts.active + counts.abandoned + counts.ending
        );
        assert_eq!(counts.held, keys.iter().filter(|key| self.held.contains(key)).count() as u64);
    }

    /// The leases that have expired, with their times, oldest first.
    pub(crate) fn expired(&self, now: UnixTime) -> Vec<(UnixTime, LeaseKey)> {
        let waits = |lease: &&Lease| {
            matches!(lease.state, BindingState::Active | BindingState::Abandoned)
                && lease.expiration_time != UnixTime::UNSET
                && lease.expiration_time != UnixTime::NEVER
                && lease.expiration_time <= now
        };
        let mut due: Vec<_> =
            self.leases.values().filter(waits).map(|lease| (lease.expiration_time, lease.key)).collect();
        due.sort_unstable();
        due
    }
}

fn has_identity(lease: &Lease, identity: Identity<'_>) -> bool {
    let is = |field: &[u8], wanted: &[u8]| !wanted.is_empty() && field == wanted;
    match identity {
        Identity::ClientId(id) => is(&lease.client_id, id),
        Identity::HwAddr(hw_addr) => !hw_addr.is_empty() && lease.hw_addr == hw_addr,
        Identity::DuidIaid(duid, iaid) => is(&lease.duid, duid) && lease.iaid == iaid,
        Identity::Duid(duid) => is(&lease.duid, duid),
        Identity::Hostname(name) => !name.is_empty() && lease.hostname.eq_ignore_ascii_case(name),
        Identity::RelayId(id) => is(sub_option(&lease.relay_agent_info, 12), id),
        Identity::RemoteId(id) => is(sub_option(&lease.relay_agent_info, 2), id),
        _ => unreachable!("an identity that the model does not know"),
    }
}

/// The test's relay information is well-formed, or one stray byte, or a sub-option cut short.
fn sub_option(info: &[u8], code: u8) -> &[u8] {
    match info {
        [2, 2, a, b, rest @ ..] if code == 12 => {
            let _ = (a, b);
            match rest {
                [12, 1, ..] => &rest[2..3],
                _ => &[],
            }
        }
        [2, 2, _, _, ..] => &info[2..4],
        _ => &[],
    }
}

pub(crate) fn random_key(rng: &mut Rng) -> LeaseKey {
    let space = rng.pick(&[0, 0, 0, 7]);
    let low = rng.below(420);
    let addr = match rng.below(12) {
        0 => LeaseAddr::V6(Ipv6Addr::from_bits(0x2001_0db8 << 96 | u128::from(low % 30))),
        1 => LeaseAddr::Prefix(Ipv6Addr::from_bits(0x2001_0db8 << 96 | u128::from(low % 30) << 64), 64),
        2 => LeaseAddr::V4(Ipv4Addr::from_bits(0xffff_ff00 | low as u32)),
        _ => LeaseAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + low as u32)),
    };
    LeaseKey { space, addr }
}

pub(crate) fn random_client(rng: &mut Rng, lease: &mut Lease) {
    let client = rng.below(24) as u8;
    // Some clients are very common, so that groups come and go.
    let client = if rng.one_in(3) { 1 } else { client };
    lease.hw_addr = match client % 4 {
        0 => HwAddr::EMPTY,
        1 => HwAddr::new(6, &[client; 9]).unwrap(),
        _ => HwAddr::new(1, &[2, 0, 0, 0, 0, client]).unwrap(),
    };
    lease.client_id = match client % 3 {
        0 => Vec::new(),
        1 => vec![1, 2, 0, 0, 0, 0, client],
        _ => vec![client; 1 + usize::from(client) * 10],
    };
    (lease.duid, lease.iaid) = (vec![client; usize::from(client % 5)], u32::from(client / 3));
    let case = if rng.one_in(2) { b'A' } else { b'a' };
    lease.hostname = vec![case + client % 3; rng.below(20) as usize];
    lease.relay_agent_info = match client % 5 {
        0 => Vec::new(),
        1 => vec![2],
        2 => vec![2, 9, 0],
        _ => vec![2, 2, client, 0, 12, 1, client % 7],
    };
}

pub(crate) fn random_lease(rng: &mut Rng, key: LeaseKey) -> Lease {
    let mut lease = Lease::new(key);
    lease.state = rng.pick(&BindingState::ALL);
    if rng.one_in(2) {
        lease.state = rng.pick(&[BindingState::Active, BindingState::Free]);
    }
    if rng.one_in(5) {
        lease.rewind_state = Some(rng.pick(&BindingState::ALL));
    }
    random_client(rng, &mut lease);
    lease.subnet_id = rng.pick(&[0, 1, 1, 1, 300, u32::MAX]);
    lease.start_time_of_state = random_time(rng);
    lease.client_last_transaction_time = random_time(rng);
    lease.expiration_time = random_time(rng);
    if rng.one_in(8) {
        lease.preferred_time = random_time(rng);
        lease.potential_expiration_time = PotentialExpiration {
            sent: random_time(rng),
            acked: UnixTime::UNSET,
            received: random_time(rng),
        };
        lease.ddns.fqdn = vec![b'n'; rng.below(256) as usize];
        (lease.ddns.forward, lease.ddns.by_client) = (true, rng.one_in(2));
        lease.user = vec![0xff; rng.below(300) as usize];
        lease.origin = Origin::Partner(rng.below(1 << 16) as u16);
        lease.reserved = true;
    }
    (lease.bootp, lease.ddns.reverse) = (rng.one_in(9), rng.one_in(9));
    lease
}

fn random_time(rng: &mut Rng) -> UnixTime {
    match rng.below(40) {
        0 => UnixTime::NEVER,
        1 => UnixTime::UNSET,
        2 => UnixTime(u64::from(u32::MAX) + rng.below(3)),
        _ => UnixTime(1_800_000_000 + rng.below(50)),
    }
}
