//! What each option is called and what its value looks like: one table, used for reading a
//! configuration, for showing packets, and for typed access.

mod table;
mod typed;

pub use typed::Value;

/// The shape of an option's value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Shape {
    /// No bytes: being there is all.
    Empty,
    /// One byte, 0 or 1.
    Flag,
    /// One byte.
    U8,
    /// Two bytes.
    U16,
    /// Four bytes.
    U32,
    /// Four bytes, two's complement.
    I32,
    /// Single bytes, at least one.
    U8s,
    /// Pairs of bytes, at least one.
    U16s,
    /// An IPv4 address.
    Addr,
    /// IPv4 addresses, at least one.
    Addrs,
    /// Pairs of IPv4 addresses, at least one.
    AddrPairs,
    /// Text, at least one byte; mostly but not always UTF-8.
    Text,
    /// Domain names in wire form, possibly compressed, at least one (RFC 3397).
    Names,
    /// Classless routes, at least one (RFC 3442).
    Routes,
    /// Anything; what is in it is another module's or nobody's business.
    Bytes,
}

/// An option's name and shape.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OptionInfo {
    /// Its code.
    pub code: u8,
    /// Its name in a configuration and in print; empty for a code that has none.
    pub name: &'static str,
    /// What its value looks like.
    pub shape: Shape,
}

impl OptionInfo {
    /// By code. A code that is not in the table has no name, and bytes as its shape.
    #[must_use]
    pub fn of(code: u8) -> Self {
        let at = table::TABLE.binary_search_by_key(&code, |info| info.code);
        let known = at.ok().and_then(|at| table::TABLE.get(at));
        known.copied().unwrap_or(Self { code, name: "", shape: Shape::Bytes })
    }

    /// By name (`domain_name`) or by code in decimal digits (`15`, `224`); `None` if there is no such
    /// option. Pad and end (0, 255) are none.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        if name.bytes().all(|b| b.is_ascii_digit()) {
            let code: u8 = name.parse().ok()?;
            return (!matches!(code, 0 | 255)).then(|| Self::of(code));
        }
        table::TABLE.iter().find(|info| info.name == name).copied()
    }

    /// All options that have a name, by code.
    pub fn all() -> impl Iterator<Item = Self> {
        table::TABLE.iter().copied()
    }
}
