//! The quick start of the README: put a lease, make it durable, find it again after reopening.

use ddi_core::{
    BindingState, DbConfig, Expect, FileStorage, HwAddr, Identity, Lease, LeaseDb, LeaseKey, LeaseStore,
    UnixTime,
};
use std::{error::Error, net::Ipv4Addr, sync::Arc};

fn main() -> Result<(), Box<dyn Error>> {
    let dir = std::env::temp_dir().join(format!("ddi-lease-db-{}", std::process::id()));
    let config = DbConfig::new(*b"sixteen random b"); // keys the hash tables: draw it once, keep it secret
    let hw_addr = HwAddr::new(1, &[2, 0, 0, 0, 0, 1]).ok_or("too long")?;

    let (mut db, _) = LeaseDb::open(Arc::new(FileStorage::open(&dir)?), &config)?;
    let mut lease = Lease::new(LeaseKey::v4(Ipv4Addr::new(10, 77, 16, 1)));
    lease.state = BindingState::Active;
    lease.hw_addr = hw_addr;
    lease.hostname = b"printer".to_vec();
    lease.expiration_time = UnixTime(1_900_000_000);
    let lsn = db.put(&mut lease, Expect::Absent)?; // in memory and in the pending batch
    db.commit()?; // on disk: only now may the client be told
    assert!(db.durable() >= lsn);
    drop(db);

    let (db, opened) = LeaseDb::open(Arc::new(FileStorage::open(&dir)?), &config)?;
    let mut found = Vec::new();
    db.find(0, None, Identity::HwAddr(hw_addr), &mut found);
    println!("{} lease(s); {hw_addr} has {}", opened.leases, found[0].addr);
    assert_eq!(db.get(found[0]), Some(lease));
    Ok(std::fs::remove_dir_all(dir)?)
}
