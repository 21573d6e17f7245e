//! Sort keys: byte strings whose plain order is the canonical order of names (RFC 4034 section 6.1).

use super::{Labels, NAME_MAX, NameRef};

/// Longest key: every byte of the longest name escaped.
pub const KEY_MAX: usize = 2 * NAME_MAX;

/// A name's sort key, on the stack.
///
/// Labels from the root down, lower case, each closed by 0. So that a label's own bytes stay above
/// that 0, byte 0 is written as 1 1 and byte 1 as 1 2. Then: keys compare as names do; a name's
/// descendants are exactly the longer keys that start with its key, and follow it directly.
#[derive(Clone)]
pub struct SortKey {
    bytes: [u8; KEY_MAX],
    /// Where the key starts: it ends with the array, so that a name's labels are put from the left.
    start: usize,
}

impl SortKey {
    /// The root's. No constant, which would be copied: it is only zeros.
    pub(crate) fn root() -> Self {
        Self { bytes: [0; KEY_MAX], start: KEY_MAX }
    }

    /// The key of `name`, which is that of all its spellings.
    #[must_use]
    pub fn of(name: NameRef<'_>) -> Self {
        Self::of_labels(name.labels())
    }

    /// The key of a name with these labels; of those before an ancestor, what the key has behind that's.
    pub(crate) fn of_labels(labels: Labels<'_>) -> Self {
        let mut key = Self::root();
        key.put(labels);
        key
    }

    /// Puts labels before the key's own. In place, since a key is large to move.
    pub(crate) fn put(&mut self, labels: Labels<'_>) {
        for label in labels {
            // Behind each label is its 0, which is there.
            let end = self.start - 1;
            let (start, mut least) = (end - label.len(), u8::MAX);
            for (place, byte) in self.bytes[start..end].iter_mut().zip(label) {
                *place = byte.to_ascii_lowercase();
                least = least.min(*byte);
            }
            self.start = start;
            if least <= 1 {
                self.start = end;
                self.put_escaped(label);
            }
        }
    }

    fn put_escaped(&mut self, label: &[u8]) {
        for &byte in label.iter().rev() {
            if byte <= 1 {
                self.start -= 2;
                self.bytes[self.start..][..2].copy_from_slice(&[1, byte + 1]);
            } else {
                self.start -= 1;
                self.bytes[self.start] = byte.to_ascii_lowercase();
            }
        }
    }

    /// The bytes; empty for the root.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[self.start..]
    }
}

#[cfg(test)]
mod tests {
    use super::super::Name;
    use super::*;

    #[test]
    fn keys_order_as_names_do() {
        // RFC 4034 section 6.1, with bytes 0 and 1 added.
        let ordered = [
            ".",
            "example.",
            "a.example.",
            "yljkjljk.a.example.",
            "Z.a.example.",
            "zABC.a.EXAMPLE.",
            "z.example.",
            "\\000.z.example.",
            "\\000\\000.z.example.",
            "\\001.z.example.",
            "\\001\\000.z.example.",
            "\\001\\001.z.example.",
            "\\002.z.example.",
            "*.z.example.",
            "\\200.z.example.",
            "z\\000.example.",
        ];
        let names: Vec<Name> = ordered.iter().map(|text| text.parse().unwrap()).collect();
        for (i, a) in names.iter().enumerate() {
            for (j, b) in names.iter().enumerate() {
                let keys = SortKey::of(a.as_ref()).as_bytes().cmp(SortKey::of(b.as_ref()).as_bytes());
                assert_eq!(a.cmp(b), i.cmp(&j), "{a} {b}");
                assert_eq!(keys, i.cmp(&j), "{a} {b}");
            }
        }
    }

    #[test]
    fn a_key_is_a_prefix_of_its_descendants_keys_only() {
        let names =
            [".", "com.", "example.com.", "xexample.com.", "a.example.com.", "com\\000.", "com\\001."];
        let names: Vec<Name> = names.iter().map(|text| text.parse().unwrap()).collect();
        for a in &names {
            for b in &names {
                let (key_a, key_b) = (SortKey::of(a.as_ref()), SortKey::of(b.as_ref()));
                assert_eq!(
                    key_b.as_bytes().starts_with(key_a.as_bytes()),
                    b.as_ref().is_at_or_below(a.as_ref()),
                    "{a} {b}"
                );
            }
        }
    }

    #[test]
    fn the_longest_name_has_a_key() {
        let wire = [[63].as_slice(), &[1; 63]].concat();
        let wire = [&wire[..], &wire, &wire, &[61], &[1; 61], &[0]].concat();
        let name = Name::from_wire(&wire).unwrap();
        assert_eq!(wire.len(), NAME_MAX);
        assert_eq!(SortKey::of(name.as_ref()).as_bytes().len(), 2 * (3 * 63 + 61) + 4);
    }
}
