//! Deltas: what one step of a zone's serial removed and added.

mod between;
mod condense;
mod history;
mod records;
mod step;

pub(crate) use between::push_difference;
pub use history::{History, HistoryLimits};
pub use records::{Iter, RecordRef, Records, RecordsError};
pub use step::Delta;
