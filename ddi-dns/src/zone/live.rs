//! The zone that readers see.

use super::edit::Edit;
use super::error::ZoneError;
use super::owner::Apex;
use super::snapshot::Snapshot;
use crate::name::NameRef;
use arc_swap::{ArcSwap, Guard};
use std::ops::Deref;
use std::sync::Arc;

/// A zone with its current snapshot. Readers never wait, whatever the writer does; a version is freed with
/// its last reader. Who publishes sees to it that there is one writer at a time.
#[derive(Debug)]
pub struct Zone {
    apex: Arc<Apex>,
    current: ArcSwap<Snapshot>,
}

impl Zone {
    /// Starts with a snapshot.
    #[must_use]
    pub fn new(snapshot: Snapshot) -> Self {
        Self { apex: Arc::clone(&snapshot.apex), current: ArcSwap::from_pointee(snapshot) }
    }

    /// The zone's name.
    #[must_use]
    pub fn apex(&self) -> NameRef<'_> {
        self.apex.name.as_ref()
    }

    /// The current version, to keep.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::clone(&self.current.load())
    }

    /// The current version for a moment: cheaper than [`Zone::snapshot`], for one answer.
    #[must_use]
    pub fn read(&self) -> ZoneGuard {
        ZoneGuard(self.current.load())
    }

    /// Starts an edit of the current version.
    #[must_use]
    pub fn edit(&self) -> Edit {
        Edit::new(&self.read())
    }

    /// Makes `snapshot` the current version for all that read from now on. It must have the same apex.
    pub fn publish(&self, snapshot: Snapshot) -> Result<(), ZoneError> {
        if snapshot.apex() != self.apex() {
            return Err(ZoneError::Unrelated);
        }
        self.current.store(Arc::new(snapshot));
        Ok(())
    }
}

/// A version that is being read.
#[derive(Debug)]
pub struct ZoneGuard(Guard<Arc<Snapshot>>);

impl Deref for ZoneGuard {
    type Target = Snapshot;

    fn deref(&self) -> &Snapshot {
        &self.0
    }
}
