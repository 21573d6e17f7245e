//! Building identity indexes from the rows alone, all rows at once: after recovery, and when an index
//! is first asked for. Hashes are put in order of their shard first, so that each of the small tables is
//! made at its right size and filled while it is in the cache.

use super::arena::Arena;
use super::identity::{HashKey, Hashed, IdentityIndex, IndexKind, SHARDS, shard_of};
use super::row::View;

/// Rows sorted at a time.
const CHUNK: usize = 1 << 18;
/// Bits of the sieve: with 10,000 rows in a shard one of 200 looks as if its like had been seen.
const SIEVE_BITS: u64 = 1 << 20;

/// An index of all rows.
pub(super) fn index(arena: &Arena, rows: u64, kind: IndexKind, key: HashKey) -> IdentityIndex {
    let mut index = IdentityIndex::new(kind, key);
    // In one piece, which an allocator gives back: where no row has such an identity, none is touched.
    let mut runs = Runs { items: Vec::with_capacity(rows as usize), starts: Vec::new() };
    let mut chunk = Vec::new();
    for (cell, row) in arena.rows() {
        let hash = View::parse(row.body).and_then(|view| index.hash_of(&view));
        chunk.extend(hash.map(|hash| (hash, cell)));
        if chunk.len() == CHUNK {
            runs.add(&mut chunk);
        }
    }
    runs.add(&mut chunk);
    let mut sieve = Sieve::default();
    for shard in 0..SHARDS {
        index.reserve(shard, runs.of_shard(shard).map(<[_]>::len).sum());
        for item in runs.of_shard(shard).flatten() {
            let (hash, cell) = (item.hash(shard), item.cell());
            if sieve.has_seen(hash) {
                index.insert(arena, cell, hash);
            } else {
                index.insert_new(arena, cell, hash);
            }
        }
        runs.of_shard(shard).flatten().for_each(|item| sieve.forget(item.hash(shard)));
    }
    index
}

/// Runs of rows in order of their shards, one behind the other.
struct Runs {
    items: Vec<Hashed>,
    /// For each run, where each shard's begin, and the end.
    starts: Vec<[u32; SHARDS + 1]>,
}

impl Runs {
    /// Makes a run of a chunk, which is empty then: a counting sort.
    fn add(&mut self, chunk: &mut Vec<(u64, u32)>) {
        let first = self.items.len();
        let mut starts = [first as u32; SHARDS + 1];
        let mut counts = [0; SHARDS];
        chunk.iter().for_each(|(hash, _)| counts[shard_of(*hash)] += 1);
        for shard in 0..SHARDS {
            starts[shard + 1] = starts[shard] + counts[shard];
        }
        let mut next = starts;
        self.items.resize(first + chunk.len(), Hashed::default());
        for (hash, cell) in chunk.drain(..) {
            let at = &mut next[shard_of(hash)];
            self.items[*at as usize] = Hashed::new(hash, cell);
            *at += 1;
        }
        self.starts.push(starts);
    }

    fn of_shard(&self, shard: usize) -> impl Iterator<Item = &[Hashed]> {
        self.starts.iter().map(move |starts| &self.items[starts[shard] as usize..starts[shard + 1] as usize])
    }
}

/// Tells most hashes that were not seen yet in a shard, without reading a row.
struct Sieve(Vec<u64>);

impl Default for Sieve {
    fn default() -> Self {
        Self(vec![0; (SIEVE_BITS / 64) as usize])
    }
}

impl Sieve {
    /// Marks it as seen; false if it is certain that it was not.
    fn has_seen(&mut self, hash: u64) -> bool {
        let (word, bit) = self.place(hash);
        let seen = *word & bit != 0;
        *word |= bit;
        seen
    }

    /// Forgets it, and others along with it.
    fn forget(&mut self, hash: u64) {
        *self.place(hash).0 = 0;
    }

    fn place(&mut self, hash: u64) -> (&mut u64, u64) {
        let at = hash % SIEVE_BITS;
        (&mut self.0[(at / 64) as usize], 1 << (at % 64))
    }
}
