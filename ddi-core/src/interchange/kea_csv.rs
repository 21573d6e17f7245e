//! Kea's lease CSV: one row a line, a header first, later rows of an address replace earlier ones,
//! a row with valid_lifetime 0 removes.
//!
//! Read are all its schemas: v4 1.0 (up to `hostname`), 2.0 (`state`), 2.1 (`user_context`),
//! 3.0 (`pool_id`); v6 1.0 (up to `hostname`), 2.0 (`hwaddr`), 3.0 (`state`), 3.1 (`user_context`),
//! 4.0 (`hwtype`, `hwaddr_source`), 5.0 (`pool_id`). Columns are told by their names in the header;
//! unknown ones are kept. Written are v4 2.1 and v6 4.0, those of Kea 2.2, which later ones also load.

mod context;
mod escape;
mod read;
mod row;
mod schema;
mod write;

pub(super) use read::KeaReader;
pub(super) use schema::Family;
pub(super) use write::{emit_header, emit_lease};
