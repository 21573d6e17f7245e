//! `lease_scale N`: fills N IPv4 leases in durable batches of 1,000, closes, reopens, verifies every one,
//! and prints one JSON line. `DDI_SCALE_DIR` names the directory to work in (default: a temporary one).

use ddi_core::{
    BindingState, DbConfig, Expect, FileStorage, HwAddr, Lease, LeaseDb, LeaseKey, LeaseStore, UnixTime,
};
use std::error::Error;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

const BATCH: u32 = 1000;
const FIRST_ADDR: u32 = 0x0a00_0000;
const HASH_KEY: [u8; 16] = *b"lease_scale's ke";

fn main() -> Result<(), Box<dyn Error>> {
    let count = std::env::args().nth(1).and_then(|count| count.parse().ok()).filter(|count| *count > 0);
    let Some(count) = count else { return Err("usage: lease_scale N, with N from 1 on".into()) };
    let dir = std::env::var_os("DDI_SCALE_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let dir = dir.join(format!("ddi-lease-scale-{}", std::process::id()));
    let result = run(&dir, count);
    std::fs::remove_dir_all(&dir)?;
    result
}

fn run(dir: &Path, count: u32) -> Result<(), Box<dyn Error>> {
    let (mut db, _) = LeaseDb::open(Arc::new(FileStorage::open(dir)?), &DbConfig::new(HASH_KEY))?;
    let start = Instant::now();
    fill(&mut db, count)?;
    let puts_per_second = f64::from(count) / start.elapsed().as_secs_f64();
    drop(db);

    let mut config = DbConfig::new(HASH_KEY);
    config.open_threads = 2;
    let start = Instant::now();
    let (db, _) = LeaseDb::open(Arc::new(FileStorage::open(dir)?), &config)?;
    let reopen_seconds = start.elapsed().as_secs_f64();
    verify(&db, count)?;

    let rss_bytes = resident_bytes()?;
    let mut disk_bytes = 0;
    for file in std::fs::read_dir(dir)? {
        disk_bytes += file?.metadata()?.len();
    }
    println!(
        "{{\"leases\":{count},\"puts_per_second\":{puts_per_second:.0},\"reopen_seconds\":{reopen_seconds:.3},\
         \"disk_bytes\":{disk_bytes},\"rss_bytes\":{rss_bytes},\"bytes_per_lease\":{:.1}}}",
        rss_bytes as f64 / f64::from(count)
    );
    Ok(())
}

fn fill(db: &mut LeaseDb, count: u32) -> Result<(), Box<dyn Error>> {
    let mut lease = Lease::default();
    for number in 0..count {
        describe(number, count, &mut lease)?;
        db.put(&mut lease, Expect::Absent)?;
        if number % BATCH == BATCH - 1 {
            db.commit()?;
        }
    }
    db.commit()?;
    Ok(())
}

/// The lease with this number. Addresses come in a scattered order, as clients do.
fn describe(number: u32, count: u32, lease: &mut Lease) -> Result<(), &'static str> {
    let place = (u64::from(number) * 2_654_435_761 % u64::from(count)) as u32;
    lease.reset(LeaseKey::v4(Ipv4Addr::from_bits(FIRST_ADDR + place)));
    let [a, b, c, d] = number.to_be_bytes();
    lease.state = BindingState::Active;
    lease.hw_addr = HwAddr::new(1, &[2, 0, a, b, c, d]).ok_or("hw_addr")?;
    lease.client_id.extend_from_slice(&[1, 2, 0, a, b, c, d]);
    lease.hostname.extend_from_slice(format!("host{number:08x}").as_bytes());
    lease.subnet_id = place >> 16;
    lease.start_time_of_state = UnixTime(1_800_000_000 + u64::from(number / 3000));
    lease.client_last_transaction_time = lease.start_time_of_state;
    lease.expiration_time = lease.start_time_of_state.plus_secs(4000);
    Ok(())
}

fn verify(db: &LeaseDb, count: u32) -> Result<(), Box<dyn Error>> {
    let (mut expected, mut found) = (Lease::default(), Lease::default());
    let mut keys = Vec::new();
    for number in 0..count {
        describe(number, count, &mut expected)?;
        if !db.get_into(expected.key, &mut found) {
            return Err(format!("{} is missing", expected.key.addr).into());
        }
        expected.version = found.version;
        keys.clear();
        db.find(0, None, ddi_core::Identity::ClientId(&expected.client_id), &mut keys);
        if found != expected || keys != [expected.key] {
            return Err(format!("{} is not what was put", expected.key.addr).into());
        }
    }
    if db.len() == u64::from(count) { Ok(()) } else { Err("more leases than were put".into()) }
}

/// Resident memory of this process.
fn resident_bytes() -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib * 1024)
}
