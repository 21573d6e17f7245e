//! What is no query, or a bad one.

use crate::sample;
use crate::support::{Ask, Told, context};
use ddi_dns::answer::{AnswerConfig, CookieSecrets, Transport};

fn send(bytes: &[u8]) -> Option<Told> {
    let mut config = AnswerConfig::default();
    config.cookies = Some(CookieSecrets::new([1; 16]));
    let mut out = [0; 1232];
    let answered = sample().answer(bytes, &context(&config, Transport::Udp), &mut out)?;
    crate::support::check_with_hickory(&out[..answered.len]);
    Some(Told::of(&out[..answered.len]))
}

fn rcode(bytes: &[u8]) -> Option<u16> {
    send(bytes).map(|told| {
        assert_eq!(told.sections.concat().len(), 0);
        told.rcode
    })
}

#[test]
fn responses_and_fragments_are_not_answered() {
    let query = Ask::new("mail.example.", "A").bytes();
    for len in 0..12 {
        assert_eq!(send(&query[..len]), None);
    }
    let mut response = query.clone();
    response[2] |= 0x80;
    assert_eq!(send(&response), None);
    for len in 12..query.len() {
        assert_eq!(rcode(&query[..len]), Some(1), "{len}");
    }
}

#[test]
fn format_errors() {
    let query = Ask::new("mail.example.", "A").bytes();
    let opt = [0, 0, 41, 16, 0, 0, 0, 0, 0, 0, 0];
    let with = |counts: [u8; 4], rest: &[u8]| {
        let mut bytes = query.clone();
        for (i, count) in counts.into_iter().enumerate() {
            bytes[5 + 2 * i] = count;
        }
        bytes.extend_from_slice(rest);
        bytes
    };
    assert!(send(&with([1, 0, 0, 1], &opt)).is_some_and(|told| told.rcode == 0 && told.opt.is_some()));
    for (counts, rest) in [
        ([0, 0, 0, 0], &[][..]),
        ([2, 0, 0, 0], &[]),
        ([1, 1, 0, 0], &[]),
        ([1, 0, 1, 0], &[]),
        ([1, 0, 0, 1], &[]),
        ([1, 0, 0, 0], &[0]),
        ([1, 0, 0, 2], &[opt, opt].concat()),
        // An OPT that is not at the root, and one whose options end early.
        ([1, 0, 0, 1], &[&[1, b'a'][..], &opt].concat()),
        ([1, 0, 0, 1], &[0, 0, 41, 16, 0, 0, 0, 0, 0, 0, 3, 0, 3, 0]),
        ([1, 0, 0, 1], &[0, 0, 41, 16, 0, 0, 0, 0, 0, 0, 4, 0, 3, 0, 1]),
        // TSIG that is not last.
        ([1, 0, 0, 2], &[&[0, 0, 250, 0, 255, 0, 0, 0, 0, 0, 0][..], &opt].concat()),
    ] {
        assert_eq!(rcode(&with(counts, rest)), Some(1), "{counts:?} {rest:?}");
    }
    // TSIG as the last is the caller's; unknown records are nobody's.
    let tsig = [0, 0, 250, 0, 255, 0, 0, 0, 0, 0, 0];
    assert_eq!(send(&with([1, 0, 0, 2], &[opt, tsig].concat())).unwrap().rcode, 0);
    assert_eq!(send(&with([1, 0, 0, 1], &[0xc0, 12, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 1, 9])).unwrap().rcode, 0);
    // A compressed name in the question, and label types that there are not.
    for first in [0xc0, 0x40, 0x80] {
        let mut bytes = query.clone();
        bytes[12] = first;
        assert_eq!(rcode(&bytes), Some(1), "{first:#x}");
    }
}

#[test]
fn what_is_not_done() {
    let mut notify = Ask::new("example.", "SOA").bytes();
    for opcode in 1..16 {
        notify[2] = opcode << 3;
        assert_eq!(rcode(&notify), Some(4), "{opcode}");
    }
    for (rtype, expected) in [
        ("AXFR", 4),
        ("IXFR", 4),
        ("MAILA", 4),
        ("OPT", 1),
        ("TSIG", 1),
        ("TKEY", 1),
        ("TYPE0", 1),
        ("TYPE128", 1),
    ] {
        assert_eq!(rcode(&Ask::new("example.", rtype).bytes()), Some(expected), "{rtype}");
    }
    let mut chaos = Ask::new("example.", "TXT").bytes();
    *chaos.last_mut().unwrap() = 3;
    assert_eq!(rcode(&chaos), Some(5));
    assert_eq!(rcode(&Ask::new("elsewhere.", "A").bytes()), Some(5));
    assert_eq!(rcode(&Ask::new("xexample.", "A").bytes()), Some(5));
}

/// RFC 7873 section 5.4.
#[test]
fn a_query_for_a_cookie_alone() {
    let cookie = |value: &[u8]| {
        let len = value.len() as u8;
        let header = [0x30, 0x77, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
        [&header[..], &[0, 0, 41, 16, 0, 0, 0, 0, 0, 0, len + 4, 0, 10, 0, len], value].concat()
    };
    let told = send(&cookie(&[7; 8])).unwrap();
    let given = told.option(10).unwrap();
    assert_eq!((told.rcode, given.len()), (0, 24));
    assert_eq!(send(&cookie(given)).unwrap().rcode, 0);
    assert_eq!(send(&cookie(&[7; 24])).unwrap().rcode, 23);
}
