//! The connections between the two servers: bytes in order, late, cut into pieces, or lost for ever.

use std::collections::{BTreeMap, VecDeque};

use crate::plan::Millis;

/// The most that is on the way in one direction; what is sent beyond says that a queue has no bound.
const IN_FLIGHT_MAX: usize = 1 << 20;

/// What is on the way.
#[derive(Clone, Debug)]
pub(crate) enum Piece {
    Bytes(Vec<u8>),
    End,
}

#[derive(Clone, Debug, Default)]
struct Link {
    /// Nothing more gets through.
    dead: bool,
    /// On the way to each server, and when the last of it arrives.
    pieces: [VecDeque<Piece>; 2],
    last: [Millis; 2],
}

/// All connections.
#[derive(Clone, Debug, Default)]
pub(crate) struct Net {
    links: BTreeMap<u64, Link>,
    next: u64,
    /// The latest that each server has heard on.
    latest: [u64; 2],
    /// From the server with this number nothing gets to the other.
    pub(crate) mute: [bool; 2],
}

impl Net {
    pub(crate) fn is_open(&self) -> bool {
        self.mute == [false; 2]
    }

    pub(crate) fn connect(&mut self) -> u64 {
        self.next += 1;
        self.links.insert(self.next, Link::default());
        self.next
    }

    pub(crate) fn ids(&self) -> Vec<u64> {
        self.links.keys().copied().collect()
    }

    /// Puts something on the way to a server. When it arrives, unless the connection is dead.
    pub(crate) fn send(&mut self, id: u64, to: usize, piece: Piece, arrives: Millis) -> Option<Millis> {
        let link = self.links.get_mut(&id).filter(|link| !link.dead)?;
        link.last[to] = link.last[to].max(arrives);
        link.pieces[to].push_back(piece);
        let bytes = |piece: &Piece| if let Piece::Bytes(bytes) = piece { bytes.len() } else { 0 };
        assert!(link.pieces[to].iter().map(bytes).sum::<usize>() < IN_FLIGHT_MAX, "a queue without bound");
        Some(link.last[to])
    }

    /// What has arrived.
    pub(crate) fn arrive(&mut self, id: u64, to: usize) -> Option<Piece> {
        let link = self.links.get_mut(&id).filter(|link| !link.dead)?;
        link.pieces[to].pop_front()
    }

    /// Something that arrives comes after what was sent later, on another connection.
    pub(crate) fn is_overtaken(&mut self, id: u64, to: usize) -> bool {
        self.latest[to] = self.latest[to].max(id);
        self.latest[to] > id
    }

    /// From now on nothing gets through; nobody is told.
    pub(crate) fn kill(&mut self, id: u64) {
        if let Some(link) = self.links.get_mut(&id) {
            link.dead = true;
            link.pieces = Default::default();
        }
    }

    /// Both ends are done with it.
    pub(crate) fn forget(&mut self, id: u64) {
        self.links.remove(&id);
    }
}
