//! DESIGN.md shows the tables that the code has.

use std::fmt::Write as _;

use ddi_failover::state::{
    Cell, Profile, Role, Situation, State, Trigger, after_link_loss, next, on_partner_state,
};

use State::*;

const COLUMNS: [(State, &str); 11] = [
    (Normal, "NO"),
    (CommunicationsInterrupted, "CI"),
    (PartnerDown, "PD"),
    (PotentialConflict, "PC"),
    (Recover, "R"),
    (RecoverWait, "RW"),
    (RecoverDone, "RD"),
    (ResolutionInterrupted, "RI"),
    (ConflictDone, "CD"),
    (Paused, "PAU"),
    (Shutdown, "SHU"),
];

fn short(state: State) -> &'static str {
    COLUMNS.iter().find(|(column, _)| *column == state).map_or("STA", |(_, short)| short)
}

fn cell(cell: Cell) -> &'static str {
    match cell {
        Cell::Stay => "",
        Cell::Go(state) => short(state),
        Cell::Ask => "ask",
        Cell::Balance => "balance",
        Cell::HangUp => "hang up",
        Cell::ResumeIn(_) => "(R)",
    }
}

/// What the partner's STATE does.
fn partner_table(profile: Profile) -> String {
    let mut text = String::from("| own \\ partner |");
    for (_, short) in COLUMNS {
        write!(text, " {short} |").unwrap();
    }
    text.push_str("\n|---|---|---|---|---|---|---|---|---|---|---|---|\n");
    for (own, short) in COLUMNS {
        write!(text, "| {own} ({short}) |").unwrap();
        for (partner, _) in COLUMNS {
            write!(text, " {} |", cell(on_partner_state(profile, own, partner))).unwrap();
        }
        text.push('\n');
    }
    text
}

/// What else moves an endpoint; the same in both profiles but for one cell, which the text names.
fn other_table() -> String {
    let mut text = String::from(
        "| own | connection lost | UPDDONE, primary | UPDDONE, secondary | MCLT over | safe period over | partner-down | shutdown | pause | resume |\n\
         |---|---|---|---|---|---|---|---|---|---|\n",
    );
    for own in State::ALL {
        let step = |role, trigger| {
            let situation = Situation {
                profile: Profile::Draft,
                role,
                state: own,
                resume: Normal,
                partner: Some(ConflictDone),
                // What else counts at the end of RECOVER-WAIT is below the table.
                linked: false,
                partner_down_after_us: false,
                wait_over: false,
                both_recovering: false,
            };
            match next(&situation, trigger) {
                ddi_failover::state::Next::Refuse => "refused",
                ddi_failover::state::Next::Cell(it) => cell(it),
            }
        };
        use ddi_failover::state::Command::{PartnerDown, Pause, Resume, Shutdown};
        let commands = [PartnerDown, Shutdown, Pause, Resume].map(Trigger::Command);
        write!(
            text,
            "| {own} ({}) | {} | {} | {} | {} | {} |",
            short(own),
            if own == after_link_loss(own) { "" } else { short(after_link_loss(own)) },
            step(Role::Primary, Trigger::UpdateDone),
            step(Role::Secondary, Trigger::UpdateDone),
            step(Role::Primary, Trigger::RecoverWaitOver),
            step(Role::Primary, Trigger::SafePeriodOver),
        )
        .unwrap();
        for command in commands {
            write!(text, " {} |", step(Role::Primary, command)).unwrap();
        }
        text.push('\n');
    }
    text
}

#[test]
fn the_document_shows_the_codes_tables() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/DESIGN.md");
    let document = std::fs::read_to_string(path).unwrap();
    let tables = [partner_table(Profile::Isc), partner_table(Profile::Draft), other_table()];
    for table in &tables {
        assert!(document.contains(table.as_str()), "DESIGN.md lacks:\n{}", tables.join("\n"));
    }
}
