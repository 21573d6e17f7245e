//! Sorted keys with short values, packed in one byte string.
//!
//! ```text
//! count  u16       how many items
//! prefix u16       length of what all keys start with
//! slots  each: place u16, where its item starts, counted from the first; key u16, a tag bit and the key's length;
//!        head u32, the key's first four bytes behind the prefix as a big-endian number, zeros where it ends
//! prefix bytes
//! items  each: key bytes behind the prefix, value bytes
//! ```
//! Numbers are little-endian. Heads compare as numbers as the keys do as bytes, so that a search reads all slots
//! in one pass without a branch, which costs less than the guesses that a bisection gets wrong; then it reads one
//! item, mostly. In a large map this waits for memory twice: slots lie where nothing must be read to know it, so
//! that all of them come at once, and they tell all about where the item is. Who will read an item anyway waits
//! once, with [`Packed::prefetch`]. Items lie in the order of their keys.

use std::cmp::Ordering;
use std::hint::black_box;
use std::ops::Range;
use std::sync::Arc;

/// Count and prefix length.
const HEADER_LEN: usize = 4;
const SLOT_LEN: usize = 8;
const HEAD_LEN: usize = 4;
/// In a slot's key word: the value means something else than itself; see [`Value::tagged`].
const TAG: u16 = 0x8000;
/// What a processor takes from memory at once, in bytes.
pub(super) const LINE: usize = 64;
/// Longest value.
pub(super) const VALUE_MAX: usize = 0x7fff;

/// The packed items; clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct Packed(Arc<[u8]>);

/// Where all lies in a [`Packed`].
#[derive(Clone, Copy, Default)]
struct Parts<'a> {
    slots: &'a [[u8; SLOT_LEN]],
    prefix: &'a [u8],
    items: &'a [u8],
}

/// A value, and one bit that its owner may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Value<'a> {
    pub(super) tagged: bool,
    pub(super) bytes: &'a [u8],
}

fn word(bytes: &[u8; HEADER_LEN], at: usize) -> usize {
    usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]))
}

fn head(&[.., h0, h1, h2, h3]: &[u8; SLOT_LEN]) -> u32 {
    u32::from_le_bytes([h0, h1, h2, h3])
}

fn place(&[p0, p1, ..]: &[u8; SLOT_LEN]) -> usize {
    usize::from(u16::from_le_bytes([p0, p1]))
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

/// The order of two keys with the same head.
fn compare_tails(a: &[u8], b: &[u8]) -> Ordering {
    match (a.get(HEAD_LEN..), b.get(HEAD_LEN..)) {
        (Some(a), Some(b)) => a.cmp(b),
        // All that the shorter one has is in the head, and the other starts with it.
        _ => a.len().cmp(&b.len()),
    }
}

fn shared_len(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(x, y)| x == y).count()
}

impl<'a> Parts<'a> {
    /// Where item `i` starts; behind the last, where the items end.
    fn place(&self, i: usize) -> usize {
        self.slots.get(i).map_or(self.items.len(), place)
    }

    /// How many heads are less.
    fn heads_below(&self, sought: u32) -> usize {
        let count: u32 = self.slots.iter().map(|slot| u32::from(head(slot) < sought)).sum();
        count as usize
    }

    /// What `key` has behind the prefix, or, without that, where it would be.
    fn suffix_of<'k>(&self, key: &'k [u8]) -> Result<&'k [u8], usize> {
        if self.prefix.is_empty() {
            return Ok(key);
        }
        key.strip_prefix(self.prefix).ok_or_else(|| if key < self.prefix { 0 } else { self.slots.len() })
    }

    /// The key's bytes behind the prefix, and the value.
    #[inline]
    fn item(&self, i: usize) -> (&'a [u8], Value<'a>) {
        let slot = &self.slots[i];
        let coded = u16::from_le_bytes([slot[2], slot[3]]);
        let item = &self.items[place(slot)..self.place(i + 1)];
        let (key, bytes) = item.split_at(usize::from(coded & !TAG));
        (key, Value { tagged: coded & TAG != 0, bytes })
    }
}

impl Packed {
    /// Bytes that it takes.
    pub(super) fn size(&self) -> usize {
        self.0.len()
    }

    /// How many items.
    pub(super) fn len(&self) -> usize {
        self.0.first_chunk().map_or(0, |header| word(header, 0))
    }

    /// True if both are the same bytes in memory.
    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    fn parts(&self) -> Parts<'_> {
        let Some((header, rest)) = self.0.split_first_chunk::<HEADER_LEN>() else {
            return Parts::default();
        };
        let (slots, rest) = rest.split_at(SLOT_LEN * word(header, 0));
        let (prefix, items) = rest.split_at(word(header, 2));
        Parts { slots: slots.as_chunks().0, prefix, items }
    }

    pub(super) fn value(&self, i: usize) -> Value<'_> {
        self.parts().item(i).1
    }

    /// The key of item `i`, as two parts behind each other.
    pub(super) fn key(&self, i: usize) -> (&[u8], &[u8]) {
        let parts = self.parts();
        (parts.prefix, parts.item(i).0)
    }

    /// Puts the key of item `i` into `key`.
    pub(super) fn key_into(&self, i: usize, key: &mut Vec<u8>) {
        let (front, back) = self.key(i);
        key.clear();
        key.extend_from_slice(front);
        key.extend_from_slice(back);
    }

    /// How many bytes `key` shares with the key of item `i`.
    pub(super) fn shared_with(&self, i: usize, key: &[u8]) -> usize {
        let (front, back) = self.key(i);
        match shared_len(front, key) {
            all if all == front.len() => all + shared_len(back, &key[all..]),
            less => less,
        }
    }

    /// Asks memory for all bytes, so that they come at once, and not the item only when the slots are there.
    #[inline]
    pub(super) fn prefetch(&self) {
        black_box(self.0.chunks(LINE).fold(0, |all, line| all ^ line[0]));
    }

    /// `Ok` where the key is, with its value, or `Err` where it would be.
    pub(super) fn find(&self, key: &[u8]) -> Result<(usize, Value<'_>), usize> {
        let parts = self.parts();
        let suffix = parts.suffix_of(key)?;
        let sought = head_of(suffix);
        let mut low = parts.heads_below(sought);
        let same = parts.slots[low..].iter().take_while(|slot| head(slot) == sought).count();
        // Among those of the same head the rest of the key decides.
        let mut high = low + same;
        while low < high {
            let middle = usize::midpoint(low, high);
            let (found, value) = parts.item(middle);
            match compare_tails(found, suffix) {
                Ordering::Less => low = middle + 1,
                Ordering::Equal => return Ok((middle, value)),
                Ordering::Greater => high = middle,
            }
        }
        Err(low)
    }

    /// The items with those of `range` replaced by `new`.
    pub(super) fn with(&self, range: Range<usize>, new: &[(&[u8], Value<'_>)]) -> Self {
        let prefix = self.parts().prefix;
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
        let parts = self.parts();
        let (start, end) = (parts.place(range.start), parts.place(range.end));
        let skip = parts.prefix.len();
        let item_len = |(key, value): &(&[u8], Value<'_>)| key.len() - skip + value.bytes.len();
        let added: usize = new.iter().map(item_len).sum();
        let count = self.len() - range.len() + new.len();
        let mut out = Vec::with_capacity(self.size() + added + SLOT_LEN * new.len());
        put_header(&mut out, count, skip);
        out.extend_from_slice(parts.slots[..range.start].as_flattened());
        let mut at = start;
        for item @ (key, value) in new {
            put_slot(&mut out, &key[skip..], at, value.tagged);
            at += item_len(item);
        }
        for slot in &parts.slots[range.end..] {
            let [p0, p1] = ((place(slot) - end + at) as u16).to_le_bytes();
            out.extend_from_slice(&[p0, p1]);
            out.extend_from_slice(&slot[2..]);
        }
        out.extend_from_slice(parts.prefix);
        out.extend_from_slice(&parts.items[..start]);
        new.iter().for_each(|(key, value)| put_item(&mut out, &key[skip..], *value));
        out.extend_from_slice(&parts.items[end..]);
        Self(out.into())
    }
}

fn put_header(out: &mut Vec<u8>, count: usize, prefix_len: usize) {
    out.extend_from_slice(&(count as u16).to_le_bytes());
    out.extend_from_slice(&(prefix_len as u16).to_le_bytes());
}

fn put_slot(out: &mut Vec<u8>, suffix: &[u8], place: usize, tagged: bool) {
    let [h0, h1, h2, h3] = head_of(suffix).to_le_bytes();
    let [p0, p1] = (place as u16).to_le_bytes();
    let [k0, k1] = (suffix.len() as u16 | if tagged { TAG } else { 0 }).to_le_bytes();
    out.extend_from_slice(&[p0, p1, k0, k1, h0, h1, h2, h3]);
}

fn put_item(out: &mut Vec<u8>, suffix: &[u8], value: Value<'_>) {
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
        self.keys.len() + self.values.len() + self.ends.len() * SLOT_LEN
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
        let capacity = HEADER_LEN + prefix + self.size() - (prefix * self.ends.len()).min(self.keys.len());
        let mut out = Vec::with_capacity(capacity);
        put_header(&mut out, self.ends.len(), prefix);
        let mut at = 0;
        for (suffix, value) in self.items(prefix) {
            put_slot(&mut out, suffix, at, value.tagged);
            at += suffix.len() + value.bytes.len();
        }
        out.extend_from_slice(&first[..prefix]);
        self.items(prefix).for_each(|(suffix, value)| put_item(&mut out, suffix, value));
        self.keys.clear();
        self.values.clear();
        self.ends.clear();
        Packed(out.into())
    }

    /// What was pushed: keys without so many bytes at their start, and values.
    fn items(&self, skip: usize) -> impl Iterator<Item = (&[u8], Value<'_>)> {
        let (mut key_start, mut value_start) = (0, 0);
        self.ends.iter().map(move |&(key_end, value_end, tagged)| {
            let suffix = &self.keys[key_start + skip..key_end];
            let bytes = &self.values[value_start..value_end];
            (key_start, value_start) = (key_end, value_end);
            (suffix, Value { tagged, bytes })
        })
    }
}
