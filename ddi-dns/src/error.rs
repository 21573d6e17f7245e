//! Why bytes are not a DNS message.

use crate::name::NameError;
use crate::rr::RdataError;

/// A message can't be read. `at` is the offset in the message of what is wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// It ends inside its header, a question or a record.
    #[error("message ends early at byte {at}")]
    Truncated {
        /// Offset.
        at: usize,
    },
    /// A name is bad.
    #[error("byte {at}: {source}")]
    Name {
        /// Offset.
        at: usize,
        /// What is wrong with it.
        source: NameError,
    },
    /// A record's data is bad.
    #[error("data at byte {at}: {source}")]
    Rdata {
        /// Offset.
        at: usize,
        /// What is wrong with it.
        source: RdataError,
    },
    /// Bytes follow the last record that the header counts.
    #[error("{len} bytes follow the message at byte {at}")]
    Trailing {
        /// Offset.
        at: usize,
        /// How many.
        len: usize,
    },
}
