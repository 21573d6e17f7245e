//! The zones, and what became of each change.

use crate::answer::{AnswerContext, Answered, CookieCheck};
use crate::delta::{Delta, History, HistoryLimits};
use crate::journal::{Compaction, Journal, JournalConfig, JournalError, NOTE_MAX, Opened};
use crate::message::{Rcode, Reader, refuse};
use crate::name::{Name, NameRef};
use crate::rr::Rtype;
use crate::zone::{Snapshot, Strictness, Zone, ZoneSet};
use ddi_core::log::{Batch, Synced};
use ddi_core::{LogError, Lsn, Storage};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

/// One zone.
#[derive(Debug)]
struct Held {
    /// With what is not durable yet. `None`: a secondary that has never had it.
    newest: Option<Snapshot>,
    /// Of what is durable.
    history: History,
    /// What readers see; in the set as well, unless it is hidden.
    zone: Option<Arc<Zone>>,
    is_hidden: bool,
    /// The zone's note where there is no journal to keep it.
    note: Vec<u8>,
}

/// A version that readers see when it is durable.
#[derive(Debug)]
struct Pending {
    lsn: Lsn,
    apex: Name,
    /// `None`: the zone is gone.
    next: Option<(Snapshot, Step)>,
}

/// How a version came to be.
#[derive(Debug)]
enum Step {
    Delta(Arc<Delta>),
    Whole,
}

/// Zones that survive a crash, and what readers see of them. See the [module](super).
pub struct ZoneDb {
    shown: ZoneSet,
    zones: BTreeMap<Name, Held>,
    limits: HistoryLimits,
    journal: Option<Journal>,
    /// Without a journal: the last change.
    counted: Lsn,
    /// In the order of their positions.
    pending: VecDeque<Pending>,
    /// Zones that readers see another version of.
    changed: BTreeSet<Name>,
}

impl ZoneDb {
    /// No zones yet, in memory only.
    #[must_use]
    pub fn in_memory(limits: HistoryLimits) -> Self {
        Self {
            shown: ZoneSet::new(),
            zones: BTreeMap::new(),
            limits,
            journal: None,
            counted: Lsn::ZERO,
            pending: VecDeque::new(),
            changed: BTreeSet::new(),
        }
    }

    /// Opens the journal in `storage`, which is its own, or makes one. All zones in it are shown.
    pub fn open(storage: Arc<dyn Storage>, config: &JournalConfig) -> Result<(Self, Opened), JournalError> {
        let (journal, opened) = Journal::open(storage, config)?;
        let mut db = Self::in_memory(config.history);
        for kept in journal.zones() {
            let zone = Arc::new(Zone::new(kept.snapshot().clone()));
            db.shown.insert(zone.clone());
            let held = Held {
                newest: Some(kept.snapshot().clone()),
                history: kept.history().clone(),
                zone: Some(zone),
                is_hidden: false,
                note: Vec::new(),
            };
            db.zones.insert(kept.snapshot().apex().to_name(), held);
        }
        db.journal = Some(journal);
        Ok((db, opened))
    }

    /// The journal, to read what it holds and whether it wants a compaction. `None`: there is none.
    #[must_use]
    pub const fn journal(&self) -> Option<&Journal> {
        self.journal.as_ref()
    }

    /// The zones that readers see. A clone shares them: it sees later versions too, but neither new zones
    /// nor that one is gone.
    #[must_use]
    pub const fn shown(&self) -> &ZoneSet {
        &self.shown
    }

    /// All zones in canonical order, hidden ones too.
    pub fn apexes(&self) -> impl ExactSizeIterator<Item = &Name> {
        self.zones.keys()
    }

    /// The zone after `apex` in that order, or the first; `apex` itself need not be there.
    #[must_use]
    pub fn apex_after(&self, apex: Option<NameRef<'_>>) -> Option<&Name> {
        let Some(apex) = apex else { return self.zones.keys().next() };
        let (after, end) = (Bound::Excluded(apex.to_name()), Bound::Unbounded);
        self.zones.range((after, end)).next().map(|(next, _)| next)
    }

    /// Answers a query as [`ZoneSet::answer`] does; with SERVFAIL if it is for a zone that is hidden.
    #[must_use]
    pub fn answer(&self, query: &[u8], context: &AnswerContext<'_>, out: &mut [u8]) -> Option<Answered> {
        if self.zones.len() > self.shown.len() && self.is_for_hidden(query) {
            let len = refuse(query, Rcode::SERVFAIL, out)?;
            return Some(Answered {
                len,
                rcode: Rcode::SERVFAIL,
                truncated: false,
                cookie: CookieCheck::Absent,
            });
        }
        self.shown.answer(query, context, out)
    }

    fn is_for_hidden(&self, query: &[u8]) -> bool {
        let question = Reader::new(query).and_then(|mut reader| reader.question());
        let Ok(Some(question)) = question else { return false };
        let name = question.name();
        let suffixes = (0..=name.as_ref().label_count()).rev();
        let mut above = suffixes.filter_map(|count| Some((count, self.held(name.as_ref().suffix(count)?)?)));
        let nearest = above.next();
        // RFC 4035 section 3.1.4.1: the DS at a zone's apex is the business of the zone above.
        let is_ds_at_apex = question.rtype == Rtype::DS
            && nearest.as_ref().is_some_and(|(count, _)| *count == name.as_ref().label_count());
        let held = if is_ds_at_apex { above.next().or(nearest) } else { nearest };
        held.is_some_and(|(_, held)| held.is_hidden || held.zone.is_none())
    }

    fn held(&self, apex: NameRef<'_>) -> Option<&Held> {
        self.zones.get(&apex.to_name())
    }

    /// The version that readers see; `None` if there is no such zone, or it is hidden.
    #[must_use]
    pub fn zone(&self, apex: NameRef<'_>) -> Option<Snapshot> {
        self.shown.get(apex).map(|zone| zone.snapshot())
    }

    /// The newest version, durable or not: what the next change is made of.
    #[must_use]
    pub fn newest(&self, apex: NameRef<'_>) -> Option<&Snapshot> {
        self.held(apex)?.newest.as_ref()
    }

    /// The deltas that led to the version that readers see.
    #[must_use]
    pub fn history(&self, apex: NameRef<'_>) -> Option<&History> {
        Some(&self.held(apex)?.history)
    }

    /// Knows of the zone, whether or not there is any version of it: as long as there is none, it is hidden.
    pub fn expect(&mut self, apex: NameRef<'_>) {
        let limits = self.limits;
        self.zones.entry(apex.to_name()).or_insert_with(|| Held::new(limits));
    }

    /// Hides a zone from readers, as one that has expired, or shows it again. False: there is no such zone.
    pub fn set_hidden(&mut self, apex: NameRef<'_>, is_hidden: bool) -> bool {
        let Some(held) = self.zones.get_mut(&apex.to_name()) else { return false };
        held.is_hidden = is_hidden;
        match &held.zone {
            Some(zone) if !is_hidden => drop(self.shown.insert(zone.clone())),
            _ => drop(self.shown.remove(apex)),
        }
        true
    }

    /// True if the zone is known and readers don't see it.
    #[must_use]
    pub fn is_hidden(&self, apex: NameRef<'_>) -> bool {
        self.held(apex).is_some_and(|held| held.is_hidden || held.zone.is_none())
    }

    /// Takes `next`, which `delta` makes of the newest version.
    pub fn put(&mut self, delta: Arc<Delta>, next: Snapshot) -> Result<Lsn, JournalError> {
        let apex = next.apex().to_name();
        let newest = self.zones.get(&apex).and_then(|held| held.newest.as_ref());
        let Some(newest) = newest else { return Err(JournalError::NoZone { apex }) };
        let (lsn, step) = match &mut self.journal {
            Some(journal) => {
                let lsn = journal.append(delta.clone(), &next)?;
                // One that is too large is kept as a new content.
                let has_history = journal.zone(apex.as_ref()).is_some_and(|kept| !kept.history().is_empty());
                (lsn, if has_history { Step::Delta(delta) } else { Step::Whole })
            }
            None if (newest.serial(), next.serial()) == (delta.from, delta.to) => {
                self.counted = self.counted.next();
                (self.counted, Step::Delta(delta))
            }
            None => return Err(JournalError::Unrelated { apex }),
        };
        self.append(lsn, apex, next, step);
        Ok(lsn)
    }

    /// Takes a new zone, or a new content of one, whose history ends there.
    pub fn replace(&mut self, next: Snapshot) -> Result<Lsn, JournalError> {
        let lsn = match &mut self.journal {
            Some(journal) => journal.replace(&next)?,
            None => {
                self.counted = self.counted.next();
                self.counted
            }
        };
        self.append(lsn, next.apex().to_name(), next, Step::Whole);
        Ok(lsn)
    }

    /// Takes a version that came from a primary: by the deltas that led to it if they lead from the newest
    /// version, else as a new content. If the journal's batch is full, it may be called again after a commit.
    pub fn follow(&mut self, next: &Snapshot, deltas: &[Delta]) -> Result<Lsn, JournalError> {
        for delta in self.steps(next, deltas) {
            let version = self.newest(next.apex()).and_then(|newest| {
                if delta.to == next.serial() {
                    return Some(next.clone());
                }
                newest.apply(delta, Strictness::Tolerant).ok()
            });
            let Some(version) = version else { return self.replace(next.clone()) };
            match self.put(Arc::new(delta.clone()), version) {
                Ok(_) => {}
                Err(JournalError::Unrelated { .. }) => return self.replace(next.clone()),
                Err(error) => return Err(error),
            }
        }
        if self.newest(next.apex()).is_some_and(|newest| newest.serial() == next.serial())
            && !deltas.is_empty()
        {
            return Ok(self.appended());
        }
        self.replace(next.clone())
    }

    /// Those of the deltas that are still to be made.
    fn steps<'d>(&self, next: &Snapshot, deltas: &'d [Delta]) -> &'d [Delta] {
        let Some(serial) = self.newest(next.apex()).map(Snapshot::serial) else { return &[] };
        let first = deltas.iter().position(|delta| delta.from == serial);
        first.and_then(|first| deltas.get(first..)).unwrap_or(&[])
    }

    fn append(&mut self, lsn: Lsn, apex: Name, next: Snapshot, step: Step) {
        let limits = self.limits;
        let held = self.zones.entry(apex.clone()).or_insert_with(|| Held::new(limits));
        held.newest = Some(next.clone());
        self.pending.push_back(Pending { lsn, apex, next: Some((next, step)) });
        self.publish();
    }

    /// Forgets a zone; readers see it until that is durable. `None` if there is none.
    pub fn remove(&mut self, apex: NameRef<'_>) -> Result<Option<Lsn>, JournalError> {
        let Some(held) = self.zones.get_mut(&apex.to_name()) else { return Ok(None) };
        let lsn = match &mut self.journal {
            Some(journal) => journal.remove(apex)?.unwrap_or_else(|| journal.appended()),
            None => self.counted.next(),
        };
        self.counted = self.counted.max(lsn);
        held.newest = None;
        self.pending.push_back(Pending { lsn, apex: apex.to_name(), next: None });
        self.publish();
        Ok(Some(lsn))
    }

    /// The note that was kept with a zone; empty if there is none.
    #[must_use]
    pub fn note(&self, apex: NameRef<'_>) -> &[u8] {
        let kept = self.journal.as_ref().and_then(|journal| journal.zone(apex));
        match kept {
            Some(kept) => kept.note(),
            None => self.held(apex).map_or(&[], |held| &held.note),
        }
    }

    /// Keeps a note with a zone that has a version, [`NOTE_MAX`] bytes at most: what is to be known of it
    /// after a restart.
    pub fn set_note(&mut self, apex: NameRef<'_>, note: &[u8]) -> Result<Lsn, JournalError> {
        if let Some(journal) = &mut self.journal {
            return journal.set_note(apex, note);
        }
        if note.len() > NOTE_MAX {
            return Err(JournalError::NoteTooLong { len: note.len() });
        }
        let apex = apex.to_name();
        match self.zones.get_mut(&apex).filter(|held| held.newest.is_some()) {
            Some(held) => {
                held.note = note.to_vec();
                Ok(self.counted)
            }
            None => Err(JournalError::NoZone { apex }),
        }
    }

    /// Syncs what was put, here and now, and shows it. Returns [`ZoneDb::durable`].
    pub fn commit(&mut self) -> Result<Lsn, LogError> {
        if let Some(journal) = &mut self.journal {
            journal.commit()?;
        }
        self.publish();
        Ok(self.durable())
    }

    /// Takes what was put since the last batch, for another thread to sync; see [`Journal::take_batch`].
    pub fn take_batch(&mut self) -> Option<Batch> {
        self.journal.as_mut()?.take_batch()
    }

    /// Hands a synced batch back, and shows what was in it; see [`Journal::batch_durable`].
    pub fn batch_durable(&mut self, synced: Synced) -> Result<Lsn, LogError> {
        if let Some(journal) = &mut self.journal {
            journal.batch_durable(synced)?;
        }
        self.publish();
        Ok(self.durable())
    }

    /// The last change that survives a crash.
    #[must_use]
    pub fn durable(&self) -> Lsn {
        self.journal.as_ref().map_or(self.counted, Journal::durable)
    }

    /// The last change that was made, durable or not.
    #[must_use]
    pub fn appended(&self) -> Lsn {
        self.journal.as_ref().map_or(self.counted, Journal::appended)
    }

    /// Begins a compaction; see [`Journal::begin_compaction`]. `None`: there is no journal.
    pub fn begin_compaction(&self) -> Option<Compaction> {
        self.journal.as_ref().map(Journal::begin_compaction)
    }

    /// See [`Journal::end_compaction`]. What that commits is shown.
    pub fn end_compaction(&mut self, compaction: &mut Compaction) -> Result<bool, JournalError> {
        let Some(journal) = &mut self.journal else { return Ok(true) };
        let ended = journal.end_compaction(compaction);
        self.publish();
        ended
    }

    /// A zone of which readers see another version than when it was last told of, if there is one: its
    /// secondaries are to be notified.
    pub fn poll_changed(&mut self) -> Option<Name> {
        self.changed.pop_first()
    }

    /// Shows readers what has become durable.
    fn publish(&mut self) {
        let durable = self.durable();
        // Only the last version of each is shown.
        let mut latest: BTreeMap<Name, Snapshot> = BTreeMap::new();
        while self.pending.front().is_some_and(|next| next.lsn <= durable)
            && let Some(Pending { apex, next, .. }) = self.pending.pop_front()
        {
            let Some((snapshot, step)) = next else {
                latest.remove(&apex);
                self.forget(&apex);
                continue;
            };
            let Some(held) = self.zones.get_mut(&apex) else { continue };
            match step {
                Step::Delta(delta) => held.history.push(delta, snapshot.wire_len()),
                Step::Whole => held.history.clear(),
            }
            latest.insert(apex, snapshot);
        }
        for (apex, snapshot) in latest {
            self.show(&apex, snapshot);
            self.changed.insert(apex);
        }
    }

    fn forget(&mut self, apex: &Name) {
        self.shown.remove(apex.as_ref());
        self.changed.remove(apex);
        let Some(held) = self.zones.get_mut(apex) else { return };
        (held.zone, held.note) = (None, Vec::new());
        held.history.clear();
        // It may have come again meanwhile.
        if held.newest.is_none() {
            self.zones.remove(apex);
        }
    }

    fn show(&mut self, apex: &Name, snapshot: Snapshot) {
        let Some(held) = self.zones.get_mut(apex) else { return };
        match &held.zone {
            Some(zone) if zone.publish(snapshot.clone()).is_ok() => {}
            _ => {
                let zone = Arc::new(Zone::new(snapshot));
                held.zone = Some(zone.clone());
                if !held.is_hidden {
                    self.shown.insert(zone);
                }
            }
        }
    }
}

impl Held {
    const fn new(limits: HistoryLimits) -> Self {
        Self { newest: None, history: History::new(limits), zone: None, is_hidden: false, note: Vec::new() }
    }
}
