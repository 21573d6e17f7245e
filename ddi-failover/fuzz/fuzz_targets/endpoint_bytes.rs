#![no_main]

#[path = "../bodies/endpoint_bytes.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|data: &[u8]| body::endpoint_bytes(data));
