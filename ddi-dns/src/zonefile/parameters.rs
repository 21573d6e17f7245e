//! Service parameters (RFC 9460 section 2.1 and appendix A).

use super::binary;
use super::fault::{Halt, ZoneFileFault as Fault};
use super::fields::{Bytes, read_ipv4, read_ipv6, write_ip, write_name, write_text};
use super::format::{ParameterKeys, Value};
use super::number::{number, write_number};
use super::scan::{NameBuffer, Scan};
use crate::name::NameRef;
use crate::rr::RdataError;
use std::io::Write;

/// The key that lists those that a client must know.
const MANDATORY: u16 = 0;
/// Keys from here on came after RFC 9460: not all servers read their names yet, so that they are written
/// as `key` and a number, which says the same.
const NEW_KEYS: u16 = 7;

const fn wrong(reason: &'static str) -> Fault {
    Fault::Parameter(reason)
}

/// Appends the parameters to the end of the record, in the order of their keys.
pub(super) fn read_parameters(
    scan: &mut Scan<'_>,
    keys: &ParameterKeys,
    origin: NameRef<'_>,
    out: &mut Vec<u8>,
) -> Result<(), Halt> {
    let mut values = Vec::new();
    let mut found: Vec<(u16, std::ops::Range<usize>)> = Vec::new();
    while scan.more()? {
        let start = values.len();
        let key = read_parameter(scan, keys, origin, &mut values)?;
        found.push((key, start..values.len()));
        if values.len() + found.len() * 4 > usize::from(u16::MAX) {
            return Err(RdataError::TooLong.into());
        }
    }
    found.sort_unstable_by_key(|row| row.0);
    if found.windows(2).any(|rows| rows[0].0 == rows[1].0) {
        return Err(wrong("a key is given twice").into());
    }
    if let Some((MANDATORY, range)) = found.first() {
        for key in values[range.clone()].as_chunks().0 {
            if found.binary_search_by_key(&u16::from_be_bytes(*key), |row| row.0).is_err() {
                return Err(wrong("a mandatory key is not given").into());
            }
        }
    }
    for (key, range) in found {
        let value = &values[range];
        let len = u16::try_from(value.len()).map_err(|_| RdataError::TooLong)?;
        out.extend(key.to_be_bytes());
        out.extend(len.to_be_bytes());
        out.extend_from_slice(value);
    }
    Ok(())
}

/// Appends the value of the next parameter; gives its key.
fn read_parameter(
    scan: &mut Scan<'_>,
    keys: &ParameterKeys,
    origin: NameRef<'_>,
    out: &mut Vec<u8>,
) -> Result<u16, Halt> {
    let word = scan.part(b'=')?;
    let key = read_key(word, keys)?;
    let has_value = scan.skip(b'=')?;
    // A known key by its number is taken as it is (appendix A.1 knows no other meaning for it).
    let known = keys.get(usize::from(key)).filter(|row| row.0.as_bytes() == word).map(|row| row.1);
    match known {
        Some(Value::Nothing) if has_value => return Err(wrong("this key has no value").into()),
        None if !has_value => return Ok(key),
        Some(Value::Nothing) => return Ok(key),
        Some(_) if !has_value => return Err(wrong("this key needs a value").into()),
        Some(Value::Names) => {
            read_names(scan.raw_string()?, origin, out)?;
            return Ok(key);
        }
        _ => {}
    }
    let mut text = Vec::new();
    if !scan.ends_here()? {
        scan.string(&mut text)?;
    }
    read_value(known, &text, keys, out)?;
    Ok(key)
}

fn read_value(
    known: Option<Value>,
    text: &[u8],
    keys: &ParameterKeys,
    out: &mut Vec<u8>,
) -> Result<(), Fault> {
    let Some(kind) = known else {
        out.extend_from_slice(text);
        return Ok(());
    };
    if text.is_empty() {
        return Err(wrong("this key needs a value"));
    }
    match kind {
        Value::Mandatory => read_mandatory(text, keys, out),
        Value::Protocols => read_protocols(text, out),
        Value::Port => {
            out.extend((number(text, 0xffff)? as u16).to_be_bytes());
            Ok(())
        }
        Value::Ipv4 => text.split(|&byte| byte == b',').try_for_each(|word| read_ipv4(word, out)),
        Value::Ipv6 => text.split(|&byte| byte == b',').try_for_each(|word| read_ipv6(word, out)),
        Value::Base64 => binary::base64(text, out),
        Value::Text | Value::Nothing | Value::Names => {
            out.extend_from_slice(text);
            Ok(())
        }
    }
}

/// A known key in lower case, or `key` and a number without leading zeros.
fn read_key(word: &[u8], keys: &ParameterKeys) -> Result<u16, Fault> {
    const UNKNOWN: Fault = wrong("key is not known");
    if let Some(key) = keys.iter().position(|row| row.0.as_bytes() == word) {
        return Ok(key as u16);
    }
    let digits =
        word.strip_prefix(b"key").filter(|digits| digits.len() == 1 || digits.first() != Some(&b'0'));
    number(digits.ok_or(UNKNOWN)?, 0xffff).map(|key| key as u16).map_err(|_| UNKNOWN)
}

/// RFC 9460 section 8: rising, none twice, not the key itself.
fn read_mandatory(text: &[u8], keys: &ParameterKeys, out: &mut Vec<u8>) -> Result<(), Fault> {
    let words = text.split(|&byte| byte == b',');
    let mut wanted = words.map(|word| read_key(word, keys)).collect::<Result<Vec<_>, _>>()?;
    wanted.sort_unstable();
    if wanted.first() == Some(&MANDATORY) || wanted.windows(2).any(|keys| keys[0] == keys[1]) {
        return Err(wrong("mandatory names itself, or a key twice"));
    }
    out.extend(wanted.into_iter().flat_map(u16::to_be_bytes));
    Ok(())
}

/// Appendix A.1: strings with commas between, in which a backslash stands before a comma or a backslash.
fn read_protocols(text: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
    let mut start = out.len();
    out.push(0);
    let mut bytes = text.iter();
    loop {
        match bytes.next() {
            Some(b'\\') => match bytes.next() {
                Some(&byte @ (b',' | b'\\')) => out.push(byte),
                _ => return Err(wrong("backslash before something else than a comma or a backslash")),
            },
            Some(&byte) if byte != b',' => out.push(byte),
            separator => {
                let len = out.len() - start - 1;
                if len == 0 {
                    return Err(wrong("an empty protocol"));
                }
                out[start] = u8::try_from(len).map_err(|_| Fault::TextTooLong)?;
                if separator.is_none() {
                    return Ok(());
                }
                start = out.len();
                out.push(0);
            }
        }
    }
}

/// Names with commas between; a comma in a name has a backslash.
fn read_names(text: &[u8], origin: NameRef<'_>, out: &mut Vec<u8>) -> Result<(), Halt> {
    let mut name = NameBuffer::none();
    let mut rest = text;
    loop {
        let mut end = 0;
        while end < rest.len() && rest[end] != b',' {
            end += if rest[end] == b'\\' { 2 } else { 1 };
        }
        let end = end.min(rest.len());
        let line = [&rest[..end], b"\n"].concat();
        let mut scan = Scan::new(&line);
        scan.name(origin, &mut name)?;
        scan.end()?;
        out.extend_from_slice(name.name().wire());
        if end == rest.len() {
            return Ok(());
        }
        rest = &rest[end + 1..];
    }
}

/// Appends the parameters, with a blank before each.
pub(super) fn write_parameters(
    mut rest: &[u8],
    keys: &ParameterKeys,
    origin: NameRef<'_>,
    out: &mut Vec<u8>,
) -> Option<()> {
    while !rest.is_empty() {
        let mut bytes = Bytes::new(rest);
        let key = u16::from_be_bytes(*bytes.array()?);
        let len = u16::from_be_bytes(*bytes.array()?);
        let value = bytes.take(usize::from(len))?;
        rest = bytes.rest();
        out.push(b' ');
        write_key(key, keys, out)?;
        match keys.get(usize::from(key)).filter(|_| key < NEW_KEYS) {
            Some((_, kind)) => write_value(*kind, value, keys, origin, out)?,
            None if value.is_empty() => {}
            None => {
                out.push(b'=');
                write_text(value, out);
            }
        }
    }
    Some(())
}

fn write_key(key: u16, keys: &ParameterKeys, out: &mut Vec<u8>) -> Option<()> {
    match keys.get(usize::from(key)).filter(|_| key < NEW_KEYS) {
        Some(row) => out.extend_from_slice(row.0.as_bytes()),
        None => write!(out, "key{key}").ok()?,
    }
    Some(())
}

/// Appends `=` and the value; `None` if it is not what the key's value must be.
fn write_value(
    kind: Value,
    value: &[u8],
    keys: &ParameterKeys,
    origin: NameRef<'_>,
    out: &mut Vec<u8>,
) -> Option<()> {
    if (kind == Value::Nothing) != value.is_empty() {
        return None;
    }
    if kind == Value::Nothing {
        return Some(());
    }
    out.push(b'=');
    match kind {
        Value::Mandatory => write_list(value, 2, out, |key, out| {
            let key = u16::from_be_bytes(<[u8; 2]>::try_from(key).ok()?);
            (key != MANDATORY).then_some(())?;
            write_key(key, keys, out)
        }),
        Value::Protocols => write_protocols(value, out),
        Value::Port => {
            write_number(u32::from(u16::from_be_bytes(value.try_into().ok()?)), out);
            Some(())
        }
        Value::Ipv4 => write_list(value, 4, out, write_ip),
        Value::Ipv6 => write_list(value, 16, out, write_ip),
        Value::Base64 => {
            binary::write_base64(value, out);
            Some(())
        }
        Value::Text | Value::Nothing => {
            write_text(value, out);
            Some(())
        }
        Value::Names => write_names(value, origin, out),
    }
}

fn write_list(
    value: &[u8],
    size: usize,
    out: &mut Vec<u8>,
    write: impl Fn(&[u8], &mut Vec<u8>) -> Option<()>,
) -> Option<()> {
    for (i, item) in value.chunks(size).enumerate() {
        if i > 0 {
            out.push(b',');
        }
        write(item, out)?;
    }
    Some(())
}

fn write_protocols(value: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let mut list = Vec::new();
    let mut bytes = Bytes::new(value);
    while !bytes.is_empty() {
        let protocol = bytes.counted().filter(|protocol| !protocol.is_empty())?;
        if !list.is_empty() {
            list.push(b',');
        }
        for &byte in protocol {
            if matches!(byte, b',' | b'\\') {
                list.push(b'\\');
            }
            list.push(byte);
        }
    }
    write_text(&list, out);
    Some(())
}

fn write_names(value: &[u8], origin: NameRef<'_>, out: &mut Vec<u8>) -> Option<()> {
    let mut bytes = Bytes::new(value);
    while !bytes.is_empty() {
        write_name(bytes.name()?, origin, out);
        if !bytes.is_empty() {
            out.push(b',');
        }
    }
    Some(())
}
