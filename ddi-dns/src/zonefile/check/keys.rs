//! The zone's keys.

use super::fault::{Faults, ZoneFaultKind as Kind};
use crate::rr::Rtype;
use crate::zone::Snapshot;

/// More keys of one tag and algorithm make a validator try too many.
const SAME_TAGS_MAX: usize = 2;
/// The flag of a key that signs a zone (RFC 4034 section 2.1.1).
const ZONE_KEY: u16 = 0x0100;
const PROTOCOL: u8 = 3;

/// Tag and algorithm of each DNSKEY.
pub(super) struct Keys(Vec<(u16, u8)>);

impl Keys {
    pub(super) fn of(zone: &Snapshot, faults: &mut Faults) -> Self {
        let mut keys = Self(Vec::new());
        let Some(rrset) = zone.get(zone.apex(), Rtype::DNSKEY) else { return keys };
        for rdata in rrset.rdatas() {
            let &[flags_high, flags_low, protocol, algorithm, ..] = rdata else { continue };
            let tag = key_tag(rdata);
            if u16::from_be_bytes([flags_high, flags_low]) & ZONE_KEY == 0 {
                faults.add(zone.apex(), Kind::DnskeyFlags(tag));
            }
            if protocol != PROTOCOL {
                faults.add(zone.apex(), Kind::DnskeyProtocol(tag));
            }
            keys.0.push((tag, algorithm));
            if keys.0.iter().filter(|key| **key == (tag, algorithm)).count() == SAME_TAGS_MAX + 1 {
                faults.add(zone.apex(), Kind::DnskeyTags(tag));
            }
        }
        keys
    }

    pub(super) fn has(&self, tag: u16, algorithm: u8) -> bool {
        self.0.contains(&(tag, algorithm))
    }
}

/// RFC 4034 appendix B.
pub(super) fn key_tag(rdata: &[u8]) -> u16 {
    let mut sum = 0_u32;
    for (i, &byte) in rdata.iter().enumerate() {
        sum = sum.wrapping_add(if i % 2 == 0 { u32::from(byte) << 8 } else { u32::from(byte) });
    }
    (sum.wrapping_add(sum >> 16)) as u16
}
