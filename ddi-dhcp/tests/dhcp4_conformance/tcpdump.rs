//! The facts that tcpdump prints of a message, and the same facts as we see them.

use ddi_dhcp::v4::option::{OptionInfo, Value};
use ddi_dhcp::v4::{ClientId, Cookie, Op, Packet, UserClasses, code};

/// What a decode says of DHCPv4 messages: for each the line that names it and those below.
pub(crate) fn blocks(decode: &str) -> Vec<Vec<&str>> {
    let mut blocks: Vec<Vec<&str>> = Vec::new();
    let mut is_ours = false;
    for line in decode.lines() {
        if line.contains("BOOTP/DHCP") {
            blocks.push(vec![line]);
            is_ours = true;
        } else if !line.starts_with('\t') {
            is_ours = false;
        } else if is_ours {
            blocks.last_mut().unwrap().push(line);
        }
    }
    blocks
}

/// The facts of a block, with tcpdump's own names of options taken away.
pub(crate) fn facts_of_block(lines: &[&str]) -> Vec<String> {
    let mut facts = Vec::new();
    let head = lines[0].split("BOOTP/DHCP, ").nth(1).unwrap();
    for fact in head.split(", ") {
        match fact.split_once(' ') {
            Some(("Request", from)) => facts.extend(["op Request".into(), from.into()]),
            Some(("Flags", flags)) => {
                facts.push(format!("flags {}", flags.split(' ').next().unwrap()));
            }
            _ if fact == "Reply" => facts.push("op Reply".into()),
            _ => facts.push(fact.into()),
        }
    }
    for line in &lines[1..] {
        let text = line.trim_start();
        if line.starts_with("\t      ") && text.contains('(') {
            // The rest of a parameter request list.
            facts.last_mut().unwrap().push_str(&codes_in(text));
        } else if line.starts_with("\t      ") || line.starts_with("\t\t") {
            facts.push(text.into());
        } else if line.starts_with("\t    ") && !text.starts_with("Magic") && !text.starts_with("END") {
            facts.push(option_line(text));
        } else if !line.starts_with("\t    ") {
            facts.push(text.into());
        }
    }
    facts
}

fn codes_in(text: &str) -> String {
    let codes = text.split('(').skip(1).filter_map(|part| part.split(')').next());
    codes.map(|code| format!(" {code}")).collect()
}

/// `Name (code), length n: value` without the name.
fn option_line(text: &str) -> String {
    text[text.find('(').unwrap()..].trim_end().into()
}

/// The same facts from our view.
pub(crate) fn facts_of_packet(packet: &Packet<'_>) -> Vec<String> {
    let mut facts = Vec::new();
    match packet.op() {
        Op::Request => facts.extend(["op Request".into(), format!("from {}", packet.hw_addr())]),
        Op::Reply => facts.push("op Reply".into()),
    }
    facts.push(format!("length {}", packet.bytes().len()));
    if packet.hops() > 0 {
        facts.push(format!("hops {}", packet.hops()));
    }
    facts.push(format!("xid {:#x}", packet.xid()));
    if packet.secs() > 0 {
        facts.push(format!("secs {}", packet.secs()));
    }
    facts.push(format!("flags {}", if packet.wants_broadcast() { "[Broadcast]" } else { "[none]" }));
    for (name, addr) in [
        ("Client", packet.ciaddr()),
        ("Your", packet.yiaddr()),
        ("Server", packet.siaddr()),
        ("Gateway", packet.giaddr()),
    ] {
        if !addr.is_unspecified() {
            facts.push(format!("{name}-IP {addr}"));
        }
    }
    facts.push(format!("Client-Ethernet-Address {}", packet.hw_addr()));
    match packet.cookie() {
        Cookie::Dhcp => facts.push("Vendor-rfc1048 Extensions".into()),
        Cookie::Other(four) => facts.push(format!("Vendor-#{:#010x}", u32::from_be_bytes(four))),
        Cookie::Absent => {}
    }
    for value in packet.options() {
        option_facts(value.code(), value.contiguous().unwrap(), &mut facts);
    }
    facts
}

fn option_facts(code: u8, bytes: &[u8], facts: &mut Vec<String>) {
    let start = format!("({code}), length {}", bytes.len());
    let value = Value::parse(OptionInfo::of(code).shape, bytes);
    let text = match (code, value) {
        (code::MESSAGE_TYPE, _) => message_type(bytes[0]).into(),
        (code::CLIENT_ID, _) => match ClientId::parse(bytes) {
            ClientId::HwAddr { htype: 1, addr } => {
                let hex: Vec<_> = addr.iter().map(|byte| format!("{byte:02x}")).collect();
                format!("ether {}", hex.join(":"))
            }
            _ => quoted(&bytes[1..]),
        },
        (code::PARAMETER_REQUEST_LIST, _) => {
            facts.push(bytes.iter().fold(format!("{start}:"), |all, code| format!("{all} {code}")));
            return;
        }
        (code::USER_CLASS, _) => {
            facts.push(format!("{start}:"));
            for (i, class) in UserClasses::new(bytes).enumerate() {
                facts.push(format!("instance#{}: {}, length {}", i + 1, quoted(class), class.len()));
            }
            return;
        }
        (143, _) => {
            facts.push(format!("{start}:"));
            let mut rest = bytes;
            while let [high, low, after @ ..] = rest {
                let (url, after) = after.split_at(usize::from(u16::from_be_bytes([*high, *low])));
                facts.push(format!("length {}: {}", url.len(), quoted(url)));
                rest = after;
            }
            return;
        }
        (33, Err(_)) if bytes.is_empty() => {
            facts.push(format!("{start} [length != N x 8 bytes]"));
            return;
        }
        (33, Err(_)) => "[length != N x 8 bytes]".into(),
        (_, Ok(Value::Text(text))) => quoted(&text),
        (_, Ok(Value::AddrPairs(pairs))) => {
            pairs.iter().map(|(a, b)| format!("({a}:{b})")).collect::<Vec<_>>().join(",")
        }
        (_, Ok(Value::Bytes(_)) | Err(_)) => panic!("option {code}: teach the test how tcpdump shows it"),
        (_, Ok(value)) => value.to_string().replace(", ", ","),
    };
    facts.push(format!("{start}: {text}"));
}

/// tcpdump's names.
fn message_type(number: u8) -> &'static str {
    match number {
        1 => "Discover",
        2 => "Offer",
        3 => "Request",
        5 => "ACK",
        10 => "LeaseQuery",
        11 => "LeaseUnassigned",
        12 => "LeaseUnknown",
        13 => "LeaseActive",
        _ => panic!("message type {number}: teach the test what tcpdump calls it"),
    }
}

/// Control characters as tcpdump shows them.
fn quoted(bytes: &[u8]) -> String {
    let shown: String = bytes
        .iter()
        .map(|&byte| match byte {
            0..=31 => format!("^{}", char::from(byte + b'@')),
            _ => char::from(byte).to_string(),
        })
        .collect();
    format!("\"{shown}\"")
}
