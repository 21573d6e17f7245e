#![no_main]

#[path = "../bodies/dhcpd_leases.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|data: &[u8]| body::dhcpd_leases(data));
