//! The zones: what readers see, what the next change builds on, and the journal between the two.
//!
//! A large zone that comes as a whole goes to a file of its own, written by another thread; until that is done
//! the zone stays what it is, and what comes meanwhile waits.

use crate::config::dns::ZoneRole;
use crate::config::zones::ZonePlan;
use crate::run::steps::Stepping;
use ddi_core::{Lsn, UnixTime};
use ddi_dns::delta::{Delta, History};
use ddi_dns::journal::{DELTA_MAX, INLINE_MAX, Journal, JournalError, Load};
use ddi_dns::update::{ZoneStore, ZoneStoreError};
use ddi_dns::zone::{Edit, Snapshot, Strictness, Zone, ZoneSet};
use ddi_dns::{Name, NameRef};
use nix::sys::eventfd::EventFd;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

/// One zone.
pub struct Served {
    pub plan: ZonePlan,
    /// With what is not durable yet. `None`: a secondary that has never had it.
    pub newest: Option<Snapshot>,
    /// Of what is durable.
    pub history: History,
    /// What readers see; in the set as well, unless it has expired.
    zone: Option<Arc<Zone>>,
    /// An operator said that nothing but a reload may change it.
    pub is_frozen: bool,
    pub is_expired: bool,
}

/// A version that readers see when it is durable.
struct Pending {
    lsn: Lsn,
    nth: usize,
    snapshot: Snapshot,
    step: Step,
}

/// How a version came to be.
enum Step {
    Delta(Arc<Delta>),
    Whole,
}

/// A large zone on its way to disk.
struct Loading {
    snapshot: Snapshot,
    work: Work,
    /// What its primary has given since.
    next: Option<Given>,
}

enum Work {
    Stepping(Stepping<Load>),
    /// Written, but the journal's batch is full.
    Stepped(Box<Load>),
}

/// A version, and the way to it from the one before if that is known.
struct Given {
    snapshot: Snapshot,
    deltas: Vec<Delta>,
}

/// When a change is durable.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Written {
    At(Lsn),
    /// When [`Zones::end_loads`] says so.
    Later,
}

/// Deltas that wait for one zone to be loaded; of more only the last version is kept.
const WAITING_MAX: usize = 1000;

/// A primary's note in the journal while it is frozen.
const FROZEN: &[u8] = b"frozen";

/// All zones.
pub struct Zones {
    pub set: ZoneSet,
    pub journal: Journal,
    pub served: Vec<Served>,
    by_apex: HashMap<Name, usize>,
    /// In the order of their positions.
    pending: VecDeque<Pending>,
    loading: BTreeMap<usize, Loading>,
    wake: Arc<EventFd>,
    /// How many are configured, and not in the set.
    pub missing: usize,
}

impl Zones {
    /// The zones of the plan, with what the journal holds of them. What it holds besides stays there.
    pub fn new(plans: Vec<ZonePlan>, journal: Journal, wake: Arc<EventFd>) -> Self {
        let (mut served, mut by_apex) =
            (Vec::with_capacity(plans.len()), HashMap::with_capacity(plans.len()));
        for plan in plans {
            by_apex.insert(plan.apex.clone(), served.len());
            let kept = journal.zone(plan.apex.as_ref());
            let newest = kept.map(|kept| kept.snapshot().clone());
            let mut history = History::new(plan.history);
            for (delta, kept) in
                kept.iter().flat_map(|kept| kept.history().iter().map(move |one| (one, kept)))
            {
                history.push(delta.clone(), kept.snapshot().wire_len());
            }
            let is_frozen = plan.role == ZoneRole::Primary && kept.is_some_and(|kept| kept.note() == FROZEN);
            served.push(Served { plan, newest, history, zone: None, is_frozen, is_expired: false });
        }
        let mut zones = Self {
            set: ZoneSet::new(),
            journal,
            missing: served.len(),
            served,
            by_apex,
            pending: VecDeque::new(),
            loading: BTreeMap::new(),
            wake,
        };
        for nth in 0..zones.served.len() {
            if let Some(snapshot) = zones.served[nth].newest.clone() {
                zones.show(nth, snapshot);
            }
        }
        zones
    }

    /// The zone of this apex.
    pub fn nth(&self, apex: NameRef<'_>) -> Option<usize> {
        self.by_apex.get(&apex.to_name()).copied()
    }

    /// The configured zone that a name belongs to.
    pub fn nth_above(&self, name: NameRef<'_>) -> Option<usize> {
        (0..=name.label_count()).rev().find_map(|count| self.nth(name.suffix(count)?))
    }

    /// Changes a zone by `change`, if that makes any difference; what changes must be durable before it is told.
    pub fn change(
        &mut self,
        now: UnixTime,
        nth: usize,
        change: impl FnOnce(&mut Edit) -> Result<(), String>,
    ) -> Result<Option<Lsn>, String> {
        let served = &self.served[nth];
        let Some(newest) = &served.newest else { return Err("the zone is not loaded".to_owned()) };
        let mut edit = Edit::new(newest);
        change(&mut edit)?;
        match edit.finish(served.plan.policy, now).map_err(|e| e.to_string())? {
            None => Ok(None),
            Some((delta, next)) => self.put_as(nth, delta, next).map(Some),
        }
    }

    /// A new content of it is on its way to disk.
    pub fn is_loading(&self, nth: usize) -> bool {
        self.loading.contains_key(&nth)
    }

    /// Only a reload changes a zone that is frozen, and nothing one that is being loaded.
    pub fn may_change(&self, nth: usize) -> bool {
        !self.served[nth].is_frozen && !self.is_loading(nth)
    }

    /// Takes what a primary has given: by deltas, or as a whole.
    pub fn follow(&mut self, nth: usize, snapshot: Snapshot, deltas: Vec<Delta>) -> Result<(), String> {
        if let Some(loading) = self.loading.get_mut(&nth) {
            loading.wait(snapshot, deltas);
            return Ok(());
        }
        let Some(newest) = self.served[nth].newest.clone().filter(|_| !deltas.is_empty()) else {
            return self.replace(nth, snapshot).map(|_| ());
        };
        let (mut version, mut deltas) = (newest, VecDeque::from(deltas));
        while let Some(delta) = deltas.pop_front() {
            let next = if deltas.is_empty() {
                snapshot.clone()
            } else {
                version.apply(&delta, Strictness::Exact).map_err(|e| e.to_string())?
            };
            if self.put_delta(nth, delta, next.clone())? == Written::Later
                && let Some(loading) = self.loading.get_mut(&nth)
                && !deltas.is_empty()
            {
                loading.wait(snapshot, deltas.into());
                return Ok(());
            }
            version = next;
        }
        Ok(())
    }

    /// Takes a zone as a whole, with no way from the version before.
    pub fn replace(&mut self, nth: usize, next: Snapshot) -> Result<Written, String> {
        if next.wire_len() <= INLINE_MAX {
            return self.replace_here(nth, next).map(Written::At);
        }
        let load = self.journal.begin_load(&next);
        let work = Work::Stepping(Stepping::start(load, self.wake.clone()));
        self.loading.insert(nth, Loading { snapshot: next, work, next: None });
        Ok(Written::Later)
    }

    /// The same, but a large one is written here and now.
    pub fn replace_here(&mut self, nth: usize, next: Snapshot) -> Result<Lsn, String> {
        let lsn = self.journal.replace(&next).map_err(|e| e.to_string())?;
        self.put_whole(nth, lsn, next);
        Ok(lsn)
    }

    fn put_whole(&mut self, nth: usize, lsn: Lsn, next: Snapshot) {
        self.served[nth].newest = Some(next.clone());
        self.pending.push_back(Pending { lsn, nth, snapshot: next, step: Step::Whole });
    }

    /// Makes large zones that are written the newest versions. Tells which, and when they are durable.
    pub fn end_loads(&mut self) -> Vec<(usize, Result<Lsn, String>)> {
        let mut ended = Vec::new();
        for nth in self.loading.keys().copied().collect::<Vec<_>>() {
            let Some(Loading { snapshot, work, next }) = self.loading.remove(&nth) else { continue };
            let stepped = match work {
                Work::Stepped(load) => Ok(*load),
                Work::Stepping(stepping) => match stepping.poll() {
                    Ok(outcome) => outcome,
                    Err(stepping) => {
                        self.loading.insert(nth, Loading { snapshot, work: Work::Stepping(stepping), next });
                        continue;
                    }
                },
            };
            let outcome = stepped.and_then(|mut load| match self.journal.end_load(&mut load) {
                Err(JournalError::Full) => Ok(Err(load)),
                lsn => lsn.map(Ok),
            });
            match outcome {
                Ok(Err(load)) => {
                    self.loading.insert(nth, Loading { snapshot, work: Work::Stepped(Box::new(load)), next });
                }
                Ok(Ok(lsn)) => {
                    self.put_whole(nth, lsn, snapshot);
                    let followed = next.map_or(Ok(()), |next| self.follow(nth, next.snapshot, next.deltas));
                    ended.push((nth, followed.map(|()| lsn)));
                }
                Err(e) => ended.push((nth, Err(e.to_string()))),
            }
        }
        ended
    }

    /// The next version of a zone, by a delta that may be large.
    pub fn put_delta(&mut self, nth: usize, delta: Delta, next: Snapshot) -> Result<Written, String> {
        if delta.wire_len() > DELTA_MAX {
            return self.replace(nth, next);
        }
        self.put_as(nth, delta, next).map(Written::At)
    }

    fn put_as(&mut self, nth: usize, delta: Delta, next: Snapshot) -> Result<Lsn, String> {
        let delta = Arc::new(delta);
        let lsn = self.journal.append(delta.clone(), &next).map_err(|e| e.to_string())?;
        self.served[nth].newest = Some(next.clone());
        self.pending.push_back(Pending { lsn, nth, snapshot: next, step: Step::Delta(delta) });
        Ok(lsn)
    }

    /// Shows readers what has become durable. Tells which zones have changed.
    pub fn publish(&mut self) -> Vec<usize> {
        let durable = self.journal.durable();
        let mut latest: BTreeMap<usize, Snapshot> = BTreeMap::new();
        while self.pending.front().is_some_and(|next| next.lsn <= durable)
            && let Some(next) = self.pending.pop_front()
        {
            let served = &mut self.served[next.nth];
            match next.step {
                Step::Delta(delta) => served.history.push(delta, next.snapshot.wire_len()),
                Step::Whole => served.history.clear(),
            }
            latest.insert(next.nth, next.snapshot);
        }
        let changed = latest.keys().copied().collect();
        for (nth, snapshot) in latest {
            self.show(nth, snapshot);
        }
        changed
    }

    fn show(&mut self, nth: usize, snapshot: Snapshot) {
        let served = &mut self.served[nth];
        let shown = served.zone.as_ref().is_some_and(|zone| zone.publish(snapshot.clone()).is_ok());
        if !shown {
            served.zone = Some(Arc::new(Zone::new(snapshot)));
        }
        if !served.is_expired
            && let Some(zone) = &served.zone
            && self.set.insert(zone.clone()).is_none()
        {
            self.missing -= 1;
        }
    }

    /// A new version of an expired zone is on its way: that will be served, but not the old one until then.
    pub fn set_revived(&mut self, nth: usize) {
        let served = &mut self.served[nth];
        if std::mem::take(&mut served.is_expired) {
            served.zone = None;
        }
    }

    /// An expired zone is not served any more, or again.
    pub fn set_expired(&mut self, nth: usize, expired: bool) {
        let served = &mut self.served[nth];
        if std::mem::replace(&mut served.is_expired, expired) == expired {
            return;
        }
        let Some(zone) = &served.zone else { return };
        if expired {
            self.set.remove(served.plan.apex.as_ref());
            self.missing += 1;
        } else if self.set.insert(zone.clone()).is_none() {
            self.missing -= 1;
        }
    }

    /// Nothing but a reload changes a frozen zone. Holds over a restart once it is durable.
    pub fn set_frozen(&mut self, nth: usize, frozen: bool) -> Result<Lsn, String> {
        let served = &mut self.served[nth];
        let note = if frozen { FROZEN } else { b"" };
        let lsn = self.journal.set_note(served.plan.apex.as_ref(), note).map_err(|e| e.to_string())?;
        served.is_frozen = frozen;
        Ok(lsn)
    }

    /// A primary that was a secondary goes its own way from here: should it follow others again, what they have is
    /// not what it has, whatever the serials say.
    pub fn forget_primaries(&mut self, nth: usize) -> Result<(), String> {
        let served = &self.served[nth];
        let (apex, is_primary) = (served.plan.apex.as_ref(), served.plan.role == ZoneRole::Primary);
        let kept = self.journal.zone(apex).filter(|kept| is_primary && !matches!(kept.note(), b"" | FROZEN));
        if kept.is_none() {
            return Ok(());
        }
        let forgotten = match self.journal.set_note(apex, b"") {
            Err(JournalError::Full) => {
                self.journal.commit().map_err(|e| e.to_string())?;
                self.journal.set_note(apex, b"")
            }
            forgotten => forgotten,
        };
        forgotten.map(drop).map_err(|e| e.to_string())
    }

    /// What readers see.
    pub fn visible(&self, nth: usize) -> Option<Snapshot> {
        let served = &self.served[nth];
        served.zone.as_ref().filter(|_| !served.is_expired).map(|zone| zone.snapshot())
    }
}

impl Loading {
    /// What is given meanwhile waits.
    fn wait(&mut self, snapshot: Snapshot, deltas: Vec<Delta>) {
        let known = match self.next.take() {
            // The way to the one before is lost, so that there is none to this one.
            Some(before) if before.deltas.is_empty() => Vec::new(),
            _ if deltas.is_empty() => Vec::new(),
            Some(before) if before.deltas.len() + deltas.len() > WAITING_MAX => Vec::new(),
            Some(before) => before.deltas.into_iter().chain(deltas).collect(),
            None => deltas,
        };
        self.next = Some(Given { snapshot, deltas: known });
    }
}

impl ZoneStore for Zones {
    fn newest(&self, apex: NameRef<'_>) -> Option<Snapshot> {
        let nth = self.nth(apex)?;
        let served = &self.served[nth];
        let may_change = served.plan.role == ZoneRole::Primary && self.may_change(nth);
        served.newest.clone().filter(|_| may_change)
    }

    fn put(&mut self, delta: Delta, next: Snapshot) -> Result<Lsn, ZoneStoreError> {
        let nth = self.nth(next.apex()).ok_or(ZoneStoreError::Stale)?;
        self.put_as(nth, delta, next).map_err(|reason| ZoneStoreError::Failed { reason })
    }

    fn appended(&self) -> Lsn {
        self.journal.appended()
    }

    fn durable(&self) -> Lsn {
        self.journal.durable()
    }
}
