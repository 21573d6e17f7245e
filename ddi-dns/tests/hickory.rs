//! hickory-proto's types from and to ours: no byte is lost, whatever the type, and whatever the bytes.

#[path = "zonefile/examples.rs"]
mod examples;

use ddi_dns::hickory::{HickoryError, rdata_of, typed_rdata};
use ddi_dns::rr::check_rdata;
use ddi_dns::zonefile::{Config, Parser, Step};
use ddi_dns::{Class, Name, NameError, RecordRef, Records, Rtype};
use hickory_proto::rr::rdata::{MX, NULL, TXT};
use hickory_proto::rr::{DNSClass, Label, Name as Theirs, RData, Record, RecordType};
use std::collections::BTreeSet;

/// Records of every type that has a form in zone files, and of two that nobody knows.
fn examples() -> Records {
    let origin: Name = "Example.com".parse().unwrap();
    let mut parser = Parser::new(&Config::new("z", origin.as_ref()));
    parser.push(examples::ZONE.as_bytes());
    parser.end();
    let mut records = Records::new();
    loop {
        match parser.step().unwrap() {
            Step::Record(record) => records.push(&record),
            Step::Include(_) => panic!("the example includes nothing"),
            Step::Text | Step::End => return records,
        }
    }
}

#[test]
fn records_of_every_type_come_back_as_they_were() {
    let mut unknown = BTreeSet::new();
    let records = examples();
    for record in &records {
        let typed = Record::try_from(&record).unwrap();
        assert_eq!((typed.ttl, u16::from(typed.record_type())), (record.ttl, record.rtype.0));
        if matches!(typed.data, RData::Unknown { .. }) {
            unknown.insert(record.rtype);
        }
        let back = Records::try_from(&typed).unwrap();
        assert_eq!((back.len(), back.first()), (1, Some(record)), "{}", record.rtype);
        // To the byte, with the case of letters.
        let mut wire = Vec::new();
        record.emit(&mut wire);
        assert_eq!(back.wire(), wire);
    }
    assert!(records.len() > 80);
    // What hickory-proto has types for is typed.
    let typed = [
        Rtype::A,
        Rtype::AAAA,
        Rtype::NS,
        Rtype::CNAME,
        Rtype::SOA,
        Rtype::PTR,
        Rtype::MX,
        Rtype::TXT,
        Rtype::SRV,
        Rtype::NAPTR,
        Rtype::HINFO,
        Rtype::CAA,
        Rtype::CERT,
        Rtype::CSYNC,
        Rtype::SSHFP,
        Rtype::TLSA,
        Rtype::SMIMEA,
        Rtype::OPENPGPKEY,
        Rtype::HTTPS,
        Rtype::NULL,
    ];
    assert_eq!(typed.map(|rtype| unknown.contains(&rtype)), [false; 20], "{unknown:?}");
    for rtype in [Rtype::DHCID, Rtype::DNAME, Rtype::RRSIG, Rtype::LOC, Rtype::MINFO, Rtype(65_282)] {
        assert!(unknown.contains(&rtype), "{rtype}");
    }
}

#[test]
fn names_of_any_bytes_and_length() {
    let longest = Name::from_wire(&[&[1, b'a'].repeat(127)[..], &[0]].concat()).unwrap();
    let widest = [&[63][..], &[0xff; 63], &[63], &[0; 63], &[63], &[b'.'; 63], &[61], &[b'Z'; 61], &[0]];
    let widest = Name::from_wire(&widest.concat()).unwrap();
    assert_eq!((longest.as_ref().wire().len(), widest.as_ref().wire().len()), (255, 255));
    let texts = [".", "com", "WWW.Example.com", "*.a\\.b.\\000\\255"].map(|text| text.parse().unwrap());
    for name in texts.iter().chain([&longest, &widest]) {
        let theirs = Theirs::try_from(name).unwrap();
        assert!(theirs.is_fqdn());
        let back = Name::try_from(&theirs).unwrap();
        assert_eq!(back.as_ref().wire(), name.as_ref().wire());
    }
    // Without its final dot it is the same.
    assert_eq!(Name::try_from(&Theirs::from_ascii("a.b").unwrap()).unwrap(), "a.b.".parse().unwrap());
}

/// A name that hickory-proto takes is one of ours, or the error says why not.
#[test]
fn names_that_only_hickory_takes() {
    let mut name = Theirs::root();
    let label = Label::from_raw_bytes(&[b'x'; 63]).unwrap();
    let mut longest = 0;
    while let Ok(longer) = name.clone().append_label(label.clone()) {
        name = longer;
        match Name::try_from(&name) {
            Ok(ours) => longest = ours.as_ref().wire().len(),
            Err(error) => assert!(matches!(error, HickoryError::Name(NameError::TooLong)), "{error}"),
        }
    }
    assert_eq!(longest, 1 + 3 * 64);
}

#[test]
fn what_is_typed_by_hand_is_checked() {
    let mx = RData::MX(MX::new(10, Theirs::from_ascii("Mail.example.com.").unwrap()));
    let wire = b"\x00\x0a\x04Mail\x07example\x03com\x00".to_vec();
    assert_eq!(rdata_of(&mx).unwrap(), (Rtype::MX, wire));
    let long = RData::TXT(TXT::new(vec!["x".repeat(256)]));
    assert!(matches!(rdata_of(&long), Err(HickoryError::Proto(_))));
    // It may hold anything for a type, and so data that is not of it.
    let wrong = RData::Unknown { code: RecordType::A, rdata: NULL::with(vec![1, 2, 3]) };
    assert!(matches!(rdata_of(&wrong), Err(HickoryError::Rdata(_))));
    let compressed =
        RData::Unknown { code: RecordType::from(14), rdata: NULL::with(vec![0xc0, 12, 0xc0, 12]) };
    assert!(matches!(rdata_of(&compressed), Err(HickoryError::Rdata(_))));
}

#[test]
fn no_data_is_what_an_update_removes() {
    let owner: Name = "host.example.com".parse().unwrap();
    let record = RecordRef { owner: owner.as_ref(), rtype: Rtype::A, class: Class::ANY, ttl: 0, rdata: &[] };
    let typed = Record::try_from(&record).unwrap();
    assert_eq!((typed.dns_class, &typed.data), (DNSClass::ANY, &RData::Update0(RecordType::A)));
    assert_eq!(Records::try_from(&typed).unwrap().first(), Some(record));
    // But not where a type may be without any.
    assert!(matches!(typed_rdata(Rtype(65_280), &[]).unwrap(), RData::Unknown { .. }));
}

/// xorshift64*.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32
    }
}

/// What it says of any bytes: an error exactly where they are not the type's, and else they come back.
fn told(rtype: Rtype, rdata: &[u8]) -> bool {
    let checked = check_rdata(rtype, rdata);
    match typed_rdata(rtype, rdata) {
        Ok(typed) => {
            assert_eq!(rdata_of(&typed).unwrap(), (rtype, rdata.to_vec()), "{rtype}");
            assert!(checked.is_ok() || rdata.is_empty());
            true
        }
        Err(error) => {
            assert_eq!(checked, Err(error));
            false
        }
    }
}

#[test]
fn any_bytes_of_any_type() {
    let mut random = Random(7);
    let (mut good, mut bad) = (0, 0);
    for rtype in (0..=300).chain([32_768, 32_769, 61_440, 65_280, 65_305, 65_401, 65_433, 65_535]) {
        for _ in 0..60 {
            let len = random.next() as usize % 40;
            let pick = |n: u64| [0, 1, 2, 4, 0x3f, 0xc0, 255, n as u8][(n >> 8) as usize % 8];
            let rdata: Vec<u8> = (0..len).map(|_| pick(random.next())).collect();
            *(if told(Rtype(rtype), &rdata) { &mut good } else { &mut bad }) += 1;
        }
    }
    assert!(good > 1000 && bad > 1000, "{good} {bad}");
    // Good data, bent.
    for record in &examples() {
        for at in 0..record.rdata.len() {
            let mut rdata = record.rdata.to_vec();
            rdata[at] = rdata[at].wrapping_add(1 + random.next() as u8 % 254);
            told(record.rtype, &rdata);
            told(record.rtype, &record.rdata[..at]);
        }
    }
}

/// Types whose names hickory-proto would follow pointers in: thousands in a row, each back to the one before.
#[test]
fn chains_of_pointers_in_the_data() {
    let mut chain = vec![0];
    for at in 0..8000_u16 {
        let target = if at == 0 { 0 } else { 2 * at - 1 };
        chain.extend_from_slice(&(0xc000 | target).to_be_bytes());
    }
    for rtype in 0..=u16::MAX {
        let mut rdata = chain[chain.len() - 2..].to_vec();
        rdata.extend_from_slice(&chain);
        if check_rdata(Rtype(rtype), &rdata).is_ok() && rtype % 97 != 0 && rtype > 300 && rtype != 65_305 {
            continue;
        }
        told(Rtype(rtype), &rdata);
    }
    told(Rtype(65_535), &vec![0xc0; 65_535]);
}
