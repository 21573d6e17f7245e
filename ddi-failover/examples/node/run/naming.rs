//! Tells the name server of leases that have changed, once they are durable.

use crate::config::Config;
use crate::dns::{Command, Commands, NameChange, NameServer};
use ddi_core::db::LeaseDb;
use ddi_core::{LeaseKey, Lsn};
use std::collections::VecDeque;

/// Changes in one command.
const BATCH: usize = 1000;

/// See the module.
pub struct Naming {
    commands: Option<Commands>,
    /// In the order of their positions, or nearly: a lease that was written again has the later one.
    waiting: VecDeque<(Lsn, NameChange)>,
}

impl Naming {
    /// With what all leases say now. Off if no subnet has names.
    pub fn new(dns: Option<&NameServer>, config: &Config, db: &LeaseDb) -> Self {
        let commands = dns.filter(|_| !config.ddns.is_empty()).map(|dns| dns.commands.clone());
        let mut waiting = VecDeque::new();
        if commands.is_some() {
            let leases = db.snapshot();
            let changes = leases.ordered(None).filter_map(|lease| NameChange::of(&lease));
            waiting.extend(changes.filter(NameChange::is_named).map(|change| (db.appended(), change)));
        }
        Self { commands, waiting }
    }

    /// Another configuration: other subnets may have names.
    pub fn set_config(&mut self, dns: Option<&NameServer>, config: &Config, db: &LeaseDb) {
        *self = Self::new(dns, config, db);
        if let Some(dns) = dns {
            let _ = dns.commands.sender.send(Command::Plans(config.ddns.clone()));
            let _ = dns.commands.wake.write(1);
        }
    }

    pub const fn is_on(&self) -> bool {
        self.commands.is_some()
    }

    /// These leases were written.
    pub fn note(&mut self, db: &LeaseDb, keys: &[LeaseKey]) {
        if self.is_on() {
            let leases = keys.iter().filter_map(|key| db.get(*key));
            self.waiting.extend(leases.filter_map(|lease| Some((lease.version, NameChange::of(&lease)?))));
        }
    }

    /// Sends what is durable.
    pub fn send(&mut self, durable: Lsn) {
        let Some(commands) = &self.commands else { return };
        while self.waiting.front().is_some_and(|(lsn, _)| *lsn <= durable) {
            let ready = self.waiting.iter().take(BATCH).take_while(|(lsn, _)| *lsn <= durable).count();
            let batch: Vec<_> = self.waiting.drain(..ready).map(|(_, change)| change).collect();
            // A name server that is behind gets it later.
            if let Err(Command::Names(batch)) = commands.send(Command::Names(batch)) {
                batch.into_iter().rev().for_each(|change| self.waiting.push_front((Lsn::ZERO, change)));
                return;
            }
        }
    }
}
