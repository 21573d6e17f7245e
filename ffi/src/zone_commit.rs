//! Commit: what makes changes of zones durable, and seen. Either here and now, or with a batch that another
//! thread syncs while queries are answered. And compaction, which bounds the journal.

use crate::batch::{Taken, ddi_batch};
use crate::guard;
use crate::handle::{Failure, Handle, noun};
use crate::others;
use crate::slice::Out;
use crate::status::{DDI_E_ARGUMENT, DDI_IDLE, DDI_OK, ddi_status};
use crate::zone_set::ddi_zone_set;
use ddi_dns::journal;
use std::ffi::c_char;
use std::sync::Arc;

/// A compaction under way. One call at a time; made to be moved to another thread for its steps.
pub struct ddi_zone_compaction(Handle<Compaction>);
noun!(ddi_zone_compaction, Compaction);

pub(crate) struct Compaction {
    of: Arc<()>,
    turn: Option<Arc<()>>,
    compaction: journal::Compaction,
}

/// Syncs every change, here and now; then they are answered. `durable` (may be NULL) is what
/// `ddi_zone_set_durable` says then.
///
/// Errors: `DDI_E_NULL`, `DDI_E_BATCH_OUT`, `DDI_E_IO` (nothing becomes durable any more: free the set and
/// open the journal again), `DDI_E_STOPPED`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_set_commit(set: *mut ddi_zone_set, durable: *mut u64) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(set, |set| {
            let out = Out::new(durable, "").ok();
            let lsn = set.db.commit()?;
            if let Some(out) = out {
                out.set(lsn.0);
            }
            Ok(DDI_OK)
        })
    }
}

/// Takes out the changes since the last batch. `DDI_IDLE` if there are none, a batch is out, or there is no
/// journal. Then `ddi_batch_sync` on any thread, `ddi_zone_set_batch_durable`, `ddi_batch_free`.
/// Caller owns `*batch`; one that is freed before it is handed back is lost, and stops its set.
///
/// Errors: `DDI_E_NULL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_set_take_batch(
    set: *mut ddi_zone_set,
    batch: *mut *mut ddi_batch,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(set, |set| {
            let out = Out::new(batch, "batch")?;
            let Some(batch) = set.db.take_batch() else { return Ok(DDI_IDLE) };
            out.set(guard::give(Taken::new(&set.mark, batch)));
            Ok(DDI_OK)
        })
    }
}

/// Hands a synced batch back to its set; what was in it is answered from now on. `durable` (may be NULL) is
/// what `ddi_zone_set_durable` says then. The batch is still to be freed.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (a batch of another set), `DDI_E_STATE` (not synced, or handed back
/// already), `DDI_E_IO` (nothing becomes durable any more: free the set and open the journal again).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_set_batch_durable(
    set: *mut ddi_zone_set,
    batch: *mut ddi_batch,
    durable: *mut u64,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        others::both(set, batch, "batch", |set, batch| {
            let out = Out::new(durable, "").ok();
            let synced = batch.hand_back(&set.mark)?;
            let lsn = set.db.batch_durable(synced)?;
            if let Some(out) = out {
                out.set(lsn.0);
            }
            Ok(DDI_OK)
        })
    }
}

/// Everything up to this log sequence number survives a crash, and is answered. 0 for NULL and for a poisoned
/// handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_set_durable(set: *const ddi_zone_set) -> u64 {
    // SAFETY: the header's contract.
    unsafe { guard::value_or(set, 0, |set| set.db.durable().0) }
}

/// The last change that was made, durable or not. 0 for NULL and for a poisoned handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_set_appended(set: *const ddi_zone_set) -> u64 {
    // SAFETY: the header's contract.
    unsafe { guard::value_or(set, 0, |set| set.db.appended().0) }
}

/// Begins a compaction of what is there now; one at a time, until it is done or freed. Then
/// `ddi_zone_compaction_step` on any thread until it says that it is the turn of `ddi_zone_set_end_compaction`,
/// which touches no file but the log, and so on until that is done. If it fails or is freed at any point, nothing
/// is lost. `DDI_IDLE`: there is no journal. Caller owns `*compaction`: `ddi_zone_compaction_free`.
///
/// Errors: `DDI_E_NULL`, `DDI_E_STATE` (one is under way).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_set_begin_compaction(
    set: *mut ddi_zone_set,
    compaction: *mut *mut ddi_zone_compaction,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(set, |set| {
            let out = Out::new(compaction, "compaction")?;
            let Some(compaction) = set.db.begin_compaction() else { return Ok(DDI_IDLE) };
            let turn = Some(set.turn.take()?);
            out.set(guard::give(Compaction { of: Arc::clone(&set.mark), turn, compaction }));
            Ok(DDI_OK)
        })
    }
}

/// Writes and syncs about `max_bytes` more, or renames or removes a file. `*ready` when it is the turn of
/// `ddi_zone_set_end_compaction`.
///
/// Errors: `DDI_E_NULL`, `DDI_E_IO`, `DDI_E_STATE` (writing failed before: free it, and begin another one).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_compaction_step(
    compaction: *mut ddi_zone_compaction,
    max_bytes: u64,
    ready: *mut bool,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(compaction, |it| {
            let out = Out::new(ready, "ready")?;
            out.set(it.compaction.step(max_bytes)?);
            Ok(DDI_OK)
        })
    }
}

/// Takes note of what the steps have done, and lets them go on; `*done` when the compaction is over.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (a compaction of another set), `DDI_E_STATE` (it is not its turn),
/// `DDI_E_BATCH_OUT` (what it holds is not durable yet: hand the batch back and call again), `DDI_E_IO`,
/// `DDI_E_STOPPED`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_set_end_compaction(
    set: *mut ddi_zone_set,
    compaction: *mut ddi_zone_compaction,
    done: *mut bool,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        others::both(set, compaction, "compaction", |set, it| {
            let out = Out::new(done, "done")?;
            if !Arc::ptr_eq(&set.mark, &it.of) {
                return Err(Failure::new(DDI_E_ARGUMENT, "the compaction is of another set"));
            }
            let is_done = set.db.end_compaction(&mut it.compaction)?;
            if is_done {
                it.turn = None;
            }
            out.set(is_done);
            Ok(DDI_OK)
        })
    }
}

/// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_compaction_last_error(
    compaction: *const ddi_zone_compaction,
) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe { guard::last_error(compaction) }
}

/// Frees it, finished or not. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_compaction_free(compaction: *mut ddi_zone_compaction) {
    // SAFETY: the header's contract.
    unsafe { guard::free(compaction) }
}
