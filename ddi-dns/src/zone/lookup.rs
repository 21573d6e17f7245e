//! What answers are made from: one descent of the tree tells all about a name.

use super::body::Body;
use super::owner::{Apex, OwnerBuf};
use super::snapshot::Snapshot;
use super::tree::{Around, Item};
use crate::name::{KEY_MAX, NameRef, SortKey};

/// Owners of other NSEC3 chains that are passed over: of two chains it is one or two, mostly.
const STEPS_BACK_MAX: usize = 64;

/// Where a name lies in a zone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lookup<'s> {
    /// The name itself, if it has records.
    pub(crate) exact: Option<Body<'s>>,
    /// It has none, but names below it have: an empty non-terminal (RFC 4592 section 2.2.2).
    pub(crate) is_empty_non_terminal: bool,
    /// Labels of the closest encloser (RFC 4592 section 3.3.1); the name's own if it exists.
    pub(crate) encloser: u8,
    /// Labels of the topmost cut or DNAME at or above the name: the answer comes from there, or, if it is
    /// a DNAME at the name itself, from the name. The body of [`Snapshot::ancestor`] tells which.
    pub(crate) cover: Option<u8>,
    around: Around<'s>,
}

impl<'s> Lookup<'s> {
    /// The last name that has records before the sought one: the owner of the NSEC that covers it, if that
    /// is not below a cut or a DNAME; then it is its [`Body::cover`]'s. None for the apex.
    pub(crate) fn before(&self) -> Option<NearName<'s>> {
        self.around.before().map(NearName)
    }
}

/// A name found beside the sought one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NearName<'s>(Item<'s>);

impl<'s> NearName<'s> {
    pub(crate) fn body(&self) -> Body<'s> {
        Body::new(self.0.body())
    }

    /// Writes the name, as the zone spells it, without allocation.
    pub(crate) fn owner_into(&self, snapshot: &Snapshot, owner: &mut OwnerBuf) {
        owner.set(&snapshot.apex, self.0.key());
        owner.spell(self.body().case());
    }
}

/// A wildcard that exists.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wildcard<'s> {
    /// It has records.
    Body(Body<'s>),
    /// It has none, but names below it have, so that it exists (RFC 4592 section 4.2.1 ff.).
    Empty,
}

impl Snapshot {
    /// What the zone's tree calls a name; `None` if it is not at or below the apex.
    pub(crate) fn key_of(&self, name: NameRef<'_>) -> Option<SortKey> {
        self.apex.key_of(name)
    }

    /// Looks up the name of this key. It costs one descent.
    pub(crate) fn lookup(&self, key: &SortKey) -> Lookup<'_> {
        let key = key.as_bytes();
        let around = self.names.around(key);
        if let Some(body) = around.exact().map(Body::new) {
            let encloser = self.apex.labels_of(key);
            let cover = body.cover();
            return Lookup { exact: Some(body), is_empty_non_terminal: false, encloser, cover, around };
        }
        let before = around.before().map(|item| (item, item.shared_with(key)));
        let behind = around.behind().map_or(0, |item| item.shared_with(key));
        let shared = before.map_or(0, |(_, shared)| shared).max(behind);
        Lookup {
            exact: None,
            is_empty_non_terminal: behind == key.len(),
            encloser: self.apex.labels_of(&key[..shared]),
            cover: before.and_then(|(item, shared)| cover_of(&self.apex, &item, &key[..shared])),
            around,
        }
    }

    /// The records of a host's name, glue among them, but nothing that a DNAME hides (RFC 6672 section 2.4).
    pub(crate) fn host(&self, name: NameRef<'_>) -> Option<Body<'_>> {
        let key = self.key_of(name)?;
        let found = self.lookup(&key);
        let body = found.exact?;
        match found.cover {
            Some(cover) if cover < found.encloser => {
                self.ancestor(&key, cover).filter(|above| above.is_cut()).map(|_| body)
            }
            _ => Some(body),
        }
    }

    /// The body of the ancestor with `labels` labels.
    pub(crate) fn ancestor(&self, key: &SortKey, labels: u8) -> Option<Body<'_>> {
        let ancestor = self.apex.ancestor(key.as_bytes(), labels)?;
        self.names.get(ancestor).map(Body::new)
    }

    /// The wildcard below the ancestor with `labels` labels.
    pub(crate) fn wildcard(&self, key: &SortKey, labels: u8) -> Option<Wildcard<'_>> {
        if self.counts.wildcards == 0 {
            return None;
        }
        let ancestor = self.apex.ancestor(key.as_bytes(), labels)?;
        let mut wildcard = [0; KEY_MAX + 2];
        let (front, rest) = wildcard.split_at_mut_checked(ancestor.len())?;
        front.copy_from_slice(ancestor);
        *rest.first_mut()? = b'*';
        let wildcard = wildcard.get(..ancestor.len() + 2)?;
        let around = self.names.around(wildcard);
        if let Some(body) = around.exact() {
            return Some(Wildcard::Body(Body::new(body)));
        }
        around.behind().filter(|item| item.shared_with(wildcard) == wildcard.len()).map(|_| Wildcard::Empty)
    }

    /// The NSEC3 owner at or before a name, which is the hash as the first label below the apex, of those
    /// that `fits` is true of: while a zone's salt changes, its chains lie in one another. Before the first
    /// is the last, as a chain is a ring (RFC 5155 section 7.1). True if it is the name itself.
    pub(crate) fn hashed_at_or_before(
        &self,
        key: &SortKey,
        fits: impl Fn(Body<'_>) -> bool,
    ) -> Option<(NearName<'_>, bool)> {
        let around = self.hashed.around(key.as_bytes());
        if let Some(exact) = around.here().map(NearName).filter(|name| fits(name.body())) {
            return Some((exact, true));
        }
        let mut before = around.before();
        for _ in 0..STEPS_BACK_MAX {
            let name = NearName(before.or_else(|| self.hashed.last())?);
            if fits(name.body()) {
                return Some((name, false));
            }
            let mut owner = OwnerBuf::default();
            owner.set(&self.apex, name.0.key());
            before = self.hashed.around(self.key_of(owner.name())?.as_bytes()).before();
        }
        None
    }

    /// True if the zone has NSEC3 records.
    pub(crate) const fn has_hashed_names(&self) -> bool {
        self.hashed.len() > 0
    }
}

/// The topmost cut or DNAME above a name, told by the name before it: names below the cut that are before
/// the sought one follow the cut directly, so that it or one of them is that name.
pub(super) fn cover_of(apex: &Apex, before: &Item<'_>, shared: &[u8]) -> Option<u8> {
    let cover = Body::new(before.body()).cover()?;
    (cover <= apex.labels_of(shared)).then_some(cover)
}
