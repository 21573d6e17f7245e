//! Opening: the newest whole snapshot, the log after it, then the indexes.

use super::config::DbConfig;
use super::error::DbError;
use super::replay::{Malformed, build_indexes, replay};
use super::snapshot::file::lsn_of;
use super::snapshot::load::{SnapshotDamage, load};
use super::table::Table;
use crate::blocks::BlockDamage;
use crate::id::Lsn;
use crate::log::{Log, Recovered, Storage, segments};
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
    if let Some((_, snapshot)) = snapshots(&**storage)?.pop()
        && segments(&**storage)?.is_empty()
    {
        return Err(DbError::NoLog { snapshot });
    }
    let mut table = Table::new(config.hash_key);
    let (newest, damaged) = load_newest(&**storage, config, &mut table)?;
    let after = newest.map_or(Lsn::ZERO, |(lsn, _)| lsn);
    let opened = replay(&mut table, config.open_threads, |sink| {
        Log::open(Arc::clone(storage), config.log, after, &mut |lsn, op| {
            let (first, rest) = op.split_first().ok_or(Malformed(lsn))?;
            Ok(sink(lsn, *first, rest)?)
        })
    });
    let opened = opened.map_err(|Malformed(lsn)| DbError::Operation { lsn })?;
    let (log, recovered) = match (opened, damaged.first()) {
        (Ok(opened), _) => opened,
        // Without a whole snapshot the log alone may not reach back: then the snapshot is to blame.
        (Err(_), Some((file, damage))) if newest.is_none() => {
            return Err(DbError::Snapshot { file: file.clone(), damage: damage.clone() });
        }
        (Err(error), _) => return Err(error.into()),
    };
    build_indexes(&table, &config.indexes, config.open_threads);
    let opened = Opened { leases: table.addresses.len(), snapshot: after, log: recovered, damaged };
    Ok(Recovery { table, log, newest, opened })
}

/// Fills the table from the newest snapshot that is whole: gives its LSN and length in bytes, and those
/// that are not whole.
#[allow(clippy::type_complexity, reason = "two things for one caller")]
fn load_newest(
    storage: &dyn Storage,
    config: &DbConfig,
    table: &mut Table,
) -> Result<(Option<(Lsn, u64)>, Vec<(String, SnapshotDamage)>), DbError> {
    let mut damaged = Vec::new();
    for (lsn, name) in snapshots(storage)?.into_iter().rev() {
        let loaded = replay(table, config.open_threads, |sink| load(storage, &name, lsn, sink));
        let damage = match loaded {
            Ok(Ok(loaded)) if loaded.leases == table.addresses.len() => {
                return Ok((Some((lsn, loaded.bytes)), damaged));
            }
            Ok(Ok(loaded)) => SnapshotDamage::Count { found: table.addresses.len(), said: loaded.leases },
            Ok(Err(damage @ SnapshotDamage::Blocks(BlockDamage::Version { .. }))) => {
                return Err(DbError::Snapshot { file: name, damage });
            }
            Ok(Err(damage)) => damage,
            Err(Malformed(version)) => SnapshotDamage::Row { version },
        };
        damaged.push((name, damage));
        *table = Table::new(config.hash_key);
    }
    Ok((None, damaged))
}

/// The snapshots there are, newest last.
fn snapshots(storage: &dyn Storage) -> Result<Vec<(Lsn, String)>, DbError> {
    let files = storage.list().map_err(DbError::storage("list", "the directory"))?;
    let mut found: Vec<_> = files.into_iter().filter_map(|(name, _)| Some((lsn_of(&name)?, name))).collect();
    found.sort_unstable();
    Ok(found)
}
