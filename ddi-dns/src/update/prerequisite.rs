//! Do the conditions hold? (RFC 2136 section 3.2.)

use super::error::UpdateError;
use super::request::Request;
use crate::delta::RecordRef;
use crate::message::Rcode;
use crate::name::NameRef;
use crate::rr::{Class, Rtype};
use crate::zone::{Edit, compare_rdata};
use std::cmp::Ordering;

/// Checks all prerequisites in the standard's order: each by itself, then the rrsets that are given by
/// their records.
pub(super) fn check(request: &Request, zone: &Edit) -> Result<(), UpdateError> {
    let mut records = Vec::new();
    for record in request.prerequisites.iter() {
        check_form(&record, zone)?;
        let fails = |rcode| Err(failed(&record, rcode));
        match (record.class, record.rtype) {
            (Class::ANY, Rtype::ANY) if !is_used(zone, record.owner) => return fails(Rcode::NXDOMAIN),
            (Class::ANY, rtype) if rtype != Rtype::ANY && !has(zone, record.owner, rtype) => {
                return fails(Rcode::NXRRSET);
            }
            (Class::NONE, Rtype::ANY) if is_used(zone, record.owner) => return fails(Rcode::YXDOMAIN),
            (Class::NONE, rtype) if rtype != Rtype::ANY && has(zone, record.owner, rtype) => {
                return fails(Rcode::YXRRSET);
            }
            (Class::IN, _) => records.push(record),
            _ => {}
        }
    }
    check_rrsets(records, zone)
}

fn check_form(record: &RecordRef<'_>, zone: &Edit) -> Result<(), UpdateError> {
    let bad = |why| Err(UpdateError::Form { owner: record.owner.to_name(), rtype: record.rtype, why });
    if record.ttl != 0 {
        return bad("prerequisite has a ttl");
    }
    if !record.owner.is_at_or_below(zone.base().apex()) {
        return Err(UpdateError::NotZone(record.owner.to_name()));
    }
    match record.class {
        Class::ANY | Class::NONE if !record.rdata.is_empty() => bad("prerequisite has data"),
        Class::ANY | Class::NONE if record.rtype == Rtype::ANY => Ok(()),
        Class::ANY | Class::NONE | Class::IN if record.rtype.is_meta() => bad("no rrset is of this type"),
        Class::ANY | Class::NONE | Class::IN => Ok(()),
        _ => bad("class is neither ANY, NONE nor the zone's"),
    }
}

fn is_used(zone: &Edit, owner: NameRef<'_>) -> bool {
    zone.rrsets(owner).next().is_some()
}

fn has(zone: &Edit, owner: NameRef<'_>, rtype: Rtype) -> bool {
    zone.rrsets(owner).any(|rrset| rrset.rtype() == rtype)
}

fn failed(record: &RecordRef<'_>, rcode: Rcode) -> UpdateError {
    UpdateError::Prerequisite { owner: record.owner.to_name(), rtype: record.rtype, rcode }
}

/// Each rrset that is given must be in the zone with exactly these records, whatever its TTL.
fn check_rrsets(mut records: Vec<RecordRef<'_>>, zone: &Edit) -> Result<(), UpdateError> {
    let by_rrset = |a: &RecordRef<'_>, b: &RecordRef<'_>| a.owner.cmp(&b.owner).then(a.rtype.cmp(&b.rtype));
    records.sort_by(|a, b| by_rrset(a, b).then_with(|| compare_rdata(a.rtype, a.rdata, b.rdata)));
    for given in records.chunk_by(|a, b| by_rrset(a, b).is_eq()) {
        let (first, rtype) = (&given[0], given[0].rtype);
        let mut held: Vec<&[u8]> = zone
            .rrsets(first.owner)
            .filter(|rrset| rrset.rtype() == rtype)
            .flat_map(|r| r.rdatas())
            .collect();
        // Signatures are several rrsets here and one there.
        held.sort_by(|a, b| compare_rdata(rtype, a, b));
        let same = |a: &[u8], b: &[u8]| compare_rdata(rtype, a, b) == Ordering::Equal;
        let mut given: Vec<&[u8]> = given.iter().map(|record| record.rdata).collect();
        given.dedup_by(|a, b| same(a, b));
        if given.len() != held.len() || !given.iter().zip(&held).all(|(a, b)| same(a, b)) {
            return Err(failed(first, Rcode::NXRRSET));
        }
    }
    Ok(())
}
