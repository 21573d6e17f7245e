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
