//! A leaf: a few dozen keys with their bodies.

use super::packed::{Builder, Packed, Value};
use std::sync::Arc;

/// A leaf of more bytes than this is split. With larger leaves there are fewer, and the branches above them, which
/// all look-ups go through, stay in the processor's caches; with smaller ones a change copies less, and a look-up
/// reads less ahead.
pub(super) const LEAF_MAX: usize = 1536;
/// A leaf of fewer bytes than this is merged with its neighbour, if both fit in one.
pub(super) const LEAF_MIN: usize = LEAF_MAX / 4;
/// Bodies of more bytes than this lie outside of the leaf, so that their neighbours stay cheap to change.
const INLINE_MAX: usize = LEAF_MAX / 4;

/// Keys in order, with their bodies; a clone shares all.
#[derive(Clone, Debug, Default)]
pub(super) struct Leaf {
    /// A tagged value is the number of a big body, two bytes.
    items: Packed,
    /// None where there are none: thin, since it lies in the parent beside all other leaves.
    big: Option<Arc<Vec<Arc<[u8]>>>>,
}

/// A body to be packed: one that lies outside of its leaf is shared, not copied.
#[derive(Clone, Copy)]
enum Body<'a> {
    Inline(&'a [u8]),
    Big(&'a Arc<[u8]>),
}

impl<'a> Body<'a> {
    fn bytes(self) -> &'a [u8] {
        match self {
            Self::Inline(bytes) => bytes,
            Self::Big(bytes) => bytes,
        }
    }
}

impl Leaf {
    /// Bytes that it takes, without big bodies.
    pub(super) fn size(&self) -> usize {
        self.items.size()
    }

    /// True if both are the same leaf, and not only equal.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.items.is(&other.items)
    }

    /// How many keys.
    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    /// `Ok` where the key is, with its body, or `Err` where it would be.
    pub(super) fn find(&self, key: &[u8]) -> Result<(usize, &[u8]), usize> {
        self.items.prefetch();
        self.items.find(key).map(|(i, value)| (i, self.stored(value).bytes()))
    }

    /// How many bytes `key` shares with the key of item `i`.
    pub(super) fn shared_with(&self, i: usize, key: &[u8]) -> usize {
        self.items.shared_with(i, key)
    }

    /// Puts the key of item `i` into `key`.
    pub(super) fn key_into(&self, i: usize, key: &mut Vec<u8>) {
        self.items.key_into(i, key);
    }

    /// The key of item `i`, as two parts behind each other.
    pub(super) fn key(&self, i: usize) -> (&[u8], &[u8]) {
        self.items.key(i)
    }

    /// The body of item `i`.
    pub(super) fn body(&self, i: usize) -> &[u8] {
        self.stored(self.items.value(i)).bytes()
    }

    fn stored<'l>(&'l self, value: Value<'l>) -> Body<'l> {
        match value {
            Value { tagged: true, bytes: &[high, low] } => {
                let big =
                    self.big.as_ref().and_then(|big| big.get(usize::from(u16::from_be_bytes([high, low]))));
                big.map_or(Body::Inline(&[]), Body::Big)
            }
            value => Body::Inline(value.bytes),
        }
    }

    /// What the leaf becomes with `key` set to `body`, or without it: none, one or two leaves.
    pub(super) fn with(&self, key: &[u8], body: Option<&[u8]>) -> Vec<Self> {
        let (start, end) = match self.find(key) {
            Ok((i, _)) => (i, i + 1),
            Err(i) => (i, i),
        };
        let small = body.is_none_or(|body| body.len() <= INLINE_MAX);
        let leaf = if self.big.is_none() && small {
            let new = body.map(|bytes| (key, Value { tagged: false, bytes }));
            Self { items: self.items.with(start..end, new.as_slice()), big: None }
        } else {
            // Taken apart and packed anew, which keeps the big bodies in order.
            let mut builder = LeafBuilder::default();
            builder.push_range(self, 0..start);
            if let Some(body) = body {
                builder.push(key, body);
            }
            builder.push_range(self, end..self.len());
            builder.take()
        };
        match leaf.len() {
            0 => Vec::new(),
            2.. if leaf.size() > LEAF_MAX => leaf.split(),
            _ => vec![leaf],
        }
    }

    /// The first half of the items, and the others.
    fn split(&self) -> Vec<Self> {
        let middle = self.len() / 2;
        let mut builder = LeafBuilder::default();
        [0..middle, middle..self.len()]
            .map(|half| {
                builder.push_range(self, half);
                builder.take()
            })
            .into()
    }

    /// This leaf and the one behind it as one.
    pub(super) fn merged(&self, behind: &Self) -> Self {
        let mut builder = LeafBuilder::default();
        builder.push_range(self, 0..self.len());
        builder.push_range(behind, 0..behind.len());
        builder.take()
    }
}

/// Packs items, which come in order, into leaves.
#[derive(Default)]
pub(super) struct LeafBuilder {
    items: Builder,
    big: Vec<Arc<[u8]>>,
}

impl LeafBuilder {
    /// Adds an item behind the others.
    pub(super) fn push(&mut self, key: &[u8], body: &[u8]) {
        if body.len() <= INLINE_MAX {
            self.items.push(key, Value { tagged: false, bytes: body });
        } else {
            self.push_big(key, body.into());
        }
    }

    fn push_big(&mut self, key: &[u8], body: Arc<[u8]>) {
        let number = (self.big.len() as u16).to_be_bytes();
        self.items.push(key, Value { tagged: true, bytes: &number });
        self.big.push(body);
    }

    fn push_range(&mut self, leaf: &Leaf, range: std::ops::Range<usize>) {
        let mut key = Vec::new();
        for i in range {
            leaf.key_into(i, &mut key);
            match leaf.stored(leaf.items.value(i)) {
                Body::Inline(bytes) => self.items.push(&key, Value { tagged: false, bytes }),
                Body::Big(shared) => self.push_big(&key, Arc::clone(shared)),
            }
        }
    }

    /// About how many bytes the leaf would take.
    pub(super) const fn size(&self) -> usize {
        self.items.size()
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Takes what was added as one leaf, however large, and starts another.
    pub(super) fn take(&mut self) -> Leaf {
        let big = std::mem::take(&mut self.big);
        Leaf { items: self.items.take(), big: (!big.is_empty()).then(|| Arc::new(big)) }
    }
}
