//! The fixed part of a message (RFC 2131 section 2) and where each of its fields is.

use std::fmt;
use std::net::Ipv4Addr;

use ddi_core::HwAddr;

use super::packet::Packet;
use crate::bytes::Writer;
use crate::error::EmitError;

/// Length of the fixed part in bytes, without the magic cookie.
pub const HEADER_LEN: usize = 236;
/// The four bytes that say that options follow (RFC 2131 section 3).
pub const MAGIC_COOKIE: [u8; 4] = [99, 130, 83, 99];
/// The shortest message sent, in bytes: BOOTP's fixed size (RFC 951 section 3, RFC 1542 section 2.1).
pub const MIN_LEN: usize = 300;
/// The broadcast bit of `flags` (RFC 2131 figure 2).
pub const BROADCAST_FLAG: u16 = 0x8000;

/// Offsets into a message. No other file of the codec knows one.
pub(super) mod field {
    use std::ops::Range;

    pub(in crate::v4) const OP: usize = 0;
    pub(in crate::v4) const HTYPE: usize = 1;
    pub(in crate::v4) const HLEN: usize = 2;
    pub(in crate::v4) const HOPS: usize = 3;
    pub(in crate::v4) const XID: usize = 4;
    pub(in crate::v4) const SECS: usize = 8;
    pub(in crate::v4) const FLAGS: usize = 10;
    pub(in crate::v4) const CIADDR: usize = 12;
    pub(in crate::v4) const YIADDR: usize = 16;
    pub(in crate::v4) const SIADDR: usize = 20;
    pub(in crate::v4) const GIADDR: usize = 24;
    pub(in crate::v4) const CHADDR: usize = 28;
    pub(in crate::v4) const CHADDR_LEN: usize = 16;
    pub(in crate::v4) const SNAME: Range<usize> = 44..108;
    pub(in crate::v4) const FILE: Range<usize> = 108..236;
    pub(in crate::v4) const COOKIE: usize = 236;
    pub(in crate::v4) const OPTIONS: usize = 240;
}

/// Request or reply.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[allow(clippy::exhaustive_enums, reason = "RFC 951 defines two and closed the field")]
pub enum Op {
    /// BOOTREQUEST: from a client.
    #[default]
    Request,
    /// BOOTREPLY: from a server.
    Reply,
}

/// What stands where the magic cookie belongs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_enums, reason = "the three cases are all there are")]
pub enum Cookie {
    /// The magic cookie: options follow.
    Dhcp,
    /// Zeros, or the packet ends before: a plain RFC 951 BOOTP message without vendor data.
    Absent,
    /// Other bytes: vendor data of an unknown kind (RFC 951), or rubbish.
    Other([u8; 4]),
}

/// Option 53 (RFC 2132 section 9.6 and later documents).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum MessageType {
    /// Client looks for servers.
    Discover,
    /// Server offers an address.
    Offer,
    /// Client asks for an address.
    Request,
    /// Client found the address in use.
    Decline,
    /// Server grants.
    Ack,
    /// Server refuses.
    Nak,
    /// Client gives the address back.
    Release,
    /// Client has an address and wants options only.
    Inform,
    /// RFC 3203.
    ForceRenew,
    /// RFC 4388.
    LeaseQuery,
    /// RFC 4388.
    LeaseUnassigned,
    /// RFC 4388.
    LeaseUnknown,
    /// RFC 4388.
    LeaseActive,
    /// RFC 6926.
    BulkLeaseQuery,
    /// RFC 6926.
    LeaseQueryDone,
    /// RFC 7724.
    ActiveLeaseQuery,
    /// RFC 7724.
    LeaseQueryStatus,
    /// RFC 7724.
    Tls,
    /// Any other number, kept.
    Unknown(u8),
}

/// In the order of their numbers, from 1.
const MESSAGE_TYPES: [MessageType; 18] = [
    MessageType::Discover,
    MessageType::Offer,
    MessageType::Request,
    MessageType::Decline,
    MessageType::Ack,
    MessageType::Nak,
    MessageType::Release,
    MessageType::Inform,
    MessageType::ForceRenew,
    MessageType::LeaseQuery,
    MessageType::LeaseUnassigned,
    MessageType::LeaseUnknown,
    MessageType::LeaseActive,
    MessageType::BulkLeaseQuery,
    MessageType::LeaseQueryDone,
    MessageType::ActiveLeaseQuery,
    MessageType::LeaseQueryStatus,
    MessageType::Tls,
];

impl From<u8> for MessageType {
    fn from(number: u8) -> Self {
        let known = MESSAGE_TYPES.get(usize::from(number).wrapping_sub(1));
        known.copied().unwrap_or(Self::Unknown(number))
    }
}

impl From<MessageType> for u8 {
    fn from(kind: MessageType) -> Self {
        if let MessageType::Unknown(number) = kind {
            return number;
        }
        let at = MESSAGE_TYPES.iter().position(|&known| known == kind);
        at.map_or(0, |at| at as Self + 1)
    }
}

/// The fixed part of a message, owned.
///
/// Bytes of chaddr behind hlen are not kept: they are padding.
#[derive(Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields of RFC 2131 table 1 under their own names")]
pub struct Header {
    pub op: Op,
    pub hops: u8,
    /// htype, hlen and chaddr.
    pub hw_addr: HwAddr,
    pub xid: u32,
    /// Seconds since the client began, as it says.
    pub secs: u16,
    /// [`BROADCAST_FLAG`]; the others are reserved.
    pub flags: u16,
    pub ciaddr: Ipv4Addr,
    pub yiaddr: Ipv4Addr,
    pub siaddr: Ipv4Addr,
    pub giaddr: Ipv4Addr,
    /// Zero-padded; all zero if not used, and then free to carry options (option 52).
    pub sname: [u8; 64],
    /// Zero-padded; all zero if not used, and then free to carry options (option 52).
    pub file: [u8; 128],
}

impl Default for Header {
    fn default() -> Self {
        Self {
            op: Op::Request,
            hops: 0,
            hw_addr: HwAddr::EMPTY,
            xid: 0,
            secs: 0,
            flags: 0,
            ciaddr: Ipv4Addr::UNSPECIFIED,
            yiaddr: Ipv4Addr::UNSPECIFIED,
            siaddr: Ipv4Addr::UNSPECIFIED,
            giaddr: Ipv4Addr::UNSPECIFIED,
            sname: [0; 64],
            file: [0; 128],
        }
    }
}

impl Header {
    /// The start of a reply to `request`: xid, flags, giaddr and hardware address are the request's, the
    /// rest is zero (RFC 2131 table 3).
    #[must_use]
    pub fn reply_to(request: &Packet<'_>) -> Self {
        Self {
            op: Op::Reply,
            hw_addr: request.hw_addr(),
            xid: request.xid(),
            flags: request.flags(),
            giaddr: request.giaddr(),
            ..Self::default()
        }
    }

    /// Writes the fixed part without sname and file, and leaves `out` before them.
    pub(super) fn emit_up_to_sname(&self, out: &mut Writer<'_>) -> Result<(), EmitError> {
        let (htype, addr) = (self.hw_addr.htype(), self.hw_addr.bytes());
        let too_long = EmitError::HwAddrTooLong { htype, len: addr.len() };
        let htype_byte = u8::try_from(htype).map_err(|_| too_long)?;
        if addr.len() > field::CHADDR_LEN {
            return Err(too_long);
        }
        let op = match self.op {
            Op::Request => 1,
            Op::Reply => 2,
        };
        self.emit_fields(out, [op, htype_byte, addr.len() as u8, self.hops])
            .ok_or(EmitError::NoRoom { code: 0, room: out.len() })
    }

    fn emit_fields(&self, out: &mut Writer<'_>, first: [u8; 4]) -> Option<()> {
        out.put(&first)?;
        out.put(&self.xid.to_be_bytes())?;
        out.put(&self.secs.to_be_bytes())?;
        out.put(&self.flags.to_be_bytes())?;
        for addr in [self.ciaddr, self.yiaddr, self.siaddr, self.giaddr] {
            out.put(&addr.octets())?;
        }
        out.put(self.hw_addr.bytes())?;
        out.zeros_to(field::SNAME.start)
    }
}

impl From<&Packet<'_>> for Header {
    /// sname and file are zero where they carry options.
    fn from(packet: &Packet<'_>) -> Self {
        Self {
            op: packet.op(),
            hops: packet.hops(),
            hw_addr: packet.hw_addr(),
            xid: packet.xid(),
            secs: packet.secs(),
            flags: packet.flags(),
            ciaddr: packet.ciaddr(),
            yiaddr: packet.yiaddr(),
            siaddr: packet.siaddr(),
            giaddr: packet.giaddr(),
            sname: packet.sname_field().unwrap_or([0; 64]),
            file: packet.file_field().unwrap_or([0; 128]),
        }
    }
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Header")
            .field("op", &self.op)
            .field("hops", &self.hops)
            .field("hw_addr", &self.hw_addr)
            .field("xid", &format_args!("{:#010x}", self.xid))
            .field("secs", &self.secs)
            .field("flags", &format_args!("{:#06x}", self.flags))
            .field("ciaddr", &self.ciaddr)
            .field("yiaddr", &self.yiaddr)
            .field("siaddr", &self.siaddr)
            .field("giaddr", &self.giaddr)
            .field("sname", &format_args!("\"{}\"", until_zero(&self.sname).escape_ascii()))
            .field("file", &format_args!("\"{}\"", until_zero(&self.file).escape_ascii()))
            .finish()
    }
}

/// The bytes before the first zero.
pub(super) fn until_zero(bytes: &[u8]) -> &[u8] {
    bytes.split(|&b| b == 0).next().unwrap_or_default()
}
