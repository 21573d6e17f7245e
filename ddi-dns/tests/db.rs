//! All zones of a server: what readers see, and when.

use ddi_core::log::MemStorage;
use ddi_core::{Lsn, Storage, UnixTime};
use ddi_dns::answer::{AnswerConfig, AnswerContext, Transport};
use ddi_dns::delta::{Delta, HistoryLimits};
use ddi_dns::journal::{JournalConfig, JournalError};
use ddi_dns::message::{Flags, Rcode, Writer};
use ddi_dns::zone::{Builder, Edit};
use ddi_dns::zonefile::{Config, Parser, Step};
use ddi_dns::{Class, Name, Rtype, SerialPolicy, Snapshot, ZoneDb};
use std::sync::Arc;

const NOW: UnixTime = UnixTime(1_800_000_000);

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn zone(apex: &str, serial: u32) -> Snapshot {
    // Large enough for some history: it is kept up to the zone's own size.
    let hosts: String = (0..100).map(|i| format!("host{i} 300 A 192.0.2.{i}\n")).collect();
    let soa = format!("@ 300 IN SOA ns host {serial} 3600 600 86400 60\n@ 300 NS ns\nns 300 A 192.0.2.1\n");
    let text = soa + &hosts;
    let apex = name(apex);
    let mut parser = Parser::new(&Config::new("zone", apex.as_ref()));
    let mut builder = Builder::new(apex.as_ref());
    parser.push(text.as_bytes());
    parser.end();
    while let Step::Record(record) = parser.step().unwrap() {
        builder.push(record.owner, record.rtype, record.ttl, record.rdata).unwrap();
    }
    builder.finish().unwrap()
}

/// The next version, with one more address of `www`.
fn step(from: &Snapshot, last: u8) -> (Arc<Delta>, Snapshot) {
    let mut edit = Edit::new(from);
    let www = name("www").as_ref().wire().to_vec();
    let owner = Name::from_wire(&[&www[..www.len() - 1], from.apex().wire()].concat()).unwrap();
    edit.add(owner.as_ref(), Rtype::A, 300, &[192, 0, 2, last]).unwrap();
    let (delta, next) = edit.finish(SerialPolicy::Increment, NOW).unwrap().unwrap();
    (Arc::new(delta), next)
}

fn ask(db: &ZoneDb, owner: &str) -> Option<Rcode> {
    ask_type(db, owner, Rtype::A)
}

fn ask_type(db: &ZoneDb, owner: &str, rtype: Rtype) -> Option<Rcode> {
    let mut query = [0; 300];
    let mut writer = Writer::new(&mut query, 7, Flags::default()).unwrap();
    writer.question(name(owner).as_ref(), rtype, Class::IN).unwrap();
    let len = writer.finish();
    let config = AnswerConfig::default();
    let context = AnswerContext::new(&config, Transport::Udp, "192.0.2.9".parse().unwrap(), NOW);
    let mut out = [0; 1232];
    db.answer(&query[..len], &context, &mut out).map(|answered| answered.rcode)
}

fn open(storage: &Arc<MemStorage>) -> ZoneDb {
    let storage: Arc<dyn Storage> = storage.clone();
    ZoneDb::open(storage, &JournalConfig::default()).unwrap().0
}

#[test]
fn nothing_is_seen_before_it_is_durable() {
    let storage = Arc::new(MemStorage::new());
    let mut db = open(&storage);
    let apex = name("example.");
    let first = zone("example.", 1);
    db.replace(first.clone()).unwrap();
    assert_eq!((ask(&db, "ns.example."), db.zone(apex.as_ref()).is_none()), (Some(Rcode::SERVFAIL), true));
    db.commit().unwrap();
    assert_eq!(ask(&db, "ns.example."), Some(Rcode::NOERROR));
    assert_eq!((db.poll_changed(), db.poll_changed()), (Some(apex.clone()), None));

    let (delta, second) = step(&first, 2);
    let lsn = db.put(delta, second.clone()).unwrap();
    assert_eq!(db.newest(apex.as_ref()).unwrap().serial().0, 2);
    assert_eq!(ask(&db, "www.example."), Some(Rcode::NXDOMAIN));
    assert!(db.history(apex.as_ref()).unwrap().is_empty());
    let synced = db.take_batch().unwrap().sync();
    assert_eq!(ask(&db, "www.example."), Some(Rcode::NXDOMAIN));
    assert_eq!(db.batch_durable(synced).unwrap(), lsn);
    assert_eq!(ask(&db, "www.example."), Some(Rcode::NOERROR));
    assert_eq!(db.history(apex.as_ref()).unwrap().len(), 1);
    db.set_note(apex.as_ref(), b"kept").unwrap();
    db.commit().unwrap();
    drop(db);

    let db = open(&storage);
    assert_eq!((ask(&db, "www.example."), db.note(apex.as_ref())), (Some(Rcode::NOERROR), &b"kept"[..]));
    assert_eq!(db.history(apex.as_ref()).unwrap().newest().unwrap(), second.serial());
}

#[test]
fn only_the_newest_version_has_a_successor() {
    for mut db in [ZoneDb::in_memory(HistoryLimits::default()), open(&Arc::default())] {
        let first = zone("example.", 1);
        let (delta, second) = step(&first, 2);
        assert!(matches!(db.put(delta.clone(), second.clone()), Err(JournalError::NoZone { .. })));
        db.replace(first).unwrap();
        db.put(delta.clone(), second.clone()).unwrap();
        assert!(matches!(db.put(delta, second), Err(JournalError::Unrelated { .. })));
        db.commit().unwrap();
        assert_eq!((ask(&db, "www.example."), db.appended()), (Some(Rcode::NOERROR), db.durable()));
    }
}

#[test]
fn hidden_and_expected_zones_fail() {
    let mut db = ZoneDb::in_memory(HistoryLimits::default());
    let (apex, below) = (name("example."), name("sub.example."));
    db.replace(zone("example.", 1)).unwrap();
    db.expect(below.as_ref());
    assert_eq!(ask(&db, "ns.sub.example."), Some(Rcode::SERVFAIL));
    assert_eq!(ask(&db, "ns.example."), Some(Rcode::NOERROR));
    assert_eq!(ask(&db, "elsewhere."), Some(Rcode::REFUSED));
    // RFC 4035 section 3.1.4.1: what is asked there is the business of the zone above.
    assert_eq!(ask_type(&db, "sub.example.", Rtype::DS), Some(Rcode::NXDOMAIN));
    assert_eq!(ask_type(&db, "x.sub.example.", Rtype::DS), Some(Rcode::SERVFAIL));
    assert!(db.set_hidden(apex.as_ref(), true) && db.is_hidden(apex.as_ref()));
    assert_eq!((ask(&db, "ns.example."), db.zone(apex.as_ref()).is_none()), (Some(Rcode::SERVFAIL), true));
    db.replace(zone("sub.example.", 1)).unwrap();
    assert_eq!(ask(&db, "ns.sub.example."), Some(Rcode::NOERROR));
    assert_eq!(ask_type(&db, "sub.example.", Rtype::DS), Some(Rcode::SERVFAIL), "that is hidden now");
    assert_eq!(ask_type(&db, "example.", Rtype::DS), Some(Rcode::SERVFAIL), "none is above it");
    // A hidden zone goes on.
    let (delta, next) = step(&zone("example.", 1), 2);
    db.put(delta, next).unwrap();
    assert!(db.set_hidden(apex.as_ref(), false));
    assert_eq!(ask(&db, "www.example."), Some(Rcode::NOERROR));
    assert!(!db.set_hidden(name("other.").as_ref(), true));
    assert_eq!(db.apexes().len(), 2);
}

#[test]
fn a_zone_goes_when_that_is_durable() {
    let storage = Arc::new(MemStorage::new());
    let mut db = open(&storage);
    let apex = name("example.");
    db.replace(zone("example.", 1)).unwrap();
    db.commit().unwrap();
    assert!(db.remove(apex.as_ref()).unwrap().is_some());
    assert_eq!(ask(&db, "ns.example."), Some(Rcode::NOERROR));
    assert!(db.newest(apex.as_ref()).is_none());
    db.commit().unwrap();
    assert_eq!((ask(&db, "ns.example."), db.apexes().len()), (Some(Rcode::REFUSED), 0));
    assert_eq!(db.remove(apex.as_ref()).unwrap(), None);
    db.replace(zone("example.", 9)).unwrap();
    db.remove(apex.as_ref()).unwrap();
    db.replace(zone("example.", 11)).unwrap();
    db.commit().unwrap();
    assert_eq!(db.zone(apex.as_ref()).unwrap().serial().0, 11);
    assert_eq!(open(&storage).zone(apex.as_ref()).unwrap().serial().0, 11);

    let mut db = ZoneDb::in_memory(HistoryLimits::default());
    db.replace(zone("example.", 1)).unwrap();
    assert_eq!(db.remove(apex.as_ref()).unwrap(), Some(Lsn(2)));
    assert_eq!((ask(&db, "ns.example."), db.durable()), (Some(Rcode::REFUSED), Lsn(2)));
}

#[test]
fn what_a_primary_gave_comes_with_its_history_where_it_can() {
    for mut db in [ZoneDb::in_memory(HistoryLimits::default()), open(&Arc::default())] {
        let first = zone("example.", 1);
        let (delta, second) = step(&first, 2);
        let (delta_3, third) = step(&second, 3);
        let deltas = [(*delta).clone(), (*delta_3).clone()];
        let apex = name("example.");
        // Without the version that they begin at, they are of no use.
        db.follow(&third, &deltas).unwrap();
        db.commit().unwrap();
        assert_eq!(db.history(apex.as_ref()).unwrap().len(), 0);
        db.replace(first.clone()).unwrap();
        db.follow(&third, &deltas).unwrap();
        db.commit().unwrap();
        assert_eq!(db.history(apex.as_ref()).unwrap().len(), 2);
        assert_eq!(db.zone(apex.as_ref()).unwrap().serial(), third.serial());
        // Some of them were made before: the rest is.
        db.replace(second.clone()).unwrap();
        db.follow(&third, &deltas).unwrap();
        db.commit().unwrap();
        assert_eq!(db.history(apex.as_ref()).unwrap().len(), 1);
        db.follow(&zone("example.", 2), &[]).unwrap();
        db.commit().unwrap();
        assert_eq!(db.zone(apex.as_ref()).unwrap().serial().0, 2);
    }
}
