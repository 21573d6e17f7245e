//! Which way a datagram came whose answer has to wait.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

/// Those that are remembered. There are more than answers can wait; if some never come, all are forgotten, and
/// the answers go as they are routed.
const WAYS_MAX: usize = 20_000;

/// One of the sockets, and the address of ours that was asked.
#[derive(Clone, Copy)]
pub struct Way {
    pub nth: usize,
    pub from: IpAddr,
}

/// By who asks, and the message's id.
#[derive(Default)]
pub struct Ways(HashMap<(SocketAddr, [u8; 2]), Way>);

impl Ways {
    pub fn insert(&mut self, from: SocketAddr, message: &[u8], way: Way) {
        if let Some(id) = message.first_chunk() {
            if self.0.len() >= WAYS_MAX {
                self.0.clear();
            }
            self.0.insert((from, *id), way);
        }
    }

    /// The way of an answer.
    pub fn take(&mut self, to: SocketAddr, answer: &[u8]) -> Option<Way> {
        self.0.remove(&(to, *answer.first_chunk()?))
    }
}
