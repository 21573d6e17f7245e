//! The keys that a server knows, and what it does with a signed request (RFC 8945 section 5.2).

use crate::guard;
use crate::handle::{Failure, Handle, noun};
use crate::now::ddi_now;
use crate::others;
use crate::slice::{self, Buffer, Out};
use crate::status::{DDI_E_SIGNATURE, DDI_E_STATE, DDI_IDLE, DDI_OK, ddi_status};
use crate::tsig_key::ddi_tsig_key;
use crate::tsig_signer::ddi_tsig_signer;
use ddi_dns::tsig::Keys;
use std::ffi::c_char;

/// Keys by name. Const calls may overlap; the others need it alone.
pub struct ddi_tsig_keys(Handle<Keys>);
noun!(ddi_tsig_keys, Keys, shared);

/// No keys: every signature is one of an unknown key. Caller owns: `ddi_tsig_keys_free`.
///
/// Errors: `DDI_E_NULL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_tsig_keys_new(keys: *mut *mut ddi_tsig_keys) -> ddi_status {
    guard::alone(|| {
        // SAFETY: the header's contract.
        let out = unsafe { Out::new(keys, "keys")? };
        out.set(guard::give(Keys::new()));
        Ok(DDI_OK)
    })
}

/// Adds a key; its name must be new. The caller still owns `key`.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (there is one of this name).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_tsig_keys_add(keys: *mut ddi_tsig_keys, key: *const ddi_tsig_key) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(keys, |keys| {
            keys.add(others::shared(key, "key")?.clone())?;
            Ok(DDI_OK)
        })
    }
}

/// Checks a request's signature. `DDI_OK`: it is good, and `*signer` signs the answer and says whose it is
/// (Caller owns: `ddi_tsig_signer_free`). `DDI_IDLE`: it has none, and `*signer` is NULL. `DDI_E_SIGNATURE`:
/// it must not be obeyed: `ddi_tsig_keys_refuse` makes the answer. The signature stays in the message; all
/// that read messages skip it.
///
/// Errors: `DDI_E_NULL`, `DDI_E_SIGNATURE`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_tsig_keys_check(
    keys: *const ddi_tsig_keys,
    now: *const ddi_now,
    request: *const u8,
    request_len: usize,
    signer: *mut *mut ddi_tsig_signer,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(keys, |keys| {
            let (now, request) = (ddi_now::read(now)?, slice::bytes(request, request_len, "request")?);
            let out = Out::new(signer, "signer")?;
            match keys.check(request, now.unix) {
                Ok(Some(signer)) => out.set(guard::give(signer)),
                Ok(None) => {
                    out.set(std::ptr::null_mut());
                    return Ok(DDI_IDLE);
                }
                Err(rejection) => return Err(Failure::new(DDI_E_SIGNATURE, rejection.error())),
            }
            Ok(DDI_OK)
        })
    }
}

/// Writes the answer to a request whose signature is bad (RFC 8945 section 5.3.2). 1232 bytes are enough.
/// `DDI_IDLE`: there is nothing to answer, since the bytes are no request.
///
/// Errors: `DDI_E_NULL`, `DDI_E_BUFFER`, `DDI_E_STATE` (the signature is good, or there is none).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_tsig_keys_refuse(
    keys: *const ddi_tsig_keys,
    now: *const ddi_now,
    request: *const u8,
    request_len: usize,
    buf: *mut u8,
    cap: usize,
    len: *mut usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(keys, |keys| {
            let (now, request) = (ddi_now::read(now)?, slice::bytes(request, request_len, "request")?);
            let mut out = Buffer::new(buf, cap, len)?;
            let Err(rejection) = keys.check(request, now.unix) else {
                return Err(Failure::new(DDI_E_STATE, "the request's signature is good, or it has none"));
            };
            let mut answer = [0; 1232];
            let Some(len) = rejection.reply(request, now.unix, &mut answer) else { return Ok(DDI_IDLE) };
            out.put(&answer[..len])?;
            Ok(DDI_OK)
        })
    }
}

/// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_tsig_keys_last_error(keys: *const ddi_tsig_keys) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe { guard::last_error(keys) }
}

/// Frees it. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_tsig_keys_free(keys: *mut ddi_tsig_keys) {
    // SAFETY: the header's contract.
    unsafe { guard::free(keys) }
}
