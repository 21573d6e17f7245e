//! Sorted keys with short values, packed in one byte string.
//!
//! ```text
//! count  u16       how many items
//! prefix u16       length of what all keys start with
//! prefix bytes
//! slots  6 bytes each: head u32 (the key's first four bytes behind the prefix, zeros where it ends), at u16
//! items  each: key length u16 (behind the prefix), value u16 (tag bit and length), key bytes, value bytes
//! ```
//! Numbers are big-endian: heads compare as numbers as the keys do as bytes, so that a search reads little
//! but the slots. `at` counts from the first item; items lie in the order of their keys.

use std::cmp::Ordering;
use std::ops::Range;

const SLOT_LEN: usize = 6;
const ITEM_HEADER_LEN: usize = 4;
/// In an item's value word: the value means something else than itself; see [`Value::tagged`].
const TAG: u16 = 0x8000;
/// Longest value.
pub(super) const VALUE_MAX: usize = 0x7fff;

/// The packed items.
#[derive(Clone, Debug, Default)]
pub(super) struct Packed(Box<[u8]>);

/// A value, and one bit that its owner may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Value<'a> {
    pub(super) tagged: bool,
    pub(super) bytes: &'a [u8],
}

fn word(bytes: &[u8], at: usize) -> usize {
    usize::from(u16::from_be_bytes([bytes[at], bytes[at + 1]]))
}

/// The first four bytes as a number, zeros where there are fewer.
fn head_of(suffix: &[u8]) -> u32 {
    match suffix.first_chunk() {
        Some(four) => u32::from_be_bytes(*four),
        None => {
            suffix.iter().zip([24, 16, 8]).fold(0, |head, (&byte, shift)| head | u32::from(byte) << shift)
        }
    }
}

fn shared_len(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(x, y)| x == y).count()
}

impl Packed {
    /// Bytes that it takes.
    pub(super) const fn size(&self) -> usize {
        self.0.len()
    }

    /// How many items.
    pub(super) fn len(&self) -> usize {
        if self.0.is_empty() { 0 } else { word(&self.0, 0) }
    }

    fn prefix(&self) -> &[u8] {
        if self.0.is_empty() { &[] } else { &self.0[4..4 + word(&self.0, 2)] }
    }

    /// Where the slots start, if there is any item.
    fn slots(&self) -> &[u8] {
        if self.0.is_empty() {
            return &[];
        }
        let start = 4 + word(&self.0, 2);
        &self.0[start..start + SLOT_LEN * self.len()]
    }

    /// The key's bytes behind the prefix, and the value.
    fn item(&self, i: usize) -> (&[u8], Value<'_>) {
        let start = 4 + word(&self.0, 2) + SLOT_LEN * self.len();
        let at = start + word(self.slots(), SLOT_LEN * i + 4);
        let key_end = at + ITEM_HEADER_LEN + word(&self.0, at);
        let coded = word(&self.0, at + 2) as u16;
        let value = &self.0[key_end..key_end + usize::from(coded & !TAG)];
        (&self.0[at + ITEM_HEADER_LEN..key_end], Value { tagged: coded & TAG != 0, bytes: value })
    }

    pub(super) fn value(&self, i: usize) -> Value<'_> {
        self.item(i).1
    }

    /// The key of item `i`, as two parts behind each other.
    pub(super) fn key(&self, i: usize) -> (&[u8], &[u8]) {
        (self.prefix(), self.item(i).0)
    }

    /// Puts the key of item `i` into `key`.
    pub(super) fn key_into(&self, i: usize, key: &mut Vec<u8>) {
        key.clear();
        key.extend_from_slice(self.prefix());
        key.extend_from_slice(self.item(i).0);
    }

    /// How many bytes `key` shares with the key of item `i`.
    pub(super) fn shared_with(&self, i: usize, key: &[u8]) -> usize {
        let prefix = self.prefix();
        match shared_len(prefix, key) {
            all if all == prefix.len() => all + shared_len(self.item(i).0, &key[all..]),
            less => less,
        }
    }

    /// `Ok` where the key is, or `Err` where it would be.
    pub(super) fn seek(&self, key: &[u8]) -> Result<usize, usize> {
        let prefix = self.prefix();
        let (front, suffix) = key.split_at(prefix.len().min(key.len()));
        match front.cmp(prefix) {
            Ordering::Less => return Err(0),
            Ordering::Greater => return Err(self.len()),
            Ordering::Equal => {}
        }
        let (head, slots) = (head_of(suffix), self.slots());
        let head_at = |i: usize| {
            let at = SLOT_LEN * i;
            u32::from_be_bytes([slots[at], slots[at + 1], slots[at + 2], slots[at + 3]])
        };
        let (mut low, mut high) = (0, slots.len() / SLOT_LEN);
        while low < high {
            let middle = usize::midpoint(low, high);
            let order = head_at(middle).cmp(&head).then_with(|| self.item(middle).0.cmp(suffix));
            match order {
                Ordering::Less => low = middle + 1,
                Ordering::Equal => return Ok(middle),
                Ordering::Greater => high = middle,
            }
        }
        Err(low)
    }

    /// The items with those of `range` replaced by `new`.
    pub(super) fn with(&self, range: Range<usize>, new: &[(&[u8], Value<'_>)]) -> Self {
        let prefix = self.prefix();
        if range.len() < self.len() && new.iter().all(|(key, _)| key.starts_with(prefix)) {
            return self.spliced(range, new);
        }
        let mut builder = Builder::default();
        let mut key = Vec::new();
        let mut keep = |builder: &mut Builder, i| {
            self.key_into(i, &mut key);
            builder.push(&key, self.value(i));
        };
        (0..range.start).for_each(|i| keep(&mut builder, i));
        new.iter().for_each(|(key, value)| builder.push(key, *value));
        (range.end..self.len()).for_each(|i| keep(&mut builder, i));
        builder.take()
    }

    /// The same where the prefix can stay: all else is copied as it lies.
    fn spliced(&self, range: Range<usize>, new: &[(&[u8], Value<'_>)]) -> Self {
        let (prefix, slots) = (self.prefix(), self.slots());
        let items = &self.0[4 + prefix.len() + slots.len()..];
        let at_of = |i: usize| if i < self.len() { word(slots, SLOT_LEN * i + 4) } else { items.len() };
        let (start, end) = (at_of(range.start), at_of(range.end));
        let item_len = |(key, value): &(&[u8], Value<'_>)| {
            ITEM_HEADER_LEN + key.len() - prefix.len() + value.bytes.len()
        };
        let added: usize = new.iter().map(item_len).sum();
        let mut out = Vec::with_capacity(self.size() + added + SLOT_LEN * new.len());
        let count = self.len() - range.len() + new.len();
        out.extend_from_slice(&(count as u16).to_be_bytes());
        out.extend_from_slice(&(prefix.len() as u16).to_be_bytes());
        out.extend_from_slice(prefix);
        out.extend_from_slice(&slots[..SLOT_LEN * range.start]);
        let mut at = start;
        for item in new {
            put_slot(&mut out, &item.0[prefix.len()..], at);
            at += item_len(item);
        }
        for i in range.end..self.len() {
            out.extend_from_slice(&slots[SLOT_LEN * i..SLOT_LEN * i + 4]);
            out.extend_from_slice(&((at_of(i) - end + at) as u16).to_be_bytes());
        }
        out.extend_from_slice(&items[..start]);
        for (key, value) in new {
            put_item(&mut out, &key[prefix.len()..], *value);
        }
        out.extend_from_slice(&items[end..]);
        Self(out.into())
    }
}

fn put_slot(out: &mut Vec<u8>, suffix: &[u8], at: usize) {
    out.extend_from_slice(&head_of(suffix).to_be_bytes());
    out.extend_from_slice(&(at as u16).to_be_bytes());
}

fn put_item(out: &mut Vec<u8>, suffix: &[u8], value: Value<'_>) {
    let tag = if value.tagged { TAG } else { 0 };
    out.extend_from_slice(&(suffix.len() as u16).to_be_bytes());
    out.extend_from_slice(&(value.bytes.len() as u16 | tag).to_be_bytes());
    out.extend_from_slice(suffix);
    out.extend_from_slice(value.bytes);
}

/// Packs items that come in order.
#[derive(Default)]
pub(super) struct Builder {
    /// The keys behind each other, the values likewise; and where each ends.
    keys: Vec<u8>,
    values: Vec<u8>,
    ends: Vec<(usize, usize, bool)>,
}

impl Builder {
    pub(super) fn push(&mut self, key: &[u8], value: Value<'_>) {
        debug_assert!(value.bytes.len() <= VALUE_MAX, "the owner keeps values short");
        self.keys.extend_from_slice(key);
        self.values.extend_from_slice(value.bytes);
        self.ends.push((self.keys.len(), self.values.len(), value.tagged));
    }

    /// About what the packed items will take, from above.
    pub(super) const fn size(&self) -> usize {
        self.keys.len() + self.values.len() + self.ends.len() * (SLOT_LEN + ITEM_HEADER_LEN)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Packs what was pushed, and starts anew.
    pub(super) fn take(&mut self) -> Packed {
        let Some(&(last, ..)) = self.ends.last() else {
            return Packed::default();
        };
        let first = &self.keys[..self.ends[0].0];
        let last_start = self.ends.len().checked_sub(2).map_or(0, |i| self.ends[i].0);
        let prefix = shared_len(first, &self.keys[last_start..last]);
        let mut out =
            Vec::with_capacity(4 + prefix + self.size() - (prefix * self.ends.len()).min(self.keys.len()));
        out.extend_from_slice(&(self.ends.len() as u16).to_be_bytes());
        out.extend_from_slice(&(prefix as u16).to_be_bytes());
        out.extend_from_slice(&first[..prefix]);
        let (mut key_start, mut value_start, mut at) = (0, 0, 0);
        for &(key_end, value_end, _) in &self.ends {
            let suffix = &self.keys[key_start + prefix..key_end];
            put_slot(&mut out, suffix, at);
            at += ITEM_HEADER_LEN + suffix.len() + value_end - value_start;
            (key_start, value_start) = (key_end, value_end);
        }
        (key_start, value_start) = (0, 0);
        for &(key_end, value_end, tagged) in &self.ends {
            let suffix = &self.keys[key_start + prefix..key_end];
            let bytes = &self.values[value_start..value_end];
            put_item(&mut out, suffix, Value { tagged, bytes });
            (key_start, value_start) = (key_end, value_end);
        }
        self.keys.clear();
        self.values.clear();
        self.ends.clear();
        Packed(out.into())
    }
}
