//! A secondary's times, its primaries, and what NOTIFY does to it.

#[path = "xfr/support.rs"]
#[allow(dead_code, reason = "shared with the tests of transfers")]
mod support;

use ddi_core::{Now, UnixTime};
use ddi_dns::notify::{Notifier, NotifierConfig, Notify, NotifyTarget};
use ddi_dns::secondary::{NotifyRefused, Primary, Saved, Secondary, SecondaryConfig, SecondaryEvent};
use ddi_dns::xfr::{Transport, Via};
use ddi_dns::{Rtype, Serial, Snapshot};
use std::net::{IpAddr, SocketAddr};
use support::{NOW, Random, Reply, Server, asked, at, check_with_hickory, name, sample, serve};

fn addr(host: u8) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, host], 53))
}

fn config(primaries: &[u8]) -> SecondaryConfig {
    let primaries = primaries.iter().map(|&host| Primary { addr: addr(host), key: None }).collect();
    SecondaryConfig::new(name("example.com"), primaries, 9)
}

/// A secondary and what its primaries say.
struct Bench {
    secondary: Secondary,
    millis: u64,
    asked: Vec<(u8, Rtype, Via)>,
    events: Vec<SecondaryEvent>,
}

impl Bench {
    fn new(config: SecondaryConfig, saved: Option<(Snapshot, Saved)>) -> Self {
        let secondary = Secondary::new(NOW, config, saved);
        Self { secondary, millis: 0, asked: Vec::new(), events: Vec::new() }
    }

    fn now(&self) -> Now {
        at(self.millis)
    }

    /// Runs until `end`; `primary` answers.
    fn run(&mut self, end: u64, mut primary: impl FnMut(u8, &[u8], Via) -> Reply) {
        let mut buf = [0; 4096];
        loop {
            while let Some(transmit) = self.secondary.poll_transmit(self.now(), &mut buf) {
                let skip = if transmit.via == Via::Tcp { 2 } else { 0 };
                let SocketAddr::V4(to) = transmit.to else { panic!() };
                let host = to.ip().octets()[3];
                let query = &buf[skip..transmit.len];
                check_with_hickory(query);
                self.asked.push((host, asked(query), transmit.via));
                let now = self.now();
                match primary(host, query, transmit.via) {
                    Reply::Datagram(bytes) => self.secondary.handle_datagram(now, transmit.to, &bytes),
                    Reply::Stream { messages, closes } => {
                        for message in messages {
                            let len = (message.len() as u16).to_be_bytes();
                            self.secondary.handle_bytes(now, &[&len, &message[..]].concat());
                        }
                        if closes {
                            self.secondary.handle_closed(now);
                        }
                    }
                    Reply::Silence => {}
                }
            }
            self.events.extend(std::iter::from_fn(|| self.secondary.poll_event()));
            match self.secondary.poll_timeout() {
                Some(due) if due.0 <= at(end).instant.0 => {
                    self.millis = self.millis.max(due.0 - NOW.instant.0);
                    self.secondary.handle_timeout(self.now());
                }
                _ => break,
            }
        }
        self.millis = end;
    }

    fn serial(&self) -> Option<u32> {
        self.secondary.current().map(|zone| zone.serial().0)
    }

    fn notify(&mut self, from: [u8; 4], serial: u32) -> Result<(), NotifyRefused> {
        self.secondary.handle_notify(self.now(), IpAddr::from(from), &notify(serial))
    }

    fn take_asked(&mut self) -> Vec<(u8, Rtype, Via)> {
        std::mem::take(&mut self.asked)
    }
}

/// As a primary sends it.
fn notify(serial: u32) -> Notify {
    let mut notifier = Notifier::new(NotifierConfig::new(1));
    let target = NotifyTarget { addr: addr(1), key: None };
    notifier.handle_changed(NOW, &sample(serial, 1), &[target]);
    let mut buf = [0; 1000];
    let len = notifier.poll_transmit(NOW, &mut buf).unwrap().len;
    check_with_hickory(&buf[..len]);
    Notify::parse(&buf[..len]).unwrap()
}

fn dead(_: u8, _: &[u8], via: Via) -> Reply {
    match via {
        Via::Udp => Reply::Silence,
        Via::Tcp => Reply::Stream { messages: vec![], closes: true },
    }
}

const HOUR: u64 = 3_600_000;

#[test]
fn fetched_at_once_and_refreshed_by_the_soa() {
    let mut server = Server::new(sample(1, 20));
    let mut bench = Bench::new(config(&[1]), None);
    assert!(bench.secondary.is_expired() && bench.secondary.saved(NOW).is_none());
    bench.run(0, |_, query, via| serve(&server)(query, via));
    assert_eq!((bench.serial(), bench.secondary.is_expired()), (Some(1), false));
    assert_eq!(bench.take_asked(), [(1, Rtype::AXFR, Via::Tcp)]);
    // Nothing before nine tenths of the refresh, one check before its end.
    bench.run(HOUR * 9 / 10 - 1, |_, query, via| serve(&server)(query, via));
    assert_eq!(bench.take_asked(), []);
    bench.run(HOUR, |_, query, via| serve(&server)(query, via));
    assert_eq!(bench.take_asked(), [(1, Rtype::IXFR, Via::Udp)]);
    assert!(matches!(bench.events.last(), Some(SecondaryEvent::UpToDate { .. })));
    server.edit(&mut Random(1));
    bench.run(2 * HOUR, |_, query, via| serve(&server)(query, via));
    assert_eq!(bench.serial(), Some(2));
    assert!(matches!(bench.events.last(), Some(SecondaryEvent::Zone { deltas, .. }) if deltas.len() == 1));
}

#[test]
fn failures_are_retried_and_the_zone_expires_and_comes_back() {
    let server = Server::new(sample(1, 20));
    let mut bench = Bench::new(config(&[1]), None);
    bench.run(0, |_, query, via| serve(&server)(query, via));
    let expires = 86_400_000;
    assert_eq!(bench.secondary.expire_secs(NOW), Some(86_400));
    bench.run(expires - 1, dead);
    assert!(!bench.secondary.is_expired());
    // The SOA's retry is 600 seconds: about 140 rounds of four queries and a connection.
    let rounds = bench.events.iter().filter(|e| matches!(e, SecondaryEvent::Failed { .. })).count();
    assert!((130..160).contains(&rounds), "{rounds} rounds");
    bench.run(expires, dead);
    assert!(bench.secondary.is_expired());
    let expired =
        |bench: &Bench| bench.events.iter().filter(|e| matches!(e, SecondaryEvent::Expired)).count();
    assert_eq!(expired(&bench), 1);
    assert_eq!(bench.secondary.saved(bench.now()).unwrap().expires, UnixTime::UNSET);
    bench.run(expires + HOUR, |_, query, via| serve(&server)(query, via));
    assert!(!bench.secondary.is_expired());
    assert_eq!(expired(&bench), 1);
}

#[test]
fn without_a_zone_pauses_grow() {
    let mut bench = Bench::new(config(&[1]), None);
    bench.run(10 * HOUR, dead);
    let rounds = bench.asked.len();
    assert!((15..30).contains(&rounds), "{rounds} tries in ten hours");
}

#[test]
fn an_soa_of_zeros_does_not_make_a_loop() {
    let mut rows = support::rows(&sample(1, 3));
    let at = rows[0].3.len() - 16;
    rows[0].3[at..].fill(0);
    let server = Server::new(support::zone(&rows));
    let mut bench = Bench::new(config(&[1]), None);
    bench.run(HOUR, |_, query, via| serve(&server)(query, via));
    assert!(bench.asked.len() <= 140, "{} queries in an hour", bench.asked.len());
}

#[test]
fn deltas_come_only_from_the_primary_that_the_zone_is_from() {
    // Two primaries of different histories, with the same serials.
    let (mut one, mut two) = (Server::new(sample(1, 40)), Server::new(sample(1, 40)));
    for i in 0..3 {
        one.edit(&mut Random(10 + i));
        two.edit(&mut Random(20 + i));
    }
    let mut bench = Bench::new(config(&[1, 2]), None);
    bench.run(0, |host, query, via| serve(if host == 1 { &one } else { &two })(query, via));
    assert_eq!(bench.secondary.saved(NOW).unwrap().primary, Some(addr(1)));
    bench.take_asked();
    (0..3).for_each(|i| {
        one.edit(&mut Random(30 + i));
        two.edit(&mut Random(40 + i));
    });
    // The first is gone: the other is asked for its SOA and then for the whole zone.
    bench.run(
        2 * HOUR,
        |host, query, via| if host == 1 { dead(1, query, via) } else { serve(&two)(query, via) },
    );
    let others: Vec<_> = bench.take_asked().into_iter().filter(|asked| asked.0 == 2).collect();
    assert_eq!(others[..2], [(2, Rtype::SOA, Via::Udp), (2, Rtype::AXFR, Via::Tcp)]);
    assert!(support::spelled(bench.secondary.current().unwrap()) == support::spelled(&two.zone));
    // Now that one is asked first, and gives deltas.
    two.edit(&mut Random(50));
    bench.run(4 * HOUR, |_, query, via| serve(&two)(query, via));
    assert_eq!(bench.take_asked()[0], (2, Rtype::IXFR, Via::Udp));
    assert!(support::spelled(bench.secondary.current().unwrap()) == support::spelled(&two.zone));
}

#[test]
fn a_primary_that_is_behind_is_passed_over() {
    let (old, new) = (Server::new(sample(5, 3)), Server::new(sample(9, 3)));
    let mut bench = Bench::new(config(&[1, 2]), Some((sample(7, 3), saved(2))));
    bench.run(0, |host, query, via| serve(if host == 1 { &old } else { &new })(query, via));
    assert_eq!(bench.serial(), Some(9), "the one that it is from is asked first");
    bench.notify([10, 0, 0, 1], 5).unwrap();
    bench.run(1000, |host, query, via| serve(if host == 1 { &old } else { &new })(query, via));
    assert!(bench.events.iter().any(|e| matches!(e, SecondaryEvent::Behind { serial: Serial(5), .. })));
    assert!(matches!(bench.events.last(), Some(SecondaryEvent::UpToDate { .. })));
}

fn saved(host: u8) -> Saved {
    Saved { primary: Some(addr(host)), expires: NOW.unix.plus_secs(5000) }
}

#[test]
fn what_was_saved_counts_on() {
    let server = Server::new(sample(7, 3));
    let mut bench = Bench::new(config(&[1]), Some((sample(7, 3), saved(1))));
    assert_eq!(bench.secondary.expire_secs(NOW), Some(5000));
    bench.run(4_999_000, dead);
    assert!(!bench.secondary.is_expired());
    bench.run(5_000_000, dead);
    assert!(bench.secondary.is_expired());
    let old = Saved { expires: UnixTime::UNSET, ..saved(1) };
    let mut bench = Bench::new(config(&[1]), Some((sample(7, 3), old)));
    assert!(bench.secondary.is_expired());
    bench.run(0, |_, query, via| serve(&server)(query, via));
    assert!(!bench.secondary.is_expired());
}

#[test]
fn expire_of_a_secondary_in_between_is_taken_over() {
    // RFC 7314 section 4.
    let mut server = Server::new(sample(1, 3));
    server.config.expire = Some(1000);
    let mut bench = Bench::new(config(&[1]), None);
    bench.run(0, |_, query, via| serve(&server)(query, via));
    assert_eq!(bench.secondary.expire_secs(NOW), Some(1000), "of a new version: what is told");
    bench.run(500_000, dead);
    bench.secondary.handle_refresh(bench.now());
    server.config.expire = Some(300);
    bench.run(500_000, |_, query, via| serve(&server)(query, via));
    assert_eq!(bench.secondary.expire_secs(bench.now()), Some(500), "never less than what is left");
    bench.secondary.handle_refresh(bench.now());
    server.config.expire = Some(u32::MAX);
    bench.run(500_000, |_, query, via| serve(&server)(query, via));
    assert_eq!(bench.secondary.expire_secs(bench.now()), Some(86_400), "never more than the SOA says");
}

#[test]
fn notify_is_coalesced_checked_and_a_hint_only() {
    let mut server = Server::new(sample(1, 20));
    let mut config = config(&[1]);
    config.notify_from = vec![IpAddr::from([10, 9, 9, 9])];
    let mut bench = Bench::new(config, None);
    bench.run(0, |_, query, via| serve(&server)(query, via));
    bench.take_asked();
    assert_eq!(bench.notify([10, 0, 0, 7], 2), Err(NotifyRefused::Source));
    let mut other = notify(2);
    other.zone = name("example.net");
    let verdict = bench.secondary.handle_notify(NOW, IpAddr::from([10, 0, 0, 1]), &other);
    assert_eq!(verdict, Err(NotifyRefused::Zone));
    bench.notify([10, 0, 0, 1], 1).unwrap();
    bench.run(1000, dead);
    assert_eq!(bench.take_asked(), [], "the same serial is no news");
    server.edit(&mut Random(1));
    bench.notify([10, 9, 9, 9], 2).unwrap();
    bench.run(1000, |_, query, via| serve(&server)(query, via));
    assert_eq!(bench.serial(), Some(2));
    bench.take_asked();
    // A hundred within one round: that one and one more.
    server.edit(&mut Random(2));
    bench.millis = 5000;
    (0..100).for_each(|_| bench.notify([10, 0, 0, 1], 3).unwrap());
    bench.run(20_000, |_, query, via| serve(&server)(query, via));
    assert_eq!(bench.serial(), Some(3));
    assert_eq!(bench.take_asked().len(), 2);
}

#[test]
fn notify_ahead_of_the_primary_does_not_make_a_loop() {
    // nsd-tpkg notify_ahead_perpetual.
    let server = Server::new(sample(101, 20));
    let mut bench = Bench::new(config(&[1]), None);
    bench.run(0, |_, query, via| serve(&server)(query, via));
    bench.take_asked();
    bench.notify([10, 0, 0, 1], 150).unwrap();
    bench.run(HOUR * 8 / 10, |_, query, via| serve(&server)(query, via));
    assert_eq!(bench.take_asked(), [(1, Rtype::IXFR, Via::Udp); 5]);
    // Heard again, it is the same news.
    bench.notify([10, 0, 0, 1], 150).unwrap();
    bench.run(HOUR * 85 / 100, |_, query, via| serve(&server)(query, via));
    assert_eq!(bench.take_asked().len(), 1);
}

#[test]
fn a_primary_that_told_of_more_than_it_has_yet_is_asked_again_soon() {
    let mut server = Server::new(sample(1, 20));
    let mut bench = Bench::new(config(&[1]), None);
    bench.run(0, |_, query, via| serve(&server)(query, via));
    let behind = Server::new(server.zone.clone());
    server.edit(&mut Random(1));
    bench.notify([10, 0, 0, 1], 2).unwrap();
    bench.run(500, |_, query, via| serve(&behind)(query, via));
    assert_eq!(bench.serial(), Some(1));
    bench.run(5_000, |_, query, via| serve(&server)(query, via));
    assert_eq!(bench.serial(), Some(2));
    // And one that can't be reached just then.
    bench.take_asked();
    server.edit(&mut Random(2));
    bench.notify([10, 0, 0, 1], 3).unwrap();
    bench.run(5_500, |_, _, _| Reply::Stream { messages: vec![], closes: true });
    bench.run(20_000, dead);
    bench.run(60_000, |_, query, via| serve(&server)(query, via));
    assert_eq!(bench.serial(), Some(3));
    bench.take_asked();
    bench.run(HOUR / 2, |_, query, via| serve(&server)(query, via));
    assert_eq!(bench.take_asked(), [], "it has what it heard of");
}

#[test]
fn what_one_primary_does_not_have_yet_another_may() {
    // RFC 1996 section 3.11: a host that is no primary may send it.
    let (old, mut new) = (Server::new(sample(1, 20)), Server::new(sample(1, 20)));
    new.edit(&mut Random(1));
    let mut config = config(&[1, 2]);
    config.notify_from = vec![IpAddr::from([10, 9, 9, 9])];
    let mut bench = Bench::new(config, None);
    bench.run(0, |_, query, via| serve(&old)(query, via));
    bench.notify([10, 9, 9, 9], 2).unwrap();
    bench.run(500, |host, query, via| serve(if host == 1 { &old } else { &new })(query, via));
    assert_eq!(bench.serial(), Some(2));
    // What nobody has is forgotten: later rounds end with the first that answers.
    bench.notify([10, 9, 9, 9], 9).unwrap();
    bench.run(HOUR * 8 / 10, |_, query, via| serve(&new)(query, via));
    bench.take_asked();
    bench.run(HOUR * 15 / 10, |_, query, via| serve(&new)(query, via));
    assert_eq!(bench.take_asked().len(), 1);
}

#[test]
fn a_flood_of_notify_is_bounded() {
    // CVE-2019-10163.
    let server = Server::new(sample(1, 20));
    let mut bench = Bench::new(config(&[1]), None);
    bench.run(0, |_, query, via| serve(&server)(query, via));
    bench.take_asked();
    for millis in 1..10_000 {
        bench.notify([10, 0, 0, 1], 2 + millis as u32).unwrap();
        bench.run(millis, |_, query, via| serve(&server)(query, via));
    }
    assert!(bench.asked.len() <= 51, "{} rounds in ten seconds", bench.asked.len());
}

#[test]
fn retransfer_takes_whatever_the_primary_has() {
    let server = Server::new(sample(3, 5));
    let mut bench = Bench::new(config(&[1]), Some((sample(9, 3), saved(1))));
    bench.run(0, |_, query, via| serve(&server)(query, via));
    assert_eq!(bench.serial(), Some(9));
    bench.take_asked();
    bench.secondary.handle_retransfer(bench.now());
    bench.run(0, |_, query, via| serve(&server)(query, via));
    assert_eq!((bench.serial(), bench.take_asked()), (Some(3), vec![(1, Rtype::AXFR, Via::Tcp)]));
}

#[test]
fn a_retransfer_is_not_forgotten_when_no_primary_answers() {
    let server = Server::new(sample(3, 5));
    let mut bench = Bench::new(config(&[1]), Some((sample(9, 3), saved(1))));
    bench.run(0, |_, query, via| serve(&server)(query, via));
    bench.secondary.handle_retransfer(bench.now());
    bench.run(HOUR / 10, dead);
    assert_eq!(bench.serial(), Some(9));
    bench.run(HOUR, |_, query, via| serve(&server)(query, via));
    assert_eq!(bench.serial(), Some(3));
}

#[test]
fn what_no_primary_gave_is_fetched_as_a_whole() {
    let server = Server::new(sample(7, 20));
    let unknown = Saved { primary: None, ..saved(1) };
    let mut bench = Bench::new(config(&[1]), Some((sample(7, 3), unknown)));
    bench.run(0, dead);
    bench.run(HOUR, |_, query, via| serve(&server)(query, via));
    assert!(support::spelled(bench.secondary.current().unwrap()) == support::spelled(&server.zone));
    assert_eq!(bench.secondary.saved(bench.now()).unwrap().primary, Some(addr(1)));
}

#[test]
fn a_zone_that_expires_before_its_refresh_is_asked_for_in_time() {
    let mut rows = support::rows(&sample(1, 3));
    let at = rows[0].3.len() - 16;
    rows[0].3[at..at + 12].copy_from_slice(&[0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 4, 0]);
    let server = Server::new(support::zone(&rows));
    let mut bench = Bench::new(config(&[1]), None);
    bench.run(0, |_, query, via| serve(&server)(query, via));
    bench.run(700_000, dead);
    bench.run(4 * HOUR, |_, query, via| serve(&server)(query, via));
    assert!(!bench.events.iter().any(|event| matches!(event, SecondaryEvent::Expired)));
    assert!(bench.asked.len() < 60, "{} queries in four hours", bench.asked.len());
}

#[test]
fn a_clock_that_was_wrong_does_not_keep_a_zone() {
    let late = Saved { expires: UnixTime(u64::MAX / 2), ..saved(1) };
    let bench = Bench::new(config(&[1]), Some((sample(7, 3), late)));
    assert_eq!(bench.secondary.expire_secs(NOW), Some(86_400), "no more than the SOA says");
}

#[test]
fn bytes_of_others_do_not_count() {
    let mut server = Server::new(sample(1, 20));
    let old = server.zone.clone();
    server.edit(&mut Random(1));
    let mut secondary = Secondary::new(NOW, config(&[1]), Some((old, saved(1))));
    let mut buf = [0; 4096];
    let transmit = secondary.poll_transmit(NOW, &mut buf).unwrap();
    let reply = server.answer(&buf[..transmit.len], Transport::Udp).remove(0);
    secondary.handle_datagram(NOW, addr(2), &reply);
    assert!(secondary.poll_event().is_none());
    secondary.handle_datagram(NOW, addr(1), &reply);
    assert!(matches!(secondary.poll_event(), Some(SecondaryEvent::Zone { .. })));
}

#[test]
fn many_zones_drift_apart() {
    let server = Server::new(sample(1, 3));
    let due = |seed: u64| {
        let mut config = config(&[1]);
        config.seed = seed;
        let mut bench = Bench::new(config, None);
        bench.run(0, |_, query, via| serve(&server)(query, via));
        bench.secondary.next_round().unwrap().0 - NOW.instant.0
    };
    let times: std::collections::BTreeSet<_> = (0..50).map(due).collect();
    assert!(times.len() > 40 && *times.first().unwrap() >= HOUR * 9 / 10 && *times.last().unwrap() <= HOUR);
    assert_eq!(due(7), due(7));
}
