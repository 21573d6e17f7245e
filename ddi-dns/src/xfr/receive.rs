//! The receiving side: queries to one primary, and what its answers amount to.

mod answer;
mod config;
mod gather;
mod sequence;

use ddi_core::{Instant, Now};
use std::collections::VecDeque;

use super::error::XfrError;
use super::frame::Deframer;
use super::request::{QUERY_MAX, emit_query, soa_data};
use crate::message::{Full, Rcode};
use crate::random::Random;
use crate::rr::Rtype;
use answer::{Answer, Said};
use gather::Gathered;

pub use config::{Limits, Outcome, Transmit, Via, XfrEvent, XfrInConfig};

/// Room that a query never needs more than: names, SOA, OPT and signature, and the two length bytes.
const QUERY_ROOM: usize = 2 + QUERY_MAX + 1024;

/// One transfer from one primary: it asks, in the way that promises to be cheapest, takes the answer in
/// whatever its form, and goes on to ask in a simpler way where that is refused or goes wrong.
///
/// - IXFR over UDP; over TCP if the answer does not fit; AXFR if the primary does not do IXFR, has no
///   deltas, or sends ones that don't fit the version at hand. A primary that refuses IXFR is asked for its
///   SOA before a whole zone is fetched.
/// - Input: [`XfrIn::handle_datagram`], [`XfrIn::handle_bytes`] and [`XfrIn::handle_closed`] for the
///   connection of the last query, [`XfrIn::handle_timeout`]. Output: [`XfrIn::poll_transmit`],
///   [`XfrIn::poll_event`], [`XfrIn::poll_timeout`].
/// - [`XfrEvent::Ended`] is the last event: the new version is whole, or there is none.
///
/// What is unsigned may be read before a later signature proves it, but nothing is given out before the last
/// message is signed. Memory is bounded by [`Limits`] and one message.
#[derive(Debug)]
pub struct XfrIn {
    deframer: Deframer,
    talk: Talk,
}

/// All but the incoming bytes, so that a message can borrow those meanwhile.
#[derive(Debug)]
struct Talk {
    config: XfrInConfig,
    random: Random,
    ask: Ask,
    /// A UDP answer said that the primary has a newer version.
    is_newer: bool,
    /// The primary takes queries with an OPT.
    edns: bool,
    tries: u32,
    phase: Phase,
    events: VecDeque<XfrEvent>,
    latest: Instant,
}

/// What is asked, and how.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Ask {
    rtype: Rtype,
    via: Via,
}

const SOA_UDP: Ask = Ask { rtype: Rtype::SOA, via: Via::Udp };
const IXFR_UDP: Ask = Ask { rtype: Rtype::IXFR, via: Via::Udp };
const IXFR_TCP: Ask = Ask { rtype: Rtype::IXFR, via: Via::Tcp };
const AXFR_TCP: Ask = Ask { rtype: Rtype::AXFR, via: Via::Tcp };

#[derive(Debug)]
enum Phase {
    /// The query is to be sent.
    Ready,
    /// The answer is to come.
    Asked {
        answer: Box<Answer>,
        idle: Instant,
        end: Instant,
    },
    Ended,
}

impl XfrIn {
    /// A transfer that has yet to begin.
    #[must_use]
    pub fn new(config: XfrInConfig) -> Self {
        let ask = match (&config.current, config.incremental) {
            (None, _) => AXFR_TCP,
            (Some(_), false) => SOA_UDP,
            (Some(_), true) if config.udp => IXFR_UDP,
            (Some(_), true) => IXFR_TCP,
        };
        let talk = Talk {
            random: Random::new(config.seed),
            config,
            ask,
            is_newer: false,
            edns: true,
            tries: 0,
            phase: Phase::Ready,
            events: VecDeque::new(),
            latest: Instant::default(),
        };
        Self { deframer: Deframer::default(), talk }
    }

    /// True after [`XfrEvent::Ended`].
    #[must_use]
    pub const fn is_ended(&self) -> bool {
        matches!(self.talk.phase, Phase::Ended)
    }

    /// A query, if one is to be sent: written to the front of `out`, which must have 3 KiB.
    ///
    /// A datagram should leave from a port that others don't know: without a key that and the id are all that keeps
    /// them from answering in the primary's name.
    ///
    /// One over TCP goes over a new connection, on which nothing else comes; one that was open is to be
    /// closed before.
    pub fn poll_transmit(&mut self, now: Now, out: &mut [u8]) -> Option<Transmit> {
        let Phase::Ready = self.talk.phase else { return None };
        self.talk.begin(now);
        self.deframer.clear();
        self.talk.transmit(now, out)
    }

    /// A datagram from the primary. One that is not the answer is ignored: it may be forged.
    pub fn handle_datagram(&mut self, now: Now, bytes: &[u8]) {
        self.talk.begin(now);
        if self.talk.ask.via == Via::Udp {
            self.talk.on_message(now, bytes);
        }
    }

    /// Bytes from the connection that the last query went over.
    pub fn handle_bytes(&mut self, now: Now, mut bytes: &[u8]) {
        self.talk.begin(now);
        while self.talk.is_reading() {
            let Some(message) = self.deframer.next_message(&mut bytes) else { break };
            self.talk.on_message(now, message);
        }
    }

    /// That connection has ended, or could not be made. Not to be called for those that this side closed.
    pub fn handle_closed(&mut self, now: Now) {
        self.talk.begin(now);
        if self.talk.is_reading() {
            self.talk.on_failure(XfrError::Closed);
        }
    }

    /// Does what is due. Nothing, if nothing is.
    pub fn handle_timeout(&mut self, now: Now) {
        self.talk.begin(now);
        self.talk.on_timeout();
    }

    /// When [`XfrIn::handle_timeout`] is due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        match &self.talk.phase {
            Phase::Asked { idle, end, .. } => Some(*idle.min(end)),
            _ => None,
        }
    }

    /// What happened.
    pub fn poll_event(&mut self) -> Option<XfrEvent> {
        self.talk.events.pop_front()
    }

    /// Gives up, with no event.
    pub fn stop(&mut self) {
        self.talk.phase = Phase::Ended;
        self.talk.events.clear();
    }
}

impl Talk {
    fn begin(&mut self, now: Now) {
        self.latest = self.latest.max(now.instant);
    }

    /// True if bytes of a stream are of use.
    fn is_reading(&self) -> bool {
        self.ask.via == Via::Tcp && matches!(self.phase, Phase::Asked { .. })
    }

    fn transmit(&mut self, now: Now, out: &mut [u8]) -> Option<Transmit> {
        let Some(room) = out.get_mut(..QUERY_ROOM) else {
            self.end(Err(XfrError::QueryTooLong));
            return None;
        };
        let id = self.random.id();
        let (prefix, body) = room.split_at_mut(if self.ask.via == Via::Tcp { 2 } else { 0 });
        match self.write(now, id, body) {
            Ok((len, verifier)) => {
                if let Some(prefix) = prefix.first_chunk_mut() {
                    *prefix = (len as u16).to_be_bytes();
                }
                let (rtype, via) = (self.ask.rtype, self.ask.via);
                let answer = Answer::new(&self.config, id, rtype, via, verifier);
                let Limits { udp_millis, idle_millis, total_millis, .. } = self.config.limits;
                let (idle, end) = match via {
                    Via::Udp => (udp_millis, udp_millis),
                    Via::Tcp => (idle_millis, total_millis),
                };
                let (idle, end) = (self.latest.plus_millis(idle), self.latest.plus_millis(end));
                self.tries += 1;
                self.phase = Phase::Asked { answer: Box::new(answer), idle, end };
                Some(Transmit { via, len: prefix.len() + len })
            }
            Err(Full) => {
                self.end(Err(XfrError::QueryTooLong));
                None
            }
        }
    }

    fn write(
        &self,
        now: Now,
        id: u16,
        out: &mut [u8],
    ) -> Result<(usize, Option<crate::tsig::Verifier>), Full> {
        let soa = self.config.current.as_ref().filter(|_| self.ask.rtype == Rtype::IXFR).map(soa_data);
        let len = emit_query(out, id, self.config.apex.as_ref(), self.ask.rtype, soa, self.edns)?;
        match &self.config.key {
            Some(key) => key.sign_request(out, len, now.unix).map(|(len, verifier)| (len, Some(verifier))),
            None => Ok((len, None)),
        }
    }

    fn on_message(&mut self, now: Now, message: &[u8]) {
        let Phase::Asked { answer, idle, end } = &mut self.phase else { return };
        *idle = match self.ask.via {
            Via::Udp => *idle,
            Via::Tcp => self.latest.plus_millis(self.config.limits.idle_millis),
        };
        if *end <= self.latest {
            let millis = self.config.limits.total_millis;
            return self.on_failure(XfrError::TooSlow { millis });
        }
        match answer.on_message(message, now.unix) {
            Ok(Said::Nothing | Said::More) => {}
            Ok(Said::UpToDate { serial, expire }) => self.end(Ok(Outcome::UpToDate { serial, expire })),
            Ok(Said::Newer) => {
                self.is_newer = true;
                self.ask(if self.ask.rtype == Rtype::SOA { AXFR_TCP } else { IXFR_TCP });
            }
            Ok(Said::Zone { gathered, expire }) => {
                let Gathered { snapshot, deltas, out_of_zone } = *gathered;
                self.end(Ok(Outcome::Zone { snapshot, deltas, expire, out_of_zone }));
            }
            Err(why) => self.on_failure(why),
        }
    }

    fn on_timeout(&mut self) {
        let Phase::Asked { idle, end, .. } = self.phase else { return };
        if end.min(idle) > self.latest {
            return;
        }
        let Limits { udp_tries, udp_millis, idle_millis, total_millis, .. } = self.config.limits;
        match self.ask.via {
            Via::Udp if self.tries < udp_tries => self.phase = Phase::Ready,
            Via::Udp => {
                self.on_failure(XfrError::Silent { millis: udp_millis.saturating_mul(udp_tries.into()) });
            }
            Via::Tcp if end <= self.latest => self.on_failure(XfrError::TooSlow { millis: total_millis }),
            Via::Tcp => self.on_failure(XfrError::Silent { millis: idle_millis }),
        }
    }

    /// The last query did not lead to a version: a simpler one may.
    fn on_failure(&mut self, why: XfrError) {
        if why == XfrError::Rcode(Rcode::FORMERR) && self.edns {
            // RFC 6891 section 7: it may be the OPT that it does not know.
            self.edns = false;
            return self.fall_back(why, self.ask);
        }
        let next = match self.ask {
            // Whatever goes wrong over UDP, and a refused IXFR first of all, may go well over TCP.
            SOA_UDP => Some(AXFR_TCP),
            IXFR_UDP if why.is_refusal() => Some(SOA_UDP),
            IXFR_UDP if matches!(why, XfrError::Apply { .. }) => Some(AXFR_TCP),
            IXFR_UDP if !matches!(why, XfrError::Rcode(_)) => Some(IXFR_TCP),
            IXFR_TCP if why.is_refusal() && !self.is_newer => Some(SOA_UDP),
            IXFR_TCP if why.is_refusal() || why.is_of_deltas() => Some(AXFR_TCP),
            _ => None,
        };
        let allowed = self.config.fall_back || next == Some(IXFR_TCP) || self.ask.rtype != Rtype::IXFR;
        match next {
            Some(next) if allowed => self.fall_back(why, next),
            _ => self.end(Err(why)),
        }
    }

    fn fall_back(&mut self, why: XfrError, next: Ask) {
        self.events.push_back(XfrEvent::FallBack { why });
        self.ask(next);
    }

    fn ask(&mut self, ask: Ask) {
        self.ask = ask;
        self.tries = 0;
        self.phase = Phase::Ready;
    }

    fn end(&mut self, result: Result<Outcome, XfrError>) {
        self.phase = Phase::Ended;
        self.events.push_back(XfrEvent::Ended(Box::new(result)));
    }
}
