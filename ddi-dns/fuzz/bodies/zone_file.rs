use ddi_dns::rr::check_rdata;
use ddi_dns::zone::Builder;
use ddi_dns::zonefile::{Config, FAULTS_MAX, Parser, Step, Writer, check};
use ddi_dns::{Name, NameRef, RecordRef, Rtype};

/// $GENERATE makes many of a few bytes.
const RECORDS_MAX: usize = 500;

type Row = (Vec<u8>, u32, Rtype, Vec<u8>);

fn row(record: &RecordRef<'_>) -> Row {
    (record.owner.wire().into(), record.ttl, record.rtype, record.rdata.into())
}

/// What comes out of a text that is pushed `piece` bytes at a time: records, or what is wrong.
fn parse(text: &[u8], piece: usize) -> Vec<Result<Row, String>> {
    let origin = NameRef::new(b"\x01z\x00").expect("a name");
    let mut parser = Parser::new(&Config::new("f", origin));
    let (mut out, mut pieces) = (Vec::new(), text.chunks(piece));
    while out.len() < RECORDS_MAX {
        match parser.step() {
            Ok(Step::Record(record)) => out.push(Ok(row(&record))),
            Ok(Step::Text) => match pieces.next() {
                Some(piece) => parser.push(piece),
                None => parser.end(),
            },
            Ok(Step::Include(_)) => {
                parser.push(b"included A 192.0.2.1");
                parser.end();
            }
            Ok(Step::End) => break,
            Err(error) => out.push(Err(error.to_string())),
        }
    }
    out
}

/// The zone that the records make, if they do, can be checked.
fn check_zone(apex: NameRef<'_>, rows: &[Row]) {
    let mut builder = Builder::new(apex);
    for (owner, ttl, rtype, rdata) in rows {
        // Those of other zones are refused.
        let _refused = builder.push(NameRef::new(owner).expect("a name"), *rtype, *ttl, rdata);
    }
    if let Ok(zone) = builder.finish() {
        assert!(check(&zone).len() <= FAULTS_MAX);
    }
}

/// A zone file: the pieces that it comes in make no difference, its records fit their layouts, and what is
/// written of them is read back as it was.
pub fn zone_file(data: &[u8]) {
    let out = parse(data, data.len().max(1));
    let piece = 1 + data.first().map_or(0, |&byte| usize::from(byte) % 32);
    assert_eq!(out, parse(data, piece), "in pieces of {piece}");
    let rows: Vec<Row> = out.into_iter().filter_map(Result::ok).collect();
    let origin: Name = "z.".parse().expect("a name");
    let mut text = Vec::new();
    let mut writer = Writer::new(origin.as_ref(), &mut text);
    for (owner, ttl, rtype, rdata) in &rows {
        assert_eq!(check_rdata(*rtype, rdata), Ok(()), "{rtype} {rdata:?}");
        writer.write(NameRef::new(owner).expect("a name"), *ttl, *rtype, rdata, &mut text);
    }
    check_zone(origin.as_ref(), &rows);
    let again: Vec<Row> = parse(&text, text.len())
        .into_iter()
        .map(|row| row.unwrap_or_else(|error| panic!("{error}")))
        .collect();
    assert_eq!(again, rows, "{}", String::from_utf8_lossy(&text));
}
