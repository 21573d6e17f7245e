//! The states of an endpoint.

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

/// Which of the two servers this one is in the relationship.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(clippy::exhaustive_enums, reason = "there are two servers in a relationship")]
pub enum Role {
    /// Owns FREE addresses; sends CONNECT.
    Primary,
    /// Owns BACKUP addresses.
    Secondary,
}

/// Whose ways the endpoint follows where the draft and dhcpd differ.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(clippy::exhaustive_enums, reason = "a rule must say what it does in each")]
pub enum Profile {
    /// ISC dhcpd 4.4.3: what it needs, and nothing that it does not survive.
    Isc,
    /// draft-ietf-dhc-failover-12 to the letter.
    Draft,
}
