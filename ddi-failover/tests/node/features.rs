//! What a configuration can ask for besides plain leases: each key does what `example.toml` says of it.

use super::harness::{Home, Node, RELAY, Relay, program};
use super::message::{self, Identity, MESSAGE_MAX, MessageType, Request};
use super::{CONFIG, SILENCE, listed};
use ddi_dhcp::v4::Packet;
use nix::sys::signal::Signal;
use serde_json::json;
use std::net::Ipv4Addr;
use std::process::Command;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

/// A node with `CONFIG`, `key` put in front of its first subnet.
fn with(key: &str) -> Home {
    Home::new(&CONFIG.replacen("[[dhcp4.subnet]]", &format!("{key}\n[[dhcp4.subnet]]"), 1))
}

/// DISCOVER to ACK with these options in both; the ACK.
fn bind_with(relay: &Relay, nth: u32, options: &[u8]) -> message::Answer {
    let xid = 10_000 + 2 * nth;
    relay.send_with(nth, xid, Request::Discover, options);
    let offer = relay.answer(xid, PATIENCE).expect("an offer");
    assert_eq!(offer.kind, MessageType::Offer);
    let select = Request::Select { address: offer.address, server: offer.server };
    relay.send_with(nth, xid + 1, select, options);
    let ack = relay.answer(xid + 1, PATIENCE).expect("an ack");
    assert_eq!((ack.kind, ack.address), (MessageType::Ack, offer.address));
    ack
}

fn is_in(address: Ipv4Addr, third: u8) -> bool {
    address.octets()[..3] == [10, 77, third]
}

#[test]
fn classes_have_pools_and_times_of_their_own() {
    let class = "[[dhcp4.class]]\nname = \"phones\"\nvendor_class = [\"phone-1\"]\nlease_seconds = 900
        enterprise_class = [\"4491:modem\", \"9\"]\nenterprise_options = [3561]";
    let pool = "[[dhcp4.subnet.pool]]\nrange = \"10.77.8.0-10.77.8.255\"\nclasses = [\"phones\"]\n";
    let first = CONFIG.replace("10.77.16.0-10.77.17.255", "10.77.16.0-10.77.16.0");
    let config = first.replacen("[[dhcp4.subnet]]", &format!("{class}\n[[dhcp4.subnet]]"), 1);
    let home = Home::new(
        &config.replace("[[dhcp4.subnet.reservation]]", &format!("{pool}[[dhcp4.subnet.reservation]]")),
    );
    let node = Node::start(&home);
    let relay = Relay::new(&node);
    let phone = [&[60, 7][..], b"phone-1"].concat();
    assert!(is_in(bind_with(&relay, 1, &[]).address, 16));
    let ack = bind_with(&relay, 2, &phone);
    assert!(is_in(ack.address, 8) && ack.lease_seconds == 900, "{:?} {}", ack.address, ack.lease_seconds);
    // The only pool for everybody is used up: what is left is for phones.
    relay.send(3, 1, Request::Discover);
    assert!(relay.answer(1, SILENCE).is_none());
    // In two pieces (RFC 3396), with another option between.
    let pieces = [&[60, 3][..], b"pho", &[55, 1, 3, 60, 4], b"ne-1"].concat();
    assert!(is_in(bind_with(&relay, 4, &pieces).address, 8));
    // By a vendor's enterprise number (RFC 3925).
    for (nth, option) in [(15, &b"\x7c\x0b\0\0\x11\x8b\x06\x05modem"[..]), (16, b"\x7c\x05\0\0\0\x09\0")] {
        assert!(is_in(bind_with(&relay, nth, option).address, 8));
    }
    assert!(is_in(bind_with(&relay, 17, b"\x7d\x08\0\0\x0d\xe9\x03\x01\x01x").address, 8));
    relay.send_with(18, 2, Request::Discover, b"\x7c\x05\0\0\0\x0a\0");
    assert!(relay.answer(2, SILENCE).is_none(), "another vendor's");
    assert!(node.stop().success());
}

#[test]
fn one_client_can_not_flood_the_others() {
    let home = with("[dhcp4.flood]\nper_client = 1");
    let node = Node::start(&home);
    let relay = Relay::new(&node);
    (1..=50).for_each(|xid| relay.send(1, xid, Request::Discover));
    // It comes behind them, and is answered.
    relay.bind(2);
    let counters = &home.ctl_json(&["status"])["dhcp4"]["counters"];
    let flood = counters.as_object().unwrap().iter().find(|(name, _)| name.contains("client_flood"));
    let (answered, dropped) = (counters["offers"].as_u64().unwrap(), flood.unwrap().1.as_u64().unwrap());
    // The other one's offer is among the answers.
    assert!(answered >= 2 && dropped > 0 && answered + dropped == 51, "{counters}");
    assert!(node.stop().success());
}

#[test]
fn rapid_commit_takes_one_message() {
    for (key, kind) in [("rapid_commit = true", MessageType::Ack), ("", MessageType::Offer)] {
        let home = with(key);
        let node = Node::start(&home);
        let relay = Relay::new(&node);
        relay.send_with(1, 5, Request::Discover, &[80, 0]);
        let answer = relay.answer(5, PATIENCE).expect("an answer");
        assert_eq!(answer.kind, kind);
        assert_eq!(listed(&home).contains_key(&answer.address.to_string()), kind == MessageType::Ack);
        assert!(node.stop().success());
    }
}

#[test]
fn a_client_that_can_do_without_ipv4_gets_none() {
    let home = Home::new(&CONFIG.replace("id = 7", "id = 7\nv6_only_wait_seconds = 1800"));
    let node = Node::start(&home);
    let relay = Relay::new(&node);
    relay.send_with(1, 5, Request::Discover, &[55, 1, 108]);
    let offer = Packet::parse(&relay.receive(PATIENCE).expect("an offer")).map(|packet| {
        (packet.message_type(), packet.yiaddr(), packet.option(108).and_then(|value| value.u32()))
    });
    assert_eq!(offer, Ok((Some(MessageType::Offer), Ipv4Addr::UNSPECIFIED, Some(1800))));
    assert!(is_in(relay.bind(2), 16), "one that does not ask for that gets an address");
    assert!(node.stop().success());
}

/// A BOOTP request of the nth client.
fn bootp(nth: u32) -> Vec<u8> {
    let mut buffer = [0; MESSAGE_MAX];
    let len = message::write(&mut buffer, Identity::nth(nth), nth, RELAY, Request::Discover);
    // Without the message type, which comes first.
    [&buffer[..240], &buffer[243..len]].concat()
}

#[test]
fn bootp_clients_get_addresses_for_ever() {
    let home = with("bootp = true");
    let node = Node::start(&home);
    let relay = Relay::new(&node);
    relay.send_bytes(&bootp(2));
    let reply = relay.receive(PATIENCE).expect("a reply");
    let packet = Packet::parse(&reply).unwrap();
    assert!(packet.is_bootp() && is_in(packet.yiaddr(), 16), "{packet:?}");
    assert_eq!(packet.lease_seconds(), None);
    let lease = home.ctl_json(&["lease", &packet.yiaddr().to_string()]);
    assert_eq!(
        (&lease["state"], &lease["expiration_time"], &lease["bootp"]),
        (&json!("active"), &json!("never"), &json!(true))
    );
    assert!(node.stop().success());

    // Else only those with a reservation do.
    let home = Home::new(CONFIG);
    let node = Node::start(&home);
    let relay = Relay::new(&node);
    relay.send_bytes(&bootp(2));
    relay.send_bytes(&bootp(5));
    let reply = relay.receive(PATIENCE).expect("a reply");
    assert_eq!(Packet::parse(&reply).unwrap().yiaddr(), Ipv4Addr::new(10, 77, 1, 1));
    assert!(node.stop().success());
}

#[test]
fn subnets_of_one_link_help_each_other_out() {
    let other = "[[dhcp4.subnet]]\nprefix = \"10.78.0.0/16\"\npools = [\"10.78.0.10-10.78.0.20\"]\nshared_network = \"campus\"\n";
    let small = CONFIG.replace("10.77.16.0-10.77.17.255", "10.77.16.0-10.77.16.0");
    let home = Home::new(&(small.replace("id = 7", "id = 7\nshared_network = \"campus\"") + other));
    let node = Node::start(&home);
    let relay = Relay::new(&node);
    let bound = [1, 2, 3].map(|nth| relay.bind(nth).octets());
    assert_eq!(bound, [[10, 77, 16, 0], [10, 78, 0, 10], [10, 78, 0, 11]]);
    let ack = relay.ask(2, 99, Request::Renew { address: bound[1].into() });
    assert_eq!((ack.kind, ack.address.octets()), (MessageType::Ack, bound[1]));
    assert!(node.stop().success());
}

#[test]
fn only_listed_relays_are_served_if_so_configured() {
    // The relay's own address is in the subnet.
    let config = CONFIG
        .replace("10.77.16.0-10.77.17.255", "127.7.16.0-127.7.17.255")
        .replace("10.77.0.0/16", "127.0.0.0/8")
        .replace("10.77.1.1", "127.7.1.1")
        .replace("relays = [\"127.0.0.1\"]", "relays = [\"127.0.0.9\"]");
    let home = Home::new(&config);
    let node = Node::start(&home);
    let relay = Relay::new(&node);
    relay.bind(1);
    home.write(&config.replace("[dhcp4]", "[dhcp4]\nonly_listed_relays = true"));
    node.signal(Signal::SIGHUP);
    home.wait_for_times(1, "read again");
    relay.send(2, 1, Request::Discover);
    assert!(relay.answer(1, SILENCE).is_none());
    home.write(
        &config.replace("[dhcp4]", "[dhcp4]\nonly_listed_relays = true").replace("127.0.0.9", "127.0.0.1"),
    );
    node.signal(Signal::SIGHUP);
    home.wait_for_times(2, "read again");
    relay.bind(2);
    assert!(node.stop().success());
}

#[test]
fn excluded_addresses_are_nobodys() {
    let config = CONFIG.replace("10.77.16.0-10.77.17.255", "10.77.16.0-10.77.16.4");
    let exclude = |what: &str| {
        config.replace("lease_seconds = 4000", &format!("exclude = {what}\nlease_seconds = 4000"))
    };
    let home = Home::new(&exclude("[\"10.77.16.0-10.77.16.1\", \"10.77.16.3\"]"));
    let node = Node::start(&home);
    let relay = Relay::new(&node);
    let size = || home.ctl_json(&["status"])["dhcp4"]["subnets"][0]["pools"][0]["size"].clone();
    assert_eq!(size(), 2);
    assert_eq!([1, 2].map(|nth| relay.bind(nth).octets()[3]), [2, 4]);
    relay.send(3, 1, Request::Discover);
    assert!(relay.answer(1, SILENCE).is_none(), "none is left");
    // Another exclusion: what it lets go is there, and who has what it takes can't keep it.
    home.write(&exclude("[\"10.77.16.4-10.77.16.9\"]"));
    node.signal(Signal::SIGHUP);
    home.wait_for("read again");
    assert_eq!(size(), 4);
    assert_eq!(relay.bind(3).octets()[3], 0);
    assert_eq!(relay.ask(1, 99, Request::Renew { address: [10, 77, 16, 2].into() }).kind, MessageType::Ack);
    relay.send(2, 98, Request::Renew { address: [10, 77, 16, 4].into() });
    let answer = relay.answer(98, SILENCE).map(|answer| answer.kind);
    assert!(answer.is_none_or(|kind| kind == MessageType::Nak), "{answer:?}");
    assert!(node.stop().success());
}

/// Connections of partners, transfers and operators are open files: the system's usual limit of 1,024 is
/// for programs that know no more.
#[test]
fn as_many_files_may_be_open_as_the_system_allows() {
    let home = Home::new(CONFIG);
    let mut limited = Command::new("prlimit");
    limited.args(["--nofile=64:777", "--"]).arg(program());
    let node = Node::start_as(&home, limited);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", node.pid())).unwrap();
    let files = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    assert_eq!(files.split_whitespace().nth(3), Some("777"), "{files}");
    Relay::new(&node).bind(1);
    assert!(node.stop().success());
}
