//! Messages: what we write another implementation reads; what is hostile is refused where it is.

use ddi_dns::message::{Flags, Full, HOPS_MAX, Reader, Section, Writer};
use ddi_dns::{Class, MessageError, Name, NameError, Rtype};
use hickory_proto::op::Message;

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

/// A message with a bit of everything that compression touches.
fn sample(buf: &mut [u8]) -> Result<usize, Full> {
    let mut writer = Writer::new(buf, 0x1234, Flags::default().with(Flags::QR | Flags::AA))?;
    let apex = name("example.com");
    let host = name("Host.example.com");
    writer.question(host.as_ref(), Rtype::MX, Class::IN)?;
    let mx = [&[0, 10], name("mail.example.com").as_ref().wire()].concat();
    writer.record(Section::Answer, host.as_ref(), Rtype::MX, Class::IN, 300, &mx)?;
    let soa =
        [name("ns.example.com").as_ref().wire(), name("root.mail.example.com").as_ref().wire(), &[0; 20]]
            .concat();
    writer.record(Section::Authority, apex.as_ref(), Rtype::SOA, Class::IN, 60, &soa)?;
    let srv = [&[0, 1, 0, 2, 0, 53], name("ns.example.com").as_ref().wire()].concat();
    writer.record(
        Section::Additional,
        name("_dns._udp.example.com").as_ref(),
        Rtype::SRV,
        Class::IN,
        5,
        &srv,
    )?;
    Ok(writer.finish())
}

#[test]
fn hickory_reads_what_we_write() {
    let mut buf = [0; 512];
    let len = sample(&mut buf).unwrap();
    let message = Message::from_vec(&buf[..len]).unwrap();
    assert_eq!(message.metadata.id, 0x1234);
    let text =
        |records: &[hickory_proto::rr::Record]| records.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(message.queries[0].name().to_ascii(), "Host.example.com.");
    assert_eq!(text(&message.answers), ["Host.example.com. 300 IN MX 10 mail.example.com."]);
    assert_eq!(
        text(&message.authorities),
        ["example.com. 60 IN SOA ns.example.com. root.mail.example.com. 0 0 0 0 0"]
    );
    assert_eq!(text(&message.additionals), ["_dns._udp.example.com. 5 IN SRV 1 2 53 ns.example.com."]);
    // example.com. once, then pointers; but SRV's target is never compressed.
    let times = buf[..len].windows(8).filter(|window| window == b"\x07example").count();
    assert_eq!(times, 2);
}

#[test]
fn we_read_what_we_write() {
    let mut buf = [0; 512];
    let len = sample(&mut buf).unwrap();
    let mut reader = Reader::new(&buf[..len]).unwrap();
    let question = reader.question().unwrap().unwrap();
    assert_eq!(
        (question.name(), question.rtype, question.class),
        (name("host.example.com"), Rtype::MX, Class::IN)
    );
    assert_eq!(question.name().to_string(), "Host.example.com.", "case is kept");
    let mx = reader.record().unwrap().unwrap();
    let mut rdata = Vec::new();
    mx.expand_rdata(&mut rdata).unwrap();
    assert_eq!(rdata, [&[0, 10], name("mail.example.com").as_ref().wire()].concat());
    let soa = reader.record().unwrap().unwrap();
    assert_eq!((soa.section, soa.owner(), soa.ttl), (Section::Authority, name("example.com"), 60));
    assert_eq!(reader.record().unwrap().unwrap().section, Section::Additional);
    assert!(reader.record().unwrap().is_none());
    reader.finish().unwrap();
}

#[test]
fn a_full_buffer_leaves_whole_records_only() {
    let mut buf = [0; 512];
    let len = sample(&mut buf).unwrap();
    for size in 0..len {
        let mut small = vec![0; size];
        assert_eq!(sample(&mut small), Err(Full), "{size}");
    }
    let mut small = [0; 60];
    let mut writer = Writer::new(&mut small, 1, Flags::default()).unwrap();
    writer.question(name("example.com").as_ref(), Rtype::TXT, Class::IN).unwrap();
    let before = writer.len();
    let wide = [&[39], &[b'x'; 39][..]].concat();
    assert_eq!(
        writer.record(Section::Answer, name("example.com").as_ref(), Rtype::TXT, Class::IN, 0, &wide),
        Err(Full)
    );
    assert_eq!(writer.len(), before);
    let len = writer.finish();
    let mut reader = Reader::new(&small[..len]).unwrap();
    assert!(reader.record().unwrap().is_none());
    reader.finish().unwrap();
}

#[test]
fn every_truncation_is_an_error_and_none_panics() {
    let mut buf = [0; 512];
    let len = sample(&mut buf).unwrap();
    for cut in 0..len {
        let read = || -> Result<(), MessageError> {
            let mut reader = Reader::new(&buf[..cut])?;
            let mut rdata = Vec::new();
            while let Some(record) = reader.record()? {
                record.expand_rdata(&mut rdata)?;
            }
            reader.finish()
        };
        assert!(read().is_err(), "cut at {cut}");
    }
}

/// One question whose name is `wire` at offset 12, with `tail` behind it.
fn with_name(wire: &[u8], tail: &[u8]) -> Vec<u8> {
    [&[0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0], wire, &[0, 1, 0, 1], tail].concat()
}

fn name_error(message: &[u8]) -> NameError {
    match Reader::new(message).unwrap().question() {
        Err(MessageError::Name { at: 12, source }) => source,
        other => panic!("{other:?}"),
    }
}

#[test]
fn hostile_names_are_refused() {
    assert_eq!(name_error(&with_name(b"\xc0\x0c", b"")), NameError::PointerForward, "at itself");
    assert_eq!(name_error(&with_name(b"\xc0\x0e", b"")), NameError::PointerForward, "forwards");
    assert_eq!(name_error(&with_name(b"\x40", b"")), NameError::LabelType(0x40));
    assert_eq!(name_error(&with_name(b"\x80", b"")), NameError::LabelType(0x80));
    let long = [&[63], &[b'a'; 63][..]].concat().repeat(4);
    assert_eq!(name_error(&with_name(&[&long[..], &[0]].concat(), b"")), NameError::TooLong);
}

#[test]
fn a_chain_of_pointers_is_followed_for_a_bounded_number_of_hops() {
    // A record of unknown type holds the chain: each pointer leads to the one before it.
    for (pointers, expected) in [(HOPS_MAX - 1, None), (HOPS_MAX, Some(NameError::PointerChain))] {
        let mut message = vec![0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0];
        message.extend_from_slice(&[0, 0xff, 0, 0, 1, 0, 0, 0, 0]);
        message.extend_from_slice(&(1 + 2 * pointers as u16).to_be_bytes());
        let mut last = message.len();
        message.push(0);
        for _ in 0..pointers {
            let at = message.len();
            message.extend_from_slice(&(0xc000 | last as u16).to_be_bytes());
            last = at;
        }
        message.extend_from_slice(&(0xc000 | last as u16).to_be_bytes());
        message.extend_from_slice(&[0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 1, 2, 3, 4]);
        let mut reader = Reader::new(&message).unwrap();
        reader.record().unwrap();
        match (reader.record(), expected) {
            (Ok(Some(record)), None) => assert_eq!(record.owner(), Name::root()),
            (Err(MessageError::Name { source, .. }), Some(error)) => assert_eq!(source, error),
            (other, _) => panic!("{other:?}"),
        }
    }
}

#[test]
fn compressed_names_are_expanded_in_every_type_that_may_hold_them() {
    // Question example., then a record whose data holds a pointer to it.
    let types: &[(Rtype, usize)] = &[
        (Rtype::NS, 0),
        (Rtype::MX, 2),
        (Rtype::RP, 0),
        (Rtype::AFSDB, 2),
        (Rtype::SRV, 6),
        (Rtype::MINFO, 0),
        (Rtype::MB, 0),
        (Rtype::RT, 2),
        (Rtype::PX, 2),
    ];
    for &(rtype, before) in types {
        let pointers = if matches!(rtype, Rtype::RP | Rtype::MINFO | Rtype::PX) { 2 } else { 1 };
        let rdata = [&vec![7; before][..], &[0xc0, 12].repeat(pointers)].concat();
        let mut message = with_name(b"\x07example\x00", b"");
        message[7] = 1;
        message.extend_from_slice(&[0xc0, 12]);
        message.extend_from_slice(&rtype.0.to_be_bytes());
        message.extend_from_slice(&[0, 1, 0, 0, 0, 9]);
        message.extend_from_slice(&(rdata.len() as u16).to_be_bytes());
        message.extend_from_slice(&rdata);
        let mut reader = Reader::new(&message).unwrap();
        let record = reader.record().unwrap().unwrap();
        let mut plain = Vec::new();
        record.expand_rdata(&mut plain).unwrap();
        assert_eq!(plain, [&vec![7; before][..], &b"\x07example\x00".repeat(pointers)].concat(), "{rtype}");
    }
}
