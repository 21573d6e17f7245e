//! What can go wrong, sorted by whose fault it is: the bytes' ([`PacketError`]), the caller's
//! ([`EmitError`]), or the configuration's.

use thiserror::Error;

/// The bytes are no DHCPv4 or BOOTP message. Everything else about a packet is tolerated and counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum PacketError {
    /// Shorter than the fixed part (RFC 2131 section 2).
    #[error("packet of {len} bytes is shorter than the fixed part of 236")]
    TooShort {
        /// Bytes received.
        len: usize,
    },
    /// Longer than any UDP payload.
    #[error("packet of {len} bytes is longer than a datagram can be")]
    TooLong {
        /// Bytes received.
        len: usize,
    },
    /// Neither BOOTREQUEST nor BOOTREPLY.
    #[error("op {op} is neither a request (1) nor a reply (2)")]
    UnknownOp {
        /// The op field.
        op: u8,
    },
    /// hlen says more than the 16 bytes of chaddr.
    #[error("hlen {hlen} is more than the 16 bytes of chaddr")]
    HwAddrTooLong {
        /// The hlen field.
        hlen: u8,
    },
}

/// A message can't be written as asked. The output then holds nothing of use.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum EmitError {
    /// The fixed part and the options that are never dropped are more than the limit.
    #[error("the fixed part and option {code} don't fit in {room} bytes")]
    NoRoom {
        /// The first option that had no room; 0 if the fixed part had none.
        code: u8,
        /// The limit: the smaller of the output's length and the largest message wanted.
        room: usize,
    },
    /// The hardware address does not fit in htype, hlen and chaddr.
    #[error("a hardware address of type {htype} and {len} bytes does not fit in chaddr")]
    HwAddrTooLong {
        /// Hardware type.
        htype: u16,
        /// Length in bytes.
        len: usize,
    },
}
