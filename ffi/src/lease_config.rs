//! How a lease database is opened. Nothing of it is stored: it may change from one opening to the next.

use crate::guard;
use crate::handle::{Failure, Handle, noun};
use crate::slice::{self, Out};
use crate::status::{DDI_OK, ddi_status};
use ddi_core::DbConfig;
use ddi_core::db::IndexKind;
use std::ffi::c_char;

/// A configuration. One call at a time; it can be used for several openings.
pub struct ddi_lease_config(Handle<DbConfig>);
noun!(ddi_lease_config, DbConfig);

/// The number of bytes of a hash key.
pub const DDI_HASH_KEY_LEN: usize = 16;

/// A new one, with indexes by client_id and hw_addr. `hash_key` is `DDI_HASH_KEY_LEN` bytes that key the hash
/// tables, so that no client can choose identities that collide: best random, and kept from clients.
/// Caller owns: `ddi_lease_config_free`.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (another length).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_config_new(
    hash_key: *const u8,
    hash_key_len: usize,
    config: *mut *mut ddi_lease_config,
) -> ddi_status {
    guard::alone(|| {
        // SAFETY: the header's contract.
        let (key, out) =
            unsafe { (slice::bytes(hash_key, hash_key_len, "hash_key")?, Out::new(config, "config")?) };
        let key = key.try_into().map_err(|_| {
            Failure::argument(format!("hash_key has {hash_key_len} bytes, not {DDI_HASH_KEY_LEN}"))
        })?;
        out.set(guard::give(DbConfig::new(key)));
        Ok(DDI_OK)
    })
}

/// Which indexes are built when the database is opened: `n` of `DDI_IDENTITY_...`. Any other is built when it is
/// first asked for, which takes about a tenth of a second for each million leases.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (a number that is none).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_config_set_indexes(
    config: *mut ddi_lease_config,
    identities: *const u32,
    n: usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(config, |config| {
            let kinds = slice::array(identities, n, "identities")?;
            let kinds: Result<Vec<_>, _> = kinds.iter().map(|number| index_kind(*number)).collect();
            config.indexes = kinds?;
            Ok(DDI_OK)
        })
    }
}

/// How many threads may work while a database is opened, the caller's included; they have ended when the
/// opening returns. 1 (none is started) unless set; more than 2 rarely help.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (0, or over 64).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_config_set_open_threads(
    config: *mut ddi_lease_config,
    threads: u32,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(config, |config| {
            if !(1..=64).contains(&threads) {
                return Err(Failure::argument(format!("{threads} threads, not 1 to 64")));
            }
            config.open_threads = threads as usize;
            Ok(DDI_OK)
        })
    }
}

/// How the log is laid out. `log_id` seeds the checksums of a new log (best random; one that exists keeps its
/// own). `align_bytes`: where batches start, a multiple of 512 up to 4096. `segment_bytes`: the longest that a
/// segment file gets. What makes no sense is rounded to the nearest that does. Unless set: 0, 512, 64 MiB.
///
/// Errors: `DDI_E_NULL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_config_set_log(
    config: *mut ddi_lease_config,
    log_id: u64,
    align_bytes: u32,
    segment_bytes: u64,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(config, |config| {
            config.log.log_id = log_id;
            config.log.align_bytes = align_bytes;
            config.log.segment_bytes = segment_bytes;
            Ok(DDI_OK)
        })
    }
}

/// What went wrong, in words, also in an opening with this configuration; "" if nothing did. Borrowed, as the chapter
/// on status says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_config_last_error(config: *const ddi_lease_config) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe { guard::last_error(config) }
}

/// Frees it; databases opened with it stay. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_config_free(config: *mut ddi_lease_config) {
    // SAFETY: the header's contract.
    unsafe { guard::free(config) }
}

pub(crate) fn index_kind(number: u32) -> Result<IndexKind, Failure> {
    let kind =
        usize::try_from(number).ok().and_then(|n| n.checked_sub(1)).and_then(|n| IndexKind::ALL.get(n));
    kind.copied().ok_or_else(|| Failure::argument(format!("identity {number} is none of 1 to 7")))
}
