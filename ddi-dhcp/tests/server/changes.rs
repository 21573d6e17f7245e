//! A configuration that changes while clients have leases, and places of it that say different things.

use crate::harness::*;
use crate::store::ModelStore;
use ddi_core::authority::{Grant, Permission, Question, Service};
use ddi_core::{
    Authority, BindingState, DbConfig, Expect, FreeKind, Lease, LeaseDb, LeaseKey, LeaseStore, MemStorage,
    Now, PoolId, Standalone, UnixTime,
};
use ddi_dhcp::server::*;
use ddi_dhcp::v4::{MessageType, code};
use std::net::Ipv4Addr;
use std::sync::Arc;

#[test]
fn a_client_gives_back_what_is_not_to_be_its_own_any_more() {
    let reserved_for =
        |client, address| Reservation::new(ReservedFor::HwAddr(vec![2, 0, 0, 0, 0, client]), address);
    let address = addr("10.0.0.10");
    let mut elsewhere = config();
    elsewhere.subnets[0].reservations = vec![reserved_for(1, addr("10.0.0.99"))];
    let mut others = config();
    others.subnets[0].reservations = vec![reserved_for(2, address)];
    let mut moved = config();
    moved.subnets[0].pools = vec![pool("10.0.0.50", "10.0.0.60")];
    for changed in [elsewhere, others, moved] {
        let reservations = changed.subnets[0].reservations.clone();
        for (ask, state) in [
            (Ask::release(1, address), BindingState::Free),
            (Ask::decline(1, address), BindingState::Abandoned),
        ] {
            let mut world = World::new(config());
            assert_eq!(world.bind(1).yiaddr(), address);
            world.set_config(changed.clone());
            world.ask(&Ask::release(2, address));
            world.ask(&Ask::decline(2, address));
            assert_eq!(world.lease(address).state, BindingState::Active, "another's word");
            world.ask(&ask);
            assert_eq!(world.lease(address).state, state, "{reservations:?}");
        }
    }
}

#[test]
fn the_narrowest_place_decides_who_is_sent_an_option() {
    let params = |value: u8, always: bool| {
        let mut params = Params::default();
        params.options.put(224, &[value]);
        if always {
            params.always.insert(224);
        }
        params
    };
    let of_class = |params| Class {
        name: "all".into(),
        any_of: vec![ClassTest::HwAddrPrefix(vec![2])],
        params,
        lease: None,
    };
    for (narrow, sent) in [(params(2, true), Some(vec![2])), (params(2, false), None)] {
        let asks = Ask::discover(1).option(code::PARAMETER_REQUEST_LIST, &[1]);
        let mut by_pool = config();
        by_pool.params = params(1, true);
        by_pool.subnets[0].pools[0].params = narrow.clone();
        assert_eq!(World::new(by_pool).one(&asks).option(224), sent, "pool");
        let mut by_class = config();
        by_class.params = params(1, true);
        by_class.classes = vec![of_class(narrow.clone())];
        assert_eq!(World::new(by_class).one(&asks).option(224), sent, "class");
    }
    // The mask is sent to those who don't ask for it, too.
    let mut masked = config();
    masked.params.options.put(code::SUBNET_MASK, &[255, 255, 0, 0]);
    let ask = Ask::discover(1).option(code::PARAMETER_REQUEST_LIST, &[3]);
    assert_eq!(World::new(masked).one(&ask).option(code::SUBNET_MASK), Some(vec![255, 255, 0, 0]));
}

/// A partner has to hear of whatever has ended.
struct Partner;

impl Authority for Partner {
    fn serves(&self, _now: Now, _question: Question<'_>) -> Service {
        Service::Serve
    }

    fn may_bind(&self, _now: Now, lease: &Lease, _pool: Option<PoolId>, same_client: bool) -> Permission {
        Standalone.may_bind(_now, lease, _pool, same_client)
    }

    fn free_kinds(&self, _now: Now, _pool: PoolId) -> &[FreeKind] {
        &[FreeKind::Free]
    }

    fn grant(&self, now: Now, lease: &Lease, desired_seconds: u32) -> Grant {
        Standalone.grant(now, lease, desired_seconds)
    }

    fn ended(&self, _now: Now, _lease: &Lease, _released: bool) -> Option<BindingState> {
        None
    }
}

const ENDING: [BindingState; 4] =
    [BindingState::Expired, BindingState::Released, BindingState::Reset, BindingState::PendingFree];

/// All addresses of the first pool, ended.
fn ended(store: &mut impl LeaseStore, state: BindingState) {
    for host in 10..=19 {
        let mut lease = Lease::new(LeaseKey::v4(Ipv4Addr::new(10, 0, 0, host)));
        lease.hw_addr = Ask::discover(host).header.hw_addr;
        lease.state = state;
        store.put_forced(&mut lease, Expect::Any).unwrap();
    }
}

#[test]
fn what_waits_for_a_partner_is_free_where_there_is_none() {
    for state in ENDING {
        let (mut db, _) = LeaseDb::open(Arc::new(MemStorage::new()), &DbConfig::new([5; 16])).unwrap();
        ended(&mut db, state);
        let server = Server::new(config(), 1).unwrap();
        db.set_pools(&server.pools()).unwrap();
        let mut world = World::over(config(), db, Standalone);
        world.wait(1);
        world.tell(&Ask::discover(1));
        assert_eq!(world.sent().len(), 1, "{state:?}");
        assert_eq!(world.store.pool_counts(PoolId(0)).unwrap().ending, 0);
        assert_eq!(world.server.poll_timeout().map(|at| at > world.now.instant), Some(true), "it has an end");
    }
}

#[test]
fn what_waits_for_a_partner_stays() {
    for state in ENDING {
        let mut store = ModelStore { pools: model_pools(&config()), ..ModelStore::default() };
        ended(&mut store, state);
        let mut world = World::over(config(), store, Partner);
        world.wait(1);
        world.none(&Ask::discover(1), Dropped::NoAddress);
        let of_another = world.ask(&Ask::selecting(1, addr("10.0.0.15")));
        assert_eq!(of_another[0].kind(), Some(MessageType::Nak));
        assert_eq!((world.lease(addr("10.0.0.15")).state, world.server.poll_timeout()), (state, None));
    }
}

#[test]
fn a_reserved_address_that_another_gave_back_is_had_at_once() {
    for state in ENDING {
        let mut world = World::new(config());
        ended(&mut world.store, state);
        let mut changed = config();
        let by = ReservedFor::HwAddr(vec![2, 0, 0, 0, 0, 1]);
        changed.subnets[0].reservations = vec![Reservation::new(by, addr("10.0.0.15"))];
        world.set_config(changed);
        assert_eq!(world.bind(1).yiaddr(), addr("10.0.0.15"));
        world.none(&Ask::discover(2), Dropped::NoAddress);
        world.wait(1);
        assert_eq!(world.bind(2).yiaddr(), addr("10.0.0.10"), "{state:?}");
    }
}

/// What a client was told by a clock that has been set back is a length of time, no more.
#[test]
fn a_clock_that_is_set_back_does_not_make_leases_longer() {
    const YEARS: u64 = 10 * 365 * 86_400;
    let mut world = World::new(config());
    world.now.unix = world.now.unix.plus_secs(YEARS);
    let address = world.bind(1).yiaddr();
    world.now.unix = UnixTime(START);
    // If this ACK is lost, the client relies on what it was told before: 1000 s.
    let short = Ask::renewing(1, address).option(code::LEASE_SECONDS, &100_u32.to_be_bytes());
    assert_eq!(world.one(&short).seconds(), Some(100));
    assert_eq!(world.lease(address).expiration_time, UnixTime(START + 1000));
    world.wait(400);
    assert_eq!(world.one(&Ask::renewing(1, address)).seconds(), Some(1000));
    assert_eq!(world.lease(address).expiration_time, UnixTime(START + 1400));
    world.wait(1001);
    assert_eq!(world.lease(address).state, BindingState::Free);
}
