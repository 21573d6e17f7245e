//! The same questions to BIND, Knot or NSD and to us about the same zones: unsigned, and signed with NSEC,
//! NSEC3 and opt-out by BIND's tools. Ignored: they need the daemons (`.ci/run interop`).

#[path = "interop_answers/daemon.rs"]
mod daemon;
#[path = "interop_answers/known.rs"]
mod known;
#[path = "../../ddi-core/tests/support/port.rs"]
mod port;
#[path = "answer/support.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod support;
#[path = "interop_answers/zones.rs"]
mod zones;

use daemon::{Daemon, Kind, Scratch};
use ddi_dns::answer::{AnswerContext, Transport};
use ddi_dns::message::Reader;
use ddi_dns::zone::{Builder, Snapshot, Zone, ZoneSet};
use ddi_dns::{Name, NameRef};
use known::is_known;
use std::sync::Arc;
use support::{Ask, Told, check_with_hickory, context};
use zones::{Random, Signing};

const QUESTIONS: usize = 6000;
const TYPES: [&str; 16] = [
    "A",
    "A",
    "AAAA",
    "NS",
    "SOA",
    "MX",
    "TXT",
    "CNAME",
    "DNAME",
    "DS",
    "DS",
    "NSEC",
    "NSEC3PARAM",
    "SRV",
    "HTTPS",
    "TYPE65280",
];

/// The zone as the daemon transfers it.
fn transferred(daemon: &Daemon, apex: &str) -> Snapshot {
    let mut builder = Builder::new(support::name(apex).as_ref());
    for message in daemon.transfer(apex) {
        let mut reader = Reader::new(&message).unwrap();
        while let Some(record) = reader.record().unwrap() {
            let mut rdata = Vec::new();
            record.expand_rdata(&mut rdata).unwrap();
            builder.push(record.owner().as_ref(), record.rtype, record.ttl, &rdata).unwrap();
        }
    }
    builder.finish().unwrap()
}

/// A name of a zone, or one near it.
fn some_name(random: &mut Random, names: &[Name]) -> Name {
    let mut name = names[random.below(names.len())].clone();
    for _ in 0..random.below(3) {
        let with = |name: &Name, label: &[u8]| name.child(label).unwrap_or_else(|_| name.clone());
        name = match random.below(7) {
            0 | 1 => {
                with(&name, random.one_of(&[&b"new"[..], b"a", b"zz", b"0", b"mail", b"\x01", b"secure"]))
            }
            2 => with(&name, b"*"),
            3 => match name.as_ref().parent().filter(|parent| parent.label_count() > 1) {
                Some(parent) => parent.to_name(),
                None => name,
            },
            4 => {
                let wire = name.as_ref().wire().iter().map(|byte| match byte {
                    b'a'..=b'z' if random.below(2) == 0 => byte.to_ascii_uppercase(),
                    _ => *byte,
                });
                Name::from_wire(&wire.collect::<Vec<_>>()).unwrap()
            }
            5 => {
                let parent = name.as_ref().parent().map_or_else(|| name.clone(), NameRef::to_name);
                with(&parent, random.one_of(&[&b"aa"[..], b"zzz", b"wil", b"m", b"\xff"]))
            }
            _ => name,
        };
    }
    name
}

/// What is compared: all but the OPT, and in the additional section only what a referral can't do without.
fn essence(mut told: Told) -> Told {
    let is_referral = !told.authoritative && told.sections[1].iter().any(|line| line.contains(" IN NS "));
    if is_referral {
        told.sections[2].retain(|line| line.contains(" IN A ") || line.contains(" IN AAAA "));
    } else {
        told.sections[2].clear();
    }
    for line in told.sections.iter_mut().flatten() {
        line.make_ascii_lowercase();
    }
    told.sections.iter_mut().for_each(|section| section.sort());
    (told.opt, told.options) = (None, Vec::new());
    told
}

fn compare(kind: Kind, signing: Signing, seed: u64) -> usize {
    let scratch = Scratch::new(&format!("{kind:?}-{signing:?}"));
    let mut random = Random::new(seed);
    let files = zones::write(&scratch, signing, &mut random);
    let daemon = Daemon::start(kind, &scratch, &files);
    let (mut set, mut names) = (ZoneSet::new(), Vec::new());
    for (apex, _) in &files {
        let snapshot = transferred(&daemon, apex);
        let mut walk = snapshot.walk();
        while let Some(record) = walk.next() {
            let is_hash = record.owner.labels().next().is_some_and(|label| label.len() == 32);
            names.extend((!is_hash || names.len() % 8 == 0).then(|| record.owner.to_name()));
        }
        set.insert(Arc::new(Zone::new(snapshot)));
    }
    names.dedup();
    let config = {
        // As the daemons are told to answer.
        let mut config = support::minimal();
        config.udp_size = 4096;
        config
    };
    let context: AnswerContext<'_> = context(&config, Transport::Udp);
    // `known` are those that `is_known` explains.
    let (mut different, mut known, mut kinds) = (0, 0, std::collections::BTreeMap::new());
    for _ in 0..QUESTIONS {
        let mut ask = Ask::new(".", random.one_of(&TYPES));
        ask.name = some_name(&mut random, &names);
        let ask = if random.below(3) > 0 { ask.signed() } else { ask };
        let query = ask.bytes();
        let mut out = [0; 4096];
        let answered = set.answer(&query, &context, &mut out).expect("an answer");
        check_with_hickory(&out[..answered.len]);
        let (ours, theirs) = (Told::of(&out[..answered.len]), Told::of(&daemon.ask(&query)));
        *kinds.entry((ours.rcode, ours.authoritative)).or_insert(0) += 1;
        let (ours, theirs) = (essence(ours), essence(theirs));
        if ours == theirs {
            continue;
        }
        if is_known(kind, signing, &ask, &ours, &theirs) {
            known += 1;
        } else {
            different += 1;
            if different <= 20 {
                println!(
                    "{kind:?} {signing:?} {} {} {:?}\n  ours   {}\n  theirs {}",
                    ask.name,
                    ask.rtype,
                    ask.edns.is_some(),
                    show(&ours, &theirs),
                    show(&theirs, &ours)
                );
            }
        }
    }
    println!(
        "{kind:?} {signing:?}: {QUESTIONS} questions, {known} and {different} answered otherwise; {kinds:?}"
    );
    different
}

/// What one answer has and the other has not.
fn show(told: &Told, other: &Told) -> String {
    let mut text = format!("rcode {}{}", told.rcode, if told.authoritative { " AA" } else { "" });
    for (section, others) in told.sections.iter().zip(&other.sections) {
        let mut others = others.clone();
        text += " |";
        for line in section {
            match others.iter().position(|other| other == line) {
                Some(i) => drop(others.remove(i)),
                None => text += &format!(" {line};"),
            }
        }
    }
    text
}

fn compare_all(kind: Kind) {
    let mut different = 0;
    for signing in [Signing::None, Signing::Nsec, Signing::Nsec3, Signing::OptOut] {
        for seed in [0x5eed_0001, 0x5eed_0002] {
            println!("seed {seed:#x}");
            different += compare(kind, signing, seed);
        }
    }
    assert_eq!(different, 0);
}

#[test]
#[ignore = "needs named and dnssec-signzone"]
fn bind() {
    compare_all(Kind::Bind);
}

#[test]
#[ignore = "needs knotd and dnssec-signzone"]
fn knot() {
    compare_all(Kind::Knot);
}

#[test]
#[ignore = "needs nsd and dnssec-signzone"]
fn nsd() {
    compare_all(Kind::Nsd);
}
