//! `deltas`: 1,000 changes all over a zone, applied and published, while a reader reads.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use ddi_benches::ReferenceZone;
use ddi_core::UnixTime;
use ddi_dns::zone::Strictness;
use ddi_dns::{Delta, Edit, Name, Rtype, SerialPolicy, Snapshot, Zone};

use crate::Failure;
use crate::process::thread_nanos;
use crate::table::{self, grouped};

const CHANGES: u32 = 1000;
const ROUNDS: usize = 41;
/// Reads of which the times are told, with no writer about.
const READS_ALONE: usize = 100_000;

pub(super) fn run(largest: ReferenceZone) -> Result<(), Failure> {
    println!(
        "a delta of {CHANGES} changes applied and published, median of {ROUNDS}, and how long reads take"
    );
    let mut rows = Vec::new();
    for hosts in [largest.hosts / 100, largest.hosts / 10, largest.hosts] {
        rows.push(row(hosts.max(CHANGES))?);
    }
    let head = ["names", "ms", "reads", "p99 us", "max us", "p99 us alone", "max us alone"];
    table::print(&head, &rows);
    Ok(())
}

fn row(hosts: u32) -> Result<Vec<String>, Failure> {
    let zone = Zone::new(ReferenceZone { hosts }.snapshot());
    let base = zone.snapshot();
    let delta = delta(&base, hosts)?;
    let (is_applied, is_over) = (AtomicBool::new(false), AtomicBool::new(false));
    let alone = Reads::of(&zone, hosts, READS_ALONE, || true, || false)?;
    let (applied, meanwhile) = thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let is_counted = || is_applied.load(Ordering::Relaxed);
            // A thread's failure goes to the other as text.
            let reads = Reads::of(&zone, hosts, usize::MAX, is_counted, || is_over.load(Ordering::Relaxed));
            reads.map_err(|failure| failure.to_string())
        });
        let applied = apply(&zone, &base, &delta, &is_applied);
        is_over.store(true, Ordering::Relaxed);
        (applied, reader.join())
    });
    let (mut applied, meanwhile) = (applied?, meanwhile.map_err(|_| "the reader failed")??);
    applied.sort_by(f64::total_cmp);
    let micros = |nanos: u64| format!("{:.1}", nanos as f64 / 1e3);
    Ok(vec![
        grouped(f64::from(hosts)),
        format!("{:.2}", applied[ROUNDS / 2]),
        grouped(meanwhile.nanos.len() as f64),
        micros(meanwhile.p99()),
        micros(meanwhile.max()),
        micros(alone.p99()),
        micros(alone.max()),
    ])
}

/// Milliseconds on the processor for each round.
fn apply(zone: &Zone, base: &Snapshot, delta: &Delta, is_applied: &AtomicBool) -> Result<Vec<f64>, Failure> {
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        zone.publish(base.clone())?;
        is_applied.store(true, Ordering::Relaxed);
        let started = thread_nanos();
        let next = zone.read().apply(delta, Strictness::Exact)?;
        zone.publish(next)?;
        times.push((thread_nanos() - started) as f64 / 1e6);
        is_applied.store(false, Ordering::Relaxed);
    }
    Ok(times)
}

/// How long reads took, by the clock on the wall: waiting shows, and so does what else the machine does.
struct Reads {
    nanos: Vec<u64>,
}

impl Reads {
    /// Reads names all over the zone until there are `most` times or it is over.
    fn of(
        zone: &Zone,
        hosts: u32,
        most: usize,
        is_counted: impl Fn() -> bool,
        is_over: impl Fn() -> bool,
    ) -> Result<Self, Failure> {
        let names: Result<Vec<Name>, _> = (0..1000).map(|i| host(i, hosts)).collect();
        let (names, mut nanos) = (names?, Vec::new());
        for name in names.iter().cycle() {
            if is_over() || nanos.len() >= most {
                break;
            }
            let is_counted = is_counted();
            let started = Instant::now();
            black_box(zone.read().get(name.as_ref(), Rtype::A).map(|rrset| rrset.len()));
            if is_counted {
                nanos.push(started.elapsed().as_nanos() as u64);
            }
        }
        nanos.sort_unstable();
        Ok(Self { nanos })
    }

    fn p99(&self) -> u64 {
        self.nanos.get(self.nanos.len() * 99 / 100).copied().unwrap_or(0)
    }

    fn max(&self) -> u64 {
        self.nanos.last().copied().unwrap_or(0)
    }
}

fn host(i: u32, hosts: u32) -> Result<Name, Failure> {
    let host = i.wrapping_mul(2_654_435_761) % hosts;
    Ok(format!("host-{host}.{}", ReferenceZone::APEX).parse()?)
}

/// Half of it are new addresses, half old ones gone.
fn delta(zone: &Snapshot, hosts: u32) -> Result<Delta, Failure> {
    let mut edit = Edit::new(zone);
    for i in 0..CHANGES / 2 {
        let name = host(i, hosts)?;
        edit.remove_rrset(name.as_ref(), Rtype::A);
        edit.add(name.as_ref(), Rtype::A, ReferenceZone::TTL, &i.to_be_bytes())?;
    }
    let finished = edit.finish(SerialPolicy::Increment, UnixTime(0))?;
    Ok(finished.ok_or("nothing changed")?.0)
}
