//! Leases of a subnet with `ddns` have names.

use super::client::{addresses, ask, axfr, text};
use super::harness::{Home, Node, Relay};
use super::message::{Answer, MessageType, Request};
use super::{serial, zone_of};
use ddi_dns::message::Rcode;
use ddi_dns::rr::Rtype;
use nix::sys::signal::Signal;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

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
    // That names came is seen by the serial: they may be gone before they are asked for.
    let wait_for_change = |before| home.wait_until("a name", || serial(&home) > before);
    let clients = bind(&Relay::new(&node), 0..5);
    wait_for_change(1);
    wait_for_nothing(&home, node.dns, &clients);

    // Some that end while nobody is there to see it.
    let before = serial(&home);
    let clients = bind(&Relay::new(&node), 10..15);
    wait_for_change(before);
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
fn names_wait_for_a_frozen_zone_and_pointers_do_not() {
    let home = home(CONFIG);
    let node = Node::start(&home);
    let relay = Relay::new(&node);
    let (before, stay) = (bind(&relay, 10..12), bind(&relay, 12..13));
    wait_for_names(&home, node.dns, &before);
    wait_for_names(&home, node.dns, &stay);
    home.ctl_json(&["zone", "example.com", "freeze"]);
    let clients = bind(&relay, 0..3);
    for (_, address) in &before {
        home.ctl_json(&["release", &address.to_string()]);
    }
    home.wait_until("names that wait to go", || zone_of(&home, "example.com")["names_waiting"] == 2);
    assert_eq!(addresses(node.dns, "c10.example.com"), [before[0].1.octets()]);
    assert_eq!(ask(node.dns, "c2.example.com", Rtype::A).rcode, Rcode::NXDOMAIN);
    // The other zone can be changed.
    let pointer = |address: Ipv4Addr| ask(node.dns, &reverse(address), Rtype::PTR);
    for (_, address) in &clients {
        home.wait_until("the pointer", || pointer(*address).answers.len() == 1);
    }
    for (_, address) in &before {
        home.wait_until("no pointer", || pointer(*address).rcode == Rcode::NXDOMAIN);
    }
    home.ctl_json(&["zone", "example.com", "thaw"]);
    wait_for_names(&home, node.dns, &clients);
    wait_for_names(&home, node.dns, &stay);
    wait_for_nothing(&home, node.dns, &before);
    assert!(node.stop().success());
}

#[test]
fn pointers_wait_for_a_frozen_zone_and_names_do_not() {
    let home = home(CONFIG);
    let node = Node::start(&home);
    let relay = Relay::new(&node);
    let before = bind(&relay, 10..11);
    wait_for_names(&home, node.dns, &before);
    home.ctl_json(&["zone", "77.10.in-addr.arpa", "freeze"]);
    let clients = bind(&relay, 0..3);
    home.ctl_json(&["release", &before[0].1.to_string()]);
    let pointer = |address: Ipv4Addr| ask(node.dns, &reverse(address), Rtype::PTR);
    for (nth, address) in &clients {
        let owner = format!("c{nth}.example.com");
        home.wait_until(&owner, || addresses(node.dns, &owner) == [address.octets()]);
        assert_eq!(pointer(*address).rcode, Rcode::NXDOMAIN);
    }
    home.wait_until("no name", || ask(node.dns, "c10.example.com", Rtype::A).rcode == Rcode::NXDOMAIN);
    assert_eq!(pointer(before[0].1).answers.len(), 1);
    // Over a restart, too.
    node.kill();
    let node = Node::start(&home);
    home.ctl_json(&["zone", "77.10.in-addr.arpa", "thaw"]);
    wait_for_names(&home, node.dns, &clients);
    wait_for_nothing(&home, node.dns, &before);
    assert!(node.stop().success());
}

/// A frozen zone says whose a name is.
#[test]
fn who_can_not_have_a_name_of_a_frozen_zone_gets_no_pointer() {
    let home = home(CONFIG);
    let node = Node::start(&home);
    let relay = Relay::new(&node);
    let owner = bind_named(&relay, 1, "shared");
    home.wait_until("the name", || addresses(node.dns, "shared.example.com") == [owner.octets()]);
    home.ctl_json(&["zone", "example.com", "freeze"]);
    let other = bind_named(&relay, 2, "shared");
    let last = bind_named(&relay, 3, "last");
    let pointer = |address: Ipv4Addr| ask(node.dns, &reverse(address), Rtype::PTR);
    home.wait_until("the last one's pointer", || pointer(last).answers.len() == 1);
    assert_eq!(pointer(other).rcode, Rcode::NXDOMAIN);
    home.ctl_json(&["zone", "example.com", "thaw"]);
    wait_for_refused(&home, 1);
    home.wait_until("the last one's name", || addresses(node.dns, "last.example.com") == [last.octets()]);
    assert_eq!(pointer(other).rcode, Rcode::NXDOMAIN);
    assert_eq!((pointer(owner).answers.len(), pointer(last).answers.len()), (1, 1));
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

/// Binds or renews as a client that wants this name (option 81).
fn ask_named(relay: &Relay, nth: u32, xid: u32, label: &str, request: Request) -> Answer {
    let len = u8::try_from(label.len()).unwrap();
    // In wire form without an end, and the server is to update.
    let fqdn = [&[81, len + 4, 0b101, 0, 0, len][..], label.as_bytes()].concat();
    relay.send_with(nth, xid, request, &fqdn);
    relay.answer(xid, Duration::from_secs(20)).expect("an answer")
}

fn bind_named(relay: &Relay, nth: u32, label: &str) -> Ipv4Addr {
    let offer = ask_named(relay, nth, nth * 2 + 1, label, Request::Discover);
    let select = Request::Select { address: offer.address, server: offer.server };
    let ack = ask_named(relay, nth, nth * 2 + 2, label, select);
    assert_eq!((ack.kind, ack.address), (MessageType::Ack, offer.address));
    ack.address
}

fn wait_for_refused(home: &Home, count: u64) {
    home.wait_until("the count of names refused", || {
        zone_of(home, "example.com")["names_refused"].as_u64() == Some(count)
    });
}

#[test]
fn two_clients_want_one_name() {
    let home = home(CONFIG);
    let node = Node::start(&home);
    let relay = Relay::new(&node);
    let name = "shared.example.com";
    let pointer = |address: Ipv4Addr| ask(node.dns, &reverse(address), Rtype::PTR);
    let owner = bind_named(&relay, 1, "shared");
    home.wait_until("the name", || addresses(node.dns, name) == [owner.octets()]);
    let other = bind_named(&relay, 2, "shared");
    wait_for_refused(&home, 1);
    assert_eq!(addresses(node.dns, name), [owner.octets()]);
    assert_eq!(pointer(owner).answers.len(), 1);
    assert_eq!(pointer(other).rcode, Rcode::NXDOMAIN, "RFC 4703 section 5.3: no PTR without the name");
    let told = format!("{name}. for {other}: the name is somebody else's");
    home.wait_for(&told);

    // Tried again, in vain, and told once.
    ask_named(&relay, 2, 100, "shared", Request::Renew { address: other });
    let last = bind(&relay, 3..4);
    wait_for_names(&home, node.dns, &last);
    assert_eq!(addresses(node.dns, name), [owner.octets()]);
    assert_eq!(home.stderr().matches(&told).count(), 1);

    home.ctl_json(&["release", &owner.to_string()]);
    home.wait_until("no name", || ask(node.dns, name, Rtype::A).rcode == Rcode::NXDOMAIN);
    ask_named(&relay, 2, 101, "shared", Request::Renew { address: other });
    home.wait_until("the other's name", || addresses(node.dns, name) == [other.octets()]);
    wait_for_refused(&home, 0);
    home.wait_until("the other's pointer", || pointer(other).answers.len() == 1);
    assert!(node.stop().success());
}

#[test]
fn a_name_that_an_operator_gave_is_left_alone() {
    let home = home(CONFIG);
    let file = home.0.join("forward.zone");
    let before = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{before}fixed A 192.0.2.9\n")).unwrap();
    let node = Node::start(&home);
    let relay = Relay::new(&node);
    let address = bind_named(&relay, 1, "fixed");
    wait_for_refused(&home, 1);
    assert_eq!(addresses(node.dns, "fixed.example.com"), [[192, 0, 2, 9]]);
    assert_eq!(ask(node.dns, &reverse(address), Rtype::PTR).rcode, Rcode::NXDOMAIN);
    // Who goes wants nothing any more, and takes nothing along.
    home.ctl_json(&["release", &address.to_string()]);
    wait_for_refused(&home, 0);
    assert_eq!(addresses(node.dns, "fixed.example.com"), [[192, 0, 2, 9]]);

    let address = bind_named(&relay, 2, "fixed");
    wait_for_refused(&home, 1);
    fs::write(&file, &before).unwrap();
    home.ctl_json(&["zone", "example.com", "reload"]);
    home.wait_until("the name", || addresses(node.dns, "fixed.example.com") == [address.octets()]);
    home.wait_until("its pointer", || ask(node.dns, &reverse(address), Rtype::PTR).answers.len() == 1);
    wait_for_refused(&home, 0);
    assert!(node.stop().success());
}
