//! Batches: what was changed since the last one, on its way to the disk, so that one thread can sync it while another
//! one goes on handling packets. A lease database and a zone set give them and take them back.

use crate::guard;
use crate::handle::{Failure, Handle, noun};
use crate::status::{DDI_E_ARGUMENT, DDI_E_IO, DDI_E_STATE, DDI_OK, ddi_status};
use ddi_core::log::{Batch, Synced};
use std::ffi::c_char;
use std::sync::Arc;

/// A batch of changes on its way to the disk. One call at a time; made to be moved to another thread.
pub struct ddi_batch(pub(crate) Handle<Taken>);
noun!(ddi_batch, Taken);

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

/// Writes and syncs the batch. Hand it back even if that fails: then its owner knows.
///
/// Errors: `DDI_E_NULL`, `DDI_E_STATE` (done already), `DDI_E_IO` (the call that takes it back says what).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_batch_sync(batch: *mut ddi_batch) -> ddi_status {
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

/// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_batch_last_error(batch: *const ddi_batch) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe { guard::last_error(batch) }
}

/// Frees it. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_batch_free(batch: *mut ddi_batch) {
    // SAFETY: the header's contract.
    unsafe { guard::free(batch) }
}

impl Taken {
    /// A batch of the owner that has this mark.
    pub(crate) fn new(mark: &Arc<()>, batch: Batch) -> Self {
        Self { of: Arc::clone(mark), stage: Stage::Unsynced(batch) }
    }

    /// What its owner takes back; it must be synced, and be of that owner.
    pub(crate) fn hand_back(&mut self, mark: &Arc<()>) -> Result<Synced, Failure> {
        if !Arc::ptr_eq(mark, &self.of) {
            return Err(Failure::new(DDI_E_ARGUMENT, "the batch is not of this owner"));
        }
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Synced(synced) => Ok(synced),
            other => {
                self.stage = other;
                Err(Failure::new(DDI_E_STATE, "the batch is not synced, or was handed back"))
            }
        }
    }
}
