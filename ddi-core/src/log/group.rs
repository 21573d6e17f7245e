//! The log itself: appends, and group commit.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Replay;
use super::batch::{Batch, Sealing, Synced, Writer};
use super::error::LogError;
use super::frame::{
    BATCH_MAX_BYTES, BatchKind, HEADER_BYTES, OP_MAX_BYTES, OP_PREFIX_BYTES, PADDING_END, SECTOR,
};
use super::read::LogReader;
use super::recover::{self, Recovered};
use super::segment;
use super::storage::Storage;
use crate::id::Lsn;

/// How a log is laid out. All but `log_id` may change from one opening to the next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct LogConfig {
    /// Seeds the checksums of a new log (one that exists keeps its own). Best a random number: then no
    /// block of another log can verify, nor one that a client of the application makes up.
    pub log_id: u64,
    /// Batches start at multiples of this, in bytes; a multiple of 512, which every disk writes
    /// whole or not at all. 4096 is for media that may damage a page when a part of it is rewritten.
    pub align_bytes: u32,
    /// Length of the first segments, in bytes. Later ones are as long as all that is held together.
    pub first_segment_bytes: u64,
    /// The longest that segments get, in bytes (but for one that holds a longer batch).
    pub segment_bytes: u64,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { log_id: 0, align_bytes: 512, first_segment_bytes: 256 << 10, segment_bytes: 64 << 20 }
    }
}

impl LogConfig {
    /// Nonsense is rounded to the nearest sense.
    pub(crate) fn sane(self) -> Self {
        let sector = SECTOR as u32;
        let align_bytes = self.align_bytes.clamp(sector, PADDING_END as u32).next_multiple_of(sector);
        let first = self.first_segment_bytes.max(u64::from(align_bytes)).next_power_of_two().min(1 << 40);
        let segment_bytes = self.segment_bytes.clamp(first, 1 << 40);
        Self { log_id: self.log_id, align_bytes, first_segment_bytes: first, segment_bytes }
    }
}

/// A segment that holds batches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Held {
    pub(crate) id: u64,
    pub(crate) first: Lsn,
    pub(crate) bytes: u64,
}

/// An append-only log of operations. See the [module](crate::log).
pub struct Log {
    id: u64,
    storage: Arc<dyn Storage>,
    /// Room for the header, then the pending operations.
    pending: Vec<u8>,
    pending_ops: u64,
    /// The other buffer, when no batch is out.
    spare: Vec<u8>,
    /// None while a batch is out.
    writer: Option<Writer>,
    appended: Lsn,
    durable: Lsn,
    epoch: u32,
    /// Chain value at `durable`.
    chain: u64,
    /// Oldest first; all hold batches.
    held: VecDeque<Held>,
    poisoned: Option<String>,
}

impl Log {
    /// Opens the log in `storage`, or makes one that starts after `after`. Replays, in order, all
    /// operations after `after`. Whatever is replayed is durable when this returns.
    pub fn open(
        storage: Arc<dyn Storage>,
        config: LogConfig,
        after: Lsn,
        replay: &mut Replay<'_>,
    ) -> Result<(Self, Recovered), LogError> {
        let found = recover::recover(&storage, config.sane(), after, replay)?;
        let log = Self {
            id: found.writer.log_id,
            storage,
            pending: vec![0; HEADER_BYTES],
            pending_ops: 0,
            spare: vec![0; HEADER_BYTES],
            appended: found.recovered.last,
            durable: found.recovered.last,
            epoch: found.recovered.epoch,
            chain: found.writer.chain,
            writer: Some(found.writer),
            held: found.held,
            poisoned: None,
        };
        Ok((log, found.recovered))
    }

    /// Puts an operation into the pending batch. It is durable once [`Log::durable`] has reached the
    /// number that this returns.
    pub fn append(&mut self, op: &[u8]) -> Result<Lsn, LogError> {
        if self.poisoned.is_some() {
            return Err(self.poison_error());
        }
        if op.len() > OP_MAX_BYTES {
            return Err(LogError::OpTooLong { len: op.len(), max: OP_MAX_BYTES });
        }
        let bytes = self.pending.len() - HEADER_BYTES;
        if bytes + OP_PREFIX_BYTES + op.len() > BATCH_MAX_BYTES {
            return Err(LogError::Full { bytes });
        }
        self.pending.extend_from_slice(&(op.len() as u32).to_le_bytes());
        self.pending.extend_from_slice(op);
        self.pending_ops += 1;
        self.appended = self.appended.next();
        Ok(self.appended)
    }

    /// Bytes that the pending batch can still take. Each operation needs 4 more than it has.
    #[must_use]
    pub fn room(&self) -> usize {
        (BATCH_MAX_BYTES + HEADER_BYTES).saturating_sub(self.pending.len())
    }

    /// The last operation that was appended.
    #[must_use]
    pub fn appended(&self) -> Lsn {
        self.appended
    }

    /// The last operation that survives a crash.
    #[must_use]
    pub fn durable(&self) -> Lsn {
        self.durable
    }

    /// Takes the pending batch out. `None` if nothing is pending, a batch is out, or the log is
    /// poisoned.
    pub fn take_batch(&mut self) -> Option<Batch> {
        if self.pending_ops == 0 || self.poisoned.is_some() {
            return None;
        }
        let mut writer = self.writer.take()?;
        writer.live_bytes = self.held_bytes().max(writer.current.capacity);
        let buf = std::mem::replace(&mut self.pending, std::mem::take(&mut self.spare));
        let ops = std::mem::take(&mut self.pending_ops);
        let first = Lsn(self.appended.0 - (ops - 1));
        let sealing = Sealing { kind: BatchKind::Ops, first, ops, epoch: self.epoch };
        Some(Batch { writer, buf, sealing })
    }

    /// Takes a batch back. Returns the new [`Log::durable`]. After an error the log is poisoned: it
    /// must be dropped and opened again.
    pub fn batch_durable(&mut self, synced: Synced) -> Result<Lsn, LogError> {
        let Synced { batch, result, upkeep } = synced;
        let last = batch.last();
        let Batch { writer, mut buf, sealing } = batch;
        let opened = result.inspect_err(|e| self.poison(e))?;
        if let Some(id) = opened {
            self.held.push_back(Held { id, first: sealing.first, bytes: writer.current.capacity });
        }
        self.durable = last;
        self.chain = writer.chain;
        self.writer = Some(writer);
        buf.truncate(HEADER_BYTES);
        self.spare = buf;
        if let Err(e) = upkeep {
            self.poison(&e);
        }
        Ok(last)
    }

    /// Takes the pending batch, syncs it here, and hands it back. Returns [`Log::durable`].
    pub fn commit(&mut self) -> Result<Lsn, LogError> {
        if self.poisoned.is_some() {
            return Err(self.poison_error());
        }
        if self.writer.is_none() {
            return Err(LogError::BatchOut);
        }
        match self.take_batch() {
            Some(batch) => self.batch_durable(batch.sync()),
            None => Ok(self.durable),
        }
    }

    /// Gives up the segments that hold nothing at or after `lsn`; the one that holds the last durable
    /// batch stays. Returns their file names: [`retire`](super::retire) each, in this order, whenever and on
    /// whichever thread that suits. Those that a crash leaves are held again after the next opening.
    #[must_use = "the files are still there"]
    pub fn release_before(&mut self, lsn: Lsn) -> Vec<String> {
        let mut released = Vec::new();
        while self.held.get(1).is_some_and(|second| second.first <= lsn)
            && let Some(oldest) = self.held.pop_front()
        {
            released.push(segment::name(oldest.id));
        }
        released
    }

    /// The oldest operation that [`Log::read`] can still give; the next one to come if none is held.
    #[must_use]
    pub fn oldest(&self) -> Lsn {
        self.held.front().map_or(self.durable.next(), |held| held.first)
    }

    /// Bytes of the segments that are held.
    #[must_use]
    pub fn held_bytes(&self) -> u64 {
        self.held.iter().map(|held| held.bytes).sum()
    }

    /// Reads the durable operations after `after`.
    pub fn read(&self, after: Lsn) -> Result<LogReader, LogError> {
        LogReader::new(Arc::clone(&self.storage), self, after)
    }

    /// The segments held, for a reader that catches up.
    pub(crate) fn held(&self) -> &VecDeque<Held> {
        &self.held
    }

    /// The number that it was made with: [`LogConfig::log_id`] of the opening that wrote its first batch.
    #[must_use]
    pub const fn id(&self) -> u64 {
        self.id
    }

    /// The epoch that new batches carry.
    #[must_use]
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Sets the epoch of the batches to come; it is durable with the first of them. Nothing may be
    /// pending, and it can't go back.
    pub fn set_epoch(&mut self, epoch: u32) -> Result<(), LogError> {
        if self.pending_ops > 0 {
            return Err(LogError::Pending);
        }
        if epoch < self.epoch {
            return Err(LogError::EpochBack { current: self.epoch, asked: epoch });
        }
        self.epoch = epoch;
        Ok(())
    }

    /// The chain value at [`Log::durable`]: two logs with equal values there have the same history.
    #[must_use]
    pub fn chain(&self) -> u64 {
        self.chain
    }

    /// Why the log has stopped, if it has.
    #[must_use]
    pub fn poisoned(&self) -> Option<&str> {
        self.poisoned.as_deref()
    }

    fn poison(&mut self, error: &LogError) {
        self.poisoned.get_or_insert_with(|| error.to_string());
    }

    fn poison_error(&self) -> LogError {
        LogError::Poisoned { why: self.poisoned.clone().unwrap_or_default() }
    }
}
