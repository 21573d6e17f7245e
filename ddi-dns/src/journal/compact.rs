//! Compaction: all zones are written to a new file in slices, on whatever thread, while commits go on; then
//! the log before the last but one such file, and what else only that needed, is given up.

use super::error::JournalError;
use super::file::{FileWriter, UNFINISHED, all_name, lsn_of, one_name};
use super::live::{Journal, SLICE};
use super::write::Pieces;
use super::zones::Kept;
use ddi_core::log::retire;
use ddi_core::{LogError, Lsn, Storage};
use std::sync::Arc;

/// A compaction under way. It can be moved to another thread for its steps.
///
/// ```text
/// let mut compaction = journal.begin_compaction();
/// loop {
///     while !compaction.step(1 << 20)? {}             // writes; names the new file; removes old ones
///     if journal.end_compaction(&mut compaction)? {   // touches no file
///         break;
///     }
/// }
/// ```
/// If it fails, is dropped or the program ends at any point, nothing is lost: what it leaves is
/// overwritten or removed by the next one.
#[must_use = "it does nothing without its steps"]
pub struct Compaction {
    storage: Arc<dyn Storage>,
    /// Last zone first; each is let go when it is written.
    zones: Vec<Arc<Kept>>,
    zone: Option<Pieces>,
    lsn: Lsn,
    /// What the journal had counted when this began.
    bytes: u64,
    file: FileWriter,
    records: Vec<u8>,
    phase: Phase,
}

enum Phase {
    Start,
    Zones,
    Written,
    /// All that it holds is durable in the log: it may be given its name.
    Rename,
    /// It has its name, durably. These other files of all zones were there.
    Named {
        others: Vec<String>,
    },
    /// What is to be removed: files before the log that they would need, the log's last first.
    Cleanup {
        segments: Vec<String>,
        files: Vec<String>,
    },
    /// Nothing is left to do.
    Done,
    /// Writing failed: there is no file any more, and some of what would follow is gone.
    Failed,
}

impl Compaction {
    /// The last change that the new file will hold.
    #[must_use]
    pub const fn lsn(&self) -> Lsn {
        self.lsn
    }

    /// Writes and syncs about `max_bytes` more (at least a block of 256 KiB, and a delta whole), or names the
    /// file, or removes an old one. True when it is [`Journal::end_compaction`]'s turn. If writing fails, what was
    /// written is removed, since the log may need the room; there is nothing to go on with then.
    pub fn step(&mut self, max_bytes: u64) -> Result<bool, JournalError> {
        match &mut self.phase {
            Phase::Start | Phase::Zones => self.write_some(max_bytes).inspect_err(|_| {
                let _ = self.storage.remove(UNFINISHED);
                self.phase = Phase::Failed;
            }),
            Phase::Failed => Err(JournalError::Unfinished),
            Phase::Written | Phase::Named { .. } | Phase::Done => Ok(true),
            Phase::Rename => self.rename().map(|()| true),
            Phase::Cleanup { segments, files } => {
                if let Some(file) = files.pop() {
                    self.storage.remove(&file).map_err(JournalError::storage("remove", &file))?;
                } else if let Some(file) = segments.pop() {
                    retire(&*self.storage, &file)?;
                }
                let is_done = files.is_empty() && segments.is_empty();
                if is_done {
                    self.phase = Phase::Done;
                }
                Ok(is_done)
            }
        }
    }

    fn rename(&mut self) -> Result<(), JournalError> {
        let files = self.storage.list().map_err(JournalError::storage("list", "the directory"))?;
        let is_other = |name: &String| lsn_of(name).is_some_and(|lsn| lsn != self.lsn);
        let others = files.into_iter().map(|(name, _)| name).filter(is_other).collect();
        let renamed = self.storage.rename(UNFINISHED, &all_name(self.lsn));
        renamed.map_err(JournalError::storage("rename", UNFINISHED))?;
        self.phase = Phase::Named { others };
        Ok(())
    }

    fn write_some(&mut self, max_bytes: u64) -> Result<bool, JournalError> {
        if matches!(self.phase, Phase::Start) {
            self.file.begin()?;
            self.phase = Phase::Zones;
        }
        let end = self.file.offset().saturating_add(max_bytes.max(1));
        while self.file.offset() < end {
            if let Some(zone) = &mut self.zone
                && zone.write(&mut self.file, &mut self.records)?
            {
                continue;
            }
            self.zone = self.zones.pop().map(Pieces::new);
            if self.zone.is_none() {
                self.file.finish()?;
                self.phase = Phase::Written;
                break;
            }
        }
        self.file.sync()?;
        Ok(matches!(self.phase, Phase::Written))
    }
}

impl Journal {
    /// Begins a compaction of what is there now. One at a time, or the later one spoils the earlier.
    /// If the newest file holds all that already, the compaction has nothing to do.
    pub fn begin_compaction(&self) -> Compaction {
        let lsn = self.appended();
        let is_there = self.newest.is_some_and(|(newest, _)| newest == lsn);
        let phase = if is_there { Phase::Done } else { Phase::Start };
        let mut zones: Vec<_> = if is_there { Vec::new() } else { self.zones.iter().cloned().collect() };
        zones.reverse();
        Compaction {
            storage: Arc::clone(&self.storage),
            zones,
            zone: None,
            lsn,
            bytes: self.bytes,
            file: FileWriter::new(Arc::clone(&self.storage), UNFINISHED.to_owned(), lsn.0),
            records: Vec::new(),
            phase,
        }
    }

    /// Takes note of what the steps have done, and lets them go on; true when the compaction is over. To be
    /// called whenever they say so. It touches no file but for the log's.
    ///
    /// At first it lets a written file have its name. What that holds must be durable in the log by now: if
    /// something is pending, it is committed; if a batch is out, that can't be, and this fails, to be
    /// called again. Only once the file has its name it becomes the newest one, and what is older than the
    /// one before it is given up.
    pub fn end_compaction(&mut self, compaction: &mut Compaction) -> Result<bool, JournalError> {
        match &mut compaction.phase {
            Phase::Start | Phase::Zones | Phase::Rename | Phase::Cleanup { .. } | Phase::Failed => {
                Err(JournalError::Unfinished)
            }
            Phase::Written => {
                self.make_durable(compaction.lsn)?;
                compaction.phase = Phase::Rename;
                Ok(false)
            }
            Phase::Named { others } => {
                let before = self.newest.replace((compaction.lsn, compaction.file.offset()));
                self.bytes = self.bytes.saturating_sub(compaction.bytes);
                let keep = before.map_or(Lsn::ZERO, |(lsn, _)| lsn);
                let mut segments = self.log.release_before(keep.next());
                segments.reverse();
                let mut files = std::mem::take(others);
                files.retain(|name| lsn_of(name) != Some(keep));
                let unneeded = self.files.extract_if(.., |(lsn, _)| *lsn <= keep);
                files.extend(unneeded.map(|(_, number)| one_name(number)));
                compaction.phase = Phase::Cleanup { segments, files };
                Ok(false)
            }
            Phase::Done => Ok(true),
        }
    }

    /// A whole compaction, here and now.
    pub fn compact(&mut self) -> Result<(), JournalError> {
        let mut compaction = self.begin_compaction();
        loop {
            while !compaction.step(SLICE)? {}
            if self.end_compaction(&mut compaction)? {
                return Ok(());
            }
        }
    }

    fn make_durable(&mut self, held: Lsn) -> Result<(), JournalError> {
        if self.durable() >= held {
            return Ok(());
        }
        match self.commit() {
            Ok(_) => Ok(()),
            Err(LogError::BatchOut) => Err(JournalError::NotDurable { held, durable: self.durable() }),
            Err(error) => Err(error.into()),
        }
    }
}
