//! Logs that were written once and are kept: they must open for ever, and the same operations must
//! still be written as the same bytes. `DDI_WRITE_GOLDEN=1` writes images of a new format version.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ddi_core::Lsn;
use ddi_core::log::{Finding, Log, LogConfig, LogScan, MemStorage, Storage, salvage};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

fn config() -> LogConfig {
    let mut config = LogConfig::default();
    config.log_id = 0x0123_4567_89ab_cdef;
    config.first_segment_bytes = 2048;
    config.segment_bytes = 4096;
    config
}

/// The operations, by number; some are empty, one is longer than a segment.
fn op(lsn: u64) -> Vec<u8> {
    let len = match lsn {
        5 => 0,
        17 => 5000,
        19 => 700,
        _ => (lsn * 13 % 90) as usize,
    };
    (0..len).map(|i| (lsn as usize * 7 + i) as u8).collect()
}

/// Twenty operations in batches of one to four; the epoch changes in the middle.
fn write_whole() -> MemStorage {
    let disk = Arc::new(MemStorage::new());
    let storage = Arc::clone(&disk) as Arc<dyn Storage>;
    let (mut log, _) = Log::open(storage, config(), Lsn::ZERO, &mut |_, _| Ok(())).unwrap();
    for lsn in 1..=20 {
        log.append(&op(lsn)).unwrap();
        if [1, 3, 7, 8, 12, 15, 17, 20].contains(&lsn) {
            log.commit().unwrap();
        }
        if lsn == 12 {
            log.set_epoch(3).unwrap();
        }
    }
    drop(log);
    disk.fork()
}

/// The same, with the second sector of the last batch never written.
fn write_torn() -> MemStorage {
    let disk = write_whole();
    let last = batches(&disk).pop().unwrap();
    disk.write(&last.0, last.1 + 512, &[0; 512]).unwrap();
    disk.fork()
}

/// The same, with a batch in the middle lost and salvaged around.
fn write_gap() -> MemStorage {
    let disk = write_whole();
    let lost = &batches(&disk)[2];
    disk.flip_bit(&lost.0, lost.1 + 70, 0);
    let (from, to) = (Arc::new(disk) as Arc<dyn Storage>, Arc::new(MemStorage::new()));
    let done = salvage(from, &(Arc::clone(&to) as Arc<dyn Storage>), config(), None, &mut |_| {}).unwrap();
    assert_eq!((done.ops, done.lost, done.damaged), (16, 4, 1));
    to.fork()
}

/// File and offset of each batch.
fn batches(disk: &MemStorage) -> Vec<(String, u64)> {
    let mut scan = LogScan::new(Arc::new(disk.fork()), None).unwrap();
    std::iter::from_fn(|| scan.next().unwrap())
        .filter_map(
            |finding| {
                if let Finding::Batch(batch) = finding { Some((batch.file, batch.offset)) } else { None }
            },
        )
        .collect()
}

/// Compares with the kept image, and gives that.
fn kept(name: &str, written: &MemStorage) -> Arc<MemStorage> {
    let folder = folder(name);
    if std::env::var_os("DDI_WRITE_GOLDEN").is_some() {
        std::fs::create_dir_all(&folder).unwrap();
        for file in written.names() {
            std::fs::write(folder.join(&file), written.content(&file).unwrap()).unwrap();
        }
    }
    let kept = MemStorage::new();
    for file in std::fs::read_dir(&folder).expect("the image is committed") {
        let file = file.unwrap();
        let name = file.file_name().into_string().unwrap();
        kept.write(&name, 0, &std::fs::read(file.path()).unwrap()).unwrap();
        kept.sync(&name).unwrap();
    }
    // How segments are sized and prepared may change; what batches look like may not.
    let file = "0000000000000001.log";
    assert!(kept.content(file) == written.content(file), "{name}/{file} is written otherwise today");
    Arc::new(kept)
}

/// Opens, and compares the operations with those that were written.
fn open(disk: &Arc<MemStorage>, expected: &[u64]) -> (Log, ddi_core::log::Recovered) {
    let mut found = Vec::new();
    let storage = Arc::clone(disk) as Arc<dyn Storage>;
    let opened = Log::open(storage, LogConfig::default(), Lsn::ZERO, &mut |lsn, bytes| {
        assert_eq!(bytes, op(lsn.0));
        found.push(lsn.0);
        Ok(())
    });
    assert_eq!(found, expected);
    opened.unwrap()
}

#[test]
fn a_whole_log_opens() {
    let disk = kept("log_v1", &write_whole());
    let (mut log, recovered) = open(&disk, &(1..=20).collect::<Vec<_>>());
    assert_eq!((recovered.last, recovered.epoch, recovered.cut), (Lsn(20), 3, None));
    assert_eq!(log.chain(), CHAIN_20);
    log.append(b"it goes on").unwrap();
    log.commit().unwrap();
}

#[test]
fn a_torn_log_opens() {
    let disk = kept("log_v1_torn", &write_torn());
    let (log, recovered) = open(&disk, &(1..=17).collect::<Vec<_>>());
    assert_eq!(recovered.last, Lsn(17));
    assert!(recovered.cut.is_some());
    assert_eq!(log.chain(), CHAIN_17);
}

#[test]
fn a_log_with_a_gap_opens() {
    let disk = kept("log_v1_gap", &write_gap());
    let (_, recovered) = open(&disk, &[1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
    assert_eq!((recovered.last, recovered.lost), (Lsn(20), 4));
}

/// Chain values after operations 17 and 20.
const CHAIN_17: u64 = 0x5abe_316e_4807_1815;
const CHAIN_20: u64 = 0x96b6_1b3e_f595_a96c;
