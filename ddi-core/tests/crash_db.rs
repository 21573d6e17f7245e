//! The crash sweep of the database: a scripted history of puts, removes, commits and compactions is
//! stopped at every mutating call of the storage, with every kind of fault; the disk is left in many of
//! the states that it may be in, and opened again. The database must then be exactly what it was at
//! some moment between the last that was acknowledged and the last that was asked for.

#[path = "db/rng.rs"]
mod rng;

use ddi_core::db::DbError;
use ddi_core::log::{Fault, Tear};
use ddi_core::{
    BindingState, DbConfig, Expect, HwAddr, Lease, LeaseDb, LeaseKey, LeaseStore, Lsn, MemStorage, UnixTime,
};
use rng::Rng;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Steps of the script.
const STEPS: u64 = 110;
/// Leases live in this many addresses.
const ADDRS: u64 = 40;

type Leases = BTreeMap<LeaseKey, Lease>;

/// What there was after each operation, and what was acknowledged.
struct History {
    states: Vec<Leases>,
    durable: Lsn,
}

fn config() -> DbConfig {
    let mut config = DbConfig::new([3; 16]);
    (config.log.first_segment_bytes, config.log.segment_bytes) = (4096, 8192);
    config.indexes.clear(); // rows are compared; db_model compares indexes
    config
}

fn open(storage: &Arc<MemStorage>) -> Result<LeaseDb, DbError> {
    LeaseDb::open(storage.clone(), &config()).map(|(db, _)| db)
}

/// Runs the script until it ends or the log fails. A compaction that fails is dropped, and there will be others.
fn run(db: &mut LeaseDb, history: &mut History, rng: &mut Rng) -> Result<(), DbError> {
    let mut compaction = None;
    for _ in 0..STEPS {
        match rng.below(10) {
            0..5 => put(db, history, rng),
            5 => remove(db, history, rng),
            6..8 => history.durable = db.commit()?,
            _ => {
                let under_way = compaction.get_or_insert_with(|| db.begin_compaction());
                let stepped = under_way.step(1);
                let over = matches!(stepped, Ok(true)) && db.end_compaction(under_way)?;
                history.durable = db.durable();
                if over || stepped.is_err() {
                    compaction = None;
                }
            }
        }
    }
    Ok(())
}

fn put(db: &mut LeaseDb, history: &mut History, rng: &mut Rng) {
    let mut lease = Lease::new(LeaseKey::v4((0x0a00_0000 + rng.below(ADDRS) as u32).into()));
    lease.state = rng.pick(&[BindingState::Active, BindingState::Free]);
    lease.hw_addr = HwAddr::new(1, &[rng.below(9) as u8; 6]).unwrap();
    lease.hostname = vec![b'h'; rng.below(200) as usize];
    lease.expiration_time = UnixTime(1_800_000_000 + rng.below(99));
    if db.put_forced(&mut lease, Expect::Any).is_ok() {
        let mut leases = history.states.last().cloned().unwrap_or_default();
        leases.insert(lease.key, lease);
        history.states.push(leases);
    }
}

fn remove(db: &mut LeaseDb, history: &mut History, rng: &mut Rng) {
    let key = LeaseKey::v4((0x0a00_0000 + rng.below(ADDRS) as u32).into());
    if let Ok(Some(_)) = db.remove(key, Expect::Any) {
        let mut leases = history.states.last().cloned().unwrap_or_default();
        leases.remove(&key);
        history.states.push(leases);
    }
}

/// A history on a fresh disk with a fault at mutating call `call`; true if the script came to its end.
fn stopped(seed: u64, call: u64, fault: Fault) -> (Arc<MemStorage>, History, bool) {
    let storage = Arc::new(MemStorage::new());
    storage.inject(call, fault);
    let mut history = History { states: vec![Leases::new()], durable: Lsn::ZERO };
    let ended = match open(&storage) {
        Ok(mut db) => run(&mut db, &mut history, &mut Rng::new(seed)).is_ok(),
        Err(_) => false,
    };
    (storage, history, ended)
}

/// The database is what it was at one moment that may survive; gives it, cut to that moment.
fn check(storage: &Arc<MemStorage>, history: &History, what: &str) -> (LeaseDb, Vec<Leases>) {
    let db = open(storage).unwrap_or_else(|error| panic!("{what}: {error}"));
    let at = db.appended();
    let asked = Lsn(history.states.len() as u64 - 1);
    assert!(at >= history.durable, "{what}: {} acknowledged, {} there", history.durable.0, at.0);
    assert!(at <= asked, "{what}: {} there, {} asked for", at.0, asked.0);
    let mut page = Vec::new();
    db.scan(None, usize::MAX, &mut page);
    assert!(page.iter().eq(history.states[at.0 as usize].values()), "{what}: not what it was at {}", at.0);
    (db, history.states[..=at.0 as usize].to_vec())
}

fn tears(seed: u64) -> impl Iterator<Item = Tear> {
    let fixed = [Tear::Nothing, Tear::Everything].into_iter();
    let subsets = (1..16).chain((0..16).map(|low| !15 | low)).map(Tear::Subset);
    fixed.chain(subsets).chain((0..24).map(move |n| Tear::Random(seed << 16 | n)))
}

/// After a crash the database goes on, is stopped again, and still loses nothing.
fn go_on(storage: MemStorage, history: &History, what: &str) -> u64 {
    let storage = Arc::new(storage);
    let (mut db, states) = check(&storage, history, what);
    let mut history = History { states, durable: db.durable() };
    let mut rng = Rng::new(history.durable.0 + 99);
    run(&mut db, &mut history, &mut rng).expect("no fault this time");
    check(&Arc::new(storage.crash(Tear::Nothing)), &history, what);
    check(&Arc::new(storage.crash(Tear::Random(7))), &history, what);
    2
}

/// The same image with one bit flipped in its newest snapshot, if it has one.
fn with_damage(image: &MemStorage, rng: &mut Rng) -> Option<Arc<MemStorage>> {
    let newest = image.names().into_iter().rfind(|name| name.starts_with("snapshot-"))?;
    let damaged = image.fork();
    let bytes = image.content(&newest).map_or(0, |content| content.len() as u64);
    assert!(damaged.flip_bit(&newest, rng.below(bytes), rng.below(8) as u8));
    Some(Arc::new(damaged))
}

fn sweep(seed: u64) -> u64 {
    let mut points = 0;
    for fault in [Fault::Crash, Fault::Io, Fault::NoSpace] {
        let mut call = 0;
        loop {
            call += 1;
            let (storage, history, ended) = stopped(seed, call, fault);
            let what = format!("seed {seed} call {call} {fault:?}");
            for (number, tear) in tears(call).enumerate() {
                let what = format!("{what} {tear:?}");
                let image = storage.crash(tear);
                if number % 8 == 0
                    && let Some(damaged) = with_damage(&image, &mut Rng::new(call + number as u64))
                {
                    check(&damaged, &history, &format!("{what}, newest snapshot damaged"));
                    points += 1;
                }
                if number % 29 == 0 {
                    points += go_on(image, &history, &what);
                } else {
                    check(&Arc::new(image), &history, &what);
                }
                points += 1;
            }
            if fault != Fault::Crash {
                // The process died, the machine did not.
                storage.restart();
                check(&storage, &history, &what);
                points += 1;
            }
            if ended && storage.calls() < call {
                break;
            }
        }
    }
    points
}

#[test]
fn nothing_acknowledged_is_lost_wherever_it_stops() {
    let points: u64 = [1, 2].into_iter().map(sweep).sum();
    println!("{points} crash points");
    // With the 66,500 or more of crash_log, more than 100,000.
    assert!(points >= 40_000, "only {points} crash points");
}

/// The same disk with one bit flipped in the newest snapshot: the one before it and the log are used.
#[test]
fn a_damaged_snapshot_is_passed_over_and_reported() {
    let (storage, mut history, ended) = stopped(4, u64::MAX, Fault::Crash);
    assert!(ended);
    let mut db = { check(&storage, &history, "undamaged").0 };
    for _ in 0..2 {
        put(&mut db, &mut history, &mut Rng::new(5));
        db.compact().expect("compacts");
    }
    // Nothing has changed since: the two generations stay as they are.
    let calls = storage.calls();
    db.compact().expect("has nothing to do");
    assert_eq!(storage.calls(), calls);
    put(&mut db, &mut history, &mut Rng::new(6));
    db.commit().expect("commits");
    drop(db);
    let snapshots: Vec<String> =
        storage.names().into_iter().filter(|name| name.starts_with("snapshot-")).collect();
    let [older, newer] = &snapshots[..] else { panic!("two generations are kept: {snapshots:?}") };
    let len = storage.content(newer).expect("it exists").len() as u64;
    for offset in 0..len {
        let damaged = Arc::new(storage.fork());
        damaged.flip_bit(newer, offset, (offset % 8) as u8);
        let (db, opened) =
            LeaseDb::open(damaged, &config()).unwrap_or_else(|e| panic!("offset {offset}: {e}"));
        assert_eq!(opened.damaged.iter().map(|(name, _)| name).collect::<Vec<_>>(), [newer]);
        let mut page = Vec::new();
        db.scan(None, usize::MAX, &mut page);
        assert!(page.iter().eq(history.states.last().unwrap().values()), "offset {offset}");
    }
    storage.flip_bit(newer, 40, 0);
    storage.flip_bit(older, 40, 0);
    let error = LeaseDb::open(storage, &config()).err().expect("the log alone does not reach back");
    assert!(error.to_string().contains(newer.as_str()), "{error}");
}

/// Runs compaction after compaction, of which call `failing` fails for some while the process goes on.
fn compact_with_failure(failing: u64, fault: Fault) -> (Arc<MemStorage>, History, bool) {
    let storage = Arc::new(MemStorage::new());
    let mut history = History { states: vec![Leases::new()], durable: Lsn::ZERO };
    let (mut db, mut rng) = (open(&storage).expect("opens"), Rng::new(8));
    let (mut calls, mut failed) = (0, false);
    for _ in 0..6 {
        for _ in 0..15 {
            put(&mut db, &mut history, &mut rng);
            history.durable = db.commit().expect("commits");
        }
        let mut compaction = db.begin_compaction();
        let outcome = loop {
            calls += 1;
            if calls == failing {
                storage.inject(storage.calls() + 1, fault);
            }
            let stepped = compaction.step(u64::MAX);
            storage.restart(); // if that step calls nothing, no other call fails
            match stepped {
                Err(error) => break Err(error),
                Ok(true) if db.end_compaction(&mut compaction).expect("goes on") => break Ok(()),
                Ok(_) => {}
            }
        };
        failed |= outcome.is_err();
        let what = format!("step {failing} of compaction fails: {fault:?}");
        check(&Arc::new(storage.fork()), &history, &what);
        if let Some(damaged) = with_damage(&storage, &mut rng) {
            check(&damaged, &history, &format!("{what}, newest snapshot damaged"));
        }
    }
    (storage, history, failed)
}

/// The process goes on after a rename, removal or write of a compaction has failed, and compacts again.
#[test]
fn a_failed_compaction_costs_nothing_even_if_others_follow() {
    let mut failures = 0;
    for fault in [Fault::Io, Fault::NoSpace] {
        for failing in 1..32 {
            let (storage, history, failed) = compact_with_failure(failing, fault);
            failures += u64::from(failed);
            let snapshots = storage.names().iter().filter(|name| name.starts_with("snapshot-")).count();
            assert!(snapshots >= 2, "step {failing} {fault:?}");
            check(&storage, &history, "at the end");
        }
    }
    assert!(failures > 40, "only {failures} steps that can fail");
}

/// A disk that is full has room for the log again; and what has lost a piece is not gone on with.
#[test]
fn a_compaction_that_finds_no_room_gives_back_what_it_took() {
    let storage = Arc::new(MemStorage::new());
    let mut db = open(&storage).expect("opens");
    for number in 0..20_000_u32 {
        let mut lease = Lease::new(LeaseKey::v4(number.into()));
        lease.hostname = vec![b'x'; 40];
        db.put(&mut lease, Expect::Absent).expect("puts");
    }
    db.commit().expect("commits");
    let taken = || storage.content("snapshot.new").map_or(0, |bytes| bytes.len());
    let (mut compaction, mut slices) = (db.begin_compaction(), 0);
    while taken() < 500_000 {
        assert!(!compaction.step(1).expect("there is room"));
        slices += 1;
    }
    assert!(slices > 1);
    storage.inject(storage.calls() + 1, Fault::NoSpace);
    assert!(compaction.step(1).is_err());
    assert_eq!(taken(), 0);
    storage.restart();
    for _ in 0..100 {
        assert!(compaction.step(u64::MAX).is_err() && db.end_compaction(&mut compaction).is_err());
    }
    db.compact().expect("there is room again");
    let (_, opened) = LeaseDb::open(storage.clone(), &config()).expect("opens");
    assert_eq!((opened.leases, opened.damaged.len()), (20_000, 0));
}
