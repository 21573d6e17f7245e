//! Which columns there are, and how a header row names them.

use crate::interchange::error::ImportFault;

/// The IP version of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::interchange) enum Family {
    /// DHCPv4.
    V4,
    /// DHCPv6.
    V6,
}

/// The columns that the reader knows; the number is the slot in [`Cells`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(usize)]
pub(super) enum Column {
    Address,
    HwAddr,
    ClientId,
    Duid,
    ValidLifetime,
    Expire,
    SubnetId,
    PrefLifetime,
    LeaseType,
    Iaid,
    PrefixLen,
    FqdnFwd,
    FqdnRev,
    Hostname,
    State,
    UserContext,
    HwType,
    HwAddrSource,
    PoolId,
}

use Column as C;

/// How many columns the reader knows.
const COLUMNS: usize = Column::PoolId as usize + 1;

/// The newest v4 schema; an older one is a beginning of it.
const V4: [(&str, Column); 12] = [
    ("address", C::Address),
    ("hwaddr", C::HwAddr),
    ("client_id", C::ClientId),
    ("valid_lifetime", C::ValidLifetime),
    ("expire", C::Expire),
    ("subnet_id", C::SubnetId),
    ("fqdn_fwd", C::FqdnFwd),
    ("fqdn_rev", C::FqdnRev),
    ("hostname", C::Hostname),
    ("state", C::State),
    ("user_context", C::UserContext),
    ("pool_id", C::PoolId),
];
/// Columns of Kea 2.2's v4 schema, 2.1.
const V4_WRITTEN: usize = 11;
/// Up to `hostname`: no schema is older.
const V4_LEAST: usize = 9;

/// The newest v6 schema.
const V6: [(&str, Column); 18] = [
    ("address", C::Address),
    ("duid", C::Duid),
    ("valid_lifetime", C::ValidLifetime),
    ("expire", C::Expire),
    ("subnet_id", C::SubnetId),
    ("pref_lifetime", C::PrefLifetime),
    ("lease_type", C::LeaseType),
    ("iaid", C::Iaid),
    ("prefix_len", C::PrefixLen),
    ("fqdn_fwd", C::FqdnFwd),
    ("fqdn_rev", C::FqdnRev),
    ("hostname", C::Hostname),
    ("hwaddr", C::HwAddr),
    ("state", C::State),
    ("user_context", C::UserContext),
    ("hwtype", C::HwType),
    ("hwaddr_source", C::HwAddrSource),
    ("pool_id", C::PoolId),
];
/// Columns of Kea 2.2's v6 schema, 4.0.
const V6_WRITTEN: usize = 17;
/// Up to `hostname`.
const V6_LEAST: usize = 12;

/// The most columns that a header may have.
const MAX_COLUMNS: usize = 64;

impl Family {
    fn newest(self) -> &'static [(&'static str, Column)] {
        match self {
            Self::V4 => &V4,
            Self::V6 => &V6,
        }
    }

    fn least(self) -> usize {
        match self {
            Self::V4 => V4_LEAST,
            Self::V6 => V6_LEAST,
        }
    }

    /// The columns of the schema that is written, in order.
    pub(super) fn written(self) -> &'static [(&'static str, Column)] {
        let (all, len) = match self {
            Self::V4 => (&V4[..], V4_WRITTEN),
            Self::V6 => (&V6[..], V6_WRITTEN),
        };
        all.split_at_checked(len).map_or(all, |(written, _)| written)
    }
}

/// A header row, understood.
#[derive(Clone, Debug)]
pub(super) struct Header {
    pub(super) family: Family,
    /// What stands where: a known column, or the name of an unknown one.
    columns: Vec<Result<Column, String>>,
}

/// The fields of one row by column; `None` where the row has no such column.
pub(super) struct Cells<'a> {
    known: [Option<&'a [u8]>; COLUMNS],
    /// Fields of unknown columns that are not empty, with the column's name.
    pub(super) unknown: Vec<(&'a str, &'a [u8])>,
}

impl<'a> Cells<'a> {
    /// The field; empty if the schema has no such column.
    pub(super) fn get(&self, column: Column) -> &'a [u8] {
        self.known.get(column as usize).copied().flatten().unwrap_or_default()
    }
}

impl Header {
    /// The header that is written.
    pub(super) fn written(family: Family) -> Self {
        Self { family, columns: family.written().iter().map(|(_, c)| Ok(*c)).collect() }
    }

    /// Reads the first row of a file.
    pub(super) fn parse(line: &[u8]) -> Result<Self, ImportFault> {
        let fault = |why: &str| ImportFault::Header(why.to_owned());
        let text = std::str::from_utf8(line).map_err(|_| fault("it is not text"))?;
        let names: Vec<&str> = text.split(',').collect();
        if names.len() > MAX_COLUMNS {
            return Err(fault("it has too many columns"));
        }
        let family = match names.get(1) {
            Some(&"hwaddr") => Family::V4,
            Some(&"duid") => Family::V6,
            _ => return Err(fault("its second column is neither `hwaddr` nor `duid`")),
        };
        for (at, name) in names.iter().enumerate() {
            if names.iter().take(at).any(|earlier| earlier == name) {
                return Err(ImportFault::Header(format!("it has two columns {name:?}")));
            }
        }
        for (name, _) in family.newest().iter().take(family.least()) {
            if !names.contains(name) {
                return Err(ImportFault::Header(format!("it has no column {name:?}")));
            }
        }
        let column = |name: &&str| {
            let known = family.newest().iter().find(|(n, _)| n == name);
            known.map(|(_, column)| *column).ok_or_else(|| (*name).to_owned())
        };
        Ok(Self { family, columns: names.iter().map(column).collect() })
    }

    /// Splits a row. Kea goes on writing under an old header until it has rewritten the file, so a
    /// row may have columns that came later, if the header is a beginning of the newest schema.
    pub(super) fn cells<'a>(&'a self, line: &'a [u8]) -> Result<Cells<'a>, ImportFault> {
        let mut cells = Cells { known: [None; COLUMNS], unknown: Vec::new() };
        let mut found = 0;
        for field in line.split(|&b| b == b',') {
            match self.column(found) {
                Some(Ok(column)) => {
                    if let Some(slot) = cells.known.get_mut(*column as usize) {
                        *slot = Some(field);
                    }
                }
                Some(Err(name)) if !field.is_empty() => cells.unknown.push((name, field)),
                Some(Err(_)) => {}
                None => return Err(self.wrong_count(line)),
            }
            found += 1;
        }
        if found < self.columns.len() { Err(self.wrong_count(line)) } else { Ok(cells) }
    }

    fn column(&self, at: usize) -> Option<Result<&Column, &String>> {
        if let Some(column) = self.columns.get(at) {
            return Some(column.as_ref());
        }
        let newest = self.family.newest();
        let is_beginning =
            self.columns.iter().zip(newest).all(|(mine, (_, theirs))| mine.as_ref() == Ok(theirs));
        newest.get(at).filter(|_| is_beginning).map(|(_, column)| Ok(column))
    }

    fn wrong_count(&self, line: &[u8]) -> ImportFault {
        let found = line.iter().filter(|b| **b == b',').count().saturating_add(1);
        ImportFault::Columns { found, wanted: self.columns.len() }
    }
}
