//! Failover: the endpoints, their connections, and their states on disk. All of it is on the packet
//! thread, since it is about the same leases.

mod authority;
mod saved;
mod status;

use crate::config::relationships::Relationship;
use crate::net::stream::{self, Received, Stream};
use crate::run::Failure;
use crate::run::rest::Rest;
use crate::run::watched::Watched;
use crate::say::say;
use ddi_core::db::PoolConfig;
use ddi_core::{Instant, LeaseKey, Now};
use ddi_failover::endpoint::{Endpoint, Event, LinkId, Start};
use ddi_failover::state::Command;
use nix::poll::PollFlags;
use saved::SavedFile;
use std::net::{SocketAddrV4, TcpListener};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

/// Bytes that are taken from an endpoint at once.
const PIECE: usize = 64 << 10;
/// No more is taken from an endpoint while so many bytes wait for the partner to take them.
const WAITING_MAX: usize = 256 << 10;

/// One relationship.
struct Partner {
    endpoint: Endpoint,
    at: SocketAddrV4,
    listen: SocketAddrV4,
    file: SavedFile,
    pools: Vec<PoolConfig>,
}

/// One connection with a partner.
struct Wire {
    id: LinkId,
    of: usize,
    stream: Stream,
    /// What is left to be sent is all that will be.
    closing: bool,
}

/// All relationships.
pub struct Failover {
    partners: Vec<Partner>,
    listeners: Vec<(SocketAddrV4, TcpListener)>,
    /// After failures to accept.
    rest: Rest,
    wires: Vec<Wire>,
    next_link: u64,
}

impl Failover {
    /// `leases_new`: the lease database was made just now.
    pub fn start(
        now: Now,
        relationships: Vec<Relationship>,
        data_dir: &Path,
        leases_new: bool,
        seed: u64,
    ) -> Result<Self, Failure> {
        let (mut partners, mut listeners) = (Vec::new(), Vec::<(SocketAddrV4, TcpListener)>::new());
        for (nth, one) in relationships.into_iter().enumerate() {
            let file = SavedFile::new(data_dir, &one.endpoint.name);
            let saved = file.read().map_err(Failure::at(file.shown()))?;
            let start = match &saved {
                None => Start::Nothing,
                Some(bytes) if leases_new => Start::LeasesLost(bytes),
                Some(bytes) => Start::Saved(bytes),
            };
            let pools = one.endpoint.pools.clone();
            let config =
                ddi_failover::endpoint::Config { seed: seed.wrapping_add(nth as u64), ..one.endpoint };
            let endpoint =
                Endpoint::new(now, config, start).map_err(|e| Failure::System(format!("failover: {e}")))?;
            if !listeners.iter().any(|(at, _)| *at == one.listen) {
                let listener = stream::listen(one.listen).map_err(Failure::at(one.listen))?;
                listeners.push((one.listen, listener));
            }
            partners.push(Partner { endpoint, at: one.partner, listen: one.listen, file, pools });
        }
        Ok(Self { partners, listeners, rest: Rest::default(), wires: Vec::new(), next_link: 1 })
    }

    /// There is somebody to tell of changes.
    pub const fn is_on(&self) -> bool {
        !self.partners.is_empty()
    }

    /// What to wait for.
    pub fn fds(&self, now: Instant) -> impl Iterator<Item = (BorrowedFd<'_>, PollFlags)> {
        let listeners = self
            .listeners
            .iter()
            .filter(move |_| !self.rest.is_on(now))
            .map(|(_, listener)| (listener.as_fd(), PollFlags::POLLIN));
        listeners.chain(self.wires.iter().map(|wire| (wire.stream.fd(), wire.stream.interest())))
    }

    pub fn poll_timeout(&self, now: Instant) -> Option<Instant> {
        let endpoints = self.partners.iter().filter_map(|partner| partner.endpoint.poll_timeout());
        endpoints.chain(self.rest.end(now)).min()
    }

    /// The server or an operator wrote these leases.
    pub fn handle_changed(&mut self, now: Now, store: &mut Watched, keys: &[LeaseKey]) {
        for key in keys {
            if let Some(nth) = self.nth_of(*key) {
                self.partners[nth].endpoint.handle_lease_changed(now, store, *key);
            }
        }
    }

    /// Takes what has come, and does what is due.
    pub fn turn(&mut self, now: Now, store: &mut Watched) -> Result<(), Failure> {
        self.accept(now);
        self.receive(now, store);
        for partner in &mut self.partners {
            partner.endpoint.handle_timeout(now, store);
        }
        self.on_events(now, store)
    }

    /// Sends what the endpoints have; what they say of a lease comes out when it is durable.
    pub fn send(&mut self, now: Now, store: &mut Watched) -> Result<(), Failure> {
        let mut piece = vec![0; PIECE];
        let mut broken = Vec::new();
        for wire in &mut self.wires {
            let endpoint = &mut self.partners[wire.of].endpoint;
            let mut sent = wire.stream.send();
            while sent.is_ok()
                && wire.stream.waiting() < WAITING_MAX
                && let Some(len) = endpoint.poll_transmit(&store.db, wire.id, &mut piece)
            {
                wire.stream.out().extend_from_slice(&piece[..len]);
                sent = wire.stream.send();
            }
            if sent.is_err() || (wire.closing && wire.stream.waiting() == 0) {
                broken.push(wire.id);
            }
        }
        broken.into_iter().for_each(|id| self.close(now, store, id));
        self.on_events(now, store)
    }

    fn accept(&mut self, now: Now) {
        let mut accepted = Vec::new();
        for (at, listener) in &self.listeners {
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
            if let Some(of) = self.nth_from(at, from) {
                let id = self.add(of, stream);
                self.partners[of].endpoint.handle_accepted(now, id);
            }
        }
    }

    /// Whose connection this is: on one listening address each partner has its own address.
    fn nth_from(&self, at: SocketAddrV4, from: SocketAddrV4) -> Option<usize> {
        let here = |partner: &Partner| partner.listen == at;
        let known = |partner: &Partner| here(partner) && partner.at.ip() == from.ip();
        self.partners.iter().position(known).or_else(|| {
            // A partner with several addresses, where there can be no doubt.
            let mut all = (0..self.partners.len()).filter(|nth| here(&self.partners[*nth]));
            all.next().filter(|_| all.next().is_none())
        })
    }

    fn add(&mut self, of: usize, stream: Stream) -> LinkId {
        let id = LinkId(self.next_link);
        self.next_link += 1;
        self.wires.push(Wire { id, of, stream, closing: false });
        id
    }

    fn receive(&mut self, now: Now, store: &mut Watched) {
        let mut bytes = Vec::new();
        let mut ended = Vec::new();
        for wire in &mut self.wires {
            bytes.clear();
            let received = wire.stream.receive(&mut bytes);
            if !bytes.is_empty() && !wire.closing {
                let endpoint = &mut self.partners[wire.of].endpoint;
                // An event tells of it, too.
                wire.closing |= endpoint.handle_bytes(now, store, wire.id, &bytes).is_err();
            }
            if !matches!(received, Ok(Received::Open)) {
                ended.push(wire.id);
            }
        }
        ended.into_iter().for_each(|id| self.close(now, store, id));
    }

    fn close(&mut self, now: Now, store: &mut Watched, id: LinkId) {
        if let Some(at) = self.wires.iter().position(|wire| wire.id == id) {
            let wire = self.wires.swap_remove(at);
            self.partners[wire.of].endpoint.handle_closed(now, store, id);
        }
    }

    fn on_events(&mut self, now: Now, store: &mut Watched) -> Result<(), Failure> {
        for of in 0..self.partners.len() {
            while let Some(event) = self.partners[of].endpoint.poll_event() {
                self.on_event(now, store, of, event)?;
            }
        }
        Ok(())
    }

    fn on_event(&mut self, now: Now, store: &mut Watched, of: usize, event: Event) -> Result<(), Failure> {
        let partner = &mut self.partners[of];
        let name = String::from_utf8_lossy(&partner.endpoint.config().name).into_owned();
        match event {
            Event::Save { number, bytes } => {
                // Seldom, and until it is on disk nobody is served anyway.
                partner.file.write(&bytes).map_err(Failure::at(partner.file.shown()))?;
                partner.endpoint.handle_saved(number);
            }
            Event::Dial => match Stream::dial(partner.at) {
                Ok(stream) => {
                    let id = self.add(of, stream);
                    self.partners[of].endpoint.handle_dialled(now, id);
                }
                Err(_) => partner.endpoint.handle_dial_failed(now),
            },
            Event::Close { link, why } => {
                say(format!("failover {name}: connection closed: {why}"));
                match self.wires.iter_mut().find(|wire| wire.id == link) {
                    Some(wire) => wire.closing = true,
                    None => self.partners[of].endpoint.handle_closed(now, store, link),
                }
            }
            Event::Linked { .. } => say(format!("failover {name}: connected with {}", partner.at)),
            Event::Moved { from, to } => say(format!("failover {name}: moved from {from} to {to}")),
            Event::PartnerState { state, .. } => say(format!("failover {name}: the partner is in {state}")),
            Event::RefusedPartner { key, why } => {
                say(format!("failover {name}: refused the partner's update of {}: {why}", key.addr));
            }
            Event::RefusedByPartner { key, reason, .. } => {
                say(format!("failover {name}: the partner refused the update of {}: {reason}", key.addr));
            }
            Event::StoreFailed { key } => say(format!("failover {name}: {} could not be stored", key.addr)),
            _ => {}
        }
        Ok(())
    }

    /// An operator's word.
    pub fn command(
        &mut self,
        now: Now,
        store: &mut Watched,
        name: &str,
        command: Command,
    ) -> Result<(), String> {
        let of = |partner: &&mut Partner| partner.endpoint.config().name == name.as_bytes();
        let Some(partner) = self.partners.iter_mut().find(of) else {
            return Err(format!("there is no relationship {name:?}"));
        };
        partner.endpoint.handle_command(now, store, command).map_err(|e| e.to_string())
    }

    /// A new configuration, of pools alone.
    pub fn set_pools(&mut self, relationships: &[Relationship]) -> Result<(), String> {
        for (partner, new) in self.partners.iter_mut().zip(relationships) {
            partner.endpoint.set_pools(&new.endpoint.pools).map_err(|e| e.to_string())?;
            partner.pools.clone_from(&new.endpoint.pools);
        }
        Ok(())
    }

    /// The relationship that an address belongs to.
    fn nth_of(&self, key: LeaseKey) -> Option<usize> {
        let addr = key.as_v4().filter(|_| key.space == 0)?;
        let has =
            |partner: &Partner| partner.pools.iter().any(|pool| (pool.first..=pool.last).contains(&addr));
        self.partners.iter().position(has)
    }
}
