//! Record types, classes, and what the data of each type is made of.

mod layout;
mod types;

pub(crate) use layout::walk as walk_fields;
pub use layout::{Field, RdataError, canonical_rdata, check_rdata, fields, names_in_rdata};
pub use types::{Class, Rtype};
