//! Data that is not what its type wants.

use super::text::survives_export;
use super::xfr::{check_with_hickory, name, soa_data};
use ddi_core::UnixTime;
use ddi_dns::answer::{AnswerConfig, AnswerContext, Transport};
use ddi_dns::message::{Flags, Reader, Section, Writer};
use ddi_dns::rr::check_rdata;
use ddi_dns::zone::{Builder, Snapshot};
use ddi_dns::zonefile::check;
use ddi_dns::{Class, MessageError, NameRef, Rtype};

fn zone_of(records: &[(Rtype, Vec<u8>)]) -> Snapshot {
    let apex = name("example.com");
    let mut builder = Builder::new(apex.as_ref());
    builder.push(apex.as_ref(), Rtype::SOA, 300, &soa_data(1)).unwrap();
    for (rtype, rdata) in records {
        builder.push(name("x.example.com").as_ref(), *rtype, 300, rdata).unwrap();
    }
    builder.finish().unwrap()
}

/// The data arrives in a message, is refused there, and no zone takes it.
#[track_caller]
fn refused(rtype: Rtype, rdata: &[u8]) {
    let mut buf = vec![0; 65_535 + 100];
    let mut writer = Writer::new(&mut buf, 1, Flags::default()).unwrap();
    let owner = name("x.example.com");
    writer.record(Section::Answer, owner.as_ref(), Rtype(65_280), Class::IN, 0, rdata).unwrap();
    let len = writer.finish();
    // Under another type nothing in it was compressed or looked at.
    let at = len - rdata.len() - 10;
    buf[at..at + 2].copy_from_slice(&rtype.0.to_be_bytes());
    let record = Reader::new(&buf[..len]).unwrap().record().unwrap().unwrap();
    let mut out = vec![7];
    let error = record.expand_rdata(&mut out).expect_err("it is not of its type");
    assert!(matches!(error, MessageError::Rdata { .. }), "{rtype}: {error}");
    assert_eq!(out, [7], "nothing is left of it");
    let mut builder = Builder::new(owner.as_ref());
    assert!(builder.push(owner.as_ref(), rtype, 0, rdata).is_err(), "{rtype} {rdata:02x?}");
}

#[test]
fn lengths_that_lie() {
    // NSD CVE-2026-12244, PowerDNS CVE-2026-33611: a parameter longer than the data, by one and by 65,535.
    for len in [1, 2, 0xff, 0xffff_u16] {
        let value = [&[0, 1, 0, 0, 5][..], &len.to_be_bytes()].concat();
        refused(Rtype::SVCB, &value);
        refused(Rtype::HTTPS, &[&value[..], &vec![0; usize::from(len.min(60_000)) - 1]].concat());
        refused(Rtype::DELEG, &value[3..]);
    }
    refused(Rtype::SVCB, &[0, 1, 0, 0]);
    refused(Rtype::SVCB, &[0, 1, 0, 0, 5, 0]);
    // NSD CVE-2026-12246: an address of more bytes than its family has, than the data has, or of no family.
    for bytes in [5, 16, 17, 127_u8] {
        for negated in [0, 0x80] {
            refused(Rtype::APL, &[&[0, 1, 8, bytes | negated][..], &vec![1; usize::from(bytes)]].concat());
            refused(Rtype::APL, &[0, 2, 8, bytes | negated, 1]);
        }
    }
    refused(Rtype::APL, &[&[0, 2, 128, 17][..], &[1; 17]].concat());
    refused(Rtype::APL, &[0, 2, 129, 0]);
    refused(Rtype::APL, &[0, 1, 8]);
    // HIP: tag and key reach behind the end, and the servers' names do.
    for head in [[255, 2, 0, 0], [0, 2, 0xff, 0xff], [255, 2, 0xff, 0xff], [1, 2, 0, 1]] {
        refused(Rtype::HIP, &head);
        refused(Rtype::HIP, &[&head[..], &[7]].concat());
    }
    refused(Rtype::HIP, &[0, 2, 0, 0, 3, b'a']);
    refused(Rtype::HIP, &[0, 2, 0, 0, 0xc0, 0]);
    refused(Rtype::HIP, &[0, 2, 0]);
    refused(Rtype::NXT, &[0]);
    refused(Rtype::IPSECKEY, &[1, 3, 2, 63, b'a']);
    refused(Rtype::IPSECKEY, &[1, 4, 2]);
    // Character strings: one more than there is.
    for rtype in [Rtype::TXT, Rtype::HINFO, Rtype::NAPTR, Rtype::GPOS, Rtype::X25, Rtype::CAA] {
        refused(rtype, &[1, b'a', 255, b'b']);
    }
    refused(Rtype::ZONEMD, &[0, 0, 0, 1, 1, 1]);
    refused(Rtype::DNSKEY, &[1, 1, 3]);
    refused(Rtype::RRSIG, &[0; 18]);
    refused(Rtype::NSEC, &[0, 0, 33]);
    refused(Rtype::NSEC, &[&[0, 0, 33][..], &[1; 33]].concat());
    refused(Rtype::NSEC3, &[1, 0, 0, 0, 0, 255, 1]);
    refused(Rtype::NSEC3PARAM, &[1, 0, 0, 0, 255]);
    for cut in 0..soa_data(1).len() {
        refused(Rtype::SOA, &soa_data(1)[..cut]);
    }
    refused(Rtype::SOA, &[&soa_data(1)[..], &[0]].concat());
}

/// As long as they may be: stored, answered in whole over TCP, written and read again.
#[test]
fn lengths_that_are_at_their_limit() {
    let svcb =
        |len: u16| [&[0, 1, 0, 0xff, 0xfe][..], &len.to_be_bytes(), &vec![9; usize::from(len)]].concat();
    let strings = [&[255][..], &[b'"'; 255]].concat();
    let records = [
        (Rtype::SVCB, svcb(20_000)),
        (Rtype::APL, [[0, 1, 32, 4, 1, 2, 3, 4], [0, 1, 32, 0x84, 1, 2, 3, 5]].concat().repeat(100)),
        (Rtype::APL, vec![0xff, 0xff, 255, 127].into_iter().chain([1; 127]).collect()),
        (Rtype::HIP, [&[255, 2, 3, 0][..], &[7; 255 + 768], &[0], &[1, b'a', 0]].concat()),
        (Rtype::TXT, strings.repeat(50)),
        (Rtype(260), vec![10, 0x83, 0xff]),
        (Rtype::NXT, vec![0, 0xff]),
        (Rtype::DNSKEY, vec![1, 1, 3, 250]),
        (Rtype::ZONEMD, vec![0, 0, 0, 1, 1, 1, 5]),
        (Rtype(65_280), vec![0; 30_000]),
    ];
    let good: Vec<_> =
        records.into_iter().filter(|(rtype, rdata)| check_rdata(*rtype, rdata).is_ok()).collect();
    assert!(good.len() >= 9, "{}", good.len());
    let zone = zone_of(&good);
    survives_export(&zone);
    for (rtype, _) in &good {
        assert_eq!(answers(&zone, *rtype), good.iter().filter(|row| row.0 == *rtype).count(), "{rtype}");
    }
}

/// How many records of a type come over TCP.
fn answers(zone: &Snapshot, rtype: Rtype) -> usize {
    let mut query = [0; 100];
    let mut writer = Writer::new(&mut query, 7, Flags::default()).unwrap();
    writer.question(name("x.example.com").as_ref(), rtype, Class::IN).unwrap();
    writer.record(Section::Additional, NameRef::ROOT, Rtype::OPT, Class(4096), 0x8000, &[]).unwrap();
    let len = writer.finish();
    let config = AnswerConfig::default();
    let context = AnswerContext::new(&config, Transport::Tcp, [192, 0, 2, 1].into(), UnixTime(0));
    let mut out = vec![0; 65_535];
    let answered = zone.answer(&query[..len], &context, &mut out).unwrap();
    assert_eq!((answered.rcode.0, answered.truncated), (0, false));
    check_with_hickory(&out[..answered.len]).answers.len()
}

/// Every type without data: in a message, in a zone, in text. What may be empty stays so, and the rest is
/// refused.
#[test]
fn no_data_at_all() {
    let mut empty = Vec::new();
    for number in (1..=300).chain([32_768, 32_769, 61_440, 65_280, 65_401, 65_433, 65_535]) {
        let rtype = Rtype(number);
        match check_rdata(rtype, &[]) {
            _ if rtype.is_meta() => refused_as_meta(rtype),
            Err(_) => refused(rtype, &[]),
            Ok(()) => empty.push((rtype, Vec::new())),
        }
    }
    for rtype in [Rtype::A, Rtype::NS, Rtype::TXT, Rtype::SOA, Rtype::DHCID, Rtype::NSEC, Rtype::SVCB] {
        assert!(!empty.contains(&(rtype, Vec::new())), "{rtype}");
    }
    assert!(empty.contains(&(Rtype::APL, Vec::new())) && empty.contains(&(Rtype::NULL, Vec::new())));
    let zone = zone_of(&empty);
    survives_export(&zone);
    for (rtype, _) in &empty {
        // hickory-proto reads no empty data outside of an UPDATE, so that only we read it.
        assert_eq!(zone.get(name("x.example.com").as_ref(), *rtype).unwrap().rdatas().next(), Some(&[][..]));
    }
}

fn refused_as_meta(rtype: Rtype) {
    let apex = name("example.com");
    let error = Builder::new(apex.as_ref()).push(apex.as_ref(), rtype, 0, &[]).unwrap_err();
    assert!(matches!(error, ddi_dns::ZoneError::MetaType { .. }), "{rtype}: {error}");
}

/// Signatures that say that they cover what no zone has.
#[test]
fn signatures_of_meta_types() {
    let covered =
        [Rtype::ANY, Rtype::AXFR, Rtype::IXFR, Rtype::OPT, Rtype::TSIG, Rtype(0), Rtype::RRSIG, Rtype(128)];
    let signature = |rtype: Rtype| {
        let fixed = [&rtype.0.to_be_bytes()[..], &[8, 3], &[0; 14]].concat();
        (Rtype::RRSIG, [&fixed[..], name("example.com").as_ref().wire(), &[1, 2, 3]].concat())
    };
    let mut records: Vec<_> = covered.map(signature).to_vec();
    records.push((Rtype::A, vec![192, 0, 2, 1]));
    let zone = zone_of(&records);
    assert_eq!(zone.records(), 2 + covered.len() as u64);
    // They are not sent with other data, and come to who asks for signatures.
    assert_eq!(answers(&zone, Rtype::A), 1);
    assert_eq!(answers(&zone, Rtype::RRSIG), covered.len());
    assert!(!check(&zone).is_empty());
    survives_export(&zone);
    // Each can be taken away again.
    let mut edit = ddi_dns::Edit::new(&zone);
    for (rtype, rdata) in &records[..covered.len()] {
        assert!(edit.remove(name("x.example.com").as_ref(), *rtype, rdata));
    }
    let (_, next) = edit.finish(ddi_dns::SerialPolicy::Increment, UnixTime(0)).unwrap().unwrap();
    assert_eq!(next.records(), 2);
}
