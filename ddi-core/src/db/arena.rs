//! Where the rows live in memory: 16 KiB pages of 8-byte cells. A row is named by the number of its
//! first cell, and never crosses a page. A page may be shared with snapshots; it is copied when it is
//! written while one is alive, so making a snapshot is cloning a list of pages.
//!
//! A page is a sequence of runs, each a row or free cells, so it can be walked from its first cell:
//!
//! ```text
//! row:        tag u16 (len in bytes | PREV_FREE), expiry ticket u32, version u64, body
//! free run:   tag u16 (FREE), cells u16, next u32, prev u32, ..., cells u16 in the last two bytes
//! ```
//! A free run of one cell has no room for next and prev: it is on no list, and waits for a neighbour.

mod free;

use crate::id::Lsn;
use free::FreeLists;
use std::sync::Arc;

/// Bytes in a page.
pub(crate) const PAGE_LEN: usize = 16 * 1024;
const CELL_LEN: usize = 8;
/// Cells in a page.
pub(crate) const PAGE_CELLS: u32 = (PAGE_LEN / CELL_LEN) as u32;
/// No cell; also "no expiry ticket".
pub(crate) const NO_CELL: u32 = u32::MAX;
/// Cells that can be numbered: indexes use the top bit of a cell number for themselves.
const CELLS_MAX: u32 = 1 << 31;
/// Bytes of a row before its body.
const ROW_HEAD: usize = 14;

const TAG_FREE: u16 = 1 << 15;
const TAG_PREV_FREE: u16 = 1 << 14;
const TAG_LEN: u16 = TAG_PREV_FREE - 1;

#[derive(Clone)]
pub(crate) struct Page([u8; PAGE_LEN]);

impl Page {
    fn load<const N: usize>(&self, at: usize) -> [u8; N] {
        self.0.get(at..at + N).and_then(|bytes| bytes.try_into().ok()).unwrap_or([0; N])
    }

    fn store<const N: usize>(&mut self, at: usize, bytes: [u8; N]) {
        if let Some(place) = self.0.get_mut(at..at + N) {
            place.copy_from_slice(&bytes);
        }
    }

    fn tag(&self, at: usize) -> u16 {
        u16::from_le_bytes(self.load(at))
    }

    /// The run at `at`: its length in cells, and the row if it is one.
    fn run(&self, at: usize) -> (u32, Option<Row<'_>>) {
        let tag = self.tag(at);
        if tag & TAG_FREE != 0 {
            return (u16::from_le_bytes(self.load(at + 2)).into(), None);
        }
        let len = usize::from(tag & TAG_LEN);
        (cells(len), self.row(at, len))
    }

    /// The row at this cell of the page.
    pub(crate) fn row_at(&self, cell: u32) -> Option<Row<'_>> {
        self.run(offset(cell)).1
    }

    fn row(&self, at: usize, len: usize) -> Option<Row<'_>> {
        Some(Row {
            ticket: u32::from_le_bytes(self.load(at + 2)),
            version: Lsn(u64::from_le_bytes(self.load(at + 6))),
            body: self.0.get(at + ROW_HEAD..at + len)?,
        })
    }

    /// Every row, with its offset in cells.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (u32, Row<'_>)> {
        let mut next = 0;
        std::iter::from_fn(move || self.next_row(&mut next))
    }

    /// The first row at this offset in cells or behind it, with its own; the offset goes on to what is behind it.
    pub(crate) fn next_row(&self, next: &mut u32) -> Option<(u32, Row<'_>)> {
        while *next < PAGE_CELLS {
            let cell = *next;
            let (len, row) = self.run(offset(cell));
            *next += len.max(1);
            if let Some(row) = row {
                return Some((cell, row));
            }
        }
        None
    }
}

/// A row as it lies in its page.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    /// Where the expiry queue holds this row.
    pub(crate) ticket: u32,
    pub(crate) version: Lsn,
    pub(crate) body: &'a [u8],
}

/// All rows of a database.
#[derive(Default)]
pub(crate) struct Arena {
    pages: Vec<Arc<Page>>,
    free: FreeLists,
}

impl Arena {
    /// The row at this cell. `None` only for a number that names no row.
    pub(crate) fn row(&self, cell: u32) -> Option<Row<'_>> {
        let (page, at) = place(cell);
        self.pages.get(page)?.run(at).1
    }

    /// True if a row with a body this long is sure to find a place.
    pub(crate) fn has_room(&self) -> bool {
        (self.pages.len() as u64) < u64::from(CELLS_MAX / PAGE_CELLS)
    }

    /// Takes cells for a row with this body, which is to be written next. The caller has asked
    /// [`Arena::has_room`].
    pub(crate) fn take_for(&mut self, body: &[u8]) -> u32 {
        self.take(cells(ROW_HEAD + body.len()))
    }

    /// Overwrites the row at `cell` if the new body takes as many cells; its ticket stays.
    pub(crate) fn overwrite(&mut self, cell: u32, version: Lsn, body: &[u8]) -> bool {
        let Some(old) = self.row(cell) else { return false };
        let fits = cells(ROW_HEAD + old.body.len()) == cells(ROW_HEAD + body.len());
        if fits {
            let ticket = old.ticket;
            self.write(cell, ticket, version, body);
        }
        fits
    }

    /// Writes a row where there is one as long, or where cells were taken for it.
    pub(crate) fn write(&mut self, cell: u32, ticket: u32, version: Lsn, body: &[u8]) {
        let Some((page, at)) = self.page_mut(cell) else { return };
        let len = ROW_HEAD + body.len();
        let tag = page.tag(at) & TAG_PREV_FREE | len as u16 & TAG_LEN;
        page.store(at, tag.to_le_bytes());
        page.store(at + 2, ticket.to_le_bytes());
        page.store(at + 6, version.0.to_le_bytes());
        if let Some(place) = page.0.get_mut(at + ROW_HEAD..at + len) {
            place.copy_from_slice(body);
        }
    }

    /// Notes where the expiry queue holds the row.
    pub(crate) fn set_ticket(&mut self, cell: u32, ticket: u32) {
        if let Some((page, at)) = self.page_mut(cell) {
            page.store(at + 2, ticket.to_le_bytes());
        }
    }

    /// Frees the row's cells, joining them with free neighbours.
    pub(crate) fn remove(&mut self, cell: u32) {
        let (page, at) = place(cell);
        let Some(held) = self.pages.get(page) else { return };
        let tag = held.tag(at);
        if tag & TAG_FREE != 0 {
            return;
        }
        let (mut first, mut len) = (cell, held.run(at).0);
        let (next, in_page) = (cell + len, PAGE_CELLS - (cell % PAGE_CELLS) - len);
        if in_page > 0 && held.tag(place(next).1) & TAG_FREE != 0 {
            let next_len = held.run(place(next).1).0;
            len += next_len;
            self.unlink(next, next_len);
        }
        if tag & TAG_PREV_FREE != 0
            && let Some(held) = self.pages.get(page)
        {
            let before = u32::from(u16::from_le_bytes(held.load(at - 2)));
            first = cell - before;
            len += before;
            self.unlink(first, before);
        }
        self.link(first, len);
    }

    /// The pages, shared: what a snapshot is made of.
    pub(crate) fn share_pages(&self) -> Vec<Arc<Page>> {
        self.pages.clone()
    }

    /// Every row with its cell, in page order.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (u32, Row<'_>)> {
        self.pages.iter().enumerate().flat_map(|(number, page)| {
            page.rows().map(move |(at, row)| (number as u32 * PAGE_CELLS + at, row))
        })
    }

    /// Bytes of all pages.
    pub(crate) fn bytes(&self) -> u64 {
        (self.pages.len() * PAGE_LEN) as u64
    }

    fn page_mut(&mut self, cell: u32) -> Option<(&mut Page, usize)> {
        let (page, at) = place(cell);
        Some((Arc::make_mut(self.pages.get_mut(page)?), at))
    }
}

/// Page number and byte offset in it.
const fn place(cell: u32) -> (usize, usize) {
    ((cell / PAGE_CELLS) as usize, offset(cell % PAGE_CELLS))
}

const fn offset(cell_in_page: u32) -> usize {
    cell_in_page as usize * CELL_LEN
}

const fn cells(len: usize) -> u32 {
    len.div_ceil(CELL_LEN) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every page is rows and free runs from end to end, with tags that agree, and the lists hold
    /// exactly the free runs that are long enough.
    fn check(arena: &Arena, rows: &[(u32, u8, usize)]) {
        let mut found: Vec<_> = arena.rows().map(|(cell, row)| (cell, row.body[0], row.body.len())).collect();
        let mut expected = rows.to_vec();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected);
        let mut free = 0;
        for page in &arena.pages {
            let (mut cell, mut prev_free) = (0, false);
            while cell < PAGE_CELLS {
                let (len, row) = page.run(offset(cell));
                assert!(len > 0 && !(prev_free && row.is_none()), "free runs are joined");
                assert!(row.is_none() || prev_free == (page.tag(offset(cell)) & TAG_PREV_FREE != 0));
                prev_free = row.is_none();
                free += u32::from(prev_free && len > 1);
                cell += len;
            }
            assert_eq!(cell, PAGE_CELLS);
        }
        assert_eq!(arena.listed(), free);
    }

    #[test]
    fn cells_are_neither_lost_nor_given_twice() {
        let (mut arena, mut random) = (Arena::default(), 7_u64);
        let mut rows: Vec<(u32, u8, usize)> = Vec::new();
        for round in 0..6000_u32 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let number = (random >> 33) as usize;
            if number.is_multiple_of(5) && !rows.is_empty() || rows.len() > 900 {
                let (cell, ..) = rows.swap_remove(number / 8 % rows.len());
                arena.remove(cell);
            } else {
                let long = if number.is_multiple_of(7) { 5000 } else { 60 };
                let body = vec![number as u8; 3 + number / 64 % long];
                let cell = arena.take_for(&body);
                arena.write(cell, NO_CELL, Lsn(round.into()), &body);
                rows.push((cell, number as u8, body.len()));
            }
            if round.is_multiple_of(50) {
                check(&arena, &rows);
            }
        }
        rows.drain(..).for_each(|(cell, ..)| arena.remove(cell));
        check(&arena, &rows);
        assert_eq!(arena.listed() as usize, arena.pages.len(), "each page is one free run again");
    }
}
