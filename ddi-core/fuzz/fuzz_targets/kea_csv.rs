#![no_main]

#[path = "../bodies/kea_csv.rs"]
mod body;
#[path = "../bodies/lease_file.rs"]
mod lease_file;

libfuzzer_sys::fuzz_target!(|data: &[u8]| body::kea_csv(data));
