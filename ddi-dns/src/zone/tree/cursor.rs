//! Walking a tree in key order.

use super::Node;
use super::leaf::Leaf;

/// A place between two keys. It borrows the tree, which can't change meanwhile.
#[derive(Debug)]
pub(crate) struct Cursor<'t> {
    /// The branches down to the leaf: their children, and which of them comes next.
    above: Vec<(&'t [Node], usize)>,
    leaf: &'t Leaf,
    /// The item that comes next.
    at: usize,
    key: Vec<u8>,
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
        let at = leaf.seek(key).unwrap_or_else(|i| i);
        Self { above, leaf, at, key: Vec::new() }
    }

    /// The next key with its body.
    pub(crate) fn next(&mut self) -> Option<(&[u8], &'t [u8])> {
        while self.at >= self.leaf.len() {
            self.next_leaf()?;
        }
        self.leaf.key_into(self.at, &mut self.key);
        self.at += 1;
        Some((&self.key, self.leaf.body(self.at - 1)))
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
