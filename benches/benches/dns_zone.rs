//! The zone store: building, look-ups, deltas upon zones of several sizes, walking.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use ddi_benches::ReferenceZone;
use ddi_core::UnixTime;
use ddi_dns::zone::{Builder, Strictness};
use ddi_dns::{Delta, Edit, Name, NameRef, Rtype, SerialPolicy, Snapshot, Zone};
use std::hint::black_box;

const CHANGES: u32 = 1000;

fn apex() -> NameRef<'static> {
    NameRef::new(ReferenceZone::APEX_WIRE).expect("a name")
}

fn pushed(hosts: u32) -> Builder {
    let mut builder = Builder::new(apex());
    for row in (ReferenceZone { hosts }).rows() {
        let owner = NameRef::new(&row.owner).expect("a name");
        builder.push(owner, Rtype(row.number), ReferenceZone::TTL, &row.rdata).expect("fits");
    }
    builder
}

fn host(number: u32) -> Name {
    format!("host-{number}.{}", ReferenceZone::APEX).parse().expect("a name")
}

/// A delta that changes names all over the zone: half of it are new addresses, half old ones gone.
fn delta(zone: &Snapshot, hosts: u32, seed: u32) -> (Delta, Snapshot) {
    let mut edit = Edit::new(zone);
    for i in 0..CHANGES / 2 {
        let name = host((i.wrapping_mul(2_654_435_761) ^ seed) % hosts);
        let old = edit.get(name.as_ref(), Rtype::A).and_then(|rrset| Some(rrset.rdatas().next()?.to_vec()));
        if let Some(old) = old {
            edit.remove(name.as_ref(), Rtype::A, &old);
        }
        edit.add(name.as_ref(), Rtype::A, ReferenceZone::TTL, &(i ^ seed).to_be_bytes()).expect("fits");
    }
    edit.finish(SerialPolicy::Increment, UnixTime(0)).expect("a zone").expect("changed")
}

fn builds(c: &mut Criterion) {
    let mut group = c.benchmark_group("dns_zone/build");
    group.sample_size(10);
    for hosts in [10_000, 1_000_000] {
        group.throughput(Throughput::Elements(u64::from(hosts) * 145 / 100));
        group.bench_function(format!("push, {hosts} names"), |bencher| {
            let rows: Vec<_> = (ReferenceZone { hosts }).rows().collect();
            bencher.iter_with_large_drop(|| {
                let mut builder = Builder::new(apex());
                for row in &rows {
                    let owner = NameRef::new(&row.owner).expect("a name");
                    builder.push(owner, Rtype(row.number), ReferenceZone::TTL, &row.rdata).expect("fits");
                }
                builder
            });
        });
        group.bench_function(format!("finish, {hosts} names"), |bencher| {
            bencher.iter_batched(
                || pushed(hosts),
                |builder| builder.finish().expect("a zone"),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

fn deltas(c: &mut Criterion) {
    for hosts in [10_000, 100_000, 1_000_000] {
        let first = pushed(hosts).finish().expect("a zone");
        let (delta, next) = delta(&first, hosts, 7);
        let zone = Zone::new(first.clone());
        let mut group = c.benchmark_group("dns_zone/delta of 1,000");
        group.bench_function(format!("apply and publish, {hosts} names"), |bencher| {
            bencher.iter(|| {
                zone.publish(first.clone()).expect("the same zone");
                let next = zone.read().apply(&delta, Strictness::Exact).expect("fits");
                zone.publish(next).expect("the same zone");
            });
        });
        group.bench_function(format!("edit, {hosts} names"), |bencher| {
            bencher.iter(|| self::delta(&first, hosts, 9));
        });
        group.bench_function(format!("between, {hosts} names"), |bencher| {
            bencher.iter(|| Delta::between(&first, &next).expect("one zone"));
        });
        group.finish();
    }
}

fn reads(c: &mut Criterion) {
    let hosts = 1_000_000;
    let zone = pushed(hosts).finish().expect("a zone");
    let names: Vec<Name> = (0..4096_u32).map(|i| host(i.wrapping_mul(2_654_435_761) % hosts)).collect();
    let mut next = 0;
    c.bench_function("dns_zone/get, 1,000,000 names", |bencher| {
        bencher.iter(|| {
            next = (next + 1) % names.len();
            black_box(zone.get(names[next].as_ref(), Rtype::A).map(|rrset| rrset.ttl()))
        });
    });
    let mut group = c.benchmark_group("dns_zone");
    group.sample_size(10).throughput(Throughput::Elements(zone.records()));
    group.bench_function("walk, 1,000,000 names", |bencher| {
        bencher.iter(|| {
            let (mut walk, mut bytes) = (zone.walk(), 0);
            while let Some(record) = walk.next() {
                bytes += record.wire_len() as u64;
            }
            assert_eq!(bytes, zone.wire_len());
        });
    });
    group.finish();
}

criterion_group!(benches, builds, deltas, reads);
criterion_main!(benches);
