//! What a primary may send that is legal and looks like something else later.

use super::text::{survives_export, wire};
use super::xfr::{Reply, Row, Server, message, name, over_tcp, run, soa, taken};
use ddi_dns::message::Flags;
use ddi_dns::xfr::Transport;
use ddi_dns::{Name, Rtype};

/// PowerDNS CVE-2026-42000: labels that a shell, a configuration or a zone file would take for its own.
const LABELS: [&[u8]; 22] = [
    b"$INCLUDE /etc/passwd",
    b"$ORIGIN evil.",
    b"$GENERATE 1-9 $ A 192.0.2.$",
    b"a\n@ A 192.0.2.66",
    b"a\r\nb",
    b"; comment",
    b"\"quoted\"",
    b"( open",
    b") close",
    b"@",
    b"*",
    b"a.b",
    b"..",
    b"../../etc/passwd",
    b"back\\slash\\",
    b"\\# 4 01020304",
    b"`reboot`$(reboot)",
    b"%s%n{}",
    b"\0",
    b"\x7f\x80\xff",
    b"\t tab",
    b"'; DROP TABLE zones; --",
];

#[test]
fn names_that_mean_something_elsewhere() {
    let apex = name("example.com");
    let mut rows = vec![soa(2)];
    for label in LABELS {
        let owner = apex.child(label).unwrap();
        let text = [&[label.len() as u8], label].concat();
        rows.push((owner.clone(), Rtype::TXT, 300, text.clone()));
        rows.push((owner.clone(), Rtype::HINFO, 300, text.repeat(2)));
        rows.push((apex.clone(), Rtype::NS, 300, owner.as_ref().wire().to_vec()));
        let mailbox = [owner.as_ref().wire(), owner.as_ref().wire()].concat();
        rows.push((owner.clone(), Rtype::RP, 300, mailbox));
        let caa = [&[0, 5][..], b"issue", label].concat();
        rows.push((owner, Rtype::CAA, 300, caa));
    }
    rows.push(soa(2));
    let zone = taken(sent(&rows)).0;
    assert_eq!(zone.records(), 1 + 5 * LABELS.len() as u64);
    survives_export(&zone);
    // And out again, to the byte.
    let server = Server::new(zone.clone());
    let (_, result) = run(over_tcp(None), |query, _| Reply::Stream {
        messages: server.answer(query, Transport::Tcp),
        closes: true,
    });
    assert_eq!(wire(&taken(result).0), wire(&zone));
}

fn sent(rows: &[Row]) -> Result<ddi_dns::xfr::Outcome, ddi_dns::xfr::XfrError> {
    run(over_tcp(None), |query, _| Reply::Stream {
        messages: vec![message(query, Flags::AA, rows)],
        closes: true,
    })
    .1
}

/// The zone's own name may be as odd.
#[test]
fn an_apex_that_means_something_elsewhere() {
    for label in LABELS {
        let apex = Name::root().child(b"test").unwrap().child(label).unwrap();
        let mut builder = ddi_dns::zone::Builder::new(apex.as_ref());
        builder.push(apex.as_ref(), Rtype::SOA, 60, &soa(1).3).unwrap();
        let below = apex.child(label).unwrap();
        builder.push(below.as_ref(), Rtype::A, 60, &[192, 0, 2, 1]).unwrap();
        let zone = builder.finish().unwrap();
        survives_export(&zone);
        let text = apex.to_string();
        assert_eq!(text.parse::<Name>().unwrap().as_ref().wire(), apex.as_ref().wire(), "{text}");
        assert!(text.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{text:?}");
    }
}
