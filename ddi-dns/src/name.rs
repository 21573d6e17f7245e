//! Names in uncompressed wire form (RFC 1035 section 3.1), case preserved.
//!
//! [`NameRef`] borrows validated bytes, [`Name`] owns them. Equality, hashing and order ignore ASCII
//! case; order is the canonical one of RFC 4034 section 6.1.

mod buffer;
mod key;
mod text;

pub(crate) use buffer::NameBuffer;
pub use key::{KEY_MAX, SortKey};

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

/// Longest name on the wire, with its root byte (RFC 1035 section 2.3.4).
pub const NAME_MAX: usize = 255;
/// Longest label, without its length byte.
pub const LABEL_MAX: usize = 63;
/// Most labels that fit, without the root.
pub const LABELS_MAX: usize = 127;

/// Why bytes or text are not a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// The bytes end inside the name.
    #[error("name is cut short")]
    Truncated,
    /// More than 255 bytes on the wire.
    #[error("name is longer than 255 bytes")]
    TooLong,
    /// A label of more than 63 bytes, in text form.
    #[error("label is longer than 63 bytes")]
    LabelTooLong,
    /// Two dots in a row, or a leading one, in text form.
    #[error("name has an empty label")]
    EmptyLabel,
    /// A length byte of 0x40 to 0xbf (RFC 6891 section 5, RFC 1035 section 4.1.4).
    #[error("label type {0:#04x} is not known")]
    LabelType(u8),
    /// A compression pointer where none may be.
    #[error("compression pointer where none may be")]
    Pointer,
    /// A compression pointer that does not point before itself.
    #[error("compression pointer does not point backwards")]
    PointerForward,
    /// More pointers in a row than a name can need.
    #[error("too many compression pointers in one name")]
    PointerChain,
    /// A backslash with nothing useful behind it, in text form.
    #[error("bad escape")]
    Escape,
    /// Bytes follow the root label.
    #[error("bytes follow the name")]
    Trailing,
}

/// A borrowed name: whole, uncompressed, with its root byte.
#[derive(Clone, Copy)]
pub struct NameRef<'a>(&'a [u8]);

impl<'a> NameRef<'a> {
    /// The root.
    pub const ROOT: NameRef<'static> = NameRef(&[0]);

    /// `wire` must be exactly one uncompressed name.
    pub fn new(wire: &'a [u8]) -> Result<Self, NameError> {
        let (name, rest) = Self::split(wire)?;
        if rest.is_empty() { Ok(name) } else { Err(NameError::Trailing) }
    }

    /// `wire` was made from a name, so that it is one.
    pub(crate) const fn from_valid(wire: &'a [u8]) -> Self {
        Self(wire)
    }

    /// The uncompressed name that `wire` starts with, and what follows it.
    pub fn split(wire: &'a [u8]) -> Result<(Self, &'a [u8]), NameError> {
        let mut at = 0;
        loop {
            let len = *wire.get(at).ok_or(NameError::Truncated)?;
            match len {
                0 => break,
                1..=0x3f => at += 1 + usize::from(len),
                0xc0.. => return Err(NameError::Pointer),
                _ => return Err(NameError::LabelType(len)),
            }
            if at >= NAME_MAX {
                return Err(NameError::TooLong);
            }
        }
        let (name, rest) = wire.split_at(at + 1);
        Ok((Self(name), rest))
    }

    /// The wire bytes, root byte included.
    #[must_use]
    pub const fn wire(self) -> &'a [u8] {
        self.0
    }

    /// True for the root.
    #[must_use]
    pub const fn is_root(self) -> bool {
        self.0.len() == 1
    }

    /// The labels from the left, without the root.
    #[must_use]
    pub const fn labels(self) -> Labels<'a> {
        Labels(self.0)
    }

    /// How many labels, without the root.
    #[must_use]
    pub fn label_count(self) -> usize {
        self.labels().count()
    }

    /// The name without its first label; `None` for the root.
    #[must_use]
    pub fn parent(self) -> Option<Self> {
        let len = usize::from(self.0[0]);
        (len > 0).then(|| Self(&self.0[1 + len..]))
    }

    /// True if the first label is `*` (RFC 4592 section 2.1.1).
    #[must_use]
    pub fn is_wildcard(self) -> bool {
        self.0.starts_with(&[1, b'*'])
    }

    /// The suffix of this name with `count` labels; `None` if it has fewer.
    #[must_use]
    pub fn suffix(self, count: usize) -> Option<Self> {
        let mut name = self;
        for _ in 0..self.label_count().checked_sub(count)? {
            name = name.parent()?;
        }
        Some(name)
    }

    /// True if this name is `ancestor` or below it.
    #[must_use]
    pub fn is_at_or_below(self, ancestor: NameRef<'_>) -> bool {
        self.labels_before(ancestor).is_some()
    }

    /// This name's labels before `ancestor`, as they stand in it; `None` if it is not at or below that.
    pub(crate) fn labels_before(self, ancestor: NameRef<'_>) -> Option<Labels<'a>> {
        let (front, back) = self.0.split_at(self.0.len().checked_sub(ancestor.0.len())?);
        // Mostly it is spelled the same, which is told sooner.
        if back != ancestor.0 && !back.eq_ignore_ascii_case(ancestor.0) {
            return None;
        }
        // The bytes may be the same by chance, within a label.
        let mut at = 0;
        while at < front.len() {
            at += 1 + usize::from(front[at]);
        }
        (at == front.len()).then_some(Labels(front))
    }

    /// An owned copy.
    #[must_use]
    pub fn to_name(self) -> Name {
        Name(self.0.into())
    }
}

impl PartialEq for NameRef<'_> {
    fn eq(&self, other: &Self) -> bool {
        // A length byte is below 0x40, so that ignoring the case of letters changes none.
        self.0.eq_ignore_ascii_case(other.0)
    }
}

impl Eq for NameRef<'_> {}

impl Hash for NameRef<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for byte in self.0 {
            state.write_u8(byte.to_ascii_lowercase());
        }
    }
}

impl PartialOrd for NameRef<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// RFC 4034 section 6.1: label by label from the root, each as lower-case bytes.
impl Ord for NameRef<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let (mut a, mut b) = (LabelStarts::of(*self), LabelStarts::of(*other));
        loop {
            match (a.pop(), b.pop()) {
                (None, None) => return Ordering::Equal,
                (None, Some(_)) => return Ordering::Less,
                (Some(_), None) => return Ordering::Greater,
                (Some(x), Some(y)) => match compare_labels(x, y) {
                    Ordering::Equal => {}
                    different => return different,
                },
            }
        }
    }
}

fn compare_labels(a: &[u8], b: &[u8]) -> Ordering {
    let lower = |byte: &u8| byte.to_ascii_lowercase();
    a.iter().map(lower).cmp(b.iter().map(lower))
}

/// Where a name's labels start, to walk it from the right without allocation.
pub(crate) struct LabelStarts<'a> {
    wire: &'a [u8],
    starts: [u8; LABELS_MAX],
    len: usize,
}

impl<'a> LabelStarts<'a> {
    pub(crate) fn of(name: NameRef<'a>) -> Self {
        let mut starts = [0; LABELS_MAX];
        let (mut len, mut at) = (0, 0);
        while name.0[at] != 0 {
            starts[len] = at as u8;
            len += 1;
            at += 1 + usize::from(name.0[at]);
        }
        Self { wire: name.0, starts, len }
    }

    /// The next label from the right.
    pub(crate) fn pop(&mut self) -> Option<&'a [u8]> {
        self.len = self.len.checked_sub(1)?;
        let at = usize::from(self.starts[self.len]);
        Some(&self.wire[at + 1..=at + usize::from(self.wire[at])])
    }
}

/// The labels of a name from the left, without the root.
#[derive(Clone, Debug)]
pub struct Labels<'a>(&'a [u8]);

impl<'a> Iterator for Labels<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (&len, rest) = self.0.split_first()?;
        if len == 0 {
            return None;
        }
        let (label, rest) = rest.split_at(usize::from(len));
        self.0 = rest;
        Some(label)
    }
}

/// An owned name.
#[derive(Clone)]
pub struct Name(Box<[u8]>);

impl Name {
    /// The root.
    #[must_use]
    pub fn root() -> Self {
        NameRef::ROOT.to_name()
    }

    /// Exactly one uncompressed name.
    pub fn from_wire(wire: &[u8]) -> Result<Self, NameError> {
        NameRef::new(wire).map(NameRef::to_name)
    }

    /// Borrows it.
    #[must_use]
    pub const fn as_ref(&self) -> NameRef<'_> {
        NameRef(&self.0)
    }

    /// This name with one more label in front.
    pub fn child(&self, label: &[u8]) -> Result<Self, NameError> {
        if label.is_empty() {
            return Err(NameError::EmptyLabel);
        }
        if label.len() > LABEL_MAX {
            return Err(NameError::LabelTooLong);
        }
        if 1 + label.len() + self.0.len() > NAME_MAX {
            return Err(NameError::TooLong);
        }
        Ok(Self([&[label.len() as u8], label, &self.0].concat().into()))
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.as_ref() == other.as_ref()
    }
}

impl Eq for Name {}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_ref().hash(state);
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_ref().cmp(&other.as_ref())
    }
}

impl fmt::Debug for NameRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NameRef({self})")
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({self})")
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_ref().fmt(f)
    }
}
