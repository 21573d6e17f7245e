//! The option table, typed values, and the views of values with parts.

use ddi_dhcp::error::{NameError, TextError, ValueError};
use ddi_dhcp::v4::option::{OptionInfo, Shape, Value};
use ddi_dhcp::v4::{
    ClientId, Fqdn, FqdnName, Name, RelayInfo, Routes, SearchList, UserClasses, VendorData, emit_search_list,
};

fn emitted(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    value.emit(&mut out);
    out
}

/// Words of a configuration to bytes, and back from the bytes to the same value.
fn bytes_of(name: &str, items: &[&str]) -> Vec<u8> {
    let info = OptionInfo::named(name).unwrap();
    let value = Value::from_text(info.shape, items).unwrap();
    let bytes = emitted(&value);
    assert_eq!(Value::parse(info.shape, &bytes).unwrap(), value, "{name}");
    bytes
}

#[test]
fn the_table_is_in_order_and_its_names_are_unique_words() {
    let all: Vec<_> = OptionInfo::all().collect();
    assert!(all.windows(2).all(|pair| pair[0].code < pair[1].code));
    for info in &all {
        assert_eq!(OptionInfo::named(info.name), Some(*info), "found by its name, so no other has it");
        assert_eq!(OptionInfo::of(info.code), *info);
        assert!(info.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'));
        assert!(!info.name.as_bytes()[0].is_ascii_digit(), "digits mean a code");
    }
}

#[test]
fn options_are_found_by_number_too() {
    assert_eq!(OptionInfo::named("15").unwrap().name, "domain_name");
    let private = OptionInfo::named("224").unwrap();
    assert_eq!((private.code, private.name, private.shape), (224, "", Shape::Bytes));
    for wrong in ["0", "255", "256", "-1", "", "domain-name", "pad"] {
        assert_eq!(OptionInfo::named(wrong), None, "{wrong}");
    }
}

#[test]
fn each_shape_from_words_to_bytes() {
    assert_eq!(bytes_of("subnet_mask", &["255.255.0.0"]), [255, 255, 0, 0]);
    assert_eq!(bytes_of("routers", &["10.0.0.1", "10.0.0.2"]), [10, 0, 0, 1, 10, 0, 0, 2]);
    assert_eq!(bytes_of("domain_name", &["example.com"]), b"example.com");
    assert_eq!(bytes_of("lease_seconds", &["4000"]), 4000u32.to_be_bytes());
    assert_eq!(bytes_of("time_offset_seconds", &["-3600"]), (-3600i32).to_be_bytes());
    assert_eq!(bytes_of("interface_mtu", &["1500"]), [5, 220]);
    assert_eq!(bytes_of("default_ip_ttl", &["64"]), [64]);
    assert_eq!(bytes_of("ip_forwarding", &["true"]), [1]);
    assert_eq!(bytes_of("rapid_commit", &["true"]), [0u8; 0]);
    assert_eq!(bytes_of("parameter_request_list", &["1", "3"]), [1, 3]);
    assert_eq!(bytes_of("path_mtu_plateaus", &["68", "576"]), [0, 68, 2, 64]);
    assert_eq!(bytes_of("static_routes", &["10.0.0.1 10.0.0.2"]), [10, 0, 0, 1, 10, 0, 0, 2]);
    assert_eq!(bytes_of("vendor_encapsulated", &["01:02:fF"]), [1, 2, 255]);
    assert_eq!(bytes_of("224", &["0102ff"]), [1, 2, 255]);
    assert_eq!(
        bytes_of("classless_routes", &["0.0.0.0/0 10.0.0.1", "10.16.0.0/12 0.0.0.0"]),
        [0, 10, 0, 0, 1, 12, 10, 16, 0, 0, 0, 0]
    );
    assert_eq!(
        bytes_of("domain_search", &["eng.example.com", "example.com."]),
        b"\x03eng\x07example\x03com\0\xc0\x04"
    );
}

#[test]
fn wrong_words_are_refused_with_the_word() {
    let refuse = |name: &str, items: &[&str]| {
        Value::from_text(OptionInfo::named(name).unwrap().shape, items).unwrap_err().to_string()
    };
    assert_eq!(refuse("routers", &["10.0.0.256"]), "`10.0.0.256` is not an IPv4 address");
    assert_eq!(refuse("routers", &[]), "0 values where at least one is expected");
    assert_eq!(refuse("subnet_mask", &["1.1.1.1", "2.2.2.2"]), "2 values where one is expected");
    assert_eq!(refuse("default_ip_ttl", &["256"]), "`256` is not a number up to 255");
    assert_eq!(refuse("224", &["0g"]), "`0g` is not bytes in hex");
    assert_eq!(refuse("224", &["012"]), "`012` is not bytes in hex");
    assert_eq!(
        refuse("classless_routes", &["10.0.0.1/8 1.1.1.1"]),
        "`10.0.0.1/8 1.1.1.1` is not an IPv4 prefix and a router"
    );
    assert_eq!(
        refuse("domain_search", &["a..b"]),
        "`a..b` is not a domain name: a label of the name is empty"
    );
    assert!(matches!(Value::from_text(Shape::Text, &[""]), Err(TextError::WrongItem { .. })));
}

#[test]
fn wrong_bytes_are_refused_and_print_is_safe() {
    for (shape, bytes) in [
        (Shape::Empty, &[1][..]),
        (Shape::Flag, &[2]),
        (Shape::Flag, &[]),
        (Shape::U16, &[1]),
        (Shape::Addr, &[1, 2, 3]),
        (Shape::Addrs, &[1, 2, 3, 4, 5]),
        (Shape::Addrs, &[]),
        (Shape::AddrPairs, &[1, 2, 3, 4]),
        (Shape::U16s, &[1, 2, 3]),
        (Shape::Text, &[]),
        (Shape::Names, &[3, b'a']),
        (Shape::Routes, &[33, 1, 2, 3, 4, 5, 1, 1, 1, 1]),
        (Shape::Routes, &[8, 10, 1, 1, 1]),
    ] {
        assert!(Value::parse(shape, bytes).is_err(), "{shape:?} {bytes:?}");
    }
    let text = Value::parse(Shape::Text, b"h\xc3\xa9\x1b[2J\xff").unwrap();
    assert_eq!(text.to_string(), "h\u{e9}\\u{1b}[2J\\xff");
}

#[test]
fn host_bits_of_a_received_route_are_dropped() {
    let route = Routes::new(&[12, 10, 31, 192, 0, 2, 1]).next().unwrap().unwrap();
    assert_eq!(route.destination.to_string(), "10.16.0.0/12");
    assert_eq!(route.router.to_string(), "192.0.2.1");
}

#[test]
fn names_are_read_as_written_and_written_as_read() {
    for (text, shown) in
        [("a.b", "a.b"), ("a.b.", "a.b"), (".", "."), (r"a\.b.c", r"a\.b.c"), (r"\065\000", r"A\000")]
    {
        assert_eq!(Name::from_text(text.as_bytes()).unwrap().to_string(), shown);
    }
    for (text, error) in [
        ("", NameError::EmptyLabel),
        (".a", NameError::EmptyLabel),
        ("a..b", NameError::EmptyLabel),
        (r"\256", NameError::BadEscape),
        (r"\1", NameError::BadEscape),
        (r"a\", NameError::BadEscape),
    ] {
        assert_eq!(Name::from_text(text.as_bytes()).unwrap_err(), error, "{text}");
    }
    assert!(Name::from_text("a".repeat(63).as_bytes()).is_ok());
    assert_eq!(Name::from_text("a".repeat(64).as_bytes()), Err(NameError::LabelTooLong { len: 64 }));
    assert!(Name::from_text("a.".repeat(127).as_bytes()).is_ok());
    assert_eq!(Name::from_text("a.".repeat(128).as_bytes()), Err(NameError::TooLong));
}

#[test]
fn search_lists_follow_pointers_back_only() {
    let names = |bytes: &[u8]| SearchList::new(bytes).collect::<Result<Vec<_>, _>>();
    // RFC 3397 section 2's example.
    let list = b"\x03eng\x05apple\x03com\0\x09marketing\xc0\x04";
    let read: Vec<_> = names(list).unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(read, ["eng.apple.com", "marketing.apple.com"]);
    let mut again = Vec::new();
    emit_search_list(&names(list).unwrap(), &mut again);
    assert_eq!(again, list);

    assert_eq!(names(b"\xc0\x00"), Err(NameError::PointerNotBack { at: 0 }));
    assert_eq!(names(b"\x01a\xc0\x00"), Err(NameError::PointerNotBack { at: 2 }));
    assert_eq!(names(b"\x01a\0\x01b\xc0\x05"), Err(NameError::PointerNotBack { at: 5 }));
    assert_eq!(names(b"\x01a\0\x01b\xc0\x09"), Err(NameError::PointerNotBack { at: 5 }));
    assert_eq!(names(b"\x01a"), Err(NameError::Broken { at: 2 }));
    assert_eq!(names(b"\x05ab"), Err(NameError::Broken { at: 0 }));
    assert_eq!(names(b"\x41a"), Err(NameError::Broken { at: 0 }));
    assert_eq!(names(b"\xc0"), Err(NameError::Broken { at: 0 }));

    // Each name a pointer to the pointer before: read as far as that is reasonable.
    let mut chain = b"\x01a\0\xc0\x00".to_vec();
    for at in 0..200u16 {
        chain.extend((0xc003 + 2 * at).to_be_bytes());
    }
    assert_eq!(SearchList::new(&chain).filter(Result::is_ok).count(), 128);
    assert_eq!(names(&chain), Err(NameError::TooLong));
}

/// A name that holds the bytes of its own end in a label: found by fuzzing.
#[test]
fn search_lists_point_into_names_before_only_and_at_labels() {
    let mut odd = Name::ROOT;
    odd.push_label(b"\x01b\0").unwrap();
    odd.push_label(b"b").unwrap();
    let plain = Name::from_text(b"b").unwrap();
    let mut out = vec![9, 9, 9];
    emit_search_list(&[odd, plain, odd], &mut out);
    assert_eq!(&out[3..], b"\x03\x01b\0\x01b\0\xc0\x04\xc0\x00");
    let read: Vec<_> = SearchList::new(&out[3..]).map(Result::unwrap).collect();
    assert_eq!(read, [odd, plain, odd]);
}

#[test]
fn client_fqdn_in_both_encodings() {
    let name = |bytes: &[u8]| Fqdn::parse(bytes).unwrap().name();
    let given = |text: &str, is_qualified| {
        let name = if text.is_empty() { Name::ROOT } else { Name::from_text(text.as_bytes()).unwrap() };
        Ok(FqdnName { name, is_qualified })
    };
    assert_eq!(name(b"\x05\0\0\x02pc\x07example\x03com\0"), given("pc.example.com", true));
    assert_eq!(name(b"\x04\0\0\x02pc"), given("pc", false));
    assert_eq!(name(b"\x04\0\0"), given("", false));
    assert_eq!(name(b"\x00\0\0pc"), given("pc", false));
    assert_eq!(name(b"\x00\0\0pc.example.com"), given("pc.example.com", true));
    assert_eq!(name(b"\x00\0\0pc.example.com\0"), given("pc.example.com", true));
    assert_eq!(name(b"\x04\0\0printer-7"), given("printer-7", false), "bit E, but ASCII");
    assert!(name(b"\x04\0\0\xc0\x00").is_err());
    assert!(name(b"\x04\0\0\x02pc\0x").is_err());
    assert_eq!(Fqdn::parse(b"\x04\0"), None);

    let mut out = [0; 64];
    for bytes in [&b"\x05\xff\xff\x02pc\x07example\x03com\0"[..], b"\x00\xff\xffpc", b"\x04\xff\xff\x02pc"] {
        let fqdn = Fqdn::parse(bytes).unwrap();
        let len = fqdn.emit(&mut out).unwrap();
        assert_eq!(&out[..len], bytes);
        let len = fqdn.name().unwrap().emit(fqdn.flags, &mut out).unwrap();
        assert_eq!(&out[..len], fqdn.name_bytes);
        assert_eq!(fqdn.emit(&mut out[..4]), None);
    }
}

#[test]
fn client_ids_and_classes() {
    assert_eq!(
        ClientId::parse(&[255, 0, 0, 0, 7, 0, 3, 0, 1, 2]),
        ClientId::Duid { iaid: 7, duid: &[0, 3, 0, 1, 2] }
    );
    assert_eq!(ClientId::parse(&[1, 2, 3]), ClientId::HwAddr { htype: 1, addr: &[2, 3] });
    for opaque in [&[][..], &[0, 1], &[1], &[255, 0, 0, 0, 7]] {
        assert_eq!(ClientId::parse(opaque), ClientId::Opaque(opaque));
    }

    let classes = |bytes| UserClasses::new(bytes).collect::<Vec<_>>();
    assert_eq!(classes(b"\x02ab\x01c"), [&b"ab"[..], b"c"]);
    assert_eq!(classes(b"iPXE"), [b"iPXE"]);
    assert_eq!(classes(b""), [&b""[..]; 0]);

    let vendors: Vec<_> = VendorData::all(b"\0\0\0\x09\x04\x01\x02ok\0\0\x11\x8b\x00\0\0").collect();
    assert_eq!(vendors.iter().map(|v| v.enterprise).collect::<Vec<_>>(), [9, 4491]);
    assert_eq!(vendors[0].options().collect::<Vec<_>>(), [(1, &b"ok"[..])]);
    let class = VendorData { enterprise: 9, data: b"\x02ab\x01c" };
    assert_eq!(class.classes().collect::<Vec<_>>(), [&b"ab"[..], b"c"]);
}

#[test]
fn relay_info_in_parts() {
    let info = RelayInfo::new(
        b"\x01\x02c1\x02\x02r1\x05\x04\x0a\0\0\x01\x0a\x01\x80\x0b\x04\x0a\0\0\x02\x0c\x02id\x13\x00\x97\x03\x01vn\x98\x00",
    );
    assert!(info.is_whole());
    assert_eq!(info.circuit_id(), Some(&b"c1"[..]));
    assert_eq!(info.remote_id(), Some(&b"r1"[..]));
    assert_eq!(info.link_selection().unwrap().to_string(), "10.0.0.1");
    assert_eq!(info.was_unicast(), Some(true));
    assert_eq!(info.server_id_override().unwrap().to_string(), "10.0.0.2");
    assert_eq!(info.relay_id(), Some(&b"id"[..]));
    assert!(info.has_source_port() && info.has_vss_control());
    assert_eq!(info.vss(), Some((1, &b"vn"[..])));
    assert_eq!(info.subscriber_id(), None);

    let cut = RelayInfo::new(b"\x01\x02c1\x02\x09r1");
    assert!(!cut.is_whole());
    assert_eq!(cut.circuit_id(), Some(&b"c1"[..]));
    assert_eq!(cut.remote_id(), None);
    assert_eq!(RelayInfo::new(b"\x05\x03abc").link_selection(), None);
    assert!(RelayInfo::new(b"").is_whole());
}

#[test]
fn value_errors_say_what_is_wrong() {
    let error = Value::parse(Shape::Addrs, &[1, 2, 3]).unwrap_err();
    assert_eq!(error, ValueError::WrongLength { len: 3, wanted: "addresses" });
    assert_eq!(error.to_string(), "3 bytes can't be addresses");
}
