//! The server's machine: signatures, answers that wait, events.

use super::support::{MemZones, NOW, absolute, check_with_hickory, name, open_zone, request, udp, zone};
use ddi_core::{Lsn, Now, UnixTime};
use ddi_dns::acl::{AccessList, Requestor};
use ddi_dns::message::{Flags, Header, Opcode, Rcode, Reader};
use ddi_dns::tsig::{Algorithm, Key, Keys, TsigError, Verifier};
use ddi_dns::update::{ANSWERS_MAX, Dropped, Event, Policy, Request, Source, UpdateZone, Updates};
use ddi_dns::{Class, Name, Rtype, Serial};

fn key() -> Key {
    Key::new(name("ddns").as_ref(), Algorithm::HmacSha256, b"0123456789abcdef").unwrap()
}

fn machine() -> (Updates, MemZones) {
    let mut keys = Keys::new();
    keys.add(key()).unwrap();
    let policy = Policy::List(AccessList::parse(["key:ddns"]).unwrap());
    let zones = vec![UpdateZone { policy, ..open_zone() }];
    (Updates::new(keys, zones), MemZones::with([zone()]))
}

fn signed(request: &Request, id: u16) -> (Vec<u8>, Verifier) {
    let mut buf = vec![0; 4096];
    let len = request.emit(id, &mut buf).unwrap();
    let (len, verifier) = key().sign_request(&mut buf, len, NOW.unix).unwrap();
    buf.truncate(len);
    (buf, verifier)
}

fn new_host(number: u8) -> Request {
    let mut request = request();
    request.add(absolute(&format!("new{number}")).as_ref(), Rtype::A, 60, &[192, 0, 2, number]);
    request
}

fn poll(updates: &mut Updates, store: &MemZones) -> Option<(Source, Vec<u8>)> {
    let mut buf = [0; 1232];
    let transmit = updates.poll_transmit(store, &mut buf)?;
    let bytes = buf[..transmit.len].to_vec();
    check_with_hickory(&bytes);
    Some((transmit.to, bytes))
}

fn rcode(message: &[u8]) -> Rcode {
    Header::parse(message).unwrap().flags.rcode()
}

#[test]
fn a_host_can_ask_who_may_change_a_zone() {
    let (updates, _) = machine();
    let knows = |apex: &str, key: Option<&str>| {
        let key = key.map(name);
        let who = Requestor { address: [192, 0, 2, 1].into(), key: key.as_ref().map(Name::as_ref) };
        updates.knows(name(apex).as_ref(), &who)
    };
    assert!(knows("example.com", Some("ddns")));
    assert!(!knows("example.com", Some("other")) && !knows("example.com", None));
    assert!(!knows("example.org", Some("ddns")), "it has no such zone");
}

#[test]
fn an_opt_is_answered_with_one() {
    // RFC 6891 sections 6.1.1 and 6.1.3.
    let (mut updates, mut store) = machine();
    store.durable = 1;
    let mut asked = |version: u8, has_opt: bool| {
        let mut message = vec![0; 600];
        let len = new_host(1).emit(7, &mut message).unwrap();
        message.truncate(len);
        if has_opt {
            message[11] += 1;
            message.extend_from_slice(&[0, 0, 41, 4, 208, 0, version, 0x80, 0, 0, 0]);
        }
        let len = message.len();
        message.resize(len + 200, 0);
        let (len, mut verifier) = key().sign_request(&mut message, len, NOW.unix).unwrap();
        updates.handle_request(NOW, &mut store, udp(1), &message[..len]);
        let answer = poll(&mut updates, &store).unwrap().1;
        verifier.check(&answer, NOW.unix).unwrap();
        let read = check_with_hickory(&answer);
        let opt = read.edns.as_ref().map(|opt| (opt.flags().dnssec_ok, opt.rcode_high(), opt.version()));
        (rcode(&answer), opt)
    };
    assert_eq!(asked(1, true), (Rcode::NOERROR, Some((true, 1, 0))));
    assert_eq!(asked(0, true), (Rcode::NOERROR, Some((true, 0, 0))));
    assert_eq!(asked(0, false), (Rcode::NOERROR, None));
    assert_eq!(store.zone("example.com").serial(), Serial(11), "one of them was made");
}

#[test]
fn an_answer_waits_until_the_change_is_durable() {
    let (mut updates, mut store) = machine();
    let (message, mut verifier) = signed(&new_host(1), 77);
    updates.handle_request(NOW, &mut store, udp(1), &message);
    assert_eq!(store.zone("example.com").serial(), Serial(11));
    assert_eq!(poll(&mut updates, &store), None);
    store.durable = 1;
    let (to, answer) = poll(&mut updates, &store).unwrap();
    assert_eq!(to, udp(1));
    verifier.check(&answer, NOW.unix).unwrap();
    let header = Header::parse(&answer).unwrap();
    assert_eq!(
        (header.id, header.flags.opcode(), header.flags.rcode()),
        (77, Opcode::UPDATE, Rcode::NOERROR)
    );
    assert!(header.flags.has(Flags::QR));
    let zone = Reader::new(&answer).unwrap().question().unwrap().unwrap();
    assert_eq!((zone.name(), zone.rtype, zone.class), (name("example.com"), Rtype::SOA, Class::IN));
    let event = Event::Updated {
        apex: name("example.com"),
        serial: Serial(11),
        from: udp(1),
        key: Some(name("ddns")),
        lsn: Lsn(1),
    };
    assert_eq!(updates.poll_event(), Some(event));
    assert_eq!(updates.poll_event(), None);
    assert!(updates.is_idle());
}

#[test]
fn what_depends_on_an_update_waits_for_it_too() {
    let (mut updates, mut store) = machine();
    updates.handle_request(NOW, &mut store, udp(1), &signed(&new_host(1), 1).0);
    // The same again changes nothing, but says that it is there; a condition fails by what is not yet durable.
    updates.handle_request(NOW, &mut store, udp(2), &signed(&new_host(1), 2).0);
    let mut unused = request();
    unused.require_no_name(absolute("new1").as_ref());
    updates.handle_request(NOW, &mut store, udp(3), &signed(&unused, 3).0);
    // This one depends on nothing.
    updates.handle_request(NOW, &mut store, udp(4), &signed(&Request::new(name("x.org").as_ref()), 4).0);
    let (to, answer) = poll(&mut updates, &store).unwrap();
    assert_eq!((to, rcode(&answer)), (udp(4), Rcode::NOTAUTH));
    assert_eq!(poll(&mut updates, &store), None);
    assert_eq!(store.deltas.len(), 1, "the second changed nothing");
    store.durable = 1;
    let answers: Vec<_> = std::iter::from_fn(|| poll(&mut updates, &store)).collect();
    let answers: Vec<_> = answers.iter().map(|(to, answer)| (*to, rcode(answer))).collect();
    assert_eq!(answers, [(udp(1), Rcode::NOERROR), (udp(2), Rcode::NOERROR), (udp(3), Rcode::YXDOMAIN)]);
}

#[test]
fn many_in_flight_are_answered_by_one_commit() {
    let (mut updates, mut store) = machine();
    for number in 0..64 {
        updates.handle_request(
            NOW,
            &mut store,
            udp(number.into()),
            &signed(&new_host(number), number.into()).0,
        );
    }
    assert_eq!(store.zone("example.com").serial(), Serial(74));
    store.durable = 40;
    assert_eq!(std::iter::from_fn(|| poll(&mut updates, &store)).count(), 40);
    store.durable = 64;
    assert_eq!(std::iter::from_fn(|| poll(&mut updates, &store)).count(), 24);
}

#[test]
fn bad_signatures_are_answered_at_once() {
    let (mut updates, mut store) = machine();
    let (mut message, _) = signed(&new_host(1), 1);
    let at = message.len() - 7;
    message[at] ^= 1;
    updates.handle_request(NOW, &mut store, udp(1), &message);
    assert_eq!(rcode(&poll(&mut updates, &store).unwrap().1), Rcode::NOTAUTH);
    assert_eq!(updates.poll_event(), Some(Event::BadSignature { from: udp(1), error: TsigError::BadSig }));
    let late = Now { unix: UnixTime(NOW.unix.0 + 1000), ..NOW };
    let (message, mut verifier) = signed(&new_host(1), 1);
    updates.handle_request(late, &mut store, udp(1), &message);
    let answer = poll(&mut updates, &store).unwrap().1;
    assert!(verifier.check(&answer, NOW.unix).is_err());
    assert_eq!(updates.poll_event(), Some(Event::BadSignature { from: udp(1), error: TsigError::BadTime }));
    assert!(store.deltas.is_empty());
}

#[test]
fn unsigned_requests_are_answered_unsigned() {
    let (mut updates, mut store) = machine();
    let mut buf = [0; 512];
    let len = new_host(1).emit(5, &mut buf).unwrap();
    updates.handle_request(NOW, &mut store, udp(1), &buf[..len]);
    let (_, answer) = poll(&mut updates, &store).unwrap();
    assert_eq!(rcode(&answer), Rcode::REFUSED);
    assert_eq!(Header::parse(&answer).unwrap().counts, [1, 0, 0, 0]);
    assert!(matches!(updates.poll_event(), Some(Event::Refused { .. })));
}

#[test]
fn a_store_that_fails_is_a_failure_and_the_zone_stays() {
    let (mut updates, mut store) = machine();
    store.fails = true;
    updates.handle_request(NOW, &mut store, udp(1), &signed(&new_host(1), 1).0);
    assert_eq!(rcode(&poll(&mut updates, &store).unwrap().1), Rcode::SERVFAIL);
    assert_eq!(store.zone("example.com").serial(), Serial(10));
}

#[test]
fn what_is_no_request_is_dropped() {
    let (mut updates, mut store) = machine();
    let (message, _) = signed(&new_host(1), 1);
    let mut answer = message.clone();
    answer[2] |= 0x80;
    let mut query = message.clone();
    query[2] = 0;
    for bytes in [&message[..11], &[], &answer, &query] {
        updates.handle_request(NOW, &mut store, udp(1), bytes);
        assert_eq!(poll(&mut updates, &store), None);
        let dropped = Event::Dropped { from: udp(1), why: Dropped::NotARequest };
        assert_eq!(updates.poll_event(), Some(dropped));
    }
}

#[test]
fn every_prefix_of_a_request_is_answered_or_dropped() {
    let (mut updates, mut store) = machine();
    let mut long = new_host(1);
    long.require_record(absolute("host").as_ref(), Rtype::A, &[192, 0, 2, 2])
        .delete_name(absolute("ns").as_ref());
    let (message, _) = signed(&long, 1);
    for len in 0..message.len() {
        updates.handle_request(NOW, &mut store, udp(1), &message[..len]);
        match poll(&mut updates, &store) {
            None => assert!(len < 12, "{len}"),
            Some((_, answer)) => assert_eq!(rcode(&answer), Rcode::FORMERR, "{len}"),
        }
    }
    assert!(store.deltas.is_empty());
}

#[test]
fn queues_are_bounded() {
    let (mut updates, mut store) = machine();
    let (message, _) = signed(&new_host(1), 1);
    for _ in 0..ANSWERS_MAX + 3 {
        updates.handle_request(NOW, &mut store, udp(1), &message);
    }
    let mut dropped = 0;
    while let Some(event) = updates.poll_event() {
        dropped += usize::from(event == Event::Dropped { from: udp(1), why: Dropped::TooBusy });
    }
    assert_eq!(dropped, 3);
    store.durable = 1;
    assert_eq!(std::iter::from_fn(|| poll(&mut updates, &store)).count(), ANSWERS_MAX);
}
