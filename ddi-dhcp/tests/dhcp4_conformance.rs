//! All DHCP captures of the vectors: what the view, the message and the writer make of them, compared
//! with tcpdump's decodes and with dhcproto.

#[path = "dhcp4_conformance/capture.rs"]
mod capture;
#[path = "dhcp4_conformance/tcpdump.rs"]
mod tcpdump;

use capture::{Capture, Frame};
use ddi_dhcp::v4::{Cookie, Message, Packet, Reply};
use dhcproto::{Decodable, Decoder};

fn captures() -> Vec<Capture> {
    let folder = capture::folder();
    capture::files(&folder).iter().filter_map(|name| capture::read(&folder, name)).collect()
}

/// The DHCPv4 payloads of all captures, with where they come from.
fn payloads() -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for capture in captures() {
        for (i, frame) in capture.frames.into_iter().enumerate() {
            if let Frame::Dhcp4(payload) = frame {
                all.push((format!("{} frame {}", capture.name, i + 1), payload));
            }
        }
    }
    all
}

/// tcpdump's decodes of captures with DHCPv4 in them.
const DECODES: &[(&str, &str)] = &[
    ("tcpdump/bootp_asan.pcap", "tcpdump/bootp_asan.out"),
    ("tcpdump/bootp_asan-2.pcap", "tcpdump/bootp_asan-2.out"),
    ("tcpdump/dhcp-mud.pcap", "tcpdump/dhcp-mud.out"),
    ("tcpdump/dhcp-option-108.pcapng", "tcpdump/dhcp-option-108.out"),
    ("tcpdump/dhcp-option-33.pcap", "tcpdump/dhcp-option-33.out"),
    ("tcpdump/dhcp-rfc3004.pcap", "tcpdump/dhcp-rfc3004-v.out"),
    ("tcpdump/dhcp-rfc4388.pcap", "tcpdump/dhcp-rfc4388.out"),
    ("tcpdump/dhcp-rfc5859.pcap", "tcpdump/dhcp-rfc5859-v.out"),
    ("tcpdump/dhcpv4v6-rfc5970-rfc8572.pcap", "tcpdump/dhcpv4v6-rfc5970-rfc8572.out"),
];

#[test]
fn tcpdump_sees_the_same() {
    let folder = capture::folder();
    let mut compared = 0;
    for (name, decode) in DECODES {
        let capture = capture::read(&folder, name).unwrap();
        let decode = std::fs::read_to_string(folder.join(decode)).unwrap();
        let ours: Vec<_> = capture
            .frames
            .iter()
            .filter_map(|frame| match frame {
                Frame::Dhcp4(payload) => Some(payload),
                _ => None,
            })
            .collect();
        let theirs = tcpdump::blocks(&decode);
        assert_eq!(ours.len(), theirs.len(), "{name}: messages");
        for (payload, block) in ours.iter().zip(theirs) {
            if block[0].ends_with("[|bootp]") {
                assert!(Packet::parse(payload).is_err(), "{name}: {block:#?}");
                continue;
            }
            let packet = Packet::parse(payload).unwrap();
            assert_eq!(tcpdump::facts_of_packet(&packet), tcpdump::facts_of_block(&block), "{name}");
            compared += 1;
        }
    }
    assert_eq!(compared, 57);
}

/// One line about each file: a file that is new, gone, or read in another way fails the test.
#[test]
fn every_file_is_accounted_for() {
    let folder = capture::folder();
    let lines: Vec<String> = capture::files(&folder)
        .iter()
        .map(|name| match capture::read(&folder, name) {
            Some(capture) => format!("{name}: {}", summary(&capture)),
            None => format!("{name}: no capture"),
        })
        .collect();
    let expected: Vec<_> = include_str!("dhcp4_conformance/expected.txt").lines().collect();
    assert_eq!(lines, expected);
}

fn summary(capture: &Capture) -> String {
    let mut parts = Vec::new();
    let mut count = |what: &str, n: usize| {
        if n > 0 {
            parts.push(format!("{n} {what}"));
        }
    };
    let mut details = Vec::new();
    let (mut parsed, mut without_cookie) = (0, 0);
    for frame in &capture.frames {
        let Frame::Dhcp4(payload) = frame else { continue };
        match Packet::parse(payload) {
            Ok(packet) => {
                parsed += 1;
                without_cookie += usize::from(packet.cookie() != Cookie::Dhcp);
                details.extend(packet.bad_options().map(|bad| format!("{bad:?}")));
            }
            Err(error) => details.push(format!("refused: {error}")),
        }
    }
    count("DHCPv4", parsed);
    count("of them without the magic cookie", without_cookie);
    count("DHCPv6, not looked at", capture.frames.iter().filter(|f| matches!(f, Frame::Dhcp6)).count());
    count("other", capture.frames.iter().filter(|f| matches!(f, Frame::Other)).count());
    parts.extend(details);
    parts.join(", ")
}

/// Options by code: what a message says, whatever the order.
fn sorted(message: &Message) -> Vec<(u8, Vec<u8>)> {
    let mut options: Vec<_> = message.options.iter().map(|(code, value)| (code, value.to_vec())).collect();
    options.sort();
    options
}

#[test]
fn what_was_read_is_written_and_read_again() {
    let mut out = [0; 4096];
    let mut again = [0; 4096];
    let mut seen = 0;
    for (place, payload) in payloads() {
        let Ok(message) = Message::parse(&payload) else { continue };
        let len = message.emit(&mut out).unwrap().len;
        let read = Message::parse(&out[..len]).unwrap();
        assert_eq!(read.header, message.header, "{place}");
        assert_eq!(sorted(&read), sorted(&message), "{place}");
        assert_eq!(Packet::parse(&out[..len]).unwrap().bad_option_count(), 0, "{place}");
        let len_again = read.emit(&mut again).unwrap().len;
        assert_eq!(out[..len], again[..len_again], "{place}: written twice");
        seen += 1;
    }
    assert!(seen > 600, "{seen}");
}

/// The same options in less and less space: what is not left out is whole.
#[test]
fn written_short_of_space_nothing_is_garbled() {
    let mut out = [0; 1500];
    for (place, payload) in payloads() {
        let Ok(message) = Message::parse(&payload) else { continue };
        for limit in [300, 312, 330, 360, 400, 548, 1472] {
            let reply = Reply::new(&message.header, &message.options).at_most(limit).with_overload();
            let Ok(emitted) = reply.emit(&mut out) else { continue };
            assert!(emitted.len <= limit);
            let read = Message::parse(&out[..emitted.len]).unwrap();
            assert_eq!(read.header, message.header, "{place} in {limit}");
            let kept: Vec<_> =
                sorted(&message).into_iter().filter(|(code, _)| !emitted.dropped.contains(*code)).collect();
            assert_eq!(sorted(&read), kept, "{place} in {limit}");
        }
    }
}

/// Where dhcproto 0.15 reads something else, and why we don't follow.
const DIFFERENCES: &[(&str, &[u8], &str)] = &[
    ("pcapplusplus/Dhcp2.dat frame 1", &[52, 56], "it does not read file and sname"),
    ("pcapplusplus/Dhcp2.pcap frame 1", &[52, 56], "it does not read file and sname"),
    ("suricata/dhcp-option-52-overload-both.pcap frame 1", &[52, 56], "it does not read file and sname"),
    ("suricata/dhcp-option-52-overload.pcap frame 4", &[3, 6, 15, 52], "it does not read sname"),
    ("suricata/dhcp-option-52-overload.pcap frame 7", &[3, 6, 15, 52], "it does not read sname"),
    ("tcpdump/dhcp-option-33.pcap frame 4", &[33], "it stops at an option of a wrong length"),
    ("tcpdump/dhcp-option-33.pcap frame 5", &[33], "it would not write an empty list"),
    ("tcpdump/dhcp-rfc5859.pcap frame 2", &[150], "it takes one address only, and stops"),
    ("tcpdump/dhcp-rfc5859.pcap frame 4", &[150], "it takes one address only, and stops"),
];

#[test]
fn dhcproto_sees_the_same() {
    let mut differences = Vec::new();
    for (place, payload) in payloads() {
        let Ok(packet) = Packet::parse(&payload) else { continue };
        // It does not look at the cookie.
        if packet.cookie() != Cookie::Dhcp {
            continue;
        }
        let theirs = dhcproto::v4::Message::decode(&mut Decoder::new(&payload)).unwrap();
        let ours = dhcproto::v4::Message::try_from(&Message::from(&packet)).unwrap();
        let codes = ours.opts().iter().chain(theirs.opts().iter()).map(|(code, _)| *code);
        let mut differ: Vec<u8> =
            codes.filter(|code| ours.opts().get(*code) != theirs.opts().get(*code)).map(u8::from).collect();
        differ.sort_unstable();
        differ.dedup();
        if !differ.is_empty() {
            differences.push((place.clone(), differ));
        }
        assert_eq!(ours.chaddr(), theirs.chaddr(), "{place}");
        assert_eq!(ours.xid(), theirs.xid(), "{place}");
        assert_eq!(ours.flags(), theirs.flags(), "{place}");
        assert_eq!(ours.secs(), theirs.secs(), "{place}");
        assert_eq!(
            [ours.ciaddr(), ours.yiaddr(), ours.siaddr(), ours.giaddr()],
            [theirs.ciaddr(), theirs.yiaddr(), theirs.siaddr(), theirs.giaddr()],
            "{place}"
        );
    }
    let reviewed: Vec<_> =
        DIFFERENCES.iter().map(|&(place, codes, _)| (place.to_string(), codes.to_vec())).collect();
    assert_eq!(differences, reviewed);
}

#[test]
fn through_dhcproto_and_back_nothing_is_lost() {
    for (place, payload) in payloads() {
        let Ok(message) = Message::parse(&payload) else { continue };
        let there = dhcproto::v4::Message::try_from(&message).unwrap();
        let back = Message::try_from(&there).unwrap();
        assert_eq!(back.header, message.header, "{place}");
        assert_eq!(sorted(&back), sorted(&message), "{place}");
    }
}
