//! Reads durable operations back, for a change feed.

use std::collections::VecDeque;
use std::sync::Arc;

use super::error::{Damage, LogError};
use super::frame::{BatchKind, HEADER_BYTES, OP_PREFIX_BYTES};
use super::group::{Held, Log};
use super::storage::Storage;
use super::window::{Look, Window};
use crate::id::Lsn;

/// Reads the operations after an LSN up to those that were durable when the reader was made, or last
/// caught up. It does not hold segments back: if what it should read next is released, it gives
/// [`LogError::Released`].
pub struct LogReader {
    window: Window,
    /// Segments not begun.
    coming: VecDeque<Held>,
    /// Where the batch is that is being read, in the window's segment.
    offset: u64,
    /// None if that batch is still to be looked at.
    inside: Option<Inside>,
    after: Lsn,
    until: Lsn,
    /// The oldest operation that was held at the last catch-up.
    oldest: Lsn,
}

struct Inside {
    extent: u64,
    /// The payload's end, from the batch's start.
    end: usize,
    /// The next operation's prefix, from the batch's start.
    at: usize,
    /// Its number.
    lsn: Lsn,
    /// The batch's last number.
    last: Lsn,
}

impl LogReader {
    pub(crate) fn new(storage: Arc<dyn Storage>, log: &Log, after: Lsn) -> Result<Self, LogError> {
        let mut reader = Self {
            window: Window::new(storage, 0),
            coming: VecDeque::new(),
            offset: 0,
            inside: None,
            after,
            until: after,
            oldest: after,
        };
        reader.catch_up(log);
        reader.check_held()?;
        Ok(reader)
    }

    fn check_held(&self) -> Result<(), LogError> {
        if self.after.next() < self.oldest {
            return Err(LogError::Released { after: self.after, oldest: self.oldest });
        }
        Ok(())
    }

    /// The last operation that was read, or where reading began.
    #[must_use]
    pub fn position(&self) -> Lsn {
        self.after
    }

    /// Goes on to what has become durable since.
    pub fn catch_up(&mut self, log: &Log) {
        self.until = log.durable();
        self.oldest = log.oldest();
        // The window may hold what was zeros then; the batch being read is entered again.
        self.window.forget();
        self.inside = None;
        let expected = self.after.next();
        self.coming.clear();
        self.coming.extend(log.held());
        while self.coming.get(1).is_some_and(|second| second.first <= expected) {
            self.coming.pop_front();
        }
        if let Some(held) = self.coming.pop_front()
            && held.id != self.window.segment()
        {
            self.window.turn_to(held.id);
            self.offset = 0;
        }
    }

    /// The next operation; `None` when all up to the last catch-up are read. Numbers that a salvage found
    /// lost are skipped.
    #[allow(clippy::should_implement_trait, reason = "it lends")]
    pub fn next(&mut self) -> Result<Option<(Lsn, &[u8])>, LogError> {
        self.check_held()?;
        while self.after < self.until {
            if self.inside.is_none() {
                self.enter()?;
            }
            let Some(inside) = &mut self.inside else { continue };
            if inside.at >= inside.end {
                self.offset += inside.extent;
                self.inside = None;
                continue;
            }
            let (lsn, at, end) = (inside.lsn, inside.at, inside.end);
            if lsn > inside.last {
                return Err(self.corrupt(Damage::Ops { lsn }));
            }
            let len = self.op_len(at, end, lsn)?;
            if let Some(inside) = &mut self.inside {
                inside.at = at + OP_PREFIX_BYTES + len;
                inside.lsn = lsn.next();
            }
            if lsn > self.after {
                self.after = lsn;
                let from = self.offset + (at + OP_PREFIX_BYTES) as u64;
                return Ok(Some((lsn, self.window.bytes(from, len)?)));
            }
        }
        Ok(None)
    }

    /// The length of the operation whose prefix is at `at`; its bytes end before `end`.
    fn op_len(&mut self, at: usize, end: usize, lsn: Lsn) -> Result<usize, LogError> {
        let prefix = self.window.bytes(self.offset + at as u64, OP_PREFIX_BYTES)?;
        let len = prefix.first_chunk().map(|prefix| u32::from_le_bytes(*prefix) as usize);
        match len.filter(|len| at + OP_PREFIX_BYTES + len <= end) {
            Some(len) => Ok(len),
            None => Err(self.corrupt(Damage::Ops { lsn })),
        }
    }

    /// Looks at the batch at `offset`, verifies it, skips it if it is read already.
    fn enter(&mut self) -> Result<(), LogError> {
        let expected = self.after.next();
        let looked = match self.window.look(self.offset) {
            Ok(Look::Batch(header)) => Ok(Some(header)),
            Ok(Look::BadPayload(header)) => Err(Damage::Payload { lsn: header.first }),
            Ok(Look::Nothing) => Ok(None),
            Err(e) => return Err(self.unless_released(e)),
        };
        let header = match looked {
            Ok(Some(header)) => header,
            Ok(None) => match self.coming.pop_front() {
                Some(held) if held.first <= expected => {
                    self.window.turn_to(held.id);
                    self.offset = 0;
                    return Ok(());
                }
                _ => return Err(self.corrupt(Damage::Header)),
            },
            Err(damage) => return Err(self.corrupt(damage)),
        };
        if header.first > expected {
            return Err(self.corrupt(Damage::Sequence { expected, found: header.first }));
        }
        let extent = u64::from(header.extent_bytes);
        if header.last() < expected || header.kind == BatchKind::Gap {
            self.after = self.after.max(header.last());
            self.offset += extent;
            return Ok(());
        }
        let end = HEADER_BYTES + header.payload_bytes as usize;
        self.inside = Some(Inside { extent, end, at: HEADER_BYTES, lsn: header.first, last: header.last() });
        Ok(())
    }

    /// A segment that is gone, or is being overwritten as the spare, was released meanwhile.
    fn unless_released(&self, error: LogError) -> LogError {
        if self.window.exists() {
            return error;
        }
        let oldest = self.coming.front().map_or(self.until.next(), |held| held.first);
        LogError::Released { after: self.after, oldest }
    }

    fn corrupt(&self, damage: Damage) -> LogError {
        let file = self.window.name().to_owned();
        self.unless_released(LogError::Corrupt { file, offset: self.offset, damage })
    }
}
