//! Measures ddi beside its peers, in one run on one machine, and prints tables of ratios.
//!
//! ```text
//! ddi-compare leases [N]     durable puts: LeaseDb, fjall, redb, SQLite (default N: 300000)
//! ddi-compare compaction [N] what a compaction costs the commits that go on meanwhile
//! ddi-compare dhcp [NAME..]  DORA exchanges: the node, libddi, Kea, dhcpd, by perfdhcp (root)
//! ddi-compare dns [N] [PART..]  zones: ddi, NSD, Knot, BIND, hickory, domain; of N names, if not a million
//! ddi-compare failover [N] [PART..]  a pair of nodes: N leases after amnesia, its rate, its gap; with dhcpd (root)
//! ```
#![forbid(unsafe_code)]

mod compaction;
mod dhcp;
mod dns;
mod failover;
mod leases;
mod process;
mod row;
mod table;

use std::process::ExitCode;

/// What can go wrong here is told to a person and ends the run.
type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let count = args.get(1).map_or(Ok(300_000), |n| n.replace('_', "").parse::<u32>());
    let result = match (args.first().map(String::as_str), count) {
        (Some("leases"), Ok(count)) => leases::run(count),
        (Some("compaction"), Ok(count)) => compaction::run(count),
        (Some("dhcp"), _) => dhcp::run(&args[1..]),
        (Some("dns"), _) => dns::run(&args[1..]),
        (Some("failover"), _) => failover::run(&args[1..]),
        (Some("dns-child"), _) => dns::run_child(&args[1..]),
        _ => Err("usage: ddi-compare leases [N] | compaction [N] | dhcp [NAME...] | dns [N] [PART...] | \
                  failover [N] [PART...]"
            .into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}
