//! Zones as operations, piece by piece: what files are made of, and small zones in the log.

use super::error::JournalError;
use super::file::FileWriter;
use super::op::{Op, PART_BYTES, Part, parts};
use super::zones::Kept;
use crate::zone::{Position, Snapshot};
use std::sync::Arc;

/// A zone's content, part by part.
pub(super) struct Content {
    snapshot: Snapshot,
    position: Position,
    given: u64,
}

impl Content {
    pub(super) const fn new(snapshot: Snapshot) -> Self {
        Self { snapshot, position: Position::START, given: 0 }
    }

    /// True if all parts were given.
    pub(super) fn is_over(&self) -> bool {
        self.given >= self.snapshot.records()
    }

    /// The next part, its records in `records`.
    pub(super) fn next<'a>(&mut self, zone: u64, records: &'a mut Vec<u8>) -> Op<'a> {
        let is_first = self.given == 0;
        let mut walk = self.snapshot.walk_from(&self.position);
        records.clear();
        while records.len() < PART_BYTES && self.given < self.snapshot.records() {
            let Some(record) = walk.next() else {
                self.given = self.snapshot.records(); // never: that is how many there are
                break;
            };
            record.emit(records);
            self.given += 1;
        }
        self.position = walk.position();
        Op::Zone(Part { zone, is_first, is_last: self.is_over() }, records)
    }
}

/// All that is kept of a zone, piece by piece.
pub(super) struct Pieces {
    kept: Arc<Kept>,
    content: Content,
    /// How many deltas of the history were given.
    past: usize,
}

impl Pieces {
    pub(super) fn new(kept: Arc<Kept>) -> Self {
        let content = Content::new(kept.snapshot.clone());
        Self { kept, content, past: 0 }
    }

    /// Writes the next piece: a part of the content, a delta, or the note. False if there was none.
    pub(super) fn write(
        &mut self,
        file: &mut FileWriter,
        records: &mut Vec<u8>,
    ) -> Result<bool, JournalError> {
        let Kept { id, version, history, note, .. } = &*self.kept;
        if !self.content.is_over() {
            file.push(*version, &self.content.next(*id, records))?;
            return Ok(true);
        }
        if let Some(delta) = history.iter().nth(self.past) {
            self.past += 1;
            for (part, sides) in parts(*id, delta) {
                file.push(*version, &Op::Past(part, sides))?;
            }
            return Ok(true);
        }
        let has_note = self.past == history.len() && !note.is_empty();
        self.past = history.len() + 1;
        if has_note {
            file.push(*version, &Op::Note { zone: *id, note })?;
        }
        Ok(has_note)
    }
}
