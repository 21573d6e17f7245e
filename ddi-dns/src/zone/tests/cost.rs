//! What answers cost, in nodes of the tree that are looked at: no clock is asked.

use super::super::tree::VISITS;
use super::model::{Random, soa};
use crate::answer::{AnswerConfig, AnswerContext, Transport, nsec3_hash};
use crate::name::Name;
use crate::rr::Rtype;
use crate::zone::{Builder, Snapshot};
use ddi_core::UnixTime;

/// Names with addresses, a wildcard elsewhere, and an NSEC3 for each name.
fn zone(names: u32) -> Snapshot {
    let apex: Name = "example.".parse().unwrap();
    let mut builder = Builder::new(apex.as_ref());
    builder.push(apex.as_ref(), Rtype::SOA, 3600, &soa(1)).unwrap();
    builder.push(apex.as_ref(), Rtype::NSEC3PARAM, 0, &[1, 0, 0, 0, 0]).unwrap();
    let mut put = |owner: &Name| {
        builder.push(owner.as_ref(), Rtype::A, 300, &[192, 0, 2, 1]).unwrap();
        let hash = nsec3_hash(owner.as_ref(), 0, &[]);
        let digit = |i: usize| {
            let bit = |j: usize| usize::from(hash[j / 8] >> (7 - j % 8) & 1);
            b"0123456789abcdefghijklmnopqrstuv"[(0..5).fold(0, |number, j| number << 1 | bit(5 * i + j))]
        };
        let hashed = apex.child(&(0..32).map(digit).collect::<Vec<_>>()).unwrap();
        let rdata = [&[1, 0, 0, 0, 0, 20][..], &hash, &[0, 1, 0x40]].concat();
        builder.push(hashed.as_ref(), Rtype::NSEC3, 300, &rdata).unwrap();
    };
    put(&apex.child(b"wild").unwrap().child(b"*").unwrap());
    for number in 0..names {
        put(&apex.child(format!("host-{number}").as_bytes()).unwrap());
    }
    builder.finish().unwrap()
}

/// The most branches that a query for a name that is not there looks at.
fn most_visits(zone: &Snapshot, names: usize, dnssec: bool) -> usize {
    let mut random = Random(3);
    let config = AnswerConfig::default();
    let context = AnswerContext::new(&config, Transport::Udp, [192, 0, 2, 1].into(), UnixTime(0));
    let mut most = 0;
    for _ in 0..500 {
        let label = format!("host-{}-missing{}", random.below(names), random.below(1 << 30));
        let mut query = vec![0, 7, 0, 0, 0, 1, 0, 0, 0, 0, 0, u8::from(dnssec), label.len() as u8];
        query.extend_from_slice(label.as_bytes());
        query.extend_from_slice(b"\x07example\0\0\x01\0\x01");
        if dnssec {
            query.extend_from_slice(&[0, 0, 41, 16, 0, 0, 0, 0x80, 0, 0, 0]);
        }
        let before = VISITS.get();
        let answered = zone.answer(&query, &context, &mut [0; 1232]).unwrap();
        assert_eq!((answered.rcode.0, answered.truncated), (3, false));
        most = most.max(VISITS.get() - before);
    }
    most
}

/// A flood of queries for random names costs no more in a large zone than its tree is higher.
#[test]
fn a_name_that_is_not_there_costs_the_same_in_any_zone() {
    // Names, and the branches above a leaf.
    let sizes =
        [(300, 2), (6000, 3), (60_000, 4)].map(|(names, height)| (zone(names), names as usize, height));
    for (zone, names, height) in &sizes {
        // The name and the wildcard below its closest encloser; with proofs, hashes of three names as well.
        let (plain, proved) = (most_visits(zone, *names, false), most_visits(zone, *names, true));
        assert!(plain > 0 && plain <= 2 * height, "{names} names: {plain}");
        assert!(proved > plain && proved <= 6 * height, "{names} names: {proved}");
    }
}
