//! Records behind each other in wire form: what the journal stores and IXFR sends.

use crate::name::{NAME_MAX, NameError, NameRef};
use crate::rr::{Class, RdataError, Rtype, check_rdata};

/// One record, borrowed. Its data is uncompressed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_structs, reason = "what a record is made of (RFC 1035 section 3.2.1)")]
pub struct RecordRef<'a> {
    /// Owner.
    pub owner: NameRef<'a>,
    /// Type.
    pub rtype: Rtype,
    /// Class.
    pub class: Class,
    /// Seconds.
    pub ttl: u32,
    /// Uncompressed data.
    pub rdata: &'a [u8],
}

impl<'a> RecordRef<'a> {
    /// A record of class IN.
    #[must_use]
    pub const fn new(owner: NameRef<'a>, rtype: Rtype, ttl: u32, rdata: &'a [u8]) -> Self {
        Self { owner, rtype, class: Class::IN, ttl, rdata }
    }

    /// Bytes that it takes in wire form, uncompressed.
    #[must_use]
    pub const fn wire_len(&self) -> usize {
        self.owner.wire().len() + 10 + self.rdata.len()
    }

    /// Appends the uncompressed wire form (RFC 1035 section 3.2.1). `rdata` of more than 65535 bytes, which
    /// no record has, is cut.
    pub fn emit(&self, out: &mut Vec<u8>) {
        let rdata = &self.rdata[..self.rdata.len().min(usize::from(u16::MAX))];
        out.extend_from_slice(self.owner.wire());
        out.extend_from_slice(&self.rtype.0.to_be_bytes());
        out.extend_from_slice(&self.class.0.to_be_bytes());
        out.extend_from_slice(&self.ttl.to_be_bytes());
        out.extend_from_slice(&(rdata.len() as u16).to_be_bytes());
        out.extend_from_slice(rdata);
    }

    /// The record that uncompressed `wire` starts with, and what follows it. The data is not looked into.
    fn split(wire: &'a [u8]) -> Result<(Self, &'a [u8]), NameError> {
        let (owner, rest) = NameRef::split(wire)?;
        let (fixed, rest) = rest.split_first_chunk::<10>().ok_or(NameError::Truncated)?;
        let &[r0, r1, c0, c1, t0, t1, t2, t3, len0, len1] = fixed;
        let len = usize::from(u16::from_be_bytes([len0, len1]));
        let (rdata, rest) = rest.split_at_checked(len).ok_or(NameError::Truncated)?;
        let record = Self {
            owner,
            rtype: Rtype(u16::from_be_bytes([r0, r1])),
            class: Class(u16::from_be_bytes([c0, c1])),
            ttl: u32::from_be_bytes([t0, t1, t2, t3]),
            rdata,
        };
        Ok((record, rest))
    }
}

/// Bytes are not records behind each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordsError {
    /// A record is cut short or its owner is no name.
    #[error("record at byte {at}: {source}")]
    Record {
        /// Offset.
        at: usize,
        /// What is wrong with it.
        source: NameError,
    },
    /// The data is not that of its type.
    #[error("data of the record at byte {at}: {source}")]
    Rdata {
        /// Offset.
        at: usize,
        /// What is wrong with it.
        source: RdataError,
    },
}

/// Records in uncompressed wire form (owner, type, class, TTL, length, data) behind each other.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Records {
    wire: Vec<u8>,
    count: usize,
}

impl Records {
    /// None so far.
    #[must_use]
    pub const fn new() -> Self {
        Self { wire: Vec::new(), count: 0 }
    }

    /// Takes bytes that [`Records::wire`] gave, checked as if they came from anywhere.
    pub fn from_wire(wire: Vec<u8>) -> Result<Self, RecordsError> {
        let (mut rest, mut count) = (wire.as_slice(), 0);
        while !rest.is_empty() {
            let at = wire.len() - rest.len();
            let (record, tail) =
                RecordRef::split(rest).map_err(|source| RecordsError::Record { at, source })?;
            check_rdata(record.rtype, record.rdata).map_err(|source| RecordsError::Rdata { at, source })?;
            rest = tail;
            count += 1;
        }
        Ok(Self { wire, count })
    }

    /// Appends a record.
    pub fn push(&mut self, record: &RecordRef<'_>) {
        self.wire.reserve(NAME_MAX.min(record.wire_len()));
        record.emit(&mut self.wire);
        self.count += 1;
    }

    /// Appends all of `other`.
    pub fn extend(&mut self, other: &Self) {
        self.wire.extend_from_slice(&other.wire);
        self.count += other.count;
    }

    /// The bytes.
    #[must_use]
    pub fn wire(&self) -> &[u8] {
        &self.wire
    }

    /// How many.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// True if there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The records in order.
    #[must_use]
    pub fn iter(&self) -> Iter<'_> {
        Iter(&self.wire)
    }

    /// The records from `at` on, which an [`Iter::rest`] told; none from anywhere else.
    #[must_use]
    pub fn iter_from(&self, at: usize) -> Iter<'_> {
        Iter(self.wire.get(at..).unwrap_or(&[]))
    }

    /// The first record.
    #[must_use]
    pub fn first(&self) -> Option<RecordRef<'_>> {
        self.iter().next()
    }
}

impl<'a> IntoIterator for &'a Records {
    type Item = RecordRef<'a>;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

/// Walks [`Records`].
#[derive(Clone, Debug)]
pub struct Iter<'a>(&'a [u8]);

impl<'a> Iter<'a> {
    /// The bytes of the records that are still to come: where it stands in [`Records::wire`].
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.0
    }
}

impl<'a> Iterator for Iter<'a> {
    type Item = RecordRef<'a>;

    fn next(&mut self) -> Option<RecordRef<'a>> {
        let (record, rest) = RecordRef::split(self.0).ok()?;
        self.0 = rest;
        Some(record)
    }
}
