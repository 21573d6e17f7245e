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

/// A domain name can't be what it says (RFC 1035 section 2.3.4).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum NameError {
    /// A label without bytes before the end of the name.
    #[error("a label of the name is empty")]
    EmptyLabel,
    /// A label of more than 63 bytes.
    #[error("a label of the name has {len} bytes, more than 63")]
    LabelTooLong {
        /// Bytes in it.
        len: usize,
    },
    /// More than 255 bytes in all.
    #[error("the name is longer than 255 bytes")]
    TooLong,
    /// A backslash that is not followed by a character or by three digits up to 255.
    #[error("an escape in the name is not right")]
    BadEscape,
    /// A label or pointer is cut off, or of a kind that is not defined.
    #[error("the name is cut off or has an unknown label at byte {at}")]
    Broken {
        /// Offset in the option's value.
        at: usize,
    },
    /// A compression pointer that does not point before the name it is in.
    #[error("the compression pointer at byte {at} does not point back")]
    PointerNotBack {
        /// Offset in the option's value.
        at: usize,
    },
}

/// The value of an option does not have the shape that its document gives it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum ValueError {
    /// No such length is possible.
    #[error("{len} bytes can't be {wanted}")]
    WrongLength {
        /// Bytes in the value.
        len: usize,
        /// What it should be.
        wanted: &'static str,
    },
    /// A flag is 0 or 1.
    #[error("{value} is no flag: 0 or 1")]
    NoFlag {
        /// The byte.
        value: u8,
    },
    /// A route's prefix has more than 32 bits.
    #[error("a prefix of {bits} bits is longer than an address")]
    PrefixTooLong {
        /// Bits.
        bits: u8,
    },
    /// A domain name in it is broken.
    #[error(transparent)]
    Name(#[from] NameError),
}

/// A configured option value can't be read.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum TextError {
    /// The option takes one item, or none, or at least one.
    #[error("{found} values where {wanted} is expected")]
    WrongCount {
        /// Items given.
        found: usize,
        /// What the option takes.
        wanted: &'static str,
    },
    /// An item is not what the option holds.
    #[error("`{item}` is not {wanted}")]
    WrongItem {
        /// The item.
        item: String,
        /// What it should be.
        wanted: &'static str,
    },
    /// An item is no domain name.
    #[error("`{item}` is not a domain name: {why}")]
    WrongName {
        /// The item.
        item: String,
        /// What is wrong with it.
        why: NameError,
    },
}

/// A message can't be converted from or to `dhcproto`'s without loss or panic.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum ConvertError {
    /// hlen says more than the 16 bytes of chaddr, or the hardware address does not fit in them.
    #[error("a hardware address of type {htype} and {len} bytes does not fit in chaddr")]
    HwAddrTooLong {
        /// Hardware type.
        htype: u16,
        /// Length in bytes.
        len: usize,
    },
    /// Neither BOOTREQUEST nor BOOTREPLY.
    #[error("op {op} is neither a request (1) nor a reply (2)")]
    UnknownOp {
        /// The op field.
        op: u8,
    },
    /// sname or file is longer than its field.
    #[error("a name of {len} bytes does not fit in a field of {room}")]
    NameTooLong {
        /// Bytes in the name.
        len: usize,
        /// Bytes in the field.
        room: usize,
    },
    /// An option holds what can't be written, or what `dhcproto` can't hold under that code.
    #[error("option {code} can't be converted")]
    BadOption {
        /// Its code.
        code: u8,
    },
}
