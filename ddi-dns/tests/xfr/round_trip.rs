//! What is sent is taken in, whatever the messages' sizes and however they are framed.

use super::support::*;
use ddi_dns::message::{Flags, Reader, Section};
use ddi_dns::xfr::{Transport, Via};
use ddi_dns::{Edit, Rtype, Snapshot, zone::Strictness};

/// The same answer in messages of other sizes: `most` records each at random.
fn reframed(random: &mut Random, messages: &[Vec<u8>], query: &[u8], most: usize) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for bytes in messages {
        let mut reader = Reader::new(bytes).unwrap();
        while let Some(record) = reader.record().unwrap() {
            if record.section == Section::Answer {
                let mut rdata = Vec::new();
                record.expand_rdata(&mut rdata).unwrap();
                all.push((record.owner(), record.rtype, record.ttl, rdata));
            }
        }
    }
    let mut out = Vec::new();
    let mut rest = all.as_slice();
    while !rest.is_empty() {
        let count = (1 + random.below(most)).min(rest.len());
        out.push(message(query, Flags::AA, &rest[..count]));
        rest = &rest[count..];
    }
    out
}

#[test]
fn random_edits_at_random_framings() {
    for seed in 1..=60 {
        let mut random = Random(seed);
        let mut server = Server::new(sample(u32::MAX - 5, 40));
        let mut taken_over: Option<Snapshot> = None;
        for round in 0..12 {
            server.config.message_size = [512, 600, 2000, 16_384][random.below(4)];
            server.config.condense = random.below(2) == 0;
            let cut = [1, 7, 100, usize::MAX][random.below(4)];
            let most = [1, 3, 1000][random.below(3)];
            let mut config = over_tcp(taken_over.as_ref());
            config.udp = random.below(2) == 0;
            config.strictness = [Strictness::Exact, Strictness::Tolerant][random.below(2)];
            let (trouble, result) = run_cut(config, cut, |query, via| match serve(&server)(query, via) {
                Reply::Stream { messages, closes } => {
                    Reply::Stream { messages: reframed(&mut random, &messages, query, most), closes }
                }
                other => other,
            });
            assert_eq!(trouble, [], "seed {seed} round {round}");
            let (snapshot, deltas) = taken(result);
            assert_eq!(spelled(&snapshot), spelled(&server.zone), "seed {seed} round {round}");
            // The deltas lead from the old version to the new one.
            if let (Some(old), false) = (&taken_over, deltas.is_empty()) {
                let end = deltas
                    .iter()
                    .fold(old.clone(), |zone, delta| zone.apply(delta, Strictness::Exact).unwrap());
                assert_eq!(spelled(&end), spelled(&snapshot), "seed {seed} round {round}");
            }
            taken_over = Some(snapshot);
            (0..=random.below(5)).for_each(|_| server.edit(&mut random));
        }
    }
}

#[test]
fn deltas_are_really_deltas() {
    let mut server = Server::new(sample(1, 400));
    let old = server.zone.clone();
    let mut random = Random(9);
    (0..3).for_each(|_| server.edit(&mut random));
    let (_, result) = run(over_tcp(Some(&old)), serve(&server));
    let (_, deltas) = taken(result);
    assert_eq!(deltas.len(), 3);
    let expected: Vec<_> = server.history.iter().map(|delta| (**delta).clone()).collect();
    assert_eq!(deltas, expected);
}

#[test]
fn a_large_zone() {
    let server = Server::new(sample(1, 30_000));
    let (trouble, result) = run_cut(over_tcp(None), 1460, serve(&server));
    assert_eq!(trouble, []);
    assert_eq!(spelled(&taken(result).0), spelled(&server.zone));
}

#[test]
fn a_ttl_that_others_take_for_none_is_none_here() {
    // RFC 2181 section 8.
    let mut old_age = a("old.example.com", 1);
    old_age.2 = 1 << 31;
    let server = Server::new(zone(&[soa(5), old_age]));
    assert_eq!(server.zone.get(name("old.example.com").as_ref(), Rtype::A).unwrap().ttl(), 0);
    let (_, result) = run(over_tcp(None), serve(&server));
    assert_eq!(spelled(&taken(result).0), spelled(&server.zone));
    let mut edit = Edit::new(&server.zone);
    edit.add(name("new.example.com").as_ref(), Rtype::A, u32::MAX, &[192, 0, 2, 2]).unwrap();
    assert_eq!(edit.get(name("new.example.com").as_ref(), Rtype::A).unwrap().ttl(), 0);
}

#[test]
fn a_zone_of_its_soa_alone() {
    let server = Server::new(zone(&[soa(5)]));
    let old = zone(&[soa(3)]);
    for (current, udp) in [(None, false), (Some(&old), false), (Some(&old), true)] {
        let mut config = over_tcp(current);
        config.udp = udp;
        let (_, result) = run(config, serve(&server));
        assert_eq!(rows(&taken(result).0), [soa(5)]);
    }
    // Over UDP too, where two SOAs are no single one.
    let mut config = over_tcp(Some(&old));
    config.udp = true;
    let (_, result) = run(config, |query, via| {
        assert_eq!(via, Via::Udp);
        Reply::Datagram(message(query, Flags::AA, &[soa(5), soa(5)]))
    });
    assert_eq!(rows(&taken(result).0), [soa(5)]);
    assert_eq!(server.answer(&query(over_tcp(None)), Transport::Tcp).len(), 1);
}
