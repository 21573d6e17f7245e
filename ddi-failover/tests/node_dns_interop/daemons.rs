//! A node and another name server, one the secondary of the other: NOTIFY, AXFR, then IXFR, unsigned and with a key.

use super::client::{key, transfer};
use super::daemon::{Daemon, Kind, SECRET, Setup};
use super::harness::{Home, Node, free_port};
use super::records::assert_same;
use super::{config, key_argument, nsupdate, primary_for};
use ddi_dns::tsig::Algorithm;
use ddi_dns::xfr::Outcome;
use ddi_dns::zone::Snapshot;

/// Updates of each test, unsigned; and as many with a key.
const ROUNDS: u8 = 5;

const KEYS: [Option<Algorithm>; 2] = [None, Some(Algorithm::HmacSha256)];

fn zone(serial: u32, hosts: u8) -> String {
    let mut text = format!(
        "$TTL 300\n@ SOA ns root {serial} 3600 2 86400 300\n@ NS ns\nns A 127.0.0.1\n\
         MixedCase TXT \"Some Text\"\nmail MX 10 Ns\n*.wild A 10.9.9.9\n"
    );
    (0..hosts).for_each(|nth| text += &format!("host-{nth} 300 A 10.1.2.{nth}\n"));
    text
}

/// What the node gives who asks as it wants to be asked.
fn ours(node: &Node, signed: bool) -> Snapshot {
    let secret = data_encoding::BASE64.decode(SECRET.as_bytes()).unwrap();
    let key = signed.then(|| key("xfr", &secret));
    match transfer(node.dns, "example.com", None, key.as_ref()) {
        Ok(Outcome::Zone { snapshot, .. }) => snapshot,
        other => panic!("{other:?}"),
    }
}

fn serial(home: &Home) -> Option<u32> {
    let zones = home.ctl_json(&["zones"]);
    zones[0]["serial"].as_u64().and_then(|serial| u32::try_from(serial).ok())
}

/// The node is the primary. The SOA lets the other ask again in an hour: what it has sooner came by NOTIFY.
fn lead(kind: Kind, key: Option<Algorithm>) {
    let (ours_at, port) = (free_port(), free_port());
    let signed = key.is_some();
    let notify_key = if signed { "notify_key = \"xfr\"\n" } else { "" };
    let who = if signed { "key:xfr" } else { "127.0.0.1" };
    let home =
        primary_for(who, ours_at, &format!("notify = [\"127.0.0.1:{port}\"]\n{notify_key}"), &zone(100, 200));
    let node = Node::start(&home);
    let daemon = Daemon::start(Setup { kind, port, ours: ours_at, key, ixfr: true }, None);
    let argument = key_argument();
    let signs: &[&str] = if signed { &["-y", &argument] } else { &[] };
    let comes_to = |serial: u32| {
        home.wait_until_or(
            || daemon.serial() == Some(serial),
            || format!("{kind:?} with serial {serial}: {}", daemon.log()),
        );
        assert_same(
            &ours(&node, signed),
            &daemon.zone(serial),
            false,
            &format!("{kind:?}, {key:?}, {serial}"),
        );
    };
    comes_to(100);
    for round in 0..ROUNDS {
        let script = format!(
            "update add new-{round}.example.com TXT \"round {round}\"\nupdate delete host-{round}.example.com A\n"
        );
        let (text, done) = nsupdate(&home, node.dns, signs, &script);
        assert!(done, "{text}");
        comes_to(101 + u32::from(round));
    }
    assert!(node.stop().success());
}

/// The other is the primary, and tells the node of news by NOTIFY.
fn follow(kind: Kind, key: Option<Algorithm>) {
    let (ours_at, port) = (free_port(), free_port());
    let daemon = Daemon::start(Setup { kind, port, ours: ours_at, key, ixfr: true }, Some(&zone(1, 200)));
    let primaries_key = if key.is_some() { "primaries_key = \"xfr\"\n" } else { "" };
    let role = format!(
        "role = \"secondary\"\nprimaries = [\"127.0.0.1:{port}\"]\n{primaries_key}\
         allow_transfer = [\"127.0.0.0/8\"]\n"
    );
    let home = Home::new(&config(ours_at, &role));
    home.wait_until_or(|| daemon.serial() == Some(1), || format!("{kind:?}: {}", daemon.log()));
    let node = Node::start(&home);
    let comes_to = |version: u32| {
        home.wait_until_or(
            || serial(&home) == Some(version),
            || format!("serial {version} of {kind:?}: {}", daemon.log()),
        );
        let what = format!("{kind:?}, {key:?}, {version}");
        assert_same(&ours(&node, false), &daemon.zone(version), false, &what);
    };
    comes_to(1);
    for round in 0..ROUNDS {
        let (host, version) = (200 + round, 2 + u32::from(round));
        let script = format!("update add host-{host}.example.com 300 A 10.1.2.{host}\nsend\n");
        // Each adds one record: those that count serials themselves count one.
        daemon.update(&script, &zone(version, host + 1));
        comes_to(version);
    }
    let zones = home.ctl_json(&["zones"]);
    assert_eq!(zones[0]["journal"]["deltas"], ROUNDS, "all but the first came by IXFR: {}", home.stderr());
    assert!(node.stop().success());
}

#[test]
#[ignore = "needs BIND"]
fn bind_is_the_secondary() {
    KEYS.into_iter().for_each(|key| lead(Kind::Bind, key));
}

#[test]
#[ignore = "needs Knot"]
fn knot_is_the_secondary() {
    KEYS.into_iter().for_each(|key| lead(Kind::Knot, key));
}

#[test]
#[ignore = "needs NSD"]
fn nsd_is_the_secondary() {
    KEYS.into_iter().for_each(|key| lead(Kind::Nsd, key));
}

#[test]
#[ignore = "needs BIND"]
fn bind_is_the_primary() {
    KEYS.into_iter().for_each(|key| follow(Kind::Bind, key));
}

#[test]
#[ignore = "needs Knot"]
fn knot_is_the_primary() {
    KEYS.into_iter().for_each(|key| follow(Kind::Knot, key));
}

#[test]
#[ignore = "needs NSD"]
fn nsd_is_the_primary() {
    KEYS.into_iter().for_each(|key| follow(Kind::Nsd, key));
}
