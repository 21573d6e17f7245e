//! Every lease file of the vectors imports with the counts and contents that a person read off it.

#[path = "interchange/support.rs"]
mod support;

use ddi_core::interchange::{ImportFault, Importer, Item, ReadError};
use ddi_core::{BindingState, HwAddr, Lease, LeaseAddr, LeaseKey, UnixTime};
use support::{Import, import_vector};

fn v4(text: &str) -> LeaseKey {
    LeaseKey::v4(text.parse().unwrap())
}

fn v6(text: &str) -> LeaseKey {
    LeaseKey { space: 0, addr: LeaseAddr::V6(text.parse().unwrap()) }
}

fn prefix(text: &str, len: u8) -> LeaseKey {
    LeaseKey { space: 0, addr: LeaseAddr::Prefix(text.parse().unwrap(), len) }
}

fn dhcpd(name: &str) -> Import {
    import_vector(&format!("leases/dhcpd/{name}"), Importer::dhcpd_leases(0))
}

fn kea(name: &str) -> Import {
    import_vector(&format!("leases/kea/{name}"), Importer::kea_csv(0))
}

fn ethernet(bytes: &[u8]) -> HwAddr {
    HwAddr::new(1, bytes).unwrap()
}

#[test]
fn kea_v4_reference_dump() {
    let file = kea("lease4_dump_test.reference.csv");
    assert_eq!((file.rows, file.leases.len(), file.errors.len()), (3, 3, 0));

    let first = file.lease(v4("0.0.0.10"));
    assert_eq!(first.state, BindingState::Active);
    assert_eq!(first.hw_addr, ethernet(b"20"));
    assert_eq!(first.client_id, b"30");
    assert_eq!(first.expiration_time, UnixTime(1_642_000_000));
    assert_eq!(first.client_last_transaction_time, UnixTime(1_641_999_960));
    assert_eq!(first.subnet_id, 50);
    assert!(first.ddns.forward && first.ddns.reverse);
    assert_eq!(first.ddns.fqdn, b"one.example.com");
    assert_eq!(first.hostname, b"one.example.com");
    assert_eq!(first.user, b"");

    let second = file.lease(v4("0.0.0.11"));
    assert_eq!(second.state, BindingState::Abandoned);
    assert_eq!(second.hw_addr, HwAddr::EMPTY);
    assert_eq!(second.client_id, b"123");
    assert_eq!(second.user, b"", "an empty object says nothing");

    let third = file.lease(v4("0.0.0.12"));
    assert_eq!(third.state, BindingState::Free);
    assert_eq!(third.hostname, b"three,example,com");
    assert_eq!(third.start_time_of_state, UnixTime(1_643_212_345));
    assert_eq!(third.user, b"ddi-kept 1\nkea.user-context { \"a\": 1, \"b\": \"c\" }\n");
}

#[test]
fn kea_v6_reference_dump() {
    let file = kea("lease6_dump_test.reference.csv");
    assert_eq!((file.rows, file.leases.len(), file.errors.len()), (4, 4, 0));

    let first = file.lease(v6("::10"));
    assert_eq!(first.duid, b"203");
    assert_eq!(first.iaid, 60);
    assert_eq!(first.expiration_time, UnixTime(1_642_000_000));
    assert_eq!(first.preferred_time, UnixTime(1_642_000_000 - 30 + 50));
    assert_eq!(first.hw_addr, HwAddr::new(90, b"80").unwrap());
    assert_eq!(first.user, b"ddi-kept 1\nkea.hwaddr-source 16\n");
    assert_eq!(first.hostname, b"one.example.com");

    let last = file.lease(v6("::13"));
    assert_eq!(last.hw_addr, HwAddr::EMPTY);
    assert_eq!(last.state, BindingState::Free);
    assert_eq!(last.hostname, b"no.hwaddr.only.duid");
}

#[test]
fn kea_2_2_under_load() {
    let file = kea("kea-2.2-perfdhcp-132k-rows.csv.gz");
    assert_eq!(file.errors.len(), 0);
    assert_eq!(file.rows, 132_739);
    let first = file.lease(v4("10.100.0.0"));
    assert_eq!(first.hw_addr, ethernet(&[0, 0x0c, 1, 2, 3, 4]));
    assert_eq!(first.client_id, [1, 0, 0x0c, 1, 2, 3, 4]);
    assert_eq!(first.subnet_id, 1);
    assert!(file.leases.values().all(|l| l.state == BindingState::Active && l.user.is_empty()));
}

#[test]
fn dhcpd_failover_backup() {
    let file = dhcpd("backup.leases");
    assert_eq!((file.rows, file.leases.len(), file.errors.len()), (2, 2, 0));
    let first = file.lease(v4("10.0.0.1"));
    assert_eq!(first.state, BindingState::Backup);
    assert_eq!(first.start_time_of_state, UnixTime(1_507_216_949));
    assert_eq!(first.expiration_time, UnixTime(1_508_141_363));
    assert_eq!(first.client_last_transaction_time, UnixTime(1_507_216_949));
    let told = first.potential_expiration_time;
    // 2017-10-16 15:22:29
    assert_eq!([told.sent, told.received, told.acked], [UnixTime(1_508_167_349); 3]);
    assert_eq!(first.hw_addr, ethernet(&[0x2a, 0xb2, 0x2a, 0xb2, 0x2a, 0xb2]));
    assert_eq!(first.client_id, [1, 0, b'!', 0o314, 6, 0o224, 0o351]);
    let second = file.lease(v4("10.0.0.2"));
    assert_eq!(second.expiration_time, UnixTime::UNSET);
    assert_eq!(second.hw_addr, HwAddr::EMPTY);
}

#[test]
fn dhcpd_epoch_times() {
    let file = dhcpd("epoch.leases");
    assert_eq!((file.rows, file.errors.len()), (2, 0));
    let first = file.lease(v4("10.0.0.1"));
    assert_eq!(first.start_time_of_state, UnixTime(1_507_216_949));
    assert_eq!(first.client_last_transaction_time, UnixTime(1_508_167_349));
    assert_eq!(first.client_id, [1, 0, b'!', 0o314, 6, 0o224, 0o351]);
    let second = file.lease(v4("10.0.0.2"));
    assert_eq!(second.start_time_of_state, UnixTime(1_507_637_114));
    assert_eq!(second.potential_expiration_time.acked, UnixTime(1_507_637_114));
}

#[test]
fn dhcpd_4_2_with_a_variable() {
    let file = dhcpd("debian7.leases");
    assert_eq!((file.rows, file.leases.len(), file.errors.len()), (6, 6, 0));
    let first = file.lease(v4("10.0.0.10"));
    assert_eq!(first.state, BindingState::Free);
    assert_eq!(
        first.client_id,
        [255, 0, 0, 0, 2, 0, 1, 0, 1, 0o32, b'1', 0o301, 0o300, 0, b'#', 0o213, 0o360, b'F', 0o350]
    );
    let kept = "ddi-kept 1\ndhcpd.statement set vendor-class-identifier = \"Some Vendor Identifier\" ;\n";
    assert_eq!(String::from_utf8_lossy(&first.user), kept);
    let abandoned = file.lease(v4("10.0.0.17"));
    assert_eq!(abandoned.state, BindingState::Abandoned);
    assert_eq!(abandoned.user, b"ddi-kept 1\ndhcpd.next-state free\n");
    // The same, compressed.
    assert_eq!(dhcpd("debian7.leases.gz").leases, file.leases);
}

#[test]
fn dhcpd_option_82() {
    let file = dhcpd("options.leases");
    assert_eq!((file.rows, file.errors.len()), (1, 0));
    let lease = file.lease(v4("10.10.10.10"));
    assert_eq!(lease.state, BindingState::Active);
    assert_eq!(lease.rewind_state, Some(BindingState::Free));
    assert_eq!(lease.hostname, b"KRONOS");
    let mut option = vec![1, 4, 0, 1, 3, 0xe9, 2, 6, 0xa4, 0xa2, 0x4a, 0x33, 0xdb, 0xe5];
    option.extend([4, 4, 0, 0, 0, 2]);
    option.extend([9, 11, 0, 0, 0x11, 0x8b, 6, 1, 4, 1, 2, 3, 0]);
    assert_eq!(lease.relay_agent_info, option);
    assert_eq!(lease.user, b"");
}

#[test]
fn dhcpd_small_files() {
    let pfsense = dhcpd("pfsense.leases");
    assert_eq!((pfsense.rows, pfsense.errors.len()), (2, 0));
    assert_eq!(pfsense.lease(v4("10.0.10.72")).hostname, b"Satellite-C700");
    let fixed = dhcpd("static.leases");
    assert_eq!((fixed.rows, fixed.errors.len()), (1, 0));
    assert_eq!(fixed.lease(v4("10.0.0.15")).state, BindingState::Free);
    for (name, leases) in [("one-ip", 1), ("simple", 12), ("complete", 48), ("shnet-alarm", 33), ("empty", 0)]
    {
        let file = dhcpd(name);
        assert_eq!((file.leases.len(), file.rows, file.errors.len()), (leases, leases, 0), "{name}");
        assert!(file.leases.values().all(|l| l.state == BindingState::Active), "{name}");
    }
    // Links in their project, which hold the name of another file: no lease files.
    for name in ["big-small", "bootp", "leading0", "one-line"] {
        let file = dhcpd(name);
        assert_eq!((file.rows, file.errors.len()), (0, 1), "{name}");
    }
}

#[test]
fn a_bad_hardware_address_costs_one_stanza() {
    let file = dhcpd("same-twice");
    assert_eq!((file.rows, file.errors.len()), (1, 1));
    let ReadError::Import(error) = &file.errors[0] else { panic!() };
    assert_eq!(error.line, 1);
    assert!(matches!(&error.fault, ImportFault::Field { field: "hardware", .. }), "{error}");
    assert_eq!(file.lease(v4("10.0.0.5")).hw_addr, ethernet(&[0; 6]));
}

#[test]
fn dhcpd_v6_of_several_versions() {
    let old = dhcpd("dhcpd6-4.2.4.leases");
    assert_eq!((old.rows, old.errors.len()), (2, 0));
    let duid = [0, 1, 0, 1, 0o35, b'f', 0o37, b'-', b'N', 0o316, 0o347, 0o374, b',', 0o226];
    assert_eq!(old.others, [Item::ServerDuid(duid.to_vec())]);
    let lease = old.lease(v6("2001:610:600:891d::60"));
    assert_eq!(lease.iaid, u32::from_le_bytes(*b"4dv\xea"));
    assert_eq!(lease.duid, b"\x00\x01\x00\x01\x1df\x1f\xe2\x0a\x00'\x00\x00\x00");
    assert_eq!(lease.client_last_transaction_time, UnixTime(1_439_916_937));
    assert_eq!(lease.expiration_time, UnixTime(1_439_917_537));
    assert_eq!(lease.preferred_time, UnixTime(1_439_916_937 + 375));
    assert_eq!(lease.state, BindingState::Active);
    assert_eq!(lease.user, b"");
    assert!(old.leases.contains_key(&prefix("2001:610:500:fff::", 64)));

    let newer = dhcpd("dhcpd6-4.3.3.leases");
    assert_eq!((newer.rows, newer.leases.len(), newer.errors.len()), (4, 4, 0));
    let lease = newer.lease(prefix("2001:10:30:ff00::", 56));
    assert_eq!(lease.iaid, 0);
    let kept = String::from_utf8(lease.user.clone()).unwrap();
    assert_eq!(kept.lines().count(), 7, "{kept}");
    assert!(kept.contains("dhcpd.statement set pdnet = \"2001:10:30:ff00:0:0:0:0/56\" ;\n"), "{kept}");
    let block = "dhcpd.statement on expiry { log ( debug , \"===EXPIRY===\" ) ; }\n";
    assert!(kept.contains(block), "{kept}");

    let states = dhcpd("v6");
    assert_eq!((states.rows, states.leases.len(), states.errors.len()), (13, 8, 0));
    let of_state = |state| states.leases.values().filter(|l| l.state == state).count();
    assert_eq!((of_state(BindingState::Active), of_state(BindingState::Expired)), (3, 5));
    let lease = states.lease(v6("dead:abba:4000::68"));
    assert_eq!((lease.iaid, lease.duid.as_slice()), (u32::from_le_bytes(*b"samp"), &b"le"[..]));
}

/// The states that the pair went through are the ones of the capture failover/dhcpd-4.4.3-startup.pcap.
#[test]
fn dhcpd_4_4_failover_pair() {
    let primary = dhcpd("dhcpd-4.4.3-failover-primary.leases");
    let secondary = dhcpd("dhcpd-4.4.3-failover-secondary.leases");
    for (file, role) in [(&primary, "primary"), (&secondary, "secondary")] {
        assert_eq!(file.errors.len(), 0, "{role}: {:?}", file.errors);
        let count = |pick: fn(&Item) -> bool| file.others.iter().filter(|item| pick(item)).count();
        assert_eq!(count(|item| matches!(item, Item::Other { .. })), 0, "{role}");
        assert_eq!(count(|item| matches!(item, Item::ServerDuid(_))), 1, "{role}");
        assert!(file.leases.keys().all(|key| key.as_v4().is_some()));
        let mut states = file.others.iter().filter_map(|item| match item {
            Item::Failover(state) => Some(state),
            _ => None,
        });
        let last = states.next_back().unwrap();
        assert_eq!((last.name.as_slice(), last.mine.as_str()), (&b"fo"[..], "normal"), "{role}");
        assert_eq!(last.mclt.is_some(), role == "secondary");
    }
    assert_eq!(primary.leases.len(), 64);
    assert_eq!(secondary.leases.len(), 64);
}

#[test]
fn dhcpd_4_4_under_load() {
    let file = dhcpd("dhcpd-4.4.3-perfdhcp.leases.gz");
    assert_eq!((file.rows, file.errors.len()), (5_696, 0));
    let lease: &Lease = file.lease(v4("10.77.16.4"));
    assert_eq!(lease.client_id, [1, 0, 0o14, 1, 2, 3, 8]);
    assert_eq!(lease.state, BindingState::Active);
    assert_eq!(lease.rewind_state, Some(BindingState::Free));
    assert_eq!(lease.expiration_time.secs_since(lease.start_time_of_state), 4_000);
    assert!(file.leases.values().all(|l| l.user.is_empty()));
}
