//! What can be wrong in a zone file, and where.

use super::check::ZoneFault;
use crate::name::NameError;
use crate::rr::RdataError;
use crate::zone::ZoneError;
use std::sync::Arc;

/// Why a line is not a record or a directive.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ZoneFileFault {
    /// A name is bad.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A byte that means something else in a name stands there without a backslash.
    #[error("'{}' in a name needs a backslash before it", .0.escape_ascii())]
    NameByte(u8),
    /// The line starts with a blank, and no good owner came before it.
    #[error("no owner here, and none before")]
    NoOwner,
    /// No ttl here, none before, no $TTL, and not a SOA, whose minimum could be taken.
    #[error("no ttl here, and none before")]
    NoTtl,
    /// A class other than the zone's.
    #[error("class is not that of the zone")]
    OtherClass,
    /// The type is unknown, or exists in messages only.
    #[error("type is not known, or never in a zone")]
    Rtype,
    /// The type has no text form of its own: its data must be in the `\#` form (RFC 3597 section 5).
    #[error("data of this type must be in the \\# form")]
    NeedsGeneric,
    /// The line ends too early.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// Something else was expected.
    #[error("{0} expected")]
    Expected(&'static str),
    /// Something follows the last part of the data.
    #[error("something follows the data")]
    Trailing,
    /// Data in the `\#` form has another length than it says.
    #[error("data has another length than it says")]
    GenericLength,
    /// Data in the `\#` form is not that of its type.
    #[error(transparent)]
    Rdata(#[from] RdataError),
    /// A string of more than 255 bytes where only one may be.
    #[error("string is longer than 255 bytes")]
    TextTooLong,
    /// A quoted string that the line ends in, or a quote in the middle of a word.
    #[error("quote out of place")]
    Quote,
    /// A backslash with one or two digits, with more than 255, or at the end of a line.
    #[error("bad escape")]
    Escape,
    /// Parentheses in parentheses, or one that closes nothing.
    #[error("parenthesis out of place")]
    Parenthesis,
    /// The text ends in parentheses.
    #[error("text ends in parentheses")]
    Unclosed,
    /// A service parameter breaks the rules of RFC 9460 section 2.1 and appendix A.
    #[error("service parameter: {0}")]
    Parameter(&'static str),
    /// A line starts with `$` and is no directive.
    #[error("directive is not known")]
    Directive,
    /// The origin that a directive gives has no final dot.
    #[error("origin has no final dot")]
    RelativeOrigin,
    /// $GENERATE breaks its rules or bounds.
    #[error("$GENERATE: {0}")]
    Generate(&'static str),
    /// More files in files than [`super::INCLUDE_MAX`].
    #[error("too many files in one another")]
    IncludeDepth,
    /// The caller did not open the file.
    #[error("file can't be included: {0}")]
    Include(Box<str>),
    /// The record can't be in the zone, or the zone can't be without one: see [`super::Parser::place`].
    #[error(transparent)]
    Zone(#[from] ZoneError),
    /// Something is wrong with the zone as a whole, and the record is part of it: see [`ZoneFault::is_of`].
    #[error("{0}")]
    Whole(ZoneFault),
    /// One record's text is longer than [`super::RECORD_TEXT_MAX`].
    #[error("record is longer than {} bytes of text", super::RECORD_TEXT_MAX)]
    RecordTooLong,
}

impl From<ZoneFault> for ZoneFileFault {
    fn from(fault: ZoneFault) -> Self {
        Self::Whole(fault)
    }
}

/// A fault and its place.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{file}:{line}:{column}: {fault}")]
#[non_exhaustive]
pub struct ZoneFileError {
    /// The file, as [`super::Config::file`] or $INCLUDE named it.
    pub file: Arc<str>,
    /// Counted from 1.
    pub line: u64,
    /// In bytes, counted from 1.
    pub column: u64,
    /// What is wrong.
    pub fault: ZoneFileFault,
    pub(super) is_fatal: bool,
}

impl ZoneFileError {
    /// True if what follows can't be understood any more: a bad directive, parentheses, a missing file.
    /// Otherwise the parser goes on behind the bad record.
    #[must_use]
    pub const fn is_fatal(&self) -> bool {
        self.is_fatal
    }
}

/// Why the reading of one record stops.
#[derive(Debug)]
pub(super) enum Halt {
    /// The text at hand ends inside the record.
    More,
    /// It is wrong.
    Fault(ZoneFileFault),
}

impl From<ZoneFileFault> for Halt {
    fn from(fault: ZoneFileFault) -> Self {
        Self::Fault(fault)
    }
}

impl From<NameError> for Halt {
    fn from(error: NameError) -> Self {
        Self::Fault(error.into())
    }
}

impl From<RdataError> for Halt {
    fn from(error: RdataError) -> Self {
        Self::Fault(error.into())
    }
}
