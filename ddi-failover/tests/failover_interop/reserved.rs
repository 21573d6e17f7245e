//! Reserved leases, and what dhcpd says of BOOTP: option 12.

use ddi_core::BindingState;
use ddi_failover::wire::v4::{Code, Kind, Message, RejectReason};

use crate::lifetimes::refusals;
use crate::pair::{DDI, ISC, Pair, Setup};
use crate::process::wait_for;
use crate::proxy::{From, Said, Verdict};

const RESERVED: u8 = 1;
const BOOTP: u8 = 2;

/// The binding statuses and flags that one side said of an address.
fn flags(said: &[Said], from: From, address: std::net::Ipv4Addr) -> Vec<(u8, u8)> {
    let updates = said.iter().filter(|s| s.from == from && s.kind() == Kind::BNDUPD);
    updates
        .filter_map(|s| {
            let message = Message::parse(&s.bytes).expect("a message");
            let data = |code| message.option(code).unwrap_or_default().to_vec();
            let is_it = data(Code::ASSIGNED_ADDRESS) == address.octets();
            is_it.then(|| (data(Code::BINDING_STATUS)[0], data(Code::IP_FLAGS).last().copied().unwrap_or(0)))
        })
        .collect()
}

/// dhcpd reserves a lease that its client wants for ever; the lease stays the client's, on both.
fn reserved_by_isc(test: &str, isc_is_primary: bool) {
    let setup = Setup {
        mclt: 5,
        isc_global: "infinite-is-reserved on; max-lease-time 4294967295;",
        ..Setup::with_isc(isc_is_primary)
    };
    let mut pair = Pair::normal(test, setup);
    let bound = pair.relay.bind_for_ever(ISC, 1);
    pair.equal();
    let said = flags(&pair.proxy.said(), From::Isc, bound.address);
    assert_eq!(said.last(), Some(&(2, RESERVED)), "{said:?}");
    let both_reserved = |pair: &Pair| {
        [pair.ddi.leases(), pair.isc.leases()].iter().all(|leases| leases[&bound.address].reserved)
    };
    assert!(both_reserved(&pair));

    pair.relay.release(bound);
    wait_for("the end of the lease", || {
        let both = [pair.ddi.leases(), pair.isc.leases()];
        both.iter().all(|leases| leases[&bound.address].state != BindingState::Active).then_some(())
    });
    pair.equal();
    assert!(both_reserved(&pair));
    // A free one is told too when all are asked for: as FREE, though the secondary gave it.
    pair.ddi.kill();
    pair.ddi.forget();
    let mark = pair.proxy.mark();
    pair.ddi.start();
    pair.settle();
    let said = flags(&pair.proxy.said_since(mark), From::Isc, bound.address);
    assert!(said.iter().any(|(status, flags)| matches!(status, 1 | 7) && *flags == RESERVED), "{said:?}");
    assert_eq!(refusals(&pair.proxy.said()), []);
    assert!(both_reserved(&pair));
    pair.finish();
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_20_reserved_by_isc_primary() {
    reserved_by_isc("case_20_isc_primary", true);
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_20_reserved_by_isc_secondary() {
    reserved_by_isc("case_20_isc_secondary", false);
}

/// dhcpd takes no pool that is shared and open to BOOTP: it never has a BOOTP lease to tell of.
fn bootp(test: &str, isc_is_primary: bool) {
    let setup = Setup { isc_range: "dynamic-bootp", ..Setup::with_isc(isc_is_primary) };
    let mut pair = Pair::new(test, setup);
    pair.isc.start();
    pair.isc.wait_for_log(0, "dynamic-bootp flag is not permitted");
    pair.isc.wait_for_log(0, "Configuration file errors encountered");
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_20_bootp_isc_primary() {
    bootp("case_20_bootp_primary", true);
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_20_bootp_isc_secondary() {
    bootp("case_20_bootp_secondary", false);
}

/// ddi gives the address that it reserves for a client, and dhcpd keeps that it is reserved. The first half of
/// the pool is the secondary's.
fn reserved_by_ddi(test: &str, isc_is_primary: bool) {
    let ddi_subnet = if isc_is_primary {
        "[[dhcp4.subnet.reservation]]\nhw_addr = \"02:fa:00:00:00:02\"\naddress = \"10.9.2.12\"\n"
    } else {
        "[[dhcp4.subnet.reservation]]\nhw_addr = \"02:fa:00:00:00:02\"\naddress = \"10.9.2.28\"\n"
    };
    let mut pair = Pair::normal(test, Setup { ddi_subnet, ..Setup::with_isc(isc_is_primary) });
    let bound = pair.relay.bind(DDI, 2);
    pair.equal();
    let said = flags(&pair.proxy.said(), From::Ddi, bound.address);
    assert_eq!(said.last(), Some(&(2, RESERVED)), "{bound:?} {said:?}");
    for leases in [pair.ddi.leases(), pair.isc.leases()] {
        assert!(leases[&bound.address].reserved);
    }
    pair.relay.release(bound);
    wait_for("the end of the lease", || {
        let both = [pair.ddi.leases(), pair.isc.leases()];
        both.iter().all(|leases| leases[&bound.address].state != BindingState::Active).then_some(())
    });
    pair.equal();
    for leases in [pair.ddi.leases(), pair.isc.leases()] {
        assert!(leases[&bound.address].reserved);
    }
    pair.finish();
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_20_reserved_by_ddi_secondary() {
    reserved_by_ddi("case_20_ddi_secondary", true);
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_20_reserved_by_ddi_primary() {
    reserved_by_ddi("case_20_ddi_primary", false);
}

/// An update that reserves, or gives to BOOTP, what is the other's own free address and is neither there: both
/// refuse, for the same reasons.
fn not_reserved_here(test: &str, isc_is_primary: bool) {
    let mut pair = Pair::normal(test, Setup::with_isc(isc_is_primary));
    for (teller, refuser) in [(From::Ddi, From::Isc), (From::Isc, From::Ddi)] {
        let (server, state) = if teller == From::Ddi { (DDI, 'd') } else { (ISC, 'i') };
        // An address of the refuser's own kind, which nobody ever had.
        let own =
            if (refuser == From::Isc) == isc_is_primary { BindingState::Free } else { BindingState::Backup };
        let leases = pair.isc.leases();
        let address = leases.iter().find(|(_, lease)| lease.state == own && lease.hw_addr.bytes().is_empty());
        let address = *address.unwrap_or_else(|| panic!("no {own:?} ({state})")).0;
        let mark = pair.proxy.mark();
        let mut done = false;
        pair.proxy.rule(move |from, bytes| {
            if from != teller || bytes[2] != Kind::BNDUPD.0 || std::mem::replace(&mut done, true) {
                return Verdict::Pass;
            }
            // After a real one, two of another address, with flags.
            let mut all = bytes.to_vec();
            for (xid, flags) in [(0x7fff_0001_u32, RESERVED), (0x7fff_0002, BOOTP)] {
                let mut forged = bytes.to_vec();
                forged[8..12].copy_from_slice(&xid.to_be_bytes());
                assert_eq!(forged[12..16], [0, 2, 0, 4]);
                forged[16..20].copy_from_slice(&address.octets());
                forged.extend_from_slice(&[0, 12, 0, 2, 0, flags]);
                let len = u16::try_from(forged.len()).expect("short");
                forged[..2].copy_from_slice(&len.to_be_bytes());
                all.extend_from_slice(&forged);
            }
            Verdict::Replace(all)
        });
        pair.relay.bind(server, 10 + u32::from(server.octets()[3]));
        wait_for("two refusals", || {
            let refused = refusals(&pair.proxy.said_since(mark));
            assert!(refused.len() <= 2, "{refused:?}");
            (refused.len() == 2).then(|| {
                let reasons = [RejectReason::NOT_RESERVED.0, RejectReason::MISCELLANEOUS.0];
                assert_eq!(refused, reasons.map(|reason| (refuser, reason)));
            })
        });
        pair.proxy.no_rule();
        pair.equal();
        for leases in [pair.ddi.leases(), pair.isc.leases()] {
            assert!(leases.get(&address).is_none_or(|lease| lease.state == own && !lease.reserved));
        }
    }
    pair.finish();
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_20_not_reserved_here_isc_primary() {
    not_reserved_here("case_20_refused_primary", true);
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_20_not_reserved_here_isc_secondary() {
    not_reserved_here("case_20_refused_secondary", false);
}
