//! Free cells: doubly linked lists of free runs, by length, the links inside the runs themselves.

use super::{Arena, CELL_LEN, NO_CELL, PAGE_CELLS, PAGE_LEN, Page, TAG_FREE, TAG_PREV_FREE, place};
use std::sync::Arc;

/// Runs shorter than this have a list per length; longer ones a list per power of two.
const EXACT: u32 = 64;
/// Lists: exact lengths, then 64.., 128.., 256.., 512.., 1024.., 2048.
const LISTS: usize = EXACT as usize + 6;
/// How many runs of a power-of-two list are tried before a longer list is.
const TRIES: usize = 16;

#[derive(Debug)]
pub(super) struct FreeLists {
    heads: [u32; LISTS],
    /// Bit n: list n has a run.
    some: u128,
}

impl Default for FreeLists {
    fn default() -> Self {
        Self { heads: [NO_CELL; LISTS], some: 0 }
    }
}

impl FreeLists {
    fn head(&self, list: usize) -> u32 {
        self.heads.get(list).copied().unwrap_or(NO_CELL)
    }

    fn set_head(&mut self, list: usize, cell: u32) {
        if let Some(head) = self.heads.get_mut(list) {
            *head = cell;
        }
        let bit = 1 << list;
        self.some = if cell == NO_CELL { self.some & !bit } else { self.some | bit };
    }

    /// The first list from `list` on that has a run.
    fn first_from(&self, list: usize) -> Option<usize> {
        let found = (self.some >> list).trailing_zeros() as usize + list;
        (found < LISTS).then_some(found)
    }
}

fn list_of(len: u32) -> usize {
    if len < EXACT { len as usize } else { (EXACT + len.ilog2() - EXACT.ilog2()) as usize }
}

impl Page {
    fn free_len(&self, at: usize) -> u32 {
        u16::from_le_bytes(self.load(at + 2)).into()
    }

    fn set_prev_free(&mut self, at: usize, prev_free: u16) {
        let tag = self.tag(at) & !TAG_PREV_FREE | prev_free;
        self.store(at, tag.to_le_bytes());
    }
}

impl Arena {
    /// Takes `len` cells in one page.
    pub(super) fn take(&mut self, len: u32) -> u32 {
        let len = len.max(2);
        let (cell, found) = self.find_free(len).unwrap_or_else(|| self.add_page());
        if found > len && list_of(found - len) == list_of(found) {
            self.shorten(cell, found, len);
            return cell;
        }
        self.unlink(cell, found);
        if found > len {
            self.link(cell + len, found - len);
        } else {
            self.mark_after(cell, found, 0);
        }
        if let Some((page, at)) = self.page_mut(cell) {
            page.store(at, 0_u16.to_le_bytes()); // two free runs never touch: the one before is a row
        }
        cell
    }

    /// Takes `len` cells from the front of a free run whose rest belongs on the same list: the rest
    /// takes its place there.
    fn shorten(&mut self, cell: u32, found: u32, len: u32) {
        let (rest, rest_len) = (cell + len, (found - len) as u16);
        let Some((page, at)) = self.page_mut(cell) else { return };
        let links: [u8; 8] = page.load(at + 4);
        let (to, end) = (at + len as usize * CELL_LEN, at + found as usize * CELL_LEN);
        page.store(at, 0_u16.to_le_bytes());
        page.store(to, TAG_FREE.to_le_bytes());
        page.store(to + 2, rest_len.to_le_bytes());
        page.store(to + 4, links);
        page.store(end - 2, rest_len.to_le_bytes());
        let [a, b, c, d, prev @ ..] = links;
        self.set_prev(u32::from_le_bytes([a, b, c, d]), rest);
        self.set_next(u32::from_le_bytes(prev), rest, found);
    }

    fn find_free(&self, len: u32) -> Option<(u32, u32)> {
        let mut list = list_of(len);
        if len >= EXACT {
            let mut cell = self.free.head(list);
            for _ in 0..TRIES {
                let (page, at) = place(cell);
                let Some(page) = (cell != NO_CELL).then(|| self.pages.get(page)).flatten() else { break };
                if page.free_len(at) >= len {
                    return Some((cell, page.free_len(at)));
                }
                cell = u32::from_le_bytes(page.load(at + 4));
            }
            list += 1;
        }
        let cell = self.free.head(self.free.first_from(list)?);
        let (page, at) = place(cell);
        Some((cell, self.pages.get(page)?.free_len(at)))
    }

    fn add_page(&mut self) -> (u32, u32) {
        let cell = self.pages.len() as u32 * PAGE_CELLS;
        self.pages.push(Arc::new(Page([0; PAGE_LEN])));
        self.link(cell, PAGE_CELLS);
        (cell, PAGE_CELLS)
    }

    /// Makes these cells a free run, and puts it on its list.
    pub(super) fn link(&mut self, cell: u32, len: u32) {
        let (list, listed) = (list_of(len), len > 1);
        let next = if listed { self.free.head(list) } else { NO_CELL };
        if let Some((page, at)) = self.page_mut(cell) {
            page.store(at, TAG_FREE.to_le_bytes());
            page.store(at + 2, (len as u16).to_le_bytes());
            page.store(at + len as usize * CELL_LEN - 2, (len as u16).to_le_bytes());
            if listed {
                page.store(at + 4, next.to_le_bytes());
                page.store(at + 8, NO_CELL.to_le_bytes());
            }
        }
        self.mark_after(cell, len, TAG_PREV_FREE);
        if listed {
            self.set_prev(next, cell);
            self.free.set_head(list, cell);
        }
    }

    /// Takes a free run off its list.
    pub(super) fn unlink(&mut self, cell: u32, len: u32) {
        let (page, at) = place(cell);
        let Some(page) = self.pages.get(page) else { return };
        if len < 2 {
            return;
        }
        let next = u32::from_le_bytes(page.load(at + 4));
        let prev = u32::from_le_bytes(page.load(at + 8));
        self.set_prev(next, prev);
        self.set_next(prev, next, len);
    }

    /// The run after `prev` on the list for `len` cells, or the first one, is `next`.
    fn set_next(&mut self, prev: u32, next: u32, len: u32) {
        if prev == NO_CELL {
            self.free.set_head(list_of(len), next);
        } else if let Some((page, at)) = self.page_mut(prev) {
            page.store(at + 4, next.to_le_bytes());
        }
    }

    fn set_prev(&mut self, cell: u32, prev: u32) {
        if cell != NO_CELL
            && let Some((page, at)) = self.page_mut(cell)
        {
            page.store(at + 8, prev.to_le_bytes());
        }
    }

    /// How many free runs the lists hold, each on the right one.
    #[cfg(test)]
    pub(super) fn listed(&self) -> u32 {
        let mut listed = 0;
        for list in 0..LISTS {
            let (mut cell, mut before) = (self.free.head(list), NO_CELL);
            assert_eq!(cell != NO_CELL, self.free.some & 1 << list != 0);
            while cell != NO_CELL {
                let (page, at) = place(cell);
                let page = &self.pages[page];
                assert!(page.tag(at) & TAG_FREE != 0 && list_of(page.free_len(at)) == list);
                assert_eq!(u32::from_le_bytes(page.load(at + 8)), before);
                before = cell;
                cell = u32::from_le_bytes(page.load(at + 4));
                listed += 1;
            }
        }
        listed
    }

    /// Tells the run after these cells whether they are free.
    fn mark_after(&mut self, cell: u32, len: u32, prev_free: u16) {
        let after = cell + len;
        if !after.is_multiple_of(PAGE_CELLS)
            && let Some((page, at)) = self.page_mut(after)
        {
            page.set_prev_free(at, prev_free);
        }
    }
}
