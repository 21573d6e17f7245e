//! Connections: which one counts, refusals, signs of life.

use std::io::{Read, Write};
use std::net::{SocketAddrV4, TcpStream};
use std::time::{Duration, Instant};

use ddi_failover::wire::v4::{Body, Code, Kind, Message};
use nix::sys::signal::Signal;

use crate::pair::{DDI, ISC, NODE_PORT, Pair, Setup, on};
use crate::process::wait_for;
use crate::proxy::{From, Verdict};

/// A connection that only one dialled, either; then both at once, and one survives.
fn dialled(test: &str, isc_is_primary: bool) {
    let mut pair = Pair::normal(test, Setup { receive: 15, ..Setup::with_isc(isc_is_primary) });
    for silent in [Some(From::Ddi), Some(From::Isc), None] {
        let (log, mark) = (pair.isc.mark(), pair.proxy.mark());
        pair.proxy.refuse(silent);
        pair.proxy.reset();
        pair.isc.wait_for_log(log, "to communications-interrupted");
        pair.settle();
        let said = pair.proxy.said_since(mark);
        let connect = said.iter().find(|s| s.kind() == Kind::CONNECT).expect("a CONNECT");
        let primary = if isc_is_primary { From::Isc } else { From::Ddi };
        assert_eq!((connect.from, connect.xid()), (primary, 0));
    }
    // A second one may still be on its way to being refused.
    std::thread::sleep(Duration::from_secs(2));
    let (log, mark) = (pair.isc.mark(), pair.proxy.mark());
    std::thread::sleep(Duration::from_secs(60));
    let said = pair.proxy.said_since(mark);
    assert!(said.iter().all(|s| s.connection == said[0].connection && s.kind() != Kind::STATE));
    assert!(!pair.isc.log_since(log).contains("I move"), "{}", pair.isc.log_since(log));
    pair.finish();
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_3_either_dials_isc_primary() {
    dialled("case_3_primary", true);
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_3_either_dials_isc_secondary() {
    dialled("case_3_secondary", false);
}

/// The message with `change` made to each of its options.
fn changed(bytes: &[u8], change: impl Fn(Code, &[u8]) -> Option<Vec<u8>>) -> Vec<u8> {
    let message = Message::parse(bytes).expect("a message");
    let mut out = bytes[..12].to_vec();
    for option in message.options() {
        if let Some(data) = change(option.code, option.data) {
            out.extend_from_slice(&option.code.0.to_be_bytes());
            out.extend_from_slice(&u16::try_from(data.len()).expect("short").to_be_bytes());
            out.extend_from_slice(&data);
        }
    }
    let len = u16::try_from(out.len()).expect("short");
    out[..2].copy_from_slice(&len.to_be_bytes());
    out
}

fn without(bytes: &[u8], code: Code) -> Vec<u8> {
    changed(bytes, |is, data| (is != code).then(|| data.to_vec()))
}

fn renamed(bytes: &[u8]) -> Vec<u8> {
    changed(bytes, |is, data| {
        Some(if is == Code::RELATIONSHIP_NAME { b"fo2".to_vec() } else { data.to_vec() })
    })
}

fn earlier(bytes: &[u8], seconds: u32) -> Vec<u8> {
    let mut out = bytes.to_vec();
    let time = u32::from_be_bytes([out[4], out[5], out[6], out[7]]) - seconds;
    out[4..8].copy_from_slice(&time.to_be_bytes());
    out
}

/// The reason in a CONNECTACK; `None`: none, or another message.
fn reason(bytes: &[u8]) -> Option<u8> {
    let message = Message::parse(bytes).ok()?;
    match Body::parse(&message).ok()? {
        Body::ConnectAck(ack) => ack.reject_reason,
        _ => None,
    }
}

/// What is wrong with a CONNECT, and the reason for which it is refused.
fn refusals(test: &str, isc_is_primary: bool) {
    let mut pair = Pair::normal(test, Setup::with_isc(isc_is_primary));
    type Change = fn(&[u8]) -> Vec<u8>;
    let wrong: [(Change, u8); 4] = [
        (renamed, 8),
        (|bytes| earlier(bytes, 61), 4),
        (|bytes| without(bytes, Code::HASH_BUCKETS), 18),
        (|bytes| without(bytes, Code::MCLT), 5),
    ];
    for (change, expected) in wrong {
        change_connects(&pair, change);
        let mark = pair.proxy.mark();
        pair.proxy.reset();
        if !isc_is_primary && expected == 5 {
            // It closes so quickly that its CONNECTACK may be lost, and logs nothing.
            wait_for("to be hung up on, thrice", || {
                let said = pair.proxy.said_since(mark);
                assert!(said.iter().all(|s| s.kind() != Kind::STATE), "{said:?}");
                (said.iter().filter(|s| s.kind() == Kind::CONNECT).count() >= 3).then_some(())
            });
            continue;
        }
        wait_for(&format!("reason {expected}"), || {
            let said = pair.proxy.said_since(mark);
            let acks = said.iter().filter(|s| s.kind() == Kind::CONNECTACK);
            let reasons: Vec<_> = acks.map(|s| reason(&s.bytes)).collect();
            assert!(reasons.iter().all(|r| *r == Some(expected)), "{expected}: {reasons:?}");
            // It tries again, after 5 s.
            (reasons.len() >= 3).then_some(())
        });
    }
    // A little less is allowed, though a second may pass on the way.
    change_connects(&pair, |bytes| earlier(bytes, 59));
    pair.proxy.reset();
    pair.settle();
    pair.proxy.no_rule();
    duplicate(&pair, isc_is_primary);
    pair.settle();
    pair.finish();
}

fn change_connects(pair: &Pair, change: fn(&[u8]) -> Vec<u8>) {
    pair.proxy.rule(move |_, bytes| {
        if bytes[2] == Kind::CONNECT.0 { Verdict::Replace(change(bytes)) } else { Verdict::Pass }
    });
}

/// One more connection with a perfect CONNECT is refused, and the first one stays.
fn duplicate(pair: &Pair, isc_is_primary: bool) {
    let said = pair.proxy.said();
    let connect = said.iter().rfind(|s| s.kind() == Kind::CONNECT).expect("one");
    let age = u32::try_from(connect.at.elapsed().as_secs()).expect("short");
    let mut connect = connect.bytes.clone();
    let time = u32::from_be_bytes([connect[4], connect[5], connect[6], connect[7]]) + age;
    connect[4..8].copy_from_slice(&time.to_be_bytes());
    let to = if isc_is_primary { SocketAddrV4::new(DDI, NODE_PORT) } else { SocketAddrV4::new(ISC, 647) };
    let mut stream = on(&pair.ddi_host, || TcpStream::connect(to).expect("it listens"));
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a stream");
    stream.write_all(&connect).expect("written");
    let mut answer = Vec::new();
    let end = stream.read_to_end(&mut answer);
    if isc_is_primary {
        assert_eq!(reason(&answer), Some(7), "{end:?} {answer:02x?}");
    } else {
        // dhcpd's answer may be lost; what counts is that it closes.
        let timed_out = |e: &std::io::Error| e.kind() == std::io::ErrorKind::WouldBlock;
        assert!(!end.as_ref().is_err_and(timed_out), "{end:?}");
        assert!(answer.is_empty() || reason(&answer) == Some(7), "{answer:02x?}");
    }
    let status = pair.ddi.status(0);
    assert_eq!((status["state"].as_str(), status["link"].as_str()), (Some("normal"), Some("up")));
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_4_refusals_by_ddi() {
    refusals("case_4_ddi", true);
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_4_refusals_by_isc() {
    refusals("case_4_isc", false);
}

/// Idle for thirty receive timers, which are the ten minutes of dhcpd's default; then each is frozen, and the other notices by its own timer.
fn alive(test: &str, isc_is_primary: bool) {
    let mut pair = Pair::normal(test, Setup { receive: 6, ..Setup::with_isc(isc_is_primary) });
    let (log, mark) = (pair.isc.mark(), pair.proxy.mark());
    std::thread::sleep(Duration::from_secs(180));
    let said = pair.proxy.said_since(mark);
    for from in [From::Isc, From::Ddi] {
        let times: Vec<Instant> = said.iter().filter(|s| s.from == from).map(|s| s.at).collect();
        // Every third of the partner's timer.
        assert!((70..=91).contains(&times.len()), "{from:?}: {} messages", times.len());
        let pause = times.windows(2).map(|two| two[1] - two[0]).max();
        assert!(pause < Some(Duration::from_secs(6)), "{from:?}: {pause:?}");
    }
    assert!(said.iter().all(|s| s.connection == said[0].connection));
    assert!(said.iter().all(|s| s.kind() == Kind::CONTACT && s.bytes.len() == 12));
    assert!(!pair.isc.log_since(log).contains("I move"), "{}", pair.isc.log_since(log));

    pair.ddi.signal(Signal::SIGSTOP);
    pair.isc.wait_for_log(log, "timeout waiting for failover peer");
    pair.isc.wait_for_log(log, "I move from normal to communications-interrupted");
    pair.ddi.signal(Signal::SIGCONT);
    pair.settle();

    pair.isc.signal(Signal::SIGSTOP);
    pair.ddi.wait_for_state(0, "communications-interrupted");
    pair.isc.signal(Signal::SIGCONT);
    pair.finish();
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_5_signs_of_life_isc_primary() {
    alive("case_5_primary", true);
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_5_signs_of_life_isc_secondary() {
    alive("case_5_secondary", false);
}
