//! What can go wrong with a database as a whole; [`crate::StoreError`] is for single leases.

use super::snapshot::SnapshotDamage;
use crate::id::Lsn;
use crate::log::LogError;
use std::io;

/// Why the database did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DbError {
    /// The caller's: a compaction can be ended only when all that it holds is durable. Commit, or hand
    /// back the batch that is out; then end it again.
    #[error("the compaction holds changes up to {}, but only {} are durable", held.0, durable.0)]
    NotDurable {
        /// The last change in the new snapshot.
        held: Lsn,
        /// The last that is durable.
        durable: Lsn,
    },
    /// The caller's: the compaction has not written everything yet.
    #[error("the compaction is not finished")]
    Unfinished,
    /// The bytes': an operation of the log is not one that this library knows.
    #[error("the operation at lsn {} is not one of a lease database", lsn.0)]
    Operation {
        /// Which one.
        lsn: Lsn,
    },
    /// The bytes': a snapshot is damaged (and where recovery says so, no older one was whole).
    #[error("{file}: {damage}")]
    Snapshot {
        /// The file's name.
        file: String,
        /// What is wrong with it.
        damage: SnapshotDamage,
    },
    /// The bytes': there is a snapshot, and not one file of the log, which always has one. What came after the
    /// snapshot is gone; salvage makes a database of the snapshot.
    #[error("there is {snapshot}, and no file of the log that it belongs to")]
    NoLog {
        /// The newest snapshot's file name.
        snapshot: String,
    },
    /// The log's.
    #[error(transparent)]
    Log(#[from] LogError),
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
}

impl DbError {
    pub(crate) fn storage<'a>(doing: &'static str, file: &'a str) -> impl FnOnce(io::Error) -> Self + 'a {
        move |source| Self::Storage { doing, file: file.to_owned(), source }
    }
}
