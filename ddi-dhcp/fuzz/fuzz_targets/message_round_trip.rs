#![no_main]

#[path = "../bodies/message_round_trip.rs"]
mod message_round_trip;

libfuzzer_sys::fuzz_target!(|data: &[u8]| message_round_trip::message_round_trip(data));
