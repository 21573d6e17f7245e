//! What is kept of a hash: as much as names a shard, and the slot and tag in its table. So a hash and a
//! cell take 8 bytes among others of the same shard, and many can be sorted before they are inserted.

use super::{GROUP, SHARDS};

/// The bits that a table takes the slot from: more than one shard will ever have ...
const SLOT: u64 = (1 << SLOT_BITS) - 1;
const SLOT_BITS: u32 = 26;
/// ... those of the shard, which the tables themselves do not look at ...
const SHARD: u64 = (SHARDS as u64 - 1) << SHARD_AT;
const SHARD_AT: u32 = 40;
/// ... and of the tag.
const TAG: u64 = 0x7f << TAG_AT;
const TAG_AT: u32 = 57;
/// Of a hash. The others are always 0.
pub(super) const KEPT: u64 = SLOT | SHARD | TAG;

/// Which shard a hash belongs to.
pub(in crate::db) const fn shard_of(hash: u64) -> usize {
    (hash >> SHARD_AT) as usize % SHARDS
}

/// A row's hash but for the shard, and its cell.
#[derive(Clone, Copy, Default)]
pub(in crate::db) struct Hashed(u64);

/// Bits of a cell.
const CELL_BITS: u32 = GROUP.trailing_zeros();

impl Hashed {
    pub(in crate::db) const fn new(hash: u64, cell: u32) -> Self {
        let short = (hash & TAG) >> (TAG_AT - SLOT_BITS) | hash & SLOT;
        Self(short << CELL_BITS | (cell & !GROUP) as u64)
    }

    pub(in crate::db) const fn cell(self) -> u32 {
        self.0 as u32 & !GROUP
    }

    /// The hash, which is of this shard.
    pub(in crate::db) const fn hash(self, shard: usize) -> u64 {
        let short = self.0 >> CELL_BITS;
        (short >> SLOT_BITS) << TAG_AT | (shard as u64) << SHARD_AT | short & SLOT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_hash_is_lost() {
        for (hash, cell) in [(u64::MAX, GROUP - 1), (0, 0), (0x1234_5678_9abc_def0, 0x5a5a_5a5a)] {
            let packed = Hashed::new(hash & KEPT, cell);
            assert_eq!((packed.hash(shard_of(hash)), packed.cell()), (hash & KEPT, cell));
        }
    }
}
