//! Compaction of the journal: a short-lived thread writes the zones in slices, while queries go on.

use crate::run::steps::Stepping;
use crate::say::say;
use ddi_dns::journal::{Compaction, Journal, JournalError};
use nix::sys::eventfd::EventFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long after a failure the next one waits: on a full disk it would fail at once.
const REST: Duration = Duration::from_secs(60);

/// Where it stands.
enum Stage {
    Idle,
    /// Its thread works.
    Stepping(Stepping<Compaction>),
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
            Stage::Stepping(stepping) => match stepping.poll() {
                Ok(Ok(stepped)) => self.end(journal, stepped),
                Ok(Err(e)) => self.failed(&e),
                Err(stepping) => Stage::Stepping(stepping),
            },
            Stage::Written(written) => self.end(journal, *written),
        };
    }

    fn step(&self, compaction: Compaction) -> Stage {
        Stage::Stepping(Stepping::start(compaction, self.wake.clone()))
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
