//! Runs the bodies of the fuzz targets over their corpus and over mutations of it, so that they are
//! tested without a fuzzer.

#[path = "../fuzz/bodies/dhcpd_leases.rs"]
#[allow(unreachable_pub, reason = "also a module of the fuzz target")]
mod dhcpd_leases;
#[path = "../fuzz/bodies/kea_csv.rs"]
#[allow(unreachable_pub, reason = "also a module of the fuzz target")]
mod kea_csv;
#[path = "../fuzz/bodies/lease_file.rs"]
#[allow(unreachable_pub, reason = "also a module of the fuzz targets")]
mod lease_file;
#[path = "../fuzz/bodies/log_replay.rs"]
#[allow(unreachable_pub, reason = "also a module of the fuzz target")]
mod log_replay;
#[path = "corpus/support.rs"]
mod support;

use support::run;

#[test]
fn kea_csv_corpus() {
    run("kea_csv", b",\"\n\\&#:0", 1000, kea_csv::kea_csv);
}

#[test]
fn dhcpd_leases_corpus() {
    run("dhcpd_leases", b",;{}\"\n\\#:0", 1000, dhcpd_leases::dhcpd_leases);
}

#[test]
fn log_replay_corpus() {
    run("log_replay", &[0, 1, 2, 255], 300, log_replay::log_replay);
}
