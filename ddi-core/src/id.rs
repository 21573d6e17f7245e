//! What names a lease and what names a client.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

/// A log sequence number. Every put and every remove has its own; 0 is "before the first".
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[allow(clippy::exhaustive_structs, reason = "a plain number")]
pub struct Lsn(pub u64);

impl Lsn {
    /// Before the first operation.
    pub const ZERO: Self = Self(0);

    /// The next one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// A pool's number, chosen by whoever defines the pools.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[allow(clippy::exhaustive_structs, reason = "a plain number")]
pub struct PoolId(pub u32);

/// What is leased.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[allow(clippy::exhaustive_enums, reason = "DHCP leases nothing else; a store must handle all three")]
pub enum LeaseAddr {
    /// An IPv4 address (RFC 2131).
    V4(Ipv4Addr),
    /// An IPv6 address (RFC 8415 IA_NA, IA_TA).
    V6(Ipv6Addr),
    /// A delegated IPv6 prefix (RFC 8415 IA_PD): first address, length in bits. Host bits are zero.
    Prefix(Ipv6Addr, u8),
}

impl fmt::Display for LeaseAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V4(a) => a.fmt(f),
            Self::V6(a) => a.fmt(f),
            Self::Prefix(a, len) => write!(f, "{a}/{len}"),
        }
    }
}

/// The key of a lease: an address in an address space. Spaces keep overlapping networks apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[allow(clippy::exhaustive_structs, reason = "the pair is the whole meaning")]
pub struct LeaseKey {
    /// Address space; 0 where networks don't overlap.
    pub space: u32,
    /// The address or prefix.
    pub addr: LeaseAddr,
}

impl LeaseKey {
    /// An IPv4 address in address space 0.
    #[must_use]
    pub const fn v4(addr: Ipv4Addr) -> Self {
        Self { space: 0, addr: LeaseAddr::V4(addr) }
    }

    /// The IPv4 address, if it is one.
    #[must_use]
    pub const fn as_v4(&self) -> Option<Ipv4Addr> {
        match self.addr {
            LeaseAddr::V4(a) => Some(a),
            _ => None,
        }
    }
}

/// A link-layer address with its type (ARP hardware types, RFC 1700; 1 is Ethernet).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct HwAddr {
    htype: u16,
    len: u8,
    bytes: [u8; Self::MAX_LEN],
}

impl HwAddr {
    /// The longest one in use: InfiniBand's 20 bytes (RFC 4391). DHCPv4's chaddr holds 16.
    pub const MAX_LEN: usize = 20;
    /// No address.
    pub const EMPTY: Self = Self { htype: 0, len: 0, bytes: [0; Self::MAX_LEN] };

    /// `None` if `bytes` is longer than [`HwAddr::MAX_LEN`].
    #[must_use]
    pub fn new(htype: u16, bytes: &[u8]) -> Option<Self> {
        let mut all = [0; Self::MAX_LEN];
        all.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(Self { htype, len: bytes.len() as u8, bytes: all })
    }

    /// The hardware type.
    #[must_use]
    pub const fn htype(&self) -> u16 {
        self.htype
    }

    /// The address itself, without padding.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// True if there is no address.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl fmt::Debug for HwAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HwAddr({}/{self})", self.htype)
    }
}

/// Colon-separated lower-case hex, without the type.
impl fmt::Display for HwAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, byte) in self.bytes().iter().enumerate() {
            if i > 0 {
                f.write_str(":")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

/// What a lease is looked up by, other than its address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Identity<'a> {
    /// DHCPv4 option 61 as received (RFC 2132 section 9.14).
    ClientId(&'a [u8]),
    /// htype and chaddr.
    HwAddr(HwAddr),
    /// DUID and IAID (RFC 8415 sections 11 and 12).
    DuidIaid(&'a [u8], u32),
    /// Any lease of a DUID.
    Duid(&'a [u8]),
    /// Host name, compared without regard to ASCII case.
    Hostname(&'a [u8]),
    /// Relay-id: sub-option 12 of option 82 (RFC 6925), or v6 option 53.
    RelayId(&'a [u8]),
    /// Remote-id: sub-option 2 of option 82 (RFC 3046), or v6 option 37.
    RemoteId(&'a [u8]),
}
