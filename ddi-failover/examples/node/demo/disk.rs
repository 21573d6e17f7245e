//! What a killed node has on its own disk, looked at before it starts again: its partner could fill gaps then.

use super::message::{Identity, hostname};
use ddi_core::db::{DbConfig, LeaseDb};
use ddi_core::log::FileStorage;
use ddi_core::{BindingState, Lease, LeaseAddr, LeaseKey, UnixTime};
use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::{fs, io};

/// What an ACK said.
#[derive(Clone, Copy)]
pub struct Promise {
    /// The client's number.
    pub client: u32,
    /// The lease lasts until then at least.
    pub until: UnixTime,
}

/// How many of the promises hold by the lease database in `data_dir` alone, and in words what does not hold.
/// A copy of it is opened, in `scratch`: the node has to find its disk as it left it.
pub fn verify(
    data_dir: &Path,
    scratch: &Path,
    promises: &HashMap<Ipv4Addr, Promise>,
) -> io::Result<(usize, Vec<String>)> {
    fs::create_dir(scratch)?;
    for file in fs::read_dir(data_dir)? {
        let file = file?;
        if file.file_type()?.is_file() {
            fs::copy(file.path(), scratch.join(file.file_name()))?;
        }
    }
    let storage = Arc::new(FileStorage::open(scratch)?);
    let (db, _) = LeaseDb::open(storage, &DbConfig::new([0; 16])).map_err(io::Error::other)?;
    let mut wrong = Vec::new();
    for (address, promise) in promises {
        let lease = db.get(LeaseKey { space: 0, addr: LeaseAddr::V4(*address) });
        if !lease.as_ref().is_some_and(|lease| holds(lease, *promise)) {
            let found = lease.map(|lease| (lease.state, lease.hw_addr.to_string(), lease.expiration_time));
            let Promise { client, until } = promise;
            wrong.push(format!(
                "the killed node's disk has {found:?} of {address}, which client {client} has until {until:?}"
            ));
        }
    }
    drop(db);
    fs::remove_dir_all(scratch)?;
    Ok((promises.len() - wrong.len(), wrong))
}

fn holds(lease: &Lease, promise: Promise) -> bool {
    let who = Identity::nth(promise.client);
    lease.state == BindingState::Active
        && lease.hw_addr.bytes() == who.hw_addr
        && lease.client_id == who.client_id()
        && lease.hostname == hostname(promise.client).as_bytes()
        && lease.expiration_time >= promise.until
}
