//! Names at their limits.

use super::xfr::{check_with_hickory, name};
use ddi_core::UnixTime;
use ddi_dns::answer::{AnswerConfig, AnswerContext, Transport, nsec3_hash};
use ddi_dns::message::{Flags, Rcode, Reader, Section, Writer};
use ddi_dns::zone::{Builder, Snapshot};
use ddi_dns::{Class, MessageError, Name, NameError, NameRef, Rtype};

/// A name of this many octets, of labels of at most 63.
pub(crate) fn long_name(octets: usize) -> Name {
    let mut wire = Vec::new();
    while wire.len() + 1 < octets {
        let len = (octets - wire.len() - 2).min(63);
        // No label may be left with nothing to hold.
        let len = if octets - wire.len() - 2 == len + 1 { len - 1 } else { len };
        wire.push(len as u8);
        wire.extend(std::iter::repeat_n(b'a' + (wire.len() % 26) as u8, len));
    }
    wire.push(0);
    assert_eq!(wire.len(), octets);
    Name::from_wire(&wire).unwrap()
}

fn question(wire: &[u8]) -> Result<usize, MessageError> {
    let message = [&[0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0], wire, &[0, 1, 0, 1]].concat();
    let mut reader = Reader::new(&message)?;
    let question = reader.question()?.unwrap();
    reader.finish()?;
    Ok(question.name().as_ref().wire().len())
}

#[test]
fn names_of_255_octets_and_of_256() {
    let longest = long_name(255);
    assert_eq!(question(longest.as_ref().wire()), Ok(255));
    // One octet more, as one more in a label, and as 127 labels of one and one of two.
    let mut longer = longest.as_ref().wire().to_vec();
    let last = longer.len() - 1 - (longer.len() - 1) % 64;
    longer[last] += 1;
    longer.insert(last + 1, b'x');
    assert_eq!(longer.len(), 256);
    let ones = |first: &[u8]| [first, &[1, b'a'].repeat(126), &[0]].concat();
    assert_eq!(question(&ones(b"\x01a")), Ok(255), "127 labels");
    for wire in [longer, ones(b"\x02ab"), ones(b"\x01a\x01a")] {
        assert_eq!(question(&wire), Err(MessageError::Name { at: 12, source: NameError::TooLong }));
        assert_eq!(NameRef::new(&wire).err(), Some(NameError::TooLong));
    }
    // The same by compression: a pointer that makes it 255, and one that makes it 256.
    for (front, expected) in [(1, Ok(255)), (2, Err(NameError::TooLong))] {
        let mut message = vec![0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0];
        message.extend_from_slice(long_name(253).as_ref().wire());
        message.extend_from_slice(&[0, 1, 0, 1, front as u8]);
        message.extend(std::iter::repeat_n(b'x', front));
        message.extend_from_slice(&[0xc0, 12, 0, 1, 0, 1]);
        let mut reader = Reader::new(&message).unwrap();
        reader.question().unwrap();
        let second = reader.question().map(|question| question.unwrap().name().as_ref().wire().len());
        assert_eq!(
            second.map_err(|e| matches!(e, MessageError::Name { source, .. } if Err(source) == expected)),
            expected.map_err(|_| true)
        );
    }
}

#[test]
fn labels_of_63_octets_and_what_is_no_length() {
    assert_eq!(question(&[&[63][..], &[b'a'; 63], &[0]].concat()), Ok(65));
    for first in 64..=191 {
        let wire = [&[first][..], &[b'a'; 255], &[0]].concat();
        assert_eq!(question(&wire), Err(MessageError::Name { at: 12, source: NameError::LabelType(first) }));
    }
}

/// BIND CVE-2026-10822: what a name in data claims beyond the data's end is not the data's.
#[test]
fn a_name_that_its_data_does_not_hold() {
    for (rtype, before) in [(Rtype::NS, 0), (Rtype::MX, 2), (Rtype::SRV, 6), (Rtype::SOA, 0)] {
        let mut message = vec![0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0];
        message.extend_from_slice(&rtype.0.to_be_bytes());
        message.extend_from_slice(&[0, 1, 0, 0, 0, 0, 0, before as u8 + 2]);
        message.extend(std::iter::repeat_n(0, before));
        message.extend_from_slice(b"\x05h");
        // What would be the rest of the name is the next record.
        message.extend_from_slice(b"\0\0\x01\0\x01\0\0\0\0\0\x04\x01\x02\x03\x04");
        let mut reader = Reader::new(&message).unwrap();
        let record = reader.record().unwrap().unwrap();
        let error = record.expand_rdata(&mut Vec::new()).unwrap_err();
        assert!(matches!(error, MessageError::Rdata { .. }), "{rtype}: {error}");
        assert_eq!(reader.record().unwrap().unwrap().rtype, Rtype::A);
    }
}

/// A zone whose hashed owners are as long as can be, or can't be at all.
fn hashed_zone(apex: &Name) -> (Snapshot, bool) {
    let mut builder = Builder::new(apex.as_ref());
    let soa = [&[0, 0][..], &[0; 20]].concat();
    builder.push(apex.as_ref(), Rtype::SOA, 60, &soa).unwrap();
    builder.push(apex.as_ref(), Rtype::NS, 60, &[0]).unwrap();
    builder.push(apex.as_ref(), Rtype::NSEC3PARAM, 60, &[1, 0, 0, 0, 0]).unwrap();
    let hash = nsec3_hash(apex.as_ref(), 0, &[]);
    let digits: Vec<u8> = (0..32)
        .map(|i| {
            let bit = |j: usize| usize::from(hash[j / 8] >> (7 - j % 8) & 1);
            b"0123456789abcdefghijklmnopqrstuv"[(0..5).fold(0, |n, j| n << 1 | bit(5 * i + j))]
        })
        .collect();
    let owner = apex.child(&digits);
    if let Ok(owner) = &owner {
        let rdata = [&[1, 0, 0, 0, 0, 20][..], &hash, &[0, 1, 0x62]].concat();
        builder.push(owner.as_ref(), Rtype::NSEC3, 60, &rdata).unwrap();
    }
    (builder.finish().unwrap(), owner.is_ok())
}

/// NSD 4.15: a name of 255 octets, or an apex of 223 and more, in a zone with NSEC3: the hash as a label in
/// front of the apex is no name any more.
#[test]
fn long_names_in_zones_with_nsec3() {
    for octets in [200, 221, 222, 223, 224, 250, 253, 255] {
        let apex = long_name(octets);
        let (zone, has_hashes) = hashed_zone(&apex);
        assert_eq!(has_hashes, octets <= 222);
        let mut asked = vec![apex.clone()];
        let room = 255 - octets;
        if room >= 2 {
            asked.push(apex.child(&vec![b'x'; (room - 1).min(63)]).unwrap());
            let mut deep = apex.clone();
            while let Ok(deeper) = deep.child(b"y") {
                deep = deeper;
            }
            assert!(deep.as_ref().wire().len() >= 254);
            asked.push(deep);
        }
        for (i, owner) in asked.iter().enumerate() {
            let (rcode, denials) = ask(&zone, owner.as_ref());
            let expected = if i == 0 { Rcode::NOERROR } else { Rcode::NXDOMAIN };
            assert_eq!(rcode, expected, "apex of {octets}, name of {}", owner.as_ref().wire().len());
            assert_eq!(denials > 0, has_hashes, "apex of {octets}");
        }
        super::text::survives_export(&zone);
    }
}

/// Asks for TXT with DO; the code, and how many NSEC3 records came.
fn ask(zone: &Snapshot, owner: NameRef<'_>) -> (Rcode, usize) {
    let mut query = [0; 400];
    let mut writer = Writer::new(&mut query, 7, Flags::default()).unwrap();
    writer.question(owner, Rtype::TXT, Class::IN).unwrap();
    writer.record(Section::Additional, NameRef::ROOT, Rtype::OPT, Class(4096), 0x8000, &[]).unwrap();
    let len = writer.finish();
    let mut config = AnswerConfig::default();
    config.udp_size = 4096;
    let context = AnswerContext::new(&config, Transport::Udp, [192, 0, 2, 1].into(), UnixTime(0));
    let mut out = [0; 4096];
    let answered = zone.answer(&query[..len], &context, &mut out).unwrap();
    let message = check_with_hickory(&out[..answered.len]);
    let denials = message.authorities.iter().filter(|record| u16::from(record.record_type()) == 50).count();
    (answered.rcode, denials)
}

/// RUSTSEC-2026-0119, CVE-2024-8508: what compression searches is bounded, whatever names there are, and each
/// is written right.
#[test]
fn many_names_without_anything_in_common() {
    let mut buf = vec![0; 65_535];
    let mut writer = Writer::new(&mut buf, 1, Flags::default()).unwrap();
    let mut owners = Vec::new();
    for i in 0_u32.. {
        let owner = name(&format!("{}.{i}", vec![format!("l{i}"); 20].join(".")));
        if writer.record(Section::Answer, owner.as_ref(), Rtype(65_280), Class::IN, 0, &[]).is_err() {
            break;
        }
        owners.push(owner);
    }
    let len = writer.finish();
    let mut reader = Reader::new(&buf[..len]).unwrap();
    for owner in &owners {
        assert_eq!(&reader.record().unwrap().unwrap().owner(), owner);
    }
    assert!(owners.len() > 500 && reader.record().unwrap().is_none());
}

/// Header counts that the bytes can't hold: nothing is made room for.
#[test]
fn counts_larger_than_the_message() {
    for counts in 1..16_u8 {
        let count = |bit: u8| if counts >> bit & 1 == 1 { [0xff, 0xff] } else { [0, 0] };
        let message = [&[0, 1, 0, 0][..], &count(0), &count(1), &count(2), &count(3)].concat();
        let mut reader = Reader::new(&message).unwrap();
        let info = allocation_counter::measure(|| {
            assert!(reader.question().is_err() || reader.record().is_err());
        });
        assert_eq!(info.count_total, 0);
    }
}
