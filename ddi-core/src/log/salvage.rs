//! Copies what is whole of a damaged log into a new one, and says what was lost.

use std::sync::Arc;

use super::batch::{Sealing, Writer};
use super::error::LogError;
use super::frame::{BatchKind, HEADER_BYTES};
use super::group::LogConfig;
use super::recover;
use super::scan::{BatchInfo, Finding, LogScan};
use super::segment;
use super::storage::Storage;
use crate::id::Lsn;

/// How much a salvage did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Salvaged {
    /// Whole batches that were copied.
    pub batches: u64,
    /// Operations in them.
    pub ops: u64,
    /// Operations that are lost, as far as numbers that are missing tell. The end of the log tells
    /// nothing.
    pub lost: u64,
    /// Places that were damaged.
    pub damaged: u64,
}

/// Copies all whole batches from one storage into another one that holds no log, with their numbers and
/// epochs. Where operations are missing the new log has a gap, which says so for ever. `after` is what
/// the log continues, as in [`Log::open`](super::Log::open), if that is known. Each finding is handed to `tell`, in order.
pub fn salvage(
    from: Arc<dyn Storage>,
    to: &Arc<dyn Storage>,
    config: LogConfig,
    after: Option<Lsn>,
    tell: &mut dyn FnMut(&Finding),
) -> Result<Salvaged, LogError> {
    if let Some(file) = segment::list(&**to)?.first() {
        return Err(LogError::NotEmpty { file: file.name.clone() });
    }
    let writer = recover::recover(to, config.sane(), Lsn::ZERO, &mut |_, _| Ok(()))?.writer;
    let mut copy =
        Copy { writer, buf: Vec::new(), unsynced: 0, next: None, epoch: 0, did: Salvaged::default() };
    let mut scan = LogScan::new(from, after)?;
    while let Some(finding) = scan.next()? {
        tell(&finding);
        match &finding {
            Finding::Batch(batch) => copy.batch(batch, scan.payload())?,
            Finding::Gap { first, last } => copy.gap(*first, *last)?,
            Finding::Damaged { .. } => copy.did.damaged += 1,
        }
    }
    if let (Some(first), Some(last)) = (copy.next, after)
        && first <= last
    {
        // What the caller has goes on beyond the end.
        tell(&Finding::Gap { first, last });
        copy.gap(first, last)?;
    }
    copy.writer.sync_current()?;
    Ok(copy.did)
}

/// How much is written between two syncs, in bytes.
const SYNC_EVERY_BYTES: usize = 4 << 20;

struct Copy {
    writer: Writer,
    buf: Vec<u8>,
    unsynced: usize,
    /// The number after the last one written.
    next: Option<Lsn>,
    epoch: u32,
    did: Salvaged,
}

impl Copy {
    fn batch(&mut self, batch: &BatchInfo, payload: &[u8]) -> Result<(), LogError> {
        let ops = batch.last.0 - batch.first.0 + 1;
        // An epoch that goes back is part of the damage; what is copied must open.
        self.epoch = self.epoch.max(batch.epoch);
        self.put(batch.kind, batch.first, ops, payload)?;
        match batch.kind {
            BatchKind::Ops => {
                self.did.batches += 1;
                self.did.ops += ops;
            }
            BatchKind::Gap => self.did.lost += ops,
        }
        Ok(())
    }

    fn gap(&mut self, first: Lsn, last: Lsn) -> Result<(), LogError> {
        let ops = last.0 - first.0 + 1;
        self.did.lost += ops;
        self.put(BatchKind::Gap, first, ops, &[])
    }

    fn put(&mut self, kind: BatchKind, first: Lsn, ops: u64, payload: &[u8]) -> Result<(), LogError> {
        self.buf.clear();
        self.buf.resize(HEADER_BYTES, 0);
        self.buf.extend_from_slice(payload);
        let batch = Sealing { kind, first, ops, epoch: self.epoch };
        if self.unsynced > SYNC_EVERY_BYTES || self.writer.must_rotate(self.buf.len()) {
            self.writer.sync_current()?;
            self.unsynced = 0;
        }
        self.writer.write(&mut self.buf, &batch)?;
        self.unsynced += self.buf.len();
        self.next = Some(Lsn(first.0 + ops));
        Ok(())
    }
}
