//! Looks at every byte of a log, whole or not: for inspection, and for salvage.

use std::collections::VecDeque;
use std::sync::Arc;

use super::error::{Damage, LogError};
use super::frame::{BatchKind, Header, Ops, SECTOR};
use super::segment::{self, SegmentFile};
use super::storage::Storage;
use super::window::{Look, Window};
use crate::id::Lsn;

/// One thing that a scan finds.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Finding {
    /// A whole batch.
    Batch(BatchInfo),
    /// Operations that are in no whole batch, though later ones are.
    Gap {
        /// The first that is missing.
        first: Lsn,
        /// The last that is missing.
        last: Lsn,
    },
    /// A place that is neither zeros nor a whole batch. At the end of the log it may be a batch that a
    /// crash tore and nobody had been promised.
    Damaged {
        /// The segment's file name.
        file: String,
        /// Where it begins, in bytes.
        offset: u64,
        /// How long it is; 0 if the whole file is missing.
        bytes: u64,
        /// What is wrong.
        damage: Damage,
    },
}

/// A whole batch, as a scan finds it.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct BatchInfo {
    /// The segment's file name.
    pub file: String,
    /// Where it begins, in bytes.
    pub offset: u64,
    /// What it is.
    pub kind: BatchKind,
    /// Its first operation.
    pub first: Lsn,
    /// Its last operation.
    pub last: Lsn,
    /// Under which epoch it was written.
    pub epoch: u32,
    /// Length of the operations with their length prefixes, in bytes.
    pub payload_bytes: u32,
    /// How much it takes in the file, in bytes.
    pub extent_bytes: u32,
    /// Chain value before it.
    pub prev_chain: u64,
    /// Chain value after it.
    pub chain: u64,
}

impl BatchInfo {
    fn new(file: &str, offset: u64, header: &Header) -> Self {
        Self {
            file: file.to_owned(),
            offset,
            kind: header.kind,
            first: header.first,
            last: header.last(),
            epoch: header.epoch,
            payload_bytes: header.payload_bytes,
            extent_bytes: header.extent_bytes,
            prev_chain: header.prev_chain,
            chain: header.chain(),
        }
    }
}

/// A scan. It changes nothing, and stops at nothing but a list that can't be read and a format that
/// is newer than this library.
pub struct LogScan {
    window: Window,
    files: VecDeque<SegmentFile>,
    /// Length of the file that the window is on.
    length: u64,
    offset: u64,
    /// None before the first batch.
    expected: Option<Lsn>,
    after: Option<Lsn>,
    chain: Option<u64>,
    /// Where damage began that has not been told yet.
    damaged: Option<(u64, Damage)>,
    /// Found, not told yet.
    ready: VecDeque<Finding>,
    /// The last batch told, for [`LogScan::ops`].
    batch: Option<(u64, Header)>,
}

impl LogScan {
    /// Scans all segments. If it is known what the log continues, and it begins later than just after
    /// that, it has a gap there.
    pub fn new(storage: Arc<dyn Storage>, after: Option<Lsn>) -> Result<Self, LogError> {
        let files: VecDeque<SegmentFile> = segment::list(&*storage)?.into();
        let first = files.front().map_or(1, |file| file.id);
        Ok(Self {
            window: Window::new(storage, first),
            length: 0,
            offset: 0,
            expected: None,
            after,
            chain: None,
            damaged: None,
            ready: VecDeque::new(),
            batch: None,
            files,
        })
    }

    /// The next finding, in order of file and offset. `None` at the end.
    #[allow(clippy::should_implement_trait, reason = "it can fail, and ops() belongs to the last one")]
    pub fn next(&mut self) -> Result<Option<Finding>, LogError> {
        loop {
            if let Some(finding) = self.ready.pop_front() {
                return Ok(Some(finding));
            }
            if self.offset < self.length {
                self.look()?;
            } else {
                self.end_damage(self.length);
                if self.ready.is_empty() && !self.next_file() {
                    return Ok(None);
                }
            }
        }
    }

    /// The operations of the batch that [`LogScan::next`] gave last. Fewer than its LSNs say if the
    /// payload, though its checksum is right, can't be cut.
    pub fn ops(&self) -> impl Iterator<Item = &[u8]> {
        Ops::new(self.payload()).map_while(|op| op)
    }

    pub(crate) fn payload(&self) -> &[u8] {
        let payload = self.batch.as_ref().map(|(offset, header)| self.window.payload(*offset, header));
        payload.unwrap_or_default()
    }

    fn next_file(&mut self) -> bool {
        let Some(file) = self.files.pop_front() else { return false };
        let before = self.window.segment();
        for missing in (before + 1..file.id).take(SEGMENTS_TOLD) {
            let file = segment::name(missing);
            self.ready.push_back(Finding::Damaged { file, offset: 0, bytes: 0, damage: Damage::Segment });
        }
        self.window.turn_to(file.id);
        self.length = file.bytes;
        self.offset = 0;
        true
    }

    fn look(&mut self) -> Result<(), LogError> {
        let (damage, step) = match self.window.look(self.offset) {
            Ok(Look::Batch(header)) => {
                self.end_damage(self.offset);
                self.found(&header);
                return Ok(());
            }
            Ok(Look::BadPayload(header)) => {
                (Some(Damage::Payload { lsn: header.first }), u64::from(header.extent_bytes))
            }
            Ok(Look::Nothing) => match self.window.has_zero_sector(self.offset, self.offset + SECTOR) {
                Ok(zero) => ((!zero).then_some(Damage::Header), SECTOR),
                Err(_) => (Some(Damage::Unreadable), SECTOR),
            },
            Err(LogError::Storage { .. }) => (Some(Damage::Unreadable), SECTOR),
            Err(other) => return Err(other),
        };
        match damage {
            Some(damage) if self.damaged.is_none() => self.damaged = Some((self.offset, damage)),
            Some(_) => {}
            None => self.end_damage(self.offset),
        }
        self.offset += step;
        Ok(())
    }

    fn end_damage(&mut self, end: u64) {
        if let Some((offset, damage)) = self.damaged.take() {
            let file = self.window.name().to_owned();
            self.ready.push_back(Finding::Damaged { file, offset, bytes: end - offset, damage });
        }
    }

    fn found(&mut self, header: &Header) {
        let (offset, extent) = (self.offset, u64::from(header.extent_bytes));
        self.offset += extent;
        let begin = self.after.map_or(header.first, |after| header.first.min(after.next()));
        let expected = self.expected.unwrap_or(begin);
        let file = self.window.name().to_owned();
        let misplaced = |damage| Finding::Damaged { file, offset, bytes: extent, damage };
        if header.first < expected {
            self.ready.push_back(misplaced(Damage::Sequence { expected, found: header.first }));
            return;
        }
        if header.first > expected {
            let last = Lsn(header.first.0 - 1);
            self.ready.push_back(Finding::Gap { first: expected, last });
        } else if self.chain.is_some_and(|chain| chain != header.prev_chain) {
            self.ready.push_back(misplaced(Damage::Chain { lsn: header.first }));
        }
        self.ready.push_back(Finding::Batch(BatchInfo::new(self.window.name(), offset, header)));
        self.batch = Some((offset, *header));
        self.expected = Some(header.last().next());
        self.chain = Some(header.chain());
    }
}

/// How many missing segment files are told one by one between two that are there.
const SEGMENTS_TOLD: usize = 1000;
