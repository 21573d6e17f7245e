//! Operators: a server hands over to the other, for long or for a while, and comes back.

use crate::meeting::states;
use crate::pair::{DDI, ISC, Pair, Setup};
use crate::proxy::From;
use crate::relay::Bound;

/// NORMAL, with a lease of each.
fn with_two(test: &str, isc_is_primary: bool) -> (Pair, [Bound; 2]) {
    let mut pair = Pair::normal(test, Setup { mclt: 10, ..Setup::with_isc(isc_is_primary) });
    let bound = [pair.relay.bind(ISC, 1), pair.relay.bind(DDI, 2)];
    pair.equal();
    let bound = bound.map(|one| pair.relay.renew(one.from, one));
    pair.equal();
    (pair, bound)
}

/// dhcpd is told by OMAPI to hand over: ddi serves all, until dhcpd is told to come back.
fn isc_shut_down(test: &str, isc_is_primary: bool) {
    let (pair, bound) = with_two(test, isc_is_primary);
    let (log, mark) = (pair.isc.mark(), pair.proxy.mark());
    pair.isc.set_state("fo1", 8);
    pair.isc.wait_for_log(log, "I move from normal to shutdown");
    pair.isc.wait_for_log(log, "peer moves from normal to partner-down");
    pair.ddi.wait_for_state(0, "partner-down");
    let said = pair.proxy.said_since(mark);
    assert_eq!((states(&said, From::Isc), states(&said, From::Ddi)), (vec![8], vec![4]));
    pair.relay.bind_fails(ISC, 4);
    for one in bound {
        pair.relay.renew(DDI, one);
    }
    let fresh = pair.relay.bind(DDI, 3);
    let (log, mark) = (pair.isc.mark(), pair.proxy.mark());
    pair.isc.set_state("fo1", 6);
    pair.isc.wait_for_log(log, "I move from shutdown to recover");
    came_back(pair, &[bound[0], bound[1], fresh], mark);
}

/// After dhcpd's RECOVER both are in NORMAL, and know these.
fn came_back(mut pair: Pair, bound: &[Bound], mark: usize) {
    pair.settle();
    let said = pair.proxy.said_since(mark);
    let of_isc = states(&said, From::Isc);
    assert!(of_isc.starts_with(&[6]) && of_isc.ends_with(&[9, 2]), "{of_isc:?}");
    assert_eq!(states(&said, From::Ddi).last(), Some(&2));
    for one in bound {
        for leases in [pair.ddi.leases(), pair.isc.leases()] {
            assert_eq!(leases[&one.address].hw_addr.bytes(), one.client.hw_addr(), "{one:?}");
        }
    }
    pair.finish_after_shutdown();
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_22_isc_primary_shut_down() {
    isc_shut_down("case_22_isc_primary", true);
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_22_isc_secondary_shut_down() {
    isc_shut_down("case_22_isc_secondary", false);
}

/// dhcpd is ended by its control object. It says that it would hand over, but to nobody: the connection is
/// gone by then. An operator has to say that it is down, and it comes back as one that was away.
fn isc_ended(test: &str, isc_is_primary: bool) {
    let (mut pair, bound) = with_two(test, isc_is_primary);
    let (log, mark) = (pair.isc.mark(), pair.proxy.mark());
    pair.isc.shut_down();
    pair.isc.wait_for_log(log, "I move from normal to shutdown");
    pair.isc.wait_for_log(log, "I move from shutdown to recover");
    pair.ddi.wait_for_state(0, "communications-interrupted");
    assert!(states(&pair.proxy.said_since(mark), From::Isc).is_empty(), "it was not heard");
    pair.ddi.ctl(&["failover", "partner-down", "fo1"]);
    for one in bound {
        pair.relay.renew(DDI, one);
    }
    let fresh = pair.relay.bind(DDI, 3);
    let mark = pair.proxy.mark();
    pair.isc.start();
    came_back(pair, &[bound[0], bound[1], fresh], mark);
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_22_isc_primary_ended() {
    isc_ended("case_22_isc_primary_ended", true);
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_22_isc_secondary_ended() {
    isc_ended("case_22_isc_secondary_ended", false);
}

/// ddi rests for a while, and dhcpd serves meanwhile as if the connection were lost; then it is shut down, and
/// dhcpd takes it to be down.
fn ddi_rests(test: &str, isc_is_primary: bool) {
    let (mut pair, bound) = with_two(test, isc_is_primary);
    let (log, mark) = (pair.isc.mark(), pair.proxy.mark());
    pair.ddi.ctl(&["failover", "pause", "fo1"]);
    pair.isc.wait_for_log(log, "peer moves from normal to paused");
    pair.isc.wait_for_log(log, "I move from normal to communications-interrupted");
    assert_eq!(states(&pair.proxy.said_since(mark), From::Ddi), [7]);
    pair.relay.bind_fails(DDI, 3);
    for one in bound {
        pair.relay.renew(ISC, one);
    }
    pair.relay.bind(ISC, 4);
    pair.ddi.ctl(&["failover", "resume", "fo1"]);
    pair.settle();

    let (log, mark) = (pair.isc.mark(), pair.proxy.mark());
    pair.ddi.ctl(&["failover", "shutdown", "fo1"]);
    pair.isc.wait_for_log(log, "peer moves from normal to shutdown");
    pair.isc.wait_for_log(log, "I move from normal to partner-down");
    assert_eq!(states(&pair.proxy.said_since(mark), From::Ddi), [8]);
    pair.relay.bind_fails(DDI, 5);
    for one in bound {
        pair.relay.renew(ISC, one);
    }
    let fresh = pair.relay.bind(ISC, 6);
    let mark = pair.proxy.mark();
    pair.ddi.ctl(&["failover", "resume", "fo1"]);
    pair.settle();
    // It fetches what happened meanwhile before it serves.
    let of_ddi = states(&pair.proxy.said_since(mark), From::Ddi);
    assert!(of_ddi.starts_with(&[6]) && of_ddi.ends_with(&[9, 2]), "{of_ddi:?}");
    for leases in [pair.ddi.leases(), pair.isc.leases()] {
        assert_eq!(leases[&fresh.address].hw_addr.bytes(), fresh.client.hw_addr());
    }
    pair.finish_after_shutdown();
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_22_ddi_rests_beside_isc_primary() {
    ddi_rests("case_22_ddi_secondary", true);
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_22_ddi_rests_beside_isc_secondary() {
    ddi_rests("case_22_ddi_primary", false);
}
