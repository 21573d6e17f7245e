//! Binding updates between two endpoints in memory: a lease is changed on one server, sent, read, judged,
//! stored and acknowledged by the other, and the acknowledgement is stored.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ddi_benches::UpdatePair;
use ddi_failover::Profile;
use ddi_failover::endpoint::ProfileChoice;

fn updates(c: &mut Criterion) {
    let mut group = c.benchmark_group("failover");
    group.throughput(Throughput::Elements(UpdatePair::BATCH.into())).sample_size(20);
    for (name, profile) in
        [("updates", ProfileChoice::Auto), ("updates_isc", ProfileChoice::Fixed(Profile::Isc))]
    {
        let mut pair = UpdatePair::new(profile);
        group.bench_function(name, |b| b.iter(|| pair.renew()));
    }
    group.finish();
}

criterion_group!(benches, updates);
criterion_main!(benches);
