//! Zones as text and back.

use ddi_dns::Snapshot;
use ddi_dns::zone::Builder;
use ddi_dns::zonefile::{Config, Parser, Step, Writer};

/// What is exported and loaded again is the same zone: owners, TTLs, types and data, to the byte.
#[track_caller]
pub(crate) fn survives_export(zone: &Snapshot) {
    let mut text = Vec::new();
    let mut writer = Writer::new(zone.apex(), &mut text);
    let mut walk = zone.walk();
    while let Some(record) = walk.next() {
        writer.write(record.owner, record.ttl, record.rtype, record.rdata, &mut text);
    }
    let again = load(zone, &text).unwrap_or_else(|e| panic!("{e}\n{}", String::from_utf8_lossy(&text)));
    assert_eq!(wire(&again), wire(zone), "{}", String::from_utf8_lossy(&text));
}

fn load(zone: &Snapshot, text: &[u8]) -> Result<Snapshot, String> {
    let mut parser = Parser::new(&Config::new("exported", zone.apex()));
    let mut builder = Builder::new(zone.apex());
    parser.push(text);
    parser.end();
    loop {
        match parser.step().map_err(|e| e.to_string())? {
            Step::Record(record) => {
                let pushed = builder.push(record.owner, record.rtype, record.ttl, record.rdata);
                pushed.map_err(|e| parser.place(e).to_string())?;
            }
            Step::End => return builder.finish().map_err(|e| parser.place(e).to_string()),
            other => return Err(format!("{other:?}")),
        }
    }
}

pub(crate) fn wire(zone: &Snapshot) -> Vec<u8> {
    let mut wire = Vec::new();
    let mut walk = zone.walk();
    while let Some(record) = walk.next() {
        record.emit(&mut wire);
    }
    wire
}
