//! Building identity indexes from the rows alone, many rows at once: after recovery, and when an index
//! is first asked for. Rows are taken in chunks and put in order of their shard, so that each of the
//! small tables is filled while it is in the cache.

use super::arena::{Arena, NO_CELL};
use super::identity::{HashKey, IdentityIndex, IndexKind, SHARDS};
use super::row::View;

/// Rows sorted at a time: 16 MB of hashes and cells, and as much to sort them.
const CHUNK: usize = 1 << 20;

/// An index of all rows.
pub(super) fn index(arena: &Arena, rows: u64, kind: IndexKind, key: HashKey) -> IdentityIndex {
    let mut index = IdentityIndex::new(kind, key);
    let (mut chunk, mut sorted) = (Vec::new(), Vec::new());
    let mut seen = 0;
    for (cell, row) in arena.rows() {
        let hash = View::parse(row.body).and_then(|view| index.hash_of(&view));
        chunk.extend(hash.map(|hash| (hash, cell)));
        seen += 1;
        if seen % CHUNK == 0 {
            if seen == CHUNK {
                // In the hope that what is to come is alike.
                index.reserve((chunk.len() as u64 * rows).div_ceil(CHUNK as u64) as usize);
            }
            insert_all(&mut index, arena, &chunk, &mut sorted);
            chunk.clear();
        }
    }
    if seen < CHUNK {
        index.reserve(chunk.len());
    }
    insert_all(&mut index, arena, &chunk, &mut sorted);
    index
}

/// Inserts in order of shards: a counting sort.
fn insert_all(index: &mut IdentityIndex, arena: &Arena, chunk: &[(u64, u32)], sorted: &mut Vec<(u64, u32)>) {
    let mut starts = [0_usize; SHARDS + 1];
    for (hash, _) in chunk {
        starts[IdentityIndex::shard_of(*hash) + 1] += 1;
    }
    for shard in 0..SHARDS {
        starts[shard + 1] += starts[shard];
    }
    sorted.clear();
    sorted.resize(chunk.len(), (0, NO_CELL));
    for item in chunk {
        let start = &mut starts[IdentityIndex::shard_of(item.0)];
        sorted[*start] = *item;
        *start += 1;
    }
    for (hash, cell) in &*sorted {
        index.insert(arena, *cell, *hash);
    }
}
