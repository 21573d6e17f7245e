//! Deltas upon snapshots.

use super::body::{self};
use super::changes::{Changes, check_record};
use super::error::ZoneError;
use super::rdata::compare;
use super::snapshot::{Snapshot, Soa, Which};
use crate::delta::{Delta, RecordRef};
use crate::name::Name;
use crate::rr::{Class, Rtype};
use crate::serial::Serial;

/// What a delta must fit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_enums, reason = "it fits or it need not")]
pub enum Strictness {
    /// What is removed must be there, what is added must not.
    Exact,
    /// What is not there need not be removed, what is there need not be added.
    Tolerant,
}

/// A delta does not fit the snapshot.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// It is for another version.
    #[error("delta is from serial {needs}, the zone has {has}")]
    Serial {
        /// The zone's serial.
        has: Serial,
        /// The delta's.
        needs: Serial,
    },
    /// It does not start with the SOAs of its serials, or has SOAs elsewhere.
    #[error("delta's SOAs are not those of its serials")]
    Soa,
    /// It removes a record that is not there.
    #[error("{owner} {rtype}: removed, but not in the zone")]
    Missing {
        /// Owner.
        owner: Name,
        /// Type.
        rtype: Rtype,
    },
    /// It adds a record that is there.
    #[error("{owner} {rtype}: added, but in the zone already")]
    Present {
        /// Owner.
        owner: Name,
        /// Type.
        rtype: Rtype,
    },
    /// A record is of another class.
    #[error("{owner}: class {class} is not the zone's")]
    Class {
        /// Owner.
        owner: Name,
        /// Its class.
        class: Class,
    },
    /// The zone would be none.
    #[error(transparent)]
    Zone(#[from] ZoneError),
}

impl Snapshot {
    /// The snapshot after a delta. This one stays as it is; what does not change is shared.
    pub fn apply(&self, delta: &Delta, strictness: Strictness) -> Result<Self, ApplyError> {
        if delta.from != self.serial() {
            return Err(ApplyError::Serial { has: self.serial(), needs: delta.from });
        }
        let mut changes = Changes::new(self.clone());
        self.check_old_soa(delta)?;
        for record in delta.removed.iter().skip(1) {
            remove(&mut changes, &record, strictness)?;
        }
        let mut added = delta.added.iter();
        let soa = added.next().filter(|soa| soa.owner == self.apex()).ok_or(ApplyError::Soa)?;
        set_soa(&mut changes, &soa, delta.to)?;
        for record in added {
            add(&mut changes, &record, strictness)?;
        }
        Ok(changes.snapshot()?)
    }

    fn check_old_soa(&self, delta: &Delta) -> Result<(), ApplyError> {
        let ours = self.get(self.apex(), Rtype::SOA).and_then(|rrset| rrset.rdatas().next());
        let theirs = delta.removed.first().filter(|soa| soa.rtype == Rtype::SOA && soa.owner == self.apex());
        match (ours, theirs) {
            (Some(ours), Some(soa)) if compare(Rtype::SOA, ours, soa.rdata).is_eq() => Ok(()),
            _ => Err(ApplyError::Soa),
        }
    }
}

fn check(changes: &Changes, record: &RecordRef<'_>) -> Result<(), ApplyError> {
    if record.class != changes.base.class() {
        return Err(ApplyError::Class { owner: record.owner.to_name(), class: record.class });
    }
    if record.rtype == Rtype::SOA {
        return Err(ApplyError::Soa);
    }
    Ok(check_record(changes.base.apex(), record.owner, record.rtype, record.rdata)?)
}

fn remove(changes: &mut Changes, record: &RecordRef<'_>, strictness: Strictness) -> Result<(), ApplyError> {
    check(changes, record)?;
    let &RecordRef { owner, rtype, rdata, .. } = record;
    let rrsets = changes.rrsets_mut(Which::of_record(rtype, rdata), owner)?;
    match body::remove(rrsets, rtype, rdata) {
        false if strictness == Strictness::Exact => {
            Err(ApplyError::Missing { owner: owner.to_name(), rtype })
        }
        _ => Ok(()),
    }
}

fn add(changes: &mut Changes, record: &RecordRef<'_>, strictness: Strictness) -> Result<(), ApplyError> {
    check(changes, record)?;
    let &RecordRef { owner, rtype, ttl, rdata, .. } = record;
    let rrsets = changes.rrsets_mut(Which::of_record(rtype, rdata), owner)?;
    match body::add(rrsets, rtype, ttl, rdata) {
        None => Err(ZoneError::RrsetTooLarge { owner: owner.to_name(), rtype }.into()),
        Some(false) if strictness == Strictness::Exact => {
            Err(ApplyError::Present { owner: owner.to_name(), rtype })
        }
        Some(_) => Ok(()),
    }
}

fn set_soa(changes: &mut Changes, soa: &RecordRef<'_>, serial: Serial) -> Result<(), ApplyError> {
    let fits = Soa::parse(soa.rdata, soa.ttl).is_some_and(|parsed| parsed.serial == serial);
    if !fits || soa.rtype != Rtype::SOA || soa.class != changes.base.class() {
        return Err(ApplyError::Soa);
    }
    let rrsets = changes.rrsets_mut(Which::Names, soa.owner)?;
    body::retain(rrsets, |rrset| rrset.rtype() != Rtype::SOA);
    body::add(rrsets, Rtype::SOA, soa.ttl, soa.rdata);
    Ok(())
}
