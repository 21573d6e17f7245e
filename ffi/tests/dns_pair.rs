//! `zone_mirror` follows `zone_server`, both examples as they are: under sanitizers, linked static and shared, and under
//! valgrind. Nothing else takes part; `tests/dns_examples.rs` has them with the programs of others.

#[path = "support/support.rs"]
mod support;

use std::path::Path;
use std::process::Command;
use support::c::{Folder, Linkage, PLAIN, SANITIZED, compile, link, under_valgrind};
use support::ffi;
use support::zones::{mirror, port, server, zone_text};

fn follows(test: &str, flags: &[&str], linkage: Linkage, command: impl Fn(&Path) -> Command) {
    let folder = Folder::new(test);
    let program = |name: &str| {
        let object = compile(&ffi().join("examples").join(format!("{name}.c")), flags, folder.path());
        command(&link(&object, flags, linkage))
    };
    let (primary, secondary) = (port(), port());
    let (file, copy) = (folder.path().join("zone"), folder.path().join("copy"));
    std::fs::write(&file, zone_text(50)).expect("a file");
    let serves = server(program("zone_server"), primary, &folder.sub("primary"), &file, Some(secondary));
    let mut mirrors = mirror(program("zone_mirror"), secondary, &folder.sub("mirror"), primary, &copy);
    assert_eq!(mirrors.wait_for("serial").trim(), "serial 10, 103 records");
    mirrors.end();
    serves.end();
    let copied = std::fs::read_to_string(&copy).expect("the copy");
    assert!(copied.contains("the host with number 49"), "{copied}");
}

#[test]
fn a_mirror_follows_under_sanitizers_linked_static() {
    follows("pair-static", &SANITIZED, Linkage::Static, |program| Command::new(program));
}

#[test]
fn a_mirror_follows_under_sanitizers_linked_shared() {
    follows("pair-shared", &SANITIZED, Linkage::Shared, |program| Command::new(program));
}

#[test]
fn a_mirror_follows_under_valgrind() {
    follows("pair-valgrind", &PLAIN, Linkage::Shared, under_valgrind);
}
