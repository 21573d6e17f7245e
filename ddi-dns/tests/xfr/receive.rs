//! How a transfer goes on when the primary does not give what was asked for.

use super::support::*;
use ddi_dns::message::{Flags, Rcode};
use ddi_dns::xfr::{Outcome, Transport, Via, XfrError, XfrIn, XfrInConfig};
use ddi_dns::{Rtype, Serial, Snapshot};

fn refuse(query: &[u8], rcode: Rcode) -> Vec<u8> {
    message(query, Flags::default().with_rcode(rcode).0, &[])
}

fn on(via: Via, bytes: Vec<u8>) -> Reply {
    match via {
        Via::Udp => Reply::Datagram(bytes),
        Via::Tcp => Reply::Stream { messages: vec![bytes], closes: true },
    }
}

fn udp_first(current: &Snapshot) -> XfrInConfig {
    XfrInConfig::new(name("example.com"), Some(current.clone()), 7)
}

/// What was asked, what went wrong on the way, and the end.
type Course = (Vec<(Rtype, Via)>, Vec<XfrError>, Result<Outcome, XfrError>);

/// Runs and keeps what was asked.
fn asked_by(config: XfrInConfig, mut primary: impl FnMut(&[u8], Via) -> Reply) -> Course {
    let mut all = Vec::new();
    let (trouble, result) = run(config, |query, via| {
        all.push((asked(query), via));
        primary(query, via)
    });
    (all, trouble, result)
}

const SOA_UDP: (Rtype, Via) = (Rtype::SOA, Via::Udp);
const IXFR_UDP: (Rtype, Via) = (Rtype::IXFR, Via::Udp);
const IXFR_TCP: (Rtype, Via) = (Rtype::IXFR, Via::Tcp);
const AXFR_TCP: (Rtype, Via) = (Rtype::AXFR, Via::Tcp);

/// A primary of `zone` that refuses IXFR.
fn without_ixfr(server: &Server, rcode: Rcode) -> impl FnMut(&[u8], Via) -> Reply {
    move |query, via| match asked(query) {
        Rtype::IXFR => on(via, refuse(query, rcode)),
        _ => serve(server)(query, via),
    }
}

#[test]
fn deltas_over_udp_in_one_exchange() {
    let mut server = Server::new(sample(1, 500));
    let old = server.zone.clone();
    server.edit(&mut Random(1));
    let (all, trouble, result) = asked_by(udp_first(&old), serve(&server));
    assert_eq!((all, trouble), (vec![IXFR_UDP], vec![]));
    assert_eq!(spelled(&taken(result).0), spelled(&server.zone));
}

#[test]
fn a_whole_zone_over_udp() {
    // nsd-tpkg xfr_udp; RFC 1995 section 2 allows it.
    let (old, new) = (sample(1, 1), sample(2, 3));
    let mut all = rows(&new);
    all.push(all[0].clone());
    let (_, result) = run(udp_first(&old), |query, via| {
        assert_eq!(via, Via::Udp);
        on(via, message(query, Flags::AA, &all))
    });
    assert_eq!(spelled(&taken(result).0), spelled(&new));
}

#[test]
fn one_soa_over_udp_leads_to_tcp() {
    let mut server = Server::new(sample(1, 500));
    server.config.percent_of_zone = 1000;
    let old = server.zone.clone();
    (0..60).for_each(|i| server.edit(&mut Random(i + 1)));
    let (all, trouble, result) = asked_by(udp_first(&old), serve(&server));
    assert_eq!((all, trouble), (vec![IXFR_UDP, IXFR_TCP], vec![]));
    let (snapshot, deltas) = taken(result);
    assert!(spelled(&snapshot) == spelled(&server.zone));
    assert_eq!(deltas.len(), 60);
}

#[test]
fn up_to_date_in_every_form() {
    let zone = sample(5, 1);
    let mut whole = rows(&zone);
    whole.push(whole[0].clone());
    for (serial, current) in [(5, &zone), (4, &zone)] {
        for answers in [vec![soa(serial)], [vec![soa(serial)], whole[1..].to_vec()].concat()] {
            for udp in [false, true] {
                let mut config = over_tcp(Some(current));
                config.udp = udp;
                let (all, trouble, result) =
                    asked_by(config, |query, via| on(via, message(query, Flags::AA, &answers)));
                assert_eq!((all.len(), trouble), (1, vec![]));
                assert!(matches!(result, Ok(Outcome::UpToDate { serial: s, .. }) if s == Serial(serial)));
            }
        }
    }
}

#[test]
fn refused_ixfr_becomes_axfr_after_a_look_at_the_soa() {
    let (old, server) = (sample(1, 1), Server::new(sample(2, 30)));
    for rcode in [Rcode::REFUSED, Rcode::NOTIMP, Rcode::SERVFAIL] {
        let (all, trouble, result) = asked_by(udp_first(&old), without_ixfr(&server, rcode));
        assert_eq!(all, [IXFR_UDP, SOA_UDP, AXFR_TCP]);
        assert_eq!(trouble, [XfrError::Rcode(rcode)]);
        assert_eq!(spelled(&taken(result).0), spelled(&server.zone));
        // Up to date: no whole zone is fetched.
        let (all, _, result) = asked_by(udp_first(&server.zone), without_ixfr(&server, rcode));
        assert_eq!(all, [IXFR_UDP, SOA_UDP]);
        assert!(matches!(result, Ok(Outcome::UpToDate { .. })));
    }
}

#[test]
fn a_format_error_may_be_about_the_opt() {
    let (old, server) = (sample(1, 1), Server::new(sample(2, 30)));
    let (all, _, result) = asked_by(over_tcp(Some(&old)), |query, via| {
        let has_opt = query[11] == 1;
        if has_opt { on(via, refuse(query, Rcode::FORMERR)) } else { serve(&server)(query, via) }
    });
    assert_eq!(all, [IXFR_TCP, IXFR_TCP]);
    assert!(result.is_ok());
    let (all, _, result) = asked_by(udp_first(&old), without_ixfr(&server, Rcode::FORMERR));
    assert_eq!(all, [IXFR_UDP, IXFR_UDP, SOA_UDP, AXFR_TCP]);
    assert!(result.is_ok());
}

#[test]
fn without_fall_back_a_refusal_is_the_end() {
    let (old, server) = (sample(1, 1), Server::new(sample(2, 30)));
    let mut config = udp_first(&old);
    config.fall_back = false;
    let (all, _, result) = asked_by(config.clone(), without_ixfr(&server, Rcode::REFUSED));
    assert_eq!(all, [IXFR_UDP]);
    assert_eq!(result.unwrap_err(), XfrError::Rcode(Rcode::REFUSED));
    // From UDP to TCP is no fall-back.
    let (all, _, result) = asked_by(config, |query, via| match via {
        Via::Udp => Reply::Silence,
        Via::Tcp => serve(&server)(query, via),
    });
    assert_eq!(all, [IXFR_UDP, IXFR_UDP, IXFR_UDP, IXFR_TCP]);
    assert!(result.is_ok());
}

#[test]
fn silence_and_truncation_over_udp_lead_to_tcp() {
    let (old, server) = (sample(1, 1), Server::new(sample(2, 30)));
    for cut in [true, false] {
        let (all, trouble, result) = asked_by(udp_first(&old), |query, via| match via {
            Via::Udp if cut => Reply::Datagram(message(query, Flags::AA | Flags::TC, &[])),
            Via::Udp => Reply::Silence,
            Via::Tcp => serve(&server)(query, via),
        });
        assert_eq!(all.last(), Some(&IXFR_TCP));
        assert_eq!(trouble[0], if cut { XfrError::Truncated } else { XfrError::Silent { millis: 6000 } });
        assert_eq!(spelled(&taken(result).0), spelled(&server.zone));
    }
}

#[test]
fn forged_datagrams_are_ignored() {
    let mut server = Server::new(sample(1, 500));
    let old = server.zone.clone();
    server.edit(&mut Random(1));
    let mut xfr = XfrIn::new(udp_first(&old));
    let mut buf = [0; 4096];
    let transmit = xfr.poll_transmit(NOW, &mut buf).unwrap();
    let query = &buf[..transmit.len];
    let good = server.answer(query, Transport::Udp).remove(0);
    let mut other_id = good.clone();
    other_id[0] ^= 1;
    let mut no_response = good.clone();
    no_response[2] &= 0x7f;
    let mut other_question = good.clone();
    other_question[13] ^= 1;
    let refusal_of_another = refuse(&other_id, Rcode::REFUSED);
    let forged: [&[u8]; 6] =
        [&[0, 0, 0, 0], &other_id, &no_response, &other_question, &refusal_of_another, query];
    for bytes in forged {
        xfr.handle_datagram(NOW, bytes);
        assert!(xfr.poll_event().is_none());
    }
    xfr.handle_datagram(NOW, &good);
    assert!(xfr.poll_event().is_some() && xfr.is_ended());
}

#[test]
fn deltas_that_do_not_fit_lead_to_the_whole_zone() {
    let (old, new) = (sample(1, 3), Server::new(sample(2, 3)));
    let removal_of_nothing = [soa(2), soa(1), a("ghost.example.com", 1), soa(2), soa(2)];
    let addition_of_what_is = [soa(2), soa(1), soa(2), a("ns.example.com", 1), soa(2)];
    for answers in [&removal_of_nothing, &addition_of_what_is] {
        let primary = |query: &[u8], via| match asked(query) {
            Rtype::IXFR => on(via, message(query, Flags::AA, answers)),
            _ => serve(&new)(query, via),
        };
        for udp in [false, true] {
            let mut config = over_tcp(Some(&old));
            config.udp = udp;
            let (all, trouble, result) = asked_by(config, primary);
            assert_eq!(all, [if udp { IXFR_UDP } else { IXFR_TCP }, AXFR_TCP]);
            assert!(matches!(trouble[..], [XfrError::Apply { .. }]), "{trouble:?}");
            assert_eq!(spelled(&taken(result).0), spelled(&new.zone));
        }
        let mut config = over_tcp(Some(&old));
        config.strictness = ddi_dns::zone::Strictness::Tolerant;
        let (all, trouble, result) = asked_by(config, primary);
        assert_eq!((all, trouble), (vec![IXFR_TCP], vec![]));
        let (snapshot, deltas) = taken(result);
        assert_eq!(snapshot.serial(), Serial(2));
        // What is handed on is exact nevertheless.
        let exact = old.apply(&deltas[0], ddi_dns::zone::Strictness::Exact).unwrap();
        assert_eq!(spelled(&exact), spelled(&snapshot));
    }
}

#[test]
fn another_primary_is_asked_for_its_soa_and_then_for_the_whole_zone() {
    let server = Server::new(sample(2, 3));
    let mut config = udp_first(&sample(1, 3));
    config.incremental = false;
    let (all, _, result) = asked_by(config.clone(), serve(&server));
    assert_eq!(all, [SOA_UDP, AXFR_TCP]);
    assert!(result.is_ok());
    config.current = Some(server.zone.clone());
    let (all, _, result) = asked_by(config, serve(&server));
    assert_eq!(all, [SOA_UDP]);
    assert!(matches!(result, Ok(Outcome::UpToDate { .. })));
}

#[test]
fn a_transfer_without_a_version_takes_any_serial() {
    let server = Server::new(sample(0, 3));
    let (_, result) = run(over_tcp(None), serve(&server));
    assert_eq!(taken(result).0.serial(), Serial(0));
}

#[test]
fn slow_primaries() {
    let server = Server::new(sample(2, 3000));
    let query_of = |xfr: &mut XfrIn| {
        let mut buf = [0; 4096];
        let transmit = xfr.poll_transmit(NOW, &mut buf).unwrap();
        buf[2..transmit.len].to_vec()
    };
    let framed = |m: &[u8]| [&(m.len() as u16).to_be_bytes(), m].concat();
    let end = |xfr: &mut XfrIn| match xfr.poll_event() {
        Some(ddi_dns::xfr::XfrEvent::Ended(result)) => result.unwrap_err(),
        other => panic!("{other:?}"),
    };
    // Nothing for too long.
    let mut xfr = XfrIn::new(over_tcp(None));
    let messages = server.answer(&query_of(&mut xfr), Transport::Tcp);
    xfr.handle_bytes(at(20_000), &framed(&messages[0]));
    xfr.handle_timeout(at(49_999));
    assert!(xfr.poll_event().is_none());
    assert_eq!(xfr.poll_timeout().unwrap().0, at(50_000).instant.0);
    xfr.handle_timeout(at(50_000));
    assert_eq!(end(&mut xfr), XfrError::Silent { millis: 30_000 });
    // A little now and then, for ever.
    let mut config = over_tcp(None);
    config.limits.total_millis = 60_000;
    let mut xfr = XfrIn::new(config);
    let messages = server.answer(&query_of(&mut xfr), Transport::Tcp);
    xfr.handle_bytes(at(25_000), &framed(&messages[0]));
    xfr.handle_bytes(at(50_000), &framed(&messages[1]));
    xfr.handle_timeout(at(60_000));
    assert_eq!(end(&mut xfr), XfrError::TooSlow { millis: 60_000 });
}
