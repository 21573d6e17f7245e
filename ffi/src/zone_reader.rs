//! Readers: for threads that answer while another one changes the set. No lock is taken, and nobody waits.

use crate::answer_config::{ddi_answer_config, ddi_answered, ddi_asker};
use crate::guard;
use crate::handle::{Handle, noun};
use crate::now::ddi_now;
use crate::others;
use crate::slice::{self, Out};
use crate::status::{DDI_OK, ddi_status};
use crate::zone::Reply;
use crate::zone_set::ddi_zone_set;
use ddi_dns::ZoneSet;
use std::ffi::c_char;

/// The zones of a set as they are answered. New versions are seen at once; that a zone was added, removed,
/// hidden or shown is seen by readers that are made afterwards. It outlives the set. All calls but
/// `ddi_zone_reader_free` are const and may overlap, also with any call on the set.
pub struct ddi_zone_reader(Handle<ZoneSet>);
noun!(ddi_zone_reader, ZoneSet, shared);

/// A reader of the set's zones. Caller owns: `ddi_zone_reader_free`.
///
/// Errors: `DDI_E_NULL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_reader_new(
    set: *const ddi_zone_set,
    reader: *mut *mut ddi_zone_reader,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(set, |set| {
            let out = Out::new(reader, "reader")?;
            out.set(guard::give(set.db.shown().clone()));
            Ok(DDI_OK)
        })
    }
}

/// As `ddi_zone_set_answer`; a zone that is hidden counts as none.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_reader_answer(
    reader: *const ddi_zone_reader,
    now: *const ddi_now,
    config: *const ddi_answer_config,
    asker: *const ddi_asker,
    query: *const u8,
    query_len: usize,
    buf: *mut u8,
    cap: usize,
    len: *mut usize,
    answered: *mut ddi_answered,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(reader, |zones| {
            let (config, now) = (others::shared(config, "config")?, ddi_now::read(now)?);
            let context = ddi_asker::context(asker, config, now)?;
            let out = Reply::new(buf, cap, len, answered)?;
            let query = slice::bytes(query, query_len, "query")?;
            out.answer(query, &context, |context, room| zones.answer(query, context, room))
        })
    }
}

/// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_reader_last_error(reader: *const ddi_zone_reader) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe { guard::last_error(reader) }
}

/// Frees it. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_reader_free(reader: *mut ddi_zone_reader) {
    // SAFETY: the header's contract.
    unsafe { guard::free(reader) }
}
