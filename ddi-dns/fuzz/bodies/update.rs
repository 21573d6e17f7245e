use ddi_core::UnixTime;
use ddi_dns::acl::{AccessList, Requestor};
use ddi_dns::update::{Policy, Request, UpdateZone, apply};
use ddi_dns::zone::{Builder, Strictness};
use ddi_dns::{Name, Rtype, Snapshot};
use std::net::{IpAddr, Ipv4Addr};

fn name(text: &str) -> Name {
    text.parse().expect("a name")
}

fn zone() -> Snapshot {
    let apex = name("example.com");
    let server = name("ns.example.com");
    let mut builder = Builder::new(apex.as_ref());
    let soa = [server.as_ref().wire(), server.as_ref().wire(), &[0; 20]].concat();
    let mut push = |owner: &Name, rtype, rdata: &[u8]| {
        builder.push(owner.as_ref(), rtype, 300, rdata).expect("a record");
    };
    push(&apex, Rtype::SOA, &soa);
    push(&apex, Rtype::NS, server.as_ref().wire());
    push(&server, Rtype::A, &[192, 0, 2, 1]);
    push(&name("host.example.com"), Rtype::A, &[192, 0, 2, 2]);
    push(&name("alias.example.com"), Rtype::CNAME, server.as_ref().wire());
    builder.finish().expect("a zone")
}

/// Reads any bytes as an update and makes it. What was read can be written and read again; what it changed is
/// told exactly by its delta, and the zone still is one.
pub fn update(data: &[u8]) {
    let Ok(request) = Request::parse(data) else { return };
    let mut buf = vec![0; 65_535];
    if let Ok(len) = request.emit(1, &mut buf) {
        assert_eq!(Request::parse(&buf[..len]).as_ref(), Ok(&request));
    }
    let zone = zone();
    let policy = Policy::List(AccessList::anyone());
    let config = UpdateZone { policy, ..UpdateZone::new(zone.apex()) };
    let who = Requestor { address: IpAddr::V4(Ipv4Addr::LOCALHOST), key: None };
    if let Ok(Some((delta, next))) = apply(&request, &zone, &config, &who, UnixTime(0)) {
        assert!(next.serial().is_newer_than(zone.serial()));
        assert!(next.get(next.apex(), Rtype::NS).is_some());
        let again = zone.apply(&delta, Strictness::Exact).expect("the delta fits");
        assert_eq!((again.records(), again.wire_len()), (next.records(), next.wire_len()));
        let back = next.apply(&delta.inverted(), Strictness::Exact).expect("and back");
        assert_eq!((back.records(), back.wire_len()), (zone.records(), zone.wire_len()));
    }
}
