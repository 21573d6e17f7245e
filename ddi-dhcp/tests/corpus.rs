//! Runs the bodies of the fuzz targets over their corpus and over mutations of it, so that they are
//! tested without a fuzzer.

#[path = "../fuzz/bodies/message_round_trip.rs"]
#[allow(unreachable_pub, reason = "also a module of the fuzz target")]
mod message_round_trip;
#[path = "../fuzz/bodies/packet_view.rs"]
#[allow(unreachable_pub, reason = "also a module of the fuzz target")]
mod packet_view;
#[path = "../fuzz/bodies/server_ops.rs"]
#[allow(unreachable_pub, reason = "also a module of the fuzz target")]
mod server_ops;
#[path = "../../ddi-core/tests/corpus/support.rs"]
mod support;

use support::run;

/// Pad, end, and the options that change how the rest is read.
const TELLING: [u8; 6] = [0, 1, 4, 52, 82, 255];

#[test]
fn packet_view_corpus() {
    run("packet_view", &TELLING, 4000, packet_view::packet_view);
}

#[test]
fn message_round_trip_corpus() {
    run("message_round_trip", &TELLING, 2000, message_round_trip::message_round_trip);
}

#[test]
fn server_ops_corpus() {
    run("server_ops", &TELLING, 20, server_ops::server_ops);
}
