//! Lease keys, and what a client is known by.

use crate::handle::Failure;
use crate::slice;
use ddi_core::{HwAddr, Identity, LeaseAddr, LeaseKey};
use std::net::{Ipv4Addr, Ipv6Addr};

/// The family of a delegated IPv6 prefix (RFC 8415 IA_PD) in a lease key.
pub const DDI_FAMILY_PREFIX: u8 = 7;

/// An IPv4 address in network byte order, as `struct in_addr` holds it.
#[repr(C)]
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct ddi_ipv4 {
    /// 192.0.2.1 is 192, 0, 2, 1.
    pub bytes: [u8; 4],
}

/// The key of a lease: an address in an address space. All zeros are no key: the family must be set.
#[repr(C)]
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct ddi_lease_key {
    /// Address space; 0 where networks don't overlap.
    pub space: u32,
    /// `DDI_FAMILY_V4`, `DDI_FAMILY_V6` or `DDI_FAMILY_PREFIX`.
    pub family: u8,
    /// Of a prefix its length in bits, 0 to 128; otherwise 0.
    pub prefix_len: u8,
    /// Zero.
    pub pad: u16,
    /// The address in network byte order; IPv4 in the first 4 bytes. A prefix has no host bits.
    pub bytes: [u8; 16],
}

/// A link-layer address with its type.
#[repr(C)]
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct ddi_hw_addr {
    /// ARP hardware type; 1 is Ethernet.
    pub htype: u16,
    /// How many bytes it has, at most 20; 0 is no address.
    pub len: u8,
    /// The address.
    pub bytes: [u8; 20],
    /// Zero.
    pub pad: u8,
}

/// DHCPv4 client_id: option 61 as received (RFC 2132 section 9.14).
pub const DDI_IDENTITY_CLIENT_ID: u32 = 1;
/// Link-layer address; `number` is its type.
pub const DDI_IDENTITY_HW_ADDR: u32 = 2;
/// DUID with an IAID, which is `number` (RFC 8415 sections 11 and 12).
pub const DDI_IDENTITY_DUID_IAID: u32 = 3;
/// Any lease of a DUID.
pub const DDI_IDENTITY_DUID: u32 = 4;
/// Host name, without regard to ASCII case.
pub const DDI_IDENTITY_HOSTNAME: u32 = 5;
/// Relay-id (RFC 6925), or DHCPv6 option 53.
pub const DDI_IDENTITY_RELAY_ID: u32 = 6;
/// Remote-id (RFC 3046), or DHCPv6 option 37.
pub const DDI_IDENTITY_REMOTE_ID: u32 = 7;

/// What leases are looked up by, other than their addresses.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ddi_identity {
    /// One of `DDI_IDENTITY_...`.
    pub kind: u32,
    /// The hardware type or the IAID; otherwise 0.
    pub number: u32,
    /// The identity's bytes.
    pub bytes: *const u8,
    /// How many.
    pub bytes_len: usize,
}

impl ddi_lease_key {
    /// # Safety
    /// `key` is NULL or points to a key.
    pub(crate) unsafe fn read(key: *const Self, what: &str) -> Result<LeaseKey, Failure> {
        // SAFETY: as promised.
        unsafe { slice::read(key, what) }?.to_key()
    }

    /// # Safety
    /// `key` is NULL or points to a key.
    pub(crate) unsafe fn read_option(key: *const Self, what: &str) -> Result<Option<LeaseKey>, Failure> {
        if key.is_null() {
            return Ok(None);
        }
        // SAFETY: as promised.
        unsafe { Self::read(key, what) }.map(Some)
    }

    pub(crate) fn to_key(self) -> Result<LeaseKey, Failure> {
        let [a, b, c, d, ..] = self.bytes;
        let v6 = Ipv6Addr::from(self.bytes);
        let addr = match self.family {
            4 => LeaseAddr::V4(Ipv4Addr::new(a, b, c, d)),
            6 => LeaseAddr::V6(v6),
            DDI_FAMILY_PREFIX => LeaseAddr::Prefix(v6, self.prefix_len),
            other => {
                return Err(Failure::argument(format!("the key's family is {other}, none of 4, 6, 7")));
            }
        };
        Ok(LeaseKey { space: self.space, addr })
    }
}

impl From<LeaseKey> for ddi_lease_key {
    fn from(key: LeaseKey) -> Self {
        let mut bytes = [0; 16];
        let (family, prefix_len) = match key.addr {
            LeaseAddr::V4(v4) => {
                bytes[..4].copy_from_slice(&v4.octets());
                (4, 0)
            }
            LeaseAddr::V6(v6) => {
                bytes = v6.octets();
                (6, 0)
            }
            LeaseAddr::Prefix(v6, len) => {
                bytes = v6.octets();
                (DDI_FAMILY_PREFIX, len)
            }
        };
        Self { space: key.space, family, prefix_len, pad: 0, bytes }
    }
}

impl From<ddi_ipv4> for Ipv4Addr {
    fn from(addr: ddi_ipv4) -> Self {
        addr.bytes.into()
    }
}

impl From<Ipv4Addr> for ddi_ipv4 {
    fn from(addr: Ipv4Addr) -> Self {
        Self { bytes: addr.octets() }
    }
}

impl ddi_hw_addr {
    pub(crate) fn to_hw_addr(self) -> Result<HwAddr, Failure> {
        let bytes = self.bytes.get(..usize::from(self.len));
        let bytes =
            bytes.ok_or_else(|| Failure::argument(format!("hw_addr: {} bytes, at most 20", self.len)))?;
        HwAddr::new(self.htype, bytes).ok_or_else(|| Failure::argument("hw_addr is too long"))
    }
}

impl From<HwAddr> for ddi_hw_addr {
    fn from(addr: HwAddr) -> Self {
        let mut bytes = [0; 20];
        bytes[..addr.bytes().len()].copy_from_slice(addr.bytes());
        Self { htype: addr.htype(), len: addr.bytes().len() as u8, bytes, pad: 0 }
    }
}

impl ddi_identity {
    /// # Safety
    /// `identity` is NULL or points to an identity, whose bytes stay as long as the result is used.
    pub(crate) unsafe fn read<'a>(identity: *const Self) -> Result<Identity<'a>, Failure> {
        // SAFETY: as promised.
        let it = unsafe { slice::read(identity, "identity") }?;
        // SAFETY: as promised.
        let bytes = unsafe { slice::bytes(it.bytes, it.bytes_len, "the identity's bytes") }?;
        Ok(match it.kind {
            DDI_IDENTITY_CLIENT_ID => Identity::ClientId(bytes),
            DDI_IDENTITY_HW_ADDR => Identity::HwAddr(hw_addr(it.number, bytes)?),
            DDI_IDENTITY_DUID_IAID => Identity::DuidIaid(bytes, it.number),
            DDI_IDENTITY_DUID => Identity::Duid(bytes),
            DDI_IDENTITY_HOSTNAME => Identity::Hostname(bytes),
            DDI_IDENTITY_RELAY_ID => Identity::RelayId(bytes),
            DDI_IDENTITY_REMOTE_ID => Identity::RemoteId(bytes),
            other => {
                return Err(Failure::argument(format!("the identity's kind is {other}, none of 1 to 7")));
            }
        })
    }

    /// To hand to C. `None` for a kind that this header does not know.
    pub(crate) fn of(identity: &Identity<'_>, room: &mut HwAddr) -> Option<Self> {
        let (kind, number, bytes): (u32, u32, &[u8]) = match identity {
            Identity::ClientId(bytes) => (DDI_IDENTITY_CLIENT_ID, 0, bytes),
            Identity::HwAddr(addr) => {
                *room = *addr;
                (DDI_IDENTITY_HW_ADDR, u32::from(addr.htype()), room.bytes())
            }
            Identity::DuidIaid(duid, iaid) => (DDI_IDENTITY_DUID_IAID, *iaid, duid),
            Identity::Duid(duid) => (DDI_IDENTITY_DUID, 0, duid),
            Identity::Hostname(name) => (DDI_IDENTITY_HOSTNAME, 0, name),
            Identity::RelayId(bytes) => (DDI_IDENTITY_RELAY_ID, 0, bytes),
            Identity::RemoteId(bytes) => (DDI_IDENTITY_REMOTE_ID, 0, bytes),
            _ => return None,
        };
        Some(Self { kind, number, bytes: bytes.as_ptr(), bytes_len: bytes.len() })
    }
}

fn hw_addr(htype: u32, bytes: &[u8]) -> Result<HwAddr, Failure> {
    let htype = u16::try_from(htype).map_err(|_| Failure::argument("the hardware type is over 65535"))?;
    HwAddr::new(htype, bytes).ok_or_else(|| Failure::argument("hw_addr is longer than 20 bytes"))
}
