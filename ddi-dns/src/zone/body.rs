//! What the tree holds of one name.
//!
//! ```text
//! flags   u8    1: an NS rrset that makes a cut, 2: a DNAME, 4: case bits follow
//! cover   u8    labels of the topmost cut or DNAME at or above the name; 255: there is none
//! case    u8 length, bytes; only where flagged: bit i is set where byte i of the owner's wire form has not
//!               the case of the key's letters and the apex's spelling
//! rrsets  by type, signatures (RRSIG) by covered type, each:
//!   rtype u16, ttl u32, size u32 of what follows
//!   rdata in canonical order, each: length u16, bytes (uncompressed)
//! ```
//! Numbers are big-endian.

use super::rdata::compare;
use crate::rr::Rtype;
use std::cmp::Ordering;

const CUT: u8 = 1;
const DNAME: u8 = 2;
const CASE: u8 = 4;
/// No cut and no DNAME at or above: more than any name has labels.
pub(super) const UNCOVERED: u8 = 255;
const RRSET_HEADER_LEN: usize = 10;
/// Bytes of rdata that an rrset may have.
pub(super) const RRSET_BYTES_MAX: usize = 1 << 24;

/// A name's body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Body<'s>(&'s [u8]);

impl<'s> Body<'s> {
    pub(crate) const fn new(bytes: &'s [u8]) -> Self {
        Self(bytes)
    }

    fn flags(self) -> u8 {
        self.0.first().copied().unwrap_or(0)
    }

    /// An NS rrset is here, and the name is not the apex.
    pub(crate) fn is_cut(self) -> bool {
        self.flags() & CUT != 0
    }

    /// A DNAME is here.
    pub(crate) fn has_dname(self) -> bool {
        self.flags() & DNAME != 0
    }

    /// How many labels the topmost cut or DNAME at or above the name has.
    pub(crate) fn cover(self) -> Option<u8> {
        self.0.get(1).copied().filter(|&labels| labels != UNCOVERED)
    }

    /// Case bits; empty if the owner is spelled as its key and the apex.
    pub(crate) fn case(self) -> &'s [u8] {
        match self.0 {
            [flags, _, len, rest @ ..] if flags & CASE != 0 => rest.get(..usize::from(*len)).unwrap_or(&[]),
            _ => &[],
        }
    }

    /// All rrsets.
    pub(crate) fn rrsets(self) -> Rrsets<'s> {
        let start = match self.0 {
            [flags, _, len, ..] if flags & CASE != 0 => 3 + usize::from(*len),
            _ => 2,
        };
        Rrsets(self.0.get(start..).unwrap_or(&[]))
    }

    /// The rrset of this type; of RRSIG the first.
    pub(crate) fn rrset(self, rtype: Rtype) -> Option<RrsetView<'s>> {
        self.rrsets().find(|rrset| rrset.rtype.0 >= rtype.0).filter(|rrset| rrset.rtype == rtype)
    }

    /// The signatures of this type's rrset.
    pub(crate) fn signatures(self, covered: Rtype) -> Option<RrsetView<'s>> {
        self.rrsets().find(|rrset| rrset.covered() == Some(covered))
    }
}

/// Puts together a body. `cover` and flags that are not told by the rrsets are the caller's.
pub(super) fn encode(out: &mut Vec<u8>, is_apex: bool, cover: u8, case: &[u8], rrsets: &[u8]) {
    let case = &case[..case.len().min(usize::from(u8::MAX))];
    out.clear();
    let case_flag = if case.is_empty() { 0 } else { CASE };
    out.extend_from_slice(&[own_flags(is_apex, rrsets) | case_flag, cover]);
    if !case.is_empty() {
        out.push(case.len() as u8);
        out.extend_from_slice(case);
    }
    out.extend_from_slice(rrsets);
}

fn own_flags(is_apex: bool, rrsets: &[u8]) -> u8 {
    Rrsets(rrsets).fold(0, |flags, rrset| {
        flags
            | match rrset.rtype {
                Rtype::NS if !is_apex => CUT,
                Rtype::DNAME => DNAME,
                _ => 0,
            }
    })
}

/// True if names below one with these rrsets are not the zone's own data.
pub(super) fn covers(is_apex: bool, rrsets: &[u8]) -> bool {
    own_flags(is_apex, rrsets) != 0
}

/// An rrset as it lies in its zone. Signatures are an rrset for each type that they cover.
#[derive(Clone, Copy, Debug)]
pub struct RrsetView<'s> {
    rtype: Rtype,
    ttl: u32,
    rdatas: &'s [u8],
}

impl<'s> RrsetView<'s> {
    /// Its type.
    #[must_use]
    pub const fn rtype(&self) -> Rtype {
        self.rtype
    }

    /// The type that it signs, if it is RRSIG.
    #[must_use]
    pub fn covered(&self) -> Option<Rtype> {
        covered(self.rtype, self.rdatas.get(2..).unwrap_or(&[]))
    }

    /// Seconds.
    #[must_use]
    pub const fn ttl(&self) -> u32 {
        self.ttl
    }

    /// The data of each record, uncompressed, in canonical order.
    #[must_use]
    pub const fn rdatas(&self) -> Rdatas<'s> {
        Rdatas(self.rdatas)
    }

    /// How many records; never none.
    #[must_use]
    #[allow(clippy::len_without_is_empty, reason = "it is never empty")]
    pub fn len(&self) -> usize {
        self.rdatas().count()
    }

    /// What rrsets at a name are ordered by.
    pub(crate) fn order(&self) -> (u16, u16) {
        (self.rtype.0, self.covered().map_or(0, |rtype| rtype.0))
    }

    /// The bytes of all rdata with their lengths.
    pub(super) const fn bytes(&self) -> &'s [u8] {
        self.rdatas
    }
}

/// The type that a signature with this data covers (RFC 4034 section 3.1).
pub(super) fn covered(rtype: Rtype, rdata: &[u8]) -> Option<Rtype> {
    match (rtype, rdata) {
        (Rtype::RRSIG, [high, low, ..]) => Some(Rtype(u16::from_be_bytes([*high, *low]))),
        _ => None,
    }
}

/// The rrsets of a name, by type.
#[derive(Clone, Debug)]
pub struct Rrsets<'s>(&'s [u8]);

impl<'s> Rrsets<'s> {
    pub(super) const fn new(bytes: &'s [u8]) -> Self {
        Self(bytes)
    }

    /// What is not yet walked.
    pub(super) const fn rest(&self) -> &'s [u8] {
        self.0
    }
}

impl<'s> Iterator for Rrsets<'s> {
    type Item = RrsetView<'s>;

    fn next(&mut self) -> Option<RrsetView<'s>> {
        let (header, rest) = self.0.split_first_chunk::<RRSET_HEADER_LEN>()?;
        let &[r0, r1, t0, t1, t2, t3, s0, s1, s2, s3] = header;
        let size = u32::from_be_bytes([s0, s1, s2, s3]) as usize;
        let (rdatas, rest) = rest.split_at_checked(size)?;
        self.0 = rest;
        let rtype = Rtype(u16::from_be_bytes([r0, r1]));
        Some(RrsetView { rtype, ttl: u32::from_be_bytes([t0, t1, t2, t3]), rdatas })
    }
}

/// The data of an rrset's records.
#[derive(Clone, Debug, Default)]
pub struct Rdatas<'s>(&'s [u8]);

impl<'s> Iterator for Rdatas<'s> {
    type Item = &'s [u8];

    fn next(&mut self) -> Option<&'s [u8]> {
        let (len, rest) = self.0.split_first_chunk::<2>()?;
        let (rdata, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*len)))?;
        self.0 = rest;
        Some(rdata)
    }
}

/// Appends an rrset of rdata with their lengths.
pub(super) fn put_rrset(out: &mut Vec<u8>, rtype: Rtype, ttl: u32, rdatas: &[u8]) {
    out.extend_from_slice(&rtype.0.to_be_bytes());
    out.extend_from_slice(&ttl.to_be_bytes());
    out.extend_from_slice(&(rdatas.len() as u32).to_be_bytes());
    out.extend_from_slice(rdatas);
}

/// Appends one rdata with its length; the caller has checked that it is not longer than 65535 bytes.
pub(super) fn put_rdata(out: &mut Vec<u8>, rdata: &[u8]) {
    out.extend_from_slice(&(rdata.len() as u16).to_be_bytes());
    out.extend_from_slice(rdata);
}

/// Where an rrset lies in `rrsets`: `Ok` with its start, or `Err` with where it would be.
fn find(rrsets: &[u8], order: (u16, u16)) -> Result<(usize, RrsetView<'_>), usize> {
    let mut walk = Rrsets::new(rrsets);
    loop {
        let at = rrsets.len() - walk.rest().len();
        match walk.next() {
            Some(rrset) if rrset.order() < order => {}
            Some(rrset) if rrset.order() == order => return Ok((at, rrset)),
            _ => return Err(at),
        }
    }
}

/// Where `rdata` lies in the rrset: `Ok` with its range, or `Err` with where it would be.
fn find_rdata(rrset: &RrsetView<'_>, rdata: &[u8]) -> Result<std::ops::Range<usize>, usize> {
    let mut walk = rrset.rdatas();
    loop {
        let at = rrset.rdatas.len() - walk.0.len();
        match walk.next().map(|other| (compare(rrset.rtype, other, rdata), other)) {
            Some((Ordering::Less, _)) => {}
            Some((Ordering::Equal, other)) => return Ok(at..at + 2 + other.len()),
            _ => return Err(at),
        }
    }
}

fn order_of(rtype: Rtype, rdata: &[u8]) -> (u16, u16) {
    (rtype.0, covered(rtype, rdata).map_or(0, |rtype| rtype.0))
}

/// What a name has of a record.
pub(super) fn ttl_of(rrsets: &[u8], rtype: Rtype, rdata: &[u8]) -> Option<u32> {
    let (_, rrset) = find(rrsets, order_of(rtype, rdata)).ok()?;
    find_rdata(&rrset, rdata).is_ok().then_some(rrset.ttl)
}

/// Adds a record; the whole rrset gets its TTL (RFC 2181 section 5.2). True if the record is new; `None` if
/// the rrset would be too large.
pub(super) fn add(rrsets: &mut Vec<u8>, rtype: Rtype, ttl: u32, rdata: &[u8]) -> Option<bool> {
    let (start, rrset) = match find(rrsets, order_of(rtype, rdata)) {
        Ok(found) => found,
        Err(at) => {
            let mut new = Vec::with_capacity(RRSET_HEADER_LEN + 2 + rdata.len());
            let len = (rdata.len() as u16).to_be_bytes();
            put_rrset(&mut new, rtype, ttl, &[&len[..], rdata].concat());
            rrsets.splice(at..at, new);
            return Some(true);
        }
    };
    let size = rrset.rdatas.len();
    let place = find_rdata(&rrset, rdata);
    rrsets[start + 2..start + 6].copy_from_slice(&ttl.to_be_bytes());
    let Err(at) = place else {
        return Some(false);
    };
    let size = size + 2 + rdata.len();
    if size > RRSET_BYTES_MAX {
        return None;
    }
    rrsets[start + 6..start + RRSET_HEADER_LEN].copy_from_slice(&(size as u32).to_be_bytes());
    let at = start + RRSET_HEADER_LEN + at;
    rrsets.splice(at..at, (rdata.len() as u16).to_be_bytes().into_iter().chain(rdata.iter().copied()));
    Some(true)
}

/// Removes a record. False if it is not there.
pub(super) fn remove(rrsets: &mut Vec<u8>, rtype: Rtype, rdata: &[u8]) -> bool {
    let Ok((start, rrset)) = find(rrsets, order_of(rtype, rdata)) else {
        return false;
    };
    let Ok(range) = find_rdata(&rrset, rdata) else {
        return false;
    };
    let left = rrset.rdatas.len() - range.len();
    let data = start + RRSET_HEADER_LEN;
    if left == 0 {
        rrsets.drain(start..data + range.len());
    } else {
        rrsets[start + 6..data].copy_from_slice(&(left as u32).to_be_bytes());
        rrsets.drain(data + range.start..data + range.end);
    }
    true
}

/// Keeps only the rrsets that `keep` is true of. True if all were kept.
pub(super) fn retain(rrsets: &mut Vec<u8>, keep: impl Fn(&RrsetView<'_>) -> bool) -> bool {
    let mut kept = Vec::with_capacity(rrsets.len());
    for rrset in Rrsets::new(rrsets).filter(keep) {
        put_rrset(&mut kept, rrset.rtype, rrset.ttl, rrset.rdatas);
    }
    let all = kept.len() == rrsets.len();
    *rrsets = kept;
    all
}
