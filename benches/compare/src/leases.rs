//! `leases`: durable puts in batches of 1,000, with an index by client, on random keys.

pub mod ddi;
mod fjall;
mod redb;
mod sqlite;

use std::time::Instant;

use crate::Failure;
use crate::row::{Row, fresh_folder};
use crate::table::{self, grouped, ratio};

const BATCH: u32 = 1_000;

/// A store of leases with an index by client. A batch is durable when `put_batch` returns.
trait Store {
    fn put_batch(&mut self, rows: &[Row]) -> Result<(), Failure>;
    /// The expiration of the lease at this address, by address.
    fn expires(&self, address: u32) -> Result<Option<u64>, Failure>;
    /// The address of the client's lease, by the index.
    fn address_of(&self, client_id: &[u8]) -> Result<Option<u32>, Failure>;
}

type Open = fn(&std::path::Path) -> Result<Box<dyn Store>, Failure>;

const STORES: [(&str, Open); 4] = [
    ("ddi LeaseDb", ddi::open),
    ("fjall 3 (SyncAll)", fjall::open),
    ("redb 4", redb::open),
    ("SQLite (WAL, FULL)", sqlite::open),
];

struct Measured {
    name: &'static str,
    /// New leases a second.
    bound: f64,
    /// Renewals of existing leases, in another order, a second.
    renewed: f64,
}

pub fn run(count: u32) -> Result<(), Failure> {
    println!(
        "{} leases in durable batches of {BATCH}, random keys, with a client index",
        grouped(f64::from(count))
    );
    println!("one fdatasync of such a batch takes {:.2} ms here", sync_millis()?);
    let mut measured = Vec::new();
    for (name, open) in STORES {
        let result = measure(name, open, count)?;
        println!("{name}: {} puts/s new, {} puts/s renewed", grouped(result.bound), grouped(result.renewed));
        measured.push(result);
    }
    let ours = &measured[0];
    let rows: Vec<_> = measured
        .iter()
        .map(|m| {
            let new = [grouped(m.bound), ratio(ours.bound, m.bound)];
            let renewed = [grouped(m.renewed), ratio(ours.renewed, m.renewed)];
            [vec![m.name.to_owned()], new.to_vec(), renewed.to_vec()].concat()
        })
        .collect();
    println!();
    table::print(&["store", "new leases/s", "ddi is x times", "renewals/s", "ddi is x times"], &rows);
    Ok(())
}

fn measure(name: &'static str, open: Open, count: u32) -> Result<Measured, Failure> {
    let folder = fresh_folder("leases")?;
    let mut store = open(&folder)?;
    let first: Vec<_> = (0..count).map(|n| Row::new(n, 1_700_000_000)).collect();
    let bound = rate(&mut *store, &first)?;
    // Another order: a stride that has no factor in common with the count.
    let stride = (u64::from(count) * 5 / 8..).find(|s| gcd(*s, u64::from(count)) == 1).unwrap_or(1);
    let nth = |i: u32| (u64::from(i) * stride % u64::from(count)) as u32;
    let second: Vec<_> = (0..count).map(|i| Row::new(nth(i), 1_700_002_000)).collect();
    let renewed = rate(&mut *store, &second)?;
    drop(store);

    let store = open(&folder)?;
    for row in second.iter().step_by(97) {
        let found = (store.expires(row.address)?, store.address_of(&row.client_id)?);
        if found != (Some(row.expires), Some(row.address)) {
            return Err(format!("{name} lost the lease of {:08x}: {found:?}", row.address).into());
        }
    }
    drop(store);
    std::fs::remove_dir_all(&folder)?;
    Ok(Measured { name, bound, renewed })
}

/// Puts a second.
fn rate(store: &mut dyn Store, rows: &[Row]) -> Result<f64, Failure> {
    let started = Instant::now();
    for batch in rows.chunks(BATCH as usize) {
        store.put_batch(batch)?;
    }
    Ok(rows.len() as f64 / started.elapsed().as_secs_f64())
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// The median time of writing and syncing the bytes of one batch, in milliseconds.
pub fn sync_millis() -> Result<f64, Failure> {
    use std::io::Write;
    let folder = fresh_folder("sync")?;
    let mut file = std::fs::File::create(folder.join("file"))?;
    let bytes = vec![7; BATCH as usize * crate::row::VALUE_LEN];
    let mut times = Vec::new();
    for _ in 0..31 {
        let started = Instant::now();
        file.write_all(&bytes)?;
        file.sync_data()?;
        times.push(started.elapsed().as_secs_f64() * 1000.0);
    }
    std::fs::remove_dir_all(&folder)?;
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}
