//! The naive model: names in order, each with its rrsets; every fact is looked for from scratch.

use crate::name::{Name, NameRef};
use crate::rr::{Rtype, canonical_rdata};
use crate::serial::Serial;
use std::collections::BTreeMap;

/// Owner, type, TTL, data.
pub(super) type Line = (Name, Rtype, u32, Vec<u8>);

/// TTL, and data by its canonical form.
type Rrset = (u32, BTreeMap<Vec<u8>, Vec<u8>>);

pub(super) struct Model {
    pub(super) apex: Name,
    pub(super) serial: Serial,
    names: BTreeMap<Name, BTreeMap<(u16, u16), Rrset>>,
}

pub(super) fn soa(serial: u32) -> Vec<u8> {
    let mut rdata = b"\x02ns\x00\x05admin\x00".to_vec();
    for number in [serial, 3600, 600, 86_400, 300] {
        rdata.extend_from_slice(&number.to_be_bytes());
    }
    rdata
}

fn canonical(rtype: Rtype, rdata: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    canonical_rdata(rtype, rdata, &mut out).unwrap();
    out
}

fn order(rtype: Rtype, rdata: &[u8]) -> (u16, u16) {
    let covered = if rtype == Rtype::RRSIG { u16::from_be_bytes([rdata[0], rdata[1]]) } else { 0 };
    (rtype.0, covered)
}

fn is_hashed(order: (u16, u16)) -> bool {
    order.0 == Rtype::NSEC3.0 || order == (Rtype::RRSIG.0, Rtype::NSEC3.0)
}

impl Model {
    pub(super) fn new(apex: &Name) -> Self {
        let mut model = Self { apex: apex.clone(), serial: Serial(1), names: BTreeMap::new() };
        model.add(apex, Rtype::SOA, 3600, &soa(1));
        model
    }

    pub(super) fn soa(&self) -> Serial {
        let rrset = &self.names[&self.apex][&(Rtype::SOA.0, 0)];
        let rdata = rrset.1.values().next().unwrap();
        let at = rdata.len() - 20;
        Serial(u32::from_be_bytes(rdata[at..at + 4].try_into().unwrap()))
    }

    pub(super) fn set_serial(&mut self, serial: Serial) {
        let apex = self.apex.clone();
        let ttl = self.names[&apex][&(Rtype::SOA.0, 0)].0;
        self.add(&apex, Rtype::SOA, ttl, &soa(serial.0));
    }

    pub(super) fn add(&mut self, owner: &Name, rtype: Rtype, ttl: u32, rdata: &[u8]) -> bool {
        let rrsets = self.names.entry(owner.clone()).or_default();
        let rrset = rrsets.entry(order(rtype, rdata)).or_default();
        let key = canonical(rtype, rdata);
        let is_new = !rrset.1.contains_key(&key);
        let changed = is_new || rrset.0 != ttl;
        if is_new && matches!(rtype, Rtype::SOA | Rtype::CNAME | Rtype::DNAME) {
            rrset.1.clear();
        }
        rrset.0 = ttl;
        rrset.1.entry(key).or_insert_with(|| rdata.to_vec());
        changed
    }

    pub(super) fn remove(&mut self, owner: &Name, rtype: Rtype, rdata: &[u8]) -> bool {
        let Some(rrsets) = self.names.get_mut(owner) else {
            return false;
        };
        let Some(rrset) = rrsets.get_mut(&order(rtype, rdata)) else {
            return false;
        };
        let removed = rrset.1.remove(&canonical(rtype, rdata)).is_some();
        rrsets.retain(|_, rrset| !rrset.1.is_empty());
        self.names.retain(|_, rrsets| !rrsets.is_empty());
        removed
    }

    pub(super) fn remove_where(&mut self, owner: &Name, gone: impl Fn(Rtype) -> bool) -> bool {
        let Some(rrsets) = self.names.get_mut(owner) else {
            return false;
        };
        let before = rrsets.len();
        rrsets.retain(|order, _| !gone(Rtype(order.0)));
        let any = rrsets.len() < before;
        self.names.retain(|_, rrsets| !rrsets.is_empty());
        any
    }

    /// Type, TTL and count of each rrset of a name; what belongs to NSEC3 last.
    pub(super) fn rrsets(&self, owner: &Name) -> Vec<(Rtype, u32, usize)> {
        let Some(rrsets) = self.names.get(owner) else {
            return Vec::new();
        };
        let of = |hashed| {
            let those = rrsets.iter().filter(move |(order, _)| is_hashed(**order) == hashed);
            those.map(|(order, rrset)| (Rtype(order.0), rrset.0, rrset.1.len()))
        };
        of(false).chain(of(true)).collect()
    }

    /// All records with their data as it was added, the SOA first, in the order of a walk.
    pub(super) fn records(&self) -> Vec<Line> {
        let (mut records, soa) = (Vec::new(), (Rtype::SOA.0, 0));
        let mut push = |owner: &Name, order: &(u16, u16), rrset: &Rrset| {
            let lines = rrset.1.values().map(|rdata| (owner.clone(), Rtype(order.0), rrset.0, rdata.clone()));
            records.extend(lines);
        };
        push(&self.apex, &soa, &self.names[&self.apex][&soa]);
        for (owner, rrsets) in &self.names {
            for hashed in [false, true] {
                let those = rrsets.iter().filter(|(order, _)| **order != soa && is_hashed(**order) == hashed);
                those.for_each(|(order, rrset)| push(owner, order, rrset));
            }
        }
        records
    }

    pub(super) fn lines(&self) -> Vec<Line> {
        let records = self.records().into_iter();
        records.map(|(owner, rtype, ttl, rdata)| (owner, rtype, ttl, canonical(rtype, &rdata))).collect()
    }

    /// It has records other than those of NSEC3.
    pub(super) fn exists(&self, name: &Name) -> bool {
        self.names.get(name).is_some_and(|rrsets| rrsets.keys().any(|&order| !is_hashed(order)))
    }

    fn existing(&self) -> impl DoubleEndedIterator<Item = &Name> {
        self.names.keys().filter(|name| self.exists(name))
    }

    pub(super) fn exists_below(&self, name: &Name) -> bool {
        self.existing().any(|other| other != name && other.as_ref().is_at_or_below(name.as_ref()))
    }

    pub(super) fn encloser(&self, name: &Name) -> usize {
        let exists = |name: NameRef<'_>| self.exists(&name.to_name()) || self.exists_below(&name.to_name());
        let labels = (0..=name.as_ref().label_count()).rev();
        labels.into_iter().find(|&labels| exists(name.as_ref().suffix(labels).unwrap())).unwrap()
    }

    pub(super) fn cover(&self, name: &Name) -> Option<usize> {
        let apex = self.apex.as_ref().label_count();
        (apex..=name.as_ref().label_count()).find(|&labels| {
            let ancestor = name.as_ref().suffix(labels).unwrap().to_name();
            let has = |rtype: Rtype| self.names.get(&ancestor).is_some_and(|r| r.contains_key(&(rtype.0, 0)));
            has(Rtype::DNAME) || (labels > apex && has(Rtype::NS))
        })
    }

    pub(super) fn before(&self, name: &Name) -> Option<Name> {
        self.existing().rfind(|other| *other < name).cloned()
    }
}

/// Numbers that look random, the same for each seed.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }

    fn of<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    /// A name in the zone, of few labels, so that names are often above each other.
    pub(super) fn name(&mut self, apex: &Name) -> Name {
        let labels: [&[u8]; 9] = [b"a", b"A", b"b", b"c", b"*", b"\0", b"\x01", b"a\0", b"long-label"];
        let mut name = apex.clone();
        for _ in 0..self.below(5) {
            name = name.child(self.of(&labels)).unwrap();
        }
        name
    }

    /// A record's type and data.
    pub(super) fn data(&mut self) -> (Rtype, Vec<u8>) {
        let names: [&[u8]; 5] = [b"\0", b"\x01a\0", b"\x01A\0", b"\x01b\x01a\0", b"\x02aa\0"];
        let signature = |covered: Rtype, key: u8| {
            [&covered.0.to_be_bytes()[..], &[8, 1, 0, 0, 1, 44], &[0; 8], &[0, key, 0, 1, 2]].concat()
        };
        match self.below(12) {
            0..3 => (Rtype::A, vec![10, 0, 0, self.below(5) as u8]),
            3 => (Rtype::AAAA, vec![self.below(3) as u8; 16]),
            4..6 => (Rtype::NS, self.of(&names).to_vec()),
            6 => (Rtype::DNAME, self.of(&names).to_vec()),
            7 => (Rtype::CNAME, self.of(&names).to_vec()),
            8 => {
                let text = vec![b'x'; self.below(250)];
                (Rtype::TXT, [&[text.len() as u8][..], &text].concat())
            }
            9 => (Rtype::MX, [&[0, self.below(3) as u8][..], self.of(&names)].concat()),
            10 => {
                let covered = self.of(&[Rtype::A, Rtype::NS, Rtype::NSEC3]);
                (Rtype::RRSIG, signature(covered, self.below(2) as u8))
            }
            _ => (Rtype::NSEC3, vec![1, 0, 0, self.below(3) as u8, 0, 2, 7, 7]),
        }
    }
}
