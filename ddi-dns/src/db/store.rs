//! The zones as who changes them by message sees them.

use super::ZoneDb;
use crate::delta::Delta;
use crate::journal::JournalError;
use crate::name::NameRef;
use crate::update::{ZoneStore, ZoneStoreError};
use crate::zone::Snapshot;
use ddi_core::Lsn;
use std::sync::Arc;

impl ZoneStore for ZoneDb {
    fn newest(&self, apex: NameRef<'_>) -> Option<Snapshot> {
        Self::newest(self, apex).cloned()
    }

    fn put(&mut self, delta: Delta, next: Snapshot) -> Result<Lsn, ZoneStoreError> {
        Self::put(self, Arc::new(delta), next).map_err(|error| match error {
            JournalError::NoZone { .. } | JournalError::Unrelated { .. } => ZoneStoreError::Stale,
            other => ZoneStoreError::Failed { reason: other.to_string() },
        })
    }

    fn appended(&self) -> Lsn {
        Self::appended(self)
    }

    fn durable(&self) -> Lsn {
        Self::durable(self)
    }
}
