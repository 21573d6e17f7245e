//! Compaction: bounds the log by a snapshot file. Do it when the log has become, say, twice as long as the last
//! snapshot; here and now, or in slices on another thread while packets are handled. A salvage makes a new
//! database of what is whole in a damaged one.

use crate::guard;
use crate::handle::{Failure, Handle, noun};
use crate::lease_config::ddi_lease_config;
use crate::lease_db::{ddi_lease_db, directory};
use crate::others;
use crate::sized::{Growing, OutSized};
use crate::slice::{self, Out};
use crate::status::{DDI_E_ARGUMENT, DDI_E_STATE, DDI_OK, ddi_status};
use ddi_core::db;
use std::ffi::c_char;
use std::sync::{Arc, Weak};

/// A compaction under way. One call at a time; made to be moved to another thread for its steps.
pub struct ddi_lease_compaction(Handle<Compaction>);
noun!(ddi_lease_compaction, Compaction);

pub(crate) struct Compaction {
    of: Arc<()>,
    turn: Option<Arc<()>>,
    compaction: db::Compaction,
}

/// Whose turn it is: of two compactions at once, each would write the other's file.
#[derive(Default)]
pub(crate) struct Turn(Weak<()>);

impl Turn {
    /// Until what it gives is dropped.
    pub(crate) fn take(&mut self) -> Result<Arc<()>, Failure> {
        if self.0.strong_count() > 0 {
            let text = "a compaction is under way: end it or free it first";
            return Err(Failure::new(DDI_E_STATE, text));
        }
        let turn = Arc::new(());
        self.0 = Arc::downgrade(&turn);
        Ok(turn)
    }
}

/// Bytes of the log that is held, on disk. 0 for NULL and for a poisoned handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_db_log_bytes(db: *const ddi_lease_db) -> u64 {
    // SAFETY: the header's contract.
    unsafe { guard::value_or(db, 0, |db| db.db.log_bytes()) }
}

/// Bytes of the newest snapshot file; 0 if there is none, for NULL, and for a poisoned handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_db_snapshot_bytes(db: *const ddi_lease_db) -> u64 {
    // SAFETY: the header's contract.
    unsafe { guard::value_or(db, 0, |db| db.db.snapshot_bytes()) }
}

/// A whole compaction, here and now. What is pending is committed.
///
/// Errors: `DDI_E_NULL`, `DDI_E_STATE` (one is under way), `DDI_E_BATCH_OUT`, `DDI_E_IO`, `DDI_E_STOPPED`. Nothing is
/// lost by any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_db_compact(db: *mut ddi_lease_db) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(db, |db| {
            let _turn = db.turn.take()?;
            db.db.compact()?;
            Ok(DDI_OK)
        })
    }
}

/// Begins a compaction of what is there now; one at a time, until it is done or freed. Then:
///
///     do {
///         do s = ddi_lease_compaction_step(c, 1 << 20, &ready); while (s == DDI_OK && !ready);    // any thread
///         if (s == DDI_OK) s = ddi_lease_db_end_compaction(db, c, &done);                          // touches no file
///     } while (s == DDI_OK && !done);
///     ddi_lease_compaction_free(c);
///
/// If it fails or is freed at any point, nothing is lost: the next one tidies up.
/// Caller owns `*compaction`: `ddi_lease_compaction_free`.
///
/// Errors: `DDI_E_NULL`, `DDI_E_STATE` (one is under way).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_db_begin_compaction(
    db: *mut ddi_lease_db,
    compaction: *mut *mut ddi_lease_compaction,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(db, |db| {
            let out = Out::new(compaction, "compaction")?;
            let turn = Some(db.turn.take()?);
            let compaction = db.db.begin_compaction();
            out.set(guard::give(Compaction { of: Arc::clone(&db.mark), turn, compaction }));
            Ok(DDI_OK)
        })
    }
}

/// Writes and syncs about `max_bytes` more, or renames or removes a file. `*ready` when it is the turn of
/// `ddi_lease_db_end_compaction`.
///
/// Errors: `DDI_E_NULL`, `DDI_E_IO`, `DDI_E_STATE` (writing failed before: free it, and begin another one).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_compaction_step(
    compaction: *mut ddi_lease_compaction,
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
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (a compaction of another database), `DDI_E_STATE` (it is not its turn),
/// `DDI_E_BATCH_OUT` (what it holds is not durable yet: hand the batch back and call again), `DDI_E_IO`,
/// `DDI_E_STOPPED`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_db_end_compaction(
    db: *mut ddi_lease_db,
    compaction: *mut ddi_lease_compaction,
    done: *mut bool,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        others::both(db, compaction, "compaction", |db, it| {
            let out = Out::new(done, "done")?;
            if !Arc::ptr_eq(&db.mark, &it.of) {
                return Err(Failure::new(DDI_E_ARGUMENT, "the compaction is of another database"));
            }
            let is_done = db.db.end_compaction(&mut it.compaction)?;
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
pub unsafe extern "C" fn ddi_lease_compaction_last_error(
    compaction: *const ddi_lease_compaction,
) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe { guard::last_error(compaction) }
}

/// Frees it, finished or not. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_compaction_free(compaction: *mut ddi_lease_compaction) {
    // SAFETY: the header's contract.
    unsafe { guard::free(compaction) }
}

/// What a salvage has saved.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ddi_lease_db_salvaged {
    /// sizeof(ddi_lease_db_salvaged)
    pub struct_size: u32,
    /// Snapshots that are damaged and were left out.
    pub damaged_snapshots: u32,
    /// How many leases the new database has.
    pub leases: u64,
    /// Changes that are known to be lost. After the last one that is known there may have been more.
    pub lost: u64,
    /// Places of the log that were damaged.
    pub damaged_places: u64,
}

// SAFETY: starts with struct_size; integers.
unsafe impl Growing for ddi_lease_db_salvaged {
    const LEAST: usize = size_of::<Self>();
    const NAME: &'static str = "ddi_lease_db_salvaged";
}

/// Copies what is whole of the database in directory `from` to a new one in `to`, which holds none. Nothing in
/// `from` is changed. Set `salvaged->struct_size` before. Open `to` afterwards, and compact it soon.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (`to` holds a database), `DDI_E_IO`, `DDI_E_CORRUPT`. The text is
/// `ddi_lease_config_last_error`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_db_salvage(
    config: *mut ddi_lease_config,
    from: *const u8,
    from_len: usize,
    to: *const u8,
    to_len: usize,
    salvaged: *mut ddi_lease_db_salvaged,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(config, |config| {
            let (from, to) = (slice::bytes(from, from_len, "from")?, slice::bytes(to, to_len, "to")?);
            let out = OutSized::new(salvaged)?;
            let did = db::salvage(&directory(from)?, &directory(to)?, config, &mut |_| ())?;
            out.set(&ddi_lease_db_salvaged {
                struct_size: size_of::<ddi_lease_db_salvaged>() as u32,
                damaged_snapshots: did.damaged.len() as u32,
                leases: did.opened.leases,
                lost: did.lost.iter().map(|(first, last)| last.0 - first.0 + 1).sum(),
                damaged_places: did.log.damaged,
            });
            Ok(DDI_OK)
        })
    }
}
