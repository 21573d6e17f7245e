//! An immutable version of a zone.

use super::body::{Body, RrsetView, Rrsets, covered};
use super::owner::{Apex, OwnerBuf};
use super::tail::Tails;
use super::tree::Tree;
use super::walk::{Position, Walk};
use crate::delta::RecordRef;
use crate::name::{Name, NameRef};
use crate::rr::{Class, Rtype};
use crate::serial::Serial;
use std::sync::Arc;

/// One version of a zone. It never changes; a clone costs a few reference counts, and what versions have in
/// common they share.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub(super) apex: Arc<Apex>,
    /// All names, but for what belongs to NSEC3.
    pub(super) names: Tree,
    /// NSEC3 records and their signatures: their owners are no names that exist (RFC 5155 section 7.2.8),
    /// and must not look like empty non-terminals or closest enclosers.
    pub(super) hashed: Tree,
    pub(super) top: Arc<Top>,
    pub(super) tails: Arc<Tails>,
    pub(super) counts: Counts,
}

/// What the apex has, once more, so that a negative answer finds the SOA without a search.
#[derive(Debug)]
pub(super) struct Top {
    body: Box<[u8]>,
    soa: Box<[u8]>,
    ttl: u32,
    /// The numbers of the SOA, and where its two names end.
    numbers: [u32; 5],
    ends: (usize, usize),
}

impl Top {
    /// None if the body has not one SOA.
    pub(super) fn of(body: &[u8]) -> Option<Self> {
        let rrset = Body::new(body).rrset(Rtype::SOA)?;
        let mut rdatas = rrset.rdatas();
        let (rdata, None) = (rdatas.next()?, rdatas.next()) else {
            return None;
        };
        let soa = Soa::parse(rdata, rrset.ttl())?;
        let mname_len = soa.mname.wire().len();
        Some(Self {
            body: body.into(),
            soa: rdata.into(),
            ttl: soa.ttl,
            numbers: [soa.serial.0, soa.refresh, soa.retry, soa.expire, soa.minimum],
            ends: (mname_len, mname_len + soa.rname.wire().len()),
        })
    }
}

/// What is in a zone.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) records: u64,
    pub(super) wire_len: u64,
    /// Names with a label `*`: where there is none, no wildcard is looked for.
    pub(super) wildcards: u64,
}

/// One of the two trees.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Which {
    Names,
    Hashed,
}

impl Which {
    /// Where a record is kept.
    pub(super) fn of(rtype: Rtype, covered: Option<Rtype>) -> Self {
        match covered.unwrap_or(rtype) {
            Rtype::NSEC3 => Self::Hashed,
            _ => Self::Names,
        }
    }

    /// Where a record with this data is kept.
    pub(super) fn of_record(rtype: Rtype, rdata: &[u8]) -> Self {
        Self::of(rtype, covered(rtype, rdata))
    }
}

/// A SOA's data (RFC 1035 section 3.3.13).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_structs, reason = "a standard's own layout")]
pub struct Soa<'s> {
    /// Primary server.
    pub mname: NameRef<'s>,
    /// Mailbox of the person responsible.
    pub rname: NameRef<'s>,
    /// Serial.
    pub serial: Serial,
    /// Seconds between refreshes of a secondary.
    pub refresh: u32,
    /// Seconds between retries of a failed refresh.
    pub retry: u32,
    /// Seconds without a refresh after which a secondary gives up the zone.
    pub expire: u32,
    /// Upper bound in seconds of a negative answer's TTL (RFC 2308 section 4).
    pub minimum: u32,
    /// The record's own TTL in seconds.
    pub ttl: u32,
}

impl<'s> Soa<'s> {
    /// The parts of uncompressed SOA data; `None` if it is not that.
    #[must_use]
    pub fn parse(rdata: &'s [u8], ttl: u32) -> Option<Self> {
        let (mname, rest) = NameRef::split(rdata).ok()?;
        let (rname, rest) = NameRef::split(rest).ok()?;
        let (numbers, &[]) = rest.as_chunks::<4>() else {
            return None;
        };
        let &[serial, refresh, retry, expire, minimum] = numbers else {
            return None;
        };
        let [refresh, retry, expire, minimum] = [refresh, retry, expire, minimum].map(u32::from_be_bytes);
        let serial = Serial(u32::from_be_bytes(serial));
        Some(Self { mname, rname, serial, refresh, retry, expire, minimum, ttl })
    }
}

impl Snapshot {
    /// The zone's name.
    #[must_use]
    pub fn apex(&self) -> NameRef<'_> {
        self.apex.name.as_ref()
    }

    /// Always IN.
    #[must_use]
    pub const fn class(&self) -> Class {
        Class::IN
    }

    /// The SOA's serial.
    #[must_use]
    pub fn serial(&self) -> Serial {
        Serial(self.top.numbers[0])
    }

    /// The SOA.
    #[must_use]
    pub fn soa(&self) -> Soa<'_> {
        let (top, (mname_end, rname_end)) = (&self.top, self.top.ends);
        let [serial, refresh, retry, expire, minimum] = top.numbers;
        Soa {
            mname: NameRef::from_valid(&top.soa[..mname_end]),
            rname: NameRef::from_valid(&top.soa[mname_end..rname_end]),
            serial: Serial(serial),
            refresh,
            retry,
            expire,
            minimum,
            ttl: top.ttl,
        }
    }

    /// The SOA as a record.
    #[must_use]
    pub fn soa_record(&self) -> RecordRef<'_> {
        RecordRef::new(self.apex(), Rtype::SOA, self.top.ttl, &self.top.soa)
    }

    /// How many names have records. A name that has NSEC3 and other records counts twice.
    #[must_use]
    pub const fn names(&self) -> usize {
        self.names.len() + self.hashed.len()
    }

    /// How many records.
    #[must_use]
    pub const fn records(&self) -> u64 {
        self.counts.records
    }

    /// Bytes of all records in uncompressed wire form.
    #[must_use]
    pub const fn wire_len(&self) -> u64 {
        self.counts.wire_len
    }

    /// The rrset of a name and type, if the zone holds it: cuts and wildcards change nothing here. Of RRSIG
    /// it is the first of several; see [`Snapshot::signatures`].
    #[must_use]
    pub fn get(&self, name: NameRef<'_>, rtype: Rtype) -> Option<RrsetView<'_>> {
        self.body_of(Which::of(rtype, None), name)?.rrset(rtype)
    }

    /// The signatures of a name and type.
    #[must_use]
    pub fn signatures(&self, name: NameRef<'_>, covered: Rtype) -> Option<RrsetView<'_>> {
        self.body_of(Which::of(covered, None), name)?.signatures(covered)
    }

    /// All rrsets of a name.
    pub fn rrsets(&self, name: NameRef<'_>) -> impl Iterator<Item = RrsetView<'_>> {
        let of = |which| self.body_of(which, name).map_or(Rrsets::new(&[]), Body::rrsets);
        of(Which::Names).chain(of(Which::Hashed))
    }

    /// True if the name has any record.
    #[must_use]
    pub fn contains(&self, name: NameRef<'_>) -> bool {
        self.rrsets(name).next().is_some()
    }

    /// The name as the zone spells it.
    #[must_use]
    pub fn spelling(&self, name: NameRef<'_>) -> Option<Name> {
        let body = self.body_of(Which::Names, name).or_else(|| self.body_of(Which::Hashed, name))?;
        let key = self.apex.key_of(name)?;
        let mut owner = OwnerBuf::default();
        owner.set(&self.apex, (key.as_bytes(), &[]));
        owner.spell(body.case());
        Some(owner.name().to_name())
    }

    /// All records, the SOA first, then names in canonical order.
    #[must_use]
    pub fn walk(&self) -> Walk<'_> {
        self.walk_from(&Position::START)
    }

    /// The records from a position on that [`Walk::position`] gave, of this snapshot.
    #[must_use]
    pub fn walk_from(&self, position: &Position) -> Walk<'_> {
        Walk::new(self, position)
    }

    pub(crate) fn apex_body(&self) -> Body<'_> {
        Body::new(&self.top.body)
    }

    /// What answers end with.
    pub(crate) fn tails(&self) -> &Tails {
        &self.tails
    }

    pub(super) const fn tree(&self, which: Which) -> &Tree {
        match which {
            Which::Names => &self.names,
            Which::Hashed => &self.hashed,
        }
    }

    fn body_of(&self, which: Which, name: NameRef<'_>) -> Option<Body<'_>> {
        let tree = self.tree(which);
        if tree.len() == 0 {
            return None;
        }
        tree.get(self.apex.key_of(name)?.as_bytes()).map(Body::new)
    }
}
