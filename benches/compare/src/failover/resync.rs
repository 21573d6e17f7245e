//! `resync`: how long it takes until a server that lost its disk has all leases again, on both disks.

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use ddi_core::{
    BindingState, DbConfig, Expect, FileStorage, HwAddr, Lease, LeaseDb, LeaseKey, LeaseStore, UnixTime,
};

use super::node::{Node, Partner, Setup, settle};
use crate::Failure;
use crate::leases::sync_millis;
use crate::row::fresh_folder;
use crate::table::{self, grouped};

const FIRST: u32 = 0x0a40_0000;
/// Of 100 addresses this many are free, which the two share.
const FREE_PERCENT: u32 = 5;
const LEASES_MAX: u32 = 2_000_000;
const ADDRESSES: [Ipv4Addr; 2] = [Ipv4Addr::new(127, 0, 0, 1), Ipv4Addr::new(127, 0, 0, 2)];
const PATIENCE: Duration = Duration::from_secs(300);
const WINDOW: u32 = 1000;

pub(super) fn run(program: &Path, leases: u32) -> Result<(), Failure> {
    if !(1000..=LEASES_MAX).contains(&leases) {
        return Err(format!("from 1000 to {LEASES_MAX} leases").into());
    }
    println!(
        "{} leases between two nodes, {WINDOW} updates unacknowledged at most, durable on both; \
         one fdatasync takes {:.2} ms here",
        grouped(leases.into()),
        sync_millis()?
    );
    let folder = fresh_folder("failover-resync")?;
    let last = FIRST + leases + leases / (100 / FREE_PERCENT);
    let pool = format!("{}-{}", Ipv4Addr::from(FIRST), Ipv4Addr::from(last));
    let mut pair = nodes(program, &folder, &pool)?;
    fill(pair[0].data(), leases)?;
    let mut rows = Vec::new();
    pair[0].start()?;
    rows.push(measure("the first meeting, all leases with the primary", leases, &mut pair, 1)?);
    for (what, lost) in [("the secondary lost its disk", 1), ("the primary lost its disk", 0)] {
        pair[lost].stop();
        pair[lost].wipe()?;
        rows.push(measure(what, leases, &mut pair, lost)?);
    }
    pair.iter_mut().for_each(Node::stop);
    let [one, other] = [pair[0].data(), pair[1].data()].map(read);
    let (one, other) = (one?, other?);
    check(&one, &other, leases)?;
    drop(pair);
    std::fs::remove_dir_all(&folder)?;
    let head = ["", "s", "leases/s", "CPU s, primary", "CPU s, secondary"];
    table::print(&head, &rows);
    println!("both databases are equal: {} leases", grouped(one.len() as f64));
    Ok(())
}

fn nodes(program: &Path, folder: &Path, pool: &str) -> Result<[Node; 2], Failure> {
    let node = |nth: usize| {
        let partner = Partner {
            is_primary: nth == 0,
            address: ADDRESSES[1 - nth],
            receive_timer_seconds: 20,
            mclt_seconds: 2,
            window: WINDOW,
            load_balance_max_seconds: 3,
        };
        let (address, partner) = (ADDRESSES[nth], Some(partner));
        let setup = Setup { address, port: 0, relays: &["127.0.0.1"], pool, partner };
        Node::new(program, &folder.join(nth.to_string()), &setup)
    };
    Ok([node(0)?, node(1)?])
}

/// Starts the one that is missing; a row of the time until both are in NORMAL and all is on both disks.
fn measure(what: &str, leases: u32, pair: &mut [Node; 2], missing: usize) -> Result<Vec<String>, Failure> {
    let before = [pair[0].cpu_seconds()?, pair[1].cpu_seconds()?];
    let started = Instant::now();
    pair[missing].start()?;
    settle(pair, PATIENCE)?;
    let seconds = started.elapsed().as_secs_f64();
    let mut row = vec![what.to_owned(), format!("{seconds:.2}"), grouped(f64::from(leases) / seconds)];
    for (node, before) in pair.iter().zip(before) {
        row.push(format!("{:.2}", node.cpu_seconds()? - before));
    }
    println!("{}: {} s", row[0], row[1]);
    Ok(row)
}

fn open(data: &Path) -> Result<LeaseDb, Failure> {
    let mut config = DbConfig::new(*b"0123456789abcdef");
    config.indexes.clear();
    Ok(LeaseDb::open(Arc::new(FileStorage::open(data)?), &config)?.0)
}

/// The leases of clients that were here before failover was set up.
fn fill(data: &Path, leases: u32) -> Result<(), Failure> {
    let now = SystemTime::UNIX_EPOCH.elapsed()?.as_secs();
    let mut db = open(data)?;
    let mut lease = Lease::default();
    for nth in 0..leases {
        let [a, b, c, d] = nth.to_be_bytes();
        let hw_addr = [2, 0, a, b, c, d];
        lease.reset(LeaseKey::v4(Ipv4Addr::from(FIRST + nth)));
        lease.state = BindingState::Active;
        lease.hw_addr = HwAddr::new(1, &hw_addr).unwrap_or_default();
        lease.client_id.extend_from_slice(&[&[1], &hw_addr[..]].concat());
        lease.hostname.extend_from_slice(format!("host{nth:08}").as_bytes());
        lease.start_time_of_state = UnixTime(now);
        lease.client_last_transaction_time = UnixTime(now);
        lease.expiration_time = UnixTime(now + 86_400);
        lease.subnet_id = 1;
        db.put(&mut lease, Expect::Any)?;
        if nth % 1000 == 999 {
            db.commit()?;
        }
    }
    db.commit()?;
    Ok(())
}

/// All leases, in order.
fn read(data: &Path) -> Result<Vec<Lease>, Failure> {
    Ok(open(data)?.snapshot().ordered(None).collect())
}

/// The two databases must say the same of every address, and have all the leases.
fn check(one: &[Lease], other: &[Lease], leases: u32) -> Result<(), Failure> {
    let said = |lease: &Lease| {
        let client = (lease.hw_addr, lease.client_id.clone(), lease.hostname.clone());
        (lease.key, lease.state, client, lease.expiration_time)
    };
    if let Some((a, b)) = one.iter().zip(other).find(|(a, b)| said(a) != said(b)) {
        return Err(format!("the databases differ:\n{a:?}\n{b:?}").into());
    }
    let active = one.iter().filter(|lease| lease.state == BindingState::Active).count();
    if one.len() != other.len() || active != leases as usize {
        return Err(format!("{} and {} leases, {active} of them active", one.len(), other.len()).into());
    }
    Ok(())
}
