//! The delta between any two versions of a zone.

use super::{Delta, RecordRef, Records};
use crate::name::NameRef;
use crate::rr::Rtype;
use crate::zone::{RrsetView, Rrsets, Snapshot, ZoneError, compare_rdata, each_difference, soa_of};
use std::cmp::Ordering;

impl Delta {
    /// What turns `old` into `new` (both of the same apex), as a reload or a full transfer brought it. Where
    /// both share parts of their trees, these cost nothing. The serials are theirs, whatever they are.
    pub fn between(old: &Snapshot, new: &Snapshot) -> Result<Self, ZoneError> {
        if old.apex() != new.apex() {
            return Err(ZoneError::Unrelated);
        }
        let (removed, added) = (soa_of(old), soa_of(new));
        let mut delta = Self { from: old.serial(), to: new.serial(), removed, added };
        each_difference(old, new, |owner, before, after| {
            push_difference(owner, before, after, &mut delta);
        });
        Ok(delta)
    }
}

/// Appends what turns the rrsets of one name into others, without SOAs.
pub(crate) fn push_difference(owner: NameRef<'_>, before: Rrsets<'_>, after: Rrsets<'_>, delta: &mut Delta) {
    let data = |rrset: &RrsetView<'_>| rrset.rtype() != Rtype::SOA;
    let (mut before, mut after) = (before.filter(data).peekable(), after.filter(data).peekable());
    loop {
        let order = match (before.peek(), after.peek()) {
            (None, None) => return,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(a), Some(b)) => a.order().cmp(&b.order()),
        };
        let gone = if order.is_le() { before.next() } else { None };
        let new = if order.is_ge() { after.next() } else { None };
        match (gone, new) {
            (Some(a), Some(b)) if a.ttl() == b.ttl() => push_changed(owner, &a, &b, delta),
            (gone, new) => {
                gone.iter().for_each(|rrset| push_all(owner, rrset, &mut delta.removed));
                new.iter().for_each(|rrset| push_all(owner, rrset, &mut delta.added));
            }
        }
    }
}

fn push_all(owner: NameRef<'_>, rrset: &RrsetView<'_>, records: &mut Records) {
    for rdata in rrset.rdatas() {
        records.push(&RecordRef::new(owner, rrset.rtype(), rrset.ttl(), rdata));
    }
}

/// Two rrsets of one type and TTL: both have their data in order.
fn push_changed(owner: NameRef<'_>, before: &RrsetView<'_>, after: &RrsetView<'_>, delta: &mut Delta) {
    let (rtype, ttl) = (before.rtype(), before.ttl());
    let (mut gone, mut new) = (before.rdatas().peekable(), after.rdatas().peekable());
    loop {
        let order = match (gone.peek(), new.peek()) {
            (None, None) => return,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(a), Some(b)) => compare_rdata(rtype, a, b),
        };
        let a = if order.is_le() { gone.next() } else { None };
        let b = if order.is_ge() { new.next() } else { None };
        // A name in the data that is only spelled otherwise changes too, so that what comes out of the delta
        // is what went in, byte by byte.
        if a == b {
            continue;
        }
        a.iter().for_each(|rdata| delta.removed.push(&RecordRef::new(owner, rtype, ttl, rdata)));
        b.iter().for_each(|rdata| delta.added.push(&RecordRef::new(owner, rtype, ttl, rdata)));
    }
}
