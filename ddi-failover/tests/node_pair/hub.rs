//! One node, the standby of two that have one address: only their names tell them apart.

use super::{Home, MCLT_SECONDS, Node, PATIENCE, free_port};
use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::{Duration, Instant};

const NAMES: [&str; 2] = ["north", "south"];

/// A node at `own` with the subnets of these relationships. The partner of each is at `partner`.
fn config(own: &str, role: &str, listen: u16, relationships: &[(usize, String)]) -> String {
    let mut config = format!("data_dir = \"state\"\n[dhcp4]\nlisten = \"{own}:0\"\n");
    for (nth, _) in relationships {
        config += &format!(
            "[[dhcp4.subnet]]\nprefix = \"10.{nth}.0.0/16\"\n\
             pools = [\"10.{nth}.16.0-10.{nth}.16.255\"]\n"
        );
    }
    for (nth, partner) in relationships {
        let name = NAMES[*nth];
        config += &format!(
            "[[failover]]\nname = \"{name}\"\nrole = \"{role}\"\nlisten = \"{own}:{listen}\"\n\
             partner = \"{partner}\"\nmclt_seconds = {MCLT_SECONDS}\nsubnets = [\"10.{nth}.0.0/16\"]\n"
        );
    }
    config
}

fn states(home: &Home) -> Vec<Value> {
    let status = home.ctl_json(&["failover", "status"]);
    status.as_array().unwrap().iter().map(|one| one["state"].clone()).collect()
}

#[test]
fn a_connection_belongs_to_the_relationship_that_it_names() {
    let (hub_port, ports) = (free_port(), [free_port(), free_port()]);
    // Nobody is where the hub calls: both have to call it, from the same address.
    let nowhere = |nth| (nth, format!("127.0.0.2:{}", free_port()));
    let hub = Home::new(&config("127.0.0.1", "secondary", hub_port, &[nowhere(0), nowhere(1)]));
    let branch = |nth: usize| {
        let to_hub = (nth, format!("127.0.0.1:{hub_port}"));
        Home::new(&config("127.0.0.2", "primary", ports[nth], &[to_hub]))
    };
    // The second one is there alone at first: it is not taken for the first.
    let homes = [branch(0), branch(1)];
    let hub_node = Node::start(&hub);
    let south = Node::start(&homes[1]);
    wait_for(&hub, |states| states[1] == "normal");
    let status = hub.ctl_json(&["failover", "status"]);
    assert_eq!((&status[0]["link"], &status[1]["link"]), (&json!("down"), &json!("up")), "{status}");
    let north = Node::start(&homes[0]);
    wait_for(&hub, |states| states == ["normal", "normal"]);
    for home in &homes {
        wait_for(home, |states| states == ["normal"]);
    }

    // A name that nobody has is refused, and told to both.
    let stranger = Home::new(
        &config("127.0.0.3", "primary", free_port(), &[(0, format!("127.0.0.1:{hub_port}"))])
            .replace("\"north\"", "\"west\""),
    );
    let west = Node::start(&stranger);
    let begin = Instant::now();
    while stranger.ctl_json(&["failover", "status"])[0]["last_error"] == Value::Null {
        assert!(begin.elapsed() < PATIENCE, "{}", stranger.stderr());
        std::thread::sleep(Duration::from_millis(50));
    }
    hub.wait_for("failover: connection from 127.0.0.3:");
    assert_eq!(states(&hub), ["normal", "normal"], "{}", hub.stderr());
    for node in [hub_node, north, south, west] {
        assert!(node.stop().success());
    }
}

/// Who connects and says nothing costs nobody anything.
#[test]
fn silent_connections_keep_no_partner_out() {
    let (hub_port, port) = (free_port(), free_port());
    let hub = Home::new(&config(
        "127.0.0.1",
        "secondary",
        hub_port,
        &[(0, format!("127.0.0.2:{port}")), (1, format!("127.0.0.2:{}", free_port()))],
    ));
    let hub_node = Node::start(&hub);
    let at = SocketAddrV4::new(Ipv4Addr::LOCALHOST, hub_port);
    let silent: Vec<_> = (0..100).map(|_| std::net::TcpStream::connect(at).unwrap()).collect();
    let home = Home::new(&config("127.0.0.2", "primary", port, &[(0, format!("127.0.0.1:{hub_port}"))]));
    let node = Node::start(&home);
    wait_for(&hub, |states| states[0] == "normal");
    drop(silent);
    assert!(node.stop().success() && hub_node.stop().success());
}

fn wait_for(home: &Home, until: impl Fn(Vec<Value>) -> bool) {
    let begin = Instant::now();
    while !until(states(home)) {
        let status = home.ctl_json(&["failover", "status"]);
        assert!(begin.elapsed() < PATIENCE, "{status}\n{}", home.stderr());
        std::thread::sleep(Duration::from_millis(50));
    }
}
