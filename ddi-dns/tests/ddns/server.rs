//! A server that takes updates, and clients of it, without sockets.

use super::support::{MemZones, NOW, Random, check_with_hickory, dump, name, udp, zone_of};
use ddi_core::{Instant, Now};
use ddi_dns::acl::AccessList;
use ddi_dns::ddns::{
    Binding, Change, ClientConfig, ClientEvent, DdnsClient, DdnsError, Outcome, RemoteZone, apply,
};
use ddi_dns::dhcid::Dhcid;
use ddi_dns::tsig::{Algorithm, Key, Keys};
use ddi_dns::update::{Limits, Policy, UpdateZone, Updates};
use ddi_dns::{Edit, Name, SerialPolicy, Snapshot};
use std::net::SocketAddr;

pub(crate) const FORWARD: &str = "example.com";
pub(crate) const REVERSE: &str = "192.in-addr.arpa";
pub(crate) const REVERSE6: &str = "8.b.d.0.1.0.0.2.ip6.arpa";

pub(crate) fn server_address() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 53], 53))
}

pub(crate) fn key() -> Key {
    Key::new(name("ddns").as_ref(), Algorithm::HmacSha256, b"0123456789abcdef").unwrap()
}

pub(crate) fn zones() -> MemZones {
    let forward = ["@ 300 SOA ns.example.com root.example.com 10", "@ 300 NS ns.example.com"];
    let of = |apex: &str| {
        let lines = forward.map(|line| line.replacen('@', &format!("{apex}."), 1));
        zone_of(apex, &lines.each_ref().map(String::as_str))
    };
    MemZones::with([of(FORWARD), of(REVERSE), of(REVERSE6)])
}

/// The server of those zones.
pub(crate) struct Server {
    updates: Updates,
    pub(crate) store: MemZones,
}

impl Server {
    pub(crate) fn new() -> Self {
        let mut keys = Keys::new();
        keys.add(key()).unwrap();
        let zone = |apex| UpdateZone {
            policy: Policy::List(AccessList::parse(["key:ddns"]).unwrap()),
            limits: Limits::default(),
            ..UpdateZone::new(name(apex).as_ref())
        };
        let zones_config = [FORWARD, REVERSE, REVERSE6].map(zone).to_vec();
        Self { updates: Updates::new(keys, zones_config), store: zones() }
    }

    /// The answer to a message.
    pub(crate) fn answer(&mut self, now: Now, message: &[u8]) -> Vec<u8> {
        check_with_hickory(message);
        self.updates.handle_request(now, &mut self.store, udp(1), message);
        self.store.durable = self.store.deltas.len() as u64;
        while self.updates.poll_event().is_some() {}
        let mut buf = [0; 1232];
        let len = self.updates.poll_transmit(&self.store, &mut buf).expect("an answer").len;
        check_with_hickory(&buf[..len]);
        buf[..len].to_vec()
    }

    pub(crate) fn dump(&self) -> Vec<String> {
        dump_all(&self.store)
    }

    /// A change in the zone itself.
    pub(crate) fn apply(&mut self, change: &Change) -> Outcome {
        apply_locally(&mut self.store, change)
    }
}

pub(crate) fn dump_all(store: &MemZones) -> Vec<String> {
    store.zones.values().flat_map(dump).collect()
}

pub(crate) fn apply_locally(store: &mut MemZones, change: &Change) -> Outcome {
    use ddi_dns::update::ZoneStore;
    let owner = change.owner();
    let holds = |zone: &&Snapshot| owner.as_ref().is_at_or_below(zone.apex());
    let zone = store.zones.values().find(holds).expect("a zone").clone();
    let mut edit = Edit::new(&zone);
    let outcome = apply(&mut edit, change).expect("a change");
    if let Some((delta, next)) = edit.finish(SerialPolicy::Increment, NOW.unix).unwrap() {
        store.put(delta, next).unwrap();
    }
    outcome
}

pub(crate) fn client(seed: u64) -> DdnsClient {
    let zone = |apex| RemoteZone { apex: name(apex), servers: vec![server_address()], key: Some(key()) };
    let zones = [FORWARD, REVERSE, REVERSE6].map(zone).to_vec();
    DdnsClient::new(ClientConfig { rounds_max: 50, tries: 50, ..ClientConfig::new(zones, seed) })
}

pub(crate) fn now_at(millis: u64) -> Now {
    Now { instant: Instant(millis), ..NOW }
}

/// Lets a client make one change without loss.
pub(crate) fn drive(
    client: &mut DdnsClient,
    server: &mut Server,
    change: Change,
) -> Result<Outcome, DdnsError> {
    client.handle_change(NOW, 1, change).unwrap();
    let mut buf = [0; 2048];
    while let Some(transmit) = client.poll_transmit(&mut buf) {
        let answer = server.answer(NOW, &buf[..transmit.len]);
        client.handle_answer(NOW, transmit.to, &answer);
    }
    match client.poll_event() {
        Some(ClientEvent::Done { job: 1, result }) => result,
        other => panic!("{other:?}"),
    }
}

/// A DHCP client's binding, of few names, clients and addresses, so that they meet.
pub(crate) fn draw_binding(random: &mut Random, ttls: &[u32]) -> Binding {
    let host: Name = name(&format!("h{}.example.com", random.below(2)));
    let who = random.below(3) as u8;
    let last = 1 + random.below(2) as u8;
    let address = match random.below(2) {
        0 => std::net::IpAddr::from([192, 0, 2, last]),
        _ => std::net::IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, u16::from(last)]),
    };
    let dhcid = Dhcid::of_duid(&[0, 1, who], host.as_ref());
    Binding { name: host, address, dhcid, ttl: *random.pick(ttls) }
}

pub(crate) fn draw_change(random: &mut Random, ttls: &[u32]) -> Change {
    let binding = draw_binding(random, ttls);
    match random.below(6) {
        0 | 1 => Change::AddForward(binding),
        2 | 3 => Change::RemoveForward(binding),
        4 => Change::AddReverse(binding),
        _ => Change::RemoveReverse(binding),
    }
}
