//! The chain that proves which names are not there: NSEC (RFC 4034 section 4).

use super::fault::{Faults, ZoneFaultKind as Kind};
use super::hashed::Hashed;
use super::{Node, Place};
use crate::name::{Name, NameRef};
use crate::rr::Rtype;
use crate::zone::Snapshot;

/// What a signed zone has.
pub(super) enum Chain {
    /// None that could be checked.
    None,
    /// The last NSEC's owner and the name that it leads to.
    Nsec(Option<(Name, Name)>),
    Nsec3(Box<Hashed>),
}

impl Chain {
    pub(super) fn of(zone: &Snapshot, faults: &mut Faults) -> Self {
        if zone.get(zone.apex(), Rtype::NSEC3PARAM).is_none() {
            return Self::Nsec(None);
        }
        Hashed::of(zone, faults).map_or(Self::None, |hashed| Self::Nsec3(Box::new(hashed)))
    }

    /// Checks a name; gives what the next one is checked with.
    pub(super) fn node(self, node: &Node, place: Place, zone: &Snapshot, faults: &mut Faults) -> Self {
        match self {
            Self::None => Self::None,
            Self::Nsec(last) => Self::Nsec(nsec(last, node, place, zone, faults)),
            Self::Nsec3(mut hashed) => {
                hashed.node(node, place, zone, faults);
                Self::Nsec3(hashed)
            }
        }
    }

    pub(super) fn end(self, zone: &Snapshot, faults: &mut Faults) {
        match self {
            Self::Nsec(Some((owner, next))) if next.as_ref() != zone.apex() => {
                faults.add(owner.as_ref(), Kind::NsecChain(zone.apex().to_name()));
            }
            Self::Nsec3(hashed) => hashed.end(zone, faults),
            _ => {}
        }
    }
}

fn nsec(
    last: Option<(Name, Name)>,
    node: &Node,
    place: Place,
    zone: &Snapshot,
    faults: &mut Faults,
) -> Option<(Name, Name)> {
    let owner = node.owner.as_ref();
    if place == Place::Below {
        if node.has(Rtype::NSEC) {
            faults.add(owner, Kind::NsecNotAuthoritative);
        }
        return last;
    }
    if let Some((before, next)) = &last
        && next.as_ref() != owner
    {
        faults.add(before.as_ref(), Kind::NsecChain(node.owner.clone()));
    }
    let rrset = zone.get(owner, Rtype::NSEC);
    let Some(rdata) = rrset.as_ref().and_then(|rrset| rrset.rdatas().next()) else {
        faults.add(owner, Kind::NoNsec);
        return None;
    };
    if rrset.is_some_and(|rrset| rrset.len() > 1) {
        faults.add(owner, Kind::ManyNsecs);
    }
    let Ok((next, types)) = NameRef::split(rdata) else { return None };
    if types_of(types) != expected_types(node, place) {
        faults.add(owner, Kind::NsecTypes);
    }
    Some((node.owner.clone(), next.to_name()))
}

/// The types in bit maps, in order.
pub(super) fn types_of(mut maps: &[u8]) -> Vec<Rtype> {
    let mut types = Vec::new();
    while let &[window, len, ref rest @ ..] = maps {
        let Some((bits, rest)) = rest.split_at_checked(usize::from(len)) else { break };
        for (i, byte) in (0_u16..).zip(bits) {
            let set = (0..8).filter(|bit| byte & 0x80 >> bit != 0);
            types.extend(set.map(|bit| Rtype(u16::from(window) * 256 + i * 8 + bit)));
        }
        maps = rest;
    }
    types
}

/// The types that the bit maps of a name must have (RFC 4035 section 2.3, RFC 5155 section 7.1): an NSEC3 at
/// the name is not its own, but another's.
pub(super) fn expected_types(node: &Node, place: Place) -> Vec<Rtype> {
    let mut types = node.types.clone();
    types.retain(|&rtype| rtype != Rtype::NSEC3);
    if place == Place::Cut {
        types.retain(|&rtype| {
            matches!(rtype, Rtype::NS | Rtype::DS | Rtype::DELEG | Rtype::NSEC | Rtype::RRSIG)
        });
    }
    types.sort_unstable();
    types.dedup();
    types
}
