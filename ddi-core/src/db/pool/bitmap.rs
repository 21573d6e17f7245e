//! Which offsets of a range are taken: a bitmap with a summary, leaves allocated when first written. An
//! empty one costs 8 bytes for each 4,096 offsets, whatever its length.

/// Offsets in a leaf.
const LEAF: u64 = 4096;
const WORD: u64 = 64;

type Leaf = [u64; (LEAF / WORD) as usize];

pub(super) struct Bitmap {
    /// `None` is a leaf that is all taken if its bit in `full` is set, all free otherwise.
    leaves: Vec<Option<Box<Leaf>>>,
    /// One bit per leaf: nothing free in it.
    full: Vec<u64>,
    /// No word of `full` before this one has a zero.
    hint: usize,
}

impl Bitmap {
    /// All of `len` offsets free.
    pub(super) fn new(len: u64) -> Self {
        let leaves = len.div_ceil(LEAF);
        let words = leaves.div_ceil(WORD);
        let mut map = Self {
            leaves: std::iter::repeat_with(|| None).take(leaves as usize).collect(),
            full: vec![0; words as usize],
            hint: 0,
        };
        if let Some(last) = map.full.last_mut()
            && !leaves.is_multiple_of(WORD)
        {
            *last = u64::MAX << (leaves % WORD);
        }
        if !len.is_multiple_of(LEAF) {
            map.take_range(len, leaves * LEAF - 1);
        }
        map
    }

    /// Marks one offset.
    pub(super) fn take(&mut self, offset: u64) {
        let number = offset / LEAF;
        if self.is_full(number) {
            return;
        }
        let Some(leaf) = self.leaves.get_mut(number as usize) else { return };
        let leaf = leaf.get_or_insert_with(|| Box::new([0; 64]));
        let word = &mut leaf[(offset % LEAF / WORD) as usize];
        *word |= 1 << (offset % WORD);
        if *word == u64::MAX && leaf.iter().all(|word| *word == u64::MAX) {
            self.set_full(number);
        }
    }

    /// Marks `first` to `last`; whole leaves cost nothing.
    pub(super) fn take_range(&mut self, first: u64, last: u64) {
        let mut next = first;
        while next <= last {
            if next.is_multiple_of(LEAF) && last - next >= LEAF - 1 {
                if let Some(leaf) = self.leaves.get_mut((next / LEAF) as usize) {
                    *leaf = None;
                    self.set_full(next / LEAF);
                }
                next += LEAF;
            } else {
                self.take(next);
                next += 1;
            }
        }
    }

    /// Unmarks one offset.
    pub(super) fn give(&mut self, offset: u64) {
        let number = offset / LEAF;
        let fill = if self.is_full(number) { u64::MAX } else { 0 };
        let Some(leaf) = self.leaves.get_mut(number as usize) else { return };
        let leaf = leaf.get_or_insert_with(|| Box::new([fill; 64]));
        leaf[(offset % LEAF / WORD) as usize] &= !(1 << (offset % WORD));
        let at = (number / WORD) as usize;
        if let Some(word) = self.full.get_mut(at) {
            *word &= !(1 << (number % WORD));
            self.hint = self.hint.min(at);
        }
    }

    /// The lowest free offset.
    pub(super) fn first_free(&mut self) -> Option<u64> {
        let passed = self.full.iter().skip(self.hint).take_while(|word| **word == u64::MAX).count();
        self.hint += passed;
        let word = self.full.get(self.hint)?;
        let number = self.hint as u64 * WORD + u64::from(word.trailing_ones());
        match self.leaves.get(number as usize)? {
            None => Some(number * LEAF),
            Some(leaf) => {
                let at = leaf.iter().position(|word| *word != u64::MAX)?;
                Some(number * LEAF + at as u64 * WORD + u64::from(leaf[at].trailing_ones()))
            }
        }
    }

    fn is_full(&self, number: u64) -> bool {
        self.full.get((number / WORD) as usize).is_none_or(|word| word >> (number % WORD) & 1 != 0)
    }

    fn set_full(&mut self, number: u64) {
        if let Some(word) = self.full.get_mut((number / WORD) as usize) {
            *word |= 1 << (number % WORD);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_free_offset_is_found() {
        for len in [1, 63, 64, 4095, 4096, 4097, 300_000] {
            let mut map = Bitmap::new(len);
            for expected in 0..len {
                assert_eq!(map.first_free(), Some(expected), "length {len}");
                map.take(expected);
            }
            assert_eq!(map.first_free(), None, "length {len}");
            map.give(len / 2);
            assert_eq!(map.first_free(), Some(len / 2), "length {len}");
        }
    }

    #[test]
    fn ranges_are_taken_whole() {
        let mut map = Bitmap::new(1 << 32);
        map.take_range(0, (1 << 31) + 5);
        assert_eq!(map.first_free(), Some((1 << 31) + 6));
        map.give(77);
        map.give(78);
        assert_eq!(map.first_free(), Some(77));
        map.take(77);
        map.take(78);
        assert_eq!(map.first_free(), Some((1 << 31) + 6));
        assert!(map.leaves.iter().flatten().count() < 4);
    }
}
