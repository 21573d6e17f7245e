//! Addresses that are pinged before they are offered.

use crate::server::io::Received;
use ddi_core::Instant;
use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddrV4};

/// The most pings at once. Beyond that a DISCOVER is dropped; the client sends it again.
pub(crate) const MAX_PINGS: usize = 1024;
/// How many addresses of one DISCOVER may turn out to be in use before it is dropped.
pub(crate) const MAX_PING_TRIES: u8 = 3;

/// A DISCOVER that waits for a ping.
#[derive(Debug)]
pub(crate) struct Ping {
    pub(crate) address: Ipv4Addr,
    /// Which try this is, from 1.
    pub(crate) tries: u8,
    deadline: Instant,
    interface: u32,
    from: SocketAddrV4,
    to: Ipv4Addr,
    bytes: Vec<u8>,
}

impl Ping {
    /// The datagram that waits.
    pub(crate) fn received(&self) -> Received<'_> {
        Received { interface: self.interface, from: self.from, to: self.to, bytes: &self.bytes }
    }
}

/// All pings, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Pings {
    queue: VecDeque<Ping>,
}

impl Pings {
    pub(crate) fn is_full(&self) -> bool {
        self.queue.len() >= MAX_PINGS
    }

    pub(crate) fn push(&mut self, address: Ipv4Addr, tries: u8, deadline: Instant, received: &Received<'_>) {
        let Received { interface, from, to, bytes } = *received;
        self.queue.push_back(Ping { address, tries, deadline, interface, from, to, bytes: bytes.to_vec() });
    }

    pub(crate) fn contains(&self, address: Ipv4Addr) -> bool {
        self.queue.iter().any(|ping| ping.address == address)
    }

    /// Takes the ping of this address.
    pub(crate) fn take(&mut self, address: Ipv4Addr) -> Option<Ping> {
        let at = self.queue.iter().position(|ping| ping.address == address)?;
        self.queue.remove(at)
    }

    /// Takes a ping that was not answered in time.
    pub(crate) fn take_late(&mut self, now: Instant) -> Option<Ping> {
        self.deadline().filter(|&deadline| deadline <= now)?;
        self.queue.pop_front()
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.queue.front().map(|ping| ping.deadline)
    }
}
