//! The log through its public interface, on a disk that behaves.

use std::sync::Arc;

use ddi_core::Lsn;
use ddi_core::log::{FileStorage, Log, LogConfig, LogError, MemStorage, Recovered, Storage, retire};

type Replayed = Vec<(Lsn, Vec<u8>)>;

fn open_after(storage: &Arc<MemStorage>, after: Lsn) -> Result<(Log, Recovered, Replayed), LogError> {
    let mut replayed = Vec::new();
    let storage = Arc::clone(storage) as Arc<dyn Storage>;
    let (log, recovered) = Log::open(storage, small(), after, &mut |lsn, op| {
        replayed.push((lsn, op.to_vec()));
        Ok(())
    })?;
    Ok((log, recovered, replayed))
}

fn open(storage: &Arc<MemStorage>) -> (Log, Recovered, Replayed) {
    open_after(storage, Lsn::ZERO).unwrap()
}

/// Segments of 4 KiB at first, so that a short test rotates.
fn small() -> LogConfig {
    let mut config = LogConfig::default();
    config.log_id = 7;
    config.first_segment_bytes = 4096;
    config.segment_bytes = 16384;
    config
}

fn op(n: u64) -> Vec<u8> {
    let mut op = n.to_le_bytes().to_vec();
    op.resize(20 + (n % 50) as usize, n as u8 | 1);
    op
}

#[test]
fn what_is_committed_is_replayed_in_order() {
    let storage = Arc::new(MemStorage::new());
    let (mut log, recovered, _) = open(&storage);
    assert_eq!((recovered.last, recovered.replayed), (Lsn::ZERO, 0));
    for n in 1..=500 {
        assert_eq!(log.append(&op(n)).unwrap(), Lsn(n));
        if n % 3 == 0 {
            assert_eq!(log.commit().unwrap(), Lsn(n));
        }
    }
    assert_eq!((log.appended(), log.durable()), (Lsn(500), Lsn(498)));
    let chain = log.chain();
    drop(log);
    assert!(storage.names().len() > 3, "the test is to rotate");
    let (log, recovered, replayed) = open(&storage);
    assert_eq!((recovered.last, recovered.replayed, recovered.cut), (Lsn(498), 498, None));
    assert_eq!(log.chain(), chain);
    assert!(
        replayed.iter().enumerate().all(|(i, (lsn, bytes))| lsn.0 == i as u64 + 1 && *bytes == op(lsn.0))
    );
    let (_, recovered, replayed) = open_after(&storage, Lsn(400)).unwrap();
    assert_eq!((recovered.oldest, replayed.len(), replayed[0].0), (Lsn(1), 98, Lsn(401)));
}

#[test]
fn a_batch_is_synced_elsewhere_while_more_is_appended() {
    let storage = Arc::new(MemStorage::new());
    let (mut log, _, _) = open(&storage);
    log.append(b"one").unwrap();
    let batch = log.take_batch().unwrap();
    log.append(b"two").unwrap();
    assert!(log.take_batch().is_none(), "one is out");
    assert!(matches!(log.commit(), Err(LogError::BatchOut)));
    let synced = std::thread::spawn(move || batch.sync()).join().unwrap();
    assert_eq!(log.durable(), Lsn(0));
    assert_eq!(log.batch_durable(synced).unwrap(), Lsn(1));
    assert_eq!(log.commit().unwrap(), Lsn(2));
    drop(log);
    assert_eq!(open(&storage).2.len(), 2);
}

#[test]
fn a_reader_follows_and_is_told_when_its_place_is_gone() {
    let storage = Arc::new(MemStorage::new());
    let (mut log, _, _) = open(&storage);
    let mut reader = log.read(Lsn::ZERO).unwrap();
    assert!(reader.next().unwrap().is_none());
    let mut seen = 0;
    for n in 1..=400 {
        log.append(&op(n)).unwrap();
        if n % 7 == 0 {
            log.commit().unwrap();
            reader.catch_up(&log);
            while let Some((lsn, bytes)) = reader.next().unwrap() {
                seen += 1;
                assert_eq!((lsn, bytes), (Lsn(seen), &*op(seen)));
            }
            assert_eq!(seen, n);
        }
    }
    let mut middle = log.read(Lsn(201)).unwrap();
    assert_eq!(middle.next().unwrap().map(|(lsn, bytes)| (lsn, bytes.to_vec())), Some((Lsn(202), op(202))));

    for name in log.release_before(Lsn(300)) {
        retire(&*storage, &name).unwrap();
    }
    let oldest = log.oldest();
    assert!(oldest > Lsn(100) && oldest <= Lsn(300), "{oldest:?}");
    for n in 401..=440 {
        log.append(&op(n)).unwrap();
        log.commit().unwrap();
    }
    assert!(matches!(log.read(Lsn(50)), Err(LogError::Released { .. })));
    drop(log);
    let (log, recovered, replayed) = open_after(&storage, Lsn(300)).unwrap();
    assert_eq!((log.oldest(), recovered.oldest, replayed.len()), (oldest, oldest, 140));
    assert!(open_after(&storage, Lsn(1)).is_err(), "operations 2 and on are needed and gone");
}

#[test]
fn a_directory_is_locked_and_keeps_what_was_committed() {
    let dir = std::env::temp_dir().join(format!("ddi-log-test-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&dir);
    let storage: Arc<dyn Storage> = Arc::new(FileStorage::open(&dir).unwrap());
    assert_eq!(FileStorage::open(&dir).err().unwrap().kind(), std::io::ErrorKind::ResourceBusy);
    let (mut log, _) = Log::open(Arc::clone(&storage), small(), Lsn::ZERO, &mut |_, _| Ok(())).unwrap();
    for n in 1..=300 {
        log.append(&op(n)).unwrap();
        if n % 10 == 0 {
            log.commit().unwrap();
        }
    }
    for name in log.release_before(Lsn(150)) {
        retire(&*storage, &name).unwrap();
    }
    log.append(b"last").unwrap();
    log.commit().unwrap();
    drop((log, storage));
    let storage: Arc<dyn Storage> = Arc::new(FileStorage::open(&dir).unwrap());
    let mut replayed = 0;
    let (log, recovered) = Log::open(storage, small(), Lsn(200), &mut |_, _| {
        replayed += 1;
        Ok(())
    })
    .unwrap();
    assert_eq!((recovered.last, replayed), (Lsn(301), 101));
    drop(log);
    std::fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn a_released_segment_becomes_the_next_one() {
    let storage = Arc::new(MemStorage::new());
    let (mut log, _, _) = open(&storage);
    let mut retired = 0;
    let mut spares = 0;
    for n in 1..=2000 {
        log.append(&op(n)).unwrap();
        log.commit().unwrap();
        for name in log.release_before(Lsn(n)) {
            retire(&*storage, &name).unwrap();
            retired += 1;
        }
        spares += u64::from(storage.names().contains("spare.log"));
        assert!(storage.names().len() <= 4, "{:?}", storage.names());
    }
    assert!(retired > 50);
    assert!(spares > 0 && spares < 1500, "the spare comes and goes: {spares}");
    drop(log);
    let (log, recovered, _) = open_after(&storage, Lsn(2000)).unwrap();
    assert_eq!((recovered.last, recovered.cut), (Lsn(2000), None));
    assert!(log.oldest() > Lsn(1900));
}

#[test]
fn a_torn_first_batch_leaves_an_empty_log() {
    let storage = Arc::new(MemStorage::new());
    let (mut log, _, _) = open(&storage);
    log.append(&[9; 1200]).unwrap();
    log.commit().unwrap();
    drop(log);
    storage.write("0000000000000001.log", 512, &[0; 512]).unwrap();
    let (mut log, recovered, replayed) = open(&storage);
    assert_eq!((recovered.last, recovered.oldest, replayed.len()), (Lsn(0), Lsn(1), 0));
    let cut = recovered.cut.unwrap();
    assert_eq!((cut.offset, cut.bytes), (0, 1536));
    log.append(b"again").unwrap();
    log.commit().unwrap();
    assert_eq!((log.held_bytes(), log.oldest()), (4096, Lsn(1)));
}

#[test]
fn a_log_without_its_last_batch_does_not_open() {
    let storage = Arc::new(MemStorage::new());
    let (mut log, _, _) = open(&storage);
    for n in 1..=200 {
        log.append(&op(n)).unwrap();
        log.commit().unwrap();
    }
    for name in log.release_before(Lsn(201)) {
        storage.remove(&name).unwrap();
    }
    drop(log);
    assert!(matches!(open_after(&storage, Lsn(500)), Err(LogError::Corrupt { .. })), "it ends before that");
    for name in storage.names() {
        let len = storage.content(&name).unwrap().len();
        storage.write(&name, 0, &vec![0; len]).unwrap();
    }
    let opened = open_after(&storage, Lsn(200));
    assert!(matches!(opened, Err(LogError::Corrupt { offset: 0, .. })), "it held something");
}

#[test]
fn a_reader_that_is_up_to_date_outlives_a_release() {
    let storage = Arc::new(MemStorage::new());
    let (mut log, _, _) = open(&storage);
    let mut reader = log.read(Lsn::ZERO).unwrap();
    let mut late = log.read(Lsn::ZERO).unwrap();
    for n in 1..=600 {
        log.append(&op(n)).unwrap();
        log.commit().unwrap();
        if n % 5 == 0 {
            reader.catch_up(&log);
            while reader.next().unwrap().is_some() {}
            assert_eq!(reader.position(), Lsn(n));
            for name in log.release_before(Lsn(n)) {
                retire(&*storage, &name).unwrap();
            }
        }
    }
    late.catch_up(&log);
    assert!(matches!(late.next(), Err(LogError::Released { after: Lsn(0), .. })));
}

#[test]
fn a_reader_is_told_that_its_segment_was_released_meanwhile() {
    let storage = Arc::new(MemStorage::new());
    let (mut log, _, _) = open(&storage);
    for n in 1..=600 {
        log.append(&op(n)).unwrap();
        log.commit().unwrap();
    }
    let mut reader = log.read(Lsn::ZERO).unwrap();
    assert_eq!(reader.next().unwrap().unwrap().0, Lsn(1));
    for name in log.release_before(Lsn(600)) {
        retire(&*storage, &name).unwrap();
    }
    let ended = loop {
        match reader.next() {
            Ok(Some(_)) => {}
            other => break other.err(),
        }
    };
    assert!(matches!(ended, Some(LogError::Released { .. })), "{ended:?}");
}
