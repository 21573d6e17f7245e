//! Zones: immutable snapshots in an ordered tree that shares what did not change, edits that make the next
//! one, and the delta between them.
//!
//! A [`Snapshot`] never changes and is cheap to clone; a [`Zone`] holds the current one for readers that
//! never wait. Everything of one name lies in one byte string of the tree; DESIGN.md says how.

mod apply;
mod body;
mod builder;
mod changes;
mod difference;
mod edit;
mod error;
mod live;
mod lookup;
mod owner;
mod rdata;
mod serial;
mod set;
mod snapshot;
mod tail;
#[cfg(test)]
mod tests;
mod tree;
mod walk;

pub use apply::{ApplyError, Strictness};
pub use body::{Rdatas, RrsetView, Rrsets};
pub use builder::Builder;
pub use edit::Edit;
pub use error::ZoneError;
pub use live::{Zone, ZoneGuard};
pub use serial::SerialPolicy;
pub use set::ZoneSet;
pub use snapshot::{Snapshot, Soa};
pub use walk::{Position, Walk};

pub(crate) use changes::legal_ttl;
pub(crate) use difference::each_difference;
pub(crate) use edit::soa_of;
pub(crate) use rdata::{canonical_order, compare as compare_rdata};
pub(crate) use {
    body::Body,
    lookup::{Lookup, Wildcard},
    owner::OwnerBuf,
    tail::Tail,
};
