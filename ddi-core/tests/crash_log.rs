//! The crash sweep of the log: a scripted history is stopped at every mutating call of the storage,
//! with every kind of fault, and what the disk may then hold is opened again. Whatever was
//! acknowledged is there; of what was not, at most the whole batch that was out; and what a crash
//! leaves is never taken for corruption, nor corruption for what a crash leaves.

use std::sync::Arc;

use ddi_core::log::{Fault, LogError, MemStorage, Tear};

#[path = "crash_log/damage.rs"]
mod damage;
#[path = "crash_log/history.rs"]
mod history;

use history::{Model, Rng};

/// Batches in one history.
const COMMITS: u64 = 24;

/// A history on a fresh disk, with a fault at mutating call `call`.
fn history(seed: u64, call: u64, fault: Fault) -> (Arc<MemStorage>, Model, bool) {
    let disk = Arc::new(MemStorage::new());
    disk.inject(call, fault);
    let mut model = Model::new(seed);
    let mut rng = Rng::new(seed);
    let Ok((mut log, _)) = model.reopen(&disk) else { return (disk, model, false) };
    let ended = model.run(&mut log, &disk, COMMITS, &mut rng);
    if let Err(e) = &ended {
        assert!(
            matches!(e, LogError::Storage { .. } | LogError::Poisoned { .. }),
            "seed {seed} call {call}: {e}"
        );
        // Retiring a segment is not the log's own doing: it goes on.
        if !matches!(e, LogError::Storage { doing: "remove" | "rename", .. }) {
            assert_poisoned(&mut log, &model);
        }
    }
    (disk, model, ended.is_ok())
}

/// After a failed write or sync nothing is acknowledged any more.
fn assert_poisoned(log: &mut ddi_core::log::Log, model: &Model) {
    assert!(matches!(log.append(b"x"), Err(LogError::Poisoned { .. })));
    assert!(matches!(log.commit(), Err(LogError::Poisoned { .. })));
    assert!(log.take_batch().is_none());
    assert_eq!(log.durable(), model.acked);
}

/// The kinds of tears that each moment is given.
fn tears(seed: u64, call: u64, random: u64) -> Vec<Tear> {
    let mut tears = vec![Tear::Nothing, Tear::Everything];
    // Every subset of the first three sectors, with and without all others.
    tears.extend((1..8).map(Tear::Subset));
    tears.extend((0..7).map(|low| Tear::Subset(!7 | low)));
    tears.extend((0..random).map(|i| Tear::Random(seed << 32 | call << 8 | i)));
    tears
}

/// Opens one image; goes on writing; stops that too, and opens again. Returns how many images.
fn open_and_go_on(disk: MemStorage, mut model: Model, seed: u64, what: &dyn Fn() -> String) -> u64 {
    let disk = Arc::new(disk);
    let mut rng = Rng::new(seed);
    // Every fourth time the opening itself is stopped; else what comes after it.
    let during = if rng.below(4) == 0 { 1 + rng.below(3) } else { 4 + rng.below(20) };
    let before = model.clone();
    disk.inject(during, Fault::Crash);
    match model.reopen(&disk) {
        Ok((mut log, _)) => drop(model.run(&mut log, &disk, 5, &mut rng)),
        Err(_) if disk.calls() == during => model = before,
        Err(why) => panic!("{}: {why}", what()),
    }
    let again = Arc::new(disk.crash(Tear::Random(seed)));
    if let Err(why) = model.reopen(&again) {
        panic!("{}, then stopped again in call {during}: {why}", what());
    }
    // What an opening gave is durable.
    let after = Arc::new(again.crash(Tear::Nothing));
    match model.reopen(&after) {
        Ok((_, recovered)) => assert_eq!(recovered.cut, None, "{}: cut twice", what()),
        Err(why) => panic!("{}: {why}, after it had been opened", what()),
    }
    3
}

fn sweep(seeds: std::ops::Range<u64>, fault: Fault, random: u64) -> u64 {
    let mut points = 0;
    for seed in seeds.clone() {
        for call in 1.. {
            let (disk, model, ended) = history(seed, call, fault);
            for (i, tear) in tears(seed, call, random).into_iter().enumerate() {
                let what = || format!("seed {seed} {fault:?} in call {call}, {tear:?}");
                let second = seed << 40 | call << 16 | i as u64;
                points += open_and_go_on(disk.crash(tear), model.clone(), second, &what);
            }
            if fault != Fault::Crash {
                // The process starts anew on the same machine, and its cache.
                let same = disk.fork();
                let what = || format!("seed {seed} {fault:?} in call {call}, same machine");
                points += open_and_go_on(same, model, seed << 40 | call, &what);
            }
            if ended {
                break;
            }
        }
    }
    println!("{fault:?}: seeds {seeds:?}, {points} crash points");
    points
}

#[test]
fn power_loss_at_every_call() {
    assert!(sweep(0..8, Fault::Crash, 8) >= 36_000);
}

#[test]
fn failed_calls() {
    assert!(sweep(100..104, Fault::Io, 4) >= 15_500);
}

#[test]
fn no_space() {
    assert!(sweep(200..204, Fault::NoSpace, 4) >= 15_000);
}
