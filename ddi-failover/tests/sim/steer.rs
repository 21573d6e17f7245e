//! Worlds that are led to where chance seldom goes: conflicts that are cut while they are resolved, operators who say
//! anything at any time, PARTNER-DOWN by itself, one server long before the other.

use ddi_failover::State;
use ddi_failover::serve::Class;
use ddi_failover::state::Command;

use crate::count::Seen;
use crate::plan::{Fault, Millis, Plan, Ways};
use crate::random::Random;
use crate::world::{Happening, World};

/// One world in so many is led.
const EVERY: u64 = 8;

/// Where to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Steer {
    /// To POTENTIAL-CONFLICT, and to trouble while it is resolved.
    Conflicts,
    /// There too, where one has all of the other's addresses.
    TakeOvers,
    /// To commands in every state.
    Operators,
    /// To PARTNER-DOWN without an operator.
    SafePeriods,
    /// To a server that is alone from the beginning.
    OneFirst,
}

impl Steer {
    pub(crate) const ALL: [Self; 5] =
        [Self::Conflicts, Self::TakeOvers, Self::Operators, Self::SafePeriods, Self::OneFirst];

    /// Where the world of this seed is led. The others are as they were without such worlds.
    pub(crate) fn new(seed: u64) -> Option<Self> {
        const ALL: [Steer; 6] = [
            Steer::Conflicts,
            Steer::Operators,
            Steer::Conflicts,
            Steer::TakeOvers,
            Steer::SafePeriods,
            Steer::OneFirst,
        ];
        seed.is_multiple_of(EVERY).then(|| ALL[(seed / EVERY) as usize % ALL.len()])
    }

    /// What the plan has to be for that.
    pub(crate) fn change(self, plan: &mut Plan, random: &mut Random) {
        plan.steer = Some(self);
        plan.fault_every = Some(random.pick(&[60_000, 120_000]));
        match self {
            Self::Conflicts => {
                plan.mclt_seconds = 150;
                plan.clients = usize::from(plan.addresses) + 3;
                plan.faults = vec![Fault::Mistake, Fault::Mistake, Fault::PartnerDown, Fault::Loss];
            }
            Self::TakeOvers => {
                (plan.mclt_seconds, plan.lease_seconds) = (20, random.pick(&[60, 150]));
                // What is taken for dhcpd and is not would serve in CONFLICT-DONE, where it is not told PARTNER-DOWN.
                if matches!(plan.ways, Ways::LikeDhcpd(_)) {
                    plan.ways = Ways::Isc;
                }
                plan.clients = usize::from(plan.addresses) + 3;
                plan.fault_every = Some(300_000);
                plan.faults = vec![Fault::Outlived];
            }
            Self::Operators => plan.faults = vec![Fault::Say, Fault::Command, Fault::Crash, Fault::Reset],
            Self::SafePeriods => {
                plan.auto_partner_down_seconds = Some(random.between(20, 90) as u32);
                plan.faults = vec![Fault::Crash, Fault::CrashInSync, Fault::Command];
            }
            Self::OneFirst => {}
        }
    }
}

impl World {
    /// The servers' first start.
    pub(crate) fn first_starts(&mut self) {
        for node in 0..2 {
            let after = self.random.between(0, 20_000);
            self.after(after, Happening::Starts { node });
        }
        if self.plan.steer == Some(Steer::OneFirst) {
            let first = self.random.index(2);
            let later = self.random.between(30_000, 600_000);
            self.nodes[1 - first].not_before = later;
            let says = self.random.between(20_000, 60_000).min(later);
            self.after(says, Happening::FirstAlone { node: first });
        }
    }

    /// The other one was never there, which is what its operator says.
    pub(crate) fn first_alone(&mut self, node: usize) {
        if self.nodes[1 - node].life == 0 {
            self.say_command(node, Command::PartnerDown);
        }
    }

    /// An operator takes the other to be down, which serves out of reach; or both do. For less than MCLT nothing
    /// comes of that.
    pub(crate) fn mistake(&mut self, node: usize) {
        let serve = self.nodes.iter().all(|node| {
            node.running.as_ref().is_some_and(|running| {
                let standing = running.endpoint.standing();
                matches!(standing.class(), Class::Cooperating | Class::Alone) && !standing.full_update_owed
            })
        });
        if !serve || self.nodes.iter().any(|node| node.knows_alone) {
            return;
        }
        self.net.mute = [true, true];
        self.say_command(node, Command::PartnerDown);
        if self.random.percent(30) {
            self.say_command(1 - node, Command::PartnerDown);
        }
        // So much less that they meet before, whatever the old connection's timer is.
        let lasts = self.random.between(1000, 40_000);
        self.counts.seen(Seen::Mistake);
        self.after(lasts, Happening::Heals);
    }

    /// An operator says anything.
    pub(crate) fn say_anything(&mut self, node: usize, back: Millis) {
        use Command::{PartnerDown, Pause, Resume, Shutdown};
        let command = self.random.pick(&[PartnerDown, Pause, Shutdown, Resume]);
        let Some(state) = self.nodes[node].state() else { return };
        let rests = matches!(state, State::Paused | State::Shutdown);
        match command {
            PartnerDown if !rests && state != State::PotentialConflict => self.partner_down(node, back),
            Resume if rests => self.resume(node),
            Pause | Shutdown if !self.may_rest(node) => {}
            command => {
                if self.say_command(node, command) {
                    let back = if self.takes_over(node) { back.min(4000) } else { back };
                    self.after(back, Happening::Resumes { node });
                }
            }
        }
    }

    /// It serves nobody, or nobody is taken to be down, or the one that is knows and is told of the end.
    fn may_rest(&self, node: usize) -> bool {
        let silent = |node: usize| {
            let running = self.nodes[node].running.as_ref();
            running.is_some_and(|running| running.endpoint.standing().class() == Class::Silent)
        };
        let other = &self.nodes[1 - node];
        if self.takes_over(node) {
            return self.net.is_open()
                && other.is_linked()
                && matches!(other.state(), Some(State::Recover | State::RecoverWait));
        }
        silent(node) && self.nodes[node].state() != Some(State::Startup) || !self.takes_over(1 - node)
    }

    /// Something happens soon to a server that has come to this state, before it leaves it.
    pub(crate) fn lie_in_wait(&mut self, node: usize, to: State) {
        let percent = match (self.plan.steer, to) {
            (
                Some(Steer::Conflicts | Steer::TakeOvers),
                State::PotentialConflict | State::ConflictDone | State::ResolutionInterrupted,
            ) => 50,
            (Some(Steer::Conflicts), State::RecoverDone | State::Recover) => 10,
            (Some(Steer::Operators), _) => 10,
            _ => return,
        };
        if self.calm || !self.random.percent(percent) {
            return;
        }
        let most = self.random.pick(&[0, self.plan.delay, 400, 4000]);
        let after = self.random.between(0, most);
        self.after(after, Happening::Ambush { node });
    }

    pub(crate) fn ambush(&mut self, node: usize) {
        if self.is_meeting() || self.nodes[node].running.is_none() {
            return;
        }
        let back = self.random.pick(&[100, 3000, 30_000]);
        let back = self.random.between(back / 2, back * 2);
        let one = self.random.index(2);
        match self.random.between(0, 9) {
            0..4 => {
                self.cut();
                if self.random.percent(40) {
                    self.net.mute = [true, true];
                    self.after(back, Happening::Heals);
                    if self.plan.steer == Some(Steer::Conflicts) && back.is_multiple_of(2) {
                        self.after(back / 2, Happening::Mistaken { node: one });
                    }
                }
            }
            4 => {
                self.crash(one);
                self.after(back, Happening::Starts { node: one });
            }
            5 if self.plan.steer == Some(Steer::Conflicts) => {
                self.lose(one, back, None);
            }
            _ => self.say_anything(node, back),
        }
    }

    /// Nothing of an earlier connection keeps the two from meeting.
    pub(crate) fn meet(&mut self, node: usize) {
        self.heal();
        if self.plan.steer.is_some() {
            let (to, life) = (1 - node, self.nodes[1 - node].life);
            for link in self.net.ids() {
                self.after(0, Happening::Closed { link, to, life });
            }
        }
    }

    /// In PARTNER-DOWN, or to go on with it.
    pub(crate) fn takes_over(&self, node: usize) -> bool {
        self.nodes[node].goes_on_as(State::PartnerDown)
    }

    /// A server in PARTNER-DOWN begins anew beside one that runs, or both serve by mistake.
    pub(crate) fn is_apart(&self) -> bool {
        (0..2).any(|node| {
            let other = self.nodes[1 - node].running.as_ref();
            let serves = other.is_some_and(|other| other.endpoint.standing().class() != Class::Silent);
            let starts = other.is_some() && self.nodes[node].state() == Some(State::Startup);
            self.takes_over(node) && (serves || starts)
        })
    }
}
