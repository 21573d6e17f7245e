//! Zones and messages in a line each, and a store in memory.

#![allow(dead_code, reason = "each test binary uses a part")]

use ddi_core::{Instant, Lsn, Now, UnixTime};
use ddi_dns::acl::{Requestor, Rule};
use ddi_dns::message::Rcode;
use ddi_dns::update::{
    Limits, Policy, Request, Source, UpdateError, UpdateZone, ZoneStore, ZoneStoreError, apply,
};
use ddi_dns::zone::Builder;
use ddi_dns::{Delta, Name, NameRef, Rtype, Snapshot};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

#[path = "../hickory/check.rs"]
mod hickory;
pub(crate) use hickory::check_with_hickory;

pub(crate) const NOW: Now = Now { instant: Instant(1000), unix: UnixTime(1_800_000_000) };

pub(crate) fn name(text: &str) -> Name {
    text.parse().unwrap()
}

/// Data in text: what these tests need of it.
pub(crate) fn rdata(rtype: Rtype, text: &str) -> Vec<u8> {
    let words: Vec<_> = text.split(' ').collect();
    match rtype {
        Rtype::A => text.parse::<Ipv4Addr>().unwrap().octets().to_vec(),
        Rtype::AAAA => text.parse::<Ipv6Addr>().unwrap().octets().to_vec(),
        Rtype::TXT => [&[text.len() as u8], text.as_bytes()].concat(),
        Rtype::SOA => {
            let numbers = [words[2].parse().unwrap(), 3600_u32, 600, 86_400, 60];
            let numbers: Vec<u8> = numbers.iter().flat_map(|number| number.to_be_bytes()).collect();
            [name(words[0]).as_ref().wire(), name(words[1]).as_ref().wire(), &numbers].concat()
        }
        Rtype::MX => {
            [&words[0].parse::<u16>().unwrap().to_be_bytes(), name(words[1]).as_ref().wire()].concat()
        }
        Rtype::NS | Rtype::CNAME | Rtype::PTR | Rtype::DNAME => name(text).as_ref().wire().to_vec(),
        _ => text.as_bytes().to_vec(),
    }
}

/// `owner ttl type data`, owner relative to example.com.
pub(crate) struct Line {
    pub(crate) owner: Name,
    pub(crate) ttl: u32,
    pub(crate) rtype: Rtype,
    pub(crate) rdata: Vec<u8>,
}

pub(crate) fn line(text: &str) -> Line {
    let words: Vec<_> = text.splitn(4, ' ').collect();
    let [owner, ttl, rtype, data] = words[..] else { panic!("{text}") };
    let rtype = rtype.parse().unwrap();
    Line { owner: absolute(owner), ttl: ttl.parse().unwrap(), rtype, rdata: rdata(rtype, data) }
}

/// A name relative to example.com, or absolute with its final dot.
pub(crate) fn absolute(text: &str) -> Name {
    Name::parse(text.as_bytes(), name("example.com").as_ref()).unwrap()
}

pub(crate) fn zone_of(apex: &str, lines: &[&str]) -> Snapshot {
    let mut builder = Builder::new(name(apex).as_ref());
    for text in lines {
        let Line { owner, ttl, rtype, rdata } = line(text);
        builder.push(owner.as_ref(), rtype, ttl, &rdata).unwrap();
    }
    builder.finish().unwrap()
}

/// The zone that most tests start with.
pub(crate) const LINES: [&str; 11] = [
    "@ 300 SOA ns.example.com root.example.com 10",
    "@ 300 NS ns.example.org",
    "@ 300 NS ns2.example.org",
    "ns 300 A 192.0.2.1",
    "ns2 300 A 192.0.2.6",
    "host 300 A 192.0.2.2",
    "host 300 A 192.0.2.3",
    "host 300 TXT hello",
    "alias 300 CNAME host.example.com",
    "a.deep 300 A 192.0.2.4",
    "*.wild 300 A 192.0.2.5",
];

pub(crate) fn zone() -> Snapshot {
    zone_of("example.com", &LINES)
}

/// All records but the SOA, each in a line, sorted.
pub(crate) fn dump(zone: &Snapshot) -> Vec<String> {
    let mut lines = Vec::new();
    let mut walk = zone.walk();
    while let Some(record) = walk.next() {
        if record.rtype != Rtype::SOA {
            let owner = record.owner.to_string().to_lowercase();
            let data: String = record.rdata.iter().map(|byte| format!("{byte:02x}")).collect();
            lines.push(format!("{owner} {} {} {data}", record.ttl, record.rtype));
        }
    }
    lines.sort();
    lines
}

/// What the zone has of this name and type, with the TTL.
pub(crate) fn held(zone: &Snapshot, owner: &str, rtype: Rtype) -> Option<(u32, usize)> {
    zone.get(absolute(owner).as_ref(), rtype).map(|rrset| (rrset.ttl(), rrset.len()))
}

pub(crate) fn request() -> Request {
    Request::new(name("example.com").as_ref())
}

pub(crate) fn open_zone() -> UpdateZone {
    let policy = Policy::List([Rule::any()].into_iter().collect());
    UpdateZone { policy, limits: Limits::default(), ..UpdateZone::new(name("example.com").as_ref()) }
}

pub(crate) fn anyone() -> Requestor<'static> {
    Requestor { address: IpAddr::V4(Ipv4Addr::LOCALHOST), key: None }
}

/// Applies a request for anyone; it goes over the wire first.
pub(crate) fn run(zone: &Snapshot, request: &Request) -> Result<Option<(Delta, Snapshot)>, UpdateError> {
    let mut buf = vec![0; 65_535];
    let len = request.emit(7, &mut buf).unwrap();
    check_with_hickory(&buf[..len]);
    let read = Request::parse(&buf[..len])?;
    assert_eq!(&read, request, "what was written is read");
    apply(&read, zone, &open_zone(), &anyone(), NOW.unix)
}

/// The next version; panics if there is none.
#[track_caller]
pub(crate) fn changed(zone: &Snapshot, request: &Request) -> Snapshot {
    let (delta, next) = run(zone, request).unwrap().expect("a change");
    let steps = zone.apply(&delta, ddi_dns::zone::Strictness::Exact).expect("the delta fits");
    assert_eq!(dump(&steps), dump(&next));
    assert_eq!((delta.from, delta.to), (zone.serial(), next.serial()));
    assert!(next.serial().is_newer_than(zone.serial()));
    next
}

#[track_caller]
pub(crate) fn unchanged(zone: &Snapshot, request: &Request) {
    assert!(run(zone, request).unwrap().is_none(), "nothing may change");
}

#[track_caller]
pub(crate) fn refused(zone: &Snapshot, request: &Request, rcode: Rcode) {
    assert_eq!(run(zone, request).expect_err("a refusal").rcode(), rcode);
}

/// Zones in memory, with a log position for each put; what is durable is the test's to say.
#[derive(Default)]
pub(crate) struct MemZones {
    pub(crate) zones: BTreeMap<Name, Snapshot>,
    pub(crate) deltas: Vec<Delta>,
    pub(crate) durable: u64,
    pub(crate) fails: bool,
}

impl MemZones {
    pub(crate) fn with(zones: impl IntoIterator<Item = Snapshot>) -> Self {
        let zones = zones.into_iter().map(|zone| (zone.apex().to_name(), zone)).collect();
        Self { zones, ..Self::default() }
    }

    pub(crate) fn zone(&self, apex: &str) -> &Snapshot {
        &self.zones[&name(apex)]
    }
}

impl ZoneStore for MemZones {
    fn newest(&self, apex: NameRef<'_>) -> Option<Snapshot> {
        self.zones.get(&apex.to_name()).cloned()
    }

    fn put(&mut self, delta: Delta, next: Snapshot) -> Result<Lsn, ZoneStoreError> {
        if self.fails {
            return Err(ZoneStoreError::Failed { reason: "disk is gone".to_owned() });
        }
        let apex = next.apex().to_name();
        if self.zones.get(&apex).map(Snapshot::serial) != Some(delta.from) {
            return Err(ZoneStoreError::Stale);
        }
        self.zones.insert(apex, next);
        self.deltas.push(delta);
        Ok(Lsn(self.deltas.len() as u64))
    }

    fn appended(&self) -> Lsn {
        Lsn(self.deltas.len() as u64)
    }

    fn durable(&self) -> Lsn {
        Lsn(self.durable)
    }
}

pub(crate) fn udp(port: u16) -> Source {
    Source { address: SocketAddr::from(([127, 0, 0, 1], port)), link: None }
}

/// A small generator (xorshift64*).
pub(crate) struct Random(pub u64);

impl Random {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % bound.max(1)
    }

    pub(crate) fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}
