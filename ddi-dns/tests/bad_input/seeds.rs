//! BIND's fuzzing seeds through our parsers: each by what BIND feeds it to, and messages by all that read
//! messages. The bodies are those of our own fuzz targets, which check what they make of the bytes.

use ddi_dns::rr::check_rdata;
use ddi_dns::zonefile::{Config, Parser, Step, Writer};
use ddi_dns::{Name, NameRef, Rtype};
use std::path::{Path, PathBuf};

#[path = "../../fuzz/bodies/message.rs"]
#[allow(unreachable_pub, reason = "also a module of the fuzz target")]
mod message;
#[path = "../../fuzz/bodies/name.rs"]
#[allow(unreachable_pub, reason = "also a module of the fuzz target")]
mod name;
#[path = "../../fuzz/bodies/query.rs"]
#[allow(unreachable_pub, reason = "also a module of the fuzz target")]
mod query;
#[path = "../../fuzz/bodies/tsig.rs"]
#[allow(unreachable_pub, reason = "also a module of the fuzz target")]
mod tsig;
#[path = "../../fuzz/bodies/update.rs"]
#[allow(unreachable_pub, reason = "also a module of the fuzz target")]
mod update;
#[path = "../../fuzz/bodies/xfr_in.rs"]
#[allow(unreachable_pub, reason = "also a module of the fuzz target")]
mod xfr_in;
#[path = "../../fuzz/bodies/zone_file.rs"]
#[allow(unreachable_pub, reason = "also a module of the fuzz target")]
mod zone_file;

/// The seeds of one of BIND's targets: names and bytes. `least` guards against a folder that lost its files.
fn seeds(target: &str, least: usize) -> Vec<(String, Vec<u8>)> {
    let root = std::env::var_os("DDI_VECTORS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors"), PathBuf::from);
    let folder = root.join("dns/bind-fuzz").join(format!("{target}.in"));
    let files = std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut seeds: Vec<_> = files
        .map(|file| file.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(&path).unwrap()))
        .collect();
    seeds.sort();
    assert!(seeds.len() >= least, "{} in {}", seeds.len(), folder.display());
    seeds
}

#[test]
fn messages() {
    let mut readable = 0;
    for (_, bytes) in seeds("dns_message_parse", 300) {
        message::message(&bytes);
        update::update(&bytes);
        tsig::tsig(&bytes);
        for choice in [0, 5, 16, 63] {
            query::query(&[&[choice], &bytes[..]].concat());
        }
        for choice in 0..4 {
            xfr_in::xfr_in(&[&[choice], &bytes[..]].concat());
        }
        xfr_in::xfr_in(&bytes);
        readable += usize::from(is_message(&bytes));
    }
    // They are taken from the traffic of BIND's own tests.
    assert!(readable >= 250, "{readable}");
}

fn is_message(bytes: &[u8]) -> bool {
    let read = || {
        let mut reader = ddi_dns::message::Reader::new(bytes)?;
        while reader.record()?.is_some() {}
        reader.finish()
    };
    read().is_ok()
}

#[test]
fn names() {
    for (_, bytes) in seeds("dns_name_fromwire", 47) {
        name::name(&bytes);
        message::message(&bytes);
        // As the name in a question.
        let question = [&[0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0], &bytes[..], &[0, 1, 0, 1]].concat();
        message::message(&question);
        query::query(&[&[0], &question[..]].concat());
    }
}

/// Texts that BIND reads and we do not.
const NOT_OURS: [(&str, &str); 18] = [
    ("amtrelay", "a mnemonic that we do not know: TYPE260 is read"),
    ("any_tsig", "never in a zone"),
    ("ch_a", "zones are of class IN"),
    ("class1234_type65533", "zones are of class IN"),
    ("doa", "a mnemonic that we do not know"),
    ("gid", "a mnemonic that we do not know"),
    ("hs_a", "zones are of class IN"),
    ("in_a6", "RFC 6563 made it historic: in the form of RFC 3597 only"),
    ("in_atma", "in the form of RFC 3597 only"),
    ("keydata", "BIND's own"),
    ("null", "RFC 1035 section 3.3.10: not in zone files, but in the form of RFC 3597"),
    ("opt", "never in a zone"),
    ("sink", "in the form of RFC 3597 only"),
    ("svbc-max-token", "no type"),
    ("tkey", "never in a zone"),
    ("uid", "a mnemonic that we do not know"),
    ("uinfo", "a mnemonic that we do not know"),
    ("unspec", "a mnemonic that we do not know"),
];

#[test]
fn data_from_text() {
    let mut refused = Vec::new();
    for (file, text) in seeds("dns_rdata_fromtext", 87) {
        let line = [b"x 1 ", &text[..]].concat();
        zone_file::zone_file(&line);
        if let Err(error) = record(&line) {
            refused.push((file, error));
        }
    }
    let expected: Vec<&str> = NOT_OURS.iter().map(|row| row.0).collect();
    let found: Vec<&str> = refused.iter().map(|row| row.0.as_str()).collect();
    assert_eq!(found, expected, "{refused:#?}");
}

/// The one record of a line.
fn record(line: &[u8]) -> Result<(Rtype, Vec<u8>), String> {
    let mut parser = Parser::new(&Config::new("f", NameRef::ROOT));
    parser.push(line);
    parser.end();
    match parser.step() {
        Ok(Step::Record(record)) => Ok((record.rtype, record.rdata.to_vec())),
        Ok(other) => Err(format!("{other:?}")),
        Err(error) => Err(error.to_string()),
    }
}

/// BIND's target takes two bytes as the type and two as the class; here the rest, and all of it, is data of
/// every type.
#[test]
fn data_from_wire() {
    let mut good = 0;
    for (file, bytes) in seeds("dns_rdata_fromwire_text", 45) {
        message::message(&bytes);
        for number in (1..=300).chain([32_768, 32_769, 61_440, 65_280, 65_401, 65_433]) {
            for data in [&bytes[..], bytes.get(4..).unwrap_or(&[]), bytes.get(2..).unwrap_or(&[])] {
                let rtype = Rtype(number);
                if !rtype.is_meta() && data.len() < 65_536 && check_rdata(rtype, data).is_ok() {
                    good += 1;
                    assert_eq!(record(&written(rtype, data)).as_ref(), Ok(&(rtype, data.to_vec())), "{file}");
                }
            }
        }
    }
    assert!(good > 1000, "{good}");
}

fn written(rtype: Rtype, data: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    let owner: Name = "x.".parse().unwrap();
    Writer::new(NameRef::ROOT, &mut text).write(owner.as_ref(), 1, rtype, data, &mut text);
    text
}
