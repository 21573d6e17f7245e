//! Walking a tree in key order.

use super::Node;
use super::leaf::Leaf;

/// A place in the order of keys. It borrows the tree, which can't change meanwhile.
#[derive(Debug)]
pub(crate) struct Cursor<'t> {
    /// The branches down to the leaf: their children, and which of them comes next.
    above: Vec<(&'t [Node], usize)>,
    leaf: &'t Leaf,
    /// The item that comes next.
    at: usize,
    key: Vec<u8>,
    body: Option<&'t [u8]>,
}

impl<'t> Cursor<'t> {
    pub(super) fn new(root: &'t Node, key: &[u8]) -> Self {
        let (mut node, mut above) = (root, Vec::new());
        let leaf = loop {
            match node {
                Node::Leaf(leaf) => break leaf,
                Node::Branch(branch) => {
                    let i = branch.child_of(key);
                    above.push((&branch.children[..], i + 1));
                    node = &branch.children[i];
                }
            }
        };
        let at = leaf.find(key).map_or_else(|i| i, |(i, _)| i);
        Self { above, leaf, at, key: Vec::new(), body: None }
    }

    /// The next key with its body, which [`Cursor::here`] gives from then on.
    pub(crate) fn next(&mut self) -> Option<(&[u8], &'t [u8])> {
        self.body = None;
        while self.at >= self.leaf.len() {
            self.next_leaf()?;
        }
        self.leaf.key_into(self.at, &mut self.key);
        self.body = Some(self.leaf.body(self.at));
        self.at += 1;
        self.here()
    }

    /// What [`Cursor::next`] gave last: nothing before its first call and after the last key.
    pub(crate) fn here(&self) -> Option<(&[u8], &'t [u8])> {
        self.body.map(|body| (self.key.as_slice(), body))
    }

    /// Goes on to the next key in both, but past all that lies in the same leaf at the same place: so much of
    /// both trees is one. True if they went on.
    pub(crate) fn skip_shared(&mut self, other: &mut Self) -> bool {
        let is_shared =
            self.leaf.is(other.leaf) && self.at == other.at && self.body.is_some() && other.body.is_some();
        if is_shared {
            for cursor in [self, other] {
                cursor.at = cursor.leaf.len();
                cursor.next();
            }
        }
        is_shared
    }

    fn next_leaf(&mut self) -> Option<()> {
        let mut node = loop {
            let (children, next) = self.above.last_mut()?;
            if let Some(child) = children.get(*next) {
                *next += 1;
                break child;
            }
            self.above.pop();
        };
        loop {
            match node {
                Node::Leaf(leaf) => {
                    (self.leaf, self.at) = (leaf, 0);
                    return Some(());
                }
                Node::Branch(branch) => {
                    self.above.push((&branch.children[..], 1));
                    node = &branch.children[0];
                }
            }
        }
    }
}
