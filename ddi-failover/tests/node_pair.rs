//! Two reference nodes in failover: clients are served by both, one is killed, the other one goes on, and in
//! the end both know the same.

#![allow(unreachable_pub, dead_code, reason = "a test program: nothing here is reached from outside")]

#[path = "node_pair/counts.rs"]
mod counts;
#[path = "node/harness.rs"]
mod harness;
#[path = "node_pair/hub.rs"]
mod hub;
#[path = "node_pair/lost.rs"]
mod lost;
#[path = "../examples/node/demo/message.rs"]
mod message;

use harness::{Home, Node, Relay, free_port};
use message::{Answer, Identity, MessageType, Request};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

/// Of the two nodes.
const ADDRESSES: [&str; 2] = ["127.0.0.1", "127.0.0.2"];
/// Short, since a server that comes back waits for so long.
const MCLT_SECONDS: u64 = 8;
const PATIENCE: Duration = Duration::from_secs(30);

fn config(nth: usize, ports: [u16; 2]) -> String {
    let (own, other) = (ADDRESSES[nth], ADDRESSES[1 - nth]);
    let (listen, partner) = (ports[nth], ports[1 - nth]);
    let role = ["primary", "secondary"][nth];
    format!(
        r#"
data_dir = "state"
[dhcp4]
listen = "{own}:0"
cache_threshold_percent = 0
[[dhcp4.subnet]]
prefix = "10.77.0.0/16"
relays = ["127.0.0.1"]
pools = ["10.77.16.0-10.77.17.255", "10.77.32.0-10.77.32.9"]
lease_seconds = 4000
[[failover]]
name = "office"
role = "{role}"
listen = "{own}:{listen}"
partner = "{other}:{partner}"
mclt_seconds = {MCLT_SECONDS}
receive_timer_seconds = 3
pools = ["10.77.16.0-10.77.17.255"]
"#
    )
}

struct Pair {
    homes: [Home; 2],
    nodes: [Option<Node>; 2],
}

impl Pair {
    /// Two that have met.
    fn start() -> Self {
        let ports = [free_port(), free_port()];
        let homes = [0, 1].map(|nth| Home::new(&config(nth, ports)));
        let nodes = [0, 1].map(|nth| Some(Node::start(&homes[nth])));
        let pair = Self { homes, nodes };
        pair.wait_for_normal();
        pair
    }

    fn status(&self, nth: usize) -> Value {
        self.homes[nth].ctl_json(&["failover", "status"])[0].clone()
    }

    /// The file with the endpoint's state.
    fn saved_state(&self, nth: usize) -> Vec<u8> {
        let name = data_encoding::HEXLOWER.encode(b"office");
        std::fs::read(self.homes[nth].0.join(format!("state/failover/{name}.state"))).unwrap()
    }

    fn wait_for(&self, nth: usize, state: &str) {
        let begin = Instant::now();
        while self.status(nth)["state"] != state {
            assert!(
                begin.elapsed() < PATIENCE,
                "no {state}: {}, {}",
                self.status(nth),
                self.homes[nth].stderr()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn wait_for_normal(&self) {
        self.wait_for(0, "normal");
        self.wait_for(1, "normal");
    }

    /// The clients go on meanwhile: what they were given while the servers were apart is short.
    fn renew_until_normal(&self, clients: &BTreeMap<u32, Ipv4Addr>) {
        let begin = Instant::now();
        while (0..2).any(|nth| self.status(nth)["state"] != "normal") {
            assert!(begin.elapsed() < PATIENCE, "{} {}", self.homes[0].stderr(), self.homes[1].stderr());
            clients.iter().for_each(|(nth, address)| self.renew(*nth, *address));
        }
    }

    fn kill(&mut self, nth: usize) {
        self.nodes[nth].take().unwrap().kill();
    }

    fn restart(&mut self, nth: usize) {
        self.nodes[nth] = Some(Node::start(&self.homes[nth]));
    }

    /// What a client gets that sends to all that there are, and again each second. The first answer counts.
    fn ask(&self, nth: u32, xid: u32, request: Request) -> Answer {
        let relays: Vec<Relay> = self.nodes.iter().flatten().map(Relay::new).collect();
        let begin = Instant::now();
        while begin.elapsed() < PATIENCE {
            relays.iter().for_each(|relay| relay.send(nth, xid, request));
            let round = Instant::now();
            while round.elapsed() < Duration::from_secs(1) {
                let wait = Duration::from_millis(5);
                if let Some(answer) = relays.iter().find_map(|relay| relay.answer(xid, wait)) {
                    return answer;
                }
            }
        }
        panic!("nobody answers client {nth}: {} {}", self.homes[0].stderr(), self.homes[1].stderr());
    }

    /// DISCOVER to ACK. The lease is short, as the partner does not know of it yet.
    fn bind(&self, nth: u32) -> Ipv4Addr {
        let offer = self.ask(nth, nth * 4 + 1, Request::Discover);
        let select = Request::Select { address: offer.address, server: offer.server };
        let ack = self.ask(nth, nth * 4 + 2, select);
        assert_eq!((ack.kind, ack.address), (MessageType::Ack, offer.address));
        ack.address
    }

    fn renew(&self, nth: u32, address: Ipv4Addr) {
        let ack = self.ask(nth, nth * 4 + 3, Request::Renew { address });
        assert_eq!((ack.kind, ack.address), (MessageType::Ack, address), "client {nth}");
    }

    /// Address to client, of the active leases of the relationship.
    fn active(&self, nth: usize) -> BTreeMap<String, String> {
        let leases = self.homes[nth].ctl_json(&["leases"]);
        let active = leases.as_array().unwrap().iter().filter(|lease| lease["state"] == "active");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        active.map(|lease| (text(&lease["address"]), text(&lease["hw_addr"]))).collect()
    }

    fn wait_for_equal(&self, clients: &BTreeMap<u32, Ipv4Addr>) {
        let expected: BTreeMap<String, String> = clients
            .iter()
            .map(|(nth, address)| {
                let hw_addr = Identity::nth(*nth).hw_addr.map(|byte| format!("{byte:02x}")).join(":");
                (address.to_string(), hw_addr)
            })
            .collect();
        assert_eq!(expected.len(), clients.len(), "no address has two clients");
        for home in 0..2 {
            let begin = Instant::now();
            while self.active(home) != expected {
                let said = self.homes.each_ref().map(Home::stderr);
                let active = self.active(home);
                assert!(begin.elapsed() < PATIENCE, "node {home}: {active:?}, not {expected:?}; {said:?}");
                std::thread::sleep(Duration::from_millis(50));
                // Some may still have what they were given while the servers were apart.
                clients.iter().for_each(|(nth, address)| self.renew(*nth, *address));
            }
        }
    }

    fn bind_all(&self, clients: &mut BTreeMap<u32, Ipv4Addr>, new: std::ops::Range<u32>) {
        clients.extend(new.map(|nth| (nth, self.bind(nth))));
        clients.iter().for_each(|(nth, address)| self.renew(*nth, *address));
    }

    fn acks(&self, nth: usize) -> u64 {
        self.homes[nth].ctl_json(&["status"])["dhcp4"]["counters"]["acks"].as_u64().unwrap()
    }
}

#[test]
fn a_pair_serves_through_a_kill() {
    let mut pair = Pair::start();
    let mut clients = BTreeMap::new();
    pair.bind_all(&mut clients, 0..40);
    assert!(pair.acks(0) > 0 && pair.acks(1) > 0, "both serve");
    pair.wait_for_equal(&clients);
    for (nth, role) in [(0, "primary"), (1, "secondary")] {
        let status = pair.status(nth);
        for (key, value) in [
            ("name", json!("office")),
            ("role", json!(role)),
            ("state", json!("normal")),
            ("partner_state", json!("normal")),
            ("link", json!("up")),
            ("last_error", json!(null)),
            ("mclt_seconds", json!(MCLT_SECONDS)),
        ] {
            assert_eq!(status[key], value, "{status}");
        }
        assert!(status["since"].as_u64().unwrap() > 1_700_000_000, "{status}");
        assert!(status["partner_since"].as_u64().unwrap() > 1_700_000_000, "{status}");
        assert!(status["unacked"].is_u64(), "{status}");
        assert_eq!(status["leases"]["active"], 40, "{status}");
        let pools = status["pools"].as_array().unwrap();
        assert_eq!(
            (pools.len(), &pools[0]["first"], &pools[0]["size"]),
            (1, &json!("10.77.16.0"), &json!(512))
        );
        assert!(
            pools[0]["free"].as_u64().unwrap() > 100 && pools[0]["backup"].as_u64().unwrap() > 100,
            "{status}"
        );
    }

    pair.kill(0);
    pair.wait_for(1, "communications-interrupted");
    assert_eq!(pair.status(1)["link"], "down");
    pair.bind_all(&mut clients, 40..60);
    let before = pair.saved_state(1);
    pair.homes[1].ctl_json(&["failover", "partner-down", "office"]);
    assert_ne!(pair.saved_state(1), before, "the answer does not come before what it promises is on disk");
    pair.wait_for(1, "partner-down");
    pair.bind_all(&mut clients, 60..70);

    pair.restart(0);
    pair.renew_until_normal(&clients);
    pair.bind_all(&mut clients, 70..90);
    pair.wait_for_equal(&clients);

    // The other way round, and this time nobody is told: what each knows alone is told when they meet.
    pair.kill(1);
    pair.wait_for(0, "communications-interrupted");
    pair.bind_all(&mut clients, 90..100);
    pair.restart(1);
    pair.renew_until_normal(&clients);
    pair.wait_for_equal(&clients);
    for node in pair.nodes.into_iter().flatten() {
        assert!(node.stop().success());
    }
}

#[test]
fn an_operator_may_shut_one_down() {
    let mut pair = Pair::start();
    let mut clients = BTreeMap::new();
    pair.bind_all(&mut clients, 0..10);
    for words in [&["failover", "partner-down", "nobody"][..], &["failover", "shutdown", "nobody"]] {
        let output = pair.homes[0].ctl(words);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("nobody"), "{output:?}");
    }
    assert_eq!(pair.homes[0].ctl(&["failover", "frobnicate", "office"]).status.code(), Some(2));
    assert_eq!(pair.homes[0].ctl(&["failover", "shutdown"]).status.code(), Some(2));

    pair.homes[0].ctl_json(&["failover", "shutdown", "office"]);
    pair.wait_for(1, "partner-down");
    assert!(pair.nodes[0].take().unwrap().stop().success());
    pair.bind_all(&mut clients, 10..20);
    pair.restart(0);
    pair.renew_until_normal(&clients);
    pair.wait_for_equal(&clients);
    for node in pair.nodes.into_iter().flatten() {
        assert!(node.stop().success());
    }
}

/// A node's own pools are its own, with or without the partner.
#[test]
fn who_is_alone_waits_for_the_partner_once() {
    let ports = [free_port(), free_port()];
    let home = Home::new(&config(0, ports));
    let node = Node::start(&home);
    let status = home.ctl_json(&["failover", "status"])[0].clone();
    assert_eq!((&status["link"], &status["partner_state"]), (&json!("down"), &json!(null)), "{status}");
    assert_eq!(home.ctl(&["zones"]).status.code(), Some(1), "no zones are served here");
    // Nothing spins while it dials.
    let ticks = || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", node.pid())).unwrap();
        let fields: Vec<u64> =
            stat.rsplit(')').next().unwrap().split_whitespace().map(|f| f.parse().unwrap_or(0)).collect();
        fields[11] + fields[12]
    };
    let before = ticks();
    std::thread::sleep(Duration::from_secs(3));
    assert!(ticks() - before < 30, "{} of 300 ticks", ticks() - before);
    assert!(node.stop().success());
}
