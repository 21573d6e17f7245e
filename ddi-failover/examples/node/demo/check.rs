//! Compares the leases that a node lists with what the clients were told.

use super::message::Identity;
use serde::Deserialize;
use std::collections::HashMap;
use std::io;
use std::net::Ipv4Addr;
use std::path::Path;

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
