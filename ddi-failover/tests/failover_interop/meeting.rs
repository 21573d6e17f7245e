//! The first meeting, and who answers whom afterwards.

use std::collections::BTreeMap;
use std::time::Duration;

use ddi_core::BindingState;
use ddi_failover::split::bucket;
use ddi_failover::wire::v4::{Body, Kind};

use crate::leases::count;
use crate::pair::{DDI, ISC, Pair, Setup};
use crate::proxy::{From, Said};
use crate::relay::Client;

/// The states that one side said, without repetitions.
pub(crate) fn states(said: &[Said], from: From) -> Vec<u8> {
    let mut states: Vec<u8> = said.iter().filter(|s| s.from == from).filter_map(Said::state).collect();
    states.dedup();
    states
}

/// Two that never met: NORMAL at once, half of the addresses each.
fn virgin(test: &str, isc_is_primary: bool) {
    let pair = Pair::normal(test, Setup::with_isc(isc_is_primary));
    pair.isc.wait_for_log(0, "Both servers normal");
    let said = pair.proxy.said();
    // RECOVER, RECOVER-DONE, NORMAL: no wait, though neither has leases.
    assert_eq!(states(&said, From::Isc), [6, 9, 2]);
    assert_eq!(states(&said, From::Ddi), [6, 9, 2]);
    let connect = said.iter().position(|s| s.kind() == Kind::CONNECT).expect("a CONNECT");
    let primary = if isc_is_primary { From::Isc } else { From::Ddi };
    assert_eq!((said[connect].from, connect), (primary, 0), "only the primary, and first");
    assert_eq!(said[connect].xid(), 0);
    said[connect].body(|body| {
        let Body::Connect(connect) = body else { panic!("{body:?}") };
        assert_eq!((connect.relationship_name, connect.max_unacked), (Some(&b"fo1"[..]), Some(10)));
        assert_eq!((connect.receive_timer_seconds, connect.mclt_seconds), (Some(20), Some(60)));
        // 128 buckets, the primary's ones set.
        assert_eq!(connect.hash_buckets, Some(&[[0xff; 16], [0; 16]].concat()[..]));
    });
    let normal = |from| said.iter().find(|s| s.from == from && s.state() == Some(2)).expect("NORMAL").at;
    let took = normal(From::Isc).max(normal(From::Ddi)) - said[0].at;
    // Two seconds on an idle machine.
    assert!(took < Duration::from_secs(10), "{took:?}");
    for (who, leases) in [("ddi", pair.ddi.leases()), ("dhcpd", pair.isc.leases())] {
        assert_eq!(count(&leases, BindingState::Backup), 10, "{who}");
    }
    pair.finish();
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_1_virgin_pair_isc_primary() {
    virgin("case_1", true);
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_2_virgin_pair_isc_secondary() {
    virgin("case_2", false);
}

/// Each DISCOVER is answered by exactly the server that the hash of its client names.
fn shared(test: &str, isc_is_primary: bool) {
    let setup = Setup { addresses: 600, split: 100, ..Setup::with_isc(isc_is_primary) };
    let pair = Pair::normal(test, setup);
    let (primary, secondary) = if isc_is_primary { (ISC, DDI) } else { (DDI, ISC) };
    let mut answered: BTreeMap<u32, Vec<_>> = BTreeMap::new();
    for (client, server) in pair.relay.offers(&[ISC, DDI], 0..200) {
        answered.entry(client).or_default().push(server);
    }
    for client in 0..200 {
        let named = if u32::from(bucket(&Client(client).key())) < 100 { primary } else { secondary };
        assert_eq!(answered.get(&client), Some(&vec![named]), "client {client}");
    }
    pair.finish();
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_2_load_balanced_with_isc_primary() {
    shared("case_2_primary", true);
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_2_load_balanced_with_isc_secondary() {
    shared("case_2_secondary", false);
}
