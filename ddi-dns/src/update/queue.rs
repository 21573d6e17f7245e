//! Answers that wait: for the host to collect them, or first for what they say to be durable.

use ddi_core::Lsn;
use std::collections::VecDeque;
use std::net::SocketAddr;

/// The most answers that wait. When there are so many, requests are dropped before anything is done.
pub const ANSWERS_MAX: usize = 8192;

/// Where a message came from, and where its answer goes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(clippy::exhaustive_structs, reason = "an address, and the connection if there is one")]
pub struct Source {
    /// The sender.
    pub address: SocketAddr,
    /// The host's number for the TCP connection; `None`: it came by UDP.
    pub link: Option<u64>,
}

/// An answer for the host to send.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Transmit {
    /// Where to.
    pub to: Source,
    /// Bytes.
    pub len: usize,
}

#[derive(Debug)]
struct Waiting {
    lsn: Lsn,
    to: Source,
    bytes: Vec<u8>,
}

/// The queues. A buffer is used again when its answer is gone.
#[derive(Debug, Default)]
pub(super) struct Answers {
    /// Promise nothing.
    ready: VecDeque<Waiting>,
    /// In the order of their positions.
    promises: VecDeque<Waiting>,
    unused: Vec<Vec<u8>>,
}

impl Answers {
    pub(super) fn is_full(&self) -> bool {
        self.ready.len() + self.promises.len() >= ANSWERS_MAX
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ready.is_empty() && self.promises.is_empty()
    }

    /// Queues an answer that may leave when `lsn` is durable; [`Lsn::ZERO`]: at once.
    pub(super) fn push(&mut self, lsn: Lsn, to: Source, bytes: &[u8]) {
        let mut buffer = self.unused.pop().unwrap_or_default();
        buffer.clear();
        buffer.extend_from_slice(bytes);
        let queue = if lsn == Lsn::ZERO { &mut self.ready } else { &mut self.promises };
        queue.push_back(Waiting { lsn, to, bytes: buffer });
    }

    /// The next answer that may leave; it stays if `buf` is too short for it.
    pub(super) fn pop(&mut self, durable: Lsn, buf: &mut [u8]) -> Option<Transmit> {
        let due = self.promises.front().is_some_and(|answer| answer.lsn <= durable);
        let queue = if due { &mut self.promises } else { &mut self.ready };
        let answer = queue.front()?;
        let len = answer.bytes.len();
        buf.get_mut(..len)?.copy_from_slice(&answer.bytes);
        let Waiting { to, bytes, .. } = queue.pop_front()?;
        self.unused.push(bytes);
        Some(Transmit { to, len })
    }
}
