//! $GENERATE: a range of numbers, a template of owners and one of records. `$` is the number;
//! `${offset,width,base}` is it with something added, padded, and in base d, o, x, X, n or N.

use super::fault::{Halt, ZoneFileFault as Fault};
use super::number::number;
use super::scan::Scan;
use std::io::Write;

/// Most records that one directive makes.
pub const GENERATE_MAX: u32 = 65_536;
/// Most bytes of text that all directives of a zone make.
pub const GENERATE_BYTES_MAX: usize = 1 << 28;
/// Longest template.
const TEMPLATE_MAX: usize = 1024;
/// Longest number.
const WIDTH_MAX: u32 = 63;

const fn wrong(reason: &'static str) -> Fault {
    Fault::Generate(reason)
}

/// A directive that is being expanded.
pub(super) struct Generate {
    /// `None` after the last one.
    next: Option<u32>,
    stop: u32,
    step: u32,
    template: Vec<u8>,
}

impl Generate {
    /// Reads what follows `$GENERATE` on its line.
    pub(super) fn read(scan: &mut Scan<'_>) -> Result<Self, Halt> {
        let range = scan.word("a range")?;
        let (range, step) = split(range, b'/');
        let (start, stop) = split(range, b'-');
        let start = number(start, i32::MAX as u32)?;
        let stop = number(stop.ok_or(wrong("a range is start-stop or start-stop/step"))?, i32::MAX as u32)?;
        let step = step.map_or(Ok(1), |step| number(step, i32::MAX as u32))?;
        if step == 0 || stop < start {
            return Err(wrong("a range must rise").into());
        }
        if (stop - start) / step >= GENERATE_MAX {
            return Err(wrong("more than 65536 records").into());
        }
        scan.need("a template of the owner")?;
        let line = scan.line()?;
        if line.len() > TEMPLATE_MAX {
            return Err(wrong("template is longer than 1024 bytes").into());
        }
        scan.skip(b'\n')?;
        Ok(Self { next: Some(start), stop, step, template: [line, b"\n"].concat() })
    }

    /// Puts the next record's line into `out`; false if there are no more.
    pub(super) fn expand(&mut self, out: &mut Vec<u8>) -> Result<bool, Fault> {
        let Some(number) = self.next else { return Ok(false) };
        self.next = number.checked_add(self.step).filter(|&next| next <= self.stop);
        out.clear();
        let mut rest = &self.template[..];
        while let Some((&byte, tail)) = rest.split_first() {
            rest = tail;
            match (byte, tail.first()) {
                (b'\\', Some(&next)) => {
                    out.extend([byte, next]);
                    rest = &tail[1..];
                }
                // `$$` is a plain one, as is the one with a backslash.
                (b'$', Some(b'$')) => {
                    out.extend_from_slice(b"\\$");
                    rest = &tail[1..];
                }
                (b'$', Some(b'{')) => rest = expand_modified(number, &tail[1..], out)?,
                (b'$', _) => write_value(i64::from(number), 0, b'd', out)?,
                _ => out.push(byte),
            }
        }
        Ok(true)
    }
}

fn split(word: &[u8], at: u8) -> (&[u8], Option<&[u8]>) {
    match word.iter().position(|&byte| byte == at) {
        Some(place) => (&word[..place], Some(&word[place + 1..])),
        None => (word, None),
    }
}

/// `rest` follows `${`; gives what follows `}`.
fn expand_modified<'a>(value: u32, rest: &'a [u8], out: &mut Vec<u8>) -> Result<&'a [u8], Fault> {
    let (modifier, rest) = split(rest, b'}');
    let rest = rest.ok_or(wrong("a brace is not closed"))?;
    let (offset, others) = split(modifier, b',');
    let (width, base) = others.map_or((&b"0"[..], None), |others| split(others, b','));
    let (sign, digits) = offset.strip_prefix(b"-").map_or((1, offset), |digits| (-1, digits));
    let offset = i64::from(number(digits, i32::MAX as u32)?) * sign;
    let base = match base {
        None => b'd',
        Some(&[base @ (b'd' | b'o' | b'x' | b'X' | b'n' | b'N')]) => base,
        Some(_) => return Err(wrong("base is not one of d, o, x, X, n and N")),
    };
    write_value(i64::from(value) + offset, number(width, WIDTH_MAX)? as usize, base, out)?;
    Ok(rest)
}

fn write_value(value: i64, width: usize, base: u8, out: &mut Vec<u8>) -> Result<(), Fault> {
    let value = u64::try_from(value).map_err(|_| wrong("a number is below 0"))?;
    let written = match base {
        b'o' => write!(out, "{value:0width$o}"),
        b'x' => write!(out, "{value:0width$x}"),
        b'X' => write!(out, "{value:0width$X}"),
        b'n' | b'N' => {
            write_nibbles(value, width, base == b'N', out);
            Ok(())
        }
        _ => write!(out, "{value:0width$}"),
    };
    written.map_err(|_| wrong("a number can't be written"))
}

/// Hexadecimal digits, the lowest first, with dots between; the dots count in the width.
fn write_nibbles(value: u64, width: usize, is_upper: bool, out: &mut Vec<u8>) {
    let digits: &[u8; 16] = if is_upper { b"0123456789ABCDEF" } else { b"0123456789abcdef" };
    let (mut rest, mut len) = (value, 0);
    loop {
        out.push(digits[(rest & 15) as usize]);
        rest >>= 4;
        len += 1;
        if rest == 0 && len >= width {
            return;
        }
        out.push(b'.');
        len += 1;
    }
}
