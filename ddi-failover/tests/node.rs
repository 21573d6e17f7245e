//! The reference node as others see it: its command line, its sockets, its signals, its exit codes.

#![allow(unreachable_pub, dead_code, reason = "a test program: nothing here is reached from outside")]

#[path = "node/bad_config.rs"]
mod bad_config;
#[path = "node/features.rs"]
mod features;
#[path = "node/harness.rs"]
mod harness;
#[path = "../examples/node/demo/message.rs"]
mod message;
#[path = "node/trouble.rs"]
mod trouble;

use harness::{Home, Node, Relay, program};
use message::{Identity, MessageType, Request};
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::net::{Ipv4Addr, UdpSocket};
use std::os::unix::ffi::OsStrExt;
use std::process::Command;
use std::time::Duration;

/// A relay on the loopback interface, and any free port.
const CONFIG: &str = r#"
data_dir = "state"
[dhcp4]
listen = "127.0.0.1:0"
cache_threshold_percent = 0
[[dhcp4.subnet]]
id = 7
prefix = "10.77.0.0/16"
relays = ["127.0.0.1"]
pools = ["10.77.16.0-10.77.17.255"]
lease_seconds = 4000
options = { routers = ["10.77.0.1"], domain_name = "example.com" }
[[dhcp4.subnet.reservation]]
hw_addr = "02:dd:00:00:00:05"
address = "10.77.1.1"
"#;

/// Long enough for an answer that must not come.
const SILENCE: Duration = Duration::from_millis(400);

/// address -> hw_addr of the active leases that the node lists.
fn listed(home: &Home) -> BTreeMap<String, String> {
    let leases = home.ctl_json(&["leases"]);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let active = leases.as_array().unwrap().iter().filter(|lease| lease["state"] == "active");
    active.map(|lease| (text(&lease["address"]), text(&lease["hw_addr"]))).collect()
}

fn hw_addr(nth: u32) -> String {
    Identity::nth(nth).hw_addr.map(|byte| format!("{byte:02x}")).join(":")
}

#[test]
fn serves_stops_and_starts_again() {
    let home = Home::new(CONFIG);
    let mut node = Node::start(&home);
    assert!(node.ready.starts_with("ready "), "{:?}", node.ready);
    let relay = Relay::new(&node);
    let bound: Vec<_> = (0..20).map(|nth| relay.bind(nth)).collect();
    assert_eq!(bound[5], Ipv4Addr::new(10, 77, 1, 1), "the reservation");
    let expected: BTreeMap<_, _> =
        (0..).zip(&bound).map(|(nth, addr)| (addr.to_string(), hw_addr(nth))).collect();
    assert_eq!(listed(&home), expected);
    node.signal(Signal::SIGTERM);
    assert_eq!(node.rest_of_stdout(), "");
    assert!(node.wait().success());
    assert!(!home.0.join("state/ctl").exists());

    let node = Node::start(&home);
    assert_eq!(listed(&home), expected);
    let relay = Relay::new(&node);
    for (nth, address) in (0..).zip(bound) {
        let ack = relay.ask(nth, 1000 + nth, Request::Renew { address });
        assert_eq!((ack.kind, ack.address), (MessageType::Ack, address));
    }
    assert!(node.stop().success());
}

#[test]
fn nothing_promised_is_lost_by_a_kill() {
    let home = Home::new(CONFIG);
    let mut bound = BTreeMap::new();
    for round in 0..3 {
        let node = Node::start(&home);
        let relay = Relay::new(&node);
        for nth in round * 50..round * 50 + 50 {
            bound.insert(relay.bind(nth).to_string(), hw_addr(nth));
        }
        // Under way when the kill comes.
        (200..220).for_each(|nth| relay.send(nth, nth, Request::Discover));
        node.kill();
    }
    assert_eq!(bound.len(), 150);
    let node = Node::start(&home);
    let listed = listed(&home);
    for (address, client) in &bound {
        assert_eq!(listed.get(address), Some(client));
    }
    assert!(node.stop().success());
}

#[test]
fn ctl_answers_in_json() {
    let home = Home::new(CONFIG);
    let nobody = home.ctl(&["status"]);
    assert_eq!(nobody.status.code(), Some(1));
    assert!(serde_json::from_slice::<Value>(&nobody.stdout).unwrap()["error"].is_string());

    let node = Node::start(&home);
    let relay = Relay::new(&node);
    let bound: Vec<_> = (0..10).map(|nth| relay.bind(nth).to_string()).collect();
    let status = home.ctl_json(&["status"]);
    assert_eq!(status["pid"], node.pid());
    assert_eq!(status["database"]["leases"], 10);
    assert_eq!(status["database"]["lsn"], status["database"]["durable_lsn"]);
    assert_eq!(status["dhcp4"]["counters"]["acks"], 10);
    assert_eq!(status["dhcp4"]["subnets"][0]["id"], 7);
    assert_eq!(status["dhcp4"]["subnets"][0]["leases"], json!({ "active": 10 }));

    let lease = home.ctl_json(&["lease", &bound[3]]);
    assert_eq!(lease["address"], bound[3].as_str());
    assert_eq!(lease["state"], "active");
    let client_id: String = Identity::nth(3).client_id().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(lease["client_id"], client_id);
    assert_eq!(lease["subnet_id"], 7);
    let seconds = |name: &str| lease[name].as_u64().unwrap();
    assert_eq!(seconds("expiration_time") - seconds("client_last_transaction_time"), 4000);

    assert_eq!(home.ctl_json(&["leases", "10.77.1.0/24"]).as_array().unwrap().len(), 1);
    assert_eq!(home.ctl_json(&["leases", "10.78.0.0/16"]), json!([]));

    let released = home.ctl_json(&["release", &bound[3]]);
    assert_ne!(released["state"], "active");
    assert_eq!(home.ctl(&["release", &bound[3]]).status.code(), Some(1));
    assert_eq!(listed(&home).len(), 9);

    assert_eq!(home.ctl_json(&["lease", "10.77.99.99"])["state"], "free");

    for (words, code) in [
        (vec!["release", "10.77.99.99"], 1),
        (vec!["lease", "nonsense"], 1),
        (vec!["lease", "2001:db8::/129"], 1),
        (vec!["lease", "2001:db8::1/64"], 1),
        (vec!["leases", "10.77.0.0/99"], 1),
        (vec!["frobnicate"], 2),
        (vec!["export", "xml", "file"], 2),
        (vec!["lease"], 2),
    ] {
        let output = home.ctl(&words);
        assert_eq!(output.status.code(), Some(code), "{words:?}: {output:?}");
        if code == 1 {
            assert!(serde_json::from_slice::<Value>(&output.stdout).unwrap()["error"].is_string());
        }
    }
    assert!(node.stop().success());
}

#[test]
fn exports_for_other_servers() {
    let home = Home::new(CONFIG);
    let node = Node::start(&home);
    let relay = Relay::new(&node);
    let bound: Vec<_> = (0..10).map(|nth| relay.bind(nth).to_string()).collect();
    for (format, line) in [("kea", "address,hwaddr,client_id"), ("dhcpd", "lease ")] {
        let file = home.0.join(format);
        let answer = home.ctl_json(&["export", format, file.to_str().unwrap()]);
        assert_eq!(answer["leases"], 10);
        let text = std::fs::read_to_string(file).unwrap();
        assert!(text.contains(line), "{text}");
        assert!(bound.iter().all(|address| text.contains(address)));
    }
    let nowhere = home.ctl(&["export", "kea", "/nonexistent/file"]);
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(node.stop().success());
}

#[test]
fn compaction_keeps_every_lease() {
    let home = Home::new(CONFIG);
    let node = Node::start(&home);
    let relay = Relay::new(&node);
    for nth in 0..30 {
        relay.bind(nth);
    }
    let before = listed(&home);
    let answer = home.ctl_json(&["compact"]);
    assert!(answer["snapshot_bytes"].as_u64().unwrap() > 0, "{answer}");
    for nth in 30..40 {
        relay.bind(nth);
    }
    home.ctl_json(&["compact"]);
    node.kill();
    let node = Node::start(&home);
    let after = listed(&home);
    assert_eq!(after.len(), 40);
    assert!(before.iter().all(|(address, client)| after.get(address) == Some(client)));
    assert!(node.stop().success());
}

#[test]
fn sighup_rereads_the_configuration() {
    let small = CONFIG.replace("10.77.16.0-10.77.17.255", "10.77.16.0-10.77.16.4");
    let home = Home::new(&small);
    let node = Node::start(&home);
    let relay = Relay::new(&node);
    let bound: Vec<_> = (10..15).map(|nth| (nth, relay.bind(nth))).collect();
    relay.send(20, 1, Request::Discover);
    assert!(relay.answer(1, SILENCE).is_none(), "the pool is used up");

    home.write(&CONFIG.replace("lease_seconds = 4000", "lease_seconds = \"long\""));
    node.signal(Signal::SIGHUP);
    home.wait_for("the old configuration stays");
    assert!(home.stderr().contains("node.toml:11: "), "{}", home.stderr());
    home.write(&CONFIG.replace("listen = \"127.0.0.1:0\"", "listen = \"127.0.0.1:9\""));
    node.signal(Signal::SIGHUP);
    home.wait_for("need a restart");
    // All of it or nothing: the larger pool is not taken, as the segment size can't be.
    home.write(&CONFIG.replace("[dhcp4]", "[log]\nsegment_mib = 32\n[dhcp4]"));
    node.signal(Signal::SIGHUP);
    home.wait_for_times(3, "the old configuration stays");
    relay.send(20, 2, Request::Discover);
    assert!(relay.answer(2, SILENCE).is_none(), "nothing has changed");
    let pool = &home.ctl_json(&["status"])["dhcp4"]["subnets"][0]["pools"][0];
    assert_eq!((&pool["last"], &pool["size"]), (&json!("10.77.16.4"), &json!(5)));

    home.write(CONFIG);
    node.signal(Signal::SIGHUP);
    home.wait_for("read again");
    relay.bind(20);
    for (nth, address) in bound {
        let ack = relay.ask(nth, 100 + nth, Request::Renew { address });
        assert_eq!((ack.kind, ack.address), (MessageType::Ack, address));
    }
    assert_eq!(listed(&home).len(), 6);
    assert!(node.stop().success());
}

#[test]
fn a_client_with_an_address_renews_without_its_relay() {
    // The pool is on the loopback interface, so the client can use its address.
    let client_port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let config = CONFIG
        .replace("10.77.16.0-10.77.17.255", "127.7.16.0-127.7.17.255")
        .replace("10.77.0.0/16", "127.7.0.0/16")
        .replace("10.77.1.1", "127.7.1.1")
        .replace("[dhcp4]", &format!("[dhcp4]\nclient_port = {client_port}"));
    let home = Home::new(&config);
    let node = Node::start(&home);
    let address = Relay::new(&node).bind(1);
    let client = UdpSocket::bind((address, client_port)).unwrap();
    client.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut buffer = [0; 2048];
    let len =
        message::write(&mut buffer, Identity::nth(1), 99, Ipv4Addr::UNSPECIFIED, Request::Renew { address });
    client.send_to(&buffer[..len], node.address).unwrap();
    let (len, from) = loop {
        match client.recv_from(&mut buffer) {
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            received => break received.unwrap(),
        }
    };
    let ack = message::read(&buffer[..len]).unwrap();
    assert_eq!((ack.kind, ack.address, ack.xid), (MessageType::Ack, address, 99));
    assert_eq!(from, node.address);
    assert!(node.stop().success());
}

#[test]
fn no_ack_leaves_when_the_log_cannot_be_written() {
    let home = Home::new(CONFIG);
    let node = Node::start(&home);
    let relay = Relay::new(&node);
    let bound = relay.bind(1);
    // From now on the system refuses to write to the log (EFBIG), as a full or broken disk would: its
    // header is 512 bytes, so there is room for a line on stderr only.
    let limited = Command::new("prlimit").args(["--fsize=512", "--pid", &node.pid().to_string()]).status();
    assert!(limited.unwrap().success());
    let offer = relay.ask(2, 10, Request::Discover);
    relay.send(2, 11, Request::Select { address: offer.address, server: offer.server });
    assert!(relay.answer(11, SILENCE).is_none());
    assert_eq!(node.wait().code(), Some(1));
    assert!(home.stderr().contains("lease database failed"), "{}", home.stderr());

    let node = Node::start(&home);
    assert_eq!(listed(&home), BTreeMap::from([(bound.to_string(), hw_addr(1))]));
    assert!(node.stop().success());
}

#[test]
fn one_node_for_each_data_dir_and_port() {
    let home = Home::new(CONFIG);
    let node = Node::start(&home);
    let second = home.run_to_end();
    assert_eq!(second.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&second.stderr).contains("in use"), "{second:?}");
    assert_eq!(home.ctl_json(&["status"])["pid"], node.pid(), "the first one still answers");

    let port = node.address.port().to_string();
    let other = Home::new(&CONFIG.replace(":0\"", &format!(":{port}\"")));
    let output = other.run_to_end();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains(&port), "{output:?}");
    assert!(node.stop().success());
}

#[test]
fn a_deep_data_dir_is_no_problem_for_the_control_socket() {
    let deep = "a-directory-with-a-long-name/".repeat(8);
    let home = Home::new(&CONFIG.replace("\"state\"", &format!("\"{deep}state\"")));
    let node = Node::start(&home);
    assert_eq!(home.ctl_json(&["status"])["pid"], node.pid());
    assert!(node.stop().success());
}

#[test]
fn wrong_words_are_usage_errors() {
    for words in [&[][..], &["run"], &["ctl", "x"], &["demo", "x"], &["frobnicate"]] {
        let output = Command::new(program()).args(words).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("usage: node run CONFIG.toml"));
    }
    let no_text = OsStr::from_bytes(b"\xff");
    let output = Command::new(program()).args([OsStr::new("run"), no_text]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}
