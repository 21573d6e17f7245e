//! What is refused, in which order, and how the refusal looks.

use super::{NOW, SECRET, hickory, key, keys, message, name, query, signed_query, tsig_of};
use ddi_core::UnixTime;
use ddi_dns::message::{Flags, Header, Rcode};
use ddi_dns::tsig::{Algorithm, Key, Keys, TsigError, VerifyError};

fn refusal(keys: &Keys, request: &[u8], now: UnixTime) -> (TsigError, Vec<u8>) {
    let rejection = keys.check(request, now).expect_err("it must be refused");
    let mut buf = [0; 512];
    let len = rejection.reply(request, now, &mut buf).expect("room for it");
    super::check_with_hickory(&buf[..len]);
    let header = Header::parse(&buf[..len]).unwrap();
    assert!(header.flags.has(Flags::QR));
    assert_eq!(header.id, Header::parse(request).unwrap().id);
    assert_eq!(header.flags.rcode(), rejection.rcode());
    (rejection.error(), buf[..len].to_vec())
}

#[test]
fn an_unknown_key_or_algorithm_is_answered_without_a_tag() {
    let ours = keys(&[key("k", Algorithm::HmacSha256)]);
    for other in [key("other", Algorithm::HmacSha256), key("k", Algorithm::HmacSha512)] {
        let request = signed_query(&other);
        let (error, reply) = refusal(&ours, &request, NOW);
        assert_eq!(error, TsigError::BadKey);
        hickory(&reply);
        let tsig = tsig_of(&reply, &other.name().to_string(), &other.algorithm().to_string());
        assert_eq!((tsig.tag.len(), tsig.error, tsig.original_id), (0, 17, 0x0102));
        assert_eq!(Header::parse(&reply).unwrap().flags.rcode(), Rcode::NOTAUTH);
        let (mut buf, len) = query();
        let (_, mut verifier) = other.sign_request(&mut buf, len, NOW).unwrap();
        assert_eq!(verifier.check(&reply, NOW), Err(VerifyError::RefusedUnsigned { code: Rcode::BADKEY }));
    }
    assert_eq!(
        refusal(&Keys::new(), &signed_query(&key("k", Algorithm::HmacSha1)), NOW).0,
        TsigError::BadKey
    );
}

#[test]
fn any_changed_byte_is_found() {
    let ours = keys(&[key("k", Algorithm::HmacSha256)]);
    let good = signed_query(&key("k", Algorithm::HmacSha256));
    let tag_at = good.len() - 6 - 32;
    let mut wrong_tags = 0;
    for at in 0..good.len() {
        for bit in [1, 0x20, 0x80] {
            let mut request = good.clone();
            request[at] ^= bit;
            match ours.check(&request, NOW) {
                // The id: the TSIG holds the original one. The case of names: it is hashed in lower case.
                Ok(Some(_)) => {
                    assert!(at < 2 || (bit == 0x20 && good[at].is_ascii_alphabetic()), "byte {at}");
                }
                // A TSIG of another type is none; one that is not counted is not there; nor is one whose
                // owner ends too early.
                Ok(None) => assert!((10..12).contains(&at) || (29..34).contains(&at), "byte {at}"),
                Err(rejection) => {
                    wrong_tags += usize::from(rejection.error() == TsigError::BadSig);
                    if (tag_at..tag_at + 32).contains(&at) {
                        assert_eq!(rejection.error(), TsigError::BadSig);
                    }
                }
            }
        }
    }
    assert!(wrong_tags > 100, "{wrong_tags}");
}

#[test]
fn a_wrong_tag_is_answered_without_one_even_if_the_time_is_wrong_too() {
    let ours = keys(&[key("k", Algorithm::HmacSha256)]);
    let mut request = signed_query(&key("k", Algorithm::HmacSha256));
    let at = request.len() - 7;
    request[at] ^= 1;
    for now in [NOW, UnixTime(0), UnixTime(NOW.0 + 100_000)] {
        let (error, reply) = refusal(&ours, &request, now);
        assert_eq!(error, TsigError::BadSig);
        let tsig = tsig_of(&reply, "k", "hmac-sha256");
        assert_eq!((tsig.tag.len(), tsig.error), (0, 16));
    }
}

#[test]
fn a_wrong_time_is_answered_so_that_the_client_can_check_it() {
    let key = key("k", Algorithm::HmacSha256);
    let ours = keys(std::slice::from_ref(&key));
    let (mut buf, len) = query();
    let (len, mut verifier) = key.sign_request(&mut buf, len, NOW).unwrap();
    let request = &buf[..len];
    for near in [NOW.0 - 300, NOW.0, NOW.0 + 300] {
        assert!(ours.check(request, UnixTime(near)).unwrap().is_some());
    }
    for far in [0, NOW.0 - 301, NOW.0 + 301, (1 << 48) - 1] {
        let (error, reply) = refusal(&ours, request, UnixTime(far));
        assert_eq!(error, TsigError::BadTime);
        let tsig = tsig_of(&reply, "k", "hmac-sha256");
        assert_eq!(tsig.time_and_fudge, [&NOW.0.to_be_bytes()[2..], &[1, 44]].concat());
        assert_eq!((tsig.error, &tsig.other[..]), (18, &far.to_be_bytes()[2..]));
        let refused = VerifyError::Refused { code: Rcode::BADTIME, server_time: Some(UnixTime(far)) };
        assert_eq!(verifier.check(&reply, NOW), Err(refused));
    }
}

#[test]
fn tags_may_be_cut_but_not_shorter_than_the_key_allows() {
    for algorithm in Algorithm::ALL {
        let (least, whole) = (algorithm.tag_len_min(), algorithm.tag_len());
        let with = |len| Key::with(name("k").as_ref(), algorithm, SECRET, len, 300).unwrap();
        let request = signed_query(&with(least + 1));
        assert_eq!(tsig_of(&request, "k", &algorithm.to_string()).tag.len(), least + 1);
        // A key that allows as much takes it, and answers with no less than came.
        let mut signer = keys(&[with(least)]).check(&request, NOW).unwrap().unwrap();
        let (mut buf, len) = message(0x0102, Flags::default().with(Flags::QR));
        let len = signer.sign(&mut buf, len, NOW).unwrap();
        assert_eq!(tsig_of(&buf[..len], "k", &algorithm.to_string()).tag.len(), least + 1);
        // One that does not says so, signed.
        let (mut buf, len) = query();
        let (len, mut verifier) = with(least).sign_request(&mut buf, len, NOW).unwrap();
        let (error, reply) = refusal(&keys(&[with(whole)]), &buf[..len], NOW);
        assert_eq!(error, TsigError::BadTrunc);
        assert_eq!(
            verifier.check(&reply, NOW),
            Err(VerifyError::Refused { code: Rcode::BADTRUNC, server_time: None })
        );
        // An answer that is cut shorter than the request.
        let mut signer = keys(&[with(least)]).check(&signed_query(&with(least)), NOW).unwrap().unwrap();
        let (mut buf, len) = message(0x0102, Flags::default().with(Flags::QR));
        let len = signer.sign(&mut buf, len, NOW).unwrap();
        let (mut other, other_len) = query();
        let (_, mut verifier) = with(whole).sign_request(&mut other, other_len, NOW).unwrap();
        assert!(verifier.check(&buf[..len], NOW).is_err());
    }
}

/// A request with another tag, of any length.
fn with_tag(request: &[u8], old_len: usize, tag: &[u8]) -> Vec<u8> {
    let (head, tail) = request.split_at(request.len() - 6);
    let mut head = head[..head.len() - old_len - 2].to_vec();
    let rdata_len_at = head.len() - 8 - name("hmac-sha256").as_ref().wire().len() - 2;
    let rdata_len = u16::from_be_bytes([head[rdata_len_at], head[rdata_len_at + 1]]);
    let rdata_len = usize::from(rdata_len) - old_len + tag.len();
    head[rdata_len_at..rdata_len_at + 2].copy_from_slice(&(rdata_len as u16).to_be_bytes());
    [&head[..], &(tag.len() as u16).to_be_bytes(), tag, tail].concat()
}

#[test]
fn a_tag_of_an_illegal_length_is_malformed() {
    let ours = keys(&[key("k", Algorithm::HmacSha256)]);
    let good = signed_query(&key("k", Algorithm::HmacSha256));
    let tag = tsig_of(&good, "k", "hmac-sha256").tag;
    assert_eq!(with_tag(&good, 32, &tag), good);
    assert!(ours.check(&with_tag(&good, 32, &tag), NOW).is_ok());
    for len in [0, 1, 15, 33, 64] {
        let tag: Vec<u8> = tag.iter().copied().cycle().take(len).collect();
        let (error, reply) = refusal(&ours, &with_tag(&good, 32, &tag), NOW);
        assert_eq!(error, TsigError::Malformed, "{len}");
        let header = Header::parse(&reply).unwrap();
        assert_eq!((header.flags.rcode(), header.counts), (Rcode::FORMERR, [1, 0, 0, 0]));
    }
    // Of a key that is not known: the key is checked first.
    assert_eq!(refusal(&Keys::new(), &with_tag(&good, 32, &[]), NOW).0, TsigError::BadKey);
    // Legal, but a guess.
    assert_eq!(refusal(&ours, &with_tag(&good, 32, &[0; 16]), NOW).0, TsigError::BadSig);
    assert_eq!(refusal(&ours, &with_tag(&good, 32, &tag[..16]), NOW).0, TsigError::BadTrunc);
}

#[test]
fn a_tsig_elsewhere_than_last_or_twice_is_malformed() {
    let ours = keys(&[key("k", Algorithm::HmacSha256)]);
    let good = signed_query(&key("k", Algorithm::HmacSha256));
    let plain_len = query().1;
    let tsig = &good[plain_len..];
    let address = [&[0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4][..], &[192, 0, 2, 1]].concat();
    let with = |counts: [u8; 8], tail: &[&[u8]]| {
        let mut request = [&good[..plain_len], &tail.concat()].concat();
        request[4..12].copy_from_slice(&counts);
        request
    };
    let cases = [
        with([0, 1, 0, 0, 0, 0, 0, 2], &[tsig, tsig]),
        with([0, 1, 0, 0, 0, 0, 0, 2], &[tsig, &address]),
        with([0, 1, 0, 1, 0, 0, 0, 0], &[tsig]),
        with([0, 1, 0, 0, 0, 1, 0, 0], &[tsig]),
        with([0, 1, 0, 1, 0, 0, 0, 1], &[tsig, tsig]),
        with([0, 1, 0, 0, 0, 0, 0, 1], &[tsig, &[0]]),
        with([0, 1, 0, 0, 0, 0, 0, 2], &[tsig]),
        with([0, 1, 0, 0, 0, 0, 0, 1], &[&tsig[..tsig.len() - 1]]),
    ];
    for (number, request) in cases.iter().enumerate() {
        let rejection = ours.check(request, NOW).expect_err("malformed");
        assert_eq!(rejection.error(), TsigError::Malformed, "case {number}");
        assert_eq!(rejection.rcode(), Rcode::FORMERR);
    }
    for (at, value) in [(plain_len + 3 + 2, 1), (plain_len + 3 + 7, 1)] {
        let mut request = good.clone();
        request[at] = value;
        assert_eq!(ours.check(&request, NOW).unwrap_err().error(), TsigError::Malformed, "class or ttl");
    }
    assert!(ours.check(&with([0, 1, 0, 0, 0, 0, 0, 0], &[]), NOW).unwrap().is_none());
}

#[test]
fn every_prefix_of_a_request_is_refused_or_unsigned() {
    let ours = keys(&[key("k", Algorithm::HmacSha256)]);
    let good = signed_query(&key("k", Algorithm::HmacSha256));
    for len in 0..good.len() {
        let rejection = ours.check(&good[..len], NOW).expect_err("it is cut");
        assert_eq!(rejection.error(), TsigError::Malformed);
        let mut buf = [0; 512];
        assert_eq!(rejection.reply(&good[..len], NOW, &mut buf).is_some(), len >= 12);
    }
}

#[test]
fn an_answer_is_never_answered() {
    let ours = keys(&[key("k", Algorithm::HmacSha256)]);
    let mut request = signed_query(&key("other", Algorithm::HmacSha256));
    request[2] |= 0x80;
    let mut buf = [0; 512];
    assert!(ours.check(&request, NOW).unwrap_err().reply(&request, NOW, &mut buf).is_none());
}

#[test]
fn without_room_nothing_changes_or_the_answer_is_truncated() {
    let key = key("k", Algorithm::HmacSha256);
    let (mut buf, len) = query();
    let before = buf[..len].to_vec();
    assert!(key.sign_request(&mut buf[..len + key.signature_len() - 1], len, NOW).is_err());
    assert_eq!(buf[..len], before);
    let (len, mut verifier) = key.sign_request(&mut buf, len, NOW).unwrap();
    let mut signer = keys(&[key]).check(&buf[..len], NOW).unwrap().unwrap();

    let (mut answer, len) = message(0x0102, Flags::default().with(Flags::QR).with_rcode(Rcode::NXDOMAIN));
    let question_len = len;
    answer[7] = 1;
    let record = [&[0, 0, 16, 0, 1, 0, 0, 0, 0, 0, 100, 99][..], &[b'x'; 99]].concat();
    answer[len..len + record.len()].copy_from_slice(&record);
    let len = len + record.len();
    let mut small = answer[..len + 10].to_vec();
    assert!(signer.sign(&mut small, len, NOW).is_err());
    assert_eq!(small[..len], answer[..len]);
    let len = signer.sign_or_truncate(&mut small, len, NOW).unwrap();
    assert_eq!(len, question_len + signer.signature_len());
    let header = Header::parse(&small).unwrap();
    assert!(header.flags.has(Flags::TC));
    assert_eq!((header.flags.rcode(), header.counts), (Rcode::NOERROR, [1, 0, 0, 1]));
    verifier.check(&small[..len], NOW).unwrap();
}
