//! From a client's identity to its leases: sharded hash tables of cell numbers, the identities themselves
//! being read from the rows. Keyed (SipHash with the key from the configuration), so that a client
//! can't choose identities that collide; sharded, so that no growth of a table takes long.

mod group;
mod hashed;

use super::arena::{Arena, NO_CELL, Row};
use super::row::View;
use crate::id::Identity;
use crate::store::FIND_MAX;
use group::Groups;
pub(super) use group::Place;
use hashbrown::HashTable;
pub(super) use hashed::{Hashed, shard_of};
use siphasher::sip::SipHasher13;
use std::hash::Hasher;

/// Tables of one index. At 10 million leases each holds 10,000: growing one takes a millisecond or two.
pub(super) const SHARDS: usize = 1024;
/// Leases of one identity that stand in the table by themselves; more make a group, so that a table is
/// not slowed down by many equal hashes.
const SINGLES_MAX: usize = 8;
/// A value with this bit is a group's number, without it a cell.
const GROUP: u32 = 1 << 31;
/// Sub-option 2 of option 82 (RFC 3046).
const REMOTE_ID: u8 = 2;
/// Sub-option 12 of option 82 (RFC 6925).
const RELAY_ID: u8 = 12;

/// What a lease can be found by, other than its address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum IndexKind {
    /// [`Identity::ClientId`].
    ClientId,
    /// [`Identity::HwAddr`].
    HwAddr,
    /// [`Identity::DuidIaid`].
    DuidIaid,
    /// [`Identity::Duid`].
    Duid,
    /// [`Identity::Hostname`].
    Hostname,
    /// [`Identity::RelayId`].
    RelayId,
    /// [`Identity::RemoteId`].
    RemoteId,
}

impl IndexKind {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::ClientId,
        Self::HwAddr,
        Self::DuidIaid,
        Self::Duid,
        Self::Hostname,
        Self::RelayId,
        Self::RemoteId,
    ];

    /// What this index knows the row by; `None` if it has no such thing.
    pub(super) fn of<'a>(self, view: &View<'a>) -> Option<Name<'a>> {
        let (number, bytes) = match self {
            Self::ClientId => (0, view.client_id),
            Self::HwAddr => (view.htype.into(), view.hw_addr),
            Self::DuidIaid => (view.iaid, view.duid),
            Self::Duid => (0, view.duid),
            Self::Hostname => (0, view.hostname),
            Self::RelayId => (0, sub_option(view.relay_agent_info, RELAY_ID)),
            Self::RemoteId => (0, sub_option(view.relay_agent_info, REMOTE_ID)),
        };
        let name = Name { space: view.key.space, number, bytes, folds: self == Self::Hostname };
        (!bytes.is_empty()).then_some(name)
    }
}

/// The index that knows this identity, and what to look for in it.
pub(super) fn wanted<'a>(space: u32, identity: &'a Identity<'a>) -> (IndexKind, Name<'a>) {
    let (kind, number, bytes) = match identity {
        Identity::ClientId(bytes) => (IndexKind::ClientId, 0, *bytes),
        Identity::HwAddr(hw_addr) => (IndexKind::HwAddr, hw_addr.htype().into(), hw_addr.bytes()),
        Identity::DuidIaid(bytes, iaid) => (IndexKind::DuidIaid, *iaid, *bytes),
        Identity::Duid(bytes) => (IndexKind::Duid, 0, *bytes),
        Identity::Hostname(bytes) => (IndexKind::Hostname, 0, *bytes),
        Identity::RelayId(bytes) => (IndexKind::RelayId, 0, *bytes),
        Identity::RemoteId(bytes) => (IndexKind::RemoteId, 0, *bytes),
    };
    (kind, Name { space, number, bytes, folds: kind == IndexKind::Hostname })
}

/// The value of the first sub-option with this code; empty if there is none.
fn sub_option(mut options: &[u8], code: u8) -> &[u8] {
    while let [found, len, rest @ ..] = options {
        let Some((value, after)) = rest.split_at_checked(usize::from(*len)) else { return &[] };
        if *found == code {
            return value;
        }
        options = after;
    }
    &[]
}

/// An identity within its space.
#[derive(Clone, Copy, Debug)]
pub(super) struct Name<'a> {
    space: u32,
    /// Hardware type or IAID.
    number: u32,
    bytes: &'a [u8],
    /// Compared without regard to ASCII case.
    folds: bool,
}

impl PartialEq for Name<'_> {
    fn eq(&self, other: &Self) -> bool {
        let same_bytes =
            if self.folds { self.bytes.eq_ignore_ascii_case(other.bytes) } else { self.bytes == other.bytes };
        (self.space, self.number) == (other.space, other.number) && same_bytes
    }
}

/// The SipHash key of the indexes.
#[derive(Clone, Copy)]
pub(super) struct HashKey(u64, u64);

impl HashKey {
    pub(super) const fn new(key: [u8; 16]) -> Self {
        let number = u128::from_le_bytes(key);
        Self(number as u64, (number >> 64) as u64)
    }

    fn hash(self, name: &Name<'_>) -> u64 {
        let mut hasher = SipHasher13::new_with_keys(self.0, self.1);
        hasher.write_u64(u64::from(name.space) << 32 | u64::from(name.number));
        if name.folds {
            for piece in name.bytes.chunks(64) {
                let mut lower = [0; 64];
                let lower = &mut lower[..piece.len()];
                lower.copy_from_slice(piece);
                lower.make_ascii_lowercase();
                hasher.write(lower);
            }
        } else {
            hasher.write(name.bytes);
        }
        hasher.finish() & hashed::KEPT
    }
}

/// One kind of identity.
pub(super) struct IdentityIndex {
    pub(super) kind: IndexKind,
    key: HashKey,
    shards: Vec<HashTable<u32>>,
    groups: Groups,
}

impl IdentityIndex {
    pub(super) fn new(kind: IndexKind, key: HashKey) -> Self {
        Self { kind, key, shards: vec![HashTable::new(); SHARDS], groups: Groups::default() }
    }

    /// Makes room for this many leases in a shard that is empty yet.
    pub(super) fn reserve(&mut self, shard: usize, leases: usize) {
        if let Some(table) = self.shards.get_mut(shard) {
            table.reserve(leases, |_| 0);
        }
    }

    /// The hash of the row's identity, if it has one.
    pub(super) fn hash_of(&self, view: &View<'_>) -> Option<u64> {
        self.kind.of(view).map(|name| self.key.hash(&name))
    }

    /// Adds a row, which is in the arena already.
    pub(super) fn insert(&mut self, arena: &Arena, cell: u32, hash: u64) {
        let Self { kind, key, shards, groups } = self;
        let Some(table) = shards.get_mut(shard_of(hash)) else { return };
        // The row itself, most likely out of the cache, is read only if its like may be there.
        let value = match table.find(hash, |_| true) {
            None => Some(cell),
            Some(_) => join(table, groups, *kind, arena, cell, hash),
        };
        if let Some(value) = value {
            table.insert_unique(hash, value, |value| rehash(arena, groups, *kind, *key, *value));
        }
    }

    /// The same for a row whose hash no other has.
    pub(super) fn insert_new(&mut self, arena: &Arena, cell: u32, hash: u64) {
        let Self { kind, key, shards, groups } = self;
        if let Some(table) = shards.get_mut(shard_of(hash)) {
            table.insert_unique(hash, cell, |value| rehash(arena, groups, *kind, *key, *value));
        }
    }

    /// Takes a row out, which is still in the arena.
    pub(super) fn remove(&mut self, cell: u32, hash: u64, place: Place) {
        let Self { shards, groups, .. } = self;
        let Some(table) = shards.get_mut(shard_of(hash)) else { return };
        let is_it = |value: &u32| match value & GROUP {
            0 => *value == cell,
            _ => groups.contains(*value & !GROUP, place, cell),
        };
        let Ok(mut found) = table.find_entry(hash, is_it) else { return };
        if is_single(*found.get()) {
            found.remove();
        } else if let Some(last) = groups.remove(*found.get() & !GROUP, place, cell) {
            *found.get_mut() = last;
        }
    }

    /// A row with an unchanged identity and subnet has moved, or is not running any more, or is again.
    pub(super) fn relocate(&mut self, hash: u64, from: (Place, u32), to: (Place, u32)) {
        let Self { shards, groups, .. } = self;
        let Some(table) = shards.get_mut(shard_of(hash)) else { return };
        let is_it = |value: &u32| match value & GROUP {
            0 => *value == from.1,
            _ => groups.contains(*value & !GROUP, from.0, from.1),
        };
        let Some(found) = table.find_mut(hash, is_it) else { return };
        if is_single(*found) {
            *found = to.1;
        } else {
            groups.relocate(*found & !GROUP, from, to);
        }
    }

    /// Calls `found` with the cells of this identity, [`FIND_MAX`] at most.
    pub(super) fn find(&self, arena: &Arena, name: &Name<'_>, subnet: Option<u32>, found: impl FnMut(u32)) {
        self.find_most(arena, name, subnet, FIND_MAX, found);
    }

    /// The same with all of them.
    pub(super) fn find_all(
        &self,
        arena: &Arena,
        name: &Name<'_>,
        subnet: Option<u32>,
        found: impl FnMut(u32),
    ) {
        self.find_most(arena, name, subnet, usize::MAX, found);
    }

    fn find_most(
        &self,
        arena: &Arena,
        name: &Name<'_>,
        subnet: Option<u32>,
        most: usize,
        mut found: impl FnMut(u32),
    ) {
        let hash = self.key.hash(name);
        let Some(table) = self.shards.get(shard_of(hash)) else { return };
        for value in table.iter_hash(hash).copied() {
            if !value_name(arena, &self.groups, self.kind, value, |seen| {
                seen.is_some_and(|seen| seen == *name)
            }) {
                continue;
            }
            if !is_single(value) {
                self.groups.cells(value & !GROUP, subnet).take(most).for_each(&mut found);
            } else if subnet
                .is_none_or(|subnet| view(arena, value).is_some_and(|view| view.subnet_id == subnet))
            {
                found(value);
            }
        }
    }
}

/// Looks for leases with the identity of the one at `cell`: it may be in a group with them then. Gives
/// the value to insert, if it is not.
fn join(
    table: &mut HashTable<u32>,
    groups: &mut Groups,
    kind: IndexKind,
    arena: &Arena,
    cell: u32,
    hash: u64,
) -> Option<u32> {
    let view = view(arena, cell)?;
    let name = kind.of(&view)?;
    let is_same =
        |groups: &Groups, value: u32| value_name(arena, groups, kind, value, |found| found == Some(name));
    let (mut singles, mut group) = (0, None);
    for value in table.iter_hash(hash).copied().filter(|value| is_same(groups, *value)) {
        match value & GROUP {
            0 => singles += 1,
            _ => group = Some(value & !GROUP),
        }
    }
    if let Some(group) = group {
        groups.insert(group, Place::of(&view), cell);
        return None;
    }
    if singles < SINGLES_MAX {
        return Some(cell);
    }
    let group = groups.add(Place::of(&view), cell);
    while let Ok(single) = table.find_entry(hash, |value| is_single(*value) && is_same(groups, *value)) {
        let (single, _) = single.remove();
        if let Some(view) = self::view(arena, single) {
            groups.insert(group, Place::of(&view), single);
        }
    }
    Some(group | GROUP)
}

const fn is_single(value: u32) -> bool {
    value & GROUP == 0
}

fn view(arena: &Arena, cell: u32) -> Option<View<'_>> {
    arena.row(cell).and_then(|row: Row<'_>| View::parse(row.body))
}

/// The hash of a table's value.
fn rehash(arena: &Arena, groups: &Groups, kind: IndexKind, key: HashKey, value: u32) -> u64 {
    value_name(arena, groups, kind, value, |name| name.map_or(0, |name| key.hash(&name)))
}

/// Hands the identity of a table's value to `use_name`.
fn value_name<T>(
    arena: &Arena,
    groups: &Groups,
    kind: IndexKind,
    value: u32,
    use_name: impl FnOnce(Option<Name<'_>>) -> T,
) -> T {
    let cell = if is_single(value) { value } else { groups.first(value & !GROUP).unwrap_or(NO_CELL) };
    match view(arena, cell) {
        Some(view) => use_name(kind.of(&view)),
        None => use_name(None),
    }
}
