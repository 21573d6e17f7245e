//! The lease database: durable puts, look-ups, allocation, snapshots, compaction.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use ddi_core::db::PoolConfig;
use ddi_core::{
    BindingState, DbConfig, Expect, FileStorage, FreeKind, HwAddr, Identity, Lease, LeaseDb, LeaseKey,
    LeaseStore, MemStorage, PoolId, Storage, UnixTime,
};
use std::hint::black_box;
use std::path::PathBuf;
use std::sync::Arc;

const LEASES: u32 = 200_000;
const BATCH: u32 = 1000;

fn describe(number: u32, lease: &mut Lease) {
    lease.reset(LeaseKey::v4((0x0a00_0000 + number.wrapping_mul(2_654_435_761) % LEASES).into()));
    let [a, b, c, d] = number.to_be_bytes();
    lease.state = BindingState::Active;
    lease.hw_addr = HwAddr::new(1, &[2, 0, a, b, c, d]).expect("short");
    lease.client_id.extend_from_slice(&[1, 2, 0, a, b, c, d]);
    lease.hostname.extend_from_slice(b"host-of-12-b");
    lease.expiration_time = UnixTime(1_800_000_000 + u64::from(number / 1000));
}

fn filled(storage: Arc<dyn Storage>) -> LeaseDb {
    let (mut db, _) = LeaseDb::open(storage, &DbConfig::new([5; 16])).expect("opens");
    let mut lease = Lease::default();
    for number in 0..LEASES {
        describe(number, &mut lease);
        db.put(&mut lease, Expect::Any).expect("puts");
    }
    db.commit().expect("commits");
    db
}

fn directory(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("ddi-bench-{name}-{}", std::process::id()))
}

fn puts(c: &mut Criterion) {
    let dir = directory("puts");
    let mut db = filled(Arc::new(FileStorage::open(&dir).expect("a directory")));
    let (mut lease, mut number) = (Lease::default(), 0);
    let mut group = c.benchmark_group("lease_db");
    group.throughput(Throughput::Elements(BATCH.into()));
    group.bench_function("put, durable every 1,000", |bencher| {
        bencher.iter(|| {
            for _ in 0..BATCH {
                number = (number + 1) % LEASES;
                describe(number, &mut lease);
                db.put(&mut lease, Expect::Any).expect("puts");
            }
            db.commit().expect("commits")
        });
    });
    group.finish();
    drop(db);
    std::fs::remove_dir_all(dir).expect("removes");
}

fn look_ups(c: &mut Criterion) {
    let mut db = filled(Arc::new(MemStorage::new()));
    let (mut lease, mut found, mut number) = (Lease::default(), Vec::new(), 0_u32);
    let mut next = move || {
        number = number.wrapping_add(77_777);
        number % LEASES
    };
    c.bench_function("lease_db/get", |bencher| {
        bencher.iter(|| db.get_into(LeaseKey::v4((0x0a00_0000 + next()).into()), black_box(&mut lease)));
    });
    c.bench_function("lease_db/find by client_id", |bencher| {
        bencher.iter(|| {
            let [a, b, c, d] = next().to_be_bytes();
            found.clear();
            db.find(0, None, Identity::ClientId(&[1, 2, 0, a, b, c, d]), black_box(&mut found));
        });
    });
    let (first, last) = ([10, 0, 0, 0].into(), [10, 255, 255, 255].into());
    let pool = PoolConfig {
        id: PoolId(1),
        space: 0,
        subnet_id: 0,
        first,
        last,
        excluded: Vec::new(),
        reserved: Vec::new(),
    };
    c.bench_function("lease_db/set_pools, a /8 with 200,000 leases", |bencher| {
        bencher.iter(|| {
            db.set_pools(&[]).expect("right");
            db.set_pools(std::slice::from_ref(&pool)).expect("right");
        });
    });
    c.bench_function("lease_db/next_free and release", |bencher| {
        bencher.iter(|| {
            let key = db.next_free(PoolId(1), FreeKind::Free).expect("some are free");
            db.release_hold(black_box(key));
        });
    });
    c.bench_function("lease_db/snapshot", |bencher| bencher.iter(|| db.snapshot()));
    c.bench_function("lease_db/compaction in memory", |bencher| {
        bencher.iter_batched(
            || db.begin_compaction(),
            |mut compaction| while !compaction.step(1 << 20).expect("writes") {},
            BatchSize::PerIteration,
        );
    });
}

criterion_group!(benches, puts, look_ups);
criterion_main!(benches);
