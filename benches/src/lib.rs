//! Shared generators of the benchmarks.
#![forbid(unsafe_code)]

mod reference_zone;

pub use reference_zone::{ReferenceZone, Row};
