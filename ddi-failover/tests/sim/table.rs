//! The tables of DESIGN.md, read from its text: the code is not asked what it would do.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use ddi_failover::State;
use ddi_failover::state::Profile;

const DESIGN: &str = include_str!("../../DESIGN.md");
const HEADINGS: [&str; 3] = ["### With dhcpd", "### Between servers of ours", "### Everything else"];
/// The last of them.
const ELSE: usize = 2;

/// As the tables call them.
const SHORT: [(&str, State); 12] = [
    ("STA", State::Startup),
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

fn short(state: State) -> &'static str {
    SHORT.iter().find(|(_, named)| *named == state).map_or("", |(name, _)| name)
}

/// What DESIGN.md says.
struct Table {
    columns: Vec<&'static str>,
    rows: BTreeMap<State, Vec<&'static str>>,
}

fn cells(line: &'static str) -> impl Iterator<Item = &'static str> {
    line.trim_matches('|').split('|').map(str::trim)
}

fn read(heading: &str) -> Table {
    let text = DESIGN.split_once(heading).expect("the table").1;
    let mut lines = text.lines().skip_while(|line| !line.starts_with("| own"));
    let columns = cells(lines.next().expect("its head")).skip(1).collect();
    let rows = lines.skip(1).take_while(|line| line.starts_with('|'));
    let own = |row| cells(row).next()?.strip_suffix(')')?.rsplit_once('(').and_then(|(_, name)| state(name));
    Table { columns, rows: rows.map(|row| (own(row).expect(row), cells(row).skip(1).collect())).collect() }
}

fn tables() -> &'static [Table; 3] {
    static TABLES: OnceLock<[Table; 3]> = OnceLock::new();
    TABLES.get_or_init(|| HEADINGS.map(read))
}

/// A place in one of the tables: own state, and what happens.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Cell {
    table: usize,
    own: State,
    column: usize,
}

impl Cell {
    fn new(table: usize, own: State, column: &str) -> Self {
        let found = tables()[table].columns.iter().position(|name| *name == column);
        Self { table, own, column: found.unwrap_or_else(|| panic!("no column {column}")) }
    }

    /// The partner says that it is in this state.
    pub(crate) fn word(profile: Profile, own: State, partner: State) -> Self {
        Self::new(if profile == Profile::Isc { 0 } else { 1 }, own, short(partner))
    }

    /// Anything else; the column by its name.
    pub(crate) fn of(own: State, column: &str) -> Self {
        Self::new(ELSE, own, column)
    }

    pub(crate) fn text(&self) -> &'static str {
        tables()[self.table].rows.get(&self.own).map_or("", |row| row[self.column])
    }

    /// Where it leads to; `None`: nowhere.
    pub(crate) fn target(&self) -> Option<State> {
        state(self.text())
    }

    /// In this table and row, in one of these columns.
    pub(crate) fn is_in(&self, table: usize, own: &str, columns: &[&str]) -> bool {
        let column = tables()[self.table].columns[self.column];
        self.table == table && short(self.own) == own && columns.contains(&column)
    }

    /// As a test names it.
    pub(crate) fn name(&self) -> String {
        format!(
            "{}: {}, {}",
            HEADINGS[self.table],
            short(self.own),
            tables()[self.table].columns[self.column]
        )
    }
}

/// All places where anything stands.
pub(crate) fn all() -> impl Iterator<Item = Cell> {
    let places = tables().iter().enumerate().flat_map(|(table, it)| {
        let of = move |own: &State, row: &Vec<&str>| {
            let own = *own;
            (0..row.len()).map(move |column| Cell { table, own, column })
        };
        it.rows.iter().flat_map(move |(own, row)| of(own, row))
    });
    places.filter(|cell| !cell.text().is_empty())
}

/// The tables, with how often each place was reached.
pub(crate) fn print(counts: &BTreeMap<Cell, u64>) {
    for (at, table) in tables().iter().enumerate() {
        println!("{}\n| own | {} |", HEADINGS[at], table.columns.join(" | "));
        for (own, row) in &table.rows {
            let counted = |column| counts.get(&Cell { table: at, own: *own, column }).copied().unwrap_or(0);
            let texts = row.iter().enumerate().map(|(column, text)| match (*text, counted(column)) {
                ("", 0) => String::new(),
                (text, count) => format!("{text} {count}").trim().to_owned(),
            });
            println!("| {} | {} |", short(*own), texts.collect::<Vec<_>>().join(" | "));
        }
    }
}
