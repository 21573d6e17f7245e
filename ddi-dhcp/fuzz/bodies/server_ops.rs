//! Bytes as a history: clients, lost replies, time, crashes, new configurations, rubbish. A checker
//! keeps what clients were promised, and knows nothing of how the server does it.

use ddi_core::db::PoolConfig;
use ddi_core::log::{MemStorage, Tear};
use ddi_core::{
    BindingState, DbConfig, HwAddr, Instant, Lease, LeaseDb, LeaseKey, LeaseStore, Now, Standalone, UnixTime,
};
use ddi_dhcp::server::{
    Config, Event, LeaseTimes, Link, MAX_REPLY, Names, Pool, Received, Reservation, ReservedFor,
};
use ddi_dhcp::server::{Server, Subnet};
use ddi_dhcp::v4::{Header, MessageType, Op, OptionSet, Packet, Reply, code};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::Arc;

/// A store that can be committed and crash.
pub trait Durable {
    type Leases: LeaseStore;
    fn leases(&self) -> &Self::Leases;
    fn leases_mut(&mut self) -> &mut Self::Leases;
    fn open(pools: &[PoolConfig]) -> Self;
    fn set_pools(&mut self, pools: &[PoolConfig]);
    fn commit(&mut self);
    /// What a power loss leaves.
    fn crash(self, pools: &[PoolConfig]) -> Self;
}

/// The real database on a disk in memory.
pub struct RealStore {
    db: LeaseDb,
    disk: Arc<MemStorage>,
}

impl RealStore {
    fn over(disk: MemStorage, pools: &[PoolConfig]) -> Self {
        let disk = Arc::new(disk);
        let mut config = DbConfig::new([3; 16]);
        (config.log.first_segment_bytes, config.log.segment_bytes) = (4 << 10, 64 << 10);
        let (mut db, _) = LeaseDb::open(Arc::clone(&disk) as _, &config).expect("a whole disk");
        db.set_pools(pools).expect("good pools");
        Self { db, disk }
    }
}

impl Durable for RealStore {
    type Leases = LeaseDb;
    fn leases(&self) -> &LeaseDb {
        &self.db
    }
    fn leases_mut(&mut self) -> &mut LeaseDb {
        &mut self.db
    }
    fn open(pools: &[PoolConfig]) -> Self {
        Self::over(MemStorage::new(), pools)
    }
    fn set_pools(&mut self, pools: &[PoolConfig]) {
        self.db.set_pools(pools).expect("good pools");
    }
    fn commit(&mut self) {
        self.db.commit().expect("a disk without faults");
    }
    fn crash(self, pools: &[PoolConfig]) -> Self {
        Self::over(self.disk.crash(Tear::Nothing), pools)
    }
}

const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const CLIENTS: u8 = 6;
const QUARANTINE_SECS: u32 = 3000;
const LONGEST_SECS: u32 = 2000;

fn config(features: u8, small: bool) -> Config {
    let on = |bit: u8| features & 1 << bit != 0;
    let mut subnet = Subnet::new(1, "10.0.0.0/24".parse().expect("a prefix"));
    let last = if small { 12 } else { 14 };
    subnet.pools = vec![Pool::new(Ipv4Addr::new(10, 0, 0, 10), Ipv4Addr::new(10, 0, 0, last))];
    if on(0) {
        let client = ReservedFor::HwAddr(vec![2, 0, 0, 0, 0, 2]);
        subnet.reservations = vec![Reservation::new(client, Ipv4Addr::new(10, 0, 0, 11))];
    }
    Config {
        authoritative: on(1),
        links: vec![Link { interface: 1, addresses: vec![SERVER] }],
        lease: LeaseTimes { default_seconds: 1000, min_seconds: 10, max_seconds: LONGEST_SECS },
        subnets: vec![subnet],
        quarantine_seconds: QUARANTINE_SECS,
        ping_millis: on(2).then_some(500),
        cache_threshold_percent: if on(3) { 50 } else { 0 },
        rapid_commit: on(4),
        dynamic_bootp: on(5),
        max_offers: if on(6) { 2 } else { 100 },
        names: Names { enabled: on(7), suffix: b"example".to_vec(), from_hostname: true, ..Names::default() },
        ..Config::default()
    }
}

/// What a client was told, and may rely on.
#[derive(Clone, Debug)]
struct Promise {
    client: Vec<u8>,
    until: u64,
}

/// A message that went out: who sent it, and when.
#[derive(Clone, Debug)]
struct Asked {
    client: Vec<u8>,
    number: u8,
    at: u64,
}

struct World<'d, S> {
    data: &'d [u8],
    features: u8,
    small: bool,
    server: Server,
    store: S,
    now: Now,
    asked: Vec<Asked>,
    offered: [Ipv4Addr; 2 * CLIENTS as usize],
    has: [Ipv4Addr; 2 * CLIENTS as usize],
    promises: BTreeMap<Ipv4Addr, Promise>,
    quarantined: BTreeMap<Ipv4Addr, u64>,
    pinged: Vec<Ipv4Addr>,
}

/// Over the real database.
pub fn server_ops(data: &[u8]) {
    run::<RealStore>(data);
}

pub fn run<S: Durable>(data: &[u8]) {
    let (&features, data) = data.split_first().unwrap_or((&0, &[]));
    let server = Server::new(config(features, false), 1).expect("a good configuration");
    let mut world = World {
        // An operation takes a few bytes at least: histories stay short enough to be run often.
        data: &data[..data.len().min(4096)],
        features,
        small: false,
        store: S::open(&server.pools()),
        server,
        now: Now { instant: Instant(0), unix: UnixTime(1_700_000_000) },
        asked: Vec::new(),
        offered: [Ipv4Addr::UNSPECIFIED; 2 * CLIENTS as usize],
        has: [Ipv4Addr::UNSPECIFIED; 2 * CLIENTS as usize],
        promises: BTreeMap::new(),
        quarantined: BTreeMap::new(),
        pinged: Vec::new(),
    };
    while !world.data.is_empty() {
        world = world.step();
        world.check_no_double();
    }
    world.store.commit();
    world.collect();
    world.check_store();
}

impl<S: Durable> World<'_, S> {
    fn byte(&mut self) -> u8 {
        let (&byte, rest) = self.data.split_first().unwrap_or((&0, &[]));
        self.data = rest;
        byte
    }

    fn step(mut self) -> Self {
        match self.byte() % 18 {
            0..=2 => self.discover(),
            3..=5 => self.selecting(),
            6 => self.renewing(true),
            7 => self.renewing(false),
            8 => self.init_reboot(),
            9 => self.release(),
            10 => self.decline(),
            11 => self.plain(),
            12 => self.collect_all(),
            13 => self.wait(true),
            14 => self.wait(false),
            15 => return self.crash(),
            16 => self.reconfigure(),
            _ => self.rubbish_or_ping(),
        }
        self
    }

    fn client(&mut self) -> u8 {
        self.byte() % CLIENTS
    }

    /// The address that the client believes in, or any.
    fn address(&mut self, believed: Ipv4Addr) -> Ipv4Addr {
        match self.byte() {
            byte if byte < 200 && !believed.is_unspecified() => believed,
            byte => Ipv4Addr::new(10, 0, 0, byte % 8 + 9),
        }
    }

    fn discover(&mut self) {
        let client = self.client();
        let choice = self.byte();
        let mut options = OptionSet::new();
        options.put_u8(code::MESSAGE_TYPE, MessageType::Discover.into());
        if choice & 1 != 0 {
            options.put(code::RAPID_COMMIT, &[]);
        }
        if choice & 2 != 0 {
            options.put_ipv4(code::REQUESTED_ADDRESS, Ipv4Addr::new(10, 0, 0, choice % 8 + 9));
        }
        if choice & 4 != 0 {
            options.put_u32(code::LEASE_SECONDS, u32::from(choice) * 10);
        }
        self.tell(client, Ipv4Addr::UNSPECIFIED, true, options);
    }

    fn request(&mut self, client: u8, ciaddr: Ipv4Addr, broadcast: bool, mut options: OptionSet) {
        options.put_u8(code::MESSAGE_TYPE, MessageType::Request.into());
        let choice = self.byte();
        if choice & 1 != 0 {
            options.put(code::HOST_NAME, &[b'h', b'a' + choice % 4]);
        }
        if choice & 2 != 0 {
            options.put_u32(code::LEASE_SECONDS, u32::from(choice) * 10);
        }
        self.tell(client, ciaddr, broadcast, options);
    }

    fn selecting(&mut self) {
        let client = self.client();
        let address = self.address(self.offered[usize::from(client)]);
        let mut options = OptionSet::new();
        options.put_ipv4(code::REQUESTED_ADDRESS, address);
        let other = self.byte() > 240;
        options.put_ipv4(code::SERVER_ID, if other { Ipv4Addr::new(10, 0, 0, 2) } else { SERVER });
        self.request(client, Ipv4Addr::UNSPECIFIED, true, options);
    }

    fn renewing(&mut self, unicast: bool) {
        let client = self.client();
        let address = self.address(self.has[usize::from(client)]);
        self.request(client, address, !unicast, OptionSet::new());
    }

    fn init_reboot(&mut self) {
        let client = self.client();
        let address = self.address(self.has[usize::from(client)]);
        let mut options = OptionSet::new();
        options.put_ipv4(code::REQUESTED_ADDRESS, address);
        self.request(client, Ipv4Addr::UNSPECIFIED, true, options);
    }

    fn release(&mut self) {
        let client = self.client();
        let address = self.address(self.has[usize::from(client)]);
        self.forget(client, address);
        let mut options = OptionSet::new();
        options.put_u8(code::MESSAGE_TYPE, MessageType::Release.into());
        self.tell(client, address, false, options);
    }

    fn decline(&mut self) {
        let client = self.client();
        let address = self.address(self.has[usize::from(client)]);
        self.forget(client, address);
        let mut options = OptionSet::new();
        options.put_u8(code::MESSAGE_TYPE, MessageType::Decline.into());
        options.put_ipv4(code::REQUESTED_ADDRESS, address);
        let before = self.server.counters().quarantined;
        self.tell(client, Ipv4Addr::UNSPECIFIED, true, options);
        if self.server.counters().quarantined > before {
            self.quarantined.insert(address, self.now.unix.0 + u64::from(QUARANTINE_SECS));
        }
    }

    /// INFORM, or BOOTP.
    fn plain(&mut self) {
        let client = self.client();
        let mut options = OptionSet::new();
        let address = Ipv4Addr::new(10, 0, 0, 200);
        if self.byte() & 1 != 0 {
            options.put_u8(code::MESSAGE_TYPE, MessageType::Inform.into());
            self.tell(client, address, false, options);
        } else {
            // Clients of their own, that never speak DHCP.
            self.tell(client + CLIENTS, Ipv4Addr::UNSPECIFIED, true, options);
        }
    }

    /// The client stops using the address, if it is its own.
    fn forget(&mut self, client: u8, address: Ipv4Addr) {
        let id = identity(client);
        if self.promises.get(&address).is_some_and(|promise| promise.client == id) {
            self.promises.remove(&address);
        }
        if self.has[usize::from(client)] == address {
            self.has[usize::from(client)] = Ipv4Addr::UNSPECIFIED;
        }
        // An ACK that is still on its way is not one to rely on any more.
        self.asked.iter_mut().filter(|asked| asked.client == id).for_each(|asked| asked.at = u64::MAX);
    }

    fn tell(&mut self, client: u8, ciaddr: Ipv4Addr, broadcast: bool, mut options: OptionSet) {
        let id = identity(client);
        if has_client_id(client) {
            options.put(code::CLIENT_ID, &id);
        }
        let xid = self.asked.len() as u32;
        self.asked.push(Asked { client: id, number: client, at: self.now.unix.0 });
        let header = Header { op: Op::Request, hw_addr: hw_addr(client), xid, ciaddr, ..Header::default() };
        let mut bytes = [0; 600];
        let len = Reply::new(&header, &options).emit(&mut bytes).expect("room").len;
        let to = if broadcast { Ipv4Addr::BROADCAST } else { SERVER };
        self.handle(&bytes[..len], to);
    }

    fn handle(&mut self, bytes: &[u8], to: Ipv4Addr) {
        let received =
            Received { interface: 1, from: SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 68), to, bytes };
        self.server.handle_datagram(self.now, self.store.leases_mut(), &Standalone, &received);
        self.events();
    }

    fn events(&mut self) {
        while let Some(event) = self.server.poll_event() {
            if let Event::Ping { address, .. } = event {
                self.pinged.push(address);
            }
        }
    }

    fn collect_all(&mut self) {
        self.store.commit();
        self.collect();
        self.check_store();
    }

    fn collect(&mut self) {
        let mut buffer = [0; MAX_REPLY];
        while let Some(transmit) = self.server.poll_transmit(self.store.leases(), &mut buffer) {
            let packet = Packet::parse(&buffer[..transmit.len]).expect("the server's own");
            self.told(&packet);
        }
    }

    /// A client gets a reply.
    fn told(&mut self, packet: &Packet<'_>) {
        let Some(asked) = self.asked.get(packet.xid() as usize).cloned() else { return };
        let (client, address) = (usize::from(asked.number), packet.yiaddr());
        let expected = HwAddr::new(1, hw_addr(asked.number).bytes());
        assert_eq!(Some(packet.hw_addr()), expected, "for whom it was asked");
        match packet.message_type() {
            _ if address.is_unspecified() => {
                if packet.message_type() == Some(MessageType::Nak) {
                    self.forget(asked.number, self.has[client]);
                }
            }
            Some(MessageType::Offer) => self.offered[client] = address,
            kind => {
                let seconds =
                    if kind.is_none() { u32::MAX } else { packet.lease_seconds().expect("a lease time") };
                assert!(kind.is_none() || (1..=LONGEST_SECS).contains(&seconds), "{seconds} s");
                self.promised(&asked, address, seconds);
            }
        }
    }

    fn promised(&mut self, asked: &Asked, address: Ipv4Addr, seconds: u32) {
        let until = if seconds == u32::MAX { u64::MAX } else { asked.at.saturating_add(seconds.into()) };
        // The client gave it up meanwhile, or the reply was collected when the time had passed.
        if asked.at == u64::MAX || until <= self.now.unix.0 {
            return;
        }
        if let Some(other) = self.promises.get(&address) {
            let both = other.client != asked.client && other.until > asked.at;
            assert!(!both, "{address} is {other:?}, and promised to {asked:?}");
        }
        if let Some(&end) = self.quarantined.get(&address) {
            assert!(asked.at >= end, "{address} is in quarantine until {end}, and promised to {asked:?}");
        }
        // A shorter ACK may not have arrived: the longer one still counts.
        let old = self.promises.get(&address).filter(|old| old.client == asked.client);
        let until = old.map_or(until, |old| old.until.max(until));
        self.promises.insert(address, Promise { client: asked.client.clone(), until });
        self.has[usize::from(asked.number)] = address;
    }

    fn wait(&mut self, timers: bool) {
        let secs = u64::from(self.byte()) * 8;
        let end = self.now.instant.plus_secs(secs);
        let start = self.now;
        let at = |instant: Instant| Now {
            instant,
            unix: start.unix.plus_secs(instant.millis_since(start.instant) / 1000),
        };
        while timers && let Some(due) = self.server.poll_timeout().filter(|&due| due <= end) {
            assert!(
                due >= self.now.instant
                    || due == Instant(0)
                    || self.now.instant == at(self.now.instant).instant
            );
            self.now = at(due.max(self.now.instant));
            self.server.handle_timeout(self.now, self.store.leases_mut(), &Standalone);
            self.events();
        }
        self.now = at(end);
    }

    fn crash(mut self) -> Self {
        self.server = Server::new(config(self.features, self.small), 2).expect("a good configuration");
        let pools = self.server.pools();
        self.store = self.store.crash(&pools);
        self.pinged.clear();
        // A quarantine that was not durable is lost with the crash: nobody was told of it.
        let lease = |store: &S, address| {
            let mut lease = Lease::default();
            store.leases().get_into(LeaseKey::v4(address), &mut lease);
            lease
        };
        let store = &self.store;
        self.quarantined.retain(|&address, end| {
            let lease = lease(store, address);
            *end = lease.expiration_time.0;
            lease.state == BindingState::Abandoned
        });
        self.check_store();
        self
    }

    fn reconfigure(&mut self) {
        self.small = self.byte() & 1 != 0;
        let config = config(self.features, self.small);
        self.server.set_config(self.now, config).expect("a good configuration");
        self.store.set_pools(&self.server.pools());
    }

    fn rubbish_or_ping(&mut self) {
        if let Some(address) = self.pinged.pop() {
            let answered = self.byte() & 1 != 0;
            let before = self.server.counters().quarantined;
            self.server.handle_ping(self.now, self.store.leases_mut(), &Standalone, address, answered);
            if self.server.counters().quarantined > before {
                self.quarantined.insert(address, self.now.unix.0 + u64::from(QUARANTINE_SECS));
            }
            return self.events();
        }
        // A packet whose options are the data itself.
        let header = Header { xid: u32::MAX, hw_addr: hw_addr(9), ..Header::default() };
        let mut bytes = [0; 600];
        let len = Reply::new(&header, &OptionSet::new()).emit(&mut bytes).expect("room").len;
        let options = &self.data[..self.data.len().min(200)];
        bytes[240..240 + options.len()].copy_from_slice(options);
        bytes[24] = options.first().map_or(0, |byte| byte & 10);
        let len = len.max(240 + options.len());
        self.handle(&bytes[..len], Ipv4Addr::BROADCAST);
    }

    /// The store has what was promised: with the client, and for long enough.
    fn check_store(&self) {
        let mut lease = Lease::default();
        for (&address, promise) in self.promises.iter().filter(|(_, promise)| promise.until > self.now.unix.0)
        {
            self.store.leases().get_into(LeaseKey::v4(address), &mut lease);
            assert_eq!(lease.state, BindingState::Active, "{address}: {promise:?}");
            let id = if lease.client_id.is_empty() { lease.hw_addr.bytes() } else { &lease.client_id };
            assert_eq!(id, promise.client, "{address}");
            assert!(lease.expiration_time.0 >= promise.until, "{address}: {promise:?}, {lease:?}");
        }
    }

    /// No two clients hold one address, and offers hold what they offer.
    fn check_no_double(&self) {
        assert!(self.server.offers() <= self.server.config().max_offers);
    }
}

fn hw_addr(client: u8) -> HwAddr {
    HwAddr::new(1, &[2, 0, 0, 0, 0, client]).expect("short")
}

fn identity(client: u8) -> Vec<u8> {
    if has_client_id(client) { vec![0, b'c', client] } else { hw_addr(client).bytes().to_vec() }
}

fn has_client_id(client: u8) -> bool {
    client < CLIENTS && client % 2 == 1
}
