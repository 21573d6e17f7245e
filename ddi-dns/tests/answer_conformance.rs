//! Answers that NSD's tests hold to be right: each zone, question and expected section is one of theirs.

#[path = "answer/support.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod support;

use ddi_dns::Snapshot;
use ddi_dns::answer::Transport;
use ddi_dns::zone::{Builder, Zone, ZoneSet};
use ddi_dns::zonefile::{Config, Parser, Step};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use support::{Ask, Told, check_with_hickory, context, minimal, name};

/// A file of one of the tests.
fn read(test: &str, file: &str) -> String {
    let root = std::env::var_os("DDI_VECTORS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors"), PathBuf::from);
    let path = root.join(format!("dns/nsd-tpkg/{test}.tdir/{test}.{file}"));
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn zone(apex: &str, text: &str) -> Snapshot {
    let apex = name(apex);
    let mut parser = Parser::new(&Config::new("zone", apex.as_ref()));
    let mut builder = Builder::new(apex.as_ref());
    parser.push(text.as_bytes());
    parser.end();
    loop {
        match parser.step().unwrap_or_else(|e| panic!("{e}")) {
            Step::Record(r) => builder.push(r.owner, r.rtype, r.ttl, r.rdata).unwrap(),
            Step::End => return builder.finish().unwrap(),
            other => panic!("{other:?}"),
        }
    }
}

/// A server of these zones: apexes, and files of the test.
fn server(test: &str, zones: &[(&str, &str)]) -> ZoneSet {
    let mut set = ZoneSet::new();
    for (apex, file) in zones {
        set.insert(Arc::new(Zone::new(zone(apex, &read(test, file)))));
    }
    set
}

fn ask(set: &ZoneSet, owner: &str, rtype: &str) -> Told {
    let (config, mut out) = (minimal(), [0; 1232]);
    let query = Ask::new(owner, rtype).bytes();
    let answered = set.answer(&query, &context(&config, Transport::Udp), &mut out).unwrap();
    check_with_hickory(&out[..answered.len]);
    Told::of(&out[..answered.len])
}

/// What dig printed of a section.
fn expected(test: &str, file: &str) -> Vec<String> {
    let text = read(test, file);
    let line = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut lines: Vec<_> = text.lines().map(line).filter(|line| !line.is_empty()).collect();
    lines.sort();
    lines
}

/// ANY has no NS in the authority section beside those in the answer.
#[test]
fn any_at_the_apex() {
    let set = server("bug034_any", &[("example.nl.", "zone")]);
    let told = ask(&set, "example.nl.", "ANY");
    assert_eq!(told.sections[1], expected("bug034_any", "known_good_respons1"));
    assert!(!told.sections[0].is_empty());
}

#[test]
fn an_empty_non_terminal_has_no_data() {
    let set = server("bug052_ent", &[("miek.nl.", "zone")]);
    let told = ask(&set, "b.miek.nl.", "A");
    assert_eq!((told.rcode, told.authoritative), (0, true));
    assert_eq!(told.sections[1], expected("bug052_ent", "known_good_respons1"));
}

/// A name before the one below it in the file, and after it.
#[test]
fn the_order_of_a_file_does_not_matter() {
    let set = server("bug072_parent", &[("abc.", "order-abc_zone"), ("bac.", "order-bac_zone")]);
    for (owner, file) in [("a.abc.", "known_good_respons1"), ("a.bac.", "known_good_respons2")] {
        assert_eq!(ask(&set, owner, "A").sections[0], expected("bug072_parent", file));
    }
}

/// A zone whose apex is a wildcard in the zone above.
#[test]
fn a_zone_named_as_a_wildcard() {
    let set = server("bug095_screwy_wc", &[("example.", "zone1"), ("*.example.", "zone2")]);
    let told = ask(&set, "www2.*.example.", "TXT");
    let text = read("bug095_screwy_wc", "known_good_respons1");
    assert!(text.contains("status: NXDOMAIN") && text.contains("flags: qr aa"), "{text}");
    assert!(text.contains("ANSWER: 0, AUTHORITY: 1, ADDITIONAL: 0"), "{text}");
    assert_eq!((told.rcode, told.authoritative), (3, true));
    assert_eq!(told.sections.each_ref().map(Vec::len), [0, 1, 0]);
    // And what the zone has.
    assert_eq!(ask(&set, "www.*.example.", "TXT").sections[0].len(), 1);
}

/// RFC 2308 section 3: the SOA with its minimum, where a positive answer has the data's TTL.
#[test]
fn the_ttl_of_a_negative_answer() {
    let set = server("bug103_nx_soa_ttl", &[("miek.nl.", "zone")]);
    let found = ask(&set, "miek.nl.", "A");
    assert_eq!(found.sections[0], expected("bug103_nx_soa_ttl", "known_good_respons1"));
    let missing = ask(&set, "blaat.miek.nl.", "A");
    assert_eq!(missing.rcode, 3);
    assert_eq!(missing.sections[1], expected("bug103_nx_soa_ttl", "known_good_respons2"));
}
