#![no_main]

#[path = "../bodies/update.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|data: &[u8]| body::update(data));
