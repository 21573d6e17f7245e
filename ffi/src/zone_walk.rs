//! All records of a zone, the SOA first, then by name in canonical order: as text to be kept or read by
//! people, or one by one.

use crate::dns_name::ddi_name;
use crate::guard;
use crate::handle::{Handle, noun};
use crate::slice::{Buffer, Out};
use crate::status::{DDI_IDLE, DDI_OK, ddi_status};
use crate::zone::ddi_zone;
use ddi_dns::Snapshot;
use ddi_dns::zone::Position;
use ddi_dns::zonefile::Writer;
use std::ffi::c_char;

/// Where a walk stands.
pub(crate) struct ZoneWalk {
    snapshot: Snapshot,
    position: Position,
    /// Begun with the first text.
    writer: Option<Writer>,
}

/// A walk through one version, which it keeps. One call at a time.
pub struct ddi_zone_walk(Handle<ZoneWalk>);
noun!(ddi_zone_walk, ZoneWalk);

/// Room for the text of any one record: what `ddi_zone_walk_text` needs at least.
pub const DDI_RECORD_TEXT_MAX: usize = 524288;

/// A walk from the start. Caller owns: `ddi_zone_walk_free`.
///
/// Errors: `DDI_E_NULL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_walk_new(
    zone: *const ddi_zone,
    walk: *mut *mut ddi_zone_walk,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(zone, |zone| {
            let out = Out::new(walk, "walk")?;
            let snapshot = zone.snapshot.clone();
            out.set(guard::give(ZoneWalk { snapshot, position: Position::START, writer: None }));
            Ok(DDI_OK)
        })
    }
}

/// The next record, of class IN. Its data goes to `buf`, uncompressed, 65535 bytes at most. `DDI_IDLE`: that
/// were all.
///
/// Errors: `DDI_E_NULL`, `DDI_E_BUFFER`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_walk_next(
    walk: *mut ddi_zone_walk,
    owner: *mut ddi_name,
    rtype: *mut u16,
    ttl: *mut u32,
    buf: *mut u8,
    cap: usize,
    len: *mut usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(walk, |walk| {
            let (owner, rtype, ttl) =
                (Out::new(owner, "owner")?, Out::new(rtype, "rtype")?, Out::new(ttl, "ttl")?);
            let mut out = Buffer::new(buf, cap, len)?;
            let mut records = walk.snapshot.walk_from(&walk.position);
            let Some(record) = records.next() else { return Ok(DDI_IDLE) };
            out.put(record.rdata)?;
            owner.set(ddi_name::of(record.owner));
            rtype.set(record.rtype.0);
            ttl.set(record.ttl);
            walk.position = records.position();
            Ok(DDI_OK)
        })
    }
}

/// Fills `buf` with the next records as the text of a zone file, whole lines, as many as fit; what is read
/// back is the same zone. `DDI_IDLE`: that were all. To be used instead of `ddi_zone_walk_next`, not mixed
/// with it.
///
/// Errors: `DDI_E_NULL`, `DDI_E_BUFFER` (the next line does not fit: `DDI_RECORD_TEXT_MAX` bytes are always
/// enough).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_walk_text(
    walk: *mut ddi_zone_walk,
    buf: *mut u8,
    cap: usize,
    len: *mut usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(walk, |walk| {
            let mut out = Buffer::new(buf, cap, len)?;
            let mut text = Vec::new();
            let is_first = walk.writer.is_none();
            let mut writer = match walk.writer.take() {
                Some(writer) => writer,
                None => Writer::new(walk.snapshot.apex(), &mut text),
            };
            let mut records = walk.snapshot.walk_from(&walk.position);
            let (mut end, mut position) = (0, None);
            while let Some(record) = records.next() {
                writer.write(record.owner, record.ttl, record.rtype, record.rdata, &mut text);
                if text.len() > cap {
                    break;
                }
                (end, position) = (text.len(), Some(records.position()));
            }
            let Some(position) = position else {
                let needed = text.len();
                // A writer leaves out an owner that it has written: the line that did not fit is written anew.
                walk.writer = (!is_first).then(|| Writer::new(walk.snapshot.apex(), &mut Vec::new()));
                return if needed > cap { Err(out.too_short(needed)) } else { Ok(DDI_IDLE) };
            };
            walk.writer = Some(if end < text.len() {
                Writer::new(walk.snapshot.apex(), &mut Vec::new())
            } else {
                writer
            });
            walk.position = position;
            out.put(&text[..end])?;
            Ok(DDI_OK)
        })
    }
}

/// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_walk_last_error(walk: *const ddi_zone_walk) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe { guard::last_error(walk) }
}

/// Frees it. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_walk_free(walk: *mut ddi_zone_walk) {
    // SAFETY: the header's contract.
    unsafe { guard::free(walk) }
}
