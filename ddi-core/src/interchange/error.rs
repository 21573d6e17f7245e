//! What can be wrong with a lease file, and with a lease that is to be written to one.

use crate::id::LeaseKey;

/// A row or stanza that could not be imported. Importing may go on after it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("line {line}: {fault}")]
#[allow(clippy::exhaustive_structs, reason = "place and reason are the whole meaning")]
pub struct ImportError {
    /// The line, from 1; of a stanza, its first.
    pub line: u64,
    /// What is wrong there.
    pub fault: ImportFault,
}

/// What is wrong with a row or stanza of a lease file. It is always the file's fault.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportFault {
    /// The first line is not the header of a lease file; nothing after it is read.
    #[error("not a lease file header: {0}")]
    Header(String),
    /// A line or stanza is longer than is accepted; it was skipped whole.
    #[error("longer than {max} bytes")]
    TooLong {
        /// The longest that is accepted, in bytes.
        max: usize,
    },
    /// A row has another number of columns than its header allows.
    #[error("{found} columns where the header has {wanted}")]
    Columns {
        /// How many the row has.
        found: usize,
        /// How many the header has.
        wanted: usize,
    },
    /// A field's value can't be understood.
    #[error("bad {field}: {why}")]
    Field {
        /// The column's or statement's name.
        field: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// A stanza does not follow the grammar of dhcpd.leases.
    #[error("{0}")]
    Syntax(String),
    /// The file ended, or the next stanza began, inside a stanza.
    #[error("the stanza is not complete")]
    Unfinished,
    /// A quoted string does not end on its line.
    #[error("a string does not end on its line")]
    UnfinishedString,
}

impl ImportFault {
    /// A [`ImportFault::Field`].
    pub(super) fn field(field: &'static str, why: impl Into<String>) -> Self {
        Self::Field { field, why: why.into() }
    }
}

/// Why a lease was not written. Nothing of it is in the output then.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The file is for the other IP version.
    #[error("lease {key:?} does not belong in a file of the other IP version")]
    Family {
        /// Which lease.
        key: LeaseKey,
    },
    /// The server that reads the file rejects leases without a client, and has no use for them:
    /// an address that nobody ever had is simply absent.
    #[error("lease {key:?} names no client")]
    NoClient {
        /// Which lease.
        key: LeaseKey,
    },
    /// The leases given together are not of one identity association.
    #[error("lease {key:?} is of another identity association")]
    OtherAssociation {
        /// The first that is not like the ones before it.
        key: LeaseKey,
    },
    /// What would be written does not read back as this lease.
    #[error("lease {key:?} can't be expressed: {why}")]
    NotExpressible {
        /// Which lease.
        key: LeaseKey,
        /// What stands in the way.
        why: String,
    },
}
