//! Large zones: their content goes to a file of its own, past the log and the commits of others.

use super::config::JournalConfig;
use super::error::{FileDamage, JournalError, OpError};
use super::file::{FileWriter, one_name, read};
use super::op::Op;
use super::replay::Replay;
use super::write::Content;
use super::zones::Zones;
use crate::zone::Snapshot;
use ddi_core::{Lsn, Storage};
use std::sync::Arc;

/// A new content of a zone on its way to disk. It can be moved to another thread for its steps; then
/// [`Journal::end_load`](super::Journal::end_load) makes it the zone's. If it is dropped, nothing has changed.
#[must_use = "it does nothing without its steps"]
pub struct Load {
    pub(super) snapshot: Snapshot,
    pub(super) number: u64,
    content: Content,
    file: FileWriter,
    records: Vec<u8>,
    pub(super) is_done: bool,
}

impl Load {
    pub(super) fn new(storage: Arc<dyn Storage>, number: u64, snapshot: Snapshot) -> Self {
        let content = Content::new(snapshot.clone());
        let file = FileWriter::new(storage, one_name(number), number);
        Self { snapshot, number, content, file, records: Vec::new(), is_done: false }
    }

    /// Writes and syncs about `max_bytes` more. True when it is all written.
    pub fn step(&mut self, max_bytes: u64) -> Result<bool, JournalError> {
        if self.is_done {
            return Ok(true);
        }
        if self.file.offset() == 0 {
            self.file.begin()?;
        }
        let end = self.file.offset().saturating_add(max_bytes);
        loop {
            self.file.push(Lsn::ZERO, &self.content.next(0, &mut self.records))?;
            if self.content.is_over() {
                self.file.finish()?;
                self.file.sync()?;
                self.is_done = true;
                return Ok(true);
            }
            if self.file.offset() >= end {
                self.file.sync()?;
                return Ok(false);
            }
        }
    }
}

/// The content that a file holds.
pub(super) fn read_zone(storage: &dyn Storage, number: u64) -> Result<Snapshot, OpError> {
    let file = one_name(number);
    let mut replay = Replay::new(storage, Zones::new(JournalConfig::default().history));
    let only_zone = |lsn: Lsn, op: &[u8]| match Op::parse(op) {
        Some(Op::Zone(..)) => replay.apply(lsn, op),
        _ => Err(OpError::Unknown),
    };
    let read = read(storage, &file, number, &mut { only_zone });
    match (read, replay.is_whole(), replay.zones.iter().next()) {
        (Ok(_), true, Some(kept)) => Ok(kept.snapshot.clone()),
        (Ok(_), ..) => Err(OpError::Parts),
        (Err(damage), ..) => Err(damaged(file, damage)),
    }
}

fn damaged(file: String, damage: FileDamage) -> OpError {
    OpError::File { file, damage: Box::new(damage) }
}
