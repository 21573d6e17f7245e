//! The checkers of BIND, Knot and NSD read what our writer writes, and we read what they write of it:
//! the same records. They are installed by `.ci/run setup`.

use ddi_dns::zonefile::{Config, Parser, Step, Writer};
use ddi_dns::{Name, Rtype};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

#[path = "zonefile/examples.rs"]
mod examples;

/// BIND refuses the first three, which are obsolete; the others make a zone a signed one, which this is not.
const LEFT_OUT: [Rtype; 10] = [
    Rtype::MD,
    Rtype::MF,
    Rtype::NXT,
    Rtype::KEY,
    Rtype::SIG,
    Rtype::RRSIG,
    Rtype::NSEC,
    Rtype::NSEC3,
    Rtype::NSEC3PARAM,
    Rtype::DNSKEY,
];

type Rows = BTreeSet<(Vec<u8>, u32, u16, Vec<u8>)>;

fn read(text: &[u8]) -> Rows {
    let origin: Name = "example.com.".parse().unwrap();
    let mut parser = Parser::new(&Config::new("z", origin.as_ref()));
    parser.push(text);
    parser.end();
    let mut rows = Rows::new();
    loop {
        match parser.step() {
            Ok(Step::Record(record)) => {
                rows.insert((record.owner.wire().into(), record.ttl, record.rtype.0, record.rdata.into()));
            }
            Ok(Step::End) => return rows,
            other => panic!("{other:?}"),
        }
    }
}

/// A folder of this test's own, with our text of the example zone.
fn zone(name: &str) -> (PathBuf, Rows) {
    let folder = std::env::temp_dir().join(format!("ddi-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut rows = read(examples::ZONE.as_bytes());
    rows.retain(|row| !LEFT_OUT.contains(&Rtype(row.2)));
    assert!(rows.len() > 60);
    let origin: Name = "example.com.".parse().unwrap();
    let mut text = Vec::new();
    let mut writer = Writer::new(origin.as_ref(), &mut text);
    for (owner, ttl, rtype, rdata) in &rows {
        let owner = Name::from_wire(owner).unwrap();
        writer.write(owner.as_ref(), *ttl, Rtype(*rtype), rdata, &mut text);
    }
    std::fs::write(folder.join("zone"), &text).unwrap();
    (folder, rows)
}

fn run(folder: &Path, tool: &str, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(tool).args(arguments).current_dir(folder).output();
    let output = output.unwrap_or_else(|error| panic!("{tool}: {error}"));
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{tool}: {said}");
    output.stdout
}

#[track_caller]
fn assert_same(ours: &Rows, theirs: &Rows) {
    let lacks: Vec<_> = ours.difference(theirs).collect();
    let more: Vec<_> = theirs.difference(ours).collect();
    assert!(lacks.is_empty() && more.is_empty(), "lacks {lacks:?}\nmore {more:?}");
}

#[test]
#[ignore = "needs BIND's tools"]
fn bind_reads_it_and_we_read_what_bind_writes() {
    let (folder, rows) = zone("bind");
    for style in ["full", "relative"] {
        let arguments = ["-i", "none", "-k", "ignore", "-s", style, "-o", "out", "example.com", "zone"];
        run(&folder, "named-compilezone", &arguments);
        assert_same(&rows, &read(&std::fs::read(folder.join("out")).unwrap()));
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
#[ignore = "needs Knot's tools"]
fn knot_reads_it() {
    let (folder, _) = zone("knot");
    run(&folder, "kzonecheck", &["-o", "example.com", "zone"]);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
#[ignore = "needs NSD's tools"]
fn nsd_reads_it_and_we_read_what_nsd_writes() {
    let (folder, rows) = zone("nsd");
    let text = run(&folder, "nsd-checkzone", &["-p", "example.com", "zone"]);
    // Its last line is its verdict.
    let text = String::from_utf8(text).unwrap();
    let text: String =
        text.lines().filter(|line| !line.ends_with(" is ok")).map(|line| format!("{line}\n")).collect();
    assert_same(&rows, &read(text.as_bytes()));
    std::fs::remove_dir_all(folder).unwrap();
}
