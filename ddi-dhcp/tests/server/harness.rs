//! A server with its store and clock, and clients to ask it.

use crate::store::{ModelPool, ModelStore};
use ddi_core::{Authority, HwAddr, Instant, Lease, LeaseKey, LeaseStore, Now, PoolId, Standalone, UnixTime};
use ddi_dhcp::server::{Config, Destination, Dropped, Event, LeaseTimes, Link, MAX_REPLY, Pool, Received};
use ddi_dhcp::server::{Server, Subnet, Transmit};
use ddi_dhcp::v4::{BROADCAST_FLAG, Header, MessageType, Op, OptionSet, Packet, Reply, code};
use std::net::{Ipv4Addr, SocketAddrV4};

pub const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
pub const RELAY: Ipv4Addr = Ipv4Addr::new(10, 1, 0, 2);
pub const EVERYBODY: Ipv4Addr = Ipv4Addr::BROADCAST;
pub const NOBODY: Ipv4Addr = Ipv4Addr::UNSPECIFIED;
pub const START: u64 = 1_700_000_000;
pub const INTERFACE: u32 = 3;

pub fn addr(text: &str) -> Ipv4Addr {
    text.parse().unwrap()
}

pub fn pool(first: &str, last: &str) -> Pool {
    Pool::new(addr(first), addr(last))
}

pub fn subnet(id: u32, prefix: &str, pools: &[(&str, &str)]) -> Subnet {
    let pools = pools.iter().map(|(first, last)| pool(first, last)).collect();
    Subnet { pools, ..Subnet::new(id, prefix.parse().unwrap()) }
}

/// A link (10.0.0.0/24, pool .10 to .19) and a subnet behind a relay (10.1.0.0/24, pool .10 to .19).
pub fn config() -> Config {
    Config {
        authoritative: true,
        links: vec![Link { interface: INTERFACE, addresses: vec![SERVER] }],
        lease: LeaseTimes { default_seconds: 1000, min_seconds: 100, max_seconds: 10_000 },
        subnets: vec![
            subnet(1, "10.0.0.0/24", &[("10.0.0.10", "10.0.0.19")]),
            subnet(2, "10.1.0.0/24", &[("10.1.0.10", "10.1.0.19")]),
        ],
        ..Config::default()
    }
}

/// The pools of a configuration as the model knows them; numbered as the server does.
pub fn model_pools(config: &Config) -> Vec<ModelPool> {
    let pools = config.subnets.iter().flat_map(|subnet| &subnet.pools).enumerate();
    let reserved = config.subnets.iter().flat_map(|subnet| &subnet.reservations).map(|r| r.address);
    let reserved: Vec<_> = reserved.collect();
    pools
        .map(|(id, pool)| ModelPool {
            id: PoolId(id as u32),
            first: pool.first,
            last: pool.last,
            reserved: reserved.clone(),
        })
        .collect()
}

/// A reply that was sent.
#[derive(Clone, Debug)]
pub struct Sent {
    pub transmit: Transmit,
    pub bytes: Vec<u8>,
}

impl Sent {
    pub fn packet(&self) -> Packet<'_> {
        Packet::parse(&self.bytes).unwrap()
    }

    pub fn kind(&self) -> Option<MessageType> {
        self.packet().message_type()
    }

    pub fn yiaddr(&self) -> Ipv4Addr {
        self.packet().yiaddr()
    }

    pub fn to(&self) -> Destination {
        self.transmit.to
    }

    /// The value of an option.
    pub fn option(&self, code: u8) -> Option<Vec<u8>> {
        Some(self.packet().option(code)?.pieces().flatten().copied().collect())
    }

    pub fn seconds(&self) -> Option<u32> {
        self.packet().lease_seconds()
    }

    /// The codes of all options in their order.
    pub fn codes(&self) -> Vec<u8> {
        self.packet().options().map(|value| value.code()).collect()
    }
}

/// A message to be.
#[derive(Clone, Debug)]
pub struct Ask {
    pub header: Header,
    pub options: OptionSet,
    pub from: SocketAddrV4,
    pub to: Ipv4Addr,
    pub interface: u32,
}

impl Ask {
    pub fn new(client: u8, kind: Option<MessageType>) -> Self {
        let hw_addr = HwAddr::new(1, &[2, 0, 0, 0, 0, client]).unwrap();
        let header =
            Header { op: Op::Request, hw_addr, xid: 0x1234_5600 | u32::from(client), ..Header::default() };
        let mut options = OptionSet::new();
        if let Some(kind) = kind {
            options.put_u8(code::MESSAGE_TYPE, kind.into());
        }
        let from = SocketAddrV4::new(NOBODY, 68);
        Self { header, options, from, to: EVERYBODY, interface: INTERFACE }
    }

    pub fn discover(client: u8) -> Self {
        Self::new(client, Some(MessageType::Discover))
    }

    fn request(client: u8) -> Self {
        Self::new(client, Some(MessageType::Request))
    }

    pub fn selecting(client: u8, address: Ipv4Addr) -> Self {
        Self::request(client).addr(code::REQUESTED_ADDRESS, address).addr(code::SERVER_ID, SERVER)
    }

    pub fn init_reboot(client: u8, address: Ipv4Addr) -> Self {
        Self::request(client).addr(code::REQUESTED_ADDRESS, address)
    }

    pub fn rebinding(client: u8, address: Ipv4Addr) -> Self {
        Self::request(client).ciaddr(address)
    }

    pub fn renewing(client: u8, address: Ipv4Addr) -> Self {
        Self::rebinding(client, address).unicast()
    }

    pub fn release(client: u8, address: Ipv4Addr) -> Self {
        Self::new(client, Some(MessageType::Release)).ciaddr(address).addr(code::SERVER_ID, SERVER).unicast()
    }

    pub fn decline(client: u8, address: Ipv4Addr) -> Self {
        let ask = Self::new(client, Some(MessageType::Decline));
        ask.addr(code::REQUESTED_ADDRESS, address).addr(code::SERVER_ID, SERVER)
    }

    pub fn inform(client: u8, address: Ipv4Addr) -> Self {
        Self::new(client, Some(MessageType::Inform)).ciaddr(address)
    }

    pub fn bootp(client: u8) -> Self {
        Self::new(client, None)
    }

    pub fn option(mut self, code: u8, value: &[u8]) -> Self {
        self.options.put(code, value);
        self
    }

    pub fn addr(self, code: u8, value: Ipv4Addr) -> Self {
        self.option(code, &value.octets())
    }

    pub fn ciaddr(mut self, address: Ipv4Addr) -> Self {
        self.header.ciaddr = address;
        self.from = SocketAddrV4::new(address, 68);
        self
    }

    pub fn unicast(mut self) -> Self {
        self.to = SERVER;
        self
    }

    pub fn broadcast_flag(mut self) -> Self {
        self.header.flags = BROADCAST_FLAG;
        self
    }

    pub fn client_id(self, id: &[u8]) -> Self {
        self.option(code::CLIENT_ID, id)
    }

    /// Through a relay, with these sub-options of option 82.
    pub fn relayed(mut self, giaddr: Ipv4Addr, info: &[u8]) -> Self {
        self.header.giaddr = giaddr;
        self.from = SocketAddrV4::new(giaddr, 67);
        self.to = SERVER;
        if info.is_empty() { self } else { self.option(code::RELAY_INFO, info) }
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut out = [0; 2000];
        let len = Reply::new(&self.header, &self.options).emit(&mut out).unwrap().len;
        out[..len].to_vec()
    }
}

/// A server and its world.
pub struct World<S = ModelStore, A = Standalone> {
    pub server: Server,
    pub store: S,
    pub authority: A,
    pub now: Now,
    pub events: Vec<Event>,
}

impl World {
    pub fn new(config: Config) -> Self {
        let store = ModelStore { pools: model_pools(&config), ..ModelStore::default() };
        Self::over(config, store, Standalone)
    }

    pub fn set_config(&mut self, config: Config) {
        self.store.pools = model_pools(&config);
        self.server.set_config(self.now, config).unwrap();
    }
}

impl<A: Authority> World<ModelStore, A> {
    /// Asks, commits, and gives the replies.
    pub fn ask(&mut self, ask: &Ask) -> Vec<Sent> {
        self.tell(ask);
        self.store.commit();
        self.sent()
    }

    /// Asks; there is one reply.
    pub fn one(&mut self, ask: &Ask) -> Sent {
        let mut sent = self.ask(ask);
        assert_eq!(sent.len(), 1, "{ask:?} -> {sent:?} {:?}", self.events.last());
        sent.remove(0)
    }

    /// Asks; there is no reply, for this reason.
    pub fn none(&mut self, ask: &Ask, why: Dropped) {
        let before = self.server.counters().dropped(why);
        let sent = self.ask(ask);
        assert!(sent.is_empty(), "{ask:?} -> {sent:?}");
        assert_eq!(self.server.counters().dropped(why), before + 1, "{ask:?}: {:?}", self.events.last());
    }

    /// A whole exchange; gives the ACK.
    pub fn bind(&mut self, client: u8) -> Sent {
        let offer = self.one(&Ask::discover(client));
        assert_eq!(offer.kind(), Some(MessageType::Offer));
        let ack = self.one(&Ask::selecting(client, offer.yiaddr()));
        assert_eq!((ack.kind(), ack.yiaddr()), (Some(MessageType::Ack), offer.yiaddr()));
        ack
    }

    pub fn lease(&self, address: Ipv4Addr) -> Lease {
        let mut lease = Lease::default();
        self.store.get_into(LeaseKey::v4(address), &mut lease);
        lease
    }
}

impl<S: LeaseStore, A: Authority> World<S, A> {
    pub fn over(config: Config, store: S, authority: A) -> Self {
        let now = Now { instant: Instant(0), unix: UnixTime(START) };
        let server = Server::new(config, 7).unwrap();
        Self { server, store, authority, now, events: Vec::new() }
    }

    pub fn tell(&mut self, ask: &Ask) {
        self.tell_bytes(&ask.bytes(), ask);
    }

    /// These bytes by the way of `ask`.
    pub fn tell_bytes(&mut self, bytes: &[u8], ask: &Ask) {
        let received = Received { interface: ask.interface, from: ask.from, to: ask.to, bytes };
        self.server.handle_datagram(self.now, &mut self.store, &self.authority, &received);
        self.collect();
    }

    pub fn ping(&mut self, address: Ipv4Addr, answered: bool) {
        self.server.handle_ping(self.now, &mut self.store, &self.authority, address, answered);
        self.collect();
    }

    pub fn sent(&mut self) -> Vec<Sent> {
        let mut sent = Vec::new();
        let mut buffer = [0; MAX_REPLY];
        while let Some(transmit) = self.server.poll_transmit(&self.store, &mut buffer) {
            sent.push(Sent { transmit, bytes: buffer[..transmit.len].to_vec() });
        }
        sent
    }

    /// Time passes; timers run when they are due.
    pub fn wait(&mut self, secs: u64) {
        let end = self.now.instant.plus_secs(secs);
        let start = self.now;
        for _ in 0..10_000 {
            let Some(due) = self.server.poll_timeout().filter(|due| *due <= end) else { break };
            self.set_instant(start, due.max(self.now.instant));
            self.server.handle_timeout(self.now, &mut self.store, &self.authority);
            self.collect();
        }
        self.set_instant(start, end);
    }

    fn set_instant(&mut self, start: Now, instant: Instant) {
        let secs = instant.millis_since(start.instant) / 1000;
        self.now = Now { instant, unix: start.unix.plus_secs(secs) };
    }

    fn collect(&mut self) {
        while let Some(event) = self.server.poll_event() {
            self.events.push(event);
        }
    }

    /// The events since the last call, but those of drops.
    pub fn events(&mut self) -> Vec<Event> {
        let all = std::mem::take(&mut self.events);
        all.into_iter().filter(|event| !matches!(event, Event::Dropped { .. })).collect()
    }
}
