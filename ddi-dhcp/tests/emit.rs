//! Replies: order, space, overload, splitting, and what the view reads back.

use ddi_core::HwAddr;
use ddi_dhcp::error::EmitError;
use ddi_dhcp::v4::{Cookie, Header, MessageType, Op, OptionSet, Packet, Reply, code, max_len_for};

fn header() -> Header {
    Header {
        op: Op::Reply,
        hw_addr: HwAddr::new(1, &[2, 0, 0, 0, 0, 1]).unwrap(),
        xid: 0x1234_5678,
        ..Header::default()
    }
}

fn options(list: &[(u8, &[u8])]) -> OptionSet {
    let mut set = OptionSet::new();
    for &(code, value) in list {
        set.put(code, value);
    }
    set
}

/// Codes in the order in which they are on the wire, by field.
fn wire_codes(mut field: &[u8]) -> Vec<u8> {
    let mut codes = Vec::new();
    while let [code, rest @ ..] = field {
        match *code {
            0 => field = rest,
            255 => break,
            code => {
                codes.push(code);
                field = &rest[1 + usize::from(rest[0])..];
            }
        }
    }
    codes
}

#[test]
fn message_type_is_first_then_the_requested_order_then_the_rest_and_relay_info_is_last() {
    let set = options(&[
        (82, b"\x01\x01x"),
        (54, &[10, 0, 0, 1]),
        (15, b"example.com"),
        (3, &[10, 0, 0, 254]),
        (1, &[255, 255, 255, 0]),
        (6, &[10, 0, 0, 53]),
        (53, &[5]),
    ]);
    let mut out = [0xaa; 1500];
    let emitted = Reply::new(&header(), &set).in_order(&[6, 82, 3, 1, 6, 99]).emit(&mut out).unwrap();
    assert_eq!(emitted.len, 300, "padded to BOOTP's size");
    assert!(emitted.dropped.is_empty());
    assert_eq!(wire_codes(&out[240..emitted.len]), [53, 6, 1, 3, 54, 15, 82]);

    let packet = Packet::parse(&out[..emitted.len]).unwrap();
    assert_eq!(packet.cookie(), Cookie::Dhcp);
    assert_eq!(packet.op(), Op::Reply);
    assert_eq!(packet.message_type(), Some(MessageType::Ack));
    assert_eq!(packet.xid(), 0x1234_5678);
    assert_eq!(packet.hw_addr(), header().hw_addr);
    for (code, value) in set.iter() {
        assert_eq!(packet.option(code).unwrap().contiguous(), Some(value));
    }
    assert_eq!(packet.bad_option_count(), 0);
}

#[test]
fn what_does_not_fit_is_left_out_least_important_first_and_said() {
    let long = [7u8; 110];
    let set = options(&[
        (53, &[5]),
        (54, &[10, 0, 0, 1]),
        (51, &[0, 0, 1, 0]),
        (200, &long),
        (201, &long),
        (15, b"example.com"),
        (61, &[1; 30]),
        (82, &[1; 60]),
    ]);
    let mut out = [0; 1500];
    let header = header();
    let reply = Reply::new(&header, &set).in_order(&[201, 15]).at_most(max_len_for(None));
    let emitted = reply.emit(&mut out).unwrap();
    assert!(emitted.len <= 548);
    assert_eq!(emitted.dropped.iter().collect::<Vec<_>>(), [200], "requested ones go before it");
    assert_eq!(wire_codes(&out[240..]), [53, 201, 15, 54, 51, 61, 82]);

    let emitted = reply.with_overload().emit(&mut out).unwrap();
    assert!(emitted.len <= 548);
    assert!(emitted.dropped.is_empty());
    assert_eq!(wire_codes(&out[240..]), [53, 52, 201, 15, 54, 51, 61, 82]);
    assert_eq!(wire_codes(&out[108..236]), [200]);
    let packet = Packet::parse(&out[..emitted.len]).unwrap();
    assert!(packet.overload().file() && !packet.overload().sname());
    assert_eq!(packet.option(200).unwrap().contiguous(), Some(&long[..]));
}

#[test]
fn never_more_than_the_limit_and_an_error_if_the_needed_ones_do_not_fit() {
    let header = header();
    let set = options(&[(53, &[5]), (61, &[1; 200]), (82, &[2; 200])]);
    let mut out = [0; 1500];
    let error = Reply::new(&header, &set).at_most(548).emit(&mut out).unwrap_err();
    assert_eq!(error, EmitError::NoRoom { code: code::CLIENT_ID, room: 548 });
    assert!(Reply::new(&header, &set).at_most(548).with_overload().emit(&mut out).is_err());
    assert!(Reply::new(&header, &set).emit(&mut out[..200]).is_err());
}

/// RFC 3396: pieces of 255, joined again by the view.
#[test]
fn long_values_are_split() {
    let header = header();
    let long: Vec<u8> = (0..600).map(|i| i as u8).collect();
    let set = options(&[(53, &[5]), (121, &long), (54, &[10, 0, 0, 1])]);
    let mut out = [0; 1500];
    let emitted = Reply::new(&header, &set).in_order(&[121]).emit(&mut out).unwrap();
    assert_eq!(wire_codes(&out[240..]), [53, 121, 121, 121, 54]);
    let packet = Packet::parse(&out[..emitted.len]).unwrap();
    let value = packet.option(121).unwrap();
    assert_eq!(value.pieces().map(<[u8]>::len).collect::<Vec<_>>(), [255, 255, 90]);
    assert!(value == long[..]);
}

/// The room of 548 bytes with all fields, to the last byte: 307 in options, less 3 for option 52, 127
/// in file, 63 in sname, each less the codes and lengths of its pieces.
#[test]
fn a_long_value_over_three_fields_fills_them() {
    let header = header();
    let room = (304 - 3 - 2 - 2) + (127 - 2) + (63 - 2);
    for (len, fits) in [(room - 1, true), (room, true), (room + 1, false)] {
        let long: Vec<u8> = (0..len).map(|i| i as u8).collect();
        let set = options(&[(53, &[5]), (121, &long)]);
        let mut out = [0; 548];
        let emitted = Reply::new(&header, &set).with_overload().emit(&mut out).unwrap();
        assert_eq!(emitted.dropped.contains(121), !fits, "{len}");
        let packet = Packet::parse(&out[..emitted.len]).unwrap();
        assert_eq!(packet.overload().file() && packet.overload().sname(), fits);
        assert_eq!(packet.option(121).is_some_and(|value| value == long[..]), fits, "{len}");
        assert_eq!(packet.bad_option_count(), 0);
    }
}

#[test]
fn names_in_use_are_not_overwritten() {
    let mut header = header();
    header.file[..4].copy_from_slice(b"boot");
    let set =
        options(&[(53, &[5]), (15, &[b'a'; 250]), (12, &[b'b'; 50]), (82, b"\x01\x01x"), (14, &[b'c'; 120])]);
    let mut out = [0; 548];
    let emitted = Reply::new(&header, &set).with_overload().emit(&mut out).unwrap();
    let packet = Packet::parse(&out[..emitted.len]).unwrap();
    assert_eq!(packet.file(), b"boot");
    assert!(packet.overload().sname() && !packet.overload().file());
    assert_eq!(wire_codes(&out[44..108]), [12]);
    assert_eq!(wire_codes(&out[240..]), [53, 52, 15, 82]);
    assert_eq!(emitted.dropped.iter().collect::<Vec<_>>(), [14]);
}

/// RFC 951: 300 bytes and no more for a client that knows no options field.
#[test]
fn a_bootp_reply_without_a_message_type() {
    let header = header();
    let set = options(&[(1, &[255, 255, 255, 0]), (3, &[10, 0, 0, 1]), (15, &[b'a'; 60])]);
    let mut out = [0xff; 300];
    let emitted = Reply::new(&header, &set).at_most(300).emit(&mut out).unwrap();
    assert_eq!(emitted.len, 300);
    assert_eq!(wire_codes(&out[240..]), [1, 3]);
    assert_eq!(emitted.dropped.iter().collect::<Vec<_>>(), [15]);
    assert!(Packet::parse(&out).unwrap().is_bootp());
    let emitted = Reply::new(&header, &set).at_most(300).with_overload().emit(&mut out).unwrap();
    assert!(emitted.dropped.is_empty());
    assert_eq!(wire_codes(&out[240..]), [52, 1, 3]);
    assert_eq!(wire_codes(&out[108..236]), [15]);
}

#[test]
fn limits_by_option_57() {
    assert_eq!(max_len_for(None), 548);
    assert_eq!(max_len_for(Some(0)), 548, "below the legal minimum");
    assert_eq!(max_len_for(Some(1500)), 1472);
    assert_eq!(max_len_for(Some(u16::MAX)), 65507);
}

#[test]
fn hardware_addresses_that_do_not_fit_are_refused() {
    let mut out = [0; 548];
    for (htype, bytes) in [(1, &[1u8; 17][..]), (256, &[1; 6])] {
        let header = Header { hw_addr: HwAddr::new(htype, bytes).unwrap(), ..header() };
        let error = Reply::new(&header, &OptionSet::new()).emit(&mut out).unwrap_err();
        assert_eq!(error, EmitError::HwAddrTooLong { htype, len: bytes.len() });
    }
}

#[test]
fn option_sets_replace_remove_and_keep_their_order() {
    let mut set = options(&[(3, b"aaaa"), (6, b"bbbb"), (15, b"c")]);
    set.put(6, b"longer than before");
    set.put(0, b"pad");
    set.put(52, &[1]);
    set.put(255, b"end");
    assert_eq!(set.iter().map(|(code, _)| code).collect::<Vec<_>>(), [3, 6, 15]);
    assert_eq!(set.get(6), Some(&b"longer than before"[..]));
    set.remove(3);
    set.remove(3);
    assert_eq!((set.get(3), set.get(15), set.len()), (None, Some(&b"c"[..]), 2));
    set.put(3, b"again");
    assert_eq!(set.iter().map(|(code, _)| code).collect::<Vec<_>>(), [6, 15, 3]);
    assert_eq!(set.codes().iter().collect::<Vec<_>>(), [3, 6, 15]);
    set.clear();
    assert!(set.is_empty() && set.get(6).is_none() && !set.contains(6));
}
