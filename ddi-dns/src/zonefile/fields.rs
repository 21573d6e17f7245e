//! A record's data, part by part as its type's row of the table says: from text, and to text.

use super::binary;
use super::fault::{Halt, ZoneFileFault as Fault};
use super::format::{Part, is_widely_known, parts};
use super::number::{named, number, rtype as read_rtype, time, ttl, write_number, write_time};
use super::parameters::{read_parameters, write_parameters};
use super::scan::{NameBuffer, Scan};
use super::special;
use crate::name::NameRef;
use crate::rr::{RdataError, Rtype, check_rdata};
use std::io::Write;
use std::net::{Ipv4Addr, Ipv6Addr};

/// The longest data of a record.
const RDATA_MAX: usize = u16::MAX as usize;
/// The longest character string.
const TEXT_MAX: usize = 255;

/// Appends the data of a record of this type to `out`, up to the end of the record.
pub(super) fn read_rdata(
    scan: &mut Scan<'_>,
    rtype: Rtype,
    origin: NameRef<'_>,
    name: &mut NameBuffer,
    out: &mut Vec<u8>,
) -> Result<(), Halt> {
    let parts = parts(rtype);
    if scan.more()? && scan.peek()? == b'\\' && read_generic(scan, rtype, out)? {
        return scan.end();
    }
    if parts.is_empty() {
        return Err(Fault::NeedsGeneric.into());
    }
    for &part in parts {
        read_part(scan, part, origin, name, out)?;
        if out.len() > RDATA_MAX {
            return Err(RdataError::TooLong.into());
        }
    }
    scan.end()
}

/// RFC 3597 section 5: `\#`, a length and that many bytes in hexadecimal. False if no `\#` is here.
fn read_generic(scan: &mut Scan<'_>, rtype: Rtype, out: &mut Vec<u8>) -> Result<bool, Halt> {
    if !scan.is_generic()? {
        return Ok(false);
    }
    scan.word("data")?;
    let len = number(scan.word("the length")?, RDATA_MAX as u32)? as usize;
    if scan.more()? {
        binary::hex_to_end(scan, out)?;
    }
    if out.len() != len {
        return Err(Fault::GenericLength.into());
    }
    check_rdata(rtype, out)?;
    Ok(true)
}

fn read_part(
    scan: &mut Scan<'_>,
    part: Part,
    origin: NameRef<'_>,
    name: &mut NameBuffer,
    out: &mut Vec<u8>,
) -> Result<(), Halt> {
    match part {
        Part::Name => {
            scan.name(origin, name)?;
            out.extend_from_slice(name.name().wire());
        }
        Part::U8 => out.push(number(scan.word("a number")?, 0xff)? as u8),
        Part::U16 => out.extend((number(scan.word("a number")?, 0xffff)? as u16).to_be_bytes()),
        Part::U32 => out.extend(number(scan.word("a number")?, u32::MAX)?.to_be_bytes()),
        Part::Ttl => out.extend(ttl(scan.word("a time")?)?.to_be_bytes()),
        Part::Time => out.extend(time(scan.word("a time")?)?.to_be_bytes()),
        Part::Ipv4 => read_ipv4(scan.word("an address")?, out)?,
        Part::Ipv6 => read_ipv6(scan.word("an address")?, out)?,
        Part::Type => out.extend(read_rtype(scan.word("a type")?)?.0.to_be_bytes()),
        Part::Named(table) => {
            let value = named(scan.word("a number")?, table)?;
            out.extend_from_slice(&value.to_be_bytes()[4 - table.bytes..]);
        }
        Part::Text | Part::Tag => read_text(scan, out)?,
        Part::Texts => read_texts(scan, out)?,
        Part::LongText => scan.string(out)?,
        Part::Hex => binary::hex_to_end(scan, out)?,
        Part::Base64 => binary::base64_to_end(scan, out)?,
        Part::Salt => read_counted(scan, out, |word, out| match word {
            b"-" => Ok(()),
            _ => binary::hex(word, out),
        })?,
        Part::Hash => read_counted(scan, out, binary::base32)?,
        Part::Types => special::read_types(scan, out)?,
        Part::OldTypes => special::read_old_types(scan, out)?,
        Part::Prefixes => special::read_prefixes(scan, out)?,
        Part::Location => special::read_location(scan, out)?,
        Part::Eui(len) => read_eui(scan.word("an address")?, len, out)?,
        Part::Locator => read_locator(scan.word("an identifier")?, out)?,
        Part::Nsap => read_nsap(scan.word("an address")?, out)?,
        Part::Gateway => special::read_gateway(scan, origin, out)?,
        Part::HostIdentity => special::read_host_identity(scan, origin, out)?,
        Part::Services => special::read_services(scan, out)?,
        Part::Parameters(keys) => read_parameters(scan, keys, origin, out)?,
    }
    Ok(())
}

/// A dotted quad without leading zeros.
pub(super) fn read_ipv4(word: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
    const WRONG: Fault = Fault::Expected("an IPv4 address");
    let (mut bytes, mut filled) = ([0_u8; 4], 0);
    let (mut value, mut digits) = (0_u32, 0);
    for &byte in word.iter().chain(b".") {
        let digit = byte.wrapping_sub(b'0');
        if digit <= 9 {
            // A zero in front of others could be meant as octal.
            if digits == 3 || (digits > 0 && value == 0) {
                return Err(WRONG);
            }
            value = value * 10 + u32::from(digit);
            digits += 1;
            continue;
        }
        let place = bytes.get_mut(filled).ok_or(WRONG)?;
        if byte != b'.' || digits == 0 {
            return Err(WRONG);
        }
        *place = u8::try_from(value).map_err(|_| WRONG)?;
        (filled, value, digits) = (filled + 1, 0, 0);
    }
    if filled != bytes.len() {
        return Err(WRONG);
    }
    out.extend_from_slice(&bytes);
    Ok(())
}

/// RFC 4291 section 2.2.
pub(super) fn read_ipv6(word: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
    let address = std::str::from_utf8(word).ok().and_then(|text| text.parse::<Ipv6Addr>().ok());
    out.extend_from_slice(&address.ok_or(Fault::Expected("an IPv6 address"))?.octets());
    Ok(())
}

fn read_text(scan: &mut Scan<'_>, out: &mut Vec<u8>) -> Result<(), Halt> {
    let start = out.len();
    out.push(0);
    scan.string(out)?;
    out[start] = u8::try_from(out.len() - start - 1).map_err(|_| Fault::TextTooLong)?;
    Ok(())
}

fn read_texts(scan: &mut Scan<'_>, out: &mut Vec<u8>) -> Result<(), Halt> {
    scan.need("a string")?;
    while scan.more()? {
        let start = out.len();
        out.push(0);
        scan.string(out)?;
        let len = out.len() - start - 1;
        if len <= TEXT_MAX {
            out[start] = len as u8;
        } else {
            let long = out.split_off(start + 1);
            out.truncate(start);
            for text in long.chunks(TEXT_MAX) {
                out.push(text.len() as u8);
                out.extend_from_slice(text);
            }
        }
        if out.len() > RDATA_MAX {
            return Err(RdataError::TooLong.into());
        }
    }
    Ok(())
}

/// A length byte, and what `read` makes of one word.
fn read_counted(
    scan: &mut Scan<'_>,
    out: &mut Vec<u8>,
    read: impl Fn(&[u8], &mut Vec<u8>) -> Result<(), Fault>,
) -> Result<(), Halt> {
    let word = scan.word("data")?;
    let start = out.len();
    out.push(0);
    read(word, out)?;
    out[start] = u8::try_from(out.len() - start - 1).map_err(|_| Fault::TextTooLong)?;
    Ok(())
}

/// `count` pairs of hexadecimal digits with dashes between.
fn read_eui(word: &[u8], count: usize, out: &mut Vec<u8>) -> Result<(), Fault> {
    const WRONG: Fault = Fault::Expected("pairs of hexadecimal digits with dashes between");
    let mut pairs = 0;
    for pair in word.split(|&byte| byte == b'-') {
        if pair.len() != 2 {
            return Err(WRONG);
        }
        binary::hex(pair, out)?;
        pairs += 1;
    }
    if pairs == count { Ok(()) } else { Err(WRONG) }
}

/// Four groups of up to four hexadecimal digits: leading zeros may be left out.
fn read_locator(word: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
    const WRONG: Fault = Fault::Expected("four groups of hexadecimal digits with colons between");
    let mut groups = 0;
    for group in word.split(|&byte| byte == b':') {
        let mut digits = *b"0000";
        let place = digits.len().checked_sub(group.len()).filter(|&place| place < 4).ok_or(WRONG)?;
        digits[place..].copy_from_slice(group);
        binary::hex(&digits, out)?;
        groups += 1;
    }
    if groups == 4 { Ok(()) } else { Err(WRONG) }
}

fn read_nsap(word: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
    let digits = word.strip_prefix(b"0x").or(word.strip_prefix(b"0X"));
    let digits: Vec<u8> = digits.unwrap_or_default().iter().copied().filter(|&byte| byte != b'.').collect();
    if digits.is_empty() {
        return Err(Fault::Expected("0x and hexadecimal digits"));
    }
    binary::hex(&digits, out)
}

/// Bytes that are taken from the front.
pub(super) struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn name(&mut self) -> Option<NameRef<'a>> {
        let (name, rest) = NameRef::split(self.0).ok()?;
        self.0 = rest;
        Some(name)
    }

    pub(super) fn counted(&mut self) -> Option<&'a [u8]> {
        let &[len] = self.array()?;
        self.take(usize::from(len))
    }

    pub(super) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }
}

/// Appends a record's data in its type's own form, names relative to `origin` where they can be; `None`
/// if the bytes have no such form.
pub(super) fn write_rdata(rtype: Rtype, rdata: &[u8], origin: NameRef<'_>, out: &mut Vec<u8>) -> Option<()> {
    let mut bytes = Bytes::new(rdata);
    let parts = parts(rtype);
    if parts.is_empty() {
        return None;
    }
    for (i, &part) in parts.iter().enumerate() {
        // These write a blank before each of what may be none.
        let is_list = matches!(part, Part::Types | Part::OldTypes | Part::Prefixes | Part::Parameters(_));
        if i > 0 && !is_list {
            out.push(b' ');
        }
        write_part(part, &mut bytes, origin, out)?;
    }
    bytes.is_empty().then_some(())
}

fn write_part(part: Part, bytes: &mut Bytes<'_>, origin: NameRef<'_>, out: &mut Vec<u8>) -> Option<()> {
    match part {
        Part::Name => write_name(bytes.name()?, origin, out),
        Part::U8 => write_number(u32::from(bytes.array::<1>()?[0]), out),
        Part::U16 => write_number(u32::from(u16::from_be_bytes(*bytes.array()?)), out),
        Part::U32 | Part::Ttl => write_number(u32::from_be_bytes(*bytes.array()?), out),
        Part::Time => write_time(u32::from_be_bytes(*bytes.array()?), out),
        Part::Ipv4 => write_ip(bytes.take(4)?, out)?,
        Part::Ipv6 => write_ip(bytes.take(16)?, out)?,
        Part::Type => write_rtype(Rtype(u16::from_be_bytes(*bytes.array()?)), out),
        Part::Named(table) => {
            let number = bytes.take(table.bytes)?;
            write_number(number.iter().fold(0, |value, &byte| value << 8 | u32::from(byte)), out);
        }
        Part::Text => write_text(bytes.counted()?, out),
        Part::Tag => {
            let tag = some(bytes.counted()?)?;
            tag.iter().all(u8::is_ascii_alphanumeric).then_some(())?;
            out.extend_from_slice(tag);
        }
        Part::Texts => {
            write_text(bytes.counted()?, out);
            while !bytes.is_empty() {
                out.push(b' ');
                write_text(bytes.counted()?, out);
            }
        }
        Part::LongText => write_text(bytes.rest(), out),
        Part::Hex => some(bytes.rest()).map(|data| binary::write_hex(data, out))?,
        Part::Base64 => some(bytes.rest()).map(|data| binary::write_base64(data, out))?,
        Part::Salt => match bytes.counted()? {
            [] => out.push(b'-'),
            salt => binary::write_hex(salt, out),
        },
        Part::Hash => some(bytes.counted()?).map(|data| binary::write_base32(data, out))?,
        Part::Types => special::write_types(bytes.rest(), out)?,
        Part::OldTypes => special::write_old_types(bytes.rest(), out)?,
        Part::Prefixes => special::write_prefixes(bytes.rest(), out)?,
        Part::Location => special::write_location(bytes.rest(), out)?,
        Part::Eui(len) => write_groups(bytes.take(len)?, 1, b'-', out),
        Part::Locator => write_groups(bytes.take(8)?, 2, b':', out),
        Part::Nsap => {
            out.extend_from_slice(b"0x");
            binary::write_hex(some(bytes.rest())?, out);
        }
        Part::Gateway => special::write_gateway(bytes, origin, out)?,
        Part::HostIdentity => special::write_host_identity(bytes, origin, out)?,
        Part::Services => special::write_services(bytes, out)?,
        Part::Parameters(keys) => write_parameters(bytes.rest(), keys, origin, out)?,
    }
    Some(())
}

fn some(bytes: &[u8]) -> Option<&[u8]> {
    (!bytes.is_empty()).then_some(bytes)
}

/// Appends an address of 4 or 16 bytes.
pub(super) fn write_ip(bytes: &[u8], out: &mut Vec<u8>) -> Option<()> {
    if let Ok(octets) = <[u8; 4]>::try_from(bytes) {
        return write!(out, "{}", Ipv4Addr::from(octets)).ok();
    }
    write!(out, "{}", Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?)).ok()
}

/// Appends a type's mnemonic, or its number.
pub(super) fn write_rtype(rtype: Rtype, out: &mut Vec<u8>) {
    if !is_widely_known(rtype) || write!(out, "{rtype}").is_err() {
        out.extend_from_slice(b"TYPE");
        write_number(u32::from(rtype.0), out);
    }
}

fn write_groups(bytes: &[u8], group: usize, between: u8, out: &mut Vec<u8>) {
    for (i, group) in bytes.chunks(group).enumerate() {
        if i > 0 {
            out.push(between);
        }
        binary::write_hex(group, out);
    }
}

/// Appends a string in quotes.
pub(super) fn write_text(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for &byte in text {
        match byte {
            b'"' | b'\\' => out.extend([b'\\', byte]),
            b' '..=b'~' => out.push(byte),
            _ => write_escape(byte, out),
        }
    }
    out.push(b'"');
}

fn write_escape(byte: u8, out: &mut Vec<u8>) {
    out.extend([b'\\', b'0' + byte / 100, b'0' + byte / 10 % 10, b'0' + byte % 10]);
}

/// Appends a name, relative to `origin` if it is below it, `@` if it is that.
pub(super) fn write_name(name: NameRef<'_>, origin: NameRef<'_>, out: &mut Vec<u8>) {
    let (wire, suffix) = (name.wire(), origin.wire());
    // The origin's case is not kept, so that only a name that spells it alike may leave it out.
    let is_below = !origin.is_root() && wire.ends_with(suffix) && name.is_at_or_below(origin);
    let own = if is_below { &wire[..wire.len() - suffix.len()] } else { &wire[..wire.len() - 1] };
    if own.is_empty() {
        return out.push(if is_below { b'@' } else { b'.' });
    }
    let mut labels = own;
    while let Some((&len, rest)) = labels.split_first() {
        let (label, rest) = rest.split_at(usize::from(len));
        for &byte in label {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'*' | b'/' => out.push(byte),
                // `\#` says that data follows in hexadecimal.
                b'!'..=b'~' if byte != b'#' => out.extend([b'\\', byte]),
                _ => write_escape(byte, out),
            }
        }
        if !rest.is_empty() || !is_below {
            out.push(b'.');
        }
        labels = rest;
    }
}
