//! An ordered map from sort keys to byte strings, with copy on write: a clone is a snapshot that costs
//! nothing and never changes.
//!
//! A B+-tree: leaves of packed items, branches of a bounded number of children. A change copies the one leaf
//! that it touches and, where a snapshot shares them, the branches above it; nothing else.
//!
//! To copy a branch is to count one more owner of each child, wherever that lies in memory: this is what a
//! change in a large zone costs most. So the branches above leaves, of which a change copies many, are narrow.

mod cursor;
mod leaf;
mod packed;
#[cfg(test)]
mod tests;

pub(crate) use cursor::Cursor;

use leaf::{LEAF_MAX, LEAF_MIN, Leaf, LeafBuilder};
use packed::{Builder, LINE, Packed, Value};
use std::hint::black_box;
use std::sync::Arc;

/// A branch with more children than this is split, if they are leaves.
const LEAVES_MAX: usize = 16;
/// A branch with more children than this is split, if they are branches.
const BRANCHES_MAX: usize = 64;

/// How many bytes a leaf is filled with where keys come in order: its common prefix is counted for each key,
/// so that room is left for a change or two before it must be split.
const FILL: usize = LEAF_MAX;

/// The map.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    root: Node,
    len: usize,
}

#[derive(Clone, Debug)]
enum Node {
    Leaf(Leaf),
    Branch(Branch),
}

/// Children in order. `firsts[i]` is not above any key of child i + 1, and above all keys before it. Both are
/// shared by clones, and lie one step from the parent: a descent asks for both at once, and waits once.
#[derive(Clone, Debug)]
struct Branch {
    firsts: Packed,
    children: Arc<[Node]>,
}

#[cfg(test)]
thread_local! {
    /// How many branches this thread has looked at.
    pub(super) static VISITS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// A separating key has no value.
const NOTHING: Value<'static> = Value { tagged: false, bytes: &[] };

/// What lies where a key is, or would be. The neighbours are looked at when they are asked for only.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Around<'t> {
    leaf: &'t Leaf,
    at: usize,
    exact: Option<&'t [u8]>,
    left: Option<&'t Node>,
    right: Option<&'t Node>,
}

/// One key with its body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Item<'t> {
    leaf: &'t Leaf,
    at: usize,
}

impl<'t> Around<'t> {
    /// The body of the key itself.
    pub(crate) const fn exact(&self) -> Option<&'t [u8]> {
        self.exact
    }

    /// The key itself.
    pub(crate) fn here(&self) -> Option<Item<'t>> {
        self.exact.map(|_| Item { leaf: self.leaf, at: self.at })
    }

    /// The greatest key that is less.
    pub(crate) fn before(&self) -> Option<Item<'t>> {
        match self.at.checked_sub(1) {
            Some(at) => Some(Item { leaf: self.leaf, at }),
            None => self.left.map(Node::last_leaf).map(|leaf| Item { leaf, at: leaf.len() - 1 }),
        }
    }

    /// The least key that is greater.
    pub(crate) fn behind(&self) -> Option<Item<'t>> {
        let at = self.at + usize::from(self.exact.is_some());
        if at < self.leaf.len() {
            return Some(Item { leaf: self.leaf, at });
        }
        self.right.map(Node::first_leaf).map(|leaf| Item { leaf, at: 0 })
    }
}

impl<'t> Item<'t> {
    pub(crate) fn body(&self) -> &'t [u8] {
        self.leaf.body(self.at)
    }

    /// How many bytes its key shares with `key`.
    pub(crate) fn shared_with(&self, key: &[u8]) -> usize {
        self.leaf.shared_with(self.at, key)
    }

    /// Its key, as two parts behind each other.
    pub(crate) fn key(&self) -> (&'t [u8], &'t [u8]) {
        self.leaf.key(self.at)
    }
}

impl Tree {
    #[cfg(test)]
    pub(crate) fn new() -> Self {
        Self { root: Node::Leaf(Leaf::default()), len: 0 }
    }

    /// How many keys.
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// The body of `key`.
    pub(crate) fn get(&self, key: &[u8]) -> Option<&[u8]> {
        let mut node = &self.root;
        loop {
            match node {
                Node::Branch(branch) => node = &branch.children[branch.child_of(key)],
                Node::Leaf(leaf) => return leaf.find(key).ok().map(|(_, body)| body),
            }
        }
    }

    /// The body of `key` and what lies before and behind it.
    pub(crate) fn around<'t>(&'t self, key: &[u8]) -> Around<'t> {
        let (mut node, mut left, mut right) = (&self.root, None, None);
        let leaf = loop {
            match node {
                Node::Leaf(leaf) => break leaf,
                Node::Branch(branch) => {
                    let i = branch.child_of(key);
                    left = i.checked_sub(1).map(|i| &branch.children[i]).or(left);
                    right = branch.children.get(i + 1).or(right);
                    node = &branch.children[i];
                }
            }
        };
        let (at, exact) = match leaf.find(key) {
            Ok((at, body)) => (at, Some(body)),
            Err(at) => (at, None),
        };
        Around { leaf, at, exact, left, right }
    }

    /// The last key of all.
    pub(crate) fn last(&self) -> Option<Item<'_>> {
        let leaf = self.root.last_leaf();
        leaf.len().checked_sub(1).map(|at| Item { leaf, at })
    }

    /// Sets the body of `key`. True if it is new.
    pub(crate) fn insert(&mut self, key: &[u8], body: &[u8]) -> bool {
        let len = self.len;
        self.change(key, Some(body));
        self.len > len
    }

    /// Removes `key`. True if it was there.
    pub(crate) fn remove(&mut self, key: &[u8]) -> bool {
        let there = self.get(key).is_some();
        if there {
            self.change(key, None);
        }
        there
    }

    fn change(&mut self, key: &[u8], body: Option<&[u8]>) {
        let mut parts = self.root.with(key, body, &mut self.len);
        self.root = match parts.len() {
            0 => Node::Leaf(Leaf::default()),
            1 => parts.remove(0).collapsed(),
            _ => Branch::over(parts),
        };
    }

    /// A cursor before the first key that is not less than `key`.
    pub(crate) fn seek(&self, key: &[u8]) -> Cursor<'_> {
        Cursor::new(&self.root, key)
    }
}

/// Builds a tree of keys that come in order, with full leaves.
#[derive(Default)]
pub(crate) struct TreeBuilder {
    leaf: LeafBuilder,
    level: Vec<Node>,
    len: usize,
}

impl TreeBuilder {
    /// `key` must be greater than those before.
    pub(crate) fn push(&mut self, key: &[u8], body: &[u8]) {
        if self.leaf.size() + key.len() + body.len() > FILL && !self.leaf.is_empty() {
            self.level.push(Node::Leaf(self.leaf.take()));
        }
        self.leaf.push(key, body);
        self.len += 1;
    }

    /// The tree.
    pub(crate) fn finish(mut self) -> Tree {
        self.level.push(Node::Leaf(self.leaf.take()));
        let mut level = self.level;
        while level.len() > 1 {
            // As even as can be, so that none is too small.
            let (count, branches) = (level.len(), level.len().div_ceil(fanout_max(&level)));
            let mut children = level.into_iter();
            let above = (0..branches).map(|i| {
                let len = (i + 1) * count / branches - i * count / branches;
                Branch::over(children.by_ref().take(len).collect())
            });
            level = above.collect();
        }
        Tree { root: level.remove(0), len: self.len }
    }
}

impl Branch {
    fn over(children: Vec<Node>) -> Node {
        let mut firsts = Builder::default();
        for child in &children[1..] {
            firsts.push(&child.first_key(), NOTHING);
        }
        Node::Branch(Self { firsts: firsts.take(), children: children.into() })
    }

    /// It is merged with a neighbour, if both fit in one.
    fn is_small(&self) -> bool {
        self.children.len() < fanout_max(&self.children) / 4
    }

    /// Asks memory for the children, which else would come only when it is known which one is wanted. Branches
    /// of branches are in the processor's caches.
    #[inline]
    fn prefetch(&self) {
        if self.children.len() <= LEAVES_MAX {
            let lines = self.children.chunks(LINE.div_ceil(size_of::<Node>()));
            black_box(lines.fold(0, |all, line| all + usize::from(matches!(line[0], Node::Leaf(_)))));
        }
    }

    /// Which child holds `key`, if any does.
    fn child_of(&self, key: &[u8]) -> usize {
        self.prefetch();
        #[cfg(test)]
        VISITS.set(VISITS.get() + 1);
        match self.firsts.find(key) {
            Ok((i, _)) => i + 1,
            Err(i) => i,
        }
    }

    /// Puts `parts` where child `i` was. The first of them keeps the child's separating key: it is still not
    /// above any of its keys.
    fn replace(&mut self, i: usize, parts: Vec<Node>) {
        match &parts[..] {
            // The child's own key goes; the first child has none, so that its neighbour's goes.
            [] if self.firsts.len() > 0 => {
                let gone = i.saturating_sub(1);
                self.firsts = self.firsts.with(gone..gone + 1, &[]);
            }
            [_, added @ ..] if !added.is_empty() => {
                let keys: Vec<Vec<u8>> = added.iter().map(Node::first_key).collect();
                let new: Vec<_> = keys.iter().map(|key| (key.as_slice(), NOTHING)).collect();
                self.firsts = self.firsts.with(i..i, &new);
            }
            _ => {}
        }
        match <[Node; 1]>::try_from(parts) {
            Ok([same]) => Arc::make_mut(&mut self.children)[i] = same,
            Err(parts) => {
                let mut children = self.children.to_vec();
                children.splice(i..=i, parts);
                self.children = children.into();
            }
        }
    }

    /// If child `i` is small, makes it one with a neighbour, where both fit in one.
    fn mend(&mut self, i: usize) {
        let at = if i + 1 < self.children.len() { i } else { i.saturating_sub(1) };
        let Some([a, b]) = self.children.get(at..at + 2) else {
            return;
        };
        let merged = match (a, b) {
            (Node::Leaf(a), Node::Leaf(b))
                if a.size().min(b.size()) < LEAF_MIN && a.size() + b.size() < LEAF_MAX =>
            {
                vec![Node::Leaf(a.merged(b))]
            }
            (Node::Branch(a), Node::Branch(b))
                if (a.is_small() || b.is_small())
                    && a.children.len() + b.children.len() <= fanout_max(&a.children) =>
            {
                vec![Self::over([&a.children[..], &b.children[..]].concat())]
            }
            _ => return,
        };
        // Both go, and what they became takes the place of the first.
        self.replace(at + 1, Vec::new());
        self.replace(at, merged);
    }
}

/// How many children a branch over such ones may have.
fn fanout_max(children: &[Node]) -> usize {
    match children.first() {
        Some(Node::Branch(_)) => BRANCHES_MAX,
        _ => LEAVES_MAX,
    }
}

impl Node {
    /// What the node becomes with the change: none, one or two nodes. `len` counts the tree's keys.
    fn with(&mut self, key: &[u8], body: Option<&[u8]>, len: &mut usize) -> Vec<Self> {
        match self {
            Self::Leaf(leaf) => {
                let parts = leaf.with(key, body);
                *len = *len - leaf.len() + parts.iter().map(Leaf::len).sum::<usize>();
                parts.into_iter().map(Self::Leaf).collect()
            }
            Self::Branch(branch) => {
                let i = branch.child_of(key);
                let parts = Arc::make_mut(&mut branch.children)[i].with(key, body, len);
                let small = parts.iter().any(Self::is_small);
                branch.replace(i, parts);
                if small {
                    branch.mend(i);
                }
                match branch.children.len() {
                    0 => Vec::new(),
                    many if many <= fanout_max(&branch.children) => vec![Self::Branch(branch.clone())],
                    many => {
                        let (front, back) = branch.children.split_at(many / 2);
                        vec![Branch::over(front.to_vec()), Branch::over(back.to_vec())]
                    }
                }
            }
        }
    }

    fn is_small(&self) -> bool {
        match self {
            Self::Leaf(leaf) => leaf.size() < LEAF_MIN,
            Self::Branch(branch) => branch.is_small(),
        }
    }

    /// A root with one child is that child.
    fn collapsed(self) -> Self {
        match self {
            Self::Branch(branch) if branch.children.len() == 1 => branch.children[0].clone().collapsed(),
            node => node,
        }
    }

    fn first_leaf(&self) -> &Leaf {
        match self {
            Self::Leaf(leaf) => leaf,
            Self::Branch(branch) => branch.children[0].first_leaf(),
        }
    }

    fn last_leaf(&self) -> &Leaf {
        match self {
            Self::Leaf(leaf) => leaf,
            Self::Branch(branch) => branch.children[branch.children.len() - 1].last_leaf(),
        }
    }

    fn first_key(&self) -> Vec<u8> {
        let mut key = Vec::new();
        self.first_leaf().key_into(0, &mut key);
        key
    }
}
