#![no_main]

#[path = "../bodies/server_ops.rs"]
mod server_ops;

libfuzzer_sys::fuzz_target!(|data: &[u8]| server_ops::server_ops(data));
