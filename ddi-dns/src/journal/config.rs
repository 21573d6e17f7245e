//! What a journal is opened with.

use crate::delta::HistoryLimits;
use ddi_core::LogConfig;

/// The longest note of a zone, in bytes.
pub const NOTE_MAX: usize = 4096;
/// A delta with more bytes of records is kept as a new content of its zone, without history.
pub const DELTA_MAX: usize = 16 << 20;
/// A new content with more bytes of records is written to a file of its own, past the log.
pub const INLINE_MAX: u64 = 4 << 20;

/// How a journal is opened. None of it is stored: it may change from one opening to the next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct JournalConfig {
    /// How the log is laid out.
    pub log: LogConfig,
    /// How much history of each zone is kept.
    pub history: HistoryLimits,
    /// [`Journal::needs_compaction`](super::Journal::needs_compaction) when this many bytes were appended
    /// since the last one ...
    pub compact_bytes: u64,
    /// ... and this many percent of what that one wrote.
    pub compact_percent: u32,
}

impl Default for JournalConfig {
    fn default() -> Self {
        Self {
            log: LogConfig::default(),
            history: HistoryLimits::default(),
            compact_bytes: 16 << 20,
            compact_percent: 100,
        }
    }
}
