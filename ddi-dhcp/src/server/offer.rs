//! Offers: addresses held for clients that have not taken them yet. In memory only; the store holds the
//! addresses meanwhile.

use crate::server::hash::Keyed;
use ddi_core::{HwAddr, Instant};
use hashbrown::HashTable;
use std::net::Ipv4Addr;

/// Who a client is: its client_id, or its hw_addr if it has none (RFC 2131 section 4.2).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client<'a> {
    /// Empty if it sent none.
    pub(crate) client_id: &'a [u8],
    pub(crate) hw_addr: HwAddr,
}

impl Client<'_> {
    /// What load balancing hashes (RFC 3074 section 6).
    pub(crate) fn hash_id(&self) -> &[u8] {
        if self.client_id.is_empty() { self.hw_addr.bytes() } else { self.client_id }
    }

    /// Is the client with these the same?
    pub(crate) fn is(&self, client_id: &[u8], hw_addr: &HwAddr) -> bool {
        self.client_id == client_id && (!client_id.is_empty() || self.hw_addr == *hw_addr)
    }
}

/// No slot.
const NONE: u32 = u32::MAX;

#[derive(Debug)]
struct Slot {
    address: Ipv4Addr,
    link: u32,
    client_id: Vec<u8>,
    hw_addr: HwAddr,
    expires: Instant,
    /// Neighbours in order of expiry.
    before: u32,
    after: u32,
}

impl Slot {
    const UNUSED: Self = Self {
        address: Ipv4Addr::UNSPECIFIED,
        link: 0,
        client_id: Vec::new(),
        hw_addr: HwAddr::EMPTY,
        expires: Instant(0),
        before: NONE,
        after: NONE,
    };
}

/// All offers. At most one for each client and link, and one for each address.
#[derive(Debug)]
pub(crate) struct Offers {
    keyed: Keyed,
    slots: Vec<Slot>,
    unused: Vec<u32>,
    by_client: HashTable<u32>,
    by_address: HashTable<u32>,
    oldest: u32,
    newest: u32,
}

impl Offers {
    pub(crate) fn new(keyed: Keyed) -> Self {
        Self {
            keyed,
            slots: Vec::new(),
            unused: Vec::new(),
            by_client: HashTable::new(),
            by_address: HashTable::new(),
            oldest: NONE,
            newest: NONE,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.by_address.len()
    }

    /// The address offered to this client on this link.
    pub(crate) fn of_client(&self, link: u32, client: &Client<'_>) -> Option<Ipv4Addr> {
        let hash = self.keyed.of_client(link, client.client_id, &client.hw_addr);
        let found = self.by_client.find(hash, |&at| self.fits(at, link, client))?;
        Some(self.slots[*found as usize].address)
    }

    /// Is this address offered, and to this client?
    pub(crate) fn is_for(&self, address: Ipv4Addr, client: &Client<'_>) -> Option<bool> {
        let slot = &self.slots[self.at(address)? as usize];
        Some(client.is(&slot.client_id, &slot.hw_addr))
    }

    /// Is this address offered?
    pub(crate) fn contains(&self, address: Ipv4Addr) -> bool {
        self.at(address).is_some()
    }

    /// Offers `address` to `client`. Neither has another offer.
    pub(crate) fn insert(&mut self, address: Ipv4Addr, link: u32, client: &Client<'_>, expires: Instant) {
        let at = self.unused.pop().unwrap_or_else(|| {
            self.slots.push(Slot::UNUSED);
            self.slots.len() as u32 - 1
        });
        let slot = &mut self.slots[at as usize];
        (slot.address, slot.link, slot.hw_addr) = (address, link, client.hw_addr);
        slot.client_id.clear();
        slot.client_id.extend_from_slice(client.client_id);
        self.append(at, expires);
        let (keyed, slots) = (self.keyed, &self.slots);
        let by_client = |&at: &u32| hash_client(keyed, &slots[at as usize]);
        self.by_client.insert_unique(by_client(&at), at, by_client);
        let by_address = |&at: &u32| keyed.of_addr(slots[at as usize].address);
        self.by_address.insert_unique(by_address(&at), at, by_address);
    }

    /// The offer of this address lasts until `expires`.
    pub(crate) fn extend(&mut self, address: Ipv4Addr, expires: Instant) {
        if let Some(at) = self.at(address) {
            self.unlink(at);
            self.append(at, expires);
        }
    }

    /// Takes the offer of this address out. False if there is none.
    pub(crate) fn remove(&mut self, address: Ipv4Addr) -> bool {
        let Some(at) = self.at(address) else { return false };
        let slot = &self.slots[at as usize];
        let (by_client, by_address) = (hash_client(self.keyed, slot), self.keyed.of_addr(slot.address));
        if let Ok(found) = self.by_client.find_entry(by_client, |&other| other == at) {
            found.remove();
        }
        if let Ok(found) = self.by_address.find_entry(by_address, |&other| other == at) {
            found.remove();
        }
        self.unlink(at);
        self.unused.push(at);
        true
    }

    /// The offer that ends first, and when.
    pub(crate) fn oldest(&self) -> Option<(Ipv4Addr, Instant)> {
        let slot = self.slots.get(self.oldest as usize)?;
        Some((slot.address, slot.expires))
    }

    /// All addresses with their links, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Ipv4Addr, u32)> + '_ {
        let mut at = self.oldest;
        std::iter::from_fn(move || {
            let slot = self.slots.get(at as usize)?;
            at = slot.after;
            Some((slot.address, slot.link))
        })
    }

    /// The links have new numbers.
    pub(crate) fn renumber_links(&mut self, link_of: impl Fn(Ipv4Addr) -> u32) {
        let mut at = self.oldest;
        while let Some(slot) = self.slots.get_mut(at as usize) {
            slot.link = link_of(slot.address);
            at = slot.after;
        }
        self.by_client.clear();
        let (keyed, slots) = (self.keyed, &self.slots);
        let by_client = |&at: &u32| hash_client(keyed, &slots[at as usize]);
        let mut at = self.oldest;
        while let Some(slot) = slots.get(at as usize) {
            self.by_client.insert_unique(by_client(&at), at, by_client);
            at = slot.after;
        }
    }

    fn at(&self, address: Ipv4Addr) -> Option<u32> {
        let hash = self.keyed.of_addr(address);
        self.by_address.find(hash, |&at| self.slots[at as usize].address == address).copied()
    }

    fn fits(&self, at: u32, link: u32, client: &Client<'_>) -> bool {
        let slot = &self.slots[at as usize];
        slot.link == link && client.is(&slot.client_id, &slot.hw_addr)
    }

    /// Puts a slot behind the newest. Offers all last equally long, so that keeps the order of expiry;
    /// after a change of that time a few may lapse late.
    fn append(&mut self, at: u32, expires: Instant) {
        let newest = self.newest;
        let slot = &mut self.slots[at as usize];
        (slot.expires, slot.before, slot.after) = (expires, newest, NONE);
        match self.slots.get_mut(newest as usize) {
            Some(newest) => newest.after = at,
            None => self.oldest = at,
        }
        self.newest = at;
    }

    fn unlink(&mut self, at: u32) {
        let Slot { before, after, .. } = self.slots[at as usize];
        match self.slots.get_mut(before as usize) {
            Some(slot) => slot.after = after,
            None => self.oldest = after,
        }
        match self.slots.get_mut(after as usize) {
            Some(slot) => slot.before = before,
            None => self.newest = before,
        }
    }
}

fn hash_client(keyed: Keyed, slot: &Slot) -> u64 {
    keyed.of_client(slot.link, &slot.client_id, &slot.hw_addr)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(n: &[u8]) -> Client<'_> {
        Client { client_id: n, hw_addr: HwAddr::EMPTY }
    }

    #[test]
    fn one_for_each_client_and_address() {
        let mut offers = Offers::new(Keyed::new(1));
        let addr = |n: u8| Ipv4Addr::new(10, 0, 0, n);
        for n in 0..100_u8 {
            offers.insert(addr(n), u32::from(n % 2), &client(&[n, 1]), Instant(u64::from(n)));
        }
        assert_eq!(offers.len(), 100);
        assert_eq!(offers.of_client(0, &client(&[4, 1])), Some(addr(4)));
        assert_eq!(offers.of_client(1, &client(&[4, 1])), None, "another link");
        assert_eq!(offers.is_for(addr(4), &client(&[4, 1])), Some(true));
        assert_eq!(offers.is_for(addr(4), &client(&[5, 1])), Some(false));
        offers.extend(addr(0), Instant(200));
        assert_eq!(offers.oldest(), Some((addr(1), Instant(1))));
        assert!(offers.remove(addr(1)) && !offers.remove(addr(1)));
        offers.renumber_links(|_| 7);
        assert_eq!(offers.of_client(7, &client(&[5, 1])), Some(addr(5)));
        assert_eq!(offers.iter().last(), Some((addr(0), 7)));
        assert_eq!(offers.iter().count(), 99);
    }

    #[test]
    fn hw_addr_counts_only_without_client_id() {
        let hw = |n| HwAddr::new(1, &[n; 6]).unwrap();
        let with = |client_id, hw_addr| Client { client_id, hw_addr };
        assert!(with(b"ab", hw(1)).is(b"ab", &hw(2)));
        assert!(!with(b"", hw(1)).is(b"ab", &hw(1)));
        assert!(!with(b"ab", hw(1)).is(b"", &hw(1)));
        assert!(with(b"", hw(1)).is(b"", &hw(1)));
    }
}
