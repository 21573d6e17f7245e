//! What is to be changed, and what came of it.

use crate::dhcid::Dhcid;
use crate::name::{Name, NameRef};
use crate::rr::Rtype;
use std::net::IpAddr;

/// RFC 4702 section 5: shorter is of no use.
pub const TTL_SECS_MIN: u32 = 600;

/// A client's name and address, as a lease binds them.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_structs, reason = "all that the records say")]
pub struct Binding {
    /// The client's whole name.
    pub name: Name,
    /// Its address.
    pub address: IpAddr,
    /// Whose the name is.
    pub dhcid: Dhcid,
    /// TTL of the records in seconds; see [`ttl_of_lease`].
    pub ttl: u32,
}

impl Binding {
    /// Type and data of the address record.
    pub(super) fn address_record(&self) -> (Rtype, Vec<u8>) {
        match self.address {
            IpAddr::V4(address) => (Rtype::A, address.octets().to_vec()),
            IpAddr::V6(address) => (Rtype::AAAA, address.octets().to_vec()),
        }
    }
}

/// One change to one zone.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Change {
    /// The name has this address, and no other of its family (RFC 4703 section 5.3).
    AddForward(Binding),
    /// The name no longer has this address; and if no other, there is no name (section 5.5).
    RemoveForward(Binding),
    /// The address has this name, and no other (section 5.4).
    AddReverse(Binding),
    /// The address no longer has this name (section 5.5).
    RemoveReverse(Binding),
}

impl Change {
    /// What it is about.
    #[must_use]
    pub const fn binding(&self) -> &Binding {
        match self {
            Self::AddForward(binding)
            | Self::RemoveForward(binding)
            | Self::AddReverse(binding)
            | Self::RemoveReverse(binding) => binding,
        }
    }

    /// The name whose records it changes: the zone is the one that this is in.
    #[must_use]
    pub fn owner(&self) -> Name {
        match self {
            Self::AddForward(binding) | Self::RemoveForward(binding) => binding.name.clone(),
            Self::AddReverse(binding) | Self::RemoveReverse(binding) => reverse_name(binding.address),
        }
    }
}

/// What came of a change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// The name was nobody's, or the address's name was set.
    Added,
    /// The name was this client's already.
    Replaced,
    /// The name is somebody else's: nothing is changed. Choose another, or go without (section 5.3.3).
    Conflict,
    /// The address is gone from the name, or the name from the address.
    Removed,
    /// There was nothing of this client: nothing is changed.
    NotOurs,
}

/// The TTL for a lease of so many seconds: a third, but not below [`TTL_SECS_MIN`] (RFC 4702 section 5).
#[must_use]
pub fn ttl_of_lease(lease_secs: u32) -> u32 {
    (lease_secs / 3).max(TTL_SECS_MIN)
}

/// The name of an address in in-addr.arpa or ip6.arpa (RFC 1035 section 3.5, RFC 3596 section 2.5).
#[must_use]
pub fn reverse_name(address: IpAddr) -> Name {
    let mut wire = Vec::with_capacity(74);
    match address {
        IpAddr::V4(address) => {
            for octet in address.octets().iter().rev() {
                let digits = octet.to_string();
                wire.push(digits.len() as u8);
                wire.extend_from_slice(digits.as_bytes());
            }
            wire.extend_from_slice(b"\x07in-addr\x04arpa\0");
        }
        IpAddr::V6(address) => {
            for octet in address.octets().iter().rev() {
                for nibble in [octet & 0xf, octet >> 4] {
                    wire.extend_from_slice(&[1, b"0123456789abcdef"[usize::from(nibble)]]);
                }
            }
            wire.extend_from_slice(b"\x03ip6\x04arpa\0");
        }
    }
    NameRef::new(&wire).unwrap_or(NameRef::ROOT).to_name()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reverse_names() {
        let of = |text: &str| reverse_name(text.parse().unwrap()).to_string();
        assert_eq!(of("192.0.2.17"), "17.2.0.192.in-addr.arpa.");
        let nibbles = "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa.";
        assert_eq!(of("4321:0:1:2:3:4:567:89ab"), nibbles, "the example of RFC 3596");
    }

    #[test]
    fn ttls_follow_the_lease() {
        assert_eq!([86_400, 3600, 1800, 60, 0].map(ttl_of_lease), [28_800, 1200, 600, 600, 600]);
        assert_eq!(ttl_of_lease(u32::MAX), u32::MAX / 3);
    }
}
