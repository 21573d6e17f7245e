//! Compares the leases that a node lists with what the clients were told.

use super::home::{FORWARD, Home, REVERSE};
use super::message::Identity;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::Ipv4Addr;
use std::path::Path;
use std::{fs, io};

/// What the comparison needs of a lease.
#[derive(Deserialize)]
pub struct Listed {
    address: Ipv4Addr,
    state: String,
    hw_addr: Option<String>,
    #[serde(default)]
    client_id: String,
}

/// The leases that the node lists.
pub fn leases(config: &Path) -> io::Result<Vec<Listed>> {
    Ok(serde_json::from_slice(&super::ctl(config, &["leases"])?)?)
}

/// What does not hold. An address listed for a client that never heard of it is no fault: its ACK
/// may have been lost with the killed node.
pub fn compare(leases: &[Listed], owners: &HashMap<Ipv4Addr, u32>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut by_address: HashMap<Ipv4Addr, &Listed> = HashMap::with_capacity(leases.len());
    let mut active: HashMap<&str, Ipv4Addr> = HashMap::with_capacity(leases.len());
    for lease in leases {
        if by_address.insert(lease.address, lease).is_some() {
            wrong.push(format!("{} is listed twice", lease.address));
        }
        let client = lease.hw_addr.as_deref().unwrap_or_default();
        if lease.state == "active"
            && let Some(other) = active.insert(client, lease.address)
        {
            wrong.push(format!("client {client} holds {} and {other}", lease.address));
        }
    }
    for (address, nth) in owners {
        let who = Identity::nth(*nth);
        let hw_addr = hex(&who.hw_addr, ":");
        match by_address.get(address) {
            None => wrong.push(format!("{address} was ACKed to {hw_addr} and is not listed")),
            Some(lease) => {
                let same = lease.state == "active"
                    && lease.hw_addr.as_deref() == Some(&hw_addr)
                    && lease.client_id == hex(&who.client_id(), "");
                if !same {
                    wrong.push(format!(
                        "{address} was ACKed to {hw_addr} and is {} of {:?}",
                        lease.state, lease.hw_addr
                    ));
                }
            }
        }
    }
    wrong
}

fn hex(bytes: &[u8], between: &str) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(between)
}

/// Where the two nodes differ, in leases or in zones.
pub fn differences(home: &Home) -> io::Result<Vec<String>> {
    let [one, other] = [leases(&home.config(0))?, leases(&home.config(1))?];
    let by_address = |leases: &[Listed]| -> BTreeMap<Ipv4Addr, (String, Option<String>, String)> {
        let what = |lease: &Listed| (lease.state.clone(), lease.hw_addr.clone(), lease.client_id.clone());
        leases.iter().map(|lease| (lease.address, what(lease))).collect()
    };
    let (one, other) = (by_address(&one), by_address(&other));
    let mut wrong = Vec::new();
    for address in one.keys().chain(other.keys()).collect::<BTreeSet<_>>() {
        let (a, b) = (one.get(address), other.get(address));
        if a != b {
            wrong.push(format!("{address} is {a:?} on node 0 and {b:?} on node 1"));
        }
    }
    for zone in [FORWARD, REVERSE] {
        let mut texts = Vec::new();
        for nth in 0..2 {
            let file = home.export(nth, zone);
            let path = file.to_string_lossy().into_owned();
            super::ctl(&home.config(nth), &["zone", zone, "export", &path])?;
            texts.push(fs::read(file)?);
        }
        if texts[0] != texts[1] {
            wrong.push(format!("the nodes have different zones {zone}"));
        }
    }
    Ok(wrong)
}
