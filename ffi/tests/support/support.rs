//! What the tests share: paths, tools, the header and its functions.
#![allow(dead_code, reason = "each test uses a part of it")]

pub(crate) mod arguments;
pub(crate) mod c;
pub(crate) mod header;
pub(crate) mod prototypes;
pub(crate) mod trials;
pub(crate) mod zones;

use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) fn ffi() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Shall what is committed be written anew?
pub(crate) fn is_blessing() -> bool {
    std::env::var_os("DDI_BLESS").is_some_and(|v| v != "0")
}

/// Compares what was made now with what is committed, after writing it if that is wanted.
pub(crate) fn bless(test: &str, path: &str, made: &str) {
    if is_blessing() {
        std::fs::write(ffi().join(path), made).unwrap_or_else(|e| panic!("{path}: {e}"));
    }
    let there = std::fs::read_to_string(ffi().join(path)).unwrap_or_default();
    let first = made.lines().zip(there.lines()).position(|(a, b)| a != b);
    assert!(
        made == there,
        "ffi/{path} is another, first in line {:?}: DDI_BLESS=1 cargo test -p ddi-ffi --test {test}",
        first.map(|n| n + 1)
    );
}

pub(crate) fn read(path: &str) -> String {
    let path: PathBuf = ffi().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Runs a tool to its end, which must be a good one; gives what it said.
pub(crate) fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (said, error) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{command:?}: {}\n{said}\n{error}", output.status);
    said + &error
}
