//! The crash sweep of the journal: a scripted history of changes, commits, loads and compactions is stopped at
//! every mutating call of the storage, with every kind of fault; the disk is left in many of the states that
//! it may be in, and opened again. The journal must then be exactly what it was, history and notes included,
//! at some moment between the last that was acknowledged and the last that was asked for.

#[path = "journal/support.rs"]
mod support;

use ddi_core::log::{Fault, Tear};
use ddi_core::{Lsn, MemStorage};
use ddi_dns::Journal;
use ddi_dns::journal::JournalError;
use std::sync::Arc;
use support::{Rng, change, content, open};

/// Steps of the script.
const STEPS: u64 = 70;

/// What there was after each operation, and what was acknowledged.
struct Script {
    states: Vec<u64>,
    durable: Lsn,
}

/// Fowler, Noll and Vo's: states are many, and only compared.
fn print_of(journal: &Journal) -> u64 {
    content(journal.zones())
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Runs the script until it ends or the log fails. A compaction that fails is dropped, and there will be others.
fn run(journal: &mut Journal, script: &mut Script, rng: &mut Rng) -> Result<(), JournalError> {
    let mut compaction = None;
    for _ in 0..STEPS {
        match rng.below(10) {
            0..5 => {
                // A load that fails changes nothing; an append to a log that has failed neither.
                if let Ok(Some(lsn)) = change(journal, rng) {
                    assert_eq!(lsn.0 as usize, script.states.len());
                    script.states.push(print_of(journal));
                }
            }
            5..8 => script.durable = journal.commit()?,
            _ => {
                let under_way = compaction.get_or_insert_with(|| journal.begin_compaction());
                let stepped = under_way.step(1);
                let over = matches!(stepped, Ok(true)) && journal.end_compaction(under_way)?;
                script.durable = journal.durable();
                if over || stepped.is_err() {
                    compaction = None;
                }
            }
        }
    }
    Ok(())
}

/// A script on a fresh disk with a fault at mutating call `call`; true if it came to its end.
fn stopped(seed: u64, call: u64, fault: Fault) -> (Arc<MemStorage>, Script, bool) {
    let storage = Arc::new(MemStorage::new());
    storage.inject(call, fault);
    let mut script = Script { states: vec![0xcbf2_9ce4_8422_2325], durable: Lsn::ZERO };
    let ended = match open(&storage) {
        Ok(mut journal) => run(&mut journal, &mut script, &mut Rng::new(seed)).is_ok(),
        Err(_) => false,
    };
    (storage, script, ended)
}

/// The journal is what it was at one moment that may survive; gives it, cut to that moment.
fn check(storage: &Arc<MemStorage>, script: &Script, what: &str) -> (Journal, Vec<u64>) {
    let journal = open(storage).unwrap_or_else(|error| panic!("{what}: {error}"));
    let at = journal.appended();
    let asked = Lsn(script.states.len() as u64 - 1);
    assert!(at >= script.durable, "{what}: {} acknowledged, {} there", script.durable.0, at.0);
    assert!(at <= asked, "{what}: {} there, {} asked for", at.0, asked.0);
    assert_eq!(print_of(&journal), script.states[at.0 as usize], "{what}: not what it was at {}", at.0);
    (journal, script.states[..=at.0 as usize].to_vec())
}

fn tears(seed: u64) -> impl Iterator<Item = Tear> {
    let fixed = [Tear::Nothing, Tear::Everything].into_iter();
    let subsets = (1..8).chain((0..8).map(|low| !7 | low)).map(Tear::Subset);
    fixed.chain(subsets).chain((0..9).map(move |n| Tear::Random(seed << 16 | n)))
}

/// After a crash the journal goes on, is stopped again, and still loses nothing.
fn go_on(storage: MemStorage, script: &Script, what: &str) -> u64 {
    let storage = Arc::new(storage);
    let (mut journal, states) = check(&storage, script, what);
    let mut script = Script { states, durable: journal.durable() };
    let mut rng = Rng::new(script.durable.0 + 99);
    run(&mut journal, &mut script, &mut rng).expect("no fault this time");
    check(&Arc::new(storage.crash(Tear::Nothing)), &script, what);
    check(&Arc::new(storage.crash(Tear::Random(7))), &script, what);
    2
}

/// The same image with one bit flipped in its newest file of all zones, if it has one.
fn with_damage(image: &MemStorage, rng: &mut Rng) -> Option<Arc<MemStorage>> {
    let newest = image.names().into_iter().rfind(|name| name.starts_with("zones-"))?;
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
            let (storage, script, ended) = stopped(seed, call, fault);
            let what = format!("seed {seed} call {call} {fault:?}");
            for (number, tear) in tears(call).enumerate() {
                let what = format!("{what} {tear:?}");
                let image = storage.crash(tear);
                if number % 8 == 0
                    && let Some(damaged) = with_damage(&image, &mut Rng::new(call + number as u64))
                {
                    check(&damaged, &script, &format!("{what}, newest file damaged"));
                    points += 1;
                }
                if number % 13 == 0 {
                    points += go_on(image, &script, &what);
                } else {
                    check(&Arc::new(image), &script, &what);
                }
                points += 1;
            }
            if fault != Fault::Crash {
                // The process died, the machine did not.
                storage.restart();
                check(&storage, &script, &what);
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
    let points: u64 = [1, 2, 3].into_iter().map(sweep).sum();
    println!("{points} crash points");
    assert!(points >= 10_000, "only {points} crash points");
}
