//! The timers of a connection (draft section 8.3).

use ddi_core::Instant;

/// What may come due.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Timer {
    /// CONNECT or CONNECTACK did not come.
    Connect,
    /// Something has to be said, or the partner takes the connection for dead.
    Contact,
    /// Nothing was heard.
    Receive,
}

/// When each comes due, if it is armed.
#[derive(Clone, Debug, Default)]
pub(super) struct Timers([Option<Instant>; 3]);

impl Timers {
    pub(super) fn arm(&mut self, timer: Timer, at: Instant) {
        self.0[timer as usize] = Some(at);
    }

    pub(super) fn disarm(&mut self, timer: Timer) {
        self.0[timer as usize] = None;
    }

    pub(super) fn disarm_all(&mut self) {
        self.0 = [None; 3];
    }

    pub(super) fn is_due(&self, timer: Timer, now: Instant) -> bool {
        self.0[timer as usize].is_some_and(|at| at <= now)
    }

    /// The earliest.
    pub(super) fn next(&self) -> Option<Instant> {
        self.0.iter().flatten().min().copied()
    }
}
