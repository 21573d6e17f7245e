//! Runs the bodies of the fuzz targets over their corpus and over mutations of it, so that they are
//! tested without a fuzzer.

#[path = "../fuzz/bodies/journal.rs"]
#[allow(unreachable_pub, reason = "also a module of the fuzz target")]
mod journal;
#[path = "../fuzz/bodies/message.rs"]
#[allow(unreachable_pub, reason = "also a module of the fuzz target")]
mod message;
#[path = "../fuzz/bodies/name.rs"]
#[allow(unreachable_pub, reason = "also a module of the fuzz target")]
mod name;
#[path = "../fuzz/bodies/query.rs"]
#[allow(unreachable_pub, reason = "also a module of the fuzz target")]
mod query;
#[path = "../../ddi-core/tests/corpus/support.rs"]
mod support;
#[path = "../fuzz/bodies/tsig.rs"]
#[allow(unreachable_pub, reason = "also a module of the fuzz target")]
mod tsig;
#[path = "../fuzz/bodies/update.rs"]
#[allow(unreachable_pub, reason = "also a module of the fuzz target")]
mod update;
#[path = "../fuzz/bodies/xfr_in.rs"]
#[allow(unreachable_pub, reason = "also a module of the fuzz target")]
mod xfr_in;
#[path = "../fuzz/bodies/zone_file.rs"]
#[allow(unreachable_pub, reason = "also a module of the fuzz target")]
mod zone_file;

use support::run;

#[test]
fn zone_file_corpus() {
    run("zone_file", b" \t\n()\"\\;$@.=,#-09", 1000, zone_file::zone_file);
}

/// Types, classes, lengths and pointers.
const MESSAGE_BYTES: [u8; 12] = [0, 1, 2, 5, 6, 12, 28, 49, 250, 254, 255, 0xc0];

#[test]
fn message_corpus() {
    run("message", &MESSAGE_BYTES, 1000, message::message);
}

#[test]
fn name_corpus() {
    run("name", b"\0\x01\x02\x3f\x40\xc0\xff.\\*a09", 1000, name::name);
}

#[test]
fn tsig_corpus() {
    run("tsig", &MESSAGE_BYTES, 500, tsig::tsig);
}

#[test]
fn update_corpus() {
    run("update", &MESSAGE_BYTES, 500, update::update);
}

#[test]
fn journal_corpus() {
    run("journal", &[0, 1, 2, 3, 4, 5, 6, 22, 255], 150, journal::journal);
}

#[test]
fn query_corpus() {
    run("query", &MESSAGE_BYTES, 1000, query::query);
}

#[test]
fn xfr_in_corpus() {
    run("xfr_in", &MESSAGE_BYTES, 300, xfr_in::xfr_in);
}
