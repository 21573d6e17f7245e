#![no_main]

#[path = "../bodies/log_replay.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|data: &[u8]| body::log_replay(data));
