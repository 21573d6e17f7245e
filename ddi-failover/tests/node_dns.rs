//! The reference node's name server as others see it: zones, transfers, updates, secondaries, and the names
//! of leases.

#![allow(unreachable_pub, dead_code, reason = "a test program: nothing here is reached from outside")]

#[path = "node_dns/listening.rs"]
mod listening;
#[path = "node_dns/client.rs"]
mod client;
#[path = "node_dns/durable.rs"]
mod durable;
#[path = "node/harness.rs"]
mod harness;
#[path = "node_dns/keys.rs"]
mod keys;
#[path = "node_dns/leases.rs"]
mod leases;
#[path = "node_dns/load.rs"]
mod load;
#[path = "../examples/node/demo/message.rs"]
mod message;
#[path = "node_dns/secondary.rs"]
mod secondary;
#[path = "node_dns/strain.rs"]
mod strain;
#[path = "node_dns/tolerant.rs"]
mod tolerant;

use client::{addresses, ask, ask_tcp, axfr, key, text, transfer, update};
use ddi_dns::message::Rcode;
use ddi_dns::rr::Rtype;
use ddi_dns::tsig::Key;
use ddi_dns::xfr::Outcome;
use harness::{Home, Node};
use serde_json::{Value, json};
use std::fs;

/// A node that serves names only.
const CONFIG: &str = r#"
data_dir = "state"
[dns]
listen = "127.0.0.1:0"
[[tsig_key]]
name = "ddns"
algorithm = "hmac-sha256"
secret = "c2VjcmV0IG9mIHRoZSB0ZXN0cw=="
[[zone]]
name = "example.com"
role = "primary"
file = "example.com.zone"
allow_transfer = ["127.0.0.0/8"]
allow_update = ["key:ddns"]
"#;

const SECRET: &[u8] = b"secret of the tests";

const ZONE: &str = "\
$TTL 3600
@    SOA ns.example.com. admin.example.com. 100 3600 600 86400 300
     NS  ns
ns   A   192.0.2.53
www  A   192.0.2.80
     TXT \"hello\"
*.w  A   192.0.2.81
$GENERATE 1-500 g$ A 10.1.0.1
";

/// Records of it.
const RECORDS: u64 = 506;

fn home() -> Home {
    home_with(CONFIG)
}

fn home_with(config: &str) -> Home {
    let home = Home::new(config);
    fs::write(home.0.join("example.com.zone"), ZONE).unwrap();
    home
}

fn good_key() -> Key {
    key("ddns", SECRET)
}

/// What `ctl zones` says of the only zone, or of the one of that name.
fn zone_of(home: &Home, name: &str) -> Value {
    let zones = home.ctl_json(&["zones"]);
    zones.as_array().unwrap().iter().find(|zone| zone["name"] == name).unwrap().clone()
}

fn serial(home: &Home) -> u64 {
    zone_of(home, "example.com")["serial"].as_u64().unwrap()
}

#[test]
fn answers_over_both_transports() {
    let home = home();
    let node = Node::start(&home);
    assert!(!node.ready.contains("dhcp4="), "{:?}", node.ready);
    for ask in [ask, ask_tcp] {
        let reply = ask(node.dns, "www.example.com", Rtype::A);
        assert!(reply.is_authoritative);
        assert_eq!(reply.rcode, Rcode::NOERROR);
        assert_eq!(reply.answers, [("www.example.com".to_owned(), Rtype::A, vec![192, 0, 2, 80])]);
        let wildcard = ask(node.dns, "any.thing.w.example.com", Rtype::A);
        assert_eq!(wildcard.answers, [("any.thing.w.example.com".to_owned(), Rtype::A, vec![192, 0, 2, 81])]);
        assert_eq!(ask(node.dns, "nobody.example.com", Rtype::A).rcode, Rcode::NXDOMAIN);
        assert_eq!(ask(node.dns, "www.example.org", Rtype::A).rcode, Rcode::REFUSED);
    }
    let zone = zone_of(&home, "example.com");
    assert_eq!(
        (&zone["role"], &zone["serial"], &zone["records"]),
        (&json!("primary"), &json!(100), &json!(RECORDS))
    );
    assert_eq!(zone["journal"]["deltas"], 0);
    for words in [&["zone", "example.org", "notify"][..], &["zone", "example.com", "retransfer"]] {
        assert_eq!(home.ctl(words).status.code(), Some(1), "{words:?}");
    }
    assert_eq!(home.ctl(&["zone", "example.com", "frobnicate"]).status.code(), Some(2));
    assert_eq!(home.ctl_json(&["leases"]), json!([]), "no leases, but no error");
    assert!(node.stop().success());
}

#[test]
fn transfers_are_for_those_who_may() {
    let home = home_with(&CONFIG.replace("[\"127.0.0.0/8\"]", "[\"key:ddns\"]"));
    let node = Node::start(&home);
    let refused = transfer(node.dns, "example.com", None, None).unwrap_err();
    assert!(refused.contains("code 5"), "{refused}");
    let unknown = transfer(node.dns, "example.org", None, Some(&good_key())).unwrap_err();
    assert!(unknown.contains("code 9"), "{unknown}");
    let wrong = key("ddns", b"another secret");
    assert!(transfer(node.dns, "example.com", None, Some(&wrong)).is_err());
    let Ok(Outcome::Zone { snapshot, .. }) = transfer(node.dns, "example.com", None, Some(&good_key()))
    else {
        panic!("no zone");
    };
    assert_eq!(snapshot.records(), RECORDS);
    assert!(node.stop().success());
}

#[test]
fn updates_are_made_by_those_who_may() {
    let home = home();
    let node = Node::start(&home);
    let before = axfr(node.dns, "example.com");
    let host = "host.example.com";
    let add = |key: Option<Key>| update(node.dns, "example.com", host, [192, 0, 2, 1], true, key.as_ref());
    assert_eq!(add(None), Rcode::REFUSED);
    assert_eq!(add(Some(key("ddns", b"another secret"))), Rcode::NOTAUTH);
    assert_eq!(add(Some(key("other", SECRET))), Rcode::NOTAUTH);
    assert_eq!(
        update(node.dns, "example.org", "a.example.org", [1; 4], true, Some(&good_key())),
        Rcode::NOTAUTH
    );
    assert_eq!((addresses(node.dns, host), serial(&home)), (vec![], 100));

    assert_eq!(add(Some(good_key())), Rcode::NOERROR);
    assert_eq!(addresses(node.dns, host), [[192, 0, 2, 1]]);
    assert_eq!(serial(&home), 101);
    assert_eq!(add(Some(good_key())), Rcode::NOERROR, "it is there already");
    assert_eq!(serial(&home), 101, "nothing has changed");

    let Ok(Outcome::Zone { snapshot, deltas, .. }) = transfer(node.dns, "example.com", Some(before), None)
    else {
        panic!("no zone");
    };
    assert_eq!(deltas.len(), 1, "what has changed came by IXFR");
    assert_eq!(text(&snapshot), text(&axfr(node.dns, "example.com")));
    assert!(matches!(transfer(node.dns, "example.com", Some(snapshot), None), Ok(Outcome::UpToDate { .. })));
    assert!(node.stop().success());
}

#[test]
fn nothing_confirmed_is_lost_by_a_kill() {
    let home = home();
    let mut before = None;
    let mut expected = vec![];
    for round in 0..3u8 {
        let node = Node::start(&home);
        let first = axfr(node.dns, "example.com");
        for nth in 0..20 {
            let owner = format!("host-{round}-{nth}.example.com");
            let address = [10, 0, round, nth];
            assert_eq!(
                update(node.dns, "example.com", &owner, address, true, Some(&good_key())),
                Rcode::NOERROR
            );
            expected.push((owner, address));
        }
        before.get_or_insert(first);
        node.kill();
    }
    // The file is read at the first start only.
    fs::write(home.0.join("example.com.zone"), ZONE.replace("192.0.2.80", "192.0.2.99")).unwrap();
    let node = Node::start(&home);
    for (owner, address) in expected {
        assert_eq!(addresses(node.dns, &owner), [address], "{owner}");
    }
    assert_eq!(addresses(node.dns, "www.example.com"), [[192, 0, 2, 80]]);
    let Ok(Outcome::Zone { snapshot, deltas, .. }) = transfer(node.dns, "example.com", before, None) else {
        panic!("no zone");
    };
    assert_eq!(deltas.len(), 60, "the way there is known, too");
    assert_eq!(text(&snapshot), text(&axfr(node.dns, "example.com")));
    assert!(node.stop().success());
}

#[test]
fn an_export_is_what_a_transfer_gives() {
    let home = home();
    let node = Node::start(&home);
    update(node.dns, "example.com", "host.example.com", [192, 0, 2, 1], true, Some(&good_key()));
    let file = home.0.join("exported");
    let said = home.ctl_json(&["zone", "Example.com.", "export", file.to_str().unwrap()]);
    assert_eq!(said["zone"], "example.com", "as it is configured");
    assert_eq!((&said["serial"], &said["records"]), (&json!(101), &json!(RECORDS + 1)));
    assert_eq!(fs::read_to_string(&file).unwrap(), text(&axfr(node.dns, "example.com")));
    assert_eq!(home.ctl(&["zone", "example.com", "export", "/nonexistent/file"]).status.code(), Some(1));
    assert_eq!(home.ctl(&["zone", "example.org", "export", file.to_str().unwrap()]).status.code(), Some(1));

    // An export is a zone file like any other.
    let copy = home_with(CONFIG);
    fs::copy(&file, copy.0.join("example.com.zone")).unwrap();
    let second = Node::start(&copy);
    assert_eq!(text(&axfr(second.dns, "example.com")), text(&axfr(node.dns, "example.com")));
    assert!(node.stop().success());
}

#[test]
fn a_reload_makes_the_difference_a_new_version() {
    let home = home();
    let node = Node::start(&home);
    let before = axfr(node.dns, "example.com");
    assert_eq!(home.ctl_json(&["zone", "example.com", "reload"])["serial"], 100, "nothing has changed");

    let file = home.0.join("example.com.zone");
    fs::write(&file, ZONE.replace("192.0.2.80", "192.0.2.99")).unwrap();
    home.ctl_json(&["zone", "example.com", "reload"]);
    home.wait_until("the new serial", || serial(&home) == 101);
    assert_eq!(addresses(node.dns, "www.example.com"), [[192, 0, 2, 99]]);
    let Ok(Outcome::Zone { snapshot, deltas, .. }) = transfer(node.dns, "example.com", Some(before), None)
    else {
        panic!("no zone");
    };
    assert_eq!((deltas.len(), deltas[0].len()), (1, 4), "both SOA, and the A that went and came");
    assert_eq!(text(&snapshot), text(&axfr(node.dns, "example.com")));

    fs::write(&file, ZONE.replace(" 100 ", " 500 ")).unwrap();
    home.ctl_json(&["zone", "example.com", "reload"]);
    home.wait_until("the file's own serial", || serial(&home) == 500);
    fs::write(&file, ZONE.replace("www  A ", "www  AAAAA ")).unwrap();
    let wrong = home.ctl(&["zone", "example.com", "reload"]);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&wrong.stdout).contains("example.com.zone:5:"), "{wrong:?}");
    assert_eq!(serial(&home), 500);
    node.kill();
    let node = Node::start(&home);
    assert_eq!(serial(&home), 500);
    assert!(node.stop().success());
}

#[test]
fn a_frozen_zone_does_not_change() {
    let home = home();
    let node = Node::start(&home);
    let add = |node: &Node, nth| {
        update(node.dns, "example.com", "host.example.com", [192, 0, 2, nth], true, Some(&good_key()))
    };
    assert_eq!(home.ctl_json(&["zone", "example.com", "freeze"])["frozen"], true);
    assert_eq!(add(&node, 1), Rcode::REFUSED);
    assert!(node.stop().success());
    let node = Node::start(&home);
    assert_eq!(add(&node, 1), Rcode::REFUSED, "it stays so over a restart");
    assert_eq!((serial(&home), zone_of(&home, "example.com")["frozen"].clone()), (100, json!(true)));
    assert_eq!(home.ctl_json(&["zone", "example.com", "thaw"])["frozen"], false);
    assert_eq!(add(&node, 2), Rcode::NOERROR);
    assert_eq!(addresses(node.dns, "host.example.com"), [[192, 0, 2, 2]]);
    assert!(node.stop().success());
}
