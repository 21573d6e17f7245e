//! From a file into a database, and out of a snapshot into a file.

#[path = "interchange/support.rs"]
mod support;

use ddi_core::interchange::{
    BadRows, Exported, Format, ImportStopped, Imported, Importer, Items, Put, ReadError, export, import, put,
};
use ddi_core::{
    BindingState, DbConfig, Expect, HwAddr, Lease, LeaseDb, LeaseKey, LeaseStore, MemStorage, UnixTime,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use support::{import_bytes, vector};

fn open(storage: &Arc<MemStorage>) -> LeaseDb {
    LeaseDb::open(storage.clone(), &DbConfig::new([7; 16])).unwrap().0
}

fn import_all(
    db: &mut LeaseDb,
    file: &[u8],
    importer: Importer,
    bad: BadRows,
) -> Result<Imported, ImportStopped> {
    let mut items = Items::new(file, importer);
    let mut imported = Imported::default();
    while import(&mut items, db, 1000, bad, &mut imported)? {
        db.commit().unwrap();
    }
    db.commit().unwrap();
    Ok(imported)
}

fn leases(db: &LeaseDb) -> BTreeMap<LeaseKey, Lease> {
    let without_version = |mut lease: Lease| {
        lease.version = ddi_core::Lsn::ZERO;
        (lease.key, lease)
    };
    db.snapshot().leases().map(without_version).collect()
}

#[test]
fn vectors_go_through_a_database() {
    for (name, is_kea, format) in [
        ("leases/dhcpd/dhcpd-4.4.3-perfdhcp.leases.gz", false, Format::DhcpdLeases4),
        ("leases/dhcpd/dhcpd-4.4.3-failover-primary.leases", false, Format::DhcpdLeases4),
        ("leases/dhcpd/dhcpd-4.4.3-failover-secondary.leases", false, Format::DhcpdLeases4),
        ("leases/dhcpd/dhcpd6-4.3.3.leases", false, Format::DhcpdLeases6),
        ("leases/dhcpd/v6", false, Format::DhcpdLeases6),
        ("leases/kea/lease6_dump_test.reference.csv", true, Format::KeaCsv6),
        ("leases/kea/kea-2.2-perfdhcp-132k-rows.csv.gz", true, Format::KeaCsv4),
    ] {
        let importer = || if is_kea { Importer::kea_csv(0) } else { Importer::dhcpd_leases(0) };
        let file = vector(name);
        let expected = import_bytes(&file, importer());
        let storage = Arc::new(MemStorage::new());
        let mut db = open(&storage);
        let imported = import_all(&mut db, &file, importer(), BadRows::Stop).unwrap();
        assert_eq!(imported.leases as usize, expected.rows, "{name}");
        assert_eq!(imported.other as usize, expected.others.len(), "{name}");
        assert_eq!(leases(&db), expected.leases, "{name}");
        drop(db);

        let db = open(&storage);
        assert_eq!(leases(&db), expected.leases, "{name}, reopened");
        let snapshot = db.snapshot();
        let mut out = Vec::new();
        let exported: Exported = export(format, || snapshot.ordered(None), &mut out).unwrap();
        assert_eq!((exported.leases as usize, exported.failed), (expected.leases.len(), 0), "{name}");
        let again = import_bytes(&out, importer());
        let without_version: BTreeMap<_, _> = again.leases;
        assert_eq!(without_version, expected.leases, "{name}, exported");
    }
}

/// The second of two failover partners imports what the first had, whatever it holds itself.
#[test]
fn an_import_may_put_any_state_over_any_other() {
    let mut db = open(&Arc::new(MemStorage::new()));
    let key = LeaseKey::v4([10, 0, 0, 1].into());
    for from in BindingState::ALL {
        for to in BindingState::ALL {
            let mut lease = Lease::new(key);
            lease.hw_addr = HwAddr::new(1, &[2, 0, 0, 0, 0, 1]).unwrap();
            lease.expiration_time = UnixTime(1_700_000_000);
            lease.state = from;
            db.put_forced(&mut lease, Expect::Any).unwrap();
            lease.state = to;
            let item = ddi_core::interchange::Item::Lease(Box::new(lease));
            assert_eq!(put(&mut db, item).unwrap(), Put::Lease, "{from:?} to {to:?}");
            assert_eq!(db.get(key).unwrap().state, to);
        }
    }
}

#[test]
fn bad_rows_stop_or_are_skipped_and_reported() {
    let header = "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname\n";
    let row = |last: u8, name: &str| {
        format!("10.0.0.{last},02:00:00:00:00:{last:02x},,4000,1700004000,1,0,0,{name}\n")
    };
    // A name that is longer than a lease holds, and a row that is none.
    let file =
        [header, &row(1, "a"), &row(2, &"n".repeat(256)), "nonsense\n", &row(3, "c"), &row(1, "b")].concat();
    let mut db = open(&Arc::new(MemStorage::new()));
    let imported = import_all(&mut db, file.as_bytes(), Importer::kea_csv(0), BadRows::Skip).unwrap();
    assert_eq!((imported.leases, imported.skipped, imported.errors.len()), (3, 2, 2));
    assert!(imported.errors[0].to_string().contains("hostname"), "{}", imported.errors[0]);
    assert!(imported.errors[1].to_string().starts_with("line 4: "), "{}", imported.errors[1]);
    assert_eq!(db.get(LeaseKey::v4([10, 0, 0, 1].into())).unwrap().hostname, b"b");
    assert_eq!(db.len(), 2);

    let mut db = open(&Arc::new(MemStorage::new()));
    let nonsense = [header, &row(1, "a"), "nonsense\n", &row(3, "c")].concat();
    let stopped = import_all(&mut db, nonsense.as_bytes(), Importer::kea_csv(0), BadRows::Stop);
    let Err(ImportStopped::Read(ReadError::Import(error))) = stopped else { panic!("{stopped:?}") };
    assert_eq!(error.line, 3);
    assert_eq!(db.len(), 1);
}
