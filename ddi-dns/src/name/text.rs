//! Names in text form (RFC 1035 section 5.1): `\X` and `\DDD` escapes, a final dot for the root.

use super::{LABEL_MAX, NAME_MAX, Name, NameError, NameRef};
use std::fmt;
use std::str::FromStr;

impl Name {
    /// A name in text form. Without a final dot it is relative to `origin`; `@` is the origin itself.
    pub fn parse(text: &[u8], origin: NameRef<'_>) -> Result<Self, NameError> {
        let mut wire = [0; NAME_MAX];
        let len = parse_into(text, origin, &mut wire)?;
        Ok(Self(wire[..len].into()))
    }
}

/// A name that is relative to the root, with or without its final dot.
impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::parse(text.as_bytes(), NameRef::ROOT)
    }
}

/// [`Name::parse`] into a caller's buffer; gives the length.
pub(crate) fn parse_into(
    text: &[u8],
    origin: NameRef<'_>,
    wire: &mut [u8; NAME_MAX],
) -> Result<usize, NameError> {
    match text {
        b"" => return Err(NameError::EmptyLabel),
        b"@" => return append_origin(0, origin, wire),
        b"." => return append_origin(0, NameRef::ROOT, wire),
        _ => {}
    }
    // `start` is where the present label's length byte goes, `at` where its next byte goes.
    let (mut start, mut at, mut rest) = (0, 1, text);
    loop {
        let (&byte, tail) = match rest.split_first() {
            Some(split) => split,
            None => return append_origin(close_label(start, at, wire)?, origin, wire),
        };
        rest = tail;
        let byte = match byte {
            b'.' => {
                start = close_label(start, at, wire)?;
                at = start + 1;
                if rest.is_empty() {
                    return append_origin(start, NameRef::ROOT, wire);
                }
                continue;
            }
            b'\\' => unescape(&mut rest)?,
            plain => plain,
        };
        *wire.get_mut(at).ok_or(NameError::TooLong)? = byte;
        at += 1;
    }
}

/// Writes the length byte of the label in `start + 1 .. at`; gives where the next one starts.
fn close_label(start: usize, at: usize, wire: &mut [u8; NAME_MAX]) -> Result<usize, NameError> {
    match at - start - 1 {
        0 => Err(NameError::EmptyLabel),
        len if len > LABEL_MAX => Err(NameError::LabelTooLong),
        len => {
            wire[start] = len as u8;
            Ok(at)
        }
    }
}

fn append_origin(at: usize, origin: NameRef<'_>, wire: &mut [u8; NAME_MAX]) -> Result<usize, NameError> {
    let end = at + origin.wire().len();
    wire.get_mut(at..end).ok_or(NameError::TooLong)?.copy_from_slice(origin.wire());
    Ok(end)
}

/// What the escape after a backslash stands for: three decimal digits, or the next byte itself.
pub(crate) fn unescape(rest: &mut &[u8]) -> Result<u8, NameError> {
    let (&first, tail) = rest.split_first().ok_or(NameError::Escape)?;
    if !first.is_ascii_digit() {
        *rest = tail;
        return Ok(first);
    }
    let digits = rest.get(..3).ok_or(NameError::Escape)?;
    let mut value = 0_u16;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return Err(NameError::Escape);
        }
        value = value * 10 + u16::from(digit - b'0');
    }
    *rest = &rest[3..];
    u8::try_from(value).map_err(|_| NameError::Escape)
}

/// With a final dot; bytes that have a meaning in zone files, or that are not printable, are escaped.
impl fmt::Display for NameRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_root() {
            return f.write_str(".");
        }
        for label in self.labels() {
            for &byte in label {
                match byte {
                    b'.' | b'\\' | b'"' | b';' | b'(' | b')' | b'@' | b'$' => {
                        write!(f, "\\{}", char::from(byte))?;
                    }
                    0x21..=0x7e => write!(f, "{}", char::from(byte))?,
                    _ => write!(f, "\\{byte:03}")?,
                }
            }
            f.write_str(".")?;
        }
        Ok(())
    }
}
