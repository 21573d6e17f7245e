//! Commit: what makes puts durable. Either here and now, or with a batch that another thread syncs while this one
//! goes on handling packets.

use crate::batch::{Taken, ddi_batch};
use crate::guard;
use crate::lease_db::ddi_lease_db;
use crate::others;
use crate::slice::Out;
use crate::status::{DDI_IDLE, DDI_OK, ddi_status};
use ddi_core::LeaseStore;

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
/// `ddi_batch_sync` on any thread, `ddi_lease_db_batch_durable`, `ddi_batch_free`.
/// Caller owns `*batch`; one that is freed before it is handed back is lost, and stops its database.
///
/// Errors: `DDI_E_NULL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_db_take_batch(
    db: *mut ddi_lease_db,
    batch: *mut *mut ddi_batch,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(db, |db| {
            let out = Out::new(batch, "batch")?;
            let Some(batch) = db.db.take_batch() else { return Ok(DDI_IDLE) };
            out.set(guard::give(Taken::new(&db.mark, batch)));
            Ok(DDI_OK)
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
    batch: *mut ddi_batch,
    durable: *mut u64,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        others::both(db, batch, "batch", |db, batch| {
            let out = Out::new(durable, "durable")?;
            let synced = batch.hand_back(&db.mark)?;
            out.set(db.db.batch_durable(synced)?.0);
            Ok(DDI_OK)
        })
    }
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
