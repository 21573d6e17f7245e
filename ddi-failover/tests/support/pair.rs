//! Two endpoints over two lease databases in memory, and a wire between them.
#![allow(dead_code, unreachable_pub, reason = "each test uses a part")]

#[path = "disguise.rs"]
mod disguise;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use ddi_core::authority::{Asking, Permission, Question, Service};
use ddi_core::db::{DbConfig, PoolConfig};
use ddi_core::{
    Authority, BindingState, Expect, FreeKind, HwAddr, Instant, Lease, LeaseDb, LeaseKey, LeaseStore, Lsn,
    MemStorage, Now, Origin, PoolId, UnixTime,
};
use ddi_failover::endpoint::{Config, Endpoint, Event, LinkId, Start};
use ddi_failover::state::Command;
use ddi_failover::{Role, State};

pub const START: u64 = 1_700_000_000;

pub fn pool(id: u32, third: u8, count: u8) -> PoolConfig {
    PoolConfig {
        id: PoolId(id),
        space: 0,
        subnet_id: id + 100,
        first: Ipv4Addr::new(10, 0, third, 1),
        last: Ipv4Addr::new(10, 0, third, count),
        excluded: Vec::new(),
        reserved: Vec::new(),
    }
}

pub fn config(role: Role) -> Config {
    Config { mclt_seconds: 60, ..Config::new(b"fo1", role, vec![pool(1, 0, 100)]) }
}

pub fn addr(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, 0, last)
}

pub fn hw(client: u32) -> HwAddr {
    let [a, b, c, d] = client.to_be_bytes();
    HwAddr::new(1, &[2, 0, a, b, c, d]).unwrap()
}

/// One server.
pub struct Node {
    pub config: Config,
    pub endpoint: Endpoint,
    pub db: LeaseDb,
    pub storage: Arc<MemStorage>,
    /// What the host has saved of the state.
    pub saved: Option<Box<[u8]>>,
    /// Saving takes for ever.
    pub stuck: bool,
    pub unsaved: Option<u64>,
    /// Its leases are lost, and that is not saved yet.
    pub lost: bool,
    /// What was told, but for saves, dials and closes.
    pub events: Vec<Event>,
    /// Seconds that this server's clock is ahead.
    pub ahead: i64,
}

impl Node {
    pub fn new(now: Now, config: Config) -> Self {
        let storage = Arc::new(MemStorage::default());
        let db = open(&storage, &config);
        let endpoint = Endpoint::new(now, config.clone(), Start::Nothing).unwrap();
        Self {
            config,
            endpoint,
            db,
            storage,
            saved: None,
            stuck: false,
            unsaved: None,
            lost: false,
            events: Vec::new(),
            ahead: 0,
        }
    }

    pub fn lease(&self, last: u8) -> Lease {
        self.db.get(LeaseKey::v4(addr(last))).unwrap_or_else(|| Lease::new(LeaseKey::v4(addr(last))))
    }

    pub fn counts(&self) -> (u64, u64, u64) {
        let counts = self.db.pool_counts(PoolId(1)).unwrap();
        (counts.free, counts.backup, counts.active)
    }
}

fn open(storage: &Arc<MemStorage>, config: &Config) -> LeaseDb {
    let (mut db, _) = LeaseDb::open(Arc::clone(storage) as _, &DbConfig::new([7; 16])).unwrap();
    db.set_pools(&config.pools).unwrap();
    db
}

/// Both, and the connections between them: each has the same number on both sides.
pub struct Pair {
    pub nodes: [Node; 2],
    pub now: Now,
    /// Which connections exist.
    links: Vec<LinkId>,
    next_link: u64,
    /// How often it was tried to make one.
    pub dialled: u64,
    /// No connection can be made.
    pub cut: bool,
    /// Bytes on the way are lost from now on, in this direction (0: from the first server).
    pub mute: [bool; 2],
    /// What each server has sent.
    pub sent: [Vec<u8>; 2],
    /// This server takes the other, which has a fixed profile, to be dhcpd.
    pub deceived: Option<usize>,
}

impl Pair {
    pub fn new(primary: Config, secondary: Config) -> Self {
        let now = Now { instant: Instant(1000), unix: UnixTime(START) };
        Self {
            nodes: [Node::new(now, primary), Node::new(now, secondary)],
            now,
            links: Vec::new(),
            next_link: 0,
            dialled: 0,
            cut: false,
            mute: [false; 2],
            sent: [Vec::new(), Vec::new()],
            deceived: None,
        }
    }

    pub fn usual() -> Self {
        Self::new(config(Role::Primary), config(Role::Secondary))
    }

    /// In NORMAL, with the pools shared.
    pub fn normal() -> Self {
        let mut pair = Self::usual();
        pair.settle();
        assert_eq!(pair.states(), [State::Normal; 2]);
        pair
    }

    pub fn states(&self) -> [State; 2] {
        [self.nodes[0].endpoint.state(), self.nodes[1].endpoint.state()]
    }

    pub fn now_of(&self, node: usize) -> Now {
        let unix = self.now.unix.0.saturating_add_signed(self.nodes[node].ahead);
        Now { unix: UnixTime(unix), ..self.now }
    }

    /// Does everything that can be done at this moment.
    pub fn settle(&mut self) {
        for _ in 0..100_000 {
            if !self.turn() {
                return;
            }
        }
        panic!("no end: {:?} {:?}", self.states(), self.nodes[0].endpoint.status(&self.nodes[0].db));
    }

    /// True if anything happened.
    pub fn turn(&mut self) -> bool {
        let mut busy = false;
        for at in 0..2 {
            let now = self.now_of(at);
            let node = &mut self.nodes[at];
            if node.endpoint.poll_timeout().is_some_and(|due| due <= now.instant) {
                node.endpoint.handle_timeout(now, &mut node.db);
                busy = true;
            }
            node.db.commit().unwrap();
            busy |= self.transmit(at);
            busy |= self.drain(at);
        }
        busy
    }

    fn transmit(&mut self, at: usize) -> bool {
        let mut busy = false;
        for link in self.links.clone() {
            let mut buffer = [0; 3000];
            loop {
                let node = &mut self.nodes[at];
                node.db.commit().unwrap();
                let Some(len) = node.endpoint.poll_transmit(&node.db, link, &mut buffer) else { break };
                busy = true;
                if self.deceived == Some(1 - at) {
                    disguise::disguise(&mut buffer[..len]);
                }
                self.sent[at].extend_from_slice(&buffer[..len]);
                if self.mute[at] || !self.links.contains(&link) {
                    continue;
                }
                let now = self.now_of(1 - at);
                let other = &mut self.nodes[1 - at];
                let _ = other.endpoint.handle_bytes(now, &mut other.db, link, &buffer[..len]);
            }
        }
        busy
    }

    fn drain(&mut self, at: usize) -> bool {
        let mut busy = false;
        while let Some(event) = self.nodes[at].endpoint.poll_event() {
            busy = true;
            match event {
                Event::Save { number, bytes } => {
                    let node = &mut self.nodes[at];
                    if node.stuck {
                        node.unsaved = Some(number);
                        continue;
                    }
                    node.saved = Some(bytes);
                    node.lost = false;
                    node.endpoint.handle_saved(number);
                }
                Event::Dial => self.dial(at),
                Event::Close { link, .. } => {
                    self.transmit(at);
                    self.close(link);
                }
                event => self.nodes[at].events.push(event),
            }
        }
        busy
    }

    pub fn dial(&mut self, at: usize) {
        let now = self.now_of(at);
        self.dialled += 1;
        if self.cut {
            self.nodes[at].endpoint.handle_dial_failed(now);
            return;
        }
        self.next_link += 1;
        let link = LinkId(self.next_link);
        self.links.push(link);
        self.nodes[at].endpoint.handle_dialled(now, link);
        let now = self.now_of(1 - at);
        self.nodes[1 - at].endpoint.handle_accepted(now, link);
    }

    pub fn close(&mut self, link: LinkId) {
        self.links.retain(|known| *known != link);
        for at in 0..2 {
            let now = self.now_of(at);
            let node = &mut self.nodes[at];
            node.endpoint.handle_closed(now, &mut node.db, link);
        }
    }

    pub fn links(&self) -> &[LinkId] {
        &self.links
    }

    /// Bytes arrive again, on new connections: what is lost of a stream ends it.
    pub fn unmute(&mut self) {
        if std::mem::take(&mut self.mute) != [false; 2] {
            self.links.clone().into_iter().for_each(|link| self.close(link));
        }
    }

    /// Cuts every connection, and lets none be made.
    pub fn cut(&mut self) {
        self.cut = true;
        for link in self.links.clone() {
            self.close(link);
        }
        self.settle();
    }

    pub fn heal(&mut self) {
        self.cut = false;
        self.wait(12);
    }

    /// Lets time pass, from one timer to the next.
    pub fn wait(&mut self, seconds: u64) {
        let end = Instant(self.now.instant.0 + seconds * 1000);
        self.settle();
        while self.now.instant < end {
            let next = self.nodes.iter().filter_map(|node| node.endpoint.poll_timeout()).min();
            let next = next.unwrap_or(end).max(Instant(self.now.instant.0 + 1)).min(end);
            let unix = START + (next.0 - 1000) / 1000;
            self.now = Now { instant: next, unix: UnixTime(unix) };
            self.settle();
        }
    }

    /// Stops a server and starts it with what is stored; `lost`: its leases are gone.
    pub fn restart(&mut self, at: usize, lost: bool) {
        for link in self.links.clone() {
            self.links.retain(|known| *known != link);
            let now = self.now_of(1 - at);
            let other = &mut self.nodes[1 - at];
            other.endpoint.handle_closed(now, &mut other.db, link);
        }
        let now = self.now_of(at);
        let node = &mut self.nodes[at];
        node.lost |= lost;
        if lost {
            node.storage = Arc::new(MemStorage::default());
        }
        node.db = open(&node.storage, &node.config);
        let start = match &node.saved {
            Some(bytes) if node.lost => Start::LeasesLost(bytes),
            Some(bytes) => Start::Saved(bytes),
            None => Start::Nothing,
        };
        node.endpoint = Endpoint::new(now, node.config.clone(), start).unwrap();
        node.unsaved = None;
    }

    pub fn command(&mut self, at: usize, command: Command) {
        let now = self.now_of(at);
        let node = &mut self.nodes[at];
        node.endpoint.handle_command(now, &mut node.db, command).unwrap();
        self.settle();
    }

    /// A client's REQUEST for an address, as the DHCP server handles it: the lease time, or what it is told.
    pub fn request(&mut self, at: usize, last: u8, client: u32, desired: u32) -> Result<u32, Permission> {
        let now = self.now_of(at);
        let node = &mut self.nodes[at];
        let mut lease = node.lease(last);
        let hw_addr = hw(client);
        let question = Question {
            asking: Asking::Request,
            hash_id: hw_addr.bytes(),
            secs: 0,
            pool: node.db.pool_of(lease.key),
        };
        if node.endpoint.serves(now, question) != Service::Serve {
            return Err(Permission::Silent);
        }
        let same = lease.hw_addr == hw_addr;
        let permission = node.endpoint.may_bind(now, &lease, node.db.pool_of(lease.key), same);
        if permission != Permission::Allow {
            return Err(permission);
        }
        let grant = node.endpoint.grant(now, &lease, desired);
        if lease.state != BindingState::Active {
            lease.start_time_of_state = now.unix;
        }
        if !same {
            lease.rewind_state = None;
        }
        lease.state = BindingState::Active;
        lease.hw_addr = hw_addr;
        lease.client_last_transaction_time = now.unix;
        let end = now.unix.plus_secs(grant.lease_seconds.into());
        lease.expiration_time = if same { lease.expiration_time.max(end) } else { end };
        lease.potential_expiration_time.sent = grant.potential_expiration_sent;
        lease.subnet_id = 101;
        lease.origin = Origin::Local;
        node.db.put(&mut lease, Expect::Any).unwrap();
        node.endpoint.handle_lease_changed(now, &mut node.db, lease.key);
        Ok(grant.lease_seconds)
    }

    /// A new client: any address that may be given.
    pub fn discover(&mut self, at: usize, client: u32, desired: u32) -> Option<u8> {
        let now = self.now_of(at);
        let kinds: Vec<FreeKind> = self.nodes[at].endpoint.free_kinds(now, PoolId(1)).to_vec();
        for kind in kinds {
            let Some(key) = self.nodes[at].db.next_free(PoolId(1), kind) else { continue };
            let last = key.as_v4().unwrap().octets()[3];
            if self.request(at, last, client, desired).is_ok() {
                return Some(last);
            }
            self.nodes[at].db.release_hold(key);
        }
        None
    }

    /// The client gives it back (`released`), or its time is over. The state that it got.
    pub fn end(&mut self, at: usize, last: u8, released: bool) -> Option<BindingState> {
        let now = self.now_of(at);
        let node = &mut self.nodes[at];
        let mut lease = node.lease(last);
        let next = node.endpoint.ended(now, &lease, released)?;
        lease.expiration_time = lease.expiration_time.min(now.unix);
        lease.start_time_of_state = now.unix;
        lease.state = next;
        node.db.put(&mut lease, Expect::Any).unwrap();
        node.endpoint.handle_lease_changed(now, &mut node.db, lease.key);
        Some(next)
    }

    /// Both databases say the same of every address, as far as the two servers have to agree.
    pub fn assert_equal(&self) {
        let [one, other] = [0, 1].map(|at| {
            let mut page = Vec::new();
            self.nodes[at].db.scan(None, usize::MAX, &mut page);
            let facts = page.into_iter().map(|lease| {
                let running = lease.state == BindingState::Active;
                let facts =
                    (lease.state, running.then_some((lease.hw_addr, lease.client_id, lease.expiration_time)));
                (lease.key, facts)
            });
            let virgin = (BindingState::Free, None);
            facts.filter(|(_, facts)| *facts != virgin).collect::<BTreeMap<_, _>>()
        });
        assert_eq!(one, other);
    }

    /// The types of all messages that a server sent, with their whole bytes.
    pub fn messages(&self, at: usize) -> Vec<(u8, Vec<u8>)> {
        let mut rest = &self.sent[at][..];
        let mut found = Vec::new();
        while rest.len() > 12 || rest.len() == 12 {
            let len = usize::from(u16::from_be_bytes([rest[0], rest[1]]));
            found.push((rest[2], rest[..len].to_vec()));
            rest = &rest[len..];
        }
        found
    }
}

pub const DURABLE: Lsn = Lsn(u64::MAX);
