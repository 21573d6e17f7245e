//! The shared library exports what the header declares, which is what `abi/symbols.txt` lists, and nothing else. A
//! library that was made for tests has `ddi_testing_...` besides. The header's numbers are the library's.
//! `DDI_BLESS=1` writes the list.

#[path = "support/support.rs"]
mod support;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::process::Command;
use support::c::{Folder, Linkage, PLAIN, compile, libraries, link};
use support::prototypes::Header;
use support::{bless, run};

#[test]
fn exported_are_the_functions_of_the_header() {
    let header = Header::read();
    assert!(header.functions.len() > 300);
    let said = run(Command::new("nm").args(["-D", "--defined-only"]).arg(libraries().join("libddi.so")));
    let exported: BTreeSet<&str> = said.lines().filter_map(|line| line.split(' ').next_back()).collect();
    let declared: BTreeSet<&str> = header.functions.iter().map(|function| function.name.as_str()).collect();
    let missing: Vec<_> = declared.difference(&exported).collect();
    let others: Vec<_> = exported.difference(&declared).collect();
    assert!(missing.is_empty() && others.is_empty(), "not exported: {missing:?}; not declared: {others:?}");
    assert!(exported.iter().all(|name| name.starts_with("ddi_")));

    let testing: Vec<_> = header.functions.iter().filter(|function| function.is_testing).collect();
    assert!(!testing.is_empty() && testing.iter().all(|function| function.name.starts_with("ddi_testing_")));
    let installed = declared.iter().filter(|name| !name.starts_with("ddi_testing"));
    bless("symbols", "abi/symbols.txt", &installed.fold(String::new(), |all, name| all + name + "\n"));
}

/// Compiles and runs a program that is made here; gives what it says.
fn said_by(name: &str, body: &str) -> String {
    let folder = Folder::new(name);
    let source = folder.path().join(format!("{name}.c"));
    let text = format!("#include <ddi.h>\n#include <stdio.h>\nint main(void) {{\n{body}return 0;\n}}\n");
    std::fs::write(&source, text).expect("a file");
    let object = compile(&source, &PLAIN, folder.path());
    run(&mut Command::new(link(&object, &PLAIN, Linkage::Shared)))
}

#[test]
fn versions_are_the_crates() {
    let said = said_by(
        "version",
        "printf(\"%d.%d.%d\\n%s\\n\", DDI_VERSION_MAJOR, DDI_VERSION_MINOR, DDI_VERSION_PATCH, ddi_version());\n\
         printf(\"%d\\n%u\\n\", DDI_VERSION_NUMBER, ddi_version_number());\n",
    );
    let crates = env!("CARGO_PKG_VERSION");
    let number = crates.split('.').fold(0, |all, part| all * 1000 + part.parse::<u32>().expect("a number"));
    assert_eq!(said, format!("{crates}\n{crates}\n{number}\n{number}\n"));
    let soname = run(Command::new("objdump").arg("-p").arg(libraries().join("libddi.so")));
    let (major, minor) = (env!("CARGO_PKG_VERSION_MAJOR"), env!("CARGO_PKG_VERSION_MINOR"));
    let abi = if major == "0" { format!("0.{minor}") } else { major.to_owned() };
    let is_named = |line: &str| line.split_whitespace().eq(["SONAME", &format!("libddi.so.{abi}")]);
    assert!(soname.lines().any(is_named), "no soname for {abi} in {soname}");
}

#[test]
fn statuses_have_their_names_and_texts() {
    let statuses = Header::read().statuses;
    assert!(statuses.len() >= 30);
    let mut body = String::new();
    for name in &statuses {
        writeln!(body, "printf(\"%d {name} %s\\n\", {name}, ddi_status_name({name}));").expect("a string");
        writeln!(body, "if (!*ddi_status_text({name})) puts(\"{name} has no text\");").expect("a string");
    }
    // And none is named that the header does not have.
    body.push_str(
        "for (int s = -2000; s < 2000; s++) if (ddi_status_name(s)[6] != 'U') printf(\"%d\\n\", s);\n",
    );
    body.push_str("puts(ddi_status_name(-2000)); puts(ddi_status_text(INT32_MIN));\n");
    let said = said_by("statuses", &body);
    let mut lines = said.lines();
    let mut numbers = BTreeSet::new();
    for (line, name) in lines.by_ref().take(statuses.len()).zip(&statuses) {
        let words: Vec<_> = line.split(' ').collect();
        assert!(matches!(words[..], [_, a, b] if a == b && a == name), "{line}");
        assert!(numbers.insert(words[0].parse::<i32>().expect("a number")), "{line}: twice");
    }
    let named: Vec<&str> = lines.collect();
    let (named, rest) = named.split_at(numbers.len());
    assert!(named.iter().map(|s| s.parse::<i32>().expect(s)).eq(numbers), "{named:?}");
    assert_eq!(rest, ["DDI_E_UNKNOWN", "not a status of this library"]);
}
