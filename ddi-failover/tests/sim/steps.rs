//! What moves a server, told from its events, and compared with the tables: each word of the partner's has just the
//! effect that its place in them says.

use ddi_failover::saved::Saved;
use ddi_failover::state::{Command, Profile, after_link_loss};
use ddi_failover::{Role, State};

use crate::table::Cell;

/// What is known of a server that runs.
#[derive(Clone, Debug)]
pub(crate) struct Steps {
    role: Role,
    state: State,
    /// What STARTUP goes on with.
    resume: State,
    /// The partner's word that nothing followed yet, and whether the partner is in STARTUP.
    word: Option<(Cell, bool)>,
    /// NORMAL waits until the partner knows everything.
    hands_back: Option<Cell>,
    updated: bool,
    /// An operator's word.
    said: Option<Cell>,
}

/// PAUSED and SHUTDOWN go on with the state from before, as STARTUP does.
const fn rests(state: State) -> bool {
    matches!(state, State::Startup | State::Paused | State::Shutdown)
}

impl Steps {
    /// In STARTUP. `saved`: what it begins with, unless its leases are lost.
    pub(crate) fn new(role: Role, saved: Option<Saved>) -> Self {
        let resume = saved.map_or(State::Recover, |it| if rests(it.state) { it.resume } else { it.state });
        let (word, hands_back, said) = (None, None, None);
        Self { role, state: State::Startup, resume, word, hands_back, updated: false, said }
    }

    /// The state that the tables have for it.
    fn own(&self) -> State {
        if self.state == State::Startup { after_link_loss(self.resume) } else { self.state }
    }

    /// An operator has said something, which was done or `refused`. Its place, if nothing else follows.
    pub(crate) fn said(&mut self, command: Command, refused: bool) -> Option<Cell> {
        let cell = Cell::of(self.state, column(command));
        assert_eq!(cell.text() == "refused", refused, "{}", cell.name());
        self.said = Some(cell).filter(|cell| cell.target().is_some());
        Some(cell).filter(|cell| cell.target().is_none())
    }

    /// All that it had waited for has come.
    pub(crate) fn updated(&mut self) {
        self.word_is_done();
        self.updated = true;
    }

    /// The partner's word. Its place, if it moves nothing; what the word does in STARTUP has none.
    pub(crate) fn heard(&mut self, profile: Profile, partner: State, startup: bool) -> Option<Cell> {
        self.word_is_done();
        let cell = Cell::word(profile, self.own(), partner);
        (self.word, self.hands_back) = (Some((cell, startup)), None);
        if cell.text() == "(R)" {
            self.resume = State::Recover;
        }
        Some(cell).filter(|cell| self.state != State::Startup && cell.target().is_none())
    }

    /// Nothing more follows from what was heard and said.
    pub(crate) fn settled(&mut self) {
        self.word_is_done();
        assert!(self.said.take().is_none(), "{} did not do what an operator said", self.state);
    }

    /// The word before was one that moves nothing.
    fn word_is_done(&mut self) {
        self.updated = false;
        let Some((cell, startup)) = self.word.take() else { return };
        assert!(self.state != State::Startup, "STARTUP goes on after {}", cell.name());
        match (self.state, cell.target()) {
            (State::PartnerDown, _) if startup => {}
            (State::PartnerDown, Some(State::Normal)) => self.hands_back = Some(cell),
            (_, target) => assert_eq!(target, None, "{} does nothing", cell.name()),
        }
    }

    /// Its state changed. The place where the tables say so; what ends STARTUP has none.
    pub(crate) fn moved(&mut self, from: State, to: State) -> Option<Cell> {
        assert_eq!(from, self.state, "it was somewhere else");
        let (updated, hands_back) = (std::mem::take(&mut self.updated), self.hands_back.take());
        let said = self.said.take_if(|said| said.target() == Some(to));
        let word = self.word.take_if(|(cell, _)| from == State::Startup || cell.target() == Some(to));
        self.word_is_done();
        let cell = match (word, said, from) {
            (Some((cell, startup)), _, State::Startup) => {
                self.starts(cell, startup, to);
                None
            }
            (Some((cell, startup)), ..) => Some(cell).filter(|_| !(startup && from == State::PartnerDown)),
            (None, Some(cell), _) => Some(cell),
            (None, None, State::Startup) => {
                assert_eq!(to, after_link_loss(self.resume), "STARTUP ends by itself");
                None
            }
            (None, None, State::PartnerDown) => hands_back,
            (None, None, _) => Some(Cell::of(from, self.by_itself(to, updated))),
        };
        let says = match (from, to) {
            (State::Startup, _) => None,
            // After the table: what else counts when RECOVER and RECOVER-WAIT end.
            (State::Recover, State::RecoverDone) if updated => None,
            (State::RecoverWait, State::Normal | State::PartnerDown | State::PotentialConflict) => None,
            _ => Some(to),
        };
        let known = cell.map_or("nothing".into(), |cell| cell.name());
        assert!(says.is_none() || cell.and_then(|cell| cell.target()) == says, "{from} -> {to} by {known}");
        if !rests(to) {
            self.resume = to;
        } else if !rests(from) {
            self.resume = from;
        }
        self.state = to;
        cell
    }

    /// The partner's word ends STARTUP, as if the saved state had lost the connection and now regained it.
    fn starts(&mut self, cell: Cell, startup: bool, to: State) {
        let own = self.own();
        let target = cell.target().filter(|_| !(startup && own == State::PartnerDown)).unwrap_or(own);
        if own == State::PartnerDown && target == State::Normal {
            self.hands_back = Some(cell);
            return assert_eq!(to, own, "STARTUP hands back");
        }
        let overtaken = own == State::CommunicationsInterrupted && target == State::PotentialConflict;
        let good = to == target || overtaken && to == State::Recover;
        assert!(good, "STARTUP ends in {to}, {} says {target}", cell.name());
    }

    /// The column of what moved it without a word.
    fn by_itself(&self, to: State, updated: bool) -> &'static str {
        match (self.state, self.role) {
            (State::Recover | State::PotentialConflict, Role::Primary) if updated => "UPDDONE, primary",
            (State::Recover | State::PotentialConflict, Role::Secondary) if updated => "UPDDONE, secondary",
            (State::RecoverWait, _) => "MCLT over",
            _ if to == State::PartnerDown => "safe period over",
            _ => "connection lost",
        }
    }
}

/// As the table calls it.
const fn column(command: Command) -> &'static str {
    match command {
        Command::PartnerDown => "partner-down",
        Command::Shutdown => "shutdown",
        Command::Pause => "pause",
        Command::Resume => "resume",
        _ => "no column",
    }
}
