//! What C passes by pointer, checked: values and slices in, values and buffers out.

use crate::handle::Failure;
use crate::status::{DDI_E_BUFFER, DDI_OK, ddi_status};
use std::ptr::NonNull;

/// # Safety
/// `p` is NULL, or `n` bytes can be read there and don't change as long as the result is used.
#[inline]
pub(crate) unsafe fn bytes<'a>(p: *const u8, n: usize, what: &str) -> Result<&'a [u8], Failure> {
    // SAFETY: as promised.
    unsafe { array(p, n, what) }
}

/// Text, which must be UTF-8.
///
/// # Safety
/// As for [`bytes`].
pub(crate) unsafe fn text<'a>(p: *const u8, n: usize, what: &str) -> Result<&'a str, Failure> {
    // SAFETY: as promised.
    let bytes = unsafe { bytes(p, n, what) }?;
    std::str::from_utf8(bytes).map_err(|e| Failure::argument(format!("{what}: {e}")))
}

/// `n` values; `(NULL, 0)` is none.
///
/// # Safety
/// As for [`bytes`], of `n` values of `T`.
#[inline]
pub(crate) unsafe fn array<'a, T: Copy>(p: *const T, n: usize, what: &str) -> Result<&'a [T], Failure> {
    if n == 0 {
        return Ok(&[]);
    }
    check(p, what)?;
    if n.checked_mul(size_of::<T>()).is_none_or(|bytes| isize::try_from(bytes).is_err()) {
        return Err(Failure::argument(format!("{what}: a length of {n} is more than memory can hold")));
    }
    // SAFETY: not NULL, aligned and no longer than a slice may be; the rest is promised.
    Ok(unsafe { std::slice::from_raw_parts(p, n) })
}

/// A flag that comes in as a number: 0 or 1.
pub(crate) fn flag(value: u32, what: &str) -> Result<bool, Failure> {
    match value {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(Failure::argument(format!("{what} is {other}, neither 0 nor 1"))),
    }
}

/// One value of a type of which any bytes are a legal value.
///
/// # Safety
/// `p` is NULL or points to a `T`.
#[inline]
pub(crate) unsafe fn read<T: Copy>(p: *const T, what: &str) -> Result<T, Failure> {
    check(p, what)?;
    // SAFETY: not NULL and aligned; the rest is promised.
    Ok(unsafe { p.read() })
}

#[inline]
fn check<T>(p: *const T, what: &str) -> Result<(), Failure> {
    if p.is_null() {
        return Err(Failure::null(what));
    }
    if !p.is_aligned() {
        return Err(Failure::argument(format!("{what} is not aligned")));
    }
    Ok(())
}

/// Where a result goes. To be checked before anything is done, and set when all is done.
pub(crate) struct Out<T>(NonNull<T>);

impl<T> Out<T> {
    /// # Safety
    /// `p` is NULL or points to room for a `T`, which stays until [`Out::set`].
    #[inline]
    pub(crate) unsafe fn new(p: *mut T, what: &str) -> Result<Self, Failure> {
        check(p.cast_const(), what)?;
        NonNull::new(p).map(Self).ok_or_else(|| Failure::null(what))
    }

    pub(crate) fn set(&self, value: T) {
        // SAFETY: not NULL and aligned; that there is room was promised to `new`.
        unsafe { self.0.write(value) }
    }
}

/// A caller's array: `T *p, size_t cap, size_t *len`.
pub(crate) struct ArrayOut<T> {
    to: *mut T,
    cap: usize,
    len: Out<usize>,
    what: &'static str,
}

impl<T: Copy> ArrayOut<T> {
    /// `(NULL, 0)` is a legal array without room.
    ///
    /// # Safety
    /// `cap` values can be written to `to`, and `len` can be, as long as this lives; or they are NULL.
    pub(crate) unsafe fn new(
        to: *mut T,
        cap: usize,
        len: *mut usize,
        what: &'static str,
    ) -> Result<Self, Failure> {
        // SAFETY: as promised.
        let len = unsafe { Out::new(len, "len") }?;
        if cap > 0 {
            check(to.cast_const(), what)?;
        }
        Ok(Self { to, cap, len, what })
    }

    pub(crate) const fn cap(&self) -> usize {
        self.cap
    }

    /// Copies the values there. Too short: `DDI_E_BUFFER`, and `*len` is how many there are.
    pub(crate) fn put<V: Copy + Into<T>>(&self, values: &[V]) -> Result<ddi_status, Failure> {
        self.len.set(values.len());
        if values.len() > self.cap {
            let text = format!("{}: room for {}, but there are {}", self.what, self.cap, values.len());
            return Err(Failure::new(DDI_E_BUFFER, text));
        }
        for (at, value) in values.iter().enumerate() {
            // SAFETY: `at` is less than `cap`, and so many can be written, was promised to `new`.
            unsafe { self.to.add(at).write((*value).into()) };
        }
        Ok(DDI_OK)
    }
}

/// A caller's buffer for bytes: `uint8_t *buf, size_t cap, size_t *len`.
pub(crate) struct Buffer {
    buf: *mut u8,
    cap: usize,
    len: Out<usize>,
}

impl Buffer {
    /// `(NULL, 0)` is a legal buffer without room.
    ///
    /// # Safety
    /// `buf` is NULL or `cap` bytes can be written there, and `len` is NULL or can be, as long as this lives.
    #[inline(always)]
    pub(crate) unsafe fn new(buf: *mut u8, cap: usize, len: *mut usize) -> Result<Self, Failure> {
        // SAFETY: as promised.
        let len = unsafe { Out::new(len, "len") }?;
        if buf.is_null() && cap > 0 {
            return Err(Failure::null("buf"));
        }
        if isize::try_from(cap).is_err() {
            return Err(Failure::argument(format!("buf: a length of {cap} is more than memory can hold")));
        }
        Ok(Self { buf, cap, len })
    }

    /// None of these bytes, which are still read while it is filled, are in it.
    #[inline]
    pub(crate) fn check_apart(&self, bytes: &[u8], what: &str) -> Result<(), Failure> {
        let (buf, from) = (self.buf as usize, bytes.as_ptr() as usize);
        if from < buf.saturating_add(self.cap) && buf < from.saturating_add(bytes.len()) {
            return Err(Failure::argument(format!("buf and {what} overlap")));
        }
        Ok(())
    }

    /// All of it, to be filled; then [`Buffer::filled`].
    #[inline]
    pub(crate) fn room(&mut self) -> &mut [u8] {
        if self.cap == 0 {
            return &mut [];
        }
        // SAFETY: not NULL as `cap` is not 0; the rest was promised to `new`.
        unsafe { std::slice::from_raw_parts_mut(self.buf, self.cap) }
    }

    /// The first `len` bytes of the room are the result.
    pub(crate) fn filled(&self, len: usize) {
        self.len.set(len);
    }

    /// Copies the result there. Too short: `DDI_E_BUFFER`, and `*len` is the size needed.
    pub(crate) fn put(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let needed = bytes.len();
        let Some(room) = self.room().get_mut(..needed) else { return Err(self.too_short(needed)) };
        room.copy_from_slice(bytes);
        self.filled(needed);
        Ok(())
    }

    /// The same of pieces that together are the result, of `needed` bytes.
    pub(crate) fn put_pieces<'a>(
        &mut self,
        needed: usize,
        pieces: impl Iterator<Item = &'a [u8]>,
    ) -> Result<(), Failure> {
        if needed > self.cap {
            return Err(self.too_short(needed));
        }
        let mut rest = self.room();
        for piece in pieces {
            let Some((to, behind)) = std::mem::take(&mut rest).split_at_mut_checked(piece.len()) else {
                break;
            };
            to.copy_from_slice(piece);
            rest = behind;
        }
        self.filled(needed);
        Ok(())
    }

    /// The failure of a buffer that is too short; tells the caller the size needed.
    pub(crate) fn too_short(&self, needed: usize) -> Failure {
        self.len.set(needed);
        let cap = self.cap;
        Failure::new(DDI_E_BUFFER, format!("a buffer of {cap} bytes is too short: {needed} are needed"))
    }

    pub(crate) const fn cap(&self) -> usize {
        self.cap
    }
}
