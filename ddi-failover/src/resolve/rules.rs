//! Whether to take an update.

use ddi_core::{BindingState, Lease, Origin, UnixTime};

use crate::resolve::update::{Refusal, Update};
use crate::state::{Profile, Role, State};

use BindingState::{Abandoned, Active, Backup, Expired, Free, Released, Reset};

/// dhcpd lets a lease end this much early on the partner's word: 60 s that the clocks may differ, and 5.
const ENDING_SLACK_SECONDS: u64 = 65;

/// All that a decision depends on, besides the update.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_structs, reason = "the arguments of a pure function")]
pub struct Context<'a> {
    /// Whose rules.
    pub profile: Profile,
    /// Which server this is.
    pub role: Role,
    /// The endpoint's state.
    pub state: State,
    /// Now.
    pub now: UnixTime,
    /// The lease as stored; FREE if it never was.
    pub held: &'a Lease,
    /// The address is in a pool of this relationship.
    pub in_pool: bool,
    /// Our own update of this lease that the partner has not acknowledged. dhcpd counts only one that is sent.
    pub outgoing: Option<Outgoing>,
    /// The partner has acknowledged what is stored here, or said it: whatever it says now comes after that,
    /// and its clock does not matter. Between servers of ours only.
    pub known: bool,
}

/// What our own update said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_structs, reason = "what a duel is decided by")]
pub struct Outgoing {
    /// The lease's state in it.
    pub state: BindingState,
    /// Its client_last_transaction_time.
    pub client_last_transaction_time: UnixTime,
}

/// An update is to be taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_structs, reason = "what the endpoint has to know")]
pub struct Accepted {
    /// Our own update lost the duel: forget that it was sent.
    pub cancels_outgoing: bool,
    /// The lease was another client's. What stands in DNS for that one has to go.
    pub changes_client: bool,
}

/// Whether to take an update. In the order of dhcpd's checks, so that its reasons are the same.
///
/// # Errors
///
/// The [`Refusal`] to send back.
pub fn decide(context: &Context<'_>, update: &Update<'_>) -> Result<Accepted, Refusal> {
    if !context.in_pool {
        return Err(Refusal::IllegalAddress);
    }
    if let Some(outgoing) = context.outgoing
        && outgoing_wins(context.role, outgoing, update)
    {
        return Err(Refusal::OwnIsBetter);
    }
    check_flags(context, update)?;
    let lost = context.outgoing.is_some();
    let rule = match context.profile {
        // Who lost a duel gives way: else both would refuse, and stay different.
        Profile::Draft if lost => Rule::Yes,
        Profile::Isc if context.state == State::Normal => {
            isc_in_normal(context.role, context.held.state, update.state)
        }
        Profile::Isc => isc_elsewhere(context.state, context.held.state, update.state),
        Profile::Draft => draft(context.held.state, update.state),
    };
    judge(rule, context, update)?;
    Ok(Accepted {
        cancels_outgoing: lost,
        changes_client: context.held.state == Active && !update.same_client(context.held),
    })
}

/// A duel: both servers changed the lease, and our update is on its way. The draft has no rule. Two
/// clients that were served: the later one, or the primary's. A client that was served matters more than
/// the end of a lease. The rest is for the primary to say.
///
/// dhcpd has the same, but lets EXPIRED win against its own ACTIVE, and its secondary lets every end win;
/// since its primary then gives way to the ACTIVE too, two dhcpd swap their states. This rule gives two
/// servers of ours the same answer, never wins where dhcpd believes that it has won, and where both give
/// way, what is kept here is the ACTIVE.
#[must_use]
pub fn outgoing_wins(role: Role, ours: Outgoing, theirs: &Update<'_>) -> bool {
    let time = theirs.client_last_transaction_time.unwrap_or(UnixTime::UNSET);
    match (ours.state, theirs.state) {
        (Active, Active) if ours.client_last_transaction_time != time => {
            ours.client_last_transaction_time > time
        }
        (Active, theirs) if theirs != Active => true,
        (ours, Active) if ours != Active => false,
        _ => role == Role::Primary,
    }
}

/// dhcpd: a flag that the lease, being this server's own free one, lacks. Draft, section 7.1.3: a
/// reserved BACKUP that is not reserved here.
fn check_flags(context: &Context<'_>, update: &Update<'_>) -> Result<(), Refusal> {
    let own_free = match context.role {
        Role::Primary => Free,
        Role::Secondary => Backup,
    };
    let checked = match context.profile {
        Profile::Isc => context.held.state == own_free,
        Profile::Draft => update.state == Backup,
    };
    if checked && update.reserved && !context.held.reserved {
        return Err(Refusal::NotReserved);
    }
    if context.profile == Profile::Isc && checked && update.bootp && !context.held.bootp {
        return Err(Refusal::NotBootp);
    }
    Ok(())
}

/// What a cell of the tables below says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Rule {
    /// Take it.
    Yes,
    /// Refuse: the transition is forbidden.
    No,
    /// Take it if the stored lease has ended, or will within the slack.
    Ending,
    /// Take it if the potential expiration time in it has passed.
    Unpromised,
    /// time(1): take it if its client was heard later.
    Later,
    /// time(2): take it if the stored lease has ended.
    Over,
    /// time(3): take it if its client was heard after the stored state began.
    SinceState,
    /// (4): refuse, what is stored matters more.
    Critical,
    /// (5): take it if the client is the same, or this is the secondary.
    OneClient,
}

fn judge(rule: Rule, context: &Context<'_>, update: &Update<'_>) -> Result<(), Refusal> {
    let held = context.held;
    let transition = Refusal::Transition { from: held.state, to: update.state };
    // Section 7.1.3: no time is never later, and any time is later than none.
    let heard = update.client_last_transaction_time.unwrap_or(UnixTime::UNSET);
    let potential = update.potential_expiration.unwrap_or(held.potential_expiration_time.received);
    let known = context.known && context.profile == Profile::Draft;
    let over = context.now > held.expiration_time;
    let (taken, refusal) = match rule {
        Rule::Later | Rule::SinceState | Rule::Critical if known => (true, transition),
        // Who gave the lease knows best when it ends.
        Rule::Over if known => (over || held.origin != Origin::Local, Refusal::Outdated),
        // The partner was alone, and may have waited until the address was free again.
        Rule::OneClient if known && over || recovers(context.state) => (true, transition),
        Rule::Yes => (true, transition),
        Rule::No => (false, transition),
        Rule::Ending => (held.expiration_time <= context.now.plus_secs(ENDING_SLACK_SECONDS), transition),
        Rule::Unpromised => (potential <= context.now, transition),
        Rule::Later => (heard > held.client_last_transaction_time, Refusal::Outdated),
        Rule::Over => (over, Refusal::Outdated),
        Rule::SinceState => (heard > held.start_time_of_state, Refusal::Outdated),
        Rule::Critical => (false, Refusal::LessCritical),
        Rule::OneClient => {
            (context.role == Role::Secondary || update.same_client(held), Refusal::OtherClient)
        }
    };
    if taken { Ok(()) } else { Err(refusal) }
}

/// Comes from where it could not be reached.
const fn recovers(state: State) -> bool {
    matches!(state, State::Recover | State::RecoverWait | State::RecoverDone)
}

/// dhcpd in NORMAL: a row per stored state, a column per state in the update.
fn isc_in_normal(role: Role, held: BindingState, update: BindingState) -> Rule {
    match (held, update) {
        (held, update) if held == update => Rule::Yes,
        (Active, Released | Abandoned) => Rule::Yes,
        // A lease that a client holds is not taken from the primary's hands.
        (Active, _) if role == Role::Primary => Rule::No,
        (Active, Expired) => Rule::Ending,
        (Active | Expired | Reset, Free | Backup) => Rule::Unpromised,
        _ => Rule::Yes,
    }
}

/// dhcpd in all other states; but in PARTNER-DOWN it makes FREE of a lease that ended without ever saying
/// EXPIRED, and says that once. Who comes back to it, and refused, would keep a lease that is over. By the
/// draft's figure it is taken, too.
fn isc_elsewhere(state: State, held: BindingState, update: BindingState) -> Rule {
    match (held, update) {
        (Active, Free | Backup) if recovers(state) => Rule::Ending,
        (Active, Free | Backup) => Rule::No,
        (Active, Expired) => Rule::Ending,
        _ => Rule::Yes,
    }
}

/// Draft figure 7.1.3-1.
fn draft(held: BindingState, update: BindingState) -> Rule {
    match (held, update) {
        (_, Reset | Abandoned) => Rule::Yes,
        (Active, Active) => Rule::OneClient,
        (Active, Expired | Free | Backup) => Rule::Over,
        (Active, Released) => Rule::Later,
        (Expired, Active) | (Released, Active | Expired) => Rule::Later,
        (Reset, Active) => Rule::SinceState,
        (Abandoned, _) => Rule::Critical,
        _ => Rule::Yes,
    }
}
