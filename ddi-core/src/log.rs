//! The log: an append-only sequence of operations in checksummed batches, with group commit.
//!
//! An operation is a string of bytes, and has its own [`Lsn`](crate::Lsn). Operations gather in a
//! pending batch; [`Log::take_batch`] takes it out, [`Batch::sync`] writes and syncs it (on any
//! thread, while more operations are appended), [`Log::batch_durable`] hands it back. One batch is
//! out at a time, so a crash can tear at most one, and that one was never acknowledged. Recovery
//! tells it from corruption of what was: see `DESIGN.md` for the format and the rules.
//!
//! All bytes go through a [`Storage`]: [`FileStorage`] is a directory, [`MemStorage`] a disk that
//! can be made to fail in every way that disks do.

mod ahead;
mod batch;
mod error;
mod file;
mod frame;
mod group;
mod mem;
mod read;
mod recover;
mod salvage;
mod scan;
mod segment;
mod storage;
mod window;

pub use ahead::retire;
pub use batch::{Batch, Synced};
pub use error::{Damage, LogError};
pub use file::FileStorage;
pub use frame::{BATCH_MAX_BYTES, BatchKind, FORMAT_VERSION, OP_MAX_BYTES};
pub use group::{Log, LogConfig};
pub use mem::{Fault, MemStorage, Tear};
pub use read::LogReader;
pub use recover::{Cut, Recovered};
pub use salvage::{Salvaged, salvage};
pub use scan::{BatchInfo, Finding, LogScan};
pub(crate) use segment::list as segments;
pub use storage::Storage;

/// What [`Log::open`] hands each operation to, in order.
pub type Replay<'a> = dyn FnMut(crate::id::Lsn, &[u8]) -> Result<(), ReplayError> + 'a;

/// What a replay callback may fail with.
pub type ReplayError = Box<dyn std::error::Error + Send + Sync>;
