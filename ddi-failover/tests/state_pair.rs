//! Two state machines and a link: whatever happened, once the faults stop both come to NORMAL. ddi with
//! ddi, and ddi with a model of dhcpd 4.4.3, which must never be driven to exit or to
//! give up.

use std::collections::{BTreeMap, VecDeque};

use ddi_failover::state::{
    Ask, Cell, Change, Command, Next, Profile, Role, Situation, State, Trigger, after_link_loss, ask,
    effects, listens_first, next, on_partner_state, survives,
};

use State::*;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Message {
    State(State, bool),
    Request(Ask),
    Done,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Ddi(Profile),
    Dhcpd,
}

/// One server. `lost`: its leases are lost, and it has not yet got all of the partner's.
#[derive(Clone, Debug)]
struct Server {
    kind: Kind,
    role: Role,
    state: State,
    resume: State,
    partner: Option<State>,
    up: bool,
    heard: bool,
    listening: bool,
    both_recovering: bool,
    full_update_owed: bool,
    asked: Option<Ask>,
    wait_over: bool,
    out: VecDeque<Message>,
    lost: bool,
    died: Option<String>,
}

impl Server {
    fn new(kind: Kind, role: Role) -> Self {
        Self {
            kind,
            role,
            state: Startup,
            resume: Recover,
            partner: None,
            up: false,
            heard: false,
            listening: false,
            both_recovering: false,
            full_update_owed: true,
            asked: None,
            wait_over: true,
            out: VecDeque::new(),
            lost: false,
            died: None,
        }
    }

    fn restart(&mut self, amnesia: bool) {
        let mut fresh = Self::new(self.kind, self.role);
        if !amnesia {
            fresh.resume = match self.state {
                Startup | Paused | Shutdown => self.resume,
                state => state,
            };
            fresh.partner = self.partner;
            fresh.full_update_owed = self.full_update_owed;
        }
        fresh.lost = amnesia || self.lost;
        fresh.wait_over = !amnesia;
        *self = fresh;
    }

    fn situation(&self) -> Situation {
        let Kind::Ddi(profile) = self.kind else { unreachable!("dhcpd has its own rules") };
        Situation {
            profile,
            role: self.role,
            state: self.state,
            resume: self.resume,
            partner: self.partner,
            linked: self.heard,
            partner_down_after_us: false,
            wait_over: self.wait_over,
            both_recovering: self.both_recovering,
        }
    }

    fn connected(&mut self) {
        self.up = true;
        self.heard = false;
        self.both_recovering = false;
        self.asked = None;
        if let Kind::Ddi(profile) = self.kind
            && listens_first(profile)
        {
            self.listening = true;
            return;
        }
        self.announce();
    }

    fn announce(&mut self) {
        let startup = self.state == Startup;
        let state = match self.kind {
            Kind::Ddi(_) if startup => after_link_loss(self.resume),
            Kind::Dhcpd if startup => self.resume,
            _ => self.state,
        };
        self.out.push_back(Message::State(state, startup));
    }

    fn link_lost(&mut self) {
        self.out.clear();
        self.asked = None;
        self.up = false;
        if std::mem::take(&mut self.heard) {
            self.trigger(Trigger::LinkLost);
        }
    }

    /// True: hang up.
    fn receive(&mut self, message: Message) -> bool {
        match message {
            Message::State(state, startup) => {
                if !std::mem::replace(&mut self.heard, true) {
                    self.both_recovering = state == Recover;
                }
                let trigger = Trigger::PartnerState { state, startup };
                if matches!(self.kind, Kind::Dhcpd) {
                    self.dhcpd_hears(state, startup);
                    return false;
                }
                let step = next(&self.situation(), trigger);
                self.partner = Some(state);
                let hang_up = self.follow(step);
                if !hang_up && std::mem::take(&mut self.listening) && step.target().is_none() {
                    self.announce();
                }
                return hang_up || !self.survives();
            }
            Message::Request(_) => self.out.push_back(Message::Done),
            Message::Done => {
                // dhcpd takes any UPDDONE; ddi the one that it asked for.
                let asked = self.asked.take();
                if asked == Some(Ask::All) {
                    self.full_update_owed = false;
                    self.lost = false;
                }
                if asked.is_some() || self.kind == Kind::Dhcpd {
                    self.trigger(Trigger::UpdateDone);
                }
            }
        }
        false
    }

    /// False: what is about to be said would end dhcpd.
    fn survives(&self) -> bool {
        let (Kind::Ddi(profile), Some(partner)) = (self.kind, self.partner) else { return true };
        self.out
            .iter()
            .all(|message| !matches!(message, Message::State(own, _) if !survives(profile, partner, *own)))
    }

    fn trigger(&mut self, trigger: Trigger) {
        if matches!(self.kind, Kind::Dhcpd) {
            return self.dhcpd_trigger(trigger);
        }
        let step = next(&self.situation(), trigger);
        self.follow(step);
    }

    fn follow(&mut self, step: Next) -> bool {
        match step {
            Next::Cell(Cell::Go(to)) => self.go(to),
            Next::Cell(Cell::Ask) => {
                self.request(ask(self.situation().profile, self.state, self.full_update_owed));
            }
            Next::Cell(Cell::ResumeIn(state)) => self.resume = state,
            Next::Cell(Cell::HangUp) => return true,
            Next::Cell(Cell::Stay | Cell::Balance) | Next::Refuse => {}
        }
        false
    }

    fn request(&mut self, what: Ask) {
        self.asked = Some(what);
        self.out.push_back(Message::Request(what));
    }

    fn go(&mut self, to: State) {
        let profile = if let Kind::Ddi(profile) = self.kind { profile } else { Profile::Isc };
        // dhcpd repeats an UPDREQALL, but never asks for all because it lost its leases.
        let full_update_owed = self.full_update_owed && self.kind != Kind::Dhcpd;
        let done = effects(&Change {
            profile,
            role: self.role,
            from: self.state,
            to,
            linked: self.up,
            partner: self.partner,
            full_update_owed,
        });
        if matches!(to, Paused | Shutdown) && !matches!(self.state, Startup | Paused | Shutdown) {
            self.resume = self.state;
        }
        self.state = to;
        if done.send_state {
            self.out.push_back(Message::State(to, false));
        }
        if let Some(what) = done.ask {
            self.request(what);
        }
    }
}

/// dhcpd 4.4.3, from its source.
impl Server {
    fn dhcpd_hears(&mut self, partner: State, startup: bool) {
        let before = self.partner.replace(partner);
        if self.state == Startup {
            let own = self.resume;
            let cell = self.dhcpd_cell(own, partner, startup, before);
            match cell {
                Some(_) if own == Normal && partner == PartnerDown => self.go(Recover),
                Some(Cell::Go(to)) => self.go(to),
                Some(_) if own == ResolutionInterrupted && before == Some(partner) => {
                    self.go(PotentialConflict);
                }
                _ => self.go(own),
            }
            return;
        }
        let ignores = [Normal, PotentialConflict, RecoverDone, RecoverWait, Shutdown, Paused];
        if before == Some(partner) && ignores.contains(&self.state) {
            return;
        }
        match self.dhcpd_cell(self.state, partner, startup, before) {
            Some(Cell::Go(to)) => self.go(to),
            Some(Cell::Ask) => self.request(if self.state == Recover { Ask::All } else { Ask::Changes }),
            _ => {}
        }
    }

    /// `None` where it dies or gives up.
    fn dhcpd_cell(
        &mut self,
        own: State,
        partner: State,
        startup: bool,
        before: Option<State>,
    ) -> Option<Cell> {
        let go = |state| Some(Cell::Go(state));
        let mut dies = |how: &str| {
            self.died = Some(format!("{how}: {own} + {partner}"));
            None
        };
        match (own, partner) {
            (PartnerDown, _) if startup => Some(Cell::Stay),
            (Normal, PotentialConflict | ResolutionInterrupted | ConflictDone) => dies("gives up"),
            (PotentialConflict, Normal) => dies("gives up"),
            (ConflictDone, Normal) => go(Normal),
            (ConflictDone, PotentialConflict | ResolutionInterrupted) => Some(Cell::Stay),
            (ConflictDone, _) => dies("exits"),
            (Normal, RecoverWait) | (Recover, RecoverWait | RecoverDone) => Some(Cell::Stay),
            (CommunicationsInterrupted, RecoverWait) => go(Normal),
            (Recover, Normal) => go(PotentialConflict),
            (Recover | PotentialConflict | ResolutionInterrupted, Shutdown) => go(PartnerDown),
            (RecoverDone, Recover | PotentialConflict | ResolutionInterrupted | ConflictDone) => {
                Some(Cell::Stay)
            }
            (PotentialConflict, Recover) => go(Recover),
            (PotentialConflict, ConflictDone) if before != Some(PotentialConflict) => Some(Cell::Stay),
            (Shutdown, _) => Some(Cell::Stay),
            _ => Some(on_partner_state(Profile::Isc, own, partner)),
        }
    }

    fn dhcpd_trigger(&mut self, trigger: Trigger) {
        let to = match (trigger, self.state) {
            (Trigger::LinkLost, Normal) => CommunicationsInterrupted,
            (Trigger::LinkLost, PotentialConflict) => ResolutionInterrupted,
            (Trigger::StartupOver, Startup) if self.resume == Normal => CommunicationsInterrupted,
            (Trigger::StartupOver, Startup) if self.resume == PotentialConflict => ResolutionInterrupted,
            (Trigger::StartupOver, Startup) => self.resume,
            (Trigger::UpdateDone, Recover) => {
                let skips = self.wait_over || matches!(self.partner, Some(Recover | RecoverDone));
                if skips { RecoverDone } else { RecoverWait }
            }
            (Trigger::UpdateDone, PotentialConflict) => match (self.partner, self.role) {
                (Some(ConflictDone), Role::Secondary) => Normal,
                (Some(ConflictDone), Role::Primary) => {
                    self.died = Some("gives up: UPDDONE from a primary".into());
                    return;
                }
                (_, Role::Primary) => ConflictDone,
                (_, Role::Secondary) => return,
            },
            (Trigger::RecoverWaitOver, RecoverWait) => RecoverDone,
            (Trigger::Command(Command::PartnerDown), CommunicationsInterrupted | ResolutionInterrupted) => {
                PartnerDown
            }
            _ => return,
        };
        self.go(to);
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % bound
    }
}

struct Pair {
    servers: [Server; 2],
    linked: bool,
    trace: Vec<String>,
    transitions: BTreeMap<(State, State), usize>,
}

impl Pair {
    fn note(&mut self, what: &str) {
        let [a, b] = &self.servers;
        self.trace.push(format!("{what:<28} {} | {}", a.state, b.state));
    }

    fn act(&mut self, who: usize, what: &str, action: impl FnOnce(&mut Server) -> bool) {
        let from = self.servers[who].state;
        let hang_up = action(&mut self.servers[who]);
        let to = self.servers[who].state;
        if from != to {
            *self.transitions.entry((from, to)).or_default() += 1;
        }
        self.note(&format!("{who} {what}"));
        if hang_up {
            self.cut();
        }
    }

    fn cut(&mut self) {
        if std::mem::take(&mut self.linked) {
            self.servers.iter_mut().for_each(Server::link_lost);
            self.note("cut");
        }
    }

    fn connect(&mut self) {
        if !std::mem::replace(&mut self.linked, true) {
            self.servers.iter_mut().for_each(Server::connected);
            self.note("connect");
        }
    }

    /// Delivers one message from `who`; false if there is none.
    fn deliver(&mut self, who: usize) -> bool {
        let Some(message) = self.servers[who].out.pop_front() else { return false };
        if self.linked {
            self.act(1 - who, &format!("gets {message:?}"), |server| server.receive(message));
        }
        true
    }

    fn disturb(&mut self, random: &mut Random) {
        let who = random.below(2);
        match random.below(40) {
            0 | 1 => self.cut(),
            2 => {
                self.cut();
                self.act(who, "restarts", |s| {
                    s.restart(false);
                    false
                });
            }
            3 => {
                self.cut();
                self.act(who, "loses all", |s| {
                    s.restart(true);
                    false
                });
            }
            4 if !self.linked => self.act(who, "startup over", |s| {
                s.trigger(Trigger::StartupOver);
                false
            }),
            5 if !self.linked => self.act(who, "partner-down", |s| {
                s.trigger(Trigger::Command(Command::PartnerDown));
                false
            }),
            6 => self.act(who, "wait over", |s| {
                s.wait_over = true;
                s.trigger(Trigger::RecoverWaitOver);
                false
            }),
            7..=9 => self.connect(),
            _ => drop(self.deliver(who)),
        }
    }

    /// No more faults: to NORMAL within a bound.
    fn settle(&mut self) {
        for _ in 0..30 {
            self.connect();
            for who in [0, 1] {
                while self.linked && self.deliver(who) {}
                // Time passes: this happens to a server that is hung up on.
                let due = match self.servers[who].state {
                    RecoverWait => Trigger::RecoverWaitOver,
                    Startup if !self.linked => Trigger::StartupOver,
                    _ => continue,
                };
                self.act(who, "waited", |s| {
                    s.trigger(due);
                    false
                });
            }
            if self.servers.iter().all(|s| s.state == Normal && s.out.is_empty()) {
                return;
            }
        }
    }
}

/// Runs seeds (as many as DDI_SIM_SEEDS says, or 10,000), and returns the transitions that were made.
fn run(kinds: [Kind; 2]) -> BTreeMap<(State, State), usize> {
    let seeds: u64 = std::env::var("DDI_SIM_SEEDS").map_or(10_000, |seeds| seeds.parse().unwrap());
    let mut transitions = BTreeMap::new();
    for seed in 1..=seeds {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let servers = [Server::new(kinds[0], Role::Primary), Server::new(kinds[1], Role::Secondary)];
        let mut pair = Pair { servers, linked: false, trace: Vec::new(), transitions: BTreeMap::new() };
        for _ in 0..random.below(120) {
            pair.disturb(&mut random);
        }
        pair.note("-- no more faults");
        pair.settle();
        for server in &pair.servers {
            let fine = server.state == Normal
                && server.died.is_none()
                && (server.kind == Kind::Dhcpd || !server.lost);
            assert!(fine, "seed={seed} {kinds:?}: {server:#?}\n{}", pair.trace.join("\n"));
        }
        for (step, count) in pair.transitions {
            *transitions.entry(step).or_default() += count;
        }
    }
    transitions
}

#[test]
fn ddi_with_ddi_always_comes_back_to_normal() {
    let transitions = run([Kind::Ddi(Profile::Draft); 2]);
    println!("{} kinds of transitions", transitions.len());
}

#[test]
fn ddi_secondary_with_dhcpd_always_comes_back_to_normal() {
    run([Kind::Dhcpd, Kind::Ddi(Profile::Isc)]);
}

#[test]
fn ddi_primary_with_dhcpd_always_comes_back_to_normal() {
    run([Kind::Ddi(Profile::Isc), Kind::Dhcpd]);
}
