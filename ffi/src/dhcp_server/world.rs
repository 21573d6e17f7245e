//! What a call of the server engine is made with: the leases, and who decides about them.

use crate::failover::ddi_failover;
use crate::handle::{Failure, Noun};
use crate::store::{self, ddi_store, is_panic};
use ddi_core::db::PoolCounts;
use ddi_core::{
    Authority, Expect, FreeKind, Identity, Lease, LeaseKey, LeaseStore, Lsn, Now, PoolId, Standalone,
    StoreError, UnixTime,
};
use std::net::Ipv4Addr;

/// Runs what an engine does. With relationships, they decide, and are told of every lease that was changed.
///
/// # Safety
/// The handles are NULL or not freed, and no other call uses them meanwhile.
pub(super) unsafe fn with<T>(
    now: Now,
    store: *mut ddi_store,
    failover: *mut ddi_failover,
    f: impl FnOnce(&mut dyn LeaseStore, &dyn Authority) -> Result<T, Failure>,
) -> Result<T, Failure> {
    // SAFETY: as promised.
    let Some(failover) = (unsafe { failover.as_mut() }) else {
        // SAFETY: as promised.
        return unsafe { store::with(store, |store| f(store, &Standalone)) };
    };
    let handle = failover.handle_mut();
    handle.check()?;
    let set = &mut handle.value;
    let run = |store: &mut dyn LeaseStore| {
        let mut watched = Watched { store, changed: &mut set.changed };
        let result = f(&mut watched, &set.relationships);
        for key in set.changed.drain(..) {
            set.relationships.handle_lease_changed(now, store, key);
        }
        result
    };
    // SAFETY: as promised.
    let result = unsafe { store::with(store, run) };
    if is_panic(&result) {
        handle.poison();
    }
    result
}

/// A store, with a note of what was written.
struct Watched<'w> {
    store: &'w mut dyn LeaseStore,
    changed: &'w mut Vec<LeaseKey>,
}

impl Watched<'_> {
    fn note<T>(&mut self, key: LeaseKey, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if result.is_ok() {
            self.changed.push(key);
        }
        result
    }
}

impl LeaseStore for Watched<'_> {
    fn get_into(&self, key: LeaseKey, lease: &mut Lease) -> bool {
        self.store.get_into(key, lease)
    }

    fn find(&self, space: u32, subnet_id: Option<u32>, identity: Identity<'_>, found: &mut Vec<LeaseKey>) {
        self.store.find(space, subnet_id, identity, found);
    }

    fn put(&mut self, lease: &mut Lease, expect: Expect) -> Result<Lsn, StoreError> {
        let result = self.store.put(lease, expect);
        self.note(lease.key, result)
    }

    fn put_forced(&mut self, lease: &mut Lease, expect: Expect) -> Result<Lsn, StoreError> {
        let result = self.store.put_forced(lease, expect);
        self.note(lease.key, result)
    }

    fn remove(&mut self, key: LeaseKey, expect: Expect) -> Result<Option<Lsn>, StoreError> {
        let result = self.store.remove(key, expect);
        self.note(key, result)
    }

    fn durable(&self) -> Lsn {
        self.store.durable()
    }

    fn next_free(&mut self, pool: PoolId, kind: FreeKind) -> Option<LeaseKey> {
        self.store.next_free(pool, kind)
    }

    fn hold(&mut self, key: LeaseKey) -> bool {
        self.store.hold(key)
    }

    fn release_hold(&mut self, key: LeaseKey) {
        self.store.release_hold(key);
    }

    fn pool_of(&self, key: LeaseKey) -> Option<PoolId> {
        self.store.pool_of(key)
    }

    fn expired(&mut self, now: UnixTime, max: usize, found: &mut Vec<LeaseKey>) {
        self.store.expired(now, max, found);
    }

    fn next_expiration(&self) -> Option<UnixTime> {
        self.store.next_expiration()
    }

    fn scan_v4(&self, space: u32, first: Ipv4Addr, last: Ipv4Addr, max: usize, found: &mut Vec<LeaseKey>) {
        self.store.scan_v4(space, first, last, max, found);
    }

    fn pool_counts(&self, pool: PoolId) -> Option<PoolCounts> {
        self.store.pool_counts(pool)
    }
}
