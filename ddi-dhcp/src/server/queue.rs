//! Replies that wait: for the host to collect them, or first for their lease to be durable.

use crate::server::io::{Destination, Transmit};
use ddi_core::Lsn;
use std::collections::VecDeque;
use std::net::Ipv4Addr;

/// The most replies that wait. When there are so many, datagrams are dropped before anything is done.
pub(crate) const MAX_REPLIES: usize = 8192;

#[derive(Debug)]
struct Waiting {
    lsn: Lsn,
    bytes: Vec<u8>,
    interface: u32,
    from: Option<Ipv4Addr>,
    to: Destination,
}

/// The queues. A buffer is used again when its reply is gone.
#[derive(Debug, Default)]
pub(crate) struct Replies {
    /// Promise nothing.
    ready: VecDeque<Waiting>,
    /// In the order in which they were made, which is that of their positions in the log, but that one
    /// of an older lease may stand behind a newer: then it waits a little longer than it must.
    promises: VecDeque<Waiting>,
    unused: Vec<Vec<u8>>,
}

impl Replies {
    pub(crate) fn is_full(&self) -> bool {
        self.ready.len() + self.promises.len() >= MAX_REPLIES
    }

    /// Queues a reply that may leave when `lsn` is durable; [`Lsn::ZERO`]: at once.
    pub(crate) fn push(
        &mut self,
        lsn: Lsn,
        bytes: &[u8],
        interface: u32,
        from: Option<Ipv4Addr>,
        to: Destination,
    ) {
        let mut buffer = self.unused.pop().unwrap_or_default();
        buffer.clear();
        buffer.extend_from_slice(bytes);
        let queue = if lsn == Lsn::ZERO { &mut self.ready } else { &mut self.promises };
        queue.push_back(Waiting { lsn, bytes: buffer, interface, from, to });
    }

    /// The next reply whose lease is durable; it stays if `buffer` is too short for it.
    pub(crate) fn pop(&mut self, durable: Lsn, buffer: &mut [u8]) -> Option<Transmit> {
        let due = self.promises.front().is_some_and(|reply| reply.lsn <= durable);
        let queue = if due { &mut self.promises } else { &mut self.ready };
        let reply = queue.front()?;
        let len = reply.bytes.len();
        buffer.get_mut(..len)?.copy_from_slice(&reply.bytes);
        let Waiting { bytes, interface, from, to, .. } = queue.pop_front()?;
        self.unused.push(bytes);
        Some(Transmit { len, interface, from, to })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promises_wait() {
        let mut replies = Replies::default();
        let to = Destination::Broadcast { port: 68 };
        replies.push(Lsn(2), b"ack 2", 1, None, to);
        replies.push(Lsn(1), b"cached", 1, None, to);
        replies.push(Lsn::ZERO, b"nak", 1, None, to);
        let mut buffer = [0; 10];
        let mut next = |durable, len: usize| {
            let transmit = replies.pop(Lsn(durable), &mut buffer[..len])?;
            Some(buffer[..transmit.len].to_vec())
        };
        assert_eq!(next(1, 2), None, "a short buffer loses nothing");
        assert_eq!(next(1, 10).unwrap(), b"nak");
        assert_eq!(next(1, 10), None);
        assert_eq!(next(2, 10).unwrap(), b"ack 2");
        assert_eq!(next(2, 10).unwrap(), b"cached");
        assert_eq!(next(9, 10), None);
    }
}
