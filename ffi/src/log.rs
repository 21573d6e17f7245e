//! Log sink: hears the text of every failure, of calls without a handle too. It is the library's only global
//! state. Engines report what happens to them by events, not here.

use crate::guard;
use crate::handle::Failure;
use crate::sized::{self, Growing};
use crate::status::{DDI_E_PANIC, DDI_OK, ddi_status};
use std::ffi::c_void;
use std::sync::{Arc, PoisonError, RwLock};

/// A defect of the library: a panic.
pub const DDI_LOG_ERROR: u32 = 1;
/// A call failed, and its status said so.
pub const DDI_LOG_DEBUG: u32 = 4;

/// Who is told. The functions are called on whichever thread makes the call that fails, inside it and
/// at times on several at once; they must return normally and call nothing of this library.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ddi_log {
    /// sizeof(ddi_log)
    pub struct_size: u32,
    /// Zero.
    pub pad: u32,
    /// Handed to the functions.
    pub userdata: *mut c_void,
    /// One line of UTF-8, without a NUL or a line's end.
    pub line: Option<
        unsafe extern "C" fn(
            userdata: *mut c_void,
            level: u32,
            status: ddi_status,
            text: *const u8,
            text_len: usize,
        ),
    >,
    /// Called once, when another sink takes this one's place; may be NULL.
    pub release: Option<unsafe extern "C" fn(userdata: *mut c_void)>,
}

// SAFETY: starts with struct_size; zeros are a NULL pointer and functions that are not there. Other bytes are
// what C calls functions: that they are some is the caller's promise.
unsafe impl Growing for ddi_log {
    const LEAST: usize = size_of::<Self>();
    const NAME: &'static str = "ddi_log";
}

struct Sink(ddi_log);

// SAFETY: the header says that the functions are called on any thread.
unsafe impl Send for Sink {}
// SAFETY: and on several at once.
unsafe impl Sync for Sink {}

impl Drop for Sink {
    fn drop(&mut self) {
        if let Some(release) = self.0.release {
            // SAFETY: the caller's function, called once: this is its only owner's end.
            unsafe { release(self.0.userdata) };
        }
    }
}

static SINK: RwLock<Option<Arc<Sink>>> = RwLock::new(None);

/// Sets the sink, for the whole process; NULL takes it away. A copy is kept. The sink before it is released
/// when the last call that uses it has ended.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (struct_size).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_log_set(log: *const ddi_log) -> ddi_status {
    guard::alone(|| {
        let sink = if log.is_null() {
            None
        } else {
            // SAFETY: not NULL; the header's contract.
            let log: ddi_log = unsafe { sized::read(log) }?;
            if log.line.is_none() {
                return Err(Failure::null("ddi_log.line"));
            }
            Some(Arc::new(Sink(log)))
        };
        let before = std::mem::replace(&mut *SINK.write().unwrap_or_else(PoisonError::into_inner), sink);
        drop(before);
        Ok(DDI_OK)
    })
}

/// Tells the sink, if there is one.
pub(crate) fn failure(failure: &Failure) {
    let sink = SINK.read().unwrap_or_else(PoisonError::into_inner).clone();
    let Some(sink) = sink else { return };
    let Some(line) = sink.0.line else { return };
    let level = if failure.status == DDI_E_PANIC { DDI_LOG_ERROR } else { DDI_LOG_DEBUG };
    let text: String = failure.text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    // SAFETY: the caller's function, with its userdata and a text that stays during the call.
    unsafe { line(sink.0.userdata, level, failure.status, text.as_ptr(), text.len()) };
}
