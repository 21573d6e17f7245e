//! Values with a type: from bytes, to bytes, from the words of a configuration, to print.

use std::fmt::{self, Write as _};
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use super::Shape;
use crate::bytes::Reader;
use crate::error::{TextError, ValueError};
use crate::v4::name::{Name, SearchList, emit_search_list};
use crate::v4::route::{Route, Routes, emit_routes};

/// The value of an option, by its [`Shape`].
///
/// It prints as it is configured; several items are separated by `, `.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the variants are those of `Shape`")]
pub enum Value {
    Empty,
    Flag(bool),
    U8(u8),
    U16(u16),
    U32(u32),
    I32(i32),
    U8s(Vec<u8>),
    U16s(Vec<u16>),
    Addr(Ipv4Addr),
    Addrs(Vec<Ipv4Addr>),
    AddrPairs(Vec<(Ipv4Addr, Ipv4Addr)>),
    Text(Vec<u8>),
    Names(Vec<Name>),
    Routes(Vec<Route>),
    Bytes(Vec<u8>),
}

impl Value {
    /// Reads the joined bytes of an option.
    ///
    /// # Errors
    /// If they don't have this shape.
    pub fn parse(shape: Shape, bytes: &[u8]) -> Result<Self, ValueError> {
        let wrong = |wanted| ValueError::WrongLength { len: bytes.len(), wanted };
        let some = |wanted| if bytes.is_empty() { Err(wrong(wanted)) } else { Ok(bytes) };
        Ok(match shape {
            Shape::Empty if bytes.is_empty() => Self::Empty,
            Shape::Empty => return Err(wrong("an empty value")),
            Shape::Flag => match one(bytes, "a flag")? {
                [value @ 0..=1] => Self::Flag(value == 1),
                [value] => return Err(ValueError::NoFlag { value }),
            },
            Shape::U8 => Self::U8(u8::from_be_bytes(one(bytes, "a number of one byte")?)),
            Shape::U16 => Self::U16(u16::from_be_bytes(one(bytes, "a number of two bytes")?)),
            Shape::U32 => Self::U32(u32::from_be_bytes(one(bytes, "a number of four bytes")?)),
            Shape::I32 => Self::I32(i32::from_be_bytes(one(bytes, "a number of four bytes")?)),
            Shape::Addr => Self::Addr(one::<4>(bytes, "an address")?.into()),
            Shape::U8s => Self::U8s(some("numbers of one byte")?.to_vec()),
            Shape::U16s => Self::U16s(many(bytes, "numbers of two bytes", u16::from_be_bytes)?),
            Shape::Addrs => Self::Addrs(many::<4, _>(bytes, "addresses", Ipv4Addr::from)?),
            Shape::AddrPairs => Self::AddrPairs(many(bytes, "pairs of addresses", pair)?),
            Shape::Text => Self::Text(some("text")?.to_vec()),
            Shape::Names => Self::Names(SearchList::new(some("names")?).collect::<Result<_, _>>()?),
            Shape::Routes => Self::Routes(Routes::new(some("routes")?).collect::<Result<_, _>>()?),
            Shape::Bytes => Self::Bytes(bytes.to_vec()),
        })
    }

    /// Adds the bytes of the value to `out`.
    pub fn emit(&self, out: &mut Vec<u8>) {
        match self {
            Self::Empty => {}
            Self::Flag(flag) => out.push(u8::from(*flag)),
            Self::U8(number) => out.push(*number),
            Self::U16(number) => out.extend(number.to_be_bytes()),
            Self::U32(number) => out.extend(number.to_be_bytes()),
            Self::I32(number) => out.extend(number.to_be_bytes()),
            Self::U16s(numbers) => out.extend(numbers.iter().flat_map(|number| number.to_be_bytes())),
            Self::Addr(addr) => out.extend(addr.octets()),
            Self::Addrs(addrs) => out.extend(addrs.iter().flat_map(Ipv4Addr::octets)),
            Self::AddrPairs(pairs) => {
                out.extend(pairs.iter().flat_map(|(a, b)| [a.octets(), b.octets()].concat()));
            }
            Self::Text(bytes) | Self::Bytes(bytes) | Self::U8s(bytes) => out.extend_from_slice(bytes),
            Self::Names(names) => emit_search_list(names, out),
            Self::Routes(routes) => emit_routes(routes, out),
        }
    }

    /// Reads the items of a configuration. A list has one item for each of its elements; a pair and a
    /// route are two words in one item (`192.0.2.0/24 192.0.2.1`); bytes are hex digits, with colons
    /// between bytes or without.
    ///
    /// # Errors
    /// If an item is not of this shape, or there are too many or too few.
    pub fn from_text(shape: Shape, items: &[&str]) -> Result<Self, TextError> {
        Ok(match shape {
            Shape::Empty => match items {
                [] | ["true"] => Self::Empty,
                _ => return Err(TextError::WrongCount { found: items.len(), wanted: "no value, or true" }),
            },
            Shape::Flag => Self::Flag(parse_word(single(items)?, "true or false")?),
            Shape::U8 => Self::U8(parse_word(single(items)?, "a number up to 255")?),
            Shape::U16 => Self::U16(parse_word(single(items)?, "a number up to 65535")?),
            Shape::U32 => Self::U32(parse_word(single(items)?, "a number up to 4294967295")?),
            Shape::I32 => Self::I32(parse_word(single(items)?, "a number from -2147483648 to 2147483647")?),
            Shape::U8s => Self::U8s(each(items, |item| parse_word(item, "a number up to 255"))?),
            Shape::U16s => Self::U16s(each(items, |item| parse_word(item, "a number up to 65535"))?),
            Shape::Addr => Self::Addr(parse_word(single(items)?, "an IPv4 address")?),
            Shape::Addrs => Self::Addrs(each(items, |item| parse_word(item, "an IPv4 address"))?),
            Shape::AddrPairs => Self::AddrPairs(each(items, parse_pair)?),
            Shape::Names => Self::Names(each(items, parse_name)?),
            Shape::Routes => Self::Routes(each(items, parse_route)?),
            Shape::Bytes => Self::Bytes(parse_hex(single(items)?)?),
            Shape::Text => match single(items)? {
                "" => return Err(TextError::WrongItem { item: String::new(), wanted: "text" }),
                text => Self::Text(text.into()),
            },
        })
    }
}

fn one<const N: usize>(bytes: &[u8], wanted: &'static str) -> Result<[u8; N], ValueError> {
    bytes.try_into().map_err(|_| ValueError::WrongLength { len: bytes.len(), wanted })
}

fn many<const N: usize, T>(
    bytes: &[u8],
    wanted: &'static str,
    make: impl Fn([u8; N]) -> T,
) -> Result<Vec<T>, ValueError> {
    let mut rest = Reader::new(bytes);
    let list: Vec<T> = std::iter::from_fn(|| rest.array().map(&make)).collect();
    if list.is_empty() || !rest.is_empty() {
        return Err(ValueError::WrongLength { len: bytes.len(), wanted });
    }
    Ok(list)
}

fn pair([a, b, c, d, e, f, g, h]: [u8; 8]) -> (Ipv4Addr, Ipv4Addr) {
    ([a, b, c, d].into(), [e, f, g, h].into())
}

fn single<'t>(items: &[&'t str]) -> Result<&'t str, TextError> {
    match items {
        [item] => Ok(item),
        _ => Err(TextError::WrongCount { found: items.len(), wanted: "one" }),
    }
}

fn each<T>(items: &[&str], parse: impl Fn(&str) -> Result<T, TextError>) -> Result<Vec<T>, TextError> {
    if items.is_empty() {
        return Err(TextError::WrongCount { found: 0, wanted: "at least one" });
    }
    items.iter().map(|item| parse(item)).collect()
}

fn wrong(item: &str, wanted: &'static str) -> TextError {
    TextError::WrongItem { item: item.into(), wanted }
}

fn parse_word<T: std::str::FromStr>(item: &str, wanted: &'static str) -> Result<T, TextError> {
    item.trim().parse().map_err(|_| wrong(item, wanted))
}

fn two_words(item: &str) -> Option<(&str, &str)> {
    let mut words = item.split_ascii_whitespace();
    match (words.next(), words.next(), words.next()) {
        (Some(first), Some(second), None) => Some((first, second)),
        _ => None,
    }
}

fn parse_pair(item: &str) -> Result<(Ipv4Addr, Ipv4Addr), TextError> {
    let both = two_words(item).and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
    both.ok_or_else(|| wrong(item, "two IPv4 addresses"))
}

fn parse_route(item: &str) -> Result<Route, TextError> {
    let route = two_words(item).and_then(|(prefix, router)| {
        let destination: Ipv4Net = prefix.parse().ok()?;
        let has_host_bits = destination != destination.trunc();
        (!has_host_bits).then_some(Route { destination, router: router.parse().ok()? })
    });
    route.ok_or_else(|| wrong(item, "an IPv4 prefix and a router"))
}

fn parse_name(item: &str) -> Result<Name, TextError> {
    Name::from_text(item.as_bytes()).map_err(|why| TextError::WrongName { item: item.into(), why })
}

fn parse_hex(item: &str) -> Result<Vec<u8>, TextError> {
    let not_hex = || wrong(item, "bytes in hex");
    let digits: Vec<u8> = item.bytes().filter(|&b| b != b':').collect();
    let nibble = |digit: u8| char::from(digit).to_digit(16).map(|n| n as u8).ok_or_else(not_hex);
    let (pairs, rest) = digits.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(not_hex());
    }
    pairs.iter().map(|&[high, low]| Ok(nibble(high)? << 4 | nibble(low)?)).collect()
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => Ok(()),
            Self::Flag(flag) => flag.fmt(f),
            Self::U8(number) => number.fmt(f),
            Self::U16(number) => number.fmt(f),
            Self::U32(number) => number.fmt(f),
            Self::I32(number) => number.fmt(f),
            Self::U8s(numbers) => list(f, numbers, |f, number| number.fmt(f)),
            Self::U16s(numbers) => list(f, numbers, |f, number| number.fmt(f)),
            Self::Addr(addr) => addr.fmt(f),
            Self::Addrs(addrs) => list(f, addrs, |f, addr| addr.fmt(f)),
            Self::AddrPairs(pairs) => list(f, pairs, |f, (a, b)| write!(f, "{a} {b}")),
            Self::Text(bytes) => show_text(f, bytes),
            Self::Names(names) => list(f, names, |f, name| name.fmt(f)),
            Self::Routes(routes) => {
                list(f, routes, |f, route| write!(f, "{} {}", route.destination, route.router))
            }
            Self::Bytes(bytes) => bytes.iter().enumerate().try_for_each(|(i, byte)| {
                let colon = if i == 0 { "" } else { ":" };
                write!(f, "{colon}{byte:02x}")
            }),
        }
    }
}

fn list<T>(
    f: &mut fmt::Formatter<'_>,
    items: &[T],
    show: impl Fn(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            f.write_str(", ")?;
        }
        show(f, item)?;
    }
    Ok(())
}

/// Text as it is where it is UTF-8 and printable; control characters and other bytes escaped, so that
/// what a client sends can't steer a terminal.
fn show_text(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c.is_control() { write!(f, "{}", c.escape_default())? } else { f.write_char(c)? }
        }
        write!(f, "{}", chunk.invalid().escape_ascii())?;
    }
    Ok(())
}
