//! Numbers, times and mnemonics.

use super::fault::ZoneFileFault as Fault;
use super::format::Mnemonics;
use crate::rr::{Class, Rtype};

/// Days of the years before 1970, as [`days_before`] counts them.
const DAYS_TO_1970: u32 = days_before(1970);
/// The last year that a signature's time may be of: the 32 bits wrap in 2106 (RFC 4034 section 3.1.5).
const YEAR_MAX: u32 = 2225;
const DAY_SECONDS: u32 = 86_400;

/// A decimal number of up to `max`.
pub(super) fn number(word: &[u8], max: u32) -> Result<u32, Fault> {
    const WRONG: Fault = Fault::Expected("a number in its range");
    if word.is_empty() || word.len() > 10 {
        return Err(WRONG);
    }
    let mut value = 0_u64;
    for byte in word {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return Err(WRONG);
        }
        value = value * 10 + u64::from(digit);
    }
    if value > u64::from(max) { Err(WRONG) } else { Ok(value as u32) }
}

/// Seconds: a number, or numbers with the units w, d, h, m and s.
pub(super) fn ttl(word: &[u8]) -> Result<u32, Fault> {
    if word.last().is_none_or(u8::is_ascii_digit) {
        return number(word, u32::MAX);
    }
    let mut total = 0_u32;
    let mut rest = word;
    while !rest.is_empty() {
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let value = number(&rest[..digits], u32::MAX)?;
        let unit = match rest.get(digits).map(u8::to_ascii_lowercase) {
            Some(b's') => 1,
            Some(b'm') => 60,
            Some(b'h') => 3600,
            Some(b'd') => DAY_SECONDS,
            Some(b'w') => 7 * DAY_SECONDS,
            _ => return Err(Fault::Expected("one of the units w, d, h, m and s")),
        };
        let seconds = value.checked_mul(unit).and_then(|seconds| total.checked_add(seconds));
        total = seconds.ok_or(Fault::Expected("a time of less than 2^32 seconds"))?;
        rest = &rest[digits + 1..];
    }
    Ok(total)
}

/// Seconds since 1970 modulo 2^32, or YYYYMMDDHHmmSS.
pub(super) fn time(word: &[u8]) -> Result<u32, Fault> {
    const WRONG: Fault = Fault::Expected("a time as YYYYMMDDHHmmSS");
    if word.len() <= 10 {
        return number(word, u32::MAX);
    }
    if word.len() != 14 {
        return Err(WRONG);
    }
    let part = |from: usize, to: usize, least: u32, most: u32| match number(&word[from..to], most) {
        Ok(value) if value >= least => Ok(value),
        _ => Err(WRONG),
    };
    let year = part(0, 4, 1970, YEAR_MAX)?;
    let month = part(4, 6, 1, 12)?;
    let day = part(6, 8, 1, days_of(year, month))?;
    let seconds = part(8, 10, 0, 23)? * 3600 + part(10, 12, 0, 59)? * 60 + part(12, 14, 0, 59)?;
    let months: u32 = (1..month).map(|month| days_of(year, month)).sum();
    let days = days_before(year) - DAYS_TO_1970 + months + day - 1;
    Ok(days.wrapping_mul(DAY_SECONDS).wrapping_add(seconds))
}

/// Appends the time as YYYYMMDDHHmmSS, of the years 1970 to 2106.
pub(super) fn write_time(time: u32, out: &mut Vec<u8>) {
    let (mut days, seconds) = (time / DAY_SECONDS, time % DAY_SECONDS);
    let mut year = 1970;
    while days >= 365 + u32::from(is_leap(year)) {
        days -= 365 + u32::from(is_leap(year));
        year += 1;
    }
    let mut month = 1;
    while days >= days_of(year, month) {
        days -= days_of(year, month);
        month += 1;
    }
    let parts = [year / 100, year % 100, month, days + 1, seconds / 3600, seconds / 60 % 60, seconds % 60];
    for part in parts {
        out.extend([b'0' + (part / 10) as u8, b'0' + (part % 10) as u8]);
    }
}

/// Appends a decimal number.
pub(super) fn write_number(value: u32, out: &mut Vec<u8>) {
    let mut digits = [0; 10];
    let mut at = digits.len();
    let mut rest = value;
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            return out.extend_from_slice(&digits[at..]);
        }
    }
}

const fn is_leap(year: u32) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

/// Days of all years before this one, from the year 1 on.
const fn days_before(year: u32) -> u32 {
    let years = year - 1;
    years * 365 + years / 4 - years / 100 + years / 400
}

const fn days_of(year: u32, month: u32) -> u32 {
    match month {
        2 => 28 + is_leap(year) as u32,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// A number, or a name of the table.
pub(super) fn named(word: &[u8], table: &Mnemonics) -> Result<u32, Fault> {
    if word.first().is_some_and(u8::is_ascii_digit) {
        return number(word, if table.bytes == 1 { 0xff } else { 0xffff });
    }
    let row = table.names.iter().find(|row| row.1.as_bytes().eq_ignore_ascii_case(word));
    row.map(|row| u32::from(row.0)).ok_or(Fault::Expected("a number or a known name of one"))
}

/// What a word between the owner and the data is.
pub(super) enum Mnemonic {
    Class(Class),
    Type(Rtype),
}

/// The longest word that [`packed`] takes.
const PACKED_MAX: usize = 7;

/// The upper-case letters of a short word as one number, to compare it with all frequent ones at once.
const fn packed(word: &[u8]) -> u64 {
    let (mut value, mut i) = (1, 0);
    while i < word.len() {
        value = value << 8 | word[i].to_ascii_uppercase() as u64;
        i += 1;
    }
    value
}

macro_rules! frequent {
    ($($name:ident)*) => {
        /// The types that most lines are of, and the class.
        fn frequent(word: &[u8]) -> Option<Mnemonic> {
            mod words {
                pub(super) const IN: u64 = super::packed(b"IN");
                $(pub(super) const $name: u64 = super::packed(stringify!($name).as_bytes());)*
            }
            match packed(word) {
                words::IN => Some(Mnemonic::Class(Class::IN)),
                $(words::$name => Some(Mnemonic::Type(Rtype::$name)),)*
                _ => None,
            }
        }
    };
}

frequent! { A AAAA NS SOA CNAME PTR MX TXT SRV DS RRSIG NSEC NSEC3 DNSKEY DNAME CAA TLSA SSHFP HTTPS SVCB DHCID }

/// A class or a type.
pub(super) fn mnemonic(word: &[u8]) -> Result<Mnemonic, Fault> {
    if word.len() <= PACKED_MAX
        && let Some(known) = frequent(word)
    {
        return Ok(known);
    }
    let text = std::str::from_utf8(word).map_err(|_| Fault::Rtype)?;
    match (text.parse(), text.parse()) {
        (Ok(rtype), _) => Ok(Mnemonic::Type(rtype)),
        (_, Ok(class)) => Ok(Mnemonic::Class(class)),
        _ => Err(Fault::Rtype),
    }
}

/// A type's mnemonic.
pub(super) fn rtype(word: &[u8]) -> Result<Rtype, Fault> {
    match mnemonic(word)? {
        Mnemonic::Type(rtype) => Ok(rtype),
        Mnemonic::Class(_) => Err(Fault::Rtype),
    }
}
