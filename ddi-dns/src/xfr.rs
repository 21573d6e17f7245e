//! Zone transfers without sockets: AXFR (RFC 5936) and IXFR (RFC 1995) in both directions.
//!
//! [`XfrOut`] sends a zone from an immutable snapshot and the [`History`](crate::delta::History) that leads
//! to it. [`XfrIn`] asks one primary and takes its answer in, whatever its form; the
//! [`Secondary`](crate::secondary::Secondary) drives it by the zone's timers.

mod edns;
mod error;
mod frame;
mod receive;
mod request;
mod send;

pub use edns::{Edns, UDP_SIZE, UDP_SIZE_PLAIN};
pub use error::XfrError;
pub use frame::Deframer;
pub use receive::{Limits, Outcome, Transmit, Via, XfrEvent, XfrIn, XfrInConfig};
pub use request::{Request, RequestError, Wanted, is_transfer_query};
pub use send::{SendError, Sent, TRANSMIT_MAX, Transport, XfrOut, XfrOutConfig};
