//! CDS and CDNSKEY: what the zone asks its parent for (RFC 7344, RFC 8078).

use super::fault::{Faults, ZoneFaultKind as Kind};
use super::keys::key_tag;
use crate::rr::Rtype;
use crate::zone::{RrsetView, Snapshot};
use sha2::{Digest, Sha256, Sha384};

/// RFC 8078 section 4: the one form of each that asks to delete all.
const DELETE_CDS: &[u8] = &[0, 0, 0, 0, 0];
const DELETE_CDNSKEY: &[u8] = &[0, 0, 3, 0, 0];

pub(super) fn check(zone: &Snapshot, faults: &mut Faults) {
    let apex = zone.apex();
    let (cds, cdnskey) = (zone.get(apex, Rtype::CDS), zone.get(apex, Rtype::CDNSKEY));
    match (cds, cdnskey) {
        (None, None) => {}
        (Some(_), None) => faults.add(apex, Kind::NoCdnskey),
        (None, Some(_)) => faults.add(apex, Kind::NoCds),
        (Some(cds), Some(cdnskey)) => {
            if deletes(&cds, 2) || deletes(&cdnskey, 3) {
                let is_alone = cds.rdatas().eq([DELETE_CDS]) && cdnskey.rdatas().eq([DELETE_CDNSKEY]);
                if !is_alone {
                    faults.add(apex, Kind::ChildDelete);
                }
            } else {
                compare(zone, &cds, &cdnskey, faults);
            }
        }
    }
}

/// True if one has algorithm 0, which stands at this place.
fn deletes(rrset: &RrsetView<'_>, place: usize) -> bool {
    rrset.rdatas().any(|rdata| rdata.get(place) == Some(&0))
}

fn compare(zone: &Snapshot, cds: &RrsetView<'_>, cdnskey: &RrsetView<'_>, faults: &mut Faults) {
    let apex = zone.apex();
    for digest in cds.rdatas() {
        if !cdnskey.rdatas().any(|key| is_digest_of(zone, digest, key)) {
            let tag = digest.first_chunk().map_or(0, |tag| u16::from_be_bytes(*tag));
            faults.add(apex, Kind::CdsWithoutCdnskey(tag));
        }
    }
    for key in cdnskey.rdatas() {
        if !cds.rdatas().any(|digest| is_digest_of(zone, digest, key)) {
            faults.add(apex, Kind::CdnskeyWithoutCds(key_tag(key)));
        }
        let has = |keys: RrsetView<'_>| keys.rdatas().any(|known| known == key);
        if !zone.get(apex, Rtype::DNSKEY).is_some_and(has) {
            faults.add(apex, Kind::CdnskeyWithoutDnskey(key_tag(key)));
        }
    }
}

/// RFC 4034 section 5.1.4: the digest of the owner's canonical name and the key's data.
fn is_digest_of(zone: &Snapshot, cds: &[u8], key: &[u8]) -> bool {
    let &[tag_high, tag_low, algorithm, kind, ref digest @ ..] = cds else { return false };
    if u16::from_be_bytes([tag_high, tag_low]) != key_tag(key) || key.get(3) != Some(&algorithm) {
        return false;
    }
    let owner = zone.apex().wire().to_ascii_lowercase();
    match kind {
        1 => sha1::Sha1::new().chain_update(owner).chain_update(key).finalize()[..] == *digest,
        2 => Sha256::new().chain_update(owner).chain_update(key).finalize()[..] == *digest,
        4 => Sha384::new().chain_update(owner).chain_update(key).finalize()[..] == *digest,
        // Of others nothing can be said.
        _ => true,
    }
}
