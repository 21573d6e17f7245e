//! `dns`: zones beside NSD, Knot, BIND and the crates `domain` and `hickory-server`. Servers run on loopback,
//! each with a configuration of its own, and are ended after use. A number is how many names the reference zone
//! has: with less than a million the numbers mean nothing, but all is seen to work.
//!
//! | part | measures |
//! |---|---|
//! | `load` | seconds from the start to the first answer from the reference zone's text, and memory then |
//! | `zones` | memory with 10,000 zones of 20 records |
//! | `answers` | one answer built, in this process |
//! | `deltas` | a delta of 1,000 changes applied and published, in this process, and how long readers wait meanwhile |
//! | `transfers` | the reference zone out of each server by AXFR, and into ddi-dns |
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
use ddi_benches::ReferenceZone;

/// A part's name, and what measures it.
type Part = (&'static str, fn(ReferenceZone) -> Result<(), Failure>);

const PARTS: [Part; 7] = [
    ("load", load::run),
    ("zones", zones::run),
    ("answers", answers::run),
    ("deltas", deltas::run),
    ("transfers", transfers::run),
    ("queries", queries::run),
    ("updates", updates::run),
];

/// All parts, or those that are named; a number is how many names the reference zone has.
pub fn run(words: &[String]) -> Result<(), Failure> {
    let (mut zone, mut wanted) = (ReferenceZone::FULL, Vec::new());
    for word in words {
        match word.replace('_', "").parse() {
            Ok(hosts) => zone.hosts = hosts,
            Err(_) => wanted.push(word),
        }
    }
    if let Some(unknown) = wanted.iter().find(|name| PARTS.iter().all(|part| part.0 != name.as_str())) {
        return Err(format!("dns has no part {unknown}").into());
    }
    for (name, part) in PARTS {
        if wanted.is_empty() || wanted.iter().any(|w| w.as_str() == name) {
            part(zone)?;
            println!();
        }
    }
    Ok(())
}
