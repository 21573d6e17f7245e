//! The DHCPv4 server engine over the lease database, without sockets and without a disk.

use ddi_core::{DbConfig, HwAddr, Instant, LeaseDb, Now, Standalone, UnixTime};
use ddi_dhcp::server::{Config, LeaseTimes, MAX_REPLY, Pool, Received, Server, Subnet};
use ddi_dhcp::v4::{Header, MessageType, Op, OptionSet, Packet, Reply, code};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::Arc;

use crate::forgets::Forgets;

const RELAY: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
const SERVER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

fn config() -> Config {
    let mut subnet = Subnet::new(1, "10.0.0.0/8".parse().expect("a prefix"));
    subnet.pools = vec![Pool::new(Ipv4Addr::new(10, 1, 0, 0), Ipv4Addr::new(10, 255, 255, 250))];
    let mut config = Config { authoritative: true, subnets: vec![subnet], ..Config::default() };
    config.lease = LeaseTimes::fixed(4000);
    config.cache_threshold_percent = 0;
    config.params.options.put(code::ROUTERS, &[10, 0, 0, 1]);
    config.params.options.put(code::DNS_SERVERS, &[10, 0, 0, 53]);
    config.params.options.put(code::DOMAIN_NAME, b"example.com");
    config
}

/// A client's message in place: only what differs is written anew.
struct Template {
    bytes: Vec<u8>,
    client_at: usize,
    address_at: usize,
}

impl Template {
    fn new(kind: MessageType) -> Self {
        let hw_addr = HwAddr::new(1, &[2, 0, 0xee, 0xee, 0xee, 0xee]).expect("short");
        let header = Header { op: Op::Request, hw_addr, giaddr: RELAY, xid: 7, hops: 1, ..Header::default() };
        let mut options = OptionSet::new();
        options.put_u8(code::MESSAGE_TYPE, kind.into());
        if kind == MessageType::Request {
            options.put(code::REQUESTED_ADDRESS, &[0xdd; 4]);
            options.put_ipv4(code::SERVER_ID, SERVER);
        }
        options.put(code::PARAMETER_REQUEST_LIST, &[1, 28, 2, 3, 15, 6, 12]);
        options.put(code::CLIENT_ID, &[1, 2, 0, 0xee, 0xee, 0xee, 0xee]);
        let mut bytes = vec![0; 600];
        let len = Reply::new(&header, &options).emit(&mut bytes).expect("room").len;
        bytes.truncate(len);
        let find = |what: [u8; 4]| bytes.windows(4).rposition(|four| four == what).unwrap_or(0);
        Self { client_at: find([0xee; 4]), address_at: find([0xdd; 4]), bytes }
    }

    fn of(&mut self, client: u32, address: Ipv4Addr) -> &[u8] {
        self.bytes[30..34].copy_from_slice(&client.to_be_bytes());
        self.bytes[self.client_at..][..4].copy_from_slice(&client.to_be_bytes());
        if self.address_at > 0 {
            self.bytes[self.address_at..][..4].copy_from_slice(&address.octets());
        }
        &self.bytes
    }
}

/// A server and its clients.
pub struct DoraWorld {
    server: Server,
    db: LeaseDb,
    now: Now,
    discover: Template,
    request: Template,
    buffer: [u8; MAX_REPLY],
    next: u32,
    /// How many clients there are.
    clients: u32,
}

impl DoraWorld {
    /// Exchanges between two commits.
    pub const BATCH: u32 = 64;

    /// With so many clients, which come in turn.
    ///
    /// # Panics
    /// If the configuration is not taken.
    #[must_use]
    pub fn new(clients: u32) -> Self {
        let (mut db, _) =
            LeaseDb::open(Arc::new(Forgets), &DbConfig::new([7; 16])).expect("an empty database");
        let server = Server::new(config(), 7).expect("a good configuration");
        db.set_pools(&server.pools()).expect("good pools");
        Self {
            server,
            db,
            now: Now { instant: Instant(0), unix: UnixTime(1_700_000_000) },
            discover: Template::new(MessageType::Discover),
            request: Template::new(MessageType::Request),
            buffer: [0; MAX_REPLY],
            next: 0,
            clients,
        }
    }

    /// A whole exchange of the next client; the ACK is counted when it is durable.
    fn exchange(&mut self) {
        self.next += 1;
        let client = self.next % self.clients;
        let from = SocketAddrV4::new(RELAY, 67);
        let bytes = self.discover.of(client, RELAY);
        let received = Received { interface: 1, from, to: SERVER, bytes };
        self.server.handle_datagram(self.now, &mut self.db, &Standalone, &received);
        let offer = self.server.poll_transmit(&self.db, &mut self.buffer).expect("an offer");
        let address = Packet::parse(&self.buffer[..offer.len]).expect("good").yiaddr();
        let received = Received { bytes: self.request.of(client, address), ..received };
        self.server.handle_datagram(self.now, &mut self.db, &Standalone, &received);
        while self.server.poll_event().is_some() {}
    }

    /// Exchanges between two commits: DISCOVER, OFFER, REQUEST, ACK, each of which writes its lease.
    ///
    /// # Panics
    /// If one is not answered.
    pub fn batch(&mut self) {
        for _ in 0..Self::BATCH {
            self.exchange();
        }
        self.db.commit().expect("a disk without faults");
        let mut acks = 0;
        while self.server.poll_transmit(&self.db, &mut self.buffer).is_some() {
            acks += 1;
        }
        assert_eq!(acks, Self::BATCH);
        let counters = self.server.counters();
        assert_eq!((counters.acks, counters.acks_cached), (u64::from(self.next), 0));
    }
}
