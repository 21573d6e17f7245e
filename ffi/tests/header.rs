//! `include/ddi.h` is what cbindgen makes of `ffi/src`, chapter by chapter. `DDI_BLESS=1` writes it.

#[path = "support/support.rs"]
mod support;

use support::{ffi, header, is_blessing};

#[test]
fn header_is_what_the_sources_say() {
    let made = header::make();
    let path = ffi().join("../include/ddi.h");
    if is_blessing() {
        std::fs::write(&path, &made).expect("writing the header");
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    let first = made.lines().zip(there.lines()).position(|(a, b)| a != b);
    assert!(
        made == there,
        "include/ddi.h differs from what the sources give, first in line {:?}: DDI_BLESS=1 cargo test -p ddi-ffi --test header",
        first.map(|n| n + 1)
    );
}
