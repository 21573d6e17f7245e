//! What an endpoint says and takes, byte by byte: the windows, requests, what a partner may do wrong, and what
//! dhcpd must never see.

#[path = "support/pair.rs"]
mod pair;

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use ddi_core::{BindingState, Expect, LeaseStore};
use ddi_failover::endpoint::{Config, Event, LinkEnd, LinkId, ProfileChoice};
use ddi_failover::wire::v4::{
    BindingAck, BindingUpdate, Body, Code, Connect, ConnectAck, HardwareAddress, Header, Kind, Message,
    RejectReason, StateReport, Writer, append, server_state,
};
use ddi_failover::{Profile, Role, State};
use pair::{Pair, START, addr, config, hw};

const LINK: LinkId = LinkId(77);

/// One endpoint of a pair, and a partner that says what the test wants.
struct Alone {
    pair: Pair,
    at: usize,
    xid: u32,
    /// What the endpoint said, not yet looked at.
    heard: Vec<u8>,
}

impl Alone {
    /// Connected, in the ISC profile, in NORMAL with a partner in NORMAL.
    fn normal(role: Role, max_unacked: u32) -> Self {
        let mut alone = Self::connected(role, max_unacked);
        alone.state(State::Recover);
        let asked = alone.take(Kind::UPDREQALL);
        alone.answer(Kind::UPDDONE, asked.1, |_| {});
        alone.state(State::RecoverDone);
        alone.state(State::Normal);
        assert_eq!(alone.pair.states()[alone.at], State::Normal);
        loop {
            let updates = Self::updates(&alone.heard());
            if updates.is_empty() {
                break alone;
            }
            updates.into_iter().for_each(|(xid, address)| alone.ack(xid, address));
        }
    }

    /// Refuses all updates that come within this time; gives their addresses.
    fn refuse_for(&mut self, seconds: u64, reason: RejectReason) -> Vec<Ipv4Addr> {
        let mut told = Vec::new();
        for _ in 0..seconds / 5 {
            self.pair.wait(5);
            self.say(Kind::CONTACT, |_| {}).unwrap();
            for (xid, address) in Self::updates(&self.heard()) {
                told.push(address);
                let (address, reject_reason) = (Some(address), Some(reason.0));
                let refusal = BindingAck { address, reject_reason, message: None };
                self.answer(Kind::BNDACK, xid, |w| refusal.write(w));
            }
        }
        told
    }

    fn connected(role: Role, max_unacked: u32) -> Self {
        let at = usize::from(role == Role::Secondary);
        let mut pair = Pair::usual();
        pair.cut = true;
        pair.settle();
        let mut alone = Self { pair, at, xid: 0, heard: Vec::new() };
        let now = alone.pair.now;
        alone.pair.nodes[at].endpoint.handle_accepted(now, LINK);
        match role {
            Role::Secondary => {
                let connect = connect(max_unacked);
                alone.say(Kind::CONNECT, |w| connect.write(w)).unwrap();
            }
            Role::Primary => {
                let (_, xid, _) = alone.take(Kind::CONNECT);
                let ack = ConnectAck {
                    relationship_name: Some(b"fo1"),
                    max_unacked: Some(max_unacked),
                    receive_timer_seconds: Some(20),
                    ..ConnectAck::default()
                };
                alone.answer(Kind::CONNECTACK, xid, |w| ack.write(w));
            }
        }
        alone
    }

    fn say(&mut self, kind: Kind, write: impl FnOnce(&mut Writer<'_>)) -> Result<u32, LinkEnd> {
        self.xid += 1;
        self.bytes(kind, self.xid, write).map(|()| self.xid)
    }

    fn answer(&mut self, kind: Kind, xid: u32, write: impl FnOnce(&mut Writer<'_>)) {
        self.bytes(kind, xid, write).unwrap();
    }

    fn bytes(&mut self, kind: Kind, xid: u32, write: impl FnOnce(&mut Writer<'_>)) -> Result<(), LinkEnd> {
        let mut bytes = Vec::new();
        append(&mut bytes, kind, Header { time: self.pair.now.unix.0 as u32, xid }, write).unwrap();
        let now = self.pair.now;
        let node = &mut self.pair.nodes[self.at];
        let result = node.endpoint.handle_bytes(now, &mut node.db, LINK, &bytes);
        self.listen();
        result
    }

    fn state(&mut self, state: State) {
        let report = StateReport {
            state: Some(ddi_failover::wire::v4::server_state_number(state)),
            flags: Some(0),
            start_time_of_state: Some(START as u32),
        };
        self.say(Kind::STATE, |w| report.write(w)).unwrap();
    }

    fn listen(&mut self) {
        self.pair.settle();
        for _ in 0..1000 {
            let now = self.pair.now;
            let node = &mut self.pair.nodes[self.at];
            if node.endpoint.poll_timeout().is_some_and(|due| due <= now.instant) {
                node.endpoint.handle_timeout(now, &mut node.db);
            }
            node.db.commit().unwrap();
            let mut buffer = [0; 3000];
            while let Some(len) = node.endpoint.poll_transmit(&node.db, LINK, &mut buffer) {
                self.heard.extend_from_slice(&buffer[..len]);
            }
        }
        self.pair.settle();
    }

    /// All that was said, in order.
    fn heard(&mut self) -> Vec<(Kind, u32, Vec<u8>)> {
        self.listen();
        let heard = std::mem::take(&mut self.heard);
        let mut rest = &heard[..];
        let mut found = Vec::new();
        while !rest.is_empty() {
            let (bytes, after) = rest.split_at(usize::from(u16::from_be_bytes([rest[0], rest[1]])));
            let message = Message::parse(bytes).unwrap();
            found.push((message.kind(), message.xid(), bytes.to_vec()));
            rest = after;
        }
        found
    }

    /// The next message of this kind; others before it are dropped.
    fn take(&mut self, kind: Kind) -> (Kind, u32, Vec<u8>) {
        let heard = self.heard();
        let at = heard.iter().rposition(|(k, ..)| *k == kind);
        heard[at.unwrap_or_else(|| panic!("no {kind} in {heard:?}"))].clone()
    }

    fn update(&mut self, wire: &BindingUpdate<'_>) -> Result<u32, LinkEnd> {
        self.say(Kind::BNDUPD, |w| wire.write(w))
    }

    /// The addresses of the BNDUPDs in these, with their xids.
    fn updates(heard: &[(Kind, u32, Vec<u8>)]) -> Vec<(u32, Ipv4Addr)> {
        let updates = heard.iter().filter(|(kind, ..)| *kind == Kind::BNDUPD);
        updates
            .map(|(_, xid, bytes)| {
                let message = Message::parse(bytes).unwrap();
                let Body::BindingUpdate(mut updates) = Body::parse(&message).unwrap() else { panic!() };
                let update = updates.next().unwrap().unwrap();
                assert!(updates.next().is_none(), "dhcpd takes one lease to a message");
                (*xid, update.address.unwrap())
            })
            .collect()
    }

    fn ack(&mut self, xid: u32, address: Ipv4Addr) {
        let ack = BindingAck { address: Some(address), ..BindingAck::default() };
        self.answer(Kind::BNDACK, xid, |w| ack.write(w));
    }
}

fn connect(max_unacked: u32) -> Connect<'static> {
    Connect {
        relationship_name: Some(b"fo1"),
        max_unacked: Some(max_unacked),
        receive_timer_seconds: Some(20),
        vendor_class: Some(b"isc-4.4.3-P1"),
        protocol_version: Some(1),
        tls_request: Some(0),
        mclt_seconds: Some(60),
        hash_buckets: Some(&[0; 32]),
    }
}

fn active(last: u8, client: u8, time: u64) -> BindingUpdate<'static> {
    static CLIENTS: [[u8; 6]; 4] =
        [[2, 0, 0, 0, 0, 0], [2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2], [2, 0, 0, 0, 0, 3]];
    BindingUpdate {
        address: Some(addr(last)),
        binding_status: Some(BindingState::Active.number()),
        hw_addr: Some(HardwareAddress { htype: 1, addr: &CLIENTS[usize::from(client)] }),
        lease_expiration_time: Some(time as u32 + 600),
        potential_expiration_time: Some(time as u32 + 900),
        start_time_of_state: Some(time as u32),
        client_last_transaction_time: Some(time as u32),
        ..BindingUpdate::default()
    }
}

#[test]
fn an_acknowledgement_waits_for_the_disk() {
    let mut alone = Alone::normal(Role::Primary, 100);
    let mut bytes = Vec::new();
    let wire = active(9, 1, START);
    append(&mut bytes, Kind::BNDUPD, Header { time: START as u32, xid: 5 }, |w| wire.write(w)).unwrap();
    let now = alone.pair.now;
    let node = &mut alone.pair.nodes[0];
    node.endpoint.handle_bytes(now, &mut node.db, LINK, &bytes).unwrap();
    let mut buffer = [0; 500];
    assert!(node.db.appended() > node.db.durable());
    assert_eq!(node.endpoint.poll_transmit(&node.db, LINK, &mut buffer), None);
    assert_eq!(node.endpoint.status(&node.db).to_ack, 1);
    node.db.commit().unwrap();
    let len = node.endpoint.poll_transmit(&node.db, LINK, &mut buffer).unwrap();
    // Nothing but the address, or dhcpd forgets what it was granted.
    assert_eq!(buffer[12..len], [0, 2, 0, 4, 10, 0, 0, 9]);
    assert_eq!((Kind(buffer[2]), buffer[11]), (Kind::BNDACK, 5));
    assert_eq!(node.lease(9).hw_addr, hw_of(1));
}

fn hw_of(client: u8) -> ddi_core::HwAddr {
    ddi_core::HwAddr::new(1, &[2, 0, 0, 0, 0, client]).unwrap()
}

#[test]
fn an_update_waits_for_the_disk() {
    let mut alone = Alone::normal(Role::Primary, 100);
    alone.heard();
    let last = 90;
    alone.pair.nodes[0].db.commit().unwrap();
    alone.pair.request(0, last, 1, 600).unwrap();
    let node = &mut alone.pair.nodes[0];
    let mut buffer = [0; 500];
    assert_eq!(node.endpoint.poll_transmit(&node.db, LINK, &mut buffer), None);
    node.db.commit().unwrap();
    let len = node.endpoint.poll_transmit(&node.db, LINK, &mut buffer).unwrap();
    let codes: Vec<u16> = Message::parse(&buffer[..len]).unwrap().options().map(|o| o.code.0).collect();
    assert_eq!(codes, [2, 3, 5, 13, 18, 25, 6], "dhcpd's order");
}

#[test]
fn the_partners_window_is_never_exceeded() {
    for max_unacked in [1, 2, 10, 100] {
        let mut alone = Alone::connected(Role::Secondary, max_unacked);
        for last in 1..=100 {
            let node = &mut alone.pair.nodes[1];
            let mut lease = node.lease(last);
            (lease.state, lease.hw_addr) = (BindingState::Active, hw(last.into()));
            lease.expiration_time = alone.pair.now.unix.plus_secs(600);
            node.db.put_forced(&mut lease, Expect::Any).unwrap();
        }
        alone.state(State::Recover);
        alone.heard.clear();
        let request = alone.say(Kind::UPDREQALL, |_| {}).unwrap();
        let (mut seen, mut out) = (BTreeSet::new(), Vec::new());
        for _ in 0..1000 {
            let heard = alone.heard();
            let done = heard.iter().any(|(kind, xid, _)| *kind == Kind::UPDDONE && *xid == request);
            out.extend(Alone::updates(&heard));
            assert!(out.len() <= max_unacked as usize, "{max_unacked}");
            if done {
                assert!(out.is_empty(), "before the last acknowledgement");
                break;
            }
            assert!(!out.is_empty());
            let (xid, address) = out.remove(0);
            assert!(seen.insert(address), "twice");
            alone.ack(xid, address);
        }
        assert_eq!(seen.len(), 100, "{max_unacked}");
    }
}

#[test]
fn a_second_request_takes_the_place_of_the_first() {
    let mut alone = Alone::connected(Role::Secondary, 5);
    for last in 1..=20 {
        let node = &mut alone.pair.nodes[1];
        let mut lease = node.lease(last);
        (lease.state, lease.hw_addr) = (BindingState::Active, hw(last.into()));
        node.db.put_forced(&mut lease, Expect::Any).unwrap();
    }
    alone.state(State::Recover);
    alone.heard.clear();
    let first = alone.say(Kind::UPDREQALL, |_| {}).unwrap();
    let mut out = Alone::updates(&alone.heard());
    let second = alone.say(Kind::UPDREQALL, |_| {}).unwrap();
    let (mut dones, mut acked) = (Vec::new(), 0);
    for _ in 0..200 {
        let heard = alone.heard();
        out.extend(Alone::updates(&heard));
        dones.extend(heard.iter().filter(|(kind, ..)| *kind == Kind::UPDDONE).map(|(_, xid, _)| *xid));
        if out.is_empty() {
            break;
        }
        let (xid, address) = out.remove(0);
        alone.ack(xid, address);
        acked += 1;
    }
    assert_ne!(first, second);
    assert_eq!(dones, [second]);
    assert!((20..=25).contains(&acked), "{acked}");
}

#[test]
fn an_upddone_of_another_request_says_nothing() {
    let mut alone = Alone::connected(Role::Secondary, 5);
    alone.state(State::Normal);
    assert_eq!(alone.pair.states()[1], State::Recover);
    let asked = alone.take(Kind::UPDREQALL);
    alone.answer(Kind::UPDDONE, asked.1 + 1000, |_| {});
    assert_eq!(alone.pair.states()[1], State::Recover);
    alone.answer(Kind::UPDDONE, asked.1, |_| {});
    assert_eq!(alone.pair.states()[1], State::RecoverWait);
}

#[test]
fn a_refused_update_is_not_repeated_and_a_late_answer_ignored() {
    let mut alone = Alone::normal(Role::Primary, 100);
    alone.heard();
    alone.pair.request(0, 90, 1, 600).unwrap();
    let (xid, address) = Alone::updates(&alone.heard())[0];
    alone.ack(xid + 500, address);
    assert_eq!(alone.pair.nodes[0].endpoint.status(&alone.pair.nodes[0].db).unacked, 1);
    let no = BindingAck { address: Some(address), reject_reason: Some(2), message: Some(b"no") };
    alone.answer(Kind::BNDACK, xid, |w| no.write(w));
    let lease = alone.pair.nodes[0].lease(90);
    assert_eq!(lease.potential_expiration_time.acked.0, 0);
    assert!(Alone::updates(&alone.heard()).is_empty());
    let refused =
        |event: &Event| matches!(event, Event::RefusedByPartner { reason: RejectReason::FATAL_CONFLICT, .. });
    assert!(alone.pair.nodes[0].events.iter().any(refused));
    alone.ack(xid, address);
    assert_eq!(alone.pair.nodes[0].lease(90).potential_expiration_time.acked.0, 0);
    // A later change is sent, and so are two changes one after the other.
    alone.pair.wait(1);
    alone.pair.request(0, 90, 1, 600).unwrap();
    let (xid, address) = Alone::updates(&alone.heard())[0];
    alone.pair.wait(1);
    alone.pair.request(0, 90, 1, 600).unwrap();
    assert!(Alone::updates(&alone.heard()).is_empty(), "one of each lease at a time");
    alone.ack(xid, address);
    assert_eq!(Alone::updates(&alone.heard()).len(), 1);
    assert_eq!(alone.pair.nodes[0].lease(90).potential_expiration_time.acked.0, START + 1 + 630);
}

/// dhcpd, which served the same client later, refuses what this server gave it, and then ends the lease: when it is
/// over here too, nobody is left to be kept from harm.
#[test]
fn dhcpds_end_of_a_lease_that_is_over_is_taken() {
    let mut alone = Alone::normal(Role::Secondary, 100);
    alone.update(&active(9, 1, START)).unwrap();
    assert_eq!(alone.pair.request(1, 9, 1, 600), Ok(600));
    let ended = Some(BindingState::Expired.number());
    let expired = BindingUpdate { binding_status: ended, ..active(9, 1, START + 1) };
    for seconds in [5, 700] {
        alone.refuse_for(seconds, RejectReason::LESS_CRITICAL_BINDING);
        alone.update(&expired).unwrap();
        let (_, _, bytes) = alone.take(Kind::BNDACK);
        let message = Message::parse(&bytes).unwrap();
        let Body::BindingAck(mut acks) = Body::parse(&message).unwrap() else { panic!("{message:?}") };
        assert_eq!(acks.next().unwrap().unwrap().reject_reason.is_some(), seconds == 5, "{seconds} s");
    }
    assert_eq!(alone.pair.nodes[1].lease(9).state, BindingState::Free);
}

#[test]
fn what_dhcpd_refused_beside_its_own_word_is_told_again() {
    for reason in [RejectReason::LESS_CRITICAL_BINDING, RejectReason::FATAL_CONFLICT] {
        let mut alone = Alone::normal(Role::Secondary, 100);
        alone.update(&active(9, 1, START)).unwrap();
        assert_eq!(alone.pair.request(1, 9, 1, 600), Ok(600));
        assert_eq!(alone.refuse_for(5, reason), [addr(9)]);
        assert_eq!(alone.refuse_for(70, reason).is_empty(), reason == RejectReason::FATAL_CONFLICT);
    }
}

#[test]
fn refusals_have_dhcpds_reasons() {
    let mut alone = Alone::normal(Role::Primary, 100);
    let outside = BindingUpdate { address: Some([10, 9, 0, 1].into()), ..active(1, 1, START) };
    let stranger = BindingUpdate { binding_status: Some(9), ..active(1, 1, START) };
    let nobody = BindingUpdate { hw_addr: None, ..active(1, 1, START) };
    let nowhere = BindingUpdate { address: None, ..active(1, 1, START) };
    for (wire, reason) in [(outside, 1), (stranger, 6), (nobody, 3), (nowhere, 3)] {
        let xid = alone.update(&wire).unwrap();
        let (_, echoed, bytes) = alone.take(Kind::BNDACK);
        assert_eq!(echoed, xid);
        let message = Message::parse(&bytes).unwrap();
        assert_eq!(message.option(Code::REJECT_REASON), Some(&[reason][..]));
        assert!(message.option(Code::MESSAGE).is_some());
    }
}

#[test]
fn what_must_end_a_connection_does() {
    type Bad = fn(&mut Alone) -> Result<u32, LinkEnd>;
    let bad: [(&str, Bad); 6] = [
        ("unknown type", |a| a.say(Kind(99), |_| {})),
        ("unknown state", |a| a.say(Kind::STATE, |w| w.option(Code::SERVER_STATE, &[77]))),
        ("no state", |a| a.say(Kind::STATE, |_| {})),
        ("option twice", |a| {
            a.say(Kind::BNDUPD, |w| {
                w.option(Code::ASSIGNED_ADDRESS, &[10, 0, 0, 1]);
                w.option(Code::BINDING_STATUS, &[1]);
                w.option(Code::BINDING_STATUS, &[1]);
            })
        }),
        ("wrong length", |a| a.say(Kind::STATE, |w| w.option(Code::SERVER_STATE, &[2, 2]))),
        ("a second CONNECT", |a| {
            let connect = connect(3);
            a.say(Kind::CONNECT, |w| connect.write(w))
        }),
    ];
    for (name, bad) in bad {
        let mut alone = Alone::normal(Role::Primary, 100);
        assert!(bad(&mut alone).is_err(), "{name}");
        assert_eq!(alone.pair.states()[0], State::CommunicationsInterrupted, "{name}");
    }
    let mut alone = Alone::normal(Role::Primary, 100);
    alone.say(Kind(200), |_| {}).unwrap();
    assert_eq!(alone.pair.states()[0], State::Normal, "may be ignored");
}

#[test]
fn connections_are_refused_with_reasons_and_one_survives() {
    let refused = |change: &dyn Fn(&mut Connect<'static>), skew: i64| {
        let mut pair = Pair::usual();
        pair.cut = true;
        pair.settle();
        let now = pair.now;
        let node = &mut pair.nodes[1];
        node.endpoint.handle_accepted(now, LINK);
        let mut connect = connect(5);
        change(&mut connect);
        let mut bytes = Vec::new();
        let time = now.unix.0.saturating_add_signed(skew) as u32;
        append(&mut bytes, Kind::CONNECT, Header { time, xid: 0 }, |w| connect.write(w)).unwrap();
        let end = node.endpoint.handle_bytes(now, &mut node.db, LINK, &bytes).err()?;
        let LinkEnd::Refused { reason, .. } = end else { panic!("{end}") };
        Some(reason.0)
    };
    assert_eq!(refused(&|_| {}, 60), None);
    assert_eq!(refused(&|_| {}, 61), Some(4));
    assert_eq!(refused(&|_| {}, -61), Some(4));
    assert_eq!(refused(&|c| c.relationship_name = Some(b"other"), 0), Some(8));
    assert_eq!(refused(&|c| c.hash_buckets = None, 0), Some(18));
    assert_eq!(refused(&|c| c.mclt_seconds = None, 0), Some(5));

    let mut pair = Pair::usual();
    pair.dial(0);
    pair.dial(1);
    pair.dial(1);
    pair.settle();
    assert_eq!((pair.states(), pair.links().len()), ([State::Normal; 2], 1));
    let survivor = pair.links()[0];
    pair.dial(0);
    pair.dial(1);
    pair.wait(60);
    assert_eq!((pair.states(), pair.links()), ([State::Normal; 2], &[survivor][..]));
}

/// It remembers this server in NORMAL, passes over being told so, and waits to hear it.
#[test]
fn a_dhcpd_that_passed_over_normal_is_told_again() {
    for role in [Role::Primary, Role::Secondary] {
        let mut alone = Alone::normal(role, 10);
        alone.heard();
        alone.state(State::CommunicationsInterrupted);
        let (_, _, bytes) = alone.take(Kind::STATE);
        let message = Message::parse(&bytes).unwrap();
        let Body::State(report) = Body::parse(&message).unwrap() else { panic!() };
        assert_eq!((report.state, report.flags), (Some(2), Some(0)));
        assert_eq!(alone.pair.states()[alone.at], State::Normal);
        alone.state(State::Normal);
        assert!(alone.heard().iter().all(|(kind, ..)| *kind != Kind::STATE));
    }
}

#[test]
fn nothing_that_ends_dhcpd_is_ever_said() {
    let fixed = |role| Config { profile: ProfileChoice::Fixed(Profile::Isc), ..config(role) };
    let mut pair = Pair::new(fixed(Role::Primary), fixed(Role::Secondary));
    pair.settle();
    for client in 0..30 {
        let at = client as usize % 2;
        let last = pair.discover(at, client, 600).unwrap();
        if client % 3 == 0 {
            pair.end(at, last, true);
        }
        if client % 5 == 0 {
            let node = &mut pair.nodes[at];
            let mut lease = node.lease(last);
            lease.state = BindingState::Abandoned;
            lease.expiration_time = pair.now.unix.plus_secs(86_400);
            node.db.put_forced(&mut lease, Expect::Any).unwrap();
            let now = pair.now;
            node.endpoint.handle_lease_changed(now, &mut node.db, lease.key);
        }
        pair.settle();
    }
    pair.cut();
    pair.restart(1, true);
    pair.heal();
    pair.wait(100);
    pair.assert_equal();
    for at in 0..2 {
        let mut kinds = BTreeSet::new();
        for (kind, bytes) in pair.messages(at) {
            check_for_dhcpd(Kind(kind), &Message::parse(&bytes).unwrap());
            kinds.insert(kind);
        }
        assert!(kinds.is_superset(&BTreeSet::from([3, 4, 7, 8, 10])), "{kinds:?}");
    }
}

fn check_for_dhcpd(kind: Kind, message: &Message<'_>) {
    let codes: Vec<u16> = message.options().map(|option| option.code.0).collect();
    assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), codes.len(), "{kind}: {codes:?}");
    assert!(!codes.contains(&9) && !codes.contains(&29), "{kind}: {codes:?}");
    let has = |code| codes.contains(&code);
    match kind {
        Kind::BNDUPD => {
            let status = message.option(Code::BINDING_STATUS).unwrap()[0];
            assert!((1..=7).contains(&status));
            assert!([13, 18, 25].into_iter().all(has));
            assert!(status != 5 || !has(4) && !has(5), "an abandoned lease has no client");
            assert!(!(2..=4).contains(&status) || has(5));
        }
        Kind::BNDACK => assert!(codes == [2] || codes == [2, 21, 16], "{codes:?}"),
        Kind::STATE => {
            let state = message.option(Code::SERVER_STATE).unwrap()[0];
            assert!(server_state(state).is_some());
        }
        Kind::CONNECT => assert!([22, 14, 19, 15, 11].into_iter().all(has)),
        Kind::CONNECTACK => assert!([22, 14, 19].into_iter().all(has)),
        _ => {}
    }
}
