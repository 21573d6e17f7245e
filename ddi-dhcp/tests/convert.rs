//! `Message`, typed and through `dhcproto`: what that would panic on or lose is guarded.

#[path = "support/sample.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod sample;

use ddi_dhcp::error::{ConvertError, ValueError};
use ddi_dhcp::v4::option::Value;
use ddi_dhcp::v4::{Message, MessageType, code};
use dhcproto::v4::{self as other, DhcpOption, OptionCode, relay};
use dhcproto::{Decodable, Decoder};
use sample::{discover, with_options};

fn message(options: &[u8]) -> Message {
    Message::parse(&with_options(options)).unwrap()
}

fn through(options: &[u8]) -> other::Message {
    let before = message(options);
    let there = other::Message::try_from(&before).unwrap();
    let after = Message::try_from(&there).unwrap();
    for (code, value) in before.options.iter() {
        assert_eq!(after.options.get(code), Some(value), "option {code}");
    }
    there
}

#[test]
fn typed_values() {
    let mut message = Message::parse(&discover()).unwrap();
    assert_eq!(message.message_type(), Some(MessageType::Discover));
    assert_eq!(message.requested_addr(), Some([10, 77, 16, 1].into()));
    assert_eq!(message.value(code::HOST_NAME), Ok(Some(Value::Text(b"workstation7".to_vec()))));
    assert_eq!(message.value(code::ROUTERS), Ok(None));
    message.options.put(code::ROUTERS, &[1, 2, 3]);
    assert_eq!(message.value(code::ROUTERS), Err(ValueError::WrongLength { len: 3, wanted: "addresses" }));
    message.put_value(code::ROUTERS, &Value::Addrs(vec![[10, 77, 0, 1].into()]));
    assert_eq!(message.options.get(code::ROUTERS), Some(&[10, 77, 0, 1][..]));
    message.set_message_type(MessageType::Unknown(200));
    assert_eq!(message.message_type(), Some(MessageType::Unknown(200)));
    message.set_message_type(MessageType::Tls);
    assert_eq!(message.options.get(code::MESSAGE_TYPE), Some(&[18][..]));
    assert_eq!(message.server_id(), None);
    message.options.put_u32(code::LEASE_SECONDS, 7);
    assert_eq!(message.lease_seconds(), Some(7));
}

#[test]
fn well_formed_options_arrive_with_their_types() {
    let there = other::Message::try_from(&Message::parse(&discover()).unwrap()).unwrap();
    assert_eq!(there.opts().msg_type(), Some(other::MessageType::Discover));
    assert!(
        matches!(there.opts().get(OptionCode::Hostname), Some(DhcpOption::Hostname(name)) if name == "workstation7")
    );
    assert!(matches!(there.opts().get(OptionCode::ClientFQDN), Some(DhcpOption::ClientFQDN(_))));
    assert!(matches!(
        there.opts().get(OptionCode::RelayAgentInformation),
        Some(DhcpOption::RelayAgentInformation(_))
    ));
    assert!(matches!(
        there.opts().get(OptionCode::ClasslessStaticRoute),
        Some(DhcpOption::ClasslessStaticRoute(_))
    ));
    assert_eq!(there.chaddr(), [2, 0, 0, 0, 0, 1]);
}

/// Its own decoder would drop everything behind the first of these.
#[test]
fn what_it_can_not_decode_goes_over_as_bytes_and_the_rest_stays() {
    let there =
        through(b"\x35\x01\x01\x0c\x05h\xe9llo\x51\x05\0\0\0pc\x3d\x03\x01\x02\x03\x52\x03\x01\x01x\xff");
    assert!(matches!(there.opts().get(OptionCode::Hostname), Some(DhcpOption::Unknown(_))));
    assert!(there.opts().contains(OptionCode::ClientIdentifier));
    assert!(there.opts().contains(OptionCode::RelayAgentInformation));
}

/// Lengths that it asserts (debug) or subtracts from, an option it files under another code, sub-options
/// it would sort, an empty text it would not write.
#[test]
fn nothing_panics_and_nothing_changes() {
    through(b"\x50\x01x\x51\x02ab\x5e\x01a\x97\x00\x98\x01a\x99\x00\x9a\x05aaaaa\x9b\x00\xff");
    through(b"\x25\x01\x40\x6a\x04\0\0\0\x01\x6c\x04\0\0\x03\x84\xff");
    through(b"\x52\x06\x02\x01b\x01\x01a\x0c\x00\x02\x04abcde\xff");
    let mut long = Vec::new();
    for _ in 0..3 {
        long.extend([121, 254]);
        long.extend([24, 10, 1, 2, 0, 0, 0, 0].repeat(32).iter().take(254));
    }
    through(&long);
}

#[test]
fn a_message_type_of_a_wrong_length_is_refused() {
    let error = other::Message::try_from(&message(&[53, 2, 1, 1, 255])).unwrap_err();
    assert_eq!(error, ConvertError::BadOption { code: 53 });
}

#[test]
fn fields_that_no_packet_has_are_refused_on_the_way_back() {
    let mut bytes = discover();
    for hlen in 17..=255 {
        bytes[2] = hlen;
        let there = other::Message::decode(&mut Decoder::new(&bytes)).unwrap();
        let error = Message::try_from(&there).unwrap_err();
        assert_eq!(error, ConvertError::HwAddrTooLong { htype: 1, len: hlen.into() });
    }
    let mut there = other::Message::decode(&mut Decoder::new(&discover())).unwrap();
    there.set_opcode(other::Opcode::Unknown(7));
    assert_eq!(Message::try_from(&there).unwrap_err(), ConvertError::UnknownOp { op: 7 });
}

#[test]
fn options_that_it_would_write_wrong_are_refused_on_the_way_back() {
    let with = |option: DhcpOption| {
        let mut there = other::Message::decode(&mut Decoder::new(&discover())).unwrap();
        there.opts_mut().insert(option);
        Message::try_from(&there)
    };
    let mut info = relay::RelayAgentInformation::default();
    info.insert(relay::RelayInfo::AgentCircuitId(vec![1; 300]));
    let error = with(DhcpOption::RelayAgentInformation(info)).unwrap_err();
    assert_eq!(error, ConvertError::BadOption { code: 82 });
    for len in [255, 256, 600] {
        let option =
            DhcpOption::BulkLeaseQueryStatusCode(dhcproto::v4::bulk_query::Code::Success, "x".repeat(len));
        assert_eq!(with(option).unwrap_err(), ConvertError::BadOption { code: 151 });
    }
    let unknown = other::UnknownOption::new(OptionCode::from(224), vec![7; 700]);
    let message = with(DhcpOption::Unknown(unknown)).unwrap();
    assert_eq!(message.options.get(224), Some(&[7; 700][..]));
}
