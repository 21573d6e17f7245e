#![no_main]

#[path = "../bodies/query.rs"]
mod query;

libfuzzer_sys::fuzz_target!(|data: &[u8]| query::query(data));
