//! Options that come in pieces (RFC 3396) mean what they mean in one.

use crate::harness::*;
use ddi_dhcp::server::*;
use ddi_dhcp::v4::{MessageType, code};

/// The message with the options of these codes in two pieces each, with all others between them.
fn in_pieces(ask: &Ask, codes: &[u8]) -> Vec<u8> {
    let bytes = ask.bytes();
    let (mut out, mut rest) = (bytes[..240].to_vec(), &bytes[240..]);
    let mut later = Vec::new();
    while let [code, len, more @ ..] = rest
        && *code != 255
    {
        let (value, after) = more.split_at(usize::from(*len));
        let (first, second) =
            value.split_at(if codes.contains(code) { value.len() / 2 } else { value.len() });
        for (piece, to) in [(first, &mut out), (second, &mut later)] {
            if codes.contains(code) || !piece.is_empty() {
                to.extend([*code, piece.len() as u8]);
                to.extend(piece);
            }
        }
        rest = after;
    }
    out.extend(later);
    out.push(255);
    out
}

/// The only reply to the message in pieces.
fn reply_to_pieces(world: &mut World, ask: &Ask, codes: &[u8]) -> Sent {
    world.tell_bytes(&in_pieces(ask, codes), ask);
    world.store.commit();
    let mut sent = world.sent();
    assert_eq!(sent.len(), 1, "{:?}", world.events);
    sent.remove(0)
}

#[test]
fn classes() {
    for (test, code, value) in [
        (ClassTest::VendorClass(b"phone".to_vec()), code::VENDOR_CLASS, &b"phone"[..]),
        (ClassTest::VendorClassPrefix(b"pho".to_vec()), code::VENDOR_CLASS, b"phone"),
        (ClassTest::UserClass(b"boot".to_vec()), code::USER_CLASS, b"\x03abc\x04boot"),
        (ClassTest::UserClass(b"gPXE".to_vec()), code::USER_CLASS, b"gPXE"),
        (
            ClassTest::EnterpriseClass { enterprise: 9, class: b"phone".to_vec() },
            code::VENDOR_CLASSES,
            b"\0\0\0\x09\x06\x05phone",
        ),
        (ClassTest::EnterpriseOptions { enterprise: 9 }, code::VENDOR_OPTIONS, b"\0\0\0\x09\x02\x01\0"),
    ] {
        let mut config = config();
        config.classes = vec![Class { name: "c".into(), any_of: vec![test.clone()], ..Class::default() }];
        config.classes[0].params.boot_file = b"/for-class".to_vec();
        let mut world = World::new(config);
        let ask = Ask::discover(1).option(code, value);
        assert_eq!(world.one(&ask).packet().file(), b"/for-class", "{test:?} in one piece");
        let offer = reply_to_pieces(&mut world, &ask, &[code]);
        assert_eq!(offer.packet().file(), b"/for-class", "{test:?}");
        // The next client's does not begin with the last one's.
        let other = reply_to_pieces(&mut world, &Ask::discover(2).option(code, b"x"), &[code]);
        assert_eq!(other.packet().file(), b"", "{test:?}");
    }
}

#[test]
fn names() {
    let mut config = config();
    config.cache_threshold_percent = 100;
    let suffix = b"example.com".to_vec();
    config.names = Names { enabled: true, suffix, from_hostname: true, ..Names::default() };
    let mut world = World::new(config);
    let both = |ask: Ask| {
        ask.option(code::CLIENT_FQDN, b"\x05\0\0\x06laptop").option(code::HOST_NAME, b"other-name")
    };
    let codes = [code::CLIENT_FQDN, code::HOST_NAME];
    let offer = reply_to_pieces(&mut world, &both(Ask::discover(1)), &codes);
    let address = offer.yiaddr();
    let ack = reply_to_pieces(&mut world, &both(Ask::selecting(1, address)), &codes);
    assert_eq!(ack.kind(), Some(MessageType::Ack));
    assert_eq!(ack.option(code::CLIENT_FQDN).unwrap(), b"\x05\xff\xff\x06laptop\x07example\x03com\0");
    let lease = world.lease(address);
    assert_eq!((&lease.hostname[..], &lease.ddns.fqdn[..]), (&b"other-name"[..], &b"laptop.example.com"[..]));
    // It is the same name: nothing has to be written for a renewal.
    let (written, renewal) = (world.store.appended(), Ask::renewing(1, address));
    reply_to_pieces(&mut world, &both(renewal), &codes);
    assert_eq!(world.store.appended(), written);
    // Option 12 alone.
    let named = |ask: Ask| ask.option(code::HOST_NAME, b"printer");
    let offer = reply_to_pieces(&mut world, &named(Ask::discover(2)), &codes);
    reply_to_pieces(&mut world, &named(Ask::selecting(2, offer.yiaddr())), &codes);
    assert_eq!(world.lease(offer.yiaddr()).ddns.fqdn, b"printer.example.com");
}
