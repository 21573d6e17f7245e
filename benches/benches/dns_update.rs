//! UPDATE: a request is read, judged and made in the zone, its delta is put into the journal, and its answer
//! leaves when that is durable; one at a time, and 64 that share a commit. On a disk, and in memory, where
//! only the engine's work is left.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ddi_benches::UpdateServer;
use ddi_core::{FileStorage, MemStorage, Storage};
use std::sync::Arc;

fn updates(c: &mut Criterion) {
    let dir = std::env::temp_dir().join(format!("ddi-bench-update-{}", std::process::id()));
    let disk: Arc<dyn Storage> = Arc::new(FileStorage::open(&dir).expect("a directory"));
    let mut group = c.benchmark_group("dns_update");
    for (place, storage) in [("on disk", disk), ("in memory", Arc::new(MemStorage::default()))] {
        let mut server = UpdateServer::new(storage);
        for requests in [1, 64] {
            group.throughput(Throughput::Elements(requests.into()));
            group.bench_function(format!("{place}, {requests} in flight"), |bencher| {
                bencher.iter(|| server.round(requests));
            });
        }
    }
    group.finish();
    std::fs::remove_dir_all(dir).expect("removes");
}

criterion_group!(benches, updates);
criterion_main!(benches);
