//! Addresses that the client will ask for next (RFC 1034 section 4.3.2 step 6).

use super::reply::Reply;
use crate::message::Full;
use crate::name::{NameBuffer, NameRef};
use crate::rr::Rtype;
use crate::zone::{RrsetView, Snapshot};

/// Most names whose addresses are looked up for one answer.
const TARGETS_MAX: usize = 32;

/// Whose data names hosts.
pub(super) struct Wanted<'s> {
    first: RrsetView<'s>,
    /// The name it answers; of a referral, the cut.
    name: NameBuffer,
    /// The zone's servers, if they are in the authority section.
    pub(super) servers: Option<RrsetView<'s>>,
    is_referral: bool,
}

impl<'s> Wanted<'s> {
    /// The data of an answer, and the zone's servers if they go with it.
    pub(super) fn by_answer(rrset: RrsetView<'s>, name: NameRef<'_>, servers: Option<RrsetView<'s>>) -> Self {
        Self { first: rrset, name: NameBuffer::of(name), servers, is_referral: false }
    }

    pub(super) fn by_referral(ns: RrsetView<'s>, cut: NameRef<'_>) -> Self {
        Self { first: ns, name: NameBuffer::of(cut), servers: None, is_referral: true }
    }
}

/// Names that were dealt with.
struct Seen<'s> {
    names: [NameRef<'s>; TARGETS_MAX],
    len: usize,
}

impl<'s> Seen<'s> {
    /// False if the name is here already, or there are too many.
    fn insert(&mut self, name: NameRef<'s>) -> bool {
        if self.len == TARGETS_MAX || self.names[..self.len].contains(&name) {
            return false;
        }
        self.names[self.len] = name;
        self.len += 1;
        true
    }
}

/// Puts what is there and fits. An error if it is glue without which the referral leads nowhere (RFC 1034
/// section 4.2.1): the addresses of servers inside of the zone that is referred to.
pub(super) fn put(snapshot: &Snapshot, wanted: &Wanted<'_>, reply: &mut Reply<'_, '_>) -> Result<(), Full> {
    let mut seen = Seen { names: [NameRef::ROOT; TARGETS_MAX], len: 0 };
    let cut = wanted.name.as_ref();
    if wanted.is_referral {
        let inside = targets(&wanted.first).filter(|target| target.name.is_at_or_below(cut));
        for target in inside {
            if seen.insert(target.name) && !put_target(snapshot, &target, None, reply) {
                return Err(Full);
            }
        }
    }
    // What the answer section has is not told again.
    let told = Some((cut, wanted.first.rtype())).filter(|_| !wanted.is_referral);
    for mut target in targets(&wanted.first).chain(wanted.servers.iter().flat_map(targets)) {
        if target.is_owner {
            put_target(snapshot, &Target { name: cut, ..target }, told, reply);
            continue;
        }
        target.is_owner = false;
        if seen.insert(target.name) && !put_target(snapshot, &target, told, reply) {
            break;
        }
    }
    Ok(())
}

/// A host that data names.
#[derive(Clone, Copy)]
struct Target<'s> {
    name: NameRef<'s>,
    /// The owner of the data is meant (RFC 9460 section 2.5.2).
    is_owner: bool,
    /// The type of the data, if that may stand at the target again (RFC 9460 section 2.4.2).
    alias: Option<Rtype>,
}

/// True if data of this type names hosts whose addresses will be asked for.
pub(super) const fn names_hosts(rtype: Rtype) -> bool {
    name_offset(rtype).is_some()
}

/// Where a host's name is in data of this type, if there is one whose addresses will be asked for.
const fn name_offset(rtype: Rtype) -> Option<usize> {
    match rtype {
        Rtype::NS => Some(0),
        Rtype::MX | Rtype::SVCB | Rtype::HTTPS => Some(2),
        Rtype::SRV => Some(6),
        _ => None,
    }
}

/// The hosts in an rrset's data.
fn targets<'s>(rrset: &RrsetView<'s>) -> impl Iterator<Item = Target<'s>> + use<'s> {
    let rtype = rrset.rtype();
    let front = name_offset(rtype);
    let is_service = matches!(rtype, Rtype::SVCB | Rtype::HTTPS);
    let rdatas = front.map(|front| rrset.rdatas().map(move |rdata| rdata.split_at_checked(front)));
    rdatas.into_iter().flatten().filter_map(move |parts| {
        let (front, rest) = parts?;
        let (name, _) = NameRef::split(rest).ok()?;
        let alias = is_service && front == [0, 0];
        Some(Target { name, is_owner: is_service && !alias && name.is_root(), alias: alias.then_some(rtype) })
    })
}

/// Puts the addresses of one host, if the zone has them. False if some did not fit.
fn put_target(
    snapshot: &Snapshot,
    target: &Target<'_>,
    told: Option<(NameRef<'_>, Rtype)>,
    reply: &mut Reply<'_, '_>,
) -> bool {
    let Some(body) = snapshot.host(target.name) else {
        return true;
    };
    for rtype in [Rtype::A, Rtype::AAAA].into_iter().chain(target.alias) {
        if told == Some((target.name, rtype)) {
            continue;
        }
        if let Some(rrset) = body.rrset(rtype)
            && !reply.put_additional(target.name, body, &rrset)
        {
            return false;
        }
    }
    true
}
