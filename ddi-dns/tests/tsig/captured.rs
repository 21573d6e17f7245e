//! Requests of `dig` and answers of BIND, byte for byte.

use super::{SECRET, key, keys, name, tsig_of};
use ddi_core::UnixTime;
use ddi_dns::message::{HEADER_LEN, Header, Rcode};
use ddi_dns::tsig::{Algorithm, Key, TsigError, Verifier, VerifyError};

struct Case {
    name: &'static str,
    now: UnixTime,
    request: Vec<u8>,
    answer: Vec<u8>,
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.chars().map(|digit| digit.to_digit(16).unwrap() as u8).collect();
    digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

fn cases() -> Vec<Case> {
    let lines = include_str!("captured.txt").lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let columns: Vec<_> = line.split(' ').collect();
            let [name, now, request, answer] = columns[..] else { panic!("{line}") };
            let now = UnixTime(now.parse().unwrap());
            Case { name, now, request: bytes(request), answer: bytes(answer) }
        })
        .collect()
}

fn case(name: &str) -> Case {
    cases().into_iter().find(|case| case.name == name).expect("a captured case")
}

fn our_key(algorithm: Algorithm) -> Key {
    key(&algorithm.to_string().replace("hmac", "k"), algorithm)
}

/// Signs what dig signed, at the same second: the same bytes must come out.
fn resign(case: &Case, key: &Key) -> Verifier {
    let tsig = tsig_of(&case.request, &key.name().to_string(), &key.algorithm().to_string());
    let mut buf = tsig.message.clone();
    buf.resize(512, 0);
    let time = tsig.time_and_fudge[..6].iter().fold(0, |time, &byte| time << 8 | u64::from(byte));
    let (len, verifier) = key.sign_request(&mut buf, tsig.message.len(), UnixTime(time)).unwrap();
    assert_eq!(buf[..len], case.request, "{}", case.name);
    verifier
}

#[test]
fn the_same_bytes_as_dig_and_bind() {
    for algorithm in Algorithm::ALL {
        let case = case(&algorithm.to_string());
        let key = our_key(algorithm);
        let mut verifier = resign(&case, &key);
        verifier.check(&case.answer, case.now).unwrap();
        // We answer with BIND's message, and sign it as BIND did.
        let mut signer = keys(std::slice::from_ref(&key)).check(&case.request, case.now).unwrap().unwrap();
        let tsig = tsig_of(&case.answer, &key.name().to_string(), &algorithm.to_string());
        let mut buf = tsig.message.clone();
        buf.resize(512, 0);
        let time = tsig.time_and_fudge[..6].iter().fold(0, |time, &byte| time << 8 | u64::from(byte));
        let len = signer.sign(&mut buf, tsig.message.len(), UnixTime(time)).unwrap();
        assert_eq!(buf[..len], case.answer, "{algorithm}");
    }
}

#[test]
fn the_same_refusals_as_bind() {
    let ours = keys(&[our_key(Algorithm::HmacSha256)]);
    let expected = [
        ("badkey", TsigError::BadKey),
        ("badsig", TsigError::BadSig),
        ("badalg", TsigError::BadKey),
        ("badtime", TsigError::BadTime),
    ];
    for (name, error) in expected {
        let case = case(name);
        let rejection = ours.check(&case.request, case.now).expect_err("refused");
        assert_eq!(rejection.error(), error, "{name}");
        let mut buf = [0; 512];
        let len = rejection.reply(&case.request, case.now, &mut buf).unwrap();
        assert_eq!(buf[..len], case.answer, "{name}");
        let header = Header::parse(&case.answer[..HEADER_LEN]).unwrap();
        assert_eq!(header.flags.rcode(), Rcode::NOTAUTH);
    }
}

#[test]
fn we_understand_the_refusals_of_bind() {
    let wrong_secret = Key::new(name("k-sha256").as_ref(), Algorithm::HmacSha256, b"wrong").unwrap();
    let wrong_name = Key::new(name("nobody").as_ref(), Algorithm::HmacSha256, SECRET).unwrap();
    for (name, key, code) in [("badkey", wrong_name, Rcode::BADKEY), ("badsig", wrong_secret, Rcode::BADSIG)]
    {
        let case = case(name);
        let refused = VerifyError::RefusedUnsigned { code };
        assert_eq!(resign(&case, &key).check(&case.answer, case.now), Err(refused));
    }
    let case = case("badtime");
    let mut verifier = resign(&case, &our_key(Algorithm::HmacSha256));
    let signed_at = UnixTime(case.now.0 - 302);
    let refused = VerifyError::Refused { code: Rcode::BADTIME, server_time: Some(case.now) };
    assert_eq!(verifier.check(&case.answer, signed_at), Err(refused));
}
