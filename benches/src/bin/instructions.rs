//! Does one thing so many times, for whoever counts instructions: `instructions.sh` runs it twice under
//! callgrind, and takes the difference, so that what comes before does not count.
//!
//! ```text
//! instructions NAME TIMES
//! ```

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::process::ExitCode;
use std::sync::Arc;

use ddi_benches::{DoraWorld, ReferenceZone, UpdatePair, UpdateServer, ask, discover};
use ddi_core::{MemStorage, UnixTime};
use ddi_dhcp::v4::Packet;
use ddi_dns::answer::{AnswerConfig, AnswerContext, Detail, Transport};
use ddi_failover::Profile;
use ddi_failover::endpoint::ProfileChoice;

/// Names in the zone: enough for a tree of several levels.
const HOSTS: u32 = 100_000;
/// Clients of the server engine, all of which have come once before it counts.
const CLIENTS: u32 = 6400;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [name, times] = &args[..] else { return usage() };
    let Ok(times) = times.parse() else { return usage() };
    match name.as_str() {
        "packet-view" => packet_view(times),
        "dora" => dora(times),
        "dns-answer" => dns_answer(times),
        "dns-update" => dns_update(times),
        "binding-update" => binding_updates(times, ProfileChoice::Auto),
        "binding-update-isc" => binding_updates(times, ProfileChoice::Fixed(Profile::Isc)),
        _ => return usage(),
    }
    ExitCode::SUCCESS
}

fn usage() -> ExitCode {
    eprintln!("instructions NAME TIMES; instructions.sh knows the names");
    ExitCode::FAILURE
}

fn packet_view(times: u32) {
    let mut buffer = [0; 1500];
    let len = discover(&mut buffer);
    for _ in 0..times {
        let _ = black_box(Packet::parse(black_box(&buffer[..len])).map(|packet| ask(&packet)));
    }
}

fn dora(times: u32) {
    let mut world = DoraWorld::new(CLIENTS);
    for _ in 0..(CLIENTS + times) / DoraWorld::BATCH {
        world.batch();
    }
}

fn dns_answer(times: u32) {
    let reference = ReferenceZone { hosts: HOSTS };
    let zone = reference.snapshot();
    let mut config = AnswerConfig::default();
    // The answer alone, without the zone's servers.
    config.detail = Detail::Minimal;
    let client = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let context = AnswerContext::new(&config, Transport::Udp, client, UnixTime(1_700_000_000));
    let queries: Vec<_> = (0..10_000).map(|nth| reference.query(nth)).collect();
    let mut out = [0; 1232];
    for query in queries.iter().cycle().take(times as usize) {
        black_box(zone.answer(query, &context, &mut out).map(|answered| answered.len));
    }
}

fn dns_update(times: u32) {
    let mut server = UpdateServer::new(Arc::new(MemStorage::default()));
    for _ in 0..times / 64 {
        server.round(64);
    }
}

fn binding_updates(times: u32, profile: ProfileChoice) {
    let mut pair = UpdatePair::new(profile);
    for _ in 0..times / UpdatePair::BATCH {
        pair.renew();
    }
}
