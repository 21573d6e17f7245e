//! A node and another name server, one the secondary of the other: TSIG, NOTIFY, AXFR, then IXFR.

use super::client::{axfr, key, name, transfer};
use super::daemon::{Daemon, Kind, SECRET};
use super::harness::{Home, Node, free_port};
use super::{config, key_argument, nsupdate, primary};
use ddi_dns::rr::{Rtype, canonical_rdata};
use ddi_dns::tsig::Algorithm;
use ddi_dns::xfr::Outcome;
use ddi_dns::zone::{Builder, Snapshot};
use ddi_dns::zonefile::{Config, Parser, Step};

/// Updates of each test.
const ROUNDS: u8 = 5;

fn zone(serial: u32, hosts: u8) -> String {
    let mut text = format!(
        "$TTL 300\n@ SOA ns root {serial} 3600 2 86400 300\n@ NS ns\nns A 127.0.0.1\n\
         MixedCase TXT \"Some Text\"\nmail MX 10 Ns\n*.wild A 10.9.9.9\n"
    );
    (0..hosts).for_each(|nth| text += &format!("host-{nth} 300 A 10.1.2.{nth}\n"));
    text
}

fn parsed(text: &str) -> Snapshot {
    let apex = name("example.com");
    let mut parser = Parser::new(&Config::new("text", apex.as_ref()));
    parser.push(text.as_bytes());
    parser.end();
    let mut builder = Builder::new(apex.as_ref());
    loop {
        match parser.step() {
            // Signatures of messages are records, too, for dig.
            Ok(Step::Record(r)) if r.rtype == Rtype::TSIG => {}
            Ok(Step::Record(r)) => builder.push(r.owner, r.rtype, r.ttl, r.rdata).unwrap(),
            Ok(Step::End) => return builder.finish().unwrap(),
            Ok(_) => {}
            Err(error) => panic!("{error}\n{text}"),
        }
    }
}

/// All records in order, without the case of names, which not all keep.
fn rows(zone: &Snapshot) -> Vec<String> {
    let mut walk = zone.walk();
    let mut rows = Vec::new();
    while let Some(r) = walk.next() {
        let mut rdata = Vec::new();
        canonical_rdata(r.rtype, r.rdata, &mut rdata).unwrap();
        rows.push(format!("{} {} {} {rdata:02x?}", r.owner.to_string().to_lowercase(), r.ttl, r.rtype));
    }
    rows
}

/// What dig gets of the other server; its own signatures are no part of it.
fn theirs(daemon: &Daemon) -> Vec<String> {
    let text = daemon.zone(daemon.serial().unwrap());
    let records = text.lines().filter(|line| !line.contains("\tTSIG\t"));
    rows(&parsed(&records.fold(String::new(), |all, line| all + line + "\n")))
}

fn ours(node: &Node) -> Vec<String> {
    let secret = data_encoding::BASE64.decode(SECRET.as_bytes()).unwrap();
    match transfer(node.dns, "example.com", None, Some(&key("xfr", &secret))) {
        Ok(Outcome::Zone { snapshot, .. }) => rows(&snapshot),
        other => panic!("{other:?}"),
    }
}

fn serial(home: &Home) -> Option<u32> {
    let zones = home.ctl_json(&["zones"]);
    zones[0]["serial"].as_u64().and_then(|serial| u32::try_from(serial).ok())
}

/// The node is the primary. The SOA lets the other ask again in an hour: what it has sooner came by NOTIFY.
fn lead(kind: Kind) {
    let (port, their_port) = (free_port(), free_port());
    let notify = format!("notify = [\"127.0.0.1:{their_port}\"]\nnotify_key = \"xfr\"\n");
    let home = primary(port, &notify, &zone(100, 200));
    let node = Node::start(&home);
    let daemon = Daemon::start(kind, their_port, port, Some(Algorithm::HmacSha256), None);
    let wait = |serial: u32| {
        home.wait_until(&format!("{kind:?} with serial {serial}: {}", daemon.log()), || {
            daemon.serial() == Some(serial)
        });
    };
    wait(100);
    for round in 0..ROUNDS {
        let script = format!(
            "update add new-{round}.example.com TXT \"round {round}\"\nupdate delete host-{round}.example.com A\n"
        );
        let (text, done) = nsupdate(&home, node.dns, &["-y", &key_argument()], &script);
        assert!(done, "{text}");
        wait(101 + u32::from(round));
        assert_eq!(theirs(&daemon), ours(&node), "{kind:?}, round {round}");
    }
    assert!(node.stop().success());
}

/// The other is the primary, and tells the node of news by NOTIFY.
fn follow(kind: Kind) {
    let (port, their_port) = (free_port(), free_port());
    let daemon = Daemon::start(kind, their_port, port, Some(Algorithm::HmacSha256), Some(&zone(1, 200)));
    let role = format!(
        "role = \"secondary\"\nprimaries = [\"127.0.0.1:{their_port}\"]\nprimaries_key = \"xfr\"\n\
         allow_transfer = [\"127.0.0.0/8\"]\n"
    );
    let home = Home::new(&config(port, &role));
    home.wait_until(&format!("{kind:?}: {}", daemon.log()), || daemon.serial() == Some(1));
    let node = Node::start(&home);
    home.wait_until("the first transfer", || serial(&home) == Some(1));
    for round in 0..ROUNDS {
        let host = 200 + round;
        let script = format!("update add host-{host}.example.com 300 A 10.1.2.{host}\nsend\n");
        let before = daemon.serial();
        daemon.update(&script, &zone(2 + u32::from(round), host + 1));
        home.wait_until("the change", || daemon.serial().is_some_and(|serial| Some(serial) != before));
        home.wait_until("the new version", || serial(&home) == daemon.serial());
        assert_eq!(rows(&axfr(node.dns, "example.com")), theirs(&daemon), "{kind:?}, round {round}");
    }
    let zones = home.ctl_json(&["zones"]);
    assert_eq!(zones[0]["journal"]["deltas"], ROUNDS, "all but the first came by IXFR: {}", home.stderr());
    assert!(node.stop().success());
}

#[test]
#[ignore = "needs BIND"]
fn bind_is_the_secondary() {
    lead(Kind::Bind);
}

#[test]
#[ignore = "needs Knot"]
fn knot_is_the_secondary() {
    lead(Kind::Knot);
}

#[test]
#[ignore = "needs NSD"]
fn nsd_is_the_secondary() {
    lead(Kind::Nsd);
}

#[test]
#[ignore = "needs BIND"]
fn bind_is_the_primary() {
    follow(Kind::Bind);
}

#[test]
#[ignore = "needs Knot"]
fn knot_is_the_primary() {
    follow(Kind::Knot);
}

#[test]
#[ignore = "needs NSD"]
fn nsd_is_the_primary() {
    follow(Kind::Nsd);
}
