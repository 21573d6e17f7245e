//! One connection: connecting with dhcpd's bytes and with ours, refusals, keepalive, the end.

use ddi_core::{Instant, Now, UnixTime};
use ddi_failover::endpoint::{CONNECT_SECONDS_MAX, Link, LinkConfig, LinkEnd, OUT_MAX, Received, SendError};
use ddi_failover::split::HashBuckets;
use ddi_failover::wire::Deframer;
use ddi_failover::wire::v4::{
    Body, Code, Connect, ConnectAck, Disconnect, Header, Kind, MAX_LEN, Message, RejectReason, StateReport,
    append,
};
use ddi_failover::{Profile, Role, WireError};

const UNIX: u64 = 0x6b02_c944;

/// `millis` after the start.
fn at(millis: u64) -> Now {
    Now { instant: Instant(5_000 + millis), unix: UnixTime(UNIX + millis / 1000) }
}

fn config(role: Role) -> LinkConfig {
    LinkConfig {
        profile: Profile::Isc,
        role,
        relationship_name: b"fo1".to_vec(),
        vendor_class: b"isc-4.4.3-P1".to_vec(),
        max_unacked: 10,
        receive_timer_seconds: 12,
        mclt_seconds: 60,
        buckets: HashBuckets::split(128),
    }
}

fn drain(link: &mut Link) -> Vec<u8> {
    let (mut all, mut buffer) = (Vec::new(), [0; 100]);
    while let Some(count) = link.poll_transmit(&mut buffer) {
        all.extend_from_slice(&buffer[..count]);
    }
    all
}

fn cut(bytes: &[u8]) -> Vec<Vec<u8>> {
    let (mut deframer, mut input, mut all) = (Deframer::default(), bytes, Vec::new());
    while let Some(message) = deframer.next_message(&mut input).unwrap() {
        all.push(message.to_vec());
    }
    assert_eq!(deframer.held(), 0);
    all
}

/// The types of what is waiting to be sent.
fn kinds(link: &mut Link) -> Vec<Kind> {
    cut(&drain(link)).iter().map(|message| Message::parse(message).unwrap().kind()).collect()
}

fn message(kind: Kind, xid: u32, write: impl FnOnce(&mut ddi_failover::wire::v4::Writer<'_>)) -> Vec<u8> {
    let mut out = Vec::new();
    append(&mut out, kind, Header { time: UNIX as u32, xid }, write).unwrap();
    out
}

/// Feeds one message in whole.
fn feed(link: &mut Link, now: Now, bytes: &[u8]) -> Result<Kind, LinkEnd> {
    let mut input = bytes;
    let received = link.handle_bytes(now, &mut input)?.expect("a whole message");
    assert!(input.is_empty());
    Ok(match received {
        Received::Up => Kind::CONNECT,
        Received::Contact => Kind::CONTACT,
        Received::Message(message, body) => {
            assert_eq!(body.kind(), message.kind());
            message.kind()
        }
    })
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_digit(16).unwrap() as u8).collect();
    digits.chunks(2).map(|pair| (pair[0] << 4) | pair[1]).collect()
}

const CONNECT: &str = "0069050c6b02c94400000000 00160003666f31 000e00040000000a 001300040000000c
    001c000c6973632d342e342e332d5031 0014000101 001b000100 000f00040000003c
    000b0020 ffffffffffffffffffffffffffffffff 00000000000000000000000000000000";

/// A pair that is up.
fn pair() -> (Link, Link) {
    let (mut primary, mut secondary) =
        (Link::new(at(0), config(Role::Primary), false), Link::new(at(0), config(Role::Secondary), false));
    let connect = drain(&mut primary);
    assert_eq!(feed(&mut secondary, at(0), &connect), Ok(Kind::CONNECT));
    let ack = drain(&mut secondary);
    assert_eq!(feed(&mut primary, at(0), &ack), Ok(Kind::CONNECT));
    (primary, secondary)
}

#[test]
fn says_what_dhcpd_says() {
    let mut primary = Link::new(at(0), config(Role::Primary), false);
    assert_eq!(drain(&mut primary), hex(CONNECT));

    let mut secondary = Link::new(at(0), config(Role::Secondary), false);
    assert_eq!(drain(&mut secondary), []);
    let mut connect = hex(CONNECT);
    connect[10..12].copy_from_slice(&[0x03, 0xe9]);
    let later = Now { unix: UnixTime(0x6b02_c944 + 50), ..at(0) };
    assert_eq!(feed(&mut secondary, later, &connect), Ok(Kind::CONNECT));
    let mut want = hex("003d060c6b02c976000003e9 00160003666f31 000e00040000000a 001300040000000c
        001c000c6973632d342e342e332d5031 0014000101 001a000100");
    assert_eq!(drain(&mut secondary), want);
    want[8..12].fill(0);
    want[4..8].copy_from_slice(&(UNIX as u32).to_be_bytes());
    assert_eq!(feed(&mut primary, at(10), &want), Ok(Kind::CONNECT));
    for link in [&primary, &secondary] {
        let terms = link.terms().unwrap();
        assert_eq!((terms.max_unacked, terms.receive_timer_seconds, terms.mclt_seconds), (10, 12, 60));
        assert_eq!((terms.buckets, &terms.vendor_class[..]), (HashBuckets::split(128), &b"isc-4.4.3-P1"[..]));
    }
}

#[test]
fn byte_by_byte() {
    let (mut link, connect) = (Link::new(at(0), config(Role::Secondary), false), hex(CONNECT));
    for (place, byte) in connect.iter().enumerate() {
        let mut input = std::slice::from_ref(byte);
        let up = link.handle_bytes(at(0), &mut input).unwrap() == Some(Received::Up);
        assert_eq!(up, place == connect.len() - 1);
    }
}

/// What a CONNECT gets, and the end.
fn refusal(connect: &Connect<'_>, linked: bool, skew: i64) -> Option<(u8, Option<Vec<u8>>, bool)> {
    let mut link = Link::new(at(0), config(Role::Secondary), linked);
    let now = Now { unix: UnixTime(UNIX.wrapping_add_signed(skew)), ..at(0) };
    let fed = feed(&mut link, now, &message(Kind::CONNECT, 7, |w| connect.write(w)));
    let out = cut(&drain(&mut link));
    assert_eq!(out.len(), 1);
    let view = Message::parse(&out[0]).unwrap();
    assert_eq!((view.kind(), view.xid()), (Kind::CONNECTACK, 7));
    let Body::ConnectAck(ack) = Body::parse(&view).unwrap() else { unreachable!() };
    assert_eq!(ack.tls_reply.is_some(), connect.tls_request.is_some());
    match fed {
        Ok(_) => {
            assert!(ack.reject_reason.is_none() && ack.message.is_none(), "their presence means refusal");
            None
        }
        Err(LinkEnd::Refused { reason, text }) => {
            assert_eq!((ack.reject_reason, ack.message), (Some(reason.0), Some(text.as_bytes())));
            assert_eq!(link.poll_timeout(), None);
            Some((reason.0, ack.relationship_name.map(<[u8]>::to_vec), ack.max_unacked.is_some()))
        }
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn refusals_of_the_secondary() {
    let bytes = hex(CONNECT);
    let Ok(Body::Connect(good)) = Body::parse(&Message::parse(&bytes).unwrap()) else { panic!() };
    let name = || Some(b"fo1".to_vec());
    assert_eq!(refusal(&good, false, 0), None);
    assert_eq!(refusal(&Connect { relationship_name: None, ..good }, false, 0), Some((8, None, false)));
    let other = Connect { relationship_name: Some(b"fo2"), ..good };
    assert_eq!(refusal(&other, false, 99), Some((8, Some(b"fo2".to_vec()), false)));
    for (skew, fine) in [(60, true), (-60, true), (61, false), (-61, false)] {
        assert_eq!(refusal(&good, false, skew), (!fine).then(|| (4, name(), true)), "{skew}");
    }
    for hba in [None, Some(&[0xff; 31][..]), Some(&[0xff; 33][..])] {
        assert_eq!(refusal(&Connect { hash_buckets: hba, ..good }, true, 0), Some((18, name(), true)));
    }
    assert_eq!(refusal(&good, true, 0), Some((7, name(), true)));
    for mclt in [None, Some(0)] {
        assert_eq!(refusal(&Connect { mclt_seconds: mclt, ..good }, false, 0), Some((5, name(), true)));
    }
    assert_eq!(refusal(&Connect { protocol_version: Some(2), ..good }, false, 0), Some((14, name(), true)));
    assert_eq!(refusal(&Connect { tls_request: Some(2), ..good }, false, 0), Some((9, name(), true)));
    // What dhcpd tolerates.
    let bare = Connect {
        relationship_name: good.relationship_name,
        hash_buckets: good.hash_buckets,
        mclt_seconds: good.mclt_seconds,
        ..Connect::default()
    };
    assert_eq!(refusal(&bare, false, 0), None);
}

#[test]
fn judgements_of_the_primary() {
    let good = ConnectAck {
        relationship_name: Some(b"fo1"),
        max_unacked: Some(10),
        receive_timer_seconds: Some(0),
        ..ConnectAck::default()
    };
    let hears = |ack: &ConnectAck<'_>, linked, skew: i64| {
        let mut link = Link::new(at(0), config(Role::Primary), linked);
        drain(&mut link);
        let now = Now { unix: UnixTime(UNIX.wrapping_add_signed(skew)), ..at(0) };
        let fed = feed(&mut link, now, &message(Kind::CONNECTACK, 0, |w| ack.write(w)));
        (fed, kinds(&mut link), link.terms().map(|terms| terms.receive_timer_seconds))
    };
    assert_eq!(hears(&good, false, 60), (Ok(Kind::CONNECT), vec![], Some(1)), "the least is enough");
    for (ack, linked, skew, reason) in [
        (ConnectAck { relationship_name: None, ..good }, false, 0, 8),
        (ConnectAck { relationship_name: Some(b"fo2"), ..good }, false, 0, 8),
        (good, true, 0, 7),
        (good, false, 61, 4),
    ] {
        let (fed, out, _) = hears(&ack, linked, skew);
        assert!(matches!(fed, Err(LinkEnd::Refused { reason: r, .. }) if r.0 == reason), "{fed:?}");
        assert_eq!(out, [Kind::DISCONNECT]);
    }
    // Refused, even with number 0; nothing is answered.
    let (fed, out, _) = hears(&ConnectAck { reject_reason: Some(0), message: Some(b"no"), ..good }, false, 0);
    assert_eq!(fed, Err(LinkEnd::RefusedByPartner { reason: RejectReason(0), text: "no".into() }));
    assert_eq!(out, []);
}

#[test]
fn xids_count_from_0_and_answers_echo() {
    let (mut primary, mut secondary) = pair();
    let state = StateReport { state: Some(2), flags: Some(0), start_time_of_state: Some(1) };
    assert_eq!(primary.send(at(0), Kind::STATE, |w| state.write(w)), Ok(1), "CONNECT was 0");
    assert_eq!(secondary.send(at(0), Kind::STATE, |w| state.write(w)), Ok(0), "CONNECTACK has the CONNECT's");
    assert_eq!(secondary.send(at(0), Kind::UPDREQALL, |_| {}), Ok(1));
    secondary.answer(at(0), Kind::UPDDONE, 77, |_| {}).unwrap();
    assert_eq!(secondary.send(at(0), Kind::CONTACT, |_| {}), Ok(2));
    let sent: Vec<_> = cut(&drain(&mut secondary))
        .iter()
        .map(|message| Message::parse(message).unwrap())
        .map(|view| (view.kind().0, view.xid()))
        .collect();
    assert_eq!(sent, [(10, 0), (7, 1), (8, 77), (11, 2)]);
}

#[test]
fn keepalive() {
    let (mut primary, mut secondary) = pair();
    // A third of the partner's 12 s.
    assert_eq!(primary.poll_timeout(), Some(at(4000).instant));
    assert_eq!(primary.handle_timeout(at(3999)), Ok(()));
    assert_eq!(kinds(&mut primary), []);
    for round in 1..=10 {
        let now = at(round * 4000);
        primary.handle_timeout(now).unwrap();
        secondary.handle_timeout(now).unwrap();
        let (there, back) = (drain(&mut primary), drain(&mut secondary));
        assert_eq!(feed(&mut secondary, now, &there), Ok(Kind::CONTACT));
        assert_eq!(feed(&mut primary, now, &back), Ok(Kind::CONTACT));
    }
    // Anything that is said is a sign of life.
    primary.send(at(43_000), Kind::POOLREQ, |_| {}).unwrap();
    assert_eq!(primary.poll_timeout(), Some(at(47_000).instant));
    // Silence for 12 s.
    drain(&mut secondary);
    secondary.handle_timeout(at(51_999)).unwrap();
    let silent = Err(LinkEnd::Silence { seconds: 12 });
    assert_eq!(secondary.handle_timeout(at(52_000)), silent);
    assert_eq!(kinds(&mut secondary), [Kind::CONTACT, Kind::DISCONNECT]);
    assert_eq!(secondary.poll_timeout(), None);
    assert_eq!(secondary.handle_timeout(at(99_000)), silent);
    assert_eq!(secondary.handle_bytes(at(99_000), &mut &[0][..]).map(drop), silent);
    assert_eq!(secondary.send(at(99_000), Kind::CONTACT, |_| {}), Err(SendError::NotUp));
    assert_eq!(secondary.poll_transmit(&mut [0; 9]), None);
}

#[test]
fn connecting_takes_15_seconds_at_the_most() {
    for role in [Role::Primary, Role::Secondary] {
        let mut link = Link::new(at(0), config(role), false);
        let end = CONNECT_SECONDS_MAX * 1000;
        assert_eq!(link.poll_timeout(), Some(at(end).instant));
        assert_eq!(link.handle_timeout(at(end - 1)), Ok(()));
        assert_eq!(link.send(at(0), Kind::STATE, |_| {}), Err(SendError::NotUp));
        assert_eq!(link.handle_timeout(at(end)), Err(LinkEnd::ConnectTimeout));
    }
}

#[test]
fn what_has_no_place_ends_it() {
    let connect = hex(CONNECT);
    for kind in 1..=13 {
        let bytes = if kind == 5 { connect.clone() } else { message(Kind(kind), 1, |_| {}) };
        for role in [Role::Primary, Role::Secondary] {
            let mut early = Link::new(at(0), config(role), false);
            let fed = feed(&mut early, at(0), &bytes).map_err(|end| std::mem::discriminant(&end));
            let unexpected = std::mem::discriminant(&LinkEnd::Unexpected { kind: Kind(kind) });
            match (Kind(kind), role) {
                (Kind::CONNECT, Role::Secondary) => assert!(fed.is_ok()),
                (Kind::CONNECTACK, Role::Primary) | (Kind::DISCONNECT, _) => {
                    assert!(fed.is_err_and(|e| e != unexpected));
                }
                _ => assert_eq!(fed, Err(unexpected)),
            }
            let (primary, secondary) = pair();
            let mut up = if role == Role::Primary { primary } else { secondary };
            let fed = feed(&mut up, at(0), &bytes);
            match Kind(kind) {
                Kind::CONNECT | Kind::CONNECTACK => {
                    assert_eq!(fed, Err(LinkEnd::Unexpected { kind: Kind(kind) }));
                }
                Kind::DISCONNECT => assert!(matches!(fed, Err(LinkEnd::Disconnected { .. }))),
                other => assert_eq!(fed, Ok(other)),
            }
        }
    }
    let (mut link, _) = pair();
    let goodbye = Disconnect { reject_reason: Some(17), message: Some(b"bye") };
    let end = feed(&mut link, at(0), &message(Kind::DISCONNECT, 1, |w| goodbye.write(w))).unwrap_err();
    assert_eq!(end.to_string(), "the partner disconnected: no traffic within sufficient time: bye");
    let (mut link, _) = pair();
    let bad = link.handle_bytes(at(0), &mut &[0, 3][..]).map(drop);
    assert_eq!(bad, Err(LinkEnd::Wire(WireError::Length { length: 3 })));
}

#[test]
fn closing_says_why() {
    let (mut link, mut other) = pair();
    link.close(at(0), RejectReason::MISCELLANEOUS, "shutting down");
    link.close(at(0), RejectReason::MISCELLANEOUS, "again");
    assert_eq!(link.handle_timeout(at(0)), Err(LinkEnd::Closed));
    let bytes = drain(&mut link);
    assert!(
        matches!(feed(&mut other, at(0), &bytes), Err(LinkEnd::Disconnected { text, .. }) if text == "shutting down")
    );
}

#[test]
fn what_waits_is_bounded() {
    let (mut link, _) = pair();
    let data = [0; MAX_LEN - 100];
    let mut sent = 0;
    loop {
        match link.send(at(0), Kind::BNDUPD, |w| w.option(Code(99), &data)) {
            Ok(_) => sent += 1,
            Err(error) => break assert_eq!(error, SendError::Full),
        }
    }
    // Contacts of a day don't add up.
    for tick in 1..21_600 {
        link.talk_without_hearing(tick);
    }
    let waiting = drain(&mut link);
    assert!(sent > 100 && waiting.len() <= OUT_MAX + MAX_LEN, "{sent} messages, {} bytes", waiting.len());
    cut(&waiting);
    assert!(link.send(at(0), Kind::BNDUPD, |w| w.option(Code(99), &data)).is_ok());
    let too_long = link.send(at(0), Kind::BNDUPD, |w| w.option(Code(99), &[0; MAX_LEN]));
    assert!(matches!(too_long, Err(SendError::Emit(_))));
}

/// Time passes and the partner is heard, but takes nothing.
trait Stuck {
    fn talk_without_hearing(&mut self, tick: u64);
}

impl Stuck for Link {
    fn talk_without_hearing(&mut self, tick: u64) {
        let contact = message(Kind::CONTACT, 1, |_| {});
        feed(self, at(tick * 4000), &contact).unwrap();
        self.handle_timeout(at(tick * 4000)).unwrap();
    }
}
