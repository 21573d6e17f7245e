//! Zones by hand: built, read, edited, applied.

use ddi_core::UnixTime;
use ddi_dns::zone::{ApplyError, Builder, Strictness};
use ddi_dns::{Delta, Edit, Name, Rtype, Serial, SerialPolicy, Snapshot, Zone, ZoneError, ZoneSet};
use std::sync::Arc;

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn soa(serial: u32) -> Vec<u8> {
    let mut rdata = b"\x02ns\x07example\0\x05admin\x07example\0".to_vec();
    for number in [serial, 3600, 600, 86_400, 300] {
        rdata.extend_from_slice(&number.to_be_bytes());
    }
    rdata
}

fn small(records: &[(&str, Rtype, &[u8])]) -> Snapshot {
    let apex = name("example.");
    let mut builder = Builder::new(apex.as_ref());
    for &(owner, rtype, rdata) in records {
        builder.push(name(owner).as_ref(), rtype, 300, rdata).unwrap();
    }
    builder.push(apex.as_ref(), Rtype::SOA, 3600, &soa(1)).unwrap();
    builder.finish().unwrap()
}

fn text(snapshot: &Snapshot) -> Vec<String> {
    let (mut walk, mut lines) = (snapshot.walk(), Vec::new());
    while let Some(record) = walk.next() {
        lines.push(format!("{} {} {} {:?}", record.owner, record.ttl, record.rtype, record.rdata));
    }
    lines
}

const NS: &[u8] = b"\x02ns\x07example\0";

#[test]
fn records_come_back_in_order_as_they_were_spelled() {
    let zone = small(&[
        ("b.example.", Rtype::A, &[10, 0, 0, 2]),
        ("B.example.", Rtype::A, &[10, 0, 0, 1]),
        ("a.EXAMPLE.", Rtype::TXT, b"\x01x"),
        ("example.", Rtype::NS, NS),
        ("b.example.", Rtype::A, &[10, 0, 0, 2]),
    ]);
    let lines = text(&zone);
    assert_eq!(lines.len(), 5);
    assert!(lines[0].starts_with("example. 3600 SOA"));
    assert!(lines[1].starts_with("example. 300 NS"));
    assert_eq!(lines[2], "a.EXAMPLE. 300 TXT [1, 120]");
    assert!(lines[3].ends_with("[10, 0, 0, 1]") && lines[4].ends_with("[10, 0, 0, 2]"));
    assert_eq!((zone.names(), zone.records(), zone.serial()), (3, 5, Serial(1)));
    assert_eq!(zone.soa().expire, 86_400);
    assert_eq!(zone.get(name("A.example.").as_ref(), Rtype::TXT).unwrap().len(), 1);
    assert_eq!(zone.spelling(name("A.example.").as_ref()).unwrap().to_string(), "a.EXAMPLE.");
    for stop in 0..5 {
        let mut walk = zone.walk();
        (0..stop).for_each(|_| assert!(walk.next().is_some()));
        let mut rest = zone.walk_from(&walk.position());
        for line in &lines[stop..] {
            let record = rest.next().unwrap();
            assert_eq!(*line, format!("{} {} {} {:?}", record.owner, record.ttl, record.rtype, record.rdata));
        }
        assert!(rest.next().is_none());
        assert!(zone.walk_from(&rest.position()).next().is_none());
    }
}

#[test]
fn an_edit_is_one_step_of_the_serial() {
    let zone = Zone::new(small(&[("a.example.", Rtype::A, &[10, 0, 0, 1])]));
    let old = zone.snapshot();
    let a = name("a.example.");
    let mut edit = zone.edit();
    assert!(!edit.add(a.as_ref(), Rtype::A, 300, &[10, 0, 0, 1]).unwrap());
    assert!(edit.clone().finish(SerialPolicy::Increment, UnixTime(0)).unwrap().is_none());
    assert!(edit.add(a.as_ref(), Rtype::A, 60, &[10, 0, 0, 2]).unwrap());
    let (delta, next) = edit.finish(SerialPolicy::Increment, UnixTime(0)).unwrap().unwrap();
    // A new TTL is the whole rrset's.
    assert_eq!((delta.removed.len(), delta.added.len()), (2, 3));
    assert_eq!((delta.from, delta.to), (Serial(1), Serial(2)));
    zone.publish(next.clone()).unwrap();
    assert_eq!(zone.read().serial(), Serial(2));
    assert_eq!(old.serial(), Serial(1));
    assert_eq!(text(&old.apply(&delta, Strictness::Exact).unwrap()), text(&next));
    assert_eq!(text(&next.apply(&delta.inverted(), Strictness::Exact).unwrap()), text(&old));
    assert_eq!(Delta::between(&old, &next).unwrap(), delta);
    assert_eq!(Delta::condense([&delta, &delta.inverted()]).unwrap().len(), 2);
    assert!(matches!(next.apply(&delta, Strictness::Tolerant), Err(ApplyError::Serial { .. })));
}

#[test]
fn a_serial_that_an_edit_sets_stays_in_its_slot() {
    let base = small(&[]);
    let after = |serial: u32, policy| {
        let mut edit = Edit::new(&base);
        edit.add(name("example").as_ref(), Rtype::SOA, 5, &soa(serial)).unwrap();
        edit.finish(policy, UnixTime(0)).unwrap().unwrap().1.serial().0
    };
    let even = SerialPolicy::Modulo { slot: 0, of: 2 };
    assert_eq!([after(20, even), after(21, even), after(21, SerialPolicy::Increment)], [20, 22, 21]);
    // As far ahead as a serial may be, where the next of the slot would not be newer.
    let odd = SerialPolicy::Modulo { slot: 1, of: 2 };
    assert_eq!([after(0x8000_0000, even), after(0x8000_0000, odd)], [0x8000_0000, 3]);
}

#[test]
fn what_is_no_zone_is_refused() {
    let apex = name("example.");
    let mut builder = Builder::new(apex.as_ref());
    let out = builder.push(name("example2.").as_ref(), Rtype::A, 1, &[0; 4]);
    assert!(matches!(out, Err(ZoneError::OutOfZone { .. })));
    let soa_below = builder.push(name("a.example.").as_ref(), Rtype::SOA, 1, &soa(1));
    assert!(matches!(soa_below, Err(ZoneError::SoaNotAtApex { .. })));
    assert!(matches!(builder.push(apex.as_ref(), Rtype::ANY, 1, &[]), Err(ZoneError::MetaType { .. })));
    assert!(matches!(builder.push(apex.as_ref(), Rtype::A, 1, &[1]), Err(ZoneError::Rdata { .. })));
    builder.push(apex.as_ref(), Rtype::NS, 1, NS).unwrap();
    assert_eq!(builder.finish().err(), Some(ZoneError::NoSoa));
    let mut edit = Edit::new(&small(&[]));
    assert!(edit.remove_name(apex.as_ref()));
    assert_eq!(edit.finish(SerialPolicy::Increment, UnixTime(0)).err(), Some(ZoneError::NoSoa));
    let mut edit = Edit::new(&small(&[]));
    edit.add(apex.as_ref(), Rtype::SOA, 1, &soa(0)).unwrap();
    let backwards = Some(ZoneError::SerialNotNewer { from: Serial(1), to: Serial(0) });
    assert_eq!(edit.finish(SerialPolicy::Increment, UnixTime(0)).err(), backwards);
}

#[test]
fn a_walk_that_ended_has_ended() {
    let zone = small(&[
        ("example.", Rtype::NS, NS),
        ("example.", Rtype::A, &[0; 4]),
        ("a.example.", Rtype::A, &[0; 4]),
    ]);
    let mut walk = zone.walk();
    while walk.next().is_some() {}
    assert!(walk.next().is_none());
    assert!(zone.walk_from(&walk.position()).next().is_none());
    assert!(zone.walk_from(&walk.position_of_last()).next().is_none());
}

#[test]
fn the_root_is_a_zone() {
    let mut builder = Builder::new(Name::root().as_ref());
    builder.push(Name::root().as_ref(), Rtype::SOA, 3600, &soa(7)).unwrap();
    builder.push(name("Com.").as_ref(), Rtype::NS, 3600, NS).unwrap();
    builder.push(name("a.b.com.").as_ref(), Rtype::A, 3600, &[0; 4]).unwrap();
    let zone = builder.finish().unwrap();
    let owners: Vec<_> = text(&zone).iter().map(|line| line.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(owners, [".", "Com.", "a.b.com."]);
    let renumbered = zone.with_serial(Serial(9)).unwrap();
    assert_eq!((renumbered.serial(), renumbered.wire_len()), (Serial(9), zone.wire_len()));
    assert_eq!(Delta::between(&zone, &renumbered).unwrap().len(), 2);
}

#[test]
fn a_set_finds_the_longest_apex() {
    let mut set = ZoneSet::new();
    for apex in ["example.", "sub.Example.", "10.in-addr.arpa."] {
        let mut builder = Builder::new(name(apex).as_ref());
        builder.push(name(apex).as_ref(), Rtype::SOA, 3600, &soa(1)).unwrap();
        assert!(set.insert(Arc::new(Zone::new(builder.finish().unwrap()))).is_none());
    }
    let found = |text: &str| set.find(name(text).as_ref()).map(|zone| zone.read().apex().to_string());
    assert_eq!(found("a.b.SUB.example."), Some("sub.Example.".to_owned()));
    assert_eq!(found("sub.example."), Some("sub.Example.".to_owned()));
    assert_eq!(found("a.example."), Some("example.".to_owned()));
    assert_eq!(found("1.10.in-addr.arpa."), Some("10.in-addr.arpa.".to_owned()));
    assert_eq!(found("arpa."), None);
    assert_eq!(found("."), None);
    let above = set.find_above(name("sub.example.").as_ref()).unwrap();
    assert_eq!(above.read().apex(), name("example.").as_ref());
    assert!(set.remove(name("sub.example.").as_ref()).is_some());
    assert_eq!(set.find(name("sub.example.").as_ref()).unwrap().read().apex(), name("example.").as_ref());
}
