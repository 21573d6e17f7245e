//! Two nodes: one has the zone, the other follows it.

use super::client::{addresses, ask, axfr, exchange, name, now, question, read, text, transfer, update};
use super::harness::{Home, Node, free_port};
use super::{CONFIG, ZONE, good_key, home_with, serial, zone_of};
use ddi_dns::message::Rcode;
use ddi_dns::rr::Rtype;
use ddi_dns::xfr::Outcome;
use std::fs;
use std::net::UdpSocket;
use std::time::{Duration, Instant};

/// The primary's and the secondary's home.
pub fn homes() -> (Home, Home) {
    let (primary, secondary) = (free_port(), free_port());
    let first = CONFIG.replace("127.0.0.1:0", &format!("127.0.0.1:{primary}"));
    let first = format!("{first}notify = [\"127.0.0.1:{secondary}\"]\nnotify_key = \"ddns\"\n");
    let second = CONFIG
        .replace("127.0.0.1:0", &format!("127.0.0.1:{secondary}"))
        .replace("\"primary\"", &format!("\"secondary\"\nprimaries = [\"127.0.0.1:{primary}\"]"))
        .replace("file = \"example.com.zone\"", "primaries_key = \"ddns\"");
    (home_with(&first), home_with(&second))
}

#[test]
fn a_secondary_follows() {
    let (home, other) = homes();
    let second = Node::start(&other);
    assert_eq!(ask(second.dns, "www.example.com", Rtype::A).rcode, Rcode::SERVFAIL, "it has no zone yet");
    let node = Node::start(&home);
    // The primary was not there when it asked: it says that it is.
    home.ctl_json(&["zone", "example.com", "notify"]);
    other.wait_until("the zone", || zone_of(&other, "example.com")["serial"] == 100);
    assert_eq!(text(&axfr(second.dns, "example.com")), text(&axfr(node.dns, "example.com")));
    let before = axfr(second.dns, "example.com");

    for nth in 1..=30 {
        let owner = format!("host-{nth}.example.com");
        assert_eq!(
            update(node.dns, "example.com", &owner, [10, 0, 0, nth], true, Some(&good_key())),
            Rcode::NOERROR
        );
    }
    other.wait_until("the updates", || serial(&other) == 130);
    let Ok(Outcome::Zone { snapshot, deltas, .. }) = transfer(second.dns, "example.com", Some(before), None)
    else {
        panic!("no zone");
    };
    assert_eq!(deltas.len(), 30, "it got them by IXFR, and gives them on");
    assert_eq!(text(&snapshot), text(&axfr(node.dns, "example.com")));

    // What it is asked to change, it asks its primary to.
    let owner = "through.example.com";
    assert_eq!(
        update(second.dns, "example.com", owner, [10, 0, 0, 99], true, Some(&good_key())),
        Rcode::NOERROR
    );
    assert_eq!(addresses(node.dns, owner), [[10, 0, 0, 99]]);
    other.wait_until("the forwarded update", || serial(&other) == 131);
    assert_eq!(update(second.dns, "example.com", owner, [10, 0, 0, 99], false, None), Rcode::REFUSED);

    fs::write(home.0.join("example.com.zone"), ZONE.replace(" 100 ", " 500 ")).unwrap();
    home.ctl_json(&["zone", "example.com", "reload"]);
    other.wait_until("the reload", || serial(&other) == 500);
    assert_eq!(text(&axfr(second.dns, "example.com")), text(&axfr(node.dns, "example.com")));
    other.ctl_json(&["zone", "example.com", "retransfer"]);
    other.wait_until("a transfer as a whole", || zone_of(&other, "example.com")["journal"]["deltas"] == 0);
    assert_eq!(serial(&other), 500);
    for verb in ["freeze", "reload"] {
        assert_eq!(other.ctl(&["zone", "example.com", verb]).status.code(), Some(1), "{verb}");
    }
    assert!(node.stop().success() && second.stop().success());
}

#[test]
fn a_secondary_goes_on_alone_and_catches_up() {
    let (home, other) = homes();
    let node = Node::start(&home);
    let second = Node::start(&other);
    other.wait_until("the zone", || zone_of(&other, "example.com")["serial"] == 100);
    second.kill();
    let add = |nth| {
        let owner = format!("host-{nth}.example.com");
        assert_eq!(
            update(node.dns, "example.com", &owner, [10, 0, 0, nth], true, Some(&good_key())),
            Rcode::NOERROR
        );
    };
    (1..=10).for_each(add);
    let second = Node::start(&other);
    other.wait_until("what it has missed", || serial(&other) == 110);
    node.kill();
    assert_eq!(addresses(second.dns, "host-7.example.com"), [[10, 0, 0, 7]]);
    second.kill();
    // Its primary is gone: what it has holds until it expires.
    let second = Node::start(&other);
    assert_eq!(addresses(second.dns, "host-7.example.com"), [[10, 0, 0, 7]]);
    assert!(zone_of(&other, "example.com")["expires_in_seconds"].as_u64().unwrap() > 86_000);
    let node = Node::start(&home);
    assert_eq!(text(&axfr(second.dns, "example.com")), text(&axfr(node.dns, "example.com")));
    assert_eq!(name("example.com"), axfr(node.dns, "example.com").apex().to_name());
}

#[test]
fn a_secondary_that_was_a_primary_for_a_while_takes_the_whole_zone() {
    let (home, other) = homes();
    let as_secondary = fs::read_to_string(other.config()).unwrap();
    let node = Node::start(&home);
    let second = Node::start(&other);
    other.wait_until("the zone", || zone_of(&other, "example.com")["serial"] == 100);
    assert!(second.stop().success());
    let own_way = as_secondary.replace("\"secondary\"", "\"primary\"\nfile = \"example.com.zone\"");
    let keys = |line: &&str| !line.starts_with("primaries");
    other.write(&own_way.lines().filter(keys).map(|line| format!("{line}\n")).collect::<String>());
    let second = Node::start(&other);
    let add = |node: &Node, owner: &str| {
        assert_eq!(
            update(node.dns, "example.com", owner, [10, 0, 0, 1], true, Some(&good_key())),
            Rcode::NOERROR
        );
    };
    add(&second, "there.example.com");
    add(&node, "here.example.com");
    assert_eq!((serial(&home), serial(&other)), (101, 101));
    assert!(second.stop().success());
    other.write(&as_secondary);
    let second = Node::start(&other);
    other.wait_until("the zone again", || zone_of(&other, "example.com")["serial"] == 101);
    assert_eq!(text(&axfr(second.dns, "example.com")), text(&axfr(node.dns, "example.com")));
    assert!(node.stop().success() && second.stop().success());
}

#[test]
fn a_refusal_is_signed_and_ds_is_the_business_of_the_zone_above() {
    let (home, other) = homes();
    let port = free_port();
    let late = "[[zone]]\nname = \"late.example.com\"\nrole = \"secondary\"\n";
    let late = format!("{late}primaries = [\"127.0.0.1:{port}\"]\n");
    home.write(&format!("{}{late}", fs::read_to_string(home.config()).unwrap()));
    drop(other);
    let node = Node::start(&home);
    assert_eq!(ask(node.dns, "late.example.com", Rtype::A).rcode, Rcode::SERVFAIL);
    assert_eq!(ask(node.dns, "late.example.com", Rtype::DS).rcode, Rcode::NXDOMAIN);
    let notify_of_a = |mut message: Vec<u8>| {
        message[2] |= 4 << 3;
        message
    };
    let question = |rtype| question(7, "late.example.com", rtype);
    let asked = [
        (question(Rtype::A), Rcode::SERVFAIL),
        (question(Rtype::IXFR), Rcode::FORMERR),
        (notify_of_a(question(Rtype::A)), Rcode::FORMERR),
    ];
    for (mut message, rcode) in asked {
        let len = message.len();
        message.resize(512, 0);
        let (len, mut verifier) = good_key().sign_request(&mut message, len, now().unix).unwrap();
        let answer = exchange(node.dns, &message[..len]);
        assert_eq!((verifier.check(&answer, now().unix).is_ok(), read(&answer).rcode), (true, rcode));
    }
    assert!(node.stop().success());
}

#[test]
fn what_it_asks_leaves_from_a_port_that_nobody_knows() {
    let (home, other) = homes();
    let node = Node::start(&home);
    let second = Node::start(&other);
    other.wait_until("the zone", || zone_of(&other, "example.com")["serial"] == 100);
    let primary = node.dns;
    assert!(node.stop().success());
    let socket = UdpSocket::bind(primary).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    // Anyone can send this in the primary's name, and so make it ask.
    let mut notify = question(7, "example.com", Rtype::SOA);
    notify[2] |= 4 << 3;
    assert_eq!(read(&exchange(second.dns, &notify)).rcode, Rcode::NOERROR);
    let (len, from) = socket.recv_from(&mut [0; 2000]).unwrap();
    assert!(len > 12 && from.ip() == second.dns.ip());
    assert_ne!(from.port(), second.dns.port(), "an answer needs more than the id to be forged");
    assert!(second.stop().success());
}

#[test]
fn it_asks_from_the_address_that_it_listens_on() {
    let (home, other) = homes();
    let config = |home: &Home| fs::read_to_string(home.config()).unwrap();
    let to_second = |text: &str| text.replace("127.0.0.1:", "127.0.0.2:");
    let lines = config(&home);
    let lines = lines.lines().map(|line| match line.split_once(' ') {
        Some(("allow_transfer", _)) => "allow_transfer = [\"127.0.0.2\"]\n".to_owned(),
        Some(("notify", _)) => format!("{}\n", to_second(line)),
        _ => format!("{line}\n"),
    });
    home.write(&lines.collect::<String>());
    other.write(&config(&other).replace("listen = \"127.0.0.1:", "listen = \"127.0.0.2:"));
    let node = Node::start(&home);
    let second = Node::start(&other);
    other.wait_until("the zone", || zone_of(&other, "example.com")["serial"] == 100);
    let owner = "host.example.com";
    assert_eq!(
        update(node.dns, "example.com", owner, [10, 0, 0, 1], true, Some(&good_key())),
        Rcode::NOERROR
    );
    other.wait_until("what has changed", || serial(&other) == 101);
    assert!(node.stop().success() && second.stop().success());
}

/// Told in the log of the test: how long a secondary is behind.
#[test]
fn a_secondary_follows_soon() {
    let (home, other) = homes();
    let node = Node::start(&home);
    let second = Node::start(&other);
    other.wait_until("the zone", || zone_of(&other, "example.com")["serial"] == 100);
    let mut took: Vec<Duration> = Vec::new();
    for nth in 1..=20 {
        std::thread::sleep(Duration::from_millis(20 * nth));
        let owner = format!("host-{nth}.example.com");
        let address = [10, 0, 0, u8::try_from(nth).unwrap()];
        assert_eq!(update(node.dns, "example.com", &owner, address, true, Some(&good_key())), Rcode::NOERROR);
        let begin = Instant::now();
        while addresses(second.dns, &owner).is_empty() {
            assert!(begin.elapsed() < Duration::from_secs(20));
            std::thread::sleep(Duration::from_millis(1));
        }
        took.push(begin.elapsed());
    }
    println!("behind by {took:?}");
}
