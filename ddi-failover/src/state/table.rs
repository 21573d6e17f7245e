//! What a partner's STATE does, as tables: a row per own state, a column per partner's state.

use crate::state::{Profile, State};

use State::{
    CommunicationsInterrupted, ConflictDone, Normal, PartnerDown, Paused, PotentialConflict, Recover,
    RecoverDone, RecoverWait, ResolutionInterrupted, Shutdown, Startup,
};

/// One cell.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(clippy::exhaustive_enums, reason = "an endpoint must handle each")]
pub enum Cell {
    /// Nothing happens.
    Stay,
    /// Go to this state.
    Go(State),
    /// Stay, and ask for leases: UPDREQ or UPDREQALL as [`ask`](crate::state::ask) says.
    Ask,
    /// Stay, and see that the pools get balanced.
    Balance,
    /// Close the connection: there is no way on from here while it is up.
    HangUp,
    /// Stay, but resume in this state later.
    ResumeIn(State),
}

/// A row: what happens for each state of the partner, in the order of the [`COLUMNS`].
type Row = [Cell; 11];

/// The partner's states; it never reports STARTUP.
const COLUMNS: [State; 11] = [
    Normal,
    CommunicationsInterrupted,
    PartnerDown,
    PotentialConflict,
    Recover,
    RecoverWait,
    RecoverDone,
    ResolutionInterrupted,
    ConflictDone,
    Paused,
    Shutdown,
];

const __: Cell = Cell::Stay;
const NO: Cell = Cell::Go(Normal);
const CI: Cell = Cell::Go(CommunicationsInterrupted);
const PD: Cell = Cell::Go(PartnerDown);
const PC: Cell = Cell::Go(PotentialConflict);
const RI: Cell = Cell::Go(ResolutionInterrupted);
const ASK: Cell = Cell::Ask;
const BAL: Cell = Cell::Balance;
const HUP: Cell = Cell::HangUp;
const REC: Cell = Cell::ResumeIn(Recover);

const NOTHING: Row = [__; 11];

/// Draft sections 9.4.3, 9.5.2, 9.7.2, 9.8.4, 9.9.3, 9.10.3, 9.11.3, 9.12.3. Where only the figure
/// speaks (RECOVER-DONE) or nothing does, the cell is the one that leaves nobody waiting for ever and
/// serves no address twice; `DESIGN.md` lists these.
#[rustfmt::skip]
const fn draft(own: State) -> Row {
    match own {
        //                           NO   CI   PD   PC   REC  R-W  R-D  RI   C-D  PAU  SHU
        Normal                   => [BAL, __,  PC,  PC,  CI,  CI,  __,  PC,  PC,  CI,  PD],
        CommunicationsInterrupted=> [NO,  NO,  PC,  PC,  __,  __,  NO,  PC,  PC,  __,  PD],
        PartnerDown              => [PC,  PC,  PC,  PC,  __,  __,  NO,  PC,  PC,  __,  __],
        PotentialConflict        => [HUP, __,  __,  __,  __,  __,  __,  __,  ASK, __,  RI],
        Recover                  => [ASK, ASK, ASK, PC,  ASK, ASK, ASK, PC,  PC,  __,  __],
        RecoverDone              => [NO,  __,  __,  PC,  __,  __,  NO,  PC,  PC,  __,  PD],
        ResolutionInterrupted    => [PC,  PC,  PC,  PC,  PC,  PC,  PC,  PC,  PC,  __,  __],
        ConflictDone             => [NO,  __,  PC,  __,  __,  __,  NO,  __,  __,  __,  PD],
        Shutdown                 => [__,  __,  REC, __,  __,  __,  __,  __,  __,  __,  __],
        RecoverWait | Paused | Startup => NOTHING,
    }
}

/// With dhcpd: a partner in RECOVER serves nobody and takes the leases of a server in PARTNER-DOWN, so
/// that is where this one goes, as dhcpd does. From RECOVER-DONE too: dhcpd in RECOVER never asks a
/// server in RECOVER-DONE, and both would wait for ever.
#[rustfmt::skip]
const fn isc(own: State) -> Row {
    match own {
        //                           NO   CI   PD   PC   REC  R-W  R-D  RI   C-D  PAU  SHU
        Normal                   => [BAL, __,  PC,  PC,  PD,  CI,  __,  PC,  PC,  CI,  PD],
        CommunicationsInterrupted=> [NO,  NO,  PC,  PC,  PD,  __,  NO,  PC,  PC,  __,  PD],
        RecoverDone              => [NO,  __,  __,  PC,  PD,  __,  NO,  PC,  PC,  __,  PD],
        other => draft(other),
    }
}

/// What a STATE of the partner does to an endpoint in state `own`, STARTUP excepted.
#[must_use]
pub fn on_partner_state(profile: Profile, own: State, partner: State) -> Cell {
    let row = match profile {
        Profile::Isc => isc(own),
        Profile::Draft => draft(own),
    };
    COLUMNS.iter().zip(row).find(|(column, _)| **column == partner).map_or(Cell::Stay, |(_, cell)| cell)
}

/// Where the loss of the connection leads (sections 9.8.4, 9.10.3, 9.12.3), and where a restart begins
/// that found `own` saved (section 9.3.2 step 2).
#[must_use]
pub const fn after_link_loss(own: State) -> State {
    match own {
        Normal => CommunicationsInterrupted,
        PotentialConflict => ResolutionInterrupted,
        other => other,
    }
}

/// The first STATE on a connection waits for the partner's: what dhcpd is told at the wrong moment can be
/// its end ([`survives`]), and it speaks without being spoken to. Two servers that both wait would wait
/// for ever, so only with dhcpd.
#[must_use]
pub const fn listens_first(profile: Profile) -> bool {
    matches!(profile, Profile::Isc)
}

/// May a partner in state `partner` be told that this server is in `own`? In CONFLICT-DONE dhcpd exits
/// or goes to SHUTDOWN on most, in NORMAL and POTENTIAL-CONFLICT it goes to SHUTDOWN on some. Where this
/// is false, the connection has to be closed instead: what dhcpd does then is the same without harm.
#[must_use]
pub const fn survives(profile: Profile, partner: State, own: State) -> bool {
    match profile {
        Profile::Draft => true,
        Profile::Isc => match partner {
            ConflictDone => matches!(own, Normal | PotentialConflict | ResolutionInterrupted),
            Normal => !matches!(own, PotentialConflict | ResolutionInterrupted | ConflictDone),
            PotentialConflict => !matches!(own, Normal),
            _ => true,
        },
    }
}
