//! The states of an endpoint (draft section 9): what moves it from one to the next ([`next`]), and what
//! has to be done on the way ([`effects`]). Both are pure; `DESIGN.md` shows them as tables.

mod effects;
mod step;
mod table;

use std::fmt;

pub use effects::{Ask, Change, Effects, Timer, ask, effects};
pub use step::{Command, Next, Situation, Trigger, next};
pub use table::{Cell, after_link_loss, listens_first, on_partner_state, survives};

/// A state of an endpoint (draft section 9). The wire numbers are the codec's business.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[allow(clippy::exhaustive_enums, reason = "the states of the draft; a table must handle all")]
pub enum State {
    /// Just started, and waiting for the partner's word. Serves nobody.
    Startup,
    /// Both servers work together.
    Normal,
    /// The partner can't be reached, but may be serving.
    CommunicationsInterrupted,
    /// The partner is known to serve nobody.
    PartnerDown,
    /// Both may have given the same address away; finding out. Serves nobody.
    PotentialConflict,
    /// Getting the leases from the partner. Serves nobody.
    Recover,
    /// Has the leases; waiting until all that was forgotten has ended. Serves nobody.
    RecoverWait,
    /// Ready for NORMAL as soon as the partner is. Serves renewals.
    RecoverDone,
    /// The partner went away during POTENTIAL-CONFLICT.
    ResolutionInterrupted,
    /// The primary has heard all of the secondary's leases, but not yet the other way round.
    ConflictDone,
    /// Will be back soon. Serves nobody.
    Paused,
    /// Going away for long: the partner takes over. Serves nobody.
    Shutdown,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 12] = [
        Self::Startup,
        Self::Normal,
        Self::CommunicationsInterrupted,
        Self::PartnerDown,
        Self::PotentialConflict,
        Self::Recover,
        Self::RecoverWait,
        Self::RecoverDone,
        Self::ResolutionInterrupted,
        Self::ConflictDone,
        Self::Paused,
        Self::Shutdown,
    ];

    /// The draft's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Startup => "STARTUP",
            Self::Normal => "NORMAL",
            Self::CommunicationsInterrupted => "COMMUNICATIONS-INTERRUPTED",
            Self::PartnerDown => "PARTNER-DOWN",
            Self::PotentialConflict => "POTENTIAL-CONFLICT",
            Self::Recover => "RECOVER",
            Self::RecoverWait => "RECOVER-WAIT",
            Self::RecoverDone => "RECOVER-DONE",
            Self::ResolutionInterrupted => "RESOLUTION-INTERRUPTED",
            Self::ConflictDone => "CONFLICT-DONE",
            Self::Paused => "PAUSED",
            Self::Shutdown => "SHUTDOWN",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Which of the two servers this one is in the relationship.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(clippy::exhaustive_enums, reason = "there are two servers in a relationship")]
pub enum Role {
    /// Owns FREE addresses; sends CONNECT.
    Primary,
    /// Owns BACKUP addresses.
    Secondary,
}

impl Role {
    /// The partner's.
    #[must_use]
    pub const fn partner(self) -> Self {
        match self {
            Self::Primary => Self::Secondary,
            Self::Secondary => Self::Primary,
        }
    }
}

/// Whose ways the endpoint follows where the draft and dhcpd differ.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(clippy::exhaustive_enums, reason = "a rule must say what it does in each")]
pub enum Profile {
    /// ISC dhcpd 4.4.3: what it needs, and nothing that it does not survive.
    Isc,
    /// draft-ietf-dhc-failover-12.
    Draft,
}
