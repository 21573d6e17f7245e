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

use std::path::PathBuf;

/// A small generator (xorshift64*): the same mutations on every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % bound.max(1)
    }
}

/// The corpus files of a target, in the order of their names.
fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let files = std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut files: Vec<_> = files
        .map(|file| file.unwrap().path())
        .map(|path| (path.clone(), std::fs::read(path).unwrap()))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{target} has no corpus");
    files
}

/// Changes, cuts, doubles or joins bytes.
fn mutate(random: &mut Random, bytes: &mut Vec<u8>, other: &[u8]) {
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len());
        match random.below(6) {
            _ if bytes.is_empty() => bytes.extend_from_slice(other),
            0 => bytes[at] = random.below(256) as u8,
            1 => bytes[at] ^= 1 << random.below(8),
            2 => bytes.truncate(at.max(bytes.len() / 2)),
            3 => bytes.insert(at, [0, 1, 4, 52, 82, 255][random.below(6)]),
            4 => drop(bytes.splice(at..at, other[random.below(other.len())..].iter().copied())),
            _ => drop(bytes.drain(at..(at + random.below(6)).min(bytes.len()))),
        }
    }
}

fn run(target: &str, body: impl Fn(&[u8]), mutations: u64) {
    let files = corpus(target);
    for (number, (name, seed)) in files.iter().enumerate() {
        body(seed);
        for mutation in 0..mutations {
            let mut random = Random(1 + number as u64 * mutations + mutation);
            let mut bytes = seed.clone();
            let other = random.below(files.len());
            mutate(&mut random, &mut bytes, &files[other].1);
            let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| body(&bytes)));
            assert!(ran.is_ok(), "mutation {mutation} of {}: {bytes:02x?}", name.display());
        }
    }
}

#[test]
fn packet_view_corpus() {
    run("packet_view", packet_view::packet_view, 4000);
}

#[test]
fn message_round_trip_corpus() {
    run("message_round_trip", message_round_trip::message_round_trip, 2000);
}

#[test]
fn server_ops_corpus() {
    run("server_ops", server_ops::server_ops, 20);
}
