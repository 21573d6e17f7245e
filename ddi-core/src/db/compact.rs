//! Compaction: a new snapshot file is written in slices, on whatever thread, while commits go on; then
//! the log before the last but one snapshot, and older snapshots, are given up.

use super::arena::Page;
use super::error::DbError;
use super::lease_db::LeaseDb;
use super::snapshot::file::{
    BLOCK_HEAD_LEN, BLOCK_TARGET, FOOTER_LEN, HEADER_LEN, UNFINISHED, close_block, footer, header, lsn_of,
    name, push_row,
};
use crate::id::Lsn;
use crate::log::{LogError, Storage, retire};
use crate::store::LeaseStore;
use std::sync::Arc;

/// A compaction under way. It can be moved to another thread for its steps.
///
/// ```text
/// let mut compaction = db.begin_compaction();
/// while !compaction.step(1 << 20)? {}
/// db.end_compaction(&mut compaction)?;
/// while !compaction.step(1 << 20)? {}     // names the new file, removes old ones
/// ```
/// If it is dropped or the program ends at any point, nothing is lost; what it has written is
/// overwritten by the next one.
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
    /// To be given its name; then these segments of the log, last first, are not needed any more.
    Rename {
        segments: Vec<String>,
        keep: Lsn,
    },
    /// What is to be removed: snapshots before the log that they would need, the log's last first.
    Cleanup {
        segments: Vec<String>,
        snapshots: Vec<String>,
    },
}

impl Compaction {
    /// The last change that the new snapshot will hold.
    #[must_use]
    pub const fn lsn(&self) -> Lsn {
        self.lsn
    }

    /// Writes and syncs about `max_bytes` more (at least one block of 256 KiB), or after
    /// [`LeaseDb::end_compaction`] names the file or removes an old one. True when there is nothing more to do.
    pub fn step(&mut self, max_bytes: u64) -> Result<bool, DbError> {
        match &mut self.phase {
            Phase::Cleanup { segments, snapshots } => {
                if let Some(file) = snapshots.pop() {
                    self.storage.remove(&file).map_err(DbError::storage("remove", &file))?;
                } else if let Some(file) = segments.pop() {
                    retire(&*self.storage, &file)?;
                }
                Ok(snapshots.is_empty() && segments.is_empty())
            }
            Phase::Written => Ok(true),
            Phase::Rename { segments, keep } => {
                let (segments, keep) = (std::mem::take(segments), *keep);
                self.rename(segments, keep).map(|()| false)
            }
            Phase::Start | Phase::Rows => self.write_some(max_bytes),
        }
    }

    fn rename(&mut self, segments: Vec<String>, keep: Lsn) -> Result<(), DbError> {
        self.storage.rename(UNFINISHED, &name(self.lsn)).map_err(DbError::storage("rename", UNFINISHED))?;
        let files = self.storage.list().map_err(DbError::storage("list", "the directory"))?;
        let is_old = |name: &String| lsn_of(name).is_some_and(|lsn| lsn != self.lsn && lsn != keep);
        let snapshots = files.into_iter().map(|(name, _)| name).filter(is_old).collect();
        self.phase = Phase::Cleanup { segments, snapshots };
        Ok(())
    }

    fn write_some(&mut self, max_bytes: u64) -> Result<bool, DbError> {
        if matches!(self.phase, Phase::Start) {
            // What an earlier one has left there must not follow this one's end.
            self.storage.remove(UNFINISHED).map_err(DbError::storage("remove", UNFINISHED))?;
            self.write(&header(self.lsn, self.len))?;
            self.offset = HEADER_LEN as u64;
            self.phase = Phase::Rows;
        }
        let end = self.offset.saturating_add(max_bytes);
        loop {
            self.write_block()?;
            if self.pages.is_empty() {
                self.write(&footer(self.lsn, self.len, self.offset))?;
                self.offset += FOOTER_LEN as u64;
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
            close_block(self.lsn, self.offset, &mut block);
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
    pub fn begin_compaction(&self) -> Compaction {
        let (lsn, len) = (self.appended(), self.len());
        let mut pages = self.snapshot().into_pages();
        pages.reverse();
        let storage = Arc::clone(&self.storage);
        Compaction { storage, pages, lsn, len, offset: 0, buf: Vec::new(), phase: Phase::Start }
    }

    /// Accepts a written compaction as the newest snapshot, and gives up the log before the snapshot that
    /// came before it. This touches no file: the steps that follow do, and they must be done (until they
    /// are, opening uses the snapshot before, and the log, which is all there). What the compaction
    /// holds must be durable in the log by now: if something is pending, it is committed; if a batch
    /// is out, that can't be, and this fails, to be called again.
    pub fn end_compaction(&mut self, compaction: &mut Compaction) -> Result<(), DbError> {
        if !matches!(compaction.phase, Phase::Written) {
            return Err(DbError::Unfinished);
        }
        let held = compaction.lsn;
        if self.durable() < held {
            match self.commit() {
                Ok(_) => {}
                Err(LogError::BatchOut) => return Err(DbError::NotDurable { held, durable: self.durable() }),
                Err(error) => return Err(error.into()),
            }
        }
        let before = self.newest.replace((held, compaction.offset));
        let keep = before.map_or(Lsn::ZERO, |(lsn, _)| lsn);
        let mut segments = if keep == held { Vec::new() } else { self.log.release_before(keep.next()) };
        segments.reverse();
        compaction.phase = Phase::Rename { segments, keep };
        Ok(())
    }
}
