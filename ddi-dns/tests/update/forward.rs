//! A secondary hands updates on.

use super::support::{MemZones, NOW, absolute, check_with_hickory, name, open_zone, request, udp, zone};
use ddi_core::{Instant, Now};
use ddi_dns::acl::AccessList;
use ddi_dns::message::{Header, Rcode};
use ddi_dns::tsig::{Algorithm, Key, Keys, Verifier};
use ddi_dns::update::{
    FORWARDS_MAX, ForwardConfig, ForwardEvent, ForwardTransmit, ForwardZone, Forwarder, Policy, Request,
    Source, UpdateZone, Updates,
};
use ddi_dns::{Rtype, Serial};
use std::net::SocketAddr;

fn key(text: &str) -> Key {
    Key::new(name(text).as_ref(), Algorithm::HmacSha256, text.as_bytes()).unwrap()
}

fn keys(of: &[&str]) -> Keys {
    let mut keys = Keys::new();
    of.iter().for_each(|text| keys.add(key(text)).unwrap());
    keys
}

fn primary(number: u8) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, number], 53))
}

fn forwarder(known: &[&str], own: Option<&str>) -> Forwarder {
    let zone = ForwardZone {
        apex: name("example.com"),
        primaries: vec![primary(1), primary(2)],
        key: own.map(key),
        access: AccessList::parse(["127.0.0.0/8"]).unwrap(),
    };
    Forwarder::new(ForwardConfig {
        zones: vec![zone],
        keys: keys(known),
        timeout_millis: 3000,
        rounds: 2,
        seed: 9,
    })
}

fn new_host() -> Request {
    let mut request = request();
    request.add(absolute("new").as_ref(), Rtype::A, 60, &[192, 0, 2, 9]);
    request
}

fn message(id: u16, key: Option<&Key>) -> (Vec<u8>, Option<Verifier>) {
    let mut buf = vec![0; 1024];
    let mut len = new_host().emit(id, &mut buf).unwrap();
    let verifier = key.map(|key| {
        let (signed, verifier) = key.sign_request(&mut buf, len, NOW.unix).unwrap();
        len = signed;
        verifier
    });
    buf.truncate(len);
    (buf, verifier)
}

fn poll(forwarder: &mut Forwarder) -> Option<(ForwardTransmit, Vec<u8>)> {
    let mut buf = [0; 2048];
    let transmit = forwarder.poll_transmit(&mut buf)?;
    let (ForwardTransmit::Answer { len, .. } | ForwardTransmit::Request { len, .. }) = transmit else {
        panic!("{transmit:?}")
    };
    check_with_hickory(&buf[..len]);
    Some((transmit, buf[..len].to_vec()))
}

/// The primary's answer to a message that permits any of these keys.
fn ask_primary(known: &[&str], message: &[u8]) -> (Vec<u8>, Serial) {
    let policy = Policy::List(AccessList::parse(known.iter().map(|key| format!("key:{key}"))).unwrap());
    let mut updates = Updates::new(keys(known), vec![UpdateZone { policy, ..open_zone() }]);
    let mut store = MemZones::with([zone()]);
    updates.handle_request(NOW, &mut store, udp(9), message);
    store.durable = 1;
    let mut buf = [0; 1232];
    let len = updates.poll_transmit(&store, &mut buf).unwrap().len;
    check_with_hickory(&buf[..len]);
    (buf[..len].to_vec(), store.zone("example.com").serial())
}

/// All ways of signing: the sender's key known to the primary only, to the secondary only with a key between
/// secondary and primary, and none but that one.
#[test]
fn requests_go_on_and_answers_come_back() {
    let cases = [
        (vec![], None, Some("client"), vec!["client"]),
        (vec![], Some("link"), Some("client"), vec!["client"]),
        (vec!["client"], Some("link"), Some("client"), vec!["link"]),
        (vec![], Some("link"), None, vec!["link"]),
    ];
    for (number, (known, own, client, at_primary)) in cases.iter().enumerate() {
        let mut forwarder = forwarder(known, *own);
        let (sent, verifier) = message(0x1234, client.map(key).as_ref());
        forwarder.handle_request(NOW, udp(5), &sent);
        let (transmit, on_the_way) = poll(&mut forwarder).unwrap();
        let ForwardTransmit::Request { to, over_tcp, .. } = transmit else { panic!("{transmit:?}") };
        assert_eq!((to, over_tcp), (primary(1), false));
        assert_ne!(Header::parse(&on_the_way).unwrap().id, 0x1234, "an id of its own");
        let (answer, serial) = ask_primary(at_primary, &on_the_way);
        assert_eq!(Header::parse(&answer).unwrap().flags.rcode(), Rcode::NOERROR, "case {number}");
        assert_eq!(serial, Serial(11));
        forwarder.handle_answer(NOW, primary(1), &answer);
        let (transmit, back) = poll(&mut forwarder).unwrap();
        assert!(matches!(transmit, ForwardTransmit::Answer { to, .. } if to == udp(5)));
        let header = Header::parse(&back).unwrap();
        assert_eq!((header.id, header.flags.rcode()), (0x1234, Rcode::NOERROR));
        match verifier {
            Some(mut verifier) => drop(verifier.check(&back, NOW.unix).expect("the sender can check it")),
            None => assert_eq!(header.counts[3], 0),
        }
        assert_eq!(forwarder.poll_timeout(), None);
    }
}

#[test]
fn tcp_stays_tcp() {
    let mut forwarder = forwarder(&[], None);
    forwarder.handle_request(NOW, Source { link: Some(3), ..udp(5) }, &message(1, None).0);
    assert!(matches!(poll(&mut forwarder).unwrap().0, ForwardTransmit::Request { over_tcp: true, .. }));
}

#[test]
fn the_next_primary_is_tried_and_at_last_the_sender_is_told() {
    let mut forwarder = forwarder(&[], None);
    forwarder.handle_request(NOW, udp(5), &message(7, None).0);
    let mut now = NOW;
    let mut tried = Vec::new();
    loop {
        let (transmit, bytes) = poll(&mut forwarder).unwrap();
        match transmit {
            ForwardTransmit::Request { to, .. } => tried.push(to),
            _ => {
                let header = Header::parse(&bytes).unwrap();
                assert_eq!((header.id, header.flags.rcode()), (7, Rcode::SERVFAIL));
                break;
            }
        }
        let due = forwarder.poll_timeout().unwrap();
        forwarder.handle_timeout(Now { instant: Instant(due.0 - 1), ..now });
        assert_eq!(poll(&mut forwarder), None, "too early");
        now.instant = due;
        forwarder.handle_timeout(now);
    }
    assert_eq!(tried, [primary(1), primary(2), primary(1), primary(2)]);
    let event = ForwardEvent::NoPrimary { apex: name("example.com"), from: udp(5) };
    assert_eq!(forwarder.poll_event(), Some(event));
    // One that can't be reached is passed over at once.
    forwarder.handle_request(now, udp(5), &message(8, None).0);
    poll(&mut forwarder).unwrap();
    forwarder.handle_unreachable(now, primary(2));
    assert_eq!(poll(&mut forwarder), None);
    forwarder.handle_unreachable(now, primary(1));
    assert!(
        matches!(poll(&mut forwarder).unwrap().0, ForwardTransmit::Request { to, .. } if to == primary(2))
    );
}

#[test]
fn forged_answers_are_ignored() {
    let mut forwarder = forwarder(&[], Some("link"));
    forwarder.handle_request(NOW, udp(5), &message(7, None).0);
    let (_, on_the_way) = poll(&mut forwarder).unwrap();
    let (answer, _) = ask_primary(&["link"], &on_the_way);
    let mut unsigned = answer.clone();
    unsigned.truncate(12 + 17);
    unsigned[10..12].copy_from_slice(&[0, 0]);
    let mut other_id = answer.clone();
    other_id[0] ^= 1;
    let mut changed = answer.clone();
    changed[3] ^= 1;
    let mut request = answer.clone();
    request[2] &= 0x7f;
    for (from, bytes) in [
        (primary(2), &answer),
        (primary(1), &unsigned),
        (primary(1), &other_id),
        (primary(1), &changed),
        (primary(1), &request),
        (primary(1), &Vec::new()),
    ] {
        forwarder.handle_answer(NOW, from, bytes);
        assert_eq!(poll(&mut forwarder), None);
    }
    forwarder.handle_answer(NOW, primary(1), &answer);
    assert!(poll(&mut forwarder).is_some());
}

#[test]
fn what_may_not_go_on_is_refused_here() {
    let mut forwarder = forwarder(&["client"], None);
    let stranger = Source { address: SocketAddr::from(([198, 51, 100, 1], 1)), link: None };
    let refused = |forwarder: &mut Forwarder| {
        let (transmit, bytes) = poll(forwarder).unwrap();
        assert!(matches!(transmit, ForwardTransmit::Answer { .. }));
        assert_eq!(forwarder.poll_timeout(), None, "nothing is on its way");
        Header::parse(&bytes).unwrap().flags.rcode()
    };
    forwarder.handle_request(NOW, stranger, &message(1, None).0);
    assert_eq!(refused(&mut forwarder), Rcode::REFUSED);
    let mut buf = [0; 512];
    let len = Request::new(name("example.org").as_ref()).emit(2, &mut buf).unwrap();
    forwarder.handle_request(NOW, udp(5), &buf[..len]);
    assert_eq!(refused(&mut forwarder), Rcode::NOTAUTH);
    let (mut bad, _) = message(3, Some(&key("client")));
    let at = bad.len() - 7;
    bad[at] ^= 1;
    forwarder.handle_request(NOW, udp(5), &bad);
    assert_eq!(refused(&mut forwarder), Rcode::NOTAUTH);
}

#[test]
fn the_same_again_is_on_its_way_already_and_there_is_a_bound() {
    let mut forwarder = forwarder(&[], None);
    forwarder.handle_request(NOW, udp(5), &message(1, None).0);
    assert!(poll(&mut forwarder).is_some());
    forwarder.handle_request(NOW, udp(5), &message(1, None).0);
    assert_eq!(poll(&mut forwarder), None);
    for id in 2..FORWARDS_MAX as u16 + 5 {
        forwarder.handle_request(NOW, udp(5), &message(id, None).0);
    }
    assert_eq!(std::iter::from_fn(|| poll(&mut forwarder)).count(), FORWARDS_MAX - 1);
    assert_eq!(std::iter::from_fn(|| forwarder.poll_event()).count(), 4);
}
