//! Bad input: counted, dropped or answered as the RFC says; nothing lost.

use crate::harness::*;
use ddi_dhcp::server::*;
use ddi_dhcp::v4::{MessageType, code};

/// Bytes at their places in the fixed part.
fn with(mut bytes: Vec<u8>, changes: &[(usize, u8)]) -> Vec<u8> {
    for &(at, byte) in changes {
        bytes[at] = byte;
    }
    bytes
}

#[test]
fn what_is_no_packet() {
    let mut world = World::new(config());
    let ask = Ask::discover(1);
    let good = ask.bytes();
    let cases: [(Vec<u8>, Dropped); 9] = [
        (Vec::new(), Dropped::Malformed),
        (good[..235].to_vec(), Dropped::Malformed),
        (vec![1; 65_600], Dropped::Malformed),
        (with(good.clone(), &[(2, 255)]), Dropped::Malformed),
        (with(good.clone(), &[(236, 0x11)]), Dropped::Malformed),
        (with(good.clone(), &[(0, 3)]), Dropped::Malformed),
        (with(good.clone(), &[(0, 2)]), Dropped::NotRequest),
        (with(good.clone(), &[(242, 9)]), Dropped::UnknownType),
        (with(good.clone(), &[(242, 2)]), Dropped::UnknownType),
    ];
    for (bytes, why) in cases {
        let before = world.server.counters().dropped(why);
        world.tell_bytes(&bytes, &ask);
        assert_eq!(world.server.counters().dropped(why), before + 1, "{why:?}: {:?}", world.events.last());
    }
    assert!(world.sent().is_empty() && world.store.leases.is_empty() && world.server.offers() == 0);
    assert_eq!(world.server.counters().received, 9);
    // Zeros where the cookie belongs: BOOTP without vendor data, which is silence here.
    world.tell_bytes(&with(good, &[(236, 0), (237, 0), (238, 0), (239, 0)]), &ask);
    assert_eq!(world.server.counters().dropped(Dropped::Silent), 1);
}

#[test]
fn what_is_missing() {
    let mut world = World::new(config());
    let bare = |kind| Ask::new(1, Some(kind));
    world.none(&bare(MessageType::Request), Dropped::Incomplete);
    world.none(&bare(MessageType::Request).addr(code::SERVER_ID, SERVER), Dropped::Incomplete);
    world.none(&bare(MessageType::Request).addr(code::REQUESTED_ADDRESS, NOBODY), Dropped::Incomplete);
    world.none(&bare(MessageType::Decline), Dropped::Incomplete);
    world.none(&bare(MessageType::Release), Dropped::Incomplete);
    world.none(&bare(MessageType::LeaseQuery), Dropped::UnknownType);
    let mut two = bare(MessageType::Discover);
    two.options.put(code::MESSAGE_TYPE, &[1, 1]);
    world.none(&two, Dropped::UnknownType);
}

#[test]
fn bad_options_spoil_themselves_only() {
    let mut world = World::new(config());
    let ask = Ask::discover(1).client_id(b"id");
    let mut bytes = ask.bytes();
    let end = bytes.iter().rposition(|&byte| byte == 255).unwrap();
    bytes.truncate(end);
    bytes.extend_from_slice(&[12, 200, 1]);
    world.tell_bytes(&bytes, &ask);
    let offer = world.sent().remove(0);
    assert_eq!(offer.option(code::CLIENT_ID).unwrap(), b"id");
    assert_eq!(world.server.counters().bad_options, 1);
    // A thousand options, and options of a wrong length.
    let mut bytes = Ask::discover(2).bytes();
    bytes.truncate(243);
    for at in 0..1000_u32 {
        bytes.extend_from_slice(&[60 + (at % 64) as u8, 1, at as u8]);
    }
    world.tell_bytes(&bytes, &ask);
    // Option 61 came many times, and is joined (RFC 3396).
    let offer = world.sent().remove(0);
    assert_eq!(offer.option(code::CLIENT_ID).unwrap().len(), 16);
}

#[test]
fn overload_nested_and_broken() {
    let mut world = World::new(config());
    for overload in 0..=4_u8 {
        for filling in [52, 61, 255, 0] {
            let mut bytes = Ask::discover(overload).option(60, b"x").bytes();
            let end = bytes.iter().rposition(|&byte| byte == 255).unwrap();
            bytes.truncate(end);
            bytes.extend_from_slice(&[52, 1, overload, 255]);
            bytes[44..236].fill(filling);
            world.tell_bytes(&bytes, &Ask::discover(overload));
        }
    }
    let counters = world.server.counters();
    let dropped: u64 = Dropped::ALL.iter().map(|&why| counters.dropped(why)).sum();
    assert_eq!(counters.offers + dropped, 20, "{:?}", counters.iter().collect::<Vec<_>>());
}

#[test]
fn spoofed_relays() {
    let mut world = World::new(config());
    for giaddr in ["255.255.255.255", "224.0.0.1", "0.0.0.7", "240.1.1.1"] {
        world.none(&Ask::discover(1).relayed(addr(giaddr), &[]), Dropped::BadRelay);
    }
    world.none(&Ask::discover(1).relayed(addr("203.0.113.1"), &[]), Dropped::NoSubnet);
    // From a client on the link that says it is a relay elsewhere: the answer goes to that relay.
    let offer = world.one(&Ask::discover(1).relayed(RELAY, &[]));
    assert_eq!(offer.to(), Destination::Unicast("10.1.0.2:67".parse().unwrap()));
    // Broken option 82: echoed as it came, and means nothing.
    let offer = world.one(&Ask::discover(2).relayed(RELAY, &[5, 4, 10]));
    assert_eq!((offer.yiaddr(), offer.option(82)), (addr("10.1.0.11"), Some(vec![5, 4, 10])));
}

#[test]
fn others_leases_are_safe() {
    let mut world = World::new(config());
    let address = world.bind(1).yiaddr();
    let version = world.lease(address).version;
    world.none(&Ask::release(2, address), Dropped::Silent);
    world.none(&Ask::decline(2, address), Dropped::Silent);
    world.none(&Ask::release(1, address).addr(code::SERVER_ID, addr("10.0.0.2")), Dropped::OtherServer);
    world.none(&Ask::decline(2, addr("10.0.0.11")), Dropped::Silent);
    for ask in [Ask::selecting(2, address), Ask::renewing(2, address), Ask::init_reboot(2, address)] {
        assert_eq!(world.one(&ask).kind(), Some(MessageType::Nak));
    }
    let ask = Ask::discover(2).addr(code::REQUESTED_ADDRESS, address);
    assert_ne!(world.one(&ask).yiaddr(), address);
    assert_eq!(world.lease(address).version, version);
}

#[test]
fn floods() {
    let rate = |burst| Some(Rate { per_second: 1, burst });
    let mut world = World::new(Config { client_rate: rate(3), ..config() });
    for _ in 0..3 {
        world.one(&Ask::discover(1));
    }
    world.none(&Ask::discover(1), Dropped::ClientFlood);
    world.none(&Ask::discover(1).client_id(b"other"), Dropped::ClientFlood);
    world.one(&Ask::discover(2));
    world.wait(1);
    world.one(&Ask::discover(1));
    let mut world = World::new(Config { relay_rate: rate(5), ..config() });
    for client in 0..5 {
        world.one(&Ask::discover(client).relayed(RELAY, &[]));
    }
    world.none(&Ask::discover(9).relayed(RELAY, &[]), Dropped::RelayFlood);
    world.one(&Ask::discover(9));
}

#[test]
fn a_host_that_does_not_collect() {
    let mut world = World::new(config());
    let ask = Ask::init_reboot(1, addr("10.0.0.99"));
    for _ in 0..9000 {
        world.tell(&ask);
    }
    assert_eq!(world.server.counters().naks, 8192);
    assert_eq!(world.server.counters().dropped(Dropped::QueueFull), 9000 - 8192);
    assert_eq!(world.sent().len(), 8192);
    world.one(&ask);
    // Promises that never become durable fill the queue too; nothing more is written then.
    let mut world = World::new(Config { cache_threshold_percent: 0, ..config() });
    let address = world.bind(1).yiaddr();
    for _ in 0..9000 {
        world.tell(&Ask::renewing(1, address));
    }
    assert!(world.sent().is_empty());
    assert_eq!(world.store.log.len(), 1 + 8192);
}
