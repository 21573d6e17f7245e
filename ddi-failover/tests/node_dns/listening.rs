//! Where the node listens, and where its answers come from.

use super::client::{addresses, ask, ask_tcp, axfr, text, update};
use super::harness::{Home, Node, free_port};
use super::{CONFIG, good_key, home_with, serial, zone_of};
use ddi_dns::message::Rcode;
use ddi_dns::rr::Rtype;
use std::net::SocketAddr;

/// All that it listens on.
fn listens(node: &Node) -> Vec<SocketAddr> {
    let places = node.ready.split_whitespace().find_map(|word| word.strip_prefix("dns=")).unwrap();
    places.split(',').map(|place| place.parse().unwrap()).collect()
}

/// The clients take answers only from the address that they asked.
#[test]
fn an_answer_leaves_from_the_address_that_was_asked() {
    let home = home_with(&CONFIG.replace("127.0.0.1:0", "0.0.0.0:0"));
    let node = Node::start(&home);
    let follower = CONFIG
        .replace("127.0.0.1:0", "0.0.0.0:0")
        .replace("\"primary\"", &format!("\"secondary\"\nprimaries = [\"127.0.0.1:{}\"]", node.dns.port()))
        .replace("file = \"example.com.zone\"", "primaries_key = \"ddns\"");
    let other = home_with(&follower);
    let second = Node::start(&other);
    other.wait_until("the zone", || zone_of(&other, "example.com")["serial"] == 100);
    for (nth, last) in [(1, 1), (2, 2), (3, 77)] {
        let key = good_key();
        let at = |node: &Node| SocketAddr::from(([127, 0, 0, last], node.dns.port()));
        assert_eq!(ask(at(&node), "www.example.com", Rtype::A).answers.len(), 1);
        let add = |node: &Node, host: &str, key| {
            update(at(node), "example.com", &format!("{host}-{nth}.example.com"), [10, 0, 0, last], true, key)
        };
        // One that waits for the disk, one that does not, and one that the primary answers.
        assert_eq!(add(&node, "direct", Some(&key)), Rcode::NOERROR);
        assert_eq!(add(&node, "direct", None), Rcode::REFUSED);
        assert_eq!(add(&second, "forwarded", Some(&key)), Rcode::NOERROR);
        assert_eq!(addresses(at(&node), &format!("forwarded-{nth}.example.com")), [[10, 0, 0, last]]);
    }
    assert!(node.stop().success() && second.stop().success());
}

#[test]
fn both_families_and_several_addresses() {
    let several = "[\"127.0.0.1:0\", \"127.0.0.2:0\", \"[::1]:0\"]";
    let home = home_with(&CONFIG.replace("\"127.0.0.1:0\"", several));
    let node = Node::start(&home);
    let places = listens(&node);
    assert_eq!(places.len(), 3);
    assert!(places[2].is_ipv6());
    for (nth, at) in (1..).zip(places) {
        for ask in [ask, ask_tcp] {
            assert_eq!(ask(at, "www.example.com", Rtype::A).answers.len(), 1, "{at}");
        }
        let owner = format!("host-{nth}.example.com");
        assert_eq!(
            update(at, "example.com", &owner, [10, 0, 0, nth], true, Some(&good_key())),
            Rcode::NOERROR
        );
        assert_eq!(addresses(at, &owner), [[10, 0, 0, nth]]);
    }
    assert!(node.stop().success());
    let nowhere = Home::new(&CONFIG.replace("\"127.0.0.1:0\"", "[]"));
    let output = nowhere.run_to_end();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("node.toml:4: at least one address"), "{said}");
}

/// NOTIFY, SOA, IXFR, and updates handed on, all over IPv6.
#[test]
fn a_secondary_follows_over_ipv6() {
    let (primary, secondary) = (free_port(), free_port());
    let first = CONFIG.replace("127.0.0.1:0", &format!("[::1]:{primary}")).replace("127.0.0.0/8", "::1");
    let home = home_with(&format!("{first}notify = [\"[::1]:{secondary}\"]\n"));
    let node = Node::start(&home);
    let second = CONFIG
        .replace("127.0.0.1:0", &format!("[::1]:{secondary}"))
        .replace("\"primary\"", &format!("\"secondary\"\nprimaries = [\"[::1]:{primary}\"]"))
        .replace("file = \"example.com.zone\"", "primaries_key = \"ddns\"")
        .replace("127.0.0.0/8", "::1");
    let other = home_with(&second);
    let follower = Node::start(&other);
    other.wait_until("the zone", || zone_of(&other, "example.com")["serial"] == 100);
    for nth in 1..=3 {
        let owner = format!("host-{nth}.example.com");
        let through = if nth == 2 { follower.dns } else { node.dns };
        assert_eq!(
            update(through, "example.com", &owner, [10, 0, 0, nth], true, Some(&good_key())),
            Rcode::NOERROR
        );
        other.wait_until("the update", || serial(&other) == 100 + u64::from(nth));
    }
    assert_eq!(text(&axfr(follower.dns, "example.com")), text(&axfr(node.dns, "example.com")));
    assert_eq!(zone_of(&other, "example.com")["journal"]["deltas"], 3, "they came by IXFR");
    follower.kill();
    node.kill();
    // It knows until when its zone is good, and from whom it has it.
    let follower = Node::start(&other);
    assert_eq!(addresses(follower.dns, "host-3.example.com"), [[10, 0, 0, 3]]);
    assert!(follower.stop().success());
}
