//! perfdhcp: hundreds of exchanges a second as a relay, with renewals and releases.

use std::collections::BTreeSet;
use std::path::Path;

use crate::net::{Host, Net};
use crate::node::{Node, Setup};
use crate::process::{Process, Scratch};

/// What perfdhcp counted.
#[derive(Debug)]
pub(crate) struct Report {
    text: String,
}

impl Report {
    /// Runs perfdhcp on `host` to its end. It exits with 3 if packets were lost, which is not judged here.
    #[track_caller]
    pub(crate) fn of(host: &Host, dir: &Path, args: &[&str]) -> Self {
        let mut perfdhcp = Process::start("perfdhcp", dir, host.command("perfdhcp").args(args));
        let status = perfdhcp.wait();
        let text = perfdhcp.output();
        assert!(matches!(status.code(), Some(0 | 3)), "perfdhcp: {status}\n{text}");
        Self { text }
    }

    /// The number after `name:` in the statistics of `exchange`, such as `REQUEST-ACK`.
    #[track_caller]
    pub(crate) fn count(&self, exchange: &str, name: &str) -> u64 {
        let mut lines = self.text.lines().skip_while(|l| !l.contains(&format!("Statistics for: {exchange}")));
        let line = lines.find_map(|l| l.trim().strip_prefix(&format!("{name}:")));
        let number = line.and_then(|l| l.split_whitespace().next()).and_then(|n| n.parse().ok());
        number.unwrap_or_else(|| panic!("no {name} of {exchange} in\n{}", self.text))
    }
}

/// A node, and beside it a host that perfdhcp plays relay on.
pub(crate) fn place() -> (Net, Host, Host, Setup) {
    let mut net = Net::new();
    let (server, load) = (net.host("srv"), net.host("load"));
    net.join((&server, "srv0", "10.77.0.1/16"), (&load, "load0", "10.77.0.2/16"));
    let setup = Setup { relays: &["10.77.0.2"], lease_seconds: 4000, ..Setup::DIRECT };
    (net, server, load, setup)
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn perfdhcp_binds_renews_and_releases_without_a_duplicate() {
    let scratch = Scratch::new("perfdhcp");
    let (_net, server, load, setup) = place();
    let node = Node::start(&server, scratch.path(), &setup);
    let args = [
        "-4",
        "-l",
        "load0",
        "-r",
        "400",
        "-R",
        "5000",
        "-p",
        "8",
        "-f",
        "150",
        "-F",
        "100",
        "-u",
        "-W",
        "2000000",
        "10.77.0.1",
    ];
    let report = Report::of(&load, scratch.path(), &args);
    for exchange in ["DISCOVER-OFFER", "REQUEST-ACK", "REQUEST-ACK (renewal)"] {
        let (sent, received) =
            (report.count(exchange, "sent packets"), report.count(exchange, "received packets"));
        assert!(sent > 500 && received * 100 >= sent * 99, "{exchange}: {received} of {sent}");
        assert_eq!(report.count(exchange, "rejected leases"), 0);
        assert_eq!(report.count(exchange, "non unique addresses"), 0);
    }
    let released = report.count("RELEASE", "sent packets");
    assert!(released > 500, "{released}");

    let leases = node.ctl(&["leases"]);
    let leases = leases.as_array().expect("an array of leases");
    let active: Vec<_> = leases.iter().filter(|l| l["state"] == "active").collect();
    let clients: BTreeSet<_> = active.iter().map(|l| l["hw_addr"].to_string()).collect();
    assert_eq!(clients.len(), active.len(), "no client has two addresses");
    let acked = report.count("REQUEST-ACK", "received packets");
    assert!(
        active.len() as u64 <= acked && active.len() as u64 + released >= acked,
        "{} of {acked}",
        active.len()
    );
}
