//! DHCP failover for two servers, one of which may be ISC dhcpd 4.4.3: the rules of
//! draft-ietf-dhc-failover-12 as pure functions and tables, its messages, and the endpoint over a lease store.
//!
//! No clock, no socket, no file, no entropy. `DESIGN.md` explains the rules; the crate's README says what is
//! missing.
//!
//! | module | what |
//! |---|---|
//! | [`wire`] | bytes to messages and back |
//! | [`state`] | the states of an endpoint, and what moves it from one to the next |
//! | [`saved`] | what an endpoint must know again after a restart |
//! | [`serve`] | who serves whom |
//! | [`split`] | load balancing by a hash of the client |
//! | [`mclt`] | how long a client may be given an address, and when another may get it |
//! | [`resolve`] | what to do with a partner's update, and with its answer to ours |
//! | [`balance`] | sharing the free addresses |
//! | [`endpoint`] | one relationship: connection, leases both ways, states; the DHCP server's authority |
//! | [`relationships`] | all relationships of a server: many to one |
#![forbid(unsafe_code)]

pub mod balance;
pub mod endpoint;
mod error;
pub mod mclt;
pub mod relationships;
pub mod resolve;
pub mod saved;
pub mod serve;
pub mod split;
pub mod state;
pub mod wire;

pub use error::{EmitError, WireError};
pub use state::{Profile, Role, State};
