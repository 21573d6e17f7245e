//! Transfers, NOTIFY and TSIG with BIND, Knot and NSD, each as our primary and as our secondary, through
//! hundreds of random edits, after each of which both sides' zones are compared record by record. Needs the
//! daemons, `dig`, `nsupdate` and BIND's tools for signed zones.
//!
//! Each daemon in each role: deltas with a whole zone now and then, unsigned and with a key; and whole zones only,
//! unsigned and with a key. The zone's refresh is an hour: what comes sooner came by NOTIFY.

#[path = "interop_xfr/configs.rs"]
mod configs;
#[path = "interop_xfr/daemon.rs"]
mod daemon;
#[path = "interop_xfr/follow.rs"]
mod follow;
#[path = "interop_xfr/host.rs"]
mod host;
#[path = "interop_xfr/lead.rs"]
mod lead;
#[path = "interop_xfr/model.rs"]
mod model;
#[path = "../../ddi-core/tests/support/port.rs"]
mod port;
#[path = "interop_xfr/records.rs"]
mod records;

use daemon::{Kind, SECRET, Setup};
use ddi_dns::Name;
use ddi_dns::tsig::{Algorithm, Key};
use ddi_dns::zone::Strictness;
use std::net::SocketAddr;

/// Edits of each daemon in each role, unsigned; and as many with a key.
const ROUNDS: usize = 60;
/// Of these many edits one is followed by a transfer of the whole zone.
const WHOLE_EVERY: usize = 40;
/// Edits that are each followed by a transfer of the whole zone.
const WHOLE_ROUNDS: usize = 6;

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn key(algorithm: Option<Algorithm>) -> Option<Key> {
    // The bytes that SECRET is in base 64.
    let bytes = b"secret of the tests, 32 bytes long!";
    assert!(SECRET.starts_with("c2VjcmV0IG9mIHRoZSB0ZXN0cywgMzIgYnl0ZXMgbG9uZyE"));
    algorithm.map(|algorithm| Key::new(name("xfr").as_ref(), algorithm, bytes).unwrap())
}

fn addr(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// A daemon at a free port; `ours` is told when our side has one.
fn setup(kind: Kind, key: Option<Algorithm>) -> Setup {
    Setup { kind, port: port::free_port(), ours: 0, key, ixfr: true }
}

/// `kind` is our primary: unsigned and with a key, by deltas and by whole zones.
fn is_primary(kind: Kind, algorithm: Algorithm) {
    for key in [None, Some(algorithm)] {
        follow::by_deltas(setup(kind, key), Strictness::Exact);
        follow::by_whole_zones(setup(kind, key));
    }
}

/// `kind` is our secondary: unsigned and with a key, by deltas and by whole zones.
fn is_secondary(kind: Kind, algorithm: Algorithm) {
    for key in [None, Some(algorithm)] {
        lead::by_deltas(setup(kind, key), key.is_some());
        lead::by_whole_zones(setup(kind, key));
    }
}

#[test]
#[ignore = "needs BIND"]
fn bind_as_primary() {
    is_primary(Kind::Bind, Algorithm::HmacSha512);
}

#[test]
#[ignore = "needs Knot"]
fn knot_as_primary() {
    is_primary(Kind::Knot, Algorithm::HmacSha384);
}

#[test]
#[ignore = "needs NSD"]
fn nsd_as_primary() {
    is_primary(Kind::Nsd, Algorithm::HmacSha224);
}

/// Its deltas add records that are there already, which exactly don't fit.
#[test]
#[ignore = "needs NSD"]
fn nsd_as_primary_whose_deltas_are_taken_as_they_come() {
    for key in [None, Some(Algorithm::HmacSha256)] {
        follow::by_deltas(setup(Kind::Nsd, key), Strictness::Tolerant);
    }
}

#[test]
#[ignore = "needs BIND"]
fn bind_as_secondary() {
    is_secondary(Kind::Bind, Algorithm::HmacSha1);
}

#[test]
#[ignore = "needs Knot"]
fn knot_as_secondary() {
    is_secondary(Kind::Knot, Algorithm::HmacSha256);
}

#[test]
#[ignore = "needs NSD"]
fn nsd_as_secondary() {
    is_secondary(Kind::Nsd, Algorithm::HmacSha512);
}
