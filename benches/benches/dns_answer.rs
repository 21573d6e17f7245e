//! Answers from the reference zone, by ddi and by the `domain` crate's zone tree: eight in ten for A, the
//! others for AAAA, nine in a hundred for names that are not there.

use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use ddi_benches::{ReferenceZone, Row};
use ddi_core::UnixTime;
use ddi_dns::answer::{AnswerConfig, AnswerContext, Detail, Transport};
use ddi_dns::zone::{Builder, Snapshot, Zone, ZoneSet};
use ddi_dns::{NameRef, Rtype};
use domain::base::{Message, MessageBuilder, Name, Serial, ToName, Ttl, iana};
use domain::rdata::{A, Aaaa, Cname, Ns, Soa, Txt};
use domain::zonetree::types::StoredRecordData;
use domain::zonetree::{ReadableZone, Rrset, SharedRr, SharedRrset, ZoneBuilder};
use std::hint::black_box;
use std::sync::Arc;

/// Names in the zone; the environment can ask for fewer, where memory is short.
fn hosts() -> u32 {
    std::env::var("DDI_BENCH_NAMES").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000_000)
}

/// How many queries are asked in turn.
const QUERIES: u32 = 16_384;

fn zone(hosts: u32) -> Snapshot {
    let mut builder = Builder::new(NameRef::new(ReferenceZone::APEX_WIRE).expect("a name"));
    for row in (ReferenceZone { hosts }).rows() {
        let owner = NameRef::new(&row.owner).expect("a name");
        builder.push(owner, Rtype(row.number), ReferenceZone::TTL, &row.rdata).expect("fits");
    }
    builder.finish().expect("a zone")
}

/// Query messages, without or with an OPT.
fn queries(hosts: u32, with_opt: bool) -> Vec<Vec<u8>> {
    let query = |i: u32| {
        // A multiplier that visits the numbers in no order that a cache would like.
        let random = i.wrapping_mul(2_654_435_761) >> 4;
        let label = format!("{}-{}", if random % 100 < 9 { "miss" } else { "host" }, random % hosts);
        let rtype = if random / 100 % 10 < 8 { 1 } else { 28 };
        let mut bytes = vec![0x30, 0x77, 0, 0, 0, 1, 0, 0, 0, 0, 0, u8::from(with_opt), label.len() as u8];
        bytes.extend_from_slice(label.as_bytes());
        bytes.extend_from_slice(ReferenceZone::APEX_WIRE);
        bytes.extend_from_slice(&[0, rtype, 0, 1]);
        if with_opt {
            bytes.extend_from_slice(&[0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0]);
        }
        bytes
    };
    (0..QUERIES).map(query).collect()
}

fn ddi(c: &mut Criterion) {
    let hosts = hosts();
    let snapshot = zone(hosts);
    let mut set = ZoneSet::new();
    set.insert(Arc::new(Zone::new(snapshot.clone())));
    let mut config = AnswerConfig::default();
    // The answer alone, without the zone's servers.
    config.detail = Detail::Minimal;
    let client = "192.0.2.1".parse().expect("an address");
    let context = AnswerContext::new(&config, Transport::Udp, client, UnixTime(1_800_000_000));
    let mut out = [0; 1232];
    for (name, with_opt) in [("plain", false), ("EDNS", true)] {
        let queries = queries(hosts, with_opt);
        let mut all = queries.iter().cycle();
        c.bench_function(&format!("dns_answer/ddi snapshot, {name}"), |bencher| {
            bencher.iter(|| {
                let query = all.next().expect("endless");
                black_box(snapshot.answer(query, &context, &mut out).map(|answered| answered.len))
            });
        });
        c.bench_function(&format!("dns_answer/ddi zone set, {name}"), |bencher| {
            bencher.iter(|| {
                let query = all.next().expect("endless");
                black_box(set.answer(query, &context, &mut out).map(|answered| answered.len))
            });
        });
    }
}

fn stored_name(wire: &[u8]) -> Name<Bytes> {
    Name::from_octets(Bytes::copy_from_slice(wire)).expect("a name")
}

/// A record's data in the peer's types.
fn stored_data(row: &Row) -> StoredRecordData {
    let octets = |n: usize| -> [u8; 4] { row.rdata[n..n + 4].try_into().expect("four bytes") };
    match row.rtype {
        "A" => A::new(octets(0).into()).into(),
        "AAAA" => Aaaa::new(<[u8; 16]>::try_from(&row.rdata[..]).expect("sixteen bytes").into()).into(),
        "TXT" => Txt::from_octets(Bytes::copy_from_slice(&row.rdata)).expect("text").into(),
        "CNAME" => Cname::new(stored_name(&row.rdata)).into(),
        "NS" => Ns::new(stored_name(&row.rdata)).into(),
        "SOA" => {
            let (mname, rest) = NameRef::split(&row.rdata).expect("a name");
            let (rname, _) = NameRef::split(rest).expect("a name");
            let ttl = |secs| Ttl::from_secs(secs);
            let (mname, rname) = (stored_name(mname.wire()), stored_name(rname.wire()));
            Soa::new(mname, rname, Serial(1), ttl(3600), ttl(600), ttl(604_800), ttl(300)).into()
        }
        other => unreachable!("the reference zone has no {other}"),
    }
}

fn domain_zone(hosts: u32) -> Box<dyn ReadableZone> {
    let apex = stored_name(ReferenceZone::APEX_WIRE);
    let mut builder = ZoneBuilder::new(apex, iana::Class::IN);
    for row in (ReferenceZone { hosts }).rows() {
        let (owner, ttl) = (stored_name(&row.owner), Ttl::from_secs(ReferenceZone::TTL));
        let data = stored_data(&row);
        if row.rtype == "CNAME" {
            builder.insert_cname(&owner, SharedRr::new(ttl, data)).expect("a CNAME");
        } else {
            let mut rrset = Rrset::new(iana::Rtype::from_int(row.number), ttl);
            rrset.push_data(data);
            builder.insert_rrset(&owner, SharedRrset::new(rrset)).expect("an rrset");
        }
    }
    builder.build().read()
}

fn domain_crate(c: &mut Criterion) {
    let hosts = hosts();
    let zone = domain_zone(hosts);
    let queries = queries(hosts, false);
    let mut all = queries.iter().cycle();
    c.bench_function("dns_answer/domain query and build", |bencher| {
        let mut buffer = Vec::with_capacity(1232);
        bencher.iter(|| {
            let message = Message::from_octets(&all.next().expect("endless")[..]).expect("a message");
            let question = message.sole_question().expect("one question");
            let name: Name<Bytes> = question.qname().to_bytes();
            let answer = zone.query(name, question.qtype()).expect("in the zone");
            buffer.clear();
            let builder = MessageBuilder::from_target(std::mem::take(&mut buffer)).expect("room");
            buffer = answer.to_message(&message, builder).finish();
            black_box(buffer.len())
        });
    });
}

criterion_group!(benches, ddi, domain_crate);
criterion_main!(benches);
