//! The reference node's name server with the tools and servers that others use: nsupdate, dig, kdig, zone
//! checkers; BIND, Knot and NSD as its secondaries and as its primaries. Needs Debian's bind9, knot, nsd,
//! bind9-dnsutils, bind9-utils and knot-dnsutils; a missing one is a failure. Run with `.ci/run interop`.

#![allow(unreachable_pub, dead_code, reason = "a test program: nothing here is reached from outside")]

#[path = "node_dns/client.rs"]
mod client;
#[path = "../../ddi-dns/tests/interop_xfr/configs.rs"]
mod configs;
#[path = "../../ddi-dns/tests/interop_xfr/daemon.rs"]
mod daemon;
#[path = "node_dns_interop/daemons.rs"]
mod daemons;
#[path = "node/harness.rs"]
mod harness;
#[path = "../examples/node/demo/message.rs"]
mod message;
#[path = "../../ddi-dns/tests/interop_xfr/records.rs"]
mod records;
#[path = "node_dns_interop/tools.rs"]
mod tools;

use daemon::SECRET;
use harness::Home;
use std::fs;
use std::net::SocketAddr;
use std::process::{Command, Output};

/// Of the node: the zone's part is for each test to say.
fn config(port: u16, zone: &str) -> String {
    format!(
        "data_dir = \"state\"\n[dns]\nlisten = \"127.0.0.1:{port}\"\nnsid = \"node-1\"\n\
         [[tsig_key]]\nname = \"xfr\"\nalgorithm = \"hmac-sha256\"\nsecret = \"{SECRET}\"\n\
         [[zone]]\nname = \"example.com\"\n{zone}"
    )
}

/// A primary with this zone, for who has the key.
fn primary(port: u16, more: &str, zone: &str) -> Home {
    primary_for("key:xfr", port, more, zone)
}

/// A primary with this zone, that `who` may have and change.
fn primary_for(who: &str, port: u16, more: &str, zone: &str) -> Home {
    let may = format!("allow_transfer = [\"{who}\"]\nallow_update = [\"{who}\"]\n");
    let role = format!("role = \"primary\"\nfile = \"zone\"\n{may}");
    let home = Home::new(&config(port, &format!("{role}{more}")));
    fs::write(home.0.join("zone"), zone).unwrap();
    home
}

/// What a program prints, and how it ends.
fn run(program: &str, args: &[&str]) -> (String, Output) {
    let output = Command::new(program).args(args).output();
    let output = output.unwrap_or_else(|e| panic!("{program} can't be run: {e}"));
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (text, output)
}

/// nsupdate with this key; the script begins behind `server`.
fn nsupdate(home: &Home, at: SocketAddr, options: &[&str], script: &str) -> (String, bool) {
    let path = home.0.join("script");
    fs::write(&path, format!("server {} {}\nzone example.com\nttl 300\n{script}send\n", at.ip(), at.port()))
        .unwrap();
    // An answer that is late must not make it ask again.
    let patient = ["-u", "60"];
    let (text, output) = run("nsupdate", &[&patient, options, &[path.to_str().unwrap()]].concat());
    (text, output.status.success())
}

fn key_argument() -> String {
    format!("hmac-sha256:xfr:{SECRET}")
}
