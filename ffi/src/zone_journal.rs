//! What a set's journal and history hold, and how a journal is laid out. Of use to who watches a server, or has more
//! to write than others.

use crate::dns_name::ddi_name;
use crate::guard;
use crate::slice::ArrayOut;
use crate::status::DDI_OK;
use crate::status::ddi_status;
use crate::zone_set::{Zones, ddi_zone_set, no_zone};
use ddi_dns::journal::Journal;

/// How the log of a journal is laid out: batches start at multiples of `align_bytes`, and no segment gets longer than
/// `segment_bytes`; as in `ddi_lease_config_set_log`. Unless set: 512, 64 MiB. To be set before the journal is opened.
///
/// Errors: `DDI_E_NULL`, `DDI_E_STATE` (the set has zones or a journal).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_set_set_log(
    set: *mut ddi_zone_set,
    align_bytes: u32,
    segment_bytes: u64,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(set, |set| {
            set.check_empty()?;
            set.config.log.align_bytes = align_bytes;
            set.config.log.segment_bytes = segment_bytes;
            Ok(DDI_OK)
        })
    }
}

/// When `ddi_zone_set_needs_compaction` says so: after this many bytes were appended since the last compaction, and
/// this many percent of what that one wrote. Unless set: 16 MiB, 100. To be set before the journal is opened.
///
/// Errors: `DDI_E_NULL`, `DDI_E_STATE` (the set has zones or a journal).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_set_set_compaction(
    set: *mut ddi_zone_set,
    bytes: u64,
    percent: u32,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(set, |set| {
            set.check_empty()?;
            set.config.compact_bytes = bytes;
            set.config.compact_percent = percent;
            Ok(DDI_OK)
        })
    }
}

/// Bytes of the journal's log on disk, which a compaction lets go. 0 for NULL, without a journal, and for a poisoned
/// handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_set_log_bytes(set: *const ddi_zone_set) -> u64 {
    // SAFETY: the header's contract.
    unsafe { guard::value_or(set, 0, |set| of_journal(set, |journal| journal.log().held_bytes())) }
}

/// Bytes of the files of zones that the last compaction has left. 0 for NULL, without a journal, and for a poisoned
/// handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_set_file_bytes(set: *const ddi_zone_set) -> u64 {
    // SAFETY: the header's contract.
    unsafe { guard::value_or(set, 0, |set| of_journal(set, Journal::file_bytes)) }
}

fn of_journal(set: &Zones, f: impl FnOnce(&Journal) -> u64) -> u64 {
    set.db.journal().map_or(0, f)
}

/// The serials of which a secondary may have the zone and get what came after by IXFR (RFC 1995), the oldest first:
/// `*len` of them to `serials`, none if every secondary has to fetch the zone whole. The one that is answered is not
/// among them.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name, not aligned), `DDI_E_NOT_FOUND` (no such zone), `DDI_E_BUFFER`
/// (more than `cap`; `*len` is how many).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_set_history(
    set: *const ddi_zone_set,
    apex: *const ddi_name,
    serials: *mut u32,
    cap: usize,
    len: *mut usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(set, |set| {
            let (apex, room) = (ddi_name::read(apex, "apex")?, ArrayOut::new(serials, cap, len, "serials")?);
            let history = set.db.history(apex).ok_or_else(|| no_zone(apex))?;
            let serials: Vec<u32> = history.iter().map(|delta| delta.from.0).collect();
            room.put(&serials)
        })
    }
}
