//! Zone files: what the parser takes and refuses, and that what the writer writes is read back as it was.

use ddi_dns::zone::{Builder, Snapshot};
use ddi_dns::zonefile::{Config, GENERATE_MAX, INCLUDE_MAX, Parser, RECORD_TEXT_MAX, Step, Writer};
use ddi_dns::zonefile::{ZoneFileError, ZoneFileFault, check};
use ddi_dns::{Name, RecordRef, Rtype};

#[path = "zonefile/examples.rs"]
mod examples;

/// How many records of the example are written in the `\#` form: those of obsolete types and new ones, which
/// other servers may not read by name, and those without a form.
const GENERIC: usize = 32;

/// A record of its own.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Row(Vec<u8>, u32, Rtype, Vec<u8>);

impl Row {
    fn of(record: &RecordRef<'_>) -> Self {
        Self(record.owner.wire().into(), record.ttl, record.rtype, record.rdata.into())
    }
}

fn origin() -> Name {
    "example.com.".parse().unwrap()
}

/// All records of the text, or the first error.
fn read(text: &[u8]) -> Result<Vec<Row>, ZoneFileError> {
    let mut parser = Parser::new(&Config::new("z", origin().as_ref()));
    parser.push(text);
    parser.end();
    let mut rows = Vec::new();
    loop {
        match parser.step()? {
            Step::Record(record) => rows.push(Row::of(&record)),
            Step::Include(_) => return Err(parser.refuse("no files here")),
            Step::Text | Step::End => return Ok(rows),
        }
    }
}

fn write(rows: &[Row]) -> Vec<u8> {
    let mut text = Vec::new();
    let mut writer = Writer::new(origin().as_ref(), &mut text);
    for Row(owner, ttl, rtype, rdata) in rows {
        let owner = Name::from_wire(owner).unwrap();
        writer.write(owner.as_ref(), *ttl, *rtype, rdata, &mut text);
    }
    text
}

#[track_caller]
fn error(text: &str) -> String {
    read(text.as_bytes()).expect_err("a fault").to_string()
}

#[test]
fn every_type_is_written_as_it_was_read() {
    let rows = read(examples::ZONE.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
    let text = write(&rows);
    assert_eq!(read(&text).unwrap(), rows, "{}", String::from_utf8_lossy(&text));
    let generic = String::from_utf8(text).unwrap().matches("\\#").count();
    assert_eq!(generic, GENERIC, "records in the \\# form");
}

#[test]
fn bytes_without_a_text_form_are_written_as_bytes() {
    let odd: &[(Rtype, &[u8])] = &[
        (Rtype::SVCB, &[0, 1, 0, 0, 3, 0, 1, 5]),
        (Rtype::SVCB, &[0, 1, 0, 0, 0, 0, 2, 0, 9]),
        (Rtype::SVCB, &[0, 1, 0, 0, 1, 0, 1, 0]),
        (Rtype::LOC, &[1; 16]),
        (Rtype::LOC, &[0, 0xff, 0x12, 0x13, 1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4]),
        (Rtype::DS, &[0, 1, 8, 2]),
        (Rtype::DNSKEY, &[1, 0, 3, 8]),
        (Rtype::IPSECKEY, &[1, 0, 0, 1, 2, 3]),
        (Rtype::HIP, &[0, 1, 0, 0]),
        (Rtype::APL, &[0, 9, 1, 1, 1]),
        (Rtype::NULL, &[1, 2, 3]),
        (Rtype(65280), &[]),
        (Rtype(65280), &[0xab; 300]),
        (Rtype::WKS, &[1, 2, 3, 4, 6, 1, 0]),
        (Rtype::NXT, &[0, 0x80, 1]),
    ];
    let owner = origin();
    let rows: Vec<Row> = odd
        .iter()
        .map(|(rtype, rdata)| Row(owner.as_ref().wire().into(), 7, *rtype, rdata.to_vec()))
        .collect();
    let text = write(&rows);
    assert_eq!(read(&text).unwrap(), rows, "{}", String::from_utf8_lossy(&text));
    assert_eq!(String::from_utf8(text).unwrap().matches("\\#").count(), odd.len());
}

#[test]
fn names_keep_their_case_and_their_odd_bytes() {
    let rows = read(b"$TTL 1\nWwW NS A\\.b.Example.COM.\n\\000\\255\\ \\;\\\" NS @\n* NS .\n").unwrap();
    assert_eq!(rows[0].0, b"\x03WwW\x07example\x03com\0");
    assert_eq!(rows[0].3, b"\x03A.b\x07Example\x03COM\0");
    assert_eq!(rows[1].0, b"\x05\x00\xff ;\"\x07example\x03com\0");
    assert_eq!(read(&write(&rows)).unwrap(), rows);
}

#[test]
fn ttls_come_from_where_rfc_1035_and_2308_say() {
    let ttls = |text: &str| -> Vec<u32> {
        read(text.as_bytes()).unwrap_or_else(|error| panic!("{error}")).iter().map(|row| row.1).collect()
    };
    let soa = "@ SOA a b 1 2 3 4 5\n";
    // The last one stated, if there is no $TTL.
    assert_eq!(ttls("a 7 A 1.2.3.4\na A 1.2.3.4\na 1h30m A 1.2.3.4\na A 1.2.3.4\n"), [7, 7, 5400, 5400]);
    assert_eq!(ttls("$TTL 9\na 7 A 1.2.3.4\na A 1.2.3.4\n"), [7, 9]);
    // None at all: that of negative answers.
    assert_eq!(ttls(&format!("{soa}a A 1.2.3.4\n")), [5, 5]);
    assert_eq!(error("a A 1.2.3.4\n"), "z:1:12: no ttl here, and none before");
}

#[test]
fn generate_expands() {
    let owners = |text: &str| -> Vec<String> {
        let rows = read(text.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
        rows.iter().map(|row| Name::from_wire(&row.0).unwrap().to_string()).collect()
    };
    let text = "$TTL 1\n$GENERATE 1-3 a$ A 192.0.2.$\nb A 192.0.2.9\n";
    assert_eq!(owners(text), ["a1.example.com.", "a2.example.com.", "a3.example.com.", "b.example.com."]);
    assert_eq!(read(text.as_bytes()).unwrap()[2].3, [192, 0, 2, 3]);
    let text = "$TTL 1\n$GENERATE 8-16/8 x${2,4,x}-\\$ TXT \"${-8,3,o}\" ; so\n";
    assert_eq!(owners(text), ["x000a-\\$.example.com.", "x0012-\\$.example.com."]);
    assert_eq!(read(text.as_bytes()).unwrap()[1].3, b"\x03010");
    assert_eq!(owners("$TTL 1\n$GENERATE 18-18 ${0,7,n}.z NS @\n"), ["2.1.0.0.z.example.com."]);
    for (range, fault) in [
        ("5-1", "a range must rise"),
        ("0-65536", "more than 65536 records"),
        ("0-2147483647", "more than 65536 records"),
        ("1-2/0", "a range must rise"),
        ("1", "a range is start-stop or start-stop/step"),
    ] {
        let text = format!("$TTL 1\n$GENERATE {range} a$ A 1.2.3.4\n");
        assert!(error(&text).ends_with(fault), "{}", error(&text));
    }
    assert!(error("$TTL 1\n$GENERATE 1-2 a${-5} A 1.2.3.4\n").ends_with("a number is below 0"));
    assert!(error("$TTL 1\n$GENERATE 1-2 $$GENERATE A 1.2.3.4 (\n").ends_with("text ends in parentheses"));
    assert_eq!(owners(&format!("$TTL 1\n$GENERATE 1-{GENERATE_MAX} a$ A 1.2.3.4\n")).len(), 65_536);
}

#[test]
fn files_in_one_another_are_bounded() {
    let mut parser = Parser::new(&Config::new("z", origin().as_ref()));
    let mut depth = 0;
    let error = loop {
        match parser.step() {
            Ok(Step::Text) => {
                parser.push(b"$INCLUDE \"z\"\n");
                parser.end();
            }
            Ok(Step::Include(include)) => {
                assert_eq!((&*include.file, &*include.from), ("z", "z"));
                depth += 1;
            }
            Ok(step) => panic!("{step:?}"),
            Err(error) => break error,
        }
    };
    assert_eq!((error.fault.clone(), depth), (ZoneFileFault::IncludeDepth, INCLUDE_MAX - 1));
    assert!(error.is_fatal());
    assert_eq!(parser.step(), Ok(Step::End));
}

#[test]
fn included_paths_stay_below() {
    let below = |file: &str| {
        let mut parser = Parser::new(&Config::new("z", origin().as_ref()));
        parser.push(format!("$INCLUDE \"{file}\"\n").as_bytes());
        let Ok(Step::Include(include)) = parser.step() else { panic!("a file") };
        include.path_below().map(str::to_owned)
    };
    assert_eq!(below("a/b.zone").as_deref(), Some("a/b.zone"));
    for bad in ["/etc/passwd", "../x", "a/../x", "a/..", "", "a//b", "c:x", "a\\\\..\\\\x", "\\000"] {
        assert_eq!(below(bad), None, "{bad}");
    }
}

#[test]
fn a_fault_costs_one_record_and_says_where() {
    let text = b"$TTL 1\na A 1.2.3\nb A ( 1.2.3.4\n 5 ; x )\n )\nc A 1.2.3.4\nd TXT \"x\ne A 1.2.3.5\n";
    let mut parser = Parser::new(&Config::new("z", origin().as_ref()));
    parser.push(text);
    parser.end();
    let (mut errors, mut owners) = (Vec::new(), Vec::new());
    loop {
        match parser.step() {
            Ok(Step::Record(record)) => owners.push(record.owner.to_string()),
            Ok(Step::End) => break,
            Ok(step) => panic!("{step:?}"),
            Err(error) => errors.push(error.to_string()),
        }
    }
    assert_eq!(owners, ["c.example.com.", "e.example.com."]);
    let expected =
        ["z:2:5: an IPv4 address expected", "z:4:2: something follows the data", "z:7:7: quote out of place"];
    assert_eq!(errors, expected);
}

#[test]
fn hostile_text_is_bounded() {
    // A record that never ends, pushed in pieces.
    let mut parser = Parser::new(&Config::new("z", origin().as_ref()));
    let mut pushed = 0;
    let error = loop {
        match parser.step() {
            Ok(Step::Text) => {
                parser.push(if pushed == 0 { b"a 1 TXT (\n" } else { b"\"some text that goes on\"\n" });
                pushed += 1;
            }
            Ok(step) => panic!("{step:?}"),
            Err(error) => break error,
        }
    };
    assert!(pushed <= 2 * RECORD_TEXT_MAX / 20, "{pushed}");
    assert!(error.is_fatal(), "{error}");
    // Data that is too long.
    let long = format!("a 1 TXT ({})\n", "\"0123456789\"\n".repeat(6000));
    assert!(error_of(&long).ends_with("data is longer than 65535 bytes"));
    let long = format!("a 1 DHCID {}\n", "AAAA".repeat(30_000));
    assert!(error_of(&long).ends_with("data is longer than 65535 bytes"));
    // A line that never ends.
    let mut parser = Parser::new(&Config::new("z", origin().as_ref()));
    let error = loop {
        match parser.step() {
            Ok(Step::Text) => parser.push(&[b'a'; 65536]),
            Ok(step) => panic!("{step:?}"),
            Err(error) => break error,
        }
    };
    assert_eq!(error.fault, ZoneFileFault::RecordTooLong);
}

fn error_of(text: &str) -> String {
    error(text)
}

#[test]
fn other_classes_and_meta_types_are_refused() {
    assert!(error("$TTL 1\na CH A 1.2.3.4\n").ends_with("class is not that of the zone"));
    for meta in ["ANY", "OPT", "TYPE250", "AXFR", "BOGUS"] {
        let text = format!("$TTL 1\na {meta} \\# 0\n");
        assert!(error(&text).ends_with("type is not known, or never in a zone"), "{meta}");
    }
    assert_eq!(read(b"$TTL 1\r\na CLASS1 TYPE1 \\# 4 01020304\r\n").unwrap()[0].3, [1, 2, 3, 4]);
}

/// The zone of a text, which may include one other file; errors with their place.
fn load(text: &str, included: &str) -> Result<Snapshot, ZoneFileError> {
    let mut parser = Parser::new(&Config::new("z", origin().as_ref()));
    let mut builder = Builder::new(origin().as_ref());
    parser.push(text.as_bytes());
    parser.end();
    loop {
        match parser.step()? {
            Step::Record(record) => {
                let pushed = builder.push(record.owner, record.rtype, record.ttl, record.rdata);
                pushed.map_err(|error| parser.place(error))?;
            }
            Step::Include(_) => {
                parser.push(included.as_bytes());
                parser.end();
            }
            Step::Text => panic!("it was ended"),
            Step::End => return builder.finish().map_err(|error| parser.place(error)),
        }
    }
}

#[test]
fn what_a_zone_has_against_a_record_is_told_with_its_place() {
    let soa = "$TTL 1\n@ SOA a b 1 2 3 4 5\n";
    assert_eq!(load(&format!("{soa}@ SOA A b ( 1 2\n 3 4 5 )\n"), "").unwrap().records(), 1);
    let cases = [
        (
            "www A 192.0.2.1\n\n; text\nwww.example.org. A 192.0.2.1\n",
            "",
            "z:6:1: www.example.org. is not in the zone",
        ),
        ("www ( A\n 192.0.2.1 )\n\n  TXT (\n x )\nx. TXT y\n", "", "z:8:1: x. is not in the zone"),
        ("@ SOA a b (\n 1 2 3 4 6 )\n", "", "z:3:1: zone has more than one SOA"),
        ("a SOA a b 1 2 3 4 5", "", "z:3:1: a.example.com.: SOA is not at the apex"),
        ("$INCLUDE other\n", "x A 192.0.2.1\n\nx.org. A 192.0.2.2\n", "other:3:1: x.org. is not in the zone"),
        ("$INCLUDE other\nx.org. A 192.0.2.2\n", "x A 192.0.2.1\n\n", "z:4:1: x.org. is not in the zone"),
        ("\n$GENERATE 1-3 h$.org. A 192.0.2.$\n", "", "z:4:1: h1.org. is not in the zone"),
    ];
    for (text, included, expected) in cases {
        assert_eq!(load(&format!("{soa}{text}"), included).expect_err(text).to_string(), expected);
    }
    // Of the whole: where it ends.
    let none = load("$TTL 1\nwww A 192.0.2.1\n", "").unwrap_err();
    assert_eq!(none.to_string(), "z:3:1: zone has no SOA");
    assert!(matches!(none.fault, ZoneFileFault::Zone(ddi_dns::ZoneError::NoSoa)) && !none.is_fatal());
    assert_eq!(load("", "").unwrap_err().to_string(), "z:1:1: zone has no SOA");
}

/// Where the records stand that a zone's faults are about.
#[test]
fn faults_of_the_zone_as_a_whole_are_told_with_their_places() {
    let text = "$TTL 1\n@ SOA a b 1 2 3 4 5\na CNAME b\n\na NSEC b.example.com. CNAME\na TXT x\na NSEC c A\n\
                sub NS ns.sub\n    NS ns.elsewhere.\n    DS 1 8 2 00\n$GENERATE 1-2 h$ NS ns.h$\n";
    let faults = check(&load(text, "").unwrap());
    let mut parser = Parser::new(&Config::new("z", origin().as_ref()));
    parser.push(text.as_bytes());
    parser.end();
    let mut places = vec![String::new(); faults.len()];
    while let Step::Record(record) = parser.step().unwrap() {
        let these: Vec<_> = (0..faults.len()).filter(|nth| faults[*nth].is_of(&record)).collect();
        these.into_iter().for_each(|nth| places[nth] = parser.place(faults[nth].clone()).to_string());
    }
    places.retain(|place| !place.contains("NSEC"));
    assert_eq!(
        places,
        [
            "z:2:1: example.com.: the apex has no NS",
            "z:6:1: a.example.com.: CNAME and other data",
            "z:11:1: h1.example.com.: no address of the name server ns.h1.example.com. that is in the zone",
            "z:11:1: h2.example.com.: no address of the name server ns.h2.example.com. that is in the zone",
            "z:9:1: sub.example.com.: no address of the name server ns.sub.example.com. that is in the zone",
            "z:10:1: sub.example.com.: DS of key 1 has digest type 2, unknown or of another length",
        ]
    );
}

/// What can't be in the zone does not keep the parser from what follows.
#[test]
fn after_a_record_of_another_zone_the_next_is_read() {
    let mut parser = Parser::new(&Config::new("z", origin().as_ref()));
    let mut builder = Builder::new(origin().as_ref());
    parser.push(b"$TTL 1\nx.org. A 192.0.2.1\n@ SOA a b 1 2 3 4 5\ny.org. A 192.0.2.1\n");
    parser.end();
    let mut told = Vec::new();
    while let Step::Record(record) = parser.step().unwrap() {
        if let Err(error) = builder.push(record.owner, record.rtype, record.ttl, record.rdata) {
            told.push(parser.place(error).line);
        }
    }
    assert_eq!((told, builder.finish().unwrap().records()), (vec![2, 4], 1));
}
