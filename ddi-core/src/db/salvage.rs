//! Saves what is whole of a damaged database into a new directory, and says what was lost.

use super::config::DbConfig;
use super::error::DbError;
use super::lease_db::LeaseDb;
use super::op::Op;
use super::recover::Opened;
use super::replay::Malformed;
use super::snapshot::SnapshotDamage;
use super::snapshot::file::lsn_of;
use super::snapshot::load::load;
use crate::blocks::BlockDamage;
use crate::id::Lsn;
use crate::log::{self, BatchKind, Finding, LogError, Storage};
use std::sync::Arc;

/// What a salvage of a database found and saved.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct SalvagedDb {
    /// What opening the new database found: how many leases it has, from which snapshot.
    pub opened: Opened,
    /// Snapshots that are damaged and were left out, newest first.
    pub damaged: Vec<(String, SnapshotDamage)>,
    /// The changes that are lost, first and last of each run: neither the snapshot that was used holds
    /// them, nor a whole batch. After the last change that is known there may have been more.
    pub lost: Vec<(Lsn, Lsn)>,
    /// What was copied of the log. It counts as lost also what the snapshot holds.
    pub log: log::Salvaged,
}

/// Copies the newest whole snapshot and all whole batches of the log to `to`, which holds no database,
/// and opens that once. Where changes are missing its log has a gap, which says so for ever. Each finding
/// in the log is handed to `tell`, in order. Nothing in `from` is changed. The new database has one snapshot
/// only: compact it soon.
pub fn salvage(
    from: &Arc<dyn Storage>,
    to: &Arc<dyn Storage>,
    config: &DbConfig,
    tell: &mut dyn FnMut(&Finding),
) -> Result<SalvagedDb, DbError> {
    check_empty(&**to)?;
    let (mut after, mut damaged) = (Lsn::ZERO, Vec::new());
    let snapshots = snapshots(&**from)?;
    for (lsn, file, bytes) in snapshots.iter().rev() {
        match check(&**from, *lsn, file)? {
            Some(damage) => damaged.push((file.clone(), damage)),
            None => {
                copy(&**from, &**to, file, *bytes)?;
                after = *lsn;
                break;
            }
        }
    }
    let mut lost = Vec::new();
    let log = log::salvage(Arc::clone(from), to, config.log, Some(after), &mut |finding| {
        lost.extend(
            missing(finding).filter(|(_, last)| *last > after).map(|(a, b)| (a.max(after.next()), b)),
        );
        tell(finding);
    })?;
    let (_, opened) = LeaseDb::open(Arc::clone(to), config)?;
    // A snapshot that is damaged still says that there were changes up to it.
    if let Some((known, ..)) = snapshots.last().filter(|(known, ..)| *known > opened.log.last) {
        lost.push((opened.log.last.next(), *known));
    }
    Ok(SalvagedDb { opened, damaged, lost, log })
}

/// All snapshots that are damaged, oldest first, with what is wrong. Reads each whole; changes nothing.
pub fn damaged_snapshots(storage: &dyn Storage) -> Result<Vec<(String, SnapshotDamage)>, DbError> {
    let mut damaged = Vec::new();
    for (lsn, file, _) in snapshots(storage)? {
        damaged.extend(check(storage, lsn, &file)?.map(|damage| (file, damage)));
    }
    Ok(damaged)
}

/// The operations that are missing, if the finding says so.
fn missing(finding: &Finding) -> impl Iterator<Item = (Lsn, Lsn)> {
    let run = match finding {
        Finding::Gap { first, last } => Some((*first, *last)),
        Finding::Batch(batch) if batch.kind == BatchKind::Gap => Some((batch.first, batch.last)),
        _ => None,
    };
    run.into_iter()
}

fn check_empty(to: &dyn Storage) -> Result<(), DbError> {
    match snapshots(to)?.pop() {
        Some((_, file, _)) => Err(LogError::NotEmpty { file }.into()),
        None => Ok(()),
    }
}

/// The snapshots there are, with their lengths in bytes; newest last.
fn snapshots(storage: &dyn Storage) -> Result<Vec<(Lsn, String, u64)>, DbError> {
    let files = storage.list().map_err(DbError::storage("list", "the directory"))?;
    let snapshot = |(name, bytes): (String, u64)| Some((lsn_of(&name)?, name, bytes));
    let mut found: Vec<_> = files.into_iter().filter_map(snapshot).collect();
    found.sort_unstable();
    Ok(found)
}

/// What is wrong with a snapshot, if anything is. One that is newer than this library is not damaged.
fn check(storage: &dyn Storage, lsn: Lsn, file: &str) -> Result<Option<SnapshotDamage>, DbError> {
    let mut op = Vec::new();
    let checked = load(storage, file, lsn, &mut |version, first, body| {
        op.clear();
        op.push(first);
        op.extend_from_slice(body);
        Op::parse(&op).map(drop).ok_or(Malformed(version))
    });
    match checked {
        Ok(_) => Ok(None),
        Err(damage @ SnapshotDamage::Blocks(BlockDamage::Version { .. })) => {
            Err(DbError::Snapshot { file: file.to_owned(), damage })
        }
        Err(damage) => Ok(Some(damage)),
    }
}

/// How much is copied at once, in bytes.
const PIECE: usize = 1 << 20;

fn copy(from: &dyn Storage, to: &dyn Storage, file: &str, bytes: u64) -> Result<(), DbError> {
    let mut piece = vec![0; PIECE];
    let mut offset = 0;
    while offset < bytes {
        let read = from.read(file, offset, &mut piece).map_err(DbError::storage("read", file))?;
        let Some(content) = piece.get(..read).filter(|content| !content.is_empty()) else { break };
        to.write(file, offset, content).map_err(DbError::storage("write", file))?;
        offset += read as u64;
    }
    to.sync(file).map_err(DbError::storage("sync", file))
}
