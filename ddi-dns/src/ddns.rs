//! Names of DHCP clients (RFC 4703): who comes first has a name, and marks it with a [`Dhcid`]; nobody else
//! changes it.
//!
//! A [`Change`] is made in one of two ways, which lead to the same zone:
//! - [`apply`] makes it in one [`Edit`] of an own zone, at once and atomically.
//! - [`DdnsClient`] makes it at a remote server by UPDATE messages, as section 5 says: it sends, tries again,
//!   and reads the answers.

mod change;
mod client;
mod flight;
mod local;
mod message;

pub use change::{Binding, Change, Outcome, TTL_SECS_MIN, reverse_name, ttl_of_lease};
pub use client::{
    ClientConfig, ClientError, ClientEvent, ClientTransmit, DdnsClient, DdnsError, JOBS_MAX, RemoteZone,
};
pub use local::apply;

#[cfg(doc)]
use crate::{dhcid::Dhcid, zone::Edit};
