//! From address to cell, in address order: /24 blocks for IPv4, an ordered map for IPv6. It also knows
//! which blocks hold leases of which subnet, so that a subnet can be read without reading the rest.

mod block;

use super::arena::NO_CELL;
use crate::id::{LeaseAddr, LeaseKey};
use block::Block;
use std::collections::BTreeSet;
use std::collections::btree_map::{BTreeMap, Entry};
use std::net::Ipv4Addr;
use std::ops::Bound;

/// The /24 blocks of one /16 of one address space.
type Blocks = [Block; 256];

#[derive(Default)]
pub(crate) struct AddressIndex {
    /// By [`sixteen`].
    v4: BTreeMap<u64, Box<Blocks>>,
    v6: BTreeMap<LeaseKey, (u32, u32)>,
    /// Subnet and place: a block's first address for IPv4, the lease's own key for IPv6.
    subnets: BTreeSet<(u32, LeaseKey)>,
    len: u64,
}

impl AddressIndex {
    /// How many leases there are.
    pub(crate) const fn len(&self) -> u64 {
        self.len
    }

    /// The lease's cell.
    pub(crate) fn get(&self, key: LeaseKey) -> Option<u32> {
        let LeaseAddr::V4(addr) = key.addr else {
            return self.v6.get(&key).map(|(cell, _)| *cell);
        };
        let [_, _, c, d] = addr.octets();
        self.v4.get(&sixteen(key.space, addr))?[usize::from(c)].get(d)
    }

    /// The lease's cell; if there is no such lease, notes it with the cell that `add` gives, and is `None`.
    pub(crate) fn get_or_add(
        &mut self,
        key: LeaseKey,
        subnet: u32,
        add: impl FnOnce() -> u32,
    ) -> Option<u32> {
        let place = block_key(key);
        if let LeaseAddr::V4(addr) = key.addr {
            let [_, _, c, d] = addr.octets();
            let block =
                &mut self.v4.entry(sixteen(key.space, addr)).or_insert_with(no_blocks)[usize::from(c)];
            if let Some(cell) = block.get(d) {
                return Some(cell);
            }
            block.set(d, add());
            if block.count(subnet) {
                self.subnets.insert((subnet, place));
            }
        } else {
            match self.v6.entry(key) {
                Entry::Occupied(found) => return Some(found.get().0),
                Entry::Vacant(vacant) => vacant.insert((add(), subnet)),
            };
            self.subnets.insert((subnet, place));
        }
        self.len += 1;
        None
    }

    /// Notes where a known lease is now, and in which subnet.
    pub(crate) fn set(&mut self, key: LeaseKey, cell: u32, subnet: u32, old_subnet: u32) {
        let place = block_key(key);
        let (was_last, is_first) = if let LeaseAddr::V4(addr) = key.addr {
            let [_, _, c, d] = addr.octets();
            let Some(blocks) = self.v4.get_mut(&sixteen(key.space, addr)) else { return };
            let block = &mut blocks[usize::from(c)];
            block.set(d, cell);
            if old_subnet == subnet {
                return;
            }
            (block.uncount(old_subnet), block.count(subnet))
        } else {
            self.v6.insert(key, (cell, subnet));
            (true, true)
        };
        if was_last {
            self.subnets.remove(&(old_subnet, place));
        }
        if is_first {
            self.subnets.insert((subnet, place));
        }
    }

    /// Forgets a lease.
    pub(crate) fn remove(&mut self, key: LeaseKey, subnet: u32) {
        self.len = self.len.saturating_sub(1);
        let LeaseAddr::V4(addr) = key.addr else {
            self.v6.remove(&key);
            self.subnets.remove(&(subnet, key));
            return;
        };
        let [_, _, c, d] = addr.octets();
        let sixteen = sixteen(key.space, addr);
        let Some(blocks) = self.v4.get_mut(&sixteen) else { return };
        let block = &mut blocks[usize::from(c)];
        if block.uncount(subnet) {
            self.subnets.remove(&(subnet, block_key(key)));
        }
        block.set(d, NO_CELL);
        if block.is_empty() && blocks.iter().all(Block::is_empty) {
            self.v4.remove(&sixteen);
        }
    }

    /// The leases after `after`, in order of their keys.
    pub(crate) fn after(&self, after: Option<LeaseKey>) -> impl Iterator<Item = (LeaseKey, u32)> {
        // Within a space IPv4 comes first, so the two orders are merged space by space.
        let mut v4 = self.v4_after(after).peekable();
        let mut v6 = self.v6.range(from(after)).map(|(key, (cell, _))| (*key, *cell)).peekable();
        std::iter::from_fn(move || match (v4.peek(), v6.peek()) {
            (Some(four), Some(six)) if four.0 < six.0 => v4.next(),
            (Some(_), None) => v4.next(),
            _ => v6.next(),
        })
    }

    fn v4_after(&self, after: Option<LeaseKey>) -> impl Iterator<Item = (LeaseKey, u32)> {
        let start = after.map_or(0, first_sixteen);
        self.v4
            .range(start..)
            .flat_map(|(sixteen, blocks)| {
                let (space, [a, b]) = ((sixteen >> 16) as u32, (*sixteen as u16).to_be_bytes());
                (0..=u8::MAX).zip(blocks.iter()).filter_map(move |(c, block)| {
                    let base = LeaseKey { space, addr: LeaseAddr::V4(Ipv4Addr::new(a, b, c, 0)) };
                    (!block.is_empty()).then_some((base, block))
                })
            })
            .skip_while(move |(base, _)| after.is_some_and(|after| last_of_block(*base) <= after))
            .flat_map(|(base, block)| block_leases(base, block))
            .skip_while(move |(key, _)| after.is_some_and(|after| *key <= after))
    }

    /// The leases of a subnet after `after`, in order of their keys; `of` tells a lease's subnet.
    pub(crate) fn subnet_after<'a>(
        &'a self,
        subnet: u32,
        after: Option<LeaseKey>,
        of: impl Fn(u32) -> Option<u32> + Copy + 'a,
    ) -> impl Iterator<Item = (LeaseKey, u32)> + 'a {
        let start = after.map(block_key).map_or((subnet, FIRST), |place| (subnet, place));
        self.subnets
            .range(start..)
            .take_while(move |(of, _)| *of == subnet)
            .flat_map(move |(_, place)| self.place_leases(*place))
            .filter(move |(key, cell)| after.is_none_or(|after| *key > after) && of(*cell) == Some(subnet))
    }

    fn place_leases(&self, place: LeaseKey) -> impl Iterator<Item = (LeaseKey, u32)> + '_ {
        let block = self.block(place).into_iter().flat_map(move |block| block_leases(place, block));
        let single = self.v6.get(&place).map(|(cell, _)| (place, *cell));
        block.chain(single)
    }

    fn block(&self, key: LeaseKey) -> Option<&Block> {
        let addr = key.as_v4()?;
        let [_, _, c, _] = addr.octets();
        self.v4.get(&sixteen(key.space, addr)).map(|blocks| &blocks[usize::from(c)])
    }

    /// The IPv4 leases of a space from `first` to `last`, in order.
    pub(crate) fn v4_range(
        &self,
        space: u32,
        first: Ipv4Addr,
        last: Ipv4Addr,
    ) -> impl Iterator<Item = (Ipv4Addr, u32)> {
        let before = first.to_bits().checked_sub(1).map(Ipv4Addr::from_bits);
        let after = match before {
            Some(addr) => Some(LeaseKey { space, addr: LeaseAddr::V4(addr) }),
            None => space.checked_sub(1).map(|space| LeaseKey { space, addr: LAST_ADDR }),
        };
        self.v4_after(after)
            .map_while(move |(key, cell)| Some((key.as_v4().filter(|_| key.space == space)?, cell)))
            .take_while(move |(addr, _)| *addr <= last)
    }
}

const FIRST: LeaseKey = LeaseKey { space: 0, addr: LeaseAddr::V4(Ipv4Addr::UNSPECIFIED) };
const LAST_ADDR: LeaseAddr = LeaseAddr::Prefix(std::net::Ipv6Addr::from_bits(u128::MAX), u8::MAX);

fn from(after: Option<LeaseKey>) -> (Bound<LeaseKey>, Bound<LeaseKey>) {
    (after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded)
}

/// A /16 of an address space as one number.
fn sixteen(space: u32, addr: Ipv4Addr) -> u64 {
    u64::from(space) << 16 | u64::from(addr.to_bits() >> 16)
}

fn no_blocks() -> Box<Blocks> {
    Box::new([const { Block::Empty }; 256])
}

/// The /16 that can hold the first IPv4 lease after `key`.
fn first_sixteen(key: LeaseKey) -> u64 {
    sixteen(key.space, key.as_v4().unwrap_or(Ipv4Addr::BROADCAST))
}

/// The first address of the key's block; an IPv6 key itself.
fn block_key(key: LeaseKey) -> LeaseKey {
    let addr = match key.addr {
        LeaseAddr::V4(addr) => LeaseAddr::V4(Ipv4Addr::from_bits(addr.to_bits() & !0xff)),
        other => other,
    };
    LeaseKey { space: key.space, addr }
}

fn last_of_block(base: LeaseKey) -> LeaseKey {
    let addr = base.as_v4().map_or(base.addr, |addr| LeaseAddr::V4((addr.to_bits() | 0xff).into()));
    LeaseKey { space: base.space, addr }
}

fn block_leases(base: LeaseKey, block: &Block) -> impl Iterator<Item = (LeaseKey, u32)> {
    let first = base.as_v4().map_or(0, Ipv4Addr::to_bits);
    block.iter().map(move |(low, cell)| {
        let addr = LeaseAddr::V4(Ipv4Addr::from_bits(first | u32::from(low)));
        (LeaseKey { space: base.space, addr }, cell)
    })
}
