//! Any bytes as a query to two zones: what comes back is a message, within its limit, whose question is that
//! of the query. The first byte of the data picks transport, settings and limit.

use ddi_dns::answer::{AnswerConfig, AnswerContext, CookieSecrets, Detail, Transport, nsec3_hash};
use ddi_dns::message::{Flags, Reader};
use ddi_dns::zone::{Builder, Zone, ZoneSet};
use ddi_dns::{Name, NameRef, Rtype};
use std::sync::{Arc, LazyLock};

static ZONES: LazyLock<ZoneSet> = LazyLock::new(|| {
    let mut set = ZoneSet::new();
    for apex in ["t.", "s.t."] {
        set.insert(Arc::new(Zone::new(zone(apex))));
    }
    set
});

fn name(label: &str, apex: &str) -> Name {
    format!("{label}{apex}").parse().unwrap()
}

fn zone(apex: &str) -> ddi_dns::Snapshot {
    let mut builder = Builder::new(name("", apex).as_ref());
    let mut put = |label: &str, rtype: Rtype, rdata: &[u8]| {
        builder.push(name(label, apex).as_ref(), rtype, 60, rdata).unwrap();
    };
    let target = |label: &str| name(label, apex).as_ref().wire().to_vec();
    put("", Rtype::SOA, &[&target("n.")[..], &target(""), &[0; 20]].concat());
    put("", Rtype::NS, &target("n."));
    put("", Rtype::NSEC3PARAM, &[1, 0, 0, 1, 0]);
    put("n.", Rtype::A, &[1; 4]);
    put("n.", Rtype::AAAA, &[1; 16]);
    put("c.", Rtype::CNAME, &target("n."));
    put("l.", Rtype::CNAME, &target("l."));
    put("*.w.", Rtype::MX, &[&[0, 1][..], &target("n.")].concat());
    put("*.v.", Rtype::CNAME, &target("x.w."));
    put("a.*.e.", Rtype::TXT, b"\x01x");
    put("d.", Rtype::DNAME, &target("w."));
    put("g.", Rtype::DNAME, &target("g.g."));
    put("s.", Rtype::NS, &target("n.s."));
    put("n.s.", Rtype::A, &[2; 4]);
    put("h.", Rtype::HTTPS, &[0, 1, 0]);
    put("b.", Rtype::SRV, &[&[0; 6][..], &target("n.")].concat());
    for i in 0..20 {
        put("x.", Rtype::TXT, &[[60; 1].as_slice(), &[i; 60]].concat());
    }
    for label in ["", "n.", "w.", "*.w.", "e.", "d."] {
        let hash = nsec3_hash(name(label, apex).as_ref(), 1, &[]);
        let digits = (0..32).map(|i| {
            let bit = |j: usize| usize::from(hash[j / 8] >> (7 - j % 8) & 1);
            char::from(b"0123456789abcdefghijklmnopqrstuv"[(0..5).fold(0, |n, j| n << 1 | bit(5 * i + j))])
        });
        let owner = digits.collect::<String>() + ".";
        put(&owner, Rtype::NSEC3, &[&[1, 1, 0, 1, 0, 20][..], &hash, &[0, 1, 0x40]].concat());
        let signature = [&[0, 50, 13, 1][..], &[0; 14], &target(""), &[9; 64]].concat();
        put(&owner, Rtype::RRSIG, &signature);
    }
    builder.finish().unwrap()
}

pub fn query(data: &[u8]) {
    let Some((&choice, query)) = data.split_first() else { return };
    let mut config = AnswerConfig::default();
    config.cookies = (choice & 1 != 0).then(|| CookieSecrets::new([1; 16]));
    config.cookies_required = choice & 2 != 0;
    config.detail = if choice & 4 != 0 { Detail::Full } else { Detail::Minimal };
    config.nsid = (choice & 8 != 0).then(|| (*b"id").into());
    let transport = if choice & 16 != 0 { Transport::Tcp } else { Transport::Udp };
    let limit = if choice & 32 != 0 { usize::from(choice) * 2 } else { 4096 };
    let context =
        AnswerContext::new(&config, transport, [192, 0, 2, 1].into(), ddi_core::UnixTime(1_800_000_000));
    let mut out = vec![0xee; limit + 8];
    let Some(answered) = ZONES.answer(query, &context, &mut out[..limit]) else {
        return;
    };
    assert!(answered.len <= limit && out[limit..] == [0xee; 8]);
    let mut reader = Reader::new(&out[..answered.len]).unwrap();
    let header = *reader.header();
    assert_eq!(out[..2], query[..2]);
    assert!(header.flags.has(Flags::QR) && header.flags.has(Flags::TC) == answered.truncated);
    assert_eq!(header.flags.opcode(), Flags(u16::from_be_bytes([query[2], query[3]])).opcode());
    if let Some(question) = reader.question().unwrap() {
        assert_eq!(question.name().as_ref(), NameRef::split(&query[12..]).unwrap().0);
    }
    let mut rdata = Vec::new();
    while let Some(record) = reader.record().unwrap() {
        rdata.clear();
        record.expand_rdata(&mut rdata).unwrap();
    }
    reader.finish().unwrap();
}
