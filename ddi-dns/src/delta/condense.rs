//! Deltas that follow each other as one.

use super::{Delta, RecordRef, Records};
use crate::name::SortKey;
use crate::rr::Rtype;
use crate::zone::{ZoneError, canonical_order};
use std::collections::BTreeMap;

/// A record whatever its TTL: owner's key, type, data in canonical form.
type Identity = (Box<[u8]>, u16, Vec<u8>);
/// What happened to a record: the one that was there before all deltas and is gone, and the one that is new.
type Net<'a> = (Option<RecordRef<'a>>, Option<RecordRef<'a>>);

impl Delta {
    /// One delta that does what all of these do in turn (RFC 1995 section 6): what one adds and a later one
    /// removes is in none. They must follow each other.
    pub fn condense<'a>(deltas: impl IntoIterator<Item = &'a Self>) -> Result<Self, ZoneError> {
        let mut net: BTreeMap<Identity, Net<'a>> = BTreeMap::new();
        let mut ends: Option<(&Self, &Self)> = None;
        for delta in deltas {
            if ends.is_some_and(|(_, last)| last.to != delta.from) {
                return Err(ZoneError::Unrelated);
            }
            ends = Some((ends.map_or(delta, |(first, _)| first), delta));
            for record in data(&delta.removed) {
                let (gone, new) = net.entry(identity(&record)).or_default();
                if new.take().is_none() {
                    *gone = Some(record);
                }
            }
            for record in data(&delta.added) {
                let (gone, new) = net.entry(identity(&record)).or_default();
                match gone {
                    Some(old) if (old.ttl, old.rdata) == (record.ttl, record.rdata) => *gone = None,
                    _ => *new = Some(record),
                }
            }
        }
        let (first, last) = ends.ok_or(ZoneError::Unrelated)?;
        let mut condensed = Self { from: first.from, to: last.to, ..Self::default() };
        first.removed.first().iter().for_each(|soa| condensed.removed.push(soa));
        last.added.first().iter().for_each(|soa| condensed.added.push(soa));
        for (gone, new) in net.values() {
            gone.iter().for_each(|record| condensed.removed.push(record));
            new.iter().for_each(|record| condensed.added.push(record));
        }
        Ok(condensed)
    }
}

/// All but the SOA.
fn data(records: &Records) -> impl Iterator<Item = RecordRef<'_>> {
    records.iter().filter(|record| record.rtype != Rtype::SOA)
}

fn identity(record: &RecordRef<'_>) -> Identity {
    let key = SortKey::of(record.owner).as_bytes().into();
    (key, record.rtype.0, canonical_order(record.rtype, record.rdata))
}
