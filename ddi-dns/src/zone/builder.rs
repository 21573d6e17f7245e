//! A snapshot from records in any order.

mod sort;

use super::body::{self, RRSET_BYTES_MAX, UNCOVERED};
use super::changes::{Cover, case_of, check_record, legal_ttl};
use super::error::ZoneError;
use super::owner::{Apex, OwnerBuf};
use super::snapshot::{Counts, Snapshot, Top, Which};
use super::tail::Tails;
use super::tree::TreeBuilder;
use crate::name::NameRef;
use crate::rr::Rtype;
use sort::{Pushed, Record};
use std::sync::Arc;

/// Makes a zone of records that come in any order: it keeps them as they come and sorts them at the end.
///
/// The same record twice is one (RFC 2181 section 5). An rrset whose records come with different TTLs gets
/// the lowest (section 5.2), and a name whose records spell it differently one of the spellings.
#[derive(Debug)]
pub struct Builder {
    apex: Arc<Apex>,
    pushed: Pushed,
    /// The SOA's data.
    soa: Option<Box<[u8]>>,
}

impl Builder {
    /// A zone of this name.
    #[must_use]
    pub fn new(apex: NameRef<'_>) -> Self {
        Self { apex: Arc::new(Apex::new(apex)), pushed: Pushed::default(), soa: None }
    }

    /// The zone's name.
    #[must_use]
    pub fn apex(&self) -> NameRef<'_> {
        self.apex.name.as_ref()
    }

    /// How many records it was given.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.pushed.len()
    }

    /// True if it was given none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes a record of class IN; data uncompressed. A TTL above 2^31-1 is 0 (RFC 2181 section 8).
    pub fn push(
        &mut self,
        owner: NameRef<'_>,
        rtype: Rtype,
        ttl: u32,
        rdata: &[u8],
    ) -> Result<(), ZoneError> {
        check_record(self.apex(), owner, rtype, rdata)?;
        let ttl = legal_ttl(ttl);
        if rtype == Rtype::SOA {
            let soa = self.soa.get_or_insert_with(|| rdata.into());
            if super::rdata::compare(rtype, soa, rdata).is_ne() {
                return Err(ZoneError::ManySoas);
            }
        }
        if let Some(labels) = plain_labels(&self.apex, owner) {
            self.pushed.push_plain(labels, rtype, ttl, rdata);
            return Ok(());
        }
        let Some(key) = self.apex.key_of(owner) else {
            return Err(ZoneError::OutOfZone { owner: owner.to_name() });
        };
        let key = key.as_bytes();
        let case = case_of(&self.apex, key, owner);
        self.pushed.push(&Record { key, case: &case, rtype, ttl, rdata });
        Ok(())
    }

    /// The zone.
    pub fn finish(mut self) -> Result<Snapshot, ZoneError> {
        self.pushed.sort();
        let mut maker = Maker::new(Arc::clone(&self.apex));
        for record in self.pushed.iter() {
            maker.take(&record)?;
        }
        drop(self.pushed);
        maker.finish()
    }
}

/// The labels below the apex, without a root byte, if the owner is spelled as its key and the apex are and
/// has no byte that a key must escape: as nearly all are.
fn plain_labels<'a>(apex: &Apex, owner: NameRef<'a>) -> Option<&'a [u8]> {
    let labels = owner.wire().strip_suffix(apex.name.as_ref().wire())?;
    let mut rest = labels;
    while let Some((&len, tail)) = rest.split_first() {
        let (label, tail) = tail.split_at_checked(usize::from(len))?;
        if label.iter().any(|byte| *byte <= 1 || byte.is_ascii_uppercase()) {
            return None;
        }
        rest = tail;
    }
    Some(labels)
}

/// Puts sorted records together.
struct Maker {
    apex: Arc<Apex>,
    trees: [TreeBuilder; 2],
    counts: Counts,
    cover: Cover,
    /// The name that is being put together, in each tree.
    key: Vec<u8>,
    case: Vec<u8>,
    rrsets: [Vec<u8>; 2],
    /// The rrset that is being put together.
    rrset: Option<(Rtype, Option<Rtype>)>,
    ttl: u32,
    rdatas: Vec<u8>,
    /// Where the last of them starts.
    last: usize,
    bytes: Vec<u8>,
}

impl Maker {
    fn new(apex: Arc<Apex>) -> Self {
        Self {
            apex,
            trees: Default::default(),
            counts: Counts::default(),
            cover: Cover::default(),
            key: Vec::new(),
            case: Vec::new(),
            rrsets: Default::default(),
            rrset: None,
            ttl: 0,
            rdatas: Vec::new(),
            last: 0,
            bytes: Vec::new(),
        }
    }

    fn take(&mut self, record: &Record<'_>) -> Result<(), ZoneError> {
        let rrset = Some((record.rtype, body::covered(record.rtype, record.rdata)));
        let same_name = self.rrset.is_some() && self.key == record.key;
        if !same_name || self.rrset != rrset {
            self.end_rrset();
            if !same_name {
                self.end_name();
                record.key.clone_into(&mut self.key);
                record.case.clone_into(&mut self.case);
            }
            (self.rrset, self.ttl) = (rrset, record.ttl);
        } else {
            self.ttl = self.ttl.min(record.ttl);
            if super::rdata::compare(record.rtype, &self.rdatas[self.last..], record.rdata).is_eq() {
                return Ok(());
            }
            if self.rdatas.len() + 2 + record.rdata.len() > RRSET_BYTES_MAX {
                return Err(ZoneError::RrsetTooLarge { owner: self.owner(), rtype: record.rtype });
            }
        }
        body::put_rdata(&mut self.rdatas, record.rdata);
        self.last = self.rdatas.len() - record.rdata.len();
        Ok(())
    }

    fn owner(&self) -> crate::name::Name {
        let mut owner = OwnerBuf::default();
        owner.set(&self.apex, (&self.key, &[]));
        owner.name().to_name()
    }

    fn end_rrset(&mut self) {
        if let Some((rtype, covered)) = self.rrset {
            let rrsets = &mut self.rrsets[Which::of(rtype, covered) as usize];
            body::put_rrset(rrsets, rtype, self.ttl, &self.rdatas);
            self.rdatas.clear();
        }
    }

    fn end_name(&mut self) {
        let is_apex = self.key.is_empty();
        for which in [Which::Names, Which::Hashed] {
            let rrsets = &self.rrsets[which as usize];
            if rrsets.is_empty() {
                continue;
            }
            self.counts.replace(&self.apex, &self.key, &[], rrsets);
            let cover = match which {
                Which::Names => self.cover.of(&self.apex, &self.key, body::covers(is_apex, rrsets)),
                Which::Hashed => UNCOVERED,
            };
            body::encode(&mut self.bytes, is_apex, cover, &self.case, rrsets);
            self.trees[which as usize].push(&self.key, &self.bytes);
            self.rrsets[which as usize].clear();
        }
    }

    fn finish(mut self) -> Result<Snapshot, ZoneError> {
        self.end_rrset();
        self.end_name();
        let [names, hashed] = self.trees.map(TreeBuilder::finish);
        let top = names.get(&[]).and_then(Top::of).ok_or(ZoneError::NoSoa)?;
        let (top, tails) = (Arc::new(top), Arc::default());
        let mut snapshot = Snapshot { apex: self.apex, names, hashed, top, tails, counts: self.counts };
        snapshot.tails = Arc::new(Tails::of(&snapshot));
        Ok(snapshot)
    }
}
