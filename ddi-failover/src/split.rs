//! Load balancing: which server answers which client (RFC 3074; draft section 5.3).

use std::fmt;
use std::str::FromStr;

use ddi_core::Lease;
use thiserror::Error;

use crate::state::{Profile, Role};

/// RFC 3074 section 6: Pearson's table, a permutation of 0 to 255.
#[rustfmt::skip]
const MIXING: [u8; 256] = [
    251, 175, 119, 215,  81,  14,  79, 191, 103,  49, 181, 143, 186, 157,   0, 232,
     31,  32,  55,  60, 152,  58,  17, 237, 174,  70, 160, 144, 220,  90,  57, 223,
     59,   3,  18, 140, 111, 166, 203, 196, 134, 243, 124,  95, 222, 179, 197,  65,
    180,  48,  36,  15, 107,  46, 233, 130, 165,  30, 123, 161, 209,  23,  97,  16,
     40,  91, 219,  61, 100,  10, 210, 109, 250, 127,  22, 138,  29, 108, 244,  67,
    207,   9, 178, 204,  74,  98, 126, 249, 167, 116,  34,  77, 193, 200, 121,   5,
     20, 113,  71,  35, 128,  13, 182,  94,  25, 226, 227, 199,  75,  27,  41, 245,
    230, 224,  43, 225, 177,  26, 155, 150, 212, 142, 218, 115, 241,  73,  88, 105,
     39, 114,  62, 255, 192, 201, 145, 214, 168, 158, 221, 148, 154, 122,  12,  84,
     82, 163,  44, 139, 228, 236, 205, 242, 217,  11, 187, 146, 159,  64,  86, 239,
    195,  42, 106, 198, 118, 112, 184, 172,  87,   2, 173, 117, 176, 229, 247, 253,
    137, 185,  99, 164, 102, 147,  45,  66, 231,  52, 141, 211, 194, 206, 246, 238,
     56, 110,  78, 248,  63, 240, 189,  93,  92,  51,  53, 183,  19, 171,  72,  50,
     33, 104, 101,  69,   8, 252,  83, 120,  76, 135,  85,  54, 202, 125, 188, 213,
     96, 235, 136, 208, 162, 129, 190, 132, 156,  38,  47,   1,   7, 254,  24,   4,
    216, 131,  89,  21,  28, 133,  37, 153, 149,  80, 170,  68,   6, 169, 234, 151,
];

/// The bucket of a client: RFC 3074 section 6. `key` is the client_id, or else the hw_addr without its
/// type.
#[must_use]
pub fn bucket(key: &[u8]) -> u8 {
    // The length is taken modulo 256, as its C code does.
    key.iter().rev().fold(key.len() as u8, |hash, byte| MIXING[usize::from(hash ^ byte)])
}

/// What a stored lease's client hashes by; `None` if the lease has no client.
#[must_use]
pub fn key_of(lease: &Lease) -> Option<&[u8]> {
    let key = if lease.client_id.is_empty() { lease.hw_addr.bytes() } else { &lease.client_id };
    (!key.is_empty()).then_some(key)
}

/// A hash bucket assignment: for each of 256 buckets, which server answers.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct HashBuckets {
    /// Bit `b % 8` of byte `b / 8` is set if the primary answers bucket `b`.
    primary: [u8; 32],
}

impl HashBuckets {
    /// The primary answers the first `count` buckets: dhcpd's `split`. 256 and above is all.
    #[must_use]
    pub fn split(count: u16) -> Self {
        let mut primary = [0; 32];
        for (index, byte) in primary.iter_mut().enumerate() {
            let ones = usize::from(count).saturating_sub(index * 8).min(8);
            *byte = if ones == 8 { 0xff } else { (1 << ones) - 1 };
        }
        Self { primary }
    }

    /// From option 11. A set bit means the primary to dhcpd and the secondary to the draft (section
    /// 12.11).
    #[must_use]
    pub fn from_wire(profile: Profile, bits: [u8; 32]) -> Self {
        Self { primary: turned(profile, bits) }
    }

    /// For option 11.
    #[must_use]
    pub fn to_wire(self, profile: Profile) -> [u8; 32] {
        turned(profile, self.primary)
    }

    /// Who answers this bucket.
    #[must_use]
    pub fn server_of(&self, bucket: u8) -> Role {
        let byte = self.primary[usize::from(bucket >> 3)];
        if byte & (1 << (bucket & 7)) != 0 { Role::Primary } else { Role::Secondary }
    }

    /// How many buckets the primary answers.
    #[must_use]
    pub fn primary_count(&self) -> u32 {
        self.primary.iter().map(|byte| byte.count_ones()).sum()
    }
}

fn turned(profile: Profile, bits: [u8; 32]) -> [u8; 32] {
    match profile {
        Profile::Isc => bits,
        Profile::Draft => bits.map(|byte| !byte),
    }
}

/// A text that is not a hash bucket assignment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("a hash bucket assignment is 32 bytes in hex with colons between them: byte {index} is not")]
#[allow(clippy::exhaustive_structs, reason = "there is one way to be wrong")]
pub struct HashBucketsError {
    /// The first byte that is wrong, missing or too many, from 0.
    pub index: usize,
}

/// dhcpd's `hba`: 32 bytes in hex with colons between them, a set bit for the primary.
impl FromStr for HashBuckets {
    type Err = HashBucketsError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut primary = [0; 32];
        let mut parts = text.split(':');
        for (index, byte) in primary.iter_mut().enumerate() {
            let part = parts.next().filter(|part| {
                (1..=2).contains(&part.len()) && part.bytes().all(|digit| digit.is_ascii_hexdigit())
            });
            *byte =
                part.and_then(|part| u8::from_str_radix(part, 16).ok()).ok_or(HashBucketsError { index })?;
        }
        if parts.next().is_some() {
            return Err(HashBucketsError { index: primary.len() });
        }
        Ok(Self { primary })
    }
}

impl fmt::Display for HashBuckets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.primary.iter().enumerate() {
            let colon = if index == 0 { "" } else { ":" };
            write!(f, "{colon}{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for HashBuckets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HashBuckets({self})")
    }
}

/// How the two servers share the clients.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[allow(clippy::exhaustive_structs, reason = "dhcpd's three settings")]
pub struct LoadBalance {
    /// Configured on the primary, learned from CONNECT on the secondary. Without one every client
    /// counts as the partner's.
    pub buckets: Option<HashBuckets>,
    /// A client that has tried for longer than this is answered by both. 0: every client is.
    pub max_seconds: u16,
    /// Some clients send `secs` with its bytes in the wrong order: above 255 with a low byte of 0, take
    /// it the other way round.
    pub check_secs_byte_order: bool,
}

impl LoadBalance {
    /// Is this client, by its hash alone, one that `role` answers?
    #[must_use]
    pub fn hashes_to(&self, role: Role, key: &[u8]) -> bool {
        self.buckets.is_some_and(|buckets| buckets.server_of(bucket(key)) == role)
    }

    /// Does a server in `role` answer this client's DISCOVER in NORMAL? A partner that has no address
    /// left to give leaves all clients to this one.
    #[must_use]
    pub fn answers(&self, role: Role, key: &[u8], secs: u16, partner_can_allocate: bool) -> bool {
        let swapped = self.check_secs_byte_order && secs > 255 && secs & 0xff == 0;
        let secs = if swapped { secs.swap_bytes() } else { secs };
        self.max_seconds == 0 || secs > self.max_seconds || !partner_can_allocate || self.hashes_to(role, key)
    }
}
