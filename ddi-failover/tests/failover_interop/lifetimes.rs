//! Lease times by the MCLT rule, and the ends of leases.

use std::net::Ipv4Addr;
use std::time::Duration;

use ddi_core::BindingState;
use ddi_failover::split::bucket;
use ddi_failover::wire::v4::{Body, Kind};

use crate::leases::count;
use crate::pair::{DDI, ISC, Pair, Setup};
use crate::process::wait_for;
use crate::proxy::{From, Said, Verdict};
use crate::relay::Client;

/// The fields of a BNDUPD: status, 13, 18, 25, 6.
pub(crate) struct Update {
    pub(crate) address: Ipv4Addr,
    pub(crate) status: u8,
    pub(crate) expiration: u32,
    pub(crate) potential: u32,
    pub(crate) cltt: u32,
}

pub(crate) fn updates(said: &[Said], from: From) -> Vec<Update> {
    let read = |said: &Said| {
        said.body(|body| {
            let Body::BindingUpdate(mut leases) = body else { panic!("{body:?}") };
            let lease = leases.next().expect("a lease").expect("whole");
            Update {
                address: lease.address.expect("option 2"),
                status: lease.binding_status.expect("option 3"),
                expiration: lease.lease_expiration_time.unwrap_or_default(),
                potential: lease.potential_expiration_time.unwrap_or_default(),
                cltt: lease.client_last_transaction_time.unwrap_or_default(),
            }
        })
    };
    said.iter().filter(|s| s.from == from && s.kind() == Kind::BNDUPD).map(read).collect()
}

/// Who refused an update, and the reason.
pub(crate) fn refusals(said: &[Said]) -> Vec<(From, u8)> {
    let reason = |s: &Said| {
        s.body(|body| match body {
            Body::BindingAck(mut acks) => acks.next().and_then(Result::ok).and_then(|a| a.reject_reason),
            _ => None,
        })
        .map(|reason| (s.from, reason))
    };
    said.iter().filter(|s| s.kind() == Kind::BNDACK).filter_map(reason).collect()
}

/// A first lease is MCLT long, then as long as wanted; the other one keeps it up when this one is gone.
fn ladder(test: &str, isc_is_primary: bool) {
    let mut pair = Pair::normal(test, Setup::with_isc(isc_is_primary));
    let (server, other) = if isc_is_primary { (ISC, DDI) } else { (DDI, ISC) };
    let speaker = if isc_is_primary { From::Isc } else { From::Ddi };
    let mark = pair.proxy.mark();
    let first = pair.relay.bind(server, 1);
    assert_eq!(first.seconds, 60);
    pair.equal();
    std::thread::sleep(Duration::from_secs(3));
    let second = pair.relay.renew(server, first);
    assert_eq!(second.seconds, 600);
    pair.equal();
    let sent = updates(&pair.proxy.said_since(mark), speaker);
    let of_lease: Vec<_> = sent.iter().filter(|u| u.address == first.address).collect();
    let [one, two] = of_lease[..] else { panic!("{} updates", of_lease.len()) };
    // t + M and t + D + M/2; then t + D and t + D + D/2.
    assert_eq!((one.status, one.expiration - one.cltt, one.potential - one.cltt), (2, 60, 630));
    assert_eq!((two.status, two.expiration - two.cltt, two.potential - two.cltt), (2, 600, 900));

    let log = pair.isc.mark();
    if isc_is_primary {
        pair.isc.kill();
        pair.ddi.wait_for_state(0, "communications-interrupted");
    } else {
        pair.ddi.kill();
        pair.isc.wait_for_log(log, "I move from normal to communications-interrupted");
    }
    // Within the 900 s that it was told, plus MCLT: all that is wanted.
    assert_eq!(pair.relay.renew(other, second).seconds, 600);
    // A new client: MCLT.
    assert_eq!(pair.relay.bind(other, 2).seconds, 60);
    if isc_is_primary {
        pair.isc.start();
    } else {
        pair.ddi.start();
    }
    pair.finish();
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_6_mclt_ladder_isc_primary() {
    ladder("case_6", true);
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_7_mclt_ladder_ddi_primary() {
    ladder("case_7", false);
}

/// A client whose hash names this role, from `from` on.
fn client_of(primary: bool, from: u32) -> u32 {
    (from..).find(|nth| (bucket(&Client(*nth).key()) < 128) == primary).expect("there is one")
}

/// RELEASED, ABANDONED and EXPIRED, of leases that either gave.
fn ends(test: &str, isc_is_primary: bool) {
    let mut pair = Pair::normal(test, Setup { mclt: 10, ..Setup::with_isc(isc_is_primary) });
    let mark = pair.proxy.mark();
    let mut released = Vec::new();
    let mut expiring = Vec::new();
    for server in [ISC, DDI] {
        let nth = u32::from(server.octets()[3]) * 100;
        // The hash names the secondary: that is where its address goes.
        let bound = pair.relay.bind(server, client_of(false, nth));
        released.push(bound);
        let declined = pair.relay.bind(server, nth + 50);
        expiring.push(pair.relay.bind(server, nth + 60));
        pair.equal();
        pair.relay.release(bound);
        pair.relay.decline(declined);
    }
    let all_ended = |pair: &Pair| {
        let both = [pair.ddi.leases(), pair.isc.leases()];
        let ended = |leases: &crate::leases::Leases| {
            count(leases, BindingState::Active) == 0 && count(leases, BindingState::Abandoned) == 2
        };
        both.iter().all(ended)
    };
    // A lease that dhcpd gave is expired by ddi only 60 s after its end, by which much clocks may differ.
    let deadline = std::time::Instant::now() + Duration::from_secs(130);
    while !all_ended(&pair) {
        assert!(std::time::Instant::now() < deadline, "{:#?}\n{:#?}", pair.ddi.leases(), pair.isc.leases());
        std::thread::sleep(Duration::from_millis(200));
    }
    pair.equal();
    let said = pair.proxy.said_since(mark);
    let (isc, ddi) = (updates(&said, From::Isc), updates(&said, From::Ddi));
    let sent = |who: &[Update], address, status| {
        who.iter().any(|update| update.address == address && update.status == status)
    };
    assert!(sent(&isc, released[0].address, 4) && sent(&ddi, released[1].address, 4), "RELEASED");
    let (primary, secondary) = if isc_is_primary { (&isc, &ddi) } else { (&ddi, &isc) };
    for bound in &expiring {
        assert!(sent(primary, bound.address, 3), "the primary says EXPIRED of {}", bound.address);
    }
    assert!(!secondary.iter().any(|update| update.status == 3), "the secondary says EXPIRED of nothing");
    for abandoned in isc.iter().chain(&ddi).filter(|update| update.status == 5) {
        let unix =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("later").as_secs();
        assert!((86_000..=86_410).contains(&(u64::from(abandoned.expiration) - unix)), "for a day");
    }
    for leases in [pair.ddi.leases(), pair.isc.leases()] {
        for bound in &released {
            assert_eq!(leases[&bound.address].state, BindingState::Backup, "affinity of {bound:?}");
        }
    }
    pair.finish();
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn cases_8_and_9_ends_of_leases_isc_primary() {
    ends("case_8_primary", true);
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_8_ends_of_leases_isc_secondary() {
    ends("case_8_secondary", false);
}

/// If the secondary did say EXPIRED in NORMAL: the primary lets no client's lease end on its word.
fn refused_expiry(test: &str, isc_is_primary: bool) {
    let mut pair = Pair::normal(test, Setup::with_isc(isc_is_primary));
    let (server, secondary, primary) =
        if isc_is_primary { (DDI, From::Ddi, From::Isc) } else { (ISC, From::Isc, From::Ddi) };
    let bound = pair.relay.bind(server, 1);
    pair.equal();
    let (log, mark) = (pair.isc.mark(), pair.proxy.mark());
    pair.proxy.rule(move |from, bytes| {
        if from != secondary || bytes[2] != Kind::BNDUPD.0 {
            return Verdict::Pass;
        }
        // Option 3 follows option 2: ACTIVE becomes EXPIRED.
        let mut bytes = bytes.to_vec();
        assert_eq!(bytes[20..25], [0, 3, 0, 1, 2]);
        bytes[24] = 3;
        Verdict::Replace(bytes)
    });
    let bound = pair.relay.renew(server, bound);
    wait_for("a refusal", || {
        let refused = refusals(&pair.proxy.said_since(mark));
        assert!(refused.iter().all(|one| *one == (primary, 2)), "{refused:?}");
        (!refused.is_empty()).then_some(())
    });
    pair.proxy.no_rule();
    for leases in [pair.ddi.leases(), pair.isc.leases()] {
        assert_eq!(leases[&bound.address].state, BindingState::Active);
    }
    if !isc_is_primary {
        pair.isc.wait_for_log(log, "invalid state transition");
    }
    let bound = pair.relay.renew(server, bound);
    pair.equal();
    for leases in [pair.ddi.leases(), pair.isc.leases()] {
        assert_eq!(leases[&bound.address].state, BindingState::Active);
    }
    assert!(!pair.isc.log_since(log).contains("I move"), "{}", pair.isc.log_since(log));
    pair.finish();
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_9_secondarys_expiry_is_refused_by_isc() {
    refused_expiry("case_9_primary", true);
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_9_secondarys_expiry_is_refused_by_ddi() {
    refused_expiry("case_9_secondary", false);
}

/// One lease renewed at both, and the updates cross: the later one counts, on both.
fn duel(test: &str, isc_is_primary: bool) {
    let mut pair = Pair::normal(test, Setup::with_isc(isc_is_primary));
    let mut bound = pair.relay.bind(ISC, 1);
    pair.equal();
    for (first, last) in [(ISC, DDI), (DDI, ISC)] {
        std::thread::sleep(Duration::from_secs(1));
        let mark = pair.proxy.mark();
        let mut held = false;
        pair.proxy.rule(move |_, bytes| {
            // The first update stays under way until there is another.
            if bytes[2] == Kind::BNDUPD.0 && !std::mem::replace(&mut held, true) {
                std::thread::sleep(Duration::from_secs(4));
            }
            Verdict::Pass
        });
        pair.relay.renew(first, bound);
        std::thread::sleep(Duration::from_millis(2100));
        bound = pair.relay.renew(last, bound);
        pair.equal();
        pair.proxy.no_rule();
        let said = pair.proxy.said_since(mark);
        let (isc, ddi) = (updates(&said, From::Isc), updates(&said, From::Ddi));
        let (early, late) = if first == ISC { (&isc[0], &ddi[0]) } else { (&ddi[0], &isc[0]) };
        assert!(early.cltt < late.cltt, "{} {}", early.cltt, late.cltt);
        let winner = if last == ISC { From::Isc } else { From::Ddi };
        assert_eq!(refusals(&said), [(winner, 16)], "less critical");
        for leases in [pair.ddi.leases(), pair.isc.leases()] {
            assert_eq!(leases[&bound.address].expiration_time.0, u64::from(late.expiration));
        }
    }
    pair.finish();
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_17_duelling_updates_isc_primary() {
    duel("case_17_primary", true);
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_17_duelling_updates_isc_secondary() {
    duel("case_17_secondary", false);
}
