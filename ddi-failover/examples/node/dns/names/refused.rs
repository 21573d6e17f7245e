//! Names that clients want and can't have.

use ddi_dns::Name;
use std::collections::{BTreeMap, HashMap};
use std::net::Ipv4Addr;

/// By the address that the name should have.
#[derive(Default)]
pub struct Refused {
    names: HashMap<Ipv4Addr, (usize, Name)>,
    /// How many in each zone; none is not here.
    counts: BTreeMap<usize, usize>,
}

impl Refused {
    /// False: that was known.
    pub fn insert(&mut self, nth: usize, address: Ipv4Addr, name: Name) -> bool {
        let is_known = self.names.get(&address).is_some_and(|known| *known == (nth, name.clone()));
        if !is_known {
            self.remove(address);
            self.names.insert(address, (nth, name));
            *self.counts.entry(nth).or_default() += 1;
        }
        !is_known
    }

    /// The address has a name, or wants none any more.
    pub fn remove(&mut self, address: Ipv4Addr) {
        let Some((nth, _)) = self.names.remove(&address) else { return };
        if let Some(count) = self.counts.get_mut(&nth) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&nth);
            }
        }
    }

    pub fn has(&self, address: Ipv4Addr) -> bool {
        self.names.contains_key(&address)
    }

    /// How many in this zone.
    pub fn count(&self, nth: usize) -> usize {
        self.counts.get(&nth).copied().unwrap_or_default()
    }
}
