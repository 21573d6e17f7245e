//! Pools of one subnet that are shared with several partners: what each relationship allows.

use crate::harness::*;
use crate::store::ModelStore;
use ddi_core::authority::{Asking, Grant, Permission, Question, Service};
use ddi_core::{Authority, BindingState, FreeKind, Lease, Now, PoolId, Standalone};
use ddi_dhcp::server::*;
use ddi_dhcp::v4::MessageType;
use std::net::Ipv4Addr;

const FIRST: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 10);
const SECOND: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 20);

/// Each pool has a relationship of its own; as standalone, but for what it says of service and time.
struct Partners {
    services: Vec<Service>,
    /// The longest time that a pool's lease may have.
    most_seconds: Vec<u32>,
}

impl Partners {
    fn pool_of(lease: &Lease) -> usize {
        usize::from(lease.key.as_v4().is_some_and(|address| address >= SECOND))
    }
}

impl Authority for Partners {
    fn serves(&self, _now: Now, question: Question<'_>) -> Service {
        let pool = question.pool.expect("the subnet has pools");
        let own = matches!(question.asking, Asking::Discover);
        match self.services[pool.0 as usize] {
            // Only where any server could answer is it the partner's turn.
            Service::LeaveToPartner if !own => Service::Serve,
            service => service,
        }
    }

    fn may_bind(&self, now: Now, lease: &Lease, pool: Option<PoolId>, same_client: bool) -> Permission {
        Standalone.may_bind(now, lease, pool, same_client)
    }

    fn free_kinds(&self, _now: Now, _pool: PoolId) -> &[FreeKind] {
        &[FreeKind::Free]
    }

    fn grant(&self, now: Now, lease: &Lease, desired_seconds: u32) -> Grant {
        let most = self.most_seconds[Self::pool_of(lease)];
        let grant = Standalone.grant(now, lease, desired_seconds);
        Grant { lease_seconds: desired_seconds.min(most), ..grant }
    }

    fn ended(&self, now: Now, lease: &Lease, released: bool) -> Option<BindingState> {
        Standalone.ended(now, lease, released)
    }
}

/// One subnet with two pools.
fn two_pools(change: impl FnOnce(&mut Config)) -> World<ModelStore, Partners> {
    let mut config = config();
    config.subnets[0].pools = vec![pool("10.0.0.10", "10.0.0.19"), pool("10.0.0.20", "10.0.0.29")];
    change(&mut config);
    let store = ModelStore { pools: model_pools(&config), ..ModelStore::default() };
    let partners = Partners { services: vec![Service::Serve; 2], most_seconds: vec![u32::MAX; 2] };
    World::over(config, store, partners)
}

#[test]
fn a_relationship_that_rests_does_not_silence_the_others_of_its_subnet() {
    let mut world = two_pools(|_| ());
    assert_eq!(world.bind(1).yiaddr(), FIRST);
    world.authority.services = vec![Service::NotServing, Service::Serve];
    // Who is new gets an address where there is service, asked for or not.
    assert_eq!(world.bind(2).yiaddr(), SECOND);
    let asks_for_first = Ask::discover(3).addr(ddi_dhcp::v4::code::REQUESTED_ADDRESS, addr("10.0.0.15"));
    assert_eq!(world.one(&asks_for_first).yiaddr(), addr("10.0.0.21"));
    assert_eq!(world.one(&Ask::renewing(2, SECOND)).kind(), Some(MessageType::Ack));
    assert_eq!(world.one(&Ask::inform(2, SECOND)).kind(), Some(MessageType::Ack));
    // Who has one elsewhere gets no second one, and no answer about the first.
    world.none(&Ask::discover(1), Dropped::NotServing);
    world.none(&Ask::renewing(1, FIRST), Dropped::NotServing);
    world.none(&Ask::init_reboot(1, FIRST), Dropped::NotServing);
    world.none(&Ask::release(1, FIRST), Dropped::NotServing);
    assert_eq!(world.lease(FIRST).state, BindingState::Active);
    world.ask(&Ask::release(2, SECOND));
    assert_eq!(world.lease(SECOND).state, BindingState::Free);
    // The other way round: it is not the first pool that counts.
    world.authority.services.reverse();
    assert_eq!(world.one(&Ask::renewing(1, FIRST)).kind(), Some(MessageType::Ack));
    assert_eq!(world.one(&Ask::discover(4)).yiaddr(), addr("10.0.0.11"));
    world.none(&Ask::init_reboot(2, SECOND), Dropped::NotServing);
    world.authority.services = vec![Service::NotServing; 2];
    for ask in [Ask::discover(5), Ask::inform(5, addr("10.0.0.99")), Ask::bootp(5)] {
        world.none(&ask, Dropped::NotServing);
    }
}

#[test]
fn an_offer_ends_where_service_does() {
    let mut world = two_pools(|_| ());
    assert_eq!(world.one(&Ask::discover(1)).yiaddr(), FIRST);
    world.authority.services = vec![Service::NotServing, Service::Serve];
    assert_eq!(world.one(&Ask::discover(1)).yiaddr(), SECOND);
    world.none(&Ask::selecting(1, FIRST), Dropped::NotServing);
    assert_eq!(world.one(&Ask::selecting(1, SECOND)).kind(), Some(MessageType::Ack));
}

#[test]
fn a_client_is_left_to_the_partner_pool_by_pool() {
    let mut world = two_pools(|_| ());
    assert_eq!(world.bind(1).yiaddr(), FIRST);
    world.authority.services = vec![Service::LeaveToPartner, Service::Serve];
    world.none(&Ask::discover(1), Dropped::NotServing);
    assert_eq!(world.one(&Ask::renewing(1, FIRST)).kind(), Some(MessageType::Ack));
    // It gets an address of the first pool by the partner; one of the second would be one too many.
    world.none(&Ask::discover(2), Dropped::NotServing);
    assert_eq!(world.store.holds.len(), 0);
    world.authority.services.reverse();
    assert_eq!(world.bind(2).yiaddr(), addr("10.0.0.11"));
    for services in [[Service::LeaveToPartner; 2], [Service::NotServing, Service::LeaveToPartner]] {
        world.authority.services = services.to_vec();
        world.none(&Ask::discover(3), Dropped::NotServing);
    }
}

#[test]
fn a_reserved_address_goes_with_its_pool() {
    let reserve = |config: &mut Config| {
        let by = ReservedFor::HwAddr(vec![2, 0, 0, 0, 0, 1]);
        config.subnets[0].reservations.push(Reservation::new(by, addr("10.0.0.25")));
    };
    let mut world = two_pools(reserve);
    world.authority.services = vec![Service::NotServing, Service::Serve];
    assert_eq!(world.bind(1).yiaddr(), addr("10.0.0.25"));
    world.authority.services.reverse();
    // It has its address, and gets no other.
    world.none(&Ask::discover(1), Dropped::NotServing);
    assert_eq!(world.bind(2).yiaddr(), FIRST);
}

#[test]
fn no_bootp_client_gets_an_address_that_could_not_be_its_own_for_ever() {
    let mut world = two_pools(|config| {
        config.dynamic_bootp = true;
        let by = ReservedFor::HwAddr(vec![2, 0, 0, 0, 0, 9]);
        config.subnets[0].reservations.push(Reservation::new(by, addr("10.0.0.19")));
    });
    world.authority.most_seconds = vec![3600, u32::MAX];
    assert_eq!(world.one(&Ask::bootp(1)).yiaddr(), SECOND, "the pool without a partner");
    assert_eq!(world.bind(2).yiaddr(), FIRST, "a DHCP client knows when its time is over");
    assert_eq!(world.one(&Ask::bootp(9)).yiaddr(), addr("10.0.0.19"), "nobody else gets it");
    world.authority.most_seconds = vec![3600; 2];
    world.none(&Ask::bootp(3), Dropped::NoAddress);
    // A client that has a lease by DHCP can't keep it for ever either.
    world.none(&Ask::bootp(2), Dropped::NoAddress);
    assert_eq!(world.store.leases.values().filter(|lease| lease.bootp).count(), 2);
}
