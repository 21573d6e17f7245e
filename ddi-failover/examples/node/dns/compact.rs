//! Compaction of the journal: a short-lived thread writes the zones in slices, while queries go on.

use crate::say::say;
use ddi_dns::journal::{Compaction, Journal, JournalError};
use nix::sys::eventfd::EventFd;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

/// Bytes that one slice writes before it syncs.
const SLICE: u64 = 1 << 20;

/// How long after a failure the next one waits: on a full disk it would fail at once.
const REST: Duration = Duration::from_secs(60);

/// Where it stands.
enum Stage {
    Idle,
    /// Its thread works.
    Stepping(Receiver<Result<Compaction, JournalError>>),
    /// Written; what it holds is still to become durable in the log.
    Written(Box<Compaction>),
}

/// Compacts when it is time.
pub struct Compactor {
    stage: Stage,
    /// After a failure: when the next one may begin.
    rest: Option<Instant>,
    wake: Arc<EventFd>,
}

impl Compactor {
    pub const fn new(wake: Arc<EventFd>) -> Self {
        Self { stage: Stage::Idle, rest: None, wake }
    }

    pub fn turn(&mut self, journal: &mut Journal) {
        self.stage = match std::mem::replace(&mut self.stage, Stage::Idle) {
            Stage::Idle if journal.needs_compaction() && !self.is_resting() => {
                self.step(journal.begin_compaction())
            }
            Stage::Idle => Stage::Idle,
            Stage::Stepping(done) => match done.try_recv() {
                Ok(Ok(stepped)) => self.end(journal, stepped),
                Ok(Err(e)) => self.failed(&e),
                Err(_) => Stage::Stepping(done),
            },
            Stage::Written(written) => self.end(journal, *written),
        };
    }

    /// All steps that can be made now, on a thread of their own.
    fn step(&self, mut compaction: Compaction) -> Stage {
        let (back, done) = channel();
        let wake = self.wake.clone();
        thread::spawn(move || {
            let outcome = loop {
                match compaction.step(SLICE) {
                    Ok(false) => {}
                    Ok(true) => break Ok(compaction),
                    Err(e) => break Err(e),
                }
            };
            let _ = back.send(outcome);
            let _ = wake.write(1);
        });
        Stage::Stepping(done)
    }

    fn is_resting(&self) -> bool {
        self.rest.is_some_and(|end| Instant::now() < end)
    }

    /// The log still holds everything; the next one may fare better.
    fn failed(&mut self, error: &JournalError) -> Stage {
        say(format!("compaction of the zones: {error}"));
        self.rest = Some(Instant::now() + REST);
        Stage::Idle
    }

    fn end(&mut self, journal: &mut Journal, mut stepped: Compaction) -> Stage {
        match journal.end_compaction(&mut stepped) {
            Ok(true) => Stage::Idle,
            Ok(false) => self.step(stepped),
            Err(JournalError::NotDurable { .. }) => Stage::Written(Box::new(stepped)),
            Err(e) => self.failed(&e),
        }
    }
}
