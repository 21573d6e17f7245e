//! The machine.

use ddi_core::{Instant, Now, UnixTime};
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};

use super::config::{NotifyRefused, Primary, Saved, SecondaryConfig, SecondaryEvent, SecondaryTransmit};
use super::timers;
use crate::notify::Notify;
use crate::random::Random;
use crate::serial::Serial;
use crate::xfr::{Outcome, XfrEvent, XfrIn, XfrInConfig};
use crate::zone::Snapshot;

/// Most events that wait to be polled. While as many wait, no round begins.
const EVENTS_MAX: usize = 64;
/// Further rounds that a NOTIFY causes, as long as no primary has what it tells of.
const HEARD_ROUNDS_MAX: u32 = 4;
/// The pause before the first of them, in milliseconds; each next one is twice as long.
const HEARD_WAIT_MILLIS: u64 = 1000;

/// One zone that is fetched from primaries.
///
/// It asks in rounds: when the SOA's refresh is over, when its retry is over after a failed round, or when
/// NOTIFY came. A round asks one primary after the other until one has the zone. One transfer runs at a time.
/// As long as nobody has the version that NOTIFY told of, a few more rounds follow within half a minute.
///
/// - Input: [`Secondary::handle_datagram`], [`Secondary::handle_bytes`] and [`Secondary::handle_closed`] for
///   what its queries bring, [`Secondary::handle_notify`], [`Secondary::handle_refresh`] and
///   [`Secondary::handle_retransfer`] for commands, [`Secondary::handle_timeout`].
/// - Output: [`Secondary::poll_transmit`], [`Secondary::poll_event`], [`Secondary::poll_timeout`].
/// - A host that wants fewer transfers at a time polls fewer secondaries for queries: no clock runs before a
///   query is polled.
#[derive(Debug)]
pub struct Secondary {
    config: SecondaryConfig,
    random: Random,
    current: Option<Snapshot>,
    /// The primary that `current` came from.
    origin: Option<SocketAddr>,
    is_expired: bool,
    expires: Option<Instant>,
    /// When the next round begins.
    due: Option<Instant>,
    /// Who is asked first in it.
    preferred: Option<usize>,
    /// The next round fetches the zone whatever its serial.
    whole: bool,
    /// NOTIFY came during this round.
    again: bool,
    /// What NOTIFY told of and no primary had yet.
    heard: Option<Heard>,
    round: Option<Round>,
    last_round: Option<Instant>,
    failures: u32,
    events: VecDeque<SecondaryEvent>,
    latest: Instant,
}

/// A version that NOTIFY told of: a hint, and worth no more than a few rounds.
#[derive(Debug)]
struct Heard {
    serial: Serial,
    /// Who told, if that is a primary.
    sender: Option<usize>,
    /// Rounds since the first.
    rounds: u32,
}

/// A round that is on.
#[derive(Debug)]
struct Round {
    whole: bool,
    /// A primary has confirmed the version at hand; the others may have a newer one.
    confirmed: bool,
    /// Who is asked.
    primary: Primary,
    xfr: XfrIn,
    /// Who is next.
    rest: VecDeque<Primary>,
}

impl Secondary {
    /// A zone that is fetched soon; `saved` is the version at hand, and what was kept with it. If that does not tell
    /// which primary it came from, the zone is fetched as a whole, whatever its serial.
    #[must_use]
    pub fn new(now: Now, config: SecondaryConfig, saved: Option<(Snapshot, Saved)>) -> Self {
        let mut random = Random::new(config.seed);
        let due = now.instant.plus_millis(random.below(config.spread_millis.saturating_add(1)));
        let (current, saved) = saved.unzip();
        let left = saved.as_ref().map(|saved| saved.expires.secs_since(now.unix));
        // A clock that was ahead when it was saved must not keep the zone for ever.
        let most = current.as_ref().map(|current| u64::from(current.soa().expire));
        let left = left.zip(most).map(|(left, most)| left.min(most));
        let expires = left.map(|left| now.instant.plus_secs(left));
        let origin = saved.and_then(|saved| saved.primary);
        // Its serials mean nothing to the primaries.
        let is_unknown = current.is_some() && origin.is_none();
        let mut secondary = Self {
            random,
            current,
            origin,
            is_expired: false,
            expires,
            due: (!config.primaries.is_empty()).then_some(due),
            preferred: None,
            whole: is_unknown,
            again: false,
            heard: None,
            round: None,
            last_round: None,
            failures: 0,
            events: VecDeque::new(),
            latest: now.instant,
            config,
        };
        secondary.on_time();
        secondary
    }

    /// The newest version.
    #[must_use]
    pub const fn current(&self) -> Option<&Snapshot> {
        self.current.as_ref()
    }

    /// True if the zone must not be served: there is none, or no primary has confirmed it for too long.
    #[must_use]
    pub const fn is_expired(&self) -> bool {
        self.is_expired || self.current.is_none()
    }

    /// Seconds until the zone expires: what EXPIRE tells who asks this server (RFC 7314 section 3.2).
    #[must_use]
    pub fn expire_secs(&self, now: Now) -> Option<u32> {
        let millis = self.expires?.millis_since(now.instant.max(self.latest));
        Some(u32::try_from(millis / 1000).unwrap_or(u32::MAX))
    }

    /// What to keep over a restart; `None` as long as there is no zone.
    #[must_use]
    pub fn saved(&self, now: Now) -> Option<Saved> {
        let left = self.expires?.millis_since(now.instant.max(self.latest)) / 1000;
        let expires = if self.is_expired { UnixTime::UNSET } else { now.unix.plus_secs(left) };
        Some(Saved { primary: self.origin, expires })
    }

    /// Who is being asked.
    #[must_use]
    pub fn asking(&self) -> Option<SocketAddr> {
        self.round.as_ref().map(|round| round.primary.addr)
    }

    /// When the next round begins, if none is on.
    #[must_use]
    pub const fn next_round(&self) -> Option<Instant> {
        self.due
    }

    /// A NOTIFY for this zone, whose signature, if there must be one, was good. `Ok`: to be answered with
    /// NOERROR. Many are worth one round.
    ///
    /// # Errors
    ///
    /// [`NotifyRefused`]: to be answered with REFUSED or NOTAUTH, or not at all.
    pub fn handle_notify(&mut self, now: Now, from: IpAddr, notify: &Notify) -> Result<(), NotifyRefused> {
        self.begin(now);
        if notify.zone != self.config.apex {
            return Err(NotifyRefused::Zone);
        }
        let sender = self.config.primaries.iter().position(|primary| primary.addr.ip() == from);
        if sender.is_none() && !self.config.notify_from.contains(&from) {
            return Err(NotifyRefused::Source);
        }
        // RFC 1996 section 3.7: the same data is no news. Any other serial is no more than a hint.
        let known = self.current.as_ref().map(Snapshot::serial);
        if notify.serial.is_some() && notify.serial == known && !self.is_expired {
            return Ok(());
        }
        self.preferred = sender.or(self.preferred);
        self.hear(notify.serial, sender);
        if self.round.is_some() {
            self.again = true;
        } else {
            self.put_round_at(self.after_gap());
        }
        self.on_time();
        Ok(())
    }

    /// Keeps what NOTIFY tells of, if that is news.
    fn hear(&mut self, serial: Option<Serial>, sender: Option<usize>) {
        let Some(serial) = serial.filter(|serial| self.is_ahead(*serial)) else { return };
        if self.heard.as_ref().is_none_or(|heard| heard.serial != serial) {
            self.heard = Some(Heard { serial, sender, rounds: 0 });
        }
    }

    /// A NOTIFY told of more than what is at hand, and that is still believed.
    fn is_behind(&self) -> bool {
        let heard = self.heard.as_ref().filter(|heard| heard.rounds <= HEARD_ROUNDS_MAX);
        heard.is_some_and(|heard| self.is_ahead(heard.serial))
    }

    /// True of a serial that is newer than that at hand.
    fn is_ahead(&self, serial: Serial) -> bool {
        self.current.as_ref().is_none_or(|current| serial.is_newer_than(current.serial()))
    }

    /// The operator wants the primaries asked now.
    pub fn handle_refresh(&mut self, now: Now) {
        self.begin(now);
        if self.round.is_none() {
            self.put_round_at(self.latest);
        }
        self.on_time();
    }

    /// The operator wants the whole zone fetched now, whatever its serial. The version at hand stays until
    /// that is there.
    pub fn handle_retransfer(&mut self, now: Now) {
        self.begin(now);
        self.round = None;
        self.whole = true;
        self.put_round_at(self.latest);
        self.on_time();
    }

    /// A datagram. Only those from the primary that is being asked count.
    pub fn handle_datagram(&mut self, now: Now, from: SocketAddr, bytes: &[u8]) {
        self.input(now, |round| {
            if round.primary.addr == from {
                round.xfr.handle_datagram(now, bytes);
            }
        });
    }

    /// Bytes from the connection that the last query went over.
    pub fn handle_bytes(&mut self, now: Now, bytes: &[u8]) {
        self.input(now, |round| round.xfr.handle_bytes(now, bytes));
    }

    /// That connection has ended, or could not be made. Not to be called for those that this side closed.
    pub fn handle_closed(&mut self, now: Now) {
        self.input(now, |round| round.xfr.handle_closed(now));
    }

    /// Does what is due. Nothing, if nothing is.
    pub fn handle_timeout(&mut self, now: Now) {
        self.input(now, |round| round.xfr.handle_timeout(now));
    }

    /// A query, if one is to be sent: written to the front of `out`, which must have 3 KiB. As
    /// [`XfrIn::poll_transmit`] says, one over TCP goes over a new connection.
    pub fn poll_transmit(&mut self, now: Now, out: &mut [u8]) -> Option<SecondaryTransmit> {
        self.begin(now);
        loop {
            let round = self.round.as_mut()?;
            if let Some(transmit) = round.xfr.poll_transmit(now, out) {
                let (to, via, len) = (round.primary.addr, transmit.via, transmit.len);
                return Some(SecondaryTransmit { to, via, len });
            }
            if !round.xfr.is_ended() {
                return None;
            }
            self.on_time();
        }
    }

    /// What happened.
    pub fn poll_event(&mut self) -> Option<SecondaryEvent> {
        self.events.pop_front()
    }

    /// When [`Secondary::handle_timeout`] is due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let expires = self.expires.filter(|_| !self.is_expired);
        let transfer = self.round.as_ref().and_then(|round| round.xfr.poll_timeout());
        [self.due.filter(|_| self.round.is_none()), expires, transfer].into_iter().flatten().min()
    }

    fn begin(&mut self, now: Now) {
        self.latest = self.latest.max(now.instant);
    }

    fn input(&mut self, now: Now, handle: impl FnOnce(&mut Round)) {
        self.begin(now);
        if let Some(round) = &mut self.round {
            handle(round);
        }
        self.on_time();
    }

    fn put_round_at(&mut self, at: Instant) {
        if !self.config.primaries.is_empty() {
            self.due = Some(self.due.map_or(at, |due| due.min(at)));
        }
    }

    /// The earliest time for a round that NOTIFY causes.
    fn after_gap(&self) -> Instant {
        let gap = self.config.notify_gap_millis;
        self.last_round.map_or(self.latest, |last| last.plus_millis(gap).max(self.latest))
    }

    /// Goes on wherever the time or a transfer's end lets it.
    fn on_time(&mut self) {
        if self.expires.is_some_and(|at| at <= self.latest) && !self.is_expired {
            self.is_expired = true;
            self.events.push_back(SecondaryEvent::Expired);
        }
        self.on_transfer();
        let due = self.due.is_some_and(|due| due <= self.latest);
        if due && self.round.is_none() && self.events.len() < EVENTS_MAX {
            self.begin_round();
        }
    }

    fn begin_round(&mut self) {
        let primaries = &self.config.primaries;
        let origin = primaries.iter().position(|primary| Some(primary.addr) == self.origin);
        let first = self.preferred.take().or(origin).unwrap_or(0);
        let mut order = VecDeque::from_iter(primaries.get(first).cloned());
        let others = primaries.iter().enumerate().filter(|(i, _)| *i != first);
        order.extend(others.map(|(_, primary)| primary.clone()));
        self.due = None;
        self.again = false;
        self.last_round = Some(self.latest);
        let whole = std::mem::take(&mut self.whole);
        self.ask_next(order, whole, false);
    }

    /// Asks the first of `order`; the round is over if there is none.
    fn ask_next(&mut self, mut order: VecDeque<Primary>, whole: bool, confirmed: bool) {
        let Some(primary) = order.pop_front() else {
            // What was asked for as a whole is still wanted so.
            self.whole |= whole;
            return self.end_round(confirmed);
        };
        let current = self.current.clone().filter(|_| !whole);
        let mut config = XfrInConfig::new(self.config.apex.clone(), current, self.random.next());
        // Serials of two primaries need not mean the same versions: no deltas from another one.
        config.incremental &= self.config.shared_history || self.origin == Some(primary.addr);
        config.udp = self.config.udp;
        config.fall_back = self.config.fall_back;
        config.strictness = self.config.strictness;
        config.limits = self.config.limits;
        config.key = primary.key.clone();
        self.round = Some(Round { whole, confirmed, primary, xfr: XfrIn::new(config), rest: order });
    }

    fn on_transfer(&mut self) {
        while let Some(round) = &mut self.round {
            let (primary, Some(event)) = (round.primary.addr, round.xfr.poll_event()) else { return };
            match event {
                XfrEvent::FallBack { why } => {
                    self.events.push_back(SecondaryEvent::FallBack { primary, why });
                }
                XfrEvent::Ended(result) => {
                    let Some(round) = self.round.take() else { return };
                    let good = match *result {
                        Ok(outcome) => self.on_outcome(primary, outcome),
                        Err(why) => {
                            self.events.push_back(SecondaryEvent::Failed { primary, why });
                            false
                        }
                    };
                    let is_behind = self.is_behind();
                    if good && !is_behind {
                        self.end_round(true);
                    } else {
                        self.ask_next(round.rest, round.whole && !good, round.confirmed || good);
                    }
                }
            }
        }
    }

    /// True if the zone is confirmed.
    fn on_outcome(&mut self, primary: SocketAddr, outcome: Outcome) -> bool {
        match outcome {
            Outcome::Zone { snapshot, deltas, expire, .. } => {
                let secs = timers::expire(&snapshot.soa(), expire, None);
                self.expires = Some(self.latest.plus_secs(secs));
                self.origin = Some(primary);
                self.current = Some(snapshot.clone());
                self.events.push_back(SecondaryEvent::Zone { snapshot, deltas, primary });
            }
            Outcome::UpToDate { serial, expire } => {
                let Some(current) = self.current.as_ref().filter(|current| current.serial() == serial) else {
                    self.events.push_back(SecondaryEvent::Behind { primary, serial });
                    // What nobody may be served any more is no measure for what the primary has.
                    self.whole |= self.is_expired;
                    return false;
                };
                let left = self.expires.map(|at| at.millis_since(self.latest) / 1000);
                let secs = timers::expire(&current.soa(), expire, left);
                self.expires = Some(self.latest.plus_secs(secs));
                self.events.push_back(SecondaryEvent::UpToDate { primary });
            }
        }
        self.is_expired = self.expires.is_some_and(|at| at <= self.latest);
        true
    }

    fn end_round(&mut self, good: bool) {
        self.round = None;
        let soa = self.current.as_ref().map(Snapshot::soa);
        let (bounds, random) = (&self.config.bounds, &mut self.random);
        let millis = match (good, &soa) {
            (true, Some(soa)) => {
                self.failures = 0;
                timers::refresh(soa, bounds, random)
            }
            (_, soa) => {
                self.failures = self.failures.saturating_add(1);
                timers::retry(soa.as_ref(), bounds, self.failures, random)
            }
        };
        self.due = Some(self.latest.plus_millis(millis));
        if std::mem::take(&mut self.again) {
            self.put_round_at(self.after_gap());
        }
        self.ask_for_heard();
    }

    /// Whoever told of a version may have been quicker than its own transfer, or than its answers.
    fn ask_for_heard(&mut self) {
        let Some(heard) = self.heard.take().filter(|heard| self.is_ahead(heard.serial)) else { return };
        if heard.rounds < HEARD_ROUNDS_MAX {
            let wait = self.random.jitter(HEARD_WAIT_MILLIS << heard.rounds);
            self.put_round_at(self.latest.plus_millis(wait));
            self.preferred = self.preferred.or(heard.sender);
        }
        // Beyond that it is only kept so that the same news is none.
        self.heard = Some(Heard { rounds: heard.rounds.saturating_add(1), ..heard });
    }
}
