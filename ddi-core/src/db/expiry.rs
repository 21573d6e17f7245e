//! Which leases wait for their time: a queue of cells by second. A row holds its ticket, the place of
//! its one item in the queue, so taking it out costs no search and leaves nothing behind.
//!
//! A renewal does not touch the queue: an item may stand at an earlier second than its lease ends. When
//! its second has come, [`super::table::Table::expired`] moves it to the right one. So the queue is
//! never longer than there are leases that wait, however often they are renewed.

mod seconds;

use super::arena::NO_CELL;
use seconds::Seconds;

/// Cells of one second, in one cache line; further chunks of the second follow by `next`.
#[derive(Clone, Copy)]
struct Chunk {
    second: u64,
    next: u32,
    prev: u32,
    cells: [u32; CHUNK_CELLS],
    /// Slots ever used, and how many of those are still in use.
    used: u8,
    live: u8,
}

const CHUNK_CELLS: usize = 11;
/// A ticket is chunk number * 16 + slot.
const TICKET_SLOTS: u32 = 16;
/// No chunk.
const NONE: u32 = u32::MAX;
/// Chunks are allocated this many at a time, so that growing never copies the queue.
const BLOCK_CHUNKS: usize = 1024;

const EMPTY: Chunk =
    Chunk { second: 0, next: NONE, prev: NONE, cells: [NO_CELL; CHUNK_CELLS], used: 0, live: 0 };

#[derive(Default)]
pub(crate) struct ExpiryQueue {
    /// The newest chunk of each second, the one that takes more.
    seconds: Seconds,
    blocks: Vec<Box<[Chunk]>>,
    free: Option<u32>,
    fresh: u32,
    len: u64,
}

impl ExpiryQueue {
    /// How many items there are.
    #[cfg(test)]
    pub(crate) const fn len(&self) -> u64 {
        self.len
    }

    /// The first second that has an item.
    pub(crate) fn first_second(&self) -> Option<u64> {
        self.seconds.first()
    }

    /// The second that a ticket's item stands at.
    pub(crate) fn second(&self, ticket: u32) -> u64 {
        self.chunk(ticket / TICKET_SLOTS).map_or(0, |chunk| chunk.second)
    }

    /// Adds an item, and gives its ticket.
    pub(crate) fn insert(&mut self, second: u64, cell: u32) -> u32 {
        let newest = self.seconds.get(second);
        let open =
            newest.filter(|at| self.chunk(*at).is_some_and(|chunk| usize::from(chunk.used) < CHUNK_CELLS));
        let at = match open {
            Some(at) => at,
            None => self.add_chunk(second, newest),
        };
        let Some(chunk) = self.chunk_mut(at) else { return NO_CELL };
        let slot = chunk.used;
        if let Some(place) = chunk.cells.get_mut(usize::from(slot)) {
            *place = cell;
        }
        chunk.used += 1;
        chunk.live += 1;
        self.len += 1;
        at * TICKET_SLOTS + u32::from(slot)
    }

    fn add_chunk(&mut self, second: u64, newest: Option<u32>) -> u32 {
        let at = match self.free {
            Some(at) => {
                self.free = self.chunk(at).map(|chunk| chunk.next).filter(|next| *next != NONE);
                at
            }
            None => {
                if self.fresh as usize == self.blocks.len() * BLOCK_CHUNKS {
                    self.blocks.push(vec![EMPTY; BLOCK_CHUNKS].into_boxed_slice()); // an array would pass the stack
                }
                self.fresh += 1;
                self.fresh - 1
            }
        };
        if let Some(chunk) = self.chunk_mut(at) {
            *chunk = Chunk { second, next: newest.unwrap_or(NONE), ..EMPTY };
        }
        if let Some(chunk) = newest.and_then(|newest| self.chunk_mut(newest)) {
            chunk.prev = at;
        }
        self.seconds.insert(second, at);
        at
    }

    /// The row with this ticket has moved.
    pub(crate) fn relocate(&mut self, ticket: u32, cell: u32) {
        if let Some(place) = self.slot_mut(ticket) {
            *place = cell;
        }
    }

    /// Takes an item out.
    pub(crate) fn remove(&mut self, ticket: u32) {
        let Some(place) = self.slot_mut(ticket) else { return };
        if std::mem::replace(place, NO_CELL) == NO_CELL {
            return;
        }
        self.len -= 1;
        let at = ticket / TICKET_SLOTS;
        let Some(chunk) = self.chunk_mut(at) else { return };
        chunk.live -= 1;
        if chunk.live == 0 {
            self.drop_chunk(at);
        }
    }

    fn drop_chunk(&mut self, at: u32) {
        let Some(Chunk { second, next, prev, .. }) = self.chunk(at).copied() else { return };
        if let Some(chunk) = self.chunk_mut(next) {
            chunk.prev = prev;
        }
        if let Some(chunk) = self.chunk_mut(prev) {
            chunk.next = next;
        } else if next == NONE {
            self.seconds.remove(second);
        } else {
            self.seconds.insert(second, next);
        }
        let free = self.free.unwrap_or(NONE);
        if let Some(chunk) = self.chunk_mut(at) {
            *chunk = Chunk { next: free, ..EMPTY };
        }
        self.free = Some(at);
    }

    /// The items up to `last`, by second; within a second in no order. Each with its ticket.
    pub(crate) fn until(&self, last: u64) -> impl Iterator<Item = Item> {
        self.seconds.until(last).flat_map(|newest| self.chunks(newest)).flat_map(|(at, chunk)| {
            let second = chunk.second;
            let cells = (0..).zip(chunk.cells).filter(|(_, cell)| *cell != NO_CELL);
            cells.map(move |(slot, cell)| Item { second, cell, ticket: at * TICKET_SLOTS + slot })
        })
    }

    /// The chunks of one second, from this one on, with their numbers.
    fn chunks(&self, newest: u32) -> impl Iterator<Item = (u32, &Chunk)> {
        let numbered = |at| self.chunk(at).map(|chunk| (at, chunk));
        std::iter::successors(numbered(newest), move |(_, chunk)| numbered(chunk.next))
    }

    fn chunk(&self, at: u32) -> Option<&Chunk> {
        let at = at as usize;
        self.blocks.get(at / BLOCK_CHUNKS)?.get(at % BLOCK_CHUNKS)
    }

    fn chunk_mut(&mut self, at: u32) -> Option<&mut Chunk> {
        let at = at as usize;
        self.blocks.get_mut(at / BLOCK_CHUNKS)?.get_mut(at % BLOCK_CHUNKS)
    }

    fn slot_mut(&mut self, ticket: u32) -> Option<&mut u32> {
        self.chunk_mut(ticket / TICKET_SLOTS)?.cells.get_mut((ticket % TICKET_SLOTS) as usize)
    }
}

/// A waiting lease.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Item {
    pub(crate) second: u64,
    pub(crate) cell: u32,
    pub(crate) ticket: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_come_out_by_second_and_leave_nothing() {
        let mut queue = ExpiryQueue::default();
        let tickets: Vec<u32> = (0..5000).map(|cell| queue.insert(u64::from(cell % 7), cell)).collect();
        let seconds: Vec<u64> = queue.until(3).map(|item| item.second).collect();
        assert!(seconds.is_sorted());
        assert_eq!(seconds.len(), (0..5000).filter(|cell| cell % 7 <= 3).count());
        assert_eq!(queue.second(tickets[13]), 6);
        tickets.iter().for_each(|ticket| queue.remove(*ticket));
        queue.remove(tickets[0]);
        assert_eq!((queue.len(), queue.first_second(), queue.until(u64::MAX).count()), (0, None, 0));
        let chunks = queue.blocks.len();
        let again = (0..5000).map(|cell| queue.insert(u64::from(cell % 7), cell));
        assert_eq!(again.count(), 5000);
        assert_eq!(queue.blocks.len(), chunks, "freed chunks are used again");
    }
}
