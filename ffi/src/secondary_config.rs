//! What a secondary zone is told: its primaries, and how it asks them.

use crate::addr::ddi_addr;
use crate::dns_name::ddi_name;
use crate::guard;
use crate::handle::{Failure, Handle, noun};
use crate::slice::{self, Out};
use crate::status::{DDI_OK, ddi_status};
use crate::tsig_key::{ddi_tsig_key, optional_key};
use crate::xfr_in::Ways;
use ddi_dns::secondary::{Bounds, Primary, SecondaryConfig};
use std::ffi::c_char;

/// A configuration. One call at a time; it can be used for several secondaries of the zone.
pub struct ddi_secondary_config(Handle<SecondaryConfig>);
noun!(ddi_secondary_config, SecondaryConfig);

/// For the zone `apex`. `seed` is for message ids and jitter: best random. Caller owns:
/// `ddi_secondary_config_free`.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_secondary_config_new(
    apex: *const ddi_name,
    seed: u64,
    config: *mut *mut ddi_secondary_config,
) -> ddi_status {
    guard::alone(|| {
        // SAFETY: the header's contract.
        let (apex, out) = unsafe { (ddi_name::read(apex, "apex")?, Out::new(config, "config")?) };
        out.set(guard::give(SecondaryConfig::new(apex.to_name(), Vec::new(), seed)));
        Ok(DDI_OK)
    })
}

/// Adds a primary, the preferred first. `key` (may be NULL) signs the queries; answers must be signed then.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no address).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_secondary_config_add_primary(
    config: *mut ddi_secondary_config,
    addr: *const ddi_addr,
    key: *const ddi_tsig_key,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(config, |config| {
            let primary = Primary { addr: ddi_addr::read(addr, "addr")?, key: optional_key(key)? };
            config.primaries.push(primary);
            Ok(DDI_OK)
        })
    }
}

/// Somebody else who may send NOTIFY, beside the primaries. The port means nothing.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no address).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_secondary_config_add_notify_from(
    config: *mut ddi_secondary_config,
    addr: *const ddi_addr,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(config, |config| {
            config.notify_from.push(ddi_addr::read(addr, "addr")?.ip());
            Ok(DDI_OK)
        })
    }
}

/// What the SOA's refresh and retry are held to, in seconds: the zone's owner must not be able to make this
/// server ask in a tight loop, or never. Unless set: 30 s, 28 days, 5 s, 14 days.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (a least above its most).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_secondary_config_set_bounds(
    config: *mut ddi_secondary_config,
    refresh_min_s: u32,
    refresh_max_s: u32,
    retry_min_s: u32,
    retry_max_s: u32,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(config, |config| {
            if refresh_min_s > refresh_max_s || retry_min_s > retry_max_s {
                return Err(Failure::argument("a least is above its most"));
            }
            config.bounds = Bounds {
                refresh_min: refresh_min_s,
                refresh_max: refresh_max_s,
                retry_min: retry_min_s,
                retry_max: retry_max_s,
            };
            Ok(DDI_OK)
        })
    }
}

/// The least time between two rounds that NOTIFY causes (unless set: 200 ms), and by how long the first round
/// is put off at most, so that not all zones ask at once (0).
///
/// Errors: `DDI_E_NULL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_secondary_config_set_pace(
    config: *mut ddi_secondary_config,
    notify_gap_ms: u64,
    spread_ms: u64,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(config, |config| {
            config.notify_gap_millis = notify_gap_ms;
            config.spread_millis = spread_ms;
            Ok(DDI_OK)
        })
    }
}

/// How it asks, each 0 or 1. `shared_history`: the same serial is the same zone at each primary (unless set: 0).
/// `udp`: IXFR is asked for over UDP first (1). `fall_back`: where IXFR fails the whole zone is asked for (1).
/// `exact`: deltas must fit exactly (1).
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (neither 0 nor 1).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_secondary_config_set_ways(
    config: *mut ddi_secondary_config,
    shared_history: u32,
    udp: u32,
    fall_back: u32,
    exact: u32,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(config, |config| {
            let ways = Ways::read(udp, fall_back, exact)?;
            config.shared_history = slice::flag(shared_history, "shared_history")?;
            config.udp = ways.udp;
            config.fall_back = ways.fall_back;
            config.strictness = ways.strictness;
            Ok(DDI_OK)
        })
    }
}

/// How large and how slow one transfer may be: records and their bytes, milliseconds without any byte over
/// TCP, and milliseconds as a whole. Unless set: 500 million, 16 GiB, 30 s, two hours.
///
/// Errors: `DDI_E_NULL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_secondary_config_set_limits(
    config: *mut ddi_secondary_config,
    records: usize,
    bytes: usize,
    idle_ms: u64,
    total_ms: u64,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(config, |config| {
            config.limits.records = records;
            config.limits.bytes = bytes;
            config.limits.idle_millis = idle_ms;
            config.limits.total_millis = total_ms;
            Ok(DDI_OK)
        })
    }
}

/// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_secondary_config_last_error(
    config: *const ddi_secondary_config,
) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe { guard::last_error(config) }
}

/// Frees it; secondaries made with it stay. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_secondary_config_free(config: *mut ddi_secondary_config) {
    // SAFETY: the header's contract.
    unsafe { guard::free(config) }
}
