//! Building what finds the leases from the rows alone, many at once: after recovery, and when an index
//! is first asked for. Rows are taken in chunks and put in order of their shard, so that each small
//! table is filled while it is in the cache.

use super::arena::{Arena, NO_CELL};
use super::identity::{HashKey, IdentityIndex, IndexKind, SHARDS};
use super::row::View;
use super::table::Table;

/// Rows sorted at a time: 12 MB of hashes and cells.
const CHUNK: usize = 1 << 20;

/// An index of all rows.
pub(super) fn index(arena: &Arena, kind: IndexKind, key: HashKey) -> IdentityIndex {
    let mut index = IdentityIndex::new(kind, key);
    let named =
        arena.rows().filter(|(_, row)| View::parse(row.body).is_some_and(|view| kind.of(&view).is_some()));
    index.reserve(named.count());
    let mut chunk: Vec<(u64, u32)> = Vec::new();
    let mut sorted = Vec::new();
    for (cell, row) in arena.rows() {
        let hash = View::parse(row.body).and_then(|view| index.hash_of(&view));
        chunk.extend(hash.map(|hash| (hash, cell)));
        if chunk.len() == CHUNK {
            insert_all(&mut index, arena, &chunk, &mut sorted);
            chunk.clear();
        }
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

/// Everything that opening leaves to the end.
pub(super) fn all(table: &mut Table, config: &super::config::DbConfig) {
    for kind in &config.indexes {
        table.index(*kind);
    }
}
