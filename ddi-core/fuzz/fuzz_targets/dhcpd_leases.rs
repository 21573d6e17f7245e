#![no_main]

#[path = "../bodies/dhcpd_leases.rs"]
mod body;
#[path = "../bodies/lease_file.rs"]
mod lease_file;

libfuzzer_sys::fuzz_target!(|data: &[u8]| body::dhcpd_leases(data));
