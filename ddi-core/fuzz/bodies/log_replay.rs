//! Arbitrary segments: opening, scanning and salvage end without a panic, and agree.
//!
//! The first byte says whether checksums are put right first (bit 0), so that what is behind them is
//! reached. Then come up to eight segments: a u16 length in sectors, and that many sectors.

use std::sync::Arc;

use crc32c::{crc32c, crc32c_append};
use ddi_core::Lsn;
use ddi_core::log::{
    Damage, Finding, Log, LogConfig, LogError, LogScan, MemStorage, Recovered, Storage, salvage,
};

const SECTOR: usize = 512;
const HEADER: usize = 64;

pub fn log_replay(data: &[u8]) {
    let disk = Arc::new(disk(data));
    let calls = disk.calls();
    let scanned = scan(&disk);
    match open(&disk, Lsn::ZERO) {
        Ok((log, recovered, ops)) => {
            assert_eq!(log.durable(), recovered.last);
            goes_on(&disk, log, ops);
        }
        Err(LogError::Storage { .. }) => panic!("the storage did not fail"),
        Err(_) => assert_eq!(disk.calls(), calls, "a log that does not open was changed"),
    }
    if let Some(first) = scanned {
        saves(&disk, first);
    }
}

fn disk(data: &[u8]) -> MemStorage {
    let disk = MemStorage::new();
    let Some((mode, mut rest)) = data.split_first() else { return disk };
    for id in 1..=8 {
        let Some((len, after)) = rest.split_first_chunk::<2>() else { break };
        let len = usize::from(u16::from_le_bytes(*len)) * SECTOR;
        let (segment, after) = after.split_at(len.min(after.len()));
        rest = after;
        let mut segment = segment.to_vec();
        if mode & 1 == 1 {
            put_right(&mut segment, id);
        }
        let name = format!("{id:016x}.log");
        disk.write(&name, 0, &segment).unwrap();
        disk.sync(&name).unwrap();
    }
    disk
}

/// Gives every header its right checksums, by the description of the format.
fn put_right(segment: &mut [u8], id: u64) {
    for from in (0..segment.len()).step_by(SECTOR) {
        let Some(batch) = segment.get_mut(from..).filter(|batch| batch.len() >= HEADER) else { return };
        if !batch.starts_with(b"ddiB") {
            continue;
        }
        let mut seed = crc32c(&batch[48..56]);
        seed = crc32c_append(seed, &id.to_le_bytes());
        seed = crc32c_append(seed, &batch[8..16]);
        let len = u32::from_le_bytes([batch[24], batch[25], batch[26], batch[27]]) as usize;
        if let Some(payload) = batch.get(HEADER..).and_then(|rest| rest.get(..len)) {
            let sum = crc32c(payload) ^ seed;
            batch[36..40].copy_from_slice(&sum.to_le_bytes());
        }
        let sum = crc32c_append(crc32c(&seed.to_le_bytes()), &batch[..60]);
        batch[60..64].copy_from_slice(&sum.to_le_bytes());
    }
}

type Ops = Vec<(Lsn, Vec<u8>)>;

fn config() -> LogConfig {
    let mut config = LogConfig::default();
    config.first_segment_bytes = 4096;
    config.segment_bytes = 8192;
    config
}

fn open(disk: &Arc<MemStorage>, after: Lsn) -> Result<(Log, Recovered, Ops), LogError> {
    let mut ops = Vec::new();
    let storage = Arc::clone(disk) as Arc<dyn Storage>;
    let (log, recovered) = Log::open(storage, config(), after, &mut |lsn, op| {
        ops.push((lsn, op.to_vec()));
        Ok(())
    })?;
    Ok((log, recovered, ops))
}

/// What opened can be written to, read, and opened again.
fn goes_on(disk: &Arc<MemStorage>, mut log: Log, mut ops: Ops) {
    let lsn = log.append(b"one more").unwrap();
    assert_eq!(log.commit().unwrap(), lsn);
    ops.push((lsn, b"one more".to_vec()));
    let mut reader = log.read(Lsn(log.oldest().0 - 1)).unwrap();
    let mut read = Vec::new();
    while let Some((lsn, op)) = reader.next().unwrap() {
        read.push((lsn, op.to_vec()));
    }
    assert_eq!(read, ops);
    drop(log);
    let (_, recovered, again) = open(disk, Lsn::ZERO).unwrap();
    assert_eq!((recovered.last, recovered.cut), (lsn, None));
    assert_eq!(again, ops);
}

/// The first operation of the first whole batch.
fn scan(disk: &Arc<MemStorage>) -> Option<Lsn> {
    let mut scan = LogScan::new(Arc::clone(disk) as Arc<dyn Storage>, None).unwrap();
    let mut first = None;
    loop {
        match scan.next() {
            Ok(Some(Finding::Batch(batch))) => {
                first = first.or(Some(batch.first));
                assert!(scan.ops().map(|op| op.len() + 4).sum::<usize>() <= batch.payload_bytes as usize);
            }
            Ok(Some(_)) => {}
            Ok(None) => return first,
            Err(LogError::Version { .. }) => return None,
            Err(e) => panic!("{e}"),
        }
    }
}

/// What was salvaged opens, unless a right checksum covers operations that overrun their batch.
fn saves(disk: &Arc<MemStorage>, first: Lsn) {
    let fresh = Arc::new(MemStorage::new());
    let (from, to) = (Arc::clone(disk) as Arc<dyn Storage>, Arc::clone(&fresh) as Arc<dyn Storage>);
    salvage(from, &to, config(), None, &mut |_| {}).unwrap();
    match open(&fresh, Lsn(first.0 - 1)) {
        Ok(_) | Err(LogError::Corrupt { damage: Damage::Ops { .. }, .. }) => {}
        Err(e) => panic!("{e}"),
    }
}
