//! Transfers, NOTIFY and TSIG with BIND, Knot and NSD, each as our primary and as our secondary, through
//! hundreds of random edits, after each of which both sides' zones are compared record by record. Needs the
//! daemons, `dig`, `nsupdate` and BIND's tools for signed zones.

#[path = "interop_xfr/daemon.rs"]
mod daemon;
#[path = "interop_xfr/host.rs"]
mod host;
#[path = "interop_xfr/model.rs"]
mod model;

use daemon::{Daemon, Kind, SECRET, ZONE};
use ddi_core::UnixTime;
use ddi_dns::delta::{History, HistoryLimits};
use ddi_dns::notify::NotifyTarget;
use ddi_dns::rr::canonical_rdata;
use ddi_dns::secondary::{Primary, Secondary, SecondaryConfig, SecondaryEvent};
use ddi_dns::tsig::{Algorithm, Key};
use ddi_dns::xfr::{Sent, Wanted, XfrOutConfig};
use ddi_dns::zone::{Builder, Strictness};
use ddi_dns::zonefile::{Config, Parser, Step, Writer};
use ddi_dns::{Delta, Edit, Name, Rtype, SerialPolicy, Snapshot};
use host::{Host, Served, keys};
use model::{Model, Random, change, first_model, signed, zone_text};
use std::net::SocketAddr;

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn key(algorithm: Option<Algorithm>) -> Option<Key> {
    // The bytes that SECRET is in base 64.
    let bytes = b"secret of the tests, 32 bytes long!";
    assert!(SECRET.starts_with("c2VjcmV0IG9mIHRoZSB0ZXN0cywgMzIgYnl0ZXMgbG9uZyE"));
    algorithm.map(|algorithm| Key::new(name("xfr").as_ref(), algorithm, bytes).unwrap())
}

fn served(algorithm: Option<Algorithm>, zone: Option<Snapshot>) -> Served {
    let limits = HistoryLimits { percent_of_zone: 10_000, ..HistoryLimits::default() };
    let mut config = XfrOutConfig::default();
    config.percent_of_zone = 10_000;
    let (history, keys) = (History::new(limits), keys(key(algorithm).as_ref()));
    Served {
        zone,
        history,
        config,
        keys,
        signed: algorithm.is_some(),
        sent: Vec::new(),
        notified: Vec::new(),
    }
}

/// A port that is free now.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn addr(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// A zone from text.
fn parsed(text: &str) -> Snapshot {
    let apex = name(ZONE);
    let mut parser = Parser::new(&Config::new("text", apex.as_ref()));
    parser.push(text.as_bytes());
    parser.end();
    let mut builder = Builder::new(apex.as_ref());
    loop {
        match parser.step() {
            Ok(Step::Record(r)) if r.rtype == Rtype::TSIG => {}
            Ok(Step::Record(r)) => builder.push(r.owner, r.rtype, r.ttl, r.rdata).unwrap(),
            Ok(Step::End) => return builder.finish().unwrap(),
            Ok(_) => {}
            Err(error) => panic!("{error}\n{text}"),
        }
    }
}

/// All records in order. Knot and NSD keep no case, so that it must not count with them.
fn rows(zone: &Snapshot, kind: Kind) -> Vec<String> {
    let mut walk = zone.walk();
    let mut rows = Vec::new();
    while let Some(r) = walk.next() {
        let (mut owner, mut rdata) = (r.owner.to_string(), r.rdata.to_vec());
        if kind != Kind::Bind {
            owner.make_ascii_lowercase();
            rdata.clear();
            canonical_rdata(r.rtype, r.rdata, &mut rdata).unwrap();
        }
        rows.push(format!("{owner} {} {} {rdata:02x?}", r.ttl, r.rtype));
    }
    rows
}

/// Against the text that dig prints, where signatures of messages are records too.
fn compare(kind: Kind, ours: &Snapshot, theirs: &str, what: &str) {
    let records = theirs.lines().filter(|line| !line.contains("\tTSIG\t"));
    let theirs = parsed(&records.fold(String::new(), |all, line| all + line + "\n"));
    let (a, b) = (rows(ours, kind), rows(&theirs, kind));
    let ours_only = a.iter().filter(|row| !b.contains(row));
    let different: Vec<_> = ours_only.chain(b.iter().filter(|row| !a.contains(row))).collect();
    assert!(a == b, "{kind:?} as {what}: {different:#?}");
}

/// Of these many edits one is followed by a transfer of the whole zone.
const WHOLE_EVERY: usize = 40;

/// `kind` is our primary.
fn follow(kind: Kind, algorithm: Option<Algorithm>, strictness: Strictness, rounds: usize) {
    let mut random = Random(1 + kind as u64);
    let (mut model, mut serial) = (first_model(), 1);
    let mut host = Host::new(served(algorithm, None));
    let port = free_port();
    let daemon = Daemon::start(kind, port, host.port, algorithm, Some(&zone_text(serial, &model)));
    let log = || daemon.log();
    host.run("the daemon", log, |_| daemon.serial() == Some(1));
    let primary = Primary { addr: addr(port), key: key(algorithm) };
    let mut config = SecondaryConfig::new(name(ZONE), vec![primary], 5);
    (config.notify_gap_millis, config.strictness) = (20, strictness);
    host.secondary = Some(Secondary::new(host.now(), config, None));
    host.run("the first transfer", log, |host| host.secondary.as_ref().unwrap().current().is_some());
    // NSD 4.6 makes deltas that add records of these types again that are there: exactly, they don't fit.
    let without: &[&str] =
        if kind == Kind::Nsd && strictness == Strictness::Exact { &["SRV", "DHCID"] } else { &[] };
    let mut whole = 1;
    for round in 0..rounds {
        let mut script = String::new();
        for _ in 0..=random.below(3) {
            script += &change(&mut random, &mut model, without);
        }
        serial += 1;
        daemon.update(&(script + "send\n"), &zone_text(serial, &model));
        // NSD says the old serial and the new one in turn, while it reloads.
        let newest = if kind == Kind::Nsd { serial } else { daemon.serial().unwrap() };
        host.run("the new version", log, |host| {
            host.secondary.as_ref().unwrap().current().unwrap().serial().0 == newest
        });
        if round % WHOLE_EVERY == WHOLE_EVERY / 2 {
            let (now, events) = (host.now(), host.events.len());
            host.secondary.as_mut().unwrap().handle_retransfer(now);
            host.run("the whole zone", log, |host| host.events.len() > events);
            whole += 1;
        }
        let ours = host.secondary.as_ref().unwrap().current().unwrap().clone();
        compare(kind, &ours, &daemon.zone(newest), &format!("primary, {algorithm:?}, round {round}"));
    }
    let model_zone = parsed(&zone_text(1, &model));
    let ours = host.secondary.as_ref().unwrap().current().unwrap().clone();
    assert_eq!(rows(&ours, kind)[1..], rows(&model_zone, kind)[1..], "the model");
    report(kind, algorithm, strictness, &host.events, whole, rounds);
}

fn report(
    kind: Kind,
    algorithm: Option<Algorithm>,
    strictness: Strictness,
    events: &[SecondaryEvent],
    wanted: usize,
    rounds: usize,
) {
    let (mut whole, mut deltas, mut trouble) = (0, 0, Vec::new());
    for event in events {
        match event {
            SecondaryEvent::Zone { deltas: d, .. } if d.is_empty() => whole += 1,
            SecondaryEvent::Zone { deltas: d, .. } => deltas += d.len(),
            SecondaryEvent::FallBack { why, .. } | SecondaryEvent::Failed { why, .. } => trouble.push(why),
            _ => {}
        }
    }
    println!(
        "{kind:?} as primary, {algorithm:?}, {strictness:?}: {whole} whole zones, {deltas} deltas, {trouble:?}"
    );
    assert!(trouble.is_empty(), "{trouble:?}");
    assert_eq!(whole, wanted, "but for these all came as deltas");
    assert!(deltas > rounds / 3, "{deltas}");
}

/// `kind` is our secondary.
fn lead(kind: Kind, algorithm: Option<Algorithm>, condense: bool, rounds: usize) {
    let mut random = Random(100 + kind as u64);
    let mut zone = parsed(&zone_text(1, &first_model()));
    let mut host = Host::new(served(algorithm, Some(zone.clone())));
    host.served.lock().unwrap().config.condense = condense;
    let port = free_port();
    let daemon = Daemon::start(kind, port, host.port, algorithm, None);
    let target = NotifyTarget { addr: addr(port), key: key(algorithm) };
    let log = || daemon.log();
    host.run("the first transfer", log, |_| daemon.serial() == Some(1));
    let mut forgotten = 0;
    for round in 0..rounds {
        // Most are seen one by one, and now and then several at once.
        let steps = if round % 10 == 9 { 10 } else { 1 };
        for _ in 0..steps {
            let (delta, next) = edited(&mut random, &zone);
            zone = next;
            host.publish(delta, &zone, &target);
            host.step();
        }
        follows(kind, &mut host, &daemon, &zone, &format!("secondary, {algorithm:?}, round {round}"));
        if round % WHOLE_EVERY == WHOLE_EVERY / 2 {
            // The next request for deltas gets the whole zone: what led to it is forgotten.
            let (_, next) = edited(&mut random, &zone);
            zone = next;
            host.replace(&zone, &target);
            forgotten += 1;
            follows(kind, &mut host, &daemon, &zone, "secondary, without history");
        }
    }
    signed_and_back(kind, &mut host, &daemon, &mut zone, &target);
    host.run("NOTIFY to be confirmed", log, |host| host.notifier.pending() == 0);
    assert!(host.answered > 0);
    let sent = host.served.lock().unwrap().sent.clone();
    let count = |wanted: &dyn Fn(&(Wanted, Sent)) -> bool| sent.iter().filter(|pair| wanted(pair)).count();
    let whole = count(&|(_, sent)| *sent == Sent::Zone);
    let instead = count(&|pair| matches!(pair, (Wanted::Ixfr(_), Sent::Zone)));
    let deltas = count(&|(_, sent)| matches!(sent, Sent::Deltas(_)));
    println!(
        "{kind:?} as secondary, {algorithm:?}, condensed {condense}: {whole} whole zones, {deltas} times deltas"
    );
    // A secondary may want the whole zone again; if it wants deltas it gets them, while there are any.
    assert!(instead >= 1 && instead <= forgotten, "{instead} {forgotten}");
    assert!(whole <= forgotten + 2 && deltas >= rounds / 2, "{sent:?}");
}

/// The daemon comes to this version, and to no other content.
fn follows(kind: Kind, host: &mut Host, daemon: &Daemon, zone: &Snapshot, what: &str) {
    let serial = zone.serial().0;
    host.run("the new version", || daemon.log(), |_| daemon.serial() == Some(serial));
    compare(kind, zone, &daemon.zone(serial), what);
}

/// The zone becomes signed with NSEC, with NSEC3, and unsigned again, each by one delta.
fn signed_and_back(kind: Kind, host: &mut Host, daemon: &Daemon, zone: &mut Snapshot, target: &NotifyTarget) {
    let dir = std::env::temp_dir().join(format!(
        "ddi-xfr-{}-{kind:?}-{}",
        std::process::id(),
        target.key.is_some()
    ));
    std::fs::create_dir_all(&dir).unwrap();
    let unsigned = text_of(zone);
    let texts = [signed(&unsigned, false, &dir), signed(&unsigned, true, &dir), unsigned];
    for (text, denials) in texts.iter().zip([Some(Rtype::NSEC), Some(Rtype::NSEC3PARAM), None]) {
        let next = parsed(text).with_serial(zone.serial().plus(1)).unwrap();
        for rtype in [Rtype::NSEC, Rtype::NSEC3PARAM] {
            assert_eq!(next.get(next.apex(), rtype).is_some(), denials == Some(rtype));
        }
        let delta = Delta::between(zone, &next).unwrap();
        *zone = next;
        host.publish(delta, zone, target);
        follows(kind, host, daemon, zone, &format!("secondary, {denials:?}"));
    }
    std::fs::remove_dir_all(&dir).unwrap();
}

fn text_of(zone: &Snapshot) -> String {
    let mut text = Vec::new();
    let mut writer = Writer::new(zone.apex(), &mut text);
    let mut walk = zone.walk();
    while let Some(r) = walk.next() {
        writer.write(r.owner, r.ttl, r.rtype, r.rdata, &mut text);
    }
    String::from_utf8(text).unwrap()
}

fn edited(random: &mut Random, zone: &Snapshot) -> (Delta, Snapshot) {
    loop {
        let mut edit = Edit::new(zone);
        let mut model = Model::new();
        for _ in 0..=random.below(3) {
            change(random, &mut model, &[]).lines().for_each(|line| apply(&mut edit, line));
        }
        if let Some(made) = edit.finish(SerialPolicy::Increment, UnixTime(0)).unwrap() {
            return made;
        }
    }
}

/// Does what a line for nsupdate says.
fn apply(edit: &mut Edit, line: &str) {
    let words: Vec<_> = line.split_whitespace().collect();
    let (owner, ttl, data) = match &words[..] {
        ["update", "add", owner, ttl, data @ ..] => (owner, Some(ttl), data),
        ["update", "delete", owner, rtype] => {
            edit.remove_rrset(name(owner).as_ref(), rtype.parse().unwrap());
            return;
        }
        ["update", "delete", owner, data @ ..] => (owner, None, data),
        _ => panic!("{line}"),
    };
    let apex = name(ZONE);
    let mut parser = Parser::new(&Config::new("line", apex.as_ref()));
    parser.push(format!("{owner}. 300 {}\n", data.join(" ")).as_bytes());
    parser.end();
    let Ok(Step::Record(r)) = parser.step() else { panic!("{line}") };
    match ttl {
        Some(_) => drop(edit.add(r.owner, r.rtype, r.ttl, r.rdata).unwrap()),
        None => drop(edit.remove(r.owner, r.rtype, r.rdata)),
    }
}

#[test]
#[ignore = "needs BIND"]
fn bind_as_primary() {
    follow(Kind::Bind, None, Strictness::Exact, 60);
    follow(Kind::Bind, Some(Algorithm::HmacSha512), Strictness::Exact, 60);
}

#[test]
#[ignore = "needs Knot"]
fn knot_as_primary() {
    follow(Kind::Knot, None, Strictness::Exact, 60);
    follow(Kind::Knot, Some(Algorithm::HmacSha384), Strictness::Exact, 60);
}

#[test]
#[ignore = "needs NSD"]
fn nsd_as_primary() {
    follow(Kind::Nsd, None, Strictness::Tolerant, 60);
    follow(Kind::Nsd, Some(Algorithm::HmacSha224), Strictness::Exact, 60);
}

#[test]
#[ignore = "needs BIND"]
fn bind_as_secondary() {
    lead(Kind::Bind, None, false, 60);
    lead(Kind::Bind, Some(Algorithm::HmacSha1), true, 60);
}

#[test]
#[ignore = "needs Knot"]
fn knot_as_secondary() {
    lead(Kind::Knot, None, false, 60);
    lead(Kind::Knot, Some(Algorithm::HmacSha256), true, 60);
}

#[test]
#[ignore = "needs NSD"]
fn nsd_as_secondary() {
    lead(Kind::Nsd, None, false, 60);
    lead(Kind::Nsd, Some(Algorithm::HmacSha512), true, 60);
}
