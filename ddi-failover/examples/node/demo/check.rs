//! Compares the leases that a node lists with what the clients were told.

use super::home::{FORWARD, Home, REVERSE};
use super::message::{Identity, hostname};
use super::report::thousands;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::Ipv4Addr;
use std::path::Path;
use std::{fs, io};

/// What the comparison needs of a lease.
#[derive(PartialEq, Debug, Deserialize)]
pub struct Listed {
    address: Ipv4Addr,
    state: String,
    hw_addr: Option<String>,
    #[serde(default)]
    client_id: String,
    #[serde(default)]
    hostname: String,
    /// Seconds, or "never".
    #[serde(default)]
    expiration_time: Value,
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
                    && lease.client_id == hex(&who.client_id(), "")
                    && lease.hostname == hostname(*nth);
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
    let by_address = |leases: Vec<Listed>| -> BTreeMap<Ipv4Addr, Listed> {
        leases.into_iter().map(|lease| (lease.address, lease)).collect()
    };
    let (one, other) = (by_address(one), by_address(other));
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

/// Free addresses of the pool: of the primary, and of the secondary.
pub struct Free {
    primary: u64,
    secondary: u64,
}

impl Free {
    /// Are they within what the nodes themselves take as balanced (15 % of them more than half)?
    pub const fn are_shared(&self) -> bool {
        let more = self.primary.abs_diff(self.secondary) / 2;
        more * 100 <= (self.primary + self.secondary) * 15
    }
}

impl std::fmt::Display for Free {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [primary, secondary] = [self.primary, self.secondary].map(|free| thousands(free as usize));
        write!(f, "{primary} of the primary, {secondary} of the secondary")
    }
}

/// How the node of `config` sees its pool shared.
pub fn free_addresses(config: &Path) -> io::Result<Free> {
    let status: Value = serde_json::from_slice(&super::ctl(config, &["failover", "status"])?)?;
    let count = |key: &str| status[0]["pools"][0][key].as_u64().ok_or(io::ErrorKind::InvalidData);
    Ok(Free { primary: count("free")?, secondary: count("backup")? })
}
