//! A name on the stack, for names that are made while a query is answered.

use super::{LABEL_MAX, NAME_MAX, NameRef};

/// A name with room for the longest.
#[derive(Clone)]
pub(crate) struct NameBuffer {
    bytes: [u8; NAME_MAX],
    len: u8,
}

impl NameBuffer {
    /// A copy.
    pub(crate) fn of(name: NameRef<'_>) -> Self {
        let mut bytes = [0; NAME_MAX];
        bytes[..name.0.len()].copy_from_slice(name.0);
        Self { bytes, len: name.0.len() as u8 }
    }

    /// The labels of `front`, of which there are `len` bytes without a root, before `back`; `None` if that
    /// is too long.
    fn joined(front: &[u8], back: NameRef<'_>) -> Option<Self> {
        let len = front.len() + back.0.len();
        let mut bytes = [0; NAME_MAX];
        bytes.get_mut(..front.len())?.copy_from_slice(front);
        bytes.get_mut(front.len()..len)?.copy_from_slice(back.0);
        Some(Self { bytes, len: len as u8 })
    }

    /// `label`, of 1 to 63 bytes, below `parent`; `None` if that is too long.
    pub(crate) fn child(label: &[u8], parent: NameRef<'_>) -> Option<Self> {
        let mut front = [0; 1 + LABEL_MAX];
        front[0] = u8::try_from(label.len()).ok().filter(|len| (1..=LABEL_MAX as u8).contains(len))?;
        front[1..=label.len()].copy_from_slice(label);
        Self::joined(&front[..=label.len()], parent)
    }

    /// The wildcard below `encloser` (RFC 4592 section 2.1.1); `None` if that is too long.
    pub(crate) fn wildcard_below(encloser: NameRef<'_>) -> Option<Self> {
        Self::child(b"*", encloser)
    }

    /// `name` with its suffix, which is `owner`, replaced by `target` (RFC 6672 section 2.2); `None` if that
    /// is too long.
    pub(crate) fn redirected(name: NameRef<'_>, owner: NameRef<'_>, target: NameRef<'_>) -> Option<Self> {
        let front = name.0.len().checked_sub(owner.0.len())?;
        Self::joined(&name.0[..front], target)
    }

    /// Borrows it.
    pub(crate) fn as_ref(&self) -> NameRef<'_> {
        NameRef(&self.bytes[..usize::from(self.len)])
    }
}

#[cfg(test)]
mod tests {
    use super::super::Name;
    use super::*;

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    #[test]
    fn names_are_made() {
        let (long, apex) = (name("a.b.Example.com"), name("example.com"));
        let made = NameBuffer::redirected(long.as_ref(), apex.as_ref(), name("x.").as_ref()).unwrap();
        assert_eq!(made.as_ref(), name("a.b.x").as_ref());
        assert_eq!(
            NameBuffer::wildcard_below(apex.as_ref()).unwrap().as_ref(),
            name("*.example.com").as_ref()
        );
        let wire = [&[63; 64][..], &[63; 64], &[63; 64], &[59; 60], &[0]].concat();
        let full = Name::from_wire(&wire).unwrap();
        assert_eq!(full.as_ref().wire().len(), 253);
        assert!(NameBuffer::wildcard_below(full.as_ref()).is_some());
        assert!(NameBuffer::redirected(long.as_ref(), apex.as_ref(), full.as_ref()).is_none());
        assert_eq!(NameBuffer::of(full.as_ref()).as_ref().wire(), wire);
    }
}
