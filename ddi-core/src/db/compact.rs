//! Compaction: a new snapshot file is written in slices, on whatever thread, while commits go on; then
//! the log before the last but one snapshot, and older snapshots, are given up.

use super::arena::Page;
use super::error::DbError;
use super::lease_db::LeaseDb;
use super::snapshot::file::{BLOCK_TARGET, FORMAT, UNFINISHED, lsn_of, name, push_row};
use crate::blocks::{BLOCK_HEAD_LEN, ENDS_LEN, close_block};
use crate::id::Lsn;
use crate::log::{LogError, Storage, retire};
use crate::store::LeaseStore;
use std::sync::Arc;

/// How much [`LeaseDb::compact`] writes between two syncs, in bytes.
const SLICE: u64 = 1 << 20;

/// A compaction under way. It can be moved to another thread for its steps.
///
/// ```text
/// let mut compaction = db.begin_compaction();
/// loop {
///     while !compaction.step(1 << 20)? {}             // writes; names the new file; removes old ones
///     if db.end_compaction(&mut compaction)? {        // touches no file
///         break;
///     }
/// }
/// ```
/// If it fails, is dropped or the program ends at any point, nothing is lost: what it leaves is
/// overwritten or removed by the next one.
#[must_use = "it does nothing without its steps"]
pub struct Compaction {
    storage: Arc<dyn Storage>,
    /// Last page first; each is let go when it is written.
    pages: Vec<Arc<Page>>,
    lsn: Lsn,
    len: u64,
    offset: u64,
    buf: Vec<u8>,
    phase: Phase,
}

enum Phase {
    Start,
    Rows,
    Written,
    /// All that it holds is durable in the log: it may be given its name.
    Rename,
    /// It has its name, durably. These other snapshots were there.
    Named {
        others: Vec<String>,
    },
    /// What is to be removed: snapshots before the log that they would need, the log's last first.
    Cleanup {
        segments: Vec<String>,
        snapshots: Vec<String>,
    },
    /// Nothing is left to do.
    Done,
    /// Writing failed: there is no file any more, and some of what would follow is gone.
    Failed,
}

impl Compaction {
    /// The last change that the new snapshot will hold.
    #[must_use]
    pub const fn lsn(&self) -> Lsn {
        self.lsn
    }

    /// Writes and syncs about `max_bytes` more (at least one block of 256 KiB), or names the file, or
    /// removes an old one. True when it is [`LeaseDb::end_compaction`]'s turn. If writing fails, what was written
    /// is removed, since the log may need the room; there is nothing to go on with then.
    pub fn step(&mut self, max_bytes: u64) -> Result<bool, DbError> {
        match &mut self.phase {
            Phase::Start | Phase::Rows => self.write_some(max_bytes).inspect_err(|_| {
                let _ = self.storage.remove(UNFINISHED);
                self.phase = Phase::Failed;
            }),
            Phase::Failed => Err(DbError::Unfinished),
            Phase::Written | Phase::Named { .. } | Phase::Done => Ok(true),
            Phase::Rename => self.rename().map(|()| true),
            Phase::Cleanup { segments, snapshots } => {
                if let Some(file) = snapshots.pop() {
                    self.storage.remove(&file).map_err(DbError::storage("remove", &file))?;
                } else if let Some(file) = segments.pop() {
                    retire(&*self.storage, &file)?;
                }
                let is_done = snapshots.is_empty() && segments.is_empty();
                if is_done {
                    self.phase = Phase::Done;
                }
                Ok(is_done)
            }
        }
    }

    fn rename(&mut self) -> Result<(), DbError> {
        let files = self.storage.list().map_err(DbError::storage("list", "the directory"))?;
        let is_other = |name: &String| lsn_of(name).is_some_and(|lsn| lsn != self.lsn);
        let others = files.into_iter().map(|(name, _)| name).filter(is_other).collect();
        self.storage.rename(UNFINISHED, &name(self.lsn)).map_err(DbError::storage("rename", UNFINISHED))?;
        self.phase = Phase::Named { others };
        Ok(())
    }

    fn write_some(&mut self, max_bytes: u64) -> Result<bool, DbError> {
        if matches!(self.phase, Phase::Start) {
            // What an earlier one has left there must not follow this one's end.
            self.storage.remove(UNFINISHED).map_err(DbError::storage("remove", UNFINISHED))?;
            self.write(&FORMAT.header(self.lsn.0, self.len))?;
            self.offset = ENDS_LEN as u64;
            self.phase = Phase::Rows;
        }
        let end = self.offset.saturating_add(max_bytes);
        loop {
            self.write_block()?;
            if self.pages.is_empty() {
                self.write(&FORMAT.footer(self.lsn.0, self.len, self.offset))?;
                self.offset += ENDS_LEN as u64;
                self.phase = Phase::Written;
            }
            if self.pages.is_empty() || self.offset >= end {
                break;
            }
        }
        self.storage.sync(UNFINISHED).map_err(DbError::storage("sync", UNFINISHED))?;
        Ok(matches!(self.phase, Phase::Written))
    }

    fn write_block(&mut self) -> Result<(), DbError> {
        let mut block = std::mem::take(&mut self.buf);
        block.clear();
        block.resize(BLOCK_HEAD_LEN, 0);
        while block.len() < BLOCK_TARGET
            && let Some(page) = self.pages.pop()
        {
            page.rows().for_each(|(_, row)| push_row(row, &mut block));
        }
        if block.len() > BLOCK_HEAD_LEN {
            close_block(self.lsn.0, self.offset, &mut block);
            self.write(&block)?;
            self.offset += block.len() as u64;
        }
        self.buf = block;
        Ok(())
    }

    fn write(&self, bytes: &[u8]) -> Result<(), DbError> {
        self.storage.write(UNFINISHED, self.offset, bytes).map_err(DbError::storage("write", UNFINISHED))
    }
}

impl LeaseDb {
    /// Begins a compaction of what is there now. One at a time, or the later one spoils the earlier.
    /// If the newest snapshot holds all that already, the compaction has nothing to do.
    pub fn begin_compaction(&self) -> Compaction {
        let (lsn, len) = (self.appended(), self.len());
        let storage = Arc::clone(&self.storage);
        let is_there = self.newest.is_some_and(|(newest, _)| newest == lsn);
        let (phase, mut pages) =
            if is_there { (Phase::Done, Vec::new()) } else { (Phase::Start, self.snapshot().into_pages()) };
        pages.reverse();
        Compaction { storage, pages, lsn, len, offset: 0, buf: Vec::new(), phase }
    }

    /// Takes note of what the steps have done, and lets them go on; true when the compaction is over.
    /// To be called whenever they say so. It touches no file but for the log's.
    ///
    /// At first it lets a written snapshot have its name. What that holds must be durable in the log by
    /// now: if something is pending, it is committed; if a batch is out, that can't be, and this
    /// fails, to be called again. Only once the snapshot has its name it becomes the newest one, and the
    /// log before the one that came before it is given up.
    pub fn end_compaction(&mut self, compaction: &mut Compaction) -> Result<bool, DbError> {
        match &mut compaction.phase {
            Phase::Start | Phase::Rows | Phase::Rename | Phase::Cleanup { .. } | Phase::Failed => {
                Err(DbError::Unfinished)
            }
            Phase::Written => {
                self.make_durable(compaction.lsn)?;
                compaction.phase = Phase::Rename;
                Ok(false)
            }
            Phase::Named { others } => {
                let before = self.newest.replace((compaction.lsn, compaction.offset));
                let keep = before.map_or(Lsn::ZERO, |(lsn, _)| lsn);
                let mut segments = self.log.release_before(keep.next());
                segments.reverse();
                let mut snapshots = std::mem::take(others);
                snapshots.retain(|name| lsn_of(name) != Some(keep));
                compaction.phase = Phase::Cleanup { segments, snapshots };
                Ok(false)
            }
            Phase::Done => Ok(true),
        }
    }

    /// A whole compaction, here and now.
    pub fn compact(&mut self) -> Result<(), DbError> {
        let mut compaction = self.begin_compaction();
        loop {
            while !compaction.step(SLICE)? {}
            if self.end_compaction(&mut compaction)? {
                return Ok(());
            }
        }
    }

    fn make_durable(&mut self, held: Lsn) -> Result<(), DbError> {
        if self.durable() >= held {
            return Ok(());
        }
        match self.commit() {
            Ok(_) => Ok(()),
            Err(LogError::BatchOut) => Err(DbError::NotDurable { held, durable: self.durable() }),
            Err(error) => Err(error.into()),
        }
    }
}
