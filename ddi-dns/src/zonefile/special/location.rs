//! Places on earth (RFC 1876 section 3).

use super::super::fault::{Halt, ZoneFileFault as Fault};
use super::super::scan::Scan;
use std::io::Write;

/// The equator and the prime meridian, in thousandths of a second of arc.
const MIDDLE: u32 = 1 << 31;
/// The lowest altitude, in centimetres below the ellipsoid.
const LOWEST: i64 = 10_000_000;
/// The largest size, in centimetres.
const SIZE_MAX: u64 = 9_000_000_000;
/// A size of 1 m, and precisions of 10 km and 10 m, where none are given.
const SIZES: [u8; 3] = [0x12, 0x16, 0x13];

const DEGREE: u32 = 3_600_000;
const MINUTE: u32 = 60_000;
const SECOND: u32 = 1000;

/// Appends the data of a LOC record.
pub(in super::super) fn read_location(scan: &mut Scan<'_>, out: &mut Vec<u8>) -> Result<(), Halt> {
    let latitude = read_angle(scan, 90, *b"NS")?;
    let longitude = read_angle(scan, 180, *b"EW")?;
    let altitude = read_altitude(scan.word("the altitude")?)?;
    let mut sizes = SIZES;
    for size in &mut sizes {
        if !scan.more()? {
            break;
        }
        *size = read_size(scan.word("a size")?)?;
    }
    out.push(0);
    out.extend(sizes);
    out.extend([latitude, longitude, altitude].map(u32::to_be_bytes).as_flattened());
    Ok(())
}

/// Degrees, perhaps minutes and seconds, and which side of the middle.
fn read_angle(scan: &mut Scan<'_>, most: u64, sides: [u8; 2]) -> Result<u32, Halt> {
    const WRONG: Fault = Fault::Expected("degrees, minutes, seconds and a direction");
    let limits = [(most * 1000, DEGREE / 1000), (59_000, MINUTE / 1000), (59_999, SECOND / 1000)];
    let mut angle = 0;
    for (i, (limit, unit)) in limits.into_iter().enumerate() {
        let word = scan.word("the place")?;
        if let [side] = word
            && let Some(side) = sides.iter().position(|known| known == &side.to_ascii_uppercase())
        {
            return if i == 0 { Err(WRONG.into()) } else { Ok(from_middle(angle, side)) };
        }
        let places = if i == 2 { 3 } else { 0 };
        let value = decimal(word, places).ok_or(WRONG)?.checked_mul(if i == 2 { 1 } else { 1000 });
        let value = value.filter(|&value| value <= limit).ok_or(WRONG)?;
        angle += value as u32 * unit;
    }
    match scan.word("the direction")? {
        [side] => match sides.iter().position(|known| known == &side.to_ascii_uppercase()) {
            Some(side) => Ok(from_middle(angle, side)),
            None => Err(WRONG.into()),
        },
        _ => Err(WRONG.into()),
    }
}

const fn from_middle(angle: u32, side: usize) -> u32 {
    if side == 0 { MIDDLE.wrapping_add(angle) } else { MIDDLE.wrapping_sub(angle) }
}

fn read_altitude(word: &[u8]) -> Result<u32, Fault> {
    const WRONG: Fault = Fault::Expected("an altitude in metres");
    let (sign, digits) = word.strip_prefix(b"-").map_or((1, word), |digits| (-1, digits));
    let metres = decimal(digits.strip_suffix(b"m").unwrap_or(digits), 2).ok_or(WRONG)?;
    let above = i64::try_from(metres).map_err(|_| WRONG)? * sign + LOWEST;
    u32::try_from(above).map_err(|_| WRONG)
}

/// A size in metres, as one digit and a power of ten of centimetres; further digits are dropped.
fn read_size(word: &[u8]) -> Result<u8, Fault> {
    let metres = decimal(word.strip_suffix(b"m").unwrap_or(word), 2).filter(|&size| size <= SIZE_MAX);
    let mut digit = metres.ok_or(Fault::Expected("a size of up to 90000000 metres"))?;
    let mut power = 0;
    while digit >= 10 {
        digit /= 10;
        power += 1;
    }
    Ok((digit as u8) << 4 | power)
}

/// A number with up to `places` digits behind its point, as if the point were behind those.
fn decimal(word: &[u8], places: usize) -> Option<u64> {
    let (whole, part) = match word.iter().position(|&byte| byte == b'.') {
        Some(point) if places > 0 => (&word[..point], &word[point + 1..]),
        _ => (word, &[][..]),
    };
    if whole.is_empty() || whole.len() > 10 || part.len() > places {
        return None;
    }
    let padded = part.iter().copied().chain(std::iter::repeat(b'0')).take(places);
    whole
        .iter()
        .copied()
        .chain(padded)
        .try_fold(0_u64, |value, byte| byte.is_ascii_digit().then(|| value * 10 + u64::from(byte - b'0')))
}

/// Appends the data of a LOC record, if it is of version 0 and nowhere beyond the poles.
pub(in super::super) fn write_location(rdata: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let (&[0, ref sizes @ ..], places) = rdata.split_first_chunk::<4>()? else {
        return None;
    };
    let (numbers, rest) = places.as_chunks::<4>();
    let &[latitude, longitude, altitude] = numbers else { return None };
    if !rest.is_empty() {
        return None;
    }
    write_angle(u32::from_be_bytes(latitude), 90, *b"NS", out)?;
    write_angle(u32::from_be_bytes(longitude), 180, *b"EW", out)?;
    let altitude = i64::from(u32::from_be_bytes(altitude)) - LOWEST;
    let sign = if altitude < 0 { "-" } else { "" };
    let metres = altitude.unsigned_abs();
    write!(out, "{sign}{}.{:02}m", metres / 100, metres % 100).ok()?;
    for size in sizes {
        let (digit, power) = (u64::from(size >> 4), u32::from(size & 15));
        if digit > 9 || power > 9 || (digit == 0 && power > 0) {
            return None;
        }
        let metres = digit * 10_u64.pow(power);
        write!(out, " {}.{:02}m", metres / 100, metres % 100).ok()?;
    }
    Some(())
}

fn write_angle(angle: u32, most: u32, sides: [u8; 2], out: &mut Vec<u8>) -> Option<()> {
    let away = angle.abs_diff(MIDDLE);
    let side = char::from(if angle >= MIDDLE { sides[0] } else { sides[1] });
    let (degrees, minutes, rest) = (away / DEGREE, away / MINUTE % 60, away % MINUTE);
    if degrees > most {
        return None;
    }
    write!(out, "{degrees} {minutes} {}.{:03} {side} ", rest / SECOND, rest % SECOND).ok()
}
