//! Mistakes in the configuration: each is told with its line, and nothing is started.

use super::CONFIG;
use super::harness::{Home, Node, Relay};
use std::path::Path;

/// What is replaced by what in a good file, the line of the mistake, and a part of the message.
const MISTAKES: &[(&str, &str, u32, &str)] = &[
    ("cache_threshold_percent", "cache_treshold_percent", 5, "cache_treshold_percent"),
    ("[dhcp4]", "[dhcp5]\nlisten = \"127.0.0.1:0\"\n[dhcp4]", 3, "dhcp5"),
    ("lease_seconds = 4000", "lease_seconds = 4000\nlease_second = 1", 12, "lease_second"),
    ("hw_addr = ", "hw_adr = ", 14, "hw_adr"),
    ("lease_seconds = 4000", "lease_seconds = \"4000\"", 11, "expected u32"),
    ("lease_seconds = 4000", "lease_seconds = 0", 8, "lease times"),
    ("127.0.0.1:0", "127.0.0.1", 4, "address"),
    ("10.77.0.0/16", "10.77.0.1/16", 8, "host bits"),
    ("10.77.0.0/16", "10.77.0.0/33", 8, "prefix"),
    ("10.77.16.0-10.77.17.255", "10.78.16.0-10.78.17.255", 10, "10.78.16.0"),
    ("10.77.16.0-10.77.17.255", "10.77.17.255-10.77.16.0", 10, "before"),
    ("10.77.16.0-10.77.17.255", "10.77.16.0-10.77.16.9\", \"10.77.16.9-10.77.16.20", 10, "overlaps"),
    ("routers", "routres", 12, "routres"),
    ("[\"10.77.0.1\"]", "[\"10.77.0\"]", 12, "10.77.0"),
    ("routers = [\"10.77.0.1\"]", "53 = \"hex:01\"", 12, "53"),
    ("02:dd:00:00:00:05", "02:dd:00:00:00:0x", 14, "02:dd:00:00:00:0x"),
    ("10.77.1.1", "10.78.1.1", 15, "10.78.1.1"),
    ("address = \"10.77.1.1\"", "address = \"10.77.1.1\"\ncircuit_id = \"x\"", 15, "one of"),
    ("data_dir = \"state\"", "data_dir =", 2, ""),
    ("[dhcp4]", "[dhcp4.names]\nsuffix = \".example.com\"\n[dhcp4]", 4, "not a domain"),
    ("[dhcp4]", "[dhcp4.names]\nsufix = \"example.com\"\n[dhcp4]", 4, "sufix"),
    ("[dhcp4]", "[log]\nsegment_mib = 0\n[dhcp4]", 4, "MiB"),
    ("[dhcp4]", "[dhcp4]\ninterface = \"nosuch0\"", 4, "0.0.0.0"),
    ("127.0.0.1:0\"", "0.0.0.0:0\"\ninterface = \"nosuch0\"", 5, "no interface"),
];

#[test]
fn bad_files_are_refused_with_their_line() {
    for (good, bad, line, part) in MISTAKES {
        assert!(CONFIG.contains(good), "{good}");
        let home = Home::new(&CONFIG.replacen(good, bad, 1));
        let output = home.run_to_end();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{bad}: {said}");
        assert!(said.contains(&format!("node.toml:{line}: ")), "{bad}: {said}");
        assert!(said.contains(part), "{bad}: {said}");
        assert!(output.stdout.is_empty());
        assert!(!home.0.join("state").exists(), "{bad}: something was started");
    }
    let missing = Home::new("");
    std::fs::remove_file(missing.config()).unwrap();
    assert_eq!(missing.run_to_end().status.code(), Some(2));
}

#[test]
fn the_example_configuration_is_good() {
    let home = example(
        "example.toml",
        &[("0.0.0.0:67", "0.0.0.0:0"), ("\"eth0\"", "\"lo\""), ("/var/lib/ddi-node", "state")],
    );
    let node = Node::start(&home);
    let subnets = &home.ctl_json(&["status"])["dhcp4"]["subnets"];
    assert_eq!(subnets[0]["prefix"], "10.77.0.0/16");
    assert_eq!(subnets[0]["pools"].as_array().unwrap().len(), 2);
    assert!(node.stop().success());
}

#[test]
fn the_loopback_configuration_serves_relays() {
    let home = example("loopback.toml", &[("127.0.0.1:6767", "127.0.0.1:0"), ("/tmp/ddi-node", "state")]);
    let node = Node::start(&home);
    assert_eq!(Relay::new(&node).bind(1).to_string(), "10.77.16.0");
    assert!(node.stop().success());
}

/// An example, with what fits no test replaced.
fn example(name: &str, replaced: &[(&str, &str)]) -> Home {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/node").join(name);
    let mut text = std::fs::read_to_string(path).unwrap();
    for (from, to) in replaced {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    Home::new(&text)
}
