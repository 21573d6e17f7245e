//! Why a transfer did not succeed.

use thiserror::Error;

use crate::error::MessageError;
use crate::message::Rcode;
use crate::name::Name;
use crate::rr::{Class, Rtype};
use crate::serial::Serial;
use crate::tsig::VerifyError;
use crate::zone::{ApplyError, ZoneError};

/// Why a primary's answer is not taken.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum XfrError {
    /// The primary answers with an error.
    #[error("primary answers with code {}", .0.0)]
    Rcode(Rcode),
    /// The bytes are no message.
    #[error("primary sends no message: {0}")]
    Message(#[from] MessageError),
    /// The message is no response to the query: its id, flags or question.
    #[error("message is no response to the query: {0}")]
    NotTheResponse(&'static str),
    /// The TC flag is set where nothing may be cut.
    #[error("message is truncated")]
    Truncated,
    /// An answer to an SOA query is not authoritative.
    #[error("primary is not authoritative")]
    NotAuthoritative,
    /// A message has no answers, so that a transfer would never end.
    #[error("message has no records")]
    Empty,
    /// The first record is no SOA (RFC 5936 section 2.2).
    #[error("transfer does not begin with an SOA")]
    NoSoa,
    /// An SOA of another name than the apex.
    #[error("SOA of {owner} is not the zone's")]
    SoaOwner {
        /// Its owner.
        owner: Name,
    },
    /// An SOA in the midst of a whole zone, or one behind it that is not the first one.
    #[error("SOA with serial {serial} inside the zone")]
    SoaInside {
        /// Its serial.
        serial: Serial,
    },
    /// The first delta does not begin at the version at hand.
    #[error("first delta begins at serial {found}, not at {base}")]
    WrongBase {
        /// The version at hand.
        base: Serial,
        /// What the delta begins at.
        found: Serial,
    },
    /// A delta's serials do not rise (RFC 1982).
    #[error("delta leads from serial {from} to {to}")]
    SerialOrder {
        /// Before.
        from: Serial,
        /// After.
        to: Serial,
    },
    /// A delta does not begin where the one before it ends, or the last does not end at the first SOA.
    #[error("behind the delta to serial {at} comes an SOA with serial {found}")]
    BrokenChain {
        /// Where the delta before ends.
        at: Serial,
        /// What comes.
        found: Serial,
    },
    /// Records behind the last SOA.
    #[error("records behind the end of the transfer")]
    AfterTheEnd,
    /// A record of another class than IN.
    #[error("{owner} {rtype}: class is {class}")]
    Class {
        /// Owner.
        owner: Name,
        /// Type.
        rtype: Rtype,
        /// Class.
        class: Class,
    },
    /// A record of a type that no zone has (RFC 6895 section 3.1).
    #[error("{owner}: {rtype} is no type of data")]
    MetaType {
        /// Owner.
        owner: Name,
        /// Type.
        rtype: Rtype,
    },
    /// A delta does not fit the zone at hand.
    #[error("delta from serial {from} to {to}: {source}")]
    Apply {
        /// Before.
        from: Serial,
        /// After.
        to: Serial,
        /// What does not fit.
        source: ApplyError,
    },
    /// The records are no zone.
    #[error("records are no zone: {0}")]
    Zone(#[from] ZoneError),
    /// More records than allowed.
    #[error("more than {limit} records")]
    TooManyRecords {
        /// How many are allowed.
        limit: usize,
    },
    /// More bytes than allowed.
    #[error("more than {limit} bytes of records")]
    TooManyBytes {
        /// How many are allowed.
        limit: usize,
    },
    /// The signature is bad or missing.
    #[error("signature: {0}")]
    Tsig(#[from] VerifyError),
    /// A query does not fit in a message: its key's name is too long.
    #[error("query does not fit in a message")]
    QueryTooLong,
    /// The connection ended before the transfer did.
    #[error("connection closed before the end of the transfer")]
    Closed,
    /// The primary did not answer, or did not go on, in time.
    #[error("primary did not answer within {millis} ms")]
    Silent {
        /// How long it had.
        millis: u64,
    },
    /// The transfer as a whole takes too long.
    #[error("transfer takes longer than {millis} ms")]
    TooSlow {
        /// How long it had.
        millis: u64,
    },
}

impl XfrError {
    /// True if the primary does not do, or will not do, what was asked for, but may do the simpler thing.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        matches!(self, Self::Rcode(Rcode::FORMERR | Rcode::SERVFAIL | Rcode::NOTIMP | Rcode::REFUSED))
    }

    /// True if the deltas are at fault: the whole zone may be right.
    #[must_use]
    pub const fn is_of_deltas(&self) -> bool {
        !matches!(
            self,
            Self::Rcode(_)
                | Self::Tsig(_)
                | Self::QueryTooLong
                | Self::Closed
                | Self::Silent { .. }
                | Self::TooSlow { .. }
        )
    }
}
