#![no_main]

#[path = "../bodies/zone_file.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|data: &[u8]| body::zone_file(data));
