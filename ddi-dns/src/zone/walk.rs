//! All records of a snapshot in order, from any position on.

use super::body::{Body, Rdatas, RrsetView, Rrsets};
use super::owner::OwnerBuf;
use super::snapshot::{Snapshot, Which};
use super::tree::Cursor;
use crate::delta::RecordRef;
use crate::rr::Rtype;

/// A position between two records of a [`Walk`]. It owns all it needs, so that a walk can go on later.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Position {
    /// The SOA at the start was given.
    started: bool,
    which: Which,
    /// The name that comes next, or is being walked.
    key: Vec<u8>,
    /// How many of its records were given.
    given: u64,
    ended: bool,
}

impl Position {
    /// Before the SOA.
    pub const START: Self =
        Self { started: false, which: Which::Names, key: Vec::new(), given: 0, ended: false };
}

/// Walks a [`Snapshot`]: the SOA, then all other records, names in canonical order, at each name by type.
#[derive(Debug)]
pub struct Walk<'s> {
    snapshot: &'s Snapshot,
    started: bool,
    /// Both trees, at the name that is next in them or being walked.
    names: Cursor<'s>,
    hashed: Cursor<'s>,
    /// Whose name is being walked.
    which: Which,
    owner: OwnerBuf,
    rrsets: Rrsets<'s>,
    rrset: Option<RrsetView<'s>>,
    rdatas: Rdatas<'s>,
    given: u64,
    ended: bool,
}

impl<'s> Walk<'s> {
    pub(super) fn new(snapshot: &'s Snapshot, position: &Position) -> Self {
        let seek = |which| {
            let mut cursor = snapshot.tree(which).seek(&position.key);
            cursor.next();
            cursor
        };
        let mut walk = Self {
            snapshot,
            started: position.started,
            names: seek(Which::Names),
            hashed: seek(Which::Hashed),
            which: position.which,
            owner: OwnerBuf::default(),
            rrsets: Rrsets::new(&[]),
            rrset: None,
            rdatas: Rdatas::default(),
            given: 0,
            ended: position.ended,
        };
        if position.which == Which::Hashed && key_of(&walk.names) == Some(&position.key) {
            walk.names.next();
        }
        if walk.ended {
            return walk;
        }
        walk.enter();
        while walk.given < position.given && walk.step().is_some() {}
        walk
    }

    /// The next record; it borrows the walk, which holds its owner.
    #[allow(clippy::should_implement_trait, reason = "what it gives borrows it")]
    pub fn next(&mut self) -> Option<RecordRef<'_>> {
        if !self.started {
            self.started = true;
            return Some(self.snapshot.soa_record());
        }
        loop {
            if let Some((rrset, rdata)) = self.step() {
                return Some(RecordRef::new(self.owner.name(), rrset.rtype(), rrset.ttl(), rdata));
            }
            if self.ended {
                return None;
            }
            match self.which {
                Which::Names => self.names.next(),
                Which::Hashed => self.hashed.next(),
            };
            self.enter();
        }
    }

    /// Where the walk stands: [`Snapshot::walk_from`] goes on there.
    #[must_use]
    pub fn position(&self) -> Position {
        Position {
            started: self.started,
            which: self.which,
            key: key_of(self.cursor()).unwrap_or(&[]).to_vec(),
            given: self.given,
            ended: self.ended,
        }
    }

    /// Where the walk stood before the record that [`Walk::next`] gave last: a walk from there gives it once
    /// more.
    #[must_use]
    pub fn position_of_last(&self) -> Position {
        if self.ended {
            return self.position();
        }
        match self.given.checked_sub(1) {
            Some(given) => Position { given, ..self.position() },
            None => Position::START,
        }
    }

    const fn cursor(&self) -> &Cursor<'s> {
        match self.which {
            Which::Names => &self.names,
            Which::Hashed => &self.hashed,
        }
    }

    /// Goes to the lesser of both trees' names; the one of the tree of names first where both have it.
    fn enter(&mut self) {
        self.which = match (key_of(&self.names), key_of(&self.hashed)) {
            (None, None) => {
                self.ended = true;
                return;
            }
            (Some(name), Some(hashed)) if name > hashed => Which::Hashed,
            (None, Some(_)) => Which::Hashed,
            _ => Which::Names,
        };
        let cursor = match self.which {
            Which::Names => &self.names,
            Which::Hashed => &self.hashed,
        };
        let (key, body) = cursor.here().unwrap_or_default();
        let body = Body::new(body);
        self.owner.set(&self.snapshot.apex, (key, &[]));
        self.owner.spell(body.case());
        (self.rrsets, self.rrset, self.rdatas, self.given) = (body.rrsets(), None, Rdatas::default(), 0);
    }

    /// The next record of the name, without the SOA.
    fn step(&mut self) -> Option<(RrsetView<'s>, &'s [u8])> {
        loop {
            if let (Some(rrset), Some(rdata)) = (self.rrset, self.rdatas.next()) {
                self.given += 1;
                return Some((rrset, rdata));
            }
            let rrset = self.rrsets.find(|rrset| rrset.rtype() != Rtype::SOA)?;
            (self.rrset, self.rdatas) = (Some(rrset), rrset.rdatas());
        }
    }
}

fn key_of<'c>(cursor: &'c Cursor<'_>) -> Option<&'c [u8]> {
    cursor.here().map(|(key, _)| key)
}
