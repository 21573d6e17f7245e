//! Commit: what makes puts durable. Either here and now, or with a batch that another thread syncs while this one
//! goes on handling packets.

use crate::guard;
use crate::handle::{Failure, Handle, noun};
use crate::lease_db::ddi_lease_db;
use crate::slice::Out;
use crate::status::{DDI_E_ARGUMENT, DDI_E_IO, DDI_E_STATE, DDI_IDLE, DDI_OK, ddi_status};
use ddi_core::LeaseStore;
use ddi_core::log::{Batch, Synced};
use std::ffi::c_char;
use std::sync::Arc;

/// A batch of puts on its way to the disk. One call at a time; made to be moved to another thread.
pub struct ddi_lease_batch(Handle<Taken>);
noun!(ddi_lease_batch, Taken);

pub(crate) struct Taken {
    of: Arc<()>,
    stage: Stage,
}

enum Stage {
    Unsynced(Batch),
    Synced(Synced),
    /// Handed back, or lost in a panic.
    Over,
}

/// Syncs everything that was put, here and now. `*durable` is what `ddi_lease_db_durable` says then.
///
/// Errors: `DDI_E_NULL`, `DDI_E_BATCH_OUT`, `DDI_E_IO` (nothing becomes durable any more: free the database and
/// open it again), `DDI_E_STOPPED`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_db_commit(db: *mut ddi_lease_db, durable: *mut u64) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(db, |db| {
            let out = Out::new(durable, "durable")?;
            out.set(db.db.commit()?.0);
            Ok(DDI_OK)
        })
    }
}

/// Takes out what was put since the last batch. `DDI_IDLE` if there is nothing, or a batch is out. Then
/// `ddi_lease_batch_sync` on any thread, `ddi_lease_db_batch_durable`, `ddi_lease_batch_free`.
/// Caller owns `*batch`; one that is freed before it is handed back is lost, and stops its database.
///
/// Errors: `DDI_E_NULL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_db_take_batch(
    db: *mut ddi_lease_db,
    batch: *mut *mut ddi_lease_batch,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(db, |db| {
            let out = Out::new(batch, "batch")?;
            let Some(batch) = db.db.take_batch() else { return Ok(DDI_IDLE) };
            out.set(guard::give(Taken { of: Arc::clone(&db.mark), stage: Stage::Unsynced(batch) }));
            Ok(DDI_OK)
        })
    }
}

/// Writes and syncs the batch. Hand it back even if that fails: then the database knows.
///
/// Errors: `DDI_E_NULL`, `DDI_E_STATE` (done already), `DDI_E_IO` (`ddi_lease_db_batch_durable` says what).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_batch_sync(batch: *mut ddi_lease_batch) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(batch, |batch| {
            let taken = match std::mem::replace(&mut batch.stage, Stage::Over) {
                Stage::Unsynced(taken) => taken,
                other => {
                    batch.stage = other;
                    return Err(Failure::new(DDI_E_STATE, "the batch was synced already"));
                }
            };
            let synced = taken.sync();
            let is_durable = synced.is_durable();
            batch.stage = Stage::Synced(synced);
            if is_durable { Ok(DDI_OK) } else { Err(Failure::new(DDI_E_IO, "the batch was not synced")) }
        })
    }
}

/// Hands a synced batch back to its database. `*durable` is what `ddi_lease_db_durable` says then. The batch is
/// still to be freed.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (a batch of another database), `DDI_E_STATE` (not synced, or handed back
/// already), `DDI_E_IO` (nothing becomes durable any more: free the database and open it again).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_db_batch_durable(
    db: *mut ddi_lease_db,
    batch: *mut ddi_lease_batch,
    durable: *mut u64,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(db, |db| {
            let out = Out::new(durable, "durable")?;
            let batch = batch.as_mut().ok_or_else(|| Failure::null("batch"))?;
            batch.0.check()?;
            let batch = &mut batch.0.value;
            if !Arc::ptr_eq(&db.mark, &batch.of) {
                return Err(Failure::new(DDI_E_ARGUMENT, "the batch is of another database"));
            }
            let synced = match std::mem::replace(&mut batch.stage, Stage::Over) {
                Stage::Synced(synced) => synced,
                other => {
                    batch.stage = other;
                    return Err(Failure::new(DDI_E_STATE, "the batch is not synced, or was handed back"));
                }
            };
            out.set(db.db.batch_durable(synced)?.0);
            Ok(DDI_OK)
        })
    }
}

/// What went wrong in the last call on this handle. Borrowed until the next one; "" if nothing did.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_batch_last_error(batch: *const ddi_lease_batch) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe { guard::last_error(batch) }
}

/// Frees it. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_batch_free(batch: *mut ddi_lease_batch) {
    // SAFETY: the header's contract.
    unsafe { guard::free(batch) }
}

/// Everything up to this log sequence number survives a crash. 0 for NULL and for a poisoned handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_db_durable(db: *const ddi_lease_db) -> u64 {
    // SAFETY: the header's contract.
    unsafe { guard::value_or(db, 0, |db| db.db.durable().0) }
}

/// The last change that was made, durable or not. 0 for NULL and for a poisoned handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_db_appended(db: *const ddi_lease_db) -> u64 {
    // SAFETY: the header's contract.
    unsafe { guard::value_or(db, 0, |db| db.db.appended().0) }
}
