#![no_main]

#[path = "../bodies/tsig.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|data: &[u8]| body::tsig(data));
