//! A batch that is out, and the writer that travels with it: what may run on another thread.

use std::sync::Arc;

use crc32c::crc32c;

use super::ahead::Ahead;
use super::error::LogError;
use super::frame::{BatchKind, HEADER_BYTES, Header};
use super::segment;
use super::storage::Storage;
use crate::id::Lsn;

/// How many bytes of the next segment are prepared for each byte written.
const PREPARE_RATIO: u64 = 2;

/// The segment that batches go to.
pub(crate) struct Current {
    pub(crate) id: u64,
    pub(crate) name: String,
    /// Where the next batch goes.
    pub(crate) offset: u64,
    /// The length that is prepared for it. A batch that is longer than a whole segment exceeds it.
    pub(crate) capacity: u64,
}

/// What a batch's header says that its writer does not know.
#[derive(Clone, Copy)]
pub(crate) struct Sealing {
    pub(crate) kind: BatchKind,
    pub(crate) first: Lsn,
    pub(crate) ops: u64,
    pub(crate) epoch: u32,
}

/// The only one that writes to the segments. Exactly one exists: in the log, or in the batch that
/// is out.
pub(crate) struct Writer {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) log_id: u64,
    pub(crate) align: u64,
    pub(crate) first_segment_bytes: u64,
    pub(crate) segment_bytes: u64,
    /// Chain value after the last batch written.
    pub(crate) chain: u64,
    pub(crate) current: Current,
    pub(crate) next: Option<Ahead>,
    /// Bytes of the next segment that should have been prepared, and are not.
    pub(crate) owed: u64,
    /// Length of all segments held.
    pub(crate) live_bytes: u64,
}

impl Writer {
    /// Whether a batch of this length, before padding, goes to the next segment.
    pub(crate) fn must_rotate(&self, bytes: usize) -> bool {
        let extent = (bytes as u64).next_multiple_of(self.align);
        self.current.offset > 0 && self.current.offset + extent > self.current.capacity
    }

    /// Fills the header in front of `buf` (which ends where the last operation does), pads, and writes.
    /// Returns the segment's id if this is its first batch.
    pub(crate) fn write(&mut self, buf: &mut Vec<u8>, batch: &Sealing) -> Result<Option<u64>, LogError> {
        if self.must_rotate(buf.len()) {
            self.rotate();
        }
        let header = Header {
            kind: batch.kind,
            first: batch.first,
            ops: batch.ops,
            payload_bytes: (buf.len() - HEADER_BYTES) as u32,
            extent_bytes: (buf.len() as u64).next_multiple_of(self.align) as u32,
            epoch: batch.epoch,
            prev_chain: self.chain,
            log_id: self.log_id,
            content: crc32c(buf.get(HEADER_BYTES..).unwrap_or_default()),
        };
        buf.resize(header.extent_bytes as usize, 0);
        if let Some(place) = buf.first_chunk_mut::<HEADER_BYTES>() {
            header.emit(self.current.id, place);
        }
        let opens = self.current.offset == 0;
        let file = &self.current.name;
        self.storage.write(file, self.current.offset, buf).map_err(LogError::storage("write", file))?;
        self.current.offset += u64::from(header.extent_bytes);
        self.chain = header.chain();
        self.owed = self.owed.saturating_add(PREPARE_RATIO * u64::from(header.extent_bytes));
        Ok(opens.then_some(self.current.id))
    }

    /// Makes what was written to the segment durable.
    pub(crate) fn sync_current(&self) -> Result<(), LogError> {
        let file = &self.current.name;
        self.storage.sync(file).map_err(LogError::storage("sync", file))
    }

    /// Turns to the next segment. It need not be wholly prepared: a file grows when written to, which
    /// only makes its syncs slower.
    fn rotate(&mut self) {
        let id = self.current.id + 1;
        let prepared = self.next.take().and_then(Ahead::into_segment);
        let (name, capacity) = prepared.unwrap_or_else(|| (segment::name(id), self.next_capacity()));
        self.live_bytes += capacity;
        self.current = Current { id, name, offset: 0, capacity };
        self.owed = 0;
    }

    /// As large as all that is held, so that a small database has small segments.
    pub(crate) fn next_capacity(&self) -> u64 {
        self.live_bytes.next_power_of_two().clamp(self.first_segment_bytes, self.segment_bytes)
    }

    /// Prepares a slice of the next segment, if it is time for it.
    fn upkeep(&mut self) -> Result<(), LogError> {
        let next = match &mut self.next {
            Some(next) => next,
            None => {
                let wanted = self.next_capacity();
                self.next.insert(Ahead::begin(&*self.storage, self.current.id + 1, wanted)?)
            }
        };
        let slice = next.slice_bytes();
        if slice > 0 && self.owed >= slice {
            self.owed -= slice;
            next.prepare_slice(&*self.storage)?;
        }
        Ok(())
    }
}

/// A batch of operations, taken out of its log to be written and synced. It is `Send`: another thread
/// may do that while operations are appended. It must be handed back with
/// [`Log::batch_durable`](super::Log::batch_durable); the log hands out no other one before.
#[must_use = "a batch that is dropped is lost, and stops its log"]
pub struct Batch {
    pub(crate) writer: Writer,
    /// Room for the header, then the operations.
    pub(crate) buf: Vec<u8>,
    pub(crate) sealing: Sealing,
}

impl Batch {
    /// The first operation in it.
    #[must_use]
    pub fn first(&self) -> Lsn {
        self.sealing.first
    }

    /// The last operation in it.
    #[must_use]
    pub fn last(&self) -> Lsn {
        Lsn(self.sealing.first.0 + (self.sealing.ops - 1))
    }

    /// Writes and syncs it: one write, one sync. Then does what keeps later ones
    /// fast: prepares a piece of the next segment.
    pub fn sync(mut self) -> Synced {
        let written = self.writer.write(&mut self.buf, &self.sealing);
        let result = written.and_then(|opened| self.writer.sync_current().map(|()| opened));
        let upkeep = if result.is_ok() { self.writer.upkeep() } else { Ok(()) };
        Synced { batch: self, result, upkeep }
    }
}

/// A batch that was synced, or failed to be: for [`Log::batch_durable`](super::Log::batch_durable).
#[must_use = "only batch_durable makes it count"]
pub struct Synced {
    pub(crate) batch: Batch,
    /// The segment's id if this is its first batch.
    pub(crate) result: Result<Option<u64>, LogError>,
    pub(crate) upkeep: Result<(), LogError>,
}

impl Synced {
    /// Whether the batch is durable.
    #[must_use]
    pub fn is_durable(&self) -> bool {
        self.result.is_ok()
    }
}
