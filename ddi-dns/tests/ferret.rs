//! The zones and queries of the Ferret data set, with what BIND, NSD, Knot and PowerDNS of 2020 answered:
//! where all four agree, so do we with the usual settings, but for the cases listed in
//! `ferret/disagreements.txt`.

#[path = "answer/support.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod support;

use ddi_dns::Rtype;
use ddi_dns::answer::{AnswerConfig, Transport};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::PathBuf;
use support::{Ask, Told, ask_with, context, rdata, zone};

const CASES: usize = 6337;

fn cases() -> Vec<Value> {
    let vectors = std::env::var_os("DDI_VECTORS").map(PathBuf::from);
    let vectors = vectors
        .unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors"))
        .join("dns/ferret-even.jsonl.gz");
    let packed = std::fs::read(&vectors).unwrap_or_else(|e| panic!("{}: {e}", vectors.display()));
    let mut text = String::new();
    flate2::read::GzDecoder::new(&packed[..]).read_to_string(&mut text).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What a server answered, as we tell it.
fn theirs(response: &[Value]) -> Told {
    let mut told = Told::default();
    let mut section = None;
    for line in response.iter().map(|line| line.as_str().unwrap()) {
        if let Some(title) = line.strip_prefix(';') {
            section = ["ANSWER", "AUTHORITY", "ADDITIONAL"].iter().position(|known| *known == title);
        } else if let Some(section) = section {
            told.sections[section].push(normal(line));
        } else if let Some(rcode) = line.strip_prefix("rcode ") {
            told.rcode = match rcode {
                "NOERROR" => 0,
                "SERVFAIL" => 2,
                "NXDOMAIN" => 3,
                "YXDOMAIN" => 6,
                other => panic!("rcode {other}"),
            };
        } else if let Some(flags) = line.strip_prefix("flags ") {
            let has = |flag: &str| flags.split(' ').any(|word| word == flag);
            (told.authoritative, told.truncated) = (has("AA"), has("TC"));
        }
    }
    told
}

/// A record as [`Told`] shows it: addresses in their shortest form, names in lower case.
fn normal(line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    let rtype: Rtype = words[3].parse().unwrap();
    let data = match rtype {
        Rtype::AAAA => {
            let octets: [u8; 16] = rdata(rtype, &words[4..]).try_into().unwrap();
            std::net::Ipv6Addr::from(octets).to_string()
        }
        _ => words[4..].join(" "),
    };
    format!("{} {data}", words[..4].join(" ")).to_ascii_lowercase()
}

/// Code, flags, answer and authority; the additional section is each server's own choice.
fn essence(mut told: Told) -> Told {
    for section in &mut told.sections {
        section.iter_mut().for_each(|line| *line = normal(line));
        section.sort();
    }
    told.sections[2].clear();
    (told.opt, told.options) = (None, Vec::new());
    told
}

/// `id reason`, where a line that starts with a blank goes on with the reason.
fn listed() -> BTreeMap<u64, &'static str> {
    let lines = include_str!("ferret/disagreements.txt").lines();
    lines
        .filter(|line| line.starts_with(|first: char| first.is_ascii_digit()))
        .map(|line| {
            let (id, reason) = line.split_once(' ').expect("an id and a reason");
            (id.parse().unwrap(), reason)
        })
        .collect()
}

#[test]
fn where_four_servers_agree_so_do_we() {
    let config = AnswerConfig::default();
    let context = context(&config, Transport::Udp);
    let (mut ran, mut agreed, mut unanimous, mut alone) = (0, 0, 0, 0);
    let mut different = BTreeSet::new();
    for case in cases() {
        let id = case["id"].as_u64().unwrap();
        let snapshot = zone(case["zone"].as_str().unwrap());
        let ask = Ask::new(case["qname"].as_str().unwrap(), case["qtype"].as_str().unwrap());
        let ours = essence(ask_with(&snapshot, &ask, &context).1);
        ran += 1;
        let groups = case["answers"].as_array().unwrap();
        let mut answers: Vec<Told> =
            groups.iter().map(|group| essence(theirs(group["response"].as_array().unwrap()))).collect();
        let servers: usize = groups.iter().map(|group| group["servers"].as_array().unwrap().len()).sum();
        answers.dedup();
        let any = answers.contains(&ours);
        if let ([answer], 4) = (&answers[..], servers) {
            unanimous += 1;
            agreed += usize::from(any);
            if !any {
                println!(
                    "{id} {} {}\n{}theirs {answer:?}\nours   {ours:?}",
                    case["qname"],
                    case["qtype"],
                    case["zone"].as_str().unwrap()
                );
                different.insert(id);
            }
        } else if !any {
            alone += 1;
            println!("{id}: no server answers as we do: {ours:?}");
        }
    }
    println!(
        "{ran} cases; where all four agree, so do we in {agreed} of {unanimous} ({:.2} %); where they differ, we \
         are alone in {alone} of {}",
        100.0 * agreed as f64 / unanimous as f64,
        ran - unanimous
    );
    assert_eq!(ran, CASES);
    assert_eq!((unanimous, alone), (6300, 15), "the data and what is printed above");
    assert!(agreed * 1000 >= unanimous * 995, "{agreed} of {unanimous}");
    assert_eq!(different, listed().into_keys().collect());
}
