//! The DHCPv4 server engine over the lease database, without sockets and without a disk: whole
//! exchanges (DISCOVER, OFFER, REQUEST, ACK), each of which writes its lease. Of clients that come for the
//! first time, so that the database grows all the while; and of 50,000 that come again and again.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ddi_benches::DoraWorld;

/// Clients that come again.
const KNOWN: u32 = 50_000;

fn exchanges(c: &mut Criterion) {
    let mut group = c.benchmark_group("dhcp4_server");
    group.throughput(Throughput::Elements(DoraWorld::BATCH.into()));
    for (name, clients) in [("first_time", u32::MAX), ("again", KNOWN)] {
        let mut world = DoraWorld::new(clients);
        group.bench_function(name, |b| b.iter(|| world.batch()));
    }
    group.finish();
}

criterion_group!(benches, exchanges);
criterion_main!(benches);
