//! The journal: what is reopened is what was kept, however it came there.

#[path = "journal/support.rs"]
mod support;

use ddi_core::blocks::BlockDamage;
use ddi_core::log::Fault;
use ddi_core::{Lsn, MemStorage, UnixTime};
use ddi_dns::journal::{FileDamage, JournalConfig, JournalError, NOTE_MAX};
use ddi_dns::zone::Builder;
use ddi_dns::{Edit, Journal, Rtype, Serial, SerialPolicy, Snapshot};
use std::sync::Arc;
use support::{Rng, append, change, config, content, name, open, soa, zone};

#[test]
fn reopened_it_is_what_it_was() {
    let mut compactions = 0;
    for seed in 0..12 {
        let storage = Arc::new(MemStorage::new());
        let (mut journal, mut rng) = (open(&storage).unwrap(), Rng::new(seed));
        let mut compaction = None;
        for step in 0..400 {
            change(&mut journal, &mut rng).unwrap();
            if rng.below(20) == 0 {
                journal.commit().unwrap();
                let before = content(journal.zones());
                journal = open(&storage).unwrap();
                assert!(content(journal.zones()) == before, "seed {seed}, step {step}");
                compaction = None;
            }
            if rng.below(4) == 0 {
                let under_way = compaction.get_or_insert_with(|| journal.begin_compaction());
                if under_way.step(1 + rng.below(2000)).unwrap() && journal.end_compaction(under_way).unwrap()
                {
                    compaction = None;
                    compactions += 1;
                }
            }
        }
    }
    assert!(compactions > 30, "only {compactions} compactions came to their end");
}

/// More than fits an operation of the log, or a batch's share: parts.
#[test]
fn long_deltas_and_contents_come_in_parts() {
    let storage = Arc::new(MemStorage::new());
    let (mut journal, _) = Journal::open(Arc::clone(&storage) as _, &JournalConfig::default()).unwrap();
    let apex = name("example.");
    let created = journal.replace(&zone(&apex, 5, 30_000, &mut Rng::new(1))).unwrap();
    assert!(created > Lsn(2), "several parts");
    let mut edit = Edit::new(journal.zone(apex.as_ref()).unwrap().snapshot());
    for host in 0..20_000 {
        let owner = apex.child(format!("new-{host}").as_bytes()).unwrap();
        edit.add(owner.as_ref(), Rtype::A, 60, &[10; 4]).unwrap();
    }
    let (delta, after) = edit.finish(SerialPolicy::Increment, UnixTime(0)).unwrap().unwrap();
    let lsn = journal.append(Arc::new(delta), &after).unwrap();
    assert!(lsn > created.next().next(), "several parts");
    assert_eq!(journal.commit().unwrap(), lsn);
    for _ in 0..2 {
        let before = content(journal.zones());
        (journal, _) = Journal::open(Arc::clone(&storage) as _, &JournalConfig::default()).unwrap();
        assert!(content(journal.zones()) == before);
        assert_eq!(journal.zone(apex.as_ref()).unwrap().history().len(), 1);
        journal.compact().unwrap();
    }
}

fn large(apex: &str, serial: u32) -> Snapshot {
    let apex = name(apex);
    let mut builder = Builder::new(apex.as_ref());
    builder.push(apex.as_ref(), Rtype::SOA, 3600, &soa(serial)).unwrap();
    for host in 0..25_000 {
        let owner = apex.child(format!("host-{host}").as_bytes()).unwrap();
        builder.push(owner.as_ref(), Rtype::TXT, 60, &[&[200; 1][..], &[b't'; 200]].concat()).unwrap();
    }
    builder.finish().unwrap()
}

fn files(storage: &MemStorage, prefix: &str) -> usize {
    storage.names().iter().filter(|name| name.starts_with(prefix)).count()
}

#[test]
fn a_large_zone_has_a_file_until_two_compactions_hold_it() {
    let storage = Arc::new(MemStorage::new());
    let mut journal = open(&storage).unwrap();
    let (first, apex) = (large("large.", 1), name("large."));
    assert!(first.wire_len() > 5_000_000);
    journal.replace(&first).unwrap();
    append(&mut journal, &apex, &mut Rng::new(4)).unwrap();
    journal.commit().unwrap();
    assert!(journal.log().held_bytes() < 100_000, "it is not in the log");
    assert_eq!(files(&storage, "zone-"), 1);

    // One that is begun and dropped changes nothing.
    assert!(!journal.begin_load(&large("large.", 9)).step(1 << 20).unwrap());
    let before = content(journal.zones());
    let mut journal = open(&storage).unwrap();
    assert!(content(journal.zones()) == before);
    assert_eq!(files(&storage, "zone-"), 2);

    // The one that was dropped goes at once; the other one when a second file of all zones holds the zone.
    for left in [1, 0, 0] {
        journal.compact().unwrap();
        assert_eq!(files(&storage, "zone-"), left);
        append(&mut journal, &apex, &mut Rng::new(5)).unwrap();
        journal.commit().unwrap();
        let before = content(journal.zones());
        journal = open(&storage).unwrap();
        assert!(content(journal.zones()) == before);
    }
    assert_eq!(files(&storage, "zones-"), 2);
}

#[test]
fn a_damaged_file_is_passed_over_and_reported() {
    let storage = Arc::new(MemStorage::new());
    let (mut journal, mut rng) = (open(&storage).unwrap(), Rng::new(3));
    for _ in 0..3 {
        for _ in 0..40 {
            change(&mut journal, &mut rng).unwrap();
            journal.commit().unwrap();
        }
        journal.compact().unwrap();
    }
    while change(&mut journal, &mut rng).unwrap().is_none() {}
    journal.compact().unwrap();
    let calls = storage.calls();
    journal.compact().unwrap();
    assert_eq!(storage.calls(), calls, "nothing has changed");
    while change(&mut journal, &mut rng).unwrap().is_none() {}
    journal.commit().unwrap();
    let expected = content(journal.zones());
    let all = storage.names();
    let newest = all.iter().rfind(|name| name.starts_with("zones-")).unwrap();
    for offset in 0..storage.content(newest).unwrap().len() as u64 {
        let damaged = Arc::new(storage.fork());
        damaged.flip_bit(newest, offset, (offset % 8) as u8);
        let (journal, opened) = Journal::open(damaged, &config()).unwrap();
        assert_eq!(
            opened.damaged.iter().map(|(name, _)| name).collect::<Vec<_>>(),
            [newest],
            "offset {offset}"
        );
        assert!(content(journal.zones()) == expected, "offset {offset}");
    }
    for file in all.iter().filter(|name| name.starts_with("zones-")) {
        storage.flip_bit(file, 40, 0);
    }
    let error = Journal::open(Arc::clone(&storage) as _, &config()).err().unwrap();
    assert!(
        matches!(&error, JournalError::File { file, damage: FileDamage::Blocks(BlockDamage::Block { .. }) } if file == newest),
        "{error}"
    );
}

#[test]
fn history_is_bounded_by_number_bytes_and_share_of_the_zone() {
    let storage = Arc::new(MemStorage::new());
    let apex = name("example.");
    let mut limited = config();
    (limited.history.deltas, limited.history.bytes, limited.history.percent_of_zone) = (5, 900, 100);
    let (mut journal, _) = Journal::open(Arc::clone(&storage) as _, &limited).unwrap();
    journal.replace(&zone(&apex, 1, 40, &mut Rng::new(1))).unwrap();
    let mut rng = Rng::new(2);
    for _ in 0..60 {
        append(&mut journal, &apex, &mut rng).unwrap();
        let kept = journal.zone(apex.as_ref()).unwrap();
        let (history, bytes) = (kept.history(), kept.snapshot().wire_len());
        assert!(history.len() <= 5 && history.bytes() <= 900 && history.bytes() as u64 <= bytes);
        assert!(history.newest().is_none_or(|newest| newest == kept.snapshot().serial()));
    }
    journal.commit().unwrap();
    let before = content(journal.zones());
    let (journal, _) = Journal::open(storage, &limited).unwrap();
    assert!(content(journal.zones()) == before);
}

#[test]
fn what_does_not_fit_is_refused_and_changes_nothing() {
    let storage = Arc::new(MemStorage::new());
    let mut journal = open(&storage).unwrap();
    let (apex, other) = (name("example."), name("other."));
    let first = zone(&apex, 1, 3, &mut Rng::new(1));
    journal.replace(&first).unwrap();
    let mut edit = Edit::new(&first);
    edit.add(apex.child(b"new").unwrap().as_ref(), Rtype::A, 1, &[1; 4]).unwrap();
    let (delta, after) = edit.finish(SerialPolicy::Increment, UnixTime(0)).unwrap().unwrap();
    let delta = Arc::new(delta);
    let before = (content(journal.zones()), journal.appended());

    let unrelated = |result| matches!(result, Err(JournalError::Unrelated { .. }));
    assert!(unrelated(journal.append(Arc::new(delta.inverted()), &after)));
    assert!(unrelated(journal.append(Arc::clone(&delta), &first)));
    assert!(unrelated(
        journal.append(Arc::new(ddi_dns::Delta { to: Serial(9), ..(*delta).clone() }), &after)
    ));
    let no_soa = ddi_dns::Delta { from: Serial(1), to: Serial(2), ..Default::default() };
    assert!(unrelated(journal.append(Arc::new(no_soa), &after)));
    let elsewhere = zone(&other, 2, 3, &mut Rng::new(1));
    assert!(matches!(journal.append(Arc::clone(&delta), &elsewhere), Err(JournalError::NoZone { .. })));
    let long = vec![0; NOTE_MAX + 1];
    assert!(matches!(journal.set_note(apex.as_ref(), &long), Err(JournalError::NoteTooLong { len: 4097 })));
    assert!(matches!(journal.set_note(other.as_ref(), &[]), Err(JournalError::NoZone { .. })));
    assert_eq!(journal.remove(other.as_ref()).unwrap(), None);
    let mut load = journal.begin_load(&elsewhere);
    assert!(matches!(journal.end_load(&mut load), Err(JournalError::Unfinished)));
    assert!((content(journal.zones()), journal.appended()) == before);

    journal.append(Arc::clone(&delta), &after).unwrap();
    assert!(unrelated(journal.append(delta, &after)), "twice");
}

/// All or nothing goes into a batch; what does not fit any more waits for the next.
#[test]
fn a_full_batch_takes_no_part_of_a_change() {
    let storage = Arc::new(MemStorage::new());
    let (mut journal, _) = Journal::open(Arc::clone(&storage) as _, &JournalConfig::default()).unwrap();
    let apex = name("example.");
    let next = zone(&apex, 1, 90_000, &mut Rng::new(1));
    let full = loop {
        let before = journal.appended();
        if let Err(error) = journal.replace(&next) {
            assert_eq!(journal.appended(), before);
            break error;
        }
    };
    assert!(matches!(full, JournalError::Full), "{full}");
    journal.commit().unwrap();
    let lsn = journal.replace(&next).unwrap();
    assert_eq!(journal.commit().unwrap(), lsn);
    let before = content(journal.zones());
    drop(journal);
    let (journal, _) = Journal::open(storage, &JournalConfig::default()).unwrap();
    assert!(content(journal.zones()) == before);
}

/// Ten thousand small zones: one log, one file, one sync for all that is pending.
#[test]
fn many_small_zones_share_one_log_and_one_file() {
    let storage = Arc::new(MemStorage::new());
    let (mut journal, _) = Journal::open(Arc::clone(&storage) as _, &JournalConfig::default()).unwrap();
    let apexes: Vec<_> =
        (0..10_000).map(|n| name(&format!("{}.{}.10.in-addr.arpa.", n % 256, n / 256))).collect();
    let mut rng = Rng::new(1);
    for apex in &apexes {
        journal.replace(&zone(apex, 1, 4, &mut rng)).unwrap();
    }
    let calls = storage.calls();
    journal.commit().unwrap();
    let first = storage.calls() - calls;
    for apex in &apexes {
        append(&mut journal, apex, &mut rng).unwrap();
    }
    journal.compact().unwrap();
    let before = content(journal.zones());
    drop(journal);
    let (journal, opened) = Journal::open(Arc::clone(&storage) as _, &JournalConfig::default()).unwrap();
    assert_eq!((opened.zones, opened.log.replayed), (10_000, 0));
    assert!(content(journal.zones()) == before);
    assert!(first < 10, "{first} calls for one commit");
    assert!(storage.names().len() < 8, "{:?}", storage.names());
}

/// Batches are synced by one thread and files are written by another, while changes go on.
#[test]
fn other_threads_sync_and_compact_meanwhile() {
    let storage = Arc::new(MemStorage::new());
    let (mut journal, mut rng) = (open(&storage).unwrap(), Rng::new(11));
    for round in 0..20 {
        while change(&mut journal, &mut rng).unwrap().is_none() {}
        let batch = journal.take_batch().unwrap();
        let (first, mut compaction) = (batch.last(), journal.begin_compaction());
        let mut load = journal.begin_load(&zone(&name("loaded."), round, 9, &mut rng));
        while change(&mut journal, &mut rng).unwrap().is_none() {}
        assert!(journal.durable() < first && journal.take_batch().is_none(), "one batch is out");
        let (synced, compaction) = std::thread::scope(|threads| {
            let synced = threads.spawn(|| batch.sync());
            let written = threads.spawn(|| {
                while !load.step(1).unwrap() {}
                while !compaction.step(1).unwrap() {}
                compaction
            });
            (synced.join().unwrap(), written.join().unwrap())
        });
        let mut compaction = compaction;
        let held = journal.end_compaction(&mut compaction);
        assert!(matches!(held, Err(JournalError::NotDurable { .. })), "the batch is still out");
        assert_eq!(journal.batch_durable(synced).unwrap(), first);
        assert!(!journal.end_compaction(&mut compaction).unwrap(), "now it may have its name");
        let loaded = journal.end_load(&mut load).unwrap();
        while !compaction.step(1).unwrap() || !journal.end_compaction(&mut compaction).unwrap() {}
        assert_eq!(journal.commit().unwrap(), loaded);
        let before = content(journal.zones());
        journal = open(&storage).unwrap();
        assert!(content(journal.zones()) == before, "round {round}");
    }
}

/// A disk that is full has room for the log again; and what has lost a piece is not gone on with.
#[test]
fn a_compaction_that_finds_no_room_gives_back_what_it_took() {
    let storage = Arc::new(MemStorage::new());
    let mut journal = open(&storage).unwrap();
    let apex = name("large.example.");
    journal.replace(&zone(&apex, 1, 30_000, &mut Rng::new(1))).unwrap();
    journal.commit().unwrap();
    let held = content(journal.zones());
    let taken = || storage.content("zones.new").map_or(0, |bytes| bytes.len());
    let mut compaction = journal.begin_compaction();
    while taken() < 300_000 {
        assert!(!compaction.step(1).unwrap());
    }
    storage.inject(storage.calls() + 1, Fault::NoSpace);
    assert!(compaction.step(1).is_err());
    assert_eq!(taken(), 0);
    storage.restart();
    for _ in 0..100 {
        assert!(compaction.step(u64::MAX).is_err() && journal.end_compaction(&mut compaction).is_err());
    }
    journal.compact().unwrap();
    assert_eq!(content(open(&storage).unwrap().zones()), held);
}
