//! A secondary hands updates on to its primary (RFC 2136 section 6).

use super::answer::{self, ANSWER_MAX};
use super::ids::Ids;
use super::queue::Source;
use super::request::Request;
use crate::acl::{AccessList, Requestor};
use crate::message::{Flags, HEADER_LEN, Header, Opcode, Rcode};
use crate::name::{Name, NameRef};
use crate::tsig::{Key, Keys, Signer, Verifier, strip};
use ddi_core::{Instant, Now, UnixTime};
use std::collections::VecDeque;
use std::net::SocketAddr;

/// The most requests that are on their way to a primary; more are dropped.
pub const FORWARDS_MAX: usize = 256;
/// The most messages and the most events that wait for the host.
const QUEUE_MAX: usize = 4 * FORWARDS_MAX;
/// A message over TCP has no more bytes.
const MESSAGE_MAX: usize = 65_535;

/// A secondary zone whose updates are handed on.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "a configuration's lines")]
pub struct ForwardZone {
    /// Its name.
    pub apex: Name,
    /// Its primaries, in the order in which they are tried.
    pub primaries: Vec<SocketAddr>,
    /// What requests that came unsigned, or with a key that is known here, are signed with on their way.
    pub key: Option<Key>,
    /// Whose requests are handed on. Those with a key that is not known here count as unsigned.
    pub access: AccessList,
}

/// What a [`Forwarder`] is made of.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "a configuration's lines")]
pub struct ForwardConfig {
    /// The zones.
    pub zones: Vec<ForwardZone>,
    /// Keys that senders share with this server.
    pub keys: Keys,
    /// How long a primary has to answer.
    pub timeout_millis: u64,
    /// How often all primaries are tried.
    pub rounds: u32,
    /// For message ids: unpredictable to others.
    pub seed: u64,
}

/// A message for the host to send.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ForwardTransmit {
    /// An answer to who asked.
    Answer {
        /// Where to.
        to: Source,
        /// Bytes.
        len: usize,
    },
    /// A request to a primary.
    Request {
        /// Where to.
        to: SocketAddr,
        /// Over TCP, because it came so (RFC 2136 section 6.2); else UDP.
        over_tcp: bool,
        /// Bytes.
        len: usize,
    },
}

/// What happened.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ForwardEvent {
    /// A request was refused here, and answered so.
    Refused {
        /// Who asked.
        from: Source,
        /// The answer's code.
        rcode: Rcode,
    },
    /// A request was dropped: too many are on their way.
    TooBusy {
        /// Who asked.
        from: Source,
    },
    /// No primary answered; the sender was told SERVFAIL.
    NoPrimary {
        /// The zone.
        apex: Name,
        /// Who asked.
        from: Source,
    },
}

/// A request on its way.
#[derive(Debug)]
struct Forward {
    id: u16,
    from: Source,
    from_id: u16,
    /// Without the signature that is replaced.
    request: Vec<u8>,
    zone: usize,
    /// A signature by a key that is not known here goes through, both ways.
    is_foreign: bool,
    signer: Option<Signer>,
    verifier: Option<Verifier>,
    /// How many times it was sent.
    sent: usize,
    deadline: Instant,
}

#[derive(Debug)]
struct Outgoing {
    to: ForwardTransmit,
    bytes: Vec<u8>,
}

/// Hands updates of secondary zones on to their primaries, and the answers back.
///
/// After each `handle_` call drain [`Forwarder::poll_transmit`], then [`Forwarder::poll_event`], then read
/// [`Forwarder::poll_timeout`].
#[derive(Debug)]
pub struct Forwarder {
    config: ForwardConfig,
    ids: Ids,
    forwards: Vec<Forward>,
    outgoing: VecDeque<Outgoing>,
    events: VecDeque<ForwardEvent>,
    now: Now,
}

impl Forwarder {
    /// With nothing on its way.
    #[must_use]
    pub fn new(config: ForwardConfig) -> Self {
        let ids = Ids::new(config.seed);
        let (outgoing, events) = (VecDeque::new(), VecDeque::new());
        Self { config, ids, forwards: Vec::new(), outgoing, events, now: Now::default() }
    }

    /// True if updates of this zone are handed on.
    #[must_use]
    pub fn has_zone(&self, apex: NameRef<'_>) -> bool {
        self.config.zones.iter().any(|zone| zone.apex.as_ref() == apex)
    }

    /// Handles a request, from a datagram or a connection. What is not an UPDATE is dropped.
    pub fn handle_request(&mut self, now: Now, from: Source, request: &[u8]) {
        self.advance(now);
        let Some(header) = Header::parse(request) else { return };
        if header.flags.has(Flags::QR) || header.flags.opcode() != Opcode::UPDATE {
            return;
        }
        // It was sent again; it is on its way already.
        if self.forwards.iter().any(|forward| forward.from == from && forward.from_id == header.id) {
            return;
        }
        let is_foreign = self.config.keys.are_foreign_to(request);
        let signer = match self.config.keys.check(request, now.unix) {
            _ if is_foreign => None,
            Ok(signer) => signer,
            Err(rejection) => {
                let mut buf = [0; ANSWER_MAX];
                if let Some(len) = rejection.reply(request, now.unix, &mut buf) {
                    self.send(ForwardTransmit::Answer { to: from, len }, buf[..len].to_vec());
                }
                return self.push(ForwardEvent::Refused { from, rcode: rejection.rcode() });
            }
        };
        let zone = match self.choose(from, request, signer.as_ref()) {
            Ok(zone) => zone,
            Err(rcode) => {
                self.answer(from, request, rcode, signer);
                return self.push(ForwardEvent::Refused { from, rcode });
            }
        };
        if self.forwards.len() >= FORWARDS_MAX || self.outgoing.len() >= QUEUE_MAX {
            return self.push(ForwardEvent::TooBusy { from });
        }
        let mut plain = request.to_vec();
        if !is_foreign {
            strip(&mut plain);
        }
        let forwards = &self.forwards;
        let id = self.ids.next(|id| forwards.iter().any(|forward| forward.id == id));
        plain[..2].copy_from_slice(&id.to_be_bytes());
        self.forwards.push(Forward {
            id,
            from,
            from_id: header.id,
            request: plain,
            zone,
            is_foreign,
            signer,
            verifier: None,
            sent: 0,
            deadline: Instant::default(),
        });
        self.try_next(self.forwards.len() - 1);
    }

    /// The zone that a request is about, if this sender may ask for it to be handed on.
    fn choose(&self, from: Source, request: &[u8], signer: Option<&Signer>) -> Result<usize, Rcode> {
        let apex = Request::zone_of(request).ok_or(Rcode::FORMERR)?;
        let zone = self.config.zones.iter().position(|zone| zone.apex == apex).ok_or(Rcode::NOTAUTH)?;
        let key = signer.map(|signer| signer.key().name());
        let who = Requestor { address: from.address.ip(), key };
        if self.config.zones[zone].access.permits(&who) { Ok(zone) } else { Err(Rcode::REFUSED) }
    }

    /// Sends the request to the next primary, or gives it up.
    fn try_next(&mut self, at: usize) {
        let forward = &mut self.forwards[at];
        let zone = &self.config.zones[forward.zone];
        let tries = zone.primaries.len().saturating_mul(self.config.rounds as usize);
        if forward.sent >= tries {
            let Forward { from, from_id, mut request, signer, .. } = self.forwards.swap_remove(at);
            let apex = zone.apex.clone();
            request[..2].copy_from_slice(&from_id.to_be_bytes());
            self.answer(from, &request, Rcode::SERVFAIL, signer);
            return self.push(ForwardEvent::NoPrimary { apex, from });
        }
        let to = zone.primaries[forward.sent % zone.primaries.len()];
        forward.sent += 1;
        forward.deadline = self.now.instant.plus_millis(self.config.timeout_millis);
        let mut bytes = forward.request.clone();
        if let (false, Some(key)) = (forward.is_foreign, &zone.key) {
            let len = bytes.len();
            bytes.resize((len + key.signature_len()).min(MESSAGE_MAX), 0);
            match key.sign_request(&mut bytes, len, self.now.unix) {
                Ok((len, verifier)) => {
                    bytes.truncate(len);
                    forward.verifier = Some(verifier);
                }
                // No room: the primary would refuse it unsigned, and it is not for us to send less.
                Err(_) => {
                    forward.sent = tries;
                    return self.try_next(at);
                }
            }
        }
        let over_tcp = forward.from.link.is_some();
        let len = bytes.len();
        self.send(ForwardTransmit::Request { to, over_tcp, len }, bytes);
    }

    /// Handles what a primary sent. What is not the answer to a request that it has is dropped: it may be
    /// forged.
    pub fn handle_answer(&mut self, now: Now, from: SocketAddr, answer: &[u8]) {
        self.advance(now);
        let Some(header) = Header::parse(answer) else { return };
        let Some(at) = self.forwards.iter().position(|forward| forward.id == header.id) else { return };
        let forward = &mut self.forwards[at];
        let primaries = &self.config.zones[forward.zone].primaries;
        let asked = primaries.get(forward.sent.saturating_sub(1) % primaries.len().max(1));
        let is_answer = header.flags.has(Flags::QR) && header.flags.opcode() == Opcode::UPDATE;
        if !is_answer || asked != Some(&from) {
            return;
        }
        let mut bytes = answer.to_vec();
        if let Some(verifier) = &mut forward.verifier {
            if verifier.check(answer, now.unix).is_err() {
                return;
            }
            strip(&mut bytes);
        }
        let Forward { from, from_id, signer, .. } = self.forwards.swap_remove(at);
        bytes[..2].copy_from_slice(&from_id.to_be_bytes());
        if let Some(mut signer) = signer {
            let len = bytes.len();
            bytes.resize((len + signer.signature_len()).min(MESSAGE_MAX), 0);
            match signer.sign_or_truncate(&mut bytes, len, now.unix) {
                Ok(len) => bytes.truncate(len),
                Err(_) => return,
            }
        }
        let len = bytes.len();
        self.send(ForwardTransmit::Answer { to: from, len }, bytes);
    }

    /// A primary can't be reached: requests that wait for it go to the next.
    pub fn handle_unreachable(&mut self, now: Now, primary: SocketAddr) {
        self.advance(now);
        self.retry(|forward, zones| {
            let primaries = &zones[forward.zone].primaries;
            primaries.get(forward.sent.saturating_sub(1) % primaries.len().max(1)) == Some(&primary)
        });
    }

    /// Tries what was not answered in time elsewhere.
    pub fn handle_timeout(&mut self, now: Now) {
        self.advance(now);
        let instant = self.now.instant;
        self.retry(|forward, _| forward.deadline <= instant);
    }

    fn retry(&mut self, which: impl Fn(&Forward, &[ForwardZone]) -> bool) {
        // From the end: what is given up is replaced by one that was looked at.
        for at in (0..self.forwards.len()).rev() {
            if which(&self.forwards[at], &self.config.zones) {
                self.try_next(at);
            }
        }
    }

    /// When [`Forwarder::handle_timeout`] is next due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.forwards.iter().map(|forward| forward.deadline).min()
    }

    /// Puts the next message into `buf`; it stays if it does not fit.
    pub fn poll_transmit(&mut self, buf: &mut [u8]) -> Option<ForwardTransmit> {
        let next = self.outgoing.front()?;
        buf.get_mut(..next.bytes.len())?.copy_from_slice(&next.bytes);
        self.outgoing.pop_front().map(|next| next.to)
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<ForwardEvent> {
        self.events.pop_front()
    }

    fn answer(&mut self, to: Source, request: &[u8], rcode: Rcode, signer: Option<Signer>) {
        let mut buf = [0; ANSWER_MAX];
        if let Some(len) = answer::emit(request, rcode, signer, self.now.unix, &mut buf) {
            debug_assert!(len >= HEADER_LEN, "an answer has a header");
            self.send(ForwardTransmit::Answer { to, len }, buf[..len].to_vec());
        }
    }

    fn send(&mut self, to: ForwardTransmit, bytes: Vec<u8>) {
        if self.outgoing.len() < QUEUE_MAX {
            self.outgoing.push_back(Outgoing { to, bytes });
        }
    }

    fn push(&mut self, event: ForwardEvent) {
        if self.events.len() < QUEUE_MAX {
            self.events.push_back(event);
        }
    }

    fn advance(&mut self, now: Now) {
        let instant = self.now.instant.max(now.instant);
        let unix: UnixTime = now.unix;
        self.now = Now { instant, unix };
    }
}
