//! Signatures: against captures of `dig` and BIND, against tags composed here by hand, and against every
//! rule of RFC 8945 on what is refused, with which code, and how the refusal is signed.

#[path = "tsig/captured.rs"]
mod captured;
#[path = "hickory/check.rs"]
mod check;
#[path = "tsig/rules.rs"]
mod rules;
#[path = "tsig/stream.rs"]
mod stream;

use check::check_with_hickory;
use ddi_core::UnixTime;
use ddi_dns::message::{Flags, Header, Reader, Writer};
use ddi_dns::tsig::{Algorithm, Key, Keys};
use ddi_dns::{Class, Name, Rtype};
use hmac::{Hmac, KeyInit, Mac};

const SECRET: &[u8] = b"a secret of thirty-two bytes, ok!";
const NOW: UnixTime = UnixTime(1_795_371_092);

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn key(text: &str, algorithm: Algorithm) -> Key {
    Key::new(name(text).as_ref(), algorithm, SECRET).unwrap()
}

fn keys(of: &[Key]) -> Keys {
    let mut keys = Keys::new();
    for key in of {
        keys.add(key.clone()).unwrap();
    }
    keys
}

/// A query in a buffer with room for a signature.
fn query() -> (Vec<u8>, usize) {
    message(0x0102, Flags::default())
}

fn message(id: u16, flags: Flags) -> (Vec<u8>, usize) {
    let mut buf = vec![0; 512];
    let mut writer = Writer::new(&mut buf, id, flags).unwrap();
    writer.question(name("example.com").as_ref(), Rtype::SOA, Class::IN).unwrap();
    let len = writer.finish();
    (buf, len)
}

fn signed_query(key: &Key) -> Vec<u8> {
    let (mut buf, len) = query();
    let (len, _) = key.sign_request(&mut buf, len, NOW).unwrap();
    buf.truncate(len);
    hickory(&buf);
    buf
}

/// The tag of these parts, by this algorithm.
fn tag_of(algorithm: Algorithm, parts: &[&[u8]]) -> Vec<u8> {
    macro_rules! hash {
        ($hash:ty) => {{
            let mut hash = Hmac::<$hash>::new_from_slice(SECRET).unwrap();
            Mac::update(&mut hash, &parts.concat());
            hash.finalize().into_bytes().to_vec()
        }};
    }
    match algorithm {
        Algorithm::HmacSha1 => hash!(sha1::Sha1),
        Algorithm::HmacSha224 => hash!(sha2::Sha224),
        Algorithm::HmacSha256 => hash!(sha2::Sha256),
        Algorithm::HmacSha384 => hash!(sha2::Sha384),
        Algorithm::HmacSha512 => hash!(sha2::Sha512),
        other => panic!("{other}"),
    }
}

/// The parts of a message's TSIG, read in another way than the library does: from the end.
struct Tsig {
    /// The message without it.
    message: Vec<u8>,
    class_and_ttl: Vec<u8>,
    time_and_fudge: Vec<u8>,
    tag: Vec<u8>,
    original_id: u16,
    error: u16,
    other: Vec<u8>,
}

fn tsig_of(message: &[u8], key_name: &str, algorithm: &str) -> Tsig {
    let start = [name(key_name).as_ref().wire(), &[0, 250]].concat();
    let lower = message.to_ascii_lowercase();
    let at = lower.windows(start.len()).rposition(|window| window == start).expect("a TSIG");
    let mut rest = &message[at + start.len()..];
    let mut take = |len: usize| {
        let (part, tail) = rest.split_at(len);
        rest = tail;
        part.to_vec()
    };
    let number = |bytes: Vec<u8>| bytes.iter().fold(0, |n: usize, &b| n << 8 | usize::from(b));
    let class_and_ttl = take(6);
    let rdata_len = number(take(2));
    assert_eq!(at + start.len() + 8 + rdata_len, message.len(), "it is the last thing in the message");
    assert_eq!(take(name(algorithm).as_ref().wire().len()), name(algorithm).as_ref().wire());
    let time_and_fudge = take(8);
    let tag_len = number(take(2));
    let tag = take(tag_len);
    let original_id = number(take(2)) as u16;
    let error = number(take(2)) as u16;
    let other_len = number(take(2));
    let other = take(other_len);
    let mut plain = message[..at].to_vec();
    let count = u16::from_be_bytes([plain[10], plain[11]]) - 1;
    plain[10..12].copy_from_slice(&count.to_be_bytes());
    Tsig { message: plain, class_and_ttl, time_and_fudge, tag, original_id, error, other }
}

/// Every message that we send: another library reads the same in it, and its signature as one.
fn hickory(message: &[u8]) {
    let message = check_with_hickory(message);
    assert!(message.signature.is_some() || message.additionals.iter().any(|r| r.record_type() == 250.into()));
}

#[test]
fn a_request_and_its_answer_have_the_tags_of_the_standard() {
    for algorithm in Algorithm::ALL {
        let key = key("Ddns.Example", algorithm);
        let (mut buf, len) = query();
        let plain = buf[..len].to_vec();
        let (len, mut verifier) = key.sign_request(&mut buf, len, NOW).unwrap();
        assert_eq!(len, plain.len() + key.signature_len());
        let request = &buf[..len];
        hickory(request);
        let tsig = tsig_of(request, "ddns.example", &algorithm.to_string());
        assert_eq!(tsig.message, plain);
        assert_eq!((tsig.original_id, tsig.error, &tsig.other[..]), (0x0102, 0, &[][..]));
        let names = [name("ddns.example").as_ref().wire().to_vec(), vec![0, 255, 0, 0, 0, 0]].concat();
        let algorithm_name = name(&algorithm.to_string());
        let variables =
            [&names[..], algorithm_name.as_ref().wire(), &tsig.time_and_fudge, &[0, 0, 0, 0]].concat();
        assert_eq!(tsig.class_and_ttl, [0, 255, 0, 0, 0, 0]);
        assert_eq!(tsig.time_and_fudge, [&NOW.0.to_be_bytes()[2..], &[1, 44]].concat());
        assert_eq!(tsig.tag, tag_of(algorithm, &[&plain, &variables]));

        let mut signer = keys(&[key]).check(request, NOW).unwrap().expect("it is signed");
        let (mut buf, len) = message(0x0102, Flags::default().with(Flags::QR));
        let plain = buf[..len].to_vec();
        let size = signer.signature_len();
        let len = signer.sign(&mut buf, len, NOW).unwrap();
        assert_eq!(len, plain.len() + size);
        hickory(&buf[..len]);
        let answer = tsig_of(&buf[..len], "ddns.example", &algorithm.to_string());
        let request_tag = [&(tsig.tag.len() as u16).to_be_bytes()[..], &tsig.tag].concat();
        assert_eq!(answer.tag, tag_of(algorithm, &[&request_tag, &plain, &variables]));
        verifier.check(&buf[..len], NOW).unwrap();
        verifier.finish().unwrap();
    }
}

#[test]
fn the_record_is_counted_and_the_reader_sees_it_last() {
    let request = signed_query(&key("k", Algorithm::HmacSha256));
    assert_eq!(Header::parse(&request).unwrap().counts, [1, 0, 0, 1]);
    let mut reader = Reader::new(&request).unwrap();
    assert_eq!(reader.record().unwrap().unwrap().rtype, Rtype::TSIG);
    assert!(reader.record().unwrap().is_none());
    reader.finish().unwrap();
}

#[test]
fn keys_keep_their_secret() {
    let key = key("K", Algorithm::HmacSha1);
    assert_eq!(format!("{key:?}"), "Key(k. hmac-sha1)");
    assert_eq!(key.name(), name("k").as_ref());
    assert!(keys(std::slice::from_ref(&key)).add(key.clone()).is_err());
    assert!(Key::new(key.name(), Algorithm::HmacSha1, b"").is_err());
    for (algorithm, least) in Algorithm::ALL.into_iter().zip([10, 14, 16, 24, 32]) {
        assert!(Key::with(key.name(), algorithm, SECRET, least, 300).is_ok());
        assert!(Key::with(key.name(), algorithm, SECRET, least - 1, 300).is_err());
        assert!(Key::with(key.name(), algorithm, SECRET, algorithm.tag_len() + 1, 300).is_err());
        assert_eq!(algorithm.to_string().to_uppercase().parse(), Ok(algorithm));
    }
}
