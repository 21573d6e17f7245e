//! Whole zones out and in: the reference zone, a tenth of it by default, or the share in percent that
//! `DDI_BENCH_PERCENT` says.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use ddi_benches::ReferenceZone;
use ddi_core::{Instant, Now, UnixTime};
use ddi_dns::delta::{History, HistoryLimits};
use ddi_dns::xfr::{Request, TRANSMIT_MAX, Transport, XfrEvent, XfrIn, XfrInConfig, XfrOut, XfrOutConfig};
use ddi_dns::zone::Builder;
use ddi_dns::{NameRef, Rtype, Snapshot};

const NOW: Now = Now { instant: Instant(0), unix: UnixTime(0) };

fn zone(hosts: u32) -> Snapshot {
    let mut builder = Builder::new(NameRef::new(ReferenceZone::APEX_WIRE).unwrap());
    for row in (ReferenceZone { hosts }).rows() {
        let owner = NameRef::new(&row.owner).unwrap();
        builder.push(owner, Rtype(row.number), ReferenceZone::TTL, &row.rdata).unwrap();
    }
    builder.finish().unwrap()
}

fn config() -> XfrInConfig {
    XfrInConfig::new(NameRef::new(ReferenceZone::APEX_WIRE).unwrap().to_name(), None, 1)
}

fn send(zone: &Snapshot, history: &History, query: &[u8], mut take: impl FnMut(&[u8])) {
    let request = Request::parse(query).unwrap();
    let out_config = XfrOutConfig::default();
    let mut out = XfrOut::new(&request, zone.clone(), history, &out_config, Transport::Tcp, None);
    let mut buf = vec![0; TRANSMIT_MAX];
    while let Some(len) = out.poll_transmit(NOW, &mut buf).unwrap() {
        take(&buf[..len]);
    }
}

fn transfers(c: &mut Criterion) {
    let percent = std::env::var("DDI_BENCH_PERCENT").map_or(10, |text| text.parse().unwrap());
    let zone = zone(ReferenceZone::FULL.hosts / 100 * percent);
    let history = History::new(HistoryLimits::default());
    let mut buf = [0; 4096];
    let len = XfrIn::new(config()).poll_transmit(NOW, &mut buf).unwrap().len;
    let query = &buf[2..len];
    let mut stream = Vec::new();
    send(&zone, &history, query, |bytes| stream.extend_from_slice(bytes));
    let mut group = c.benchmark_group("dns_xfr");
    group.throughput(Throughput::Elements(zone.records())).sample_size(10);
    group.bench_function("axfr_out", |b| {
        b.iter(|| {
            let mut sum = 0;
            send(&zone, &history, query, |bytes| sum += bytes.len());
            sum
        });
    });
    group.bench_function("axfr_in", |b| {
        b.iter_batched(
            || {
                let mut xfr = XfrIn::new(config());
                xfr.poll_transmit(NOW, &mut [0; 4096]).unwrap();
                xfr
            },
            |mut xfr| {
                stream.chunks(65_536).for_each(|bytes| xfr.handle_bytes(NOW, bytes));
                let Some(XfrEvent::Ended(result)) = xfr.poll_event() else { panic!("no end") };
                result.unwrap()
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, transfers);
criterion_main!(benches);
