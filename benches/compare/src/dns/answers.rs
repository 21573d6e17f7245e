//! `answers`: one answer built in this process: 80 % A, 20 % AAAA, of names of which 9 % are not there.

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use bytes::Bytes;
use ddi_benches::ReferenceZone;
use ddi_core::UnixTime;
use ddi_dns::answer::{AnswerConfig, AnswerContext, Detail, Transport};
use domain::base::{Message, MessageBuilder, ToName};

use super::{child, load, server};
use crate::Failure;
use crate::process::thread_nanos;
use crate::row::fresh_folder;
use crate::table::{self, ratio};

const QUERIES: usize = 200_000;
/// The fastest counts.
const ROUNDS: usize = 5;

pub(super) fn run(zone: ReferenceZone) -> Result<(), Failure> {
    let folder = fresh_folder("dns")?;
    load::write_zone(&folder, zone)?;
    let path = load::file_path(&folder);
    let queries = queries(zone);
    let ours = ddi(&path, &queries)?;
    let domains = domain(&path, &queries)?;
    println!("one answer from the reference zone, {} random queries", table::grouped(QUERIES as f64));
    let row = |name: &str, nanos: f64| vec![name.to_owned(), format!("{nanos:.0}"), ratio(nanos, ours)];
    let rows = [row("ddi-dns, Snapshot::answer", ours), row("domain 0.12, query and to_message", domains)];
    table::print(&["library", "ns", "x ddi's"], &rows);
    Ok(())
}

fn queries(zone: ReferenceZone) -> Vec<Vec<u8>> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut below = |bound: u64| {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        (state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % bound
    };
    let query = |_| {
        // Names from the count of hosts on are not there.
        let hosts = u64::from(zone.hosts);
        let host = if below(100) < 9 { hosts + below(hosts) } else { below(hosts) };
        let rtype = if below(5) == 0 { 28 } else { 1 };
        let mut query = vec![below(256) as u8, below(256) as u8, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        query.extend(server::wire(&format!("host-{host}.{}", ReferenceZone::APEX)));
        query.extend([0, rtype, 0, 1]);
        query
    };
    (0..QUERIES).map(query).collect()
}

/// Nanoseconds on the processor of one, of the fastest round.
fn fastest(queries: &[Vec<u8>], mut answer: impl FnMut(&[u8]) -> usize) -> f64 {
    let mut best = f64::MAX;
    for _ in 0..ROUNDS {
        let started = thread_nanos();
        let bytes: usize = queries.iter().map(|query| answer(query)).sum();
        black_box(bytes);
        best = best.min((thread_nanos() - started) as f64 / queries.len() as f64);
    }
    best
}

fn ddi(path: &Path, queries: &[Vec<u8>]) -> Result<f64, Failure> {
    let zone = child::load(path, load::APEX)?;
    let mut config = AnswerConfig::default();
    // As domain answers: without the zone's servers.
    config.detail = Detail::Minimal;
    let client = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let context = AnswerContext::new(&config, Transport::Udp, client, UnixTime(1_700_000_000));
    let mut out = [0; 1232];
    Ok(fastest(queries, |query| zone.answer(query, &context, &mut out).map_or(0, |answered| answered.len)))
}

fn domain(path: &Path, queries: &[Vec<u8>]) -> Result<f64, Failure> {
    let zone = child::load_domain(path)?;
    Ok(fastest(queries, |query| {
        let message = Message::from_octets(query).expect("a query");
        let question = message.sole_question().expect("a question");
        let name = question.qname().to_name::<Bytes>();
        let answer = zone.read().query(name, question.qtype()).expect("of the zone");
        answer.to_message(&message, MessageBuilder::new_vec()).finish().len()
    }))
}
