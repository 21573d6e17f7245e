//! Type bit maps (RFC 4034 section 4.1.2), and the older one of NXT.

use super::super::fault::{Halt, ZoneFileFault as Fault};
use super::super::fields::write_rtype;
use super::super::number;
use super::super::scan::Scan;
use crate::rr::Rtype;

/// Types of one window.
const WINDOW: usize = 256;
/// NXT knows the types below this only (RFC 2535 section 5.2).
const OLD_TYPES: u16 = 128;

/// Appends the bit maps of the types that are named to the end of the record.
pub(in super::super) fn read_types(scan: &mut Scan<'_>, out: &mut Vec<u8>) -> Result<(), Halt> {
    // Few are named, nearly always in order and of the first window: no set of all 65536 is needed.
    let mut window = None;
    let mut bits = [0_u8; WINDOW / 8];
    let mut seen: Vec<u16> = Vec::new();
    while scan.more()? {
        let rtype = number::rtype(scan.word("a type")?)?.0;
        let place = rtype / WINDOW as u16;
        if *window.get_or_insert(place) == place && seen.is_empty() {
            set(&mut bits, rtype);
        } else {
            seen.push(rtype);
        }
    }
    let Some(first) = window else { return Ok(()) };
    if seen.is_empty() {
        emit(first, &bits, out);
    } else {
        emit_all(first, &bits, seen, out);
    }
    Ok(())
}

fn set(bits: &mut [u8; WINDOW / 8], rtype: u16) {
    let place = usize::from(rtype) % WINDOW;
    bits[place / 8] |= 0x80 >> (place % 8);
}

fn emit(window: u16, bits: &[u8; WINDOW / 8], out: &mut Vec<u8>) {
    let len = bits.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    if len > 0 {
        out.extend([window as u8, len as u8]);
        out.extend_from_slice(&bits[..len]);
    }
}

/// `bits` are of the window `first`, the others are in any order.
fn emit_all(first: u16, bits: &[u8; WINDOW / 8], mut others: Vec<u16>, out: &mut Vec<u8>) {
    for place in 0..WINDOW as u16 {
        if bits[usize::from(place) / 8] & 0x80 >> (place % 8) != 0 {
            others.push(first * WINDOW as u16 + place);
        }
    }
    others.sort_unstable();
    for window in others.chunk_by(|a, b| a / WINDOW as u16 == b / WINDOW as u16) {
        let mut bits = [0; WINDOW / 8];
        for &rtype in window {
            set(&mut bits, rtype);
        }
        emit(window[0] / WINDOW as u16, &bits, out);
    }
}

/// Appends the mnemonics of the types, with a blank before each.
pub(in super::super) fn write_types(mut maps: &[u8], out: &mut Vec<u8>) -> Option<()> {
    while let Some((&window, rest)) = maps.split_first() {
        let (&len, rest) = rest.split_first()?;
        let (bits, rest) = rest.split_at_checked(usize::from(len))?;
        write_bits(u16::from(window) * WINDOW as u16, bits, out);
        maps = rest;
    }
    Some(())
}

fn write_bits(first: u16, bits: &[u8], out: &mut Vec<u8>) {
    for (i, byte) in (0_u16..).zip(bits) {
        for bit in (0..8).filter(|bit| byte & 0x80 >> bit != 0) {
            out.push(b' ');
            write_rtype(Rtype(first + i * 8 + bit), out);
        }
    }
}

/// Appends the bit map of NXT.
pub(in super::super) fn read_old_types(scan: &mut Scan<'_>, out: &mut Vec<u8>) -> Result<(), Halt> {
    let mut bits = [0_u8; WINDOW / 8];
    while scan.more()? {
        let rtype = number::rtype(scan.word("a type")?)?.0;
        if rtype == 0 || rtype >= OLD_TYPES {
            return Err(Fault::Expected("a type below 128").into());
        }
        set(&mut bits, rtype);
    }
    let len = bits.iter().rposition(|&byte| byte != 0).ok_or(Fault::Missing("a type"))? + 1;
    out.extend_from_slice(&bits[..len]);
    Ok(())
}

/// Appends the mnemonics of the types of NXT, with a blank before each.
pub(in super::super) fn write_old_types(bits: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let is_plain =
        bits.len() <= usize::from(OLD_TYPES) / 8 && bits.last() != Some(&0) && bits.first()? & 0x80 == 0;
    is_plain.then(|| write_bits(0, bits, out))
}
