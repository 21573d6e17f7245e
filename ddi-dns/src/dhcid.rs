//! The DHCID record (RFC 4701): whose a name is, as a digest of the DHCP client's identity and the name.

use crate::name::NameRef;
use ddi_core::Lease;
use sha2::{Digest, Sha256};
use std::fmt;

/// Bytes of the data: two of identifier type, one of digest type, the digest.
pub const DHCID_LEN: usize = 35;

/// Digest type 1 (RFC 4701 section 3.4).
const SHA_256: u8 = 1;

/// What a client id starts with that holds a DUID (RFC 4361 section 6.1), and how many bytes stand before
/// the DUID: that type and four of the IAID.
const DUID_FORM: u8 = 255;
const DUID_AT: usize = 5;

/// A DHCID's data. It says nothing of the client to who does not know its identity.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Dhcid([u8; DHCID_LEN]);

impl Dhcid {
    /// Of a DHCPv4 client that sent a client identifier (option 61): all of the option's data. Where that
    /// holds a DUID (RFC 4361), the result is that of [`Dhcid::of_duid`], so that the same client is the same
    /// over DHCPv4 and DHCPv6 (RFC 4703 section 5.2).
    #[must_use]
    pub fn of_client_id(client_id: &[u8], name: NameRef<'_>) -> Self {
        match client_id {
            [DUID_FORM, ..] if client_id.len() > DUID_AT => Self::of_duid(&client_id[DUID_AT..], name),
            _ => Self::of(1, &[client_id], name),
        }
    }

    /// Of a DHCPv6 client.
    #[must_use]
    pub fn of_duid(duid: &[u8], name: NameRef<'_>) -> Self {
        Self::of(2, &[duid], name)
    }

    /// Of a DHCPv4 client that sent no client identifier: `htype`, and `chaddr` of `hlen` bytes.
    #[must_use]
    pub fn of_hw_addr(htype: u8, chaddr: &[u8], name: NameRef<'_>) -> Self {
        Self::of(0, &[&[htype], chaddr], name)
    }

    /// Of the client that has a lease, by the best that is known of it: DUID, client identifier, hardware
    /// address (RFC 4701 section 3.5). `None` if nothing is.
    #[must_use]
    pub fn of_lease(lease: &Lease, name: NameRef<'_>) -> Option<Self> {
        if !lease.duid.is_empty() {
            Some(Self::of_duid(&lease.duid, name))
        } else if !lease.client_id.is_empty() {
            Some(Self::of_client_id(&lease.client_id, name))
        } else if !lease.hw_addr.bytes().is_empty() {
            // The field of DHCPv4 has one byte.
            Some(Self::of_hw_addr(lease.hw_addr.htype() as u8, lease.hw_addr.bytes(), name))
        } else {
            None
        }
    }

    /// RFC 4701 section 3.5: over the identifier, then the name in canonical form.
    fn of(identifier_type: u16, identifier: &[&[u8]], name: NameRef<'_>) -> Self {
        let mut hash = Sha256::new();
        identifier.iter().for_each(|part| hash.update(part));
        hash.update(name.wire().to_ascii_lowercase());
        let mut rdata = [0; DHCID_LEN];
        rdata[..2].copy_from_slice(&identifier_type.to_be_bytes());
        rdata[2] = SHA_256;
        rdata[3..].copy_from_slice(&hash.finalize());
        Self(rdata)
    }

    /// Data as it was stored; `None` if its length or its digest is not that of this version.
    #[must_use]
    pub fn from_rdata(rdata: &[u8]) -> Option<Self> {
        let rdata: [u8; DHCID_LEN] = rdata.try_into().ok()?;
        (rdata[2] == SHA_256).then_some(Self(rdata))
    }

    /// The record's data.
    #[must_use]
    pub const fn rdata(&self) -> &[u8; DHCID_LEN] {
        &self.0
    }
}

impl fmt::Debug for Dhcid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dhcid(")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::Name;

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.bytes().map(|b| (b as char).to_digit(16).unwrap() as u8).collect();
        digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()
    }

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    #[test]
    fn the_examples_of_rfc_4701() {
        let name6 = name("chi6.example.com");
        let duid = hex("00010006412df166010203040506");
        let dhcid = Dhcid::of_duid(&duid, name6.as_ref());
        let expected = "000201636fc0b8271c82825bb1ac5c41cf5351aa69b4febd94e8f17cdb95000da48c40";
        assert_eq!(dhcid.rdata()[..], hex(expected));
        // The same client by DHCPv4.
        let client_id = [&[255, 9, 9, 9, 9][..], &duid].concat();
        assert_eq!(Dhcid::of_client_id(&client_id, name("CHI6.Example.COM").as_ref()), dhcid);

        let dhcid = Dhcid::of_client_id(&hex("010708090a0b0c"), name("chi.example.com").as_ref());
        let expected = "0001013920fe5d1dceb3fd0ba3379756a70d73b17009f41d58bddbfcd6a2503956d8da";
        assert_eq!(dhcid.rdata()[..], hex(expected));

        let dhcid = Dhcid::of_hw_addr(1, &hex("010203040506"), name("client.example.com").as_ref());
        let expected = "000001c4b9a5b249651343158dde7bcc77169841f7a4243a572b5c283fffedeb3f75e6";
        assert_eq!(dhcid.rdata()[..], hex(expected));
        assert_eq!(Dhcid::from_rdata(&hex(expected)), Some(dhcid));
        assert_eq!(Dhcid::from_rdata(&hex(expected)[1..]), None);
    }

    /// The first bytes of what Kea computes for these.
    #[test]
    fn the_same_as_kea() {
        let host = name("myhost.example.com");
        let id = hex("00010203040506");
        assert_eq!(Dhcid::of_client_id(&id, host.as_ref()).rdata()[..6], hex("0001012191b7"));
        assert_eq!(Dhcid::of_hw_addr(1, &id, host.as_ref()).rdata()[..6], hex("0000012247f6"));
    }

    #[test]
    fn a_client_id_that_is_too_short_for_a_duid_is_taken_as_it_is() {
        let short = Dhcid::of_client_id(&[255, 1, 2, 3, 4], name("a").as_ref());
        assert_eq!(short.rdata()[..3], [0, 1, 1]);
        assert_eq!(Dhcid::of_client_id(&[255, 1, 2, 3, 4, 5], name("a").as_ref()).rdata()[..3], [0, 2, 1]);
        assert_eq!(Dhcid::of_client_id(&[], name("a").as_ref()).rdata()[..3], [0, 1, 1]);
    }
}
