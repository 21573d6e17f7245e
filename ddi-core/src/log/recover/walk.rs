//! The walk over the batches of a log, in order.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::id::Lsn;
use crate::log::Replay;
use crate::log::error::{Damage, LogError};
use crate::log::frame::{BatchKind, Header, Ops};
use crate::log::group::Held;
use crate::log::segment::SegmentFile;
use crate::log::storage::Storage;
use crate::log::window::{Look, Window};

/// Where a walk is, and what it has seen.
pub(super) struct Walk {
    pub(super) storage: Arc<dyn Storage>,
    pub(super) window: Window,
    pub(super) files: Vec<SegmentFile>,
    /// The segments that hold batches, from the first file on.
    pub(super) held: VecDeque<Held>,
    /// Index of the file that the next batch should be in.
    pub(super) file: usize,
    /// Where in it.
    pub(super) offset: u64,
    /// The number that the next batch should start with.
    pub(super) expected: Lsn,
    /// Chain value so far.
    pub(super) chain: u64,
    /// Known once there has been a batch.
    pub(super) log_id: Option<u64>,
    pub(super) epoch: u32,
    pub(super) last_batch: Option<LastBatch>,
    pub(super) replayed: u64,
    pub(super) lost: u64,
}

/// Where the last whole batch is.
#[derive(Clone, Copy)]
pub(super) struct LastBatch {
    /// Index of the file.
    pub(super) file: usize,
    pub(super) offset: u64,
    pub(super) extent: u64,
}

impl Walk {
    /// Finds the segment to begin with: those before it hold nothing after `after`, and are not read.
    pub(super) fn start(
        storage: &Arc<dyn Storage>,
        files: Vec<SegmentFile>,
        after: Lsn,
    ) -> Result<Self, LogError> {
        let mut walk = Self {
            storage: Arc::clone(storage),
            window: Window::new(Arc::clone(storage), files.first().map_or(1, |file| file.id)),
            files,
            held: VecDeque::new(),
            file: 0,
            offset: 0,
            expected: after.next(),
            chain: 0,
            log_id: None,
            epoch: 0,
            last_batch: None,
            replayed: 0,
            lost: 0,
        };
        walk.list_held(after)?;
        for index in (0..walk.held.len()).rev() {
            walk.enter(index);
            if walk.held.get(index).is_some_and(|held| held.first > after.next()) {
                continue;
            }
            // A torn first batch of the last segment is no place to begin.
            if let Look::Batch(header) = walk.window.look(0)? {
                walk.file = index;
                walk.expected = header.first;
                walk.chain = header.prev_chain;
                break;
            }
        }
        walk.enter(walk.file);
        Ok(walk)
    }

    /// Reads the first header of every segment. Only the last segments may have none.
    fn list_held(&mut self, after: Lsn) -> Result<(), LogError> {
        for (index, file) in self.files.iter().enumerate() {
            let Some(header) = Window::peek(&self.storage, file.id)? else { continue };
            if self.held.len() != index {
                let damage = Damage::Lost {
                    expected: self.held.back().map_or(after.next(), |held| held.first),
                    later_file: file.name.clone(),
                    later_offset: 0,
                };
                return Err(self.corrupt(self.held.len(), 0, damage));
            }
            if index == 0 && header.first > after.next() {
                let damage = Damage::Start { wanted: after.next(), oldest: header.first };
                return Err(self.corrupt(0, 0, damage));
            }
            self.held.push_back(Held { id: file.id, first: header.first, bytes: file.bytes });
        }
        Ok(())
    }

    /// Turns the window to a file.
    pub(super) fn enter(&mut self, file: usize) {
        if let Some(file) = self.files.get(file) {
            self.window.turn_to(file.id);
        }
    }

    /// The last operation seen.
    pub(super) fn last(&self) -> Lsn {
        Lsn(self.expected.0.saturating_sub(1))
    }

    pub(super) fn file_name(&self, file: usize) -> &str {
        self.files.get(file).map_or("", |file| &file.name)
    }

    pub(super) fn corrupt(&self, file: usize, offset: u64, damage: Damage) -> LogError {
        LogError::Corrupt { file: self.file_name(file).to_owned(), offset, damage }
    }

    /// What is wrong with a header that should be the next.
    pub(super) fn misplaced(&self, header: &Header) -> Option<Damage> {
        if header.first != self.expected {
            return Some(Damage::Sequence { expected: self.expected, found: header.first });
        }
        let other_log = self.log_id.is_some_and(|id| id != header.log_id);
        let goes_on = header.prev_chain == self.chain && !other_log && header.epoch >= self.epoch;
        if goes_on { None } else { Some(Damage::Chain { lsn: header.first }) }
    }

    /// Takes the batch at `offset`, or moves on to the next segment. False at the end.
    pub(super) fn step(&mut self, after: Lsn, replay: &mut Replay<'_>) -> Result<bool, LogError> {
        if self.files.is_empty() {
            return Ok(false);
        }
        let header = match self.window.look(self.offset)? {
            Look::Batch(header) => header,
            Look::BadPayload(_) | Look::Nothing => return self.turn(),
        };
        if let Some(damage) = self.misplaced(&header) {
            return Err(self.corrupt(self.file, self.offset, damage));
        }
        match header.kind {
            BatchKind::Ops => self.replay(&header, after, replay)?,
            BatchKind::Gap => self.lost += header.last().0.saturating_sub(after.0).min(header.ops),
        }
        let extent = u64::from(header.extent_bytes);
        self.last_batch = Some(LastBatch { file: self.file, offset: self.offset, extent });
        self.log_id = Some(header.log_id);
        self.expected = header.last().next();
        self.chain = header.chain();
        self.epoch = header.epoch;
        self.offset += extent;
        Ok(true)
    }

    /// Hands the batch's operations after `after` to the callback.
    fn replay(&mut self, header: &Header, after: Lsn, replay: &mut Replay<'_>) -> Result<(), LogError> {
        let overrun = Damage::Ops { lsn: header.first };
        let mut lsn = header.first;
        for op in Ops::new(self.window.payload(self.offset, header)) {
            let Some(op) = op.filter(|_| lsn <= header.last()) else {
                return Err(self.corrupt(self.file, self.offset, overrun));
            };
            if lsn > after {
                replay(lsn, op).map_err(|source| LogError::Replay { lsn, source })?;
                self.replayed += 1;
            }
            lsn = lsn.next();
        }
        if lsn <= header.last() {
            return Err(self.corrupt(self.file, self.offset, overrun));
        }
        Ok(())
    }

    /// There is no whole batch at `offset`: does the log go on in the next segment?
    fn turn(&mut self) -> Result<bool, LogError> {
        let next = self.file + 1;
        let Some(file) = self.files.get(next).filter(|_| self.offset > 0) else { return Ok(false) };
        let Some(header) = Window::peek(&self.storage, file.id)? else { return Ok(false) };
        match self.misplaced(&header) {
            None => {}
            Some(Damage::Sequence { .. }) => {
                let later_file = file.name.clone();
                let damage = Damage::Lost { expected: self.expected, later_file, later_offset: 0 };
                return Err(self.corrupt(self.file, self.offset, damage));
            }
            Some(damage) => return Err(self.corrupt(next, 0, damage)),
        }
        self.enter(next);
        if let Look::Batch(_) = self.window.look(0)? {
            self.file = next;
            self.offset = 0;
            return Ok(true);
        }
        // Its first batch is torn, or damaged: the tail's judge decides.
        self.enter(self.file);
        Ok(false)
    }

    /// An error if the log ends before what the caller knows to have been durable.
    pub(super) fn check_end(&self, after: Lsn) -> Result<(), LogError> {
        if self.last_batch.is_some() && self.last() < after {
            let damage = Damage::End { last: self.last(), known: after };
            return Err(self.corrupt(self.file, self.offset, damage));
        }
        Ok(())
    }
}
