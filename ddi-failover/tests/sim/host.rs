//! What the host of a server does: carries bytes, syncs, saves, and asks again and again.

use std::net::SocketAddrV4;

use ddi_core::{Authority, Expect, LeaseDb, LeaseKey, LeaseStore};
use ddi_dhcp::server::{Event as ServerEvent, MAX_REPLY, Received};
use ddi_dhcp::v4::{MessageType, Packet};
use ddi_failover::State;
use ddi_failover::endpoint::{Event, LinkId};

use crate::count::Seen;
use crate::disguise::disguise;
use crate::liar::Liar;
use crate::net::Piece;
use crate::plan::{INTERFACE, Millis, Ways};
use crate::plant::{Plant, Planted, reclaim_as_dhcpd, stale_acks};
use crate::world::{Happening, World};

/// More turns without an end are a loop.
const TURNS_MAX: usize = 2_000;

impl World {
    /// A datagram of a client's.
    pub(crate) fn asked(&mut self, node: usize, bytes: &[u8]) {
        let plant = self.plant;
        let host = &mut self.nodes[node];
        let now = host.clock.now(self.now);
        let Some(running) = &mut host.running else { return };
        let received = Received {
            interface: INTERFACE,
            from: SocketAddrV4::new(std::net::Ipv4Addr::UNSPECIFIED, 68),
            to: std::net::Ipv4Addr::BROADCAST,
            bytes,
        };
        let authority = Planted { endpoint: &running.endpoint, plant, saving: !host.saving.is_empty() };
        running.server.handle_datagram(now, &mut host.db, &authority as &dyn Authority, &received);
        self.pump(node);
    }

    /// Bytes of the partner's.
    pub(crate) fn bytes(&mut self, link: u64, node: usize, bytes: &[u8]) {
        let host = &mut self.nodes[node];
        let now = host.clock.now(self.now);
        let Some(running) = &mut host.running else { return };
        // An error is told as an event as well.
        let _ = running.endpoint.handle_bytes(now, &mut host.db, LinkId(link), bytes);
        self.pump(node);
    }

    pub(crate) fn closed(&mut self, link: u64, node: usize) {
        let host = &mut self.nodes[node];
        let now = host.clock.now(self.now);
        let Some(running) = &mut host.running else { return };
        running.endpoint.handle_closed(now, &mut host.db, LinkId(link));
        self.pump(node);
    }

    pub(crate) fn dialled(&mut self, node: usize) {
        let works = self.net.is_open() && self.nodes[1 - node].running.is_some();
        let now = self.nodes[node].clock.now(self.now);
        let Some(running) = &mut self.nodes[node].running else { return };
        if !works {
            running.endpoint.handle_dial_failed(now);
            return self.pump(node);
        }
        let link = self.net.connect();
        running.endpoint.handle_dialled(now, LinkId(link));
        let now = self.nodes[1 - node].clock.now(self.now);
        if let Some(other) = &mut self.nodes[1 - node].running {
            other.endpoint.handle_accepted(now, LinkId(link));
        }
        self.pump(node);
        self.pump(1 - node);
    }

    pub(crate) fn saved(&mut self, node: usize, number: u64) {
        let host = &mut self.nodes[node];
        let Some(at) = host.saving.iter().position(|(saving, _)| *saving == number) else { return };
        let (_, bytes) = host.saving.drain(..=at).next_back().expect("it is there");
        if self.plant != Plant::SavedStateForgotten || host.saved.is_none() {
            host.saved = Some(bytes);
            host.lost = false;
        }
        if let Some(running) = &mut host.running {
            running.endpoint.handle_saved(number);
        }
        self.pump(node);
    }

    /// The disk is asked to keep what was written; it may fail in the middle of that.
    pub(crate) fn commit(&mut self, node: usize) {
        let host = &mut self.nodes[node];
        host.committing = false;
        // A sync may succeed, and the disk fail right after it.
        if host.db.commit().is_err() || host.db.log().poisoned().is_some() {
            let restarts = self.random.between(1000, 100_000);
            self.crash(node);
            return self.after(restarts, Happening::Starts { node });
        }
        self.pump(node);
    }

    /// Does all that a server can do at this moment.
    pub(crate) fn pump(&mut self, node: usize) {
        let mut turns = 0;
        while self.turn(node) {
            turns += 1;
            assert!(turns < TURNS_MAX, "server {node} finds no end: {}", self.restless(node));
        }
        self.bounds(node);
        let host = &mut self.nodes[node];
        let Some(running) = &mut host.running else { return };
        let life = host.life;
        let due = [running.server.poll_timeout(), running.endpoint.poll_timeout()];
        let due = due.into_iter().flatten().min().map(|due| host.clock.reaches(due).max(self.now + 1));
        let commits = host.db.appended() > host.db.durable() && !host.committing;
        host.committing |= commits;
        if let Some(due) = due
            && host.wakes_at.is_none_or(|at| at > due)
        {
            host.wakes_at = Some(due);
            self.at(due, Happening::Wake { node, life });
        }
        if commits {
            let takes = self.random.between(0, self.plan.sync);
            self.after(takes, Happening::Commit { node, life });
        }
    }

    fn restless(&self, node: usize) -> String {
        let host = &self.nodes[node];
        let Some(running) = &host.running else { return String::new() };
        let due = (running.endpoint.poll_timeout(), running.server.poll_timeout());
        format!("due {due:?} at {:?}, {:?}", host.clock.now(self.now), running.endpoint.status(&host.db))
    }

    /// One round; true if anything happened.
    fn turn(&mut self, node: usize) -> bool {
        let (plant, rich) = (self.plant, self.plan.ways == Ways::Rich);
        let host = &mut self.nodes[node];
        let now = host.clock.now(self.now);
        let Some(running) = &mut host.running else { return false };
        let mut busy = false;
        if plant == Plant::DhcpdReuse {
            reclaim_as_dhcpd(now, &running.endpoint, &mut host.db);
        }
        if running.endpoint.poll_timeout().is_some_and(|due| due <= now.instant) {
            running.endpoint.handle_timeout(now, &mut host.db);
            busy = true;
        }
        if running.server.poll_timeout().is_some_and(|due| due <= now.instant) {
            let authority = Planted { endpoint: &running.endpoint, plant, saving: !host.saving.is_empty() };
            running.server.handle_timeout(now, &mut host.db, &authority as &dyn Authority);
        }
        let mut told = Vec::new();
        while let Some(event) = running.server.poll_event() {
            busy = true;
            if matches!(event, ServerEvent::Exhausted { .. }) {
                self.counts.seen(Seen::Exhausted);
            }
            if matches!(event, ServerEvent::Bound { .. })
                && rich
                && let Some(key) = changed(&event)
            {
                label(&mut host.db, key);
            }
            if let Some(key) = changed(&event)
                && plant != Plant::ChangesNotTold
            {
                told.push(key);
            }
        }
        running.endpoint.handle_leases_changed(now, &mut host.db, &told);
        for key in told {
            self.note_lease(node, key, "changed");
        }
        busy | self.transmit(node) | self.reply(node) | self.events(node)
    }

    /// What the endpoint says to its partner.
    fn transmit(&mut self, node: usize) -> bool {
        let mut busy = false;
        let mut buffer = [0; 3000];
        for link in self.net.ids() {
            loop {
                let host = &mut self.nodes[node];
                let Some(running) = &mut host.running else { return false };
                let len = if matches!(self.plant, Plant::AckBeforeDurable | Plant::BindingAckBeforeDurable) {
                    running.endpoint.poll_transmit(&Liar(&mut host.db), LinkId(link), &mut buffer)
                } else {
                    running.endpoint.poll_transmit(&host.db, LinkId(link), &mut buffer)
                };
                let Some(len) = len else { break };
                busy = true;
                if self.plan.ways == Ways::LikeDhcpd(1 - node) {
                    disguise(&mut buffer[..len]);
                }
                if self.plant == Plant::StaleAckTaken {
                    let acks = stale_acks(&buffer[..len], &mut host.updated);
                    let now = host.clock.now(self.now);
                    let _ = running.endpoint.handle_bytes(now, &mut host.db, LinkId(link), &acks);
                    self.carry(link, 1 - node, Piece::Bytes(buffer[..len].to_vec()));
                    continue;
                }
                let cut = self.random.between(1, len as u64) as usize;
                for bytes in [&buffer[..cut], &buffer[cut..len]] {
                    if !bytes.is_empty() {
                        self.carry(link, 1 - node, Piece::Bytes(bytes.to_vec()));
                    }
                }
            }
        }
        busy
    }

    fn carry(&mut self, link: u64, to: usize, piece: Piece) {
        let arrives = self.now + self.random.between(0, self.plan.delay / 4 + self.slow);
        if let Some(at) = self.net.send(link, to, piece, arrives) {
            self.at(at, Happening::Arrives { link, to });
        }
    }

    /// What the server says to clients.
    fn reply(&mut self, node: usize) -> bool {
        let mut busy = false;
        let mut buffer = [0; MAX_REPLY];
        loop {
            let host = &mut self.nodes[node];
            let Some(running) = &mut host.running else { return busy };
            let transmit = if self.plant == Plant::AckBeforeDurable {
                running.server.poll_transmit(&Liar(&mut host.db), &mut buffer)
            } else {
                running.server.poll_transmit(&host.db, &mut buffer)
            };
            let Some(transmit) = transmit else { return busy };
            busy = true;
            let bytes = &buffer[..transmit.len];
            let packet = Packet::parse(bytes).expect("a server's reply");
            let client = usize::from(packet.hw_addr().bytes().last().copied().unwrap_or_default());
            if packet.message_type() == Some(MessageType::Ack) {
                let seconds = packet.lease_seconds().unwrap_or_default();
                self.counts.acks += 1;
                self.check.ack(&self.plan, &self.nodes, (node, self.now), client, (packet.yiaddr(), seconds));
            }
            let lost = !self.calm && self.random.percent(self.plan.loss);
            if !lost {
                let delay = self.random.between(0, self.plan.delay + self.slow);
                self.after(delay, Happening::Answered { client, bytes: bytes.to_vec() });
            }
        }
    }

    fn events(&mut self, node: usize) -> bool {
        let mut busy = false;
        while let Some(event) =
            self.nodes[node].running.as_mut().and_then(|running| running.endpoint.poll_event())
        {
            busy = true;
            let life = self.nodes[node].life;
            match event {
                Event::Save { number, bytes } => {
                    self.nodes[node].saving.push((number, bytes));
                    let takes = self.random.between(0, self.plan.sync);
                    self.after(takes, Happening::Saved { node, life, number });
                }
                Event::Dial => {
                    let takes = if self.net.is_open() { self.random.between(0, 50) } else { 3000 };
                    self.after(takes, Happening::Dialled { node, life });
                }
                Event::Close { link, why } => {
                    self.note(|| format!("server {node} closes {}: {why:?}", link.0));
                    self.transmit(node);
                    self.carry(link.0, 1 - node, Piece::End);
                    self.close(node, link);
                }
                Event::Moved { from, to } => {
                    self.note(|| format!("server {node}: {from} -> {to}"));
                    self.moved(node, from, to);
                }
                Event::PartnerState { state, startup } => self.heard(node, state, startup),
                Event::Updated => {
                    self.nodes[node].steps.updated();
                    self.nodes[1 - node].knows_alone = false;
                }
                Event::Applied { key } => self.note_lease(node, key, "was told"),
                Event::Freed { key } => self.note_lease(node, key, "freed"),
                Event::StoreFailed { key } => self.note_lease(node, key, "could not store"),
                Event::RefusedPartner { key, why } => self.note_lease(node, key, &format!("refused ({why})")),
                _ => {}
            }
        }
        self.nodes[node].steps.settled();
        busy
    }

    /// A server's state changed, as the tables have it.
    fn moved(&mut self, node: usize, from: State, to: State) {
        *self.counts.moves.entry((from, to)).or_default() += 1;
        let cell = self.nodes[node].steps.moved(from, to);
        self.counts.cell(cell);
        let alone = self.now - self.nodes[node].alone_since >= Millis::from(self.plan.mclt_seconds) * 999;
        match (from, to) {
            (_, State::PartnerDown) if from != State::Startup => self.nodes[node].alone_since = self.now,
            (State::PartnerDown, State::PotentialConflict) => self.nodes[node].knows_alone |= alone,
            (_, State::Normal) => self.nodes[node].knows_alone = false,
            _ => {}
        }
        self.lie_in_wait(node, to);
    }

    fn heard(&mut self, node: usize, state: State, startup: bool) {
        let host = &mut self.nodes[node];
        let Some(running) = &host.running else { return };
        let profile = running.endpoint.status(&host.db).profile;
        let cell = host.steps.heard(profile, state, startup);
        self.counts.cell(cell);
    }

    fn close(&mut self, node: usize, link: LinkId) {
        let host = &mut self.nodes[node];
        let now = host.clock.now(self.now);
        if let Some(running) = &mut host.running {
            running.endpoint.handle_closed(now, &mut host.db, link);
        }
    }

    /// No queue grows beyond what was agreed.
    fn bounds(&self, node: usize) {
        let host = &self.nodes[node];
        let Some(running) = &host.running else { return };
        let status = running.endpoint.status(&host.db);
        let window = self.plan.max_unacked[1 - node] as usize;
        assert!(status.unacked <= window, "{} updates are on their way, {window} may be", status.unacked);
        let addresses = usize::from(self.plan.addresses);
        let (waiting, most) = (status.waiting, window - status.unacked + addresses);
        assert!(waiting <= most, "{waiting} updates wait, {most} may: {addresses} leases and the window");
        assert_eq!(status.events_lost, 0, "events were dropped");
        assert!(status.to_ack <= 4 * addresses + 8, "{} acknowledgements wait", status.to_ack);
    }
}

/// A word of the application's own about a binding, which the other server has to get.
fn label(db: &mut LeaseDb, key: LeaseKey) {
    let Some(mut lease) = db.get(key) else { return };
    lease.user = lease.client_last_transaction_time.0.to_be_bytes().to_vec();
    let _ = db.put_forced(&mut lease, Expect::Any);
}

/// The lease that an event tells of.
fn changed(event: &ServerEvent) -> Option<LeaseKey> {
    match event {
        ServerEvent::Bound { key, .. }
        | ServerEvent::Released { key, .. }
        | ServerEvent::Expired { key, .. }
        | ServerEvent::Quarantined { key, .. }
        | ServerEvent::QuarantineEnded { key, .. } => Some(*key),
        _ => None,
    }
}
