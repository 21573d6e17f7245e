//! Structs that may grow: the first member is `uint32_t struct_size`, and the library reads or writes no more
//! than the caller knows of.

use crate::handle::Failure;
use std::mem::MaybeUninit;

/// A struct that starts with `struct_size`.
///
/// # Safety
/// `#[repr(C)]`, starts with `struct_size: u32`, and any bytes (so all zeros) are a legal value.
pub(crate) unsafe trait Growing: Copy {
    /// The size of its first version: a caller's is not shorter.
    const LEAST: usize;
    /// For the texts of errors.
    const NAME: &'static str;
}

const HEAD: usize = size_of::<u32>();

#[inline]
fn caller_size<T: Growing>(p: *const T) -> Result<usize, Failure> {
    let name = T::NAME;
    if p.is_null() {
        return Err(Failure::null(name));
    }
    if !p.is_aligned() {
        return Err(Failure::argument(format!("the {name} is not aligned")));
    }
    // SAFETY: not NULL and aligned; every caller promises that at least `struct_size` is there.
    let size = unsafe { p.cast::<u32>().read() } as usize;
    if size < T::LEAST {
        let text = format!("struct_size of {name} is {size}, at least {}: set it to sizeof", T::LEAST);
        return Err(Failure::argument(text));
    }
    Ok(size)
}

/// Reads what the caller has of it; the rest is zero.
///
/// # Safety
/// `p` is NULL or points to a struct as long as its first member says.
#[inline]
pub(crate) unsafe fn read<T: Growing>(p: *const T) -> Result<T, Failure> {
    let size = caller_size(p)?;
    if size >= size_of::<T>() {
        // SAFETY: aligned, and all of it can be read (promised).
        return Ok(unsafe { p.read() });
    }
    let mut value = MaybeUninit::<T>::zeroed();
    // SAFETY: `size` bytes can be read there (promised) and written here (less than the size of T).
    unsafe { value.as_mut_ptr().cast::<u8>().copy_from_nonoverlapping(p.cast(), size) };
    // SAFETY: zeros, partly overwritten: any bytes are a legal T.
    Ok(unsafe { value.assume_init() })
}

/// A caller's struct to write to. `struct_size` must be set before the call.
pub(crate) struct OutSized<T: Growing> {
    to: *mut T,
    size: usize,
}

impl<T: Growing> OutSized<T> {
    /// # Safety
    /// `p` is NULL or points to a struct as long as its first member says, until [`OutSized::set`].
    pub(crate) unsafe fn new(p: *mut T) -> Result<Self, Failure> {
        Ok(Self { to: p, size: caller_size(p.cast_const())?.min(size_of::<T>()) })
    }

    /// Writes all but `struct_size`, as far as the caller's reaches.
    pub(crate) fn set(&self, value: &T) {
        let from = std::ptr::from_ref(value).cast::<u8>();
        // SAFETY: `size` is at most the length of both, and at least HEAD; they are different objects.
        unsafe { self.to.cast::<u8>().add(HEAD).copy_from_nonoverlapping(from.add(HEAD), self.size - HEAD) };
    }
}
