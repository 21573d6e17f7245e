//! The endpoint's states: what moves it, what a move brings with it, and its timers.

use std::collections::VecDeque;

use ddi_core::{Instant, LeaseStore, Lsn, UnixTime};

use crate::endpoint::connect::CLOCK_SKEW_SECONDS_MAX;
use crate::endpoint::engine::{CommandRefused, Endpoint};
use crate::endpoint::event::Event;
use crate::endpoint::review::Review;
use crate::state::{
    Ask, Cell, Change, Command, Effects, Next, Profile, Role, Situation, State, Timer, Trigger,
    after_link_loss, ask, effects, next,
};
use crate::wire::v4::{Body, FLAG_STARTUP, Message, RejectReason, StateReport, from_wire_time, server_state};

/// How long STARTUP waits for the partner, in seconds; as dhcpd.
pub const STARTUP_SECONDS: u64 = 15;
/// While this server serves alone, how often it has it saved that it still does, in seconds.
pub const OPERATION_SECONDS: u64 = 60;

/// What is said and heard on the connection that is up.
#[derive(Clone, Debug, Default)]
pub(super) struct Talk {
    /// What was durable when the connection came up: what the partner says on it is newer.
    pub(super) before: Lsn,
    /// A STATE has arrived.
    pub(super) heard: bool,
    /// The first STATE of ours waits for the partner's.
    pub(super) listening: bool,
    /// The partner's first STATE was RECOVER.
    pub(super) both_recovering: bool,
    /// This server is in PARTNER-DOWN and would go to NORMAL, but first tells the partner of every lease that
    /// it gave away meanwhile: else the partner, back in NORMAL, might give away the same address.
    pub(super) handing_back: bool,
    /// The request that is out.
    pub(super) asked: Option<Asked>,
    /// The POOLREQ to answer when the run is over, and how many addresses were given so far.
    pub(super) pool_request: Option<(u32, u32)>,
    /// What is to be said, in this order.
    pub(super) says: VecDeque<Say>,
    /// The connection is to be ended.
    pub(super) hang_up: Option<(RejectReason, &'static str)>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) xid: u32,
    pub(super) what: Ask,
}

/// A message that is not about a lease.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Say {
    State { state: State, startup: bool, since: UnixTime },
    Ask(Ask),
    Done { xid: u32 },
    PoolRequest,
    PoolResponse { xid: u32, count: u32 },
}

/// The most of those that wait: a partner that asks faster than it takes answers is disconnected.
pub(super) const SAYS_MAX: usize = 256;

/// What may come due.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Alarm {
    Dial,
    Startup,
    RecoverWait,
    SafePeriod,
    /// Time to have it saved that this server still serves.
    Operation,
    /// Time to look at the balance of the pools.
    Balance,
    /// PARTNER-DOWN: an address may be freed.
    Reclaim,
    /// What the partner refused may be taken now.
    Retry,
}

const ALARMS: usize = 8;

#[derive(Clone, Debug)]
pub(super) struct Alarms {
    at: [Option<Instant>; ALARMS],
    random: u64,
    /// The host was asked to dial.
    pub(super) dialling: bool,
}

impl Alarms {
    pub(super) const fn new(seed: u64) -> Self {
        Self { at: [None; ALARMS], random: seed ^ 0x9e37_79b9_7f4a_7c15, dialling: false }
    }

    pub(super) fn arm(&mut self, alarm: Alarm, at: Instant) {
        self.at[alarm as usize] = Some(at);
    }

    pub(super) fn arm_earlier(&mut self, alarm: Alarm, at: Instant) {
        let known = self.at[alarm as usize];
        self.at[alarm as usize] = Some(known.map_or(at, |known| known.min(at)));
    }

    pub(super) fn disarm(&mut self, alarm: Alarm) {
        self.at[alarm as usize] = None;
    }

    pub(super) fn is_armed(&self, alarm: Alarm) -> bool {
        self.at[alarm as usize].is_some()
    }

    /// True once when it is due.
    fn take(&mut self, alarm: Alarm, now: Instant) -> bool {
        let due = self.at[alarm as usize].is_some_and(|at| at <= now);
        if due {
            self.disarm(alarm);
        }
        due
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.at.iter().flatten().min().copied()
    }

    /// A number below `bound` (splitmix64), not of cryptographic quality.
    pub(super) fn jitter(&mut self, bound: u64) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound.max(1)
    }
}

impl Endpoint {
    /// A message on the connection that is up.
    pub(super) fn on_message<S: LeaseStore + ?Sized>(
        &mut self,
        store: &mut S,
        message: &Message<'_>,
        body: &Body<'_>,
    ) {
        match body {
            Body::State(report) => self.on_state(report),
            Body::BindingUpdate(updates) => self.on_updates(store, message.xid(), *updates),
            Body::BindingAck(acks) => self.on_acks(store, message.xid(), *acks),
            Body::UpdateRequest => self.on_request(message.xid(), Ask::Changes),
            Body::UpdateRequestAll => self.on_request(message.xid(), Ask::All),
            Body::UpdateDone => self.on_update_done(message.xid()),
            Body::PoolRequest => self.on_pool_request(message.xid()),
            // Section 6.1: a type that must be understood.
            Body::Unknown(kind, _) if kind.0 < 128 => {
                self.talk.hang_up = Some((RejectReason::MISCELLANEOUS, "unknown message type"));
            }
            _ => {}
        }
        if self.talk.says.len() > SAYS_MAX {
            self.talk.hang_up = Some((RejectReason::MISCELLANEOUS, "too many requests"));
        }
    }

    fn situation(&self) -> Situation {
        let mclt = u64::from(self.mclt_seconds());
        // What was saved last may be this old, and the clocks may differ.
        let slack = OPERATION_SECONDS + CLOCK_SKEW_SECONDS_MAX;
        Situation {
            profile: self.profile,
            role: self.config.role,
            state: self.saved.state,
            resume: self.saved.resume,
            partner: self.saved.partner,
            linked: self.talk.heard,
            partner_down_after_us: self.saved.last_operation != UnixTime::UNSET
                && self.saved.partner_since > self.saved.last_operation.plus_secs(slack),
            wait_over: self.saved.since.plus_secs(mclt) <= self.latest.unix,
            both_recovering: self.talk.both_recovering,
        }
    }

    pub(super) fn trigger(&mut self, trigger: Trigger) {
        let step = next(&self.situation(), trigger);
        self.follow(step);
    }

    fn on_state(&mut self, report: &StateReport) {
        let Some(state) = report.state.and_then(server_state) else {
            self.talk.hang_up = Some((RejectReason::MISCELLANEOUS, "unknown server state"));
            return;
        };
        let startup = report.flags.unwrap_or(0) & FLAG_STARTUP != 0;
        if !std::mem::replace(&mut self.talk.heard, true) {
            self.talk.both_recovering = state == State::Recover;
        }
        self.saved.partner_since = report.start_time_of_state.map_or(UnixTime::UNSET, from_wire_time);
        let step = next(&self.situation(), Trigger::PartnerState { state, startup });
        self.saved.partner = Some(state);
        match state {
            State::PartnerDown => self.saved.partner_took_over = true,
            // It has handed back: there is nothing of which this server has not heard.
            State::Normal if self.saved.state != State::Shutdown => self.saved.partner_took_over = false,
            _ => {}
        }
        // dhcpd in RECOVER lost its leases, and may be driven elsewhere before it asks for them.
        self.saved.full_update_due |= self.profile == Profile::Isc && state == State::Recover;
        self.events.push(Event::PartnerState { state, startup });
        if step.target() == Some(State::Normal) && self.goes_on_as(State::PartnerDown) {
            if self.saved.state == State::Startup {
                self.move_to(State::PartnerDown);
            }
            self.hand_back();
            return;
        }
        self.talk.handing_back = false;
        self.follow(step);
        let was_listening = std::mem::take(&mut self.talk.listening);
        // dhcpd in STARTUP passes over a state that it remembers of its partner. When both lost the connection in
        // NORMAL it remembers that, and the NORMAL that it was told now left it where it was.
        let unheard = self.profile == Profile::Isc
            && !was_listening
            && !startup
            && (self.saved.state, state) == (State::Normal, State::CommunicationsInterrupted);
        if unheard || was_listening && step.target().is_none() {
            self.announce();
        }
    }

    /// Is in this state, or will be without the partner's word?
    fn goes_on_as(&self, state: State) -> bool {
        self.saved.state == state || self.saved.state == State::Startup && self.saved.resume == state
    }

    fn hand_back(&mut self) {
        if !std::mem::replace(&mut self.talk.handing_back, true) {
            self.talk.listening = false;
            self.updates.sweep_unacked(self.saved.full_update_due);
            self.again = true;
        }
    }

    /// The partner knows all that it has to.
    pub(super) fn handed_back(&mut self) {
        if let (true, Some(state)) = (std::mem::take(&mut self.talk.handing_back), self.saved.partner) {
            self.trigger(Trigger::PartnerState { state, startup: false });
        }
    }

    /// Says what state this is: in STARTUP, the one that it will be without the partner's word.
    pub(super) fn announce(&mut self) {
        let startup = self.saved.state == State::Startup;
        let state = if startup { after_link_loss(self.saved.resume) } else { self.saved.state };
        self.say_state(state, startup);
    }

    fn say_state(&mut self, state: State, startup: bool) {
        // What it makes of that may never be heard: it takes over, until it says that it does not.
        self.saved.partner_took_over |= state == State::Shutdown;
        self.talk.says.push_back(Say::State { state, startup, since: self.saved.since });
    }

    fn follow(&mut self, step: Next) {
        match step {
            Next::Cell(Cell::Go(to)) => self.move_to(to),
            Next::Cell(Cell::Ask) => {
                let what = ask(self.profile, self.saved.state, self.saved.full_update_owed);
                self.talk.says.push_back(Say::Ask(what));
            }
            Next::Cell(Cell::Balance) => self.balance_all(None),
            Next::Cell(Cell::HangUp) => {
                self.talk.hang_up = Some((RejectReason::MISCELLANEOUS, "no way on from these two states"));
            }
            Next::Cell(Cell::ResumeIn(state)) => self.saved.resume = state,
            Next::Cell(Cell::Stay) | Next::Refuse => {}
        }
    }

    fn move_to(&mut self, to: State) {
        let from = self.saved.state;
        let linked = self.links.up().is_some();
        let done = effects(&Change {
            profile: self.profile,
            role: self.config.role,
            from,
            to,
            linked,
            partner: self.saved.partner,
            full_update_owed: self.saved.full_update_owed,
        });
        self.set_state(from, to, &done);
        self.updates.review = None;
        for alarm in [Alarm::Startup, Alarm::RecoverWait, Alarm::SafePeriod, Alarm::Operation, Alarm::Reclaim]
        {
            self.alarms.disarm(alarm);
        }
        self.arm_for(to, done.timer);
        if from == State::Normal {
            self.stop_balancing();
        }
        if done.send_state {
            self.say_state(to, false);
        }
        if let Some(what) = done.ask {
            self.talk.says.push_back(Say::Ask(what));
        }
        if done.send_unacked {
            self.updates.sweep_unacked(self.saved.full_update_due);
        }
        if done.balance {
            self.balance_all(None);
        }
        if done.request_pool {
            self.talk.says.push_back(Say::PoolRequest);
        }
        self.again = true;
        self.events.push(Event::Moved { from, to });
    }

    fn set_state(&mut self, from: State, to: State, done: &Effects) {
        let rests = |state| matches!(state, State::Startup | State::Paused | State::Shutdown);
        let resumed = self.saved.resume;
        if !rests(to) {
            self.saved.resume = to;
        } else if !rests(from) {
            self.saved.resume = from;
        }
        // A restart goes on with the state that it had; any other begins now, above all PARTNER-DOWN.
        let goes_on = from != State::Startup || to == resumed || to == after_link_loss(resumed);
        if !(done.keep_start_time && goes_on) {
            self.saved.since = self.latest.unix;
        }
        if is_alone(from) || is_alone(to) {
            self.saved.last_operation = self.latest.unix;
        }
        self.saved.state = to;
    }

    fn arm_for(&mut self, to: State, timer: Option<Timer>) {
        let now = self.latest.instant;
        match timer {
            Some(Timer::Startup) => self.arm(Alarm::Startup, now.plus_secs(STARTUP_SECONDS)),
            Some(Timer::RecoverWait) => {
                let over = self.saved.since.plus_secs(self.mclt_seconds().into());
                self.arm(Alarm::RecoverWait, self.instant_of(over));
            }
            Some(Timer::SafePeriod) => {
                if let Some(seconds) = self.config.auto_partner_down_seconds {
                    self.arm(Alarm::SafePeriod, now.plus_secs(seconds.into()));
                }
            }
            None => {}
        }
        if is_alone(to) {
            self.arm(Alarm::Operation, now.plus_secs(OPERATION_SECONDS));
        }
        if to == State::PartnerDown {
            self.arm(Alarm::Reclaim, now);
        }
    }

    /// The beginning, and again after PAUSED and SHUTDOWN.
    pub(super) fn enter_startup(&mut self) {
        self.saved.state = State::Startup;
        self.arm(Alarm::Startup, self.latest.instant.plus_secs(STARTUP_SECONDS));
        if self.config.dials {
            self.arm(Alarm::Dial, self.latest.instant);
        }
    }

    pub(super) fn on_command(&mut self, command: Command) -> Result<(), CommandRefused> {
        let state = self.saved.state;
        let step = next(&self.situation(), Trigger::Command(command));
        match step {
            Next::Refuse => return Err(CommandRefused { command, state }),
            // As after a restart: the partner's state is heard anew, on a new connection.
            _ if step.target() == Some(State::Startup) => {
                self.hang_up_all(RejectReason::MISCELLANEOUS, "starting anew");
                self.enter_startup();
                self.events.push(Event::Moved { from: state, to: State::Startup });
            }
            step => {
                if step.target() == Some(State::PartnerDown) {
                    self.leave_partner();
                }
                self.follow(step);
            }
        }
        Ok(())
    }

    /// On the way to PARTNER-DOWN without the partner's word: what it said and was not read yet must not be
    /// taken for news later, when its addresses have new clients.
    fn leave_partner(&mut self) {
        self.hang_up_all(RejectReason::MISCELLANEOUS, "taken to be down");
    }

    fn on_update_done(&mut self, xid: u32) {
        // One of an earlier request, or of an earlier connection, says nothing.
        let Some(asked) = self.talk.asked.filter(|asked| asked.xid == xid) else { return };
        self.talk.asked = None;
        if asked.what == Ask::All {
            if self.saved.full_update_owed && !self.talk.both_recovering {
                self.updates.review = Some(Review::new(self.talk.before));
                return;
            }
            return self.updated_all();
        }
        self.updated();
    }

    /// This server has all that the partner has.
    pub(super) fn updated_all(&mut self) {
        self.saved.full_update_owed = false;
        if self.talk.both_recovering {
            // Neither has met the other: nothing was forgotten.
            self.saved.forgotten_until = UnixTime::UNSET;
        }
        self.updated();
    }

    fn updated(&mut self) {
        if self.saved.partner != Some(State::PartnerDown) {
            self.saved.partner_took_over = false;
        }
        self.events.push(Event::Updated);
        self.trigger(Trigger::UpdateDone);
    }

    pub(super) fn adopt_mclt(&mut self, seconds: u32) {
        if self.config.role == Role::Secondary && self.saved.mclt_seconds != seconds {
            self.saved.mclt_seconds = seconds;
            if self.saved.forgotten_until != UnixTime::UNSET {
                let until = self.saved.since.plus_secs(seconds.into());
                self.saved.forgotten_until = self.saved.forgotten_until.max(until);
            }
        }
    }

    /// What is due, but for the slices of work.
    pub(super) fn on_alarms(&mut self) {
        let now = self.latest.instant;
        self.on_link_alarms();
        if self.alarms.take(Alarm::Dial, now) {
            self.alarms.dialling = true;
            self.events.dial();
        }
        for (alarm, trigger) in [
            (Alarm::Startup, Trigger::StartupOver),
            (Alarm::RecoverWait, Trigger::RecoverWaitOver),
            (Alarm::SafePeriod, Trigger::SafePeriodOver),
        ] {
            if self.alarms.take(alarm, now) {
                if alarm == Alarm::SafePeriod {
                    self.leave_partner();
                }
                self.trigger(trigger);
            }
        }
        if self.alarms.take(Alarm::Operation, now) {
            self.saved.last_operation = self.latest.unix;
            self.arm(Alarm::Operation, now.plus_secs(OPERATION_SECONDS));
        }
        if self.alarms.take(Alarm::Balance, now) {
            self.balance_due();
        }
        if self.alarms.take(Alarm::Reclaim, now) {
            self.updates.reclaim_from = Some(0);
        }
        if self.alarms.take(Alarm::Retry, now) {
            self.updates.retry();
        }
    }
}

/// Serves without the partner, though not in its place.
const fn is_alone(state: State) -> bool {
    matches!(state, State::CommunicationsInterrupted | State::ResolutionInterrupted | State::ConflictDone)
}
