//! Nothing is allocated for an answer, of whatever kind.

#[path = "answer/support.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod support;

use ddi_dns::answer::{AnswerConfig, CookieSecrets, Detail, Transport};
use ddi_dns::zone::{Zone, ZoneSet};
use std::sync::Arc;
use support::{Ask, context, zone};

#[test]
fn answers_allocate_nothing() {
    let mut text = "example. 60 IN SOA ns.example. b. 1 2 3 4 5\nexample. 60 IN NS ns.example.\n\
                    example. 60 IN NSEC3PARAM \\# 5 01 00 0001 00\nexample. 60 IN MX 5 h1.example.\n\
                    ns.example. 60 IN A 192.0.2.1\n*.wild.example. 60 IN CNAME h2.example.\n\
                    old.example. 60 IN DNAME wild.example.\ncut.example. 60 IN NS ns.cut.example.\n\
                    ns.cut.example. 60 IN A 192.0.2.2\nloop.example. 60 IN CNAME loop.example.\n"
        .to_owned();
    for i in 0..2000 {
        text += &format!("h{i}.example. 60 IN A 192.0.2.{}\n", i % 256);
    }
    for i in 0..32 {
        let digit = char::from_digit(i, 32).unwrap();
        text += &format!(
            "{digit}{}.example. 5 IN NSEC3 \\# 29 01 00 0001 00 14 {}\n",
            "0".repeat(31),
            "00".repeat(20) + "000140"
        );
    }
    let snapshot = zone(&text);
    let mut set = ZoneSet::new();
    set.insert(Arc::new(Zone::new(snapshot.clone())));
    let mut config = AnswerConfig::default();
    config.cookies = Some(CookieSecrets::new([1; 16]));
    config.nsid = Some((*b"id").into());
    config.detail = Detail::Full;
    let names = ["h7", "H1999", "none", "a.wild", "a.old", "cut", "x.cut", "loop", "wild", "x.h5", "ns"];
    let mut queries: Vec<Vec<u8>> = vec![vec![0; 12], vec![1; 40]];
    for rtype in ["A", "AAAA", "DS", "ANY", "SOA"] {
        for owner in names
            .iter()
            .map(|label| format!("{label}.example."))
            .chain(["example.".to_owned(), ".".to_owned()])
        {
            let ask = Ask::new(&owner, rtype);
            queries.push(ask.bytes());
            queries.push(ask.signed().option(3, b"").option(9, b"").option(10, &[1; 8]).bytes());
        }
    }
    queries.push(Ask::new("example.", "MX").bytes());
    for transport in [Transport::Udp, Transport::Tcp] {
        let context = context(&config, transport);
        let mut out = vec![0; 65_535];
        // What a thread allocates once, for reading what others publish.
        assert!(set.answer(&queries[2], &context, &mut out).is_some());
        let mut answered = 0;
        let info = allocation_counter::measure(|| {
            for query in &queries {
                answered += usize::from(snapshot.answer(query, &context, &mut out).is_some());
                answered += usize::from(set.answer(query, &context, &mut out).is_some());
            }
        });
        assert_eq!(answered, 2 * queries.len());
        assert_eq!(info.count_total, 0, "{info:?}");
    }
}
