//! Leases that share an identity, when they are many: ordered by subnet, and in it the running ones first, so that
//! those are found at once, and each can be taken out at once.

use super::GROUP;
use crate::db::row::View;
use crate::lease::BindingState;
use std::collections::BTreeSet;

/// Where a lease stands in its group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::db) struct Place {
    subnet: u32,
    /// It is ACTIVE.
    is_running: bool,
}

impl Place {
    pub(in crate::db) fn of(view: &View<'_>) -> Self {
        Self { subnet: view.subnet_id, is_running: view.state == BindingState::Active }
    }

    /// How the lease is kept: the highest bit of a cell is free.
    const fn key(self, cell: u32) -> (u32, u32) {
        (self.subnet, if self.is_running { cell } else { cell | IDLE })
    }
}

/// This bit of a cell is set if the lease is not running.
const IDLE: u32 = GROUP;

#[derive(Default)]
pub(super) struct Groups {
    groups: Vec<BTreeSet<(u32, u32)>>,
    free: Vec<u32>,
}

impl Groups {
    /// A new group with one lease.
    pub(super) fn add(&mut self, place: Place, cell: u32) -> u32 {
        let number = self.free.pop().unwrap_or_else(|| {
            self.groups.push(BTreeSet::new());
            self.groups.len() as u32 - 1
        });
        self.insert(number, place, cell);
        number
    }

    pub(super) fn insert(&mut self, number: u32, place: Place, cell: u32) {
        if let Some(group) = self.groups.get_mut(number as usize) {
            group.insert(place.key(cell));
        }
    }

    /// Takes a lease out; if one is left, the group ends, and that one is given back.
    pub(super) fn remove(&mut self, number: u32, place: Place, cell: u32) -> Option<u32> {
        let group = self.groups.get_mut(number as usize)?;
        group.remove(&place.key(cell));
        if group.len() > 1 {
            return None;
        }
        self.free.push(number);
        group.pop_first().map(|(_, last)| last & !IDLE)
    }

    pub(super) fn relocate(&mut self, number: u32, from: (Place, u32), to: (Place, u32)) {
        if let Some(group) = self.groups.get_mut(number as usize) {
            group.remove(&from.0.key(from.1));
            group.insert(to.0.key(to.1));
        }
    }

    pub(super) fn contains(&self, number: u32, place: Place, cell: u32) -> bool {
        self.groups.get(number as usize).is_some_and(|group| group.contains(&place.key(cell)))
    }

    /// Any of the group.
    pub(super) fn first(&self, number: u32) -> Option<u32> {
        self.groups.get(number as usize)?.first().map(|(_, cell)| *cell & !IDLE)
    }

    /// Those of a subnet, the running ones first, or all.
    pub(super) fn cells(&self, number: u32, subnet: Option<u32>) -> impl Iterator<Item = u32> {
        let (first, last) = (subnet.unwrap_or(0), subnet.unwrap_or(u32::MAX));
        let group = self.groups.get(number as usize).into_iter();
        group.flat_map(move |group| group.range((first, 0)..=(last, u32::MAX))).map(|(_, cell)| *cell & !IDLE)
    }
}
