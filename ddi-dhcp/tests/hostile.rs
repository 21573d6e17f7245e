//! Bytes that nobody should send: what is refused, what is set aside, what is still seen.

#[path = "../fuzz/bodies/message_round_trip.rs"]
#[allow(unreachable_pub, reason = "also a module of the fuzz target")]
mod message_round_trip;
#[path = "../fuzz/bodies/packet_view.rs"]
#[allow(unreachable_pub, reason = "also a module of the fuzz target")]
mod packet_view;
#[path = "support/sample.rs"]
mod sample;

use ddi_dhcp::error::PacketError;
use ddi_dhcp::v4::{BadReason, Cookie, Message, MessageType, Packet, code};
use message_round_trip::message_round_trip;
use packet_view::packet_view;
use sample::{FILE, OPTIONS, SNAME, discover, fixed, with_options};

/// What the fuzz targets check, on bytes made for the purpose.
fn exercise(bytes: &[u8]) {
    packet_view(bytes);
    message_round_trip(bytes);
}

fn bad(packet: &Packet<'_>) -> Vec<(u16, u8, BadReason)> {
    packet.bad_options().map(|bad| (bad.offset, bad.code, bad.reason)).collect()
}

#[test]
fn cut_off_at_every_length() {
    let whole = discover();
    for len in 0..whole.len() {
        let cut = &whole[..len];
        exercise(cut);
        match Packet::parse(cut) {
            Err(error) => {
                assert!(len < 236);
                assert_eq!(error, PacketError::TooShort { len });
            }
            Ok(packet) => {
                assert!(len >= 236);
                let cookie = if len < OPTIONS { Cookie::Absent } else { Cookie::Dhcp };
                assert_eq!(packet.cookie(), cookie);
                assert!(packet.bad_option_count() <= 1);
            }
        }
    }
}

#[test]
fn longer_than_a_datagram() {
    let mut bytes = discover();
    bytes.resize(65535, 0);
    assert!(Packet::parse(&bytes).is_ok());
    bytes.push(0);
    assert_eq!(Packet::parse(&bytes).unwrap_err(), PacketError::TooLong { len: 65536 });
}

#[test]
fn hlen_and_op_of_every_value() {
    let mut bytes = discover();
    for hlen in 0..=255 {
        bytes[2] = hlen;
        match Packet::parse(&bytes) {
            Ok(packet) => {
                assert!(hlen <= 16);
                assert_eq!(packet.hw_addr().bytes(), &bytes[28..28 + usize::from(hlen)]);
            }
            Err(error) => {
                assert!(hlen > 16);
                assert_eq!(error, PacketError::HwAddrTooLong { hlen });
            }
        }
    }
    bytes[2] = 6;
    for op in 0..=255 {
        bytes[0] = op;
        let refused = Packet::parse(&bytes).err();
        assert_eq!(refused, (!matches!(op, 1 | 2)).then_some(PacketError::UnknownOp { op }));
    }
}

#[test]
fn without_the_magic_cookie_there_are_no_options() {
    let mut bytes = discover();
    bytes[236] = 98;
    let packet = Packet::parse(&bytes).unwrap();
    assert_eq!(packet.cookie(), Cookie::Other([98, 130, 83, 99]));
    assert_eq!(packet.options().count(), 0);
    assert_eq!(packet.vend(), &bytes[236..]);
    assert!(packet.is_bootp());

    // RFC 951: a vend field of 64 bytes, all zero.
    let mut bytes = fixed();
    bytes.resize(300, 0);
    let packet = Packet::parse(&bytes).unwrap();
    assert_eq!((packet.cookie(), packet.vend().len()), (Cookie::Absent, 64));
}

#[test]
fn an_overrun_ends_its_field_and_no_other() {
    let mut bytes = with_options(&[53, 1, 1, 52, 1, 3, 61, 200, 1, 2, 3, 255]);
    bytes[FILE..FILE + 6].copy_from_slice(&[12, 2, b'p', b'c', 60, 250]);
    bytes[SNAME..SNAME + 3].copy_from_slice(&[57, 2, 5]);
    bytes[SNAME + 3] = 220;
    let packet = Packet::parse(&bytes).unwrap();
    assert_eq!(packet.message_type(), Some(MessageType::Discover));
    assert!(packet.client_id().is_none());
    assert_eq!(packet.option(code::HOST_NAME).unwrap().contiguous(), Some(&b"pc"[..]));
    assert_eq!(packet.max_message_size(), Some(1500));
    let at = OPTIONS as u16 + 6;
    assert_eq!(bad(&packet), [(at, 61, BadReason::Overrun), (FILE as u16 + 4, 60, BadReason::Overrun)]);
}

#[test]
fn a_code_without_a_length_is_an_overrun() {
    let packet_bytes = with_options(&[53, 1, 3, 61]);
    let packet = Packet::parse(&packet_bytes).unwrap();
    assert_eq!(packet.message_type(), Some(MessageType::Request));
    assert_eq!(bad(&packet), [(OPTIONS as u16 + 3, 61, BadReason::Overrun)]);
}

#[test]
fn overload_of_every_value_and_nested() {
    for value in 0..=255 {
        let mut bytes = with_options(&[53, 1, 1, 52, 1, value, 255]);
        // Inside: the host name, and an overload that would point elsewhere.
        bytes[FILE..FILE + 7].copy_from_slice(&[52, 1, 3, 12, 1, b'f', 255]);
        bytes[SNAME..SNAME + 7].copy_from_slice(&[52, 1, 3, 61, 1, b's', 255]);
        let packet = Packet::parse(&bytes).unwrap();
        let (file, sname) = (value == 1 || value == 3, value == 2 || value == 3);
        assert_eq!(packet.has(code::HOST_NAME), file, "{value}");
        assert_eq!(packet.has(code::CLIENT_ID), sname, "{value}");
        let nested = usize::from(file) + usize::from(sname);
        let reasons: Vec<_> = packet.bad_options().map(|bad| bad.reason).collect();
        if nested == 0 {
            assert_eq!(reasons, [BadReason::Overload], "{value}");
        } else {
            assert_eq!(reasons, vec![BadReason::NestedOverload; nested], "{value}");
        }
        exercise(&bytes);
    }
    // Not one byte long.
    let bytes = with_options(&[52, 2, 1, 1, 255]);
    assert_eq!(bad(&Packet::parse(&bytes).unwrap()), [(OPTIONS as u16, 52, BadReason::Overload)]);
}

#[test]
fn pieces_are_joined_from_options_file_and_sname_in_this_order() {
    let mut bytes =
        with_options(&[119, 1, b'a', 53, 1, 1, 119, 1, b'b', 0, 52, 1, 3, 119, 0, 255, 119, 1, b'x']);
    bytes[SNAME..SNAME + 4].copy_from_slice(&[119, 1, b'd', 255]);
    bytes[FILE..FILE + 4].copy_from_slice(&[119, 1, b'c', 255]);
    let packet = Packet::parse(&bytes).unwrap();
    let value = packet.option(119).unwrap();
    assert_eq!((value.len(), value.contiguous()), (4, None));
    assert_eq!(value.pieces().count(), 5);
    let mut scratch = [0; 4];
    assert_eq!(value.to_slice(&mut scratch), Some(&b"abcd"[..]));
    assert_eq!(value.to_slice(&mut [0; 3]), None);
    assert!(value == *b"abcd".as_slice() && value != *b"abce".as_slice() && value != *b"abc".as_slice());
    let codes: Vec<_> = packet.options().map(|value| value.code()).collect();
    assert_eq!(codes, [119, 53, 52], "each once; nothing behind the end mark");
    assert_eq!((packet.sname(), packet.file()), (&b""[..], &b""[..]));
}

#[test]
fn a_fixed_option_given_twice_counts_once_if_both_say_the_same() {
    let parse = |options: &[u8]| Packet::parse(&with_options(options)).unwrap().message_type();
    assert_eq!(parse(&[53, 1, 3, 53, 1, 3, 255]), Some(MessageType::Request));
    assert_eq!(parse(&[53, 1, 3, 53, 1, 4, 255]), None);
    assert_eq!(parse(&[53, 2, 3, 3, 255]), None);
    assert_eq!(parse(&[53, 0, 255]), None);
    let twice = with_options(&[50, 2, 10, 0, 50, 2, 0, 1, 255]);
    assert_eq!(Packet::parse(&twice).unwrap().requested_addr(), Some([10, 0, 0, 1].into()));
}

#[test]
fn tens_of_thousands_of_options_and_of_pads() {
    let fill = |one: &dyn Fn(usize) -> [u8; 2]| {
        let mut options = vec![53, 1, 1];
        while options.len() < 65_000 {
            options.extend(one(options.len() / 2));
        }
        options.extend([60, 1, b'v', 255]);
        with_options(&options)
    };
    let same = fill(&|_| [61, 0]);
    let packet = Packet::parse(&same).unwrap();
    assert_eq!(packet.client_id().unwrap().len(), 0);
    assert!(packet.client_id().unwrap().pieces().count() > 32_000);
    assert!(packet.has(code::VENDOR_CLASS));

    let all = fill(&|i| [(i % 254 + 1) as u8, 0]);
    assert_eq!(Message::parse(&all).unwrap().options.len(), 253, "all but overload");
    exercise(&all[..1500]);

    let pads = fill(&|_| [0, 0]);
    let packet = Packet::parse(&pads).unwrap();
    assert_eq!(packet.options().count(), 2);

    let nested = {
        let mut bytes = with_options(&[52, 1, 3, 255]);
        bytes[FILE..FILE + 128].chunks_exact_mut(2).for_each(|two| two.copy_from_slice(&[52, 0]));
        bytes
    };
    let packet = Packet::parse(&nested).unwrap();
    assert_eq!((packet.bad_option_count(), packet.bad_options().count()), (64, 4), "counted, not kept");
}

/// Deterministic changes of good packets: a few bytes set, or a cut.
#[test]
fn random_changes() {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as usize
    };
    for _ in 0..20_000 {
        let mut bytes = discover();
        for _ in 0..=next() % 8 {
            let at = next() % bytes.len();
            bytes[at] = next() as u8;
        }
        bytes.truncate(bytes.len() - (next() % 4) * (next() % 40));
        exercise(&bytes);
    }
}
