//! Putting imported items into a store.

use super::error::ImportError;
use super::export::ERRORS_MAX;
use super::import::{Item, Items, ReadError};
use crate::store::{Expect, LeaseStore, StoreError};
use std::io::BufRead;

/// What to do about a row or stanza that is wrong, or that the store does not hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_enums, reason = "the two things that one can do")]
pub enum BadRows {
    /// Stop there.
    Stop,
    /// Count and report it, and go on.
    Skip,
}

/// What [`import`] did so far.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Imported {
    /// Leases put, replacements included.
    pub leases: u64,
    /// Removals.
    pub removed: u64,
    /// Other items: what a daemon remembers beside leases.
    pub other: u64,
    /// Rows and stanzas that were skipped.
    pub skipped: u64,
    /// Why, for the first [`ERRORS_MAX`] of them.
    pub errors: Vec<Skipped>,
}

/// Why a row or stanza was not imported.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Skipped {
    /// It is wrong.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The store does not hold such a lease.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why an import stopped before the end of the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportStopped {
    /// The file can't be read, or a row is wrong and [`BadRows::Stop`] was asked for.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The store stopped, or does not hold a lease and [`BadRows::Stop`] was asked for.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Puts the next `batch` items into the store and adds to `imported`. True if there may be more; the
/// caller commits in between, so that a batch is as large as it wants it.
///
/// ```no_run
/// # fn f(store: &mut impl ddi_core::LeaseStore) -> Result<(), Box<dyn std::error::Error>> {
/// use ddi_core::interchange::{BadRows, Imported, Importer, Items, import};
/// let file = std::io::BufReader::new(std::fs::File::open("dhcpd.leases")?);
/// let mut items = Items::new(file, Importer::dhcpd_leases(0));
/// let mut imported = Imported::default();
/// while import(&mut items, store, 1000, BadRows::Skip, &mut imported)? {
///     // commit here
/// }
/// # Ok(())
/// # }
/// ```
pub fn import<R: BufRead, S: LeaseStore + ?Sized>(
    items: &mut Items<R>,
    store: &mut S,
    batch: usize,
    bad_rows: BadRows,
    imported: &mut Imported,
) -> Result<bool, ImportStopped> {
    for _ in 0..batch {
        let Some(item) = items.next() else { return Ok(false) };
        let skipped = match item {
            Err(ReadError::Import(error)) if bad_rows == BadRows::Skip => Skipped::Import(error),
            other => match put(store, other?) {
                Ok(did) => {
                    imported.count(did);
                    continue;
                }
                Err(error) if bad_rows == BadRows::Skip && is_of_lease(&error) => Skipped::Store(error),
                Err(error) => return Err(error.into()),
            },
        };
        imported.skipped += 1;
        if imported.errors.len() < ERRORS_MAX {
            imported.errors.push(skipped);
        }
    }
    Ok(true)
}

/// Is it this lease that the store does not hold, rather than any?
fn is_of_lease(error: &StoreError) -> bool {
    matches!(error, StoreError::TooLong { .. } | StoreError::NotAPrefix { .. })
}

impl Imported {
    fn count(&mut self, did: Put) {
        match did {
            Put::Lease => self.leases += 1,
            Put::Removed => self.removed += 1,
            Put::Nothing => self.other += 1,
        }
    }
}

/// What [`put`] did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_enums, reason = "the things that an item can do to a store")]
pub enum Put {
    /// Put a lease.
    Lease,
    /// Removed a lease, if it was there.
    Removed,
    /// Nothing: the item is about something else.
    Nothing,
}

/// Puts one item into the store, whatever the store has under its key, by
/// [`LeaseStore::put_forced`]: a file may name any state next. Nothing is durable before the next commit.
pub fn put<S: LeaseStore + ?Sized>(store: &mut S, item: Item) -> Result<Put, StoreError> {
    match item {
        Item::Lease(mut lease) => store.put_forced(&mut lease, Expect::Any).map(|_| Put::Lease),
        Item::Removed(key) => store.remove(key, Expect::Any).map(|_| Put::Removed),
        _ => Ok(Put::Nothing),
    }
}
