//! What holds for signed and unsigned zones.

use super::fault::ZoneFaultKind as Kind;
use super::{Check, Node};
use crate::name::{Name, NameRef};
use crate::rr::Rtype;
use crate::zone::Snapshot;

impl Check<'_> {
    /// Checks a name that is not below a delegation.
    pub(super) fn plain(&mut self, node: &Node) {
        let owner = node.owner.as_ref();
        let is_apex = owner == self.zone.apex();
        // Most names have none of these: nothing is looked up for them.
        let many =
            |rtype| node.has(rtype) && self.zone.get(owner, rtype).is_some_and(|rrset| rrset.len() > 1);
        let joins = |rtype: &Rtype| *rtype == Rtype::CNAME || rtype.may_join_cname();
        let found = [
            (is_apex && !node.has(Rtype::NS), Kind::NoApexNs),
            (node.has(Rtype::CNAME) && !node.types.iter().all(joins), Kind::CnameAndOtherData),
            (many(Rtype::CNAME), Kind::ManyCnames),
            (many(Rtype::DNAME), Kind::ManyDnames),
            (!is_apex && node.has(Rtype::DNAME) && node.has(Rtype::NS), Kind::DnameAndNs),
            (is_apex && node.has(Rtype::DS), Kind::DsAtApex),
            (!is_apex && node.has(Rtype::DS) && !node.has(Rtype::NS), Kind::DsWithoutNs),
            (is_apex && node.has(Rtype::DELEG), Kind::DelegAtApex),
        ];
        for (_, kind) in found.into_iter().filter(|(is_wrong, _)| *is_wrong) {
            self.faults.add(owner, kind);
        }
        if node.has(Rtype::NS) {
            self.glue(owner);
        }
        if node.has(Rtype::DS) {
            self.digests(owner);
        }
    }

    fn glue(&mut self, owner: NameRef<'_>) {
        let Some(servers) = self.zone.get(owner, Rtype::NS) else { return };
        for server in servers.rdatas().filter_map(|rdata| NameRef::new(rdata).ok()) {
            if server.is_at_or_below(self.zone.apex())
                && !is_elsewhere(self.zone, owner, server)
                && !has_address(self.zone, server)
            {
                self.faults.add(owner, Kind::NoGlue(server.to_name()));
            }
        }
    }

    fn digests(&mut self, owner: NameRef<'_>) {
        let Some(digests) = self.zone.get(owner, Rtype::DS) else { return };
        for rdata in digests.rdatas() {
            let &[tag_high, tag_low, _, kind, ref digest @ ..] = rdata else { continue };
            let len = match kind {
                1 => 20,
                2 | 3 => 32,
                4 => 48,
                _ => 0,
            };
            if digest.len() != len {
                let key_tag = u16::from_be_bytes([tag_high, tag_low]);
                self.faults.add(owner, Kind::DsDigest { key_tag, digest: kind });
            }
        }
    }
}

/// True if `server` is at or below a delegation other than `owner`: its address is that zone's to say.
fn is_elsewhere(zone: &Snapshot, owner: NameRef<'_>, server: NameRef<'_>) -> bool {
    let mut name = Some(server);
    while let Some(at) = name.filter(|&at| at != zone.apex()) {
        if at != owner && zone.get(at, Rtype::NS).is_some() {
            return true;
        }
        name = at.parent();
    }
    false
}

/// An address of its own, of a wildcard, or perhaps one by way of a CNAME or DNAME.
fn has_address(zone: &Snapshot, name: NameRef<'_>) -> bool {
    let has_any = |name: NameRef<'_>| {
        [Rtype::A, Rtype::AAAA, Rtype::CNAME].iter().any(|&rtype| zone.get(name, rtype).is_some())
    };
    if has_any(name) || zone.contains(name) {
        return has_any(name);
    }
    let mut at = name;
    while let Some(above) = at.parent().filter(|above| above.is_at_or_below(zone.apex())) {
        let wildcard: Option<Name> = above.to_name().child(b"*").ok();
        if wildcard.is_some_and(|wildcard| has_any(wildcard.as_ref())) {
            return true;
        }
        if zone.contains(above) {
            return zone.get(above, Rtype::DNAME).is_some();
        }
        at = above;
    }
    false
}
