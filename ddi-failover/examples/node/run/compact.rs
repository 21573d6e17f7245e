//! Compaction: a short-lived thread writes the snapshot in slices, while packets go on.

use super::steps::Stepping;
use crate::config::Config;
use crate::ctl::server::Reply;
use crate::say::say;
use ddi_core::LeaseStore;
use ddi_core::db::{self, DbError, LeaseDb};
use nix::sys::eventfd::EventFd;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Instant;

/// Where a compaction stands.
enum Stage {
    Idle,
    /// Its thread writes the snapshot, names it, or removes what is no longer needed.
    Stepping(Stepping<db::Compaction>),
    /// Written; the changes it holds are still to become durable in the log.
    Written(db::Compaction),
}

/// Decides when to compact, and does it.
pub struct Compaction {
    stage: Stage,
    began: Instant,
    /// How much the log may grow, in bytes, if the snapshot is not larger.
    growth: u64,
    /// The log's size that makes it due, in bytes.
    due: u64,
    /// Who asked for it.
    waiting: Vec<Reply<Value>>,
    asked: bool,
    wake: Arc<EventFd>,
}

impl Compaction {
    pub fn new(config: &Config, db: &LeaseDb, wake: Arc<EventFd>) -> Self {
        let (stage, began, waiting) = (Stage::Idle, Instant::now(), Vec::new());
        let mut new = Self { stage, began, growth: 0, due: 0, waiting, asked: false, wake };
        new.set_config(config, db);
        new
    }

    pub fn set_config(&mut self, config: &Config, db: &LeaseDb) {
        self.growth = u64::from(*config.file.log.compact_mib.get_ref()) << 20;
        // The log back to the last snapshot but one is kept: as much again as what has grown since.
        self.due = 2 * self.growth.max(db.snapshot_bytes());
    }

    pub fn is_running(&self) -> bool {
        !matches!(self.stage, Stage::Idle)
    }

    /// An operator wants one. The answer comes when it is done.
    pub fn ask(&mut self, reply: Reply<Value>) -> bool {
        self.waiting.push(reply);
        self.asked = true;
        self.wake.write(1).is_ok()
    }

    /// Begins one if it is time, and goes on with one if it can.
    pub fn turn(&mut self, db: &mut LeaseDb) {
        self.stage = match std::mem::replace(&mut self.stage, Stage::Idle) {
            Stage::Idle if self.asked || db.log_bytes() > self.due => {
                (self.asked, self.began) = (false, Instant::now());
                self.step(db.begin_compaction())
            }
            Stage::Idle => Stage::Idle,
            Stage::Stepping(stepping) => match stepping.poll() {
                Ok(Ok(stepped)) => self.end(db, stepped),
                Ok(Err(e)) => self.failed(db, &e),
                Err(stepping) => Stage::Stepping(stepping),
            },
            Stage::Written(written) => self.end(db, written),
        };
    }

    fn step(&self, compaction: db::Compaction) -> Stage {
        Stage::Stepping(Stepping::start(compaction, self.wake.clone()))
    }

    /// Goes on, once the log holds all that the snapshot holds.
    fn end(&mut self, db: &mut LeaseDb, mut stepped: db::Compaction) -> Stage {
        if db.durable() < stepped.lsn() {
            return Stage::Written(stepped);
        }
        match db.end_compaction(&mut stepped) {
            Ok(true) => self.done(db),
            Ok(false) => self.step(stepped),
            Err(DbError::NotDurable { .. }) => Stage::Written(stepped),
            Err(e) => self.failed(db, &e),
        }
    }

    fn done(&mut self, db: &LeaseDb) -> Stage {
        let answer = json!({
            "log_bytes": db.log_bytes(),
            "snapshot_bytes": db.snapshot_bytes(),
            "milliseconds": self.began.elapsed().as_millis() as u64,
        });
        self.answer(db, &Ok(answer));
        Stage::Idle
    }

    /// The log still holds everything; the next one may fare better.
    fn failed(&mut self, db: &LeaseDb, error: &DbError) -> Stage {
        say(format!("compaction: {error}"));
        self.answer(db, &Err(error.to_string()));
        Stage::Idle
    }

    fn answer(&mut self, db: &LeaseDb, answer: &Result<Value, String>) {
        self.due = db.log_bytes() + self.growth.max(db.snapshot_bytes());
        for reply in self.waiting.drain(..) {
            let _ = reply.send(answer.clone());
        }
    }
}
