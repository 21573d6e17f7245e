//! IPSECKEY's gateway (RFC 4025 section 3.1), HIP (RFC 8005 section 6) and WKS (RFC 1035 section 3.4.2).

use super::super::binary;
use super::super::fault::{Halt, ZoneFileFault as Fault};
use super::super::fields::{Bytes, read_ipv4, read_ipv6, write_ip, write_name};
use super::super::format::ALGORITHM;
use super::super::number::{named, number, write_number};
use super::super::scan::{NameBuffer, Scan};
use crate::name::NameRef;
use crate::rr::RdataError;

/// The kinds of gateway.
const NO_GATEWAY: u32 = 0;
const GATEWAY_IPV4: u32 = 1;
const GATEWAY_IPV6: u32 = 2;
const GATEWAY_NAME: u32 = 3;

/// Appends gateway type, algorithm, gateway and key. Algorithm 0 means that there is no key.
pub(in super::super) fn read_gateway(
    scan: &mut Scan<'_>,
    origin: NameRef<'_>,
    out: &mut Vec<u8>,
) -> Result<(), Halt> {
    let kind = number(scan.word("the gateway type")?, 0xff)?;
    let algorithm = named(scan.word("the algorithm")?, &ALGORITHM)?;
    out.extend([kind as u8, algorithm as u8]);
    match kind {
        NO_GATEWAY if scan.word("the gateway")? == b"." => {}
        GATEWAY_IPV4 => read_ipv4(scan.word("the gateway")?, out)?,
        GATEWAY_IPV6 => read_ipv6(scan.word("the gateway")?, out)?,
        GATEWAY_NAME => {
            let mut name = NameBuffer::none();
            scan.name(origin, &mut name)?;
            out.extend_from_slice(name.name().wire());
        }
        _ => return Err(Fault::Expected("a gateway of its type").into()),
    }
    if algorithm == 0 { Ok(()) } else { binary::base64_to_end(scan, out) }
}

/// Appends what [`read_gateway`] reads.
pub(in super::super) fn write_gateway(
    bytes: &mut Bytes<'_>,
    origin: NameRef<'_>,
    out: &mut Vec<u8>,
) -> Option<()> {
    let &[kind, algorithm] = bytes.array()?;
    write_number(u32::from(kind), out);
    out.push(b' ');
    write_number(u32::from(algorithm), out);
    out.push(b' ');
    match u32::from(kind) {
        NO_GATEWAY => out.push(b'.'),
        GATEWAY_IPV4 => write_ip(bytes.take(4)?, out)?,
        GATEWAY_IPV6 => write_ip(bytes.take(16)?, out)?,
        GATEWAY_NAME => write_name(bytes.name()?, origin, out),
        _ => return None,
    }
    let key = bytes.rest();
    if (algorithm == 0) != key.is_empty() {
        return None;
    }
    if !key.is_empty() {
        out.push(b' ');
        binary::write_base64(key, out);
    }
    Some(())
}

/// Appends lengths, algorithm, identity tag, key and the names of servers.
pub(in super::super) fn read_host_identity(
    scan: &mut Scan<'_>,
    origin: NameRef<'_>,
    out: &mut Vec<u8>,
) -> Result<(), Halt> {
    let start = out.len();
    let algorithm = number(scan.word("the algorithm")?, 0xff)?;
    out.extend([0, algorithm as u8, 0, 0]);
    binary::hex(scan.word("the host identity tag")?, out)?;
    let tag = u8::try_from(out.len() - start - 4).map_err(|_| RdataError::TooLong)?;
    binary::base64(scan.word("the key")?, out)?;
    let key = u16::try_from(out.len() - start - 4 - usize::from(tag)).map_err(|_| RdataError::TooLong)?;
    out[start] = tag;
    out[start + 2..start + 4].copy_from_slice(&key.to_be_bytes());
    let mut name = NameBuffer::none();
    while scan.more()? && out.len() <= usize::from(u16::MAX) {
        scan.name(origin, &mut name)?;
        out.extend_from_slice(name.name().wire());
    }
    Ok(())
}

/// Appends what [`read_host_identity`] reads.
pub(in super::super) fn write_host_identity(
    bytes: &mut Bytes<'_>,
    origin: NameRef<'_>,
    out: &mut Vec<u8>,
) -> Option<()> {
    let &[tag, algorithm, key_high, key_low] = bytes.array()?;
    let tag = bytes.take(usize::from(tag))?;
    let key = bytes.take(usize::from(u16::from_be_bytes([key_high, key_low])))?;
    if tag.is_empty() || key.is_empty() {
        return None;
    }
    write_number(u32::from(algorithm), out);
    out.push(b' ');
    binary::write_hex(tag, out);
    out.push(b' ');
    binary::write_base64(key, out);
    while !bytes.is_empty() {
        out.push(b' ');
        write_name(bytes.name()?, origin, out);
    }
    Some(())
}

/// The protocols and ports that are known by name; others are given as numbers.
const PROTOCOLS: [(&str, u8); 3] = [("icmp", 1), ("tcp", 6), ("udp", 17)];
const PORTS: [(&str, u16); 14] = [
    ("echo", 7),
    ("discard", 9),
    ("daytime", 13),
    ("ftp-data", 20),
    ("ftp", 21),
    ("ssh", 22),
    ("telnet", 23),
    ("smtp", 25),
    ("time", 37),
    ("domain", 53),
    ("tftp", 69),
    ("finger", 79),
    ("http", 80),
    ("pop3", 110),
];

/// Appends a protocol and the bit map of its ports.
pub(in super::super) fn read_services(scan: &mut Scan<'_>, out: &mut Vec<u8>) -> Result<(), Halt> {
    let word = scan.word("the protocol")?;
    let known = PROTOCOLS.iter().find(|row| row.0.as_bytes().eq_ignore_ascii_case(word));
    out.push(match known {
        Some(row) => row.1,
        None => number(word, 0xff)? as u8,
    });
    let start = out.len();
    while scan.more()? {
        let word = scan.word("a port")?;
        let known = PORTS.iter().find(|row| row.0.as_bytes().eq_ignore_ascii_case(word));
        let port = match known {
            Some(row) => usize::from(row.1),
            None => number(word, 0xffff)? as usize,
        };
        if out.len() < start + port / 8 + 1 {
            out.resize(start + port / 8 + 1, 0);
        }
        out[start + port / 8] |= 0x80 >> (port % 8);
    }
    Ok(())
}

/// Appends what [`read_services`] reads.
pub(in super::super) fn write_services(bytes: &mut Bytes<'_>, out: &mut Vec<u8>) -> Option<()> {
    let &[protocol] = bytes.array()?;
    write_number(u32::from(protocol), out);
    let ports = bytes.rest();
    if ports.last() == Some(&0) || ports.len() > 8192 {
        return None;
    }
    for (i, byte) in (0_u32..).zip(ports) {
        for bit in (0..8).filter(|bit| byte & 0x80 >> bit != 0) {
            out.push(b' ');
            write_number(i * 8 + bit, out);
        }
    }
    Some(())
}
