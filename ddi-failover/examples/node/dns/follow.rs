//! The secondary zones: each has its engine, and a connection while it transfers.

use crate::config::dns::ZoneRole;
use crate::net::stream::{Received, Stream};
use ddi_core::{Instant, Now, UnixTime};
use ddi_dns::notify::Notify;
use ddi_dns::secondary::{
    NotifyRefused, Primary, Saved, Secondary, SecondaryConfig, SecondaryEvent, SecondaryTransmit,
};
use ddi_dns::xfr::Via;
use ddi_dns::zone::Strictness;
use nix::poll::PollFlags;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::fd::BorrowedFd;

use super::zones::Zones;

/// Connections to primaries at a time; other transfers wait for their turn.
const TRANSFERS_MAX: usize = 32;
/// A zone that changes all the time is asked for this often.
const NOTIFY_GAP_MILLIS: u64 = 20;
/// After a start the secondaries ask over so long a time that there are no more than these in a millisecond.
const ASK_PER_MILLI: usize = 4;
/// Room for a query, in bytes.
const QUERY_MAX: usize = 3 << 10;

struct Follow {
    secondary: Secondary,
    stream: Option<Stream>,
    armed: Option<Instant>,
}

/// All of them, by the zone's number.
#[derive(Default)]
pub struct Follows {
    follows: BTreeMap<usize, Follow>,
    timers: BTreeSet<(Instant, usize)>,
    /// Those that may have something to send.
    to_ask: BTreeSet<usize>,
    /// Those that would ask if fewer did.
    waiting: BTreeSet<usize>,
    /// Those that may have something to tell.
    touched: BTreeSet<usize>,
    /// Those that wait for an answer.
    asking: BTreeSet<usize>,
    /// Those with a connection.
    connected: BTreeSet<usize>,
}

/// A datagram to a primary.
pub struct Datagram {
    pub to: SocketAddr,
    pub len: usize,
}

impl Follows {
    /// The secondaries among `zones`.
    pub fn new(now: Now, zones: &Zones, seed: u64) -> Self {
        let mut all = Self::default();
        let count = zones.served.iter().filter(|served| served.plan.role == ZoneRole::Secondary).count();
        for (nth, served) in zones.served.iter().enumerate() {
            if served.plan.role != ZoneRole::Secondary {
                continue;
            }
            let primaries = served
                .plan
                .primaries
                .iter()
                .map(|primary| Primary { addr: *primary, key: served.plan.primaries_key.clone() });
            let seed = seed.wrapping_add(nth as u64);
            let mut config = SecondaryConfig::new(served.plan.apex.clone(), primaries.collect(), seed);
            config.notify_gap_millis = NOTIFY_GAP_MILLIS;
            if served.plan.ixfr_tolerant {
                config.strictness = Strictness::Tolerant;
            }
            config.spread_millis = (count / ASK_PER_MILLI) as u64;
            let kept = zones.journal.zone(served.plan.apex.as_ref());
            let saved = kept.map(|kept| (kept.snapshot().clone(), read_saved(kept.note())));
            let secondary = Secondary::new(now, config, saved);
            all.follows.insert(nth, Follow { secondary, stream: None, armed: None });
            all.touch(nth);
        }
        all
    }

    /// Seconds until a secondary zone expires.
    pub fn expire_secs(&self, now: Now, nth: usize) -> Option<u32> {
        self.follows.get(&nth)?.secondary.expire_secs(now)
    }

    /// `None`: the zone is not followed.
    pub fn handle_notify(
        &mut self,
        now: Now,
        nth: usize,
        from: IpAddr,
        notify: &Notify,
    ) -> Option<Result<(), NotifyRefused>> {
        self.touch(nth);
        let follow = self.follows.get_mut(&nth)?;
        Some(follow.secondary.handle_notify(now, from, notify))
    }

    /// An operator wants it whole. False: the zone is not followed.
    pub fn retransfer(&mut self, now: Now, nth: usize) -> bool {
        self.touch(nth);
        self.follows.get_mut(&nth).map(|follow| follow.secondary.handle_retransfer(now)).is_some()
    }

    fn touch(&mut self, nth: usize) {
        if self.follows.contains_key(&nth) {
            self.to_ask.insert(nth);
            self.touched.insert(nth);
        }
    }

    /// A datagram: an answer for this zone, or for any if it does not say.
    pub fn handle_datagram(&mut self, now: Now, nth: Option<usize>, from: SocketAddr, bytes: &[u8]) {
        let asking: Vec<usize> = match nth {
            Some(nth) => self.asking.get(&nth).into_iter().copied().collect(),
            None => self.asking.iter().copied().collect(),
        };
        for nth in asking {
            let Some(follow) = self.follows.get_mut(&nth) else { continue };
            if follow.secondary.asking() == Some(from) {
                follow.secondary.handle_datagram(now, from, bytes);
                self.touch(nth);
            }
        }
    }

    /// What to wait for, in the order of [`Follows::ready`].
    pub fn fds(&self) -> impl Iterator<Item = (BorrowedFd<'_>, PollFlags)> {
        let streams = self.connected.iter().filter_map(|nth| self.follows.get(nth)?.stream.as_ref());
        streams.map(|stream| (stream.fd(), stream.interest()))
    }

    /// The connections to primaries that have something.
    pub fn ready(&mut self, now: Now, ready: &[bool]) {
        let numbers: Vec<usize> = self.connected.iter().copied().collect();
        for (nth, _) in numbers.into_iter().zip(ready).filter(|(_, ready)| **ready) {
            let Some(follow) = self.follows.get_mut(&nth) else { continue };
            let Some(stream) = &mut follow.stream else { continue };
            let mut bytes = Vec::new();
            let outcome = stream.send().and_then(|()| stream.receive(&mut bytes));
            follow.secondary.handle_bytes(now, &bytes);
            if !matches!(outcome, Ok(Received::Open)) {
                follow.stream = None;
                self.connected.remove(&nth);
                follow.secondary.handle_closed(now);
            }
            self.touch(nth);
        }
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Now) {
        while let Some(&(at, nth)) = self.timers.first()
            && at <= now.instant
        {
            self.timers.pop_first();
            if let Some(follow) = self.follows.get_mut(&nth) {
                follow.armed = None;
                follow.secondary.handle_timeout(now);
            }
            self.touch(nth);
        }
    }

    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// Sends what is to be sent: what goes by TCP here, from the address that `from` tells, the next datagram by the
    /// caller.
    pub fn poll_transmit(
        &mut self,
        now: Now,
        out: &mut [u8],
        from: impl Fn(SocketAddr) -> IpAddr,
    ) -> Option<Datagram> {
        loop {
            let is_full = self.connected.len() >= TRANSFERS_MAX;
            if self.to_ask.is_empty() && !is_full {
                self.to_ask.extend(self.waiting.pop_first());
            }
            let nth = self.to_ask.first().copied()?;
            let Some(follow) = self.follows.get_mut(&nth).filter(|one| !is_full || one.stream.is_some())
            else {
                self.to_ask.remove(&nth);
                self.waiting.insert(nth);
                continue;
            };
            match follow.secondary.poll_transmit(now, &mut out[..QUERY_MAX]) {
                Some(transmit) if transmit.via == Via::Udp => {
                    return Some(Datagram { to: transmit.to, len: transmit.len });
                }
                Some(transmit) => follow.ask(now, from(transmit.to), &transmit, out),
                None => {
                    self.to_ask.remove(&nth);
                    self.arm(nth);
                }
            }
        }
    }

    /// What has happened to a zone since; to be called until it gives nothing.
    pub fn poll_event(&mut self) -> Option<(usize, SecondaryEvent)> {
        while let Some(nth) = self.touched.first().copied() {
            if let Some(event) = self.follows.get_mut(&nth).and_then(|one| one.secondary.poll_event()) {
                // It may ask somebody else now.
                self.to_ask.insert(nth);
                return Some((nth, event));
            }
            self.touched.pop_first();
            self.arm(nth);
        }
        None
    }

    /// There may be more of that.
    pub fn has_news(&self) -> bool {
        !self.touched.is_empty()
    }

    /// Notes what a zone waits for.
    fn arm(&mut self, nth: usize) {
        let Some(follow) = self.follows.get_mut(&nth) else { return };
        let is_asking = follow.secondary.asking().is_some();
        if !is_asking {
            follow.stream = None;
        }
        let note = |all: &mut BTreeSet<usize>, is_in| if is_in { all.insert(nth) } else { all.remove(&nth) };
        note(&mut self.asking, is_asking);
        note(&mut self.connected, follow.stream.is_some());
        let next = follow.secondary.poll_timeout();
        if follow.armed != next {
            if let Some(at) = std::mem::replace(&mut follow.armed, next) {
                self.timers.remove(&(at, nth));
            }
            self.timers.extend(next.map(|at| (at, nth)));
        }
    }

    /// Nobody may be told what the zone holds.
    pub fn is_expired(&self, nth: usize) -> bool {
        self.follows.get(&nth).is_some_and(|follow| follow.secondary.is_expired())
    }

    /// What a restart has to know, as bytes.
    pub fn note(&self, now: Now, nth: usize) -> Vec<u8> {
        let saved = self.follows.get(&nth).and_then(|follow| follow.secondary.saved(now));
        saved.map(|saved| write_saved(&saved)).unwrap_or_default()
    }
}

impl Follow {
    /// Each query over TCP goes over a connection of its own.
    fn ask(&mut self, now: Now, from: IpAddr, transmit: &SecondaryTransmit, query: &[u8]) {
        self.stream = None;
        match Stream::dial(from, transmit.to) {
            Ok(mut stream) => {
                stream.out().extend_from_slice(&query[..transmit.len]);
                self.stream = Some(stream);
            }
            Err(_) => self.secondary.handle_closed(now),
        }
    }
}

/// When it expires (8 bytes), and the primary's address (4 or 16) and port, zeros if none; big-endian.
fn write_saved(saved: &Saved) -> Vec<u8> {
    let (ip, port) = match saved.primary {
        Some(SocketAddr::V6(primary)) => (primary.ip().octets().to_vec(), primary.port()),
        Some(SocketAddr::V4(primary)) => (primary.ip().octets().to_vec(), primary.port()),
        None => (vec![0; 4], 0),
    };
    [&saved.expires.0.to_be_bytes()[..], &ip, &port.to_be_bytes()].concat()
}

/// What can't be read is of a zone that nobody is known to have given: it is not served until a primary gives it.
fn read_saved(note: &[u8]) -> Saved {
    let parts = note.split_first_chunk::<8>().and_then(|(expires, rest)| {
        let (ip, port) = rest.split_last_chunk::<2>()?;
        let ip = match *ip {
            [a, b, c, d] => Ipv4Addr::new(a, b, c, d).into(),
            _ => IpAddr::from(<[u8; 16]>::try_from(ip).ok()?),
        };
        Some((u64::from_be_bytes(*expires), ip, u16::from_be_bytes(*port)))
    });
    let Some((expires, ip, port)) = parts else { return Saved { primary: None, expires: UnixTime::UNSET } };
    Saved { primary: (port != 0).then(|| SocketAddr::new(ip, port)), expires: UnixTime(expires) }
}
