//! Testing. Not in the library as it is installed.

use crate::guard;
use crate::handle::{Handle, noun};
use crate::status::{DDI_OK, ddi_status};
use std::ffi::c_char;

/// Something that can be made to panic. One call at a time.
pub struct ddi_testing(Handle<u32>);
noun!(ddi_testing, u32);

/// A new one. Caller owns: `ddi_testing_free`.
#[unsafe(no_mangle)]
pub extern "C" fn ddi_testing_new() -> *mut ddi_testing {
    guard::give(0)
}

/// Panics. Returns `DDI_E_PANIC`, and from then on `DDI_E_POISONED`.
#[unsafe(no_mangle)]
#[allow(clippy::panic, reason = "what it is for")]
pub unsafe extern "C" fn ddi_testing_panic(testing: *mut ddi_testing) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe { guard::exclusive(testing, |calls| panic!("on purpose, after {calls} calls")) }
}

/// Counts. Fails only on a handle that is poisoned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_testing_count(testing: *mut ddi_testing) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(testing, |calls| {
            *calls += 1;
            Ok(DDI_OK)
        })
    }
}

/// What went wrong in the last call. Borrowed until the next call on this handle; "" if nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_testing_last_error(testing: *const ddi_testing) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe { guard::last_error(testing) }
}

/// Frees it. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_testing_free(testing: *mut ddi_testing) {
    // SAFETY: the header's contract.
    unsafe { guard::free(testing) }
}
