//! A zone being changed.

use super::body::{self, RrsetView};
use super::changes::{Changes, check_record, is, legal_ttl};
use super::error::ZoneError;
use super::serial::SerialPolicy;
use super::snapshot::{Snapshot, Soa, Which};
use crate::delta::{Delta, Records, push_difference};
use crate::name::NameRef;
use crate::rr::Rtype;
use crate::serial::Serial;
use ddi_core::UnixTime;

/// Changes that become one delta and the next snapshot, or nothing.
///
/// It keeps what a zone must be to be one: all owners at or below the apex, one SOA, data that fits its
/// type. What a server should refuse beyond that (a CNAME beside other data) is the caller's to say.
#[derive(Clone, Debug)]
pub struct Edit {
    changes: Changes,
}

impl Edit {
    /// Starts with what `base` holds.
    #[must_use]
    pub fn new(base: &Snapshot) -> Self {
        Self { changes: Changes::new(base.clone()) }
    }

    /// The snapshot that it started with.
    #[must_use]
    pub const fn base(&self) -> &Snapshot {
        &self.changes.base
    }

    /// Adds a record of class IN; data uncompressed. The whole rrset gets its TTL (RFC 2181 section 5.2). A
    /// SOA, CNAME or DNAME replaces that of its name. A TTL above 2^31-1 is 0 (section 8). True if anything changed.
    pub fn add(
        &mut self,
        owner: NameRef<'_>,
        rtype: Rtype,
        ttl: u32,
        rdata: &[u8],
    ) -> Result<bool, ZoneError> {
        check_record(self.changes.base.apex(), owner, rtype, rdata)?;
        let ttl = legal_ttl(ttl);
        let rrsets = self.changes.rrsets_mut(Which::of_record(rtype, rdata), owner)?;
        let ttl_before = body::ttl_of(rrsets, rtype, rdata);
        if matches!(rtype, Rtype::SOA | Rtype::CNAME | Rtype::DNAME) && ttl_before.is_none() {
            body::retain(rrsets, |rrset| rrset.rtype() != rtype);
        }
        match body::add(rrsets, rtype, ttl, rdata) {
            Some(new) => Ok(new || ttl_before != Some(ttl)),
            None => Err(ZoneError::RrsetTooLarge { owner: owner.to_name(), rtype }),
        }
    }

    /// Removes a record, whatever its TTL. False if it is not there.
    pub fn remove(&mut self, owner: NameRef<'_>, rtype: Rtype, rdata: &[u8]) -> bool {
        let which = Which::of_record(rtype, rdata);
        self.changes.rrsets_mut(which, owner).is_ok_and(|rrsets| body::remove(rrsets, rtype, rdata))
    }

    /// Removes all records of a type; of RRSIG whatever they cover. False if there are none.
    pub fn remove_rrset(&mut self, owner: NameRef<'_>, rtype: Rtype) -> bool {
        self.remove_where(owner, is(rtype))
    }

    /// Removes all records of a name. False if there are none.
    pub fn remove_name(&mut self, owner: NameRef<'_>) -> bool {
        self.remove_where(owner, |_| true)
    }

    /// Removes the rrsets of a name that `gone` is true of. False if there are none.
    pub fn remove_where(&mut self, owner: NameRef<'_>, gone: impl Fn(&RrsetView<'_>) -> bool) -> bool {
        let mut any = false;
        for which in [Which::Names, Which::Hashed] {
            if self.changes.rrsets(which, owner).any(|rrset| gone(&rrset))
                && let Ok(rrsets) = self.changes.rrsets_mut(which, owner)
            {
                any |= !body::retain(rrsets, |rrset| !gone(rrset));
            }
        }
        any
    }

    /// The rrset of a name and type with the changes so far. Of RRSIG it is the first of several.
    #[must_use]
    pub fn get(&self, owner: NameRef<'_>, rtype: Rtype) -> Option<RrsetView<'_>> {
        self.rrsets(owner).find(is(rtype))
    }

    /// All rrsets of a name with the changes so far.
    pub fn rrsets(&self, owner: NameRef<'_>) -> impl Iterator<Item = RrsetView<'_>> {
        let changes = &self.changes;
        changes.rrsets(Which::Names, owner).chain(changes.rrsets(Which::Hashed, owner))
    }

    /// The SOA with the changes so far.
    #[must_use]
    pub fn soa(&self) -> Option<Soa<'_>> {
        self.changes.soa()
    }

    /// True if finishing it would make a delta.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        let mut any = false;
        self.changes.each(|_, _, _| any = true);
        any
    }

    /// The delta and the next snapshot; `None` if nothing changed. The serial moves by `policy`, unless the
    /// edit set a newer one itself; that, too, is moved on to the policy's slot, if it has one.
    pub fn finish(
        mut self,
        policy: SerialPolicy,
        now: UnixTime,
    ) -> Result<Option<(Delta, Snapshot)>, ZoneError> {
        let from = self.changes.base.serial();
        let to = self.soa().ok_or(ZoneError::NoSoa)?.serial;
        if !self.is_changed() {
            return Ok(None);
        }
        let to = match to {
            to if to == from => policy.next(from, now),
            to if to.is_newer_than(from) => policy.next_wanted(from, to, now),
            to => return Err(ZoneError::SerialNotNewer { from, to }),
        };
        self.set_serial(to)?;
        let next = self.changes.snapshot()?;
        let mut delta = Delta { from, to, removed: soa_of(&self.changes.base), added: soa_of(&next) };
        self.changes.each(|owner, before, after| push_difference(owner, before, after, &mut delta));
        Ok(Some((delta, next)))
    }

    fn set_serial(&mut self, to: Serial) -> Result<(), ZoneError> {
        let apex = self.changes.base.apex().to_name();
        let soa = self.get(apex.as_ref(), Rtype::SOA).ok_or(ZoneError::NoSoa)?;
        let (ttl, mut rdata) = (soa.ttl(), soa.rdatas().next().ok_or(ZoneError::NoSoa)?.to_vec());
        let at = rdata.len().checked_sub(SERIAL_FROM_END).ok_or(ZoneError::NoSoa)?;
        rdata[at..at + 4].copy_from_slice(&to.0.to_be_bytes());
        self.add(apex.as_ref(), Rtype::SOA, ttl, &rdata)?;
        Ok(())
    }
}

impl Snapshot {
    /// The same records with another serial: for content that came with one that is not newer, before
    /// [`Delta::between`] tells what changed.
    pub fn with_serial(&self, serial: Serial) -> Result<Self, ZoneError> {
        let mut edit = Edit::new(self);
        edit.set_serial(serial)?;
        edit.changes.snapshot()
    }
}

/// A SOA's data ends with five numbers, of which the serial is the first.
const SERIAL_FROM_END: usize = 20;

/// The SOA alone.
pub(crate) fn soa_of(snapshot: &Snapshot) -> Records {
    let mut records = Records::new();
    records.push(&snapshot.soa_record());
    records
}
