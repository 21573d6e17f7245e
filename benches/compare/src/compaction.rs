//! `compaction`: 50,000 puts a second go on, committed in groups by another thread, as the node does
//! it; what does a compaction on a third thread add to a commit, beyond the commit's own sync?

use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use ddi_core::db::Compaction;
use ddi_core::log::{Batch, Synced};
use ddi_core::{Expect, Lease, LeaseDb, LeaseStore};

use crate::Failure;
use crate::leases::ddi::{fill, open_db};
use crate::row::{Row, fresh_folder};
use crate::table::{self, grouped};

const PUTS_PER_SECOND: f64 = 50_000.0;
const SECONDS: f64 = 8.0;
/// The node's slices are of this size.
const SLICE_BYTES: u64 = 1 << 20;

/// Milliseconds of each commit.
#[derive(Default)]
struct Times {
    own_sync: Vec<f64>,
    beyond: Vec<f64>,
    puts: u32,
    compactions: u32,
}

pub fn run(count: u32) -> Result<(), Failure> {
    let folder = fresh_folder("compaction")?;
    let mut db = open_db(&folder)?;
    let mut lease = Lease::default();
    for n in 0..count {
        fill(&mut lease, &Row::new(n, 1_700_000_000));
        db.put(&mut lease, Expect::Any)?;
        if n % 1000 == 999 {
            db.commit()?;
        }
    }
    db.commit()?;
    println!(
        "{} leases, {} renewals/s for {SECONDS} s each",
        grouped(f64::from(count)),
        grouped(PUTS_PER_SECOND)
    );
    let quiet = drive(&mut db, count, false)?;
    let busy = drive(&mut db, count, true)?;
    drop(db);
    std::fs::remove_dir_all(&folder)?;
    let rows = [row("no compaction", quiet), row("compacting all the time", busy)];
    let head =
        ["", "puts/s", "compactions", "sync p50 ms", "p99", "max", "beyond its sync p50 ms", "p99", "max"];
    table::print(&head, &rows);
    Ok(())
}

fn row(name: &str, mut times: Times) -> Vec<String> {
    let mut row =
        vec![name.to_owned(), grouped(f64::from(times.puts) / SECONDS), times.compactions.to_string()];
    for all in [&mut times.own_sync, &mut times.beyond] {
        all.sort_by(f64::total_cmp);
        let at = |part: f64| all[((all.len() - 1) as f64 * part) as usize];
        row.extend([at(0.5), at(0.99), at(1.0)].map(|ms| format!("{ms:.2}")));
    }
    row
}

/// The thread that syncs batches, and the one that steps compactions.
struct Helpers {
    batches: Sender<Batch>,
    synced: Receiver<(Synced, Duration)>,
    compactions: Sender<Compaction>,
    stepped: Receiver<Result<Compaction, ddi_core::DbError>>,
}

impl Helpers {
    /// They end when this is dropped.
    fn start() -> Self {
        let (batches, batches_in) = mpsc::channel::<Batch>();
        let (synced_out, synced) = mpsc::channel();
        thread::spawn(move || {
            for batch in batches_in {
                let started = Instant::now();
                let done = batch.sync();
                if synced_out.send((done, started.elapsed())).is_err() {
                    return;
                }
            }
        });
        let (compactions, compactions_in) = mpsc::channel::<Compaction>();
        let (stepped_out, stepped) = mpsc::channel();
        thread::spawn(move || {
            for mut compaction in compactions_in {
                let result = loop {
                    match compaction.step(SLICE_BYTES) {
                        Ok(true) => break Ok(compaction),
                        Ok(false) => {}
                        Err(failure) => break Err(failure),
                    }
                };
                if stepped_out.send(result).is_err() {
                    return;
                }
            }
        });
        Self { batches, synced, compactions, stepped }
    }
}

/// One loop that puts at the rate, hands batches to be synced and, if asked, compacts over and over.
fn drive(db: &mut LeaseDb, count: u32, compact: bool) -> Result<Times, Failure> {
    let helpers = Helpers::start();
    let mut times = Times::default();
    let mut lease = Lease::default();
    let mut compacting = Compacting::No;
    let started = Instant::now();
    // Since when the batch that is out, or the next one, could have been taken.
    let (mut out_since, mut ready): (Option<Instant>, Option<Instant>) = (None, None);
    while started.elapsed().as_secs_f64() < SECONDS || out_since.is_some() {
        let due = (started.elapsed().as_secs_f64().min(SECONDS) * PUTS_PER_SECOND) as u32;
        for _ in times.puts..due.min(times.puts + 50) {
            let n = times.puts.wrapping_mul(0x9e37_79b1) % count;
            fill(&mut lease, &Row::new(n, 1_700_000_000 + u64::from(times.puts)));
            db.put(&mut lease, Expect::Any)?;
            times.puts += 1;
            ready.get_or_insert_with(Instant::now);
        }
        if let Some(since) = out_since
            && let Ok((synced, own)) = helpers.synced.recv_timeout(Duration::from_micros(200))
        {
            db.batch_durable(synced)?;
            let whole = since.elapsed();
            times.own_sync.push(own.as_secs_f64() * 1000.0);
            times.beyond.push(whole.saturating_sub(own).as_secs_f64() * 1000.0);
            out_since = None;
            ready = ready.map(|_| Instant::now());
        }
        if compact {
            compacting = compacting.go_on(db, &helpers, out_since.is_some(), &mut times)?;
        }
        if out_since.is_none()
            && let Some(batch) = db.take_batch()
        {
            helpers.batches.send(batch)?;
            out_since = ready.take();
        }
    }
    Ok(times)
}

enum Compacting {
    No,
    Writing,
    /// Stepped as far as it goes, but a batch is out.
    Written(Compaction),
}

impl Compacting {
    fn go_on(
        self,
        db: &mut LeaseDb,
        helpers: &Helpers,
        batch_out: bool,
        times: &mut Times,
    ) -> Result<Self, Failure> {
        Ok(match self {
            Self::No => {
                helpers.compactions.send(db.begin_compaction())?;
                Self::Writing
            }
            Self::Writing => match helpers.stepped.try_recv() {
                Ok(written) => Self::Written(written?),
                Err(_) => self,
            },
            Self::Written(written) if batch_out => Self::Written(written),
            Self::Written(mut written) => {
                if db.end_compaction(&mut written)? {
                    times.compactions += 1;
                    return Ok(Self::No);
                }
                helpers.compactions.send(written)?;
                Self::Writing
            }
        })
    }
}
