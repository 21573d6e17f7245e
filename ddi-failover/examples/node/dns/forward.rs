//! Updates that are handed on to a primary over TCP: a connection for each.

use crate::net::stream::{Received, Stream};
use ddi_core::{Instant, Now};
use ddi_dns::update::Forwarder;
use nix::poll::PollFlags;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::BorrowedFd;

/// Connections at a time; the oldest makes room.
const CONNECTIONS_MAX: usize = 64;

/// How long a primary has to answer.
pub const TIMEOUT_MILLIS: u64 = 2000;

struct Connection {
    to: SocketAddr,
    stream: Stream,
    inbound: Vec<u8>,
    end: Instant,
}

/// All of them, the oldest first.
#[derive(Default)]
pub struct Forwards(Vec<Connection>);

impl Forwards {
    /// Sends a request.
    pub fn send(
        &mut self,
        now: Now,
        from: IpAddr,
        to: SocketAddr,
        request: &[u8],
        forwarder: &mut Forwarder,
    ) {
        let (Ok(len), Ok(mut stream)) = (u16::try_from(request.len()), Stream::dial(from, to)) else {
            return forwarder.handle_unreachable(now, to);
        };
        stream.out().extend_from_slice(&len.to_be_bytes());
        stream.out().extend_from_slice(request);
        if self.0.len() >= CONNECTIONS_MAX {
            self.0.remove(0);
        }
        let end = now.instant.plus_millis(TIMEOUT_MILLIS);
        self.0.push(Connection { to, stream, inbound: Vec::new(), end });
    }

    /// What to wait for, in the order of [`Forwards::ready`].
    pub fn fds(&self) -> impl Iterator<Item = (BorrowedFd<'_>, PollFlags)> {
        self.0.iter().map(|one| (one.stream.fd(), one.stream.interest()))
    }

    /// When the oldest is given up. The forwarder tries elsewhere by its own clock.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.0.first().map(|one| one.end)
    }

    /// Goes on with those that have something, and gives up those that took too long.
    pub fn ready(&mut self, now: Now, ready: &[bool], forwarder: &mut Forwarder) {
        let mut ready = ready.iter();
        self.0.retain_mut(|one| {
            if ready.next() != Some(&true) {
                return now.instant < one.end;
            }
            let to = one.to;
            let outcome = one.stream.send().and_then(|()| one.stream.receive(&mut one.inbound));
            if let Some((len, rest)) = one.inbound.split_first_chunk::<2>()
                && let Some(answer) = rest.get(..u16::from_be_bytes(*len).into())
            {
                forwarder.handle_answer(now, to, answer);
                return false;
            }
            let is_open = matches!(outcome, Ok(Received::Open));
            if !is_open {
                forwarder.handle_unreachable(now, to);
            }
            is_open && now.instant < one.end
        });
    }
}
