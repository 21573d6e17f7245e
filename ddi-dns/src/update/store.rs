//! Where a server's zones are kept.

use crate::delta::Delta;
use crate::name::NameRef;
use crate::zone::Snapshot;
use ddi_core::Lsn;

/// Why a store did not take a change.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ZoneStoreError {
    /// It does not hold the zone, or not this version as its newest.
    #[error("store does not hold the version that was changed")]
    Stale,
    /// A write or sync failed: nothing is acknowledged any more until the store is reopened.
    #[error("store failed: {reason}")]
    Failed {
        /// The first failure.
        reason: String,
    },
}

/// Zones and their journal, as whoever changes zones uses them.
///
/// A `put` takes effect here at once, so that the next change builds on it; it is durable once
/// [`ZoneStore::durable`] has reached the returned [`Lsn`]. Before that nobody may see it: neither the answer
/// to the change nor the new version may go out (RFC 2136 section 3.5).
pub trait ZoneStore {
    /// The newest version of the zone of this apex, durable or not. `None`: it is not here, or can't be
    /// changed here.
    fn newest(&self, apex: NameRef<'_>) -> Option<Snapshot>;

    /// Takes `next`, which `delta` makes of the newest version of its zone.
    fn put(&mut self, delta: Delta, next: Snapshot) -> Result<Lsn, ZoneStoreError>;

    /// Position of the newest put; [`Lsn::ZERO`] if there was none.
    fn appended(&self) -> Lsn;

    /// Everything up to this position survives a crash.
    fn durable(&self) -> Lsn;
}
