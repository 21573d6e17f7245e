//! Telling many secondaries, until each confirms or is given up.

use ddi_core::{Instant, Now};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;

use super::message::emit;
use crate::delta::Records;
use crate::message::{Flags, Header, Opcode, Rcode, Reader};
use crate::name::Name;
use crate::random::Random;
use crate::rr::Rtype;
use crate::tsig::{Key, Verifier};
use crate::zone::Snapshot;

/// Most notifications, each of one zone to one target, that wait to be confirmed.
pub const PENDING_MAX: usize = 100_000;
/// Most events that wait to be polled. The oldest go first.
const EVENTS_MAX: usize = 4096;

/// How notifications are sent.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NotifierConfig {
    /// How often one is sent (RFC 1996 section 3.6: 5 more times).
    pub tries: u32,
    /// How long the first try waits for an answer; each next one waits twice as long.
    pub wait_millis: u64,
    /// The first try is put off by up to this long, so that not all secondaries come at once (RFC 1996
    /// section 4.3).
    pub spread_millis: u64,
    /// For message ids and delays.
    pub seed: u64,
}

impl NotifierConfig {
    /// The defaults: six times, from 3 seconds to 90 apart, at once.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { tries: 6, wait_millis: 3000, spread_millis: 0, seed }
    }
}

/// A secondary to be told.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "where and how")]
pub struct NotifyTarget {
    /// Its address.
    pub addr: SocketAddr,
    /// Signs the request; the answer must be signed then.
    pub key: Option<Key>,
}

/// A datagram to send.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_structs, reason = "where and how long is all there is to it")]
pub struct NotifyTransmit {
    /// To whom.
    pub to: SocketAddr,
    /// Its length in the caller's buffer.
    pub len: usize,
}

/// What became of a notification.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum NotifyEvent {
    /// The target answered. A target that doesn't know NOTIFY (NOTIMP) is done as well (RFC 1996 section
    /// 3.12).
    Answered {
        /// The zone.
        zone: Name,
        /// The target.
        target: SocketAddr,
        /// Its answer.
        rcode: Rcode,
    },
    /// The target never answered.
    GivenUp {
        /// The zone.
        zone: Name,
        /// The target.
        target: SocketAddr,
    },
    /// [`PENDING_MAX`] wait already: the target was not told.
    Full {
        /// The zone.
        zone: Name,
        /// The target.
        target: SocketAddr,
    },
}

/// Tells secondaries that zones have changed. One for the whole server.
///
/// A zone that changes again before a target confirmed is told with the newest serial, and only that.
#[derive(Debug)]
pub struct Notifier {
    config: NotifierConfig,
    random: Random,
    pending: BTreeMap<(SocketAddr, Name), Pending>,
    due: BTreeSet<(Instant, SocketAddr, Name)>,
    events: VecDeque<NotifyEvent>,
    latest: Instant,
}

#[derive(Debug)]
struct Pending {
    soa: Arc<Records>,
    key: Option<Key>,
    tries: u32,
    at: Instant,
    /// Of the last try.
    asked: Option<(u16, Option<Verifier>)>,
}

impl Notifier {
    /// One that has nothing to tell.
    #[must_use]
    pub const fn new(config: NotifierConfig) -> Self {
        Self {
            random: Random::new(config.seed),
            config,
            pending: BTreeMap::new(),
            due: BTreeSet::new(),
            events: VecDeque::new(),
            latest: Instant(0),
        }
    }

    /// A zone has a new version, which is published and durable.
    pub fn handle_changed(&mut self, now: Now, snapshot: &Snapshot, targets: &[NotifyTarget]) {
        self.latest = self.latest.max(now.instant);
        let mut soa = Records::new();
        soa.push(&snapshot.soa_record());
        let soa = Arc::new(soa);
        for target in targets {
            let id = (target.addr, snapshot.apex().to_name());
            self.forget(&id);
            if self.pending.len() >= PENDING_MAX {
                self.tell(NotifyEvent::Full { zone: id.1, target: id.0 });
                continue;
            }
            let at = self.latest.plus_millis(self.random.below(self.config.spread_millis.saturating_add(1)));
            let (soa, key) = (Arc::clone(&soa), target.key.clone());
            self.due.insert((at, id.0, id.1.clone()));
            self.pending.insert(id, Pending { soa, key, tries: 0, at, asked: None });
        }
    }

    /// The zone is no more: nobody is to be told of it.
    pub fn handle_removed(&mut self, zone: &Name) {
        let gone: Vec<_> = self.pending.keys().filter(|id| id.1 == *zone).cloned().collect();
        gone.iter().for_each(|id| self.forget(id));
    }

    /// A datagram: an answer, if it comes from who was asked, with the id of the last try.
    pub fn handle_datagram(&mut self, now: Now, from: SocketAddr, bytes: &[u8]) {
        self.latest = self.latest.max(now.instant);
        let Some((zone, header)) = answered(bytes) else { return };
        let id = (from, zone);
        let Some(pending) = self.pending.get_mut(&id) else { return };
        let Some((asked, verifier)) = &mut pending.asked else { return };
        if *asked != header.id || verifier.as_mut().is_some_and(|v| v.check(bytes, now.unix).is_err()) {
            return;
        }
        self.forget(&id);
        self.tell(NotifyEvent::Answered { zone: id.1, target: id.0, rcode: header.flags.rcode() });
    }

    /// Does what is due. Nothing, if nothing is.
    pub fn handle_timeout(&mut self, now: Now) {
        self.latest = self.latest.max(now.instant);
    }

    /// The next datagram, written to the front of `out`, which should have 2 KiB.
    pub fn poll_transmit(&mut self, now: Now, out: &mut [u8]) -> Option<NotifyTransmit> {
        self.latest = self.latest.max(now.instant);
        while let Some((at, target, zone)) = self.due.first().filter(|due| due.0 <= self.latest).cloned() {
            self.due.remove(&(at, target, zone.clone()));
            let id = (target, zone);
            let Some(len) = self.transmit(now, &id, out) else {
                self.forget(&id);
                self.tell(NotifyEvent::GivenUp { zone: id.1, target: id.0 });
                continue;
            };
            return Some(NotifyTransmit { to: target, len });
        }
        None
    }

    /// When [`Notifier::poll_transmit`] has something next.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.due.first().map(|due| due.0)
    }

    /// What became of a notification.
    pub fn poll_event(&mut self) -> Option<NotifyEvent> {
        self.events.pop_front()
    }

    /// How many wait to be confirmed.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    /// The next try; `None` if there were enough, or it does not fit.
    fn transmit(&mut self, now: Now, id: &(SocketAddr, Name), out: &mut [u8]) -> Option<usize> {
        let pending = self.pending.get_mut(id)?;
        if pending.tries >= self.config.tries {
            return None;
        }
        let message_id = self.random.id();
        let len = emit(out, message_id, id.1.as_ref(), &pending.soa.first()?).ok()?;
        let (len, verifier) = match &pending.key {
            Some(key) => key.sign_request(out, len, now.unix).map(|(len, v)| (len, Some(v))).ok()?,
            None => (len, None),
        };
        let wait = self.config.wait_millis.saturating_mul(1 << pending.tries.min(20));
        pending.tries += 1;
        pending.asked = Some((message_id, verifier));
        pending.at = self.latest.plus_millis(wait);
        self.due.insert((pending.at, id.0, id.1.clone()));
        Some(len)
    }

    fn forget(&mut self, id: &(SocketAddr, Name)) {
        if let Some(pending) = self.pending.remove(id) {
            self.due.remove(&(pending.at, id.0, id.1.clone()));
        }
    }

    fn tell(&mut self, event: NotifyEvent) {
        if self.events.len() >= EVENTS_MAX {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }
}

/// The zone that a response to a NOTIFY is about.
fn answered(bytes: &[u8]) -> Option<(Name, Header)> {
    let mut reader = Reader::new(bytes).ok()?;
    let header = *reader.header();
    if !header.flags.has(Flags::QR) || header.flags.opcode() != Opcode::NOTIFY {
        return None;
    }
    let question = reader.question().ok()?.filter(|question| question.rtype == Rtype::SOA)?;
    Some((question.name(), header))
}
