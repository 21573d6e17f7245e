//! Damage to what was acknowledged: it must be told from what a crash leaves, whatever else the crash left.

use std::sync::Arc;

use ddi_core::Lsn;
use ddi_core::log::{
    BatchInfo, Damage, Finding, Log, LogError, LogScan, MemStorage, Salvaged, Storage, Tear, salvage,
};

use super::history::{Model, Rng, config};

fn dynamic(disk: &Arc<MemStorage>) -> Arc<dyn Storage> {
    Arc::clone(disk) as Arc<dyn Storage>
}

fn findings(disk: &Arc<MemStorage>) -> Vec<Finding> {
    let mut scan = LogScan::new(dynamic(disk), None).unwrap();
    std::iter::from_fn(|| scan.next().unwrap()).collect()
}

fn batches(disk: &Arc<MemStorage>) -> Vec<BatchInfo> {
    let batch = |finding| if let Finding::Batch(batch) = finding { Some(batch) } else { None };
    findings(disk).into_iter().filter_map(batch).collect()
}

type Ops = Vec<(Lsn, Vec<u8>)>;

/// What is replayed, and how many operations a salvage had lost.
fn open(disk: &Arc<MemStorage>, seed: u64, after: Lsn) -> Result<(Ops, u64), LogError> {
    let mut ops = Vec::new();
    let (_, recovered) = Log::open(dynamic(disk), config(seed), after, &mut |lsn, op| {
        ops.push((lsn, op.to_vec()));
        Ok(())
    })?;
    Ok((ops, recovered.lost))
}

/// A history that ends with a torn batch at every other seed.
fn damaged_history(seed: u64) -> (MemStorage, Model) {
    let disk = Arc::new(MemStorage::new());
    let mut model = Model::new(seed);
    let mut rng = Rng::new(seed);
    let (mut log, _) = model.reopen(&disk).unwrap();
    let commits = 8 + rng.below(16);
    model.run(&mut log, &disk, commits, &mut rng).unwrap();
    if seed % 2 == 1 {
        disk.inject(disk.calls() + 1 + rng.below(4), ddi_core::log::Fault::Crash);
        model.run(&mut log, &disk, 4, &mut rng).unwrap_err();
    }
    (disk.crash(Tear::Random(seed)), model)
}

/// Inverts a bit of a batch that was acknowledged: header or payload, not the padding.
fn flip(disk: &MemStorage, batch: &BatchInfo, rng: &mut Rng) -> String {
    let offset = batch.offset + rng.below(64 + u64::from(batch.payload_bytes));
    let bit = rng.below(8) as u8;
    assert!(disk.flip_bit(&batch.file, offset, bit));
    format!("bit {bit} at {offset} of {}", batch.file)
}

/// Every flipped bit in what was acknowledged is found, and named with its place.
#[test]
fn a_flipped_bit_is_never_taken_for_a_torn_tail() {
    let mut points = 0;
    for seed in 300..700 {
        let (disk, model) = damaged_history(seed);
        let mut rng = Rng::new(seed);
        let all: Vec<BatchInfo> = batches(&Arc::new(disk.fork()));
        let acked: Vec<&BatchInfo> = all.iter().filter(|batch| batch.last <= model.acked).collect();
        for _ in 0..40 {
            let damaged = Arc::new(disk.fork());
            let batch = acked[rng.below(acked.len() as u64) as usize];
            let what = format!("seed {seed}, {}", flip(&damaged, batch, &mut rng));
            match open(&damaged, seed, Lsn(all[0].first.0 - 1)) {
                Err(LogError::Corrupt { file, offset, .. }) => {
                    assert!(all.iter().any(|batch| batch.file == file), "{what}: {file} {offset}");
                    assert_eq!(damaged.calls(), 0, "{what}: something was changed");
                }
                other => panic!("{what}: {other:?}"),
            }
            points += 1;
        }
    }
    println!("seeds 300..700, {points} flipped bits");
}

/// A sector that is gone, a file that is gone or short: found, unless it can only be the last batch.
#[test]
fn what_is_missing_is_found() {
    for seed in 700..900 {
        let (disk, model) = damaged_history(seed);
        let mut rng = Rng::new(seed);
        let all = batches(&Arc::new(disk.fork()));
        let after = Lsn(all[0].first.0 - 1);
        let acked: Vec<&BatchInfo> = all.iter().filter(|batch| batch.last <= model.acked).collect();
        let but_the_last = acked.len() as u64 - 1;
        for _ in 0..10.min(but_the_last) {
            let damaged = Arc::new(disk.fork());
            let batch = acked[rng.below(but_the_last) as usize];
            let sector = batch.offset + 512 * rng.below(u64::from(batch.payload_bytes + 64).div_ceil(512));
            damaged.write(&batch.file, sector, &[0; 512]).unwrap();
            let opened = open(&damaged, seed, after);
            assert!(matches!(opened, Err(LogError::Corrupt { .. })), "seed {seed} {} {sector}", batch.file);
        }
        for name in acked.iter().map(|batch| &batch.file) {
            let damaged = Arc::new(disk.fork());
            damaged.remove(name).unwrap();
            let opened = open(&damaged, seed, after);
            let last = acked.last().is_some_and(|batch| batch.file == *name);
            assert!(last || matches!(opened, Err(LogError::Corrupt { .. })), "seed {seed} {name}");
        }
    }
}

/// Salvage keeps every whole batch, with its numbers, and lists the rest.
#[test]
fn salvage_keeps_what_is_whole_and_lists_the_rest() {
    for seed in 900..1100 {
        let (disk, model) = damaged_history(seed);
        let mut rng = Rng::new(seed);
        let all = batches(&Arc::new(disk.fork()));
        let after = Lsn(all[0].first.0 - 1);
        let (whole, _) = open(&Arc::new(disk.fork()), seed, after).unwrap();
        let acked: Vec<&BatchInfo> = all.iter().filter(|batch| batch.last <= model.acked).collect();
        let damaged = Arc::new(disk.fork());
        let mut hit: Vec<&BatchInfo> = Vec::new();
        for _ in 0..=rng.below(3) {
            let batch = acked[rng.below(acked.len() as u64) as usize];
            if !hit.contains(&batch) {
                flip(&damaged, batch, &mut rng);
                hit.push(batch);
            }
        }
        if seed % 5 == 0 {
            // One batch can't even be read.
            let batch = acked[rng.below(acked.len() as u64) as usize];
            damaged.make_unreadable(&batch.file, batch.offset..batch.offset + 64);
            hit.push(batch);
        }
        let is_hit = |lsn: Lsn| hit.iter().any(|batch| batch.first <= lsn && lsn <= batch.last);
        let fresh = Arc::new(MemStorage::new());
        let mut told = Vec::new();
        let known = model.acked.max(after);
        let done = salvage(dynamic(&damaged), &dynamic(&fresh), config(seed), Some(after), &mut |finding| {
            told.push(finding.clone());
        });
        let done = done.unwrap();
        let expected: Vec<_> = whole.iter().filter(|(lsn, _)| !is_hit(*lsn)).cloned().collect();
        let (ops, lost) = open(&fresh, seed, after).unwrap();
        assert_eq!(ops, expected, "seed {seed}");
        assert_eq!((done.ops, done.lost), (expected.len() as u64, lost), "seed {seed}");
        assert!(done.damaged > 0);
        let gaps: u64 = told
            .iter()
            .map(|finding| if let Finding::Gap { first, last } = finding { last.0 - first.0 + 1 } else { 0 })
            .sum();
        let last_saved = expected.last().map_or(after, |(lsn, _)| *lsn);
        assert_eq!(gaps, lost, "seed {seed}");
        assert_eq!(gaps, (after.0 + 1..=last_saved.0).filter(|lsn| is_hit(Lsn(*lsn))).count() as u64);
        assert!(last_saved <= known.max(model.out));
    }
}

#[test]
fn salvage_reaches_what_the_caller_knows_and_refuses_a_log() {
    let empty = Arc::new(MemStorage::new());
    let (disk, _) = damaged_history(900);
    let disk = Arc::new(disk);
    let last = batches(&disk).last().unwrap().last;
    let known = Lsn(last.0 + 5);
    let mut told = Vec::new();
    let done: Salvaged =
        salvage(dynamic(&disk), &dynamic(&empty), config(900), Some(known), &mut |finding| {
            told.push(finding.clone());
        })
        .unwrap();
    assert_eq!(told.last(), Some(&Finding::Gap { first: last.next(), last: known }));
    assert_eq!(done.lost, 5);
    assert_eq!(open(&empty, 900, known).unwrap().0.len(), 0, "it opens after what the caller has");
    let again = salvage(dynamic(&disk), &dynamic(&empty), config(900), Some(known), &mut |_| {});
    assert!(matches!(again, Err(LogError::NotEmpty { .. })));
    assert!(matches!(open(&disk, 900, known), Err(LogError::Corrupt { damage: Damage::End { .. }, .. })));
}
