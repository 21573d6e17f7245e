//! Connections that ask (RFC 7766): messages in, answers and transfers out.

use crate::net::stream::{Received, Stream};
use ddi_core::Instant;
use ddi_core::Now;
use ddi_dns::xfr::{TRANSMIT_MAX, XfrOut};
use nix::poll::PollFlags;
use std::io;
use std::net::SocketAddr;
use std::os::fd::BorrowedFd;

/// Connections at a time; another one takes the place of one that has been quiet.
pub const CONNECTIONS_MAX: usize = 256;
/// A connection that neither asks a whole question nor takes anything for this long is closed.
const IDLE_SECONDS: u64 = 30;
/// What waits to be sent to one connection, in bytes, before no more is read from it or made for it.
const OUT_MAX: usize = 256 << 10;
/// What one connection is given in one turn, in bytes, so that the others get theirs.
const TURN_MAX: usize = 2 << 20;

/// One connection.
pub struct Connection {
    pub id: u64,
    pub from: SocketAddr,
    stream: Stream,
    inbound: Vec<u8>,
    /// Where the next message begins.
    at: usize,
    transfer: Option<XfrOut>,
    moved: Instant,
    /// The other side has said all; it may still want its answers.
    ended: bool,
    /// Answers that are still to come.
    pub owed: u32,
}

impl Connection {
    pub fn new(id: u64, from: SocketAddr, stream: Stream, now: Now) -> Self {
        let (inbound, transfer) = (Vec::new(), None);
        Self { id, from, stream, inbound, at: 0, transfer, moved: now.instant, ended: false, owed: 0 }
    }

    pub fn fd(&self) -> BorrowedFd<'_> {
        self.stream.fd()
    }

    /// What to wait for: one that does not take its answers is not listened to.
    pub fn interest(&self) -> PollFlags {
        let mut interest = self.stream.interest();
        interest.set(PollFlags::POLLOUT, self.transfer.is_some() || self.stream.waiting() > 0);
        interest.set(PollFlags::POLLIN, !self.ended && !self.is_busy());
        interest
    }

    fn is_busy(&self) -> bool {
        self.transfer.is_some() || self.stream.waiting() >= OUT_MAX
    }

    /// Reads what has come.
    pub fn receive(&mut self, now: Now) -> io::Result<()> {
        if self.ended || self.is_busy() {
            return Ok(());
        }
        self.inbound.drain(..self.at);
        self.at = 0;
        self.ended = self.stream.receive(&mut self.inbound)? == Received::End;
        if self.next().is_some() {
            self.moved = now.instant;
        }
        Ok(())
    }

    fn next(&self) -> Option<&[u8]> {
        let (len, rest) = self.inbound[self.at..].split_first_chunk::<2>()?;
        rest.get(..u16::from_be_bytes(*len).into())
    }

    /// A whole message is there, and its answer could be sent.
    pub fn has_message(&self) -> bool {
        !self.is_busy() && self.next().is_some()
    }

    /// The next message, if a whole one is there and its answer could be sent.
    pub fn message(&mut self) -> Option<&[u8]> {
        if self.is_busy() {
            return None;
        }
        let (begin, len) = (self.at + 2, self.next()?.len());
        self.at = begin + len;
        self.inbound.get(begin..self.at)
    }

    /// Queues an answer.
    pub fn push(&mut self, message: &[u8]) {
        let len = u16::try_from(message.len()).unwrap_or(u16::MAX).to_be_bytes();
        let out = self.stream.out();
        out.extend_from_slice(&len);
        out.extend_from_slice(message);
    }

    /// Begins a transfer.
    pub fn transfer(&mut self, transfer: XfrOut) {
        self.transfer = Some(transfer);
    }

    /// Goes on with a transfer as far as the other side takes it, and gives the system what waits. No more
    /// than some in one turn.
    pub fn send(&mut self, now: Now, buffer: &mut [u8; TRANSMIT_MAX]) -> io::Result<()> {
        let mut given = 0;
        while given < TURN_MAX {
            // Large pieces: each costs a call and wakes the other side.
            while self.stream.waiting() < OUT_MAX
                && let Some(transfer) = &mut self.transfer
            {
                match transfer.poll_transmit(now, buffer).map_err(io::Error::other)? {
                    Some(len) => self.stream.out().extend_from_slice(&buffer[..len]),
                    None => self.transfer = None,
                }
            }
            let before = self.stream.waiting();
            self.stream.send()?;
            let sent = before - self.stream.waiting();
            if sent > 0 {
                self.moved = now.instant;
            }
            given += sent;
            if self.stream.waiting() > 0 || self.transfer.is_none() {
                break;
            }
        }
        Ok(())
    }

    /// When it is to be closed if nothing moves.
    pub fn end(&self) -> Instant {
        Instant(self.moved.0.saturating_add(IDLE_SECONDS * 1000))
    }

    /// Nothing more will come of it.
    pub fn is_over(&self, now: Now) -> bool {
        let quiet = !self.is_busy() && self.stream.waiting() == 0 && self.owed == 0;
        now.instant >= self.end() || (self.ended && quiet && !self.has_message())
    }
}
