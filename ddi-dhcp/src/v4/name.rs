//! Domain names in options: on their own, in option 81, and as a search list (RFC 3397).

use std::fmt;

use crate::bytes::Reader;
use crate::error::NameError;

/// Longest name in wire form without its root label (RFC 1035 section 2.3.4: 255 with it).
const NAME_MAX: usize = 254;
/// Longest label.
const LABEL_MAX: usize = 63;
/// Most pointers in one name: more than it can have labels.
const POINTERS_MAX: usize = 127;
/// The two top bits of a length byte that make it a pointer, and where pointers end to reach.
const POINTER: u8 = 0xc0;
const POINTER_MAX: u16 = 0x3fff;

/// A domain name: its labels with their lengths, without the root label, in place.
///
/// Letters keep their case. Equality is by bytes.
#[derive(Clone, Copy)]
pub struct Name {
    wire: [u8; NAME_MAX],
    len: u8,
}

impl Name {
    /// No labels.
    pub const ROOT: Self = Self { wire: [0; NAME_MAX], len: 0 };

    /// Reads a name as it is written: labels between dots, a dot at the end or not, `\.` and `\DDD` for
    /// bytes that would not be themselves.
    ///
    /// # Errors
    /// If a label is empty or too long, the name is too long, or an escape is wrong.
    pub fn from_text(text: &[u8]) -> Result<Self, NameError> {
        let mut name = Self::ROOT;
        if text == b"." {
            return Ok(name);
        }
        let mut label = Label::default();
        let mut rest = text;
        while let Some((byte, after)) = next_byte(rest)? {
            rest = after;
            match byte {
                TextByte::Dot => {
                    name.push_label(label.bytes())?;
                    label = Label::default();
                    if rest.is_empty() {
                        return Ok(name);
                    }
                }
                TextByte::Plain(byte) => label.push(byte)?,
            }
        }
        name.push_label(label.bytes())?;
        Ok(name)
    }

    /// Reads labels up to the root label or the end of `bytes`, without compression; says whether there
    /// was a root label. All of `bytes` must be used.
    pub(super) fn from_labels(bytes: &[u8]) -> Result<(Self, bool), NameError> {
        let mut name = Self::ROOT;
        let mut rest = Reader::new(bytes);
        while !rest.is_empty() {
            let at = bytes.len() - rest.rest().len();
            let label = rest.counted().ok_or(NameError::Broken { at })?;
            if label.is_empty() {
                return if rest.is_empty() { Ok((name, true)) } else { Err(NameError::Broken { at }) };
            }
            if label.len() > LABEL_MAX {
                return Err(NameError::Broken { at });
            }
            name.push_label(label)?;
        }
        Ok((name, false))
    }

    /// Adds a label at the end.
    ///
    /// # Errors
    /// If the label is empty or too long, or the name would be; it is as before then.
    pub fn push_label(&mut self, label: &[u8]) -> Result<(), NameError> {
        if label.is_empty() {
            return Err(NameError::EmptyLabel);
        }
        if label.len() > LABEL_MAX {
            return Err(NameError::LabelTooLong { len: label.len() });
        }
        let start = usize::from(self.len);
        let end = start + 1 + label.len();
        let Some([len, bytes @ ..]) = self.wire.get_mut(start..end) else { return Err(NameError::TooLong) };
        *len = label.len() as u8;
        bytes.copy_from_slice(label);
        self.len = end as u8;
        Ok(())
    }

    /// Adds the labels of another name at the end.
    ///
    /// # Errors
    /// If the name would be too long; it is as before then.
    pub fn append(&mut self, suffix: &Self) -> Result<(), NameError> {
        let mut whole = *self;
        for label in suffix.labels() {
            whole.push_label(label)?;
        }
        *self = whole;
        Ok(())
    }

    /// The labels from the first one on.
    pub fn labels(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = Reader::new(self.wire());
        std::iter::from_fn(move || rest.counted())
    }

    /// The labels with their lengths, without the root label.
    #[must_use]
    pub fn wire(&self) -> &[u8] {
        &self.wire[..usize::from(self.len)]
    }

    /// True if there are no labels.
    #[must_use]
    pub const fn is_root(&self) -> bool {
        self.len == 0
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.wire() == other.wire()
    }
}

impl Eq for Name {}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({self})")
    }
}

/// As [`Name::from_text`] reads it, without a dot at the end; the root is a dot.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_root() {
            return f.write_str(".");
        }
        for (i, label) in self.labels().enumerate() {
            if i > 0 {
                f.write_str(".")?;
            }
            for &byte in label {
                match byte {
                    b'.' | b'\\' => write!(f, "\\{}", char::from(byte))?,
                    b'!'..=b'~' => write!(f, "{}", char::from(byte))?,
                    _ => write!(f, "\\{byte:03}")?,
                }
            }
        }
        Ok(())
    }
}

enum TextByte {
    Dot,
    Plain(u8),
}

fn next_byte(text: &[u8]) -> Result<Option<(TextByte, &[u8])>, NameError> {
    Ok(match text {
        [] => None,
        [b'.', rest @ ..] => Some((TextByte::Dot, rest)),
        [b'\\', a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', rest @ ..] => {
            let number = [a, b, c].iter().fold(0, |n, digit| n * 10 + u16::from(**digit - b'0'));
            let byte = u8::try_from(number).map_err(|_| NameError::BadEscape)?;
            Some((TextByte::Plain(byte), rest))
        }
        [b'\\', b'0'..=b'9', ..] | [b'\\'] => return Err(NameError::BadEscape),
        [b'\\', byte, rest @ ..] | [byte, rest @ ..] => Some((TextByte::Plain(*byte), rest)),
    })
}

/// A label while it is read.
struct Label {
    bytes: [u8; LABEL_MAX],
    len: usize,
}

impl Default for Label {
    fn default() -> Self {
        Self { bytes: [0; LABEL_MAX], len: 0 }
    }
}

impl Label {
    fn push(&mut self, byte: u8) -> Result<(), NameError> {
        let slot = self.bytes.get_mut(self.len).ok_or(NameError::LabelTooLong { len: LABEL_MAX + 1 })?;
        *slot = byte;
        self.len += 1;
        Ok(())
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// The names of a search list (option 119, RFC 3397), whose pointers count from the start of the whole
/// value. Nothing comes after an error.
#[derive(Clone, Debug)]
pub struct SearchList<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> SearchList<'a> {
    /// Over the joined value of the option.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// One name from `at` on, and where the next one starts.
    fn read(&self) -> Result<(Name, usize), NameError> {
        let mut name = Name::ROOT;
        let mut at = self.at;
        let mut next = None;
        // Every pointer must go before the place where reading last started: so they come to an end.
        let mut limit = at;
        let mut pointers = 0;
        loop {
            let broken = NameError::Broken { at };
            let len = *self.bytes.get(at).ok_or(broken)?;
            if len == 0 {
                return Ok((name, next.unwrap_or(at + 1)));
            } else if usize::from(len) <= LABEL_MAX {
                let end = at + 1 + usize::from(len);
                name.push_label(self.bytes.get(at + 1..end).ok_or(broken)?)?;
                at = end;
            } else if len & POINTER == POINTER {
                let low = *self.bytes.get(at + 1).ok_or(broken)?;
                let target = usize::from(u16::from_be_bytes([len & !POINTER, low]));
                if target >= limit {
                    return Err(NameError::PointerNotBack { at });
                }
                pointers += 1;
                if pointers > POINTERS_MAX {
                    return Err(NameError::TooLong);
                }
                next = next.or(Some(at + 2));
                limit = target;
                at = target;
            } else {
                return Err(broken);
            }
        }
    }
}

impl Iterator for SearchList<'_> {
    type Item = Result<Name, NameError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.bytes.len() {
            return None;
        }
        let read = self.read();
        self.at = read.as_ref().map_or(self.bytes.len(), |&(_, next)| next);
        Some(read.map(|(name, _)| name))
    }
}

/// Writes a search list, with pointers into the names before (RFC 3397 section 2).
pub fn emit_search_list(names: &[Name], out: &mut Vec<u8>) {
    let start = out.len();
    for name in names {
        let before = out.len() - start;
        let mut rest = name.wire();
        loop {
            let Some(&len) = rest.first() else {
                out.push(0);
                break;
            };
            if let Some(at) = find_suffix(&out[start..][..before], rest) {
                out.extend_from_slice(&(at | u16::from_be_bytes([POINTER, 0])).to_be_bytes());
                break;
            }
            let (label, after) = rest.split_at(1 + usize::from(len));
            out.extend_from_slice(label);
            rest = after;
        }
    }
}

/// At which label of `written` the labels `suffix` stand up to a root label, without a pointer between.
fn find_suffix(written: &[u8], suffix: &[u8]) -> Option<u16> {
    let mut at = 0;
    while let Some(rest) = written.get(at..) {
        if rest.strip_prefix(suffix).is_some_and(|after| after.first() == Some(&0)) {
            return u16::try_from(at).ok().filter(|&at| at <= POINTER_MAX);
        }
        at += match *rest.first()? {
            len if len & POINTER == POINTER => 2,
            len => 1 + usize::from(len),
        };
    }
    None
}
