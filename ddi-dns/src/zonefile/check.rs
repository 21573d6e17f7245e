//! What is wrong with a zone as a whole, although each of its records is fine.
//!
//! Signatures are not verified, and not compared with a clock: what is checked is that they are there, and
//! fit the data, the keys and the chain of NSEC or NSEC3 records.

mod chain;
mod child;
mod fault;
mod hashed;
mod keys;
mod plain;
mod signatures;

pub use fault::{FAULTS_MAX, ZoneFault, ZoneFaultKind};

use crate::delta::RecordRef;
use crate::name::Name;
use crate::rr::Rtype;
use crate::zone::Snapshot;
use chain::Chain;
use fault::Faults;
use keys::Keys;

/// All faults of the zone, in the order of its names; at most [`FAULTS_MAX`].
#[must_use]
pub fn check(zone: &Snapshot) -> Vec<ZoneFault> {
    let mut check = Check::new(zone);
    let mut node = Node::at(zone.apex().to_name());
    let mut walk = zone.walk();
    while let Some(record) = walk.next() {
        if record.owner != node.owner.as_ref() {
            check.node(&node);
            node = Node::at(record.owner.to_name());
        }
        node.add(&record);
    }
    check.node(&node);
    check.end()
}

/// A name and what it has.
struct Node {
    owner: Name,
    /// Once each, in no order.
    types: Vec<Rtype>,
    /// The types that its signatures cover.
    covered: Vec<Rtype>,
}

impl Node {
    const fn at(owner: Name) -> Self {
        Self { owner, types: Vec::new(), covered: Vec::new() }
    }

    fn add(&mut self, record: &RecordRef<'_>) {
        if self.types.last() != Some(&record.rtype) {
            self.types.push(record.rtype);
        }
        if let (Rtype::RRSIG, Some(&covered)) = (record.rtype, record.rdata.first_chunk()) {
            let covered = Rtype(u16::from_be_bytes(covered));
            if !self.covered.contains(&covered) {
                self.covered.push(covered);
            }
        }
    }

    fn has(&self, rtype: Rtype) -> bool {
        self.types.contains(&rtype)
    }

    /// True for the owner of an NSEC3 and of nothing else but its signatures.
    fn is_hashed(&self) -> bool {
        self.has(Rtype::NSEC3) && self.types.iter().all(|rtype| matches!(*rtype, Rtype::NSEC3 | Rtype::RRSIG))
    }
}

/// Where a name stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The zone's own.
    Own,
    /// A delegation.
    Cut,
    /// Below one: glue, or hidden.
    Below,
}

struct Check<'z> {
    zone: &'z Snapshot,
    faults: Faults,
    /// The delegation and the DNAME that the walk is at or below.
    cut: Option<Name>,
    dname: Option<Name>,
    /// Of a signed zone.
    keys: Option<Keys>,
    chain: Chain,
}

impl<'z> Check<'z> {
    fn new(zone: &'z Snapshot) -> Self {
        let mut faults = Faults::default();
        let is_signed = zone.get(zone.apex(), Rtype::DNSKEY).is_some()
            || zone.signatures(zone.apex(), Rtype::SOA).is_some();
        let keys = is_signed.then(|| Keys::of(zone, &mut faults));
        let chain = if is_signed { Chain::of(zone, &mut faults) } else { Chain::None };
        child::check(zone, &mut faults);
        Self { zone, faults, cut: None, dname: None, keys, chain }
    }

    fn node(&mut self, node: &Node) {
        if node.is_hashed() {
            return self.signatures(node, Place::Own);
        }
        let place = self.place(node);
        if place != Place::Below {
            self.plain(node);
        }
        self.signatures(node, place);
        let chain = std::mem::replace(&mut self.chain, Chain::None);
        self.chain = chain.node(node, place, self.zone, &mut self.faults);
    }

    fn place(&mut self, node: &Node) -> Place {
        let owner = node.owner.as_ref();
        self.cut.take_if(|cut| !owner.is_at_or_below(cut.as_ref()));
        self.dname.take_if(|dname| !owner.is_at_or_below(dname.as_ref()));
        if let Some(dname) = self.dname.take() {
            // Told once.
            self.faults.add(dname.as_ref(), ZoneFaultKind::BelowDname);
        }
        if self.cut.is_some() {
            return Place::Below;
        }
        if node.has(Rtype::DNAME) {
            self.dname = Some(node.owner.clone());
        }
        let is_cut = owner != self.zone.apex() && (node.has(Rtype::NS) || node.has(Rtype::DELEG));
        if is_cut {
            self.cut = Some(node.owner.clone());
            return Place::Cut;
        }
        Place::Own
    }

    fn end(mut self) -> Vec<ZoneFault> {
        self.chain.end(self.zone, &mut self.faults);
        self.faults.into()
    }
}
