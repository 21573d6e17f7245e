//! The leases in memory: rows, and everything that finds them. What is stored is decided by
//! [`super::lease_db`]; here it is only carried out, so nothing here fails.

use super::address::AddressIndex;
use super::arena::{Arena, NO_CELL, Row};
use super::build;
use super::counts::Counts;
use super::expiry::{ExpiryQueue, Item};
use super::identity::{HashKey, IdentityIndex, IndexKind, Place, wanted};
use super::lazy::LazyIndexes;
use super::pool::{Pools, Stored};
use super::row::View;
use crate::id::{Identity, LeaseKey, Lsn};
use crate::lease::{BindingState, Lease};
use crate::time::UnixTime;

/// Of the items that [`Table::expired`] looks at, this many times `max` may prove to be renewed.
const REQUEUES_PER_SLICE: usize = 8;
/// At least so many are looked at.
const SLICE_MIN: usize = 64;

pub(crate) struct Table {
    pub(super) arena: Arena,
    pub(super) addresses: AddressIndex,
    indexes: LazyIndexes,
    pub(super) key: HashKey,
    pub(super) expiry: ExpiryQueue,
    pub(super) counts: Counts,
    pub(super) pools: Pools,
    requeue: Vec<Item>,
}

impl Table {
    pub(crate) fn new(hash_key: [u8; 16]) -> Self {
        Self {
            arena: Arena::default(),
            addresses: AddressIndex::default(),
            indexes: LazyIndexes::default(),
            key: HashKey::new(hash_key),
            expiry: ExpiryQueue::default(),
            counts: Counts::default(),
            pools: Pools::default(),
            requeue: Vec::new(),
        }
    }

    pub(crate) fn row(&self, key: LeaseKey) -> Option<Row<'_>> {
        self.arena.row(self.addresses.get(key)?)
    }

    pub(crate) fn read(&self, cell: u32, lease: &mut Lease) -> bool {
        let Some(row) = self.arena.row(cell) else { return false };
        let Some(view) = View::parse(row.body) else { return false };
        view.fill(row.version, lease);
        true
    }

    pub(crate) fn get_into(&self, key: LeaseKey, lease: &mut Lease) -> bool {
        let found = self.addresses.get(key).is_some_and(|cell| self.read(cell, lease));
        if !found {
            lease.reset(key);
        }
        found
    }

    pub(crate) fn stored(&self, key: LeaseKey) -> Option<Stored> {
        let row = self.row(key)?;
        Some(Stored { state: View::state_of(row.body)?, version: row.version })
    }

    /// Stores a body, which must be well-formed, and brings every index up to date.
    pub(crate) fn put(&mut self, version: Lsn, body: &[u8]) {
        if let Some(new) = View::parse(body) {
            self.put_parsed(version, body, &new);
        }
    }

    /// The same with the body's view at hand.
    pub(crate) fn put_parsed(&mut self, version: Lsn, body: &[u8], new: &View<'_>) {
        let mut fresh = NO_CELL;
        let place = || {
            fresh = self.arena.take_for(body);
            fresh
        };
        match self.addresses.get_or_add(new.key, new.subnet_id, place) {
            Some(cell) => self.replace(cell, version, body, new),
            None => self.insert(fresh, version, body, new),
        }
    }

    fn replace(&mut self, cell: u32, version: Lsn, body: &[u8], new: &View<'_>) {
        let Some(old) = self.arena.row(cell).and_then(|row| Some((row, View::parse(row.body)?))) else {
            return;
        };
        let (Row { ticket, version: old_version, .. }, old) = old;
        let was = Stored { state: old.state, version: old_version };
        let (old_subnet, old_place, new_place) = (old.subnet_id, Place::of(&old), Place::of(new));
        let changed = self.changed_names(&old, new);
        for (index, change) in self.indexes.built_mut().zip(&changed) {
            if let Some(hash) = change.and_then(|change| change.old) {
                index.remove(cell, hash, old_place);
            }
        }
        let mut now_at = cell;
        if !self.arena.overwrite(cell, version, body) {
            self.arena.remove(cell);
            now_at = self.arena.take_for(body);
            self.arena.write(now_at, ticket, version, body);
            self.expiry.relocate(ticket, now_at);
        }
        if (old_place, cell) != (new_place, now_at) {
            for (index, change) in self.indexes.built_mut().zip(&changed) {
                if let Some(hash) = index.hash_of(new).filter(|_| change.is_none()) {
                    index.relocate(hash, (old_place, cell), (new_place, now_at));
                }
            }
        }
        if now_at != cell || old_subnet != new.subnet_id {
            self.addresses.set(new.key, now_at, new.subnet_id, old_subnet);
        }
        for (index, change) in self.indexes.built_mut().zip(&changed) {
            if let Some(hash) = change.and_then(|change| change.new) {
                index.insert(&self.arena, now_at, hash);
            }
        }
        self.requeue_row(now_at, ticket, waits_until(new));
        self.counts.change(Some((old_subnet, was.state)), Some((new.subnet_id, new.state)));
        self.pools.on_change(new.key, Some(was), Some(Stored { state: new.state, version }));
    }

    /// Fills the cells that were taken for a lease that was not there.
    fn insert(&mut self, cell: u32, version: Lsn, body: &[u8], new: &View<'_>) {
        let ticket = waits_until(new).map_or(NO_CELL, |until| self.expiry.insert(until, cell));
        self.arena.write(cell, ticket, version, body);
        for index in self.indexes.built_mut() {
            if let Some(hash) = index.hash_of(new) {
                index.insert(&self.arena, cell, hash);
            }
        }
        self.counts.change(None, Some((new.subnet_id, new.state)));
        self.pools.on_change(new.key, None, Some(Stored { state: new.state, version }));
    }

    /// Forgets a lease; false if there was none.
    pub(crate) fn remove(&mut self, key: LeaseKey) -> bool {
        let Some(cell) = self.addresses.get(key) else { return false };
        let Some(row) = self.arena.row(cell) else { return false };
        let Some(old) = View::parse(row.body) else { return false };
        let was = Stored { state: old.state, version: row.version };
        let (ticket, subnet, place) = (row.ticket, old.subnet_id, Place::of(&old));
        for index in self.indexes.built_mut() {
            if let Some(hash) = index.hash_of(&old) {
                index.remove(cell, hash, place);
            }
        }
        self.expiry.remove(ticket);
        self.arena.remove(cell);
        self.addresses.remove(key, subnet);
        self.counts.change(Some((subnet, was.state)), None);
        self.pools.on_change(key, Some(was), None);
        true
    }

    /// What the built indexes have to do, each in turn, when `old` becomes `new`; `None`: nothing.
    fn changed_names(&self, old: &View<'_>, new: &View<'_>) -> [Option<Change>; IndexKind::ALL.len()] {
        let mut changes = [None; IndexKind::ALL.len()];
        let same_subnet = old.subnet_id == new.subnet_id;
        for (change, index) in changes.iter_mut().zip(self.indexes.built()) {
            if !same_subnet || index.kind.of(old) != index.kind.of(new) {
                *change = Some(Change { old: index.hash_of(old), new: index.hash_of(new) });
            }
        }
        changes
    }

    /// Sees to it that a row which waits stands in the queue, not later than its time.
    fn requeue_row(&mut self, cell: u32, ticket: u32, until: Option<u64>) {
        let is_queued = ticket != NO_CELL;
        if let Some(until) = until {
            if is_queued && self.expiry.second(ticket) <= until {
                return;
            }
            let new = self.expiry.insert(until, cell);
            self.arena.set_ticket(cell, new);
        } else if is_queued {
            self.arena.set_ticket(cell, NO_CELL);
        }
        self.expiry.remove(ticket);
    }

    /// See [`crate::LeaseStore::expired`].
    pub(crate) fn expired(&mut self, now: UnixTime, max: usize, found: &mut Vec<LeaseKey>) {
        let window = max.max(SLICE_MIN);
        let mut budget = window.saturating_mul(REQUEUES_PER_SLICE);
        let mut requeue = std::mem::take(&mut self.requeue);
        loop {
            requeue.clear();
            let items = self.expiry.until(now.0).take(window);
            requeue.extend(items.filter(|item| self.ends_at(*item) != Some(item.second)));
            if requeue.is_empty() || budget == 0 {
                break;
            }
            budget = budget.saturating_sub(requeue.len());
            for item in &requeue {
                let until = self.ends_at(*item);
                self.expiry.remove(item.ticket);
                let ticket = until.map_or(NO_CELL, |until| self.expiry.insert(until, item.cell));
                self.arena.set_ticket(item.cell, ticket);
            }
        }
        let due = self.expiry.until(now.0).take_while(|item| self.ends_at(*item) == Some(item.second));
        found.extend(due.take(max).filter_map(|item| self.key_at(item.cell)));
        self.requeue = requeue;
    }

    fn ends_at(&self, item: Item) -> Option<u64> {
        waits_until(&View::parse(self.arena.row(item.cell)?.body)?)
    }

    pub(crate) fn key_at(&self, cell: u32) -> Option<LeaseKey> {
        View::parse(self.arena.row(cell)?.body).map(|view| view.key)
    }

    /// See [`crate::LeaseStore::find`].
    pub(crate) fn find(
        &self,
        space: u32,
        subnet: Option<u32>,
        identity: &Identity<'_>,
        found: &mut Vec<LeaseKey>,
    ) {
        let (kind, name) = wanted(space, identity);
        if let Some(index) = self.index(kind) {
            index.find(&self.arena, &name, subnet, |cell| found.extend(self.key_at(cell)));
        }
    }

    /// See [`crate::LeaseDb::find_page`].
    pub(crate) fn find_page(
        &self,
        space: u32,
        subnet: Option<u32>,
        identity: &Identity<'_>,
        after: Option<LeaseKey>,
        max: usize,
        found: &mut Vec<LeaseKey>,
    ) {
        let (kind, name) = wanted(space, identity);
        let Some(index) = self.index(kind) else { return };
        let start = found.len();
        index.find_all(&self.arena, &name, subnet, |cell| {
            found.extend(self.key_at(cell).filter(|key| after.is_none_or(|after| *key > after)));
        });
        if let Some(page) = found.get_mut(start..) {
            if page.len() > max {
                page.select_nth_unstable(max);
            }
            let len = page.len().min(max);
            page.get_mut(..len).unwrap_or_default().sort_unstable();
            found.truncate(start + len);
        }
    }

    /// The index, built now if it was not.
    pub(crate) fn index(&self, kind: IndexKind) -> Option<&IdentityIndex> {
        self.indexes.get(kind, || build::index(&self.arena, self.addresses.len(), kind, self.key))
    }

    /// The leases after `after`, in order of their keys.
    pub(crate) fn scan(&self, after: Option<LeaseKey>) -> impl Iterator<Item = u32> {
        self.addresses.after(after).map(|(_, cell)| cell)
    }

    /// The same of one subnet.
    pub(crate) fn scan_subnet(&self, subnet: u32, after: Option<LeaseKey>) -> impl Iterator<Item = u32> {
        let subnet_of = |cell| View::parse(self.arena.row(cell)?.body).map(|view| view.subnet_id);
        self.addresses.subnet_after(subnet, after, subnet_of).map(|(_, cell)| cell)
    }
}

/// The second at which a lease's time is over, if it waits for one.
pub(crate) fn waits_until(view: &View<'_>) -> Option<u64> {
    let waits = matches!(view.state, BindingState::Active | BindingState::Abandoned);
    let has_end = !matches!(view.expiration_time, UnixTime::UNSET | UnixTime::NEVER);
    (waits && has_end).then_some(view.expiration_time.0)
}

/// Another identity or subnet: the hashes of the identity that goes and of the one that comes.
#[derive(Clone, Copy)]
struct Change {
    old: Option<u64>,
    new: Option<u64>,
}
