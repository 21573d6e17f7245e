//! Leases that share an identity, when they are many: ordered by subnet, so that those of one subnet
//! are found at once, and each can be taken out at once.

use std::collections::BTreeSet;

#[derive(Default)]
pub(super) struct Groups {
    groups: Vec<BTreeSet<(u32, u32)>>,
    free: Vec<u32>,
}

impl Groups {
    /// A new group with one lease.
    pub(super) fn add(&mut self, subnet: u32, cell: u32) -> u32 {
        let number = self.free.pop().unwrap_or_else(|| {
            self.groups.push(BTreeSet::new());
            self.groups.len() as u32 - 1
        });
        self.insert(number, subnet, cell);
        number
    }

    pub(super) fn insert(&mut self, number: u32, subnet: u32, cell: u32) {
        if let Some(group) = self.groups.get_mut(number as usize) {
            group.insert((subnet, cell));
        }
    }

    /// Takes a lease out; if one is left, the group ends, and that one is given back.
    pub(super) fn remove(&mut self, number: u32, subnet: u32, cell: u32) -> Option<u32> {
        let group = self.groups.get_mut(number as usize)?;
        group.remove(&(subnet, cell));
        if group.len() > 1 {
            return None;
        }
        self.free.push(number);
        group.pop_first().map(|(_, last)| last)
    }

    pub(super) fn relocate(&mut self, number: u32, subnet: u32, from: u32, to: u32) {
        if let Some(group) = self.groups.get_mut(number as usize) {
            group.remove(&(subnet, from));
            group.insert((subnet, to));
        }
    }

    pub(super) fn contains(&self, number: u32, subnet: u32, cell: u32) -> bool {
        self.groups.get(number as usize).is_some_and(|group| group.contains(&(subnet, cell)))
    }

    /// Any of the group.
    pub(super) fn first(&self, number: u32) -> Option<u32> {
        self.groups.get(number as usize)?.first().map(|(_, cell)| *cell)
    }

    /// Those of a subnet, or all.
    pub(super) fn cells(&self, number: u32, subnet: Option<u32>) -> impl Iterator<Item = u32> {
        let (first, last) = (subnet.unwrap_or(0), subnet.unwrap_or(u32::MAX));
        let group = self.groups.get(number as usize).into_iter();
        group.flat_map(move |group| group.range((first, 0)..=(last, u32::MAX))).map(|(_, cell)| *cell)
    }
}
