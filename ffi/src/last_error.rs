//! The words of what went wrong on a handle. Calls that overlap may fail at once, and one thread may be reading a text
//! while another one fails: so a text stays where it is until a call has the handle to itself.

use std::ffi::c_char;
use std::sync::{Mutex, PoisonError};

/// Different texts that are kept of overlapping calls. It is there so that a caller who goes on after failures, and
/// never makes an exclusive call, does not fill the memory.
const KEPT_MAX: usize = 16;
const TOO_MANY: &std::ffi::CStr =
    c"const calls on this handle have failed in too many ways to keep the words: the log sink has them";

/// The last text, and those before it that somebody may be reading.
pub(crate) struct LastError(Mutex<Texts>);

struct Texts {
    /// Each ends with a NUL, and is never changed or moved.
    kept: Vec<Box<[u8]>>,
    current: Current,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Current {
    None,
    Kept(usize),
    TooMany,
}

impl LastError {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(Texts { kept: Vec::new(), current: Current::None }))
    }

    /// Forgets all: nobody may be reading any more.
    pub(crate) fn clear(&mut self) {
        let texts = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        texts.kept.clear();
        texts.current = Current::None;
    }

    /// Makes this the last text.
    pub(crate) fn set(&self, text: &str) {
        let text: Box<[u8]> =
            text.bytes().map(|b| if b == 0 { b'?' } else { b }).chain(std::iter::once(0)).collect();
        let mut texts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        texts.current = match texts.kept.iter().position(|kept| *kept == text) {
            Some(place) => Current::Kept(place),
            None if texts.kept.len() < KEPT_MAX => {
                texts.kept.push(text);
                Current::Kept(texts.kept.len() - 1)
            }
            None => Current::TooMany,
        };
    }

    pub(crate) fn is_set(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).current != Current::None
    }

    /// The last text, "" if there is none. It stays there until [`LastError::clear`].
    pub(crate) fn text(&self) -> *const c_char {
        let texts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match texts.current {
            Current::None => c"".as_ptr(),
            Current::Kept(place) => texts.kept.get(place).map_or(c"".as_ptr(), |text| text.as_ptr().cast()),
            Current::TooMany => TOO_MANY.as_ptr(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CStr;

    fn read(error: &LastError) -> &str {
        // SAFETY: what `text` gives ends with a NUL, and stays as nothing is cleared here.
        unsafe { CStr::from_ptr(error.text()) }.to_str().expect("texts are UTF-8")
    }

    #[test]
    fn a_text_stays_while_later_ones_come() {
        let error = LastError::new();
        assert_eq!(read(&error), "");
        error.set("first");
        let first = error.text();
        for number in 0..1000 {
            error.set(&format!("later {number}"));
        }
        assert_eq!(error.0.lock().expect("not poisoned").kept.len(), KEPT_MAX);
        assert_eq!(read(&error).as_bytes(), TOO_MANY.to_bytes());
        // SAFETY: nothing was cleared.
        assert_eq!(unsafe { CStr::from_ptr(first) }, c"first");
        error.set("first");
        assert_eq!((read(&error), error.text()), ("first", first), "the same text is not kept twice");
    }

    #[test]
    fn a_nul_does_not_cut_a_text_and_clearing_forgets_it() {
        let mut error = LastError::new();
        error.set("a\0b");
        assert_eq!(read(&error), "a?b");
        assert!(error.is_set());
        error.clear();
        assert_eq!(read(&error), "");
        assert!(!error.is_set());
    }
}
