//! What each key of `[dns]` and `[[zone]]` does.

use super::client::{addresses, axfr, exchange, key, now, question, transfer, update};
use super::harness::{Home, Node, Relay, free_port};
use super::{CONFIG, SECRET, good_key, home_with, serial, zone_of};
use ddi_dns::message::Rcode;
use ddi_dns::rr::Rtype;
use ddi_dns::xfr::Outcome;
use std::fs;

/// As it is documented, but for the secrets, a key and a zone that it speaks of, and what serves leases.
const DOCUMENTED: &str = r#"
data_dir = "state"
[dns]
listen = "127.0.0.1:5300"
[[zone]]
name = "example.com"
role = "primary"                     # or "secondary" with primaries = ["addr:port"]
file = "example.com.zone"            # read at the first start; the journal holds what follows
notify = ["127.0.0.1:5310"]
allow_transfer = ["127.0.0.0/8", "key:xfr"]
allow_update = ["key:ddns"]
serial_policy = "increment"          # unix | date | { modulo = [1, 2] }
[[tsig_key]]
name = "ddns"
algorithm = "hmac-sha256"
secret = "c2VjcmV0IG9mIHRoZSB0ZXN0cw=="
[[tsig_key]]
name = "xfr"
algorithm = "hmac-sha256"
secret = "c2VjcmV0IG9mIHRoZSB0ZXN0cw=="
[[zone]]
name = "77.10.in-addr.arpa"
role = "primary"
file = "reverse.zone"
[dhcp4]
listen = "127.0.0.1:0"
[[dhcp4.subnet]]
prefix = "10.77.0.0/16"
relays = ["127.0.0.1"]
pools = ["10.77.16.0-10.77.17.255"]
ddns = { forward = "example.com", reverse = "77.10.in-addr.arpa" }
"#;

fn documented(policy: &str) -> Home {
    let config = DOCUMENTED
        .replace("serial_policy = \"increment\"", &format!("serial_policy = {policy}"))
        .replace("5300", &free_port().to_string())
        .replace("5310", &free_port().to_string());
    let home = home_with(&config);
    let reverse =
        "$TTL 300\n@ SOA ns.example.com. admin.example.com. 1 3600 600 86400 300\n@ NS ns.example.com.\n";
    fs::write(home.0.join("reverse.zone"), reverse).unwrap();
    home
}

fn add(node: &Node, nth: u8) -> Rcode {
    let owner = format!("host-{nth}.example.com");
    update(node.dns, "example.com", &owner, [10, 0, 0, nth], true, Some(&good_key()))
}

#[test]
fn the_documented_configuration_does_what_it_says() {
    let home = documented("\"increment\"");
    let node = Node::start(&home);
    let address = Relay::new(&node).bind(0);
    home.wait_until("the lease's name", || addresses(node.dns, "c0.example.com") == [address.octets()]);
    assert_eq!(serial(&home), 101);
    assert_eq!(add(&node, 1), Rcode::NOERROR);
    assert_eq!(serial(&home), 102);
    assert_eq!(update(node.dns, "example.com", "x.example.com", [1; 4], true, None), Rcode::REFUSED);
    let other = key("xfr", SECRET);
    assert_eq!(update(node.dns, "example.com", "x.example.com", [1; 4], true, Some(&other)), Rcode::REFUSED);
    assert!(transfer(node.dns, "example.com", None, None).is_ok(), "from 127.0.0.0/8");
    assert!(transfer(node.dns, "example.com", None, Some(&other)).is_ok());
    assert!(transfer(node.dns, "77.10.in-addr.arpa", None, Some(&other)).is_err(), "nobody may");
    let zone = zone_of(&home, "example.com");
    for field in ["name", "serial", "role", "records", "journal"] {
        assert!(!zone[field].is_null(), "{field}: {zone}");
    }
    assert!(node.stop().success());
}

#[test]
fn serials_as_the_policy_says() {
    let after = |policy: &str, changes: u8| {
        let home = documented(policy);
        let node = Node::start(&home);
        (1..=changes).for_each(|nth| assert_eq!(add(&node, nth), Rcode::NOERROR));
        let serial = serial(&home);
        assert!(node.stop().success());
        serial
    };
    assert_eq!(after("{ modulo = [1, 2] }", 1), 101);
    assert_eq!(after("{ modulo = [1, 2] }", 3), 105);
    assert_eq!(after("{ modulo = [0, 2] }", 1), 102);
    let before = now().unix.0;
    let unix = after("\"unix\"", 1);
    assert!((before..=now().unix.0).contains(&unix), "{unix}");
    // Both changes on one day.
    let date =
        std::iter::repeat_with(|| (now().unix.0 / 86_400, after("\"date\"", 2), now().unix.0 / 86_400))
            .find_map(|(day, serial, then)| (day == then).then_some(serial))
            .unwrap();
    assert!(date > 2_026_000_000 && date < 2_200_000_000 && date % 100 == 1, "{date}");
}

#[test]
fn a_reload_keeps_the_serial_in_its_slot() {
    let home = documented("{ modulo = [1, 2] }");
    let node = Node::start(&home);
    fs::write(home.0.join("example.com.zone"), super::ZONE.replace(" 100 ", " 500 ")).unwrap();
    home.ctl_json(&["zone", "example.com", "reload"]);
    assert_eq!(serial(&home), 100, "a new serial alone is no change");
    let text = super::ZONE.replace(" 100 ", " 500 ").replace("192.0.2.80", "192.0.2.99");
    fs::write(home.0.join("example.com.zone"), text).unwrap();
    home.ctl_json(&["zone", "example.com", "reload"]);
    assert_eq!(serial(&home), 501);
    assert!(node.stop().success());
}

/// Records of the answer and of the authority section.
fn counts(node: &Node) -> (u16, u16) {
    let answer = exchange(node.dns, &question(9, "www.example.com", Rtype::A));
    let count = |at: usize| u16::from_be_bytes([answer[at], answer[at + 1]]);
    (count(6), count(8))
}

#[test]
fn minimal_responses_name_no_servers() {
    for (line, authority) in [("", 1), ("minimal_responses = false", 1), ("minimal_responses = true", 0)] {
        let home = home_with(&CONFIG.replace("[dns]", &format!("[dns]\n{line}")));
        let node = Node::start(&home);
        assert_eq!(counts(&node), (1, authority), "{line}");
        assert!(node.stop().success());
    }
}

/// How many deltas a secondary gets that has missed three.
fn deltas_after_three(more: &str) -> usize {
    let home = home_with(&format!("{CONFIG}{more}\n"));
    let node = Node::start(&home);
    let before = axfr(node.dns, "example.com");
    (1..=3).for_each(|nth| assert_eq!(add(&node, nth), Rcode::NOERROR));
    let Ok(Outcome::Zone { deltas, .. }) = transfer(node.dns, "example.com", Some(before.clone()), None)
    else {
        panic!("no zone");
    };
    // It is so after a restart, too.
    assert!(node.stop().success());
    let node = Node::start(&home);
    let Ok(Outcome::Zone { deltas: again, .. }) = transfer(node.dns, "example.com", Some(before), None)
    else {
        panic!("no zone");
    };
    assert_eq!(again.len(), deltas.len());
    assert!(node.stop().success());
    deltas.len()
}

#[test]
fn history_and_how_it_is_given() {
    assert_eq!(deltas_after_three(""), 3);
    assert_eq!(deltas_after_three("condense = true"), 1);
    assert_eq!(deltas_after_three("history = { deltas = 3 }"), 3);
    assert_eq!(deltas_after_three("history = { deltas = 2 }"), 0, "the whole zone");
    assert_eq!(deltas_after_three("history = { mib = 0 }"), 0);
    assert_eq!(deltas_after_three("history = { percent_of_zone = 1 }"), 0);
    assert_eq!(deltas_after_three("history = { percent_of_zone = 1000, mib = 1 }"), 3);
}

#[test]
fn updates_as_the_policy_says() {
    let policy = r#"update_policy = [
    { who = "!key:ddns", name = "www.example.com" },
    { who = "key:ddns", name = "*.w.example.com", types = ["TXT", "A"] },
    { who = "key:ddns", name = ".dyn.example.com", types = ["TXT"] },
    { who = "key:host.example.com", name = "self" },
]
[[tsig_key]]
name = "host.example.com"
algorithm = "hmac-sha256"
secret = "c2VjcmV0IG9mIHRoZSB0ZXN0cw=="
"#;
    let home = home_with(&CONFIG.replace("allow_update = [\"key:ddns\"]", policy));
    let node = Node::start(&home);
    let host = key("host.example.com", SECRET);
    for (owner, key, rcode) in [
        ("a.w.example.com", &good_key(), Rcode::NOERROR),
        ("a.b.w.example.com", &good_key(), Rcode::REFUSED),
        ("w.example.com", &good_key(), Rcode::REFUSED),
        ("www.example.com", &good_key(), Rcode::REFUSED),
        ("a.dyn.example.com", &good_key(), Rcode::REFUSED),
        ("host.example.com", &host, Rcode::NOERROR),
        ("a.host.example.com", &host, Rcode::REFUSED),
    ] {
        assert_eq!(update(node.dns, "example.com", owner, [10, 0, 0, 1], true, Some(key)), rcode, "{owner}");
    }
    assert_eq!(update(node.dns, "example.com", "a.w.example.com", [1; 4], true, None), Rcode::REFUSED);
    assert!(node.stop().success());
}

#[test]
fn mistakes_in_them_are_told_with_their_line() {
    let update = "allow_update = [\"key:ddns\"]";
    for (good, bad, line, part) in [
        (update, "update_policy = [{ who = \"key:other\" }]", 14, "no key \"other\""),
        (update, "update_policy = [\n{ who = \"any\", types = [\"AAAAA\"] }]", 15, "no type \"AAAAA\""),
        (update, "update_policy = [{ who = \"any\", name = \"*.a..b\" }]", 14, "not a name"),
        (update, "update_policy = [{ name = \"a.example.com\" }]", 14, "who"),
        (update, "allow_update = [\"any\"]\nupdate_policy = [{ who = \"any\" }]", 10, "not both"),
        (update, "history = { delta = 3 }", 14, "delta"),
        ("[dns]", "[dns]\nminimal_responses = 1", 4, "boolean"),
        ("listen = \"127.0.0.1:0\"", "listen = [\"127.0.0.1:0\", \"::1\"]", 4, "address"),
    ] {
        let home = home_with(&CONFIG.replace(good, bad));
        let output = home.run_to_end();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{bad}: {said}");
        assert!(said.contains(&format!("node.toml:{line}: ")) && said.contains(part), "{bad}: {said}");
    }
}
