//! Runs a fuzz target's body over its corpus and over mutations of it, the same ones every time. The
//! `tests/corpus.rs` of every crate includes this file.

use std::path::PathBuf;

/// A small generator (xorshift64*).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % bound.max(1)
    }
}

/// Runs `body` on every file of `fuzz/corpus/<target>`, and on `mutations` of each. `telling` are bytes
/// that mean something in the format: they are inserted more often than chance would have it.
pub(crate) fn run(target: &str, telling: &[u8], mutations: u64, body: impl Fn(&[u8])) {
    let files = corpus(target);
    for (number, (name, seed)) in files.iter().enumerate() {
        body(seed);
        for mutation in 0..mutations {
            let mut random = Random(1 + number as u64 * mutations + mutation);
            let mut bytes = seed.clone();
            let other = random.below(files.len());
            mutate(&mut random, &mut bytes, &files[other].1, telling);
            let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| body(&bytes)));
            assert!(ran.is_ok(), "mutation {mutation} of {name}: b\"{}\"", bytes.escape_ascii());
        }
    }
}

/// The corpus files of a target of the crate under test, in the order of their names.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap_or_else(|e| panic!("needs {}: {e}", folder.display()))
        .map(|file| file.unwrap().path())
        .map(|path| (path.display().to_string(), std::fs::read(&path).unwrap()))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{target} has no corpus");
    files
}

/// Changes, cuts, doubles or joins bytes.
fn mutate(random: &mut Random, bytes: &mut Vec<u8>, other: &[u8], telling: &[u8]) {
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len());
        match random.below(7) {
            _ if bytes.is_empty() => bytes.extend_from_slice(other),
            0 => bytes[at] = random.below(256) as u8,
            1 => bytes[at] ^= 1 << random.below(8),
            2 => bytes.truncate(at),
            3 => bytes.truncate(at.max(bytes.len() / 2)),
            4 => bytes.insert(at, telling[random.below(telling.len())]),
            5 => drop(bytes.splice(at..at, other[random.below(other.len())..].iter().copied())),
            _ => drop(bytes.drain(at..(at + random.below(6)).min(bytes.len()))),
        }
    }
}
