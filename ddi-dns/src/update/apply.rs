//! One update upon one version of a zone (RFC 2136 sections 3.2 to 3.7).

use super::error::UpdateError;
use super::policy::Policy;
use super::prerequisite;
use super::request::Request;
use crate::acl::Requestor;
use crate::delta::{Delta, RecordRef};
use crate::name::{Name, NameRef};
use crate::rr::{Class, Rtype};
use crate::zone::{Edit, RrsetView, SerialPolicy, Snapshot, Soa};
use ddi_core::UnixTime;

/// A primary zone that may be updated.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_structs, reason = "a configuration's lines")]
pub struct UpdateZone {
    /// Its name.
    pub apex: Name,
    /// Who may change what.
    pub policy: Policy,
    /// How its serial moves, if the update does not set it.
    pub serial_policy: SerialPolicy,
    /// How far it may grow.
    pub limits: Limits,
}

impl UpdateZone {
    /// A zone that nobody may change, with the usual limits.
    #[must_use]
    pub fn new(apex: NameRef<'_>) -> Self {
        let (policy, serial_policy) = (Policy::default(), SerialPolicy::default());
        Self { apex: apex.to_name(), policy, serial_policy, limits: Limits::default() }
    }
}

/// How far updates may let a zone grow. What is larger already may stay, and shrink.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_structs, reason = "a configuration's lines")]
pub struct Limits {
    /// Records of one name and type: an answer holds them all.
    pub rrset_records_max: usize,
    /// Types of one name.
    pub name_types_max: usize,
    /// Changes in one update.
    pub updates_max: usize,
    /// Records in the zone.
    pub zone_records_max: u64,
}

impl Limits {
    /// None.
    pub const NONE: Self = Self {
        rrset_records_max: usize::MAX,
        name_types_max: usize::MAX,
        updates_max: usize::MAX,
        zone_records_max: u64::MAX,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self { rrset_records_max: 100, name_types_max: 100, updates_max: 4096, ..Self::NONE }
    }
}

/// What the update makes of `zone`: its next version and the delta to it; `None` if it changes nothing. On an
/// error nothing is changed. The checks come in the standard's order, but that a sender who may change nothing
/// at all is refused first, so that prerequisites don't tell it what is in the zone.
pub fn apply(
    request: &Request,
    zone: &Snapshot,
    config: &UpdateZone,
    who: &Requestor<'_>,
    now: UnixTime,
) -> Result<Option<(Delta, Snapshot)>, UpdateError> {
    if request.class() != zone.class() || request.zone() != zone.apex() {
        return Err(UpdateError::NotAuth(request.zone().to_name()));
    }
    if !config.policy.knows(who) {
        return Err(UpdateError::NotPermitted);
    }
    let mut edit = Edit::new(zone);
    prerequisite::check(request, &edit)?;
    check_permission(request, zone, &config.policy, who)?;
    check_updates(request, zone, &config.limits)?;
    make_changes(&mut edit, request, &config.limits)?;
    let changed = edit.finish(config.serial_policy, now)?;
    if let Some((_, next)) = &changed {
        let (before, after, limit) = (zone.records(), next.records(), config.limits.zone_records_max);
        if after > limit && after > before {
            let owner = zone.apex().to_name();
            return Err(UpdateError::Limit { owner, what: "records of the zone", limit });
        }
    }
    Ok(changed)
}

/// Makes a request of our own in an edit: conditions and changes, without permission, prescan and limits.
pub(crate) fn perform(edit: &mut Edit, request: &Request) -> Result<(), UpdateError> {
    prerequisite::check(request, edit)?;
    make_changes(edit, request, &Limits::NONE)
}

/// Section 3.4.2.
fn make_changes(edit: &mut Edit, request: &Request, limits: &Limits) -> Result<(), UpdateError> {
    for update in request.updates.iter() {
        match update.class {
            Class::ANY if update.rtype == Rtype::ANY => delete_name(edit, update.owner),
            Class::ANY => delete_rrset(edit, &update),
            Class::NONE => delete(edit, &update),
            _ => add(edit, &update, limits)?,
        }
    }
    Ok(())
}

/// Section 3.3. Who deletes a name deletes each of its types.
fn check_permission(
    request: &Request,
    zone: &Snapshot,
    policy: &Policy,
    who: &Requestor<'_>,
) -> Result<(), UpdateError> {
    let check = |owner: NameRef<'_>, rtype| match policy.permits(who, owner, rtype) {
        true => Ok(()),
        false => Err(UpdateError::NotPermittedFor { owner: owner.to_name(), rtype }),
    };
    for update in request.updates.iter() {
        if (update.class, update.rtype) == (Class::ANY, Rtype::ANY) {
            let stays = |rrset: &RrsetView<'_>| stays_at_apex(update.owner, zone, rrset.rtype());
            for rrset in zone.rrsets(update.owner).filter(|rrset| !stays(rrset)) {
                check(update.owner, rrset.rtype())?;
            }
        } else {
            check(update.owner, update.rtype)?;
        }
    }
    Ok(())
}

/// The prescan (section 3.4.1).
fn check_updates(request: &Request, zone: &Snapshot, limits: &Limits) -> Result<(), UpdateError> {
    if request.updates() > limits.updates_max {
        let (owner, limit) = (zone.apex().to_name(), limits.updates_max as u64);
        return Err(UpdateError::Limit { owner, what: "changes of one update", limit });
    }
    for update in request.updates.iter() {
        let bad = |why| Err(UpdateError::Form { owner: update.owner.to_name(), rtype: update.rtype, why });
        if !update.owner.is_at_or_below(zone.apex()) {
            return Err(UpdateError::NotZone(update.owner.to_name()));
        }
        match update.class {
            Class::IN if update.rtype.is_meta() => return bad("no record is of this type"),
            Class::ANY if update.ttl != 0 || !update.rdata.is_empty() => {
                return bad("deletion of an rrset has a ttl or data");
            }
            Class::ANY if update.rtype.is_meta() && update.rtype != Rtype::ANY => {
                return bad("no rrset is of this type");
            }
            Class::NONE if update.ttl != 0 => return bad("deletion of a record has a ttl"),
            Class::NONE if update.rtype.is_meta() => return bad("no record is of this type"),
            Class::IN | Class::ANY | Class::NONE => {}
            _ => return bad("class is neither ANY, NONE nor the zone's"),
        }
    }
    Ok(())
}

/// Section 3.4.2.2. What can't be beside what is there is silently not added.
fn add(edit: &mut Edit, update: &RecordRef<'_>, limits: &Limits) -> Result<(), UpdateError> {
    let RecordRef { owner, rtype, ttl, rdata, .. } = *update;
    let conflicts = match rtype {
        Rtype::CNAME => {
            edit.rrsets(owner).any(|rrset| rrset.rtype() != rtype && !rrset.rtype().may_join_cname())
        }
        _ if rtype.may_join_cname() => false,
        _ => edit.get(owner, Rtype::CNAME).is_some(),
    };
    if conflicts || (rtype == Rtype::SOA && !is_newer_soa(edit, owner, rdata)) {
        return Ok(());
    }
    if rtype == Rtype::WKS {
        replace_service(edit, owner, rdata);
    }
    check_room(edit, owner, rtype, rdata, limits)?;
    edit.add(owner, rtype, ttl, rdata)?;
    Ok(())
}

/// A SOA elsewhere than at the apex, or whose serial does not follow, is ignored.
fn is_newer_soa(edit: &Edit, owner: NameRef<'_>, rdata: &[u8]) -> bool {
    let (Some(old), Some(new)) = (edit.soa(), Soa::parse(rdata, 0)) else {
        return false;
    };
    owner == edit.base().apex() && new.serial.is_newer_than(old.serial)
}

/// A WKS is the same record if address and protocol are: its first five bytes.
fn replace_service(edit: &mut Edit, owner: NameRef<'_>, rdata: &[u8]) {
    let Some(rrset) = edit.get(owner, Rtype::WKS) else { return };
    let same = |old: &&[u8]| old.get(..5) == rdata.get(..5) && *old != rdata;
    let replaced: Vec<Vec<u8>> = rrset.rdatas().filter(same).map(<[u8]>::to_vec).collect();
    for old in &replaced {
        edit.remove(owner, Rtype::WKS, old);
    }
}

fn check_room(
    edit: &Edit,
    owner: NameRef<'_>,
    rtype: Rtype,
    rdata: &[u8],
    limits: &Limits,
) -> Result<(), UpdateError> {
    let mut types = 0;
    let mut rrset = None;
    for held in edit.rrsets(owner) {
        types += 1;
        if held.rtype() == rtype && (rtype != Rtype::RRSIG || covers_same(&held, rdata)) {
            rrset = Some(held);
        }
    }
    let over =
        |what, limit: usize| Err(UpdateError::Limit { owner: owner.to_name(), what, limit: limit as u64 });
    match rrset {
        None if types >= limits.name_types_max => over("types of the name", limits.name_types_max),
        Some(held) if held.len() >= limits.rrset_records_max => {
            let is_single = matches!(rtype, Rtype::SOA | Rtype::CNAME | Rtype::DNAME);
            let is_there = held.rdatas().any(|old| crate::zone::compare_rdata(rtype, old, rdata).is_eq());
            if is_single || is_there {
                return Ok(());
            }
            over("records of the rrset", limits.rrset_records_max)
        }
        _ => Ok(()),
    }
}

/// A signature's first two bytes are the type that it covers.
fn covers_same(held: &RrsetView<'_>, rdata: &[u8]) -> bool {
    held.covered().map(|covered| covered.0.to_be_bytes()).as_ref().map(<[u8; 2]>::as_slice) == rdata.get(..2)
}

/// SOA and NS of the apex are never deleted as a whole (sections 3.4.2.3 and 3.4.2.4).
fn stays_at_apex(owner: NameRef<'_>, zone: &Snapshot, rtype: Rtype) -> bool {
    matches!(rtype, Rtype::SOA | Rtype::NS) && owner == zone.apex()
}

fn delete_name(edit: &mut Edit, owner: NameRef<'_>) {
    let base = edit.base().clone();
    edit.remove_where(owner, |rrset| !stays_at_apex(owner, &base, rrset.rtype()));
}

fn delete_rrset(edit: &mut Edit, update: &RecordRef<'_>) {
    if !stays_at_apex(update.owner, edit.base(), update.rtype) {
        edit.remove_rrset(update.owner, update.rtype);
    }
}

/// Section 3.4.2.4.
fn delete(edit: &mut Edit, update: &RecordRef<'_>) {
    let RecordRef { owner, rtype, rdata, .. } = *update;
    if stays_at_apex(owner, edit.base(), rtype) {
        let is_last = edit.get(owner, rtype).is_none_or(|rrset| rrset.len() <= 1);
        if rtype == Rtype::SOA || is_last {
            return;
        }
    }
    edit.remove(owner, rtype, rdata);
}
