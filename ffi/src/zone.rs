//! Zones. A `ddi_zone` is one version of a zone: it never changes, costs little to keep (versions share what
//! they have in common), and is made by a loader, an edit or a transfer. A zone set serves them.

use crate::answer_config::{ddi_answer_config, ddi_answered, ddi_asker};
use crate::dns_name::ddi_name;
use crate::guard;
use crate::handle::{Failure, Handle, noun};
use crate::now::ddi_now;
use crate::others;
use crate::sized::OutSized;
use crate::slice::{self, Buffer, Out};
use crate::status::{DDI_IDLE, DDI_OK, ddi_status};
use ddi_dns::answer::{AnswerContext, Answered};
use ddi_dns::delta::Delta;
use ddi_dns::zone::SerialPolicy;
use ddi_dns::{Rtype, Serial, Snapshot};
use std::ffi::c_char;
use std::sync::Arc;

/// A version, and what it is made of.
pub(crate) struct ZoneVersion {
    pub(crate) snapshot: Snapshot,
    /// The step that led to it, if it is the successor of a version.
    pub(crate) delta: Option<Arc<Delta>>,
}

impl From<Snapshot> for ZoneVersion {
    fn from(snapshot: Snapshot) -> Self {
        Self { snapshot, delta: None }
    }
}

/// One version of a zone. All calls but `ddi_zone_free` are const and may overlap.
pub struct ddi_zone(Handle<ZoneVersion>);
noun!(ddi_zone, ZoneVersion, shared);

/// The serial becomes one more.
pub const DDI_SERIAL_INCREMENT: u32 = 0;
/// The serial becomes the seconds since 1970; one more where that is not newer.
pub const DDI_SERIAL_UNIX_TIME: u32 = 1;
/// The serial becomes the day in UTC and two digits, YYYYMMDDnn; one more where that is not newer.
pub const DDI_SERIAL_DATE: u32 = 2;

/// Answers a query from this zone, as RFC 1034 section 4.3.2 says, with DNSSEC's records if it is signed.
/// Names that are not at or below its apex are refused. The answer is written to `buf`, which should have
/// 65535 bytes over TCP and the configured size over UDP: with less the answer is shorter, which is no error.
/// Nothing of `query` may lie in `buf`: that is `DDI_E_ARGUMENT`.
/// `answered` may be NULL. Nothing is allocated. `DDI_IDLE`: send nothing; the bytes are no query, or `cap`
/// is shorter than question and OPT.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_answer(
    zone: *const ddi_zone,
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
        guard::shared(zone, |zone| {
            let (config, now) = (others::shared(config, "config")?, ddi_now::read(now)?);
            let context = ddi_asker::context(asker, config, now)?;
            let out = Reply::new(buf, cap, len, answered)?;
            let query = slice::bytes(query, query_len, "query")?;
            out.answer(query, &context, |context, room| zone.snapshot.answer(query, context, room))
        })
    }
}

/// Where an answer goes.
pub(crate) struct Reply {
    buffer: Buffer,
    answered: Option<OutSized<ddi_answered>>,
}

impl Reply {
    /// # Safety
    /// As for [`Buffer::new`] and, if `answered` is not NULL, [`OutSized::new`].
    #[inline(always)]
    pub(crate) unsafe fn new(
        buf: *mut u8,
        cap: usize,
        len: *mut usize,
        answered: *mut ddi_answered,
    ) -> Result<Self, Failure> {
        // SAFETY: as promised.
        let buffer = unsafe { Buffer::new(buf, cap, len) }?;
        // SAFETY: as promised.
        let answered = if answered.is_null() { None } else { Some(unsafe { OutSized::new(answered) }?) };
        Ok(Self { buffer, answered })
    }

    /// To these bytes, which are read while the answer is written.
    #[inline]
    pub(crate) fn answer(
        mut self,
        query: &[u8],
        context: &AnswerContext<'_>,
        answer: impl FnOnce(&AnswerContext<'_>, &mut [u8]) -> Option<Answered>,
    ) -> Result<ddi_status, Failure> {
        self.buffer.check_apart(query, "query")?;
        let Some(answered) = answer(context, self.buffer.room()) else { return Ok(DDI_IDLE) };
        self.buffer.filled(answered.len);
        if let Some(out) = self.answered {
            out.set(&ddi_answered::from(&answered));
        }
        Ok(DDI_OK)
    }
}

/// The zone's name.
///
/// Errors: `DDI_E_NULL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_apex(zone: *const ddi_zone, apex: *mut ddi_name) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(zone, |zone| {
            Out::new(apex, "apex")?.set(ddi_name::of(zone.snapshot.apex()));
            Ok(DDI_OK)
        })
    }
}

/// The SOA's serial; 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_serial(zone: *const ddi_zone) -> u32 {
    // SAFETY: the header's contract.
    unsafe { guard::value_or(zone, 0, |zone| zone.snapshot.serial().0) }
}

/// How many records it has; 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_records(zone: *const ddi_zone) -> u64 {
    // SAFETY: the header's contract.
    unsafe { guard::value_or(zone, 0, |zone| zone.snapshot.records()) }
}

/// Reads the `nth` record, from 0, that the zone itself holds of a name and type; cuts, wildcards and CNAMEs
/// change nothing here. `ttl` (seconds) may be NULL. The data goes to `buf`, uncompressed, 65535 bytes at
/// most. `DDI_IDLE`: there are not so many.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name), `DDI_E_BUFFER`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_get(
    zone: *const ddi_zone,
    owner: *const ddi_name,
    rtype: u16,
    nth: usize,
    ttl: *mut u32,
    buf: *mut u8,
    cap: usize,
    len: *mut usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(zone, |zone| {
            let (owner, mut out) = (ddi_name::read(owner, "owner")?, Buffer::new(buf, cap, len)?);
            let ttl = Out::new(ttl, "").ok();
            let Some(rrset) = zone.snapshot.get(owner, Rtype(rtype)) else { return Ok(DDI_IDLE) };
            let Some(rdata) = rrset.rdatas().nth(nth) else { return Ok(DDI_IDLE) };
            out.put(rdata)?;
            if let Some(ttl) = ttl {
                ttl.set(rrset.ttl());
            }
            Ok(DDI_OK)
        })
    }
}

/// Makes `zone` a successor of `old`, for content that came anew (a zone file that was read again): with the
/// serial that it has if that is newer, else with the next by `serial_policy` (`DDI_SERIAL_...`). What
/// differs is found by comparing both. `DDI_IDLE`: nothing differs but the serial. Caller owns `successor`:
/// `ddi_zone_free`.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no such policy), `DDI_E_STALE` (another zone).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_succeed(
    zone: *const ddi_zone,
    now: *const ddi_now,
    old: *const ddi_zone,
    serial_policy: u32,
    successor: *mut *mut ddi_zone,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(zone, |zone| {
            let (now, old) = (ddi_now::read(now)?, others::shared(old, "old")?);
            let (policy, out) = (policy(serial_policy)?, Out::new(successor, "successor")?);
            let (from, to) = (old.snapshot.serial(), zone.snapshot.serial());
            let same = Delta::between(&old.snapshot, &zone.snapshot.with_serial(from)?)?;
            if same.removed == same.added {
                return Ok(DDI_IDLE);
            }
            let to = if to.is_newer_than(from) { to } else { policy.next(from, now.unix) };
            let next = zone.snapshot.with_serial(to)?;
            let delta = Delta::between(&old.snapshot, &next)?;
            out.set(guard::give(ZoneVersion { snapshot: next, delta: Some(Arc::new(delta)) }));
            Ok(DDI_OK)
        })
    }
}

pub(crate) fn policy(number: u32) -> Result<SerialPolicy, Failure> {
    match number {
        DDI_SERIAL_INCREMENT => Ok(SerialPolicy::Increment),
        DDI_SERIAL_UNIX_TIME => Ok(SerialPolicy::UnixTime),
        DDI_SERIAL_DATE => Ok(SerialPolicy::Date),
        other => Err(Failure::argument(format!("serial policy {other} is none of 0 to 2"))),
    }
}

/// What is wrong with the zone as a whole although each record is fine (a missing NS, a CNAME beside other
/// data, glue, DNSSEC's chains and signatures): one fault a line, in the order of names, 1000 at most. No
/// bytes: nothing is. It is computed anew by each call.
///
/// Errors: `DDI_E_NULL`, `DDI_E_BUFFER`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_check(
    zone: *const ddi_zone,
    buf: *mut u8,
    cap: usize,
    len: *mut usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(zone, |zone| {
            let mut out = Buffer::new(buf, cap, len)?;
            let faults = ddi_dns::zonefile::check(&zone.snapshot);
            let text: String = faults.iter().map(|fault| format!("{fault}\n")).collect();
            out.put(text.as_bytes())?;
            Ok(DDI_OK)
        })
    }
}

/// The first of these faults with which the zone can't be served as it is meant: it has no NS, or a name of it means
/// two things at once (a CNAME beside other data, several CNAMEs or DNAMEs, a DNAME beside NS). `DDI_IDLE`: there is
/// none; of what `ddi_zone_check` tells then, the operator should hear.
///
/// Errors: `DDI_E_NULL`, `DDI_E_BUFFER`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_check_fatal(
    zone: *const ddi_zone,
    buf: *mut u8,
    cap: usize,
    len: *mut usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(zone, |zone| {
            let mut out = Buffer::new(buf, cap, len)?;
            let faults = ddi_dns::zonefile::check(&zone.snapshot);
            let Some(fault) = faults.iter().find(|fault| fault.is_fatal()) else { return Ok(DDI_IDLE) };
            out.put(fault.to_string().as_bytes())?;
            Ok(DDI_OK)
        })
    }
}

/// True if `serial` is newer than `other` (RFC 1982). Serials have no order: of two that are 2^31 apart neither is
/// newer.
#[unsafe(no_mangle)]
pub extern "C" fn ddi_serial_is_newer(serial: u32, other: u32) -> bool {
    Serial(serial).is_newer_than(Serial(other))
}

/// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_last_error(zone: *const ddi_zone) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe { guard::last_error(zone) }
}

/// Frees it; who else keeps that version keeps it. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_free(zone: *mut ddi_zone) {
    // SAFETY: the header's contract.
    unsafe { guard::free(zone) }
}
