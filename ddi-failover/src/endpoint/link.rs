//! One connection, from CONNECT to its end.

use ddi_core::{Instant, Now};
use thiserror::Error;

use crate::endpoint::connect::{LinkConfig, RefusedConnect, Terms, judge_connect, judge_connect_ack};
use crate::endpoint::timers::{Timer, Timers};
use crate::error::{EmitError, WireError};
use crate::state::Role;
use crate::wire::Deframer;
use crate::wire::v4::{
    Body, Connect, ConnectAck, Disconnect, Header, Kind, MAX_LEN, Message, PROTOCOL_VERSION, RejectReason,
    Writer, append,
};

/// How long CONNECT or CONNECTACK may take, in seconds; as dhcpd.
pub const CONNECT_SECONDS_MAX: u64 = 15;

/// The most bytes that wait to be sent; up to as many that are sent already are held besides. What the
/// endpoint sends on top is refused; the link's own CONTACT and DISCONNECT still fit above it.
pub const OUT_MAX: usize = 256 * 1024;

/// One TCP connection of one relationship, dialled or accepted alike.
///
/// - Input: [`Link::handle_bytes`] takes one message off the front of what was read, as often as it gives
///   one; [`Link::handle_timeout`]; [`Link::send`] and [`Link::answer`] for what the endpoint says.
/// - Output: [`Link::poll_transmit`], then [`Link::poll_timeout`]. Not draining loses nothing.
/// - An error is the end: what `poll_transmit` still gives (a refusal, a DISCONNECT) should be sent, then the
///   connection be closed. After that all inputs give the same error again.
#[derive(Clone, Debug)]
pub struct Link {
    deframer: Deframer,
    talk: Talk,
}

/// All but the incoming bytes, so that a message can borrow those meanwhile.
#[derive(Clone, Debug)]
struct Talk {
    config: LinkConfig,
    linked: bool,
    phase: Phase,
    next_xid: u32,
    timers: Timers,
    latest: Now,
    out: Vec<u8>,
    sent: usize,
}

#[derive(Clone, Debug)]
enum Phase {
    Connecting,
    Up(Terms),
    Ended(LinkEnd),
}

/// What a message was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_enums, reason = "an endpoint must handle each")]
pub enum Received<'a> {
    /// The connection is up: [`Link::terms`] are there, and the first STATE may be sent.
    Up,
    /// A sign of life, no more.
    Contact,
    /// Something for the endpoint: the message, and what it says.
    Message(Message<'a>, Body<'a>),
}

/// Why a connection ends.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum LinkEnd {
    /// The partner sent bytes that are no message.
    #[error("the partner sent no message of the protocol: {0}")]
    Wire(#[from] WireError),
    /// The partner sent something that has no place here.
    #[error("the partner sent {kind} where that has no place")]
    Unexpected {
        /// What it sent.
        kind: Kind,
    },
    /// This server does not want the partner's CONNECT or CONNECTACK.
    #[error("refused the partner: {text} ({reason})")]
    Refused {
        /// The number that is sent.
        reason: RejectReason,
        /// For people.
        text: &'static str,
    },
    /// The partner does not want this server's CONNECT.
    #[error("the partner refused: {reason}: {text}")]
    RefusedByPartner {
        /// The partner's number.
        reason: RejectReason,
        /// Its words.
        text: String,
    },
    /// The partner sent DISCONNECT.
    #[error("the partner disconnected: {reason}: {text}")]
    Disconnected {
        /// The partner's number; [`RejectReason::UNKNOWN`] if it gave none.
        reason: RejectReason,
        /// Its words.
        text: String,
    },
    /// CONNECT or CONNECTACK did not come.
    #[error("the partner did not connect within {CONNECT_SECONDS_MAX} seconds")]
    ConnectTimeout,
    /// Nothing came for the receive timer.
    #[error("nothing was heard for {seconds} seconds")]
    Silence {
        /// The receive timer.
        seconds: u32,
    },
    /// The endpoint closed it.
    #[error("closed")]
    Closed,
    /// The endpoint ended it, and said why.
    #[error("hung up: {text} ({reason})")]
    HungUp {
        /// The number that is sent.
        reason: RejectReason,
        /// For people.
        text: &'static str,
    },
    /// It was closed without a word.
    #[error("the connection was closed")]
    ClosedByPartner,
}

/// Why the endpoint can't say something.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum SendError {
    /// The connection is not up.
    #[error("the connection is not up")]
    NotUp,
    /// [`OUT_MAX`] bytes wait already; later.
    #[error("{OUT_MAX} bytes wait to be sent already")]
    Full,
    /// It is no message of the protocol.
    #[error(transparent)]
    Emit(#[from] EmitError),
}

impl Link {
    /// A connection that just came up. `linked`: there is another of the same relationship that is up, so
    /// that this one will be refused.
    #[must_use]
    pub fn new(now: Now, config: LinkConfig, linked: bool) -> Self {
        let mut talk = Talk {
            config,
            linked,
            phase: Phase::Connecting,
            next_xid: 0,
            timers: Timers::default(),
            latest: now,
            out: Vec::new(),
            sent: 0,
        };
        talk.timers.arm(Timer::Connect, now.instant.plus_secs(CONNECT_SECONDS_MAX));
        if talk.config.role == Role::Primary {
            talk.connect();
        }
        Self { deframer: Deframer::default(), talk }
    }

    /// Takes one message off the front of `input`, if a whole one is there; else all of `input`, and gives
    /// `None`.
    ///
    /// # Errors
    ///
    /// [`LinkEnd`].
    pub fn handle_bytes<'a, 'i: 'a>(
        &'a mut self,
        now: Now,
        input: &mut &'i [u8],
    ) -> Result<Option<Received<'a>>, LinkEnd> {
        self.talk.begin(now)?;
        let received =
            self.deframer.next_message(input).and_then(|bytes| bytes.map(Message::parse).transpose());
        match received {
            Ok(Some(message)) => self.talk.on_message(message).map(Some),
            Ok(None) => Ok(None),
            Err(error) => Err(self.talk.end(LinkEnd::Wire(error))),
        }
    }

    /// Does what is due. Nothing, if nothing is.
    ///
    /// # Errors
    ///
    /// [`LinkEnd::ConnectTimeout`] and [`LinkEnd::Silence`].
    pub fn handle_timeout(&mut self, now: Now) -> Result<(), LinkEnd> {
        self.talk.begin(now)?;
        self.talk.on_timeout()
    }

    /// Queues a message of this server's own and gives its xid.
    ///
    /// # Errors
    ///
    /// [`SendError`]; nothing is queued then.
    pub fn send(
        &mut self,
        now: Now,
        kind: Kind,
        write: impl FnOnce(&mut Writer<'_>),
    ) -> Result<u32, SendError> {
        let xid = self.talk.next_xid;
        self.talk.say(now, kind, xid, write)?;
        self.talk.count_xid();
        Ok(xid)
    }

    /// Queues an answer to the partner's message with this xid.
    ///
    /// # Errors
    ///
    /// [`SendError`]; nothing is queued then.
    pub fn answer(
        &mut self,
        now: Now,
        kind: Kind,
        xid: u32,
        write: impl FnOnce(&mut Writer<'_>),
    ) -> Result<(), SendError> {
        self.talk.say(now, kind, xid, write)
    }

    /// Ends the connection: with DISCONNECT if it is up.
    pub fn close(&mut self, now: Now, reason: RejectReason, text: &'static str) {
        if self.talk.begin(now).is_ok() {
            self.talk.disconnect(reason, text);
            self.talk.end(LinkEnd::Closed);
        }
    }

    /// Fills `buffer` with bytes to send and gives how many; `None` if there are none.
    pub fn poll_transmit(&mut self, buffer: &mut [u8]) -> Option<usize> {
        self.talk.transmit(buffer)
    }

    /// Is there another connection of the same relationship that is up? Then this one is refused.
    pub const fn set_linked(&mut self, linked: bool) {
        self.talk.linked = linked;
    }

    /// Bytes that wait to be sent.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.talk.waiting()
    }

    /// When to call [`Link::handle_timeout`].
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.talk.timers.next()
    }

    /// What the partner said when connecting; `None` until the connection is up, and after its end.
    #[must_use]
    pub fn terms(&self) -> Option<&Terms> {
        match &self.talk.phase {
            Phase::Up(terms) => Some(terms),
            _ => None,
        }
    }
}

impl Talk {
    /// Time never goes back; an ended connection stays so.
    fn begin(&mut self, now: Now) -> Result<(), LinkEnd> {
        self.latest = Now { instant: self.latest.instant.max(now.instant), unix: now.unix };
        match &self.phase {
            Phase::Ended(end) => Err(end.clone()),
            _ => Ok(()),
        }
    }

    fn end(&mut self, end: LinkEnd) -> LinkEnd {
        self.timers.disarm_all();
        self.phase = Phase::Ended(end.clone());
        end
    }

    fn on_message<'a>(&mut self, message: Message<'a>) -> Result<Received<'a>, LinkEnd> {
        let body = match Body::parse(&message) {
            Ok(body) => body,
            Err(error) => return Err(self.end(LinkEnd::Wire(error))),
        };
        let up = matches!(self.phase, Phase::Up(_));
        match (body, self.config.role) {
            (Body::Disconnect(body), _) => Err(self.on_disconnect(&body)),
            (Body::Connect(connect), Role::Secondary) if !up => self.on_connect(&message, &connect),
            (Body::ConnectAck(ack), Role::Primary) if !up => self.on_connect_ack(&message, &ack),
            (Body::Connect(_) | Body::ConnectAck(_), _) => Err(self.unexpected(message.kind())),
            (_, _) if !up => Err(self.unexpected(message.kind())),
            (body, _) => {
                self.arm_receive();
                Ok(if body == Body::Contact { Received::Contact } else { Received::Message(message, body) })
            }
        }
    }

    fn unexpected(&mut self, kind: Kind) -> LinkEnd {
        self.end(LinkEnd::Unexpected { kind })
    }

    /// The primary's first word (section 7.8).
    fn connect(&mut self) {
        let config = self.config.clone();
        let connect = Connect {
            relationship_name: Some(&config.relationship_name),
            max_unacked: Some(config.max_unacked),
            receive_timer_seconds: Some(config.receive_timer_seconds),
            vendor_class: Some(&config.vendor_class),
            protocol_version: Some(PROTOCOL_VERSION),
            tls_request: Some(0),
            mclt_seconds: Some(config.mclt_seconds),
            hash_buckets: Some(&config.buckets.to_wire(config.profile)),
        };
        // Only a name or vendor class of kilobytes does not fit; the timer ends the connection then.
        let xid = self.next_xid;
        if self.queue(Kind::CONNECT, xid, |w| connect.write(w)).is_ok() {
            self.count_xid();
        }
    }

    fn on_connect<'a>(
        &mut self,
        message: &Message<'a>,
        connect: &Connect<'_>,
    ) -> Result<Received<'a>, LinkEnd> {
        let judged = judge_connect(&self.config, self.latest.unix, message.time(), connect, self.linked);
        let refusal = judged.as_ref().err();
        let config = self.config.clone();
        // Without a relationship there is nothing to say but the name that was asked for.
        let unknown = refusal.is_some_and(|refusal| refusal.reason == RejectReason::INVALID_PARTNER);
        let ack = ConnectAck {
            relationship_name: if unknown {
                connect.relationship_name
            } else {
                Some(&config.relationship_name)
            },
            max_unacked: (!unknown).then_some(config.max_unacked),
            receive_timer_seconds: (!unknown).then_some(config.receive_timer_seconds),
            vendor_class: Some(&config.vendor_class),
            protocol_version: Some(PROTOCOL_VERSION),
            tls_reply: connect.tls_request.map(|_| 0),
            reject_reason: refusal.map(|refusal| refusal.reason.0),
            message: refusal.map(|refusal| refusal.text.as_bytes()),
        };
        let queued = self.queue(Kind::CONNECTACK, message.xid(), |w| ack.write(w));
        match judged {
            Ok(terms) if queued.is_ok() => Ok(self.up(terms)),
            Ok(_) => Err(self.end(LinkEnd::Closed)),
            Err(RefusedConnect { reason, text }) => Err(self.end(LinkEnd::Refused { reason, text })),
        }
    }

    fn on_connect_ack<'a>(
        &mut self,
        message: &Message<'a>,
        ack: &ConnectAck<'_>,
    ) -> Result<Received<'a>, LinkEnd> {
        if let Some(reason) = ack.reject_reason {
            let text = words(ack.message);
            return Err(self.end(LinkEnd::RefusedByPartner { reason: RejectReason(reason), text }));
        }
        let judged = if self.linked {
            Err(RefusedConnect {
                reason: RejectReason::DUPLICATE_CONNECTION,
                text: "there is a connection already",
            })
        } else {
            judge_connect_ack(&self.config, self.latest.unix, message.time(), ack)
        };
        match judged {
            Ok(terms) => Ok(self.up(terms)),
            Err(RefusedConnect { reason, text }) => {
                self.disconnect(reason, text);
                Err(self.end(LinkEnd::Refused { reason, text }))
            }
        }
    }

    fn up(&mut self, terms: Terms) -> Received<'static> {
        self.phase = Phase::Up(terms);
        self.timers.disarm(Timer::Connect);
        self.arm_receive();
        self.arm_contact();
        Received::Up
    }

    fn on_disconnect(&mut self, body: &Disconnect<'_>) -> LinkEnd {
        let reason = RejectReason(body.reject_reason.unwrap_or(RejectReason::UNKNOWN.0));
        self.end(LinkEnd::Disconnected { reason, text: words(body.message) })
    }

    fn on_timeout(&mut self) -> Result<(), LinkEnd> {
        let now = self.latest.instant;
        if self.timers.is_due(Timer::Connect, now) {
            return Err(self.end(LinkEnd::ConnectTimeout));
        }
        if self.timers.is_due(Timer::Receive, now) {
            // Section 8.3; dhcpd closes without a word, and takes one.
            self.disconnect(RejectReason::NO_TRAFFIC, "nothing was heard for the receive timer");
            return Err(self.end(LinkEnd::Silence { seconds: self.config.receive_timer_seconds }));
        }
        if self.timers.is_due(Timer::Contact, now) {
            self.own_word(Kind::CONTACT, |_| {});
            self.arm_contact();
        }
        Ok(())
    }

    fn disconnect(&mut self, reason: RejectReason, text: &'static str) {
        let body = Disconnect { reject_reason: Some(reason.0), message: Some(text.as_bytes()) };
        self.own_word(Kind::DISCONNECT, |w| body.write(w));
    }

    /// A CONTACT or DISCONNECT, which fit into any message. Where [`OUT_MAX`] bytes wait, nothing more is
    /// needed: those are a sign of life, and a partner that takes nothing won't hear the last word either.
    fn own_word(&mut self, kind: Kind, write: impl FnOnce(&mut Writer<'_>)) {
        let xid = self.next_xid;
        if self.waiting() < OUT_MAX && self.queue(kind, xid, write).is_ok() {
            self.count_xid();
        }
    }

    fn say(
        &mut self,
        now: Now,
        kind: Kind,
        xid: u32,
        write: impl FnOnce(&mut Writer<'_>),
    ) -> Result<(), SendError> {
        if self.begin(now).is_err() || !matches!(self.phase, Phase::Up(_)) {
            return Err(SendError::NotUp);
        }
        if self.waiting() + MAX_LEN > OUT_MAX {
            return Err(SendError::Full);
        }
        self.queue(kind, xid, write)?;
        self.arm_contact();
        Ok(())
    }

    fn queue(&mut self, kind: Kind, xid: u32, write: impl FnOnce(&mut Writer<'_>)) -> Result<(), EmitError> {
        // Unsigned, so good until 2106.
        let header = Header { time: u32::try_from(self.latest.unix.0).unwrap_or(u32::MAX), xid };
        append(&mut self.out, kind, header, write).map(drop)
    }

    /// Counts from 0 on each connection. No BNDUPD ever has 0: a CONNECT or STATE comes before.
    fn count_xid(&mut self) {
        self.next_xid = self.next_xid.checked_add(1).unwrap_or(1);
    }

    fn waiting(&self) -> usize {
        self.out.len() - self.sent
    }

    fn transmit(&mut self, buffer: &mut [u8]) -> Option<usize> {
        let waiting = self.out.get(self.sent..).unwrap_or_default();
        let count = waiting.len().min(buffer.len());
        if count == 0 {
            return None;
        }
        let (filled, _) = buffer.split_at_mut(count);
        filled.copy_from_slice(waiting.split_at(count).0);
        self.sent += count;
        if self.sent == self.out.len() {
            self.out.clear();
            self.sent = 0;
        } else if self.sent > OUT_MAX {
            self.out.drain(..self.sent);
            self.sent = 0;
        }
        Some(count)
    }

    fn arm_receive(&mut self) {
        let seconds = u64::from(self.config.receive_timer_seconds.max(1));
        self.timers.arm(Timer::Receive, self.latest.instant.plus_secs(seconds));
    }

    /// A third of the partner's patience (section 8.3; dhcpd divides whole seconds).
    fn arm_contact(&mut self) {
        if let Phase::Up(terms) = &self.phase {
            let millis = u64::from(terms.receive_timer_seconds) * 1000 / 3;
            self.timers.arm(Timer::Contact, self.latest.instant.plus_millis(millis));
        }
    }
}

fn words(message: Option<&[u8]>) -> String {
    String::from_utf8_lossy(message.unwrap_or_default()).into_owned()
}
