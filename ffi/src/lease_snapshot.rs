//! Snapshots: all leases of one moment, read at leisure while writes go on.
//!
//!     ddi_lease_db_snapshot(db, &snapshot);
//!     while (ddi_lease_snapshot_next(snapshot, &lease) == DDI_OK) ...;    // on any thread, in as many pages as you like
//!     ddi_lease_db_feed(db, ddi_lease_snapshot_lsn(snapshot), &feed);     // and what has changed since
//!     ddi_lease_snapshot_free(snapshot);

use crate::guard;
use crate::handle::{Handle, noun};
use crate::lease::ddi_lease;
use crate::lease_db::ddi_lease_db;
use crate::sized::OutSized;
use crate::slice::Out;
use crate::status::{DDI_IDLE, DDI_OK, ddi_status};
use ddi_core::Lease;
use ddi_core::db::{Cursor, Snapshot};
use std::ffi::c_char;

/// All leases of one moment. It outlives its database. One call at a time; made to be moved to another thread, where
/// it is read while calls on the database go on.
pub struct ddi_lease_snapshot(Handle<Reading>);
noun!(ddi_lease_snapshot, Reading, shared);

pub(crate) struct Reading {
    snapshot: Snapshot,
    cursor: Cursor,
    /// What the caller has borrowed.
    lease: Lease,
}

/// All leases as they are now, durable or not. Cheap: nothing is copied, but as long as it lives each page of leases
/// that is written is copied first, so that in the end it may take as much memory as the leases do.
/// Caller owns `*snapshot`: `ddi_lease_snapshot_free`.
///
/// Errors: `DDI_E_NULL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_db_snapshot(
    db: *const ddi_lease_db,
    snapshot: *mut *mut ddi_lease_snapshot,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(db, |db| {
            let out = Out::new(snapshot, "snapshot")?;
            let (cursor, lease) = (Cursor::default(), Lease::default());
            out.set(guard::give(Reading { snapshot: db.db.snapshot(), cursor, lease }));
            Ok(DDI_OK)
        })
    }
}

/// The last change that it holds, as `ddi_lease_db_appended` said then: where a feed goes on. What is over
/// `ddi_lease_db_durable` a crash may take back. 0 for NULL and for a poisoned handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_snapshot_lsn(snapshot: *const ddi_lease_snapshot) -> u64 {
    // SAFETY: the header's contract.
    unsafe { guard::value_or(snapshot, 0, |it| it.snapshot.lsn().0) }
}

/// How many leases it holds. 0 for NULL and for a poisoned handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_snapshot_len(snapshot: *const ddi_lease_snapshot) -> u64 {
    // SAFETY: the header's contract.
    unsafe { guard::value_or(snapshot, 0, |it| it.snapshot.len()) }
}

/// The next lease, in no particular order, each once. `DDI_IDLE`: that were all; then `*lease` is not written. Set
/// `lease->struct_size` before. The byte fields are borrowed until the next call on this handle.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (struct_size).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_snapshot_next(
    snapshot: *mut ddi_lease_snapshot,
    lease: *mut ddi_lease,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(snapshot, |it| {
            let out = OutSized::new(lease)?;
            if !it.snapshot.read(&mut it.cursor, &mut it.lease) {
                return Ok(DDI_IDLE);
            }
            out.set(&ddi_lease::of(&it.lease));
            Ok(DDI_OK)
        })
    }
}

/// Begins again with the first lease.
///
/// Errors: `DDI_E_NULL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_snapshot_rewind(snapshot: *mut ddi_lease_snapshot) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(snapshot, |it| {
            it.cursor = Cursor::default();
            Ok(DDI_OK)
        })
    }
}

/// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_snapshot_last_error(snapshot: *const ddi_lease_snapshot) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe { guard::last_error(snapshot) }
}

/// Frees it. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_snapshot_free(snapshot: *mut ddi_lease_snapshot) {
    // SAFETY: the header's contract.
    unsafe { guard::free(snapshot) }
}
