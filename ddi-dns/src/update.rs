//! UPDATE (RFC 2136): changes to a zone by message, with conditions, all of them or none.
//!
//! - [`Request`] is the message: read from the wire by a server, built and written by a client.
//! - [`apply`] is the standard's section 3 for one request upon one snapshot, without any state.
//! - [`Updates`] is the server's machine: signatures, permission, [`apply`], and answers that leave once what
//!   they say is durable in the [`ZoneStore`].
//! - [`Forwarder`] hands requests to a secondary on to its primary (section 6).

mod answer;
mod apply;
mod error;
mod forward;
mod ids;
mod machine;
mod policy;
mod prerequisite;
mod queue;
mod request;
mod store;

pub use apply::{Limits, UpdateZone, apply};
pub use error::UpdateError;
pub use forward::{FORWARDS_MAX, ForwardConfig, ForwardEvent, ForwardTransmit, ForwardZone, Forwarder};
pub use machine::{Dropped, EVENTS_MAX, Event, Updates};
pub use policy::{Grant, Names, Policy, Types};
pub use queue::{ANSWERS_MAX, Source, Transmit};
pub use request::Request;
pub use store::{ZoneStore, ZoneStoreError};

pub(crate) use apply::perform;
pub(crate) use ids::Ids;
