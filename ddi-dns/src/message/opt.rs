//! The OPT of an answer that has nothing to say with it (RFC 6891 section 6.1.1).

use super::{Full, Rcode, Reader, Section, Writer};
use crate::name::NameRef;
use crate::rr::{Class, Rtype};

/// Largest datagram that its sender takes: fits in one packet everywhere.
const UDP_SIZE: Class = Class(1232);
/// DNSSEC OK: an answer has it as its request has it (RFC 3225 section 3).
const DO: u32 = 0x8000;

/// A request's OPT.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Opt {
    /// What stands where other records have their TTL.
    ttl: u32,
}

impl Opt {
    pub(crate) const fn new(ttl: u32) -> Self {
        Self { ttl }
    }

    /// The request's; `None` if it has none, or can't be read.
    pub(crate) fn of(request: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(request).ok()?;
        while let Some(record) = reader.record().ok()? {
            if record.section == Section::Additional && record.rtype == Rtype::OPT {
                return Some(Self::new(record.ttl));
            }
        }
        None
    }

    /// The version of EDNS; only 0 is known.
    pub(crate) const fn version(self) -> u8 {
        (self.ttl >> 16) as u8
    }

    /// Writes the answer's, with the code's high bits.
    pub(crate) fn answer(self, rcode: Rcode, writer: &mut Writer<'_>) -> Result<(), Full> {
        let ttl = u32::from(rcode.0 >> 4) << 24 | self.ttl & DO;
        writer.record(Section::Additional, NameRef::ROOT, Rtype::OPT, UDP_SIZE, ttl, &[])
    }
}
