//! The zone file parser against the cases of Knot's zone scanner: each file's records, and where it is
//! wrong, must come out as they stand in its `.out` file.

use ddi_dns::zonefile::{Config, Include, Parser, Step, ZoneFileError};
use ddi_dns::{Name, NameRef};
use std::path::{Path, PathBuf};

/// What comes out of a file, in order: a record as `.out` files write it, or whether an error is fatal.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Out {
    Record(String),
    Wrong { fatal: bool },
}

/// Where we do something else: file, the line of the text, and why.
const DIFFERENT: &[(&str, &str, &str)] = &[
    ("00-2_general", "$ORIGIN .", "lines may end in CR LF, as those of files from Windows do"),
    ("01_owner", "&\tNS", "RFC 1035 section 5.1 gives & no meaning that a backslash would take away"),
    ("01_owner", "a,\tNS", "nor a comma"),
    ("01_owner", "a,b\tNS", "nor a comma"),
    ("01_owner", ",b\tNS", "nor a comma"),
    ("01_owner", "\tNS\t@\t; Bad previous", "so that the owner before is a good one"),
    ("02_class", "@\tCLASS1\tNS", "RFC 3597 section 5: CLASS1 is IN"),
    ("14_NS", "@\tNS\t&", "RFC 1035 section 5.1"),
    ("14_NS", "@\tNS\ta,", "RFC 1035 section 5.1"),
    ("14_NS", "@\tNS\ta,b", "RFC 1035 section 5.1"),
    ("14_NS", "@\tNS\t,b", "RFC 1035 section 5.1"),
    ("26_SRV", "@\tSRV\t0\t0\t0\t%", "RFC 1035 section 5.1 gives % no meaning"),
    ("29_CERT", "@\tCERT\t0\t0\t0\tAA ==", "RFC 4034 section 2.2: white space may be anywhere in base64"),
    ("30_KEY", "@\tKEY\t0\t0\t0\tAA ==", "RFC 4034 section 2.2"),
    ("31_DNSKEY", "@\tDNSKEY\t0\t0\t0\tAA ==", "RFC 4034 section 2.2"),
    ("36_RRSIG", "@\tRRSIG\tA\t0\t0\t0\t0\t0\t0\t.\tAA ==", "RFC 4034 section 3.2"),
    ("36_RRSIG", "@\tRRSIG\tA\t0\t0\t0\t0\t0\t0\ta%\tAA==", "RFC 1035 section 5.1 gives % no meaning"),
    ("38_DHCID", "@\tDHCID\tAA ==", "RFC 4701 section 3.2: white space may be anywhere in base64"),
    ("47_L64", "0000:0000:0000:000\t", "BIND writes these groups without leading zeros"),
    ("50_CDNSKEY", "@\tCDNSKEY\t0\t0\t0\tAA ==", "RFC 4034 section 2.2"),
];

fn folder() -> PathBuf {
    let root = std::env::var_os("DDI_VECTORS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors"), PathBuf::from);
    let folder = root.join("dns/knot-zscanner");
    assert!(folder.is_dir(), "no vectors in {}: set DDI_VECTORS", folder.display());
    folder
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// What `.out` says.
fn expected(path: &Path) -> Vec<Out> {
    let text = std::fs::read_to_string(path).unwrap();
    let mut out = Vec::new();
    for part in text.split("------\n").map(str::trim).filter(|part| !part.is_empty()) {
        match part {
            // The outer file's word for an error that was told already.
            "ERROR=ZS_UNPROCESSED_INCLUDE" => {}
            _ if part.starts_with("ERROR=") => out.push(Out::Wrong { fatal: true }),
            _ if part.starts_with("WARNG=") => out.push(Out::Wrong { fatal: false }),
            _ => out.push(Out::Record(part.to_owned())),
        }
    }
    out
}

/// Opens an included file beside the one that asks, as Knot does.
fn open(folder: &Path, include: &Include) -> Result<Vec<u8>, String> {
    let beside = folder.join(&*include.from);
    let path = beside.parent().unwrap().join(&*include.file);
    std::fs::read(&path).map_err(|error| error.to_string())
}

/// What we say, with the line of each. `piece` bytes are pushed at a time.
fn found(folder: &Path, name: &str, text: &[u8], piece: usize) -> Vec<(Out, u64)> {
    let mut config = Config::new(name, NameRef::ROOT);
    config.ttl = Some(0);
    let mut parser = Parser::new(&config);
    let mut texts = vec![(text.to_vec(), 0)];
    let mut out = Vec::new();
    let wrong = |error: &ZoneFileError| (Out::Wrong { fatal: error.is_fatal() }, error.line);
    loop {
        match parser.step() {
            Ok(Step::Record(record)) => {
                let row = format!(
                    "OWNER={}\nCLASS={:04X}\nRRTTL={:08X}\nRTYPE={:04X}\nRDATA={}",
                    hex(record.owner.wire()),
                    record.class.0,
                    record.ttl,
                    record.rtype.0,
                    hex(record.rdata)
                );
                out.push((Out::Record(row), 0));
            }
            Ok(Step::Text) => {
                let (text, at) = texts.last_mut().unwrap();
                let end = text.len().min(*at + piece);
                parser.push(&text[*at..end]);
                *at = end;
                if end == text.len() {
                    parser.end();
                    texts.pop();
                }
            }
            Ok(Step::Include(include)) => match open(folder, &include) {
                Ok(text) => texts.push((text, 0)),
                Err(reason) => out.push(wrong(&parser.refuse(&reason))),
            },
            Ok(Step::End) => return out,
            Err(error) => out.push(wrong(&error)),
        }
    }
}

#[test]
fn every_case_comes_out_as_it_must() {
    let folder = folder();
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".in").map(str::to_owned))
        .collect();
    names.sort();
    assert!(names.len() >= 91, "only {} cases", names.len());
    let (mut problems, mut cases, mut used) = (Vec::new(), 0, Vec::new());
    for name in &names {
        let text = std::fs::read(folder.join(format!("{name}.in"))).unwrap();
        let text = String::from_utf8(text).unwrap().replace("@TMPDIR@", folder.to_str().unwrap());
        let expected = expected(&folder.join(format!("{name}.out")));
        cases += expected.len();
        let all = found(&folder, &format!("{name}.in"), text.as_bytes(), 7);
        assert_eq!(all, found(&folder, &format!("{name}.in"), text.as_bytes(), usize::MAX >> 1), "{name}");
        compare(name, &text, &expected, &all, &mut problems, &mut used);
    }
    for (file, line, _) in DIFFERENT {
        if !used.contains(&(*file, *line)) {
            problems.push(format!("{file}: {line:?} is not different any more"));
        }
    }
    assert!(problems.is_empty(), "{} of {cases} cases:\n{}", problems.len(), problems.join("\n"));
    println!("{cases} cases, {} of them different for a reason", DIFFERENT.len());
}

/// Walks both; an error of theirs that we accept must be listed.
fn compare(
    name: &str,
    text: &str,
    expected: &[Out],
    found: &[(Out, u64)],
    problems: &mut Vec<String>,
    used: &mut Vec<(&'static str, &'static str)>,
) {
    let mut found = found.iter().peekable();
    let mut listed = DIFFERENT.iter().filter(|row| row.0 == name).peekable();
    for (i, out) in expected.iter().enumerate() {
        match found.peek() {
            Some((ours, _)) if ours == out => {
                found.next();
            }
            ours => match listed.peek() {
                Some(&&(file, line, _)) if matches!(out, Out::Wrong { .. }) && text.contains(line) => {
                    used.push((file, line));
                    listed.next();
                    // Ours has a record there, but for a directive.
                    if !line.starts_with('$') {
                        found.next_if(|(ours, _)| matches!(ours, Out::Record(_)));
                    }
                }
                _ => {
                    problems.push(format!("{name} case {i}: want {out:?}, have {ours:?}"));
                    return;
                }
            },
        }
    }
    if let Some(more) = found.next() {
        problems.push(format!("{name}: {more:?} more than wanted"));
    }
}

#[test]
fn errors_say_where() {
    let folder = folder();
    let text = std::fs::read(folder.join("10_A.in")).unwrap();
    let origin: Name = "example.".parse().unwrap();
    let mut parser = Parser::new(&Config::new("10_A.in", origin.as_ref()));
    parser.push(&text);
    parser.end();
    let mut errors = Vec::new();
    loop {
        match parser.step() {
            Ok(Step::End) => break,
            Ok(_) => {}
            Err(error) => errors.push(error.to_string()),
        }
    }
    let expected = [
        "10_A.in:13:4: an address is missing",
        "10_A.in:14:4: an address is missing",
        "10_A.in:15:9: data is cut short",
        "10_A.in:16:5: an IPv4 address expected",
        "10_A.in:17:5: an IPv4 address expected",
        "10_A.in:18:5: an IPv4 address expected",
        "10_A.in:19:13: something follows the data",
    ];
    assert_eq!(errors, expected);
}
