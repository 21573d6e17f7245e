//! What dhcpd might send if it were broken: its own messages, changed. The node gets them from a peer that
//! has learned dhcpd's words from a real one, and that real one returns in the end.

use std::collections::HashSet;
use std::io::{Read, Write};
use std::net::{SocketAddrV4, TcpStream};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ddi_core::BindingState;
use ddi_failover::wire::Deframer;
use ddi_failover::wire::v4::{Code, Kind, Message};

use crate::pair::{DDI, ISC, NODE_PORT, Pair, Setup, harmless, on};
use crate::process::wait_for;
use crate::proxy::{From, Said};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

fn unix() -> u32 {
    u32::try_from(SystemTime::now().duration_since(UNIX_EPOCH).expect("later").as_secs())
        .expect("before 2106")
}

/// A message that is sent now, with this xid.
fn fresh(bytes: &[u8], xid: u32) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[4..8].copy_from_slice(&unix().to_be_bytes());
    bytes[8..12].copy_from_slice(&xid.to_be_bytes());
    bytes
}

/// The same with these bytes after it, and a length that counts them.
fn longer(bytes: &[u8], more: &[u8]) -> Vec<u8> {
    let mut bytes = [bytes, more].concat();
    let len = u16::try_from(bytes.len()).expect("short");
    bytes[..2].copy_from_slice(&len.to_be_bytes());
    bytes
}

/// Where an option of this message begins: at its number.
fn at(bytes: &[u8], code: Code) -> usize {
    let mut at = 12;
    while bytes[at..at + 2] != code.0.to_be_bytes() {
        at += 4 + usize::from(u16::from_be_bytes([bytes[at + 2], bytes[at + 3]]));
    }
    at
}

/// The same with another first byte of an option.
fn with(bytes: &[u8], code: Code, value: u8) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let at = at(&bytes, code) + 4;
    bytes[at] = value;
    bytes
}

fn set(bytes: &[u8], at: usize, value: u8) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at] = value;
    bytes
}

fn bare(kind: u8, xid: u32) -> Vec<u8> {
    fresh(&[0, 12, kind, 12, 0, 0, 0, 0, 0, 0, 0, 0], xid)
}

/// A peer that is no dhcpd.
struct Peer {
    stream: TcpStream,
    deframer: Deframer,
    heard: Vec<Said>,
    ended: bool,
    xid: u32,
}

impl Peer {
    /// Connects, and says the captured CONNECT or CONNECTACK. While the node still has the connection before, it
    /// refuses this one.
    fn meet(pair: &Pair, captured: &[Said]) -> Self {
        let hello =
            captured.iter().find(|s| matches!(s.kind(), Kind::CONNECT | Kind::CONNECTACK)).expect("it");
        wait_for("the node to take a connection", || Self::try_meet(pair, hello))
    }

    fn try_meet(pair: &Pair, hello: &Said) -> Option<Self> {
        let to = SocketAddrV4::new(DDI, NODE_PORT);
        let stream = on(&pair.ddi_host, || TcpStream::connect(to).expect("it listens"));
        let deframer = Deframer::default();
        let mut peer = Self { stream, deframer, heard: Vec::new(), ended: false, xid: 1 };
        if hello.kind() == Kind::CONNECT {
            peer.say(&fresh(&hello.bytes, 0));
            let ack = peer.until(|s| s.kind() == Kind::CONNECTACK)?;
            let refused =
                Message::parse(&ack.bytes).expect("a message").option(Code::REJECT_REASON).is_some();
            return (!refused).then_some(peer);
        }
        let connect = peer.until(|s| s.kind() == Kind::CONNECT)?;
        peer.say(&fresh(&hello.bytes, connect.xid()));
        Some(peer)
    }

    /// Met, and dhcpd's STATE of NORMAL said.
    fn normal(pair: &Pair, captured: &[Said]) -> Self {
        let mut peer = Self::meet(pair, captured);
        peer.state(captured, 2);
        peer.wait("NORMAL", |s| s.state() == Some(2));
        peer
    }

    fn state(&mut self, captured: &[Said], number: u8) {
        let state = captured.iter().rfind(|s| s.state().is_some()).expect("a STATE");
        let said = with(&with(&state.bytes, Code::SERVER_STATE, number), Code::SERVER_FLAGS, 0);
        let xid = self.next_xid();
        self.say(&fresh(&said, xid));
    }

    fn next_xid(&mut self) -> u32 {
        self.xid += 1;
        self.xid
    }

    fn say(&mut self, bytes: &[u8]) {
        self.ended |= self.stream.write_all(bytes).is_err();
    }

    /// Hears what there is, for so long.
    fn hear(&mut self, time: Duration) {
        let mut buffer = [0; 65536];
        self.stream.set_read_timeout(Some(time.max(Duration::from_millis(1)))).expect("a stream");
        match self.stream.read(&mut buffer) {
            Ok(0) => self.ended = true,
            Ok(count) => {
                let mut rest = &buffer[..count];
                while let Some(message) = self.deframer.next_message(&mut rest).expect("messages") {
                    let at = Instant::now();
                    self.heard.push(Said { at, connection: 0, from: From::Ddi, bytes: message.to_vec() });
                }
            }
            Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => self.ended = true,
        }
    }

    /// Hears until `is_it`, or the end.
    fn until(&mut self, is_it: impl Fn(&Said) -> bool) -> Option<Said> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(it) = self.heard.iter().find(|said| is_it(said)) {
                return Some(it.clone());
            }
            if self.ended || Instant::now() > deadline {
                return None;
            }
            self.hear(Duration::from_millis(100));
        }
    }

    #[track_caller]
    fn wait(&mut self, what: &str, is_it: impl Fn(&Said) -> bool) -> Said {
        let found = self.until(is_it);
        found.unwrap_or_else(|| panic!("no {what}, ended: {}, only {:?}", self.ended, self.heard))
    }

    /// The connection is still one: POOLREQ is answered.
    fn lives(&mut self) -> bool {
        let xid = self.next_xid();
        self.say(&bare(Kind::POOLREQ.0, xid));
        self.until(|s| s.kind() == Kind::POOLRESP && s.xid() == xid).is_some()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            harmless(&self.heard);
        }
    }
}

/// What is to become of a message.
#[derive(Clone, Copy, Debug)]
enum Fate {
    /// Taken, or passed over: the connection stays.
    Stays,
    /// A BNDUPD that is acknowledged.
    Acked,
    /// A BNDUPD that is refused, for this reason.
    Refused(u8),
    /// The connection ends.
    Ends,
}

/// Each message that is odd, and its fate; as FAILOVER's rules and DESIGN.md's table say.
fn odd(update: &[u8], state: &[u8], connect: &[u8]) -> Vec<(&'static str, Vec<u8>, Fate)> {
    use Fate::{Acked, Ends, Refused, Stays};
    let expiration = at(update, Code::LEASE_EXPIRATION_TIME);
    let pad = |len: usize| {
        let data = len - update.len() - 4;
        longer(
            update,
            &[&[0, 200][..], &u16::try_from(data).expect("short").to_be_bytes(), &vec![0; data]].concat(),
        )
    };
    let offset_16 = {
        let mut bytes = longer(update, &[0; 4]);
        bytes.copy_within(12..update.len(), 16);
        bytes[12..16].fill(0xee);
        set(&bytes, 3, 16)
    };
    vec![
        ("length 11", set(update, 1, 11), Ends),
        ("length 0", set(update, 1, 0), Ends),
        ("length 2049", pad(2049), Ends),
        ("length 2048", pad(2048), Acked),
        ("one byte short", set(update, 1, update[1] - 1), Ends),
        ("payload offset 8", set(update, 3, 8), Ends),
        ("payload offset past the end", set(update, 3, 255), Ends),
        ("payload offset 16", offset_16, Acked),
        ("an option twice", longer(update, &update[expiration..expiration + 8]), Ends),
        ("an unknown option twice", longer(update, &[0, 99, 0, 0, 0, 99, 0, 1, 7]), Acked),
        ("an option of another message", longer(update, &[0, 15, 0, 1, 0]), Acked),
        ("an option of a wrong length", longer(update, &[0, 12, 0, 1, 0]), Ends),
        ("an option past the end", longer(update, &[0, 99, 0, 1]), Ends),
        ("half an option", longer(update, &[0, 99]), Ends),
        ("unknown type, which must be understood", set(state, 2, 13), Ends),
        ("unknown type, which may be passed over", set(state, 2, 200), Stays),
        ("unknown type without options", bare(255, 9), Stays),
        ("binding status 0", with(update, Code::BINDING_STATUS, 0), Refused(6)),
        ("binding status 8", with(update, Code::BINDING_STATUS, 8), Refused(6)),
        ("binding status 255", with(update, Code::BINDING_STATUS, 255), Refused(6)),
        ("a foreign address", with(update, Code::ASSIGNED_ADDRESS, 11), Refused(1)),
        ("server state 0", with(state, Code::SERVER_STATE, 0), Ends),
        ("server state 12", with(state, Code::SERVER_STATE, 12), Ends),
        ("a second CONNECT", connect.to_vec(), Ends),
        ("an answer to nothing", bare(Kind::POOLRESP.0, 77), Stays),
        ("an UPDDONE of nothing", bare(Kind::UPDDONE.0, 77), Stays),
        ("a BNDACK of nothing", set(update, 2, Kind::BNDACK.0), Stays),
        ("a BNDACK without anything", bare(Kind::BNDACK.0, 77), Stays),
    ]
}

/// A pair that has said everything once; then dhcpd is gone. What it said is given.
fn captured(test: &str, isc_is_primary: bool) -> (Pair, Vec<Said>) {
    let mut pair = Pair::normal(test, Setup { mclt: 5, ..Setup::with_isc(isc_is_primary) });
    for nth in 1..=6 {
        let bound = pair.relay.bind(if nth % 2 == 0 { ISC } else { DDI }, nth);
        pair.equal();
        pair.relay.renew(bound.from, bound);
        pair.equal();
    }
    let released = pair.relay.bind(ISC, 7);
    pair.equal();
    pair.relay.release(released);
    std::thread::sleep(Duration::from_secs(1));
    pair.equal();
    let declined = pair.relay.bind(ISC, 8);
    pair.relay.decline(declined);
    std::thread::sleep(Duration::from_secs(1));
    pair.equal();
    pair.proxy.cut();
    pair.isc.kill();
    pair.ddi.wait_for_state(0, "communications-interrupted");
    let said = pair.proxy.said().into_iter().filter(|s| s.from == From::Isc).collect();
    (pair, said)
}

/// The bytes of the last message of a kind.
fn last(captured: &[Said], is_it: impl Fn(&Said) -> bool) -> Vec<u8> {
    captured.iter().rfind(|said| is_it(said)).expect("dhcpd said one").bytes.clone()
}

fn is_active(said: &Said) -> bool {
    let message = Message::parse(&said.bytes).expect("a message");
    said.kind() == Kind::BNDUPD && message.option(Code::BINDING_STATUS) == Some(&[2])
}

/// Every odd message meets its fate, and nothing else happens.
fn odd_input(test: &str, isc_is_primary: bool) {
    let (pair, said) = captured(test, isc_is_primary);
    // That of a lease that is still ACTIVE, word for word: it changes nothing.
    let update = last(&said, |s| {
        is_active(s)
            && pair.ddi.leases().values().any(|lease| {
                let message = Message::parse(&s.bytes).expect("a message");
                lease.state == BindingState::Active
                    && lease.key.as_v4().map(|address| address.octets().to_vec()).as_deref()
                        == message.option(Code::ASSIGNED_ADDRESS)
            })
    });
    let (state, hello) = (
        last(&said, |s| s.state().is_some()),
        last(&said, |s| matches!(s.kind(), Kind::CONNECT | Kind::CONNECTACK)),
    );
    let before = pair.ddi.leases();
    let mut peer = Peer::normal(&pair, &said);
    for (what, bytes, fate) in odd(&update, &state, &hello) {
        let xid = peer.next_xid();
        peer.say(&fresh(&bytes, xid));
        let answer = |said: &Said| said.kind() == Kind::BNDACK && said.xid() == xid;
        match fate {
            Fate::Stays => {}
            Fate::Ends => {
                assert!(!peer.lives(), "{what}: it lives");
                peer = Peer::normal(&pair, &said);
                continue;
            }
            Fate::Acked | Fate::Refused(_) => {
                let ack = peer.wait(what, answer);
                let message = Message::parse(&ack.bytes).expect("a message");
                let reason = message.option(Code::REJECT_REASON).map(|data| data[0]);
                let expected = if let Fate::Refused(reason) = fate { Some(reason) } else { None };
                assert_eq!(reason, expected, "{what}");
            }
        }
        assert!(peer.lives(), "{what}: it ended");
    }
    // Byte by byte is as good as at once.
    let xid = peer.next_xid();
    for byte in fresh(&update, xid) {
        peer.say(&[byte]);
        std::thread::sleep(Duration::from_millis(1));
    }
    peer.wait("an answer", |s| s.kind() == Kind::BNDACK && s.xid() == xid);
    drop(peer);
    // Not one lease is another than before; free addresses may have been shared anew.
    let after = pair.ddi.leases();
    for (address, lease) in before.iter().filter(|(_, lease)| lease.state == BindingState::Active) {
        let now = &after[address];
        assert_eq!((now.state, &now.hw_addr), (lease.state, &lease.hw_addr), "{address}");
        assert_eq!(now.expiration_time, lease.expiration_time, "{address}");
    }
    back(pair, false);
}

/// dhcpd returns; the node has lost all that the peer told it, if that was nonsense.
fn back(mut pair: Pair, forgets: bool) {
    if forgets {
        pair.ddi.kill();
        pair.ddi.forget();
        pair.ddi.start();
    }
    pair.proxy.heal();
    pair.isc.start();
    pair.finish();
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_19_odd_input_isc_primary() {
    odd_input("case_19_primary", true);
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_19_odd_input_isc_secondary() {
    odd_input("case_19_secondary", false);
}

/// Everything that dhcpd said, with some bytes changed, cut off or repeated, 3000 times.
fn mutated(test: &str, isc_is_primary: bool) {
    let (pair, said) = captured(test, isc_is_primary);
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move |bound: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed % bound as u64) as usize
    };
    let mut peer = Peer::meet(&pair, &said);
    let mut connections = 1;
    for nth in 0..3000 {
        let mut bytes = fresh(&said[random(said.len())].bytes, nth);
        for _ in 0..=random(3) {
            let (at, value) = (random(bytes.len()), random(256) as u8);
            bytes[at] = value;
        }
        match random(20) {
            0 => bytes.truncate(random(bytes.len())),
            1 => bytes.extend_from_within(random(bytes.len())..),
            _ => {}
        }
        peer.say(&bytes);
        peer.hear(Duration::from_millis(1));
        if peer.ended {
            // In whatever state it is, it takes the next connection.
            peer = Peer::meet(&pair, &said);
            connections += 1;
        }
    }
    assert!(connections > 100, "{connections}");
    drop(peer);
    assert!(!pair.ddi.status(0).is_null());
    back(pair, true);
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_19_mutated_input_isc_primary() {
    mutated("case_19_mutated_primary", true);
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_19_mutated_input_isc_secondary() {
    mutated("case_19_mutated_secondary", false);
}

/// What dhcpd in this state does not survive, or gives up on.
fn fatal(partner: u8) -> &'static [u8] {
    match partner {
        2 => &[5, 10, 11],
        5 => &[2],
        11 => &[3, 4, 6, 7, 8, 9, 11, 254],
        _ => &[],
    }
}

/// The peer says each state, and then each in which dhcpd is easily hurt, while the node is in several states:
/// never does it hear what would end a dhcpd.
fn guarded(test: &str, isc_is_primary: bool) {
    const STATES: [u8; 11] = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 254];
    let (pair, said) = captured(test, isc_is_primary);
    let mut heard = HashSet::new();
    for commands in [&[][..], &["partner-down"], &["pause", "resume"]] {
        for (first, second) in STATES.into_iter().flat_map(|first| [2, 5, 11].map(|second| (first, second))) {
            for command in commands {
                // Refused in some states.
                let _ = pair.ddi.try_ctl(&["failover", command, "fo1"]);
            }
            let mut peer = Peer::meet(&pair, &said);
            for number in [first, second] {
                let before = peer.heard.len();
                peer.state(&said, number);
                // What it says to that comes before the answer to this: nothing crosses.
                peer.lives();
                let states: Vec<u8> = peer.heard[before..].iter().filter_map(Said::state).collect();
                assert!(states.iter().all(|own| !fatal(number).contains(own)), "{number}: {states:?}");
                heard.extend(states);
            }
        }
    }
    assert!(heard.len() >= 4, "it hardly moved: {heard:?}");
    back(pair, true);
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_19_says_nothing_fatal_to_isc_primary() {
    guarded("case_19_guard_primary", true);
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_19_says_nothing_fatal_to_isc_secondary() {
    guarded("case_19_guard_secondary", false);
}
