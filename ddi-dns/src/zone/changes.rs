//! Names that are being changed, and the next snapshot made of them.

use super::body::{self, Body, RrsetView, Rrsets, UNCOVERED};
use super::error::ZoneError;
use super::lookup::cover_of;
use super::owner::{Apex, OwnerBuf};
use super::snapshot::{Counts, Snapshot, Soa, Top, Which};
use super::tail::Tails;
use super::tree::Tree;
use crate::name::NameRef;
use crate::rr::{Rtype, check_rdata};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Changes upon a snapshot, name by name in the order of their keys.
#[derive(Clone, Debug)]
pub(super) struct Changes {
    pub(super) base: Snapshot,
    names: BTreeMap<(Which, Box<[u8]>), Changed>,
}

/// A name as it shall be.
#[derive(Clone, Debug)]
struct Changed {
    case: Vec<u8>,
    /// In the form that a body has them.
    rrsets: Vec<u8>,
}

impl Changes {
    pub(super) const fn new(base: Snapshot) -> Self {
        Self { base, names: BTreeMap::new() }
    }

    /// The rrsets of a name as they would be, to be changed.
    pub(super) fn rrsets_mut(&mut self, which: Which, owner: NameRef<'_>) -> Result<&mut Vec<u8>, ZoneError> {
        let Some(key) = self.base.apex.key_of(owner) else {
            return Err(ZoneError::OutOfZone { owner: owner.to_name() });
        };
        let key = key.as_bytes();
        let base = &self.base;
        let changed = self.names.entry((which, key.into())).or_insert_with(|| {
            let body = base.tree(which).get(key).map(Body::new);
            let case = body.map_or_else(|| case_of(&base.apex, key, owner), |body| body.case().to_vec());
            Changed { case, rrsets: rrsets_of(body).to_vec() }
        });
        Ok(&mut changed.rrsets)
    }

    /// The rrsets of a name as they would be.
    pub(super) fn rrsets(&self, which: Which, owner: NameRef<'_>) -> Rrsets<'_> {
        let Some(key) = self.base.apex.key_of(owner) else {
            return Rrsets::new(&[]);
        };
        let key = key.as_bytes();
        if self.names.is_empty() {
            return Rrsets::new(rrsets_of(self.base.tree(which).get(key).map(Body::new)));
        }
        match self.names.get(&(which, key.into())) {
            Some(changed) => Rrsets::new(&changed.rrsets),
            None => Rrsets::new(rrsets_of(self.base.tree(which).get(key).map(Body::new))),
        }
    }

    /// Calls `visit` with each name that differs from the base: its owner, what it had and what it has.
    pub(super) fn each(&self, mut visit: impl FnMut(NameRef<'_>, Rrsets<'_>, Rrsets<'_>)) {
        let mut owner = OwnerBuf::default();
        for ((which, key), changed) in &self.names {
            let before = rrsets_of(self.base.tree(*which).get(key).map(Body::new));
            if before != changed.rrsets {
                owner.set(&self.base.apex, (key, &[]));
                owner.spell(&changed.case);
                visit(owner.name(), Rrsets::new(before), Rrsets::new(&changed.rrsets));
            }
        }
    }

    /// The SOA as it would be.
    pub(super) fn soa(&self) -> Option<Soa<'_>> {
        let mut rrsets = self.rrsets(Which::Names, self.base.apex());
        let rrset = rrsets.find(|rrset| rrset.rtype() == Rtype::SOA)?;
        let mut rdatas = rrset.rdatas();
        let soa = Soa::parse(rdatas.next()?, rrset.ttl());
        soa.filter(|_| rdatas.next().is_none())
    }

    /// The base with the changes.
    pub(super) fn snapshot(&self) -> Result<Snapshot, ZoneError> {
        let mut next = self.base.clone();
        let mut bytes = Vec::new();
        for ((which, key), changed) in &self.names {
            match which {
                Which::Names if put_name(&mut next, key, changed, &mut bytes) && key.is_empty() => {
                    next.top = Arc::new(Top::of(&bytes).ok_or(ZoneError::NoSoa)?);
                }
                Which::Names => {}
                Which::Hashed => put_hashed(&mut next, key, changed, &mut bytes),
            }
        }
        next.tails = Arc::new(Tails::of(&next));
        Ok(next)
    }
}

fn rrsets_of(body: Option<Body<'_>>) -> &[u8] {
    body.map_or(&[], |body| body.rrsets().rest())
}

/// How `owner` differs from the lower-case spelling of its key.
pub(super) fn case_of(apex: &Apex, key: &[u8], owner: NameRef<'_>) -> Vec<u8> {
    let mut plain = OwnerBuf::default();
    plain.set(apex, (key, &[]));
    plain.case_of(owner)
}

fn put(tree: &mut Tree, key: &[u8], is_empty: bool, bytes: &[u8]) {
    if is_empty {
        tree.remove(key);
    } else {
        tree.insert(key, bytes);
    }
}

/// Puts a name and, where it starts or ends to be a cut or to have a DNAME, tells the names below it. False if
/// it is as it was.
fn put_name(next: &mut Snapshot, key: &[u8], changed: &Changed, bytes: &mut Vec<u8>) -> bool {
    let Snapshot { apex, names, counts, .. } = next;
    let around = names.around(key);
    let before = rrsets_of(around.exact().map(Body::new));
    if before == changed.rrsets {
        return false;
    }
    counts.replace(apex, key, before, &changed.rrsets);
    let above = around.before().and_then(|item| cover_of(apex, &item, &key[..item.shared_with(key)]));
    let (is_apex, labels) = (key.is_empty(), apex.labels_of(key));
    let covered = body::covers(is_apex, before);
    let covers = body::covers(is_apex, &changed.rrsets);
    let cover = above.unwrap_or(if covers { labels } else { UNCOVERED });
    body::encode(bytes, is_apex, cover, &changed.case, &changed.rrsets);
    put(names, key, changed.rrsets.is_empty(), bytes);
    if covers != covered && above.is_none() {
        cover_below(apex, names, key, covers);
    }
    true
}

/// Puts what belongs to NSEC3.
fn put_hashed(next: &mut Snapshot, key: &[u8], changed: &Changed, bytes: &mut Vec<u8>) {
    let before = rrsets_of(next.hashed.get(key).map(Body::new));
    if before != changed.rrsets {
        next.counts.replace(&next.apex, key, before, &changed.rrsets);
        body::encode(bytes, false, UNCOVERED, &changed.case, &changed.rrsets);
        put(&mut next.hashed, key, changed.rrsets.is_empty(), bytes);
    }
}

/// Sets what the names below `key` know of their topmost cut or DNAME. Nothing above `key` covers them.
fn cover_below(apex: &Apex, names: &mut Tree, key: &[u8], covers: bool) {
    let mut top = Cover::default();
    if covers {
        top.enter(apex, key);
    }
    let (mut stale, mut cursor) = (Vec::new(), names.seek(key));
    while let Some((below, bytes)) = cursor.next() {
        if !below.starts_with(key) {
            break;
        }
        if below.len() == key.len() {
            continue;
        }
        let body = Body::new(bytes);
        let cover = top.of(apex, below, body.is_cut() || body.has_dname());
        if body.cover().unwrap_or(UNCOVERED) != cover {
            stale.push((below.to_vec(), cover));
        }
    }
    let mut bytes = Vec::new();
    for (key, cover) in stale {
        let body = Body::new(names.get(&key).unwrap_or(&[]));
        body::encode(&mut bytes, false, cover, body.case(), body.rrsets().rest());
        names.insert(&key, &bytes);
    }
}

/// The topmost cut or DNAME above names that come in the order of their keys.
#[derive(Debug, Default)]
pub(super) struct Cover {
    key: Vec<u8>,
    labels: Option<u8>,
}

impl Cover {
    fn enter(&mut self, apex: &Apex, key: &[u8]) {
        key.clone_into(&mut self.key);
        self.labels = Some(apex.labels_of(key));
    }

    /// What the next name's body says: the name is covered, or covers what is below it.
    pub(super) fn of(&mut self, apex: &Apex, key: &[u8], covers: bool) -> u8 {
        if !key.starts_with(&self.key) {
            self.labels = None;
        }
        if self.labels.is_none() && covers {
            self.enter(apex, key);
        }
        self.labels.unwrap_or(UNCOVERED)
    }
}

impl Counts {
    /// A name's rrsets become others.
    pub(super) fn replace(&mut self, apex: &Apex, key: &[u8], before: &[u8], after: &[u8]) {
        let owner_len = apex.wire_len_of(key) as u64;
        let (records, bytes) = count(owner_len, before);
        self.records -= records;
        self.wire_len -= bytes;
        let (records, bytes) = count(owner_len, after);
        self.records += records;
        self.wire_len += bytes;
        if key.contains(&b'*') && key.split(|&byte| byte == 0).any(|label| label == b"*") {
            self.wildcards -= u64::from(!before.is_empty());
            self.wildcards += u64::from(!after.is_empty());
        }
    }
}

/// How many records, and how many bytes in wire form.
fn count(owner_len: u64, rrsets: &[u8]) -> (u64, u64) {
    Rrsets::new(rrsets).fold((0, 0), |(records, bytes), rrset| {
        let len = rrset.len() as u64;
        // In a body each rdata has its length before it, which is among the ten bytes of a record.
        (records + len, bytes + len * (owner_len + 8) + rrset.bytes().len() as u64)
    })
}

/// One that is above the most means none (RFC 2181 section 8).
pub(crate) const fn legal_ttl(ttl: u32) -> u32 {
    if ttl > i32::MAX as u32 { 0 } else { ttl }
}

/// True of what may be in this zone. The data must be uncompressed.
pub(super) fn check_record(
    apex: NameRef<'_>,
    owner: NameRef<'_>,
    rtype: Rtype,
    rdata: &[u8],
) -> Result<(), ZoneError> {
    if rtype.is_meta() {
        return Err(ZoneError::MetaType { owner: owner.to_name(), rtype });
    }
    if rtype == Rtype::SOA && owner != apex {
        return Err(ZoneError::SoaNotAtApex { owner: owner.to_name() });
    }
    let too_long = rdata.len() > usize::from(u16::MAX);
    let checked = if too_long { Err(crate::rr::RdataError::TooLong) } else { check_rdata(rtype, rdata) };
    checked.map_err(|source| ZoneError::Rdata { owner: owner.to_name(), rtype, source })
}

/// True if the rrset is of this type.
pub(super) fn is(rtype: Rtype) -> impl Fn(&RrsetView<'_>) -> bool {
    move |rrset| rrset.rtype() == rtype
}
