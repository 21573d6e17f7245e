//! The codec against bytes that dhcpd 4.4.3-P1 sent, and against bytes that nobody should send.

#[path = "support/capture.rs"]
mod capture;

use std::collections::BTreeMap;

use ddi_failover::wire::Deframer;
use ddi_failover::wire::v4::{
    BindingAck, BindingUpdate, Body, Code, Connect, HEADER_LEN, HardwareAddress, Header, Kind, MAX_LEN,
    Message, RejectReason, StateReport, append, binding_state, emit, from_wire_time, server_state,
    server_state_number, to_wire_time,
};
use ddi_failover::{EmitError, State, WireError};

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_digit(16).unwrap() as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// Parses, and emits the body and its options again.
fn emit_again(message: &[u8]) -> Vec<u8> {
    let view = Message::parse(message).unwrap();
    let body = Body::parse(&view).unwrap();
    let mut out = Vec::new();
    append(&mut out, body.kind(), Header { time: view.time(), xid: view.xid() }, |w| body.write(w)).unwrap();
    out
}

/// Messages of dhcpd: relationship "fo1", max-unacked 10, max-response-delay 12, mclt 60, split 128.
const GOLDEN: &[(&str, &str)] = &[
    (
        "CONNECT",
        "0069050c6b02c94400000000 00160003666f31 000e00040000000a 001300040000000c
         001c000c6973632d342e342e332d5031 0014000101 001b000100 000f00040000003c
         000b0020 ffffffffffffffffffffffffffffffff 00000000000000000000000000000000",
    ),
    (
        "CONNECTACK",
        "003d060c6b02c9b1000003e9 00160003666f31 000e00040000000a 001300040000000c
         001c000c6973632d342e342e332d5031 0014000101 001a000100",
    ),
    ("STATE", "001e0a0c6b02c94400000001 0018000106 0017000101 001900046b02c93f"),
    ("STATE", "001e0a0c6b02c9440000000f 0018000102 0017000100 001900046b02c944"),
    ("UPDREQALL", "000c070c6b02c94400000003"),
    (
        "BNDUPD",
        "0031030c6b02c94400000004 000200040a09000a 0003000101 000d000400000000 0012000400000000
         0019000400000000",
    ),
    (
        "BNDUPD",
        "004f030c6b02cc3d00000008 000200040a09000f 0003000102 0004000701020000000002
         0005000701020000000002 000d00046b02cc79 001200046b02ceb3 001900046b02cc3d 000600046b02cc3d",
    ),
    (
        "BNDUPD",
        "0039030c6b02cc420000000a 000200040a090010 0003000105 000d00046b041dc2 001200046b02ceb6
         001900046b02cc40 000600046b02cc40",
    ),
    ("CONTACT", "000c0b0c6b02cc460000000b"),
];

#[test]
fn golden_messages_parse_and_emit_identically() {
    for (name, text) in GOLDEN {
        let bytes = hex(text);
        assert_eq!(Message::parse(&bytes).unwrap().kind().to_string(), *name);
        assert_eq!(emit_again(&bytes), bytes, "{name}");
    }
}

#[test]
fn golden_messages_mean_what_they_should() {
    let connect = hex(GOLDEN[0].1);
    let buckets = [[0xff; 16], [0; 16]].concat();
    let want = Connect {
        relationship_name: Some(b"fo1"),
        max_unacked: Some(10),
        receive_timer_seconds: Some(12),
        vendor_class: Some(b"isc-4.4.3-P1"),
        protocol_version: Some(1),
        tls_request: Some(0),
        mclt_seconds: Some(60),
        hash_buckets: Some(&buckets),
    };
    assert_eq!(Body::parse(&Message::parse(&connect).unwrap()), Ok(Body::Connect(want)));

    let state = hex(GOLDEN[2].1);
    let want = StateReport { state: Some(6), flags: Some(1), start_time_of_state: Some(0x6b02_c93f) };
    assert_eq!(Body::parse(&Message::parse(&state).unwrap()), Ok(Body::State(want)));

    let update = hex(GOLDEN[6].1);
    let view = Message::parse(&update).unwrap();
    assert_eq!((view.kind(), view.time(), view.xid()), (Kind::BNDUPD, 0x6b02_cc3d, 8));
    let Ok(Body::BindingUpdate(leases)) = Body::parse(&view) else { panic!("not a BNDUPD") };
    let want = BindingUpdate {
        address: Some([10, 9, 0, 15].into()),
        binding_status: Some(2),
        client_id: Some(&[1, 2, 0, 0, 0, 0, 2]),
        hw_addr: Some(HardwareAddress { htype: 1, addr: &[2, 0, 0, 0, 0, 2] }),
        lease_expiration_time: Some(0x6b02_cc79),
        potential_expiration_time: Some(0x6b02_ceb3),
        start_time_of_state: Some(0x6b02_cc3d),
        client_last_transaction_time: Some(0x6b02_cc3d),
        ..BindingUpdate::default()
    };
    assert_eq!(leases.collect::<Vec<_>>(), [Ok(want)]);
}

/// Every message of a capture, cut by one Deframer per direction from pieces of `step` bytes.
fn messages(file: &str, step: usize) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for (_, stream) in capture::failover_streams(file) {
        let mut deframer = Deframer::default();
        for piece in stream.chunks(step) {
            let mut input = piece;
            while let Some(message) = deframer.next_message(&mut input).unwrap() {
                all.push(message.to_vec());
            }
            assert!(input.is_empty());
        }
        assert_eq!(deframer.held(), 0, "{file} ends within a message");
    }
    all
}

/// How many messages of each type a capture holds, after checking that each emits identically.
fn check_capture(file: &str) -> BTreeMap<Kind, usize> {
    let all = messages(file, usize::MAX);
    let mut counts = BTreeMap::new();
    for bytes in &all {
        assert_eq!(&emit_again(bytes), bytes, "{file}: {:?}", Message::parse(bytes));
        *counts.entry(Message::parse(bytes).unwrap().kind()).or_default() += 1;
    }
    for step in [1, 7, 1000] {
        assert_eq!(messages(file, step), all, "{file} in pieces of {step}");
    }
    counts
}

#[test]
fn captures_parse_and_emit_identically() {
    let mut seen = BTreeMap::new();
    for file in ["dhcpd-4.4.3-startup.pcap", "dhcpd-4.4.3-leases.pcap", "dhcpd-4.4.3-recover.pcap"] {
        let counts = check_capture(file);
        println!("{file}: {counts:?}");
        for (kind, count) in counts {
            *seen.entry(kind).or_insert(0) += count;
        }
    }
    let missing: Vec<_> = Kind::KNOWN.iter().filter(|kind| !seen.contains_key(kind)).collect();
    println!("all: {seen:?}, not in any capture: {missing:?}");
    // One update was on its way when the secondary was killed.
    assert_eq!((seen[&Kind::BNDUPD], seen[&Kind::BNDACK]), (718, 717));
    assert_eq!(seen.values().sum::<usize>(), 1526);
}

fn message(kind: u8, offset: u8, rest: &str) -> Vec<u8> {
    let rest = hex(rest);
    let mut bytes = ((12 + rest.len()) as u16).to_be_bytes().to_vec();
    bytes.extend([kind, offset, 0, 0, 0, 1, 0, 0, 0, 2]);
    bytes.extend(rest);
    bytes
}

#[test]
fn types_without_a_capture_emit_identically() {
    for (kind, rest) in [
        (1, ""),
        (2, "0001000400000005"),
        (4, "000200040a09000a 0015000110 00100003 6e6f21"),
        (6, "00160003666f31 001c0003646469 0014000101 001a000100 0015000108 001000026e6f"),
        (8, ""),
        (9, ""),
        (12, "0015000111 00100003627965"),
        (200, "7777000101 0002000101 7777000101"),
    ] {
        let bytes = message(kind, 12, rest);
        assert_eq!(emit_again(&bytes), bytes, "type {kind}");
    }
}

#[test]
fn header_bounds() {
    assert_eq!(Message::parse(&[0, 12, 11]), Err(WireError::Length { length: 3 }));
    let mut bytes = message(11, 12, "");
    bytes[1] = 13;
    assert_eq!(Message::parse(&bytes), Err(WireError::LengthMismatch { field: 13, found: 12 }));
    bytes[1] = 11;
    assert_eq!(Message::parse(&bytes), Err(WireError::Length { length: 11 }));
    for offset in [0, 8, 11, 17] {
        let bytes = message(11, offset, "00000000");
        assert_eq!(Message::parse(&bytes), Err(WireError::PayloadOffset { offset, length: 16 }));
    }
    // A later version's longer header is skipped, and can be read.
    let bytes = message(2, 16, "deadbeef 0001000400000005");
    let view = Message::parse(&bytes).unwrap();
    assert_eq!(view.extra_header(), [0xde, 0xad, 0xbe, 0xef]);
    assert_eq!(view.option(Code::ADDRESSES_TRANSFERRED), Some(&[0, 0, 0, 5][..]));
}

#[test]
fn stream_bounds() {
    for length in [0u16, 11, 2049, 0xffff] {
        let bytes = length.to_be_bytes();
        let mut deframer = Deframer::default();
        let want = Err(WireError::Length { length: usize::from(length) });
        assert_eq!(deframer.next_message(&mut &bytes[..]), want);
        deframer.clear();
        assert_eq!(deframer.next_message(&mut &bytes[..1]), Ok(None));
        assert_eq!(deframer.next_message(&mut &bytes[1..]), want);
    }
    let mut longest = vec![0; MAX_LEN];
    longest[..4].copy_from_slice(&[8, 0, 11, 12]);
    assert_eq!(Deframer::default().next_message(&mut &longest[..]), Ok(Some(&longest[..])));
}

#[test]
fn two_messages_and_a_half_in_one_read() {
    let bytes = [message(11, 12, ""), message(9, 12, ""), message(8, 12, "")].concat();
    let (read, later) = bytes.split_at(30);
    let (mut deframer, mut input) = (Deframer::default(), read);
    assert_eq!(deframer.next_message(&mut input), Ok(Some(&bytes[..12])));
    assert_eq!(deframer.next_message(&mut input), Ok(Some(&bytes[12..24])));
    assert_eq!(deframer.next_message(&mut input), Ok(None));
    assert_eq!(deframer.held(), 6);
    let mut input = later;
    assert_eq!(deframer.next_message(&mut input), Ok(Some(&bytes[24..])));
    assert_eq!(deframer.next_message(&mut input), Ok(None));
}

#[test]
fn broken_options_are_refused() {
    let parse = |kind, rest: &str| {
        let bytes = message(kind, 12, rest);
        let view = Message::parse(&bytes)?;
        match Body::parse(&view)? {
            Body::BindingUpdate(mut leases) => leases.try_for_each(|lease| lease.map(drop)),
            Body::BindingAck(mut acks) => acks.try_for_each(|ack| ack.map(drop)),
            _ => Ok(()),
        }
    };
    assert_eq!(parse(11, "000100"), Err(WireError::StrayBytes { left: 3 }));
    assert_eq!(parse(11, "0001000400"), Err(WireError::OptionOverrun { code: 1, length: 4, left: 1 }));
    assert_eq!(parse(2, "000100020000"), Err(WireError::OptionLength { code: 1, length: 2, expected: 4 }));
    assert_eq!(parse(10, "00180000"), Err(WireError::OptionLength { code: 24, length: 0, expected: 1 }));
    assert_eq!(parse(3, "00050000"), Err(WireError::OptionLength { code: 5, length: 0, expected: 1 }));
    assert_eq!(parse(10, "0018000102 0018000102"), Err(WireError::RepeatedOption { code: 24 }));
    assert_eq!(parse(3, "0003000102 0003000102"), Err(WireError::RepeatedOption { code: 3 }));
    // What means nothing for the type is skipped, whatever it holds and however often.
    assert_eq!(parse(10, "00020000 00020001ff 0063000100 00630000"), Ok(()));
    assert_eq!(parse(11, "0018000102 0018000102"), Ok(()));
    assert_eq!(parse(4, "000200040a09000a 00040000 00040000"), Ok(()));
}

#[test]
fn order_matters_only_where_leases_are_batched() {
    let read = |rest: &str| {
        let bytes = message(3, 12, rest);
        let view = Message::parse(&bytes).unwrap();
        let Ok(Body::BindingUpdate(leases)) = Body::parse(&view) else { panic!("not a BNDUPD") };
        leases.map(|l| l.map(|l| (l.address.map(|a| a.octets()[3]), l.binding_status))).collect::<Vec<_>>()
    };
    assert_eq!(read(""), [Ok((None, None))]);
    assert_eq!(read("0003000102 0002000401020304"), [Ok((Some(4), Some(2)))]);
    assert_eq!(
        read("00110001ff 0002000401020304 0003000102 0002000401020305 0002000401020306 0003000101"),
        [Ok((Some(4), Some(2))), Ok((Some(5), None)), Ok((Some(6), Some(1)))]
    );
    let bad = Err(WireError::RepeatedOption { code: 3 });
    assert_eq!(read("0002000401020304 0003000102 0003000102 0002000401020305"), [bad, Ok((Some(5), None))]);
}

#[test]
fn a_batch_is_written_as_it_is_read() {
    let acks = [
        BindingAck { address: Some([10, 0, 0, 1].into()), ..BindingAck::default() },
        BindingAck {
            address: Some([10, 0, 0, 2].into()),
            reject_reason: Some(RejectReason::FATAL_CONFLICT.0),
            message: Some(b"in use"),
        },
    ];
    let mut out = vec![0xaa];
    let header = Header { time: 7, xid: 8 };
    let len = append(&mut out, Kind::BNDACK, header, |w| acks.iter().for_each(|ack| ack.write(w))).unwrap();
    assert_eq!((out.len(), out[0]), (len + 1, 0xaa));
    let view = Message::parse(&out[1..]).unwrap();
    let Ok(Body::BindingAck(read)) = Body::parse(&view) else { panic!("not a BNDACK") };
    assert_eq!(read.collect::<Result<Vec<_>, _>>().unwrap(), acks);
}

#[test]
fn emitting_stops_at_the_buffer_and_at_the_limit() {
    let state = StateReport { state: Some(2), flags: Some(0), start_time_of_state: Some(1) };
    let header = Header::default();
    let mut buffer = [0; 100];
    assert_eq!(emit(&mut buffer, Kind::STATE, header, |w| state.write(w)), Ok(30));
    for room in 0..30 {
        let emitted = emit(&mut buffer[..room], Kind::STATE, header, |w| state.write(w));
        assert_eq!(emitted, Err(EmitError::NoRoom { room }));
    }
    let mut out = vec![1, 2, 3];
    let fits = vec![0; MAX_LEN - HEADER_LEN - 4];
    assert_eq!(append(&mut out, Kind::CONTACT, header, |w| w.option(Code(99), &fits)), Ok(MAX_LEN));
    out.truncate(3);
    for too_long in [fits.len() + 1, 70_000] {
        let data = vec![0; too_long];
        let emitted = append(&mut out, Kind::CONTACT, header, |w| w.option(Code(99), &data));
        assert_eq!(emitted, Err(EmitError::NoRoom { room: MAX_LEN }));
        assert_eq!(out, [1, 2, 3]);
    }
}

#[test]
fn numbers() {
    for number in 0..=255 {
        if let Some(state) = server_state(number) {
            assert_eq!(server_state_number(state), number);
        }
        assert_eq!(binding_state(number).is_some(), (1..=7).contains(&number));
    }
    assert_eq!((0..=255).filter_map(server_state).count(), 11);
    assert_eq!(server_state(254), Some(State::RecoverWait));
    assert_eq!(server_state(1), None, "STARTUP is a flag, not a number");
    assert_eq!(Kind(99).to_string(), "message type 99");
    assert_eq!(RejectReason(2).to_string(), "address in use by other client");
}

#[test]
fn times() {
    use ddi_core::UnixTime;
    for time in [UnixTime::UNSET, UnixTime(1), UnixTime(0x7fff_fffe), UnixTime::NEVER] {
        assert_eq!(from_wire_time(to_wire_time(time)), time);
    }
    assert_eq!(to_wire_time(UnixTime(0x8000_0000)), 0x7fff_ffff);
    assert_eq!(from_wire_time(0xffff_ffff), UnixTime::NEVER);
}
