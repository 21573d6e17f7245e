//! Bytes as hexadecimal, base64 (RFC 4648 section 4) and base32 (section 7).

use super::fault::{Halt, ZoneFileFault as Fault};
use super::scan::Scan;

const NONE: u8 = 0xff;
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE32: &[u8; 32] = b"0123456789ABCDEFGHIJKLMNOPQRSTUV";
const HEX: &[u8; 16] = b"0123456789ABCDEF";

static BASE64_VALUES: [u8; 256] = values(BASE64, false);
static BASE32_VALUES: [u8; 256] = values(BASE32, true);
static HEX_VALUES: [u8; 256] = values(HEX, true);

const fn values(digits: &[u8], ignore_case: bool) -> [u8; 256] {
    let mut table = [NONE; 256];
    let mut i = 0;
    while i < digits.len() {
        table[digits[i] as usize] = i as u8;
        if ignore_case {
            table[digits[i].to_ascii_lowercase() as usize] = i as u8;
        }
        i += 1;
    }
    table
}

const HEX_WRONG: Fault = Fault::Expected("pairs of hexadecimal digits");
const BASE64_WRONG: Fault = Fault::Expected("base64");
const BASE32_WRONG: Fault = Fault::Expected("base32");

/// Appends the bytes of a word of hexadecimal pairs.
pub(super) fn hex(word: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
    let mut digits = Digits::new(4, 2, &HEX_VALUES);
    digits.take(word, out).and_then(|()| digits.finish(false)).map_err(|()| HEX_WRONG)
}

/// Appends hexadecimal to the end of the record. Blanks may be anywhere in it (RFC 4034 section 5.3).
pub(super) fn hex_to_end(scan: &mut Scan<'_>, out: &mut Vec<u8>) -> Result<(), Halt> {
    to_end(scan, Digits::new(4, 2, &HEX_VALUES), false, HEX_WRONG, out)
}

/// Appends base64 to the end of the record. Blanks may be anywhere in it (RFC 4034 section 2.2).
pub(super) fn base64_to_end(scan: &mut Scan<'_>, out: &mut Vec<u8>) -> Result<(), Halt> {
    to_end(scan, Digits::new(6, 4, &BASE64_VALUES), true, BASE64_WRONG, out)
}

/// Appends the bytes of a word of padded base64.
pub(super) fn base64(word: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
    let mut digits = Digits::new(6, 4, &BASE64_VALUES);
    digits.take(word, out).and_then(|()| digits.finish(true)).map_err(|()| BASE64_WRONG)
}

/// Appends the bytes of a word of padded base32.
pub(super) fn base32(word: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
    let mut digits = Digits::new(5, 8, &BASE32_VALUES);
    digits.take(word, out).and_then(|()| digits.finish(true)).map_err(|()| BASE32_WRONG)
}

fn to_end(
    scan: &mut Scan<'_>,
    mut digits: Digits,
    is_padded: bool,
    wrong: Fault,
    out: &mut Vec<u8>,
) -> Result<(), Halt> {
    let start = out.len();
    while scan.more()? {
        if digits.take(scan.word("data")?, out).is_err() {
            return Err(wrong.into());
        }
    }
    if digits.finish(is_padded).is_err() || out.len() == start {
        return Err(wrong.into());
    }
    Ok(())
}

/// Digits being gathered to bytes.
struct Digits {
    bits: u32,
    /// Digits to a group: a whole number of bytes.
    group: u32,
    values: &'static [u8; 256],
    held: u32,
    held_bits: u32,
    count: u32,
    pads: u32,
}

impl Digits {
    const fn new(bits: u32, group: u32, values: &'static [u8; 256]) -> Self {
        Self { bits, group, values, held: 0, held_bits: 0, count: 0, pads: 0 }
    }

    fn take(&mut self, word: &[u8], out: &mut Vec<u8>) -> Result<(), ()> {
        for &byte in word {
            let value = self.values[usize::from(byte)];
            if byte == b'=' {
                self.pads += 1;
                continue;
            }
            if value == NONE || self.pads > 0 {
                return Err(());
            }
            self.held = self.held << self.bits | u32::from(value);
            self.held_bits += self.bits;
            self.count = (self.count + 1) % self.group;
            if self.held_bits >= 8 {
                self.held_bits -= 8;
                out.push((self.held >> self.held_bits) as u8);
                self.held &= (1 << self.held_bits) - 1;
            }
        }
        Ok(())
    }

    /// The last group must be whole, with the padding that it needs. Bits that are left over count for nothing.
    fn finish(&self, is_padded: bool) -> Result<(), ()> {
        let is_whole = match (self.count, self.pads) {
            (0, 0) => true,
            (count, pads) => {
                is_padded && count > 0 && count + pads == self.group && self.held_bits < self.bits
            }
        };
        if is_whole { Ok(()) } else { Err(()) }
    }
}

/// Appends hexadecimal.
pub(super) fn write_hex(bytes: &[u8], out: &mut Vec<u8>) {
    for byte in bytes {
        out.extend([HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
    }
}

/// Appends padded base64.
pub(super) fn write_base64(bytes: &[u8], out: &mut Vec<u8>) {
    write_digits(bytes, 6, 3, BASE64, out);
}

/// Appends padded base32.
pub(super) fn write_base32(bytes: &[u8], out: &mut Vec<u8>) {
    write_digits(bytes, 5, 5, BASE32, out);
}

/// `group` bytes make a whole number of digits.
fn write_digits(bytes: &[u8], bits: usize, group: usize, digits: &[u8], out: &mut Vec<u8>) {
    for chunk in bytes.chunks(group) {
        let mut held = chunk.iter().fold(0_u64, |held, &byte| held << 8 | u64::from(byte));
        held <<= 8 * (group - chunk.len());
        let (needed, all) = ((chunk.len() * 8).div_ceil(bits), group * 8 / bits);
        for i in 0..all {
            let value = held >> ((all - 1 - i) * bits) & ((1 << bits) - 1);
            out.push(if i < needed { digits[value as usize] } else { b'=' });
        }
    }
}
