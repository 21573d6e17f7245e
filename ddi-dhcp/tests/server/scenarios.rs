//! What real networks do.

use crate::harness::*;
use crate::store::ModelStore;
use ddi_core::store::FIND_MAX;
use ddi_core::{
    BindingState, DbConfig, Expect, Lease, LeaseDb, LeaseKey, LeaseStore, Lsn, MemStorage, Standalone,
    UnixTime,
};
use ddi_dhcp::server::*;
use ddi_dhcp::v4::{MessageType, code};
use std::net::Ipv4Addr;
use std::sync::Arc;

#[test]
fn discover_offer_request_ack() {
    let mut world = World::new(config());
    let offer = world.one(&Ask::discover(1));
    assert_eq!((offer.kind(), offer.yiaddr()), (Some(MessageType::Offer), addr("10.0.0.10")));
    assert_eq!(offer.packet().server_id(), Some(SERVER));
    assert_eq!(offer.seconds(), Some(1000));
    assert_eq!(offer.option(code::SUBNET_MASK).unwrap(), [255, 255, 255, 0]);
    assert_eq!(world.server.offers(), 1);
    world.tell(&Ask::selecting(1, offer.yiaddr()));
    assert!(world.sent().is_empty(), "not durable yet");
    world.store.commit();
    let ack = world.sent().remove(0);
    assert_eq!(
        (ack.kind(), ack.yiaddr(), ack.seconds()),
        (Some(MessageType::Ack), offer.yiaddr(), Some(1000))
    );
    assert_eq!(ack.option(code::RENEWAL_SECONDS).unwrap(), 500_u32.to_be_bytes());
    assert_eq!(ack.option(code::REBINDING_SECONDS).unwrap(), 875_u32.to_be_bytes());
    let lease = world.lease(offer.yiaddr());
    assert_eq!(lease.state, BindingState::Active);
    assert_eq!(lease.expiration_time, UnixTime(START + 1000));
    assert_eq!(lease.subnet_id, 1);
    assert_eq!(world.server.offers(), 0);
    let version = lease.version;
    assert_eq!(world.events(), [Event::Bound { key: lease.key, version, renewed: false }]);
}

#[test]
fn where_replies_go() {
    let mut world = World::new(config());
    let offer = world.one(&Ask::discover(1));
    let hw_addr = Ask::discover(1).header.hw_addr;
    assert_eq!(offer.to(), Destination::LinkLayer { addr: offer.yiaddr(), hw_addr, port: 68 });
    assert_eq!(offer.transmit.interface, INTERFACE);
    assert_eq!(offer.transmit.from, Some(SERVER));
    let offer = world.one(&Ask::discover(1).broadcast_flag());
    assert_eq!(offer.to(), Destination::Broadcast { port: 68 });
    assert_eq!(offer.packet().flags(), 0x8000);
    let address = world.bind(1).yiaddr();
    for ask in [Ask::renewing(1, address), Ask::rebinding(1, address)] {
        let ack = world.one(&ask);
        assert_eq!(ack.to(), Destination::Unicast(format!("{address}:68").parse().unwrap()));
        assert_eq!(ack.packet().ciaddr(), address);
    }
    let nak = world.one(&Ask::init_reboot(1, addr("10.0.0.99")));
    assert_eq!((nak.kind(), nak.to()), (Some(MessageType::Nak), Destination::Broadcast { port: 68 }));
    let nak = world.one(&Ask::init_reboot(1, addr("10.0.0.99")).relayed(RELAY, &[]));
    assert_eq!(nak.to(), Destination::Unicast("10.1.0.2:67".parse().unwrap()));
    assert!(nak.packet().wants_broadcast(), "the relay shall broadcast it");
    // A client without ciaddr can't have the offer sent elsewhere.
    let offer = world.one(&Ask::discover(2).ciaddr(addr("192.0.2.1")));
    assert!(matches!(offer.to(), Destination::LinkLayer { .. }));
}

#[test]
fn address_comes_back_after_release_and_expiry() {
    let mut world = World::new(config());
    let first = world.bind(1).yiaddr();
    world.bind(2);
    world.events();
    assert!(world.ask(&Ask::release(1, first)).is_empty());
    assert_eq!(world.lease(first).state, BindingState::Free);
    assert!(matches!(world.events()[..], [Event::Released { .. }]));
    // Others get never used ones first, so the client finds its own again.
    world.bind(3);
    assert_eq!(world.bind(1).yiaddr(), first);
    world.wait(1001);
    assert_eq!(world.lease(first).state, BindingState::Free);
    assert_eq!(world.server.counters().expired, 3);
    assert_eq!(world.bind(1).yiaddr(), first);
    // It can also remember it.
    world.ask(&Ask::release(1, first));
    assert_eq!(world.one(&Ask::init_reboot(1, first)).kind(), Some(MessageType::Ack));
}

#[test]
fn decline_is_quarantined() {
    let mut world = World::new(Config { quarantine_seconds: 5000, ..config() });
    let address = world.bind(1).yiaddr();
    world.events();
    assert!(world.ask(&Ask::decline(1, address)).is_empty());
    let lease = world.lease(address);
    assert_eq!((lease.state, lease.expiration_time), (BindingState::Abandoned, UnixTime(START + 5000)));
    let events = world.events();
    assert!(matches!(events[..], [Event::Quarantined { cause: Conflict::Declined, .. }]), "{events:?}");
    assert_ne!(world.bind(1).yiaddr(), address);
    let offered: Vec<_> =
        (2..11).flat_map(|client| world.ask(&Ask::discover(client))).map(|s| s.yiaddr()).collect();
    assert_eq!(offered.len(), 8, "10 in the pool, one bound, one in quarantine");
    assert!(!offered.contains(&address));
    world.wait(5001);
    assert_eq!(world.lease(address).state, BindingState::Free);
    assert!(world.lease(address).hw_addr.is_empty());
    assert!(world.events().iter().any(|event| matches!(event, Event::QuarantineEnded { .. })));
}

#[test]
fn offers_lapse_and_hold_meanwhile() {
    let mut world = World::new(config());
    for client in 0..10 {
        world.one(&Ask::discover(client));
    }
    world.none(&Ask::discover(10), Dropped::NoAddress);
    assert_eq!(world.events(), [Event::Exhausted { subnet_id: 1, refused: 1 }]);
    world.none(&Ask::discover(11), Dropped::NoAddress);
    assert_eq!(world.events(), [], "not again so soon");
    assert_eq!(world.one(&Ask::discover(3)).yiaddr(), addr("10.0.0.13"), "the same again");
    world.wait(61);
    assert_eq!(world.server.offers(), 0);
    assert_eq!(world.server.counters().offers_lapsed, 10);
    world.one(&Ask::discover(10));
    for client in 20..29 {
        world.one(&Ask::discover(client));
    }
    world.none(&Ask::discover(11), Dropped::NoAddress);
    assert_eq!(world.events(), [Event::Exhausted { subnet_id: 1, refused: 2 }]);
}

#[test]
fn offers_are_bounded() {
    let mut world = World::new(Config { max_offers: 3, ..config() });
    for client in 0..5 {
        world.one(&Ask::discover(client));
    }
    assert_eq!(world.server.offers(), 3);
    assert_eq!(world.server.counters().offers_evicted, 2);
    assert_eq!(world.store.holds.len(), 3);
}

#[test]
fn another_server_was_chosen() {
    let mut world = World::new(config());
    let offer = world.one(&Ask::discover(1));
    let ask = Ask::selecting(1, offer.yiaddr()).addr(code::SERVER_ID, addr("10.0.0.2"));
    world.none(&ask, Dropped::OtherServer);
    assert_eq!((world.server.offers(), world.store.holds.len()), (0, 0));
}

#[test]
fn a_renewal_is_not_written_early_in_the_lease() {
    let mut world = World::new(config());
    let address = world.bind(1).yiaddr();
    let version = world.lease(address).version;
    world.wait(249);
    let ack = world.one(&Ask::renewing(1, address));
    assert_eq!(ack.seconds(), Some(751));
    assert_eq!(world.lease(address).version, version);
    assert_eq!(world.server.counters().acks_cached, 1);
    // A new host name is worth a write.
    world.one(&Ask::renewing(1, address).option(code::HOST_NAME, b"new"));
    assert_eq!(world.lease(address).hostname, b"new");
    world.wait(250);
    let ack = world.one(&Ask::renewing(1, address).option(code::HOST_NAME, b"new"));
    assert_eq!(ack.seconds(), Some(1000));
    assert_eq!(world.lease(address).expiration_time, UnixTime(START + 499 + 1000));
    // A repeated REQUEST, while the first ACK waits for the disk, promises no more than is on it.
    world.wait(600);
    world.tell(&Ask::renewing(1, address));
    world.tell(&Ask::renewing(1, address));
    assert!(world.sent().is_empty());
    world.store.commit();
    assert_eq!(world.sent().iter().map(Sent::seconds).collect::<Vec<_>>(), [Some(1000), Some(1000)]);
}

#[test]
fn renewal_times() {
    for (parts, seconds, told) in
        [((500, 875), 999, (499, 875)), ((250, 800), 1000, (250, 800)), ((1, 999), 100, (0, 100))]
    {
        let (renewal_permille, rebinding_permille) = parts;
        let lease = LeaseTimes::fixed(seconds);
        let mut world = World::new(Config { renewal_permille, rebinding_permille, lease, ..config() });
        let offer = world.one(&Ask::discover(1));
        let number = |code| offer.option(code).map(|value| u32::from_be_bytes(value.try_into().unwrap()));
        assert_eq!(
            (number(code::RENEWAL_SECONDS), number(code::REBINDING_SECONDS)),
            (Some(told.0), Some(told.1))
        );
    }
}

#[test]
fn lease_times_asked_for() {
    let mut world = World::new(config());
    for (asked, told) in [(5_u32, 100), (5000, 5000), (u32::MAX, 10_000)] {
        let ask = Ask::discover(1).option(code::LEASE_SECONDS, &asked.to_be_bytes());
        assert_eq!(world.one(&ask).seconds(), Some(told));
    }
    let forever = LeaseTimes { max_seconds: u32::MAX, ..config().lease };
    let mut world = World::new(Config { lease: forever, ..config() });
    let ask = Ask::selecting(1, addr("10.0.0.10")).option(code::LEASE_SECONDS, &[255; 4]);
    let ack = world.one(&ask);
    assert_eq!((ack.seconds(), ack.option(code::RENEWAL_SECONDS)), (Some(u32::MAX), None));
    assert_eq!(world.lease(addr("10.0.0.10")).expiration_time, UnixTime::NEVER);
    assert_eq!(world.server.poll_timeout(), None);
}

#[test]
fn inform() {
    let mut config = config();
    config.params.options.put(code::DNS_SERVERS, &[10, 0, 0, 53]);
    let mut world = World::new(config);
    let ack = world.one(&Ask::inform(1, addr("10.0.0.200")));
    assert_eq!((ack.kind(), ack.yiaddr(), ack.seconds()), (Some(MessageType::Ack), NOBODY, None));
    assert_eq!(ack.to(), Destination::Unicast("10.0.0.200:68".parse().unwrap()));
    assert_eq!(ack.option(code::DNS_SERVERS).unwrap(), [10, 0, 0, 53]);
    assert_eq!(ack.packet().ciaddr(), addr("10.0.0.200"));
    assert!(world.store.leases.is_empty());
    // A spoofed address is no place to send replies to.
    world.none(&Ask::inform(1, addr("192.0.2.1")), Dropped::NoSubnet);
}

#[test]
fn bootp() {
    let mut config = config();
    config.subnets[0].reservations =
        vec![Reservation::new(ReservedFor::HwAddr(vec![2, 0, 0, 0, 0, 1]), addr("10.0.0.99"))];
    config.params.boot_file = b"/boot".to_vec();
    config.params.next_server = Some(addr("10.0.0.5"));
    let mut world = World::new(config.clone());
    let reply = world.one(&Ask::bootp(1));
    assert_eq!((reply.kind(), reply.yiaddr()), (None, addr("10.0.0.99")));
    assert_eq!((reply.packet().file(), reply.packet().siaddr()), (&b"/boot"[..], addr("10.0.0.5")));
    assert_eq!(reply.codes(), [code::SUBNET_MASK]);
    assert_eq!(reply.bytes.len(), 300);
    let lease = world.lease(addr("10.0.0.99"));
    assert!(lease.bootp && lease.reserved && lease.expiration_time == UnixTime::NEVER);
    world.none(&Ask::bootp(2), Dropped::Silent);
    let mut world = World::new(Config { dynamic_bootp: true, ..config });
    assert_eq!(world.one(&Ask::bootp(2)).yiaddr(), addr("10.0.0.10"));
    assert_eq!(world.lease(addr("10.0.0.10")).expiration_time, UnixTime::NEVER);
    assert_eq!(world.one(&Ask::bootp(2)).yiaddr(), addr("10.0.0.10"));
}

#[test]
fn rapid_commit() {
    let mut world = World::new(Config { rapid_commit: true, ..config() });
    let ask = Ask::discover(1).option(code::RAPID_COMMIT, &[]);
    world.tell(&ask);
    assert!(world.sent().is_empty(), "not durable yet");
    world.store.commit();
    let ack = world.sent().remove(0);
    assert_eq!((ack.kind(), ack.option(code::RAPID_COMMIT)), (Some(MessageType::Ack), Some(vec![])));
    assert_eq!(world.lease(ack.yiaddr()).state, BindingState::Active);
    assert_eq!(world.one(&Ask::discover(2)).kind(), Some(MessageType::Offer));
    let mut world = World::new(config());
    assert_eq!(world.one(&ask).kind(), Some(MessageType::Offer), "if not configured");
}

#[test]
fn ping_before_offer() {
    let mut world = World::new(Config { ping_millis: Some(500), ..config() });
    assert!(world.ask(&Ask::discover(1)).is_empty());
    let first = addr("10.0.0.10");
    assert_eq!(world.events(), [Event::Ping { address: first, interface: INTERFACE }]);
    world.none(&Ask::discover(1), Dropped::Silent);
    world.ping(first, true);
    let second = addr("10.0.0.11");
    let events = world.events();
    assert!(matches!(events[0], Event::Quarantined { cause: Conflict::PingAnswered, .. }), "{events:?}");
    assert_eq!(events[1], Event::Ping { address: second, interface: INTERFACE });
    assert_eq!(world.lease(first).state, BindingState::Abandoned);
    world.ping(second, false);
    assert_eq!(world.sent().remove(0).yiaddr(), second);
    assert_eq!(world.bind(1).yiaddr(), second, "an offer is not pinged again");
    // A host that does not answer is one more timer.
    assert!(world.ask(&Ask::discover(2)).is_empty());
    world.wait(1);
    assert_eq!(world.sent().remove(0).yiaddr(), addr("10.0.0.12"));
    world.ping(addr("10.0.0.12"), true);
    assert_eq!(world.bind(2).yiaddr(), addr("10.0.0.12"), "too late");
    // Its own running lease is not pinged.
    assert_eq!(world.one(&Ask::discover(2)).yiaddr(), addr("10.0.0.12"));
    // Not for ever.
    world.events();
    world.ask(&Ask::discover(3));
    for address in ["10.0.0.13", "10.0.0.14", "10.0.0.15"] {
        world.ping(addr(address), true);
    }
    assert_eq!(world.server.counters().dropped(Dropped::NoAddress), 1);
    assert!(world.sent().is_empty() && world.server.offers() == 0);
}

#[test]
fn ping_before_an_ack_without_an_offer() {
    let config = Config { ping_millis: Some(500), rapid_commit: true, dynamic_bootp: true, ..config() };
    for (ask, kind) in
        [(Ask::discover(1).option(code::RAPID_COMMIT, &[]), Some(MessageType::Ack)), (Ask::bootp(1), None)]
    {
        let mut world = World::new(config.clone());
        assert!(world.ask(&ask).is_empty(), "{kind:?}");
        let (first, second) = (addr("10.0.0.10"), addr("10.0.0.11"));
        assert_eq!(world.events(), [Event::Ping { address: first, interface: INTERFACE }]);
        assert_eq!(world.lease(first).version, Lsn::ZERO, "nothing is written before it is known");
        world.none(&ask, Dropped::Silent);
        world.ping(first, true);
        assert_eq!(world.lease(first).state, BindingState::Abandoned);
        assert_eq!(world.events().last(), Some(&Event::Ping { address: second, interface: INTERFACE }));
        world.ping(second, false);
        world.store.commit();
        let reply = world.sent().remove(0);
        assert_eq!((reply.kind(), reply.yiaddr()), (kind, second));
        assert_eq!(world.lease(second).state, BindingState::Active);
        assert_eq!(world.server.offers(), 0);
        // Its own running lease is not pinged.
        assert_eq!(world.one(&ask).yiaddr(), second);
    }
}

#[test]
fn a_client_with_many_old_leases_keeps_its_running_one() {
    // As many subnets as a look-up gives leases, and one: the client's own comes last.
    let numbers = 0..=u8::try_from(FIND_MAX).unwrap();
    let (last, store) = (*numbers.end(), ModelStore::default());
    let subnets = numbers.map(|n| {
        let (first, last) = (format!("10.2.{n}.10"), format!("10.2.{n}.19"));
        subnet(u32::from(n) + 1, &format!("10.2.{n}.0/24"), &[(&first, &last)])
    });
    let config = Config { subnets: subnets.collect(), authoritative: true, ..Config::default() };
    let mut world = World::over(config.clone(), store, Standalone);
    world.store.pools = model_pools(&config);
    let relayed = |ask: Ask, n: u8| ask.relayed(Ipv4Addr::new(10, 2, n, 2), &[]);
    for n in 0..=last {
        let offer = world.one(&relayed(Ask::discover(1), n));
        let ack = relayed(Ask::selecting(1, offer.yiaddr()), n);
        assert_eq!(world.one(&ack).kind(), Some(MessageType::Ack));
        if n != last {
            world.ask(&relayed(Ask::release(1, offer.yiaddr()), n));
        }
    }
    let own = Ipv4Addr::new(10, 2, last, 10);
    assert_eq!(world.lease(own).state, BindingState::Active);
    // Somebody else's would come first.
    let offer = world
        .one(&relayed(Ask::discover(1).addr(code::REQUESTED_ADDRESS, Ipv4Addr::new(10, 2, last, 15)), last));
    assert_eq!(offer.yiaddr(), own);
    // And it gets no second one by a reminder of another.
    let other = relayed(Ask::init_reboot(1, Ipv4Addr::new(10, 2, last, 16)), last);
    assert_eq!(world.one(&other).kind(), Some(MessageType::Nak));
}

/// The same within one subnet, in the lease database: those that have ended don't hide the one that runs.
#[test]
fn a_client_with_many_old_leases_in_one_subnet_keeps_its_running_one() {
    let subnets = vec![subnet(1, "10.2.0.0/24", &[("10.2.0.10", "10.2.0.250")])];
    let config = Config { subnets, authoritative: true, ..Config::default() };
    let (db, _) = LeaseDb::open(Arc::new(MemStorage::new()), &DbConfig::new([7; 16])).unwrap();
    let mut world = World::over(config, db, Standalone);
    world.store.set_pools(&world.server.pools()).unwrap();
    let relayed = |ask: Ask| ask.relayed(Ipv4Addr::new(10, 2, 0, 2), &[]);
    let own = Ipv4Addr::new(10, 2, 0, 240);
    for host in (20..140).chain([240]) {
        let mut lease = Lease::new(LeaseKey::v4(Ipv4Addr::new(10, 2, 0, host)));
        (lease.hw_addr, lease.subnet_id) = (Ask::discover(1).header.hw_addr, 1);
        lease.state = if host == 240 { BindingState::Active } else { BindingState::Free };
        lease.expiration_time = world.now.unix.plus_secs(1000);
        world.store.put_forced(&mut lease, Expect::Any).unwrap();
    }
    let mut one = |ask: Ask| {
        world.tell(&relayed(ask));
        world.store.commit().unwrap();
        let mut sent = world.sent();
        assert_eq!(sent.len(), 1, "{:?}", world.events);
        sent.remove(0)
    };
    let reminded = addr("10.2.0.15");
    let offer = one(Ask::discover(1).addr(code::REQUESTED_ADDRESS, reminded));
    assert_eq!((offer.kind(), offer.yiaddr()), (Some(MessageType::Offer), own));
    // And it gets no second one by a reminder of another.
    assert_eq!(one(Ask::init_reboot(1, reminded)).kind(), Some(MessageType::Nak));
}

#[test]
fn ipv6_mostly() {
    let mut config = config();
    config.rapid_commit = true;
    config.subnets[0].v6_only_wait_seconds = Some(1800);
    let mut world = World::new(config);
    let knows = |ask: Ask| ask.option(code::PARAMETER_REQUEST_LIST, &[1, 108]);
    let offer = world.one(&knows(Ask::discover(1).option(code::RAPID_COMMIT, &[])));
    assert_eq!((offer.kind(), offer.yiaddr()), (Some(MessageType::Offer), NOBODY));
    assert_eq!(offer.option(108).unwrap(), 1800_u32.to_be_bytes());
    assert_eq!(offer.to(), Destination::Broadcast { port: 68 });
    assert_eq!((world.server.offers(), world.store.holds.len()), (0, 0));
    let offer = world.one(&Ask::discover(1));
    assert_eq!((offer.yiaddr(), offer.option(108)), (addr("10.0.0.10"), None));
    let ack = world.one(&knows(Ask::selecting(1, offer.yiaddr())));
    assert_eq!((ack.yiaddr(), ack.option(108)), (offer.yiaddr(), Some(1800_u32.to_be_bytes().to_vec())));
}

#[test]
fn client_id_rules() {
    let mut world = World::new(config());
    // Two clients behind one interface, as of RFC 4361; each keeps its own address.
    let duid = |iaid: u8| [&[255, 0, 0, 0, iaid][..], &[0, 3, 0, 1, 2, 0, 0, 0, 0, 1][..]].concat();
    let one = world.one(&Ask::discover(1).client_id(&duid(1)));
    let two = world.one(&Ask::discover(1).client_id(&duid(2)));
    let none = world.one(&Ask::discover(1));
    assert_eq!(one.option(code::CLIENT_ID), Some(duid(1)), "RFC 6842");
    assert_eq!(none.option(code::CLIENT_ID), None);
    let mut all = vec![one.yiaddr(), two.yiaddr(), none.yiaddr()];
    all.dedup();
    assert_eq!(all.len(), 3);
    world.one(&Ask::selecting(1, one.yiaddr()).client_id(&duid(1)));
    // The same client with another interface.
    assert_eq!(world.one(&Ask::discover(9).client_id(&duid(1))).yiaddr(), one.yiaddr());
    // Another client can't take it.
    let nak = world.one(&Ask::selecting(1, one.yiaddr()).client_id(&duid(2)));
    assert_eq!((nak.kind(), nak.option(code::CLIENT_ID)), (Some(MessageType::Nak), Some(duid(2))));
    let long = Ask::discover(1).client_id(&[7; 300]);
    world.none(&long, Dropped::Malformed);
    let mut nobody = Ask::discover(1);
    nobody.header.hw_addr = ddi_core::HwAddr::EMPTY;
    world.none(&nobody, Dropped::NoIdentity);
    let offer = world.one(&nobody.client_id(b"tunnel"));
    assert_eq!(offer.to(), Destination::Broadcast { port: 68 }, "no link-layer address to send it to");
}

#[test]
fn new_configuration_loses_nothing() {
    let mut world = World::new(config());
    let bound = world.bind(1).yiaddr();
    let kept = world.one(&Ask::discover(2)).yiaddr();
    let lost = world.one(&Ask::discover(3).relayed(RELAY, &[])).yiaddr();
    let mut changed = config();
    changed.subnets.remove(1);
    changed.subnets.insert(0, subnet(3, "10.3.0.0/24", &[("10.3.0.10", "10.3.0.19")]));
    world.set_config(changed.clone());
    assert_eq!(world.server.offers(), 1);
    assert_eq!(world.one(&Ask::selecting(2, kept)).yiaddr(), kept);
    assert_eq!(world.one(&Ask::renewing(1, bound)).kind(), Some(MessageType::Ack));
    world.none(&Ask::selecting(3, lost).relayed(RELAY, &[]), Dropped::NoSubnet);
    assert!(world.store.holds.is_empty(), "{:?}", world.store.holds);
    // What is wrong changes nothing.
    let broken = Config { offer_seconds: 0, ..changed };
    assert!(world.server.set_config(world.now, broken).is_err());
    assert_eq!(world.one(&Ask::renewing(1, bound)).kind(), Some(MessageType::Ack));
    // A smaller pool: clients outside of it have to move when they renew.
    let mut small = config();
    small.subnets[0].pools = vec![pool("10.0.0.50", "10.0.0.60")];
    world.set_config(small);
    assert_eq!(world.one(&Ask::renewing(1, bound)).kind(), Some(MessageType::Nak));
    assert_eq!(world.bind(1).yiaddr(), addr("10.0.0.50"));
}

#[test]
fn an_operator_releases() {
    let mut world = World::new(config());
    let address = world.bind(1).yiaddr();
    let key = world.lease(address).key;
    let released = world.server.release(world.now, &mut world.store, &world.authority, key).unwrap();
    assert_eq!(released, Some(world.lease(address).version));
    assert_eq!(world.lease(address).state, BindingState::Free);
    assert_eq!(world.server.release(world.now, &mut world.store, &world.authority, key).unwrap(), None);
}

#[test]
fn a_broken_store_promises_nothing() {
    let mut world = World::new(config());
    let offer = world.one(&Ask::discover(1));
    world.store.broken = true;
    world.none(&Ask::selecting(1, offer.yiaddr()), Dropped::Store);
    assert_eq!(world.server.counters().store_errors, 1);
    world.store.broken = false;
    assert_eq!(world.one(&Ask::selecting(1, offer.yiaddr())).kind(), Some(MessageType::Ack));
}
