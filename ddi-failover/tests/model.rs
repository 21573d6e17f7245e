//! All histories of a small world: two servers, one or two addresses, two clients, a connection that
//! loses, delays and dies unnoticed, crashes, restarts, a lost disk, an operator. In none of them is an
//! address held by two clients; with dhcpd's rule for PARTNER-DOWN there is one, which is printed.
//!
//! The rules are the crate's own functions (`state::next` and `effects`, `serve`, `mclt`, `resolve`).
//! What is between them, which the endpoint does with bytes, timers and a database, is written down here
//! in the least words. Time is in ticks: MCLT is one, a lease is wanted for two.
//!
//! Assumed, since no protocol can do without: PARTNER-DOWN is said only where the partner is down, which
//! then meets this server before it serves anybody; of two disks one lives; a server that declared its
//! partner down, or still lacks its leases, keeps its disk or stays away. Everything else may happen in
//! any order, each fault as often as the budget says.

#[path = "model/row.rs"]
mod row;
#[path = "model/server.rs"]
mod server;
#[path = "model/world.rs"]
mod world;

use std::time::Instant;

use ddi_core::BindingState::{self, Backup, Free};
use stateright::{Checker, Model};

use world::{ANY, Bounds, Budget};

/// In ticks.
const MCLT: u32 = 1;
/// In ticks.
const DESIRED: u32 = 2;
const CLIENTS: usize = 2;
/// A world may have fewer.
const ADDRESSES_MAX: usize = 2;

/// ddi's rules, or those with a mistake in them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Rules {
    Ddi,
    /// In PARTNER-DOWN another client's address is free MCLT after its start, and after the lease's end.
    DhcpdPartnerDown,
    /// Clients get what they want, whatever the partner knows.
    NoLeadTimeCap,
    /// An acknowledgement counts for an update that was overtaken by another.
    StaleAckTaken,
    /// The secondary gives away FREE addresses.
    SecondaryTakesFree,
    /// PARTNER-DOWN leaves the connection open: late words of the dead partner still count.
    DeadPartnerHeard,
    /// PARTNER-DOWN ends while the partner does not know all that was given away.
    NormalAtOnce,
    /// A partner that lost its leases promised nothing that it would not know.
    LossNotPresumed,
}

const NO_FAULTS: Budget =
    Budget { cuts: 0, crashes: 0, losses: 0, operator: 0, gifts: 0, releases: 0, asks: ANY };

fn bounds(last: u8, addresses: &[BindingState], budget: Budget) -> Bounds {
    Bounds { rules: Rules::Ddi, last, addresses: addresses.to_vec(), budget }
}

/// Explores everything. A history that breaks the promise, or `None`; and how many states there are.
fn explore(bounds: Bounds) -> (Option<Vec<String>>, usize) {
    let started = Instant::now();
    let name =
        format!("{:?} {:?}, {} ticks, {:?}", bounds.rules, bounds.addresses, bounds.last, bounds.budget);
    let checker = bounds.checker().threads(2).spawn_bfs().join();
    let found = checker.discoveries().into_values().next();
    println!(
        "{name}: {} states, {} distinct, depth {}, {:.1} s, {}",
        checker.state_count(),
        checker.unique_state_count(),
        checker.max_depth(),
        started.elapsed().as_secs_f32(),
        if found.is_some() { "BROKEN" } else { "holds" },
    );
    let states = checker.unique_state_count();
    (found.map(|path| path.into_vec().into_iter().map(describe).collect()), states)
}

/// A step of a history in one line.
fn describe((world, action): (world::World, Option<world::Action>)) -> String {
    let side = |s: &server::Server| {
        let rows: Vec<String> = s.rows.iter().map(describe_row).collect();
        format!("{} {}", if s.alive { s.state.name() } else { "dead" }, rows.join(" "))
    };
    let [a, b] = &world.servers;
    let held: Vec<String> = world
        .clients
        .iter()
        .enumerate()
        .filter_map(|(client, held)| {
            held.map(|(at, until)| format!("client {client} has {at} until {until}"))
        })
        .collect();
    let next = action.map_or_else(|| "!!".into(), |action| format!("{action:?}"));
    format!("t={} | {} | {} | {} | then {next}", world.now, side(a), side(b), held.join(", "))
}

fn describe_row(row: &row::Row) -> String {
    let client = row.client.map_or("-".into(), |client| client.to_string());
    format!(
        "[{:?} {client} end {} sent {} acked {} received {}]",
        row.state, row.expiration, row.sent, row.acked, row.received
    )
}

/// How many states there are, in all of which the promise holds.
fn assert_holds(bounds: Bounds) -> usize {
    let (broken, states) = explore(bounds);
    assert!(broken.is_none(), "{}", broken.unwrap_or_default().join("\n"));
    states
}

/// A history that breaks the promise, the shortest; it is printed. At its end two clients have one address.
fn assert_broken(rules: Rules, bounds: Bounds) -> Vec<String> {
    let trace = explore(Bounds { rules, ..bounds }).0.expect("nothing found");
    println!("{}", trace.join("\n"));
    let end = trace.last().expect("a history has an end");
    assert!(end.contains("client 0 has 0 until") && end.contains("client 1 has 0 until"), "{end}");
    trace
}

const PARTNER_DOWN: Budget = Budget { crashes: 1, operator: 1, ..NO_FAULTS };
const LOSS: Budget = Budget { losses: 1, ..NO_FAULTS };

#[test]
fn partner_down_of_the_owner_of_an_address() {
    assert_holds(bounds(3, &[Free], PARTNER_DOWN));
}

#[test]
fn partner_down_of_the_other() {
    assert_holds(bounds(3, &[Backup], PARTNER_DOWN));
}

#[test]
fn partner_down_and_a_connection_that_dies() {
    assert_holds(bounds(2, &[Free], Budget { cuts: 1, ..PARTNER_DOWN }));
}

#[test]
fn a_lost_disk() {
    assert_holds(bounds(3, &[Free], LOSS));
    assert_holds(bounds(3, &[Backup], LOSS));
}

#[test]
fn a_connection_that_dies_while_an_address_changes_hands() {
    assert_holds(bounds(3, &[Free], Budget { cuts: 1, gifts: 1, ..NO_FAULTS }));
}

#[test]
fn two_addresses() {
    assert_holds(bounds(1, &[Free, Backup], NO_FAULTS));
}

/// What CI explores, optimised: DESIGN.md has the bounds and how many states there are within them.
#[test]
#[ignore = "a minute or two if optimised; CI's sim stage runs it"]
fn larger_worlds() {
    let few = |asks, budget| Budget { asks, ..budget };
    let cut = |budget| Budget { cuts: 1, ..budget };
    let crash = Budget { crashes: 1, ..NO_FAULTS };
    let worlds = [
        bounds(2, &[Free, Backup], few(3, NO_FAULTS)),
        bounds(2, &[Free, Backup], few(2, crash)),
        bounds(2, &[Free, Backup], few(2, PARTNER_DOWN)),
        bounds(3, &[Free], few(3, cut(PARTNER_DOWN))),
        bounds(4, &[Free], few(3, LOSS)),
    ];
    let rows: Vec<String> =
        worlds.into_iter().map(|world| row(&world, assert_holds(world.clone()))).collect();
    println!("{}", rows.join("\n"));
    let design = include_str!("../DESIGN.md");
    for row in &rows {
        assert!(design.contains(row.as_str()), "DESIGN.md lacks {row}");
    }
}

/// As in DESIGN.md.
fn row(world: &Bounds, states: usize) -> String {
    let Budget { cuts, crashes, losses, operator, gifts, releases, asks } = world.budget;
    let faults = [
        (cuts, "cut"),
        (crashes, "crash"),
        (operator, "PARTNER-DOWN"),
        (losses, "lost disk"),
        (gifts, "address given to the partner"),
        (releases, "RELEASE"),
    ];
    let faults: Vec<&str> = faults.into_iter().filter(|(most, _)| *most > 0).map(|(_, what)| what).collect();
    let addresses: Vec<String> =
        world.addresses.iter().map(|state| format!("{state:?}").to_uppercase()).collect();
    let asks = if asks == ANY { "any".to_owned() } else { asks.to_string() };
    format!("| {} | {} | {asks} | {} | {states} |", addresses.join(", "), world.last - 1, faults.join(", "))
}

#[test]
fn dhcpd_rule_for_partner_down_breaks() {
    let trace = assert_broken(Rules::DhcpdPartnerDown, bounds(3, &[Free], PARTNER_DOWN));
    // A client gets time, its server dies, the other is told so, and gives the address to the next client.
    let steps = ["then Asks { client: 0", "then Crashes", "then PartnerDown", "then Asks { client: 1"];
    let at = steps.map(|step| trace.iter().position(|line| line.contains(step)));
    assert!(at.iter().all(Option::is_some) && at.is_sorted(), "{at:?}");
    // It had told, or been told, up to when the dead one might promise.
    let giving = &trace[trace.len() - 2];
    assert!(
        ["sent 3", "sent 4", "received 3", "received 4"].iter().any(|time| giving.contains(time)),
        "{giving}"
    );
}

/// Each mistake is found, so each rule is needed.
#[test]
fn every_rule_is_needed() {
    for (rules, last, budget) in [
        (Rules::NoLeadTimeCap, 3, PARTNER_DOWN),
        (Rules::SecondaryTakesFree, 2, NO_FAULTS),
        (Rules::DeadPartnerHeard, 3, Budget { releases: 1, asks: 4, ..PARTNER_DOWN }),
        (Rules::NormalAtOnce, 3, PARTNER_DOWN),
        (Rules::LossNotPresumed, 3, LOSS),
        (Rules::StaleAckTaken, 3, NO_FAULTS),
    ] {
        assert_broken(rules, bounds(last, &[Free], budget));
    }
}
