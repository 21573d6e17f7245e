//! Option codes by name, and sets of them.
//!
//! Here are the codes that the codec and the server speak of; RFC 2132 and each option's own RFC say
//! what they mean. The names that a configuration uses for these and all others are in the option table.
#![allow(missing_docs, reason = "the constants are the RFCs' names")]

use std::fmt;

pub const PAD: u8 = 0;
pub const SUBNET_MASK: u8 = 1;
pub const ROUTERS: u8 = 3;
pub const DNS_SERVERS: u8 = 6;
pub const HOST_NAME: u8 = 12;
pub const DOMAIN_NAME: u8 = 15;
pub const BROADCAST_ADDRESS: u8 = 28;
pub const NTP_SERVERS: u8 = 42;
pub const REQUESTED_ADDRESS: u8 = 50;
pub const LEASE_SECONDS: u8 = 51;
pub const OVERLOAD: u8 = 52;
pub const MESSAGE_TYPE: u8 = 53;
pub const SERVER_ID: u8 = 54;
pub const PARAMETER_REQUEST_LIST: u8 = 55;
pub const MESSAGE_TEXT: u8 = 56;
pub const MAX_MESSAGE_SIZE: u8 = 57;
pub const RENEWAL_SECONDS: u8 = 58;
pub const REBINDING_SECONDS: u8 = 59;
pub const VENDOR_CLASS: u8 = 60;
pub const CLIENT_ID: u8 = 61;
pub const TFTP_SERVER_NAME: u8 = 66;
pub const BOOT_FILE_NAME: u8 = 67;
pub const USER_CLASS: u8 = 77;
pub const RAPID_COMMIT: u8 = 80;
pub const CLIENT_FQDN: u8 = 81;
pub const RELAY_INFO: u8 = 82;
pub const V6_ONLY_PREFERRED: u8 = 108;
pub const AUTO_CONFIGURE: u8 = 116;
pub const SUBNET_SELECTION: u8 = 118;
pub const DOMAIN_SEARCH: u8 = 119;
pub const CLASSLESS_ROUTES: u8 = 121;
pub const VENDOR_CLASSES: u8 = 124;
pub const VENDOR_OPTIONS: u8 = 125;
pub const END: u8 = 255;

/// A set of option codes: 256 bits.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct CodeSet([u64; 4]);

impl CodeSet {
    /// No code.
    pub const EMPTY: Self = Self([0; 4]);

    /// Adds a code.
    pub const fn insert(&mut self, code: u8) {
        self.0[(code >> 6) as usize] |= 1 << (code & 63);
    }

    /// Takes a code out.
    pub const fn remove(&mut self, code: u8) {
        self.0[(code >> 6) as usize] &= !(1 << (code & 63));
    }

    /// True if `code` is in the set.
    #[must_use]
    pub const fn contains(&self, code: u8) -> bool {
        self.0[(code >> 6) as usize] & (1 << (code & 63)) != 0
    }

    /// True if no code is in the set.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0[0] | self.0[1] | self.0[2] | self.0[3] == 0
    }

    /// How many codes are in the set.
    #[must_use]
    pub const fn len(&self) -> usize {
        (self.0[0].count_ones() + self.0[1].count_ones() + self.0[2].count_ones() + self.0[3].count_ones())
            as usize
    }

    /// The codes, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u8> + use<> {
        let all = *self;
        (0..=255).filter(move |&code| all.contains(code))
    }
}

impl FromIterator<u8> for CodeSet {
    fn from_iter<I: IntoIterator<Item = u8>>(codes: I) -> Self {
        let mut set = Self::EMPTY;
        for code in codes {
            set.insert(code);
        }
        set
    }
}

impl fmt::Debug for CodeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
