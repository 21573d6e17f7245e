//! Serials that do not tell versions apart.

use super::text::wire;
use super::xfr::{Server, a, name, over_tcp, query, soa_data};
use ddi_core::{MemStorage, UnixTime};
use ddi_dns::journal::{JournalConfig, JournalError};
use ddi_dns::xfr::{Sent, Transport, XfrOut};
use ddi_dns::zone::Builder;
use ddi_dns::{Delta, Edit, Journal, Rtype, Serial, SerialPolicy, Snapshot};
use std::sync::Arc;

fn zone(serial: u32, hosts: u8) -> Snapshot {
    let mut builder = Builder::new(name("example.com").as_ref());
    builder.push(name("example.com").as_ref(), Rtype::SOA, 300, &soa_data(serial)).unwrap();
    for host in 0..hosts {
        let (owner, rtype, ttl, rdata) = a(&format!("h{host}.example.com"), host);
        builder.push(owner.as_ref(), rtype, ttl, &rdata).unwrap();
    }
    builder.finish().unwrap()
}

/// One more host, and this serial.
fn step(zone: &Snapshot, host: u8, serial: u32) -> (Delta, Snapshot) {
    let mut edit = Edit::new(zone);
    let (owner, rtype, ttl, rdata) = a(&format!("new{host}.example.com"), host);
    edit.add(owner.as_ref(), rtype, ttl, &rdata).unwrap();
    edit.add(name("example.com").as_ref(), Rtype::SOA, 300, &soa_data(serial)).unwrap();
    edit.finish(SerialPolicy::Increment, UnixTime(0)).unwrap().unwrap()
}

fn open(storage: &Arc<MemStorage>) -> Journal {
    Journal::open(Arc::clone(storage) as _, &JournalConfig::default()).unwrap().0
}

/// The zone and its history, as they are kept.
fn kept(journal: &Journal) -> (Vec<u8>, Vec<(Serial, Serial)>) {
    let kept = journal.zone(name("example.com").as_ref()).unwrap();
    (wire(kept.snapshot()), kept.history().iter().map(|delta| (delta.from, delta.to)).collect())
}

/// What a secondary with this version is sent.
fn sent(journal: &Journal, has: &Snapshot) -> Sent {
    let kept = journal.zone(name("example.com").as_ref()).unwrap();
    let server = Server::new(kept.snapshot().clone());
    let query = query(over_tcp(Some(has)));
    let request = ddi_dns::xfr::Request::parse(&query).unwrap();
    let zone = kept.snapshot().clone();
    XfrOut::new(&request, zone, kept.history(), &server.config, Transport::Tcp, None).sent()
}

#[test]
fn two_deltas_to_one_serial() {
    let storage = Arc::new(MemStorage::new());
    let mut journal = open(&storage);
    let base = zone(10, 3);
    journal.replace(&base).unwrap();
    let ((first, after), (other, other_after)) = (step(&base, 1, 11), step(&base, 2, 11));
    journal.append(Arc::new(first.clone()), &after).unwrap();
    let before = kept(&journal);
    // The same delta again, and another one to the same serial: neither leads on from what is kept.
    for (delta, after) in [(first, &after), (other.clone(), &other_after)] {
        let refused = journal.append(Arc::new(delta), after).unwrap_err();
        assert!(matches!(refused, JournalError::Unrelated { .. }), "{refused}");
    }
    assert_eq!(kept(&journal), before);
    // The zone is put back to the old content and serial and goes another way to the same serial: who has the
    // first way's version is told nothing of the second's.
    journal.replace(&base).unwrap();
    journal.append(Arc::new(other), &other_after).unwrap();
    let (content, history) = kept(&journal);
    assert_eq!((&content, &history[..]), (&wire(&other_after), &[(Serial(10), Serial(11))][..]));
    journal.commit().unwrap();
    drop(journal);
    assert_eq!(kept(&open(&storage)), (content, history));
}

/// Three steps around the circle of serials (RFC 1982): the zone is at its first serial again, with other
/// content.
#[test]
fn a_loop_of_serials() {
    let storage = Arc::new(MemStorage::new());
    let mut journal = open(&storage);
    // Large, so that its history may be.
    let mut versions = vec![zone(10, 100)];
    journal.replace(&versions[0]).unwrap();
    for (host, serial) in [(1, 10 + 0x7fff_ffff), (2, 8), (3, 10), (4, 11)] {
        let (delta, next) = step(versions.last().unwrap(), host, serial);
        journal.append(Arc::new(delta), &next).unwrap();
        versions.push(next);
    }
    journal.commit().unwrap();
    let content = kept(&journal);
    assert_eq!(content.1.len(), 4);
    // The newest version of a serial counts, so that no way goes around twice: who has the first of this serial
    // finds that the delta does not fit.
    assert_eq!(sent(&journal, &versions[3]), Sent::Deltas(1));
    assert_eq!(sent(&journal, &versions[0]), Sent::Deltas(1));
    assert_eq!(sent(&journal, &versions[2]), Sent::Deltas(2));
    assert_eq!(sent(&journal, &versions[4]), Sent::Soa);
    drop(journal);
    let journal = open(&storage);
    assert_eq!(kept(&journal), content);
    assert_eq!(sent(&journal, &versions[2]), Sent::Deltas(2));
}
