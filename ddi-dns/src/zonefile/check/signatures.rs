//! Signatures: that they are where they must be, and only there, and are of this zone.

use super::fault::ZoneFaultKind as Kind;
use super::{Check, Node, Place};
use crate::name::NameRef;
use crate::rr::Rtype;

impl Check<'_> {
    /// Checks the signatures of a name.
    pub(super) fn signatures(&mut self, node: &Node, place: Place) {
        if self.keys.is_none() {
            return;
        }
        let owner = node.owner.as_ref();
        for &covered in &node.covered {
            let wrong = match place {
                _ if covered == Rtype::RRSIG => Kind::SignatureOfSignatures,
                _ if !node.has(covered) => Kind::SignatureOfNothing(covered),
                _ if is_signed(covered, place) => continue,
                _ => Kind::SignatureNotAuthoritative(covered),
            };
            self.faults.add(owner, wrong);
        }
        for &rtype in node.types.iter().filter(|&&rtype| rtype != Rtype::RRSIG && is_signed(rtype, place)) {
            if let Some(kind) = self.signature(owner, rtype) {
                self.faults.add(owner, kind);
            }
        }
    }

    /// What is wrong with all signatures of an rrset. One that is of none of the keys is no fault beside a
    /// good one: a key may have gone.
    fn signature(&self, owner: NameRef<'_>, rtype: Rtype) -> Option<Kind> {
        let (Some(keys), Some(rrset)) = (&self.keys, self.zone.get(owner, rtype)) else { return None };
        let Some(signatures) = self.zone.signatures(owner, rtype) else {
            return Some(Kind::NoSignature(rtype));
        };
        if signatures.ttl() != rrset.ttl() {
            return Some(Kind::SignatureTtl(rtype));
        }
        let labels = owner.label_count() - usize::from(owner.is_wildcard());
        let mut wrong = Some(Kind::SignatureKey(rtype));
        for rdata in signatures.rdatas() {
            let Some((head, rest)) = rdata.split_first_chunk::<18>() else { continue };
            let &[_, _, algorithm, said_labels, t0, t1, t2, t3, .., tag_high, tag_low] = head;
            let signer = NameRef::split(rest).map(|split| split.0);
            wrong = if signer.is_ok_and(|signer| signer != self.zone.apex()) {
                Some(Kind::SignatureSigner(rtype))
            } else if usize::from(said_labels) != labels {
                Some(Kind::SignatureLabels(rtype))
            } else if u32::from_be_bytes([t0, t1, t2, t3]) != rrset.ttl() {
                Some(Kind::SignatureOriginalTtl(rtype))
            } else if keys.has(u16::from_be_bytes([tag_high, tag_low]), algorithm) {
                return None;
            } else {
                wrong
            };
        }
        wrong
    }
}

/// RFC 4035 section 2.2: all that is the zone's own; at a delegation only what says it is one.
const fn is_signed(rtype: Rtype, place: Place) -> bool {
    match place {
        Place::Own => true,
        Place::Cut => matches!(rtype, Rtype::DS | Rtype::NSEC | Rtype::DELEG),
        Place::Below => false,
    }
}
