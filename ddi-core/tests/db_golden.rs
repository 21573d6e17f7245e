//! Databases written by earlier versions open for ever, with the same leases in them. After a change of
//! format, `DDI_BLESS=1` adds the image of the present version; the others stay as they are.

use ddi_core::lease::PotentialExpiration;
use ddi_core::log::Storage;
use ddi_core::{
    BindingState, DbConfig, Expect, HwAddr, Lease, LeaseAddr, LeaseDb, LeaseKey, LeaseStore, MemStorage,
    Origin, UnixTime,
};
use std::fs;
use std::net::Ipv6Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn config() -> DbConfig {
    let mut config = DbConfig::new([9; 16]);
    (config.log.log_id, config.log.first_segment_bytes, config.log.segment_bytes) = (77, 2048, 2048);
    config
}

/// One lease of each kind of address, with each kind of content. Never changed: images hold these.
fn leases() -> Vec<Lease> {
    let net = 0x2001_0db8_u128 << 96;
    let addrs = [
        LeaseAddr::V4([192, 0, 2, 1].into()),
        LeaseAddr::V4([192, 0, 2, 2].into()),
        LeaseAddr::V6(Ipv6Addr::from_bits(net | 1)),
        LeaseAddr::Prefix(Ipv6Addr::from_bits(net), 56),
    ];
    let mut leases: Vec<Lease> = addrs.map(|addr| Lease::new(LeaseKey { space: 0, addr })).into();
    leases[0].state = BindingState::Active;
    leases[0].hw_addr = HwAddr::new(1, &[2, 0, 0, 0, 0, 1]).expect("short");
    leases[0].client_id = vec![1, 2, 0, 0, 0, 0, 1];
    leases[0].hostname = b"printer".to_vec();
    leases[0].subnet_id = 300;
    leases[0].start_time_of_state = UnixTime(1_800_000_000);
    leases[0].client_last_transaction_time = UnixTime(1_800_000_100);
    leases[0].expiration_time = UnixTime(1_800_004_100);
    leases[0].relay_agent_info = vec![1, 2, 0xff, 0, 2, 1, 7];
    leases[1].key.space = 70_000;
    leases[1].state = BindingState::Backup;
    leases[1].rewind_state = Some(BindingState::Free);
    leases[1].hw_addr = HwAddr::new(32, &[9; 20]).expect("short");
    leases[1].client_id = b"\x00text, with \"everything\"\n".to_vec();
    leases[1].expiration_time = UnixTime(1 << 40);
    leases[1].origin = Origin::Partner(513);
    (leases[1].reserved, leases[1].bootp) = (true, true);
    leases[2].state = BindingState::Active;
    (leases[2].duid, leases[2].iaid) = (vec![0, 3, 0, 1, 2, 0, 0, 0, 0, 1], 0xdead_beef);
    leases[2].preferred_time = UnixTime(1_800_002_000);
    leases[2].expiration_time = UnixTime::NEVER;
    leases[2].ddns.fqdn = b"printer.example.com".to_vec();
    (leases[2].ddns.forward, leases[2].ddns.reverse, leases[2].ddns.by_client) = (true, true, true);
    leases[3].state = BindingState::PendingFree;
    leases[3].potential_expiration_time =
        PotentialExpiration { sent: UnixTime(5), acked: UnixTime::NEVER, received: UnixTime(1_800_000_000) };
    leases[3].user = vec![0; 200];
    leases
}

/// Writes them: a lease that is removed, a snapshot in the middle, then the rest in the log.
fn write(storage: &Arc<MemStorage>) {
    let (mut db, _) = LeaseDb::open(storage.clone(), &config()).expect("opens");
    let mut gone = Lease::new(LeaseKey::v4([192, 0, 2, 9].into()));
    db.put(&mut gone, Expect::Absent).expect("puts");
    let mut leases = leases();
    for (number, lease) in leases.iter_mut().enumerate() {
        db.put_forced(lease, Expect::Absent).expect("puts");
        db.commit().expect("commits");
        if number == 1 {
            db.compact().expect("compacts");
        }
    }
    db.remove(gone.key, Expect::Any).expect("removes");
    leases[0].expiration_time = UnixTime(1_800_009_000);
    db.put(&mut leases[0], Expect::Any).expect("puts");
    db.commit().expect("commits");
}

fn bless(dir: &Path) {
    let storage = Arc::new(MemStorage::new());
    write(&storage);
    fs::create_dir_all(dir).expect("a directory");
    for name in storage.names() {
        fs::write(dir.join(&name), storage.content(&name).expect("it is there")).expect("writes");
    }
}

#[test]
fn golden_images_open_with_the_same_leases() {
    if std::env::var_os("DDI_BLESS").is_some() {
        bless(&golden().join("db-1"));
    }
    let mut images = 0;
    for dir in fs::read_dir(golden()).expect("the images").map(|dir| dir.expect("reads").path()) {
        if !dir.file_name().is_some_and(|name| name.to_string_lossy().starts_with("db-")) {
            continue;
        }
        let storage = Arc::new(MemStorage::new());
        for file in fs::read_dir(&dir).expect("files").map(|file| file.expect("reads")) {
            let name = file.file_name().into_string().expect("ASCII");
            storage.write(&name, 0, &fs::read(file.path()).expect("reads")).expect("writes");
            storage.sync(&name).expect("syncs");
        }
        let (db, opened) =
            LeaseDb::open(storage, &config()).unwrap_or_else(|e| panic!("{}: {e}", dir.display()));
        let versions: Vec<u64> = [7, 3, 4, 5].into();
        for (mut lease, version) in leases().into_iter().zip(versions) {
            lease.version.0 = version;
            if version == 7 {
                lease.expiration_time = UnixTime(1_800_009_000);
            }
            assert_eq!(db.get(lease.key).as_ref(), Some(&lease), "{}", dir.display());
        }
        assert_eq!((db.len(), opened.snapshot.0, opened.log.replayed), (4, 3, 4), "{}", dir.display());
        images += 1;
    }
    assert!(images > 0);
}
