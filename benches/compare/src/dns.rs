//! `dns`: zones beside NSD, Knot, BIND and the crates `domain` and `hickory-server`. Servers run on loopback,
//! each with a configuration of its own, and are ended after use.
//!
//! | part | measures |
//! |---|---|
//! | `load` | seconds from the start to the first answer from the reference zone's text, and memory then |
//! | `zones` | memory with 10,000 zones of 20 records |
//! | `answers` | one answer built, in this process |
//! | `deltas` | a delta of 1,000 changes applied and published, in this process |
//! | `transfers` | the reference zone out of each server by AXFR |
//! | `queries` | dnsperf upon the reference zone: answers a second, and a CPU second of the server |
//! | `updates` | durable UPDATEs, one at a time and 64 in flight: the node and BIND |

mod answers;
mod child;
mod deltas;
mod load;
mod queries;
mod server;
mod transfers;
mod updates;
mod zones;

pub use child::run as run_child;

use crate::Failure;

/// A part's name, and what measures it.
type Part = (&'static str, fn() -> Result<(), Failure>);

const PARTS: [Part; 7] = [
    ("load", load::run),
    ("zones", zones::run),
    ("answers", answers::run),
    ("deltas", deltas::run),
    ("transfers", transfers::run),
    ("queries", queries::run),
    ("updates", updates::run),
];

/// All parts, or those that are named.
pub fn run(wanted: &[String]) -> Result<(), Failure> {
    if let Some(unknown) = wanted.iter().find(|name| PARTS.iter().all(|part| part.0 != **name)) {
        return Err(format!("dns has no part {unknown}").into());
    }
    for (name, part) in PARTS {
        if wanted.is_empty() || wanted.iter().any(|w| w == name) {
            part()?;
            println!();
        }
    }
    Ok(())
}
