//! Whatever is damaged in a database's directory, what is salvaged of it is a database that opens,
//! with everything that is whole, and the report lists the rest.

use ddi_core::db::{DbError, SalvagedDb, salvage};
use ddi_core::log::{LogError, Storage};
use ddi_core::{BindingState, DbConfig, Expect, Lease, LeaseDb, LeaseKey, LeaseStore, Lsn, MemStorage};
use std::collections::BTreeSet;
use std::sync::Arc;

fn config() -> DbConfig {
    let mut config = DbConfig::new([3; 16]);
    (config.log.first_segment_bytes, config.log.segment_bytes) = (2048, 2048);
    config
}

/// Each lease is put once, by the change of its number, in a batch of its own.
fn put(db: &mut LeaseDb, numbers: std::ops::RangeInclusive<u64>) {
    for number in numbers {
        let mut lease = Lease::new(LeaseKey::v4((number as u32).into()));
        lease.state = BindingState::Active;
        assert_eq!(db.put(&mut lease, Expect::Absent), Ok(Lsn(number)));
        db.commit().expect("commits");
    }
}

/// Changes 1 to 100, with snapshots at 40 and 70: the log begins soon before 41.
fn database() -> Arc<MemStorage> {
    let storage = Arc::new(MemStorage::new());
    let (mut db, _) = LeaseDb::open(storage.clone(), &config()).expect("opens");
    put(&mut db, 1..=40);
    db.compact().expect("compacts");
    put(&mut db, 41..=70);
    db.compact().expect("compacts");
    put(&mut db, 71..=100);
    assert!(db.log().oldest() > Lsn(1) && db.log().oldest() <= Lsn(41));
    storage
}

const OLDER: &str = "snapshot-0000000000000028";
const NEWER: &str = "snapshot-0000000000000046";

fn dynamic(storage: &Arc<MemStorage>) -> Arc<dyn Storage> {
    Arc::clone(storage) as Arc<dyn Storage>
}

/// Salvages, and checks that the result has what is not lost, opens, and can be used.
fn salvaged(from: &Arc<MemStorage>) -> SalvagedDb {
    let to = Arc::new(MemStorage::new());
    let saved = salvage(&dynamic(from), &dynamic(&to), &config(), &mut |_| {}).expect("salvages");
    let to = Arc::new(to.crash(ddi_core::log::Tear::Nothing));
    let (mut db, opened) = LeaseDb::open(to.clone(), &config()).expect("opens");
    assert_eq!((opened.leases, &opened.damaged), (saved.opened.leases, &Vec::new()));
    let mut page = Vec::new();
    db.scan(None, usize::MAX, &mut page);
    let there: BTreeSet<u64> = page.iter().map(|lease| lease.version.0).collect();
    let lost: BTreeSet<u64> = saved.lost.iter().flat_map(|(first, last)| first.0..=last.0).collect();
    assert_eq!(there, (1..=db.appended().0).filter(|number| !lost.contains(number)).collect());
    let next = db.appended().0 + 1;
    put(&mut db, next..=next + 9);
    db.compact().expect("compacts");
    drop(db);
    let (db, _) = LeaseDb::open(to, &config()).expect("opens");
    assert_eq!(db.len(), opened.leases + 10);
    saved
}

fn runs(saved: &SalvagedDb) -> Vec<(u64, u64)> {
    saved.lost.iter().map(|(first, last)| (first.0, last.0)).collect()
}

/// The log's files, in order.
fn segments(storage: &MemStorage) -> Vec<String> {
    storage.names().into_iter().filter(|name| name.ends_with(".log") && name != "spare.log").collect()
}

/// Damages the batch of this change.
fn damage(storage: &Arc<MemStorage>, change: u64) {
    let mut scan = ddi_core::log::LogScan::new(dynamic(storage), None).expect("lists");
    while let Some(finding) = scan.next().expect("reads") {
        if let ddi_core::log::Finding::Batch(batch) = finding
            && batch.first == Lsn(change)
        {
            assert!(storage.flip_bit(&batch.file, batch.offset + 70, 3));
            return;
        }
    }
    panic!("no batch of change {change}");
}

#[test]
fn a_whole_database_is_copied() {
    let saved = salvaged(&database());
    assert_eq!((saved.opened.leases, saved.opened.snapshot, saved.lost.len()), (100, Lsn(70), 0));
    assert_eq!(saved.damaged, []);
    assert_eq!(runs(&salvaged(&Arc::new(MemStorage::new()))), []);
}

#[test]
fn damage_in_the_middle_of_the_log() {
    let storage = database();
    damage(&storage, 80);
    damage(&storage, 81);
    damage(&storage, 90);
    damage(&storage, 60); // the snapshot has it
    assert!(LeaseDb::open(storage.clone(), &config()).is_err());
    let saved = salvaged(&storage);
    assert_eq!((saved.opened.leases, saved.opened.snapshot), (97, Lsn(70)));
    assert_eq!(runs(&saved), [(80, 81), (90, 90)]);
}

#[test]
fn the_newest_snapshot_is_damaged() {
    let storage = database();
    assert!(storage.flip_bit(NEWER, 50, 1));
    damage(&storage, 60);
    let saved = salvaged(&storage);
    assert_eq!((saved.opened.leases, saved.opened.snapshot), (99, Lsn(40)));
    assert_eq!(saved.damaged.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), [NEWER]);
    assert_eq!(runs(&saved), [(60, 60)]);
}

#[test]
fn all_snapshots_are_damaged() {
    let storage = database();
    assert!(storage.flip_bit(NEWER, 50, 1) && storage.flip_bit(OLDER, 50, 1));
    assert!(LeaseDb::open(storage.clone(), &config()).is_err());
    let saved = salvaged(&storage);
    assert_eq!(saved.damaged.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), [NEWER, OLDER]);
    let [(1, last)] = runs(&saved)[..] else { panic!("{:?}", saved.lost) };
    assert!((20..=40).contains(&last), "{last}");
    assert_eq!((saved.opened.leases, saved.opened.snapshot), (100 - last, Lsn::ZERO));
}

#[test]
fn the_log_is_missing_at_either_end() {
    let storage = database();
    let files = segments(&storage);
    for keep in 0..=files.len() {
        // The first ones are lost, then the last ones.
        for lost in [&files[..files.len() - keep], &files[keep..]] {
            let storage = Arc::new(storage.fork());
            lost.iter().for_each(|file| storage.remove(file).expect("removes"));
            let saved = salvaged(&storage);
            assert!(saved.opened.leases >= 70 && saved.opened.log.last >= Lsn(70));
            assert!(storage.flip_bit(NEWER, 50, 1));
            let saved = salvaged(&storage);
            assert!(saved.opened.leases >= 40);
            let known = saved.opened.log.last.max(Lsn(70)).0;
            let lost: u64 = runs(&saved).iter().map(|(first, last)| last - first + 1).sum();
            assert_eq!(saved.opened.leases + lost, known, "all of {known} are there or listed");
        }
    }
}

#[test]
fn a_salvage_writes_over_no_database() {
    let (from, to) = (dynamic(&database()), dynamic(&database()));
    let again = salvage(&from, &to, &config(), &mut |_| {});
    assert!(matches!(again, Err(DbError::Log(LogError::NotEmpty { .. }))));
}

/// A log always has a file, so that one without any has lost what came after the snapshot.
#[test]
fn a_snapshot_without_a_log_is_no_database() {
    let storage = database();
    segments(&storage).iter().for_each(|file| storage.remove(file).expect("removes"));
    let names = storage.names();
    for damaged in [None, Some(NEWER), Some(OLDER)] {
        assert!(damaged.is_none_or(|name| storage.flip_bit(name, 50, 1)));
        let error = LeaseDb::open(storage.clone(), &config()).err().expect("there were 100 leases");
        assert!(error.to_string().contains(NEWER), "{error}");
        assert_eq!(storage.names(), names, "nothing is made");
    }
    assert_eq!(salvaged(&storage).opened.leases, 0);
}
