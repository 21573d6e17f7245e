//! The chain of NSEC3 records (RFC 5155 section 7.1).

use super::chain::{expected_types, types_of};
use super::fault::{Faults, ZoneFaultKind as Kind};
use super::{Node, Place};
use crate::answer::{NSEC3_ITERATIONS_MAX, nsec3_hash};
use crate::name::{Name, NameRef};
use crate::rr::Rtype;
use crate::zone::Snapshot;
use crate::zonefile::binary::{base32, write_base32};

const HASH_LEN: usize = 20;
const SHA1: u8 = 1;
const OPT_OUT: u8 = 1;

type Hash = [u8; HASH_LEN];

/// An NSEC3.
struct Link {
    hash: Hash,
    next: Hash,
    is_opt_out: bool,
    types: Vec<Rtype>,
    is_used: bool,
}

/// The chain, and where the walk stands.
pub(super) struct Hashed {
    iterations: u16,
    salt: Vec<u8>,
    /// In the order of their hashes.
    links: Vec<Link>,
    last: Option<Name>,
    /// Empty non-terminals without an NSEC3, which is fine if all below them are opted out.
    open: Vec<Name>,
}

impl Hashed {
    /// The zone's chain; `None` if it can't be checked.
    pub(super) fn of(zone: &Snapshot, faults: &mut Faults) -> Option<Self> {
        let params = zone.get(zone.apex(), Rtype::NSEC3PARAM)?;
        let &[algorithm, flags, high, low, salt_len, ref rest @ ..] = params.rdatas().next()? else {
            return None;
        };
        if flags != 0 {
            faults.add(zone.apex(), Kind::Nsec3ParamFlags);
        }
        let (iterations, salt) = (u16::from_be_bytes([high, low]), rest.get(..usize::from(salt_len))?);
        if iterations > NSEC3_ITERATIONS_MAX || algorithm != SHA1 {
            faults.add(zone.apex(), Kind::Nsec3Iterations(iterations));
            return None;
        }
        let mut walk = zone.walk();
        let mut links = Vec::new();
        while let Some(record) = walk.next() {
            if record.rtype == Rtype::NSEC3 {
                links.extend(link(record.owner, record.rdata, iterations, salt));
            }
        }
        links.sort_unstable_by_key(|link: &Link| link.hash);
        for (i, link) in links.iter().enumerate() {
            if link.next != links[(i + 1) % links.len()].hash {
                add(zone, &link.hash, Kind::Nsec3Chain, faults);
            }
        }
        Some(Self { iterations, salt: salt.to_vec(), links, last: None, open: Vec::new() })
    }

    fn hash(&self, name: NameRef<'_>) -> Hash {
        nsec3_hash(name, self.iterations, &self.salt)
    }

    /// The place of the name's NSEC3, or of the one that its hash would follow.
    fn find(&self, hash: &Hash) -> Result<usize, Option<usize>> {
        let found = self.links.binary_search_by_key(hash, |link| link.hash);
        found.map_err(|place| place.checked_sub(1).or(self.links.len().checked_sub(1)))
    }

    pub(super) fn node(&mut self, node: &Node, place: Place, zone: &Snapshot, faults: &mut Faults) {
        let owner = node.owner.as_ref();
        self.open.retain(|open| owner.is_at_or_below(open.as_ref()));
        if place != Place::Below {
            self.empty_non_terminals(owner, zone, faults);
            let is_insecure = place == Place::Cut && !node.has(Rtype::DS);
            let is_proved = self.prove(owner, &expected_types(node, place), is_insecure, faults);
            if is_proved || !is_insecure {
                for open in self.open.drain(..) {
                    faults.add(open.as_ref(), Kind::NoNsec3);
                }
            }
        }
        self.last = Some(node.owner.clone());
    }

    /// Checks the name's NSEC3; true if there is one.
    fn prove(&mut self, owner: NameRef<'_>, types: &[Rtype], is_insecure: bool, faults: &mut Faults) -> bool {
        match self.find(&self.hash(owner)) {
            Ok(found) => {
                self.links[found].is_used = true;
                if self.links[found].types != types {
                    faults.add(owner, Kind::Nsec3Types);
                }
                return true;
            }
            Err(Some(before)) if is_insecure => {
                if !self.links[before].is_opt_out {
                    faults.add(owner, Kind::Nsec3OptOut);
                }
            }
            Err(_) => faults.add(owner, Kind::NoNsec3),
        }
        false
    }

    /// The names between the last one and this that only have names below them.
    fn empty_non_terminals(&mut self, owner: NameRef<'_>, zone: &Snapshot, faults: &mut Faults) {
        let mut names = Vec::new();
        let mut above = owner.parent();
        while let Some(name) = above.filter(|name| name.is_at_or_below(zone.apex())) {
            if self.last.as_ref().is_none_or(|last| last.as_ref().is_at_or_below(name)) {
                break;
            }
            names.push(name.to_name());
            above = name.parent();
        }
        for name in names.into_iter().rev() {
            match self.find(&self.hash(name.as_ref())) {
                Ok(found) => {
                    self.links[found].is_used = true;
                    if !self.links[found].types.is_empty() {
                        faults.add(name.as_ref(), Kind::Nsec3Types);
                    }
                }
                Err(Some(before)) if self.links[before].is_opt_out => self.open.push(name),
                Err(_) => faults.add(name.as_ref(), Kind::NoNsec3),
            }
        }
    }

    pub(super) fn end(&self, zone: &Snapshot, faults: &mut Faults) {
        for link in self.links.iter().filter(|link| !link.is_used) {
            add(zone, &link.hash, Kind::Nsec3OfNothing, faults);
        }
    }
}

/// The NSEC3, if it is of this chain.
fn link(owner: NameRef<'_>, rdata: &[u8], iterations: u16, salt: &[u8]) -> Option<Link> {
    let mut hash = Vec::new();
    base32(owner.labels().next()?, &mut hash).ok()?;
    let &[algorithm, flags, high, low, salt_len, ref rest @ ..] = rdata else { return None };
    let (own_salt, rest) = rest.split_at_checked(usize::from(salt_len))?;
    let (&next_len, rest) = rest.split_first()?;
    let (next, types) = rest.split_at_checked(usize::from(next_len))?;
    if (algorithm, u16::from_be_bytes([high, low]), own_salt) != (SHA1, iterations, salt) {
        return None;
    }
    Some(Link {
        hash: hash.try_into().ok()?,
        next: next.try_into().ok()?,
        is_opt_out: flags & OPT_OUT != 0,
        types: types_of(types),
        is_used: false,
    })
}

fn add(zone: &Snapshot, hash: &Hash, kind: Kind, faults: &mut Faults) {
    let mut label = Vec::new();
    write_base32(hash, &mut label);
    let owner = zone.apex().to_name().child(&label.to_ascii_lowercase());
    faults.add(owner.as_ref().map_or(zone.apex(), Name::as_ref), kind);
}
