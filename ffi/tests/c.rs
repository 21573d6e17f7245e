//! Every C program here, in `examples/` and `tests/`: compiled without a warning, linked with the static library and
//! with the shared one, and run under the address and undefined-behaviour sanitizers and under valgrind. A tool that
//! is missing is a failure.

#[path = "support/support.rs"]
mod support;

use std::path::{Path, PathBuf};
use std::process::Command;
use support::c::{
    Folder, Linkage, PLAIN, SANITIZED, STRICT, THREADS, compile, execute, for_each, link, under_valgrind,
};
use support::{ffi, run};

/// Servers that run until they are ended; `tests/dns_pair.rs` has the two of them, and `tests/dns_examples.rs` has
/// them with clients of others.
const WITH_ARGUMENTS: [&str; 2] = ["zone_server", "zone_mirror"];

fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in ["examples", "tests"] {
        let files = std::fs::read_dir(ffi().join(folder)).expect("a folder");
        let paths = files.map(|file| file.expect("a file").path());
        found.extend(paths.filter(|path| path.extension().is_some_and(|end| end == "c")));
    }
    found.sort();
    assert!(found.len() >= 11, "{found:?}");
    found
}

fn name(source: &Path) -> String {
    source.file_stem().expect("a file").to_string_lossy().into_owned()
}

/// A program runs by itself and finds nothing wrong; one that needs arguments says so.
fn ends_well(source: &Path, command: &mut Command, folder: &Path) -> Result<(), String> {
    let said = execute(command, folder);
    if !WITH_ARGUMENTS.contains(&name(source).as_str()) {
        return said.map(|_| ());
    }
    match said {
        Err(text) if text.contains("exit status: 2\n") => Ok(()),
        other => Err(format!("no arguments, and yet: {other:?}")),
    }
}

#[test]
fn programs_run_clean_under_sanitizers_linked_static_and_shared() {
    let folder = Folder::new("sanitized");
    for_each(&sources(), |source| {
        let own = folder.sub(&name(source));
        let object = compile(source, &SANITIZED, &own);
        for linkage in [Linkage::Static, Linkage::Shared] {
            let program = link(&object, &SANITIZED, linkage);
            ends_well(source, &mut Command::new(program), &own)?;
        }
        Ok(())
    });
}

#[test]
fn programs_leak_nothing_under_valgrind() {
    let folder = Folder::new("valgrind");
    for_each(&sources(), |source| {
        let own = folder.sub(&name(source));
        let object = compile(source, &PLAIN, &own);
        ends_well(source, &mut under_valgrind(&link(&object, &PLAIN, Linkage::Shared)), &own)
    });
}

/// What the threads of a program do to each other by the library's doing. `dns_threads.c` is not for it: its threads
/// share versions of a zone, whose reference counts this sanitizer does not see, as Rust was not compiled for it.
#[test]
fn threads_do_not_race() {
    let folder = Folder::new("threads");
    let object = compile(&ffi().join("tests/threads.c"), &THREADS, folder.path());
    let program = link(&object, &THREADS, Linkage::Static);
    execute(&mut Command::new(program), folder.path()).unwrap_or_else(|said| panic!("{said}"));
}

#[test]
fn the_header_is_all_that_a_program_includes() {
    let folder = Folder::new("header");
    for (compiler, standard, file) in [("gcc", "-std=c11", "alone.c"), ("g++", "-std=c++17", "alone.cpp")] {
        let path = folder.path().join(file);
        std::fs::write(&path, "#include <ddi.h>\n").expect("a file");
        for defined in ["-UDDI_TESTING", "-DDDI_TESTING"] {
            let mut command = Command::new(compiler);
            command.arg(standard).args(&STRICT[1..]).arg(defined).arg("-fsyntax-only");
            run(command.arg("-I").arg(ffi().join("../include")).arg(&path));
        }
    }
}
