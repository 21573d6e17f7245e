//! Access lists: who may do what, by address and by key.

use crate::addr::ddi_addr;
use crate::dns_name::ddi_name;
use crate::guard;
use crate::handle::{Failure, Handle, noun};
use crate::slice::{self, Out};
use crate::status::{DDI_OK, ddi_status};
use ddi_dns::acl::{AccessList, Requestor};
use std::ffi::c_char;

/// A list. It never changes: all calls but `ddi_acl_free` are const and may overlap.
pub struct ddi_acl(Handle<AccessList>);
noun!(ddi_acl, AccessList, shared);

pub(crate) fn parse(text: &str) -> Result<AccessList, Failure> {
    let rules = text.split(',').map(str::trim).filter(|rule| !rule.is_empty());
    Ok(AccessList::parse(rules)?)
}

/// Reads a list: rules with commas between, of which the first that fits a sender decides; without one it is
/// refused, so that no bytes refuse everyone. A rule is `any`, an address, a prefix, `key:NAME`, or a prefix
/// and a key with a blank in between; a `!` in front makes it refuse. Caller owns: `ddi_acl_free`. On a fault
/// the log sink is told which rule.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no rule).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_acl_new(
    rules: *const u8,
    rules_len: usize,
    acl: *mut *mut ddi_acl,
) -> ddi_status {
    guard::alone(|| {
        // SAFETY: the header's contract.
        let (rules, out) = unsafe { (slice::text(rules, rules_len, "rules")?, Out::new(acl, "acl")?) };
        out.set(guard::give(parse(rules)?));
        Ok(DDI_OK)
    })
}

/// True if a sender with this address may, that has signed with the key of this name (NULL: that has not
/// signed). False also for NULL and for what is no address or name; last_error says so then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_acl_permits(
    acl: *const ddi_acl,
    addr: *const ddi_addr,
    key: *const ddi_name,
) -> bool {
    let mut permits = false;
    // SAFETY: the header's contract.
    let status = unsafe {
        guard::shared(acl, |acl| {
            let addr = ddi_addr::read(addr, "addr")?;
            let key = if key.is_null() { None } else { Some(ddi_name::read(key, "key")?) };
            permits = acl.permits(&Requestor { address: addr.ip(), key });
            Ok(DDI_OK)
        })
    };
    status == DDI_OK && permits
}

/// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_acl_last_error(acl: *const ddi_acl) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe { guard::last_error(acl) }
}

/// Frees it. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_acl_free(acl: *mut ddi_acl) {
    // SAFETY: the header's contract.
    unsafe { guard::free(acl) }
}
