//! Testing. Not in the library as it is installed: only where debug assertions are, or with the feature `testing`.

use crate::guard;
use crate::handle::{Handle, noun};
use crate::status::{DDI_OK, ddi_status};
use std::cell::Cell;
use std::ffi::c_char;

thread_local! {
    /// How many more guarded steps go well before one panics; 0: all do.
    static STEPS: Cell<u32> = const { Cell::new(0) };
}

/// Called by the guard at each of its steps.
#[allow(clippy::panic, reason = "what it is for")]
pub(crate) fn step() {
    let left = STEPS.get();
    STEPS.set(left.saturating_sub(1));
    if left == 1 {
        panic!("on purpose");
    }
}

/// Makes a later call on this thread panic: at its first guarded step if `steps` is 1. Some calls have a second one
/// inside, when they have got hold of a store or of a second handle. 0 takes it back. Returns how many steps were
/// left: 0 if the panic has happened.
#[unsafe(no_mangle)]
pub extern "C" fn ddi_testing_panic_at(steps: u32) -> u32 {
    STEPS.replace(steps)
}

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

/// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
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
