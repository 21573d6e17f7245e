//! Options, classes, reservations, names.

use crate::harness::*;
use ddi_core::BindingState;
use ddi_dhcp::server::*;
use ddi_dhcp::v4::{MessageType, code};

#[test]
fn narrower_places_win() {
    let mut config = config();
    let value = |n: u8| [10, 0, 0, n];
    config.params.options.put(code::DNS_SERVERS, &value(1));
    config.params.options.put(code::NTP_SERVERS, &value(1));
    config.params.options.put(code::ROUTERS, &value(1));
    config.params.options.put(150, &value(1));
    config.params.options.put(151, &value(1));
    config.subnets[0].params.options.put(code::NTP_SERVERS, &value(2));
    config.subnets[0].pools[0].params.options.put(code::ROUTERS, &value(3));
    config.subnets[0].pools[0].params.options.put(150, &value(3));
    config.subnets[0].pools[0].params.options.put(151, &value(3));
    let test = ClassTest::VendorClassPrefix(b"PXEClient".to_vec());
    let mut class = Class { name: "pxe".into(), any_of: vec![test], ..Class::default() };
    class.params.options.put(150, &value(4));
    class.params.options.put(151, &value(4));
    class.params.boot_file = b"pxe.0".to_vec();
    config.classes = vec![class];
    let by = ReservedFor::HwAddr(vec![2, 0, 0, 0, 0, 1]);
    let mut reservation = Reservation::new(by, addr("10.0.0.12"));
    reservation.params.options.put(151, &value(5));
    config.subnets[0].reservations = vec![reservation];
    let mut world = World::new(config);
    let ask = Ask::discover(1).option(code::VENDOR_CLASS, b"PXEClient:Arch:00000");
    let offer = world.one(&ask);
    assert_eq!(offer.yiaddr(), addr("10.0.0.12"));
    for (code, from) in
        [(code::DNS_SERVERS, 1), (code::NTP_SERVERS, 2), (code::ROUTERS, 3), (150, 4), (151, 5)]
    {
        assert_eq!(offer.option(code).unwrap(), value(from), "{code}");
    }
    assert_eq!(offer.packet().file(), b"pxe.0");
    let offer = world.one(&Ask::discover(2));
    assert_eq!((offer.option(150), offer.packet().file()), (Some(value(3).to_vec()), &b""[..]));
}

#[test]
fn what_is_asked_for_in_its_order() {
    let mut config = config();
    for code in [3, 6, 15, 42, 200] {
        config.params.options.put(code, &[1, 2, 3, 4]);
    }
    config.params.always.insert(200);
    let mut world = World::new(config);
    let offer = world.one(&Ask::discover(1).option(code::PARAMETER_REQUEST_LIST, &[42, 99, 15, 28, 3]));
    assert_eq!(offer.codes(), [53, 42, 15, 28, 1, 3, 54, 51, 200]);
    assert_eq!(offer.option(28).unwrap(), [10, 0, 0, 255]);
    let offer = world.one(&Ask::discover(1));
    assert_eq!(offer.codes().len(), 3 + 2 + 1 + 5, "{:?}", offer.codes());
}

#[test]
fn long_options_and_small_clients() {
    let mut config = config();
    config.params.options.put(code::CLASSLESS_ROUTES, &[1; 300]);
    config.params.options.put(250, &[2; 400]);
    let mut world = World::new(config);
    let offer = world.one(&Ask::discover(1).option(code::MAX_MESSAGE_SIZE, &1500_u16.to_be_bytes()));
    assert_eq!(offer.option(code::CLASSLESS_ROUTES).unwrap(), [1; 300], "RFC 3396");
    assert_eq!(offer.option(250).unwrap(), [2; 400]);
    let offer = world.one(&Ask::discover(1));
    assert!(offer.bytes.len() <= 548, "a client that says nothing takes 576 bytes");
    assert!(offer.option(51).is_some());
}

#[test]
fn classes_choose_pools() {
    let mut config = config();
    let class = |name: &str, test| Class { name: name.into(), any_of: vec![test], ..Class::default() };
    config.classes = vec![
        class("vendor", ClassTest::VendorClass(b"phone".to_vec())),
        class("user", ClassTest::UserClass(b"lab".to_vec())),
        class("hw", ClassTest::HwAddrPrefix(vec![2, 0, 0, 0, 0, 7])),
        class("remote", ClassTest::RemoteId(b"r".to_vec())),
    ];
    config.classes[1].lease = Some(LeaseTimes::fixed(77));
    let names = ["vendor", "user", "hw", "remote"];
    config.subnets[0].pools = vec![pool("10.0.0.10", "10.0.0.19"), pool("10.0.0.20", "10.0.0.29")];
    config.subnets[0].pools[0].classes = names.map(String::from).to_vec();
    let mut world = World::new(config);
    let special = |offer: &Sent| offer.yiaddr() < addr("10.0.0.20");
    assert!(!special(&world.one(&Ask::discover(1))));
    assert!(!special(&world.one(&Ask::discover(2).option(code::VENDOR_CLASS, b"phone2"))), "exactly");
    assert!(special(&world.one(&Ask::discover(3).option(code::VENDOR_CLASS, b"phone"))));
    let offer = world.one(&Ask::discover(4).option(code::USER_CLASS, b"\x03abc\x03lab"));
    assert!(special(&offer) && offer.seconds() == Some(77));
    assert!(special(&world.one(&Ask::discover(5).option(code::USER_CLASS, b"lab"))), "as iPXE sends it");
    assert!(special(&world.one(&Ask::discover(7))));
    // Also for a client that asks for it.
    let ask = Ask::discover(8).addr(code::REQUESTED_ADDRESS, addr("10.0.0.19"));
    assert!(!special(&world.one(&ask)));
    let nak = world.one(&Ask::selecting(9, addr("10.0.0.19")));
    assert_eq!(nak.kind(), Some(MessageType::Nak));
    // A relay on the same link that adds option 82 and no giaddr.
    assert!(special(&world.one(&Ask::discover(10).option(code::RELAY_INFO, b"\x02\x01r"))));
}

/// RFC 3925: a vendor says who it is by its number.
#[test]
fn classes_by_enterprise_numbers() {
    let mut config = config();
    let class = |enterprise, class: &[u8]| ClassTest::EnterpriseClass { enterprise, class: class.to_vec() };
    let any_of =
        vec![class(4491, b"modem"), class(9, b""), ClassTest::EnterpriseOptions { enterprise: 3561 }];
    config.classes = vec![Class { name: "c".into(), any_of, ..Class::default() }];
    config.classes[0].params.boot_file = b"/for-class".to_vec();
    let mut world = World::new(config);
    let mut is_in = |code, value: &[u8]| {
        world.one(&Ask::discover(1).option(code, value)).packet().file() == b"/for-class"
    };
    assert!(is_in(code::VENDOR_CLASSES, b"\0\0\x11\x8b\x06\x05modem"));
    assert!(
        is_in(code::VENDOR_CLASSES, b"\0\0\0\x07\0\0\0\x11\x8b\x0a\x03abc\x05modem"),
        "the second of each"
    );
    assert!(!is_in(code::VENDOR_CLASSES, b"\0\0\x11\x8b\x07\x06modem2"), "exactly");
    assert!(!is_in(code::VENDOR_CLASSES, b"\0\0\x11\x8c\x06\x05modem"), "another vendor's");
    assert!(!is_in(code::VENDOR_CLASSES, b"\0\0\x11\x8b\x06\x06modem"), "cut off");
    assert!(!is_in(code::VENDOR_CLASSES, b"\0\0\x11\x8b\0"));
    assert!(is_in(code::VENDOR_CLASSES, b"\0\0\0\x09\0"), "any class, and none");
    assert!(is_in(code::VENDOR_CLASSES, b"\0\0\0\x09\x02\x01x"));
    assert!(!is_in(code::VENDOR_OPTIONS, b"\0\0\0\x09\x02\x01x"), "is the other option");
    assert!(is_in(code::VENDOR_OPTIONS, b"\0\0\x0d\xe9\x04\x01\x02ab"));
    assert!(!is_in(code::VENDOR_OPTIONS, b"\0\0\x0d"));
    assert!(!is_in(code::VENDOR_CLASSES, b""));
}

#[test]
fn reservations() {
    let mut config = config();
    config.subnets[0].reservations = vec![
        Reservation {
            hostname: b"printer".to_vec(),
            ..Reservation::new(ReservedFor::HwAddr(vec![2, 0, 0, 0, 0, 1]), addr("10.0.0.10"))
        },
        Reservation::new(ReservedFor::ClientId(b"id".to_vec()), addr("10.0.0.200")),
        Reservation::new(ReservedFor::CircuitId(b"port7".to_vec()), addr("10.0.0.201")),
    ];
    let mut world = World::new(config.clone());
    let ack = world.bind(1);
    assert_eq!(
        (ack.yiaddr(), ack.option(code::HOST_NAME).unwrap()),
        (addr("10.0.0.10"), b"printer".to_vec())
    );
    let lease = world.lease(ack.yiaddr());
    assert!(lease.reserved && lease.hostname == b"printer");
    assert_eq!(world.one(&Ask::discover(2)).yiaddr(), addr("10.0.0.11"), "not for others");
    let offer = world.one(&Ask::discover(3).client_id(b"id"));
    assert_eq!(offer.yiaddr(), addr("10.0.0.200"), "outside of all pools");
    let ack = world.one(&Ask::selecting(3, offer.yiaddr()).client_id(b"id"));
    assert_eq!(ack.kind(), Some(MessageType::Ack));
    let offer = world.one(&Ask::discover(4).option(code::RELAY_INFO, b"\x01\x05port7"));
    assert_eq!(offer.yiaddr(), addr("10.0.0.201"));
    assert_eq!(world.one(&Ask::selecting(5, addr("10.0.0.201"))).kind(), Some(MessageType::Nak));
    // Not in another subnet.
    assert_eq!(world.one(&Ask::discover(1).relayed(RELAY, &[])).yiaddr(), addr("10.1.0.10"));
}

#[test]
fn a_reservation_that_comes_later() {
    let mut world = World::new(config());
    let (first, second) = (world.bind(1).yiaddr(), world.bind(2).yiaddr());
    // What 1 has is now reserved for 2.
    let mut changed = config();
    changed.subnets[0].reservations =
        vec![Reservation::new(ReservedFor::HwAddr(vec![2, 0, 0, 0, 0, 2]), first)];
    world.set_config(changed);
    // As long as 1 has it, 2 keeps what it has.
    assert_eq!(world.one(&Ask::renewing(2, second)).kind(), Some(MessageType::Ack));
    assert_eq!(world.one(&Ask::discover(2)).yiaddr(), second);
    assert_eq!(world.one(&Ask::renewing(1, first)).kind(), Some(MessageType::Nak));
    assert_ne!(world.bind(1).yiaddr(), first);
    world.wait(1001);
    assert_eq!(world.lease(first).state, BindingState::Free);
    assert_eq!(world.bind(2).yiaddr(), first);
}

fn named() -> Config {
    let names = Names {
        enabled: true,
        suffix: b"example.com".to_vec(),
        from_hostname: true,
        allow_client_updates: true,
        ..Names::default()
    };
    Config { names, ..config() }
}

fn added(event: &Event) -> Option<(String, bool)> {
    let Event::NameAdded { fqdn, forward, .. } = event else { return None };
    Some((String::from_utf8(fqdn.to_vec()).unwrap(), *forward))
}

fn removed(event: &Event) -> Option<String> {
    let Event::NameRemoved { fqdn, .. } = event else { return None };
    Some(String::from_utf8(fqdn.to_vec()).unwrap())
}

#[test]
fn names_are_told() {
    let mut world = World::new(named());
    let fqdn = |ask: Ask, value: &[u8]| ask.option(code::CLIENT_FQDN, value);
    let offer = world.one(&fqdn(Ask::discover(1), b"\x05\0\0\x02PC"));
    assert_eq!(offer.option(code::CLIENT_FQDN).unwrap(), b"\x05\xff\xff\x02pc\x07example\x03com\0");
    assert!(world.events().is_empty(), "RFC 4702 section 4.1: not for a DISCOVER");
    let address = offer.yiaddr();
    world.one(&fqdn(Ask::selecting(1, address), b"\x05\0\0\x02PC"));
    let events = world.events();
    assert_eq!(events.iter().find_map(added), Some(("pc.example.com".into(), true)));
    assert_eq!(world.lease(address).ddns.fqdn, b"pc.example.com");
    // The same again is no news; a new name is, and the client may do the A itself.
    world.wait(400);
    world.one(&fqdn(Ask::renewing(1, address), b"\x05\0\0\x02PC"));
    assert!(!world.events().iter().any(|event| added(event).is_some()));
    let ack = world.one(&fqdn(Ask::renewing(1, address), b"\x00\0\0new"));
    assert_eq!(ack.option(code::CLIENT_FQDN).unwrap(), b"\x00\xff\xffnew.example.com");
    let events = world.events();
    assert_eq!(events.iter().find_map(removed), Some("pc.example.com".into()));
    assert_eq!(events.iter().find_map(added), Some(("new.example.com".into(), false)));
    assert!(world.lease(address).ddns.by_client);
    world.ask(&Ask::release(1, address));
    assert_eq!(world.events().iter().find_map(removed), Some("new.example.com".into()));
    // Option 12 does where 81 is missing; expiry removes it.
    let address = world.bind(2).yiaddr();
    world.one(&Ask::renewing(2, address).option(code::HOST_NAME, b"Host_2\0"));
    assert_eq!(world.lease(address).hostname, b"Host_2");
    assert_eq!(world.events().iter().find_map(added), Some(("host_2.example.com".into(), true)));
    world.wait(1001);
    assert_eq!(world.events().iter().find_map(removed), Some("host_2.example.com".into()));
}

#[test]
fn names_can_be_off() {
    let mut world = World::new(config());
    let offer = world.one(&Ask::discover(1).option(code::CLIENT_FQDN, b"\x05\0\0\x02PC"));
    assert_eq!(offer.option(code::CLIENT_FQDN), None);
    let ask = Ask::selecting(1, offer.yiaddr()).option(code::CLIENT_FQDN, b"\x05\0\0\x02PC");
    world.one(&ask);
    assert!(world.lease(offer.yiaddr()).ddns.fqdn.is_empty());
}

#[test]
fn a_subnet_may_have_names_of_its_own() {
    let mut config = named();
    config.subnets[0].names = Some(Names { suffix: b"lab.example.com".to_vec(), ..config.names.clone() });
    let mut world = World::new(config);
    let address = world.bind(1).yiaddr();
    world.one(&Ask::renewing(1, address).option(code::HOST_NAME, b"pc"));
    assert_eq!(world.lease(address).ddns.fqdn, b"pc.lab.example.com");
}
