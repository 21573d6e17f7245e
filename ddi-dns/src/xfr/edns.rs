//! The little of EDNS (RFC 6891) that transfers use: the size that a datagram may have, and EXPIRE
//! (RFC 7314).

use crate::delta::RecordRef;
use crate::message::RecordView;
use crate::name::NameRef;
use crate::rr::{Class, Rtype};

/// Largest datagram that is asked for: fits in one packet everywhere.
pub const UDP_SIZE: u16 = 1232;
/// Largest datagram without EDNS (RFC 1035 section 4.2.1).
pub const UDP_SIZE_PLAIN: u16 = 512;

/// EXPIRE's option code (RFC 7314 section 2).
const EXPIRE: u16 = 9;

/// What an OPT says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Edns {
    /// Size of the largest datagram that its sender takes, at least 512.
    pub udp_size: u16,
    /// True if there is an EXPIRE option.
    pub asks_expire: bool,
    /// EXPIRE's value in seconds, which answers have.
    pub expire: Option<u32>,
}

impl Edns {
    /// What `opt` says. Options that are cut short end the list.
    pub(crate) fn read(opt: &RecordView<'_>) -> Self {
        let mut edns = Self { udp_size: opt.class.0.max(UDP_SIZE_PLAIN), asks_expire: false, expire: None };
        let mut rest = opt.raw_rdata();
        while let Some(([c0, c1, n0, n1], tail)) = rest.split_first_chunk() {
            let len = usize::from(u16::from_be_bytes([*n0, *n1]));
            let Some((value, tail)) = tail.split_at_checked(len) else { break };
            if u16::from_be_bytes([*c0, *c1]) == EXPIRE {
                edns.asks_expire = true;
                edns.expire = value.try_into().ok().map(u32::from_be_bytes);
            }
            rest = tail;
        }
        edns
    }
}

/// The data of an OPT that is sent.
#[derive(Clone, Debug)]
pub(crate) struct OptData {
    bytes: [u8; 8],
    len: usize,
}

impl OptData {
    /// Without options.
    pub(crate) const EMPTY: Self = Self { bytes: [0; 8], len: 0 };
    /// That asks for EXPIRE (RFC 7314 section 2).
    pub(crate) const ASK_EXPIRE: Self = Self { bytes: [0, EXPIRE as u8, 0, 0, 0, 0, 0, 0], len: 4 };

    /// That answers it with `seconds`.
    pub(crate) fn expire(seconds: u32) -> Self {
        let [a, b, c, d] = seconds.to_be_bytes();
        Self { bytes: [0, EXPIRE as u8, 0, 4, a, b, c, d], len: 8 }
    }

    /// The whole OPT.
    pub(crate) fn record(&self) -> RecordRef<'_> {
        let rdata = &self.bytes[..self.len];
        RecordRef { owner: NameRef::ROOT, rtype: Rtype::OPT, class: Class(UDP_SIZE), ttl: 0, rdata }
    }

    /// Bytes of the whole OPT.
    pub(crate) const fn record_len(&self) -> usize {
        11 + self.len
    }
}
