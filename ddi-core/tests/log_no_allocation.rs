//! Appending and committing take no memory once the buffers have grown.

use std::io;
use std::sync::Arc;

use allocation_counter::measure;
use ddi_core::Lsn;
use ddi_core::log::{Log, LogConfig, Storage};

/// A disk that forgets: what it would allocate is not the log's.
struct Nowhere;

impl Storage for Nowhere {
    fn list(&self) -> io::Result<Vec<(String, u64)>> {
        Ok(Vec::new())
    }
    fn read(&self, _: &str, _: u64, _: &mut [u8]) -> io::Result<usize> {
        Ok(0)
    }
    fn write(&self, _: &str, _: u64, _: &[u8]) -> io::Result<()> {
        Ok(())
    }
    fn sync(&self, _: &str) -> io::Result<()> {
        Ok(())
    }
    fn rename(&self, _: &str, _: &str) -> io::Result<()> {
        Ok(())
    }
    fn remove(&self, _: &str) -> io::Result<()> {
        Ok(())
    }
}

fn batches(log: &mut Log, count: usize) {
    for _ in 0..count {
        for _ in 0..1000 {
            log.append(&[7; 60]).unwrap();
        }
        log.commit().unwrap();
    }
}

#[test]
fn appending_and_committing() {
    let mut config = LogConfig::default();
    config.first_segment_bytes = 64 << 20;
    let (mut log, _) = Log::open(Arc::new(Nowhere), config, Lsn::ZERO, &mut |_, _| Ok(())).unwrap();
    batches(&mut log, 100);
    let used = measure(|| batches(&mut log, 800));
    assert_eq!(used.count_total, 0);
}
