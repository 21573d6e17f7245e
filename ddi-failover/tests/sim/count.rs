//! What happened in the worlds, so that it can be seen that all of it did.

use std::collections::BTreeMap;

use ddi_failover::State;

use crate::plan::{Fault, Ways};

/// How often each thing happened, over one world or many.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) faults: BTreeMap<Fault, u64>,
    pub(crate) moves: BTreeMap<(State, State), u64>,
    pub(crate) ways: BTreeMap<Ways, u64>,
    pub(crate) steps: u64,
    pub(crate) acks: u64,
}

impl Counts {
    pub(crate) fn add(&mut self, other: &Self) {
        fn sum<K: Ord + Copy>(into: &mut BTreeMap<K, u64>, from: &BTreeMap<K, u64>) {
            for (key, count) in from {
                *into.entry(*key).or_default() += count;
            }
        }
        sum(&mut self.faults, &other.faults);
        sum(&mut self.moves, &other.moves);
        sum(&mut self.ways, &other.ways);
        self.steps += other.steps;
        self.acks += other.acks;
    }

    /// A line for each kind.
    pub(crate) fn print(&self) {
        println!("{} steps, {} ACKs", self.steps, self.acks);
        println!("ways: {:?}", self.ways);
        println!("faults: {:?}", self.faults);
        let moves: Vec<String> =
            self.moves.iter().map(|((from, to), count)| format!("{from} -> {to}: {count}")).collect();
        println!("changes of state: {}", moves.join(", "));
    }

    /// The worlds were what they are meant to be.
    pub(crate) fn assert_all(&self, moves: &[(State, State)]) {
        for fault in Fault::ALL {
            assert!(self.faults.contains_key(&fault), "{fault:?} never happened");
        }
        for ways in [Ways::Rich, Ways::Draft, Ways::Isc, Ways::LikeDhcpd(0), Ways::LikeDhcpd(1)] {
            assert!(self.ways.contains_key(&ways), "{ways:?} was never chosen");
        }
        for (from, to) in moves {
            assert!(self.moves.contains_key(&(*from, *to)), "no server went from {from} to {to}");
        }
    }
}
