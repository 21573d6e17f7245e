//! Two nodes: one has the zone, the other follows it.

use super::client::{addresses, ask, axfr, name, text, transfer, update};
use super::harness::{Home, Node, free_port};
use super::{CONFIG, ZONE, good_key, home_with, serial, zone_of};
use ddi_dns::message::Rcode;
use ddi_dns::rr::Rtype;
use ddi_dns::xfr::Outcome;
use std::fs;
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
