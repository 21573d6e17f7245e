#![no_main]

#[path = "../bodies/wire_v4.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|data: &[u8]| body::wire_v4(data));
