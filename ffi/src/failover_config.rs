//! Failover configuration: the relationships of a server with its partners, each with pools of its own.

mod draft;

use crate::guard;
use crate::handle::{Handle, noun};
use crate::lease_pool::ddi_pool;
use crate::slice::{self, Out};
use crate::status::{DDI_OK, ddi_status};
pub(crate) use draft::Draft;
use std::ffi::c_char;

/// This server owns FREE addresses, and speaks first.
pub const DDI_FAILOVER_PRIMARY: u32 = 1;
/// This server owns BACKUP addresses.
pub const DDI_FAILOVER_SECONDARY: u32 = 2;

/// The maximum client lead time in seconds, 1 or more; the primary's counts. Default: 3600.
pub const DDI_FAILOVER_MCLT_SECONDS: u32 = 1;
/// How many of 256 hash buckets of clients the primary answers; the primary's counts. Default: 128.
pub const DDI_FAILOVER_SPLIT: u32 = 2;
/// A client whose `secs` are above this is answered by both; 0: no load balancing. Default: 3.
pub const DDI_FAILOVER_LOAD_BALANCE_MAX_SECONDS: u32 = 3;
/// After how many seconds of silence the connection is given up, 3 or more. Default: 20.
pub const DDI_FAILOVER_RECEIVE_TIMER_SECONDS: u32 = 4;
/// How many updates this server takes without having acknowledged them. Default: 100.
pub const DDI_FAILOVER_MAX_UNACKED: u32 = 5;
/// After how many seconds in COMMUNICATIONS-INTERRUPTED the partner is taken to be down without an operator's word. 0,
/// the default: never, which is the only safe answer where a partition is possible.
pub const DDI_FAILOVER_AUTO_PARTNER_DOWN_SECONDS: u32 = 6;
/// From how many percent of the free addresses on to ask for more. Default: 15.
pub const DDI_FAILOVER_MAX_MISBALANCE_PERCENT: u32 = 7;
/// How many percent more than half of the free addresses one server keeps. Default: 10.
pub const DDI_FAILOVER_MAX_OWNERSHIP_PERCENT: u32 = 8;
/// The shortest time between two balancings, in seconds. Default: 60.
pub const DDI_FAILOVER_MIN_BALANCE_SECONDS: u32 = 9;
/// The longest time between two balancings, in seconds. Default: 3600.
pub const DDI_FAILOVER_MAX_BALANCE_SECONDS: u32 = 10;
/// 0 or 1: this server dials. Either may, or both. Default: 1.
pub const DDI_FAILOVER_DIALS: u32 = 11;
/// `DDI_FAILOVER_PROFILE_...`. Default: `DDI_FAILOVER_PROFILE_AUTO`.
pub const DDI_FAILOVER_PROFILE: u32 = 12;
/// 0 to 65535: the number by which leases say that their content is this partner's word; unique. Default: the
/// relationship's place, plus 1.
pub const DDI_FAILOVER_NUMBER: u32 = 13;
/// Spreads what two servers would else do at the same moment. Default: 0.
pub const DDI_FAILOVER_SEED: u32 = 14;
/// 0 or 1: dhcpd's check of the byte order of `secs`. Default: 0.
pub const DDI_FAILOVER_CHECK_SECS_BYTE_ORDER: u32 = 15;

/// The draft's ways, and more, with a partner that says that it is ddi; dhcpd's with any other.
pub const DDI_FAILOVER_PROFILE_AUTO: u32 = 0;
/// ISC dhcpd 4.4.3's ways.
pub const DDI_FAILOVER_PROFILE_ISC: u32 = 1;
/// The ways of draft-ietf-dhc-failover-12; both servers have to be set to it.
pub const DDI_FAILOVER_PROFILE_DRAFT: u32 = 2;

/// The relationships of a server, filled by setters and given to `ddi_failover_new`, which checks them.
///
/// Threads: one call at a time on one configuration.
pub struct ddi_failover_config(Handle<Draft>);
noun!(ddi_failover_config, Draft, shared);

/// No relationships. NULL only if the library panicked. Caller owns: `ddi_failover_config_free`.
#[unsafe(no_mangle)]
pub extern "C" fn ddi_failover_config_new() -> *mut ddi_failover_config {
    guard::make(Draft::default)
}

/// Frees it. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_failover_config_free(config: *mut ddi_failover_config) {
    // SAFETY: the header's contract.
    unsafe { guard::free(config) }
}

/// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_failover_config_last_error(config: *const ddi_failover_config) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe { guard::last_error(config) }
}

/// Adds a relationship. Its name is 1 to 255 bytes, and the same on both servers; `role` is `DDI_FAILOVER_PRIMARY` or
/// `DDI_FAILOVER_SECONDARY`. `*relationship` is its place, counted from 0.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no such role), `DDI_E_LIMIT` (65535 are there).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_failover_config_add(
    config: *mut ddi_failover_config,
    name: *const u8,
    name_len: usize,
    role: u32,
    relationship: *mut u32,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(config, |draft| {
            let out = Out::new(relationship, "relationship")?;
            out.set(draft.add(slice::bytes(name, name_len, "name")?, role)?);
            Ok(DDI_OK)
        })
    }
}

/// Sets a number of a relationship: `setting` is one of `DDI_FAILOVER_MCLT_SECONDS` to
/// `DDI_FAILOVER_CHECK_SECS_BYTE_ORDER`. `DDI_E_ARGUMENT` if there is no such setting, or `value` can't be its value.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_failover_config_set(
    config: *mut ddi_failover_config,
    relationship: u32,
    setting: u32,
    value: u64,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe { guard::exclusive(config, |draft| draft.set(relationship, setting, value).map(|()| DDI_OK)) }
}

/// Which clients the primary answers, bucket by bucket (RFC 3074 section 6), where `DDI_FAILOVER_SPLIT` is not enough:
/// `buckets_len` is 32, and bit `b % 8` of byte `b / 8` is set if the primary answers bucket `b` (dhcpd's hba).
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no such relationship, or another length).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_failover_config_set_buckets(
    config: *mut ddi_failover_config,
    relationship: u32,
    buckets: *const u8,
    buckets_len: usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(config, |draft| {
            let buckets = slice::bytes(buckets, buckets_len, "buckets")?;
            draft.set_buckets(relationship, buckets).map(|()| DDI_OK)
        })
    }
}

/// Shares a pool with the partner; those of a DHCP server tells `ddi_dhcp_server_pool`. All pools of one relationship are of
/// one address space, and a pool is in one relationship at the most.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (struct_size, no such relationship).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_failover_config_add_pool(
    config: *mut ddi_failover_config,
    relationship: u32,
    pool: *const ddi_pool,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(config, |draft| {
            let pools = ddi_pool::read_all(pool, 1)?;
            draft.add_pools(relationship, pools).map(|()| DDI_OK)
        })
    }
}

/// The bytes of the last `DDI_FAILOVER_EVENT_SAVE`, after a restart; none (NULL, 0) if there are none: the server has not
/// met its partner yet, or has lost everything. `leases_lost` is 1 if the leases that belong to them are lost or older
/// than they were, at each start until a later save is written; else 0.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (neither 0 nor 1, no such relationship).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_failover_config_set_saved(
    config: *mut ddi_failover_config,
    relationship: u32,
    saved: *const u8,
    saved_len: usize,
    leases_lost: u32,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(config, |draft| {
            let saved = slice::bytes(saved, saved_len, "saved")?;
            draft.set_saved(relationship, saved, leases_lost).map(|()| DDI_OK)
        })
    }
}
