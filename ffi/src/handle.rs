//! What is behind every opaque pointer: a value, whether a panic has spoilt it, and the last error's text.

use crate::last_error::LastError;
use crate::status::{DDI_E_ARGUMENT, DDI_E_NULL, DDI_E_PANIC, DDI_E_POISONED, ddi_status};
use std::ffi::c_char;
use std::sync::atomic::{AtomicBool, Ordering};

/// Why a call failed: the status that it returns, and a text that says what and where.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) status: ddi_status,
    pub(crate) text: String,
}

impl Failure {
    pub(crate) fn new(status: ddi_status, text: impl ToString) -> Self {
        Self { status, text: text.to_string() }
    }

    #[cold]
    pub(crate) fn null(what: &str) -> Self {
        Self::new(DDI_E_NULL, format!("{what} is NULL"))
    }

    #[cold]
    pub(crate) fn argument(text: impl ToString) -> Self {
        Self::new(DDI_E_ARGUMENT, text)
    }
}

pub(crate) struct Handle<T> {
    pub(crate) value: T,
    poisoned: AtomicBool,
    last_error: LastError,
}

impl<T> Handle<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self { value, poisoned: AtomicBool::new(false), last_error: LastError::new() }
    }

    pub(crate) fn is_poisoned(&self) -> bool {
        self.poisoned.load(Ordering::Relaxed)
    }

    /// A panic has left the value in a state that nobody knows. No call but the free touches it again.
    pub(crate) fn poison(&self) {
        self.poisoned.store(true, Ordering::Relaxed);
    }

    /// Fails if the handle is poisoned.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if self.is_poisoned() {
            return Err(Failure::new(DDI_E_POISONED, "an earlier call on this handle panicked: free it"));
        }
        Ok(())
    }

    pub(crate) fn clear_error(&mut self) {
        self.last_error.clear();
    }

    /// Keeps the text. The first panic's text stays: what is said later only repeats that there was one.
    pub(crate) fn set_error(&self, failure: &Failure) {
        if self.is_poisoned() && failure.status != DDI_E_PANIC && self.last_error.is_set() {
            return;
        }
        self.last_error.set(&failure.text);
    }

    pub(crate) fn last_error(&self) -> *const c_char {
        self.last_error.text()
    }
}

/// An opaque C type: `pub struct ddi_x(Handle<X>);`, with `noun!(ddi_x, X);` below it.
pub(crate) trait Noun: Sized {
    type Value;
    fn of(value: Self::Value) -> Self;
    fn handle(&self) -> &Handle<Self::Value>;
    fn handle_mut(&mut self) -> &mut Handle<Self::Value>;
}

/// Implements [`Noun`], and asserts what the header promises of threads: a handle may move between threads,
/// and with `shared` its const calls may overlap.
macro_rules! noun {
    ($name:ident, $value:ty) => {
        impl $crate::handle::Noun for $name {
            type Value = $value;
            fn of(value: $value) -> Self {
                Self($crate::handle::Handle::new(value))
            }
            fn handle(&self) -> &$crate::handle::Handle<$value> {
                &self.0
            }
            fn handle_mut(&mut self) -> &mut $crate::handle::Handle<$value> {
                &mut self.0
            }
        }
        const _: () = {
            const fn moves<T: Send>() {}
            moves::<$name>();
        };
    };
    ($name:ident, $value:ty, shared) => {
        noun!($name, $value);
        const _: () = {
            const fn is_shared<T: Sync>() {}
            is_shared::<$name>();
        };
    };
}
pub(crate) use noun;
