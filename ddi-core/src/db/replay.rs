//! Bringing back many leases at once. Operations are gathered in chunks and carried out in order of
//! their /24 blocks, so that neighbours are looked up while they are in the cache. Operations on one
//! lease keep their order, and that is all that matters.
//!
//! With more than one thread ([`DbConfig::open_threads`](super::DbConfig)), one reads, checks and sorts
//! while another carries out, and each index is built by its own. This is the one file of the library that
//! starts threads: scoped ones, during opening, and only if the caller asked for them.

use super::identity::IndexKind;
use super::op::Op;
use super::table::Table;
use crate::id::Lsn;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Operations in a chunk, at most.
const CHUNK_OPS: usize = 1 << 19;
/// Bytes of operations in a chunk, after which it is full.
const CHUNK_BYTES: usize = 40 << 20;
/// Blocks are sorted by 12 bits at a time, twice.
const DIGIT_BITS: u32 = 12;
const DIGITS: usize = 1 << DIGIT_BITS;

/// This operation is not one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the operation at lsn {} is not one of a lease database", .0.0)]
pub(super) struct Malformed(pub(super) Lsn);

/// Where operations go: the first byte, and the rest.
pub(super) type Sink<'a> = &'a mut dyn FnMut(Lsn, u8, &[u8]) -> Result<(), Malformed>;

#[derive(Clone, Copy)]
struct Gathered {
    block: u32,
    start: u32,
    len: u32,
    lsn: Lsn,
}

/// Operations as they came, being gathered.
#[derive(Default)]
struct Chunk {
    bytes: Vec<u8>,
    ops: Vec<Gathered>,
    spare: Vec<Gathered>,
}

/// Operations in order of their blocks, one behind the other: to be carried out from front to back.
#[derive(Default)]
struct Sorted {
    bytes: Vec<u8>,
    ops: Vec<(Lsn, u32)>,
}

impl Chunk {
    fn push(&mut self, lsn: Lsn, first: u8, rest: &[u8]) {
        let start = self.bytes.len() as u32;
        self.bytes.push(first);
        self.bytes.extend_from_slice(rest);
        let block = Op::block_hint(first, rest);
        self.ops.push(Gathered { block, start, len: 1 + rest.len() as u32, lsn });
    }

    fn is_full(&self) -> bool {
        self.ops.len() >= CHUNK_OPS || self.bytes.len() >= CHUNK_BYTES
    }

    /// Moves all into `sorted`, which is empty.
    fn sort_into(&mut self, sorted: &mut Sorted) {
        self.sort_by(0);
        self.sort_by(DIGIT_BITS);
        sorted.bytes.reserve(self.bytes.len());
        for op in &self.ops {
            let bytes = self.bytes.get(op.start as usize..(op.start + op.len) as usize).unwrap_or_default();
            sorted.bytes.extend_from_slice(bytes);
            sorted.ops.push((op.lsn, op.len));
        }
        self.ops.clear();
        self.bytes.clear();
    }

    /// A stable counting sort by one digit of the block.
    fn sort_by(&mut self, shift: u32) {
        let digit = |op: &Gathered| (op.block >> shift) as usize % DIGITS;
        let mut starts = vec![0_usize; DIGITS + 1];
        self.ops.iter().for_each(|op| starts[digit(op) + 1] += 1);
        for at in 0..DIGITS {
            starts[at + 1] += starts[at];
        }
        let none = Gathered { block: 0, start: 0, len: 0, lsn: Lsn::ZERO };
        self.spare.resize(self.ops.len(), none);
        for op in &self.ops {
            let start = &mut starts[digit(op)];
            self.spare[*start] = *op;
            *start += 1;
        }
        std::mem::swap(&mut self.ops, &mut self.spare);
        self.spare.clear();
    }
}

impl Sorted {
    /// Carries all out, and is empty then.
    fn apply(&mut self, table: &mut Table) -> Result<(), Malformed> {
        let mut rest = &self.bytes[..];
        for &(lsn, len) in &self.ops {
            let (bytes, after) = rest.split_at_checked(len as usize).ok_or(Malformed(lsn))?;
            rest = after;
            match Op::parse(bytes) {
                Some(Op::Put(body, view)) => table.put_parsed(lsn, body, &view),
                Some(Op::Remove(key)) => drop(table.remove(key)),
                None => return Err(Malformed(lsn)),
            }
        }
        self.ops.clear();
        self.bytes.clear();
        Ok(())
    }
}

/// Carries out on `table` all operations that `source` gives, which runs on a thread of its own if there
/// may be one.
pub(super) fn replay<R: Send>(
    table: &mut Table,
    threads: usize,
    source: impl FnOnce(Sink<'_>) -> R + Send,
) -> Result<R, Malformed> {
    if threads > 1 {
        return replay_threaded(table, source);
    }
    let (mut chunk, mut sorted) = (Chunk::default(), Sorted::default());
    let result = source(&mut |lsn, first, rest| {
        chunk.push(lsn, first, rest);
        if chunk.is_full() {
            chunk.sort_into(&mut sorted);
            sorted.apply(table)?;
        }
        Ok(())
    });
    chunk.sort_into(&mut sorted);
    sorted.apply(table)?;
    Ok(result)
}

/// What will stay is allocated by the calling thread: its heap is the one that grows most cheaply.
fn replay_threaded<R: Send>(
    table: &mut Table,
    source: impl FnOnce(Sink<'_>) -> R + Send,
) -> Result<R, Malformed> {
    let (full_in, full_out) = sync_channel::<Sorted>(1);
    let (empty_in, empty_out) = sync_channel::<Sorted>(2);
    std::thread::scope(|threads| {
        let reader = threads.spawn(move || {
            let mut chunk = Chunk::default();
            let hand_over = |chunk: &mut Chunk| {
                let mut sorted = empty_out.try_recv().unwrap_or_default();
                chunk.sort_into(&mut sorted);
                full_in.send(sorted)
            };
            let result = source(&mut |lsn, first, rest| {
                chunk.push(lsn, first, rest);
                if chunk.is_full() {
                    hand_over(&mut chunk).map_err(|_| Malformed(lsn))?; // they are not taken: see below
                }
                Ok(())
            });
            let _ = hand_over(&mut chunk); // likewise
            result
        });
        let applied = apply_all(table, full_out, &empty_in);
        let result = reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        applied.map(|()| result)
    })
}

/// Until there are no more; after an error no more are taken.
fn apply_all(table: &mut Table, full: Receiver<Sorted>, empty: &SyncSender<Sorted>) -> Result<(), Malformed> {
    for mut sorted in full {
        sorted.apply(table)?;
        let _ = empty.try_send(sorted); // if nobody wants it, it is dropped
    }
    Ok(())
}

/// Builds these indexes, each on its own thread if there may be several.
pub(super) fn build_indexes(table: &Table, kinds: &[IndexKind], threads: usize) {
    for several in kinds.chunks(threads.max(1)) {
        let Some((here, elsewhere)) = several.split_first() else { continue };
        if elsewhere.is_empty() {
            // Without a thread, and without what the standard library keeps of each that may borrow.
            table.index(*here);
            continue;
        }
        std::thread::scope(|threads| {
            for kind in elsewhere {
                threads.spawn(|| table.index(*kind));
            }
            table.index(*here);
        });
    }
}
