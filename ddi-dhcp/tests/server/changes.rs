//! A configuration that changes while clients have leases, and places of it that say different things.

use crate::harness::*;
use ddi_core::BindingState;
use ddi_dhcp::server::*;
use ddi_dhcp::v4::code;

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
