//! Events that wait for the host.

use crate::server::io::Event;
use std::collections::VecDeque;

/// The most events that wait. When there are nearly so many, datagrams are dropped before anything is
/// done, and no lease is reclaimed, so that no event about a lease is ever lost.
pub(crate) const MAX_EVENTS: usize = 16_384;
/// More than one input makes.
const MARGIN: usize = 16;

/// The queue.
#[derive(Debug, Default)]
pub(crate) struct Events {
    queue: VecDeque<Event>,
}

impl Events {
    pub(crate) fn push(&mut self, event: Event) {
        self.queue.push_back(event);
    }

    /// Queues an event that may be lost; false if it is.
    pub(crate) fn push_minor(&mut self, event: Event) -> bool {
        let room = self.queue.len() < MAX_EVENTS / 2;
        if room {
            self.queue.push_back(event);
        }
        room
    }

    pub(crate) fn is_full(&self) -> bool {
        self.queue.len() + MARGIN > MAX_EVENTS
    }

    pub(crate) fn pop(&mut self) -> Option<Event> {
        self.queue.pop_front()
    }
}
