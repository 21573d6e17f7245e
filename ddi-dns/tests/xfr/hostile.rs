//! What a broken or hostile primary may send. Each is refused for its own reason, and the version at hand
//! stays.

use super::support::*;
use ddi_dns::message::{Flags, HEADER_LEN};
use ddi_dns::xfr::{Outcome, Via, XfrError, XfrInConfig};
use ddi_dns::zone::ApplyError;
use ddi_dns::{Class, MessageError, Rtype, Serial, Snapshot};

/// The answers to one query over TCP, in messages, after which the connection is closed.
fn answers(config: XfrInConfig, messages: &[&[Row]]) -> Result<Outcome, XfrError> {
    raw(config, |query| messages.iter().map(|rows| message(query, Flags::AA, rows)).collect())
}

fn raw(mut config: XfrInConfig, messages: impl Fn(&[u8]) -> Vec<Vec<u8>>) -> Result<Outcome, XfrError> {
    config.fall_back = false;
    let (_, result) = run(config, |query, via| {
        assert_eq!(via, Via::Tcp);
        Reply::Stream { messages: messages(query), closes: true }
    });
    result
}

fn axfr(messages: &[&[Row]]) -> XfrError {
    answers(over_tcp(None), messages).unwrap_err()
}

fn ixfr(from: u32, messages: &[&[Row]]) -> XfrError {
    answers(over_tcp(Some(&sample(from, 3))), messages).unwrap_err()
}

fn host(last: u8) -> Row {
    a("new.example.com", last)
}

/// Changes bytes of a message that ends in an A record.
fn with_class(query: &[u8], rows: &[Row], class: u16) -> Vec<u8> {
    let mut bytes = message(query, Flags::AA, rows);
    let at = bytes.len() - 12;
    bytes[at..at + 2].copy_from_slice(&class.to_be_bytes());
    bytes
}

#[test]
fn an_early_close_is_a_failure() {
    // CVE-2022-27227.
    assert_eq!(axfr(&[]), XfrError::Closed);
    assert_eq!(axfr(&[&[soa(2)]]), XfrError::Closed);
    assert_eq!(axfr(&[&[soa(2), host(1)], &[host(2)]]), XfrError::Closed);
    assert_eq!(ixfr(1, &[&[soa(2), soa(1), soa(2), host(1)]]), XfrError::Closed);
    // Between two deltas is not the end either.
    assert_eq!(ixfr(1, &[&[soa(3), soa(1), soa(2), host(1), soa(2)]]), XfrError::Closed);
    // In the midst of a message.
    let server = Server::new(sample(2, 500));
    let mut config = over_tcp(None);
    config.fall_back = false;
    let result = raw(config, |query| {
        let mut messages = server.answer(query, ddi_dns::xfr::Transport::Tcp);
        let last = messages.last_mut().unwrap();
        last.truncate(last.len() - 1);
        messages
    });
    assert!(matches!(result, Err(XfrError::Message(MessageError::Truncated { .. }))));
}

#[test]
fn an_soa_in_the_midst_of_a_zone() {
    // nsd-tpkg axfr_mid_soa.
    assert_eq!(
        axfr(&[&[soa(2), host(1), soa(99), host(2), soa(2)]]),
        XfrError::SoaInside { serial: Serial(99) }
    );
}

#[test]
fn a_last_soa_that_is_not_the_first() {
    let mut other = soa(2);
    *other.3.last_mut().unwrap() ^= 1;
    let wrong = XfrError::SoaInside { serial: Serial(2) };
    assert_eq!(axfr(&[&[soa(2), host(1), other.clone()]]), wrong);
    let wrong = XfrError::BrokenChain { at: Serial(2), found: Serial(2) };
    assert_eq!(ixfr(1, &[&[soa(2), soa(1), soa(2), host(1), other]]), wrong);
}

#[test]
fn the_case_of_an_soa_may_change_on_the_way() {
    let mut shouted = soa(2);
    shouted.3[..20].make_ascii_uppercase();
    assert!(answers(over_tcp(None), &[&[soa(2), host(1), shouted]]).is_ok());
}

#[test]
fn an_soa_of_another_name() {
    let below = (name("sub.example.com"), Rtype::SOA, 300, soa_data(2));
    let owner = || name("sub.example.com");
    assert_eq!(axfr(&[std::slice::from_ref(&below)]), XfrError::SoaOwner { owner: owner() });
    assert_eq!(axfr(&[&[soa(2), host(1), below.clone()]]), XfrError::SoaOwner { owner: owner() });
    assert_eq!(ixfr(1, &[&[soa(2), soa(1), below]]), XfrError::SoaOwner { owner: owner() });
}

#[test]
fn no_soa_first() {
    assert_eq!(axfr(&[&[host(1), soa(2)]]), XfrError::NoSoa);
    assert_eq!(ixfr(1, &[&[host(1)]]), XfrError::NoSoa);
}

#[test]
fn serials_that_go_backwards_or_come_twice() {
    // nsd-tpkg ixfr_duplicate_serial, ixfr_stale_oldest.
    let order = |from: u32, to: u32| XfrError::SerialOrder { from: Serial(from), to: Serial(to) };
    assert_eq!(ixfr(1, &[&[soa(9), soa(1), soa(1), soa(1), soa(5), soa(5), soa(9), soa(9)]]), order(1, 1));
    assert_eq!(ixfr(5, &[&[soa(9), soa(5), soa(4)]]), order(5, 4));
    assert_eq!(ixfr(5, &[&[soa(9), soa(5), soa(7), soa(7), soa(6)]]), order(7, 6));
    assert_eq!(ixfr(0, &[&[soa(9), soa(0), soa(1 << 31)]]), order(0, 1 << 31));
}

#[test]
fn deltas_that_do_not_follow_each_other() {
    let broken = |at: u32, found: u32| XfrError::BrokenChain { at: Serial(at), found: Serial(found) };
    assert_eq!(ixfr(1, &[&[soa(9), soa(1), soa(5), soa(6)]]), broken(5, 6));
    assert_eq!(ixfr(1, &[&[soa(9), soa(1), soa(9), soa(1)]]), broken(9, 1));
    // Beyond the newest.
    assert_eq!(ixfr(1, &[&[soa(9), soa(1), soa(12), soa(9)]]), broken(12, 9));
}

#[test]
fn deltas_to_another_version() {
    // nsd-tpkg ixfr_rollback.
    let wrong = XfrError::WrongBase { base: Serial(1), found: Serial(1023) };
    assert_eq!(ixfr(1, &[&[soa(2)], &[soa(1023), soa(1023)]]), wrong);
}

#[test]
fn an_old_soa_with_other_data() {
    let mut other = soa(1);
    *other.3.last_mut().unwrap() ^= 1;
    let error = ixfr(1, &[&[soa(2), other, soa(2), soa(2)]]);
    assert!(
        matches!(error, XfrError::Apply { source: ApplyError::Soa | ApplyError::Missing { .. }, .. }),
        "{error}"
    );
}

#[test]
fn records_behind_the_end() {
    assert_eq!(axfr(&[&[soa(2), host(1), soa(2), host(2)]]), XfrError::AfterTheEnd);
    assert_eq!(axfr(&[&[soa(2), host(1), soa(2), soa(2)]]), XfrError::AfterTheEnd);
    assert_eq!(ixfr(1, &[&[soa(2), soa(1), soa(2), soa(2), host(2)]]), XfrError::AfterTheEnd);
}

#[test]
fn empty_messages() {
    assert_eq!(axfr(&[&[]]), XfrError::Empty);
    assert_eq!(axfr(&[&[soa(2), host(1)], &[], &[soa(2)]]), XfrError::Empty);
    assert!(matches!(raw(over_tcp(None), |_| vec![vec![]]), Err(XfrError::Message(_))));
}

#[test]
fn another_class() {
    // nsd-tpkg xfr_class.
    for class in [Class(3), Class::ANY, Class::NONE] {
        let rows = [soa(2), host(1)];
        let error = raw(over_tcp(None), |query| vec![with_class(query, &rows, class.0)]).unwrap_err();
        assert_eq!(error, XfrError::Class { owner: name("new.example.com"), rtype: Rtype::A, class });
    }
}

#[test]
fn types_that_no_zone_has() {
    for rtype in [Rtype::ANY, Rtype::AXFR, Rtype::MAILA, Rtype::TSIG, Rtype::OPT, Rtype(0)] {
        let meta = (name("new.example.com"), rtype, 0, vec![]);
        let owner = name("new.example.com");
        assert_eq!(axfr(&[&[soa(2), meta]]), XfrError::MetaType { owner, rtype });
    }
}

#[test]
fn records_that_are_not_in_the_zone_are_left_out() {
    // nsd-tpkg outofzone_axfr: above the apex, beside it, and the apex's sister in spelling.
    let strangers =
        [a("com", 1), a("example.net", 2), a("xexample.com", 3), named("com", Rtype::NS, "bad.test")];
    let rows = [&[soa(2)], &strangers[..], &[host(1), soa(2)]].concat();
    let Ok(Outcome::Zone { snapshot, out_of_zone, .. }) = answers(over_tcp(None), &[&rows]) else { panic!() };
    assert_eq!((snapshot.records(), out_of_zone), (2, 4));
    let rows = [&[soa(2), soa(1)], &strangers[..], &[soa(2)], &strangers[..], &[host(1), soa(2)]].concat();
    let old = sample(1, 3);
    let result = answers(over_tcp(Some(&old)), &[&rows]);
    let Ok(Outcome::Zone { snapshot, out_of_zone, deltas, .. }) = result else { panic!() };
    assert_eq!((snapshot.records(), out_of_zone), (old.records() + 1, 8));
    assert_eq!(deltas[0].len(), 3);
}

#[test]
fn names_below_a_cut_are_part_of_the_zone() {
    // RFC 5936 sections 3.3 and 3.5: glue and what is occluded.
    let rows =
        [soa(2), named("sub.example.com", Rtype::NS, "ns.sub.example.com"), a("ns.sub.example.com", 1)];
    let rows = [&rows[..], &[a("deep.sub.example.com", 2), soa(2)]].concat();
    assert_eq!(taken(answers(over_tcp(None), &[&rows])).0.records(), 4);
}

#[test]
fn a_record_twice_is_one() {
    // RFC 5936 section 2.2.
    let rows = [soa(2), host(1), host(1), host(1), soa(2)];
    assert_eq!(taken(answers(over_tcp(None), &[&rows])).0.records(), 2);
}

#[test]
fn a_ttl_above_the_most_is_none() {
    // RFC 2181 section 8.
    let mut old_age = host(1);
    old_age.2 = u32::MAX;
    let zone = taken(answers(over_tcp(None), &[&[soa(2), old_age, soa(2)]])).0;
    assert_eq!(zone.get(name("new.example.com").as_ref(), Rtype::A).unwrap().ttl(), 0);
}

#[test]
fn messages_that_are_no_response() {
    let rows = [soa(2), host(1), soa(2)];
    let changed = |change: &dyn Fn(&mut Vec<u8>)| {
        let result = raw(over_tcp(None), |query| {
            let mut bytes = message(query, Flags::AA, &rows);
            change(&mut bytes);
            vec![bytes]
        });
        result.unwrap_err()
    };
    assert_eq!(changed(&|bytes| bytes[1] ^= 1), XfrError::NotTheResponse("its id"));
    assert_eq!(changed(&|bytes| bytes[2] ^= 0x80), XfrError::NotTheResponse("its flags"));
    assert_eq!(changed(&|bytes| bytes[2] |= 0x28), XfrError::NotTheResponse("its flags"));
    assert_eq!(changed(&|bytes| bytes[13] ^= 1), XfrError::NotTheResponse("its question"));
    assert_eq!(changed(&|bytes| bytes[26] ^= 1), XfrError::NotTheResponse("its question"));
    assert_eq!(changed(&|bytes| bytes[28] = 3), XfrError::NotTheResponse("its question"));
    // RFC 5936 section 2: TC is never set.
    assert_eq!(changed(&|bytes| bytes[2] |= 2), XfrError::Truncated);
    assert_eq!(
        changed(&|bytes| bytes[7] = 200),
        XfrError::Message(MessageError::Name { at: 129, source: ddi_dns::NameError::Truncated })
    );
    assert!(matches!(changed(&|bytes| bytes.push(0)), XfrError::Message(MessageError::Trailing { .. })));
    // An id that changes on the way.
    let result = raw(over_tcp(None), |query| {
        let mut second = message(query, Flags::AA, &rows[1..]);
        second[0] ^= 1;
        vec![message(query, Flags::AA, &rows[..1]), second]
    });
    assert_eq!(result.unwrap_err(), XfrError::NotTheResponse("its id"));
}

#[test]
fn the_question_may_be_left_out() {
    let rows = [soa(2), host(1), soa(2)];
    let without = |bytes: Vec<u8>| {
        let mut bytes = bytes;
        bytes[5] = 0;
        // The SOA's owner pointed at it.
        let rest = bytes.split_off(HEADER_LEN + 17);
        bytes.truncate(HEADER_LEN);
        assert_eq!(rest[..2], [0xc0, 12]);
        bytes.extend_from_slice(b"\x07example\x03com\0");
        bytes.extend_from_slice(&rest[2..]);
        bytes
    };
    let result = raw(over_tcp(None), |query| {
        // One each, so that no other pointer is moved.
        rows.iter().map(|row| without(plain(query, row))).collect()
    });
    assert_eq!(taken(result).0.records(), 2);
}

/// A message whose record points at nothing but the question.
fn plain(query: &[u8], row: &Row) -> Vec<u8> {
    let mut bytes = message(query, Flags::AA, &[(name("example.com"), Rtype(65280), 300, vec![])]);
    let at = bytes.len() - 10;
    bytes.truncate(at);
    bytes.extend_from_slice(&row.1.0.to_be_bytes());
    bytes.extend_from_slice(&[0, 1, 0, 0, 1, 44]);
    bytes.extend_from_slice(&(row.3.len() as u16).to_be_bytes());
    bytes.extend_from_slice(&row.3);
    bytes
}

#[test]
fn data_that_is_not_of_its_type() {
    for rdata in [vec![1, 2, 3], vec![1, 2, 3, 4, 5], vec![]] {
        let row = (name("new.example.com"), Rtype::A, 300, rdata);
        assert!(matches!(axfr(&[&[soa(2), row]]), XfrError::Message(MessageError::Rdata { .. })));
    }
    // An SOA without its last byte, and with one more.
    let data = soa_data(2);
    for rdata in [data[..data.len() - 1].to_vec(), [&data[..], &[0]].concat()] {
        let row = (name("example.com"), Rtype::SOA, 300, rdata);
        assert!(matches!(axfr(&[&[row]]), XfrError::Message(MessageError::Rdata { .. })));
    }
}

#[test]
fn endless_transfers() {
    // CVE-2016-6170, 6171, 6173.
    let endless: Vec<Row> = (0..=255).map(|i| a(&format!("h{i}.example.com"), i)).collect();
    let rows = [&[soa(2)], &endless[..]].concat();
    let limited = |records: usize, bytes: usize, current: Option<&Snapshot>| {
        let mut config = over_tcp(current);
        (config.limits.records, config.limits.bytes) = (records, bytes);
        let head = if current.is_some() { vec![soa(1), soa(2)] } else { vec![] };
        let first = [&rows[..1], &head[..], &rows[1..]].concat();
        answers(config, &[&[&first[..]], &[&endless[..]; 50][..]].concat()).unwrap_err()
    };
    let old = sample(1, 3);
    for current in [None, Some(&old)] {
        assert_eq!(limited(1000, usize::MAX, current), XfrError::TooManyRecords { limit: 1000 });
        assert_eq!(limited(usize::MAX, 9999, current), XfrError::TooManyBytes { limit: 9999 });
    }
    // What is left out counts too.
    let strangers = vec![a("example.net", 1); 300];
    let mut config = over_tcp(None);
    config.limits.records = 1000;
    let messages = [&[&rows[..1]], &[&strangers[..]; 5][..]].concat();
    assert_eq!(answers(config, &messages).unwrap_err(), XfrError::TooManyRecords { limit: 1000 });
}

#[test]
fn a_failure_late_in_a_chain_leaves_nothing_behind() {
    let old = sample(1, 3);
    let rows = [soa(3), soa(1), soa(2), host(1), soa(2), a("ghost.example.com", 1), soa(3), host(2), soa(3)];
    let error = answers(over_tcp(Some(&old)), &[&rows]).unwrap_err();
    assert!(matches!(error, XfrError::Apply { from: Serial(2), to: Serial(3), .. }));
    assert_eq!(spelled(&old), spelled(&sample(1, 3)));
}
