//! Zones of others, as text, and all records of a zone in order, to be compared.

use super::daemon::ZONE;
use ddi_dns::rr::{Rtype, canonical_rdata};
use ddi_dns::zone::{Builder, Snapshot};
use ddi_dns::zonefile::{Config, Parser, Step};
use ddi_dns::{Name, NameRef};

/// The zone that a text is. Signatures of messages, which `dig` prints as records, are no part of it.
pub(crate) fn parsed(text: &str) -> Snapshot {
    let apex: Name = ZONE.parse().unwrap();
    let mut parser = Parser::new(&Config::new("text", apex.as_ref()));
    for line in text.lines().filter(|line| !line.contains("\tTSIG\t")) {
        parser.push(line.as_bytes());
        parser.push(b"\n");
    }
    parser.end();
    let mut builder = Builder::new(apex.as_ref());
    loop {
        match parser.step() {
            Ok(Step::Record(r)) => builder.push(r.owner, r.rtype, r.ttl, r.rdata).unwrap(),
            Ok(Step::End) => return builder.finish().unwrap_or_else(|error| panic!("{error}\n{text}")),
            Ok(_) => {}
            Err(error) => panic!("{error}\n{text}"),
        }
    }
}

/// All records. Without `case`, that of names does not count: not all servers keep it.
pub(crate) fn rows(zone: &Snapshot, case: bool) -> Vec<String> {
    let mut walk = zone.walk();
    let mut rows = Vec::new();
    while let Some(r) = walk.next() {
        rows.push(row(r.owner, r.ttl, r.rtype, r.rdata, case));
    }
    rows
}

fn row(owner: NameRef<'_>, ttl: u32, rtype: Rtype, rdata: &[u8], case: bool) -> String {
    let (mut owner, mut rdata) = (owner.to_string(), rdata.to_vec());
    if !case {
        owner.make_ascii_lowercase();
        let mut canonical = Vec::new();
        canonical_rdata(rtype, &rdata, &mut canonical).unwrap();
        rdata = canonical;
    }
    format!("{owner} {ttl} {rtype} {rdata:02x?}")
}

/// The same records on both sides, or else those that differ are told.
#[track_caller]
pub(crate) fn assert_same(ours: &Snapshot, theirs: &Snapshot, case: bool, what: &str) {
    let (ours, theirs) = (rows(ours, case), rows(theirs, case));
    let lacks: Vec<_> = ours.iter().filter(|row| !theirs.contains(row)).collect();
    let more: Vec<_> = theirs.iter().filter(|row| !ours.contains(row)).collect();
    assert!(ours == theirs, "{what}: only ours {lacks:#?}, only theirs {more:#?}");
}
