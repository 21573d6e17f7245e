//! The tree against `BTreeMap`, with snapshots taken on the way.

use super::packed::{Builder, Packed, Value};
use super::{Item, Tree, TreeBuilder};
use std::collections::BTreeMap;

/// Numbers that look random, the same for each seed.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }

    /// A key of a few letters, so that keys share prefixes and one is often a prefix of another.
    fn key(&mut self, keys: usize) -> Vec<u8> {
        let mut number = self.below(keys);
        let mut key = b"com\0example\0".to_vec();
        while number > 0 {
            key.push(b'a' + (number % 7) as u8);
            number /= 7;
        }
        key
    }

    fn body(&mut self) -> Vec<u8> {
        let len = match self.below(50) {
            0 => 1000 + self.below(5000),
            1..10 => self.below(300),
            _ => self.below(30),
        };
        vec![self.below(256) as u8; len]
    }
}

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

fn built(model: &Model) -> Tree {
    let mut builder = TreeBuilder::default();
    model.iter().for_each(|(key, body)| builder.push(key, body));
    builder.finish()
}

fn check(tree: &Tree, model: &Model) {
    assert_eq!(tree.len(), model.len());
    let mut cursor = tree.seek(b"");
    for (key, body) in model {
        assert_eq!(cursor.next(), Some((key.as_slice(), body.as_slice())));
    }
    assert_eq!(cursor.next(), None);
}

fn check_around(tree: &Tree, model: &Model, key: &[u8]) {
    let shared = |other: &[u8]| key.iter().zip(other).take_while(|(a, b)| a == b).count();
    let told = |(other, body): (&Vec<u8>, &Vec<u8>)| (body.clone(), shared(other));
    let owned = |found: Option<Item<'_>>| found.map(|item| (item.body().to_vec(), item.shared_with(key)));
    let around = tree.around(key);
    assert_eq!(around.exact(), model.get(key).map(Vec::as_slice));
    assert_eq!(tree.get(key), around.exact());
    assert_eq!(owned(around.before()), model.range(..key.to_vec()).next_back().map(told));
    let mut behind = model.range(key.to_vec()..).skip_while(|(other, _)| *other == key);
    assert_eq!(owned(around.behind()), behind.next().map(told));
    if let Some(item) = around.before() {
        let (front, back) = item.key();
        assert!([front, back].concat().as_slice() < key);
    }
    let mut cursor = tree.seek(key);
    let next = cursor.next().map(|(key, _)| key.to_vec());
    assert_eq!(next, model.range(key.to_vec()..).next().map(|(key, _)| key.clone()));
}

fn run(seed: u64, keys: usize, steps: usize) {
    println!("seed={seed} keys={keys}");
    let mut random = Random(seed);
    let (mut tree, mut model) = (Tree::new(), Model::new());
    let mut snapshots: Vec<(Tree, Model)> = Vec::new();
    for step in 0..steps {
        // Phases of growth and of shrinking, so that splits and merges both happen at every level.
        let grows = step / (keys / 2 + 1) % 3 != 2;
        let key = random.key(keys);
        if random.below(10) < if grows { 8 } else { 1 } {
            let body = random.body();
            assert_eq!(tree.insert(&key, &body), model.insert(key, body).is_none());
        } else {
            assert_eq!(tree.remove(&key), model.remove(&key).is_some());
        }
        let sought = random.key(keys);
        check_around(&tree, &model, &sought);
        if random.below(steps / 8) == 0 {
            snapshots.push((tree.clone(), model.clone()));
        }
    }
    check(&tree, &model);
    for (tree, model) in &snapshots {
        check(tree, model);
    }
    check(&built(&model), &model);
    for key in model.keys().cloned().collect::<Vec<_>>() {
        assert!(tree.remove(&key));
    }
    check(&tree, &Model::new());
}

#[test]
fn agrees_with_a_btree_map() {
    for seed in 1..=8 {
        run(seed, 40, 2_000);
        run(seed, 3_000, 9_000);
    }
    run(9, 60_000, 120_000);
}

#[test]
fn built_from_sorted_keys_it_is_the_same_map_and_can_be_changed() {
    for len in [0, 1, 2, 100, 5_000, 70_000] {
        let model: Model = (0..len).map(|i| (format!("{i:08}").into_bytes(), vec![1; i % 40])).collect();
        let mut tree = built(&model);
        check(&tree, &model);
        let snapshot = tree.clone();
        let mut changed = model.clone();
        for i in 0..len.min(1_000) {
            let key = format!("{:08}", i * 61 % len).into_bytes();
            tree.remove(&key);
            changed.remove(&key);
        }
        check(&tree, &changed);
        check(&snapshot, &model);
    }
}

/// All strings of up to six zeros and letters, in order: heads of four bytes are the same for many of them.
fn strings() -> Vec<Vec<u8>> {
    let mut all = vec![Vec::new()];
    for len in 0..6 {
        let longer = all.iter().filter(|string| string.len() == len);
        let longer: Vec<Vec<u8>> =
            longer.flat_map(|string| [0, b'a'].map(|byte| [&string[..], &[byte]].concat())).collect();
        all.extend(longer);
    }
    all.sort();
    all
}

fn check_find(packed: &Packed, keys: &[Vec<u8>], sought: &[Vec<u8>]) {
    assert_eq!(packed.len(), keys.len());
    for key in sought {
        let found = packed.find(key).map(|(i, value)| (i, value.bytes.to_vec()));
        assert_eq!(found, keys.binary_search(key).map(|i| (i, keys[i].clone())), "{key:?} in {keys:?}");
    }
}

#[test]
fn keys_are_found_among_others_with_the_same_head() {
    let (all, mut random) = (strings(), Random(5));
    for (prefix, one_in) in [("", 1), ("", 2), ("", 9), ("host-", 1), ("host-", 2), ("host-", 9)] {
        let mut sought: Vec<Vec<u8>> =
            all.iter().map(|string| [prefix.as_bytes(), string].concat()).collect();
        let mut keys: Vec<Vec<u8>> = sought.iter().filter(|_| random.below(one_in) == 0).cloned().collect();
        sought.extend([b"g", b"i"].map(|other| other.to_vec()));
        let mut builder = Builder::default();
        keys.iter().for_each(|key| builder.push(key, Value { tagged: false, bytes: key }));
        let packed = builder.take();
        check_find(&packed, &keys, &sought);
        for i in [0, keys.len() / 2, keys.len() - 1] {
            let key = keys.remove(i);
            let without = packed.with(i..i + 1, &[]);
            check_find(&without, &keys, &sought);
            keys.insert(i, key);
            let again = without.with(i..i, &[(&keys[i], Value { tagged: true, bytes: &keys[i] })]);
            check_find(&again, &keys, &sought);
            assert!(again.value(i).tagged);
        }
    }
}
