//! Zones from their files: mistakes, and a zone that takes long.

use super::client::{ask, update};
use super::harness::{Home, Node};
use super::{CONFIG, ZONE, good_key, home, home_with, serial};
use ddi_dns::message::Rcode;
use ddi_dns::rr::Rtype;
use std::fmt::Write as _;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

fn write_zone(home: &Home, text: &str) {
    fs::write(home.0.join("example.com.zone"), text).unwrap();
}

/// What replaces what in the zone, the place of the mistake, and what is told of it.
const MISTAKES: &[(&str, &str, &str, &str)] = &[
    ("www  A   192.0.2.80", "www  AAAAA 1", "zone:5:", "type"),
    ("www  A   192.0.2.80", "www  A 192.0.2.300", "zone:5:", "address"),
    (
        "www  A   192.0.2.80",
        "www.example.org. A 192.0.2.80",
        "zone:5:",
        "www.example.org. is not in the zone",
    ),
    ("www  A   192.0.2.80", "www  CNAME ns", "zone:6:", "www.example.com.: CNAME and other data"),
    ("     TXT \"hello\"", "c CNAME ns\nc CNAME www", "zone:7:", "more than one CNAME"),
    ("     NS  ns\n", "", "zone:2:", "example.com.: the apex has no NS"),
    (
        "SOA ns.example.com. admin.example.com. 100 3600 600 86400 300",
        "TXT x",
        "zone:9:1: ",
        "zone has no SOA",
    ),
    ("     TXT \"hello\"", "d NS ns\nd DNAME example.org.", "zone:7:", "DNAME and NS"),
];

#[test]
fn a_zone_file_with_a_mistake_is_told_with_its_line() {
    for (good, bad, place, part) in MISTAKES {
        assert!(ZONE.contains(good), "{good}");
        let home = home();
        write_zone(&home, &ZONE.replacen(good, bad, 1));
        let output = home.run_to_end();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{bad}: {said}");
        assert!(said.contains(place) && said.contains(part), "{bad}: {said}");
        assert!(output.stdout.is_empty());
    }
    let home = home();
    fs::remove_file(home.0.join("example.com.zone")).unwrap();
    let output = home.run_to_end();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("example.com.zone"), "{output:?}");
}

#[test]
fn a_mistake_in_an_included_file_is_told_with_that_ones_line() {
    let home = home();
    write_zone(&home, &format!("{ZONE}$INCLUDE more\n"));
    fs::write(home.0.join("more"), "; more\nother A 192.0.2.1\nns CNAME other\n").unwrap();
    let output = home.run_to_end();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("more:3:1: ns.example.com.: CNAME and other data"), "{said}");
}

#[test]
fn a_reload_of_what_can_not_be_served_is_refused() {
    let home = home();
    let node = Node::start(&home);
    for (good, bad, place, part) in MISTAKES {
        write_zone(&home, &ZONE.replacen(good, bad, 1).replace(" 100 ", " 200 "));
        let refused = home.ctl(&["zone", "example.com", "reload"]);
        let said = String::from_utf8_lossy(&refused.stdout).into_owned();
        assert_eq!(refused.status.code(), Some(1), "{bad}: {said}");
        assert!(said.contains(place) && said.contains(part), "{bad}: {said}");
    }
    assert_eq!(serial(&home), 100);

    // What is only suspicious is served, and told.
    write_zone(&home, &(ZONE.replace(" 100 ", " 200 ") + "sub NS ns.sub\n"));
    home.ctl_json(&["zone", "example.com", "reload"]);
    assert_eq!(serial(&home), 200);
    home.wait_for("zone:9:1: sub.example.com.: no address of the name server ns.sub.example.com.");
    assert!(node.stop().success());
}

#[test]
fn what_is_suspicious_is_told_with_its_place() {
    let home = home();
    write_zone(&home, &(ZONE.to_owned() + "$INCLUDE more\n\na NS ns.a\n$GENERATE 1-30 g$ NS ns.g$\n"));
    fs::write(home.0.join("more"), "; more\n\nb NS ns.b\n  TXT \"b\"\n").unwrap();
    let node = Node::start(&home);
    let no_address = |place: &str, owner: &str| {
        home.wait_for(&format!(
            "{place}: {owner}.example.com.: no address of the name server ns.{owner}.example.com."
        ));
    };
    no_address("zone:11:1", "a");
    no_address("more:3:1", "b");
    no_address("zone:12:1", "g1");
    home.wait_for("zone: 12 more such faults");
    assert!(node.stop().success());
}

/// A zone so large that its next version is written aside.
fn large(nth: u32) -> String {
    let mut text = ZONE.replace(" 100 ", &format!(" {} ", 100 + nth));
    for host in 0..60_000u32 {
        let filler = "x".repeat(200);
        writeln!(text, "host-{host} TXT \"{nth} {filler}\"").unwrap();
    }
    text
}

#[test]
fn updates_of_a_zone_that_is_being_loaded_may_be_sent_again() {
    let home = home_with(CONFIG);
    write_zone(&home, &large(0));
    let node = Node::start(&home);
    let done = AtomicBool::new(false);
    let mut turned_away = 0;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for nth in 1..=5 {
                write_zone(&home, &large(nth * 1000));
                home.ctl_json(&["zone", "example.com", "reload"]);
            }
            done.store(true, Ordering::Release);
        });
        let mut nth = 0u8;
        while !done.load(Ordering::Acquire) {
            // No more than one rrset may have.
            nth = (nth + 1) % 50;
            let rcode =
                update(node.dns, "example.com", "u.example.com", [10, 0, 0, nth], true, Some(&good_key()));
            assert!([Rcode::NOERROR, Rcode::SERVFAIL].contains(&rcode), "{rcode:?}");
            if rcode == Rcode::SERVFAIL {
                turned_away += 1;
                let stranger = update(node.dns, "example.com", "u.example.com", [10, 0, 0, nth], true, None);
                assert!(stranger == Rcode::REFUSED, "{stranger:?}");
            }
        }
    });
    assert!(turned_away > 0);
    assert!(serial(&home) >= 5100);
    assert_eq!(ask(node.dns, "www.example.com", Rtype::A).rcode, Rcode::NOERROR);
    assert!(node.stop().success());
}
