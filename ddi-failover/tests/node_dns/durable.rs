//! What an operator is told is on disk; large zones; a zone that expires.

use super::client::{Stream, addresses, ask, axfr, key, name, now, read, read_rcode, text, update};
use super::harness::{Home, Node};
use super::secondary::homes;
use super::{CONFIG, SECRET, ZONE, good_key, home, home_with, serial, zone_of};
use ddi_dns::message::{Flags, Opcode, Rcode, Section, Writer};
use ddi_dns::rr::{Class, Rtype};
use serde_json::json;
use std::fs;

#[test]
fn what_an_operator_was_told_outlives_a_kill() {
    let home = home();
    for round in 0..4u64 {
        let node = Node::start(&home);
        let verb = ["freeze", "thaw"][round as usize % 2];
        home.ctl_json(&["zone", "example.com", verb]);
        fs::write(home.0.join("example.com.zone"), ZONE.replace("192.0.2.80", &format!("192.0.2.{round}")))
            .unwrap();
        let said = home.ctl_json(&["zone", "example.com", "reload"]);
        node.kill();
        assert_eq!(said["serial"], 101 + round, "what it told is what it had done");
        let node = Node::start(&home);
        let zone = zone_of(&home, "example.com");
        assert_eq!((&zone["frozen"], &zone["serial"]), (&json!(verb == "freeze"), &json!(101 + round)));
        assert_eq!(addresses(node.dns, "www.example.com"), [[192, 0, 2, round as u8]]);
        assert!(node.stop().success());
    }
}

/// A zone of 5 MB, which has a file of its own in the journal.
fn large() -> String {
    format!("{ZONE}$GENERATE 1-20000 big$ TXT \"{}\"\n", "x".repeat(240))
}

#[test]
fn a_large_zone_is_followed_and_kept() {
    let (home, other) = homes();
    fs::write(home.0.join("example.com.zone"), large()).unwrap();
    let node = Node::start(&home);
    let second = Node::start(&other);
    other.wait_until("the zone", || zone_of(&other, "example.com")["serial"] == 100);
    let add = |nth: u8| {
        let owner = format!("host-{nth}.example.com");
        assert_eq!(
            update(node.dns, "example.com", &owner, [10, 0, 0, nth], true, Some(&good_key())),
            Rcode::NOERROR
        );
    };
    // As a whole again, and changes meanwhile.
    other.ctl_json(&["zone", "example.com", "retransfer"]);
    (1..=20).for_each(add);
    other.wait_until("the updates", || serial(&other) == 120);
    assert_eq!(text(&axfr(second.dns, "example.com")), text(&axfr(node.dns, "example.com")));
    node.kill();
    second.kill();
    let second = Node::start(&other);
    assert_eq!(serial(&other), 120);
    assert_eq!(addresses(second.dns, "host-20.example.com"), [[10, 0, 0, 20]], "and it has not expired");
    assert!(second.stop().success());

    // The primary's file is another one altogether: 10 MB of changes.
    let node = Node::start(&home);
    fs::write(home.0.join("example.com.zone"), large().replace("xxx", "yyy").replace(" 100 ", " 500 "))
        .unwrap();
    let said = home.ctl_json(&["zone", "example.com", "reload"]);
    node.kill();
    assert_eq!(said["serial"], 500);
    let node = Node::start(&home);
    assert_eq!(serial(&home), 500);
    assert!(node.stop().success());
}

#[test]
fn an_expired_zone_is_served_again_as_it_is_now() {
    let (home, other) = homes();
    let zone = ZONE.replace("100 3600 600 86400", "100 1 1 2");
    fs::write(home.0.join("example.com.zone"), &zone).unwrap();
    let node = Node::start(&home);
    let second = Node::start(&other);
    other.wait_until("the zone", || zone_of(&other, "example.com")["serial"] == 100);
    node.kill();
    let www = || ask(second.dns, "www.example.com", Rtype::A);
    other.wait_until("its end", || www().rcode == Rcode::SERVFAIL);
    let node = Node::start(&home);
    fs::write(home.0.join("example.com.zone"), zone.replace("192.0.2.80", "192.0.2.99")).unwrap();
    let said = home.ctl_json(&["zone", "example.com", "reload"]);
    assert_eq!(said["serial"], 101);
    other.wait_until("the new one", || {
        let had_new = zone_of(&other, "example.com")["serial"] == 101;
        let answer = www();
        let is_new = answer.rcode == Rcode::NOERROR && answer.answers[0].2 == [192, 0, 2, 99];
        // Its primary may have confirmed the old one before that was replaced.
        let is_old = answer.rcode == Rcode::NOERROR && !is_new;
        assert!(!is_old || !had_new, "an old version is shown");
        is_new
    });
    assert!(node.stop().success() && second.stop().success());
}

/// An update that fits no datagram.
fn large_update() -> Vec<u8> {
    let mut buffer = vec![0; 60_000];
    let mut writer = Writer::new(&mut buffer, 77, Flags::default().with_opcode(Opcode::UPDATE)).unwrap();
    writer.question(name("example.com").as_ref(), Rtype::SOA, Class::IN).unwrap();
    for nth in 0..100u8 {
        let owner = name(&format!("bulk{nth}.example.com"));
        let text = [&[200][..], &[b'x'; 200]].concat();
        writer.record(Section::Authority, owner.as_ref(), Rtype::TXT, Class::IN, 300, &text).unwrap();
    }
    let len = writer.finish();
    let (len, _) = key("ddns", SECRET).sign_request(&mut buffer, len, now().unix).unwrap();
    buffer.truncate(len);
    buffer
}

#[test]
fn an_update_by_connection_is_handed_on_by_connection() {
    let (home, other) = homes();
    let node = Node::start(&home);
    let second = Node::start(&other);
    other.wait_until("the zone", || zone_of(&other, "example.com")["serial"] == 100);
    let mut stream = Stream::new(second.dns);
    let message = large_update();
    assert!(message.len() > 20_000);
    stream.send(&message);
    let answer = stream.receive().expect("an answer");
    assert_eq!((read_rcode(&answer), &answer[..2]), (Rcode::NOERROR, &77u16.to_be_bytes()[..]));
    assert_eq!(ask(node.dns, "bulk99.example.com", Rtype::TXT).answers.len(), 1);
    other.wait_until("what it handed on", || serial(&other) == 101);
    // Nobody there: the sender is told.
    node.kill();
    stream.send(&message);
    let answer = stream.receive().expect("an answer");
    assert_eq!(read(&answer).rcode, Rcode::SERVFAIL);
    assert!(second.stop().success());
}

#[test]
fn an_include_stays_below_the_folder_of_its_zone() {
    let outside = Home::new("");
    fs::write(outside.0.join("names"), "secret A 192.0.2.7\n").unwrap();
    for (file, is_good) in [("sub/names", true), ("link", false), ("../names", false)] {
        let home = home_with(CONFIG);
        fs::create_dir(home.0.join("sub")).unwrap();
        fs::write(home.0.join("sub/names"), "included A 192.0.2.7\n").unwrap();
        std::os::unix::fs::symlink(outside.0.join("names"), home.0.join("link")).unwrap();
        fs::write(home.0.join("example.com.zone"), format!("{ZONE}$INCLUDE {file}\n")).unwrap();
        if is_good {
            let node = Node::start(&home);
            assert_eq!(addresses(node.dns, "included.example.com"), [[192, 0, 2, 7]]);
            assert!(node.stop().success());
        } else {
            let output = home.run_to_end();
            assert_eq!(output.status.code(), Some(2), "{file}");
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(said.contains("example.com.zone:9:"), "{file}: {said}");
        }
    }
}
