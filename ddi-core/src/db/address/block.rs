//! The leases of one /24.

use crate::db::arena::NO_CELL;

/// More than this many leases are kept as 256 slots, fewer as a sorted list: below half of it again.
const FEW_MAX: usize = 64;

#[derive(Default)]
pub(super) struct Block {
    slots: Slots,
    len: u16,
    /// How many leases are of the subnet that most likely all are of.
    subnet: u32,
    subnet_len: u16,
    /// The others.
    more: Vec<(u32, u16)>,
}

enum Slots {
    Few(Vec<(u8, u32)>),
    All(Box<[u32; 256]>),
}

impl Default for Slots {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

impl Block {
    pub(super) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(super) fn get(&self, low: u8) -> Option<u32> {
        match &self.slots {
            Slots::Few(few) => {
                let at = few.binary_search_by_key(&low, |slot| slot.0).ok()?;
                few.get(at).map(|slot| slot.1)
            }
            Slots::All(all) => Some(all[usize::from(low)]).filter(|cell| *cell != NO_CELL),
        }
    }

    /// Sets a slot; [`NO_CELL`] empties it.
    pub(super) fn set(&mut self, low: u8, cell: u32) {
        match &mut self.slots {
            Slots::Few(few) => {
                match (few.binary_search_by_key(&low, |slot| slot.0), cell) {
                    (Ok(at), NO_CELL) => drop(few.remove(at)),
                    (Ok(at), _) => few[at].1 = cell,
                    (Err(_), NO_CELL) => {}
                    (Err(at), _) => few.insert(at, (low, cell)),
                }
                self.len = few.len() as u16;
            }
            Slots::All(all) => {
                let slot = &mut all[usize::from(low)];
                self.len = self.len + u16::from(*slot == NO_CELL) - u16::from(cell == NO_CELL);
                *slot = cell;
            }
        }
        self.reshape();
    }

    fn reshape(&mut self) {
        match &self.slots {
            Slots::Few(few) if few.len() > FEW_MAX => {
                let mut all = Box::new([NO_CELL; 256]);
                few.iter().for_each(|(low, cell)| all[usize::from(*low)] = *cell);
                self.slots = Slots::All(all);
            }
            Slots::All(_) if usize::from(self.len) < FEW_MAX / 2 => {
                self.slots = Slots::Few(self.iter().collect());
            }
            _ => {}
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u8, u32)> {
        let (few, all): (&[(u8, u32)], &[u32]) = match &self.slots {
            Slots::Few(few) => (few, &[]),
            Slots::All(all) => (&[], all.as_slice()),
        };
        let all = (0..=u8::MAX).zip(all.iter().copied()).filter(|(_, cell)| *cell != NO_CELL);
        few.iter().copied().chain(all)
    }

    /// One lease more of this subnet; true if it is the first.
    pub(super) fn count(&mut self, subnet: u32) -> bool {
        if self.subnet_len == 0 && !self.more.iter().any(|(other, _)| *other == subnet) {
            self.subnet = subnet;
        }
        if self.subnet == subnet {
            self.subnet_len += 1;
            return self.subnet_len == 1;
        }
        match self.more.iter_mut().find(|(other, _)| *other == subnet) {
            Some((_, len)) => *len += 1,
            None => {
                self.more.push((subnet, 1));
                return true;
            }
        }
        false
    }

    /// One lease fewer; true if it was the last.
    pub(super) fn uncount(&mut self, subnet: u32) -> bool {
        if self.subnet == subnet && self.subnet_len > 0 {
            self.subnet_len -= 1;
            return self.subnet_len == 0;
        }
        let Some(at) = self.more.iter().position(|(other, _)| *other == subnet) else { return false };
        let (_, len) = &mut self.more[at];
        *len -= 1;
        let last = *len == 0;
        if last {
            self.more.swap_remove(at);
        }
        last
    }
}
