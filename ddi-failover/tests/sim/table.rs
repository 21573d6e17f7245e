//! The tables of DESIGN.md, read from its text: the code is not asked what it would do.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use ddi_failover::State;
use ddi_failover::state::Profile;

use crate::check::MAY_MOVE;

const DESIGN: &str = include_str!("../../DESIGN.md");

/// Where the partner's word leads to, by own state and partner's.
type Table = BTreeMap<(State, State), State>;

/// As the tables' columns call them.
const SHORT: [(&str, State); 11] = [
    ("NO", State::Normal),
    ("CI", State::CommunicationsInterrupted),
    ("PD", State::PartnerDown),
    ("PC", State::PotentialConflict),
    ("R", State::Recover),
    ("RW", State::RecoverWait),
    ("RD", State::RecoverDone),
    ("RI", State::ResolutionInterrupted),
    ("CD", State::ConflictDone),
    ("PAU", State::Paused),
    ("SHU", State::Shutdown),
];

fn state(short: &str) -> Option<State> {
    SHORT.iter().find(|(name, _)| *name == short).map(|(_, state)| *state)
}

fn read(heading: &str) -> Table {
    let text = DESIGN.split_once(heading).expect("the table").1;
    let rows = text.lines().skip_while(|line| !line.starts_with("| own")).skip(2);
    let mut table = Table::new();
    for (row, (_, own)) in rows.take_while(|line| line.starts_with('|')).zip(SHORT) {
        assert!(row.contains(own.name()), "{row} is {own}'s");
        for (cell, (_, partner)) in row.split('|').skip(2).zip(SHORT) {
            if let Some(to) = state(cell.trim()) {
                table.insert((own, partner), to);
            }
        }
    }
    table
}

/// Where that leads to; `None`: nowhere.
pub(crate) fn on_partner(profile: Profile, own: State, partner: State) -> Option<State> {
    static TABLES: OnceLock<[Table; 2]> = OnceLock::new();
    let [isc, draft] = TABLES.get_or_init(|| [read("### With dhcpd"), read("### Between servers of ours")]);
    let table = if profile == Profile::Isc { isc } else { draft };
    table.get(&(own, partner)).copied()
}

/// A server that is not in STARTUP may go from one state to the other, for some reason.
pub(crate) fn may_move(from: State, to: State) -> bool {
    from == State::Startup || MAY_MOVE.iter().any(|(own, reached)| *own == from && reached.contains(&to))
}
