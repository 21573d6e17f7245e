//! What of a secondary zone has to outlive a restart, or a set that is too full.

use super::*;
use crate::status::DDI_E_LIMIT;
use ddi_core::{Instant, MemStorage};
use ddi_dns::journal::JournalConfig;
use ddi_dns::name::NameRef;
use ddi_dns::secondary::{Primary, SecondaryConfig};
use ddi_dns::zone::Builder;
use ddi_dns::{Rtype, ZoneDb};
use std::sync::Arc;

#[test]
fn what_a_restart_must_know_comes_back() {
    for primary in [None, Some("192.0.2.1:53"), Some("[2001:db8::1]:5353")] {
        let primary = primary.map(|text| text.parse::<SocketAddr>().unwrap());
        let saved = Saved { primary, expires: UnixTime(1_800_000_000) };
        assert_eq!(read_saved(&write_saved(&saved)), saved);
    }
    for bad in [&b""[..], b"short", &[9; 27], &[0; 40]] {
        assert_eq!(read_saved(bad).expires, UnixTime::UNSET, "{bad:?}");
    }
}

const APEX: &[u8] = b"\x07example\x00";

/// With a text of about so many bytes.
fn zone(serial: u32, text_bytes: usize) -> Snapshot {
    let apex = NameRef::new(APEX).unwrap();
    let mut builder = Builder::new(apex);
    let soa = [b"\x02ns\x00\x02me\x00".as_slice(), &serial.to_be_bytes(), &[0, 0, 1, 0].repeat(4)].concat();
    builder.push(apex, Rtype::SOA, 60, &soa).unwrap();
    builder.push(apex, Rtype::NS, 60, b"\x02ns\x00").unwrap();
    let text: Vec<u8> =
        vec![b'x'; text_bytes].chunks(255).flat_map(|c| [&[c.len() as u8], c].concat()).collect();
    builder.push(apex, Rtype::TXT, 60, &text).unwrap();
    builder.finish().unwrap()
}

fn full_set_and_follow(now: Now) -> (Zones, Follow) {
    let config = JournalConfig::default();
    let (db, _) = ZoneDb::open(Arc::new(MemStorage::default()), &config).unwrap();
    let mut set = Zones::new(db, config);
    set.db.replace(zone(1, 1)).unwrap();
    let apex = NameRef::new(APEX).unwrap().to_name();
    while set.db.set_note(apex.as_ref(), &[1; 4096]).is_ok() {}
    let primary = Primary { addr: "192.0.2.1:53".parse().unwrap(), key: None };
    let config = SecondaryConfig::new(apex.clone(), vec![primary], 1);
    let saved = Saved { primary: None, expires: UnixTime(now.unix.0 + 200) };
    let secondary = Secondary::new(now, config, Some((zone(1, 1), saved)));
    (set, Follow { secondary, apex, pending: None, reason: String::new() })
}

fn found(kind: u32, version: Option<Snapshot>) -> Pending {
    let version = version.map(|snapshot| (snapshot, Vec::new()));
    Pending { kind, primary: "192.0.2.1:53".parse().unwrap(), version }
}

#[test]
fn what_a_full_set_could_not_take_is_told_after_a_commit() {
    let now = Now { instant: Instant(1), unix: UnixTime(1_800_000_000) };
    let (mut set, mut follow) = full_set_and_follow(now);
    // The room that is left becomes less than a note's.
    while set.db.set_note(follow.apex.as_ref(), b"1").is_ok() {}
    let refused = follow.store(now, &mut set, found(DDI_SECONDARY_UP_TO_DATE, None)).err();
    assert_eq!(refused.map(|failure| failure.status), Some(DDI_E_LIMIT));
    assert_eq!(follow.take(now, &mut set).err().map(|failure| failure.status), Some(DDI_E_LIMIT));
    set.db.commit().unwrap();
    let event = follow.take(now, &mut set).unwrap().unwrap();
    assert_eq!((event.kind, event.primary.port), (DDI_SECONDARY_UP_TO_DATE, 53));
    assert_eq!(read_saved(set.db.note(follow.apex.as_ref())).expires, UnixTime(now.unix.0 + 200));
    assert!(follow.take(now, &mut set).unwrap().is_none());
}

#[test]
fn a_zone_that_the_set_has_is_not_put_again_for_its_note() {
    let now = Now { instant: Instant(1), unix: UnixTime(1_800_000_000) };
    let (mut set, mut follow) = full_set_and_follow(now);
    // The longest zone that the set still takes leaves no room for a note.
    let took = (1..4000).rev().step_by(8).any(|text_bytes| {
        let zone = found(DDI_SECONDARY_ZONE, Some(zone(2, text_bytes)));
        assert!(follow.store(now, &mut set, zone).is_err(), "there was room for both");
        follow.pending.take_if(|pending| pending.version.is_some()).is_none()
    });
    assert!(took);
    let appended = set.db.appended();
    set.db.commit().unwrap();
    let event = follow.take(now, &mut set).unwrap().unwrap();
    assert_eq!(event.kind, DDI_SECONDARY_ZONE);
    assert_eq!(set.db.appended().0, appended.0 + 1, "the note alone");
    assert_eq!(read_saved(set.db.note(follow.apex.as_ref())).expires, UnixTime(now.unix.0 + 200));
}
