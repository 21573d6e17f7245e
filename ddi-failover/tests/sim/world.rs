//! The world: what happens next, to whom.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use ddi_core::log::Tear;
use ddi_core::{Lease, LeaseKey, LeaseStore};
use ddi_dhcp::v4::Packet;
use ddi_failover::State;
use ddi_failover::endpoint::needs_update;

use crate::check::Check;
use crate::client::{Client, Said};
use crate::count::{Counts, Seen};
use crate::net::{Net, Piece};
use crate::node::{Node, open};
use crate::plan::{HOUR, Millis, Plan, START_UNIX};
use crate::plant::Plant;
use crate::random::Random;

/// Something that happens.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Happening {
    /// A server has something to do.
    Wake { node: usize, life: u32 },
    /// A server's writes reach the disk.
    Commit { node: usize, life: u32 },
    /// A server's saved state reaches the disk.
    Saved { node: usize, life: u32, number: u64 },
    /// The answer to a dial.
    Dialled { node: usize, life: u32 },
    /// Something arrives on a connection.
    Arrives { link: u64, to: usize },
    /// A connection that is dead is found to be.
    Closed { link: u64, to: usize, life: u32 },
    /// A client's message arrives at a server.
    Asked { node: usize, bytes: Vec<u8> },
    /// A server's reply arrives at a client.
    Answered { client: usize, bytes: Vec<u8> },
    /// A client has something to do.
    Client { client: usize, at: Millis },
    /// A server is started.
    Starts { node: usize },
    /// Something goes wrong.
    Fault,
    /// The network is whole again; everything takes as long as usual.
    Heals,
    /// An operator ends what an operator began.
    Resumes { node: usize },
    /// A server stops, and has the database of earlier when it comes back.
    GoesBack { node: usize },
    /// A server that was cut off stops.
    Dies { node: usize },
    /// Something goes wrong with a server that has just come to a state.
    Ambush { node: usize },
    /// An operator takes the other server to be down.
    Mistaken { node: usize },
    /// The other server is not there yet, and an operator says so.
    FirstAlone { node: usize },
}

/// Two servers, their network and their clients.
pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) plan: Plan,
    pub(crate) plant: Plant,
    pub(crate) random: Random,
    pub(crate) now: Millis,
    heap: BinaryHeap<Reverse<(Millis, u64, Happening)>>,
    sequence: u64,
    pub(crate) nodes: [Node; 2],
    pub(crate) net: Net,
    pub(crate) slow: Millis,
    pub(crate) clients: Vec<Client>,
    pub(crate) check: Check,
    /// No more faults, and no more clients.
    pub(crate) calm: bool,
    pub(crate) trace: Vec<String>,
    /// Tell of each lease too.
    pub(crate) loud: bool,
    pub(crate) counts: Counts,
}

impl World {
    pub(crate) fn new(seed: u64, plant: Plant) -> Self {
        let mut random = Random::new(seed);
        let plan = Plan::new(seed, &mut random);
        let counts = Counts::new(&plan);
        let nodes = [0, 1].map(|at| Node::new(&plan, at, random.number()));
        let clients = (0..plan.clients).map(|n| Client::new(n, random.between(0, 60_000))).collect();
        let mut world = Self {
            seed,
            plan,
            plant,
            random,
            now: 1000,
            heap: BinaryHeap::new(),
            sequence: 0,
            nodes,
            net: Net::default(),
            slow: 0,
            clients,
            check: Check::default(),
            calm: false,
            trace: Vec::new(),
            loud: false,
            counts,
        };
        world.first_starts();
        for client in 0..world.clients.len() {
            world.schedule_client(client);
        }
        world.next_fault();
        world
    }

    pub(crate) fn note(&mut self, what: impl FnOnce() -> String) {
        let states = [0, 1].map(|at: usize| self.nodes[at].state().map_or("down", State::name));
        self.trace.push(format!(
            "{:9.3} {:26} {:26} {}",
            self.now as f64 / 1000.0,
            states[0],
            states[1],
            what()
        ));
    }

    /// One line about a lease of a server.
    pub(crate) fn note_lease(&mut self, node: usize, key: LeaseKey, what: &str) {
        if self.loud {
            let lease = self.nodes[node].db.get(key).unwrap_or_default();
            let (end, times) = (lease.expiration_time.0, lease.potential_expiration_time);
            let short = |time: u64| time.saturating_sub(START_UNIX);
            let text = format!(
                "server {node} {what} {} {:?} rewind {:?} client {:?} end {} sent {} acked {} received {} heard {} {:?}",
                key.addr,
                lease.state,
                lease.rewind_state,
                lease.hw_addr.bytes().last(),
                short(end),
                short(times.sent.0),
                short(times.acked.0),
                short(times.received.0),
                short(lease.client_last_transaction_time.0),
                lease.origin,
            );
            self.note(|| text);
        }
    }

    pub(crate) fn after(&mut self, millis: Millis, what: Happening) {
        self.at(self.now + millis, what);
    }

    pub(crate) fn at(&mut self, at: Millis, what: Happening) {
        self.sequence += 1;
        self.heap.push(Reverse((at.max(self.now), self.sequence, what)));
    }

    pub(crate) fn next_fault(&mut self) {
        if let Some(every) = self.plan.fault_every {
            let after = self.random.between(every / 10, every * 2);
            self.after(after, Happening::Fault);
        }
    }

    fn schedule_client(&mut self, client: usize) {
        let at = self.clients[client].wakes_at;
        self.at(at, Happening::Client { client, at });
    }

    /// Lets everything happen until `end`.
    pub(crate) fn run_until(&mut self, end: Millis) {
        while let Some(Reverse((at, _, _))) = self.heap.peek() {
            if *at > end {
                break;
            }
            let Some(Reverse((at, _, what))) = self.heap.pop() else { break };
            self.now = at;
            self.counts.steps += 1;
            self.happen(what);
        }
        self.now = end;
    }

    fn lives(&self, node: usize, life: u32) -> bool {
        self.nodes[node].running.is_some() && self.nodes[node].life == life
    }

    fn happen(&mut self, what: Happening) {
        match what {
            Happening::Wake { node, life } if self.lives(node, life) => {
                self.nodes[node].wakes_at = None;
                self.pump(node);
            }
            Happening::Commit { node, life } if self.lives(node, life) => self.commit(node),
            Happening::Saved { node, life, number } if self.lives(node, life) => self.saved(node, number),
            Happening::Dialled { node, life } if self.lives(node, life) => self.dialled(node),
            Happening::Arrives { link, to } => self.arrives(link, to),
            Happening::Closed { link, to, life } if self.lives(to, life) => self.closed(link, to),
            Happening::Asked { node, bytes } if self.nodes[node].running.is_some() => {
                self.asked(node, &bytes);
            }
            Happening::Answered { client, bytes } => self.answered(client, &bytes),
            Happening::Client { client, at } if self.clients[client].wakes_at == at && !self.calm => {
                let mut said = Vec::new();
                self.clients[client].wake(self.now, &mut self.random, &mut said);
                self.say(said);
                self.schedule_client(client);
            }
            Happening::Starts { node } => self.start(node),
            Happening::Fault if !self.calm => self.fault(),
            Happening::Heals => self.heal(),
            Happening::Resumes { node } => self.resume(node),
            Happening::GoesBack { node } if !self.calm => self.go_back(node),
            Happening::Dies { node } if !self.calm => self.outlive(node),
            Happening::Ambush { node } if !self.calm => self.ambush(node),
            Happening::Mistaken { node } if !self.calm && !self.is_meeting() => self.mistake(node),
            Happening::FirstAlone { node } => self.first_alone(node),
            _ => {}
        }
    }

    // ---- clients --------------------------------------------------------------------------------

    fn datagram_delay(&mut self) -> Option<Millis> {
        let lost = !self.calm && self.random.percent(self.plan.loss);
        (!lost).then(|| self.random.between(0, self.plan.delay + self.slow))
    }

    fn say(&mut self, said: Vec<Said>) {
        for (to, bytes) in said {
            for node in 0..2 {
                if to.is_none_or(|to| to == node)
                    && let Some(delay) = self.datagram_delay()
                {
                    self.after(delay, Happening::Asked { node, bytes: bytes.clone() });
                }
            }
        }
    }

    fn answered(&mut self, client: usize, bytes: &[u8]) {
        let packet = Packet::parse(bytes).expect("a server's reply");
        let mut said = Vec::new();
        let before = self.clients[client].held;
        let holds = self.clients[client].hear(self.now, &packet, &mut self.random, &mut said);
        if holds && self.loud {
            let held = self.clients[client].held;
            self.note(|| format!("client {client}: {before:?} -> {held:?}"));
        }
        if holds {
            self.check.held(&self.clients, client, self.now);
        }
        self.say(said);
        self.schedule_client(client);
    }

    // ---- the two servers ------------------------------------------------------------------------

    pub(crate) fn start(&mut self, node: usize) {
        if self.nodes[node].running.is_some() {
            return;
        }
        if self.now < self.nodes[node].not_before {
            return self.at(self.nodes[node].not_before, Happening::Starts { node });
        }
        if self.must_meet_first(node) {
            // PARTNER-DOWN was said: this one comes back only where it meets the other, unless both were told so.
            let other = self.nodes[1 - node].state();
            if matches!(other, None | Some(State::Paused | State::Shutdown))
                && !self.must_meet_first(1 - node)
            {
                self.after(1000, Happening::Starts { node });
                return;
            }
            self.meet(node);
        }
        let (plan, plant, now) = (self.plan.clone(), self.plant, self.now);
        self.nodes[node].start(&plan, node, now, plant);
        self.note(|| format!("server {node} starts"));
        self.pump(node);
    }

    /// The partner was told that this server is down: it must not serve alone.
    pub(crate) fn must_meet_first(&self, node: usize) -> bool {
        self.nodes[1 - node].goes_on_as(State::PartnerDown)
    }

    /// A server is down because of that, or has not met its partner yet: no faults meanwhile.
    pub(crate) fn is_meeting(&self) -> bool {
        self.plan.steer.is_some() && self.is_apart()
            || (0..2).any(|node| {
                let state = self.nodes[node].state();
                self.must_meet_first(node) && (state == Some(State::Startup) || state.is_none())
            })
    }

    /// It stops, and so does its disk.
    pub(crate) fn crash(&mut self, node: usize) {
        if self.nodes[node].running.take().is_none() {
            return;
        }
        let tear = match self.random.between(0, 5) {
            0 => Tear::Nothing,
            1 => Tear::Everything,
            _ => Tear::Random(self.random.number()),
        };
        let crashed = &mut self.nodes[node];
        if matches!(tear, Tear::Random(_)) && crashed.db.appended() > crashed.db.durable() {
            self.counts.seen(Seen::TornTail);
        }
        crashed.storage = std::sync::Arc::new(crashed.storage.crash(tear));
        crashed.db = open(&crashed.storage);
        // The state is replaced whole, or not at all.
        let saving = std::mem::take(&mut crashed.saving);
        if let Some((_, bytes)) = saving.into_iter().next()
            && self.random.percent(50)
            && self.plant != Plant::SavedStateForgotten
        {
            self.nodes[node].saved = Some(bytes);
        }
        self.check.survived(&self.nodes, node);
        self.note(|| format!("server {node} crashes"));
        for link in self.net.ids() {
            self.net.kill(link);
            self.notices(link, 1 - node);
        }
    }

    /// A dead connection: the server learns of it soon, or by the silence.
    pub(crate) fn notices(&mut self, link: u64, to: usize) {
        if self.net.is_open() && self.random.percent(60) {
            let (after, life) = (self.random.between(1, 3000), self.nodes[to].life);
            self.after(after, Happening::Closed { link, to, life });
        } else if self.nodes[to].running.is_some() {
            self.counts.seen(Seen::HalfOpen);
        }
    }

    fn arrives(&mut self, link: u64, to: usize) {
        if self.net.mute[1 - to] {
            // TCP sends it again.
            self.after(700, Happening::Arrives { link, to });
            return;
        }
        let Some(piece) = self.net.arrive(link, to) else { return };
        if self.nodes[to].running.is_none() {
            return;
        }
        if self.net.is_overtaken(link, to) {
            self.counts.seen(Seen::Overtaken);
        }
        match piece {
            Piece::Bytes(bytes) => self.bytes(link, to, &bytes),
            Piece::End => {
                self.net.forget(link);
                self.closed(link, to);
            }
        }
    }

    // ---- the end --------------------------------------------------------------------------------

    /// An hour with faults; then without: NORMAL within a bound, and equal databases.
    pub(crate) fn run(&mut self) {
        self.run_until(HOUR);
        self.calm = true;
        self.note(|| "-- no more faults".into());
        self.heal();
        for node in 0..2 {
            self.resume(node);
        }
        // STARTUP, a new connection, RECOVER-WAIT after any of the two, and the wait of the clocks.
        let bound = Millis::from(self.plan.mclt_seconds) * 2000 + 240_000;
        self.settle(bound, "NORMAL", |world| {
            world.nodes.iter().all(|node| node.state() == Some(State::Normal))
        });
        self.settle(400_000, "quiet", Self::is_quiet);
        self.check.equal(&self.plan, &self.nodes);
    }

    fn settle(&mut self, bound: Millis, what: &str, is_so: impl Fn(&Self) -> bool) {
        let end = self.now + bound;
        while !is_so(self) {
            assert!(self.now < end, "not {what} after {} s: {}", bound / 1000, self.untold());
            self.run_until(self.now + 500);
        }
    }

    /// The leases of which the partner lacks something, on both servers.
    fn untold(&self) -> String {
        let mut text = String::new();
        for (node, other) in [(0, 1), (1, 0)] {
            let mut leases = Vec::new();
            self.nodes[node].db.scan(None, usize::MAX, &mut leases);
            for lease in leases.iter().filter(|lease| needs_update(lease)) {
                let theirs = self.nodes[other].db.get(lease.key).unwrap_or_default();
                let of = |lease: &Lease| {
                    let (client, end) = (lease.hw_addr, lease.expiration_time.0);
                    let times = lease.potential_expiration_time;
                    format!(
                        "{:?} {:?} {client} end {end} {times:?} {:?}",
                        lease.state, lease.rewind_state, lease.origin
                    )
                };
                text += &format!("\n  {node} {}: {}; the other {}", lease.key.addr, of(lease), of(&theirs));
            }
        }
        text
    }

    fn is_quiet(&self) -> bool {
        self.nodes.iter().all(|node| {
            let Some(running) = &node.running else { return false };
            let status = running.endpoint.status(&node.db);
            let mut leases = Vec::new();
            node.db.scan(None, usize::MAX, &mut leases);
            let known = leases.iter().all(|lease| !needs_update(lease));
            status.unacked == 0 && status.waiting == 0 && status.to_ack == 0 && known
        })
    }
}
