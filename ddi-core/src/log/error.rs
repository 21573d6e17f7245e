//! What can go wrong with a log, sorted by whose fault it is.

use std::io;

use super::ReplayError;
use crate::id::Lsn;

/// Why the log did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// The caller's: an operation is longer than [`OP_MAX_BYTES`](super::OP_MAX_BYTES).
    #[error("an operation of {len} bytes is longer than the log takes, {max}")]
    OpTooLong {
        /// Its length in bytes.
        len: usize,
        /// The longest that is taken.
        max: usize,
    },
    /// The caller's: the pending batch holds [`BATCH_MAX_BYTES`](super::BATCH_MAX_BYTES); commit first.
    #[error("the pending batch is full ({bytes} bytes): commit before appending more")]
    Full {
        /// What it holds, in bytes.
        bytes: usize,
    },
    /// The caller's: a batch is out, or was dropped without being handed back.
    #[error("a batch is out: hand it back before committing")]
    BatchOut,
    /// The caller's: the epoch can change only between batches.
    #[error("operations are pending: commit them before setting the epoch")]
    Pending,
    /// The caller's: epochs never go back.
    #[error("epoch {asked} is lower than the log's, {current}")]
    EpochBack {
        /// The log's epoch.
        current: u32,
        /// The one asked for.
        asked: u32,
    },
    /// The caller's: the operations after this one are no longer held.
    #[error("operations after {} are asked for, but the log starts at {}", after.0, oldest.0)]
    Released {
        /// Operations after this one were wanted.
        after: Lsn,
        /// The oldest that is held.
        oldest: Lsn,
    },
    /// The caller's: a salvage writes to a storage that holds no log.
    #[error("the storage to salvage to holds a log already ({file})")]
    NotEmpty {
        /// A segment's file name.
        file: String,
    },
    /// The caller's: the replay callback refused an operation.
    #[error("operation {} could not be replayed", lsn.0)]
    Replay {
        /// Which one.
        lsn: Lsn,
        /// What the callback said.
        source: ReplayError,
    },
    /// The bytes': something that was acknowledged is damaged or gone. Nothing was changed; see
    /// salvage for what can be had back.
    #[error("the log is damaged in {file} at offset {offset}: {damage}")]
    Corrupt {
        /// The segment's file name.
        file: String,
        /// Where in it, in bytes.
        offset: u64,
        /// What is wrong there.
        damage: Damage,
    },
    /// The bytes': written by a later version of this library.
    #[error("{file} at offset {offset} has log format version {version}, newer than this library knows")]
    Version {
        /// The segment's file name.
        file: String,
        /// Where in it, in bytes.
        offset: u64,
        /// The version found.
        version: u16,
    },
    /// The environment's: the storage failed.
    #[error("could not {doing} {file}: {source}")]
    Storage {
        /// The call: "read", "write", "sync" ...
        doing: &'static str,
        /// The file's name.
        file: String,
        /// What the storage said.
        source: io::Error,
    },
    /// The environment's: a write or a sync failed earlier. Nothing is acknowledged any more until
    /// the log is opened again.
    #[error("the log stopped after a failed write or sync: {why}")]
    Poisoned {
        /// The first failure.
        why: String,
    },
}

impl LogError {
    /// For `map_err`: a storage call that failed.
    pub(crate) fn storage<'a>(doing: &'static str, file: &'a str) -> impl FnOnce(io::Error) -> Self + 'a {
        move |source| Self::Storage { doing, file: file.to_owned(), source }
    }
}

/// What is wrong with a place in a log.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// There is no batch header here, or its checksum is wrong.
    #[error("no valid batch header")]
    Header,
    /// The header is whole, the payload is not.
    #[error("the payload of the batch at lsn {} does not match its checksum", lsn.0)]
    Payload {
        /// The batch's first operation.
        lsn: Lsn,
    },
    /// A whole batch, but not the one that belongs here.
    #[error("the batch here starts at lsn {}, expected {}", found.0, expected.0)]
    Sequence {
        /// What belongs here.
        expected: Lsn,
        /// What is here.
        found: Lsn,
    },
    /// A whole batch with the right number, which follows another history.
    #[error("the batch at lsn {} does not continue the batch before it", lsn.0)]
    Chain {
        /// The batch's first operation.
        lsn: Lsn,
    },
    /// The batch that belongs here is not whole, but one that was written after it exists.
    #[error("the batch at lsn {} is missing or damaged, but a later one is in {later_file} at offset {later_offset}", expected.0)]
    Lost {
        /// The first operation that is missing.
        expected: Lsn,
        /// Where the later one is.
        later_file: String,
        /// At which offset there, in bytes.
        later_offset: u64,
    },
    /// Bytes that no crash can leave: more than one batch's worth, or in two places.
    #[error("unexpected bytes after the last whole batch")]
    Stray,
    /// The storage can't read it.
    #[error("it can't be read")]
    Unreadable,
    /// A whole segment file is missing.
    #[error("the segment is missing")]
    Segment,
    /// The log does not reach as far back as the data that it continues.
    #[error("the log starts at lsn {}, but operations from {} on are needed", oldest.0, wanted.0)]
    Start {
        /// The first operation that is needed.
        wanted: Lsn,
        /// The first that is there.
        oldest: Lsn,
    },
    /// The log ends before the data that it continues.
    #[error("the log ends at lsn {}, but operations up to {} had been durable", last.0, known.0)]
    End {
        /// The last operation that is there.
        last: Lsn,
        /// What is known to have been there.
        known: Lsn,
    },
    /// A batch's payload can't be cut into its operations although its checksum is right.
    #[error("the operations of the batch at lsn {} overrun it", lsn.0)]
    Ops {
        /// The batch's first operation.
        lsn: Lsn,
    },
}
