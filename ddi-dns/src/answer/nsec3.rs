//! Hashed owner names (RFC 5155 section 5).

use crate::name::NameRef;
use crate::rr::Rtype;
use crate::zone::Body;
use sha1::{Digest, Sha1};

/// Bytes of a hash.
pub(super) const HASH_LEN: usize = 20;
/// Hashes are not computed for zones with more iterations than this: a query for a missing name costs three
/// hashes and more, each of so many rounds. RFC 9276 section 3.1 wants 0, and validators take 150 at most.
pub const NSEC3_ITERATIONS_MAX: u16 = 150;

/// SHA-1, the one algorithm there is (RFC 5155 section 11).
const ALGORITHM: u8 = 1;

/// The parameters of a chain of NSEC3 records.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Params<'s> {
    pub(super) iterations: u16,
    pub(super) salt: &'s [u8],
}

impl<'s> Params<'s> {
    /// Those of the data of an NSEC3 or NSEC3PARAM, which start alike.
    fn of(rdata: &'s [u8]) -> Option<Self> {
        let &[algorithm, _flags, high, low, salt_len, ref rest @ ..] = rdata else {
            return None;
        };
        let salt = rest.get(..usize::from(salt_len))?;
        (algorithm == ALGORITHM).then_some(Self { iterations: u16::from_be_bytes([high, low]), salt })
    }

    /// Those of the chain that the zone says is whole (RFC 5155 section 4).
    pub(super) fn of_zone(apex: Body<'s>) -> Option<Self> {
        let params = apex.rrset(Rtype::NSEC3PARAM)?;
        // A set flag says that the chain is not to be used (RFC 5155 section 4.1.2).
        params.rdatas().filter(|rdata| rdata.get(1) == Some(&0)).find_map(Self::of)
    }

    /// True if this is the data of an NSEC3 of this chain.
    pub(super) fn has(&self, nsec3: &[u8]) -> bool {
        Params::of(nsec3).is_some_and(|params| params == *self)
    }

    /// The hash of a name.
    pub(super) fn hash(&self, name: NameRef<'_>) -> [u8; HASH_LEN] {
        nsec3_hash(name, self.iterations, self.salt)
    }
}

/// The hash of a name: SHA-1, `iterations` more times than once (RFC 5155 section 5).
#[must_use]
pub fn nsec3_hash(name: NameRef<'_>, iterations: u16, salt: &[u8]) -> [u8; HASH_LEN] {
    let mut wire = [0; crate::name::NAME_MAX];
    let wire = &mut wire[..name.wire().len()];
    wire.copy_from_slice(name.wire());
    wire.make_ascii_lowercase();
    let mut hash: [u8; HASH_LEN] = Sha1::new().chain_update(wire).chain_update(salt).finalize().into();
    for _ in 0..iterations {
        hash = Sha1::new().chain_update(hash).chain_update(salt).finalize().into();
    }
    hash
}

/// The label that is a hash in text (RFC 5155 section 1.3): base32 with extended hex, no padding.
pub(super) const LABEL_LEN: usize = HASH_LEN * 8 / 5;

/// Base32hex in lower case, which is how sort keys are.
pub(super) fn label_of(hash: &[u8; HASH_LEN]) -> [u8; LABEL_LEN] {
    let mut label = [0; LABEL_LEN];
    for (bytes, digits) in hash.chunks_exact(5).zip(label.chunks_exact_mut(8)) {
        let bits = bytes.iter().fold(0, |bits: u64, &byte| bits << 8 | u64::from(byte));
        for (i, digit) in digits.iter_mut().enumerate() {
            *digit = b"0123456789abcdefghijklmnopqrstuv"[(bits >> (35 - 5 * i)) as usize & 31];
        }
    }
    label
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::Name;

    /// RFC 5155 appendix A: the hashes of the example zone's names.
    #[test]
    fn hashes_of_rfc_5155() {
        let cases = [
            ("example", "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom"),
            ("a.example", "35mthgpgcu1qg68fab165klnsnk3dpvl"),
            ("ai.example", "gjeqe526plbf1g8mklp59enfd789njgi"),
            ("ns1.example", "2t7b4g4vsa5smi47k61mv5bv1a22bojr"),
            ("NS2.Example", "q04jkcevqvmu85r014c7dkba38o0ji5r"),
            ("w.example", "k8udemvp1j2f7eg6jebps17vp3n8i58h"),
            ("*.w.example", "r53bq7cc2uvmubfu5ocmm6pers9tk9en"),
            ("x.w.example", "b4um86eghhds6nea196smvmlo4ors995"),
            ("y.w.example", "ji6neoaepv8b5o6k4ev33abha8ht9fgc"),
            ("x.y.w.example", "2vptu5timamqttgl4luu9kg21e0aor3s"),
            ("xx.example", "t644ebqk9bibcna874givr6joj62mlhv"),
        ];
        for (name, expected) in cases {
            let name: Name = name.parse().unwrap();
            let hash = nsec3_hash(name.as_ref(), 12, &[0xaa, 0xbb, 0xcc, 0xdd]);
            assert_eq!(std::str::from_utf8(&label_of(&hash)).unwrap(), expected);
        }
    }
}
