//! Reading a snapshot file.

use super::file::{FORMAT, ROW_HEAD_LEN};
use crate::blocks::BlockDamage;
use crate::db::op::PUT;
use crate::db::replay::{Malformed, Sink};
use crate::id::Lsn;
use crate::log::Storage;

/// What is wrong with a snapshot file.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotDamage {
    /// The file's bytes.
    #[error(transparent)]
    Blocks(#[from] BlockDamage),
    /// A lease in a block that is whole makes no sense.
    #[error("the lease written at lsn {} is malformed", version.0)]
    Row {
        /// Its version.
        version: Lsn,
    },
    /// It holds another number of leases than it says.
    #[error("holds {found} leases, says {said}")]
    Count {
        /// What was read.
        found: u64,
        /// What the footer says.
        said: u64,
    },
}

/// What a whole snapshot file holds.
pub(crate) struct Loaded {
    pub(crate) leases: u64,
    pub(crate) bytes: u64,
}

/// Gives all leases of the snapshot to `sink`.
pub(crate) fn load(
    storage: &dyn Storage,
    name: &str,
    lsn: Lsn,
    sink: Sink<'_>,
) -> Result<Loaded, SnapshotDamage> {
    let mut found = 0;
    let ends = FORMAT.read(storage, name, lsn.0, |offset, rows| {
        found += read_rows(rows, sink).ok_or(BlockDamage::Block { offset })??;
        Ok::<_, SnapshotDamage>(())
    })?;
    let said = ends.header_count;
    if ends.footer_count != said || found != said {
        return Err(SnapshotDamage::Count { found, said });
    }
    Ok(Loaded { leases: found, bytes: ends.bytes })
}

/// Gives a block's rows to `sink`, and returns how many. `None` if they don't fill the block.
fn read_rows(rows: &[u8], sink: Sink<'_>) -> Option<Result<u64, SnapshotDamage>> {
    let (mut rest, mut found) = (rows, 0);
    while let Some((head, after)) = rest.split_first_chunk::<ROW_HEAD_LEN>() {
        let [a, b, version @ ..] = *head;
        let (body, after) = after.split_at_checked(usize::from(u16::from_le_bytes([a, b])))?;
        if let Err(Malformed(version)) = sink(Lsn(u64::from_le_bytes(version)), PUT, body) {
            return Some(Err(SnapshotDamage::Row { version }));
        }
        found += 1;
        rest = after;
    }
    rest.is_empty().then_some(Ok(found))
}
