//! What is exported reads back as the same lease and injects nothing; hostile files cost errors, not
//! memory, time or a panic.

#[path = "interchange/support.rs"]
mod support;

use ddi_core::interchange::{
    ExportError, Exporter, FailoverState, Format, ImportFault, Importer, Item, ReadError, export,
};
use ddi_core::{BindingState, HwAddr, Lease, LeaseAddr, LeaseKey, UnixTime};
use support::{Import, Random, import_bytes, import_vector};

const FORMATS: [Format; 4] = [Format::KeaCsv4, Format::KeaCsv6, Format::DhcpdLeases4, Format::DhcpdLeases6];

fn importer(format: Format) -> Importer {
    match format {
        Format::KeaCsv4 | Format::KeaCsv6 => Importer::kea_csv(0),
        _ => Importer::dhcpd_leases(0),
    }
}

fn is_v4(format: Format) -> bool {
    matches!(format, Format::KeaCsv4 | Format::DhcpdLeases4)
}

/// Exports with [`export`] and imports again; all of it must be leases.
fn round_trip(format: Format, leases: &[Lease]) -> (Vec<u8>, Import) {
    let mut file = Vec::new();
    let exported = export(format, || leases.iter(), &mut file).unwrap();
    assert_eq!(exported.failed, 0, "{:?}", exported.errors);
    assert_eq!(exported.other_family, 0);
    let import = import_bytes(&file, importer(format));
    assert!(import.errors.is_empty() && import.others.is_empty(), "{}", String::from_utf8_lossy(&file));
    assert_eq!(import.rows as u64, exported.leases);
    (file, import)
}

#[test]
fn any_lease_survives_a_round_trip() {
    for format in FORMATS {
        let mut written = 0;
        for seed in 1..=4000 {
            let mut random = Random::new(seed);
            let key = random.key(is_v4(format));
            let lease = random.lease(key);
            let exporter = Exporter::new(format);
            let mut file = Vec::new();
            exporter.emit_heading(&mut file);
            let heading = file.len();
            match exporter.emit_lease(&lease, &mut file) {
                Ok(()) => written += 1,
                Err(ExportError::NoClient { .. }) => continue,
                Err(ExportError::NotExpressible { why, .. }) if why.contains("takes no") => continue,
                Err(error) => panic!("{format:?}, seed {seed}: {error}\n{lease:?}"),
            }
            let text = String::from_utf8(file[heading..].to_vec()).unwrap();
            let is_printable = |c: char| c == '\n' || (' '..='~').contains(&c);
            assert!(text.chars().all(is_printable), "{format:?}, seed {seed}: {text:?}");
            let import = import_bytes(&file, importer(format));
            assert!(import.errors.is_empty(), "{format:?}, seed {seed}: {:?}\n{text}", import.errors);
            assert_eq!((import.rows, import.others.len()), (1, 0), "{format:?}, seed {seed}: {text}");
            assert_eq!(*import.lease(key), lease, "{format:?}, seed {seed}: {text}");
        }
        assert!(written > 2500, "{format:?}: only {written} of 4000 were written");
    }
}

#[test]
fn associations_survive_a_round_trip() {
    for seed in 1..=300 {
        let mut random = Random::new(seed);
        let mut leases: Vec<Lease> = Vec::new();
        for i in 0..20_u128 {
            let addr = LeaseAddr::V6((0x2001_0db8_u128 << 96 | i).into());
            let mut lease = random.lease(LeaseKey { space: 0, addr });
            lease.duid = vec![0, 3, random.below(3) as u8];
            lease.iaid = random.below(3) as u32;
            leases.push(lease);
        }
        let (file, import) = round_trip(Format::DhcpdLeases6, &leases);
        let text = String::from_utf8(file).unwrap();
        for lease in &leases {
            assert_eq!(import.leases.get(&lease.key), Some(lease), "seed {seed}: {text}");
        }
        let mut heads: Vec<&str> = text.lines().filter(|l| l.starts_with("ia-")).collect();
        let stanzas = heads.len();
        heads.sort_unstable();
        heads.dedup();
        assert_eq!(heads.len(), stanzas, "seed {seed}: an association has two stanzas\n{text}");
    }
}

#[test]
fn vectors_survive_a_round_trip_in_both_formats() {
    let files = [
        ("leases/kea/lease4_dump_test.reference.csv", Format::KeaCsv4, Format::DhcpdLeases4),
        ("leases/kea/lease6_dump_test.reference.csv", Format::KeaCsv6, Format::DhcpdLeases6),
        ("leases/dhcpd/dhcpd-4.4.3-failover-primary.leases", Format::DhcpdLeases4, Format::KeaCsv4),
        ("leases/dhcpd/dhcpd-4.4.3-failover-secondary.leases", Format::DhcpdLeases4, Format::KeaCsv4),
        ("leases/dhcpd/debian7.leases", Format::DhcpdLeases4, Format::KeaCsv4),
        ("leases/dhcpd/options.leases", Format::DhcpdLeases4, Format::KeaCsv4),
        ("leases/dhcpd/backup.leases", Format::DhcpdLeases4, Format::KeaCsv4),
        ("leases/dhcpd/dhcpd6-4.3.3.leases", Format::DhcpdLeases6, Format::KeaCsv6),
        ("leases/dhcpd/dhcpd6-4.2.4.leases", Format::DhcpdLeases6, Format::KeaCsv6),
        ("leases/dhcpd/v6", Format::DhcpdLeases6, Format::KeaCsv6),
    ];
    for (name, own, other) in files {
        let first = import_vector(name, importer(own));
        let leases: Vec<Lease> = first.leases.values().cloned().collect();
        let (file, again) = round_trip(own, &leases);
        assert_eq!(again.leases, first.leases, "{name}");
        // Whatever the format says itself must not need anything added, but for Kea's pool_id, which
        // the written schema has no column for.
        let added = String::from_utf8_lossy(&file).lines().filter(|l| l.contains("ddi")).count();
        assert_eq!(added, 0, "{name}: {}", String::from_utf8_lossy(&file));

        let with_client = |l: &Lease| {
            l.state == BindingState::Abandoned
                || !l.hw_addr.is_empty()
                || !l.client_id.is_empty()
                || !l.duid.is_empty()
        };
        let foreign: Vec<Lease> = leases.into_iter().filter(with_client).collect();
        // The reference dump has DUIDs, and the one v6 DUID "sample" minus its IAID is long enough.
        let (_, again) = round_trip(other, &foreign);
        assert_eq!(again.leases.into_values().collect::<Vec<_>>(), foreign, "{name}");
    }
}

fn key(last: u8) -> LeaseKey {
    LeaseKey::v4([10, 0, 0, last].into())
}

fn client(last: u8) -> Lease {
    let mut lease = Lease::new(key(last));
    lease.state = BindingState::Active;
    lease.hw_addr = HwAddr::new(1, &[2, 0, 0, 0, 0, last]).unwrap();
    lease.client_last_transaction_time = UnixTime(1_700_000_000);
    lease.start_time_of_state = UnixTime(1_700_000_000);
    lease.expiration_time = UnixTime(1_700_004_000);
    lease
}

const HEADER_2_1: &str = "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context\n";

#[test]
fn kea_rows_by_hand() {
    let mut lease = client(1);
    lease.subnet_id = 7;
    lease.hostname = b"a,b&c".to_vec();
    lease.relay_agent_info = vec![1, 4, 0xaa, 0xbb, 0xcc, 0xdd];
    let (file, _) = round_trip(Format::KeaCsv4, &[lease]);
    let row = "10.0.0.1,02:00:00:00:00:01,,4000,1700004000,7,0,0,a&#x2cb&#x26c,0,\
               { \"ISC\": { \"relay-agent-info\": \"0x52060104AABBCCDD\" } }\n";
    assert_eq!(String::from_utf8(file).unwrap(), format!("{HEADER_2_1}{row}"));
}

#[test]
fn dhcpd_stanzas_by_hand() {
    let mut lease = client(1);
    lease.hostname = b"pc'1".to_vec();
    lease.client_id = vec![1, 0, b'A', b'\\', 0xff];
    lease.ddns.forward = true;
    lease.ddns.reverse = true;
    lease.ddns.fqdn = b"a.example.com".to_vec();
    lease.relay_agent_info = vec![1, 2, 0xaa, 0xbb, 151, 1, 9];
    lease.rewind_state = Some(BindingState::Free);
    let (file, _) = round_trip(Format::DhcpdLeases4, &[lease]);
    let text = String::from_utf8(file).unwrap();
    let stanza = r#"lease 10.0.0.1 {
  starts 2 2023/11/14 22:13:20;
  ends 2 2023/11/14 23:20:00;
  cltt 2 2023/11/14 22:13:20;
  binding state active;
  next binding state free;
  rewind binding state free;
  hardware ethernet 02:00:00:00:00:01;
  uid "\001\000A\\\377";
  set ddns-fwd-name = "a.example.com";
  set ddns-rev-name = "1.0.0.10.in-addr.arpa.";
  option agent.circuit-id aa:bb;
  option agent.unknown-151 09;
  client-hostname "pc'1";
}
"#;
    assert!(text.ends_with(stanza), "{text}");
}

#[test]
fn later_rows_win_and_lifetime_zero_removes() {
    let rows = "10.0.0.1,02:00:00:00:00:01,,4000,1700004000,1,0,0,old,0,\n\
                10.0.0.2,02:00:00:00:00:02,,4000,1700004000,1,0,0,,0,\n\
                10.0.0.1,02:00:00:00:00:01,,4000,1700008000,1,0,0,new,0,\n\
                10.0.0.2,02:00:00:00:00:02,,0,1700004000,1,0,0,,0,\n";
    let import = import_bytes(format!("{HEADER_2_1}{rows}").as_bytes(), Importer::kea_csv(0));
    assert_eq!((import.rows, import.leases.len()), (4, 1));
    assert_eq!(import.lease(key(1)).hostname, b"new");
}

#[test]
fn every_older_kea_schema() {
    let v4: Vec<&str> =
        "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,\
                         user_context,pool_id"
            .split(',')
            .collect();
    let row4: Vec<&str> =
        "10.0.0.1,02:00:00:00:00:01,,4000,1700004000,1,0,0,pc,1,{ \"a\": 1 },7".split(',').collect();
    for (columns, state) in [
        (9, BindingState::Active),
        (10, BindingState::Abandoned),
        (11, BindingState::Abandoned),
        (12, BindingState::Abandoned),
    ] {
        let file = format!("{}\n{}\n", v4[..columns].join(","), row4[..columns].join(","));
        let import = import_bytes(file.as_bytes(), Importer::kea_csv(0));
        let lease = import.lease(key(1));
        assert_eq!((lease.state, lease.hostname.as_slice()), (state, &b"pc"[..]));
        assert_eq!(lease.user.windows(7).any(|w| w == b"context"), columns > 10);
        assert_eq!(lease.user.windows(7).any(|w| w == b"pool-id"), columns > 11);
        // A row of a newer schema under this header, as Kea writes until it has rewritten the file.
        let file = format!("{}\n{}\n", v4[..columns].join(","), row4.join(","));
        assert_eq!(import_bytes(file.as_bytes(), Importer::kea_csv(0)).leases.len(), 1);
    }
    let v6: Vec<&str> =
        "address,duid,valid_lifetime,expire,subnet_id,pref_lifetime,lease_type,iaid,prefix_len,fqdn_fwd,\
                         fqdn_rev,hostname,hwaddr,state,user_context,hwtype,hwaddr_source,pool_id"
            .split(',')
            .collect();
    let row6: Vec<&str> =
        "2001:db8::,00:01,30,1700000000,1,20,2,60,56,0,0,pc,02:00:00:00:00:01,1,,6,2,7".split(',').collect();
    for columns in [12, 13, 14, 15, 17, 18] {
        let file = format!("{}\n{}\n", v6[..columns].join(","), row6[..columns].join(","));
        let import = import_bytes(file.as_bytes(), Importer::kea_csv(0));
        let key = LeaseKey { space: 0, addr: LeaseAddr::Prefix("2001:db8::".parse().unwrap(), 56) };
        let lease = import.lease(key);
        let htype = match columns {
            12 => 0,
            13..=15 => 1,
            _ => 6,
        };
        assert_eq!(lease.hw_addr.htype(), htype, "{columns} columns");
        assert_eq!(lease.state == BindingState::Abandoned, columns > 13);
    }
    // An unknown column of a version to come is kept and comes back.
    let file = "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context,\
                pool_id,shade\n10.0.0.1,02:00:00:00:00:01,,4000,1700004000,1,0,0,pc,0,,0,blue\n";
    let import = import_bytes(file.as_bytes(), Importer::kea_csv(0));
    assert_eq!(import.lease(key(1)).user, b"ddi-kept 1\nkea.column.shade blue\n");
}

#[test]
fn what_was_added_no_longer_counts_once_the_other_server_has_changed_the_lease() {
    // A state that neither format has: what each says instead comes back when it no longer holds.
    let mut lease = client(1);
    lease.state = BindingState::FreeBackup;
    lease.start_time_of_state = lease.expiration_time;
    lease.user = b"mine".to_vec();
    lease.subnet_id = 9;
    for (format, from, to, plain) in [
        (Format::KeaCsv4, ",4000,1700004000,", ",4000,1700009000,", BindingState::Free),
        (
            Format::DhcpdLeases4,
            "ends 2 2023/11/14 23:20:00",
            "ends 2 2023/11/14 23:20:01",
            BindingState::Backup,
        ),
    ] {
        let (file, import) = round_trip(format, std::slice::from_ref(&lease));
        assert_eq!(*import.lease(key(1)), lease);
        let text = String::from_utf8(file).unwrap();
        let renewed = text.replace(from, to);
        assert_ne!(renewed, text);
        let import = import_bytes(renewed.as_bytes(), importer(format));
        let got = import.lease(key(1));
        assert_eq!(
            (got.user.as_slice(), got.state),
            (&b"mine"[..], plain),
            "{format:?}: same client, renewed"
        );
        let other_client = text.replace("02:00:00:00:00:01", "02:00:00:00:00:02");
        let import = import_bytes(other_client.as_bytes(), importer(format));
        let got = import.lease(key(1));
        assert_eq!((got.user.as_slice(), got.subnet_id), (&b""[..], 9), "{format:?}: another client");
    }
}

fn faults(bytes: &[u8], importer: Importer) -> Vec<(u64, ImportFault)> {
    let import = import_bytes(bytes, importer);
    let fault = |error| match error {
        ReadError::Import(error) => (error.line, error.fault),
        other => panic!("{other}"),
    };
    import.errors.into_iter().map(fault).collect()
}

#[test]
fn bad_kea_rows_are_named_by_line() {
    let good = "10.0.0.9,02:00:00:00:00:01,,4000,1700004000,1,0,0,pc,0,\n";
    for bad in [
        "10.0.0.1,02:00:00:00:00:01,,4000,1700004000,1,0,0,pc,0",
        "10.0.0.1,02:00:00:00:00:01,,4000,1700004000,1,0,0,pc,0,,0,0",
        "10.0.0,02:00:00:00:00:01,,4000,1700004000,1,0,0,pc,0,",
        "::1,02:00:00:00:00:01,,4000,1700004000,1,0,0,pc,0,",
        "10.0.0.1,02:zz,,4000,1700004000,1,0,0,pc,0,",
        "10.0.0.1,02:00:00:00:00:01,,4294967296,1700004000,1,0,0,pc,0,",
        "10.0.0.1,02:00:00:00:00:01,,4000,18446744073709551616,1,0,0,pc,0,",
        "10.0.0.1,02:00:00:00:00:01,,4000,3999,1,0,0,pc,0,",
        "10.0.0.1,02:00:00:00:00:01,,-1,1700004000,1,0,0,pc,0,",
        "10.0.0.1,02:00:00:00:00:01,,4000,1700004000,1,2,0,pc,0,",
        "10.0.0.1,02:00:00:00:00:01,,4000,1700004000,1,0,0,pc,5,",
        "10.0.0.1,02:00:00:00:00:01,,4000,1700004000,1,0,0,pc,0,[]",
        "10.0.0.1,02:00:00:00:00:01,,4000,1700004000,1,0,0,pc,0,{",
        "10.0.0.1,02:00:00:00:00:01,,4000,1700004000,1,0,0,pc,0,{ \"ddi\": 1 }",
        "10.0.0.1,02:00:00:00:00:01,,4000,1700004000,1,0,0,pc,0,{ \"ddi\": { \"colour\": \"blue\" } }",
        "10.0.0.1,02:00:00:00:00:01,,4000,1700004000,1,0,0,pc,0,{ \"ddi\": { \"subnet-id\": \"x\" } }",
        "\u{fffd}",
    ] {
        let file = format!("{HEADER_2_1}\n{good}{bad}\n{good}");
        let import = import_bytes(file.as_bytes(), Importer::kea_csv(0));
        assert_eq!(import.rows, 2, "{bad}");
        let faults = faults(file.as_bytes(), Importer::kea_csv(0));
        assert_eq!(faults.len(), 1, "{bad}");
        assert_eq!(faults[0].0, 4, "{bad}: {}", faults[0].1);
    }
    for header in ["", "\0", "lease 10.0.0.1 {", "address,hwaddr", "address,hwaddr,hwaddr", "a,b\u{e9}"] {
        let file = format!("{header}\n{good}{good}");
        let faults = faults(file.as_bytes(), Importer::kea_csv(0));
        assert!(matches!(faults.as_slice(), [(1 | 2, ImportFault::Header(_))]), "{header:?}: {faults:?}");
    }
}

#[test]
fn bad_dhcpd_stanzas_are_named_by_line() {
    let good = "lease 10.0.0.9 {\n  binding state free;\n}\n";
    for bad in [
        "lease 10.0.0 {\n  binding state free;\n}",
        "lease 10.0.0.1 {\n  binding state purple;\n}",
        "lease 10.0.0.1 {\n  starts 2 2017/02/29 00:00:00;\n  binding state free;\n}",
        "lease 10.0.0.1 {\n  starts;\n}",
        "lease 10.0.0.1 {\n  hardware ether 00:00;\n}",
        "lease 10.0.0.1 {\n  hardware ethernet 00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00;\n}",
        "lease 10.0.0.1 {\n  uid \"\\xzz\";\n}",
        "lease 10.0.0.1 {\n  uid \"abc\n}",
        "lease 10.0.0.1 {\n  binding state free",
        "lease 10.0.0.1 {\n  binding state free;",
        "lease 10.0.0.1",
        "lease 10.0.0.1 {\n  on expiry {\n    if x {\n  }\n",
        "lease 10.0.0.1 {\n  set ddi-subnet-id = \"x\";\n}",
        "lease 10.0.0.1 {\n  set ddi-colour = \"x\";\n}",
        "ia-na \"x\" {\n  iaaddr ::1 {\n    binding state active;\n  }\n}",
        "ia-na \"123456\" {\n  iaaddr ::1 {\n  }\n}",
        "ia-na \"123456\" {\n  iaaddr 10.0.0.1 {\n    binding state active;\n  }\n}",
        "ia-pd \"123456\" {\n  iaprefix 2001:db8::1/64 {\n    binding state active;\n  }\n}",
        "ia-pd \"123456\" {\n  iaprefix 2001:db8::/129 {\n    binding state active;\n  }\n}",
        "failover peer \"x\" {\n}",
        "failover peer \"x\" state {\n  my state normal at noon;\n}",
        "authoring-byte-order middle-endian;",
        "server-duid;",
        "}",
        "\u{1}",
    ] {
        let file = format!("{good}{bad}\n{good}");
        let import = import_bytes(file.as_bytes(), Importer::dhcpd_leases(0));
        assert_eq!(import.rows, 2, "{bad}");
        let faults = faults(file.as_bytes(), Importer::dhcpd_leases(0));
        assert_eq!(faults.len(), 1, "{bad}: {faults:?}");
        assert_eq!(faults[0].0, 4, "{bad}: {}", faults[0].1);
    }
}

#[test]
fn hostile_files_are_bounded() {
    let long = "a".repeat(3 << 20);
    let mib = 1 << 20;
    let row = "10.0.0.1,02:00:00:00:00:01,,4000,1700004000,1,0,0,pc,0,\n";
    let file = format!("{HEADER_2_1}{long}\n{row}");
    assert_eq!(faults(file.as_bytes(), Importer::kea_csv(0)), [(2, ImportFault::TooLong { max: mib })]);
    let stanza = "lease 10.0.0.1 {\n  binding state free;\n}\n";
    for middle in [
        format!("lease 10.0.0.2 {{ {long};\n}}\n"),
        format!("lease 10.0.0.2 {{\n  uid \"{long}\";\n}}\n"),
        format!("lease 10.0.0.2 {{\n  uid \"{long}\n"),
        format!("lease 10.0.0.2 {{\n  binding state free;\n{}\n", "  reserved;\n".repeat(mib / 10)),
        format!("lease 10.0.0.2 {{\n{}\n", "{".repeat(2 << 20)),
        format!("{long};\n"),
        format!("a{}b;\n", "\n".repeat(2 << 20)),
        format!("a{}", "\nlease\n".repeat(1 << 18)),
    ] {
        let import = import_bytes(format!("{stanza}{middle}{stanza}").as_bytes(), Importer::dhcpd_leases(0));
        assert_eq!((import.rows, import.errors.len()), (2, 1), "{}", &middle[..60]);
    }
    let deep = format!("lease 10.0.0.2 {{\n  on expiry {}{}\n}}\n", "{".repeat(100_000), "}".repeat(100_000));
    let import = import_bytes(deep.as_bytes(), Importer::dhcpd_leases(0));
    assert_eq!((import.rows, import.errors.len()), (1, 0));
    for (open, close) in [("[", "]"), ("{ \"a\": ", "}")] {
        let json = format!("{{ \"a\": {}1{} }}", open.repeat(100_000), close.repeat(100_000));
        let row = format!("10.0.0.1,02:00:00:00:00:01,,4000,1700004000,1,0,0,pc,0,{json}\n");
        let faults = faults(format!("{HEADER_2_1}{row}").as_bytes(), Importer::kea_csv(0));
        assert!(
            matches!(faults.as_slice(), [(2, ImportFault::Field { field: "user_context", .. })]),
            "{faults:?}"
        );
    }
}

#[test]
fn what_dhcpd_remembers_beside_leases_survives_too() {
    let exporter = Exporter::new(Format::DhcpdLeases4);
    let mut file = Vec::new();
    exporter.emit_heading(&mut file);
    let duid = b"\0\x01\0\x01\"\\\n\xff".to_vec();
    let state = FailoverState {
        name: b"a \"b\"".to_vec(),
        mine: "communications-interrupted".into(),
        mine_since: UnixTime(1_700_000_000),
        partner: "normal".into(),
        partner_since: UnixTime(1_700_000_001),
        mclt: Some(60),
    };
    exporter.emit_server_duid(&duid, &mut file);
    exporter.emit_failover(&state, &mut file);
    let import = import_bytes(&file, Importer::dhcpd_leases(0));
    assert!(import.errors.is_empty());
    assert_eq!(import.others, [Item::ServerDuid(duid), Item::Failover(state.clone())]);

    // A state that would say more than a state is not written.
    let mut file = Vec::new();
    let mine = "normal at never; } lease 10.0.0.1 { ".into();
    exporter.emit_failover(&FailoverState { mine, ..state }, &mut file);
    let import = import_bytes(&file, Importer::dhcpd_leases(0));
    assert_eq!((import.rows, import.others.len(), import.errors.len()), (0, 1, 0));
}

/// Kea takes no client_id of one byte, and a client can send one without a hw_addr: once its lease has
/// ended, the other leases can be written.
#[test]
fn a_client_that_kea_does_not_take_is_in_the_way_only_while_it_has_a_lease() {
    for (state, no_client, failed) in
        [(BindingState::Active, 0, 1), (BindingState::Free, 1, 0), (BindingState::Released, 1, 0)]
    {
        let leases: Vec<Lease> = [&b"x"[..], b"xy"]
            .iter()
            .zip(1..)
            .map(|(id, number)| {
                let mut lease = Lease::new(LeaseKey::v4([10, 0, 0, number].into()));
                (lease.state, lease.client_id) = (state, id.to_vec());
                lease
            })
            .collect();
        let mut file = Vec::new();
        let exported = export(Format::KeaCsv4, || leases.iter(), &mut file).unwrap();
        assert_eq!(
            (exported.leases, exported.no_client, exported.failed),
            (1, no_client, failed),
            "{state:?}"
        );
    }
}

/// What dhcpd does not read costs it the whole lease. Such statements are kept all the same.
#[test]
fn kept_statements_that_dhcpd_does_not_read_are_not_written() {
    let mut lease = Lease::new(LeaseKey::v4([10, 0, 0, 1].into()));
    let long = format!("\"{}\"", "x".repeat(1500));
    let sets = ["\"x\"", "true", "%-12", "1", "01:02", "null", "%", "concat ( \"a\" , \"b\" )", &long];
    let mut statements = sets.map(|value| format!("set foo = {value} ;")).to_vec();
    statements.push("class \"x\" ;".to_owned());
    let kept: Vec<String> =
        statements.iter().map(|statement| format!("dhcpd.statement {statement}\n")).collect();
    lease.user = format!("ddi-kept 1\n{}", kept.concat()).into_bytes();
    let (file, import) = round_trip(Format::DhcpdLeases4, std::slice::from_ref(&lease));
    let text = String::from_utf8(file).unwrap();
    let written = statements.iter().map(|statement| text.contains(&format!("\n  {statement}")));
    assert_eq!(
        written.collect::<Vec<_>>(),
        [true, true, true, false, false, false, false, false, false, false]
    );
    assert_eq!(import.leases[&lease.key], lease);
}
