//! TSIG keys (RFC 8945): a secret that both sides share, by name. Signatures are checked with `ddi_tsig_keys`
//! on a server, and made and checked by the machines that ask: a transfer, a notifier, a DDNS client. The
//! calls of this chapter and the next ones are for messages that the caller sends himself.

use crate::dns_name::ddi_name;
use crate::guard;
use crate::handle::{Failure, Handle, noun};
use crate::now::ddi_now;
use crate::others;
use crate::slice::{self, Buffer, Out};
use crate::status::{DDI_OK, ddi_status};
use crate::tsig_signer::{ddi_tsig_verifier, sign_in_place};
use ddi_dns::tsig::{Algorithm, FUDGE_SECS, Key, UnknownAlgorithm};
use std::ffi::c_char;

/// A key. It never changes: all calls but `ddi_tsig_key_free` are const and may overlap.
pub struct ddi_tsig_key(Handle<Key>);
noun!(ddi_tsig_key, Key, shared);

/// For old partners only.
pub const DDI_TSIG_HMAC_SHA1: u32 = 1;
/// HMAC-SHA224.
pub const DDI_TSIG_HMAC_SHA224: u32 = 2;
/// The usual one.
pub const DDI_TSIG_HMAC_SHA256: u32 = 3;
/// HMAC-SHA384.
pub const DDI_TSIG_HMAC_SHA384: u32 = 4;
/// HMAC-SHA512.
pub const DDI_TSIG_HMAC_SHA512: u32 = 5;

fn algorithm(number: u32) -> Result<Algorithm, Failure> {
    match number {
        DDI_TSIG_HMAC_SHA1 => Ok(Algorithm::HmacSha1),
        DDI_TSIG_HMAC_SHA224 => Ok(Algorithm::HmacSha224),
        DDI_TSIG_HMAC_SHA256 => Ok(Algorithm::HmacSha256),
        DDI_TSIG_HMAC_SHA384 => Ok(Algorithm::HmacSha384),
        DDI_TSIG_HMAC_SHA512 => Ok(Algorithm::HmacSha512),
        other => Err(Failure::argument(format!("algorithm {other} is none of 1 to 5"))),
    }
}

/// The number of an algorithm, `DDI_TSIG_...`, by its name, such as "hmac-sha256" (RFC 8945 section 6), in any case.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (not UTF-8, or no such algorithm is known here).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_tsig_algorithm_parse(
    text: *const u8,
    text_len: usize,
    algorithm: *mut u32,
) -> ddi_status {
    guard::alone(|| {
        // SAFETY: the header's contract.
        let (text, out) =
            unsafe { (slice::text(text, text_len, "text")?, Out::new(algorithm, "algorithm")?) };
        out.set(match text.parse().map_err(|e: UnknownAlgorithm| Failure::argument(e))? {
            Algorithm::HmacSha1 => DDI_TSIG_HMAC_SHA1,
            Algorithm::HmacSha224 => DDI_TSIG_HMAC_SHA224,
            Algorithm::HmacSha256 => DDI_TSIG_HMAC_SHA256,
            Algorithm::HmacSha384 => DDI_TSIG_HMAC_SHA384,
            Algorithm::HmacSha512 => DDI_TSIG_HMAC_SHA512,
            other => return Err(Failure::argument(format!("{other} has no number"))),
        });
        Ok(DDI_OK)
    })
}

/// A key of this name. `algorithm_number` is one of `DDI_TSIG_...`; `secret` is the bytes themselves, not base 64.
/// `tag_len` is the bytes that signatures are cut to, 0 for whole ones. What it signs holds for 300 seconds
/// (RFC 8945 section 10). Caller owns: `ddi_tsig_key_free`.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name, no such algorithm, no secret, a length that may not be).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_tsig_key_new(
    name: *const ddi_name,
    algorithm_number: u32,
    secret: *const u8,
    secret_len: usize,
    tag_len: usize,
    key: *mut *mut ddi_tsig_key,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe { ddi_tsig_key_new_fudge(name, algorithm_number, secret, secret_len, tag_len, FUDGE_SECS, key) }
}

/// The same, but for how many seconds the clocks may be apart by what this side signs (RFC 8945 section 5.2.3).
///
/// Errors: as of `ddi_tsig_key_new`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_tsig_key_new_fudge(
    name: *const ddi_name,
    algorithm_number: u32,
    secret: *const u8,
    secret_len: usize,
    tag_len: usize,
    fudge_secs: u16,
    key: *mut *mut ddi_tsig_key,
) -> ddi_status {
    guard::alone(|| {
        // SAFETY: the header's contract.
        let (name, secret) =
            unsafe { (ddi_name::read(name, "name")?, slice::bytes(secret, secret_len, "secret")?) };
        // SAFETY: the header's contract.
        let out = unsafe { Out::new(key, "key")? };
        let algorithm = algorithm(algorithm_number)?;
        let tag_len = if tag_len == 0 { algorithm.tag_len() } else { tag_len };
        out.set(guard::give(Key::with(name, algorithm, secret, tag_len, fudge_secs)?));
        Ok(DDI_OK)
    })
}

/// Signs the request in the first `message_len` of the `cap` bytes at `buf`; `*len` is its new length. `*verifier`
/// checks the answer: Caller owns, `ddi_tsig_verifier_free`.
///
/// Errors: `DDI_E_NULL`, `DDI_E_BUFFER` (no room for the signature; `*len` is what is needed, and nothing was signed),
/// `DDI_E_MALFORMED` (no message).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_tsig_key_sign_request(
    key: *const ddi_tsig_key,
    now: *const ddi_now,
    message_len: usize,
    buf: *mut u8,
    cap: usize,
    len: *mut usize,
    verifier: *mut *mut ddi_tsig_verifier,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(key, |key| {
            let (now, out) = (ddi_now::read(now)?, Out::new(verifier, "verifier")?);
            let mut buffer = Buffer::new(buf, cap, len)?;
            let signed = sign_in_place(&mut buffer, message_len, key.signature_len(), |room| {
                key.sign_request(room, message_len, now.unix)
            })?;
            out.set(guard::give(signed));
            Ok(DDI_OK)
        })
    }
}

/// The key that is meant; `None` for NULL.
///
/// # Safety
/// `key` is NULL or a key that is not freed.
pub(crate) unsafe fn optional_key(key: *const ddi_tsig_key) -> Result<Option<Key>, Failure> {
    // SAFETY: as promised.
    Ok(unsafe { others::optional(key) }?.cloned())
}

/// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_tsig_key_last_error(key: *const ddi_tsig_key) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe { guard::last_error(key) }
}

/// Frees it; who else was given the key keeps it. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_tsig_key_free(key: *mut ddi_tsig_key) {
    // SAFETY: the header's contract.
    unsafe { guard::free(key) }
}
