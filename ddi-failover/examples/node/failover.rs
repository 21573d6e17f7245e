//! Failover: the endpoints, their connections, and their states on disk. All of it is on the packet
//! thread, since it is about the same leases.

mod pace;
mod saved;
mod status;

use crate::config::relationships::Relationship;
use crate::net::stream::{self, Received, Stream};
use crate::run::Failure;
use crate::run::events::Lines;
use crate::run::rest::Rest;
use crate::run::watched::Watched;
use crate::say::say;
use ddi_core::db::LeaseDb;
use ddi_core::{Instant, LeaseKey, Now};
use ddi_failover::Role;
use ddi_failover::endpoint::{Endpoint, Event, LinkEnd, LinkId, Start};
use ddi_failover::relationships::{RelationshipId, Relationships};
use ddi_failover::state::Command;
use nix::poll::PollFlags;
use pace::Pace;
use saved::{SavedFile, Seen};
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

/// Bytes that are taken from an endpoint at once.
const PIECE: usize = 64 << 10;
/// No more is taken from an endpoint while so many bytes wait for the partner to take them.
const WAITING_MAX: usize = 256 << 10;
/// How long a partner has to take the last words of a connection.
const CLOSING_SECONDS: u64 = 5;
/// How often it is noted how far the lease database is, if it has moved.
const NOTE_SECONDS: u64 = 60;

/// What a relationship needs besides its endpoint.
struct Partner {
    at: SocketAddrV4,
    listen: SocketAddrV4,
    role: Role,
    file: SavedFile,
}

/// One connection.
struct Wire {
    id: LinkId,
    with: SocketAddrV4,
    stream: Stream,
    pace: Pace,
    /// What is left to be sent is all that will be, and may take until then.
    closing: Option<Instant>,
}

impl Wire {
    /// What to wait for: an error even while it rests.
    fn interest(&self, now: Instant) -> PollFlags {
        let interest = self.stream.interest();
        if self.pace.is_resting(now) { interest - PollFlags::POLLIN } else { interest }
    }
}

/// All relationships.
pub struct Failover {
    all: Relationships,
    /// In the order of the configuration, as in `all`.
    partners: Vec<Partner>,
    listeners: Vec<(SocketAddrV4, TcpListener)>,
    /// After failures to accept.
    rest: Rest,
    wires: Vec<Wire>,
    next_link: u64,
    /// Where an endpoint puts what it says.
    piece: Vec<u8>,
    /// What the partners and strangers do again and again.
    lines: Lines,
    next_note: Instant,
}

impl Failover {
    /// With what is on disk of each relationship; `db` tells whether it is still about the same leases.
    pub fn start(
        now: Now,
        relationships: Vec<Relationship>,
        data_dir: &Path,
        db: &LeaseDb,
        seed: u64,
    ) -> Result<Self, Failure> {
        let (mut partners, mut listeners) = (Vec::new(), Vec::<(SocketAddrV4, TcpListener)>::new());
        let (mut configs, mut saved) = (Vec::new(), Vec::new());
        for (nth, one) in relationships.into_iter().enumerate() {
            let mut file = SavedFile::new(data_dir, &one.endpoint.name);
            let found = file.read().map_err(Failure::at(file.shown()))?;
            let is_lost = found.as_ref().is_some_and(|found| found.seen.is_lost(Seen::of(db)));
            if is_lost {
                let name = String::from_utf8_lossy(&one.endpoint.name);
                say(format!("failover {name}: the lease database is not the one of before: leases are lost"));
                // Until the endpoint has saved that, each start has to find it so.
                file.set_lost().map_err(Failure::at(file.shown()))?;
            }
            saved.push(found.map(|found| (found.state, is_lost)));
            if !listeners.iter().any(|(at, _)| *at == one.listen) {
                let listener = stream::listen(one.listen).map_err(Failure::at(one.listen))?;
                listeners.push((one.listen, listener));
            }
            partners.push(Partner { at: one.partner, listen: one.listen, role: one.endpoint.role, file });
            let seed = seed.wrapping_add(nth as u64);
            configs.push(ddi_failover::endpoint::Config { seed, ..one.endpoint });
        }
        let configs = configs.into_iter().zip(saved.iter().map(start_of)).collect();
        let all = Relationships::new(now, configs).map_err(|e| Failure::System(format!("failover: {e}")))?;
        Ok(Self {
            all,
            partners,
            listeners,
            rest: Rest::default(),
            wires: Vec::new(),
            next_link: 1,
            piece: vec![0; PIECE],
            lines: Lines::default(),
            next_note: now.instant.plus_secs(NOTE_SECONDS),
        })
    }

    /// Whom the server asks.
    pub const fn authority(&self) -> &Relationships {
        &self.all
    }

    /// There is somebody to tell of changes.
    pub const fn is_on(&self) -> bool {
        !self.partners.is_empty()
    }

    /// What to wait for: first the listeners, then the connections.
    pub fn fds(&self, now: Instant) -> impl Iterator<Item = (BorrowedFd<'_>, PollFlags)> {
        let interest = if self.rest.is_on(now) { PollFlags::empty() } else { PollFlags::POLLIN };
        let listeners = self.listeners.iter().map(move |(_, listener)| (listener.as_fd(), interest));
        listeners.chain(self.wires.iter().map(move |wire| (wire.stream.fd(), wire.interest(now))))
    }

    /// No partner waits for an acknowledgement.
    pub fn is_calm(&self) -> bool {
        self.wires.iter().all(|wire| self.all.is_calm(wire.id))
    }

    pub fn poll_timeout(&self, now: Instant) -> Option<Instant> {
        let closing = self.wires.iter().filter_map(|wire| wire.closing);
        let rests = self.wires.iter().filter_map(|wire| wire.pace.end());
        closing.chain(rests).chain(self.all.poll_timeout()).chain(self.rest.end(now)).min()
    }

    /// The server or an operator wrote these leases.
    pub fn handle_changed(&mut self, now: Now, store: &mut Watched, keys: &[LeaseKey]) {
        self.all.handle_leases_changed(now, store, keys);
    }

    /// Takes what has come, and does what is due. `ready`: which of [`Failover::fds`] are.
    pub fn turn(&mut self, now: Now, store: &mut Watched, ready: &[bool]) -> Result<(), Failure> {
        let (listeners, wires) = ready.split_at(self.listeners.len().min(ready.len()));
        self.receive(now, store, wires);
        self.accept(now, listeners);
        self.all.handle_timeout(now, store);
        self.on_events(now, store)?;
        if now.instant >= self.next_note {
            self.next_note = now.instant.plus_secs(NOTE_SECONDS);
            for partner in &mut self.partners {
                partner.file.note(Seen::of(&store.db));
            }
        }
        Ok(())
    }

    /// Sends what the endpoints have; what they say of a lease comes out when it is durable.
    pub fn send(&mut self, now: Now, store: &mut Watched) -> Result<(), Failure> {
        if self.wires.is_empty() {
            return Ok(());
        }
        let mut broken = Vec::new();
        for wire in &mut self.wires {
            wire.pace.look(now.instant, self.all.is_calm(wire.id));
            if wire.pace.is_resting(now.instant) && wire.stream.waiting() == 0 {
                continue;
            }
            let mut sent = wire.stream.send();
            while sent.is_ok()
                && wire.stream.waiting() < WAITING_MAX
                && let Some(len) = self.all.poll_transmit(&store.db, wire.id, &mut self.piece)
            {
                wire.stream.out().extend_from_slice(&self.piece[..len]);
                sent = wire.stream.send();
                wire.pace.moved();
            }
            wire.pace.end_turn(now.instant);
            let is_over = |end: Instant| wire.stream.waiting() == 0 || now.instant >= end;
            if sent.is_err() || wire.closing.is_some_and(is_over) {
                broken.push(wire.id);
            }
        }
        broken.into_iter().for_each(|id| self.close(now, store, id));
        self.on_events(now, store)
    }

    /// The end: how far the lease database is, for the next start.
    pub fn finish(mut self, db: &LeaseDb) {
        for partner in &mut self.partners {
            partner.file.note(Seen::of(db));
            partner.file.settle();
        }
    }

    fn accept(&mut self, now: Now, ready: &[bool]) {
        let mut accepted = Vec::new();
        for ((at, listener), _) in self.listeners.iter().zip(ready).filter(|(_, ready)| **ready) {
            loop {
                match stream::accept(listener) {
                    Ok(Some((stream, from))) => accepted.push((*at, from, stream)),
                    Ok(None) => break,
                    Err(_) => {
                        // Too many open files, most likely: it would be told again at once.
                        self.rest.begin(now.instant);
                        break;
                    }
                }
            }
        }
        for (at, from, stream) in accepted {
            let first_word = self.speaks_first(at, *from.ip());
            let id = self.add(from, stream);
            self.all.handle_accepted(now, first_word, id);
        }
    }

    /// The relationship in which this server has to speak first on a connection from this address, if that is
    /// the only one it can be for. All others say by CONNECT whose they are.
    fn speaks_first(&self, at: SocketAddrV4, from: Ipv4Addr) -> Option<RelationshipId> {
        let only = |wanted: &dyn Fn(&Partner) -> bool| {
            let mut all = self.partners.iter().enumerate().filter(|(_, one)| one.listen == at && wanted(one));
            all.next().filter(|_| all.next().is_none())
        };
        let known = self.partners.iter().any(|one| one.listen == at && *one.at.ip() == from);
        // A partner with several addresses, where there can be no doubt.
        let found = if known { only(&|one| *one.at.ip() == from) } else { only(&|_| true) };
        found.filter(|(_, partner)| partner.role == Role::Primary).map(|(nth, _)| RelationshipId(nth))
    }

    fn add(&mut self, with: SocketAddrV4, stream: Stream) -> LinkId {
        let id = LinkId(self.next_link);
        self.next_link += 1;
        self.wires.push(Wire { id, with, stream, pace: Pace::default(), closing: None });
        id
    }

    fn receive(&mut self, now: Now, store: &mut Watched, ready: &[bool]) {
        let mut bytes = Vec::new();
        let mut ended = Vec::new();
        let is_due = |(wire, ready): &(&mut Wire, &bool)| **ready || wire.pace.has_rested(now.instant);
        for (wire, _) in self.wires.iter_mut().zip(ready).filter(is_due) {
            bytes.clear();
            let received = wire.stream.receive(&mut bytes);
            if !bytes.is_empty() {
                wire.pace.moved();
                if wire.closing.is_none() && self.all.handle_bytes(now, store, wire.id, &bytes).is_err() {
                    // An event tells of it, too.
                    wire.closing = Some(now.instant.plus_secs(CLOSING_SECONDS));
                }
                wire.pace.look(now.instant, self.all.is_calm(wire.id));
            }
            if !matches!(received, Ok(Received::Open)) {
                ended.push(wire.id);
            }
        }
        ended.into_iter().for_each(|id| self.close(now, store, id));
    }

    fn close(&mut self, now: Now, store: &mut Watched, id: LinkId) {
        if let Some(at) = self.wires.iter().position(|wire| wire.id == id) {
            self.wires.swap_remove(at);
            self.all.handle_closed(now, store, id);
        }
    }

    fn on_events(&mut self, now: Now, store: &mut Watched) -> Result<(), Failure> {
        while let Some((id, event)) = self.all.poll_event() {
            match (id, event) {
                (Some(id), Event::Save { number, bytes }) => {
                    // Seldom, and until it is on disk nobody is served anyway.
                    let file = &mut self.partners[id.0].file;
                    file.write(&bytes, Seen::of(&store.db)).map_err(Failure::at(file.shown()))?;
                    self.all.handle_saved(id, number);
                }
                (Some(id), Event::Dial) => {
                    match Stream::dial(*self.partners[id.0].listen.ip(), self.partners[id.0].at) {
                        Ok(stream) => {
                            let link = self.add(self.partners[id.0].at, stream);
                            self.all.handle_dialled(now, id, link);
                        }
                        Err(_) => self.all.handle_dial_failed(now, id),
                    }
                }
                (id, Event::Close { link, why }) => self.on_close(now, store, id, link, &why),
                (Some(id), event) => self.tell(now, id, &event),
                (None, _) => {}
            }
        }
        Ok(())
    }

    fn on_close(
        &mut self,
        now: Now,
        store: &mut Watched,
        id: Option<RelationshipId>,
        link: LinkId,
        why: &LinkEnd,
    ) {
        if let Some(id) = id {
            say(format!("failover {}: connection closed: {why}", self.name(id)));
        }
        let Some(wire) = self.wires.iter_mut().find(|wire| wire.id == link) else {
            return self.all.handle_closed(now, store, link);
        };
        wire.closing = Some(now.instant.plus_secs(CLOSING_SECONDS));
        if id.is_none() {
            // Anybody can connect.
            let with = wire.with;
            self.lines.say(now, || format!("failover: connection from {with} closed: {why}"));
        }
    }

    /// Tells an operator.
    fn tell(&mut self, now: Now, id: RelationshipId, event: &Event) {
        let name = self.name(id);
        match event {
            Event::Linked { link, .. } => {
                let wire = self.wires.iter().find(|wire| wire.id == *link);
                let with = wire.map_or(self.partners[id.0].at, |wire| wire.with);
                say(format!("failover {name}: connected with {with}"));
            }
            Event::Moved { from, to } => say(format!("failover {name}: moved from {from} to {to}")),
            Event::PartnerState { state, .. } => say(format!("failover {name}: the partner is in {state}")),
            Event::RefusedPartner { key, why } => self
                .lines
                .say(now, || format!("failover {name}: refused the partner's update of {}: {why}", key.addr)),
            Event::RefusedByPartner { key, reason, .. } => self.lines.say(now, || {
                format!("failover {name}: the partner refused the update of {}: {reason}", key.addr)
            }),
            Event::ClientChanged { key } => self.lines.say(now, || {
                format!("failover {name}: {} had another client: both servers gave it away", key.addr)
            }),
            Event::Unbalanced { pool } => {
                let pools = self.all.get(id).map_or(&[][..], |endpoint| &endpoint.config().pools);
                let found = pools.iter().find(|own| own.id == *pool);
                let range = found.map_or_else(String::new, |pool| format!("{}-{}", pool.first, pool.last));
                self.lines.say(now, || {
                    format!("failover {name}: too many free addresses of {range} are here, and stay")
                });
            }
            Event::StoreFailed { key } => {
                self.lines.say(now, || format!("failover {name}: {} could not be stored", key.addr));
            }
            _ => {}
        }
    }

    fn name(&self, id: RelationshipId) -> String {
        let name = self.all.get(id).map_or(&[][..], |endpoint| &endpoint.config().name);
        String::from_utf8_lossy(name).into_owned()
    }

    /// Each relationship, and what its partner is.
    fn iter(&self) -> impl Iterator<Item = (&Endpoint, &Partner)> {
        self.all.iter().map(|(_, endpoint)| endpoint).zip(&self.partners)
    }

    /// An operator's word, or why it is refused. What follows from it is on disk when this returns.
    pub fn command(
        &mut self,
        now: Now,
        store: &mut Watched,
        name: &str,
        command: Command,
    ) -> Result<Result<(), String>, Failure> {
        let Some(id) = self.all.find(name.as_bytes()) else {
            return Ok(Err(format!("there is no relationship {name:?}")));
        };
        let done = self.all.handle_command(now, store, id, command).map_err(|e| e.to_string());
        self.on_events(now, store)?;
        Ok(done)
    }

    /// A new configuration, of pools alone.
    /// The endpoints, for tests.
    #[cfg(test)]
    pub fn endpoints(&self) -> impl Iterator<Item = &ddi_failover::endpoint::Endpoint> {
        self.all.iter().map(|(_, endpoint)| endpoint)
    }

    pub fn set_pools(&mut self, relationships: &[Relationship]) -> Result<(), String> {
        let pools: Vec<_> = relationships.iter().map(|one| &one.endpoint.pools[..]).collect();
        self.all.set_all_pools(&pools).map_err(|e| e.to_string())
    }
}

/// From an endpoint's bytes, and whether the leases that they are about are lost.
fn start_of(saved: &Option<(Vec<u8>, bool)>) -> Start<'_> {
    match saved {
        None => Start::Nothing,
        Some((bytes, true)) => Start::LeasesLost(bytes),
        Some((bytes, false)) => Start::Saved(bytes),
    }
}
