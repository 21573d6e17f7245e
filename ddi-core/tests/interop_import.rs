//! Kea 2.2 and dhcpd 4.4.3 load what is exported without complaint, and what they write then is the same.
//! Needs root and the Debian packages kea-dhcp4-server, kea-dhcp6-server, isc-dhcp-server, iproute2:
//! `cargo test -p ddi-core --test interop_import -- --ignored`.

#[path = "interchange/daemons.rs"]
mod daemons;
#[path = "interchange/support.rs"]
mod support;

use daemons::{Scratch, kea_start, now, run_lfc, start_dhcpd, test_dhcpd};
use ddi_core::interchange::{Format, Importer, Item, export};
use ddi_core::{BindingState, Lease, LeaseAddr, LeaseKey, UnixTime};
use std::collections::BTreeMap;
use support::{Random, import_bytes};

const LEASES: u32 = 2_000;

/// A client's lease as a server could have written it, but with the names, options and user bytes that
/// any client or application might come up with.
fn odd_lease(random: &mut Random, key: LeaseKey, state: BindingState) -> Lease {
    let mut lease = random.lease(key);
    let heard = UnixTime(now() - 1000 - random.below(1000));
    let is_over = !matches!(state, BindingState::Active | BindingState::Abandoned);
    lease.state = state;
    lease.client_last_transaction_time = heard;
    lease.start_time_of_state = heard;
    lease.expiration_time = if is_over { heard.plus_secs(500) } else { heard.plus_secs(100_000) };
    lease.preferred_time = heard.plus_secs(50_000);
    lease.subnet_id = 1;
    if is_over && lease.user.windows(10).any(|w| w == b"next-state") {
        // It would have dhcpd go there at once.
        lease.user.clear();
    }
    if key.as_v4().is_some() {
        lease.preferred_time = UnixTime::UNSET;
        lease.duid.clear();
        lease.iaid = 0;
        // Distinct clients, or dhcpd would take all but one lease from each.
        lease.client_id = [&key.addr.to_string().into_bytes()[..], &random.bytes(100)].concat();
    } else {
        lease.duid = [&key.addr.to_string().into_bytes()[..], &random.bytes(80)].concat();
    }
    lease
}

fn v4_key(i: u32) -> LeaseKey {
    LeaseKey::v4((0x0a00_0001 + i).into())
}

fn v6_key(i: u32) -> LeaseKey {
    let host = 0x2001_0db8_u128 << 96 | u128::from(i + 1);
    let addr = if i % 4 == 3 {
        LeaseAddr::Prefix((0x2001_0db8_0001_u128 << 80 | u128::from(i) << 64).into(), 64)
    } else {
        LeaseAddr::V6(host.into())
    };
    LeaseKey { space: 0, addr }
}

fn odd_leases(key: fn(u32) -> LeaseKey, states: &[BindingState]) -> BTreeMap<LeaseKey, Lease> {
    let seed = 20_261_122;
    let mut random = Random::new(seed);
    let lease = |i| {
        let state = states[random.below(states.len() as u64) as usize];
        let key = key(i);
        (key, odd_lease(&mut random, key, state))
    };
    (0..LEASES).map(lease).collect()
}

fn exported(format: Format, leases: &BTreeMap<LeaseKey, Lease>) -> Vec<u8> {
    let mut file = Vec::new();
    let exported = export(format, || leases.values(), &mut file).unwrap();
    assert_eq!(exported.leases, leases.len() as u64, "{exported:?}");
    file
}

/// Imports and compares all that `is_due`; `adapt` makes of a lease what the server may make of it.
fn compare(file: &[u8], importer: Importer, leases: &BTreeMap<LeaseKey, Lease>, adapt: fn(&Lease) -> Lease) {
    let import = import_bytes(file, importer);
    assert!(import.errors.is_empty(), "{:?}", import.errors.first());
    assert!(!import.others.iter().any(|item| matches!(item, Item::Other { .. })));
    assert_eq!(import.leases.len(), leases.len());
    let text = String::from_utf8_lossy(file);
    for (key, lease) in leases {
        let got = import.leases.get(key).unwrap_or_else(|| panic!("{} is gone", key.addr));
        let place = text.find(&format!("{}", key.addr)).unwrap_or(0);
        let around = text.get(place..(place + 1500).min(text.len())).unwrap_or_default();
        assert_eq!(adapt(got), adapt(lease), "{}: {around}", key.addr);
    }
}

/// Kea turns names into lower case.
fn in_lower_case(lease: &Lease) -> Lease {
    let mut lease = lease.clone();
    lease.hostname.make_ascii_lowercase();
    lease.ddns.fqdn.make_ascii_lowercase();
    lease
}

/// dhcpd writes the end as `tstp` if a lease has none, also with a partner.
fn without_tstp(lease: &Lease) -> Lease {
    let mut lease = lease.clone();
    let told = &mut lease.potential_expiration_time;
    if told.sent == lease.expiration_time {
        told.sent = UnixTime::UNSET;
    }
    lease
}

fn kea(format: Format, version: char, key: fn(u32) -> LeaseKey) {
    let leases = odd_leases(key, &BindingState::ALL);
    let scratch = Scratch::new(&format!("kea{version}"));
    let file = exported(format, &leases);
    compare(&run_lfc(&scratch, version, &file, leases.len()), Importer::kea_csv(0), &leases, in_lower_case);
    kea_start(&scratch, version, &file, leases.len());
}

#[test]
#[ignore = "needs Kea"]
fn kea_v4_loads_and_rewrites() {
    kea(Format::KeaCsv4, '4', v4_key);
}

#[test]
#[ignore = "needs Kea"]
fn kea_v6_loads_and_rewrites() {
    kea(Format::KeaCsv6, '6', v6_key);
}

#[test]
#[ignore = "needs root and dhcpd"]
fn dhcpd_v4_loads_and_rewrites() {
    let scratch = Scratch::new("dhcpd4");
    let leases = odd_leases(v4_key, &BindingState::ALL);
    let file = exported(Format::DhcpdLeases4, &leases);
    test_dhcpd(&scratch, '4', &file, leases.len());
    let rewritten = start_dhcpd(&scratch, '4', &file, leases.len());
    compare(&rewritten, Importer::dhcpd_leases(0), &leases, without_tstp);
}

/// Of an IA, dhcpd keeps only what is active or abandoned.
#[test]
#[ignore = "needs root and dhcpd"]
fn dhcpd_v6_loads_and_rewrites() {
    let scratch = Scratch::new("dhcpd6");
    let leases = odd_leases(v6_key, &[BindingState::Active, BindingState::Active, BindingState::Abandoned]);
    let file = exported(Format::DhcpdLeases6, &leases);
    test_dhcpd(&scratch, '6', &file, leases.len());
    let rewritten = start_dhcpd(&scratch, '6', &file, leases.len());
    compare(&rewritten, Importer::dhcpd_leases(0), &leases, Lease::clone);
}
