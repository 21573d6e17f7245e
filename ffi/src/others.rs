//! Handles that a call uses besides its own. They are refused when poisoned, and poisoned when the call panics.

use crate::handle::{Failure, Noun};

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
