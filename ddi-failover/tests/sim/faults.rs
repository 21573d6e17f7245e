//! What goes wrong. Nothing that the protocol does not claim to survive: `sim.rs` says what that is.

use std::sync::Arc;

use ddi_core::MemStorage;
use ddi_core::log::Fault as DiskFault;
use ddi_failover::State;
use ddi_failover::state::Command;

use crate::count::Seen;
use crate::node::open;
use crate::plan::{Fault, Millis};
use crate::plant::Plant;
use crate::world::{Happening, World};

impl World {
    pub(crate) fn fault(&mut self) {
        self.next_fault();
        if self.is_meeting() {
            return;
        }
        let node = self.random.index(2);
        let which = self.random.index(self.plan.faults.len());
        let back = self.random.pick(&[500, 5000, 60_000, 300_000]);
        let back = self.random.between(back / 2, back * 2);
        *self.counts.faults.entry(self.plan.faults[which]).or_default() += 1;
        match self.plan.faults[which] {
            Fault::Partition => {
                self.net.mute = self.random.pick(&[[true, true], [true, false], [false, true]]);
                let mute = self.net.mute;
                self.counts.seen(if mute == [true; 2] { Seen::BothWays } else { Seen::OneWay });
                self.note(|| format!("partition {mute:?}"));
                self.after(back, Happening::Heals);
            }
            Fault::Reset => {
                self.cut();
            }
            Fault::Crash => {
                self.crash(node);
                self.after(back, Happening::Starts { node });
            }
            Fault::CrashInSync => {
                let storage = &self.nodes[node].storage;
                storage.inject(storage.calls() + self.random.between(1, 3), DiskFault::Crash);
            }
            Fault::Loss => self.lose(node, back, None),
            Fault::OldDisk => {
                let host = &mut self.nodes[node];
                host.old = Some(host.storage.fork());
                self.after(back, Happening::GoesBack { node });
            }
            Fault::Outlived => self.cut_off(node),
            Fault::PartnerDown => self.partner_down(node, back),
            Fault::Command => self.command(node, back),
            Fault::Mistake => self.mistake(node),
            Fault::Say => self.say_anything(node, back),
            Fault::Slow => {
                self.slow = self.random.between(50, 5000);
                self.after(back, Happening::Heals);
            }
        }
    }

    pub(crate) fn cut(&mut self) {
        for link in self.net.ids() {
            self.net.kill(link);
            self.notices(link, 0);
            self.notices(link, 1);
        }
        self.note(|| "connection lost".into());
    }

    pub(crate) fn heal(&mut self) {
        self.net.mute = [false; 2];
        self.slow = 0;
    }

    /// One disk is lost at a time, and not that of a server which alone knows what was given away.
    fn may_lose(&self, node: usize) -> bool {
        let owes = |node: &crate::node::Node| {
            node.lost
                || node.running.as_ref().is_none_or(|running| running.endpoint.standing().full_update_owed)
        };
        let alone = self.nodes[node].knows_alone || self.takes_over(node);
        !owes(&self.nodes[1 - node]) && !alone
    }

    pub(crate) fn lose(&mut self, node: usize, back: u64, old: Option<MemStorage>) {
        if !self.may_lose(node) {
            return;
        }
        self.crash(node);
        self.counts.seen(if old.is_some() { Seen::OldDisk } else { Seen::EmptyDisk });
        let host = &mut self.nodes[node];
        host.storage = Arc::new(old.unwrap_or_default());
        host.db = open(&host.storage);
        host.lost = true;
        if self.random.percent(50) && self.plant != Plant::LossNotTold {
            self.nodes[node].saved = None;
        }
        self.check.lost(node);
        self.note(|| format!("server {node} loses its leases"));
        self.after(back, Happening::Starts { node });
    }

    /// The copy of the disk that was made some time ago takes its place.
    pub(crate) fn go_back(&mut self, node: usize) {
        if let Some(old) = self.nodes[node].old.take()
            && !self.is_meeting()
        {
            let back = self.random.between(500, 60_000);
            self.lose(node, back, Some(old));
        }
    }

    /// Cut off, it goes on with its clients for a while; then it is gone for longer than any lease.
    fn cut_off(&mut self, node: usize) {
        if self.must_meet_first(node) || self.must_meet_first(1 - node) {
            return;
        }
        self.net.mute = [true, true];
        self.note(|| format!("server {node} is cut off"));
        let lives = self.random.between(30_000, Millis::from(self.plan.lease_seconds) * 1000);
        self.after(lives, Happening::Dies { node });
    }

    pub(crate) fn outlive(&mut self, node: usize) {
        let back = 3 * Millis::from(self.plan.lease_seconds + self.plan.mclt_seconds) * 1000;
        self.partner_down(1 - node, back);
        self.heal();
    }

    /// The partner is down, and an operator says so.
    pub(crate) fn partner_down(&mut self, node: usize, back: u64) {
        let Some(running) = &self.nodes[node].running else { return };
        // Nor does it lack what the other gave away in its place.
        let ready = !running.endpoint.standing().full_update_owed
            && !self.nodes[1 - node].knows_alone
            && !self.nodes[1 - node].goes_on_as(State::PartnerDown);
        if !ready {
            return;
        }
        if self.plant != Plant::PartnerDownByMistake {
            self.crash(1 - node);
        }
        let _ = self.say_command(node, Command::PartnerDown);
        self.after(back + 1, Happening::Starts { node: 1 - node });
    }

    fn command(&mut self, node: usize, back: u64) {
        let command = self.random.pick(&[Command::Pause, Command::Shutdown]);
        if self.must_meet_first(node) || self.must_meet_first(1 - node) {
            return;
        }
        if self.say_command(node, command) {
            self.after(back, Happening::Resumes { node });
        }
    }

    pub(crate) fn resume(&mut self, node: usize) {
        if !matches!(self.nodes[node].state(), Some(State::Paused | State::Shutdown)) {
            if self.calm && self.nodes[node].running.is_none() {
                self.start(node);
                self.after(1000, Happening::Resumes { node });
            } else if self.calm && self.nodes[node].state() == Some(State::Startup) {
                self.after(1000, Happening::Resumes { node });
            }
            return;
        }
        if self.plan.steer.is_some() && (self.must_meet_first(node) || self.takes_over(node)) {
            self.heal();
        }
        self.say_command(node, Command::Resume);
    }

    pub(crate) fn say_command(&mut self, node: usize, command: Command) -> bool {
        let host = &mut self.nodes[node];
        let now = host.clock.now(self.now);
        let Some(running) = &mut host.running else { return false };
        let taken = running.endpoint.handle_command(now, &mut host.db, command).is_ok();
        self.counts.cell(host.steps.said(command, !taken));
        self.note(|| format!("server {node}: {command:?}, taken: {taken}"));
        self.pump(node);
        taken
    }
}
