//! NOTIFY: the message, and telling many until they confirm.

#[path = "xfr/support.rs"]
#[allow(dead_code, reason = "shared with the tests of transfers")]
mod support;

use ddi_dns::message::{Rcode, refuse};
use ddi_dns::notify::{Notifier, NotifierConfig, Notify, NotifyError, NotifyEvent, NotifyTarget};
use ddi_dns::tsig::{Algorithm, Key, Keys};
use ddi_dns::{MessageError, Serial};
use hickory_proto::op::OpCode;
use std::net::SocketAddr;
use support::{NOW, at, check_with_hickory, name, sample};

fn target(host: u8) -> NotifyTarget {
    NotifyTarget { addr: SocketAddr::from(([10, 0, 0, host], 53)), key: None }
}

fn notifier() -> Notifier {
    Notifier::new(NotifierConfig::new(3))
}

/// All that goes out now.
fn sent(notifier: &mut Notifier, millis: u64) -> Vec<(SocketAddr, Vec<u8>)> {
    let mut buf = [0; 2048];
    let next = || notifier.poll_transmit(at(millis), &mut buf).map(|t| (t.to, buf[..t.len].to_vec()));
    let sent: Vec<_> = std::iter::from_fn(next).collect();
    sent.iter().for_each(|(_, message)| drop(check_with_hickory(message)));
    sent
}

fn reply(request: &[u8], rcode: Rcode) -> Vec<u8> {
    let mut buf = [0; 600];
    let len = Notify::parse(request).unwrap().reply(rcode, &mut buf).unwrap();
    check_with_hickory(&buf[..len]);
    buf[..len].to_vec()
}

#[test]
fn the_message_as_others_see_it() {
    let mut notifier = notifier();
    notifier.handle_changed(NOW, &sample(42, 3), &[target(1)]);
    let all = sent(&mut notifier, 0);
    let request = check_with_hickory(&all[0].1);
    assert_eq!(request.metadata.op_code, OpCode::Notify);
    assert!(request.metadata.authoritative, "RFC 1996 section 4.5");
    assert_eq!(request.queries[0].to_string(), "example.com. IN SOA");
    assert_eq!(
        request.answers[0].to_string(),
        "example.com. 300 IN SOA ns.example.com. root.example.com. 42 3600 600 86400 300"
    );
    let parsed = Notify::parse(&all[0].1).unwrap();
    assert_eq!((parsed.zone, parsed.serial), (name("example.com"), Some(Serial(42))));
    let answer = check_with_hickory(&reply(&all[0].1, Rcode::NOERROR));
    assert_eq!(answer.metadata.id, request.metadata.id);
    assert_eq!((answer.metadata.op_code, answer.answers.len()), (OpCode::Notify, 0));
}

#[test]
fn an_opt_is_answered_with_one() {
    let mut notifier = notifier();
    notifier.handle_changed(NOW, &sample(42, 3), &[target(1)]);
    let plain = sent(&mut notifier, 0).remove(0).1;
    let with_version = |version: u8| {
        let mut message = plain.clone();
        message[11] += 1;
        message.extend_from_slice(&[0, 0, 41, 4, 208, 0, version, 0, 0, 0, 0]);
        message
    };
    assert!(check_with_hickory(&reply(&plain, Rcode::NOERROR)).edns.is_none());
    assert!(check_with_hickory(&reply(&with_version(0), Rcode::NOERROR)).edns.is_some());
    let error = Notify::parse(&with_version(1)).unwrap_err();
    assert_eq!((error.rcode(), &error), (Rcode::BADVERS, &NotifyError::Version(1)));
    let mut buf = [0; 600];
    let len = refuse(&with_version(1), error.rcode(), &mut buf).unwrap();
    let refusal = check_with_hickory(&buf[..len]).edns.unwrap();
    assert_eq!((refusal.rcode_high(), refusal.version()), (1, 0));
}

#[test]
fn bad_messages() {
    let mut notifier = notifier();
    notifier.handle_changed(NOW, &sample(42, 3), &[target(1)]);
    let good = sent(&mut notifier, 0).remove(0).1;
    let with = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        Notify::parse(&bytes).unwrap_err()
    };
    assert_eq!(with(2, 0xa4), NotifyError::Response);
    assert_eq!(with(2, 0x04), NotifyError::Opcode(0));
    assert_eq!(with(5, 0), NotifyError::Question);
    assert_eq!(with(26, 1), NotifyError::Question);
    assert!(matches!(with(28, 3), NotifyError::Class(_)));
    assert_eq!(with(28, 3).rcode(), Rcode::NOTAUTH);
    assert!(matches!(Notify::parse(&good[..good.len() - 1]), Err(NotifyError::Message(_))));
    // Short and long SOA data: assertions elsewhere.
    let mut short = good.clone();
    short.truncate(good.len() - 4);
    let rdlen = short.windows(4).position(|w| w == [0, 0, 1, 44]).unwrap() + 4;
    let len = u16::from_be_bytes([short[rdlen], short[rdlen + 1]]) - 4;
    short[rdlen..rdlen + 2].copy_from_slice(&len.to_be_bytes());
    assert!(matches!(Notify::parse(&short), Err(NotifyError::Message(MessageError::Rdata { .. }))));
}

#[test]
fn until_it_is_confirmed_or_given_up() {
    let mut notifier = notifier();
    notifier.handle_changed(NOW, &sample(2, 3), &[target(1), target(2)]);
    let first = sent(&mut notifier, 0);
    assert_eq!(first.len(), 2);
    // From elsewhere, or with another id: nothing.
    let good = reply(&first[0].1, Rcode::NOERROR);
    notifier.handle_datagram(NOW, target(9).addr, &good);
    let mut other = good.clone();
    other[0] ^= 1;
    notifier.handle_datagram(NOW, target(1).addr, &other);
    assert_eq!((notifier.pending(), notifier.poll_event()), (2, None));
    notifier.handle_datagram(NOW, target(1).addr, &good);
    let told = |rcode, n| NotifyEvent::Answered { zone: name("example.com"), target: target(n).addr, rcode };
    assert_eq!(notifier.poll_event(), Some(told(Rcode::NOERROR, 1)));
    // The other is asked again, each time later, six times in all.
    let mut times = vec![0];
    while let Some(due) = notifier.poll_timeout() {
        let millis = due.0 - NOW.instant.0;
        assert_eq!(sent(&mut notifier, millis - 1).len(), 0);
        let again = sent(&mut notifier, millis);
        match again.len() {
            1 => times.push(millis),
            _ => break,
        }
    }
    assert_eq!(times, [0, 3000, 9000, 21_000, 45_000, 93_000]);
    let gone = NotifyEvent::GivenUp { zone: name("example.com"), target: target(2).addr };
    assert_eq!((notifier.poll_event(), notifier.pending()), (Some(gone), 0));
    assert_eq!(notifier.poll_timeout(), None);
}

#[test]
fn a_target_that_knows_no_notify_is_done() {
    let mut notifier = notifier();
    notifier.handle_changed(NOW, &sample(2, 3), &[target(1)]);
    let first = sent(&mut notifier, 0);
    notifier.handle_datagram(NOW, target(1).addr, &reply(&first[0].1, Rcode::NOTIMP));
    assert!(matches!(notifier.poll_event(), Some(NotifyEvent::Answered { rcode: Rcode::NOTIMP, .. })));
    assert_eq!(notifier.pending(), 0);
}

#[test]
fn many_changes_are_told_once_with_the_newest_serial() {
    let mut notifier = notifier();
    for serial in 2..50 {
        notifier.handle_changed(NOW, &sample(serial, 3), &[target(1)]);
    }
    let all = sent(&mut notifier, 0);
    assert_eq!(all.len(), 1);
    assert_eq!(Notify::parse(&all[0].1).unwrap().serial, Some(Serial(49)));
    // One while another is on its way: the answer to the old one does not confirm the new one.
    notifier.handle_changed(NOW, &sample(50, 3), &[target(1)]);
    notifier.handle_datagram(NOW, target(1).addr, &reply(&all[0].1, Rcode::NOERROR));
    assert_eq!(notifier.pending(), 1);
    assert_eq!(Notify::parse(&sent(&mut notifier, 0)[0].1).unwrap().serial, Some(Serial(50)));
    notifier.handle_removed(&name("EXAMPLE.com"));
    assert_eq!((notifier.pending(), notifier.poll_timeout()), (0, None));
}

#[test]
fn signed_requests_want_signed_answers() {
    let key = Key::new(name("k").as_ref(), Algorithm::HmacSha256, b"secret").unwrap();
    let mut keys = Keys::new();
    keys.add(key.clone()).unwrap();
    let mut notifier = notifier();
    let target = NotifyTarget { key: Some(key), ..target(1) };
    notifier.handle_changed(NOW, &sample(2, 3), std::slice::from_ref(&target));
    let request = sent(&mut notifier, 0).remove(0).1;
    let mut signer = keys.check(&request, NOW.unix).unwrap().unwrap();
    let mut answer = reply(&request, Rcode::NOERROR);
    notifier.handle_datagram(NOW, target.addr, &answer);
    assert_eq!(notifier.pending(), 1, "not signed");
    let len = answer.len();
    answer.resize(len + 300, 0);
    let len = signer.sign(&mut answer, len, NOW.unix).unwrap();
    notifier.handle_datagram(NOW, target.addr, &answer[..len]);
    assert_eq!(notifier.pending(), 0);
}

#[test]
fn the_first_try_may_be_put_off_at_random() {
    let mut config = NotifierConfig::new(5);
    config.spread_millis = 10_000;
    let mut notifier = Notifier::new(config);
    let targets: Vec<_> = (0..200).map(target).collect();
    notifier.handle_changed(NOW, &sample(2, 3), &targets);
    let early = sent(&mut notifier, 2000).len();
    assert!((10..90).contains(&early), "{early} of 200 in a fifth of the time");
}

#[test]
fn hostile_answers() {
    let mut notifier = notifier();
    notifier.handle_changed(NOW, &sample(2, 3), &[target(1)]);
    let request = sent(&mut notifier, 0).remove(0).1;
    let answer = reply(&request, Rcode::NOERROR);
    for len in 0..answer.len() {
        notifier.handle_datagram(NOW, target(1).addr, &answer[..len]);
    }
    notifier.handle_datagram(NOW, target(1).addr, &request);
    assert_eq!(notifier.pending(), 1);
}
