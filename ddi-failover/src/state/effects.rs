//! What a change of state brings with it.

use crate::state::{Profile, Role, State};

/// A change of state. The new state and its time are always to be saved, durably, before anything here
/// is done; if that fails, the change does not happen (section 9.2).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(clippy::exhaustive_structs, reason = "the arguments of a pure function")]
pub struct Change {
    /// Whose ways to follow.
    pub profile: Profile,
    /// Which server this is.
    pub role: Role,
    /// The old state.
    pub from: State,
    /// The new state.
    pub to: State,
    /// A connection is up, past CONNECT and CONNECTACK: messages can be sent.
    pub linked: bool,
    /// What the partner said last.
    pub partner: Option<State>,
    /// The database is not the one that the partner's acknowledgements were made with.
    pub full_update_owed: bool,
}

/// Which leases to ask for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(clippy::exhaustive_enums, reason = "the protocol has two requests")]
pub enum Ask {
    /// UPDREQ: those that this server has not acknowledged.
    Changes,
    /// UPDREQALL: all.
    All,
}

/// A timer that belongs to a state; entering a state stops those of all others.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(clippy::exhaustive_enums, reason = "an endpoint must handle each")]
pub enum Timer {
    /// Ends STARTUP.
    Startup,
    /// Ends RECOVER-WAIT, at `start_time_of_state` + MCLT; runs without a connection too.
    RecoverWait,
    /// Ends COMMUNICATIONS-INTERRUPTED, if a safe period is configured.
    SafePeriod,
}

/// What to do, in this order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[allow(clippy::exhaustive_structs, reason = "an endpoint must handle each")]
pub struct Effects {
    /// The new state's start time is the old one's, not now.
    pub keep_start_time: bool,
    /// Send STATE.
    pub send_state: bool,
    /// Send this request.
    pub ask: Option<Ask>,
    /// Queue every lease that the partner has not acknowledged, and send.
    pub send_unacked: bool,
    /// Balance the pools now.
    pub balance: bool,
    /// Send POOLREQ.
    pub request_pool: bool,
    /// Start this timer.
    pub timer: Option<Timer>,
}

/// What a change of state brings with it. Draft sections 9.2, 9.3.2, 9.5.2, 9.6.2, 9.8.1, 9.9.1, 9.10.1
/// and what dhcpd does besides.
#[must_use]
pub fn effects(change: &Change) -> Effects {
    let Change { profile, role, from, to, linked, .. } = *change;
    let normal = to == State::Normal && linked;
    Effects {
        // A restart does not begin a state anew, and RECOVER-WAIT counts from where RECOVER did.
        keep_start_time: from == State::Startup || matches!(to, State::Startup | State::RecoverWait),
        send_state: linked && to != State::Startup,
        ask: if linked { asks_on_arrival(change) } else { None },
        send_unacked: normal,
        // dhcpd runs its balance by itself; by the draft the primary does when the secondary asks.
        balance: normal && (profile == Profile::Isc || role == Role::Primary),
        request_pool: normal && profile == Profile::Draft && role == Role::Secondary,
        timer: match to {
            State::Startup => Some(Timer::Startup),
            State::RecoverWait => Some(Timer::RecoverWait),
            State::CommunicationsInterrupted => Some(Timer::SafePeriod),
            _ => None,
        },
    }
}

/// The primary asks first; the secondary once the primary is done (section 9.10.1).
fn asks_on_arrival(change: &Change) -> Option<Ask> {
    let asks = match change.to {
        State::Recover => true,
        // Only a server that an operator put into PARTNER-DOWN without its leases comes here like this.
        State::Normal => change.full_update_owed,
        State::PotentialConflict => {
            change.role == Role::Primary || change.partner == Some(State::ConflictDone)
        }
        _ => false,
    };
    asks.then(|| ask(change.profile, change.to, change.full_update_owed))
}

/// Which leases to ask for in this state. dhcpd never uses UPDREQ in RECOVER. Whoever lost its database
/// asks for all, in whatever state it finds itself: dhcpd does not, and two servers came to NORMAL with
/// different databases that way.
#[must_use]
pub fn ask(profile: Profile, state: State, full_update_owed: bool) -> Ask {
    if full_update_owed || (profile == Profile::Isc && state == State::Recover) {
        Ask::All
    } else {
        Ask::Changes
    }
}
