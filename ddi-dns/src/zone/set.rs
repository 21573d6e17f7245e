//! Many zones, found by name.

use super::live::Zone;
use crate::name::{LABELS_MAX, NameRef};
use hashbrown::HashTable;
use std::sync::Arc;

/// Zones by their apex.
#[derive(Clone, Debug)]
pub struct ZoneSet {
    zones: HashTable<Arc<Zone>>,
    /// How many zones have an apex of so many labels: other suffixes of a name need no look-up.
    with_labels: [u32; LABELS_MAX + 1],
}

impl Default for ZoneSet {
    fn default() -> Self {
        Self { zones: HashTable::new(), with_labels: [0; LABELS_MAX + 1] }
    }
}

impl ZoneSet {
    /// An empty set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many zones.
    #[must_use]
    pub fn len(&self) -> usize {
        self.zones.len()
    }

    /// True if there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.zones.is_empty()
    }

    /// Puts a zone in, and gives that of the same apex which it replaces.
    pub fn insert(&mut self, zone: Arc<Zone>) -> Option<Arc<Zone>> {
        let apex = zone.apex().to_name();
        let replaced = self.remove(apex.as_ref());
        self.with_labels[apex.as_ref().label_count()] += 1;
        let hasher = |zone: &Arc<Zone>| hash(zone.apex());
        self.zones.insert_unique(hash(apex.as_ref()), zone, hasher);
        replaced
    }

    /// Takes a zone out.
    pub fn remove(&mut self, apex: NameRef<'_>) -> Option<Arc<Zone>> {
        let found = self.zones.find_entry(hash(apex), |zone| zone.apex() == apex).ok()?;
        self.with_labels[apex.label_count()] -= 1;
        Some(found.remove().0)
    }

    /// The zone of this very apex.
    #[must_use]
    pub fn get(&self, apex: NameRef<'_>) -> Option<&Arc<Zone>> {
        self.zones.find(hash(apex), |zone| zone.apex() == apex)
    }

    /// The zone that a name is in: that with the longest apex at or above it.
    #[must_use]
    pub fn find(&self, name: NameRef<'_>) -> Option<&Arc<Zone>> {
        let (mut suffix, mut labels) = (Some(name), name.label_count());
        while let Some(apex) = suffix {
            if self.with_labels[labels] > 0
                && let Some(zone) = self.get(apex)
            {
                return Some(zone);
            }
            suffix = apex.parent();
            labels = labels.saturating_sub(1);
        }
        None
    }

    /// The zone that the parent of a name is in: where the DS of a zone's apex is (RFC 4035 section 3.1.4.1).
    #[must_use]
    pub fn find_above(&self, name: NameRef<'_>) -> Option<&Arc<Zone>> {
        self.find(name.parent()?)
    }

    /// All zones, in no order that means anything.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Zone>> {
        self.zones.iter()
    }
}

/// FNV-1a over the lower-case bytes. What is in the set is configured, so that nobody can fill it with
/// names that collide.
fn hash(name: NameRef<'_>) -> u64 {
    name.wire().iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0000_01b3)
    })
}
