//! What can be wrong, sorted by whose fault it is.

use thiserror::Error;

/// The partner's fault: bytes that are no message. The connection has to be closed, since nothing
/// after them can be trusted to begin where a message begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum WireError {
    /// The length field is below the header's size or above the protocol's limit (section 6.1).
    #[error(
        "message length {length} is not between {} and {}",
        crate::wire::v4::HEADER_LEN,
        crate::wire::v4::MAX_LEN
    )]
    Length {
        /// What the field says.
        length: usize,
    },
    /// The slice is not as long as the length field says.
    #[error("message of {found} bytes, but its length field says {field}")]
    LengthMismatch {
        /// What the field says.
        field: usize,
        /// How many bytes there are.
        found: usize,
    },
    /// The payload offset points into the header or past the end.
    #[error("payload offset {offset} is not between 12 and the message length {length}")]
    PayloadOffset {
        /// What the field says.
        offset: u8,
        /// Length of the message in bytes.
        length: usize,
    },
    /// An option's length runs past the end of the message.
    #[error("option {code} of {length} bytes runs past the end of the message: {left} bytes are left")]
    OptionOverrun {
        /// The option's number.
        code: u16,
        /// What its length field says.
        length: u16,
        /// How many bytes there are.
        left: usize,
    },
    /// Between one and three bytes after the last option: too few for another.
    #[error("{left} stray bytes after the last option")]
    StrayBytes {
        /// How many.
        left: usize,
    },
    /// An option of fixed length has another one.
    #[error("option {code} has {length} bytes, not {expected}")]
    OptionLength {
        /// The option's number.
        code: u16,
        /// Its length in bytes.
        length: usize,
        /// What its type needs.
        expected: usize,
    },
    /// An option that may appear once appears again (section 6.2).
    #[error("option {code} appears twice")]
    RepeatedOption {
        /// The option's number.
        code: u16,
    },
}

/// The caller's fault: a message that can't be written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum EmitError {
    /// The message does not fit into the buffer, or is above the protocol's limit.
    #[error("the message needs more than {room} bytes")]
    NoRoom {
        /// Bytes that there were: the buffer's size or the protocol's limit.
        room: usize,
    },
}
