//! All leases of one moment: in memory for readers ([`Snapshot`]), and as a file ([`file`], what a
//! compaction writes and recovery reads).

pub(crate) mod file;
pub(crate) mod load;

pub use load::SnapshotDamage;

use super::arena::{PAGE_CELLS, Page, Row};
use super::row::View;
use crate::id::{LeaseKey, Lsn};
use crate::lease::Lease;
use std::sync::Arc;

/// All leases as they were when [`LeaseDb::snapshot`](super::LeaseDb::snapshot) was called. It can be
/// read on any thread while writes go on; as long as it lives, pages that are written are copied, so
/// at worst it doubles the memory of the leases.
#[derive(Clone)]
pub struct Snapshot {
    pages: Vec<Arc<Page>>,
    lsn: Lsn,
    len: u64,
}

/// Where a reader of a [`Snapshot`] stands, for [`Snapshot::read`]. The default is the start.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Cursor {
    page: usize,
    cell: u32,
}

impl Snapshot {
    pub(crate) const fn new(pages: Vec<Arc<Page>>, lsn: Lsn, len: u64) -> Self {
        Self { pages, lsn, len }
    }

    /// The last change that it holds. Durable only once the database says so of this number.
    #[must_use]
    pub const fn lsn(&self) -> Lsn {
        self.lsn
    }

    /// How many leases it holds.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// True if it holds none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All leases, in no particular order.
    pub fn leases(&self) -> impl Iterator<Item = Lease> {
        self.pages.iter().flat_map(|page| page.rows()).filter_map(|(_, row)| lease_of(row))
    }

    /// Reads the next lease in the order of [`Snapshot::leases`], into one whose byte fields are used again; false
    /// after the last. For readers that stop and go on: nothing is borrowed in between.
    pub fn read(&self, cursor: &mut Cursor, lease: &mut Lease) -> bool {
        while let Some(page) = self.pages.get(cursor.page) {
            while let Some((_, row)) = page.next_row(&mut cursor.cell) {
                if let Some(view) = View::parse(row.body) {
                    view.fill(row.version, lease);
                    return true;
                }
            }
            *cursor = Cursor { page: cursor.page + 1, cell: 0 };
        }
        false
    }

    /// The leases after `after`, in order of their keys. Sorts first: that takes 28 bytes a lease, and a
    /// second for some millions.
    pub fn ordered(&self, after: Option<LeaseKey>) -> impl Iterator<Item = Lease> {
        let mut order: Vec<(LeaseKey, u32)> = Vec::new();
        for (number, page) in (0..).zip(&self.pages) {
            order.extend(page.rows().filter_map(|(at, row)| {
                let key = View::parse(row.body)?.key;
                after.is_none_or(|after| key > after).then_some((key, number * PAGE_CELLS + at))
            }));
        }
        order.sort_unstable();
        order.into_iter().filter_map(|(_, cell)| {
            let page = self.pages.get((cell / PAGE_CELLS) as usize)?;
            lease_of(page.row_at(cell % PAGE_CELLS)?)
        })
    }

    pub(crate) fn into_pages(self) -> Vec<Arc<Page>> {
        self.pages
    }
}

fn lease_of(row: Row<'_>) -> Option<Lease> {
    let mut lease = Lease::default();
    View::parse(row.body)?.fill(row.version, &mut lease);
    Some(lease)
}
