//! Opening: the newest whole snapshot, the log after it, then the indexes.

use super::config::DbConfig;
use super::error::DbError;
use super::op::Op;
use super::snapshot::file::lsn_of;
use super::snapshot::load::{SnapshotDamage, load};
use super::table::Table;
use crate::id::Lsn;
use crate::log::{Log, Recovered, Storage};
use std::sync::Arc;

/// What opening a database found.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Opened {
    /// How many leases there are.
    pub leases: u64,
    /// The last change that the snapshot held; [`Lsn::ZERO`] if there is none.
    pub snapshot: Lsn,
    /// What the log's recovery found: operations replayed, a torn tail that was cut.
    pub log: Recovered,
    /// Snapshots that are damaged and were passed over, newest first. Nothing is lost: an older one and
    /// the log after it were used. But the operator should know, and compact soon.
    pub damaged: Vec<(String, SnapshotDamage)>,
}

pub(super) struct Recovery {
    pub(super) table: Table,
    pub(super) log: Log,
    pub(super) newest: Option<(Lsn, u64)>,
    pub(super) opened: Opened,
}

pub(super) fn recover(storage: &Arc<dyn Storage>, config: &DbConfig) -> Result<Recovery, DbError> {
    let mut snapshots = snapshots(&**storage)?;
    let mut damaged = Vec::new();
    let (mut table, mut newest) = (Table::new(config.hash_key), None);
    while let Some((lsn, name)) = snapshots.pop() {
        match load(&**storage, &name, lsn, &mut table) {
            Ok(bytes) => {
                newest = Some((lsn, bytes));
                break;
            }
            Err(SnapshotDamage::Version { version }) => {
                return Err(DbError::Snapshot { file: name, damage: SnapshotDamage::Version { version } });
            }
            Err(damage) => damaged.push((name, damage)),
        }
        table = Table::new(config.hash_key);
    }
    let after = newest.map_or(Lsn::ZERO, |(lsn, _)| lsn);
    let opened = Log::open(Arc::clone(storage), config.log, after, &mut |lsn, op| {
        match Op::parse(op) {
            Some(Op::Put(body, view)) => table.put_parsed(lsn, body, &view),
            Some(Op::Remove(key)) => drop(table.remove(key)),
            None => return Err(DbError::Operation { lsn }.into()),
        }
        Ok(())
    });
    let (log, recovered) = match (opened, damaged.first()) {
        (Ok(opened), _) => opened,
        // Without a whole snapshot the log alone may not reach back: then the snapshot is to blame.
        (Err(_), Some((file, damage))) if newest.is_none() => {
            return Err(DbError::Snapshot { file: file.clone(), damage: damage.clone() });
        }
        (Err(error), _) => return Err(error.into()),
    };
    for kind in &config.indexes {
        table.index(*kind);
    }
    let opened = Opened { leases: table.addresses.len(), snapshot: after, log: recovered, damaged };
    Ok(Recovery { table, log, newest, opened })
}

/// The snapshots there are, newest last.
fn snapshots(storage: &dyn Storage) -> Result<Vec<(Lsn, String)>, DbError> {
    let files = storage.list().map_err(DbError::storage("list", "the directory"))?;
    let mut found: Vec<_> = files.into_iter().filter_map(|(name, _)| Some((lsn_of(&name)?, name))).collect();
    found.sort_unstable();
    Ok(found)
}
