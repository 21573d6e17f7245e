//! Relays, and choosing subnets.

use crate::harness::*;
use ddi_dhcp::server::*;
use ddi_dhcp::v4::{MessageType, code};

#[test]
fn subnet_by_giaddr_and_option_82_comes_back_last() {
    let mut config = config();
    config.params.options.put(200, b"z");
    let mut world = World::new(config);
    let info = b"\x01\x03eth\x02\x03abc";
    let offer = world.one(&Ask::discover(1).relayed(RELAY, info).client_id(b"id"));
    assert_eq!(offer.yiaddr(), addr("10.1.0.10"));
    assert_eq!(offer.to(), Destination::Unicast("10.1.0.2:67".parse().unwrap()));
    assert_eq!(offer.packet().giaddr(), RELAY);
    assert_eq!(offer.option(code::RELAY_INFO).unwrap(), info);
    assert_eq!(offer.codes().last(), Some(&code::RELAY_INFO));
    assert_eq!(offer.codes()[0], code::MESSAGE_TYPE);
    let nak = world.one(&Ask::selecting(1, addr("10.0.0.11")).relayed(RELAY, info));
    assert_eq!((nak.kind(), nak.option(code::RELAY_INFO).unwrap()), (Some(MessageType::Nak), info.to_vec()));
}

#[test]
fn relay_info_is_remembered_for_unicast_renewals() {
    // The pool is only for this circuit, and a renewal does not pass the relay.
    let mut config = config();
    config.classes = vec![Class {
        name: "port".into(),
        any_of: vec![ClassTest::CircuitId(b"eth".to_vec())],
        ..Class::default()
    }];
    config.subnets[1].pools[0].classes = vec!["port".into()];
    let mut world = World::new(config);
    let info = b"\x01\x03eth\x0b\x04\x0a\x01\x00\x02";
    world.none(&Ask::discover(1).relayed(RELAY, b"\x01\x03wan"), Dropped::NoAddress);
    let offer = world.one(&Ask::discover(1).relayed(RELAY, info));
    assert_eq!(offer.packet().server_id(), Some(RELAY), "RFC 5107");
    let request = Ask::selecting(1, offer.yiaddr()).addr(code::SERVER_ID, RELAY);
    let ack = world.one(&request.relayed(RELAY, info));
    assert_eq!(ack.kind(), Some(MessageType::Ack));
    assert_eq!(world.lease(offer.yiaddr()).relay_agent_info, info);
    world.wait(500);
    let mut renew = Ask::renewing(1, offer.yiaddr());
    renew.interface = 0;
    let ack = world.one(&renew);
    assert_eq!((ack.kind(), ack.seconds()), (Some(MessageType::Ack), Some(1000)));
    assert_eq!(ack.option(code::RELAY_INFO), None);
    assert_eq!(ack.packet().server_id(), Some(RELAY), "as the relay said when last heard");
    assert_eq!(world.lease(offer.yiaddr()).relay_agent_info, info);
    // Another client with that ciaddr has nothing of it.
    let mut thief = Ask::renewing(2, offer.yiaddr());
    thief.interface = 0;
    assert_eq!(world.one(&thief).kind(), Some(MessageType::Nak));
}

#[test]
fn link_selection_and_source_port() {
    let mut world = World::new(config());
    // RFC 3527: the relay's own address is on another subnet than its client.
    let info = b"\x05\x04\x0a\x01\x00\x00\x13\x00";
    let mut ask = Ask::discover(1).relayed(addr("192.0.2.9"), info);
    ask.from = "192.0.2.9:4711".parse().unwrap();
    let offer = world.one(&ask);
    assert_eq!(offer.yiaddr(), addr("10.1.0.10"));
    assert_eq!(offer.to(), Destination::Unicast("192.0.2.9:4711".parse().unwrap()), "RFC 8357");
    world.none(&Ask::discover(1).relayed(RELAY, b"\x05\x04\xc0\x00\x02\x01"), Dropped::NoSubnet);
    world.none(&Ask::discover(1).relayed(addr("192.0.2.9"), &[]), Dropped::NoSubnet);
}

#[test]
fn subnet_selection() {
    let ask = Ask::discover(1).addr(code::SUBNET_SELECTION, addr("10.1.0.0"));
    let mut world = World::new(config());
    let offer = world.one(&ask);
    assert_eq!((offer.yiaddr(), offer.option(118)), (addr("10.0.0.10"), None), "off by default");
    let mut world = World::new(Config { subnet_selection: true, ..config() });
    let offer = world.one(&ask);
    assert_eq!((offer.yiaddr(), offer.option(118)), (addr("10.1.0.10"), Some(vec![10, 1, 0, 0])));
    world.none(&ask.addr(code::SUBNET_SELECTION, addr("192.0.2.0")), Dropped::NoSubnet);
}

#[test]
fn listed_relays() {
    let mut config = config();
    config.subnets[1].relays = vec![addr("127.0.0.1")];
    let mut world = World::new(config.clone());
    let mut ask = Ask::discover(1).relayed(addr("127.0.0.1"), b"\x13\x00");
    ask.from = "127.0.0.1:9999".parse().unwrap();
    ask.to = addr("127.0.0.1");
    let offer = world.one(&ask);
    assert_eq!(offer.yiaddr(), addr("10.1.0.10"));
    assert_eq!(offer.to(), Destination::Unicast("127.0.0.1:9999".parse().unwrap()));
    assert_eq!(offer.packet().server_id(), Some(addr("127.0.0.1")));
    world.one(&Ask::discover(2).relayed(RELAY, &[]));
    let mut world = World::new(Config { only_listed_relays: true, ..config });
    world.none(&Ask::discover(2).relayed(RELAY, &[]), Dropped::UnknownRelay);
    world.one(&ask);
}

#[test]
fn shared_network() {
    let mut config = config();
    for subnet in &mut config.subnets {
        subnet.shared_network = Some("hall".into());
    }
    config.subnets.push(subnet(3, "10.2.0.0/24", &[("10.2.0.10", "10.2.0.19")]));
    let mut world = World::new(config);
    let bound: Vec<_> = (0..20).map(|client| world.bind(client).yiaddr()).collect();
    assert!(bound[..10].iter().all(|address| address.octets()[1] == 0), "its own subnet first");
    assert!(bound[10..].iter().all(|address| address.octets()[1] == 1), "then the other");
    let ack = world.one(&Ask::init_reboot(15, bound[15]));
    assert_eq!((ack.kind(), world.lease(bound[15]).subnet_id), (Some(MessageType::Ack), 2));
    world.none(&Ask::discover(20), Dropped::NoAddress);
}

#[test]
fn links() {
    let mut world = World::new(config());
    let mut ask = Ask::discover(1);
    ask.interface = 99;
    world.none(&ask, Dropped::NoSubnet);
    // A renewal is routed: it comes in on any interface.
    let address = world.bind(1).yiaddr();
    let mut renew = Ask::renewing(1, address);
    renew.interface = 99;
    assert_eq!(world.one(&renew).kind(), Some(MessageType::Ack));
    // To the subnet's broadcast address is a broadcast.
    let mut rebind = Ask::rebinding(1, address);
    rebind.to = addr("10.0.0.255");
    assert_eq!(world.one(&rebind).kind(), Some(MessageType::Ack));
    // A REBINDING client that was moved to this link.
    assert_eq!(world.one(&Ask::rebinding(1, addr("10.1.0.10"))).kind(), Some(MessageType::Nak));
    let mut quiet = World::new(Config { authoritative: false, ..config() });
    quiet.none(&Ask::rebinding(1, addr("10.1.0.10")), Dropped::Silent);
}

#[test]
fn server_identifiers() {
    let mut world = World::new(Config { server_id: Some(addr("10.9.9.9")), ..config() });
    let offer = world.one(&Ask::discover(1));
    assert_eq!(offer.packet().server_id(), Some(addr("10.9.9.9")));
    // By any of its addresses (RFC 2131 section 4.1).
    for id in ["10.9.9.9", "10.0.0.1"] {
        let ask = Ask::selecting(1, offer.yiaddr()).addr(code::SERVER_ID, addr(id));
        assert_eq!(world.one(&ask).kind(), Some(MessageType::Ack));
    }
    let mut none = Config { links: Vec::new(), ..config() };
    none.subnets[1].relays = vec![RELAY];
    let mut world = World::new(none);
    let mut ask = Ask::discover(1).relayed(RELAY, &[]);
    world.one(&ask);
    ask.to = NOBODY;
    world.none(&ask, Dropped::NoServerId);
}
