//! One step of the state machine.

use crate::state::table::{Cell, after_link_loss, on_partner_state};
use crate::state::{Profile, Role, State};

/// All that a step depends on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(clippy::exhaustive_structs, reason = "the arguments of a pure function")]
pub struct Situation {
    /// Whose ways to follow.
    pub profile: Profile,
    /// Which server this is.
    pub role: Role,
    /// The present state.
    pub state: State,
    /// In STARTUP, PAUSED and SHUTDOWN: the state to resume, as saved.
    pub resume: State,
    /// What the partner said last, on this connection or an earlier one.
    pub partner: Option<State>,
    /// A STATE has arrived on the present connection.
    pub linked: bool,
    /// The partner went to PARTNER-DOWN after this server last served anybody (section 9.3.2 step 5),
    /// and not perhaps before.
    pub partner_down_after_us: bool,
    /// `start_time_of_state` + MCLT has passed.
    pub wait_over: bool,
    /// The partner's first STATE on this connection was RECOVER: neither has met the other, or both
    /// forgot.
    pub both_recovering: bool,
}

/// What happens to an endpoint.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Trigger {
    /// A STATE arrived. The codec refuses unknown states before.
    PartnerState {
        /// The partner's state.
        state: State,
        /// Its STARTUP flag.
        startup: bool,
    },
    /// The connection is lost, after a STATE had arrived on it.
    LinkLost,
    /// STARTUP lasted long enough without the partner.
    StartupOver,
    /// The UPDDONE for this connection's request arrived.
    UpdateDone,
    /// MCLT has passed in RECOVER-WAIT.
    RecoverWaitOver,
    /// The safe period (section 10; dhcpd: `auto-partner-down`) has passed.
    SafePeriodOver,
    /// An operator's word.
    Command(Command),
}

/// What an operator may say.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Command {
    /// "The partner is down": it serves nobody, and will not without meeting this server first.
    PartnerDown,
    /// Hand over to the partner for long.
    Shutdown,
    /// Hand over to the partner for a short time.
    Pause,
    /// Come back from SHUTDOWN or PAUSED, as after a restart.
    Resume,
}

/// What to do about it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(clippy::exhaustive_enums, reason = "an endpoint must handle each")]
pub enum Next {
    /// As the table says.
    Cell(Cell),
    /// The command does not apply here: tell the operator.
    Refuse,
}

impl Next {
    /// Nothing.
    pub const STAY: Self = Self::Cell(Cell::Stay);

    /// The state to go to, if any.
    #[must_use]
    pub const fn target(self) -> Option<State> {
        match self {
            Self::Cell(Cell::Go(state)) => Some(state),
            _ => None,
        }
    }

    const fn go(state: State) -> Self {
        Self::Cell(Cell::Go(state))
    }
}

/// The step that `trigger` causes.
#[must_use]
pub fn next(situation: &Situation, trigger: Trigger) -> Next {
    match trigger {
        Trigger::PartnerState { state, startup } => on_partner(situation, state, startup),
        Trigger::LinkLost => on_link_lost(situation),
        Trigger::StartupOver => on_startup_over(situation),
        Trigger::UpdateDone => on_update_done(situation),
        Trigger::RecoverWaitOver if situation.state == State::RecoverWait => Next::go(out_of_wait(situation)),
        Trigger::SafePeriodOver if situation.state == State::CommunicationsInterrupted => {
            Next::go(State::PartnerDown)
        }
        Trigger::RecoverWaitOver | Trigger::SafePeriodOver => Next::STAY,
        Trigger::Command(command) => on_command(situation.state, command),
    }
}

fn on_partner(situation: &Situation, partner: State, startup: bool) -> Next {
    if situation.state == State::Startup {
        return Next::go(out_of_startup(situation, partner, startup));
    }
    Next::Cell(judge(situation.profile, situation.state, partner, startup))
}

/// The table, with section 9.4.3: a server in PARTNER-DOWN ignores a partner in STARTUP, which will say
/// more in a moment.
fn judge(profile: Profile, own: State, partner: State, startup: bool) -> Cell {
    if own == State::PartnerDown && startup { Cell::Stay } else { on_partner_state(profile, own, partner) }
}

/// Section 9.3.2, steps 2 and 5: as if the saved state had lost the connection and now regained it.
fn out_of_startup(situation: &Situation, partner: State, startup: bool) -> State {
    let own = after_link_loss(situation.resume);
    if partner == State::PartnerDown
        && own == State::CommunicationsInterrupted
        && (situation.partner_down_after_us || situation.resume == State::Normal)
    {
        // The partner took over after this server was gone: nothing can conflict, and there is news to
        // fetch. A saved NORMAL never saw the connection lost, so the partner's time began later.
        return State::Recover;
    }
    match judge(situation.profile, own, partner, startup) {
        Cell::Go(state) => state,
        _ => own,
    }
}

fn on_link_lost(situation: &Situation) -> Next {
    match after_link_loss(situation.state) {
        state if state == situation.state => Next::STAY,
        state => Next::go(state),
    }
}

/// Section 9.3.2 step 6: go on alone as far as the saved state allows.
fn on_startup_over(situation: &Situation) -> Next {
    if situation.state != State::Startup {
        return Next::STAY;
    }
    Next::go(after_link_loss(situation.resume))
}

/// Sections 9.5.2, 9.6.2 and 9.10.3.
fn on_update_done(situation: &Situation) -> Next {
    match (situation.state, situation.role) {
        // There is nothing to wait for where nothing was given away: "the first time this server has
        // run failover", as far as both know.
        (State::Recover, _) if situation.wait_over || situation.both_recovering => {
            Next::go(State::RecoverDone)
        }
        (State::Recover, _) => Next::go(State::RecoverWait),
        (State::PotentialConflict, Role::Primary) => Next::go(State::ConflictDone),
        // The secondary asks when the primary is done; an answer to anything else decides nothing.
        (State::PotentialConflict, Role::Secondary) if situation.partner == Some(State::ConflictDone) => {
            Next::go(State::Normal)
        }
        _ => Next::STAY,
    }
}

/// Section 9.6.2. RECOVER-WAIT listens to nothing, so what the partner said meanwhile counts now, as it would in
/// RECOVER-DONE: dhcpd goes to NORMAL when it hears of a RECOVER-WAIT, and does not repeat that; and in RECOVER it
/// never asks a server in RECOVER-DONE.
fn out_of_wait(situation: &Situation) -> State {
    match (situation.profile, situation.partner) {
        (_, Some(State::Normal)) if situation.linked => State::Normal,
        // It says that once, and would wait for this server for ever.
        (_, Some(State::PotentialConflict | State::ResolutionInterrupted | State::ConflictDone))
            if situation.linked =>
        {
            State::PotentialConflict
        }
        (Profile::Isc, Some(State::Recover)) => State::PartnerDown,
        _ => State::RecoverDone,
    }
}

/// Sections 9.8.4, 9.9.3, 9.11.3, 9.13 and 9.14; section 9.3.2 step 1 for a server that never met its
/// partner. POTENTIAL-CONFLICT refuses PARTNER-DOWN: the partner is on the line and says otherwise.
fn on_command(state: State, command: Command) -> Next {
    use State::{PartnerDown, Paused, PotentialConflict, Shutdown, Startup};
    match (command, state) {
        (Command::PartnerDown, PotentialConflict | Paused | Shutdown) => Next::Refuse,
        (Command::PartnerDown, PartnerDown) | (Command::Shutdown, Shutdown) | (Command::Pause, Paused) => {
            Next::STAY
        }
        (Command::PartnerDown, _) => Next::go(PartnerDown),
        (Command::Shutdown, _) => Next::go(Shutdown),
        (Command::Pause, Shutdown) => Next::Refuse,
        (Command::Pause, _) => Next::go(Paused),
        (Command::Resume, Paused | Shutdown) => Next::go(Startup),
        (Command::Resume, _) => Next::Refuse,
    }
}
