//! No address is promised before it is on disk, seen from outside: by the system calls of the node.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use crate::dhcp::{ACK, REQUEST};
use crate::load::{Report, place};
use crate::node::Node;
use crate::process::{Process, Scratch, run};
use crate::strace::{Call, parse};

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn no_ack_is_sent_before_its_sync() {
    let scratch = Scratch::new("strace");
    let (_net, server, load, setup) = place();
    let trace = scratch.path().join("trace");
    let name = trace.to_string_lossy().into_owned();
    let calls = "trace=fdatasync,fsync,recvfrom,recvmsg,recvmmsg,sendto,sendmsg,sendmmsg";
    let strace = ["strace", "-f", "-ttt", "-T", "-xx", "-s", "2048", "-e", calls, "-o", &name];
    let mut node = Node::start_under(&strace, &server, scratch.path(), &setup);
    let args = ["-4", "-l", "load0", "-r", "100", "-R", "400", "-n", "300", "-W", "2000000", "10.77.0.1"];
    let report = Report::of(&load, scratch.path(), &args);
    assert!(report.count("REQUEST-ACK", "received packets") >= 290);
    stop_traced(&mut node);

    let calls = parse(&fs::read_to_string(&trace).expect("strace's output"));
    let synced = calls.iter().filter_map(|c| match c {
        Call::Synced { began, ended } => Some((*began, *ended)),
        Call::Carried { .. } => None,
    });
    let syncs: Vec<_> = synced.collect();
    let mut requested: BTreeMap<u32, f64> = BTreeMap::new();
    let mut acks = 0;
    for call in &calls {
        let Call::Carried { received, message, began, ended } = call else { continue };
        let xid = message.xid;
        match (received, message.kind) {
            (true, REQUEST) => drop(requested.insert(xid, *ended)),
            (false, ACK) => {
                acks += 1;
                let asked =
                    requested.get(&xid).unwrap_or_else(|| panic!("an ACK for {xid:08x}, which nobody sent"));
                let synced = syncs.iter().any(|(from, to)| from > asked && to <= began);
                assert!(
                    synced,
                    "the ACK of {xid:08x} left at {began}, no sync between it and its REQUEST at {asked}"
                );
            }
            _ => {}
        }
    }
    assert!(acks >= 290, "{acks} ACKs in the trace");
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn no_ack_leaves_when_the_disk_fails() {
    let scratch = Scratch::new("eio");
    let (_net, server, load, setup) = place();
    let mut node = Node::start(&server, scratch.path(), &setup);
    let pid = node.process.pid().to_string();
    // From now on every sync of the running node fails.
    let mut strace = Command::new("strace");
    strace.args(["-f", "-p", &pid, "-e", "trace=fdatasync,fsync", "-e", "inject=fdatasync,fsync:error=EIO"]);
    let mut strace = Process::start("strace", scratch.path(), &mut strace);
    strace.wait_for_line("attached");
    let args = ["-4", "-l", "load0", "-r", "20", "-R", "40", "-n", "40", "-W", "2000000", "10.77.0.1"];
    let report = Report::of(&load, scratch.path(), &args);
    assert!(
        report.count("DISCOVER-OFFER", "received packets") > 0,
        "offers promise nothing and need no sync"
    );
    assert!(report.count("REQUEST-ACK", "sent packets") > 0);
    assert_eq!(report.count("REQUEST-ACK", "received packets"), 0, "an ACK left without a sync");
    assert!(strace.output().contains("(INJECTED)"), "{}", strace.output());
    let status = node.process.wait();
    assert!(!status.success(), "a node whose disk fails ends with an error: {}", node.process.output());
    drop(strace);

    // Whatever was written, nothing was acknowledged, and the node starts again on what is there.
    let node = Node::start(&server, scratch.path(), &setup);
    let report = Report::of(
        &load,
        scratch.path(),
        &["-4", "-l", "load0", "-r", "20", "-R", "20", "-n", "20", "-W", "2000000", "10.77.0.1"],
    );
    assert!(report.count("REQUEST-ACK", "received packets") >= 20);
    assert!(node.ctl(&["leases"]).as_array().is_some_and(|l| l.len() >= 10));
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn the_name_of_a_new_data_dir_is_synced() {
    let scratch = Scratch::new("names");
    let (_net, server, _load, setup) = place();
    let (name, state) = (scratch.path().join("trace"), scratch.path().join("state"));
    let name = name.to_string_lossy().into_owned();
    let strace = ["strace", "-f", "-y", "-e", "trace=mkdir,mkdirat,fsync,write", "-o", &name];
    let mut node = Node::start_under(&strace, &server, scratch.path(), &setup);
    stop_traced(&mut node);

    let trace = fs::read_to_string(&name).expect("strace's output");
    let made = format!("\"{}\"", state.display());
    let folder = format!("<{}>)", scratch.path().display());
    let mut lines = trace.lines();
    assert!(lines.any(|line| line.contains("mkdir") && line.contains(&made)), "{trace}");
    let mut before_ready = lines.take_while(|line| !line.contains("\"ready"));
    let is_sync = |line: &str| line.contains("fsync(") && line.contains(&folder) && line.ends_with("= 0");
    assert!(before_ready.any(is_sync), "{trace}");
}

/// Ends the node under strace: strace itself ends with it.
fn stop_traced(node: &mut Node) {
    let pid = node.process.pid();
    let children = run(Command::new("pgrep").args(["-P", &pid.to_string()]));
    for child in children.split_whitespace() {
        run(Command::new("kill").args(["-TERM", child]));
    }
    node.process.wait();
}
