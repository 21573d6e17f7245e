//! Opening: finds the end of the log, replays, and tells a torn tail from corruption.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Replay;
use super::ahead::{Ahead, write_zeros};
use super::batch::{Current, Writer};
use super::error::LogError;
use super::frame::SECTOR;
use super::group::{Held, LogConfig};
use super::segment;
use super::storage::Storage;
use crate::id::Lsn;
use tail::Tear;
use walk::Walk;

mod tail;
mod walk;

/// What opening found.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Recovered {
    /// The oldest operation held.
    pub oldest: Lsn,
    /// The last operation; what the log was opened after if it holds none.
    pub last: Lsn,
    /// The epoch of the last batch.
    pub epoch: u32,
    /// How many operations were replayed.
    pub replayed: u64,
    /// How many operations after `after` a salvage had found lost: their numbers are skipped.
    pub lost: u64,
    /// A torn batch that was cut off: it had never been acknowledged.
    pub cut: Option<Cut>,
}

/// Bytes of a batch that a crash tore. They are overwritten with zeros.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Cut {
    /// The segment's file name.
    pub file: String,
    /// Where the batch began, in bytes.
    pub offset: u64,
    /// How many bytes were overwritten.
    pub bytes: u64,
}

/// What a log goes on with.
pub(crate) struct Found {
    pub(crate) writer: Writer,
    pub(crate) held: VecDeque<Held>,
    pub(crate) recovered: Recovered,
}

/// Reads the segments, replays, settles the tail, and makes all that was found durable.
pub(crate) fn recover(
    storage: &Arc<dyn Storage>,
    config: LogConfig,
    after: Lsn,
    replay: &mut Replay<'_>,
) -> Result<Found, LogError> {
    let files = segment::list(&**storage)?;
    segment::check_unbroken(&files)?;
    let mut walk = Walk::start(storage, files, after)?;
    while walk.step(after, replay)? {}
    let tear = tail::judge(&mut walk)?;
    walk.check_end(after)?;
    walk.held.truncate(walk.last_batch.map_or(0, |last| last.file + 1));
    // Up to here nothing was changed.
    mend(&mut walk, tear.as_ref())?;
    let writer = resume(&walk, config)?;
    let recovered = Recovered {
        oldest: walk.held.front().map_or(walk.expected, |held| held.first),
        last: walk.last(),
        epoch: walk.epoch,
        replayed: walk.replayed,
        lost: walk.lost,
        cut: tear.map(|tear| Cut {
            file: walk.file_name(tear.file).to_owned(),
            offset: tear.from,
            bytes: tear.to - tear.from,
        }),
    };
    Ok(Found { writer, held: walk.held, recovered })
}

/// Overwrites what was torn, so that no later write can complete it. Rewrites and syncs the last
/// whole batch: it may have been read from memory that a failed sync had left there, or that a
/// killed process had not synced. Earlier ones are durable, since one batch is out at a time.
fn mend(walk: &mut Walk, tear: Option<&Tear>) -> Result<(), LogError> {
    let storage = Arc::clone(&walk.storage);
    let mut touched = None;
    if let Some(last) = walk.last_batch {
        walk.enter(last.file);
        let name = walk.file_name(last.file).to_owned();
        let bytes = walk.window.bytes(last.offset, last.extent as usize)?;
        storage.write(&name, last.offset, bytes).map_err(LogError::storage("write", &name))?;
        touched = Some(last.file);
    }
    if let Some(tear) = tear {
        let name = walk.file_name(tear.file);
        write_zeros(&*storage, name, tear.from, tear.to)?;
        storage.sync(name).map_err(LogError::storage("sync", name))?;
        touched = touched.filter(|file| *file != tear.file);
    }
    if let Some(file) = touched {
        let name = walk.file_name(file);
        storage.sync(name).map_err(LogError::storage("sync", name))?;
    }
    Ok(())
}

/// The writer that goes on after the last whole batch.
fn resume(walk: &Walk, config: LogConfig) -> Result<Writer, LogError> {
    let (index, offset) = walk.last_batch.map_or((0, 0), |last| (last.file, last.offset + last.extent));
    let current = match walk.files.get(index) {
        Some(file) => Current { id: file.id, name: file.name.clone(), offset, capacity: file.bytes },
        None => Current { id: 1, name: segment::name(1), offset, capacity: 0 },
    };
    let mut writer = Writer {
        storage: Arc::clone(&walk.storage),
        log_id: walk.log_id.unwrap_or(config.log_id),
        align: u64::from(config.align_bytes),
        first_segment_bytes: config.first_segment_bytes,
        segment_bytes: config.segment_bytes,
        chain: walk.chain,
        current,
        next: None,
        owed: 0,
        live_bytes: walk.held.iter().map(|held| held.bytes).sum(),
    };
    let wanted = writer.next_capacity();
    writer.next = walk.files.get(index + 1).map(|file| Ahead::found(file.id, file.bytes, wanted));
    if walk.last_batch.is_none() {
        start_first(&mut writer)?;
    }
    // Batches start at multiples of a sector, whatever somebody did to the file's length.
    writer.current.capacity -= writer.current.capacity % SECTOR;
    Ok(writer)
}

/// Prepares the first segment of a log that holds nothing.
fn start_first(writer: &mut Writer) -> Result<(), LogError> {
    let (storage, current) = (&*writer.storage, &mut writer.current);
    let name = &current.name;
    if current.capacity < writer.first_segment_bytes {
        write_zeros(storage, name, current.capacity, writer.first_segment_bytes)?;
        current.capacity = writer.first_segment_bytes;
    }
    storage.sync(name).map_err(LogError::storage("sync", name))?;
    writer.live_bytes = current.capacity;
    Ok(())
}
