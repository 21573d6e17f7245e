//! Both served as if alone.

use std::time::{Duration, Instant};

use crate::meeting::states;
use crate::pair::{DDI, ISC, Pair, Setup};
use crate::proxy::{From, Verdict};
use crate::relay::Client;

/// The connection is cut, and both operators say that the other is down.
fn split(pair: &Pair) {
    let log = pair.isc.mark();
    pair.proxy.cut();
    pair.isc.wait_for_log(log, "I move from normal to communications-interrupted");
    pair.ddi.wait_for_state(0, "communications-interrupted");
    pair.isc.set_state("fo1", 4);
    pair.isc.wait_for_log(log, "to partner-down");
    pair.ddi.ctl(&["failover", "partner-down", "fo1"]);
}

/// Different clients on both, long enough that each gives the other's addresses away.
fn brain(test: &str, isc_is_primary: bool) {
    let mut pair = Pair::normal(test, Setup { mclt: 5, ..Setup::with_isc(isc_is_primary) });
    let before: Vec<_> =
        (1..=4).map(|nth| pair.relay.bind(if nth % 2 == 0 { ISC } else { DDI }, nth)).collect();
    pair.equal();
    split(&pair);
    // Five minutes at an MCLT of a minute: six of it, in which leases end, and others are renewed.
    let began = Instant::now();
    let mut held = [pair.relay.bind(ISC, 301), pair.relay.bind(DDI, 302)];
    while began.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_secs(2));
        held = held.map(|bound| pair.relay.renew(bound.from, bound));
    }
    // These end too.
    std::thread::sleep(Duration::from_secs(6));
    let mut addresses = Vec::new();
    for nth in 0..14 {
        addresses.push(pair.relay.bind(ISC, 100 + nth).address);
        addresses.push(pair.relay.bind(DDI, 200 + nth).address);
    }
    for bound in before {
        let _ = pair.relay.try_renew(ISC, bound, Duration::from_secs(1));
    }
    let all = addresses.len();
    addresses.sort();
    addresses.dedup();
    assert!(addresses.len() < all, "no address was given twice: nothing to resolve");
    let (log, mark) = (pair.isc.mark(), pair.proxy.mark());
    pair.proxy.heal();
    pair.settle();
    let said = pair.proxy.said_since(mark);
    let (primary, secondary) = if isc_is_primary { (From::Isc, From::Ddi) } else { (From::Ddi, From::Isc) };
    // POTENTIAL-CONFLICT, CONFLICT-DONE at the primary, NORMAL; dhcpd says first where it comes from.
    let after = |from| states(&said, from).into_iter().skip_while(|s| *s == 4).collect::<Vec<_>>();
    assert_eq!((after(primary), after(secondary)), (vec![5, 11, 2], vec![5, 2]));
    pair.isc.wait_for_log(log, "I move from partner-down to potential-conflict");
    pair.finish();
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_15_split_brain_isc_primary() {
    brain("case_15_primary", true);
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_15_split_brain_isc_secondary() {
    brain("case_15_secondary", false);
}

/// The connection ends once more while the conflict is resolved, before each message in turn.
fn cut_short(test: &str, isc_is_primary: bool) {
    let setup = Setup { mclt: 5, addresses: 4, receive: 10, ..Setup::with_isc(isc_is_primary) };
    let mut pair = Pair::normal(test, setup);
    let mut boundary = 0;
    loop {
        split(&pair);
        // What each has given meanwhile, if it has something to give.
        pair.relay.try_bind(ISC, Client(7), Duration::from_secs(2));
        pair.relay.try_bind(DDI, Client(8), Duration::from_secs(2));
        let mark = pair.proxy.mark();
        let mut left: u32 = boundary;
        let mut cut = false;
        pair.proxy.rule(move |_, _| {
            if cut || left > 0 {
                left = left.saturating_sub(1);
                return Verdict::Pass;
            }
            cut = true;
            Verdict::Cut
        });
        pair.proxy.heal();
        pair.settle();
        let said = pair.proxy.said_since(mark);
        // Both were in NORMAL before the cut: there is nothing left to cut short.
        let uncut = &said[..said.len().min(boundary as usize)];
        let done = |from| uncut.iter().any(|s| s.from == from && s.state() == Some(2));
        pair.proxy.no_rule();
        if done(From::Isc) && done(From::Ddi) {
            break;
        }
        boundary += 1;
        assert!(boundary < 60, "it never ends");
    }
    assert!(boundary > 8, "{boundary} messages make no conflict");
    pair.finish();
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_16_cut_while_resolving_isc_primary() {
    cut_short("case_16_primary", true);
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_16_cut_while_resolving_isc_secondary() {
    cut_short("case_16_secondary", false);
}
