//! The journal on a real disk: durable deltas with group commit across zones, opening, compaction.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ddi_core::{FileStorage, Storage, UnixTime};
use ddi_dns::zone::Builder;
use ddi_dns::{Edit, Journal, JournalConfig, Name, Rtype, SerialPolicy, Snapshot};
use std::path::PathBuf;
use std::sync::Arc;

const ZONES: u32 = 10_000;
const HOSTS: u32 = 20;

fn apex(number: u32) -> Name {
    format!("{}.{}.10.in-addr.arpa.", number % 256, number / 256).parse().expect("a name")
}

/// A reverse zone as a DHCP server fills it.
fn zone(number: u32) -> Snapshot {
    let apex = apex(number);
    let mut builder = Builder::new(apex.as_ref());
    let mut soa = b"\x02ns\x07example\0\x05admin\x07example\0".to_vec();
    [1, 3600, 600, 86_400, 300_u32].iter().for_each(|part| soa.extend_from_slice(&part.to_be_bytes()));
    builder.push(apex.as_ref(), Rtype::SOA, 3600, &soa).expect("a SOA");
    for host in 0..HOSTS {
        let owner = apex.child(host.to_string().as_bytes()).expect("short");
        builder.push(owner.as_ref(), Rtype::PTR, 300, b"\x04host\x07example\0").expect("a name");
    }
    builder.finish().expect("a zone")
}

/// One address more, or less if it is there: as a lease comes and goes.
fn change(journal: &mut Journal, number: u32) {
    let apex = apex(number % ZONES);
    let kept = journal.zone(apex.as_ref()).expect("it is there");
    let mut edit = Edit::new(kept.snapshot());
    let owner = apex.child(b"200").expect("short");
    if !edit.remove_name(owner.as_ref()) {
        edit.add(owner.as_ref(), Rtype::PTR, 300, b"\x03new\x07example\0").expect("a name");
    }
    let step = edit.finish(SerialPolicy::Increment, UnixTime(0)).expect("a zone");
    let (delta, after) = step.expect("a change");
    journal.append(Arc::new(delta), &after).expect("it leads there");
}

fn filled(storage: Arc<dyn Storage>) -> Journal {
    let (mut journal, _) = Journal::open(storage, &JournalConfig::default()).expect("opens");
    for number in 0..ZONES {
        journal.replace(&zone(number)).expect("fits");
    }
    journal.commit().expect("commits");
    journal
}

fn directory(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("ddi-bench-journal-{name}-{}", std::process::id()))
}

fn deltas(c: &mut Criterion) {
    let dir = directory("deltas");
    let mut journal = filled(Arc::new(FileStorage::open(&dir).expect("a directory")));
    let mut group = c.benchmark_group("dns_journal");
    let mut number = 0;
    for each in [1, 64, 1000] {
        group.throughput(Throughput::Elements(each));
        group.bench_function(format!("edit and append, durable every {each}"), |bencher| {
            bencher.iter(|| {
                for _ in 0..each {
                    number += 1;
                    change(&mut journal, number);
                }
                journal.commit().expect("commits");
                if journal.needs_compaction() {
                    journal.compact().expect("compacts");
                }
            });
        });
    }
    group.finish();
    drop(journal);
    std::fs::remove_dir_all(dir).expect("removes");
}

fn opening(c: &mut Criterion) {
    let dir = directory("opening");
    let storage: Arc<dyn Storage> = Arc::new(FileStorage::open(&dir).expect("a directory"));
    let mut journal = filled(Arc::clone(&storage));
    journal.compact().expect("compacts");
    let mut group = c.benchmark_group("dns_journal");
    group.sample_size(10);
    group.throughput(Throughput::Elements(ZONES.into()));
    group.bench_function("compaction of 10,000 zones of 21 records", |bencher| {
        bencher.iter(|| {
            change(&mut journal, 7);
            journal.compact().expect("compacts");
        });
    });
    drop(journal);
    group.bench_function("opening 10,000 zones of 21 records", |bencher| {
        bencher.iter(|| Journal::open(Arc::clone(&storage), &JournalConfig::default()).expect("opens"));
    });
    group.finish();
    std::fs::remove_dir_all(dir).expect("removes");
}

criterion_group!(benches, deltas, opening);
criterion_main!(benches);
