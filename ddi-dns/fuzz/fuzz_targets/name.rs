#![no_main]

#[path = "../bodies/name.rs"]
mod name;

libfuzzer_sys::fuzz_target!(|data: &[u8]| name::name(data));
