//! Runs the bodies of the fuzz targets over their corpus and over mutations of it, so that they are
//! tested without a fuzzer.

#[path = "../fuzz/bodies/endpoint_bytes.rs"]
#[allow(unreachable_pub, reason = "also a module of the fuzz target")]
mod endpoint_bytes;
#[path = "../fuzz/bodies/link.rs"]
#[allow(unreachable_pub, reason = "also a module of the fuzz target")]
mod link;
#[path = "../fuzz/bodies/pair_ops.rs"]
#[allow(unreachable_pub, reason = "also a module of the fuzz target")]
mod pair_ops;
#[path = "../../ddi-core/tests/corpus/support.rs"]
mod support;
#[path = "../fuzz/bodies/wire_v4.rs"]
#[allow(unreachable_pub, reason = "also a module of the fuzz target")]
mod wire_v4;

use support::run;

/// Numbers and lengths that are at the edge of something.
const TELLING: [u8; 5] = [0, 1, 4, 12, 255];

#[test]
fn wire_v4_corpus() {
    run("wire_v4", &TELLING, 2000, wire_v4::wire_v4);
}

#[test]
fn link_corpus() {
    run("link", &TELLING, 2000, link::link);
}

#[test]
fn endpoint_bytes_corpus() {
    run("endpoint_bytes", &TELLING, 200, endpoint_bytes::endpoint_bytes);
}

#[test]
fn pair_ops_corpus() {
    run("pair_ops", &TELLING, 30, pair_ops::pair_ops);
}
