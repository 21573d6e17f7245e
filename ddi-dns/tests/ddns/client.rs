//! The client: what it sends, when it sends it again, and what it makes of answers.

use super::server::{Server, client, key, now_at, server_address};
use super::support::{NOW, absolute, check_with_hickory, name, request};
use ddi_core::Now;
use ddi_dns::ddns::{
    Binding, Change, ClientConfig, ClientError, ClientEvent, DdnsClient, DdnsError, Outcome, RemoteZone,
};
use ddi_dns::dhcid::Dhcid;
use ddi_dns::message::{Flags, Header, Opcode, Rcode};
use ddi_dns::tsig::{Algorithm, Key, Keys, VerifyError};
use ddi_dns::update::Request;
use ddi_dns::{Name, Rtype};
use std::net::SocketAddr;

fn binding(host: &str, last: u8) -> Binding {
    let host = absolute(host);
    let dhcid = Dhcid::of_duid(&[1, 2, 3], host.as_ref());
    Binding { name: host, address: [192, 0, 2, last].into(), dhcid, ttl: 600 }
}

fn poll(client: &mut DdnsClient) -> Option<(SocketAddr, Vec<u8>)> {
    let mut buf = [0; 2048];
    let transmit = client.poll_transmit(&mut buf)?;
    check_with_hickory(&buf[..transmit.len]);
    Some((transmit.to, buf[..transmit.len].to_vec()))
}

fn done(client: &mut DdnsClient) -> Option<(u64, Result<Outcome, DdnsError>)> {
    match client.poll_event()? {
        ClientEvent::Done { job, result } => Some((job, result)),
        other => panic!("{other:?}"),
    }
}

/// An unsigned answer.
fn answer(request: &[u8], rcode: Rcode) -> Vec<u8> {
    let id = Header::parse(request).unwrap().id;
    let flags = Flags::default().with(Flags::QR).with_opcode(Opcode::UPDATE).with_rcode(rcode);
    Header { id, flags, counts: [0; 4] }.emit().to_vec()
}

fn server(number: u8) -> SocketAddr {
    SocketAddr::from(([198, 51, 100, number], 53))
}

fn unsigned() -> DdnsClient {
    let zone = |apex: &str, servers: &[u8]| RemoteZone {
        apex: name(apex),
        servers: servers.iter().map(|&number| server(number)).collect(),
        key: None,
    };
    let zones =
        vec![zone("example.com", &[1, 2]), zone("sub.example.com", &[3]), zone("0.192.in-addr.arpa", &[4])];
    DdnsClient::new(ClientConfig { tries: 2, rounds_max: 3, ..ClientConfig::new(zones, 5) })
}

#[test]
fn the_messages_of_rfc_4703() {
    let mut client = unsigned();
    let ours = binding("host", 7);
    let (host, dhcid) = (absolute("host"), *ours.dhcid.rdata());
    let host = host.as_ref();
    client.handle_change(NOW, 1, Change::AddForward(ours.clone())).unwrap();
    let (to, first) = poll(&mut client).unwrap();
    assert_eq!(to, server(1));
    let mut expected = request();
    expected.require_no_name(host);
    expected.add(host, Rtype::A, 600, &[192, 0, 2, 7]).add(host, Rtype::DHCID, 600, &dhcid);
    assert_eq!(Request::parse(&first).unwrap(), expected);
    client.handle_answer(NOW, to, &answer(&first, Rcode::YXDOMAIN));
    let (to, second) = poll(&mut client).unwrap();
    let mut expected = request();
    expected.require_name(host).require_record(host, Rtype::DHCID, &dhcid);
    expected.delete_rrset(host, Rtype::A).add(host, Rtype::A, 600, &[192, 0, 2, 7]);
    assert_eq!(Request::parse(&second).unwrap(), expected);
    client.handle_answer(NOW, to, &answer(&second, Rcode::NOERROR));
    assert_eq!(done(&mut client), Some((1, Ok(Outcome::Replaced))));

    client.handle_change(NOW, 2, Change::RemoveForward(ours.clone())).unwrap();
    let (to, first) = poll(&mut client).unwrap();
    let mut expected = request();
    expected.require_record(host, Rtype::DHCID, &dhcid).delete(host, Rtype::A, &[192, 0, 2, 7]);
    assert_eq!(Request::parse(&first).unwrap(), expected);
    client.handle_answer(NOW, to, &answer(&first, Rcode::NOERROR));
    let (to, second) = poll(&mut client).unwrap();
    let mut expected = request();
    expected.require_record(host, Rtype::DHCID, &dhcid);
    expected.require_no_rrset(host, Rtype::A).require_no_rrset(host, Rtype::AAAA).delete_name(host);
    assert_eq!(Request::parse(&second).unwrap(), expected);
    client.handle_answer(NOW, to, &answer(&second, Rcode::YXRRSET));
    assert_eq!(done(&mut client), Some((2, Ok(Outcome::Removed))));

    let reverse: Name = name("7.2.0.192.in-addr.arpa");
    let reverse = reverse.as_ref();
    client.handle_change(NOW, 3, Change::AddReverse(ours.clone())).unwrap();
    let (to, only) = poll(&mut client).unwrap();
    assert_eq!(to, server(4));
    let mut expected = Request::new(name("0.192.in-addr.arpa").as_ref());
    expected.delete_rrset(reverse, Rtype::PTR).delete_rrset(reverse, Rtype::DHCID);
    expected.add(reverse, Rtype::PTR, 600, host.wire()).add(reverse, Rtype::DHCID, 600, &dhcid);
    assert_eq!(Request::parse(&only).unwrap(), expected);
    client.handle_answer(NOW, to, &answer(&only, Rcode::NOERROR));
    assert_eq!(done(&mut client), Some((3, Ok(Outcome::Added))));

    client.handle_change(NOW, 4, Change::RemoveReverse(ours)).unwrap();
    let (to, only) = poll(&mut client).unwrap();
    let mut expected = Request::new(name("0.192.in-addr.arpa").as_ref());
    expected.require_record(reverse, Rtype::PTR, host.wire()).delete_name(reverse);
    assert_eq!(Request::parse(&only).unwrap(), expected);
    client.handle_answer(NOW, to, &answer(&only, Rcode::NXRRSET));
    assert_eq!(done(&mut client), Some((4, Ok(Outcome::NotOurs))));
}

#[test]
fn what_an_answer_means() {
    let cases = [
        (vec![Rcode::NOERROR], Ok(Outcome::Added)),
        (vec![Rcode::YXDOMAIN, Rcode::NXRRSET], Ok(Outcome::Conflict)),
        (vec![Rcode::YXDOMAIN, Rcode::NXDOMAIN, Rcode::NOERROR], Ok(Outcome::Added)),
        (vec![Rcode::YXDOMAIN, Rcode::NXDOMAIN, Rcode::YXDOMAIN], Err(DdnsError::Restless)),
        (vec![Rcode::REFUSED], Err(DdnsError::Rcode(Rcode::REFUSED))),
        (vec![Rcode::YXDOMAIN, Rcode::SERVFAIL], Err(DdnsError::Rcode(Rcode::SERVFAIL))),
        (vec![Rcode::NXRRSET], Err(DdnsError::Rcode(Rcode::NXRRSET))),
    ];
    for (rcodes, expected) in cases {
        let mut client = unsigned();
        client.handle_change(NOW, 1, Change::AddForward(binding("host", 7))).unwrap();
        for rcode in &rcodes {
            let (to, message) = poll(&mut client).unwrap();
            client.handle_answer(NOW, to, &answer(&message, *rcode));
        }
        assert_eq!(done(&mut client), Some((1, expected)), "{rcodes:?}");
        assert_eq!((poll(&mut client), client.poll_timeout(), client.unfinished()), (None, None, 0));
    }
}

#[test]
fn each_server_is_tried_and_then_the_change_is_given_up() {
    let mut client = unsigned();
    client.handle_change(now_at(0), 1, Change::AddForward(binding("host", 7))).unwrap();
    let mut tried = Vec::new();
    let mut ids = Vec::new();
    let mut now = now_at(0);
    while let Some((to, message)) = poll(&mut client) {
        tried.push(to);
        ids.push(Header::parse(&message).unwrap().id);
        let due = client.poll_timeout().unwrap();
        assert_eq!(due.millis_since(now.instant), 2000);
        client.handle_timeout(now_at(due.0 - 1));
        assert_eq!(poll(&mut client), None, "too early");
        now = now_at(due.0);
        client.handle_timeout(now);
    }
    assert_eq!(tried, [server(1), server(2), server(1), server(2)]);
    assert_eq!(done(&mut client), Some((1, Err(DdnsError::NoAnswer))));
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 4, "a new id each time");
}

#[test]
fn changes_to_one_name_keep_their_order_and_others_do_not_wait() {
    let mut client = unsigned();
    let add = |last| Change::AddForward(binding("host", last));
    client.handle_change(NOW, 1, add(1)).unwrap();
    client.handle_change(NOW, 2, Change::RemoveForward(binding("HOST", 1))).unwrap();
    client.handle_change(NOW, 3, add(3)).unwrap();
    client.handle_change(NOW, 4, Change::AddForward(binding("other", 4))).unwrap();
    client.handle_change(NOW, 5, Change::AddForward(binding("a.sub", 5))).unwrap();
    let first = poll(&mut client).unwrap();
    let (other, sub) = (poll(&mut client).unwrap(), poll(&mut client).unwrap());
    assert_eq!((other.0, sub.0), (server(1), server(3)));
    assert_eq!(poll(&mut client), None);
    client.handle_answer(NOW, other.0, &answer(&other.1, Rcode::NOERROR));
    assert_eq!(done(&mut client), Some((4, Ok(Outcome::Added))));
    client.handle_answer(NOW, first.0, &answer(&first.1, Rcode::NOERROR));
    assert_eq!(done(&mut client), Some((1, Ok(Outcome::Added))));
    let second = poll(&mut client).unwrap();
    client.handle_answer(NOW, second.0, &answer(&second.1, Rcode::NXRRSET));
    assert_eq!(done(&mut client), Some((2, Ok(Outcome::NotOurs))));
    let third = poll(&mut client).unwrap();
    client.handle_answer(NOW, third.0, &answer(&third.1, Rcode::NOERROR));
    assert_eq!(done(&mut client), Some((3, Ok(Outcome::Added))));
    assert_eq!(client.unfinished(), 1);
}

#[test]
fn names_outside_and_too_many_changes_are_not_taken() {
    let mut client = unsigned();
    let outside = Binding { name: name("host.example.org"), ..binding("host", 1) };
    assert_eq!(client.handle_change(NOW, 1, Change::AddForward(outside.clone())), Err(ClientError::NoZone));
    let v6 = Binding { address: [0x2001, 0xdb8, 0, 0, 0, 0, 0, 1].into(), ..outside };
    assert_eq!(client.handle_change(NOW, 1, Change::AddReverse(v6)), Err(ClientError::NoZone));
    for job in 0..ddi_dns::ddns::JOBS_MAX as u64 {
        client.handle_change(NOW, job, Change::AddForward(binding(&format!("h{job}"), 1))).unwrap();
    }
    let one_more = client.handle_change(NOW, 0, Change::AddForward(binding("more", 1)));
    assert_eq!(one_more, Err(ClientError::TooBusy));
    let mut sent = 0;
    while let Some((to, message)) = poll(&mut client) {
        client.handle_answer(NOW, to, &answer(&message, Rcode::NOERROR));
        sent += 1;
    }
    assert_eq!((sent, client.unfinished()), (ddi_dns::ddns::JOBS_MAX, 0));
}

#[test]
fn only_the_true_answer_is_believed() {
    let (mut client, mut server) = (client(3), Server::new());
    client.handle_change(now_at(0), 1, Change::AddForward(binding("host", 7))).unwrap();
    let (to, message) = poll(&mut client).unwrap();
    let good = server.answer(now_at(0), &message);
    let mut changed = good.clone();
    changed[3] ^= 1;
    let mut not_an_answer = good.clone();
    not_an_answer[2] &= 0x7f;
    for (from, bytes) in [
        (self::server(9), &good),
        (to, &changed),
        (to, &not_an_answer),
        (to, &answer(&message, Rcode::NOERROR)),
        (to, &good[..20].to_vec()),
    ] {
        client.handle_answer(now_at(0), from, bytes);
        assert_eq!(done(&mut client), None);
    }
    client.handle_answer(now_at(0), to, &good);
    assert_eq!(done(&mut client), Some((1, Ok(Outcome::Added))));
    assert_eq!(to, server_address());
}

#[test]
fn a_wrong_clock_or_key_is_told() {
    let (mut client, mut server) = (client(3), Server::new());
    client.handle_change(now_at(0), 1, Change::AddForward(binding("host", 7))).unwrap();
    let (to, message) = poll(&mut client).unwrap();
    let late = Now { unix: NOW.unix.plus_secs(1000), ..now_at(0) };
    let refusal = server.answer(late, &message);
    client.handle_answer(now_at(0), to, &refusal);
    let refused = VerifyError::Refused { code: Rcode::BADTIME, server_time: Some(late.unix) };
    assert_eq!(done(&mut client), Some((1, Err(DdnsError::Untrusted(refused)))));

    let wrong = Key::new(key().name(), Algorithm::HmacSha256, b"another").unwrap();
    let zone = RemoteZone { apex: name("example.com"), servers: vec![server_address()], key: Some(wrong) };
    let mut client = DdnsClient::new(ClientConfig { tries: 1, ..ClientConfig::new(vec![zone], 1) });
    client.handle_change(now_at(0), 1, Change::AddForward(binding("host", 7))).unwrap();
    let (to, message) = poll(&mut client).unwrap();
    let refusal = server.answer(now_at(0), &message);
    client.handle_answer(now_at(0), to, &refusal);
    assert_eq!(done(&mut client), None, "anyone may have sent it");
    client.handle_timeout(now_at(2000));
    let doubt = VerifyError::RefusedUnsigned { code: Rcode::BADSIG };
    assert_eq!(done(&mut client), Some((1, Err(DdnsError::Untrusted(doubt)))));
    assert!(Keys::new().check(&message, NOW.unix).is_err());
}

#[test]
fn the_longest_names_fit() {
    let label = "a".repeat(63);
    let long = name(&format!("{label}.{label}.{label}.{}.example.com", "b".repeat(49)));
    assert_eq!(long.as_ref().wire().len(), 255);
    let (mut client, mut server) = (client(3), Server::new());
    let long = Binding { name: long, ..binding("host", 7) };
    for (change, expected) in [
        (Change::AddForward(long.clone()), Outcome::Added),
        (Change::AddForward(Binding { ttl: 601, ..long.clone() }), Outcome::Replaced),
        (Change::AddReverse(long.clone()), Outcome::Added),
        (Change::RemoveReverse(long.clone()), Outcome::Removed),
        (Change::RemoveForward(long.clone()), Outcome::Removed),
    ] {
        assert_eq!(super::server::drive(&mut client, &mut server, change), Ok(expected));
    }
}
