//! A configuration that changes while clients have leases, and places of it that say different things.

use crate::harness::*;
use ddi_core::BindingState;
use ddi_dhcp::server::*;

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
