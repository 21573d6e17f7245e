//! The value of one option, in one piece or several (RFC 3396).

use std::net::Ipv4Addr;

use super::walk::{Step, Walk};

/// The value of an option: all pieces with its code, joined in the order options field, file, sname.
///
/// Nearly always there is one piece and [`OptionValue::contiguous`] gives it without a copy.
#[derive(Clone, Copy, Debug)]
pub struct OptionValue<'a> {
    code: u8,
    first: &'a [u8],
    /// Where further pieces are looked for; exhausted from the start if the code is there only once.
    further: Walk<'a>,
    len: usize,
}

impl<'a> OptionValue<'a> {
    /// A value in one piece.
    pub(super) const fn whole(code: u8, bytes: &'a [u8]) -> Self {
        Self { code, first: bytes, further: Walk::exhausted(), len: bytes.len() }
    }

    /// A value of which there may be more pieces.
    pub(super) fn new(code: u8, first: &'a [u8], further: Walk<'a>) -> Self {
        let mut value = Self { code, first, further, len: first.len() };
        value.len = value.pieces().map(<[u8]>::len).sum();
        value
    }

    /// The option's code.
    #[must_use]
    pub const fn code(&self) -> u8 {
        self.code
    }

    /// Length of the whole value in bytes.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// True if the value has no bytes.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The value, if it lies in the packet in one piece.
    #[must_use]
    pub const fn contiguous(&self) -> Option<&'a [u8]> {
        if self.first.len() == self.len { Some(self.first) } else { None }
    }

    /// The pieces in order.
    pub fn pieces(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let code = self.code;
        let further = self.further.filter_map(move |step| match step {
            Step::Option { code: other, data, .. } if other == code => Some(data),
            _ => None,
        });
        std::iter::once(self.first).chain(further)
    }

    /// The value as one slice: borrowed from the packet if it is in one piece, else joined in `scratch`.
    /// `None` if it has to be joined and `scratch` is too small.
    #[must_use]
    pub fn to_slice<'s>(&self, scratch: &'s mut [u8]) -> Option<&'s [u8]>
    where
        'a: 's,
    {
        if let Some(whole) = self.contiguous() {
            return Some(whole);
        }
        let len = self.copy_into(scratch)?;
        scratch.get(..len)
    }

    /// Copies the value to the front of `out` and says how long it is; `None` if `out` is too small.
    #[must_use]
    pub fn copy_into(&self, out: &mut [u8]) -> Option<usize> {
        let mut at = 0;
        for piece in self.pieces() {
            out.get_mut(at..at + piece.len())?.copy_from_slice(piece);
            at += piece.len();
        }
        Some(at)
    }

    /// The value, if it is of this length.
    ///
    /// An option of a fixed length that was put in twice with the same value (some relays do) counts
    /// once; with different values it has none.
    #[must_use]
    pub fn array<const N: usize>(&self) -> Option<[u8; N]> {
        if let Some(whole) = self.contiguous() {
            return whole.try_into().ok();
        }
        let mut joined = [0; N];
        if self.len == N {
            self.copy_into(&mut joined)?;
            return Some(joined);
        }
        let first: [u8; N] = self.first.try_into().ok()?;
        self.pieces().all(|piece| piece == first).then_some(first)
    }

    /// The value as a number of one byte.
    #[must_use]
    pub fn u8(&self) -> Option<u8> {
        self.array::<1>().map(|[b]| b)
    }

    /// The value as a number of two bytes.
    #[must_use]
    pub fn u16(&self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    /// The value as a number of four bytes.
    #[must_use]
    pub fn u32(&self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// The value as an address.
    #[must_use]
    pub fn ipv4(&self) -> Option<Ipv4Addr> {
        self.array::<4>().map(Ipv4Addr::from)
    }
}

/// By the joined bytes.
impl PartialEq<[u8]> for OptionValue<'_> {
    fn eq(&self, other: &[u8]) -> bool {
        let mut rest = other;
        self.len == other.len()
            && self.pieces().all(|piece| {
                rest.strip_prefix(piece).is_some_and(|after| {
                    rest = after;
                    true
                })
            })
    }
}
