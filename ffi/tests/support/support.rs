//! What the tests share: paths, tools, the header and its functions.
#![allow(dead_code, reason = "each test uses a part of it")]

pub(crate) mod header;

use std::path::{Path, PathBuf};

pub(crate) fn ffi() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Shall what is committed be written anew?
pub(crate) fn is_blessing() -> bool {
    std::env::var_os("DDI_BLESS").is_some_and(|v| v != "0")
}

pub(crate) fn read(path: &str) -> String {
    let path: PathBuf = ffi().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}
