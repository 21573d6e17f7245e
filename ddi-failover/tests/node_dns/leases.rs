//! Leases of a subnet with `ddns` have names.

use super::client::{addresses, ask, axfr, text};
use super::harness::{Home, Node, Relay};
use super::message::{MessageType, Request};
use super::{serial, zone_of};
use ddi_dns::message::Rcode;
use ddi_dns::rr::Rtype;
use nix::sys::signal::Signal;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};

const CONFIG: &str = r#"
data_dir = "state"
[dhcp4]
listen = "127.0.0.1:0"
cache_threshold_percent = 0
[[dhcp4.subnet]]
prefix = "10.77.0.0/16"
relays = ["127.0.0.1"]
pools = ["10.77.16.0-10.77.17.255"]
lease_seconds = 4000
ddns = { forward = "example.com", reverse = "77.10.in-addr.arpa" }
[dns]
listen = "127.0.0.1:0"
[[zone]]
name = "example.com"
role = "primary"
file = "forward.zone"
allow_transfer = ["127.0.0.0/8"]
[[zone]]
name = "77.10.in-addr.arpa"
role = "primary"
file = "reverse.zone"
allow_transfer = ["127.0.0.0/8"]
"#;

const ZONE: &str = "\
$TTL 3600
@ SOA ns.example.com. admin.example.com. 1 3600 600 86400 300
  NS  ns.example.com.
";

fn home(config: &str) -> Home {
    let home = Home::new(config);
    fs::write(home.0.join("forward.zone"), format!("{ZONE}ns A 192.0.2.53\n")).unwrap();
    fs::write(home.0.join("reverse.zone"), ZONE).unwrap();
    home
}

fn reverse(address: Ipv4Addr) -> String {
    let [a, b, c, d] = address.octets();
    format!("{d}.{c}.{b}.{a}.in-addr.arpa")
}

fn wait_for_names(home: &Home, at: SocketAddr, clients: &[(u32, Ipv4Addr)]) {
    for (nth, address) in clients {
        let owner = format!("c{nth}.example.com");
        home.wait_until(&owner, || addresses(at, &owner) == [address.octets()]);
        let pointer = || ask(at, &reverse(*address), Rtype::PTR).answers;
        home.wait_until(&reverse(*address), || !pointer().is_empty());
        let target: Vec<u8> =
            [&[owner.find('.').unwrap() as u8][..], owner.split('.').next().unwrap().as_bytes()].concat();
        assert!(pointer()[0].2.starts_with(&target), "{owner}");
        assert_eq!(ask(at, &owner, Rtype::DHCID).answers.len(), 1, "{owner}");
    }
}

fn wait_for_nothing(home: &Home, at: SocketAddr, clients: &[(u32, Ipv4Addr)]) {
    for (nth, address) in clients {
        let owner = format!("c{nth}.example.com");
        home.wait_until(&format!("no {owner}"), || ask(at, &owner, Rtype::DHCID).rcode == Rcode::NXDOMAIN);
        let pointer = reverse(*address);
        home.wait_until(&format!("no {pointer}"), || ask(at, &pointer, Rtype::PTR).rcode == Rcode::NXDOMAIN);
    }
}

fn bind(relay: &Relay, clients: std::ops::Range<u32>) -> Vec<(u32, Ipv4Addr)> {
    clients.map(|nth| (nth, relay.bind(nth))).collect()
}

#[test]
fn names_come_and_go_with_their_leases() {
    let home = home(CONFIG);
    let node = Node::start(&home);
    let relay = Relay::new(&node);
    let empty = text(&axfr(node.dns, "77.10.in-addr.arpa")).lines().count();
    let clients = bind(&relay, 0..20);
    wait_for_names(&home, node.dns, &clients);

    // A renewal and a reload of the configuration change nothing.
    let before = serial(&home);
    for (nth, address) in &clients {
        let ack = relay.ask(*nth, 500 + nth, Request::Renew { address: *address });
        assert_eq!((ack.kind, ack.address), (MessageType::Ack, *address));
    }
    node.signal(Signal::SIGHUP);
    home.wait_for("read again");
    wait_for_names(&home, node.dns, &clients);
    assert_eq!(serial(&home), before);

    let (gone, left) = clients.split_at(7);
    for (_, address) in gone {
        home.ctl_json(&["release", &address.to_string()]);
    }
    wait_for_nothing(&home, node.dns, gone);
    wait_for_names(&home, node.dns, left);
    node.kill();
    let node = Node::start(&home);
    wait_for_names(&home, node.dns, left);
    wait_for_nothing(&home, node.dns, gone);
    for (_, address) in left {
        home.ctl_json(&["release", &address.to_string()]);
    }
    wait_for_nothing(&home, node.dns, left);
    assert_eq!(text(&axfr(node.dns, "77.10.in-addr.arpa")).lines().count(), empty, "nothing is left behind");
    assert!(node.stop().success());
}

#[test]
fn names_go_when_leases_expire() {
    let home = home(&CONFIG.replace("lease_seconds = 4000", "lease_seconds = 3"));
    let node = Node::start(&home);
    let clients = bind(&Relay::new(&node), 0..5);
    wait_for_names(&home, node.dns, &clients[..1]);
    wait_for_nothing(&home, node.dns, &clients);

    // Some that end while nobody is there to see it.
    let clients = bind(&Relay::new(&node), 10..15);
    wait_for_names(&home, node.dns, &clients[..1]);
    node.kill();
    std::thread::sleep(std::time::Duration::from_secs(4));
    let node = Node::start(&home);
    wait_for_nothing(&home, node.dns, &clients);
    assert!(node.stop().success());
}

#[test]
fn a_reload_gives_and_takes_names() {
    let line = "ddns = { forward = \"example.com\", reverse = \"77.10.in-addr.arpa\" }\n";
    let without = CONFIG.replace(line, "");
    let home = home(&without);
    let node = Node::start(&home);
    let relay = Relay::new(&node);
    relay.bind(0);
    home.write(CONFIG);
    node.signal(Signal::SIGHUP);
    home.wait_for("read again");
    let clients = bind(&relay, 1..4);
    wait_for_names(&home, node.dns, &clients);
    home.write(&without);
    node.signal(Signal::SIGHUP);
    home.wait_for_times(2, "read again");
    wait_for_nothing(&home, node.dns, &clients);
    assert!(node.stop().success());
}

#[test]
fn names_wait_for_a_frozen_zone() {
    let home = home(CONFIG);
    let node = Node::start(&home);
    let relay = Relay::new(&node);
    let (before, stay) = (bind(&relay, 10..12), bind(&relay, 12..13));
    wait_for_names(&home, node.dns, &before);
    wait_for_names(&home, node.dns, &stay);
    home.ctl_json(&["zone", "example.com", "freeze"]);
    let clients = bind(&relay, 0..3);
    let pointer = reverse(clients[2].1);
    home.wait_until("the reverse zone", || !ask(node.dns, &pointer, Rtype::PTR).answers.is_empty());
    assert_eq!(ask(node.dns, "c2.example.com", Rtype::A).rcode, Rcode::NXDOMAIN);
    for (_, address) in &before {
        home.ctl_json(&["release", &address.to_string()]);
    }
    home.wait_until("names that wait to go", || zone_of(&home, "example.com")["names_waiting"] == 2);
    assert_eq!(addresses(node.dns, "c10.example.com"), [before[0].1.octets()]);
    home.ctl_json(&["zone", "example.com", "thaw"]);
    wait_for_names(&home, node.dns, &clients);
    wait_for_names(&home, node.dns, &stay);
    wait_for_nothing(&home, node.dns, &before);
    assert!(node.stop().success());
}

#[test]
fn names_of_leases_outlive_a_reload_of_their_zone() {
    let home = home(CONFIG);
    let node = Node::start(&home);
    let clients = bind(&Relay::new(&node), 0..3);
    wait_for_names(&home, node.dns, &clients);
    let file = home.0.join("forward.zone");
    fs::write(&file, fs::read_to_string(&file).unwrap() + "new A 192.0.2.54\n").unwrap();
    home.ctl_json(&["zone", "example.com", "reload"]);
    assert_eq!(addresses(node.dns, "new.example.com"), [[192, 0, 2, 54]]);
    wait_for_names(&home, node.dns, &clients);
    assert!(node.stop().success());
}
