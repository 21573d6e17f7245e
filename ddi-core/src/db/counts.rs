//! How many leases each subnet has, by binding state.

use crate::lease::BindingState;
use std::collections::BTreeMap;

/// How many leases there are in each binding state.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct StateCounts([u64; BindingState::ALL.len()]);

impl StateCounts {
    /// How many are in this state.
    #[must_use]
    pub const fn of(&self, state: BindingState) -> u64 {
        self.0[state as usize - 1]
    }

    /// All of them.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }
}

#[derive(Default)]
pub(crate) struct Counts(BTreeMap<u32, StateCounts>);

impl Counts {
    pub(crate) fn of(&self, subnet: u32) -> StateCounts {
        self.0.get(&subnet).copied().unwrap_or_default()
    }

    pub(crate) fn subnets(&self) -> impl Iterator<Item = (u32, StateCounts)> {
        self.0.iter().map(|(subnet, counts)| (*subnet, *counts))
    }

    /// A lease went from one subnet and state to another; `None` where there is no lease.
    pub(crate) fn change(&mut self, old: Option<(u32, BindingState)>, new: Option<(u32, BindingState)>) {
        if old == new {
            return;
        }
        if let Some((subnet, state)) = new {
            self.0.entry(subnet).or_default().0[state as usize - 1] += 1;
        }
        if let Some((subnet, state)) = old
            && let Some(counts) = self.0.get_mut(&subnet)
        {
            counts.0[state as usize - 1] -= 1;
            if counts.total() == 0 {
                self.0.remove(&subnet);
            }
        }
    }
}
