#![no_main]

#[path = "../bodies/packet_view.rs"]
mod packet_view;

libfuzzer_sys::fuzz_target!(|data: &[u8]| packet_view::packet_view(data));
