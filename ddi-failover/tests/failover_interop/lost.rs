//! A server that has lost its leases.

use std::time::{Duration, Instant};

use ddi_failover::wire::v4::Kind;

use crate::meeting::states;
use crate::pair::{DDI, ISC, Pair, Setup};
use crate::proxy::From;
use crate::relay::Bound;

/// NORMAL with leases of both.
fn with_leases(test: &str, setup: Setup) -> (Pair, Vec<Bound>) {
    let mut pair = Pair::normal(test, setup);
    let bound: Vec<Bound> =
        (1..=8).map(|nth| pair.relay.bind(if nth % 2 == 0 { ISC } else { DDI }, nth)).collect();
    pair.equal();
    (pair, bound)
}

#[track_caller]
fn both_know(pair: &Pair, bound: &[Bound]) {
    for (who, leases) in [("ddi", pair.ddi.leases()), ("dhcpd", pair.isc.leases())] {
        for one in bound {
            let lease = leases.get(&one.address).unwrap_or_else(|| panic!("{who} lost {one:?}"));
            assert_eq!(lease.hw_addr.bytes(), one.client.hw_addr(), "{who}: {one:?}");
        }
    }
}

/// Renewed at this one, each.
fn renew_all(pair: &Pair, server: std::net::Ipv4Addr, bound: &[Bound]) {
    for one in bound {
        pair.relay.renew(server, *one);
    }
}

/// One lost all; the other serves alone meanwhile, and gives everything back.
fn amnesia(test: &str, isc_is_primary: bool, of_isc: bool) {
    let (mut pair, mut bound) = with_leases(test, Setup { mclt: 15, ..Setup::with_isc(isc_is_primary) });
    let log = pair.isc.mark();
    let (forgetful, server) = if of_isc { (From::Isc, DDI) } else { (From::Ddi, ISC) };
    if of_isc {
        pair.isc.kill();
        pair.isc.forget();
        pair.ddi.wait_for_state(0, "communications-interrupted");
        renew_all(&pair, DDI, &bound);
        let mark = pair.proxy.mark();
        pair.isc.start();
        pair.ddi.wait_for_states(0, "partner-down", "recover-wait");
        check(&mut pair, mark, forgetful);
    } else {
        pair.ddi.kill();
        pair.ddi.forget();
        pair.isc.wait_for_log(log, "I move from normal to communications-interrupted");
        renew_all(&pair, ISC, &bound);
        let mark = pair.proxy.mark();
        pair.ddi.start();
        pair.isc.wait_for_log(log, "I move from communications-interrupted to partner-down");
        pair.ddi.wait_for_state(0, "recover-wait");
        check(&mut pair, mark, forgetful);
    }
    /// Serves from PARTNER-DOWN; then the one that forgot goes its way.
    fn check(pair: &mut Pair, mark: usize, forgetful: From) {
        let server = if forgetful == From::Isc { DDI } else { ISC };
        let other = if forgetful == From::Isc { ISC } else { DDI };
        pair.relay.bind_fails(other, 77);
        pair.relay.bind(server, 78);
        pair.settle();
        let said = pair.proxy.said_since(mark);
        // RECOVER, RECOVER-WAIT, RECOVER-DONE, NORMAL.
        assert_eq!(states(&said, forgetful), [6, 254, 9, 2]);
        assert!(said.iter().any(|s| s.from == forgetful && s.kind() == Kind::UPDREQALL));
        let at =
            |state| said.iter().find(|s| s.from == forgetful && s.state() == Some(state)).expect("it").at;
        let waited = at(9) - at(6);
        assert!(waited >= Duration::from_secs(14), "MCLT from its start: {waited:?}");
    }
    both_know(&pair, &bound);
    bound.push(pair.relay.bind(server, 79));
    pair.equal();
    both_know(&pair, &bound);
    pair.finish();
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_13_isc_primary_forgets() {
    amnesia("case_13_isc_primary", true, true);
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_13_isc_secondary_forgets() {
    amnesia("case_13_isc_secondary", false, true);
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_13_ddi_secondary_forgets() {
    amnesia("case_13_ddi_secondary", true, false);
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_13_ddi_primary_forgets() {
    amnesia("case_13_ddi_primary", false, false);
}

/// Fact 21: one is still in STARTUP when the other comes without leases.
fn forgotten_in_startup(test: &str, isc_is_primary: bool, of_isc: bool) {
    let (mut pair, bound) = with_leases(test, Setup { mclt: 30, ..Setup::with_isc(isc_is_primary) });
    // Their ends must not come while the test runs.
    renew_all(&pair, ISC, &bound);
    pair.equal();
    pair.isc.kill();
    pair.ddi.kill();
    let (mark, began) = (pair.proxy.mark(), Instant::now());
    if of_isc {
        pair.isc.forget();
        pair.ddi.start();
        pair.isc.start();
    } else {
        pair.ddi.forget();
        pair.isc.start();
        std::thread::sleep(Duration::from_secs(1));
        pair.ddi.start();
    }
    pair.settle();
    both_know(&pair, &bound);
    for one in &bound {
        for leases in [pair.ddi.leases(), pair.isc.leases()] {
            assert_eq!(leases[&one.address].state, ddi_core::BindingState::Active, "{one:?}");
        }
    }
    let (forgetful, keeper) = if of_isc { (From::Isc, From::Ddi) } else { (From::Ddi, From::Isc) };
    let said = pair.proxy.said_since(mark);
    assert!(said.iter().any(|s| s.from == forgetful && s.kind() == Kind::UPDREQALL));
    // dhcpd says so itself; ddi listens first, and leaves STARTUP by its partner's word or after 15 s.
    let first = said.iter().find(|s| s.from == From::Isc && s.state().is_some()).expect("a STATE");
    if of_isc {
        assert!(first.at - began < Duration::from_secs(15), "ddi was in STARTUP no more");
    } else {
        assert!(first.is_in_startup(), "dhcpd was in STARTUP no more: {first:?}");
    }
    let told = said.iter().filter(|s| s.from == keeper && s.kind() == Kind::BNDUPD).count();
    assert!(told >= 8, "only {told} leases were told");
    pair.finish();
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn fact_21_isc_primary_forgets() {
    forgotten_in_startup("fact_21_isc_primary", true, true);
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn fact_21_isc_secondary_forgets() {
    forgotten_in_startup("fact_21_isc_secondary", false, true);
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn fact_21_ddi_secondary_forgets() {
    forgotten_in_startup("fact_21_ddi_secondary", true, false);
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn fact_21_ddi_primary_forgets() {
    forgotten_in_startup("fact_21_ddi_primary", false, false);
}
