//! Signers and verifiers: the signatures of one request's answer, or of all messages of a long answer in
//! their order.

use crate::dns_name::ddi_name;
use crate::guard;
use crate::handle::{Failure, Handle, noun};
use crate::now::ddi_now;
use crate::slice::{self, Buffer, Out};
use crate::status::{DDI_E_MALFORMED, DDI_IDLE, DDI_OK, ddi_status};
use ddi_dns::message::{Full, HEADER_LEN};
use ddi_dns::tsig::{Signature, Signer, Verifier};
use std::ffi::c_char;

/// Signs the answers to one request. One call at a time.
pub struct ddi_tsig_signer(Handle<Signer>);
noun!(ddi_tsig_signer, Signer);

/// Checks the answers to one request. One call at a time.
pub struct ddi_tsig_verifier(Handle<Verifier>);
noun!(ddi_tsig_verifier, Verifier);

/// Signs what lies in the buffer's first `message_len` bytes.
pub(crate) fn sign_in_place<T>(
    buffer: &mut Buffer,
    message_len: usize,
    signature_len: usize,
    sign: impl FnOnce(&mut [u8]) -> Result<(usize, T), Full>,
) -> Result<T, Failure> {
    if message_len < HEADER_LEN || message_len > buffer.cap() {
        return Err(Failure::new(
            DDI_E_MALFORMED,
            "a message has a header of 12 bytes, and lies in the buffer",
        ));
    }
    let needed = message_len.saturating_add(signature_len);
    if buffer.cap() < needed {
        return Err(buffer.too_short(needed));
    }
    let (len, result) = sign(buffer.room()).map_err(|e| Failure::new(DDI_E_MALFORMED, e))?;
    buffer.filled(len);
    Ok(result)
}

/// Bytes that a signature adds: for `ddi_asker.reserve`. 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_tsig_signer_len(signer: *const ddi_tsig_signer) -> usize {
    // SAFETY: the header's contract.
    unsafe { guard::value_or(signer, 0, Signer::signature_len) }
}

/// The name of the key that signed the request.
///
/// Errors: `DDI_E_NULL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_tsig_signer_key(
    signer: *const ddi_tsig_signer,
    name: *mut ddi_name,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(signer, |signer| {
            Out::new(name, "name")?.set(ddi_name::of(signer.key().name()));
            Ok(DDI_OK)
        })
    }
}

/// Signs the answer in the first `message_len` of the `cap` bytes at `buf`; `*len` is its new length.
///
/// Errors: `DDI_E_NULL`, `DDI_E_BUFFER` (no room for the signature; `*len` is what is needed, and nothing was signed),
/// `DDI_E_MALFORMED` (no message).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_tsig_signer_sign(
    signer: *mut ddi_tsig_signer,
    now: *const ddi_now,
    message_len: usize,
    buf: *mut u8,
    cap: usize,
    len: *mut usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(signer, |signer| {
            let now = ddi_now::read(now)?;
            let mut buffer = Buffer::new(buf, cap, len)?;
            let signature_len = signer.signature_len();
            sign_in_place(&mut buffer, message_len, signature_len, |room| {
                signer.sign(room, message_len, now.unix).map(|len| (len, ()))
            })?;
            Ok(DDI_OK)
        })
    }
}

/// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_tsig_signer_last_error(signer: *const ddi_tsig_signer) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe { guard::last_error(signer) }
}

/// Frees it. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_tsig_signer_free(signer: *mut ddi_tsig_signer) {
    // SAFETY: the header's contract.
    unsafe { guard::free(signer) }
}

/// Checks the next message of the answer. `DDI_OK`: it and all before it are proven. `DDI_IDLE`: it has no
/// signature; nothing of it may be used until a later one is proven, and at most 99 in a row may be so. A
/// message that is refused changes nothing: over UDP drop it and wait on, a stream is to be closed.
///
/// Errors: `DDI_E_NULL`, `DDI_E_SIGNATURE`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_tsig_verifier_check(
    verifier: *mut ddi_tsig_verifier,
    now: *const ddi_now,
    message: *const u8,
    message_len: usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(verifier, |verifier| {
            let (now, message) = (ddi_now::read(now)?, slice::bytes(message, message_len, "message")?);
            match verifier.check(message, now.unix)? {
                Signature::Good => Ok(DDI_OK),
                Signature::Pending => Ok(DDI_IDLE),
            }
        })
    }
}

/// At the end of a stream: the last message must have been signed.
///
/// Errors: `DDI_E_NULL`, `DDI_E_SIGNATURE`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_tsig_verifier_finish(verifier: *mut ddi_tsig_verifier) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(verifier, |verifier| {
            verifier.finish()?;
            Ok(DDI_OK)
        })
    }
}

/// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_tsig_verifier_last_error(verifier: *const ddi_tsig_verifier) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe { guard::last_error(verifier) }
}

/// Frees it. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_tsig_verifier_free(verifier: *mut ddi_tsig_verifier) {
    // SAFETY: the header's contract.
    unsafe { guard::free(verifier) }
}
