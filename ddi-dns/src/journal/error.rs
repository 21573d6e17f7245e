//! What can go wrong with a journal, sorted by whose fault it is.

use crate::delta::RecordsError;
use crate::name::Name;
use crate::zone::{ApplyError, ZoneError};
use ddi_core::blocks::BlockDamage;
use ddi_core::{LogError, Lsn};
use std::io;

/// Why the journal did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The caller's: the journal has no such zone.
    #[error("no zone {apex} in the journal")]
    NoZone {
        /// The zone's name.
        apex: Name,
    },
    /// The caller's: the delta does not lead from what is kept to the snapshot given.
    #[error("delta of {apex} does not lead from the kept version to the new one")]
    Unrelated {
        /// The zone's name.
        apex: Name,
    },
    /// The caller's: a note has at most [`NOTE_MAX`](super::NOTE_MAX) bytes.
    #[error("a note of {len} bytes is too long")]
    NoteTooLong {
        /// Its length.
        len: usize,
    },
    /// The caller's: the pending batch has no room for this; commit first.
    #[error("the pending batch is full: commit before appending more")]
    Full,
    /// The caller's: a compaction can be ended only when all that it holds is durable. Commit, or hand
    /// back the batch that is out; then end it again.
    #[error("the compaction holds changes up to {}, but only {} are durable", held.0, durable.0)]
    NotDurable {
        /// The last change in the new file.
        held: Lsn,
        /// The last that is durable.
        durable: Lsn,
    },
    /// The caller's: the steps have not written everything yet.
    #[error("not everything is written yet")]
    Unfinished,
    /// The bytes': an operation does not fit what is before it.
    #[error("the operation at lsn {}: {why}", lsn.0)]
    Operation {
        /// Which one.
        lsn: Lsn,
        /// What is wrong with it.
        why: OpError,
    },
    /// The bytes': a file is damaged (and where opening says so, no older one was whole).
    #[error("{file}: {damage}")]
    File {
        /// The file's name.
        file: String,
        /// What is wrong with it.
        damage: FileDamage,
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

impl JournalError {
    /// For `map_err`: a storage call that failed.
    pub(super) fn storage<'a>(doing: &'static str, file: &'a str) -> impl FnOnce(io::Error) -> Self + 'a {
        move |source| Self::Storage { doing, file: file.to_owned(), source }
    }
}

/// An operation that can't be carried out.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpError {
    /// It is not one that this library knows.
    #[error("not an operation of a journal")]
    Unknown,
    /// A part without the parts before it, or without the last.
    #[error("parts of an operation are missing")]
    Parts,
    /// It is about a zone that is not there, or makes one that is.
    #[error("the zone is not there, or is there already")]
    Zone,
    /// It is about another version of the zone.
    #[error("the zone is at another version")]
    Version,
    /// Its records are none.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// Its records are no zone.
    #[error(transparent)]
    Content(#[from] ZoneError),
    /// The delta does not fit.
    #[error(transparent)]
    Delta(#[from] ApplyError),
    /// The file that it names can't be used.
    #[error("{file}: {damage}")]
    File {
        /// The file's name.
        file: String,
        /// What is wrong with it.
        damage: Box<FileDamage>,
    },
}

/// What is wrong with a file of zones.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileDamage {
    /// The file's bytes.
    #[error(transparent)]
    Blocks(#[from] BlockDamage),
    /// A block is whole, and what is in it makes no sense.
    #[error("at offset {offset}: {why}")]
    Operation {
        /// The block, in bytes.
        offset: u64,
        /// What is wrong.
        why: OpError,
    },
    /// It holds more or less than it says.
    #[error("holds {found} operations, says {said}")]
    Count {
        /// What was read.
        found: u64,
        /// What the footer says.
        said: u64,
    },
}
