#![no_main]

#[path = "../bodies/kea_csv.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|data: &[u8]| body::kea_csv(data));
