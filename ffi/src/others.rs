//! Handles that a call uses besides its own. They are refused when poisoned, and poisoned when the call panics.

use crate::guard;
use crate::handle::{Failure, Handle, Noun};
use crate::status::{DDI_E_PANIC, ddi_status};

/// One that is only read.
///
/// # Safety
/// `noun` is NULL or a handle of this library that is not freed and that no exclusive call uses meanwhile.
pub(crate) unsafe fn shared<'a, N: Noun + 'a>(noun: *const N, what: &str) -> Result<&'a N::Value, Failure> {
    // SAFETY: as promised.
    let noun = unsafe { noun.as_ref() }.ok_or_else(|| Failure::null(what))?;
    noun.handle().check()?;
    Ok(&noun.handle().value)
}

/// One that is only read, and may be NULL.
///
/// # Safety
/// As for [`shared`].
pub(crate) unsafe fn optional<'a, N: Noun + 'a>(noun: *const N) -> Result<Option<&'a N::Value>, Failure> {
    if noun.is_null() {
        return Ok(None);
    }
    // SAFETY: as promised.
    unsafe { shared(noun, "") }.map(Some)
}

/// A call that has two handles to itself. A panic poisons both; what goes wrong is the first one's last
/// error.
///
/// # Safety
/// Each is NULL or a handle of this library that is not freed and that no other call uses meanwhile.
pub(crate) unsafe fn both<A: Noun, B: Noun>(
    a: *mut A,
    b: *mut B,
    what: &str,
    f: impl FnOnce(&mut A::Value, &mut B::Value) -> Result<ddi_status, Failure>,
) -> ddi_status {
    // SAFETY: as promised.
    let Some(a) = (unsafe { a.as_mut() }) else { return guard::report(&Failure::null("the handle")) };
    // SAFETY: as promised; they are of different types, so that they are different objects.
    let b = unsafe { b.as_mut() }.ok_or_else(|| Failure::null(what));
    let handle = a.handle_mut();
    let result = handle.check().and_then(|()| {
        handle.clear_error();
        call(handle, b?.handle_mut(), f)
    });
    guard::end(handle, result)
}

fn call<A, B>(
    a: &mut Handle<A>,
    b: &mut Handle<B>,
    f: impl FnOnce(&mut A, &mut B) -> Result<ddi_status, Failure>,
) -> Result<ddi_status, Failure> {
    b.check()?;
    let result = guard::catch(|| f(&mut a.value, &mut b.value));
    if let Err(failure) = &result
        && failure.status == DDI_E_PANIC
    {
        b.poison();
        b.set_error(failure);
    }
    result
}
