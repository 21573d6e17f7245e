//! Configurations that can't be served, and what is said about them.

use crate::harness::*;
use ddi_core::PoolId;
use ddi_dhcp::server::*;

fn fault(change: impl FnOnce(&mut Config)) -> ConfigError {
    let mut config = config();
    change(&mut config);
    Server::new(config, 1).unwrap_err()
}

fn by_hw(n: u8, address: &str) -> Reservation {
    Reservation::new(ReservedFor::HwAddr(vec![n; 6]), addr(address))
}

#[test]
fn pools() {
    let error = fault(|c| c.subnets[0].pools.push(pool("10.0.0.15", "10.0.0.30")));
    assert_eq!(error.place, Place::Pool { subnet: 0, pool: 1 });
    assert_eq!(error.fault, ConfigFault::PoolsOverlap { other: Place::Pool { subnet: 0, pool: 0 } });
    assert_eq!(error.to_string(), "subnet 0, pool 1: pool overlaps subnet 0, pool 0");
    let error = fault(|c| c.subnets[1].pools.push(pool("10.1.0.250", "10.1.1.3")));
    assert_eq!(error.to_string(), "subnet 1, pool 1: pool 10.1.0.250-10.1.1.3 is not inside 10.1.0.0/24");
    let error = fault(|c| c.subnets[1].pools.push(pool("10.1.0.30", "10.1.0.25")));
    assert!(matches!(error.fault, ConfigFault::PoolBackwards { .. }), "{error}");
    let error = fault(|c| c.subnets[1].pools.push(pool("10.1.0.30", "10.1.0.255")));
    assert_eq!(error.fault, ConfigFault::Unusable { address: addr("10.1.0.255") });
    for (first, last) in [("10.0.0.9", "10.0.0.8"), ("10.0.0.9", "10.0.1.8"), ("10.1.0.9", "10.1.0.9")] {
        let (first, last) = (addr(first), addr(last));
        let error = fault(|c| c.subnets[0].excluded.push((first, last)));
        let prefix = "10.0.0.0/24".parse().unwrap();
        assert_eq!(error.place, Place::Subnet { subnet: 0 });
        assert_eq!(error.fault, ConfigFault::Exclusion { first, last, prefix });
    }
    let error = fault(|c| c.subnets[0].pools[0].classes = vec!["none".into()]);
    assert_eq!(error.fault, ConfigFault::UnknownClass { name: "none".into() });
}

#[test]
fn subnets() {
    let error = fault(|c| c.subnets.push(subnet(1, "10.7.0.0/24", &[])));
    assert_eq!(error.place, Place::Subnet { subnet: 2 });
    assert_eq!(error.fault, ConfigFault::DuplicateSubnetId { id: 1, other: Place::Subnet { subnet: 0 } });
    let error = fault(|c| c.subnets.push(subnet(3, "10.0.0.0/8", &[])));
    assert_eq!(error.place, Place::Subnet { subnet: 2 });
    assert!(matches!(error.fault, ConfigFault::SubnetsOverlap { .. }), "{error}");
    let error = fault(|c| {
        c.subnets[0].relays.push(RELAY);
        c.subnets[1].relays.push(RELAY);
    });
    assert_eq!(error.fault, ConfigFault::DuplicateRelay { relay: RELAY, other: Place::Subnet { subnet: 0 } });
    let error = fault(|c| c.subnets[1].lease = Some(LeaseTimes { min_seconds: 5000, ..c.lease }));
    assert_eq!((error.place, error.fault), (Place::Subnet { subnet: 1 }, ConfigFault::LeaseTimes));
}

#[test]
fn reservations() {
    let with = |all: Vec<Reservation>| fault(|c| c.subnets[0].reservations = all);
    let error = with(vec![by_hw(1, "10.1.0.5")]);
    assert_eq!(error.place, Place::Reservation { subnet: 0, reservation: 0 });
    assert!(matches!(error.fault, ConfigFault::ReservationOutsideSubnet { .. }), "{error}");
    let error = with(vec![by_hw(1, "10.0.0.5"), by_hw(2, "10.0.0.5")]);
    assert_eq!(
        error.to_string(),
        "subnet 0, reservation 1: 10.0.0.5 is also reserved by subnet 0, reservation 0"
    );
    let error = with(vec![by_hw(1, "10.0.0.5"), by_hw(1, "10.0.0.6")]);
    assert!(matches!(error.fault, ConfigFault::DuplicateReservedClient { .. }), "{error}");
    let error = with(vec![Reservation::new(ReservedFor::ClientId(Vec::new()), addr("10.0.0.5"))]);
    assert_eq!(error.fault, ConfigFault::MatchLength { len: 0, max: 255 });
    // The same client on two links is fine.
    let mut config = config();
    config.subnets[0].reservations = vec![by_hw(1, "10.0.0.5")];
    config.subnets[1].reservations = vec![by_hw(1, "10.1.0.5")];
    Server::new(config, 1).unwrap();
}

#[test]
fn the_rest() {
    let global = |change: fn(&mut Config)| {
        let error = fault(change);
        assert_eq!(error.place, Place::Global, "{error}");
        error.fault
    };
    assert_eq!(global(|c| c.cache_threshold_percent = 101), ConfigFault::Percent { percent: 101 });
    for (renewal, rebinding) in [(0, 875), (875, 875), (500, 1000)] {
        let error = fault(|c| (c.renewal_permille, c.rebinding_permille) = (renewal, rebinding));
        assert_eq!(error.fault, ConfigFault::RenewalTimes);
    }
    assert_eq!(global(|c| c.max_offers = 0), ConfigFault::Zero { field: "max_offers" });
    assert_eq!(global(|c| c.names.suffix = b".com".to_vec()), ConfigFault::Suffix);
    assert_eq!(
        global(|c| c.params.options.put(51, &[1; 4])),
        ConfigFault::OptionNotConfigurable { code: 51 }
    );
    let long = global(|c| c.params.boot_file = vec![b'x'; 128]);
    assert_eq!(long, ConfigFault::TooLong { field: "boot_file", len: 128, max: 127 });
    let error = fault(|c| c.classes = vec![Class::default()]);
    assert_eq!(error.to_string(), "class 0: class name \"\" is empty or used before");
    let error = fault(|c| c.links.push(c.links[0].clone()));
    assert_eq!(error.place, Place::Link { link: 1 });
}

#[test]
fn pools_for_the_store() {
    let mut config = config();
    config.subnets[1].reservations = vec![by_hw(1, "10.1.0.12"), by_hw(2, "10.1.0.99")];
    config.space = 5;
    let pools = Server::new(config, 1).unwrap().pools();
    assert_eq!(pools.len(), 2);
    let pool = &pools[1];
    assert_eq!((pool.id, pool.space, pool.subnet_id), (PoolId(1), 5, 2));
    assert_eq!((pool.first, pool.last), (addr("10.1.0.10"), addr("10.1.0.19")));
    assert_eq!(pool.reserved, [addr("10.1.0.12")]);
}

#[test]
fn excluded_addresses() {
    let mut config = config();
    let ranges = [("10.0.0.12", "10.0.0.13"), ("10.0.0.11", "10.0.0.12"), ("10.0.0.200", "10.0.0.209")];
    config.subnets[0].excluded = ranges.map(|(first, last)| (addr(first), addr(last))).to_vec();
    config.subnets[0].reservations = vec![by_hw(1, "10.0.0.12")];
    let pools = Server::new(config.clone(), 1).unwrap().pools();
    assert_eq!(pools[0].excluded, config.subnets[0].excluded);
    assert!(pools[1].excluded.is_empty());
    // The model knows nothing of that: the server has to refuse what a client asks for.
    let mut world = World::new(config);
    for (address, is_given) in
        [("10.0.0.11", false), ("10.0.0.12", false), ("10.0.0.13", false), ("10.0.0.14", true)]
    {
        let ask = Ask::discover(7).addr(ddi_dhcp::v4::code::REQUESTED_ADDRESS, addr(address));
        assert_eq!(world.one(&ask).yiaddr() == addr(address), is_given, "{address}");
        world.wait(100);
    }
    assert_eq!(
        world.one(&Ask::init_reboot(7, addr("10.0.0.13"))).kind(),
        Some(ddi_dhcp::v4::MessageType::Nak)
    );
}
