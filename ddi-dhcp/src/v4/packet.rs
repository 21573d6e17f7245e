//! The view of a received message: nothing is copied, nothing is allocated, nothing can panic.

use std::fmt;
use std::net::Ipv4Addr;

use ddi_core::HwAddr;

use super::code::{self, CodeSet};
use super::header::{BROADCAST_FLAG, Cookie, HEADER_LEN, MAGIC_COOKIE, MessageType, Op, field, until_zero};
use super::value::OptionValue;
use super::walk::{Overload, Step, Walk};
use crate::error::PacketError;

/// Why an option was set aside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum BadReason {
    /// Its length goes beyond its field; nothing behind it in that field can be read.
    Overrun,
    /// Option 52 is not one byte with 1, 2 or 3.
    Overload,
    /// Option 52 inside file or sname means nothing.
    NestedOverload,
}

/// An option that was set aside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BadOption {
    /// Where its code is, in bytes from the start of the packet.
    pub offset: u16,
    /// Its code.
    pub code: u8,
    /// What is wrong with it.
    pub reason: BadReason,
}

/// How many bad options are remembered one by one; further ones are only counted.
const BAD_OPTIONS_KEPT: usize = 4;

#[derive(Clone, Copy, Default)]
struct BadOptions {
    kept: [Option<BadOption>; BAD_OPTIONS_KEPT],
    count: u16,
}

impl BadOptions {
    #[cold]
    fn add(&mut self, offset: usize, code: u8, reason: BadReason) {
        if let Some(slot) = self.kept.get_mut(usize::from(self.count)) {
            *slot = Some(BadOption { offset: offset as u16, code, reason });
        }
        self.count = self.count.saturating_add(1);
    }
}

/// A received DHCPv4 or BOOTP message.
#[derive(Clone)]
pub struct Packet<'a> {
    bytes: &'a [u8],
    head: &'a [u8; HEADER_LEN],
    index: Index,
}

/// Where what is in a packet's bytes.
#[derive(Clone)]
struct Index {
    cookie: Cookie,
    overload: Overload,
    /// Offset of the first piece of each code; 0 if there is none (no option can start there).
    first: [u16; 256],
    /// Codes with more than one piece.
    repeated: CodeSet,
    bad: BadOptions,
}

impl Index {
    fn add(&mut self, walk: Walk<'_>) {
        for step in walk {
            match step {
                Step::Option { at, code: code::OVERLOAD, .. } if at < field::OPTIONS => {
                    self.bad.add(at, code::OVERLOAD, BadReason::NestedOverload);
                }
                Step::Option { at, code, .. } => {
                    let first = &mut self.first[usize::from(code)];
                    if *first == 0 {
                        *first = at as u16;
                    } else {
                        self.repeated.insert(code);
                    }
                }
                Step::Overrun { at, code } => self.bad.add(at, code, BadReason::Overrun),
            }
        }
    }
}

/// The bytes of a received message with what [`Packet::parse`] has found in them: to be looked at again and again,
/// and to be filled anew with the next one, for which nothing is allocated.
#[derive(Clone)]
pub struct PacketBuf {
    bytes: Vec<u8>,
    index: Index,
}

impl PacketBuf {
    /// A copy of a datagram's payload.
    ///
    /// # Errors
    /// As of [`Packet::parse`].
    pub fn parse(bytes: &[u8]) -> Result<Self, PacketError> {
        let index = Packet::parse(bytes)?.index;
        Ok(Self { bytes: bytes.to_vec(), index })
    }

    /// Takes another one in. An error leaves the one before.
    ///
    /// # Errors
    /// As of [`Packet::parse`].
    pub fn parse_next(&mut self, bytes: &[u8]) -> Result<(), PacketError> {
        self.index = Packet::parse(bytes)?.index;
        self.bytes.clear();
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// The view of it, without another parse.
    #[must_use]
    pub fn packet(&self) -> Packet<'_> {
        const NO_HEAD: &[u8; HEADER_LEN] = &[0; HEADER_LEN];
        // It was there when the bytes were parsed.
        let head = self.bytes.first_chunk().unwrap_or(NO_HEAD);
        Packet { bytes: &self.bytes, head, index: self.index.clone() }
    }
}

impl<'a> Packet<'a> {
    /// Looks at the payload of a datagram: checks the fixed part and indexes the options.
    ///
    /// # Errors
    /// If the fixed part is not there or can't be right. What is wrong with an option is no error: see
    /// [`Packet::bad_options`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, PacketError> {
        let head = bytes.first_chunk().ok_or(PacketError::TooShort { len: bytes.len() })?;
        if bytes.len() > usize::from(u16::MAX) {
            return Err(PacketError::TooLong { len: bytes.len() });
        }
        let (op, hlen) = (head[field::OP], head[field::HLEN]);
        if !matches!(op, 1 | 2) {
            return Err(PacketError::UnknownOp { op });
        }
        if usize::from(hlen) > field::CHADDR_LEN {
            return Err(PacketError::HwAddrTooLong { hlen });
        }
        let cookie = match bytes.get(field::COOKIE..field::OPTIONS) {
            Some(four) if four == MAGIC_COOKIE => Cookie::Dhcp,
            None | Some([0, 0, 0, 0]) => Cookie::Absent,
            Some(four) => Cookie::Other(four.try_into().unwrap_or_default()),
        };
        let index = Index {
            cookie,
            overload: Overload::NONE,
            first: [0; 256],
            repeated: CodeSet::EMPTY,
            bad: BadOptions::default(),
        };
        let mut packet = Self { bytes, head, index };
        if cookie == Cookie::Dhcp {
            packet.index.add(Walk::over_options(bytes));
            packet.index.overload = packet.find_overload();
            if packet.index.overload != Overload::NONE {
                packet.index.add(Walk::over_fixed(bytes, packet.index.overload));
            }
        }
        Ok(packet)
    }

    fn find_overload(&mut self) -> Overload {
        let Some(value) = self.option(code::OVERLOAD) else { return Overload::NONE };
        match value.u8().and_then(Overload::from_number) {
            Some(overload) => overload,
            None => {
                let at = self.index.first[usize::from(code::OVERLOAD)];
                self.index.bad.add(usize::from(at), code::OVERLOAD, BadReason::Overload);
                Overload::NONE
            }
        }
    }

    /// The whole packet.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Request or reply.
    #[must_use]
    pub const fn op(&self) -> Op {
        if self.head[field::OP] == 1 { Op::Request } else { Op::Reply }
    }

    /// How many relays it passed, as they say.
    #[must_use]
    pub const fn hops(&self) -> u8 {
        self.head[field::HOPS]
    }

    /// htype, hlen and chaddr.
    #[must_use]
    pub fn hw_addr(&self) -> HwAddr {
        let htype = u16::from(self.head[field::HTYPE]);
        let len = usize::from(self.head[field::HLEN]);
        let addr = self.head[field::CHADDR..].get(..len).unwrap_or_default();
        HwAddr::new(htype, addr).unwrap_or_default()
    }

    /// Transaction id.
    #[must_use]
    pub const fn xid(&self) -> u32 {
        u32::from_be_bytes(self.four::<{ field::XID }>())
    }

    /// Seconds since the client began, as it says.
    #[must_use]
    pub const fn secs(&self) -> u16 {
        u16::from_be_bytes([self.head[field::SECS], self.head[field::SECS + 1]])
    }

    /// The flags field.
    #[must_use]
    pub const fn flags(&self) -> u16 {
        u16::from_be_bytes([self.head[field::FLAGS], self.head[field::FLAGS + 1]])
    }

    /// The client can't take unicast yet.
    #[must_use]
    pub const fn wants_broadcast(&self) -> bool {
        self.flags() & BROADCAST_FLAG != 0
    }

    /// The client's own address, if it has one.
    #[must_use]
    pub const fn ciaddr(&self) -> Ipv4Addr {
        self.addr::<{ field::CIADDR }>()
    }

    /// The address given by the server.
    #[must_use]
    pub const fn yiaddr(&self) -> Ipv4Addr {
        self.addr::<{ field::YIADDR }>()
    }

    /// The next server to boot from.
    #[must_use]
    pub const fn siaddr(&self) -> Ipv4Addr {
        self.addr::<{ field::SIADDR }>()
    }

    /// The relay's address.
    #[must_use]
    pub const fn giaddr(&self) -> Ipv4Addr {
        self.addr::<{ field::GIADDR }>()
    }

    /// The server's host name up to its zero byte; empty if the field carries options.
    #[must_use]
    pub fn sname(&self) -> &'a [u8] {
        if self.index.overload.sname() { &[] } else { until_zero(&self.head[field::SNAME]) }
    }

    /// The boot file name up to its zero byte; empty if the field carries options.
    #[must_use]
    pub fn file(&self) -> &'a [u8] {
        if self.index.overload.file() { &[] } else { until_zero(&self.head[field::FILE]) }
    }

    /// sname with its padding; `None` if it carries options.
    pub(super) fn sname_field(&self) -> Option<[u8; 64]> {
        if self.index.overload.sname() { None } else { self.head[field::SNAME].try_into().ok() }
    }

    /// file with its padding; `None` if it carries options.
    pub(super) fn file_field(&self) -> Option<[u8; 128]> {
        if self.index.overload.file() { None } else { self.head[field::FILE].try_into().ok() }
    }

    /// What stands where the magic cookie belongs. Only [`Cookie::Dhcp`] is followed by options.
    #[must_use]
    pub const fn cookie(&self) -> Cookie {
        self.index.cookie
    }

    /// All bytes behind the fixed part: RFC 951's vend field with its cookie, RFC 2131's options field.
    #[must_use]
    pub fn vend(&self) -> &'a [u8] {
        self.bytes.get(HEADER_LEN..).unwrap_or_default()
    }

    /// Which fields of the fixed part carry options.
    #[must_use]
    pub const fn overload(&self) -> Overload {
        self.index.overload
    }

    /// The value of an option; `None` if it is not there.
    #[must_use]
    pub fn option(&self, code: u8) -> Option<OptionValue<'a>> {
        let at = usize::from(self.index.first[usize::from(code)]);
        if at == 0 {
            return None;
        }
        let len = usize::from(*self.bytes.get(at + 1)?);
        let data = self.bytes.get(at + 2..at + 2 + len)?;
        if self.index.repeated.contains(code) {
            let further = Walk::from(self.bytes, at + 2 + len, at, self.index.overload);
            return Some(OptionValue::new(code, data, further));
        }
        Some(OptionValue::whole(code, data))
    }

    /// True if the option is there, whatever its value.
    #[must_use]
    pub const fn has(&self, code: u8) -> bool {
        self.index.first[code as usize] != 0
    }

    /// Each option once, in the order in which their first pieces come.
    pub fn options(&self) -> impl Iterator<Item = OptionValue<'a>> + '_ {
        let walk = match self.index.cookie {
            Cookie::Dhcp => Walk::from(self.bytes, field::OPTIONS, field::OPTIONS, self.index.overload),
            _ => Walk::exhausted(),
        };
        walk.filter_map(move |step| match step {
            Step::Option { at, code, .. } if at == usize::from(self.index.first[usize::from(code)]) => {
                self.option(code)
            }
            _ => None,
        })
    }

    /// How many options were set aside.
    #[must_use]
    pub const fn bad_option_count(&self) -> usize {
        self.index.bad.count as usize
    }

    /// The options that were set aside; at most the first four.
    pub fn bad_options(&self) -> impl Iterator<Item = BadOption> + '_ {
        self.index.bad.kept.iter().flatten().copied()
    }

    /// Option 53. `None` if there is none, which makes it a BOOTP message, or if it is malformed: then
    /// [`Packet::is_bootp`] is false.
    #[must_use]
    pub fn message_type(&self) -> Option<MessageType> {
        self.option(code::MESSAGE_TYPE)?.u8().map(MessageType::from)
    }

    /// True if there is no option 53 (RFC 1534 section 2).
    #[must_use]
    pub const fn is_bootp(&self) -> bool {
        !self.has(code::MESSAGE_TYPE)
    }

    /// Option 50.
    #[must_use]
    pub fn requested_addr(&self) -> Option<Ipv4Addr> {
        self.option(code::REQUESTED_ADDRESS)?.ipv4()
    }

    /// Option 54.
    #[must_use]
    pub fn server_id(&self) -> Option<Ipv4Addr> {
        self.option(code::SERVER_ID)?.ipv4()
    }

    /// Option 51, in seconds.
    #[must_use]
    pub fn lease_seconds(&self) -> Option<u32> {
        self.option(code::LEASE_SECONDS)?.u32()
    }

    /// Option 57, in bytes of an IP datagram.
    #[must_use]
    pub fn max_message_size(&self) -> Option<u16> {
        self.option(code::MAX_MESSAGE_SIZE)?.u16()
    }

    /// Option 118 (RFC 3011).
    #[must_use]
    pub fn subnet_selection(&self) -> Option<Ipv4Addr> {
        self.option(code::SUBNET_SELECTION)?.ipv4()
    }

    /// Option 55.
    #[must_use]
    pub fn parameter_request_list(&self) -> Option<OptionValue<'a>> {
        self.option(code::PARAMETER_REQUEST_LIST)
    }

    /// Option 61. RFC 2132 section 9.14 asks for at least two bytes; shorter ones are given all the same.
    #[must_use]
    pub fn client_id(&self) -> Option<OptionValue<'a>> {
        self.option(code::CLIENT_ID)
    }

    /// Option 82; see [`super::RelayInfo`] for its parts.
    #[must_use]
    pub fn relay_info(&self) -> Option<OptionValue<'a>> {
        self.option(code::RELAY_INFO)
    }

    const fn four<const AT: usize>(&self) -> [u8; 4] {
        [self.head[AT], self.head[AT + 1], self.head[AT + 2], self.head[AT + 3]]
    }

    const fn addr<const AT: usize>(&self) -> Ipv4Addr {
        let [a, b, c, d] = self.four::<AT>();
        Ipv4Addr::new(a, b, c, d)
    }
}

impl fmt::Debug for PacketBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.packet().fmt(f)
    }
}

impl fmt::Debug for Packet<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Packet")
            .field("op", &self.op())
            .field("hw_addr", &self.hw_addr())
            .field("xid", &format_args!("{:#010x}", self.xid()))
            .field("message_type", &self.message_type())
            .field("options", &self.options().map(|value| value.code()).collect::<CodeSet>())
            .field("bad_options", &self.index.bad.count)
            .finish_non_exhaustive()
    }
}
