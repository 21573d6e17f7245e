//! What a database refuses, and what pools do at their edges.

#[path = "db/rng.rs"]
mod rng;

use ddi_core::db::{CLIENT_ID_MAX, PoolConfig, PoolError, USER_MAX};
use ddi_core::store::FIND_MAX;
use ddi_core::{
    BindingState, DbConfig, Expect, FreeKind, HwAddr, Identity, Lease, LeaseAddr, LeaseDb, LeaseKey,
    LeaseStore, MemStorage, PoolId, StoreError,
};
use rng::Rng;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

fn open() -> LeaseDb {
    LeaseDb::open(Arc::new(MemStorage::new()), &DbConfig::new([1; 16])).expect("opens").0
}

fn key(number: u32) -> LeaseKey {
    LeaseKey::v4((0x0a00_0000 + number).into())
}

fn lease(number: u32, state: BindingState) -> Lease {
    let mut lease = Lease::new(key(number));
    lease.state = state;
    lease
}

#[test]
fn every_transition_is_allowed_or_refused_as_the_table_says() {
    let mut db = open();
    let mut number = 0;
    for to in BindingState::ALL {
        number += 1;
        let allowed = db.put(&mut lease(number, to), Expect::Any).is_ok();
        assert_eq!(allowed, BindingState::Free.may_become(to), "never leased to {to:?}");
    }
    for from in BindingState::ALL {
        for to in BindingState::ALL {
            number += 1;
            db.put_forced(&mut lease(number, from), Expect::Absent).expect("forced");
            let (before, last) = (db.get(key(number)), db.appended());
            let put = db.put(&mut lease(number, to), Expect::Any);
            if from.may_become(to) {
                assert!(put.is_ok(), "{from:?} to {to:?}");
                assert_eq!(db.get(key(number)).map(|lease| lease.state), Some(to));
            } else {
                assert_eq!(put, Err(StoreError::Transition { key: key(number), from, to }));
                assert_eq!((db.get(key(number)), db.appended()), (before, last), "nothing has changed");
            }
        }
    }
}

#[test]
fn what_is_too_long_is_refused_and_the_longest_is_kept() {
    let mut db = open();
    let mut long = lease(1, BindingState::Active);
    long.client_id = vec![1; CLIENT_ID_MAX + 1];
    let refused = db.put(&mut long, Expect::Any);
    assert!(matches!(refused, Err(StoreError::TooLong { field: "client_id", len: 256, max: 255, .. })));
    assert!(db.is_empty() && db.appended().0 == 0);
    long.client_id.pop();
    long.user = vec![2; USER_MAX];
    (long.hostname, long.ddns.fqdn) = (vec![3; 255], vec![4; 255]);
    (long.relay_agent_info, long.duid) = (vec![5; 2048], vec![6; 130]);
    long.hw_addr = HwAddr::new(32, &[7; 20]).expect("20 bytes");
    db.put(&mut long, Expect::Any).expect("the longest");
    assert_eq!(db.get(key(1)), Some(long));
    let addr = LeaseAddr::Prefix(Ipv6Addr::from_bits(1), 64);
    let mut host_bits = Lease::new(LeaseKey { space: 0, addr });
    assert!(matches!(db.put(&mut host_bits, Expect::Any), Err(StoreError::NotAPrefix { .. })));
}

/// Ten thousand clients that say that they are the same one slow nothing down, and all are found that
/// may be.
#[test]
fn an_identity_that_many_share_stays_bounded() {
    let mut db = open();
    for number in 0..10_000 {
        let mut lease = lease(number, BindingState::Active);
        lease.client_id = b"shared".to_vec();
        lease.subnet_id = number / 1000;
        db.put(&mut lease, Expect::Absent).expect("puts");
    }
    let mut found = Vec::new();
    db.find(0, None, Identity::ClientId(b"shared"), &mut found);
    assert_eq!(found.len(), FIND_MAX);
    for number in (0..10_000).filter(|number| number % 1000 > 2) {
        db.remove(key(number), Expect::Any).expect("removes");
    }
    found.clear();
    db.find(0, Some(4), Identity::ClientId(b"shared"), &mut found);
    found.sort_unstable();
    assert_eq!(found, [key(4000), key(4001), key(4002)]);
}

/// A client that has had more leases in one subnet than a look-up gives: the running ones are among what is found,
/// whatever became of them meanwhile, and after a restart.
#[test]
fn a_running_lease_is_found_however_many_have_ended() {
    let storage = Arc::new(MemStorage::new());
    let config = DbConfig::new([1; 16]);
    let mut db = LeaseDb::open(storage.clone(), &config).expect("opens").0;
    let put = |db: &mut LeaseDb, number: u32, state, user: usize| {
        let mut lease = lease(number, state);
        (lease.client_id, lease.subnet_id, lease.user) = (b"one".to_vec(), 4, vec![0; user]);
        db.put_forced(&mut lease, Expect::Any).expect("puts");
    };
    let running = |db: &LeaseDb| {
        let mut found = Vec::new();
        db.find(0, Some(4), Identity::ClientId(b"one"), &mut found);
        assert_eq!(found.len(), FIND_MAX);
        let is_running =
            |key: &LeaseKey| db.get(*key).is_some_and(|lease| lease.state == BindingState::Active);
        found.retain(is_running);
        found.sort_unstable();
        found
    };
    for number in 0..200 {
        let state = if number == 150 { BindingState::Active } else { BindingState::Released };
        put(&mut db, number, state, 0);
    }
    assert_eq!(running(&db), [key(150)]);
    // It ends, and another one begins; one is longer than before, so that it is moved.
    put(&mut db, 150, BindingState::Expired, 0);
    assert_eq!(running(&db), []);
    put(&mut db, 199, BindingState::Active, 500);
    put(&mut db, 7, BindingState::Active, 0);
    assert_eq!(running(&db), [key(7), key(199)]);
    put(&mut db, 199, BindingState::Active, 0);
    put(&mut db, 7, BindingState::Free, 400);
    assert_eq!(running(&db), [key(199)]);
    db.commit().expect("durable");
    drop(db);
    let mut db = LeaseDb::open(storage, &config).expect("opens").0;
    assert_eq!(running(&db), [key(199)]);
    // Each can still be taken out.
    for number in 0..200 {
        assert!(db.remove(key(number), Expect::Any).expect("removes").is_some());
    }
    let mut found = Vec::new();
    db.find(0, None, Identity::ClientId(b"one"), &mut found);
    assert_eq!(found, []);
}

fn pool(id: u32, first: [u8; 4], last: [u8; 4]) -> PoolConfig {
    let (first, last) = (first.into(), last.into());
    PoolConfig {
        id: PoolId(id),
        space: 0,
        subnet_id: 1,
        first,
        last,
        excluded: Vec::new(),
        reserved: Vec::new(),
    }
}

#[test]
fn a_pool_of_a_slash_8_is_nothing_special() {
    let mut db = open();
    let mut ten = pool(1, [10, 0, 0, 0], [10, 255, 255, 255]);
    ten.excluded.push((Ipv4Addr::new(10, 0, 0, 0), Ipv4Addr::new(10, 127, 255, 255)));
    ten.reserved.push(Ipv4Addr::new(10, 128, 0, 1));
    db.set_pools(&[ten.clone(), pool(2, [0, 0, 0, 0], [9, 255, 255, 255])]).expect("right");
    assert_eq!(db.pool_counts(PoolId(1)).map(|counts| counts.free), Some((1 << 23) - 1));
    let mut next = || db.next_free(PoolId(1), FreeKind::Free).and_then(|key| key.as_v4());
    assert_eq!(next(), Some([10, 128, 0, 0].into()));
    assert_eq!(next(), Some([10, 128, 0, 2].into()));
    assert_eq!(db.pool_of(LeaseKey::v4([10, 128, 0, 1].into())), None, "reserved");
    assert_eq!(db.pool_of(LeaseKey::v4([10, 5, 0, 1].into())), None, "excluded");
    ten.reserved.clear();
    db.set_pools(&[ten]).expect("right");
    let free = db.next_free(PoolId(1), FreeKind::Free).and_then(|key| key.as_v4());
    assert_eq!(free, Some([10, 128, 0, 1].into()), "no longer reserved; the others are still held");
    assert_eq!(db.next_free(PoolId(2), FreeKind::Free), None, "no such pool any more");
}

/// Whatever changes in a pool that is there, it is as one that is made anew over the same leases.
#[test]
fn a_changed_pool_is_as_a_new_one() {
    let states = [None, Some(BindingState::Free), Some(BindingState::Backup), Some(BindingState::Active)];
    let mut rng = Rng::new(8);
    let (mut db, mut other) = (open(), open());
    for number in 0..=255_u32 {
        if let Some(state) = states[rng.below(4) as usize] {
            for db in [&mut db, &mut other] {
                db.put_forced(&mut lease(number, state), Expect::Any).expect("puts");
            }
        }
    }
    let mut whole = pool(1, [10, 0, 0, 0], [10, 0, 0, 255]);
    db.set_pools(&[whole.clone()]).expect("right");
    for round in 0..50 {
        let mut address = || Ipv4Addr::new(10, 0, 0, rng.below(256) as u8);
        whole.reserved = vec![address(), address(), address()];
        let (one, two) = (address(), address());
        whole.excluded = vec![(one.min(two), one.max(two)), (address(), Ipv4Addr::new(10, 0, 1, 9))];
        whole.subnet_id = round;
        db.set_pools(&[whole.clone()]).expect("right");
        // Without a pool before, it can't but be new.
        other.set_pools(&[]).expect("right");
        other.set_pools(&[whole.clone()]).expect("right");
        assert_eq!(db.pool_counts(PoolId(1)), other.pool_counts(PoolId(1)), "{whole:?}");
        for kind in [FreeKind::Free, FreeKind::Backup] {
            let all = |db: &mut LeaseDb| -> Vec<_> {
                let keys: Vec<_> = std::iter::from_fn(|| db.next_free(PoolId(1), kind)).collect();
                keys.iter().for_each(|key| db.release_hold(*key));
                keys
            };
            assert_eq!(all(&mut db), all(&mut other), "{whole:?}");
        }
    }
}

#[test]
fn a_hold_ends_where_its_address_is_excluded() {
    let mut db = open();
    let mut ten = pool(1, [10, 0, 0, 0], [10, 0, 0, 9]);
    db.set_pools(&[ten.clone()]).expect("right");
    let held = db.next_free(PoolId(1), FreeKind::Free).expect("one");
    ten.reserved.extend(held.as_v4());
    db.set_pools(&[ten.clone()]).expect("right");
    assert_eq!(db.pool_counts(PoolId(1)).map(|counts| (counts.total, counts.held)), Some((9, 0)));
    ten.reserved.clear();
    db.set_pools(&[ten]).expect("right");
    assert_eq!(db.next_free(PoolId(1), FreeKind::Free), Some(held));
}

/// All leases of an identity, however many, come in pages and in order.
#[test]
fn an_identity_that_many_share_is_listed_in_pages() {
    let mut db = open();
    for number in (0..1000).rev() {
        let mut lease = lease(number, BindingState::Active);
        lease.relay_agent_info = vec![12, 3, b'r', b'2', b'd'];
        lease.subnet_id = number % 3;
        db.put(&mut lease, Expect::Absent).expect("puts");
    }
    let identity = Identity::RelayId(b"r2d");
    for (subnet, wanted) in [
        (None, (0..1000).collect::<Vec<_>>()),
        (Some(2), (0..1000).filter(|number| number % 3 == 2).collect()),
        (Some(3), Vec::new()),
    ] {
        let wanted: Vec<_> = wanted.into_iter().map(key).collect();
        for max in [1000, 7] {
            let (mut found, mut after) = (Vec::new(), None);
            loop {
                let before = found.len();
                db.find_page(0, subnet, identity, after, max, &mut found);
                assert!(found.len() - before <= max);
                match found.get(before..).and_then(<[_]>::last) {
                    Some(last) => after = Some(*last),
                    None => break,
                }
            }
            assert_eq!(found, wanted, "{subnet:?} by {max}");
        }
    }
    db.find_page(1, None, identity, None, 9, &mut Vec::new());
}

#[test]
fn abandoned_addresses_wait_until_they_are_free() {
    let mut db = open();
    db.set_pools(&[pool(1, [10, 0, 0, 0], [10, 0, 0, 1])]).expect("right");
    let next = |db: &mut LeaseDb| db.next_free(PoolId(1), FreeKind::Free);
    for number in [1, 0] {
        db.put(&mut lease(number, BindingState::Abandoned), Expect::Absent).expect("puts");
    }
    assert_eq!(next(&mut db), None);
    for number in [1, 0] {
        db.put(&mut lease(number, BindingState::Free), Expect::Any).expect("puts");
    }
    assert_eq!(
        (next(&mut db), next(&mut db), next(&mut db)),
        (Some(key(1)), Some(key(0)), None),
        "oldest first"
    );
    db.release_hold(key(0));
    assert_eq!(next(&mut db), Some(key(0)));
}

#[test]
fn wrong_pools_are_refused() {
    let mut db = open();
    let one = pool(1, [10, 0, 0, 0], [10, 0, 0, 9]);
    let refused = |db: &mut LeaseDb, pools: &[PoolConfig]| db.set_pools(pools).expect_err("wrong");
    let error = refused(&mut db, &[one.clone(), pool(2, [10, 0, 0, 9], [10, 0, 0, 12])]);
    assert_eq!(error, PoolError::Overlap { one: PoolId(1), other: PoolId(2), at: [10, 0, 0, 9].into() });
    assert_eq!(error.to_string(), "pools 1 and 2 overlap at 10.0.0.9");
    let error = refused(&mut db, &[pool(1, [10, 0, 0, 9], [10, 0, 0, 8])]);
    assert!(matches!(error, PoolError::Reversed { pool: PoolId(1), .. }));
    let error = refused(&mut db, &[one.clone(), pool(1, [11, 0, 0, 0], [11, 0, 0, 8])]);
    assert_eq!(error, PoolError::Duplicate { pool: PoolId(1) });
    db.set_pools(&[one]).expect("right");
}
