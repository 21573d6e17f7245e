//! The way through every exported function: NULL and poisoned handles are refused, a panic is caught, and
//! a failure leaves its text in the handle and with the log sink.

use crate::handle::{Failure, Handle, Noun};
use crate::log;
use crate::status::{DDI_E_PANIC, ddi_status};
use std::any::Any;
use std::ffi::c_char;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `f`; a panic becomes a failure. Whatever `f` could have left half done must be poisoned by then.
pub(crate) fn catch<T>(f: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    let step = || {
        #[cfg(any(feature = "testing", debug_assertions))]
        crate::testing::step();
        f()
    };
    catch_unwind(AssertUnwindSafe(step)).unwrap_or_else(|payload| Err(panicked(&*payload)))
}

fn panicked(payload: &(dyn Any + Send)) -> Failure {
    let said = payload.downcast_ref::<&str>().copied();
    let said = said.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    Failure::new(DDI_E_PANIC, format!("panic: {}", said.unwrap_or("(no text)")))
}

/// A call that has the handle to itself.
///
/// # Safety
/// `noun` is NULL or a handle of this library that is not freed and that no other call uses meanwhile.
pub(crate) unsafe fn exclusive<N: Noun>(
    noun: *mut N,
    f: impl FnOnce(&mut N::Value) -> Result<ddi_status, Failure>,
) -> ddi_status {
    // SAFETY: as promised.
    let Some(noun) = (unsafe { noun.as_mut() }) else { return report(&Failure::null("the handle")) };
    let handle = noun.handle_mut();
    let result = handle.check().and_then(|()| {
        handle.clear_error();
        catch(|| f(&mut handle.value))
    });
    end(handle, result)
}

/// Ends a call: poisons after a panic, keeps the text, gives the status.
pub(crate) fn end<T>(handle: &Handle<T>, result: Result<ddi_status, Failure>) -> ddi_status {
    match result {
        Ok(status) => status,
        Err(failure) => {
            if failure.status == DDI_E_PANIC {
                handle.poison();
            }
            handle.set_error(&failure);
            report(&failure)
        }
    }
}

/// A call that may overlap others that only read. Its failure's text is kept as the last one; success forgets none,
/// since another thread may be reading it.
///
/// # Safety
/// `noun` is NULL or a handle of this library that is not freed and that no exclusive call uses meanwhile.
pub(crate) unsafe fn shared<N: Noun>(
    noun: *const N,
    f: impl FnOnce(&N::Value) -> Result<ddi_status, Failure>,
) -> ddi_status {
    // SAFETY: as promised.
    let Some(noun) = (unsafe { noun.as_ref() }) else { return report(&Failure::null("the handle")) };
    let handle = noun.handle();
    end(handle, handle.check().and_then(|()| catch(|| f(&handle.value))))
}

/// A value that is read without a status: `neutral` for NULL, a poisoned handle, or after a panic.
///
/// # Safety
/// As for [`shared`].
pub(crate) unsafe fn value_or<N: Noun, T>(noun: *const N, neutral: T, f: impl FnOnce(&N::Value) -> T) -> T {
    // SAFETY: as promised.
    let Some(noun) = (unsafe { noun.as_ref() }) else { return neutral };
    let handle = noun.handle();
    let value = handle.check().and_then(|()| catch(|| Ok(f(&handle.value))));
    value.unwrap_or_else(|failure| {
        if failure.status == DDI_E_PANIC {
            handle.poison();
            handle.set_error(&failure);
            report(&failure);
        }
        neutral
    })
}

/// A call without a handle. Its failure's text goes to the log sink alone.
pub(crate) fn alone(f: impl FnOnce() -> Result<ddi_status, Failure>) -> ddi_status {
    catch(f).unwrap_or_else(|failure| report(&failure))
}

/// A call without a handle that makes one, which the caller owns; NULL after a panic.
pub(crate) fn make<N: Noun>(f: impl FnOnce() -> N::Value) -> *mut N {
    catch(|| Ok(give(f()))).unwrap_or_else(|failure| {
        report(&failure);
        std::ptr::null_mut()
    })
}

/// A new handle, which the caller owns.
pub(crate) fn give<N: Noun>(value: N::Value) -> *mut N {
    Box::into_raw(Box::new(N::of(value)))
}

/// Frees a handle.
///
/// # Safety
/// `noun` is NULL or a handle from [`give`] that is not freed; nothing uses it afterwards.
pub(crate) unsafe fn free<N: Noun>(noun: *mut N) {
    if !noun.is_null() {
        // SAFETY: as promised.
        let noun = unsafe { Box::from_raw(noun) };
        let dropped = catch(|| {
            drop(noun);
            Ok(())
        });
        if let Err(failure) = dropped {
            report(&failure);
        }
    }
}

/// The text of the handle's last error; also of a poisoned one. "" for NULL.
///
/// # Safety
/// As for [`shared`].
pub(crate) unsafe fn last_error<N: Noun>(noun: *const N) -> *const c_char {
    // SAFETY: as promised.
    match unsafe { noun.as_ref() } {
        Some(noun) => noun.handle().last_error(),
        None => c"".as_ptr(),
    }
}

/// Tells the log sink, and gives the status.
pub(crate) fn report(failure: &Failure) -> ddi_status {
    log::failure(failure);
    failure.status
}
