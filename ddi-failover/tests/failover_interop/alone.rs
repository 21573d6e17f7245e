//! One server without the other.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant, SystemTime};

use ddi_failover::wire::v4::Body;

use crate::meeting::states;
use crate::pair::{DDI, ISC, Pair, Setup};
use crate::proxy::{From, Said};
use crate::relay::{Bound, Client, Relay};

/// Binds new clients until there is nothing left; at least one address is bound.
pub(crate) fn exhaust(
    relay: &Relay,
    server: Ipv4Addr,
    from: u32,
    held: &mut HashMap<Ipv4Addr, Bound>,
) -> usize {
    let before = held.len();
    for client in from.. {
        let Some(bound) = relay.try_bind(server, Client(client), Duration::from_secs(2)) else { break };
        let other = held.insert(bound.address, bound);
        assert!(other.is_none_or(|other| other.client == bound.client), "{bound:?} and {other:?}");
    }
    held.len() - before
}

/// Both files know each of these leases.
fn all_known(pair: &Pair, held: &HashMap<Ipv4Addr, Bound>) {
    for leases in [pair.ddi.leases(), pair.isc.leases()] {
        for bound in held.values() {
            let lease = leases.get(&bound.address).unwrap_or_else(|| panic!("{bound:?} is lost"));
            assert_eq!(lease.hw_addr.bytes(), bound.client.hw_addr(), "{bound:?}");
            assert_eq!(lease.state, ddi_core::BindingState::Active, "{bound:?}");
        }
    }
}

/// Only the connection is gone: each gives its own half, and no address twice.
fn apart(test: &str, isc_is_primary: bool) {
    let mut pair = Pair::normal(
        test,
        Setup { addresses: 1000, mclt: 600, window: 100, ..Setup::with_isc(isc_is_primary) },
    );
    let log = pair.isc.mark();
    pair.proxy.cut();
    pair.isc.wait_for_log(log, "I move from normal to communications-interrupted");
    pair.ddi.wait_for_state(0, "communications-interrupted");
    let mut held = HashMap::new();
    let of_isc = exhaust(&pair.relay, ISC, 1000, &mut held);
    pair.isc.wait_for_log(log, "peer holds all free leases");
    let of_ddi = exhaust(&pair.relay, DDI, 5000, &mut held);
    assert_eq!((of_isc, of_ddi), (500, 500));
    pair.proxy.heal();
    pair.settle();
    all_known(&pair, &held);
    pair.finish();
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_11_apart_isc_primary() {
    apart("case_11_primary", true);
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_11_apart_isc_secondary() {
    apart("case_11_secondary", false);
}

/// Each is killed right after an ACK, and comes back at once, and after its startup time.
fn killed(test: &str, isc_is_primary: bool) {
    let mut pair = Pair::normal(test, Setup { addresses: 60, ..Setup::with_isc(isc_is_primary) });
    let mut held = HashMap::new();
    let mut client = 0;
    for pause in [0, 17] {
        for victim in [ISC, DDI] {
            let log = pair.isc.mark();
            for server in [DDI, ISC, DDI, ISC, victim] {
                client += 1;
                let bound = pair.relay.bind(server, client);
                held.insert(bound.address, bound);
            }
            if victim == ISC {
                pair.isc.kill();
                pair.ddi.wait_for_state(0, "communications-interrupted");
            } else {
                pair.ddi.kill();
                pair.isc.wait_for_log(log, "I move from normal to communications-interrupted");
            }
            std::thread::sleep(Duration::from_secs(pause));
            client += 1;
            let bound = pair.relay.bind(if victim == ISC { DDI } else { ISC }, client);
            held.insert(bound.address, bound);
            if victim == ISC {
                pair.isc.start();
            } else {
                pair.ddi.start();
            }
            pair.settle();
            // First leases are short: keep all.
            for bound in held.values() {
                pair.relay.renew(if client % 2 == 0 { ISC } else { DDI }, *bound);
            }
            pair.equal();
            all_known(&pair, &held);
        }
    }
    assert_eq!(held.len(), 24);
    pair.finish();
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_12_killed_isc_primary() {
    killed("case_12_primary", true);
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_12_killed_isc_secondary() {
    killed("case_12_secondary", false);
}

/// Both have lost the connection; dhcpd is started again before they meet. It remembers ddi in NORMAL.
fn restarted_apart(test: &str, isc_is_primary: bool) {
    let mut pair = Pair::normal(test, Setup::with_isc(isc_is_primary));
    let (log, mark) = (pair.isc.mark(), pair.proxy.mark());
    pair.proxy.cut();
    pair.isc.wait_for_log(log, "I move from normal to communications-interrupted");
    pair.ddi.wait_for_state(0, "communications-interrupted");
    let held = [pair.relay.bind(ISC, 1), pair.relay.bind(DDI, 2)];
    pair.isc.kill();
    pair.proxy.heal();
    pair.isc.start();
    pair.settle();
    assert_eq!(states(&pair.proxy.said_since(mark), From::Ddi), [2]);
    pair.isc.wait_for_log(log, "I move from communications-interrupted to normal");
    all_known(&pair, &held.map(|bound| (bound.address, bound)).into());
    pair.finish();
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_12_restarted_apart_isc_primary() {
    restarted_apart("case_12_apart_primary", true);
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_12_restarted_apart_isc_secondary() {
    restarted_apart("case_12_apart_secondary", false);
}

/// The partner of ddi is declared down: its free addresses come after MCLT, its leases much later.
fn ddi_alone(test: &str, isc_is_primary: bool) {
    let mut pair = Pair::normal(test, Setup { mclt: 10, ..Setup::with_isc(isc_is_primary) });
    let mut held = HashMap::new();
    let theirs = pair.relay.bind(ISC, 1);
    pair.equal();
    pair.isc.kill();
    pair.ddi.wait_for_state(0, "communications-interrupted");
    let began = Instant::now();
    pair.ddi.ctl(&["failover", "partner-down", "fo1"]);
    let own = exhaust(&pair.relay, DDI, 1000, &mut held);
    assert!((9..=10).contains(&own), "its own half: {own}");
    let all: Vec<Bound> = held.values().copied().collect();
    assert!(began.elapsed() < Duration::from_secs(10), "too slow to tell");
    while held.len() < 19 {
        assert!(began.elapsed() < Duration::from_secs(60), "{} addresses", held.len());
        for bound in &all {
            pair.relay.renew(DDI, *bound);
        }
        if exhaust(&pair.relay, DDI, 2000 + held.len() as u32, &mut held) > 0 {
            assert!(began.elapsed() >= Duration::from_secs(9), "before MCLT: {:?}", began.elapsed());
        }
    }
    // Its 10 s are long over; but the partner may have extended it up to what it told us, plus MCLT.
    assert!(!held.contains_key(&theirs.address));
    assert!(began.elapsed() > Duration::from_secs(10));
    pair.relay.bind_fails(DDI, 3000);
    assert_eq!(pair.relay.renew(DDI, theirs).address, theirs.address);
    pair.isc.start();
    pair.finish();
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_14_ddi_in_partner_down_isc_primary() {
    ddi_alone("case_14_ddi_primary", true);
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_14_ddi_in_partner_down_isc_secondary() {
    ddi_alone("case_14_ddi_secondary", false);
}

/// Short leases: the address of the partner's client goes to another one, when all of its times are over.
fn given_at_last(test: &str, isc_is_primary: bool) {
    let setup = Setup { addresses: 2, mclt: 5, lease_seconds: 20, ..Setup::with_isc(isc_is_primary) };
    let mut pair = Pair::normal(test, setup);
    let theirs = pair.relay.bind(ISC, 1);
    pair.equal();
    let said = pair.proxy.said();
    let promised =
        said.iter().filter(|s| s.from == From::Isc).filter_map(|s| potential_of(s, theirs.address));
    let promised = promised.max().expect("dhcpd told of its client");
    pair.isc.kill();
    pair.ddi.wait_for_state(0, "communications-interrupted");
    pair.ddi.ctl(&["failover", "partner-down", "fo1"]);
    let own = pair.relay.bind(DDI, 2);
    assert_ne!(own.address, theirs.address);
    let deadline = Instant::now() + Duration::from_secs(180);
    let given = loop {
        assert!(Instant::now() < deadline, "{} is given to nobody", theirs.address);
        pair.relay.renew(DDI, own);
        if let Some(given) = pair.relay.try_bind(DDI, Client(3), Duration::from_secs(1)) {
            break given;
        }
    };
    assert_eq!(given.address, theirs.address);
    // What dhcpd promised, MCLT, and a minute for the clocks.
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs();
    assert!(now >= u64::from(promised) + 5 + 60, "at {now}, promised until {promised}");
    pair.isc.start();
    pair.finish();
}

/// The potential expiration time in an update of this address.
fn potential_of(said: &Said, address: Ipv4Addr) -> Option<u32> {
    said.body(|body| {
        let Body::BindingUpdate(updates) = body else { return None };
        let mut own = updates.flatten().filter(|update| update.address == Some(address));
        own.find_map(|update| update.potential_expiration_time)
    })
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_14_ddi_gives_it_at_last_isc_primary() {
    given_at_last("case_14_last_primary", true);
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_14_ddi_gives_it_at_last_isc_secondary() {
    given_at_last("case_14_last_secondary", false);
}

/// The same the other way round: ddi comes back to a dhcpd that has given its addresses away.
fn isc_alone(test: &str, isc_is_primary: bool) {
    let mut pair = Pair::normal(test, Setup { mclt: 10, ..Setup::with_isc(isc_is_primary) });
    let log = pair.isc.mark();
    pair.ddi.kill();
    pair.isc.wait_for_log(log, "I move from normal to communications-interrupted");
    pair.isc.set_state("fo1", 4);
    pair.isc.wait_for_log(log, "I move from communications-interrupted to partner-down");
    let began = Instant::now();
    let mut held = HashMap::new();
    let own = exhaust(&pair.relay, ISC, 1000, &mut held);
    assert_eq!(own, 10, "its own half");
    assert!(began.elapsed() < Duration::from_secs(9), "too slow to tell");
    while held.len() < 20 {
        assert!(began.elapsed() < Duration::from_secs(60), "{} addresses", held.len());
        for bound in held.values() {
            pair.relay.renew(ISC, *bound);
        }
        if exhaust(&pair.relay, ISC, 2000 + held.len() as u32, &mut held) > 0 {
            assert!(began.elapsed() >= Duration::from_secs(9), "before MCLT: {:?}", began.elapsed());
        }
    }
    let mark = pair.proxy.mark();
    pair.ddi.start();
    pair.settle();
    // It owes nobody its silence but the time that the other may not know of.
    assert_eq!(states(&pair.proxy.said_since(mark), From::Ddi), [6, 254, 9, 2]);
    pair.isc.wait_for_log(log, "I move from partner-down to normal");
    pair.finish();
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_14_isc_in_partner_down_isc_primary() {
    isc_alone("case_14_isc_primary", true);
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_14_isc_in_partner_down_isc_secondary() {
    isc_alone("case_14_isc_secondary", false);
}
