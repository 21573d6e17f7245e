//! One server of the model: what an endpoint and a DHCP server do between ddi's rules.

use ddi_core::authority::{Asking, Permission, Question, Service};
use ddi_core::{BindingState, Lease, Origin};
use ddi_failover::mclt::grant;
use ddi_failover::resolve::{Context, Outgoing, acknowledged, apply, decide, transmitted};
use ddi_failover::serve::Standing;
use ddi_failover::split::LoadBalance;
use ddi_failover::state::{
    Ask, Cell, Change, Next, Profile, Role, Situation, State, Trigger, after_link_loss, ask, effects, next,
};

use crate::row::{ClientId, Row, Tick, unix};
use crate::{ADDRESSES_MAX, DESIRED, MCLT, Rules};

/// How many updates may be on their way, those included that a later change made worthless.
const WINDOW: u8 = 2;
/// Enough to tell those apart.
const XIDS: u8 = WINDOW + 1;

/// What one server tells the other. A [`Message::Update`] has one lease, as always with dhcpd.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Message {
    State { state: State, startup: bool, since: Tick },
    Ask(Ask),
    Done,
    Update { at: usize, row: Row, xid: u8 },
    Ack { at: usize, xid: u8, taken: bool },
}

/// An update that is sent and not acknowledged.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Sent {
    potential: Tick,
    xid: u8,
}

/// One server. What stands before `up` survives a crash.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Server {
    pub(crate) role: Role,
    pub(crate) state: State,
    pub(crate) resume: State,
    pub(crate) since: Tick,
    pub(crate) partner: Option<State>,
    partner_since: Tick,
    last_operation: Tick,
    pub(crate) owed: bool,
    forgotten_until: Tick,
    pub(crate) rows: [Row; ADDRESSES_MAX],
    /// How many of those there are.
    addresses: usize,
    pub(crate) alive: bool,
    pub(crate) up: bool,
    heard: bool,
    both_recovering: bool,
    asked: Option<Ask>,
    owes_done: bool,
    /// Leases that the partner has to know before PARTNER-DOWN ends.
    handing_back: [bool; ADDRESSES_MAX],
    sent: [Option<Sent>; ADDRESSES_MAX],
    next_xid: u8,
    unacked: u8,
    pub(crate) out: Vec<Message>,
}

impl Server {
    /// In NORMAL, having met its partner.
    pub(crate) fn new(role: Role, rows: [Row; ADDRESSES_MAX], addresses: usize) -> Self {
        Self {
            role,
            state: State::Normal,
            resume: State::Normal,
            since: 1,
            partner: Some(State::Normal),
            partner_since: 1,
            last_operation: 1,
            owed: false,
            forgotten_until: 0,
            alive: true,
            up: true,
            heard: true,
            both_recovering: false,
            asked: None,
            owes_done: false,
            handing_back: [false; ADDRESSES_MAX],
            sent: [None; ADDRESSES_MAX],
            next_xid: 1,
            unacked: 0,
            out: Vec::new(),
            rows,
            addresses,
        }
    }

    pub(crate) fn standing(&self) -> Standing {
        Standing {
            role: self.role,
            // Meanwhile no address is taken from the partner.
            state: if self.hands_back() { State::CommunicationsInterrupted } else { self.state },
            since: unix(self.since),
            partner: self.partner,
            mclt_seconds: MCLT,
            full_update_owed: self.owed,
            forgotten_until: unix(self.forgotten_until),
        }
    }

    /// In this state, or started again after having been.
    pub(crate) fn is_or_was_in(&self, state: State) -> bool {
        self.state == state || (self.state == State::Startup && self.resume == state)
    }

    fn situation(&self, now: Tick) -> Situation {
        Situation {
            profile: Profile::Draft,
            role: self.role,
            state: self.state,
            resume: self.resume,
            partner: self.partner,
            linked: self.heard,
            partner_down_after_us: self.partner_since > self.last_operation,
            wait_over: now >= self.since + MCLT as Tick,
            both_recovering: self.both_recovering,
        }
    }

    fn rows(&mut self) -> &mut [Row] {
        &mut self.rows[..self.addresses]
    }

    // ---- life -----------------------------------------------------------------------------------

    pub(crate) fn crash(&mut self, now: Tick) {
        self.note_operation(now);
        if !matches!(self.state, State::Startup | State::Paused | State::Shutdown) {
            self.resume = self.state;
        }
        self.state = State::Startup;
        self.alive = false;
        self.out.clear();
        self.forget_link();
    }

    /// A crash that takes the disk with it.
    pub(crate) fn lose(&mut self, now: Tick) {
        self.crash(now);
        self.resume = State::Recover;
        self.partner = None;
        (self.partner_since, self.last_operation) = (0, 0);
        self.owed = true;
        self.rows().fill(Row::lost());
    }

    pub(crate) fn restart(&mut self, now: Tick) {
        self.alive = true;
        if self.owed && self.partner.is_none() {
            self.since = now;
            self.forgotten_until = now + MCLT as Tick;
        }
    }

    /// When this server last served somebody, or could have.
    fn note_operation(&mut self, now: Tick) {
        if self.serves(Asking::Request) {
            self.last_operation = now;
        }
    }

    pub(crate) fn connected(&mut self) {
        self.forget_link();
        self.up = true;
        let startup = self.state == State::Startup;
        let state = if startup { after_link_loss(self.resume) } else { self.state };
        self.out.push(Message::State { state, startup, since: self.since });
    }

    pub(crate) fn link_lost(&mut self, now: Tick) {
        let heard = self.heard;
        self.forget_link();
        if heard {
            self.trigger(now, Trigger::LinkLost);
        }
    }

    fn forget_link(&mut self) {
        (self.up, self.heard, self.both_recovering, self.owes_done) = (false, false, false, false);
        self.asked = None;
        (self.next_xid, self.unacked) = (1, 0);
        self.handing_back = [false; ADDRESSES_MAX];
        self.sent.fill(None);
        // What the partner does not know is found again when it is back.
        self.rows.iter_mut().for_each(|row| row.queued = false);
    }

    // ---- states ---------------------------------------------------------------------------------

    pub(crate) fn trigger(&mut self, now: Tick, trigger: Trigger) -> bool {
        let step = next(&self.situation(now), trigger);
        self.follow(now, step)
    }

    /// True: hang up.
    fn follow(&mut self, now: Tick, step: Next) -> bool {
        match step {
            Next::Cell(Cell::Go(to)) => self.go(now, to),
            Next::Cell(Cell::Ask) => self.ask(ask(Profile::Draft, self.state, self.owed)),
            Next::Cell(Cell::ResumeIn(state)) => self.resume = state,
            Next::Cell(Cell::HangUp) => return true,
            Next::Cell(Cell::Stay | Cell::Balance) | Next::Refuse => {}
        }
        false
    }

    fn ask(&mut self, what: Ask) {
        self.asked = Some(what);
        self.out.push(Message::Ask(what));
    }

    fn go(&mut self, now: Tick, to: State) {
        self.note_operation(now);
        let done = effects(&Change {
            profile: Profile::Draft,
            role: self.role,
            from: self.state,
            to,
            linked: self.up,
            partner: self.partner,
            full_update_owed: self.owed,
        });
        self.state = to;
        if !done.keep_start_time {
            self.since = now;
        }
        if done.send_state {
            self.out.push(Message::State { state: to, startup: false, since: self.since });
        }
        if let Some(what) = done.ask {
            self.ask(what);
        }
        if done.send_unacked {
            self.rows().iter_mut().for_each(|row| row.queued |= !row.known);
        }
    }

    // ---- messages -------------------------------------------------------------------------------

    /// True: hang up.
    pub(crate) fn receive(&mut self, now: Tick, message: Message, rules: Rules) -> bool {
        match message {
            Message::State { state, startup, since } => {
                if !std::mem::replace(&mut self.heard, true) {
                    self.both_recovering = state == State::Recover;
                }
                // The partner's new state counts only after the step; its time does in it.
                self.partner_since = if state == State::PartnerDown { since } else { 0 };
                let ends = self.state == State::PartnerDown && state == State::RecoverDone;
                if ends && rules != Rules::NormalAtOnce && self.hand_back() {
                    self.partner = Some(state);
                    return false;
                }
                let step = next(&self.situation(now), Trigger::PartnerState { state, startup });
                self.partner = Some(state);
                self.follow(now, step)
            }
            Message::Ask(what) => {
                self.owes_done = true;
                let lost = what == Ask::All && self.partner == Some(State::Recover);
                if lost && rules != Rules::LossNotPresumed {
                    self.rows().iter_mut().for_each(|row| row.stretch(now));
                }
                self.rows().iter_mut().for_each(|row| row.queued |= what == Ask::All || !row.known);
                self.pay_debts(now)
            }
            Message::Done => {
                let asked = self.asked.take();
                if asked == Some(Ask::All) {
                    self.owed = false;
                }
                asked.is_some() && self.trigger(now, Trigger::UpdateDone)
            }
            Message::Update { at, row, xid } => {
                let taken = self.on_update(now, at, &row);
                self.out.push(Message::Ack { at, xid, taken });
                self.pay_debts(now)
            }
            Message::Ack { at, xid, taken } => {
                self.on_ack(at, xid, taken, rules);
                self.pay_debts(now)
            }
        }
    }

    fn hands_back(&self) -> bool {
        self.handing_back.contains(&true)
    }

    /// What was given away since the UPDDONE has to be told before the partner serves again.
    fn hand_back(&mut self) -> bool {
        for (row, handing_back) in self.rows.iter_mut().zip(&mut self.handing_back) {
            *handing_back = !row.known;
            row.queued |= !row.known;
        }
        self.hands_back()
    }

    /// True: hang up.
    fn pay_debts(&mut self, now: Tick) -> bool {
        self.pay_done();
        if !self.hands_back() {
            return false;
        }
        for at in 0..ADDRESSES_MAX {
            self.handing_back[at] &= self.sent[at].is_some() || self.rows[at].queued;
        }
        !self.hands_back()
            && self.trigger(now, Trigger::PartnerState { state: State::RecoverDone, startup: false })
    }

    fn on_update(&mut self, now: Tick, at: usize, theirs: &Row) -> bool {
        let mut held = self.rows[at].lease();
        // What the partner has not acknowledged, sent or not.
        let counts = self.sent[at].is_some() || !self.rows[at].known;
        // The partner judges what it hears, which may be of a client that is gone since.
        let tells_of_client = self.sent[at].is_some_and(|sent| sent.potential > 0);
        let outgoing = counts.then_some(Outgoing {
            state: if tells_of_client { BindingState::Active } else { held.state },
            client_last_transaction_time: held.client_last_transaction_time,
        });
        let update = theirs.update();
        let context = Context {
            profile: Profile::Draft,
            role: self.role,
            state: self.state,
            now: unix(now),
            held: &held,
            in_pool: true,
            outgoing,
            known: outgoing.is_none(),
        };
        // Who lost its leases knows nothing better.
        let lost = self.owed && self.state == State::Recover && self.partner != Some(State::Recover);
        if !lost && decide(&context, &update).is_err() {
            return false;
        }
        apply(Profile::Draft, self.role, &mut held, &update, 0);
        let before = self.rows[at];
        let row = &mut self.rows[at];
        row.set(&held);
        // The same client was promised more here than the partner knows.
        let more = before.state == BindingState::Active
            && row.state == BindingState::Active
            && before.client == row.client
            && before.expiration > theirs.expiration
            && !before.known;
        (row.known, row.queued) = (!more, more);
        row.partners &= !more;
        if more {
            row.sent = row.sent.max(before.sent);
        }
        self.sent[at] = None;
        true
    }

    fn on_ack(&mut self, at: usize, xid: u8, taken: bool, rules: Rules) {
        self.unacked -= 1;
        if self.unacked == 0 {
            self.next_xid = 1;
        }
        let Some(sent) = self.sent[at] else { return };
        if sent.xid != xid {
            return;
        }
        self.sent[at] = None;
        let row = &mut self.rows[at];
        if taken && row.queued && rules != Rules::StaleAckTaken {
            // It changed meanwhile: only what was told is known.
            row.acked = sent.potential;
        } else if taken {
            let mut lease = row.lease();
            acknowledged(Profile::Draft, self.role, &mut lease, unix(sent.potential));
            row.set(&lease);
            row.known = true;
        }
    }

    fn pay_done(&mut self) {
        let waiting = self.sent.iter().any(Option::is_some) || self.rows.iter().any(|row| row.queued);
        if self.owes_done && !waiting {
            self.owes_done = false;
            self.out.push(Message::Done);
        }
    }

    /// Updates are sent in NORMAL, and to a partner that asked.
    pub(crate) fn may_send(&self, at: usize) -> bool {
        let row = &self.rows[at];
        let open = self.heard && (self.state == State::Normal || self.owes_done || self.hands_back());
        open && row.queued && self.sent[at].is_none() && self.unacked < WINDOW
    }

    pub(crate) fn send(&mut self, at: usize) {
        let row = &mut self.rows[at];
        let mut lease = row.lease();
        transmitted(&mut lease);
        row.set(&lease);
        row.queued = false;
        let xid = self.next_xid;
        self.next_xid = (xid + 1) % XIDS;
        self.unacked += 1;
        self.sent[at] = Some(Sent { potential: row.potential(), xid });
        self.out.push(Message::Update { at, row: *row, xid });
    }

    /// Time has passed.
    pub(crate) fn forget_past(&mut self, now: Tick) {
        self.rows.iter_mut().for_each(|row| row.forget_past(now));
        if !self.is_or_was_in(State::PartnerDown) && self.since + MCLT as Tick <= now {
            self.since = 0;
        }
    }

    // ---- clients --------------------------------------------------------------------------------

    pub(crate) fn serves(&self, asking: Asking) -> bool {
        let question = Question { asking, hash_id: b"", secs: 0, pool: None };
        self.alive && self.standing().serves(&question, &LoadBalance::default(), true) == Service::Serve
    }

    /// Gives an address to a client, or more time to who has it. Until when, or `None`.
    pub(crate) fn bind(&mut self, now: Tick, at: usize, client: ClientId, rules: Rules) -> Option<Tick> {
        let same = self.rows[at].client == Some(client);
        let asking = if same { Asking::Request } else { Asking::Discover };
        if !self.serves(asking) || !self.may_bind(now, at, same, rules) {
            return None;
        }
        let mut lease = self.rows[at].lease();
        let renewed = lease.state == BindingState::Active;
        let goes_on = renewed || lease.rewind_state == Some(BindingState::Active);
        let fresh = Lease::new(lease.key);
        let known = if goes_on { &lease } else { &fresh };
        let granted = grant(unix(now), known, DESIRED, MCLT);
        let seconds = if rules == Rules::NoLeadTimeCap { DESIRED } else { granted.lease_seconds };
        let until = now + seconds as Tick;
        lease.state = BindingState::Active;
        lease.origin = Origin::Local;
        lease.potential_expiration_time.sent = granted.potential_expiration_sent;
        let row = &mut self.rows[at];
        row.set(&lease);
        row.client = Some(client);
        row.heard = now;
        row.expiration = if renewed { row.expiration.max(until) } else { until };
        self.changed(at);
        Some(until)
    }

    fn may_bind(&self, now: Tick, at: usize, same: bool, rules: Rules) -> bool {
        let (row, standing) = (&self.rows[at], self.standing());
        let down = self.state == State::PartnerDown;
        match rules {
            // dhcpd: the start of PARTNER-DOWN and the end of the lease count, the other times don't.
            Rules::DhcpdPartnerDown if down && !same && row.state != BindingState::Active => {
                now >= (self.since + MCLT as Tick).max(row.expiration)
            }
            Rules::SecondaryTakesFree if self.role == Role::Secondary && row.state == BindingState::Free => {
                true
            }
            _ => standing.may_bind(unix(now), &row.lease(), same) == Permission::Allow,
        }
    }

    /// A lease's time has passed, or its client gave it back. False: nothing happens.
    pub(crate) fn end(&mut self, now: Tick, at: usize, released: bool) -> bool {
        let row = &mut self.rows[at];
        if row.state != BindingState::Active || (!released && row.expiration > now) {
            return false;
        }
        let standing = self.standing();
        let row = &mut self.rows[at];
        let Some(state) = standing.ended(&row.lease(), released) else { return false };
        row.state = state;
        row.expiration = row.expiration.min(now);
        self.changed(at);
        true
    }

    /// Gives a free address of its own to the partner.
    pub(crate) fn give(&mut self, at: usize) -> bool {
        let (own, partners) = match self.role {
            Role::Primary => (BindingState::Free, BindingState::Backup),
            Role::Secondary => (BindingState::Backup, BindingState::Free),
        };
        let row = &mut self.rows[at];
        if self.state != State::Normal || !self.heard || row.state != own || !row.known {
            return false;
        }
        row.state = partners;
        self.changed(at);
        true
    }

    /// An update of it that is on its way is still an update: the next follows its acknowledgement.
    fn changed(&mut self, at: usize) {
        let row = &mut self.rows[at];
        (row.known, row.queued) = (false, self.heard);
    }
}
