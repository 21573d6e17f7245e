//! Address prefixes (RFC 3123 section 5): `[!]family:address/prefix`.

use super::super::fault::{Halt, ZoneFileFault as Fault};
use super::super::fields::{read_ipv4, read_ipv6};
use super::super::number::{number, write_number};
use super::super::scan::Scan;
use crate::rr::RdataError;
use std::io::Write;
use std::net::{Ipv4Addr, Ipv6Addr};

const FAMILY_IPV4: u16 = 1;
const FAMILY_IPV6: u16 = 2;
const NEGATED: u8 = 0x80;

/// Appends the prefixes to the end of the record. Bits behind a prefix are kept.
pub(in super::super) fn read_prefixes(scan: &mut Scan<'_>, out: &mut Vec<u8>) -> Result<(), Halt> {
    while scan.more()? {
        read_prefix(scan.word("a prefix")?, out)?;
        if out.len() > usize::from(u16::MAX) {
            return Err(RdataError::TooLong.into());
        }
    }
    Ok(())
}

fn read_prefix(word: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
    const WRONG: Fault = Fault::Expected("a prefix as [!]family:address/length");
    let (negated, word) = word.strip_prefix(b"!").map_or((0, word), |word| (NEGATED, word));
    let colon = word.iter().position(|&byte| byte == b':').ok_or(WRONG)?;
    let slash = word.iter().rposition(|&byte| byte == b'/').filter(|&slash| slash > colon).ok_or(WRONG)?;
    let (address, prefix) = (&word[colon + 1..slash], &word[slash + 1..]);
    let mut bytes = Vec::with_capacity(16);
    let family = number(&word[..colon], 0xffff)? as u16;
    match family {
        FAMILY_IPV4 => read_ipv4(address, &mut bytes)?,
        FAMILY_IPV6 => read_ipv6(address, &mut bytes)?,
        _ => return Err(Fault::Expected("address family 1 or 2")),
    }
    let prefix = number(prefix, bytes.len() as u32 * 8)? as u8;
    let len = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    out.extend(family.to_be_bytes());
    out.extend([prefix, negated | len as u8]);
    out.extend_from_slice(&bytes[..len]);
    Ok(())
}

/// Appends the prefixes, with a blank before each.
pub(in super::super) fn write_prefixes(mut rest: &[u8], out: &mut Vec<u8>) -> Option<()> {
    while !rest.is_empty() {
        let &[family_high, family_low, prefix, coded, ref tail @ ..] = rest else {
            return None;
        };
        let (address, tail) = tail.split_at_checked(usize::from(coded & !NEGATED))?;
        out.extend_from_slice(if coded & NEGATED == 0 { b" " } else { b" !" });
        match u16::from_be_bytes([family_high, family_low]) {
            FAMILY_IPV4 => write!(out, "1:{}/", Ipv4Addr::from(padded::<4>(address)?)).ok()?,
            FAMILY_IPV6 => write!(out, "2:{}/", Ipv6Addr::from(padded::<16>(address)?)).ok()?,
            _ => return None,
        }
        write_number(u32::from(prefix), out);
        rest = tail;
    }
    Some(())
}

fn padded<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    let mut all = [0; N];
    all.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some(all)
}
