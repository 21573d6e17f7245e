//! The lease database, with a note of what was written: the partner and DNS have to hear of it.

use ddi_core::db::{LeaseDb, PoolCounts};
use ddi_core::{Expect, FreeKind, Identity, Lease, LeaseKey, LeaseStore, Lsn, PoolId, StoreError, UnixTime};
use std::net::Ipv4Addr;

/// See the module.
pub struct Watched {
    pub db: LeaseDb,
    changed: Vec<LeaseKey>,
    /// Somebody wants to know.
    is_watched: bool,
}

impl Watched {
    pub const fn new(db: LeaseDb, is_watched: bool) -> Self {
        Self { db, changed: Vec::new(), is_watched }
    }

    pub const fn set_watched(&mut self, is_watched: bool) {
        self.is_watched = is_watched;
    }

    /// What was written since the last call.
    pub fn take_changed(&mut self) -> Vec<LeaseKey> {
        std::mem::take(&mut self.changed)
    }

    fn note<T>(&mut self, key: LeaseKey, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if self.is_watched && result.is_ok() {
            self.changed.push(key);
        }
        result
    }
}

impl LeaseStore for Watched {
    fn get_into(&self, key: LeaseKey, lease: &mut Lease) -> bool {
        self.db.get_into(key, lease)
    }

    fn find(&self, space: u32, subnet_id: Option<u32>, identity: Identity<'_>, found: &mut Vec<LeaseKey>) {
        self.db.find(space, subnet_id, identity, found);
    }

    fn put(&mut self, lease: &mut Lease, expect: Expect) -> Result<Lsn, StoreError> {
        let result = self.db.put(lease, expect);
        self.note(lease.key, result)
    }

    fn put_forced(&mut self, lease: &mut Lease, expect: Expect) -> Result<Lsn, StoreError> {
        let result = self.db.put_forced(lease, expect);
        self.note(lease.key, result)
    }

    fn remove(&mut self, key: LeaseKey, expect: Expect) -> Result<Option<Lsn>, StoreError> {
        let result = self.db.remove(key, expect);
        self.note(key, result)
    }

    fn durable(&self) -> Lsn {
        self.db.durable()
    }

    fn next_free(&mut self, pool: PoolId, kind: FreeKind) -> Option<LeaseKey> {
        self.db.next_free(pool, kind)
    }

    fn hold(&mut self, key: LeaseKey) -> bool {
        self.db.hold(key)
    }

    fn release_hold(&mut self, key: LeaseKey) {
        self.db.release_hold(key);
    }

    fn pool_of(&self, key: LeaseKey) -> Option<PoolId> {
        self.db.pool_of(key)
    }

    fn expired(&mut self, now: UnixTime, max: usize, found: &mut Vec<LeaseKey>) {
        self.db.expired(now, max, found);
    }

    fn next_expiration(&self) -> Option<UnixTime> {
        self.db.next_expiration()
    }

    fn scan_v4(&self, space: u32, first: Ipv4Addr, last: Ipv4Addr, max: usize, found: &mut Vec<LeaseKey>) {
        self.db.scan_v4(space, first, last, max, found);
    }

    fn pool_counts(&self, pool: PoolId) -> Option<PoolCounts> {
        LeaseStore::pool_counts(&self.db, pool)
    }
}
