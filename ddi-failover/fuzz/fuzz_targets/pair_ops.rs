#![no_main]

#[path = "../bodies/pair_ops.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|data: &[u8]| body::pair_ops(data));
