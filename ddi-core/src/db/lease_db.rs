//! The database: what is in memory, and the log that it survives in.

use super::config::DbConfig;
use super::counts::StateCounts;
use super::error::DbError;
use super::feed::Feed;
use super::identity::IndexKind;
use super::op::{emit_put, emit_remove};
use super::pool::{PoolConfig, PoolCounts, PoolError};
use super::recover::{self, Opened};
use super::row::{self, View};
use super::snapshot::Snapshot;
use super::table::Table;
use crate::id::{Identity, LeaseAddr, LeaseKey, Lsn, PoolId};
use crate::lease::{BindingState, Lease};
use crate::log::{Batch, Log, LogError, Storage, Synced};
use crate::store::{Expect, FreeKind, LeaseStore, StoreError};
use crate::time::UnixTime;
use std::net::Ipv4Addr;
use std::sync::Arc;

/// A lease database. See the [module](super) for how it is used.
///
/// Reads see every put at once, durable or not; [`LeaseStore::durable`] tells what survives a crash.
pub struct LeaseDb {
    pub(super) table: Table,
    pub(super) log: Log,
    pub(super) storage: Arc<dyn Storage>,
    /// The newest whole snapshot file, and its length in bytes.
    pub(super) newest: Option<(Lsn, u64)>,
    /// Change under way, as the log will hold it.
    op: Vec<u8>,
}

impl LeaseDb {
    /// Opens the database in `storage`, or makes one: reads the newest whole snapshot, and replays the
    /// log after it.
    pub fn open(storage: Arc<dyn Storage>, config: &DbConfig) -> Result<(Self, Opened), DbError> {
        let recovered = recover::recover(&storage, config)?;
        let (opened, newest) = (recovered.opened, recovered.newest);
        let db = Self { table: recovered.table, log: recovered.log, storage, newest, op: Vec::new() };
        Ok((db, opened))
    }

    /// The lease, if there is one.
    #[must_use]
    pub fn get(&self, key: LeaseKey) -> Option<Lease> {
        let mut lease = Lease::new(key);
        self.table.get_into(key, &mut lease).then_some(lease)
    }

    /// How many leases are stored.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.table.addresses.len()
    }

    /// True if none is stored.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends up to `max` leases after `after` to `page`, in order of their keys: address space, then
    /// IPv4, IPv6, prefixes. `None` starts at the beginning; an empty page is the end.
    pub fn scan(&self, after: Option<LeaseKey>, max: usize, page: &mut Vec<Lease>) {
        self.read_all(self.table.scan(after).take(max), page);
    }

    /// The same of one subnet, without reading the others.
    pub fn scan_subnet(&self, subnet_id: u32, after: Option<LeaseKey>, max: usize, page: &mut Vec<Lease>) {
        self.read_all(self.table.scan_subnet(subnet_id, after).take(max), page);
    }

    /// Appends the keys of up to `max` leases in `space` with this identity, those of `subnet_id` only if
    /// one is given, to `found`: the first ones after `after`, in order. `None` starts at the beginning; no
    /// key is the end. Unlike [`LeaseStore::find`] it comes to all of them, however many they are; each page
    /// takes the time to look at every lease of the identity.
    pub fn find_page(
        &self,
        space: u32,
        subnet_id: Option<u32>,
        identity: Identity<'_>,
        after: Option<LeaseKey>,
        max: usize,
        found: &mut Vec<LeaseKey>,
    ) {
        self.table.find_page(space, subnet_id, &identity, after, max, found);
    }

    fn read_all(&self, cells: impl Iterator<Item = u32>, page: &mut Vec<Lease>) {
        for cell in cells {
            let mut lease = Lease::default();
            if self.table.read(cell, &mut lease) {
                page.push(lease);
            }
        }
    }

    /// How many leases of the subnet are in which state. Kept, not counted now.
    #[must_use]
    pub fn counts(&self, subnet_id: u32) -> StateCounts {
        self.table.counts.of(subnet_id)
    }

    /// The same of every subnet that has a lease, by subnet number.
    pub fn all_counts(&self) -> impl Iterator<Item = (u32, StateCounts)> {
        self.table.counts.subnets()
    }

    /// Defines the pools, in place of those before. Takes the time to read the leases of those pools
    /// that are new or have another range, and of addresses that are reserved or excluded now, or no longer;
    /// the size of a pool costs nothing. Holds are kept.
    pub fn set_pools(&mut self, pools: &[PoolConfig]) -> Result<(), PoolError> {
        let Table { addresses, arena, pools: held, .. } = &mut self.table;
        held.set(pools, |space, first, last| {
            addresses.v4_range(space, first, last).filter_map(|(addr, cell)| {
                let row = arena.row(cell)?;
                let state = View::state_of(row.body)?;
                Some((addr, super::pool::Stored { state, version: row.version }))
            })
        })
    }

    /// How many addresses of the pool are in which state. `None` if there is no such pool.
    #[must_use]
    pub fn pool_counts(&self, pool: PoolId) -> Option<PoolCounts> {
        self.table.pools.counts(pool)
    }

    /// Builds an index now, if it is not built, rather than when it is first asked for.
    pub fn build_index(&mut self, kind: IndexKind) {
        self.table.index(kind);
    }

    /// Syncs everything that was put, here and now. Returns [`LeaseStore::durable`].
    pub fn commit(&mut self) -> Result<Lsn, LogError> {
        self.log.commit()
    }

    /// Takes what was put since the last batch, for another thread to [`Batch::sync`]. `None` if there
    /// is nothing, or a batch is out.
    pub fn take_batch(&mut self) -> Option<Batch> {
        self.log.take_batch()
    }

    /// Hands a synced batch back. Returns [`LeaseStore::durable`]. After an error nothing becomes
    /// durable any more: drop the database and open it again.
    pub fn batch_durable(&mut self, synced: Synced) -> Result<Lsn, LogError> {
        self.log.batch_durable(synced)
    }

    /// The last change that was made, durable or not.
    #[must_use]
    pub fn appended(&self) -> Lsn {
        self.log.appended()
    }

    /// The log, to read its epoch, chain and bytes held.
    #[must_use]
    pub const fn log(&self) -> &Log {
        &self.log
    }

    /// Sets the epoch of the batches to come; see [`Log::set_epoch`].
    pub fn set_epoch(&mut self, epoch: u32) -> Result<(), LogError> {
        self.log.set_epoch(epoch)
    }

    /// Bytes of the log that is held, on disk.
    #[must_use]
    pub fn log_bytes(&self) -> u64 {
        self.log.held_bytes()
    }

    /// Bytes of the newest snapshot file; 0 if there is none.
    #[must_use]
    pub fn snapshot_bytes(&self) -> u64 {
        self.newest.map_or(0, |(_, bytes)| bytes)
    }

    /// Bytes of the pages that hold the leases in memory, free space in them included.
    #[must_use]
    pub fn page_bytes(&self) -> u64 {
        self.table.arena.bytes()
    }

    /// All leases as they are now, for reading while writes go on. Cheap to make: it shares the pages,
    /// and one is copied when it is written while the snapshot lives.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::new(self.table.arena.share_pages(), self.appended(), self.len())
    }

    /// The changes after `after` that are durable, in order. Fails if the log no longer reaches back
    /// that far: then take a [`LeaseDb::snapshot`] first.
    pub fn feed(&self, after: Lsn) -> Result<Feed, DbError> {
        Ok(Feed::new(self.log.read(after)?))
    }

    fn check_expected(&self, key: LeaseKey, expect: Expect) -> Result<Option<BindingState>, StoreError> {
        let stored = self.table.stored(key);
        let found = stored.map(|stored| stored.version);
        let as_expected = match expect {
            Expect::Any => true,
            Expect::Absent => found.is_none(),
            Expect::Version(version) => found == Some(version),
        };
        if as_expected {
            Ok(stored.map(|stored| stored.state))
        } else {
            Err(StoreError::Conflict { key, found })
        }
    }

    fn write(&mut self, lease: &mut Lease) -> Result<Lsn, StoreError> {
        row::check(lease)?;
        if !self.table.arena.has_room() {
            return Err(StoreError::Full);
        }
        emit_put(lease, &mut self.op);
        let version = self.log.append(&self.op).map_err(store_error)?;
        lease.version = version;
        if let Some((_, body)) = self.op.split_first() {
            self.table.put(version, body);
        }
        Ok(version)
    }
}

fn store_error(error: LogError) -> StoreError {
    match error {
        LogError::Poisoned { why } => StoreError::Poisoned { why },
        other => StoreError::Other(other.to_string()),
    }
}

impl LeaseStore for LeaseDb {
    fn get_into(&self, key: LeaseKey, lease: &mut Lease) -> bool {
        self.table.get_into(key, lease)
    }

    fn find(&self, space: u32, subnet_id: Option<u32>, identity: Identity<'_>, found: &mut Vec<LeaseKey>) {
        self.table.find(space, subnet_id, &identity, found);
    }

    fn put(&mut self, lease: &mut Lease, expect: Expect) -> Result<Lsn, StoreError> {
        let (key, to) = (lease.key, lease.state);
        let from = self.check_expected(key, expect)?.unwrap_or_default();
        if !from.may_become(to) {
            return Err(StoreError::Transition { key, from, to });
        }
        self.write(lease)
    }

    fn put_forced(&mut self, lease: &mut Lease, expect: Expect) -> Result<Lsn, StoreError> {
        self.check_expected(lease.key, expect)?;
        self.write(lease)
    }

    fn remove(&mut self, key: LeaseKey, expect: Expect) -> Result<Option<Lsn>, StoreError> {
        if self.check_expected(key, expect)?.is_none() {
            return Ok(None);
        }
        emit_remove(key, &mut self.op);
        let lsn = self.log.append(&self.op).map_err(store_error)?;
        self.table.remove(key);
        Ok(Some(lsn))
    }

    fn durable(&self) -> Lsn {
        self.log.durable()
    }

    fn next_free(&mut self, pool: PoolId, kind: FreeKind) -> Option<LeaseKey> {
        self.table.pools.next_free(pool, kind)
    }

    fn hold(&mut self, key: LeaseKey) -> bool {
        let stored = self.table.stored(key);
        self.table.pools.hold(key, stored)
    }

    fn release_hold(&mut self, key: LeaseKey) {
        let stored = self.table.stored(key);
        self.table.pools.release_hold(key, stored);
    }

    fn pool_of(&self, key: LeaseKey) -> Option<PoolId> {
        self.table.pools.pool_of(key)
    }

    fn expired(&mut self, now: UnixTime, max: usize, found: &mut Vec<LeaseKey>) {
        self.table.expired(now, max, found);
    }

    fn next_expiration(&self) -> Option<UnixTime> {
        self.table.expiry.first_second().map(UnixTime)
    }

    fn scan_v4(&self, space: u32, first: Ipv4Addr, last: Ipv4Addr, max: usize, found: &mut Vec<LeaseKey>) {
        let leases = self.table.addresses.v4_range(space, first, last).take(max);
        found.extend(leases.map(|(addr, _)| LeaseKey { space, addr: LeaseAddr::V4(addr) }));
    }

    fn pool_counts(&self, pool: PoolId) -> Option<PoolCounts> {
        self.table.pools.counts(pool)
    }
}
