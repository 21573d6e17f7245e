//! What is sent, decoded by another implementation.

use super::support::*;
use ddi_dns::delta::{Delta, RecordRef};
use ddi_dns::message::{Flags, Rcode};
use ddi_dns::xfr::{Request, RequestError, SendError, Sent, Transport, XfrOut};
use ddi_dns::{Rtype, Serial, Snapshot};
use hickory_proto::op::{Message, MessageType, OpCode, ResponseCode};
use hickory_proto::rr::{RData, Record};
use hickory_proto::serialize::binary::{BinDecodable, BinDecoder};

/// Records as hickory sees them, names in their case.
fn expected(rows: &[Row]) -> Vec<String> {
    let text = |(owner, rtype, ttl, rdata): &Row| {
        let mut wire = Vec::new();
        RecordRef::new(owner.as_ref(), *rtype, *ttl, rdata).emit(&mut wire);
        Record::<RData>::read(&mut BinDecoder::new(&wire)).unwrap().to_string()
    };
    rows.iter().map(text).collect()
}

/// Decodes all messages, checks headers and questions, and gives all answers.
fn decoded(messages: &[Vec<u8>], query: &[u8]) -> Vec<String> {
    let asked = Message::from_vec(query).unwrap();
    let mut all = Vec::new();
    for (i, bytes) in messages.iter().enumerate() {
        let message = Message::from_vec(bytes).unwrap();
        assert_eq!(message.metadata.id, asked.metadata.id);
        assert_eq!(message.metadata.message_type, MessageType::Response);
        assert_eq!(message.metadata.op_code, OpCode::Query);
        assert_eq!(message.metadata.response_code, ResponseCode::NoError);
        assert!(message.metadata.authoritative && !message.metadata.truncation);
        // RFC 5936 section 2.2: the question is in the first message.
        assert_eq!(message.queries, if i == 0 { asked.queries.clone() } else { vec![] });
        assert_eq!(message.edns.is_some(), i == 0, "RFC 5936 section 2.2.5");
        assert!(!message.answers.is_empty() && message.authorities.is_empty());
        all.extend(message.answers.iter().map(ToString::to_string));
    }
    all
}

fn whole(zone: &Snapshot) -> Vec<Row> {
    let mut all = rows(zone);
    all.push(all[0].clone());
    all
}

fn rows_of(delta: &Delta) -> Vec<Row> {
    let parts = delta.removed.iter().chain(delta.added.iter());
    parts.map(|r| (r.owner.to_name(), r.rtype, r.ttl, r.rdata.to_vec())).collect()
}

#[test]
fn a_whole_zone_in_many_messages() {
    let mut server = Server::new(sample(7, 2000));
    let query = query(over_tcp(None));
    for size in [512, 1000, 16 * 1024, 65_535] {
        server.config.message_size = size;
        let messages = server.answer(&query, Transport::Tcp);
        assert!(messages.iter().all(|message| message.len() <= size));
        let bytes: usize = messages.iter().map(Vec::len).sum();
        assert!(messages.len() <= bytes / (size - 60) + 1, "{size}: {} messages", messages.len());
        assert_eq!(decoded(&messages, &query), expected(&whole(&server.zone)), "{size}");
    }
}

#[test]
fn compression_leaves_little() {
    let server = Server::new(sample(7, 2000));
    let bytes: usize = server.answer(&query(over_tcp(None)), Transport::Tcp).iter().map(Vec::len).sum();
    assert!(bytes as u64 * 10 < server.zone.wire_len() * 8, "{bytes} of {}", server.zone.wire_len());
}

#[test]
fn a_small_buffer_makes_small_messages_and_loses_nothing() {
    let server = Server::new(sample(7, 300));
    let query = query(over_tcp(None));
    let mut out = server.out(&query, Transport::Tcp);
    let mut random = Random(3);
    let mut messages = Vec::new();
    let mut buf = vec![0; 2000];
    while !out.is_done() {
        let room = random.below(900);
        match out.poll_transmit(NOW, &mut buf[..room]) {
            Ok(Some(len)) => messages.push(buf[2..len].to_vec()),
            Ok(None) => break,
            Err(SendError::Buffer { needed }) => assert!(needed > room),
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(decoded(&messages, &query), expected(&whole(&server.zone)));
    assert_eq!(out.records(), server.zone.records() + 1);
    assert_eq!(out.messages(), messages.len() as u64);
}

#[test]
fn deltas_step_by_step_and_condensed() {
    let mut server = Server::new(sample(7, 500));
    let old = server.zone.clone();
    let mut random = Random(11);
    (0..20).for_each(|_| server.edit(&mut random));
    let query = query(over_tcp(Some(&old)));
    let newest = rows(&server.zone)[0].clone();
    let steps = || server.history.since(Serial(7));
    let between = |deltas: Vec<Row>| [vec![newest.clone()], deltas, vec![newest.clone()]].concat();
    let out = server.out(&query, Transport::Tcp);
    assert_eq!(out.sent(), Sent::Deltas(20));
    let stepwise = between(steps().flat_map(|delta| rows_of(delta)).collect());
    for size in [512, 700, 16_384] {
        server.config.message_size = size;
        assert_eq!(decoded(&server.answer(&query, Transport::Tcp), &query), expected(&stepwise), "{size}");
    }
    let condensed = Delta::condense(server.history.since(Serial(7)).map(|delta| &**delta)).unwrap();
    server.config.condense = true;
    assert_eq!(server.out(&query, Transport::Tcp).sent(), Sent::Deltas(1));
    let messages = server.answer(&query, Transport::Tcp);
    assert_eq!(decoded(&messages, &query), expected(&between(rows_of(&condensed))));
    assert!(condensed.len() + 2 < stepwise.len());
}

#[test]
fn a_whole_zone_where_deltas_are_gone_or_too_large() {
    let mut server = Server::new(sample(7, 20));
    let old = server.zone.clone();
    let mut random = Random(12);
    (0..5).for_each(|_| server.edit(&mut random));
    let sent = |server: &Server, from: &Snapshot, transport| {
        server.out(&query(over_tcp(Some(from))), transport).sent()
    };
    assert_eq!(sent(&server, &sample(6, 1), Transport::Tcp), Sent::Zone, "before the history");
    assert_eq!(sent(&server, &sample(6, 1), Transport::Udp), Sent::Soa, "no whole zone over UDP");
    server.config.percent_of_zone = 10;
    assert_eq!(sent(&server, &old, Transport::Tcp), Sent::Zone);
    server.config.percent_of_zone = 1000;
    assert_eq!(sent(&server, &old, Transport::Tcp), Sent::Deltas(5));
    let query = query(over_tcp(Some(&sample(6, 1))));
    let messages = server.answer(&query, Transport::Tcp);
    assert_eq!(decoded(&messages, &query), expected(&whole(&server.zone)));
}

#[test]
fn one_soa_when_up_to_date_or_ahead() {
    let mut server = Server::new(sample(7, 20));
    server.edit(&mut Random(1));
    for (serial, what) in [(8, "same"), (9, "ahead"), (7 + (1 << 31), "ahead by the most")] {
        let query = query(over_tcp(Some(&sample(serial, 1))));
        for transport in [Transport::Udp, Transport::Tcp] {
            let messages = server.answer(&query, transport);
            assert_eq!(decoded(&messages, &query), expected(&rows(&server.zone)[..1]), "{what}");
        }
    }
    // RFC 1982 section 3.2: not comparable. It asks, and gets the zone.
    let query = query(over_tcp(Some(&sample(8 + (1 << 31), 1))));
    assert_eq!(server.out(&query, Transport::Tcp).sent(), Sent::Zone);
}

#[test]
fn udp_if_it_fits_else_the_soa() {
    let mut server = Server::new(sample(7, 500));
    let old = server.zone.clone();
    let mut random = Random(5);
    server.edit(&mut random);
    let query = query(over_tcp(Some(&old)));
    let messages = server.answer(&query, Transport::Udp);
    assert_eq!(messages.len(), 1);
    assert!(decoded(&messages, &query).len() > 4);
    (0..40).for_each(|_| server.edit(&mut random));
    let messages = server.answer(&query, Transport::Udp);
    assert_eq!(decoded(&messages, &query), expected(&rows(&server.zone)[..1]));
}

#[test]
fn axfr_over_udp_is_a_format_error() {
    let server = Server::new(sample(7, 1));
    let messages = server.answer(&query(over_tcp(None)), Transport::Udp);
    let message = Message::from_vec(&messages[0]).unwrap();
    assert_eq!(message.metadata.response_code, ResponseCode::FormErr);
    assert!(message.answers.is_empty() && !message.metadata.authoritative);
}

#[test]
fn refusals() {
    let request = Request::parse(&query(over_tcp(None))).unwrap();
    let mut out = XfrOut::refusal(&request, Rcode::REFUSED, Transport::Tcp, None);
    assert_eq!(out.sent(), Sent::Refusal(Rcode::REFUSED));
    let messages = messages(&mut out, Transport::Tcp);
    let message = Message::from_vec(&messages[0]).unwrap();
    assert_eq!(message.metadata.response_code, ResponseCode::Refused);
    assert_eq!((messages.len(), message.queries.len(), message.answers.len()), (1, 1, 0));
}

#[test]
fn an_oversize_record_goes_alone_and_a_larger_one_ends_the_transfer() {
    // nsd-tpkg axfr_oversize_rr: neither may loop.
    let big = |len: usize| {
        let owner = name("big.example.com");
        zone(&[soa(1), a("a.example.com", 1), (owner, Rtype(65280), 1, vec![7; len]), a("c.example.com", 3)])
    };
    let server = Server::new(big(40_000));
    let query = query(over_tcp(None));
    let messages = server.answer(&query, Transport::Tcp);
    assert_eq!(messages.len(), 3, "before, alone, after");
    assert_eq!(Message::from_vec(&messages[1]).unwrap().answers.len(), 1);
    assert_eq!(decoded(&messages, &query), expected(&whole(&server.zone)));
    let mut out = server.out(&query, Transport::Tcp);
    let mut buf = vec![0; 20_000];
    out.poll_transmit(NOW, &mut buf).unwrap().unwrap();
    assert_eq!(out.poll_transmit(NOW, &mut buf), Err(SendError::Buffer { needed: 65_537 }));

    let server = Server::new(big(65_500));
    let mut out = server.out(&query, Transport::Tcp);
    let mut buf = vec![0; 65_537];
    out.poll_transmit(NOW, &mut buf).unwrap().unwrap();
    for _ in 0..3 {
        let owner = name("big.example.com");
        assert_eq!(out.poll_transmit(NOW, &mut buf), Err(SendError::TooLarge { owner, rtype: Rtype(65280) }));
    }
}

#[test]
fn expire_is_told_to_who_asks() {
    let mut server = Server::new(sample(7, 1));
    let query = query(over_tcp(None));
    let expire = |server: &Server| {
        let message = &server.answer(&query, Transport::Tcp)[0];
        let at = message.windows(4).rposition(|window| window == [0, 9, 0, 4]).unwrap();
        u32::from_be_bytes(message[at + 4..at + 8].try_into().unwrap())
    };
    assert_eq!(expire(&server), 86_400, "the SOA's");
    server.config.expire = Some(77);
    assert_eq!(expire(&server), 77);
}

#[test]
fn requests() {
    let old = sample(7, 1);
    let whole = Request::parse(&query(over_tcp(Some(&old)))).unwrap();
    assert_eq!(whole.zone, name("example.com"));
    assert_eq!(whole.wanted, ddi_dns::xfr::Wanted::Ixfr(Serial(7)));
    assert!(whole.edns.unwrap().asks_expire);
    let hickory = Message::from_vec(&query(over_tcp(Some(&old)))).unwrap();
    assert_eq!(hickory.queries[0].query_type(), hickory_proto::rr::RecordType::IXFR);
    assert_eq!(hickory.authorities[0].to_string(), rows_text(&old));
    assert!(hickory.edns.is_some());
}

fn rows_text(zone: &Snapshot) -> String {
    format!("example.com. 0 IN SOA ns.example.com. root.example.com. {} 3600 600 86400 300", zone.serial())
}

#[test]
fn bad_requests() {
    let good = query(over_tcp(Some(&sample(7, 1))));
    let rejects = |bytes: &[u8]| {
        let error = Request::parse(bytes).unwrap_err();
        (error.rcode(), error)
    };
    let changed = |at: usize, value: u8| {
        let mut bytes = good.clone();
        bytes[at] = value;
        bytes
    };
    assert_eq!(rejects(&changed(2, 0x80)), (Rcode::FORMERR, RequestError::Response));
    assert_eq!(rejects(&changed(2, 0x28)), (Rcode::NOTIMP, RequestError::Opcode(5)));
    assert_eq!(rejects(&changed(5, 0)).1, RequestError::Question);
    assert_eq!(rejects(&changed(26, 1)).1, RequestError::Question);
    assert!(matches!(rejects(&changed(28, 3)), (Rcode::NOTAUTH, RequestError::Class(_))));
    // The SOA is there but the header doesn't count it.
    assert!(matches!(rejects(&changed(9, 0)).0, Rcode::FORMERR));
    assert!(matches!(rejects(&good[..good.len() - 1]).1, RequestError::Message(_)));
    assert!(matches!(rejects(&[&good[..], &[0]].concat()).1, RequestError::Message(_)));
    assert!(matches!(rejects(&good[..11]).1, RequestError::Message(_)));
    // nsd-tpkg ixfr_large_soa: 20,000 zero bytes as the SOA's data, of the root.
    let mut large = b"\x11\x44\0\0\0\x01\0\0\0\x01\0\0\x07example\x03com\0\0\xfb\0\x01".to_vec();
    large.extend_from_slice(b"\0\0\x06\0\x01\0\0\0\0\x4e\x20");
    large.resize(large.len() + 20_000, 0);
    assert_eq!(rejects(&large), (Rcode::FORMERR, RequestError::NoSoa));
    // RFC 6891 section 6.1.3. The OPT has four bytes of options.
    let version = good.len() - 4 - 5;
    assert_eq!(rejects(&changed(version, 1)), (Rcode::BADVERS, RequestError::Version(1)));
    let mut no_soa = good.clone();
    no_soa.truncate(29);
    no_soa[8..12].fill(0);
    assert_eq!(rejects(&no_soa), (Rcode::FORMERR, RequestError::NoSoa));
    assert!(Flags(0x8000).has(Flags::QR));
}
