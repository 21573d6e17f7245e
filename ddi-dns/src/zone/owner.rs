//! Owners: a name's relative key, and back from it.
//!
//! The tree's keys are sort keys without what all of the zone's keys start with. They are lower case; how
//! an owner was spelled is kept in its body where it differs (see [`body`](super::body)).

use crate::name::{LABEL_MAX, NAME_MAX, Name, NameRef, SortKey};

/// The apex, as a name and as a key.
#[derive(Debug)]
pub(crate) struct Apex {
    pub(crate) name: Name,
    labels: u8,
}

impl Apex {
    pub(crate) fn new(name: NameRef<'_>) -> Self {
        Self { name: name.to_name(), labels: name.label_count() as u8 }
    }

    /// What the tree calls a name; none if it is not at or below the apex.
    pub(crate) fn key_of(&self, name: NameRef<'_>) -> Option<SortKey> {
        name.labels_before(self.name.as_ref()).map(SortKey::of_labels)
    }

    /// How many labels the name with this relative key has.
    pub(crate) fn labels_of(&self, relative: &[u8]) -> u8 {
        self.labels + relative.iter().filter(|&&byte| byte == 0).count() as u8
    }

    /// How long the wire form of the name with this relative key is.
    pub(crate) fn wire_len_of(&self, relative: &[u8]) -> usize {
        // A label's closing 0 stands for its length byte, and an escaped byte is two.
        let (mut len, mut escaped) = (self.name.as_ref().wire().len(), false);
        for &byte in relative {
            escaped = byte == 1 && !escaped;
            len += usize::from(!escaped);
        }
        len
    }

    /// The part of a relative key that is its ancestor with `labels` labels.
    pub(crate) fn ancestor<'k>(&self, relative: &'k [u8], labels: u8) -> Option<&'k [u8]> {
        let mut left = labels.checked_sub(self.labels)?;
        if left == 0 {
            return Some(&[]);
        }
        for (at, &byte) in relative.iter().enumerate() {
            left -= u8::from(byte == 0);
            if left == 0 {
                return Some(&relative[..=at]);
            }
        }
        None
    }
}

/// A name on the stack.
#[derive(Clone, Debug)]
pub(crate) struct OwnerBuf {
    wire: [u8; NAME_MAX],
    /// Where the name starts: it ends with the array, and grows to the front.
    start: usize,
}

impl Default for OwnerBuf {
    fn default() -> Self {
        Self { wire: [0; NAME_MAX], start: NAME_MAX - 1 }
    }
}

impl OwnerBuf {
    pub(crate) fn name(&self) -> NameRef<'_> {
        NameRef::from_valid(&self.wire[self.start..])
    }

    /// The name of a relative key, in lower case above the apex.
    pub(crate) fn set(&mut self, apex: &Apex, key: (&[u8], &[u8])) {
        let apex = apex.name.as_ref().wire();
        self.start = NAME_MAX - apex.len();
        self.wire[self.start..].copy_from_slice(apex);
        let (mut label, mut len, mut escaped) = ([0; LABEL_MAX], 0, false);
        for &byte in key.0.iter().chain(key.1) {
            match byte {
                0 => {
                    self.start -= 1 + len;
                    self.wire[self.start] = len as u8;
                    self.wire[self.start + 1..][..len].copy_from_slice(&label[..len]);
                    len = 0;
                }
                1 if !escaped => {
                    escaped = true;
                    continue;
                }
                _ => {
                    label[len] = byte - u8::from(escaped);
                    len += 1;
                }
            }
            escaped = false;
        }
    }

    /// Changes the case of the bytes whose bits are set.
    pub(crate) fn spell(&mut self, case: &[u8]) {
        for (i, byte) in self.wire[self.start..].iter_mut().enumerate() {
            let bits = case.get(i / 8).copied().unwrap_or(0);
            *byte ^= (bits >> (i % 8) & 1) << 5;
        }
    }

    /// Which bytes of `owner`, another spelling of this name, differ; empty if none does.
    pub(crate) fn case_of(&self, owner: NameRef<'_>) -> Vec<u8> {
        let mut case = Vec::new();
        for (i, (ours, theirs)) in self.name().wire().iter().zip(owner.wire()).enumerate() {
            if ours != theirs {
                case.resize(i / 8 + 1, 0);
                case[i / 8] |= 1 << (i % 8);
            }
        }
        case
    }
}
