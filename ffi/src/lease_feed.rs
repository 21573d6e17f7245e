//! The change feed: what became durable, in order, from any position that the log still reaches back to. For
//! replicas, inventories and whoever else has to know of each change, also after a restart: keep the position.
//!
//!     s = ddi_lease_db_feed(db, position, &feed);
//!     if (s == DDI_E_RELEASED) ...;    // too long ago: read a ddi_lease_snapshot, and feed from its lsn
//!     for (;;) {
//!         while ((s = ddi_lease_feed_next(feed, &change, &lease)) == DDI_OK) ...;
//!         if (s < 0) ...;
//!         ...                          // wait until ddi_lease_db_durable has gone on
//!         ddi_lease_feed_catch_up(feed, db);
//!     }

use crate::guard;
use crate::handle::{Failure, Handle, noun};
use crate::lease::ddi_lease;
use crate::lease_db::ddi_lease_db;
use crate::lease_key::ddi_lease_key;
use crate::others;
use crate::sized::{Growing, OutSized};
use crate::slice::Out;
use crate::status::{DDI_E_ARGUMENT, DDI_IDLE, DDI_OK, ddi_status};
use ddi_core::db::{Change, Feed};
use ddi_core::{Lease, Lsn};
use std::ffi::c_char;
use std::sync::Arc;

/// A lease was written.
pub const DDI_LEASE_CHANGE_PUT: u32 = 1;
/// A lease was forgotten.
pub const DDI_LEASE_CHANGE_REMOVED: u32 = 2;

/// One change.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ddi_lease_change {
    /// sizeof(ddi_lease_change)
    pub struct_size: u32,
    /// `DDI_LEASE_CHANGE_...`
    pub kind: u32,
    /// Its log sequence number: a put's is the lease's version.
    pub lsn: u64,
    /// Which lease.
    pub key: ddi_lease_key,
}

// SAFETY: starts with struct_size; integers.
unsafe impl Growing for ddi_lease_change {
    const LEAST: usize = size_of::<Self>();
    const NAME: &'static str = "ddi_lease_change";
}

/// Durable changes in order. One call at a time; made to be moved to another thread, where it is read while calls on
/// the database go on.
pub struct ddi_lease_feed(Handle<Reading>);
noun!(ddi_lease_feed, Reading);

pub(crate) struct Reading {
    of: Arc<()>,
    feed: Feed,
    /// What the caller has borrowed.
    lease: Lease,
}

/// The changes after the log sequence number `after` that are durable now. 0: from the first on.
/// Caller owns `*feed`: `ddi_lease_feed_free`.
///
/// Errors: `DDI_E_NULL`, `DDI_E_RELEASED` (compactions have given up the log before the next change: read a snapshot,
/// and feed from its lsn), `DDI_E_ARGUMENT` (`after` is over `ddi_lease_db_appended`), `DDI_E_IO`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_db_feed(
    db: *const ddi_lease_db,
    after: u64,
    feed: *mut *mut ddi_lease_feed,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(db, |db| {
            let out = Out::new(feed, "feed")?;
            let last = db.db.appended();
            if Lsn(after) > last {
                return Err(Failure::argument(format!(
                    "after is {after}, but the last change is {}",
                    last.0
                )));
            }
            let feed = db.db.feed(Lsn(after))?;
            out.set(guard::give(Reading { of: Arc::clone(&db.mark), feed, lease: Lease::default() }));
            Ok(DDI_OK)
        })
    }
}

/// The next change, and the lease that was put (`*lease` is not written if one was removed). `DDI_IDLE`: that were all
/// that were durable when the feed was made or last caught up; nothing is written. Set both `struct_size` before. The
/// byte fields are borrowed until the next call on this handle.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (struct_size), `DDI_E_RELEASED` (a compaction has given up the log before the
/// next change meanwhile), `DDI_E_IO`, `DDI_E_CORRUPT`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_feed_next(
    feed: *mut ddi_lease_feed,
    change: *mut ddi_lease_change,
    lease: *mut ddi_lease,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(feed, |it| {
            let (change_out, lease_out) = (OutSized::new(change)?, OutSized::new(lease)?);
            let Some(change) = it.feed.next()? else { return Ok(DDI_IDLE) };
            let (kind, lsn, key) = match change {
                Change::Put(lease) => {
                    it.lease = *lease;
                    lease_out.set(&ddi_lease::of(&it.lease));
                    (DDI_LEASE_CHANGE_PUT, it.lease.version, it.lease.key)
                }
                Change::Removed(key, lsn) => (DDI_LEASE_CHANGE_REMOVED, lsn, key),
            };
            change_out.set(&ddi_lease_change {
                struct_size: size_of::<ddi_lease_change>() as u32,
                kind,
                lsn: lsn.0,
                key: key.into(),
            });
            Ok(DDI_OK)
        })
    }
}

/// The last change that was read, or where the feed began: `after` of a feed that goes on from here. 0 for NULL and
/// for a poisoned handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_feed_position(feed: *const ddi_lease_feed) -> u64 {
    // SAFETY: the header's contract.
    unsafe { guard::value_or(feed, 0, |it| it.feed.position().0) }
}

/// Lets it go on to what has become durable since. It reads the database, which no exclusive call may use meanwhile.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (another database).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_feed_catch_up(
    feed: *mut ddi_lease_feed,
    db: *const ddi_lease_db,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(feed, |it| {
            let db = others::shared(db, "db")?;
            if !Arc::ptr_eq(&db.mark, &it.of) {
                return Err(Failure::new(DDI_E_ARGUMENT, "the feed is of another database"));
            }
            it.feed.catch_up(&db.db);
            Ok(DDI_OK)
        })
    }
}

/// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_feed_last_error(feed: *const ddi_lease_feed) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe { guard::last_error(feed) }
}

/// Frees it. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_feed_free(feed: *mut ddi_lease_feed) {
    // SAFETY: the header's contract.
    unsafe { guard::free(feed) }
}
