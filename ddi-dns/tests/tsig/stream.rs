//! Many messages: all signed, and with unsigned ones in between.

use super::{NOW, hickory, key, keys, message, name, tag_of, tsig_of};
use ddi_core::UnixTime;
use ddi_dns::message::Flags;
use ddi_dns::tsig::{Algorithm, Signature, Signer, UNSIGNED_MAX, Verifier, VerifyError};

/// A request's two ends, and its tag.
fn session(algorithm: Algorithm) -> (Signer, Verifier, Vec<u8>) {
    let key = key("xfr", algorithm);
    let (mut buf, len) = super::query();
    let (len, verifier) = key.sign_request(&mut buf, len, NOW).unwrap();
    let signer = keys(&[key]).check(&buf[..len], NOW).unwrap().unwrap();
    (signer, verifier, tsig_of(&buf[..len], "xfr", &algorithm.to_string()).tag)
}

fn signed(signer: &mut Signer, id: u16, now: UnixTime) -> Vec<u8> {
    let (mut buf, len) = message(id, Flags::default().with(Flags::QR));
    let len = signer.sign(&mut buf, len, now).unwrap();
    buf.truncate(len);
    hickory(&buf);
    buf
}

fn unsigned(id: u16) -> Vec<u8> {
    let (mut buf, len) = message(id, Flags::default().with(Flags::QR));
    buf.truncate(len);
    buf
}

/// A later message, signed by hand over all unsigned ones since `prior`.
fn later(algorithm: Algorithm, prior: &[u8], between: &[Vec<u8>], id: u16, now: UnixTime) -> Vec<u8> {
    let plain = unsigned(id);
    let timers = [&now.0.to_be_bytes()[2..], &[1, 44]].concat();
    let prior = [&(prior.len() as u16).to_be_bytes()[..], prior].concat();
    let tag = tag_of(algorithm, &[&prior, &between.concat(), &plain, &timers]);
    let algorithm = name(&algorithm.to_string());
    let rdata = [
        algorithm.as_ref().wire(),
        &timers,
        &(tag.len() as u16).to_be_bytes(),
        &tag,
        &id.to_be_bytes(),
        &[0; 4],
    ]
    .concat();
    let mut message = [
        &plain[..],
        name("xfr").as_ref().wire(),
        &[0, 250, 0, 255, 0, 0, 0, 0],
        &(rdata.len() as u16).to_be_bytes(),
        &rdata,
    ]
    .concat();
    message[11] += 1;
    message
}

#[test]
fn all_signed() {
    for algorithm in Algorithm::ALL {
        let (mut signer, mut verifier, _) = session(algorithm);
        let mut prior = Vec::new();
        assert_eq!(verifier.finish(), Err(VerifyError::Missing));
        for number in 0..200 {
            let now = UnixTime(NOW.0 + number);
            let message = signed(&mut signer, 0x0102, now);
            if number > 0 {
                assert_eq!(message, later(algorithm, &prior, &[], 0x0102, now), "message {number}");
            }
            assert_eq!(verifier.check(&message, now), Ok(Signature::Good));
            prior = tsig_of(&message, "xfr", &algorithm.to_string()).tag;
        }
        verifier.finish().unwrap();
    }
}

#[test]
fn up_to_99_unsigned_in_between() {
    let algorithm = Algorithm::HmacSha256;
    for count in [0, 1, 2, UNSIGNED_MAX] {
        let (mut signer, mut verifier, _) = session(algorithm);
        let first = signed(&mut signer, 7, NOW);
        verifier.check(&first, NOW).unwrap();
        let mut prior = tsig_of(&first, "xfr", "hmac-sha256").tag;
        for _ in 0..3 {
            let between: Vec<_> = (0..count).map(|number| unsigned(number as u16)).collect();
            for message in &between {
                assert_eq!(verifier.check(message, NOW), Ok(Signature::Pending));
                assert_eq!(verifier.finish(), Err(VerifyError::Missing));
            }
            let message = later(algorithm, &prior, &between, 7, NOW);
            assert_eq!(verifier.check(&message, NOW), Ok(Signature::Good), "{count}");
            verifier.finish().unwrap();
            prior = tsig_of(&message, "xfr", "hmac-sha256").tag;
        }
    }
}

#[test]
fn the_hundredth_unsigned_is_one_too_many() {
    let (mut signer, mut verifier, _) = session(Algorithm::HmacSha256);
    assert_eq!(verifier.check(&unsigned(7), NOW), Err(VerifyError::Missing));
    verifier.check(&signed(&mut signer, 7, NOW), NOW).unwrap();
    for number in 0..99 {
        assert_eq!(verifier.check(&unsigned(number), NOW), Ok(Signature::Pending));
    }
    assert_eq!(verifier.check(&unsigned(7), NOW), Err(VerifyError::Missing));
}

#[test]
fn changed_dropped_doubled_and_swapped_messages_are_found() {
    let algorithm = Algorithm::HmacSha256;
    let (mut signer, verifier, _) = session(algorithm);
    let messages: Vec<_> = (0..4).map(|_| signed(&mut signer, 7, NOW)).collect();
    let run = |order: &[usize]| {
        let mut verifier = verifier.clone();
        order.iter().try_for_each(|&number| verifier.check(&messages[number], NOW).map(drop))
    };
    assert_eq!(run(&[0, 1, 2, 3]), Ok(()));
    for order in [&[1][..], &[0, 2], &[0, 1, 1], &[0, 1, 3], &[0, 0]] {
        assert_eq!(run(order), Err(VerifyError::BadSig), "{order:?}");
    }
    // An unsigned message that was changed, left out or put in shows at the next signed one.
    let prior = tsig_of(&messages[0], "xfr", "hmac-sha256").tag;
    let between = [unsigned(1), unsigned(2)];
    let last = later(algorithm, &prior, &between, 7, NOW);
    let cases = [
        (vec![unsigned(1), unsigned(2)], true),
        (vec![unsigned(2), unsigned(1)], false),
        (vec![unsigned(1)], false),
        (vec![unsigned(1), unsigned(2), unsigned(3)], false),
        (vec![unsigned(1), unsigned(3)], false),
    ];
    for (between, good) in cases {
        let mut verifier = verifier.clone();
        verifier.check(&messages[0], NOW).unwrap();
        for message in &between {
            verifier.check(message, NOW).unwrap();
        }
        assert_eq!(verifier.check(&last, NOW).is_ok(), good);
    }
}

#[test]
fn a_refused_message_changes_nothing() {
    let (mut signer, mut verifier, _) = session(Algorithm::HmacSha256);
    let good = signed(&mut signer, 7, NOW);
    let mut forged = good.clone();
    *forged.last_mut().unwrap() ^= 1;
    assert!(verifier.check(&forged, NOW).is_err());
    assert_eq!(verifier.check(&unsigned(7), NOW), Err(VerifyError::Missing));
    assert_eq!(verifier.check(&good, UnixTime(NOW.0 + 301)), Err(VerifyError::BadTime));
    assert_eq!(verifier.check(&good, NOW), Ok(Signature::Good));
}

#[test]
fn times_do_not_go_back_in_a_stream() {
    let (mut signer, mut verifier, _) = session(Algorithm::HmacSha256);
    verifier.check(&signed(&mut signer, 7, NOW), NOW).unwrap();
    let message = signed(&mut signer, 7, UnixTime(NOW.0 - 5));
    assert_eq!(tsig_of(&message, "xfr", "hmac-sha256").time_and_fudge[..6], NOW.0.to_be_bytes()[2..]);
    verifier.check(&message, NOW).unwrap();
}
