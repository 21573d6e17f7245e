//! What benchmarks and counts of instructions have in common: the worlds that they measure.
#![forbid(unsafe_code)]

mod discover;
mod dora;
mod forgets;
mod reference_zone;
mod update_pair;
mod update_server;

pub use discover::{ask, discover};
pub use dora::DoraWorld;
pub use reference_zone::{ReferenceZone, Row};
pub use update_pair::UpdatePair;
pub use update_server::UpdateServer;
