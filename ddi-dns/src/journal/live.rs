//! The journal itself: changes, and group commit.

use super::config::{DELTA_MAX, INLINE_MAX, JournalConfig, NOTE_MAX};
use super::error::JournalError;
use super::load::Load;
use super::op::{HEAD_BYTES, Op, PART_BYTES, parts};
use super::open::{self, Opened};
use super::replay::first_serial;
use super::write::Content;
use super::zones::{Kept, Zones};
use crate::delta::Delta;
use crate::name::NameRef;
use crate::zone::Snapshot;
use ddi_core::log::{Batch, OP_MAX_BYTES, Synced};
use ddi_core::{Log, LogError, Lsn, Storage};
use std::sync::Arc;

/// How much [`Journal::replace`] and [`Journal::compact`] write between two syncs, in bytes.
pub(super) const SLICE: u64 = 1 << 20;

/// Zones and their history on disk. See the [module](super).
///
/// What it keeps is the newest version that was appended; [`Journal::durable`] tells what survives a crash.
pub struct Journal {
    pub(super) storage: Arc<dyn Storage>,
    pub(super) config: JournalConfig,
    pub(super) log: Log,
    pub(super) zones: Zones,
    /// The newest whole file of all zones: the last change in it, and its length.
    pub(super) newest: Option<(Lsn, u64)>,
    /// Files of single zones, each with a change at or before which it was there.
    pub(super) files: Vec<(Lsn, u64)>,
    /// The last number that such a file was given.
    last_file: u64,
    /// Bytes of operations since `newest`.
    pub(super) bytes: u64,
    op: Vec<u8>,
}

impl Journal {
    /// Opens the journal in `storage`, which is its own, or makes one.
    pub fn open(storage: Arc<dyn Storage>, config: &JournalConfig) -> Result<(Self, Opened), JournalError> {
        let open::Recovery { zones, log, newest, files, bytes, opened } = open::recover(&storage, config)?;
        let last_file = files.iter().map(|(_, number)| *number).max().unwrap_or(0);
        let op = Vec::new();
        let config = *config;
        Ok((Self { storage, config, log, zones, newest, files, last_file, bytes, op }, opened))
    }

    /// All zones, in canonical order of their names.
    pub fn zones(&self) -> impl Iterator<Item = &Kept> {
        self.zones.iter().map(|kept| &**kept)
    }

    /// How many zones there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.zones.len()
    }

    /// True if there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The zone with this name.
    #[must_use]
    pub fn zone(&self, apex: NameRef<'_>) -> Option<&Kept> {
        self.zones.find(apex).map(|kept| &**kept)
    }

    /// Appends a delta that leads from the version that is kept to `after`.
    pub fn append(&mut self, delta: Arc<Delta>, after: &Snapshot) -> Result<Lsn, JournalError> {
        let kept = self.kept(after.apex())?;
        let (id, before) = (kept.id, kept.version);
        if !leads(&kept.snapshot, &delta, after) {
            return Err(JournalError::Unrelated { apex: after.apex().to_name() });
        }
        if delta.wire_len() > DELTA_MAX {
            return self.replace(after);
        }
        let parts = parts(id, &delta);
        self.check_room(delta.wire_len(), parts.len())?;
        let mut lsn = before;
        for (part, sides) in parts {
            lsn = self.log_op(&Op::Delta(part, before, sides))?;
        }
        self.zones.put_delta(id, lsn, delta, after.clone());
        Ok(lsn)
    }

    /// Appends a new zone, or a new content of one, which has no history then; its note stays. A content of
    /// more than 4 MiB goes to a file, which is written and synced here: [`Journal::begin_load`] does not
    /// wait for that.
    pub fn replace(&mut self, snapshot: &Snapshot) -> Result<Lsn, JournalError> {
        if snapshot.wire_len() > INLINE_MAX {
            self.check_room(0, 1)?;
            let mut load = self.begin_load(snapshot);
            while !load.step(SLICE)? {}
            return self.end_load(&mut load);
        }
        self.check_room(snapshot.wire_len() as usize, snapshot.wire_len() as usize / PART_BYTES + 1)?;
        let known = self.zones.find(snapshot.apex()).map_or(0, |kept| kept.id);
        let (mut content, mut records) = (Content::new(snapshot.clone()), Vec::new());
        let mut lsn = self.log.appended();
        while !content.is_over() {
            lsn = self.log_op(&content.next(known, &mut records))?;
        }
        self.put(known, lsn, snapshot);
        Ok(lsn)
    }

    /// Begins to write a new zone, or a new content of one, to a file of its own. Until
    /// [`Journal::end_load`] the zone stays what it is, and may change; what it was then is replaced.
    pub fn begin_load(&mut self, snapshot: &Snapshot) -> Load {
        self.last_file = self.last_file.max(self.log.appended().0) + 1;
        Load::new(Arc::clone(&self.storage), self.last_file, snapshot.clone())
    }

    /// Makes what was written the zone's content, as [`Journal::replace`] does. If the pending batch is full,
    /// it may be called again.
    pub fn end_load(&mut self, load: &mut Load) -> Result<Lsn, JournalError> {
        if !load.is_done {
            return Err(JournalError::Unfinished);
        }
        self.check_room(0, 1)?;
        let known = self.zones.find(load.snapshot.apex()).map_or(0, |kept| kept.id);
        let lsn = self.log_op(&Op::Loaded { zone: known, file: load.number })?;
        load.is_done = false; // once only
        self.files.push((lsn, load.number));
        self.put(known, lsn, &load.snapshot);
        Ok(lsn)
    }

    fn put(&mut self, known: u64, lsn: Lsn, snapshot: &Snapshot) {
        let id = if known == 0 { lsn.0 } else { known };
        self.zones.put(id, lsn, snapshot.clone());
    }

    /// Sets the zone's note, [`NOTE_MAX`] bytes at most: what the caller wants to know of it after a restart.
    pub fn set_note(&mut self, apex: NameRef<'_>, note: &[u8]) -> Result<Lsn, JournalError> {
        let id = self.kept(apex)?.id;
        if note.len() > NOTE_MAX {
            return Err(JournalError::NoteTooLong { len: note.len() });
        }
        self.check_room(note.len(), 1)?;
        let lsn = self.log_op(&Op::Note { zone: id, note })?;
        if let Some(kept) = self.zones.get_mut(id) {
            kept.note = note.to_vec();
        }
        Ok(lsn)
    }

    /// Forgets a zone; `None` if there is none.
    pub fn remove(&mut self, apex: NameRef<'_>) -> Result<Option<Lsn>, JournalError> {
        let Some(id) = self.zones.find(apex).map(|kept| kept.id) else { return Ok(None) };
        self.check_room(0, 1)?;
        let lsn = self.log_op(&Op::Remove { zone: id })?;
        self.zones.remove(id);
        Ok(Some(lsn))
    }

    fn kept(&self, apex: NameRef<'_>) -> Result<&Arc<Kept>, JournalError> {
        self.zones.find(apex).ok_or_else(|| JournalError::NoZone { apex: apex.to_name() })
    }

    /// All operations of one change go into the same batch, or none.
    fn check_room(&self, bytes: usize, ops: usize) -> Result<(), JournalError> {
        let needed = bytes + ops * (HEAD_BYTES + LOG_PREFIX_BYTES);
        if self.log.room() < needed { Err(JournalError::Full) } else { Ok(()) }
    }

    fn log_op(&mut self, op: &Op<'_>) -> Result<Lsn, JournalError> {
        self.op.clear();
        op.emit(&mut self.op);
        let lsn = self.log.append(&self.op)?;
        self.bytes += self.op.len() as u64;
        Ok(lsn)
    }

    /// Syncs everything that was appended, here and now. Returns [`Journal::durable`].
    pub fn commit(&mut self) -> Result<Lsn, LogError> {
        self.log.commit()
    }

    /// Takes what was appended since the last batch, for another thread to [`Batch::sync`]. `None` if there
    /// is nothing, or a batch is out.
    pub fn take_batch(&mut self) -> Option<Batch> {
        self.log.take_batch()
    }

    /// Hands a synced batch back. Returns [`Journal::durable`]. After an error nothing becomes durable any
    /// more: drop the journal and open it again.
    pub fn batch_durable(&mut self, synced: Synced) -> Result<Lsn, LogError> {
        self.log.batch_durable(synced)
    }

    /// The last change that survives a crash.
    #[must_use]
    pub fn durable(&self) -> Lsn {
        self.log.durable()
    }

    /// The last change that was made, durable or not.
    #[must_use]
    pub fn appended(&self) -> Lsn {
        self.log.appended()
    }

    /// The log, to read its epoch, chain and bytes held.
    #[must_use]
    pub const fn log(&self) -> &Log {
        &self.log
    }

    /// Bytes of the newest file of all zones; 0 if there is none.
    #[must_use]
    pub fn file_bytes(&self) -> u64 {
        self.newest.map_or(0, |(_, bytes)| bytes)
    }

    /// True if enough was appended since the last compaction for another one, as the configuration says.
    #[must_use]
    pub fn needs_compaction(&self) -> bool {
        let share = u128::from(self.file_bytes()) * u128::from(self.config.compact_percent) / 100;
        u128::from(self.bytes) >= share.max(u128::from(self.config.compact_bytes))
    }
}

/// Of an operation in the log: its length.
const LOG_PREFIX_BYTES: usize = 4;
/// A part always fits an operation of the log.
const _: () = assert!(HEAD_BYTES + PART_BYTES + (68 << 10) < OP_MAX_BYTES);

/// True if the delta leads from one version to the other, as far as serials and sums tell: the caller has
/// made it with them.
fn leads(from: &Snapshot, delta: &Delta, to: &Snapshot) -> bool {
    let serials = (Some(from.serial()), Some(to.serial()));
    let sum = |now: u64, gone: usize, new: usize| (now + new as u64).checked_sub(gone as u64);
    let (gone, new) = (&delta.removed, &delta.added);
    serials == (first_serial(gone), first_serial(new))
        && (delta.from, delta.to) == (from.serial(), to.serial())
        && sum(from.records(), gone.len(), new.len()) == Some(to.records())
        && sum(from.wire_len(), gone.wire().len(), new.wire().len()) == Some(to.wire_len())
}
