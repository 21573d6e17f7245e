//! What the engines ask of a lease store. [`LeaseDb`](crate::LeaseDb) is one; a daemon may bring its own.

use crate::db::PoolCounts;
use crate::id::{Identity, LeaseKey, Lsn, PoolId};
use crate::lease::{BindingState, Lease};
use crate::time::UnixTime;
use std::net::Ipv4Addr;

/// What a put or remove expects to find: the compare of compare-and-swap.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_enums, reason = "the three things that one can expect")]
pub enum Expect {
    /// Anything.
    Any,
    /// No lease.
    Absent,
    /// The lease that this log sequence number wrote.
    Version(Lsn),
}

/// Which free addresses to take from: the two that failover tells apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_enums, reason = "the two that failover tells apart")]
pub enum FreeKind {
    /// FREE, or never leased: the primary's, or the only server's.
    Free,
    /// BACKUP: the secondary's.
    Backup,
}

/// Why a store did not do what it was asked.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The lease is not what was expected; `found` is its version, `None` if it does not exist.
    #[error("lease {key:?} changed meanwhile: found {found:?}")]
    Conflict {
        /// Which lease.
        key: LeaseKey,
        /// The version that was found.
        found: Option<Lsn>,
    },
    /// Not in the table of binding-state transitions.
    #[error("lease {key:?} can't go from {from:?} to {to:?}")]
    Transition {
        /// Which lease.
        key: LeaseKey,
        /// Its present state.
        from: BindingState,
        /// The state asked for.
        to: BindingState,
    },
    /// A field is longer than a lease can hold.
    #[error("lease {key:?}: {field} is {len} bytes, at most {max}")]
    TooLong {
        /// Which lease.
        key: LeaseKey,
        /// The field's name.
        field: &'static str,
        /// Its length in bytes.
        len: usize,
        /// The longest that is held.
        max: usize,
    },
    /// A delegated prefix with host bits, or longer than 128.
    #[error("lease {key:?}: not a prefix, it has host bits or is too long")]
    NotAPrefix {
        /// Which lease.
        key: LeaseKey,
    },
    /// The store can't hold more.
    #[error("the store is full")]
    Full,
    /// A write or sync failed earlier: nothing is acknowledged any more until the store is reopened.
    #[error("the store stopped after a failed write or sync: {why}")]
    Poisoned {
        /// The first failure.
        why: String,
    },
    /// A store of the application's own failed.
    #[error("{0}")]
    Other(String),
}

/// The most keys that one [`LeaseStore::find`] appends.
pub const FIND_MAX: usize = 64;

/// A lease store, as the DHCP server engine and the failover endpoint use it.
///
/// `put` and `remove` take effect in memory at once and are durable once [`LeaseStore::durable`] has
/// reached the returned [`Lsn`]; an engine hands no reply out before that.
pub trait LeaseStore {
    /// Reads the lease into `lease` (its buffers are reused). False if there is none; then `lease`
    /// is reset to a FREE lease of `key`.
    fn get_into(&self, key: LeaseKey, lease: &mut Lease) -> bool;

    /// Appends the keys of the leases in `space` with this identity to `found` (which is not
    /// cleared), those of `subnet_id` only if one is given. Order is not specified. At most
    /// [`FIND_MAX`] are appended, so that a hostile client can't make a look-up slow: if so many are, there
    /// may be more ([`LeaseDb::find_page`](crate::LeaseDb::find_page) lists them all). Of one subnet's, those that
    /// are ACTIVE are taken before all others, so that a client's running lease is found however many it had.
    fn find(&self, space: u32, subnet_id: Option<u32>, identity: Identity<'_>, found: &mut Vec<LeaseKey>);

    /// Writes the lease, setting `lease.version`. The binding state must be reachable from the stored
    /// one. A hold on the address ends.
    fn put(&mut self, lease: &mut Lease, expect: Expect) -> Result<Lsn, StoreError>;

    /// Like [`LeaseStore::put`] without its rule on binding states: for a partner's word, which may
    /// skip states, and whose own rule its receiver has applied; and for imports.
    fn put_forced(&mut self, lease: &mut Lease, expect: Expect) -> Result<Lsn, StoreError>;

    /// Forgets the lease: its address is as if never leased. `Ok(None)` if there was none and that
    /// was expected.
    fn remove(&mut self, key: LeaseKey, expect: Expect) -> Result<Option<Lsn>, StoreError>;

    /// Everything up to this log sequence number survives a crash.
    fn durable(&self) -> Lsn;

    /// The next free address of the pool, least recently used first (never leased ones before all),
    /// and holds it: it is not given again until a `put` on it or [`LeaseStore::release_hold`].
    /// `None` if the pool is unknown or has none of this kind.
    fn next_free(&mut self, pool: PoolId, kind: FreeKind) -> Option<LeaseKey>;

    /// Holds this address, as an offer does. False if it is in no pool, already held, or stored in a
    /// state that can't be allocated from.
    fn hold(&mut self, key: LeaseKey) -> bool;

    /// Ends a hold without a put: the offer lapsed.
    fn release_hold(&mut self, key: LeaseKey);

    /// The pool that this address can be allocated from, if any; none if it is reserved or excluded.
    fn pool_of(&self, key: LeaseKey) -> Option<PoolId>;

    /// Appends the keys of leases whose expiration_time is at or before `now` and whose state waits
    /// for that (ACTIVE, ABANDONED), oldest first, at most `max`. The caller puts each in its next
    /// state; until it does, the same ones are found again. A time that is UNSET or NEVER does not come.
    /// Work is bounded, so fewer than `max` does not mean that there are no more: ask again as long as
    /// [`LeaseStore::next_expiration`] is at or before `now`.
    fn expired(&mut self, now: UnixTime, max: usize, found: &mut Vec<LeaseKey>);

    /// The earliest expiration_time that `expired` would look at, or a little before it.
    fn next_expiration(&self) -> Option<UnixTime>;

    /// Appends the keys of the stored IPv4 leases of `space` from `first` to `last`, both included, in
    /// order, at most `max`.
    fn scan_v4(&self, space: u32, first: Ipv4Addr, last: Ipv4Addr, max: usize, found: &mut Vec<LeaseKey>);

    /// How many addresses of the pool are in which state; kept, not counted now. `None` if there is no
    /// such pool.
    fn pool_counts(&self, pool: PoolId) -> Option<PoolCounts>;
}

/// A mutable reference to a store is a store, so that `&mut S` with any `S` can become
/// `&mut dyn LeaseStore`.
impl<S: LeaseStore + ?Sized> LeaseStore for &mut S {
    fn get_into(&self, key: LeaseKey, lease: &mut Lease) -> bool {
        (**self).get_into(key, lease)
    }

    fn find(&self, space: u32, subnet_id: Option<u32>, identity: Identity<'_>, found: &mut Vec<LeaseKey>) {
        (**self).find(space, subnet_id, identity, found);
    }

    fn put(&mut self, lease: &mut Lease, expect: Expect) -> Result<Lsn, StoreError> {
        (**self).put(lease, expect)
    }

    fn put_forced(&mut self, lease: &mut Lease, expect: Expect) -> Result<Lsn, StoreError> {
        (**self).put_forced(lease, expect)
    }

    fn remove(&mut self, key: LeaseKey, expect: Expect) -> Result<Option<Lsn>, StoreError> {
        (**self).remove(key, expect)
    }

    fn durable(&self) -> Lsn {
        (**self).durable()
    }

    fn next_free(&mut self, pool: PoolId, kind: FreeKind) -> Option<LeaseKey> {
        (**self).next_free(pool, kind)
    }

    fn hold(&mut self, key: LeaseKey) -> bool {
        (**self).hold(key)
    }

    fn release_hold(&mut self, key: LeaseKey) {
        (**self).release_hold(key);
    }

    fn pool_of(&self, key: LeaseKey) -> Option<PoolId> {
        (**self).pool_of(key)
    }

    fn expired(&mut self, now: UnixTime, max: usize, found: &mut Vec<LeaseKey>) {
        (**self).expired(now, max, found);
    }

    fn next_expiration(&self) -> Option<UnixTime> {
        (**self).next_expiration()
    }

    fn scan_v4(&self, space: u32, first: Ipv4Addr, last: Ipv4Addr, max: usize, found: &mut Vec<LeaseKey>) {
        (**self).scan_v4(space, first, last, max, found);
    }

    fn pool_counts(&self, pool: PoolId) -> Option<PoolCounts> {
        (**self).pool_counts(pool)
    }
}
