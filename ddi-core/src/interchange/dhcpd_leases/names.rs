//! Names that dhcpd has for numbers, and the ones that the DNS has for addresses.

use super::token::Token;
use crate::id::LeaseAddr;
use crate::interchange::{added::parse_number, hex};
use std::fmt::Write as _;
use std::net::Ipv4Addr;

const HARDWARE: [(u16, &str); 4] = [(1, "ethernet"), (6, "token-ring"), (8, "fddi"), (32, "infiniband")];

/// The hardware type with this name, or `unknown-N`.
pub(super) fn hardware_type(name: &[u8]) -> Option<u16> {
    let known = HARDWARE.iter().find(|(_, n)| n.as_bytes().eq_ignore_ascii_case(name));
    known.map(|(number, _)| *number).or_else(|| unknown(name))
}

/// Appends the name.
pub(super) fn emit_hardware_type(htype: u16, out: &mut Vec<u8>) {
    match HARDWARE.iter().find(|(number, _)| *number == htype) {
        Some((_, name)) => out.extend_from_slice(name.as_bytes()),
        None => out.extend_from_slice(format!("unknown-{htype}").as_bytes()),
    }
}

fn unknown<N: std::str::FromStr>(name: &[u8]) -> Option<N> {
    let number = name.get(8..).filter(|_| name.get(..8).is_some_and(|n| n.eq_ignore_ascii_case(b"unknown-")));
    number.and_then(parse_number)
}

/// How dhcpd writes the value of a sub-option of option 82.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// A string or hex bytes.
    Bytes,
    /// Four bytes as an IPv4 address.
    Address,
    /// Four bytes as a decimal number.
    Number,
}

/// The sub-options that dhcpd knows by name (RFC 3046, RFC 3256, RFC 3527).
const SUB_OPTIONS: [(u8, &str, Shape); 5] = [
    (1, "circuit-id", Shape::Bytes),
    (2, "remote-id", Shape::Bytes),
    (3, "agent-id", Shape::Address),
    (4, "DOCSIS-device-class", Shape::Number),
    (5, "link-selection", Shape::Address),
];
/// relay-port (RFC 8357) has no value, and dhcpd does not write sub-options without one.
const RELAY_PORT: u8 = 19;

/// The code and value of `option agent.NAME VALUE`; `None` if it can't be understood.
pub(super) fn sub_option(name: &[u8], value: &[Token<'_>]) -> Option<(u8, Vec<u8>)> {
    let name = name.get(6..).filter(|_| name.get(..6).is_some_and(|n| n.eq_ignore_ascii_case(b"agent.")))?;
    let known = SUB_OPTIONS.iter().find(|(_, n, _)| n.as_bytes().eq_ignore_ascii_case(name));
    let (code, shape) = match known {
        Some((code, _, shape)) => (*code, *shape),
        None => (unknown(name).filter(|code| !matches!(code, 0 | 255))?, Shape::Bytes),
    };
    let bytes = match (shape, value) {
        (Shape::Bytes, [Token::Text(text)]) => text.clone(),
        (Shape::Bytes, [Token::Word(word)]) => hex::parse_colons(word)?,
        (Shape::Address, [Token::Word(word)]) => {
            std::str::from_utf8(word).ok()?.parse::<Ipv4Addr>().ok()?.octets().to_vec()
        }
        (Shape::Number, [Token::Word(word)]) => parse_number::<u32>(word)?.to_be_bytes().to_vec(),
        _ => return None,
    };
    (!bytes.is_empty() && bytes.len() <= 255).then_some((code, bytes))
}

/// Appends `agent.NAME VALUE` for a sub-option; false if dhcpd could not read it back, or would write
/// it back otherwise: text with a NUL behind it loses the NUL.
pub(super) fn emit_sub_option(code: u8, value: &[u8], out: &mut Vec<u8>) -> bool {
    let known = SUB_OPTIONS.iter().find(|(c, _, _)| *c == code);
    let loses_nul =
        value.strip_suffix(&[0]).is_some_and(|text| text.iter().all(|b| matches!(b, 0x20..=0x7e)));
    if value.is_empty() || loses_nul || matches!(code, 0 | RELAY_PORT | 255) {
        return false;
    }
    match known {
        Some((_, name, _)) => out.extend_from_slice(format!("agent.{name} ").as_bytes()),
        None => out.extend_from_slice(format!("agent.unknown-{code} ").as_bytes()),
    }
    match (known.map_or(Shape::Bytes, |(_, _, shape)| *shape), <[u8; 4]>::try_from(value)) {
        (Shape::Bytes, _) => hex::emit(value, b':', out),
        (Shape::Address, Ok(octets)) => out.extend_from_slice(Ipv4Addr::from(octets).to_string().as_bytes()),
        (Shape::Number, Ok(octets)) => {
            out.extend_from_slice(u32::from_be_bytes(octets).to_string().as_bytes());
        }
        (_, Err(_)) => return false,
    }
    true
}

/// The name of the address's PTR (RFC 1035 section 3.5, RFC 3596 section 2.5), with a final dot, as
/// dhcpd keeps it. A prefix has none.
pub(super) fn reverse_name(addr: LeaseAddr) -> Option<String> {
    let mut name = String::new();
    match addr {
        LeaseAddr::V4(addr) => {
            for octet in addr.octets().iter().rev() {
                let _ = write!(name, "{octet}.");
            }
            name.push_str("in-addr.arpa.");
        }
        LeaseAddr::V6(addr) => {
            for octet in addr.octets().iter().rev() {
                let _ = write!(name, "{:x}.{:x}.", octet & 15, octet >> 4);
            }
            name.push_str("ip6.arpa.");
        }
        LeaseAddr::Prefix(..) => return None,
    }
    Some(name)
}
