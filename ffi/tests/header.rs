//! `include/ddi.h` is what cbindgen makes of `ffi/src`, chapter by chapter. `DDI_BLESS=1` writes it.

#[path = "support/support.rs"]
mod support;

use support::{bless, header};

#[test]
fn header_is_what_the_sources_say() {
    bless("header", "../include/ddi.h", &header::make());
}
