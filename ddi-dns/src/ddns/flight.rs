//! One change on its way.

use super::change::Change;
use super::message::Step;
use crate::name::Name;
use crate::tsig::{Verifier, VerifyError};
use ddi_core::Instant;
use std::collections::{BTreeMap, VecDeque};

/// A change that the host asked for.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) number: u64,
    pub(super) change: Change,
    pub(super) owner: Name,
    /// In the configuration.
    pub(super) zone: usize,
}

/// A job whose update was sent.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) job: Job,
    pub(super) step: Step,
    /// Updates so far, all steps.
    pub(super) rounds: u32,
    /// How many times this step was sent.
    pub(super) sent: usize,
    pub(super) id: u16,
    pub(super) verifier: Option<Verifier>,
    /// Why an answer was not believed.
    pub(super) doubt: Option<VerifyError>,
    pub(super) deadline: Instant,
}

/// Jobs that wait. Those of one name are done in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Jobs {
    /// May start.
    ready: VecDeque<Job>,
    /// By name: wait for one that is ready or in flight.
    behind: BTreeMap<Name, VecDeque<Job>>,
    len: usize,
}

impl Jobs {
    /// All that are not finished.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) fn push(&mut self, job: Job) {
        self.len += 1;
        match self.behind.get_mut(&job.owner) {
            Some(line) => line.push_back(job),
            None => {
                self.behind.insert(job.owner.clone(), VecDeque::new());
                self.ready.push_back(job);
            }
        }
    }

    pub(super) fn start(&mut self) -> Option<Job> {
        self.ready.pop_front()
    }

    /// The job of this name that was started is done: the next may start.
    pub(super) fn finish(&mut self, owner: &Name) {
        self.len -= 1;
        if let Some(line) = self.behind.get_mut(owner) {
            match line.pop_front() {
                Some(next) => self.ready.push_back(next),
                None => drop(self.behind.remove(owner)),
            }
        }
    }
}
