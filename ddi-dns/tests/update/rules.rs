//! RFC 2136 sections 3.4 to 3.7.

use super::support::{
    NOW, absolute, anyone, changed, dump, held, name, open_zone, rdata, request, run, unchanged, zone,
    zone_of,
};
use ddi_dns::message::Rcode;
use ddi_dns::update::{Limits, Request, UpdateZone, apply};
use ddi_dns::{Rtype, Serial, SerialPolicy, Snapshot};

fn add(owner: &str, rtype: Rtype, ttl: u32, data: &str) -> Request {
    let mut request = request();
    request.add(absolute(owner).as_ref(), rtype, ttl, &rdata(rtype, data));
    request
}

fn delete(owner: &str, rtype: Rtype, data: &str) -> Request {
    let mut request = request();
    request.delete(absolute(owner).as_ref(), rtype, &rdata(rtype, data));
    request
}

fn delete_rrset(owner: &str, rtype: Rtype) -> Request {
    let mut request = request();
    request.delete_rrset(absolute(owner).as_ref(), rtype);
    request
}

fn delete_name(owner: &str) -> Request {
    let mut request = request();
    request.delete_name(absolute(owner).as_ref());
    request
}

#[test]
fn records_are_added() {
    let next = changed(&zone(), &add("new", Rtype::A, 60, "192.0.2.9"));
    assert_eq!(held(&next, "new", Rtype::A), Some((60, 1)));
    assert_eq!(next.serial(), Serial(11));
    let next = changed(&zone(), &add("host", Rtype::A, 300, "192.0.2.9"));
    assert_eq!(held(&next, "host", Rtype::A), Some((300, 3)));
}

#[test]
fn what_is_there_already_changes_nothing_and_bumps_nothing() {
    let zone = zone();
    unchanged(&zone, &add("HOST", Rtype::A, 300, "192.0.2.2"));
    unchanged(&zone, &delete("host", Rtype::A, "192.0.2.99"));
    unchanged(&zone, &delete("nothing", Rtype::A, "192.0.2.99"));
    unchanged(&zone, &delete_rrset("host", Rtype::AAAA));
    unchanged(&zone, &delete_name("deep"));
    unchanged(&zone, &request());
    let mut back_and_forth = add("new", Rtype::A, 60, "192.0.2.9");
    back_and_forth.delete_name(absolute("new").as_ref());
    unchanged(&zone, &back_and_forth);
    let mut gone_and_back = delete("host", Rtype::A, "192.0.2.2");
    gone_and_back.add(absolute("host").as_ref(), Rtype::A, 300, &rdata(Rtype::A, "192.0.2.2"));
    unchanged(&zone, &gone_and_back);
}

#[test]
fn a_new_ttl_is_that_of_the_whole_rrset() {
    let next = changed(&zone(), &add("host", Rtype::A, 60, "192.0.2.2"));
    assert_eq!(held(&next, "host", Rtype::A), Some((60, 2)));
    let next = changed(&zone(), &add("host", Rtype::A, 60, "192.0.2.9"));
    assert_eq!(held(&next, "host", Rtype::A), Some((60, 3)));
    // RFC 2181 section 8.
    let next = changed(&zone(), &add("new", Rtype::A, 0x8000_0000, "192.0.2.9"));
    assert_eq!(held(&next, "new", Rtype::A), Some((0, 1)));
}

#[test]
fn changes_are_made_in_their_order() {
    let host = absolute("host");
    let mut request = delete_rrset("host", Rtype::A);
    request.add(host.as_ref(), Rtype::A, 60, &rdata(Rtype::A, "192.0.2.9"));
    let next = changed(&zone(), &request);
    assert_eq!(held(&next, "host", Rtype::A), Some((60, 1)));
    let mut request = add("host", Rtype::A, 60, "192.0.2.9");
    request.delete_rrset(host.as_ref(), Rtype::A);
    assert_eq!(held(&changed(&zone(), &request), "host", Rtype::A), None);
    // A name that is freed may become an alias, in one update.
    let mut request = delete_name("host");
    request.add(host.as_ref(), Rtype::CNAME, 60, &rdata(Rtype::CNAME, "ns.example.com"));
    let next = changed(&zone(), &request);
    assert_eq!(held(&next, "host", Rtype::CNAME), Some((60, 1)));
}

#[test]
fn an_alias_is_not_added_beside_data_nor_data_beside_an_alias() {
    let zone = zone();
    unchanged(&zone, &add("host", Rtype::CNAME, 300, "ns.example.com"));
    unchanged(&zone, &add("@", Rtype::CNAME, 300, "ns.example.com"));
    unchanged(&zone, &add("alias", Rtype::A, 300, "192.0.2.9"));
    unchanged(&zone, &add("alias", Rtype::DNAME, 300, "example.org"));
    // Another alias replaces it.
    let next = changed(&zone, &add("alias", Rtype::CNAME, 60, "ns.example.com"));
    assert_eq!(held(&next, "alias", Rtype::CNAME), Some((60, 1)));
    // Signatures and NSEC may be beside it, before it and after it.
    let mut signed = request();
    signed.add(absolute("alias").as_ref(), Rtype::NSEC, 300, b"\x00\x00\x01\x40");
    let next = changed(&zone, &signed);
    let next = changed(&next, &add("alias", Rtype::CNAME, 60, "ns.example.com"));
    assert_eq!(held(&next, "alias", Rtype::NSEC), Some((300, 1)));
    // The rest of the message is still done.
    let mut request = add("alias", Rtype::A, 300, "192.0.2.9");
    request.add(absolute("new").as_ref(), Rtype::A, 300, &rdata(Rtype::A, "192.0.2.9"));
    let next = changed(&zone, &request);
    assert_eq!((held(&next, "alias", Rtype::A), held(&next, "new", Rtype::A)), (None, Some((300, 1))));
}

#[test]
fn the_soa_moves_forward_only() {
    let zone = zone();
    let soa = |serial: u32| add("@", Rtype::SOA, 300, &format!("ns.example.com root.example.com {serial}"));
    assert_eq!(changed(&zone, &soa(11)).serial(), Serial(11));
    assert_eq!(changed(&zone, &soa(1000)).serial(), Serial(1000));
    assert_eq!(changed(&zone, &soa(10 + 0x7fff_ffff)).serial(), Serial(10 + 0x7fff_ffff));
    for serial in [10, 9, 0, 10 + 0x8000_0000, u32::MAX] {
        unchanged(&zone, &soa(serial));
    }
    // One that is ignored leaves the rest, and the serial moves by itself.
    let mut request = soa(5);
    request.add(absolute("new").as_ref(), Rtype::A, 300, &rdata(Rtype::A, "192.0.2.9"));
    assert_eq!(changed(&zone, &request).serial(), Serial(11));
    let mut request = soa(50);
    request.add(absolute("new").as_ref(), Rtype::A, 300, &rdata(Rtype::A, "192.0.2.9"));
    assert_eq!(changed(&zone, &request).serial(), Serial(50), "the update set it");
    unchanged(&zone, &add("host", Rtype::SOA, 300, "ns.example.com root.example.com 50"));
    unchanged(&zone, &delete("@", Rtype::SOA, "ns.example.com root.example.com 10"));
    unchanged(&zone, &delete_rrset("@", Rtype::SOA));
}

#[test]
fn serials_by_policy() {
    let with = |serial_policy| UpdateZone { serial_policy, ..open_zone() };
    let new = add("new", Rtype::A, 60, "192.0.2.9");
    let serial = |policy| {
        let made = apply(&new, &zone(), &with(policy), &anyone(), NOW.unix).unwrap();
        made.unwrap().1.serial()
    };
    assert_eq!(serial(SerialPolicy::Increment), Serial(11));
    assert_eq!(serial(SerialPolicy::UnixTime), Serial(1_800_000_000));
    assert_eq!(serial(SerialPolicy::Modulo { slot: 2, of: 5 }), Serial(12));
}

#[test]
fn the_apex_keeps_its_name_servers() {
    let zone = zone();
    unchanged(&zone, &delete_rrset("@", Rtype::NS));
    let next = changed(&zone, &delete("@", Rtype::NS, "NS2.example.org"));
    assert_eq!(held(&next, "@", Rtype::NS), Some((300, 1)));
    unchanged(&next, &delete("@", Rtype::NS, "ns.example.org"));
    let mut both = delete("@", Rtype::NS, "ns.example.org");
    both.delete(absolute("@").as_ref(), Rtype::NS, &rdata(Rtype::NS, "ns2.example.org"));
    let next = changed(&zone, &both);
    assert_eq!(held(&next, "@", Rtype::NS), Some((300, 1)));
    // Below the apex NS is like any type.
    let next = changed(&zone, &add("sub", Rtype::NS, 300, "ns.sub.example.com"));
    assert_eq!(dump(&changed(&next, &delete("sub", Rtype::NS, "ns.sub.example.com"))), dump(&zone));
    assert_eq!(dump(&changed(&next, &delete_rrset("sub", Rtype::NS))), dump(&zone));
}

#[test]
fn a_name_is_deleted_but_for_what_the_apex_must_have() {
    let zone = changed(&zone(), &add("@", Rtype::TXT, 300, "apex"));
    let next = changed(&zone, &delete_name("host"));
    assert!(!next.contains(absolute("host").as_ref()));
    let next = changed(&next, &delete_name("@"));
    assert_eq!(held(&next, "@", Rtype::TXT), None);
    assert_eq!((held(&next, "@", Rtype::SOA), held(&next, "@", Rtype::NS)), (Some((300, 1)), Some((300, 2))));
    // An absent name above others stays absent, and they stay.
    unchanged(&zone, &delete_name("deep"));
    assert!(next.contains(absolute("a.deep").as_ref()));
}

#[test]
fn a_service_replaces_that_of_the_same_address_and_protocol() {
    let service = |bits: &[u8], protocol| [&[192, 0, 2, 1, protocol], bits].concat();
    let mut first = request();
    first.add(absolute("host").as_ref(), Rtype::WKS, 300, &service(&[1], 6));
    first.add(absolute("host").as_ref(), Rtype::WKS, 300, &service(&[1], 17));
    let zone = changed(&zone(), &first);
    let mut second = request();
    second.add(absolute("host").as_ref(), Rtype::WKS, 300, &service(&[2, 3], 6));
    let next = changed(&zone, &second);
    let rrset = next.get(absolute("host").as_ref(), Rtype::WKS).unwrap();
    let mut expected = [service(&[1], 17), service(&[2, 3], 6)];
    expected.sort();
    let mut rdatas: Vec<_> = rrset.rdatas().map(<[u8]>::to_vec).collect();
    rdatas.sort();
    assert_eq!(rdatas, expected);
}

#[test]
fn the_owner_keeps_its_spelling_and_data_its_case() {
    let next = changed(&zone(), &add("NeW", Rtype::MX, 60, "10 Mail.Example.COM"));
    assert_eq!(next.spelling(absolute("new").as_ref()).unwrap().to_string(), "NeW.example.com.");
    let rrset = next.get(absolute("new").as_ref(), Rtype::MX).unwrap();
    assert_eq!(rrset.rdatas().next().unwrap(), rdata(Rtype::MX, "10 Mail.Example.COM"));
    assert_eq!(dump(&changed(&next, &delete("new", Rtype::MX, "10 mail.example.com"))), dump(&zone()));
}

#[test]
fn limits_hold() {
    let limits = Limits { rrset_records_max: 2, name_types_max: 2, updates_max: 3, zone_records_max: 12 };
    let config = UpdateZone { limits, ..open_zone() };
    let zone = zone();
    let run = |zone: &Snapshot, request: &Request| {
        apply(request, zone, &config, &anyone(), NOW.unix).map_err(|error| error.rcode())
    };
    assert_eq!(run(&zone, &add("host", Rtype::A, 300, "192.0.2.9")).unwrap_err(), Rcode::REFUSED);
    assert!(run(&zone, &add("host", Rtype::A, 60, "192.0.2.3")).unwrap().is_some(), "only its ttl");
    assert_eq!(run(&zone, &add("host", Rtype::MX, 300, "1 a.example.com")).unwrap_err(), Rcode::REFUSED);
    assert!(run(&zone, &add("ns", Rtype::MX, 300, "1 a.example.com")).unwrap().is_some());
    let mut four = request();
    for _ in 0..4 {
        four.add(absolute("ns").as_ref(), Rtype::A, 300, &rdata(Rtype::A, "192.0.2.1"));
    }
    assert_eq!(run(&zone, &four).unwrap_err(), Rcode::REFUSED);
    let (_, full) = run(&zone, &add("ns", Rtype::MX, 300, "1 a.example.com")).unwrap().unwrap();
    assert_eq!(run(&full, &add("new", Rtype::A, 300, "192.0.2.9")).unwrap_err(), Rcode::REFUSED);
    assert!(
        run(&full, &add("alias", Rtype::CNAME, 300, "ns.example.com")).unwrap().is_some(),
        "as many as before"
    );
    assert!(run(&full, &delete_name("host")).unwrap().is_some());
    // A refused update changes nothing, whatever came before the record that is too much.
    let mut much = delete_name("ns");
    much.add(absolute("host").as_ref(), Rtype::A, 300, &rdata(Rtype::A, "192.0.2.9"));
    assert_eq!(run(&zone, &much).unwrap_err(), Rcode::REFUSED);
}

#[test]
fn the_largest_message_is_done_at_once() {
    let mut request = request();
    for number in 0..3000 {
        let owner = absolute(&format!("h{number}"));
        request.add(owner.as_ref(), Rtype::A, 60, &[10, 0, (number >> 8) as u8, number as u8]);
    }
    let mut buf = vec![0; 65_535];
    let len = request.emit(1, &mut buf).unwrap();
    assert!(len > 60_000, "{len}");
    let next = changed(&zone(), &request);
    assert_eq!(next.records(), 3011);
    assert_eq!(next.serial(), Serial(11), "one step");
}

#[test]
fn a_zone_named_otherwise_is_not_touched() {
    let other = zone_of(
        "example.org",
        &["example.org. 300 SOA ns.example.org root.example.org 1", "example.org. 300 NS ns.example.org"],
    );
    let error = run(&other, &add("new", Rtype::A, 60, "192.0.2.9")).unwrap_err();
    assert_eq!(error.rcode(), Rcode::NOTAUTH);
    assert_eq!(name("example.org"), other.apex().to_name());
}
