//! Sharing the free addresses again when one side has used up most of its own.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use ddi_failover::wire::v4::{Body, Kind};

use crate::lifetimes::updates;
use crate::pair::{DDI, ISC, Pair, Setup};
use crate::proxy::{From, Said};

/// FREE and BACKUP addresses, as the node counts them.
fn free_and_backup(pair: &Pair) -> (i64, i64) {
    let pool = &pair.ddi.status(0)["pools"][0];
    let count = |kind: &str| pool[kind].as_i64().expect("a count");
    (count("free"), count("backup"))
}

/// The difference is within what a server keeps for itself: dhcpd's 10 percent.
fn is_balanced((free, backup): (i64, i64)) -> bool {
    ((free - backup) / 2).abs() <= ((free + backup) * 10 + 50) / 100
}

/// Binds four of five addresses that this server has to give.
fn drain(pair: &mut Pair, server: Ipv4Addr, secondary: Ipv4Addr, from: u32) -> u32 {
    let (free, backup) = free_and_backup(pair);
    let own = if server == secondary { backup } else { free };
    let taken = u32::try_from(own * 4 / 5).expect("few");
    for nth in 0..taken {
        pair.relay.bind(server, from + nth);
    }
    taken
}

#[track_caller]
fn wait_for_balance(pair: &mut Pair) {
    // Before both know what was drained, the counts are those of before.
    pair.equal();
    // At most 5 s apart and 5 s of chance; the rest is for a busy machine, and for acknowledgements.
    let deadline = Instant::now() + Duration::from_secs(25);
    while !is_balanced(free_and_backup(pair)) {
        assert!(Instant::now() < deadline, "{:?}", free_and_backup(pair));
        std::thread::sleep(Duration::from_millis(200));
    }
    pair.equal();
    assert!(is_balanced(free_and_backup(pair)), "{:?}", free_and_backup(pair));
}

/// How many addresses a POOLRESP says were given.
fn given(said: &Said) -> Option<u32> {
    said.body(|body| match body {
        Body::PoolResponse(response) => response.addresses_transferred,
        _ => None,
    })
}

/// One of the two runs often: it asks when it has little, and gives when the other has little.
fn rebalance(test: &str, isc_is_primary: bool, often: From) {
    let (often_balance, seldom) = ((5, 5), (60, 3600));
    let (isc_balance, ddi_balance) =
        if often == From::Isc { (often_balance, seldom) } else { (seldom, often_balance) };
    let base = Setup::with_isc(isc_is_primary);
    let mut pair = Pair::normal(test, Setup { addresses: 100, isc_balance, ddi_balance, mclt: 300, ..base });
    let secondary = if isc_is_primary { DDI } else { ISC };
    assert_eq!(free_and_backup(&pair), (50, 50));
    let (own, other) = if often == From::Isc { (ISC, DDI) } else { (DDI, ISC) };

    let mark = pair.proxy.mark();
    assert_eq!(drain(&mut pair, own, secondary, 1000), 40);
    wait_for_balance(&mut pair);
    let said = pair.proxy.said_since(mark);
    let request = said.iter().find(|s| s.kind() == Kind::POOLREQ).expect("POOLREQ");
    assert_eq!((request.from, request.bytes.len()), (often, 12));
    let response = said.iter().find(|s| s.kind() == Kind::POOLRESP).expect("POOLRESP");
    assert_ne!(response.from, often);
    assert_eq!(response.xid(), request.xid());
    assert!(given(response).is_some_and(|count| count > 0), "{response:?}");

    let mark = pair.proxy.mark();
    assert!(drain(&mut pair, other, secondary, 2000) >= 20);
    wait_for_balance(&mut pair);
    // Now nothing moves, though it looks every 5 s.
    let before = free_and_backup(&pair);
    std::thread::sleep(Duration::from_secs(20));
    assert_eq!(free_and_backup(&pair), before);
    let mut moves = BTreeMap::<Ipv4Addr, u32>::new();
    for from in [From::Isc, From::Ddi] {
        for update in updates(&pair.proxy.said_since(mark), from) {
            // FREE or BACKUP.
            *moves.entry(update.address).or_default() += u32::from(matches!(update.status, 1 | 7));
        }
    }
    assert!(moves.values().all(|count| *count < 2), "{moves:?}");
    pair.isc.wait_for_log(0, "balancing pool");
    pair.finish();
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_10_isc_primary_asks_and_gives() {
    rebalance("case_10_isc_primary", true, From::Isc);
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_10_isc_secondary_asks_and_gives() {
    rebalance("case_10_isc_secondary", false, From::Isc);
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_10_ddi_primary_asks_and_gives() {
    rebalance("case_10_ddi_primary", false, From::Ddi);
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_10_ddi_secondary_asks_and_gives() {
    rebalance("case_10_ddi_secondary", true, From::Ddi);
}
