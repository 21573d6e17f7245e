//! Relay agent information: the parts of option 82 (RFC 3046).

use std::net::Ipv4Addr;

use crate::bytes::Reader;

/// Sub-option codes.
mod sub {
    pub(super) const CIRCUIT_ID: u8 = 1;
    pub(super) const REMOTE_ID: u8 = 2;
    pub(super) const LINK_SELECTION: u8 = 5;
    pub(super) const SUBSCRIBER_ID: u8 = 6;
    pub(super) const VENDOR_SPECIFIC: u8 = 9;
    pub(super) const FLAGS: u8 = 10;
    pub(super) const SERVER_ID_OVERRIDE: u8 = 11;
    pub(super) const RELAY_ID: u8 = 12;
    pub(super) const SOURCE_PORT: u8 = 19;
    pub(super) const VSS: u8 = 151;
    pub(super) const VSS_CONTROL: u8 = 152;
}

/// A view of the value of option 82.
///
/// It never fails: what comes behind a sub-option that overruns the value is not seen, and
/// [`RelayInfo::is_whole`] is false then. Of two sub-options with the same code the first counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RelayInfo<'a> {
    bytes: &'a [u8],
}

impl<'a> RelayInfo<'a> {
    /// A view of the bytes of option 82, as [`super::OptionValue::to_slice`] gives them.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// The bytes as received.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// All sub-options with their codes, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (u8, &'a [u8])> + use<'a> {
        let mut rest = Reader::new(self.bytes);
        std::iter::from_fn(move || Some((rest.u8()?, rest.counted()?)))
    }

    /// True if the sub-options fill the value exactly.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.iter().map(|(_, value)| 2 + value.len()).sum::<usize>() == self.bytes.len()
    }

    /// The first sub-option with this code.
    #[must_use]
    pub fn get(&self, code: u8) -> Option<&'a [u8]> {
        self.iter().find(|&(other, _)| other == code).map(|(_, value)| value)
    }

    /// Sub-option 1: the port or circuit that the client is on (RFC 3046 section 3.1).
    #[must_use]
    pub fn circuit_id(&self) -> Option<&'a [u8]> {
        self.get(sub::CIRCUIT_ID)
    }

    /// Sub-option 2: the remote end of the circuit (RFC 3046 section 3.2).
    #[must_use]
    pub fn remote_id(&self) -> Option<&'a [u8]> {
        self.get(sub::REMOTE_ID)
    }

    /// Sub-option 5: an address of the link to choose for (RFC 3527).
    #[must_use]
    pub fn link_selection(&self) -> Option<Ipv4Addr> {
        self.addr(sub::LINK_SELECTION)
    }

    /// Sub-option 6 (RFC 3993).
    #[must_use]
    pub fn subscriber_id(&self) -> Option<&'a [u8]> {
        self.get(sub::SUBSCRIBER_ID)
    }

    /// Sub-option 9: enterprise numbers, each with counted data (RFC 4243).
    #[must_use]
    pub fn vendor_specific(&self) -> Option<&'a [u8]> {
        self.get(sub::VENDOR_SPECIFIC)
    }

    /// Sub-option 10: whether the relay got the message by unicast (true) or broadcast (false), by its
    /// first bit (RFC 5010).
    #[must_use]
    pub fn was_unicast(&self) -> Option<bool> {
        match self.get(sub::FLAGS) {
            Some(&[flags]) => Some(flags & 0x80 != 0),
            _ => None,
        }
    }

    /// Sub-option 11: the address to give as server identifier (RFC 5107).
    #[must_use]
    pub fn server_id_override(&self) -> Option<Ipv4Addr> {
        self.addr(sub::SERVER_ID_OVERRIDE)
    }

    /// Sub-option 12: who the relay is (RFC 6925).
    #[must_use]
    pub fn relay_id(&self) -> Option<&'a [u8]> {
        self.get(sub::RELAY_ID)
    }

    /// Sub-option 19: the relay listens on the UDP port it sent from (RFC 8357 section 4.1). Its length
    /// is 0; anything else is no such sub-option.
    #[must_use]
    pub fn has_source_port(&self) -> bool {
        self.get(sub::SOURCE_PORT).is_some_and(<[u8]>::is_empty)
    }

    /// Sub-option 151: the virtual network, type and information (RFC 6607).
    #[must_use]
    pub fn vss(&self) -> Option<(u8, &'a [u8])> {
        let mut value = Reader::new(self.get(sub::VSS)?);
        Some((value.u8()?, value.rest()))
    }

    /// Sub-option 152: the relay wants to know whether the server understood 151 (RFC 6607 section 4).
    #[must_use]
    pub fn has_vss_control(&self) -> bool {
        self.get(sub::VSS_CONTROL).is_some()
    }

    fn addr(&self, code: u8) -> Option<Ipv4Addr> {
        let octets: [u8; 4] = self.get(code)?.try_into().ok()?;
        Some(octets.into())
    }
}
