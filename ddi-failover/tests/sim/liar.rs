//! A store that says that all is durable.

use std::net::Ipv4Addr;

use ddi_core::db::PoolCounts;
use ddi_core::{
    Expect, FreeKind, Identity, Lease, LeaseDb, LeaseKey, LeaseStore, Lsn, PoolId, StoreError, UnixTime,
};

/// The database, but for the truth.
pub(crate) struct Liar<'a>(pub(crate) &'a mut LeaseDb);

impl LeaseStore for Liar<'_> {
    fn durable(&self) -> Lsn {
        self.0.appended()
    }

    fn get_into(&self, key: LeaseKey, lease: &mut Lease) -> bool {
        self.0.get_into(key, lease)
    }

    fn find(&self, space: u32, subnet_id: Option<u32>, identity: Identity<'_>, found: &mut Vec<LeaseKey>) {
        self.0.find(space, subnet_id, identity, found);
    }

    fn put(&mut self, lease: &mut Lease, expect: Expect) -> Result<Lsn, StoreError> {
        self.0.put(lease, expect)
    }

    fn put_forced(&mut self, lease: &mut Lease, expect: Expect) -> Result<Lsn, StoreError> {
        self.0.put_forced(lease, expect)
    }

    fn remove(&mut self, key: LeaseKey, expect: Expect) -> Result<Option<Lsn>, StoreError> {
        self.0.remove(key, expect)
    }

    fn next_free(&mut self, pool: PoolId, kind: FreeKind) -> Option<LeaseKey> {
        self.0.next_free(pool, kind)
    }

    fn hold(&mut self, key: LeaseKey) -> bool {
        self.0.hold(key)
    }

    fn release_hold(&mut self, key: LeaseKey) {
        self.0.release_hold(key);
    }

    fn pool_of(&self, key: LeaseKey) -> Option<PoolId> {
        self.0.pool_of(key)
    }

    fn expired(&mut self, now: UnixTime, max: usize, found: &mut Vec<LeaseKey>) {
        self.0.expired(now, max, found);
    }

    fn next_expiration(&self) -> Option<UnixTime> {
        self.0.next_expiration()
    }

    fn scan_v4(&self, space: u32, first: Ipv4Addr, last: Ipv4Addr, max: usize, found: &mut Vec<LeaseKey>) {
        self.0.scan_v4(space, first, last, max, found);
    }

    fn pool_counts(&self, pool: PoolId) -> Option<PoolCounts> {
        self.0.pool_counts(pool)
    }
}
