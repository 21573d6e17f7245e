//! The leases of one /24: a list while they are few, 256 slots when they are many, each in one piece
//! of memory, so that a look-up touches one more place only.

use crate::db::arena::NO_CELL;

/// More than this many leases are kept as slots; fewer than half of it as a list again.
const FEW_MAX: usize = 64;

#[derive(Default)]
pub(super) enum Block {
    #[default]
    Empty,
    Few(Box<Few>),
    Many(Box<Many>),
}

#[derive(Default)]
pub(super) struct Few {
    subnets: Subnets,
    cells: Vec<(u8, u32)>,
}

pub(super) struct Many {
    subnets: Subnets,
    len: u16,
    cells: [u32; 256],
}

/// How many leases are of which subnet; most likely all are of one.
#[derive(Default)]
struct Subnets {
    first: u32,
    first_len: u16,
    more: Vec<(u32, u16)>,
}

impl Block {
    pub(super) const fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }

    pub(super) fn get(&self, low: u8) -> Option<u32> {
        match self {
            Self::Empty => None,
            Self::Few(few) => {
                let at = few.cells.binary_search_by_key(&low, |slot| slot.0).ok()?;
                few.cells.get(at).map(|slot| slot.1)
            }
            Self::Many(many) => Some(many.cells[usize::from(low)]).filter(|cell| *cell != NO_CELL),
        }
    }

    /// Sets a slot; [`NO_CELL`] empties it.
    pub(super) fn set(&mut self, low: u8, cell: u32) {
        match self {
            Self::Empty => {
                let cells = vec![(low, cell)];
                *self = Self::Few(Box::new(Few { subnets: Subnets::default(), cells }));
            }
            Self::Few(few) => {
                few.set(low, cell);
                if few.cells.len() > FEW_MAX {
                    *self = Self::Many(Box::new(few.grow()));
                } else if few.cells.is_empty() {
                    *self = Self::Empty;
                }
            }
            Self::Many(many) => {
                let slot = &mut many.cells[usize::from(low)];
                many.len = many.len + u16::from(*slot == NO_CELL) - u16::from(cell == NO_CELL);
                *slot = cell;
                if usize::from(many.len) < FEW_MAX / 2 {
                    *self = Self::Few(Box::new(many.shrink()));
                }
            }
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u8, u32)> {
        let (few, many): (&[(u8, u32)], &[u32]) = match self {
            Self::Empty => (&[], &[]),
            Self::Few(few) => (&few.cells, &[]),
            Self::Many(many) => (&[], &many.cells),
        };
        let many = (0..=u8::MAX).zip(many.iter().copied()).filter(|(_, cell)| *cell != NO_CELL);
        few.iter().copied().chain(many)
    }

    /// One lease more of this subnet, which is set already; true if it is the first.
    pub(super) fn count(&mut self, subnet: u32) -> bool {
        self.subnets().is_some_and(|subnets| subnets.count(subnet))
    }

    /// One lease fewer, which is set still; true if it was the last.
    pub(super) fn uncount(&mut self, subnet: u32) -> bool {
        self.subnets().is_some_and(|subnets| subnets.uncount(subnet))
    }

    fn subnets(&mut self) -> Option<&mut Subnets> {
        match self {
            Self::Empty => None,
            Self::Few(few) => Some(&mut few.subnets),
            Self::Many(many) => Some(&mut many.subnets),
        }
    }
}

impl Few {
    fn set(&mut self, low: u8, cell: u32) {
        match (self.cells.binary_search_by_key(&low, |slot| slot.0), cell) {
            (Ok(at), NO_CELL) => drop(self.cells.remove(at)),
            (Ok(at), _) => self.cells[at].1 = cell,
            (Err(_), NO_CELL) => {}
            (Err(at), _) => self.cells.insert(at, (low, cell)),
        }
    }

    fn grow(&mut self) -> Many {
        let mut cells = [NO_CELL; 256];
        self.cells.iter().for_each(|(low, cell)| cells[usize::from(*low)] = *cell);
        Many { subnets: std::mem::take(&mut self.subnets), len: self.cells.len() as u16, cells }
    }
}

impl Many {
    fn shrink(&mut self) -> Few {
        let cells = (0..=u8::MAX).zip(self.cells).filter(|(_, cell)| *cell != NO_CELL).collect();
        Few { subnets: std::mem::take(&mut self.subnets), cells }
    }
}

impl Subnets {
    fn count(&mut self, subnet: u32) -> bool {
        if self.first_len == 0 && !self.more.iter().any(|(other, _)| *other == subnet) {
            self.first = subnet;
        }
        if self.first == subnet {
            self.first_len += 1;
            return self.first_len == 1;
        }
        if let Some((_, len)) = self.more.iter_mut().find(|(other, _)| *other == subnet) {
            *len += 1;
            return false;
        }
        self.more.push((subnet, 1));
        true
    }

    fn uncount(&mut self, subnet: u32) -> bool {
        if self.first == subnet && self.first_len > 0 {
            self.first_len -= 1;
            return self.first_len == 0;
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
