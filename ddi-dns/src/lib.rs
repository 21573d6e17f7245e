//! The authoritative zone store. So far: names, serials, record layouts, and messages on the wire. To
//! come: zones, answers, deltas and their journal, IXFR and AXFR in both directions, NOTIFY, UPDATE, TSIG.
#![forbid(unsafe_code)]

pub mod error;
pub mod message;
pub mod name;
pub mod rr;
pub mod serial;
// Nothing stands on the tree yet.
#[cfg(test)]
mod zone;

pub use error::MessageError;
pub use name::{Name, NameError, NameRef};
pub use rr::{Class, Rtype};
pub use serial::Serial;
