//! What happened in the worlds, so that it can be seen that all of it did.

use std::collections::BTreeMap;

use ddi_failover::State;

use crate::plan::{Fault, Plan, Ways};
use crate::steer::Steer;
use crate::table::{self, Cell};

/// Clocks that differ by more seconds than this are apart.
const APART_SECONDS: u64 = 20;

/// Places of the tables that no world reaches, or hardly one of 2,000, by table, own state and column: the partner's
/// first word on a connection is that of a state in which it was without one, and what it says next follows from it.
const UNREACHED: [(usize, &str, &[&str]); 15] = [
    (0, "NO", &["PD", "PC", "R", "RW", "RI", "CD"]),
    (0, "PD", &["NO"]),
    (0, "PC", &["NO"]),
    (0, "R", &["NO", "PC", "RW"]),
    (0, "RD", &["PC", "RI", "CD"]),
    (0, "RI", &["NO", "RW", "RD"]),
    (0, "CD", &["PD", "RD"]),
    (1, "NO", &["PD", "PC", "R", "RW", "RI", "CD"]),
    (1, "CI", &["NO", "PC"]),
    (1, "PD", &["NO"]),
    (1, "PC", &["NO"]),
    (1, "R", &["NO", "PC"]),
    (1, "RD", &["PC", "RI", "CD"]),
    (1, "RI", &["NO", "PC", "RW", "RD"]),
    (1, "CD", &["RD"]),
];

/// What is not a fault of its own, but has to be met.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Seen {
    /// Nothing gets through in one direction only.
    OneWay,
    BothWays,
    /// A connection is dead, and one of its servers is not told.
    HalfOpen,
    /// Bytes arrive after later ones of another connection.
    Overtaken,
    /// A crash leaves a part of what was not yet synced.
    TornTail,
    EmptyDisk,
    OldDisk,
    /// The clocks differ by much.
    ClocksApart,
    /// They run at different speeds.
    Drift,
    /// A server has no address for a client.
    Exhausted,
    /// A server that serves was taken to be down.
    Mistake,
}

impl Seen {
    const ALL: [Self; 11] = [
        Self::OneWay,
        Self::BothWays,
        Self::HalfOpen,
        Self::Overtaken,
        Self::TornTail,
        Self::EmptyDisk,
        Self::OldDisk,
        Self::ClocksApart,
        Self::Drift,
        Self::Exhausted,
        Self::Mistake,
    ];
}

/// How often each thing happened, over one world or many.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) faults: BTreeMap<Fault, u64>,
    seen: BTreeMap<Seen, u64>,
    pub(crate) moves: BTreeMap<(State, State), u64>,
    /// Where in the tables.
    cells: BTreeMap<Cell, u64>,
    ways: BTreeMap<Ways, u64>,
    steers: BTreeMap<Option<Steer>, u64>,
    pub(crate) steps: u64,
    pub(crate) acks: u64,
}

impl Counts {
    /// Of a world that begins.
    pub(crate) fn new(plan: &Plan) -> Self {
        let ways = [(plan.ways, 1)].into();
        let mut counts = Self { ways, steers: [(plan.steer, 1)].into(), ..Self::default() };
        let [one, other] = plan.offset_seconds;
        if one.abs_diff(other) > APART_SECONDS {
            counts.seen(Seen::ClocksApart);
        }
        if plan.drift_ppm[0] != plan.drift_ppm[1] {
            counts.seen(Seen::Drift);
        }
        counts
    }

    pub(crate) fn add(&mut self, other: &Self) {
        fn sum<K: Ord + Copy>(into: &mut BTreeMap<K, u64>, from: &BTreeMap<K, u64>) {
            for (key, count) in from {
                *into.entry(*key).or_default() += count;
            }
        }
        sum(&mut self.faults, &other.faults);
        sum(&mut self.seen, &other.seen);
        sum(&mut self.moves, &other.moves);
        sum(&mut self.cells, &other.cells);
        sum(&mut self.ways, &other.ways);
        sum(&mut self.steers, &other.steers);
        self.steps += other.steps;
        self.acks += other.acks;
    }

    pub(crate) fn seen(&mut self, what: Seen) {
        *self.seen.entry(what).or_default() += 1;
    }

    pub(crate) fn cell(&mut self, cell: Option<Cell>) {
        if let Some(cell) = cell {
            *self.cells.entry(cell).or_default() += 1;
        }
    }

    /// How often each state was come to.
    fn states(&self) -> BTreeMap<State, u64> {
        let mut states = BTreeMap::new();
        for ((_, to), count) in &self.moves {
            *states.entry(*to).or_default() += count;
        }
        states
    }

    /// A line for each kind, and the tables.
    pub(crate) fn print(&self) {
        println!("{} steps, {} ACKs", self.steps, self.acks);
        println!("ways: {:?}", self.ways);
        println!("led to: {:?}", self.steers);
        println!("faults: {:?}", self.faults);
        println!("circumstances: {:?}", self.seen);
        println!("states: {:?}", self.states());
        let out = self.moves.iter().filter(|((from, _), _)| *from == State::Startup);
        let out: Vec<String> = out.map(|((_, to), count)| format!("{to}: {count}")).collect();
        println!("out of STARTUP: {}", out.join(", "));
        table::print(&self.cells);
    }

    /// The worlds were what they are meant to be.
    pub(crate) fn assert_all(&self) {
        let missing = |what: String, there: bool| (!there).then_some(what);
        let faults = Fault::ALL.into_iter().chain([Fault::Outlived, Fault::Mistake, Fault::Say]);
        let ways = [Ways::Rich, Ways::Draft, Ways::Isc, Ways::LikeDhcpd(0), Ways::LikeDhcpd(1)];
        let steers = Steer::ALL.into_iter().map(Some).chain([None]);
        let known = |cell: &Cell| {
            let here = |place: &&(usize, &str, &[&str])| cell.is_in(place.0, place.1, place.2);
            !UNREACHED.iter().any(|place| here(&place))
        };
        let (states, cells) = (self.states(), table::all().filter(known));
        let missed: Vec<String> = faults
            .filter_map(|it| missing(format!("{it:?}"), self.faults.contains_key(&it)))
            .chain(ways.into_iter().filter_map(|it| missing(format!("{it:?}"), self.ways.contains_key(&it))))
            .chain(steers.filter_map(|it| missing(format!("{it:?}"), self.steers.contains_key(&it))))
            .chain(
                Seen::ALL
                    .into_iter()
                    .filter_map(|it| missing(format!("{it:?}"), self.seen.contains_key(&it))),
            )
            .chain(State::ALL.into_iter().filter_map(|it| missing(it.to_string(), states.contains_key(&it))))
            .chain(cells.filter_map(|it| missing(it.name(), self.cells.contains_key(&it))))
            .collect();
        assert!(missed.is_empty(), "never happened: {missed:#?}");
    }
}
