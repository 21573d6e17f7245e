//! Good and hostile primaries, as NSD's tests script them: what a transfer makes of their answers.

#[path = "xfr_conformance/script.rs"]
mod script;

use ddi_core::{Instant, Now, UnixTime};
use ddi_dns::delta::{History, HistoryLimits};
use ddi_dns::xfr::{
    Outcome, Request, TRANSMIT_MAX, Transport, Via, XfrError, XfrEvent, XfrIn, XfrInConfig, XfrOut,
    XfrOutConfig,
};
use ddi_dns::{Rtype, Serial, Snapshot};
use script::{Script, zone};
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    let root = std::env::var_os("DDI_VECTORS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors"), PathBuf::from);
    let folder = root.join("dns/nsd-tpkg");
    assert!(folder.is_dir(), "no vectors in {}: set DDI_VECTORS", folder.display());
    folder
}

fn read(file: &str) -> String {
    let (test, _) = file.rsplit_once('/').unwrap();
    let name = file.rsplit('/').next().unwrap();
    let path = folder().join(format!("{test}.tdir/{name}"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What the messages were, and the end.
type Course = (Vec<XfrError>, Result<Outcome, XfrError>);

/// Runs one transfer against a script. A script without an answer is silent over UDP and closes over TCP.
fn run(apex: &str, current: Option<&Snapshot>, script: &str, udp: bool) -> Course {
    let script = Script::parse(&read(script));
    let mut config = XfrInConfig::new(apex.parse().unwrap(), current.cloned(), 1);
    config.udp = udp;
    let mut xfr = XfrIn::new(config);
    let mut now = Now { instant: Instant(0), unix: UnixTime(0) };
    let (mut buf, mut trouble) = ([0; 4096], Vec::new());
    for _ in 0..50 {
        if let Some(transmit) = xfr.poll_transmit(now, &mut buf) {
            let skip = if transmit.via == Via::Tcp { 2 } else { 0 };
            let reply = script.reply(&buf[skip..transmit.len], transmit.via).unwrap_or_default();
            for message in &reply {
                match transmit.via {
                    Via::Udp => xfr.handle_datagram(now, message),
                    Via::Tcp => {
                        xfr.handle_bytes(
                            now,
                            &[&(message.len() as u16).to_be_bytes(), &message[..]].concat(),
                        );
                    }
                }
            }
            if transmit.via == Via::Tcp {
                xfr.handle_closed(now);
            }
        }
        while let Some(event) = xfr.poll_event() {
            match event {
                XfrEvent::FallBack { why } => trouble.push(why),
                XfrEvent::Ended(result) => return (trouble, *result),
                other => panic!("{other:?}"),
            }
        }
        if let Some(due) = xfr.poll_timeout() {
            now.instant = due;
            xfr.handle_timeout(now);
        }
    }
    panic!("no end");
}

/// A transfer over UDP first and one over TCP alone: both must give the same zone.
fn taken(apex: &str, current: Option<&Snapshot>, script: &str) -> Snapshot {
    let [udp, tcp] = [true, false].map(|udp| match run(apex, current, script, udp) {
        (_, Ok(Outcome::Zone { snapshot, .. })) => snapshot,
        (trouble, other) => panic!("{script}: {trouble:?} {other:?}"),
    });
    assert_same(&udp, &tcp, script);
    udp
}

/// Neither way gives a zone; why not, over TCP, first and last.
fn refused(apex: &str, current: Option<&Snapshot>, script: &str) -> (Option<XfrError>, XfrError) {
    let (_, udp) = run(apex, current, script, true);
    assert!(udp.is_err(), "{script}");
    let (trouble, tcp) = run(apex, current, script, false);
    (trouble.into_iter().next(), tcp.unwrap_err())
}

fn lines(zone: &Snapshot) -> Vec<String> {
    let mut walk = zone.walk();
    let mut lines = Vec::new();
    while let Some(record) = walk.next() {
        // In NSEC3 the case of names is no matter.
        let owner = record.owner.to_string().to_ascii_lowercase();
        lines.push(format!("{owner} {} {} {:02x?}", record.ttl, record.rtype, record.rdata));
    }
    lines
}

#[track_caller]
fn assert_same(a: &Snapshot, b: &Snapshot, what: &str) {
    assert_eq!(lines(a), lines(b), "{what}");
}

fn has(zone: &Snapshot, owner: &str, rtype: Rtype) -> bool {
    zone.get(owner.parse::<ddi_dns::Name>().unwrap().as_ref(), rtype).is_some()
}

/// A zone, the scripts of one primary after the other, and the zone after each.
fn series(apex: &str, test: &str, first: &str, steps: &[(&str, &str)]) -> Snapshot {
    let mut current = zone(apex, &read(&format!("{test}/{first}")));
    for (script, expected) in steps {
        let script = format!("{test}/{script}");
        let next = taken(apex, Some(&current), &script);
        assert_same(&next, &zone(apex, &read(&format!("{test}/{expected}"))), &script);
        current = next;
    }
    current
}

#[test]
fn ixfr_series() {
    for test in ["testplan_ixfr", "testplan_ixfr_pkts"] {
        let file = |kind: &str, number: u32| format!("{test}.{kind}_{number}");
        let steps: Vec<_> =
            [2, 3, 5, 7, 8, 9].map(|number| (file("qs", number), file("zone", number))).to_vec();
        let steps: Vec<_> = steps.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        let folder = format!("long/{test}");
        let first = zone("example.com", &read(&format!("{folder}/{}", file("zone", 1))));
        let (_, result) = run("example.com", Some(&first), &format!("{folder}/{}", file("qs", 1)), true);
        assert!(matches!(result, Ok(Outcome::UpToDate { serial: Serial(1), .. })), "{result:?}");
        series("example.com", &folder, &file("zone", 1), &steps);
    }
}

#[test]
fn ixfr_that_removes_names() {
    let steps = [
        ("testplan_ixfr_remove.qs_2", "testplan_ixfr_remove.zone_2"),
        ("testplan_ixfr_remove.qs_3", "testplan_ixfr_remove.zone_3"),
    ];
    series("example.com", "long/testplan_ixfr_remove", "testplan_ixfr_remove.zone_1", &steps);
}

#[test]
fn ixfr_that_removes_what_is_not_there_becomes_axfr() {
    let test = "long/ixfr_remove_unknown";
    let steps = [("ixfr_remove_unknown.qs_1", "ixfr_remove_unknown.zone_2")];
    series("example.com", test, "ixfr_remove_unknown.zone_1", &steps);
    let first = zone("example.com", &read(&format!("{test}/ixfr_remove_unknown.zone_1")));
    let (trouble, _) = run("example.com", Some(&first), &format!("{test}/ixfr_remove_unknown.qs_1"), false);
    assert!(matches!(trouble[..], [XfrError::Apply { .. }]), "{trouble:?}");
}

#[test]
fn ixfr_with_bad_serials_or_bytes_changes_nothing() {
    let first = zone("example.com", &read("long/ixfr_rollback/ixfr_rollback.zone_1"));
    let (why, end) = refused("example.com", Some(&first), "long/ixfr_rollback/ixfr_rollback.qs_1");
    let (base, found) = (Serial(1), Serial(1023));
    assert_eq!((why, end), (Some(XfrError::WrongBase { base, found }), XfrError::Closed));
    let first = zone("example.com", &read("long/ixfr_malformed/ixfr_malformed.zone_1"));
    let (why, end) = refused("example.com", Some(&first), "long/ixfr_malformed/ixfr_malformed.qs_1");
    assert!(matches!(why, Some(XfrError::Message(_))), "{why:?}");
    assert_eq!(end, XfrError::Closed);
}

#[test]
fn axfr_after_notimp() {
    let first = zone("example.net", &read("axfr_fallback/axfr_fallback.zone"));
    let zone = taken("example.net", Some(&first), "axfr_fallback/axfr_fallback.datafile");
    assert_eq!((zone.serial(), zone.records()), (Serial(2), 2));
    assert!(has(&zone, "www.example.net", Rtype::A));
}

#[test]
fn axfr_with_an_soa_inside() {
    let (_, end) = refused("example.com", None, "axfr_mid_soa/axfr_mid_soa.testns");
    assert_eq!(end, XfrError::SoaInside { serial: Serial(99) });
}

#[test]
fn ixfr_of_bad_format_becomes_axfr() {
    let script = "ixfr_badformat/ixfr_badformat.datafile";
    let first = zone("example.net", &read("ixfr_badformat/ixfr_badformat.zone"));
    let second = taken("example.net", Some(&first), script);
    assert_eq!((second.serial(), second.records()), (Serial(2), 17));
    let (trouble, result) = run("example.net", Some(&second), script, false);
    let (from, to) = (Serial(2), Serial(1));
    assert_eq!(trouble, [XfrError::SerialOrder { from, to }]);
    assert!(matches!(result, Ok(Outcome::UpToDate { serial: Serial(2), .. })), "the AXFR is of 2");
}

#[test]
fn a_zone_becomes_signed_and_unsigned_again() {
    let mut current: Option<Snapshot> = None;
    for (number, signed) in [("", false), ("2", true), ("3", true), ("4", false)] {
        let script = format!("ixfr_del_rrsig_dnskey/ixfr_del_rrsig_dnskey.testns{number}");
        let zone = taken("example.com", current.as_ref(), &script);
        assert_eq!(has(&zone, "example.com", Rtype::DNSKEY), signed, "{number}");
        let signatures = zone.signatures(zone.apex(), Rtype::DNSKEY).is_some();
        assert_eq!(signatures, number == "2", "{number}");
        current = Some(zone);
    }
    assert_eq!(current.unwrap().serial(), Serial(4));
}

#[test]
fn serials_twice() {
    for test in ["ixfr_duplicate_serial", "ixfr_stale_oldest"] {
        let first = zone("example.com", &read(&format!("{test}/{test}.zone")));
        let (why, end) = refused("example.com", Some(&first), &format!("{test}/{test}.testns"));
        let wrong = XfrError::SerialOrder { from: Serial(1), to: Serial(1) };
        assert_eq!((why, end), (Some(wrong), XfrError::Closed), "{test}");
    }
}

#[test]
fn a_delta_to_another_version_of_the_same_serial_becomes_axfr() {
    let script = "ixfr_faildel/ixfr_faildel.datafile";
    let first = zone("sub.example.com", &read("ixfr_faildel/ixfr_faildel.sub.signed"));
    let second = taken("sub.example.com", Some(&first), script);
    assert_eq!(second.serial(), Serial(2));
    let (trouble, _) = run("sub.example.com", Some(&second), script, false);
    assert!(matches!(trouble[..], [XfrError::Apply { .. }]), "{trouble:?}");
    assert_eq!(taken("sub.example.com", Some(&second), script).serial(), Serial(3));
}

#[test]
fn deltas_end_where_the_whole_zone_is() {
    let script = "ixfr_outsync/ixfr_outsync.datafile";
    let first = zone("example.net", &read("ixfr_outsync/ixfr_outsync.zone"));
    let by_deltas = taken("example.net", Some(&first), script);
    assert_same(&by_deltas, &taken("example.net", None, script), script);
}

#[test]
fn a_name_of_many_labels() {
    let apex = format!("{}example.com", "123456789abcdef.".repeat(15));
    let first = zone(&apex, &read("ixfr_superlong/ixfr_superlong.zone"));
    let second = taken(&apex, Some(&first), "ixfr_superlong/ixfr_superlong.testns");
    assert_eq!((second.serial(), second.records()), (Serial(4), 4));
}

#[test]
fn wildcards_come_and_go() {
    let mut current: Option<Snapshot> = None;
    for (number, wildcard) in [(1, true), (2, false), (3, true)] {
        let script = format!("ixfr_wildcard/ixfr_wildcard.datafile{number}");
        let zone = taken("tld", current.as_ref(), &script);
        assert_eq!(has(&zone, "*.dom.tld", Rtype::CNAME), wildcard);
        assert_eq!(has(&zone, "dom.tld", Rtype::NS), !wildcard);
        current = Some(zone);
    }
}

#[test]
fn a_primary_that_always_sends_the_same_zone() {
    let script = "notify_ahead_perpetual/notify_ahead_perpetual.testns";
    let first = zone("example.com", &read("notify_ahead_perpetual/notify_ahead_perpetual.zone"));
    let second = taken("example.com", Some(&first), script);
    assert_eq!((second.serial(), second.records()), (Serial(101), 5));
    let (trouble, result) = run("example.com", Some(&second), script, true);
    assert_eq!(trouble, []);
    assert!(matches!(result, Ok(Outcome::UpToDate { serial: Serial(101), .. })));
}

#[test]
fn signed_zones() {
    let first = zone("example.net", &read("nsec3_ixfr/nsec3_ixfr.zone.signed"));
    let second = taken("example.net", Some(&first), "nsec3_ixfr/nsec3_ixfr.datafile");
    let expected = zone("example.net", &read("nsec3_ixfr/nsec3_ixfr.new.zone.signed"));
    // The script gives its SOA and the new addresses another TTL than the signed zone has.
    let without_ttl = |zone: &Snapshot| -> Vec<String> {
        let parts = |line: &String| line.splitn(3, ' ').map(str::to_owned).collect::<Vec<_>>();
        lines(zone).iter().map(parts).map(|parts| format!("{} {}", parts[0], parts[2])).collect()
    };
    assert_eq!(without_ttl(&second), without_ttl(&expected));
    let first = zone("example.net", &read("nsec3_resalt/nsec3_resalt.zone.signed"));
    let (_, result) = run("example.net", Some(&first), "nsec3_resalt/nsec3_resalt.datafile", false);
    let Ok(Outcome::Zone { snapshot, deltas, .. }) = result else { panic!("{result:?}") };
    assert_eq!((snapshot.serial(), deltas.len()), (Serial(3), 2));
    let first = zone("rio", &read("nsec3_ixfr_neg/nsec3_ixfr_neg.zone"));
    assert_eq!(
        taken("rio", Some(&first), "nsec3_ixfr_neg/nsec3_ixfr_neg.datafile").serial(),
        Serial(2_021_099_482)
    );
    let steps = [("xfr_rrsig.datafile", "xfr_rrsig.known_good")];
    series("opendnssec.se", "xfr_rrsig", "xfr_rrsig.zone", &steps);
    taken("v", None, "nsec3_mid_zone/nsec3_mid_zone.testns");
    let mid = taken("mid.v", None, "nsec3_mid_zone/nsec3_mid_zone.testns2");
    let mid = taken("mid.v", Some(&mid), "nsec3_mid_zone/nsec3_mid_zone.testns3");
    assert_eq!((mid.serial(), has(&mid, "cut.mid.v", Rtype::A)), (Serial(2), false));
}

#[test]
fn what_is_above_the_apex_is_left_out() {
    let zone = taken("child.parent.tld", None, "outofzone_axfr/outofzone_axfr.testns");
    assert_eq!(zone.records(), 3);
}

#[test]
fn another_class_fails_the_transfer() {
    let first = zone("example.com", &read("xfr_class/xfr_class.zone"));
    let (why, end) = refused("example.com", Some(&first), "xfr_class/xfr_class.testns");
    assert!(matches!(why, Some(XfrError::Class { .. })), "{why:?}");
    assert_eq!(end, XfrError::Closed);
}

#[test]
fn nsec_keeps_the_case_of_its_next_name() {
    let zone = taken("example.com", None, "xfr_nsec_upper/xfr_nsec_upper.datafile");
    let nsec = zone.get("ntest.example.com".parse::<ddi_dns::Name>().unwrap().as_ref(), Rtype::NSEC).unwrap();
    assert!(nsec.rdatas().next().unwrap().starts_with(b"\x08CHLLenge"));
}

#[test]
fn one_whole_zone_after_another() {
    let mut current = zone("example.net", &read("xfr_over_notify/xfr_over_notify.zone"));
    for (script, serial) in [("datafile2", 4), ("datafile3", 5), ("datafile4", 6)] {
        // This primary says nothing to IXFR.
        let next = taken("example.net", None, &format!("xfr_over_notify/xfr_over_notify.{script}"));
        assert!(next.serial() == Serial(serial) && next.serial().is_newer_than(current.serial()));
        current = next;
    }
    assert_eq!(current.records(), 7);
}

#[test]
fn a_whole_zone_over_udp() {
    let first = zone("example.net", &read("xfr_udp/xfr_udp.zone"));
    let zone = taken("example.net", Some(&first), "xfr_udp/xfr_udp.datafile");
    assert!(has(&zone, "www.example.net", Rtype::A));
}

#[test]
fn an_update_of_every_kind() {
    series(
        "example.net",
        "xfr_update",
        "xfr_update.zone",
        &[("xfr_update.datafile", "xfr_update.known_good")],
    );
}

#[test]
fn data_beyond_its_bounds() {
    // Its owner is the root, so that it is not even looked into.
    let zone = taken("victim", None, "svcb_uint16_wrap/svcb_uint16_wrap.datafile");
    assert_eq!(zone.records(), 1);
}

#[test]
fn four_bytes_are_no_answer() {
    let script = "xfrd_short_soa_response/xfrd_short_soa_response.datafile";
    let first = taken("victim", None, script);
    let (trouble, result) = run("victim", Some(&first), script, true);
    assert_eq!(trouble.first(), Some(&XfrError::Silent { millis: 6000 }));
    assert!(result.is_err(), "over TCP it answers AXFR only");
}

/// What a secondary with `current` makes of our own primary's whole zone.
fn transferred(zone: &Snapshot, current: Option<&Snapshot>) -> Outcome {
    let mut config = XfrInConfig::new(zone.apex().to_name(), current.cloned(), 1);
    (config.udp, config.incremental) = (false, false);
    let mut xfr = XfrIn::new(config);
    let now = Now { instant: Instant(0), unix: UnixTime(0) };
    let mut buf = vec![0; TRANSMIT_MAX];
    for _ in 0..3 {
        let Some(transmit) = xfr.poll_transmit(now, &mut buf) else { break };
        let skip = if transmit.via == Via::Tcp { 2 } else { 0 };
        let query = buf[skip..transmit.len].to_vec();
        let Ok(request) = Request::parse(&query) else {
            let answer = soa_answer(&query, zone);
            match transmit.via {
                Via::Udp => xfr.handle_datagram(now, &answer[2..]),
                Via::Tcp => xfr.handle_bytes(now, &answer),
            }
            continue;
        };
        let (history, config) = (History::new(HistoryLimits::default()), XfrOutConfig::default());
        let mut out = XfrOut::new(&request, zone.clone(), &history, &config, Transport::Tcp, None);
        while let Some(len) = out.poll_transmit(now, &mut buf).unwrap() {
            xfr.handle_bytes(now, &buf[..len]);
        }
    }
    match xfr.poll_event() {
        Some(XfrEvent::Ended(result)) => result.unwrap(),
        other => panic!("{other:?}"),
    }
}

/// The answer to a query for the SOA, with its length bytes.
fn soa_answer(query: &[u8], zone: &Snapshot) -> Vec<u8> {
    let (mut out, config) = (vec![0; 600], ddi_dns::AnswerConfig::default());
    let client = [192, 0, 2, 1].into();
    let context = ddi_dns::AnswerContext::new(&config, ddi_dns::answer::Transport::Tcp, client, UnixTime(0));
    let len = zone.answer(query, &context, &mut out).unwrap().len;
    [&(len as u16).to_be_bytes(), &out[..len]].concat()
}

/// Whole zones one after the other, unsigned and signed with NSEC and NSEC3 in turn.
#[test]
fn axfr_series() {
    let folder = "long/testplan_axfr";
    let files = ["zone", "zone_2", "zone_3", "zone_4.signed", "zone_5", "zone_6.signed", "zone_7.signed"];
    let files = files.into_iter().chain(["zone_8.signed", "zone_9", "zone_10"]);
    let mut current: Option<Snapshot> = None;
    let mut signed = 0;
    for file in files {
        let next = zone("example.com", &read(&format!("{folder}/testplan_axfr.{file}")));
        signed += usize::from(has(&next, "example.com", Rtype::RRSIG));
        let taken = match transferred(&next, current.as_ref()) {
            Outcome::Zone { snapshot, deltas, .. } => {
                assert!(deltas.is_empty(), "{file}");
                snapshot
            }
            // 2^31 after the serial before: neither is newer (RFC 1982 section 3.2), so that an operator must ask.
            Outcome::UpToDate { serial, .. } => {
                assert_eq!((file, serial), ("zone_9", Serial(8 + (1 << 31))));
                match transferred(&next, None) {
                    Outcome::Zone { snapshot, .. } => snapshot,
                    other => panic!("{other:?}"),
                }
            }
            other => panic!("{file}: {other:?}"),
        };
        assert_same(&taken, &next, file);
        current = Some(taken);
    }
    assert_eq!((signed, current.unwrap().serial()), (4, Serial(2)));
}
