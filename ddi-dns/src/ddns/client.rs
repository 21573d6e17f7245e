//! Changes at remote servers.

use super::change::{Change, Outcome};
use super::flight::{Flight, Job, Jobs};
use super::message::{Step, Verdict, request, verdict};
use crate::message::{Flags, Header, Opcode, Rcode};
use crate::name::{Name, NameRef};
use crate::tsig::{Key, VerifyError};
use crate::update::Ids;
use ddi_core::{Instant, Now};
use std::collections::VecDeque;
use std::net::SocketAddr;

/// The most changes that are not finished.
pub const JOBS_MAX: usize = 16_384;
/// The most of them that are on their way at once.
const FLIGHTS_MAX: usize = 64;
/// Room for an update with the longest names and a signature.
const REQUEST_MAX: usize = 2048;

/// A zone at remote servers.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "a configuration's lines")]
pub struct RemoteZone {
    /// Its name.
    pub apex: Name,
    /// Servers that take updates of it, in the order in which they are tried.
    pub servers: Vec<SocketAddr>,
    /// What updates are signed with. Without one any answer is believed.
    pub key: Option<Key>,
}

/// What a [`DdnsClient`] is made of.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "a configuration's lines")]
pub struct ClientConfig {
    /// The zones; a name is in that with the longest apex at or above it.
    pub zones: Vec<RemoteZone>,
    /// How long a server has to answer.
    pub timeout_millis: u64,
    /// How often each server is asked.
    pub tries: u32,
    /// How many updates a change may take, when others change the same name meanwhile (RFC 4703 section 5.3).
    pub rounds_max: u32,
    /// For message ids: unpredictable to others.
    pub seed: u64,
}

impl ClientConfig {
    /// With the usual times: three tries of 2 s, ten rounds.
    #[must_use]
    pub const fn new(zones: Vec<RemoteZone>, seed: u64) -> Self {
        Self { zones, timeout_millis: 2000, tries: 3, rounds_max: 10, seed }
    }
}

/// Why a change is not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// Its name is in no configured zone.
    #[error("name is in no zone that has servers")]
    NoZone,
    /// [`JOBS_MAX`] are not finished.
    #[error("too many changes are not finished")]
    TooBusy,
}

/// Why a change was given up.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DdnsError {
    /// The server answered so (RFC 4703 section 5.1).
    #[error("server answers with code {}", .0.0)]
    Rcode(Rcode),
    /// No server answered in time.
    #[error("no server answers")]
    NoAnswer,
    /// What answered was not to be believed.
    #[error("answers are not to be trusted: {0}")]
    Untrusted(VerifyError),
    /// Others changed the name again and again.
    #[error("name is changed by others all the time")]
    Restless,
    /// The update does not fit in a message.
    #[error("update does not fit in a message")]
    TooLong,
}

/// A message for the host to send by UDP.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct ClientTransmit {
    /// Where to.
    pub to: SocketAddr,
    /// Bytes.
    pub len: usize,
}

/// What happened.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ClientEvent {
    /// A change is made or given up.
    Done {
        /// The host's number for it.
        job: u64,
        /// What came of it.
        result: Result<Outcome, DdnsError>,
    },
}

#[derive(Debug)]
struct Outgoing {
    to: SocketAddr,
    id: u16,
    bytes: Vec<u8>,
}

/// Makes changes by UPDATE messages over UDP. Changes to one name are made in the order in which they came,
/// those to different names at the same time.
///
/// After each `handle_` call drain [`DdnsClient::poll_transmit`], then [`DdnsClient::poll_event`], then read
/// [`DdnsClient::poll_timeout`].
#[derive(Debug)]
pub struct DdnsClient {
    config: ClientConfig,
    ids: Ids,
    jobs: Jobs,
    /// At most [`FLIGHTS_MAX`].
    flights: Vec<Flight>,
    /// At most one for each flight.
    outgoing: VecDeque<Outgoing>,
    /// At most one for each job, so [`JOBS_MAX`] between two drains.
    events: VecDeque<ClientEvent>,
    now: Now,
}

impl DdnsClient {
    /// With nothing to do.
    #[must_use]
    pub fn new(config: ClientConfig) -> Self {
        let ids = Ids::new(config.seed);
        let (outgoing, events) = (VecDeque::new(), VecDeque::new());
        Self {
            config,
            ids,
            jobs: Jobs::default(),
            flights: Vec::new(),
            outgoing,
            events,
            now: Now::default(),
        }
    }

    /// Takes a change. Its end is told by [`ClientEvent::Done`] with this number.
    pub fn handle_change(&mut self, now: Now, job: u64, change: Change) -> Result<(), ClientError> {
        self.advance(now);
        let owner = change.owner();
        let zone = self.zone_of(owner.as_ref()).ok_or(ClientError::NoZone)?;
        if self.jobs.len() + self.events.len() >= JOBS_MAX {
            return Err(ClientError::TooBusy);
        }
        self.jobs.push(Job { number: job, change, owner, zone });
        self.start();
        Ok(())
    }

    fn zone_of(&self, owner: NameRef<'_>) -> Option<usize> {
        let zones = self.config.zones.iter().enumerate();
        let holds = |zone: &RemoteZone| !zone.servers.is_empty() && owner.is_at_or_below(zone.apex.as_ref());
        let at = zones.filter(|(_, zone)| holds(zone));
        at.max_by_key(|(_, zone)| zone.apex.as_ref().label_count()).map(|(at, _)| at)
    }

    /// Starts what may start.
    fn start(&mut self) {
        while self.flights.len() < FLIGHTS_MAX {
            let Some(job) = self.jobs.start() else { return };
            self.flights.push(Flight {
                job,
                step: Step::First,
                rounds: 1,
                sent: 0,
                id: 0,
                verifier: None,
                doubt: None,
                deadline: Instant::default(),
            });
            self.send(self.flights.len() - 1);
        }
    }

    /// Sends the step of a flight, to the next server if it was sent before; or gives it up.
    fn send(&mut self, at: usize) {
        let taken = |id| self.flights.iter().any(|flight| flight.id == id);
        let id = self.ids.next(taken);
        let flight = &mut self.flights[at];
        let zone = &self.config.zones[flight.job.zone];
        if flight.sent >= zone.servers.len().saturating_mul(self.config.tries as usize) {
            let error = flight.doubt.map_or(DdnsError::NoAnswer, DdnsError::Untrusted);
            return self.finish(at, Err(error));
        }
        let mut bytes = vec![0; REQUEST_MAX];
        let emitted = request(zone.apex.as_ref(), &flight.job.change, flight.step).emit(id, &mut bytes);
        let signed = emitted.and_then(|len| match &zone.key {
            Some(key) => key.sign_request(&mut bytes, len, self.now.unix).map(|(len, v)| (len, Some(v))),
            None => Ok((len, None)),
        });
        let Ok((len, verifier)) = signed else {
            return self.finish(at, Err(DdnsError::TooLong));
        };
        bytes.truncate(len);
        let to = zone.servers[flight.sent % zone.servers.len()];
        let old = std::mem::replace(&mut flight.id, id);
        (flight.verifier, flight.sent) = (verifier, flight.sent + 1);
        flight.deadline = self.now.instant.plus_millis(self.config.timeout_millis);
        // What the host did not send yet is late.
        self.outgoing.retain(|outgoing| outgoing.id != old);
        self.outgoing.push_back(Outgoing { to, id, bytes });
    }

    /// Handles what a server sent. What is not the answer to an update on its way is dropped: it may be forged.
    pub fn handle_answer(&mut self, now: Now, from: SocketAddr, answer: &[u8]) {
        self.advance(now);
        let Some(header) = Header::parse(answer) else { return };
        let is_answer = header.flags.has(Flags::QR) && header.flags.opcode() == Opcode::UPDATE;
        let Some(at) = self.flights.iter().position(|flight| flight.id == header.id) else { return };
        let flight = &mut self.flights[at];
        let servers = &self.config.zones[flight.job.zone].servers;
        let asked = servers.get(flight.sent.saturating_sub(1) % servers.len().max(1));
        if !is_answer || asked != Some(&from) {
            return;
        }
        if let Some(verifier) = &mut flight.verifier {
            match verifier.check(answer, now.unix) {
                Ok(_) => {}
                Err(error @ VerifyError::Refused { .. }) => {
                    return self.finish_and_start(at, Err(DdnsError::Untrusted(error)));
                }
                Err(error) => {
                    flight.doubt = Some(error);
                    return;
                }
            }
        }
        let rcode = header.flags.rcode();
        match verdict(&flight.job.change, flight.step, rcode) {
            Verdict::Done(outcome) => self.finish_and_start(at, Ok(outcome)),
            Verdict::Failed => self.finish_and_start(at, Err(DdnsError::Rcode(rcode))),
            Verdict::Next(_) if flight.rounds >= self.config.rounds_max => {
                self.finish_and_start(at, Err(DdnsError::Restless));
            }
            Verdict::Next(step) => {
                flight.step = step;
                flight.rounds += 1;
                (flight.sent, flight.doubt) = (0, None);
                self.send(at);
                self.start();
            }
        }
    }

    /// Sends again what was not answered in time.
    pub fn handle_timeout(&mut self, now: Now) {
        self.advance(now);
        // From the end: what is given up is replaced by one that was looked at.
        for at in (0..self.flights.len()).rev() {
            if self.flights[at].deadline <= self.now.instant {
                self.send(at);
            }
        }
        self.start();
    }

    fn finish_and_start(&mut self, at: usize, result: Result<Outcome, DdnsError>) {
        self.finish(at, result);
        self.start();
    }

    fn finish(&mut self, at: usize, result: Result<Outcome, DdnsError>) {
        let flight = self.flights.swap_remove(at);
        self.outgoing.retain(|outgoing| outgoing.id != flight.id);
        self.jobs.finish(&flight.job.owner);
        self.events.push_back(ClientEvent::Done { job: flight.job.number, result });
    }

    /// When [`DdnsClient::handle_timeout`] is next due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.flights.iter().map(|flight| flight.deadline).min()
    }

    /// Puts the next message into `buf`; it stays if it does not fit. 2048 bytes are enough.
    pub fn poll_transmit(&mut self, buf: &mut [u8]) -> Option<ClientTransmit> {
        let next = self.outgoing.front()?;
        let len = next.bytes.len();
        buf.get_mut(..len)?.copy_from_slice(&next.bytes);
        self.outgoing.pop_front().map(|next| ClientTransmit { to: next.to, len })
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<ClientEvent> {
        self.events.pop_front()
    }

    /// How many changes are not finished.
    #[must_use]
    pub const fn unfinished(&self) -> usize {
        self.jobs.len()
    }

    fn advance(&mut self, now: Now) {
        self.now = Now { instant: self.now.instant.max(now.instant), unix: now.unix };
    }
}
