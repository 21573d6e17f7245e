//! `dora`: what failover costs the servers. One node alone, a pair of which one serves all clients, and a pair
//! of which each serves half, at the same rate, which none of them is hard pressed by.

use std::path::Path;
use std::time::Duration;

use super::node::{Node, Partner, Setup, settle};
use crate::Failure;
use crate::dhcp::net::{LOAD_ADDRESSES, Net, SERVER_ADDRESSES};
use crate::dhcp::perfdhcp::{Exchange, Load, Threads, together};
use crate::row::fresh_folder;
use crate::table::{self, grouped};

/// Half of it is each server's, and twice as much as the clients of one load need.
const POOL: &str = "10.80.0.0-10.83.255.255";
const RATES: [f64; 3] = [2000.0, 4000.0, 6000.0];
const SECONDS: u32 = 5;
/// Different clients of each load.
const CLIENTS: u32 = 50_000;
/// Of this many the one with the least processor time counts: what else the machine does only adds to it.
const RUNS: usize = 2;
const PATIENCE: Duration = Duration::from_secs(120);

#[derive(Clone, Copy)]
enum Layout {
    Alone,
    OneServes,
    BothServe,
}

impl Layout {
    const ALL: [Self; 3] = [Self::Alone, Self::OneServes, Self::BothServe];

    const fn name(self) -> &'static str {
        match self {
            Self::Alone => "one alone",
            Self::OneServes => "a pair, the primary serves",
            Self::BothServe => "a pair, both serve",
        }
    }

    const fn nodes(self) -> usize {
        if let Self::Alone = self { 1 } else { 2 }
    }

    fn settle(self, nodes: &[Node]) -> Result<(), Failure> {
        if self.nodes() == 2 { settle(nodes, PATIENCE) } else { Ok(()) }
    }

    const fn loads(self) -> usize {
        if let Self::BothServe = self { 2 } else { 1 }
    }
}

/// Of one layout at one rate.
struct Measured {
    done: f64,
    lost: f64,
    per_cpu: f64,
}

pub(super) fn run(program: &Path) -> Result<(), Failure> {
    println!("exchanges by perfdhcp, {SECONDS} s each, the best of {RUNS}; the CPU seconds are all servers'");
    let net = Net::new()?;
    let mut all = Vec::new();
    for layout in Layout::ALL {
        all.push(measure(program, &net, layout)?);
    }
    let mut rows = Vec::new();
    for (nth, rate) in RATES.iter().enumerate() {
        for (layout, measured) in Layout::ALL.iter().zip(&all) {
            let (one, alone) = (&measured[nth], &all[0][nth]);
            rows.push(vec![
                layout.name().to_owned(),
                grouped(*rate),
                grouped(one.done),
                format!("{:.2} %", one.lost * 100.0),
                grouped(one.per_cpu),
                format!("{:.0} %", one.per_cpu / alone.per_cpu * 100.0),
            ]);
        }
    }
    table::print(&["", "asked/s", "done/s", "lost", "DORA per CPU s", "of one alone"], &rows);
    Ok(())
}

/// One layout at all rates, from an empty database.
fn measure(program: &Path, net: &Net, layout: Layout) -> Result<Vec<Measured>, Failure> {
    let folder = fresh_folder("failover-dora")?;
    let mut nodes = Vec::new();
    for nth in 0..layout.nodes() {
        let mut node = node(program, &folder, nth, layout)?;
        node.start_by(|program| net.on_server(program))?;
        nodes.push(node);
    }
    layout.settle(&nodes)?;
    let mut found = Vec::new();
    for rate in RATES {
        let mut best: Option<Measured> = None;
        for _ in 0..RUNS {
            let one = trial(net, &nodes, layout, rate)?;
            println!("{}, {rate:.0}/s: {} per CPU second", layout.name(), grouped(one.per_cpu));
            best = best.into_iter().chain([one]).max_by(|a, b| a.per_cpu.total_cmp(&b.per_cpu));
        }
        found.extend(best);
    }
    drop(nodes);
    std::fs::remove_dir_all(&folder)?;
    Ok(found)
}

fn node(program: &Path, folder: &Path, nth: usize, layout: Layout) -> Result<Node, Failure> {
    let partner = Partner {
        is_primary: nth == 0,
        address: SERVER_ADDRESSES[1 - nth].parse()?,
        receive_timer_seconds: 20,
        mclt_seconds: 3600,
        window: 1000,
        // Each load asks one server only, which shall answer all of its clients.
        load_balance_max_seconds: 0,
    };
    let partner = (layout.nodes() == 2).then_some(partner);
    let address = SERVER_ADDRESSES[nth].parse()?;
    let setup = Setup { address, port: 67, relays: &LOAD_ADDRESSES, pool: POOL, partner };
    Node::new(program, &folder.join(nth.to_string()), &setup)
}

/// All loads at once, and then until the servers have told each other all.
fn trial(net: &Net, nodes: &[Node], layout: Layout, rate: f64) -> Result<Measured, Failure> {
    let cpu = || nodes.iter().map(Node::cpu_seconds).sum::<Result<f64, Failure>>();
    let before = cpu()?;
    let share = rate / layout.loads() as f64;
    let load = |nth| Load {
        nth,
        server: SERVER_ADDRESSES[nth],
        threads: Threads::One,
        clients: CLIENTS,
        rate: share,
        seconds: SECONDS,
    };
    let loads: Vec<_> = (0..layout.loads()).map(load).collect();
    let exchanges = together(net, &loads)?;
    layout.settle(nodes)?;
    let seconds = cpu()? - before;
    let acks: f64 = exchanges.iter().map(|[_, acks]| acks.received).sum();
    let lost = exchanges.iter().flatten().map(Exchange::lost).fold(0.0, f64::max);
    Ok(Measured { done: acks / f64::from(SECONDS), lost, per_cpu: acks / seconds.max(0.01) })
}
