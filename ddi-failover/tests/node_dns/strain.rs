//! Clients that mean no good, and a node that has nothing to do.

use super::client::{Stream, ask, ask_tcp, axfr, framed, question, read, update_message};
use super::harness::{Node, Relay, program};
use super::{CONFIG, good_key, home, home_with};
use ddi_dns::message::Rcode;
use ddi_dns::rr::Rtype;
use std::io::Write;
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

/// Processor time of a process so far, in ticks of 10 ms.
fn ticks(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

#[test]
fn messages_in_pieces_and_many_at_once() {
    let home = home();
    let node = Node::start(&home);
    // Byte by byte.
    let mut slow = Stream::new(node.dns);
    let message = framed(&question(1, "www.example.com", Rtype::A));
    for byte in &message {
        slow.0.write_all(&[*byte]).unwrap();
    }
    assert_eq!(read(&slow.receive().unwrap()).answers.len(), 1);
    // Queries behind a transfer, all in one piece: each is answered, in order.
    let mut many = Stream::new(node.dns);
    let ids = 1..=200u16;
    let one = |id: u16| {
        let rtype = if id % 10 == 1 { Rtype::AXFR } else { Rtype::A };
        framed(&question(id, if rtype == Rtype::A { "www.example.com" } else { "example.com" }, rtype))
    };
    many.0.write_all(&ids.clone().flat_map(one).collect::<Vec<u8>>()).unwrap();
    for id in ids {
        let answer = many.receive().unwrap();
        assert_eq!(answer[..2], id.to_be_bytes());
    }
    // Half a message, then the end.
    let mut half = Stream::new(node.dns);
    half.0.write_all(&message[..message.len() - 3]).unwrap();
    half.0.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(half.receive(), None);
    // What is no request is no reason to wait.
    let mut nonsense = Stream::new(node.dns);
    nonsense.send(&[0xff; 40]);
    nonsense.0.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(nonsense.receive(), None);
    // An update whose answer has to wait for the disk, and a client that says no more.
    let mut update = Stream::new(node.dns);
    let (message, _) =
        update_message("example.com", "tcp.example.com", [10, 9, 8, 7], true, Some(&good_key()));
    update.send(&message);
    update.0.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(super::client::read_rcode(&update.receive().unwrap()), Rcode::NOERROR);
    assert!(node.stop().success());
}

#[test]
fn those_who_only_connect_keep_nobody_out() {
    let home = home();
    let node = Node::start(&home);
    let mut held: Vec<TcpStream> = Vec::new();
    for _ in 0..600 {
        let mut stream = TcpStream::connect(node.dns).unwrap();
        // One half of a length.
        let _ = stream.write_all(&[0]);
        held.push(stream);
    }
    for _ in 0..20 {
        assert_eq!(ask_tcp(node.dns, "www.example.com", Rtype::A).answers.len(), 1);
    }
    assert_eq!(ask(node.dns, "www.example.com", Rtype::A).answers.len(), 1);
    axfr(node.dns, "example.com");
    assert!(node.stop().success());
}

/// Leases and names, and room for few files: each exchange is a commit, and some hundred of them fill a segment.
const FEW_FILES: &str = r#"
data_dir = "state"
[dhcp4]
listen = "127.0.0.1:0"
[[dhcp4.subnet]]
prefix = "10.77.0.0/16"
relays = ["127.0.0.1"]
pools = ["10.77.16.0-10.77.31.255"]
[dns]
listen = "127.0.0.1:0"
[[zone]]
name = "example.com"
role = "primary"
file = "example.com.zone"
"#;

/// Whoever takes all connections that there are can't take the file of the lease log's next segment.
#[test]
fn connections_leave_files_to_the_log() {
    let home = home_with(FEW_FILES);
    let mut limited = Command::new("prlimit");
    limited.args(["--nofile=64", "--"]).arg(program());
    let node = Node::start_as(&home, limited);
    let relay = Relay::new(&node);
    let opened = || std::fs::read_dir(format!("/proc/{}/fd", node.pid())).unwrap().count();
    let mut held: Vec<TcpStream> = Vec::new();
    for nth in 0..1500 {
        // Those that are quiet for long are closed.
        if nth % 100 == 0 {
            held.extend((0..100).map(|_| TcpStream::connect(node.dns).unwrap()));
            home.wait_until("all are taken", || opened() >= 48);
        }
        relay.bind(nth);
    }
    assert!(opened() < 64, "{}", opened());
    drop(held);
    assert!(node.stop().success());
}

#[test]
fn a_node_with_nothing_to_do_does_nothing() {
    let home = home_with(&CONFIG.replace(
        "[[zone]]",
        "[[zone]]\nname = \"example.org\"\nrole = \"secondary\"\nprimaries = [\"127.0.0.1:1\"]\n[[zone]]",
    ));
    let node = Node::start(&home);
    // One that asked and stays; one that asked for what takes long, and is gone.
    let mut idle = Stream::new(node.dns);
    idle.send(&question(1, "www.example.com", Rtype::A));
    idle.receive().unwrap();
    let gone = Stream::new(node.dns);
    drop(gone);
    let mut forwarded = Stream::new(node.dns);
    let (message, _) = update_message("example.org", "a.example.org", [10, 9, 8, 7], true, None);
    forwarded.send(&message);
    drop(forwarded);
    std::thread::sleep(Duration::from_millis(200));
    let before = ticks(node.pid());
    std::thread::sleep(Duration::from_secs(3));
    let used = ticks(node.pid()) - before;
    assert!(used < 30, "{used} of 300 ticks");
    assert!(node.stop().success());
}
