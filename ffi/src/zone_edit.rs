//! Edits: changes to a zone that become its next version, or nothing.

use crate::ddns_change::{ddi_ddns_change, outcome_number};
use crate::dns_name::ddi_name;
use crate::guard;
use crate::handle::{Failure, Handle, noun};
use crate::now::ddi_now;
use crate::slice::{self, Out};
use crate::status::{DDI_E_STATE, DDI_E_ZONE_FILE, DDI_IDLE, DDI_OK, ddi_status};
use crate::zone::{ZoneVersion, ddi_zone, policy};
use ddi_dns::zonefile::{Config, Parser, Step};
use ddi_dns::{Edit, Rtype, ddns};
use std::ffi::c_char;
use std::sync::Arc;

/// An edit of one version, which it keeps. One call at a time.
pub struct ddi_zone_edit(Handle<Option<Edit>>);
noun!(ddi_zone_edit, Option<Edit>);

fn edit(value: &mut Option<Edit>) -> Result<&mut Edit, Failure> {
    value.as_mut().ok_or_else(|| Failure::new(DDI_E_STATE, "the edit is finished"))
}

/// An edit of `zone`, which stays as it is. Caller owns: `ddi_zone_edit_free`.
///
/// Errors: `DDI_E_NULL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_edit_new(
    zone: *const ddi_zone,
    edit: *mut *mut ddi_zone_edit,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(zone, |zone| {
            let out = Out::new(edit, "edit")?;
            out.set(guard::give(Some(Edit::new(&zone.snapshot))));
            Ok(DDI_OK)
        })
    }
}

/// Adds a record. `rdata` is its data in wire form, uncompressed. The whole rrset gets its TTL, in seconds
/// (RFC 2181 section 5.2); a SOA, CNAME or DNAME replaces that of its name. `DDI_IDLE`: it was there already.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name), `DDI_E_ZONE` (it can't be in the zone), `DDI_E_STATE`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_edit_add(
    zone_edit: *mut ddi_zone_edit,
    owner: *const ddi_name,
    rtype: u16,
    ttl: u32,
    rdata: *const u8,
    rdata_len: usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(zone_edit, |value| {
            let (owner, rdata) = (ddi_name::read(owner, "owner")?, slice::bytes(rdata, rdata_len, "rdata")?);
            let is_new = edit(value)?.add(owner, Rtype(rtype), ttl, rdata)?;
            Ok(if is_new { DDI_OK } else { DDI_IDLE })
        })
    }
}

/// Adds the records of a zone file's text, such as "www 300 IN A 192.0.2.1": names relative to the apex, each
/// with its TTL or a $TTL before it. All of them or none. `DDI_IDLE`: they were there already.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ZONE_FILE` (last_error says line and column), `DDI_E_ZONE`, `DDI_E_STATE`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_edit_add_text(
    zone_edit: *mut ddi_zone_edit,
    text: *const u8,
    text_len: usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(zone_edit, |value| {
            let (text, this) = (slice::bytes(text, text_len, "text")?, edit(value)?);
            let mut next = this.clone();
            let mut parser = Parser::new(&Config::new("text", this.base().apex()));
            parser.push(text);
            parser.end();
            let mut any = false;
            loop {
                match parser.step()? {
                    Step::Record(record) => {
                        any |= next.add(record.owner, record.rtype, record.ttl, record.rdata)?;
                    }
                    Step::Include(_) => {
                        return Err(Failure::new(DDI_E_ZONE_FILE, "text: nothing can be included here"));
                    }
                    Step::Text | Step::End => break,
                }
            }
            *this = next;
            Ok(if any { DDI_OK } else { DDI_IDLE })
        })
    }
}

/// Removes a record, whatever its TTL. `DDI_IDLE`: it was not there.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name), `DDI_E_STATE`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_edit_remove(
    zone_edit: *mut ddi_zone_edit,
    owner: *const ddi_name,
    rtype: u16,
    rdata: *const u8,
    rdata_len: usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(zone_edit, |value| {
            let (owner, rdata) = (ddi_name::read(owner, "owner")?, slice::bytes(rdata, rdata_len, "rdata")?);
            Ok(if edit(value)?.remove(owner, Rtype(rtype), rdata) { DDI_OK } else { DDI_IDLE })
        })
    }
}

/// Removes all records of a name and type. `DDI_IDLE`: there were none.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name), `DDI_E_STATE`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_edit_remove_rrset(
    zone_edit: *mut ddi_zone_edit,
    owner: *const ddi_name,
    rtype: u16,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(zone_edit, |value| {
            let owner = ddi_name::read(owner, "owner")?;
            Ok(if edit(value)?.remove_rrset(owner, Rtype(rtype)) { DDI_OK } else { DDI_IDLE })
        })
    }
}

/// Removes all records of a name. `DDI_IDLE`: there were none.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name), `DDI_E_STATE`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_edit_remove_name(
    zone_edit: *mut ddi_zone_edit,
    owner: *const ddi_name,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(zone_edit, |value| {
            let owner = ddi_name::read(owner, "owner")?;
            Ok(if edit(value)?.remove_name(owner) { DDI_OK } else { DDI_IDLE })
        })
    }
}

/// Gives a DHCP client its name in this zone, or takes it, with the conditions of RFC 4703: for who has
/// leases and zone in one process. `outcome` is one of `DDI_DDNS_...`.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`, `DDI_E_ZONE` (the name is not in this zone, or the zone can't hold
/// more: the edit is of no more use), `DDI_E_STATE`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_edit_apply_ddns(
    zone_edit: *mut ddi_zone_edit,
    change: *const ddi_ddns_change,
    outcome: *mut u32,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(zone_edit, |value| {
            let (change, out) = (ddi_ddns_change::read(change)?, Out::new(outcome, "outcome")?);
            out.set(outcome_number(ddns::apply(edit(value)?, &change)?));
            Ok(DDI_OK)
        })
    }
}

/// Ends the edit: the next version, whose serial moves by `serial_policy` (`DDI_SERIAL_...`), unless the edit
/// has set a newer one by adding a SOA. `DDI_IDLE`: nothing has changed, there is no next version. The edit
/// is of no more use. Caller owns the zone: `ddi_zone_free`; `ddi_zone_set_put` publishes it.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`, `DDI_E_ZONE` (it would be no zone, or its serial is older),
/// `DDI_E_STATE`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_edit_finish(
    zone_edit: *mut ddi_zone_edit,
    now: *const ddi_now,
    serial_policy: u32,
    zone: *mut *mut ddi_zone,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(zone_edit, |value| {
            let (now, policy, out) = (ddi_now::read(now)?, policy(serial_policy)?, Out::new(zone, "zone")?);
            edit(value)?;
            let Some((delta, snapshot)) =
                value.take().map_or(Ok(None), |edit| edit.finish(policy, now.unix))?
            else {
                return Ok(DDI_IDLE);
            };
            out.set(guard::give(ZoneVersion { snapshot, delta: Some(Arc::new(delta)) }));
            Ok(DDI_OK)
        })
    }
}

/// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_edit_last_error(zone_edit: *const ddi_zone_edit) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe { guard::last_error(zone_edit) }
}

/// Frees it. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_edit_free(zone_edit: *mut ddi_zone_edit) {
    // SAFETY: the header's contract.
    unsafe { guard::free(zone_edit) }
}
