//! `failover`: two nodes that share their pools, beside one alone; and a node as dhcpd's partner, beside dhcpd.
//!
//! | part | measures |
//! |---|---|
//! | `resync` | two nodes meet with all leases on one side; then either loses its disk and gets all back |
//! | `dora` | exchanges for each CPU second of all servers: one alone, and a pair in NORMAL (root) |
//! | `gap` | how long known clients wait when their server is killed, and when it hangs |
//! | `dhcpd` | 60,000 leases from dhcpd after amnesia: ddi against two dhcpd in the same run (root) |

mod client;
mod dhcpd;
mod dora;
mod gap;
mod node;
mod resync;

use crate::Failure;

/// All parts, or those that are named; a number says how many leases `resync` has, and `dhcpd` at the most.
pub fn run(words: &[String]) -> Result<(), Failure> {
    let mut leases = 1_000_000;
    let mut parts = Vec::new();
    for word in words {
        match (word.as_str(), word.replace('_', "").parse()) {
            (_, Ok(number)) => leases = number,
            ("resync" | "dora" | "gap" | "dhcpd", _) => parts.push(word.as_str()),
            _ => return Err(format!("failover has no part {word}").into()),
        }
    }
    let program = crate::dhcp::build_node()?;
    let is_wanted = |part| parts.is_empty() || parts.contains(&part);
    if is_wanted("resync") {
        resync::run(&program, leases)?;
        println!();
    }
    if is_wanted("dora") {
        dora::run(&program)?;
        println!();
    }
    if is_wanted("gap") {
        gap::run(&program)?;
        println!();
    }
    if is_wanted("dhcpd") {
        dhcpd::run(&program, leases)?;
        println!();
    }
    Ok(())
}
