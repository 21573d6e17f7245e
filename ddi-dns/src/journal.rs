//! The journal: many zones in one [log](ddi_core::log), each change durable before it is answered.
//!
//! [`Journal`] keeps each zone's newest [`Snapshot`](crate::Snapshot), the [`History`](crate::delta::History)
//! that led to it, and a note of the caller's. Every change is appended to the log at once, for all zones
//! together; [`Journal::commit`] syncs what was appended, or [`Journal::take_batch`] hands it to another
//! thread. A change may be published and answered when [`Journal::durable`] has reached its LSN.
//!
//! Opening gives the exact state again. A [`Compaction`] writes all zones to one file, in slices and on any
//! thread, and gives up the log before it. DESIGN.md has the format and what a crash may lose.

mod compact;
mod config;
mod error;
mod file;
mod live;
mod load;
mod op;
mod open;
mod replay;
mod write;
mod zones;

pub use compact::Compaction;
pub use config::{DELTA_MAX, INLINE_MAX, JournalConfig, NOTE_MAX};
pub use error::{FileDamage, JournalError, OpError};
pub use live::Journal;
pub use load::Load;
pub use open::Opened;
pub use zones::Kept;
