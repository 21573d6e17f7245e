//! Long writes in slices, on a short-lived thread: a compaction, a large zone.

use nix::sys::eventfd::EventFd;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::thread;

/// Bytes that one slice writes before it syncs.
const SLICE: u64 = 1 << 20;

/// What is written in slices.
pub trait Steps: Send + 'static {
    type Error: Send + 'static;
    /// Writes and syncs about `max_bytes` more. True when it is done, or something else has to be first.
    fn step(&mut self, max_bytes: u64) -> Result<bool, Self::Error>;
}

impl Steps for ddi_core::db::Compaction {
    type Error = ddi_core::db::DbError;

    fn step(&mut self, max_bytes: u64) -> Result<bool, Self::Error> {
        Self::step(self, max_bytes)
    }
}

impl Steps for ddi_dns::journal::Compaction {
    type Error = ddi_dns::journal::JournalError;

    fn step(&mut self, max_bytes: u64) -> Result<bool, Self::Error> {
        Self::step(self, max_bytes)
    }
}

impl Steps for ddi_dns::journal::Load {
    type Error = ddi_dns::journal::JournalError;

    fn step(&mut self, max_bytes: u64) -> Result<bool, Self::Error> {
        Self::step(self, max_bytes)
    }
}

/// All steps that could be made at once, on their way.
pub struct Stepping<S: Steps>(Receiver<Result<S, S::Error>>);

impl<S: Steps> Stepping<S> {
    /// `wake` is written when they are made.
    pub fn start(mut work: S, wake: Arc<EventFd>) -> Self {
        let (back, done) = channel();
        thread::spawn(move || {
            let outcome = loop {
                match work.step(SLICE) {
                    Ok(false) => {}
                    Ok(true) => break Ok(work),
                    Err(e) => break Err(e),
                }
            };
            let _ = back.send(outcome);
            let _ = wake.write(1);
        });
        Self(done)
    }

    /// The work with its steps made, or itself as long as they are not.
    pub fn poll(self) -> Result<Result<S, S::Error>, Self> {
        match self.0.try_recv() {
            Ok(outcome) => Ok(outcome),
            // Its thread does not end without an answer.
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => Err(self),
        }
    }
}
