//! Which zones UPDATE (RFC 2136) may change, and who may change what in them.

use crate::acl;
use crate::dns_name::ddi_name;
use crate::guard;
use crate::handle::{Failure, Handle, noun};
use crate::slice::{self, Out};
use crate::status::{DDI_OK, ddi_status};
use crate::zone::policy as serial_policy;
use crate::zone_set::no_zone;
use ddi_dns::Rtype;
use ddi_dns::name::NameRef;
use ddi_dns::update::{Grant, Limits, Names, Policy, Types, UpdateZone};
use std::ffi::c_char;

/// A policy for all zones. One call at a time.
pub struct ddi_update_policy(Handle<Vec<UpdateZone>>);
noun!(ddi_update_policy, Vec<UpdateZone>);

/// A grant is about all names of the zone.
pub const DDI_GRANT_ALL_NAMES: u32 = 0;
/// This name.
pub const DDI_GRANT_NAME: u32 = 1;
/// This name and all below it.
pub const DDI_GRANT_AT_OR_BELOW: u32 = 2;
/// All names directly below this one, as a wildcard there would be.
pub const DDI_GRANT_CHILDREN_OF: u32 = 3;
/// The name of the key that the sender signs with: a host's own name.
pub const DDI_GRANT_OWN_NAME: u32 = 4;
/// That, and all below it.
pub const DDI_GRANT_AT_OR_BELOW_OWN_NAME: u32 = 5;

/// No zone may be changed. Caller owns: `ddi_update_policy_free`.
///
/// Errors: `DDI_E_NULL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_update_policy_new(policy: *mut *mut ddi_update_policy) -> ddi_status {
    guard::alone(|| {
        // SAFETY: the header's contract.
        let out = unsafe { Out::new(policy, "policy")? };
        out.set(guard::give(Vec::new()));
        Ok(DDI_OK)
    })
}

/// Adds a primary zone. Whoever `rules` permit (as for `ddi_acl_new`) may change everything in it; `(NULL,
/// 0)`: the grants say who may. Its serial moves by `serial` (`DDI_SERIAL_...`), unless the update sets it.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name, no rules, no such serial policy, there is one of this
/// name).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_update_policy_add_zone(
    policy: *mut ddi_update_policy,
    apex: *const ddi_name,
    rules: *const u8,
    rules_len: usize,
    serial: u32,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(policy, |zones| {
            let (apex, rules) = (ddi_name::read(apex, "apex")?, slice::text(rules, rules_len, "rules")?);
            if zones.iter().any(|zone| zone.apex.as_ref() == apex) {
                return Err(Failure::argument(format!("{apex} was added before")));
            }
            let mut zone = UpdateZone::new(apex);
            zone.serial_policy = serial_policy(serial)?;
            zone.policy =
                if rules.is_empty() { Policy::Grants(Vec::new()) } else { Policy::List(acl::parse(rules)?) };
            zones.push(zone);
            Ok(DDI_OK)
        })
    }
}

fn zone_of<'z>(zones: &'z mut [UpdateZone], apex: NameRef<'_>) -> Result<&'z mut UpdateZone, Failure> {
    zones.iter_mut().find(|zone| zone.apex.as_ref() == apex).ok_or_else(|| no_zone(apex))
}

/// Adds a grant to a zone that was added without rules. For each change the first grant that fits sender,
/// name and type decides: `permits` 1, or refuses 0; without one it is refused. `who` is one rule as for `ddi_acl_new` (its own `!`
/// means nothing); `names` one of `DDI_GRANT_...`, with `name` for those that need one, else NULL. `types`:
/// the record types that it is about; `(NULL, 0)`: all but those that hold a zone together (SOA, NS, and what
/// a signer makes).
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`, `DDI_E_NOT_FOUND` (the zone was not added, or with rules).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_update_policy_add_grant(
    policy: *mut ddi_update_policy,
    apex: *const ddi_name,
    permits: u32,
    who: *const u8,
    who_len: usize,
    names: u32,
    name: *const ddi_name,
    types: *const u16,
    types_len: usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(policy, |zones| {
            let (apex, who) = (ddi_name::read(apex, "apex")?, slice::text(who, who_len, "who")?);
            let name = || ddi_name::read(name, "name").map(NameRef::to_name);
            let names = match names {
                DDI_GRANT_ALL_NAMES => Names::All,
                DDI_GRANT_NAME => Names::Exactly(name()?),
                DDI_GRANT_AT_OR_BELOW => Names::AtOrBelow(name()?),
                DDI_GRANT_CHILDREN_OF => Names::ChildrenOf(name()?),
                DDI_GRANT_OWN_NAME => Names::OwnName,
                DDI_GRANT_AT_OR_BELOW_OWN_NAME => Names::AtOrBelowOwnName,
                other => return Err(Failure::argument(format!("names {other} is none of 0 to 5"))),
            };
            let permits = slice::flag(permits, "permits")?;
            let types = slice::array(types, types_len, "types")?;
            let types = match types {
                [] => Types::Data,
                these => Types::Only(these.iter().copied().map(Rtype).collect()),
            };
            let grant = Grant { permits, who: who.trim().parse()?, names, types };
            match &mut zone_of(zones, apex)?.policy {
                Policy::Grants(grants) => grants.push(grant),
                _ => return Err(no_zone(apex)),
            }
            Ok(DDI_OK)
        })
    }
}

/// How far updates may let a zone grow; what is larger already may stay, and shrink. Records of one name and
/// type, types of one name, changes in one update, records in the zone. Unless set: 100, 100, 4096, no limit.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name), `DDI_E_NOT_FOUND` (the zone was not added).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_update_policy_set_limits(
    policy: *mut ddi_update_policy,
    apex: *const ddi_name,
    rrset_records: usize,
    name_types: usize,
    updates: usize,
    zone_records: u64,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(policy, |zones| {
            zone_of(zones, ddi_name::read(apex, "apex")?)?.limits = Limits {
                rrset_records_max: rrset_records,
                name_types_max: name_types,
                updates_max: updates,
                zone_records_max: zone_records,
            };
            Ok(DDI_OK)
        })
    }
}

/// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_update_policy_last_error(policy: *const ddi_update_policy) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe { guard::last_error(policy) }
}

/// Frees it; what was made with it stays. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_update_policy_free(policy: *mut ddi_update_policy) {
    // SAFETY: the header's contract.
    unsafe { guard::free(policy) }
}
