//! The zones of a server: what is answered, what the next change builds on, and the journal that makes
//! changes durable before anybody sees them.
//!
//!     ddi_zone_set_new(&set);
//!     ddi_zone_set_open_journal(set, path, path_len, log_id, NULL);   // all zones of earlier runs are there
//!     ...
//!     ddi_zone_set_put(set, zone, &lsn);     // or ddi_updates_handle_request, or a secondary's event
//!     ddi_zone_set_commit(set, &durable);    // one sync for all changes so far: now they are answered
//!     while (ddi_zone_set_poll_changed(set, &apex) == DDI_OK) ...;    // whose secondaries are to be notified
//!
//! Without a journal a set is in memory, and each change is seen at once.

use crate::answer_config::{ddi_answer_config, ddi_answered, ddi_asker};
use crate::dns_name::ddi_name;
use crate::guard;
use crate::handle::{Failure, Handle, noun};
use crate::lease_compact::Turn;
use crate::now::ddi_now;
use crate::others;
use crate::sized::{Growing, OutSized};
use crate::slice::{self, Buffer, Out};
use crate::status::{DDI_E_IO, DDI_E_NOT_FOUND, DDI_E_STALE, DDI_E_STATE, DDI_IDLE, DDI_OK, ddi_status};
use crate::zone::{Reply, ZoneVersion, ddi_zone};
use ddi_core::log::FileStorage;
use ddi_core::{Lsn, Now, UnixTime};
use ddi_dns::delta::HistoryLimits;
use ddi_dns::journal::{Journal, JournalConfig};
use ddi_dns::name::{Name, NameRef};
use ddi_dns::xfr::XfrOutConfig;
use ddi_dns::{Snapshot, ZoneDb};
use std::collections::BTreeMap;
use std::ffi::c_char;
use std::sync::Arc;

/// The zones, and when secondary ones expire.
pub(crate) struct Zones {
    pub(crate) db: ZoneDb,
    /// For the opening of a journal.
    pub(crate) config: JournalConfig,
    /// How its zones are sent.
    pub(crate) transfers: XfrOutConfig,
    pub(crate) expires: BTreeMap<Name, UnixTime>,
    /// What batches and compactions were taken from this one, and not from another.
    pub(crate) mark: Arc<()>,
    pub(crate) turn: Turn,
}

/// The zones of a server. Calls that take `ddi_zone_set *` need it to themselves; those that take `const
/// ddi_zone_set *` may overlap each other. For threads that answer while another one changes zones there is
/// `ddi_zone_reader`.
pub struct ddi_zone_set(pub(crate) Handle<Zones>);
noun!(ddi_zone_set, Zones, shared);

/// What opening a journal has found.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ddi_zone_set_opened {
    /// `sizeof(ddi_zone_set_opened)`.
    pub struct_size: u32,
    /// Files of zones that are damaged and were passed over. Nothing is lost; compact soon.
    pub damaged_files: u32,
    /// How many zones there are.
    pub zones: u64,
    /// Changes that were replayed from the log.
    pub replayed: u64,
    /// Bytes of a batch that a crash tore and that were cut off: nobody had been told of it.
    pub cut_bytes: u64,
}

// SAFETY: repr(C), starts with struct_size, numbers only.
unsafe impl Growing for ddi_zone_set_opened {
    const LEAST: usize = size_of::<Self>();
    const NAME: &'static str = "ddi_zone_set_opened";
}

/// An empty set, in memory. Caller owns: `ddi_zone_set_free`.
///
/// Errors: `DDI_E_NULL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_set_new(set: *mut *mut ddi_zone_set) -> ddi_status {
    guard::alone(|| {
        // SAFETY: the header's contract.
        let out = unsafe { Out::new(set, "set")? };
        let config = JournalConfig::default();
        out.set(guard::give(Zones::new(ZoneDb::in_memory(config.history), config)));
        Ok(DDI_OK)
    })
}

/// How much history of each zone is kept for IXFR: deltas, their bytes, and their bytes in percent of the
/// zone's own. What is over any of these goes, oldest first. Unless set: 10000, 64 MiB, 100. To be set while
/// the set is empty.
///
/// Errors: `DDI_E_NULL`, `DDI_E_STATE` (there are zones, or a journal).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_set_set_history(
    set: *mut ddi_zone_set,
    deltas: usize,
    bytes: usize,
    percent_of_zone: u32,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(set, |set| {
            set.check_empty()?;
            set.config.history = HistoryLimits { deltas, bytes, percent_of_zone };
            set.db = ZoneDb::in_memory(set.config.history);
            Ok(DDI_OK)
        })
    }
}

/// Opens the journal in the directory `path` (UTF-8), which is its own, or makes one there: the set has its
/// zones, and all changes from now on are kept. `log_id` seeds the checksums of a new journal: best random.
/// While it is open no other process can open it. `opened` may be NULL.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (not UTF-8), `DDI_E_STATE` (the set has zones or a journal),
/// `DDI_E_IO`, `DDI_E_CORRUPT` (last_error says where).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_set_open_journal(
    set: *mut ddi_zone_set,
    path: *const u8,
    path_len: usize,
    log_id: u64,
    opened: *mut ddi_zone_set_opened,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(set, |set| {
            let path = slice::text(path, path_len, "path")?;
            let out = if opened.is_null() { None } else { Some(OutSized::new(opened)?) };
            set.check_empty()?;
            let storage =
                FileStorage::open(path).map_err(|e| Failure::new(DDI_E_IO, format!("{path}: {e}")))?;
            let mut config = set.config;
            config.log.log_id = log_id;
            let (db, found) = ZoneDb::open(Arc::new(storage), &config)?;
            set.db = db;
            if let Some(out) = out {
                out.set(&ddi_zone_set_opened {
                    struct_size: 0,
                    damaged_files: found.damaged.len() as u32,
                    zones: found.zones as u64,
                    replayed: found.log.replayed,
                    cut_bytes: found.log.cut.map_or(0, |cut| cut.bytes),
                });
            }
            Ok(DDI_OK)
        })
    }
}

impl Zones {
    pub(crate) fn new(db: ZoneDb, config: JournalConfig) -> Self {
        let (transfers, expires) = (XfrOutConfig::default(), BTreeMap::new());
        Self { db, config, transfers, expires, mark: Arc::new(()), turn: Turn::default() }
    }

    pub(crate) fn check_empty(&self) -> Result<(), Failure> {
        if self.db.journal().is_some() || self.db.apexes().len() > 0 {
            return Err(Failure::new(DDI_E_STATE, "the set has zones or a journal"));
        }
        Ok(())
    }

    fn remove(&mut self, apex: NameRef<'_>) -> Result<Option<Lsn>, Failure> {
        let lsn = self.db.remove(apex)?;
        self.expires.remove(&apex.to_name());
        Ok(lsn)
    }

    /// Seconds until the zone expires, if it is a secondary.
    pub(crate) fn expire_secs(&self, now: Now, apex: NameRef<'_>) -> Option<u32> {
        let at = self.expires.get(&apex.to_name())?;
        Some(u32::try_from(at.secs_since(now.unix)).unwrap_or(u32::MAX))
    }
}

pub(crate) fn no_zone(apex: NameRef<'_>) -> Failure {
    Failure::new(DDI_E_NOT_FOUND, format!("no zone {apex}"))
}

fn version(snapshot: Option<Snapshot>, apex: NameRef<'_>) -> Result<*mut ddi_zone, Failure> {
    snapshot.map(|snapshot| guard::give(ZoneVersion::from(snapshot))).ok_or_else(|| no_zone(apex))
}

/// Answers a query from the zone whose apex is the longest match for the name asked for, as `ddi_zone_answer`
/// does; with SERVFAIL if that zone is hidden, with REFUSED if there is none. Changes are seen once they are
/// durable.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_set_answer(
    set: *const ddi_zone_set,
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
        guard::shared(set, |set| {
            let (config, now) = (others::shared(config, "config")?, ddi_now::read(now)?);
            let expires = |apex: NameRef<'_>| set.expire_secs(now, apex);
            let mut context = ddi_asker::context(asker, config, now)?;
            context.expires = Some(&expires);
            let out = Reply::new(buf, cap, len, answered)?;
            let query = slice::bytes(query, query_len, "query")?;
            out.answer(query, &context, |context, room| set.db.answer(query, context, room))
        })
    }
}

/// The version of a zone that is answered from. Caller owns: `ddi_zone_free`.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name), `DDI_E_NOT_FOUND` (no such zone, or it is hidden).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_set_zone(
    set: *const ddi_zone_set,
    apex: *const ddi_name,
    zone: *mut *mut ddi_zone,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(set, |set| {
            let (apex, out) = (ddi_name::read(apex, "apex")?, Out::new(zone, "zone")?);
            out.set(version(set.db.zone(apex), apex)?);
            Ok(DDI_OK)
        })
    }
}

/// The newest version of a zone, durable or not: what an edit must begin with. Caller owns: `ddi_zone_free`.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name), `DDI_E_NOT_FOUND`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_set_newest(
    set: *const ddi_zone_set,
    apex: *const ddi_name,
    zone: *mut *mut ddi_zone,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(set, |set| {
            let (apex, out) = (ddi_name::read(apex, "apex")?, Out::new(zone, "zone")?);
            out.set(version(set.db.newest(apex).cloned(), apex)?);
            Ok(DDI_OK)
        })
    }
}

/// How many zones there are, hidden ones too; 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_set_count(set: *const ddi_zone_set) -> usize {
    // SAFETY: the header's contract.
    unsafe { guard::value_or(set, 0, |set| set.db.apexes().len()) }
}

/// The zone after `apex` in canonical order, hidden or not; the first one after a NULL. `DDI_IDLE`: there is
/// none.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_set_next(
    set: *const ddi_zone_set,
    apex: *const ddi_name,
    next: *mut ddi_name,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(set, |set| {
            let after = if apex.is_null() { None } else { Some(ddi_name::read(apex, "apex")?) };
            let out = Out::new(next, "next")?;
            match set.db.apex_after(after) {
                Some(apex) => out.set(ddi_name::of(apex.as_ref())),
                None => return Ok(DDI_IDLE),
            }
            Ok(DDI_OK)
        })
    }
}

/// Takes a version that an edit, or `ddi_zone_succeed`, has made of the newest one: its delta goes to the
/// journal and to IXFR. `lsn` (may be NULL) is the position of the change: it is answered when
/// `ddi_zone_set_durable` has reached that. The caller still owns `zone`.
///
/// Errors: `DDI_E_NULL`, `DDI_E_NOT_FOUND`, `DDI_E_STALE` (made of another version: begin anew),
/// `DDI_E_LIMIT` (commit first), `DDI_E_IO`, `DDI_E_STOPPED`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_set_put(
    set: *mut ddi_zone_set,
    zone: *const ddi_zone,
    lsn: *mut u64,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(set, |set| {
            let (zone, out) = (others::shared(zone, "zone")?, Out::new(lsn, "").ok());
            let no_delta = || Failure::new(DDI_E_STALE, "the zone is no successor: replace takes it");
            let delta = zone.delta.clone().ok_or_else(no_delta)?;
            let lsn = set.db.put(delta, zone.snapshot.clone())?;
            if let Some(out) = out {
                out.set(lsn.0);
            }
            Ok(DDI_OK)
        })
    }
}

/// Takes a new zone, or a new content of one, whose history ends there: secondaries fetch it whole. More than
/// 4 MiB are written and synced here. `lsn` may be NULL. The caller still owns `zone`.
///
/// Errors: `DDI_E_NULL`, `DDI_E_LIMIT` (commit first), `DDI_E_IO`, `DDI_E_STOPPED`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_set_replace(
    set: *mut ddi_zone_set,
    zone: *const ddi_zone,
    lsn: *mut u64,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(set, |set| {
            let (zone, out) = (others::shared(zone, "zone")?, Out::new(lsn, "").ok());
            let lsn = set.db.replace(zone.snapshot.clone())?;
            if let Some(out) = out {
                out.set(lsn.0);
            }
            Ok(DDI_OK)
        })
    }
}

/// Takes a zone out; it is answered until that is durable. `DDI_IDLE`: there is none. `lsn` may be NULL.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name), `DDI_E_LIMIT` (commit first), `DDI_E_STOPPED`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_set_remove(
    set: *mut ddi_zone_set,
    apex: *const ddi_name,
    lsn: *mut u64,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(set, |set| {
            let (apex, out) = (ddi_name::read(apex, "apex")?, Out::new(lsn, "").ok());
            let Some(lsn) = set.remove(apex)? else { return Ok(DDI_IDLE) };
            if let Some(out) = out {
                out.set(lsn.0);
            }
            Ok(DDI_OK)
        })
    }
}

/// Hides a zone (`hidden` 1), or shows it again (0): queries for a hidden one are answered with SERVFAIL. A secondary does
/// that for one that has expired.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name, neither 0 nor 1), `DDI_E_NOT_FOUND`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_set_hide(
    set: *mut ddi_zone_set,
    apex: *const ddi_name,
    hidden: u32,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(set, |set| {
            let (apex, hidden) = (ddi_name::read(apex, "apex")?, slice::flag(hidden, "hidden")?);
            if set.db.set_hidden(apex, hidden) { Ok(DDI_OK) } else { Err(no_zone(apex)) }
        })
    }
}

/// Keeps a note with a zone, 4096 bytes at most: what is to be known of it after a restart. Secondary zones
/// have one of the library's own.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name, too long), `DDI_E_NOT_FOUND`, `DDI_E_LIMIT`,
/// `DDI_E_STOPPED`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_set_set_note(
    set: *mut ddi_zone_set,
    apex: *const ddi_name,
    note: *const u8,
    note_len: usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(set, |set| {
            let (apex, note) = (ddi_name::read(apex, "apex")?, slice::bytes(note, note_len, "note")?);
            set.db.set_note(apex, note)?;
            Ok(DDI_OK)
        })
    }
}

/// The note that was kept with a zone; no bytes if there is none.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name), `DDI_E_BUFFER` (4096 bytes are always enough).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_set_note(
    set: *const ddi_zone_set,
    apex: *const ddi_name,
    buf: *mut u8,
    cap: usize,
    len: *mut usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(set, |set| {
            let (apex, mut out) = (ddi_name::read(apex, "apex")?, Buffer::new(buf, cap, len)?);
            out.put(set.db.note(apex))?;
            Ok(DDI_OK)
        })
    }
}

/// A zone of which another version is answered than when it was last told of: its secondaries are to be
/// notified. `DDI_IDLE`: none.
///
/// Errors: `DDI_E_NULL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_set_poll_changed(
    set: *mut ddi_zone_set,
    apex: *mut ddi_name,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(set, |set| {
            let out = Out::new(apex, "apex")?;
            let Some(apex) = set.db.poll_changed() else { return Ok(DDI_IDLE) };
            out.set(ddi_name::of(apex.as_ref()));
            Ok(DDI_OK)
        })
    }
}

/// True if enough was appended to the journal for another compaction. False for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_set_needs_compaction(set: *const ddi_zone_set) -> bool {
    // SAFETY: the header's contract.
    unsafe { guard::value_or(set, false, |set| set.db.journal().is_some_and(Journal::needs_compaction)) }
}

/// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_set_last_error(set: *const ddi_zone_set) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe { guard::last_error(set) }
}

/// Frees it. What was not committed is lost. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_set_free(set: *mut ddi_zone_set) {
    // SAFETY: the header's contract.
    unsafe { guard::free(set) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ddi_core::MemStorage;

    #[test]
    fn a_zone_that_could_not_be_removed_still_expires() {
        let config = JournalConfig::default();
        let (db, _) = ZoneDb::open(Arc::new(MemStorage::default()), &config).unwrap();
        let mut set = Zones::new(db, config);
        let apex = NameRef::new(b"\x07example\x00").unwrap();
        let mut builder = ddi_dns::zone::Builder::new(apex);
        let soa = [&[0, 0][..], &[0, 0, 1, 0].repeat(5)].concat();
        builder.push(apex, ddi_dns::Rtype::SOA, 60, &soa).unwrap();
        set.db.replace(builder.finish().unwrap()).unwrap();
        set.expires.insert(apex.to_name(), UnixTime(7));
        while set.db.set_note(apex, &[1; 4096]).is_ok() {}
        while set.db.set_note(apex, b"").is_ok() {}
        assert!(set.remove(apex).is_err());
        assert_eq!(set.expires.get(&apex.to_name()), Some(&UnixTime(7)));
        set.db.commit().unwrap();
        assert!(set.remove(apex).is_ok_and(|lsn| lsn.is_some()) && set.expires.is_empty());
    }
}
