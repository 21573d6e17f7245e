#![no_main]

#[path = "../bodies/xfr_in.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|data: &[u8]| body::xfr_in(data));
