//! A pool whose range stays, with other exclusions or reservations: only what is about them is looked at.

use super::{Pool, PoolConfig, Stored, merged};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// If more addresses than these come or go, the pool is made anew.
const ADDRESSES_MAX: u64 = 65_536;

impl Pool {
    /// True if `config` has the same addresses, but for exclusions and reservations.
    pub(super) fn has_range_of(&self, config: &PoolConfig) -> bool {
        let own = &self.config;
        (own.space, own.first, own.last) == (config.space, config.first, config.last)
    }

    /// The pool as `config` has it; `None` if it is better made anew.
    pub(super) fn changed<I>(
        mut self,
        config: &PoolConfig,
        leases_of: &impl Fn(u32, Ipv4Addr, Ipv4Addr) -> I,
    ) -> Option<Self>
    where
        I: Iterator<Item = (Ipv4Addr, Stored)>,
    {
        let same = self.config.excluded == config.excluded && self.config.reserved == config.reserved;
        self.config = config.clone();
        if same {
            return Some(self);
        }
        let excluded = merged(config, config.last.to_bits() - config.first.to_bits());
        let (gone, back) = (without(&excluded, &self.excluded), without(&self.excluded, &excluded));
        if count(&gone) + count(&back) > ADDRESSES_MAX {
            return None;
        }
        self.total = self.total + count(&back) - count(&gone);
        self.excluded = excluded;
        for (from, to) in gone {
            for (addr, stored) in leases_of(config.space, self.addr(from), self.addr(to)) {
                let offset = addr.to_bits() - config.first.to_bits();
                self.withdraw(offset, Some(stored));
                self.count(Some(stored), None);
            }
            self.untouched.take_range(from.into(), to.into());
            self.held.retain(|offset| !(from..=to).contains(offset));
        }
        for (from, to) in back {
            let leases: BTreeMap<Ipv4Addr, Stored> =
                leases_of(config.space, self.addr(from), self.addr(to)).collect();
            for offset in from..=to {
                let stored = leases.get(&self.addr(offset)).copied();
                self.count(None, stored);
                self.offer(offset, stored);
            }
        }
        Some(self)
    }
}

fn count(ranges: &[(u32, u32)]) -> u64 {
    ranges.iter().map(|(from, to)| u64::from(to - from) + 1).sum()
}

/// What is in `ranges` and not in `others`; each is in order, its ranges apart.
fn without(ranges: &[(u32, u32)], others: &[(u32, u32)]) -> Vec<(u32, u32)> {
    let mut left = Vec::new();
    let mut at = 0;
    for &(from, to) in ranges {
        let mut next = Some(from);
        while others.get(at).is_some_and(|(_, end)| *end < from) {
            at += 1;
        }
        let overlapping = others.get(at..).unwrap_or_default().iter();
        for &(start, end) in overlapping.take_while(|(start, _)| *start <= to) {
            match next {
                Some(first) if first < start => left.push((first, start - 1)),
                _ => {}
            }
            next = end.checked_add(1);
        }
        if let Some(first) = next.filter(|first| *first <= to) {
            left.push((first, to));
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_of_ranges() {
        let all = [(0, 9), (20, 29), (u32::MAX - 9, u32::MAX)];
        for (others, left) in [
            (&[][..], &all[..]),
            (&[(0, u32::MAX)], &[]),
            (&[(0, 3), (5, 5), (9, 21)], &[(4, 4), (6, 8), (22, 29), (u32::MAX - 9, u32::MAX)]),
            (&[(10, 19), (25, u32::MAX)], &[(0, 9), (20, 24)]),
            (&[(5, u32::MAX - 5)], &[(0, 4), (u32::MAX - 4, u32::MAX)]),
        ] {
            assert_eq!(without(&all, others), left, "{others:?}");
        }
    }
}
