//! The zones that the journal keeps, in memory.

use crate::delta::{Delta, History, HistoryLimits};
use crate::name::{NameRef, SortKey};
use crate::zone::Snapshot;
use ddi_core::Lsn;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What the journal keeps of one zone.
#[derive(Clone, Debug)]
pub struct Kept {
    pub(super) id: u64,
    pub(super) version: Lsn,
    pub(super) snapshot: Snapshot,
    pub(super) history: History,
    pub(super) note: Vec<u8>,
}

impl Kept {
    /// The newest version, durable or not.
    #[must_use]
    pub const fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// The deltas that led to it.
    #[must_use]
    pub const fn history(&self) -> &History {
        &self.history
    }

    /// The caller's note; empty if there is none.
    #[must_use]
    pub fn note(&self) -> &[u8] {
        &self.note
    }

    /// The change that made this version: unlike a serial it is never the same for two of them.
    #[must_use]
    pub const fn version(&self) -> Lsn {
        self.version
    }
}

/// All of them, each shared with a compaction that is under way.
pub(super) struct Zones {
    limits: HistoryLimits,
    by_id: BTreeMap<u64, Arc<Kept>>,
    by_apex: BTreeMap<Box<[u8]>, u64>,
}

impl Zones {
    pub(super) const fn new(limits: HistoryLimits) -> Self {
        Self { limits, by_id: BTreeMap::new(), by_apex: BTreeMap::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(super) fn find(&self, apex: NameRef<'_>) -> Option<&Arc<Kept>> {
        self.by_id.get(self.by_apex.get(SortKey::of(apex).as_bytes())?)
    }

    pub(super) fn get(&self, id: u64) -> Option<&Arc<Kept>> {
        self.by_id.get(&id)
    }

    /// In canonical order of their names.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Kept>> {
        self.by_apex.values().filter_map(|id| self.by_id.get(id))
    }

    /// A new zone, or a new content of one: its note stays. False if that is another zone's name or id.
    pub(super) fn put(&mut self, id: u64, version: Lsn, snapshot: Snapshot) -> bool {
        let apex = SortKey::of(snapshot.apex());
        let held = self.by_apex.get(apex.as_bytes()).copied();
        if held.is_some_and(|held| held != id) || held.is_none() && self.by_id.contains_key(&id) {
            return false;
        }
        let history = History::new(self.limits);
        if let Some(kept) = self.by_id.get_mut(&id) {
            let note = kept.note.clone();
            *kept = Arc::new(Kept { id, version, snapshot, history, note });
        } else {
            self.by_apex.insert(apex.as_bytes().into(), id);
            self.by_id.insert(id, Arc::new(Kept { id, version, snapshot, history, note: Vec::new() }));
        }
        true
    }

    /// The next version of a zone.
    pub(super) fn put_delta(&mut self, id: u64, version: Lsn, delta: Arc<Delta>, after: Snapshot) {
        if let Some(kept) = self.get_mut(id) {
            kept.version = version;
            kept.history.push(delta, after.wire_len());
            kept.snapshot = after;
        }
    }

    /// A zone, to be changed: it is copied if a compaction still has it.
    pub(super) fn get_mut(&mut self, id: u64) -> Option<&mut Kept> {
        self.by_id.get_mut(&id).map(Arc::make_mut)
    }

    /// False if there is none.
    pub(super) fn remove(&mut self, id: u64) -> bool {
        let Some(kept) = self.by_id.remove(&id) else { return false };
        self.by_apex.remove(SortKey::of(kept.snapshot.apex()).as_bytes());
        true
    }
}
