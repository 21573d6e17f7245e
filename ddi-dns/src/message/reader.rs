//! Reading a message. Every step is bounded by the message's length and by [`HOPS_MAX`]; nothing is
//! allocated but by [`RecordView::expand_rdata`], into the caller's buffer.

use super::header::{HEADER_LEN, Header};
use crate::error::MessageError;
use crate::name::{NAME_MAX, Name, NameError, NameRef};
use crate::rr::{Class, Field, RdataError, Rtype, check_rdata, fields};

/// Most compression pointers that one name may go through. A name has at most 127 labels, and no sender
/// needs more than one pointer for each.
pub const HOPS_MAX: usize = 127;

/// Which part of the message a record is in. In an UPDATE (RFC 2136 section 2) the answer section holds
/// prerequisites and the authority section updates.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[allow(clippy::exhaustive_enums, reason = "RFC 1035's three sections of records")]
pub enum Section {
    /// Answers; prerequisites.
    Answer,
    /// Authority; updates.
    Authority,
    /// Additional.
    Additional,
}

/// A name in a message, perhaps compressed, read and found good.
#[derive(Clone, Copy, Debug)]
struct WireName<'a> {
    message: &'a [u8],
    at: usize,
}

impl WireName<'_> {
    /// Copies the expanded name into `wire`; gives its length.
    fn expand(self, wire: &mut [u8; NAME_MAX]) -> usize {
        match expand_name(self.message, self.at, wire) {
            Ok((len, _)) => len,
            // It was read before; the root is as good as any answer here.
            Err(_) => {
                debug_assert!(false, "name was read before");
                wire[0] = 0;
                1
            }
        }
    }
}

/// Expands the name at `at` into `wire`; gives its length and where the message goes on.
pub(crate) fn expand_name(
    message: &[u8],
    at: usize,
    wire: &mut [u8; NAME_MAX],
) -> Result<(usize, usize), NameError> {
    let (mut at, mut len, mut hops) = (at, 0, 0);
    let mut next = None;
    loop {
        let first = *message.get(at).ok_or(NameError::Truncated)?;
        match first {
            0..=0x3f => {
                let end = at + 1 + usize::from(first);
                let label = message.get(at..end).ok_or(NameError::Truncated)?;
                wire.get_mut(len..len + label.len()).ok_or(NameError::TooLong)?.copy_from_slice(label);
                len += label.len();
                at = end;
                if first == 0 {
                    return Ok((len, next.unwrap_or(at)));
                }
            }
            0xc0.. => {
                let low = *message.get(at + 1).ok_or(NameError::Truncated)?;
                let target = usize::from(u16::from_be_bytes([first & 0x3f, low]));
                if target >= at {
                    return Err(NameError::PointerForward);
                }
                hops += 1;
                if hops > HOPS_MAX {
                    return Err(NameError::PointerChain);
                }
                next.get_or_insert(at + 2);
                at = target;
            }
            _ => return Err(NameError::LabelType(first)),
        }
    }
}

/// A question (UPDATE: the zone).
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    name: WireName<'a>,
    /// Type asked for.
    pub rtype: Rtype,
    /// Class asked for.
    pub class: Class,
}

impl Question<'_> {
    /// The name asked for.
    #[must_use]
    pub fn name(&self) -> Name {
        owned(self.name)
    }
}

/// A record as it stands in the message.
#[derive(Clone, Copy, Debug)]
pub struct RecordView<'a> {
    owner: WireName<'a>,
    /// Where.
    pub section: Section,
    /// Type.
    pub rtype: Rtype,
    /// Class.
    pub class: Class,
    /// Time to live in seconds, as it stands; above 2^31-1 it means 0 (RFC 2181 section 8).
    pub ttl: u32,
    /// Offset of the data in the message.
    rdata_at: usize,
    rdata_len: usize,
}

impl<'a> RecordView<'a> {
    /// The owner name.
    #[must_use]
    pub fn owner(&self) -> Name {
        owned(self.owner)
    }

    /// The owner name, into a buffer.
    pub fn owner_into<'b>(&self, wire: &'b mut [u8; NAME_MAX]) -> NameRef<'b> {
        let len = self.owner.expand(wire);
        NameRef::split(&wire[..len]).map_or(NameRef::ROOT, |(name, _)| name)
    }

    /// Offset of the record's first byte in the message.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.owner.at
    }

    /// The data as it stands: names in it may be compressed.
    #[must_use]
    pub fn raw_rdata(&self) -> &'a [u8] {
        &self.owner.message[self.rdata_at..self.rdata_at + self.rdata_len]
    }

    /// Appends the data to `out` with its names expanded, checked against its type's layout. On an error
    /// `out` is as before. Empty data, which an UPDATE may have for any type (RFC 2136 section 2.4), is no
    /// exception: [`RecordView::raw_rdata`] tells.
    pub fn expand_rdata(&self, out: &mut Vec<u8>) -> Result<(), MessageError> {
        let start = out.len();
        let done = self.expand_fields(out).and_then(|()| {
            if out.len() - start > usize::from(u16::MAX) {
                return Err(RdataError::TooLong);
            }
            check_rdata(self.rtype, &out[start..])
        });
        done.map_err(|source| {
            out.truncate(start);
            MessageError::Rdata { at: self.rdata_at, source }
        })
    }

    fn expand_fields(&self, out: &mut Vec<u8>) -> Result<(), RdataError> {
        let message = self.owner.message;
        let end = self.rdata_at + self.rdata_len;
        let mut at = self.rdata_at;
        for &field in fields(self.rtype) {
            match field {
                Field::NameCompressed => {
                    let mut wire = [0; NAME_MAX];
                    // The name itself must end within the data; what a pointer leads to lies before it.
                    let (len, next) = expand_name(&message[..end], at, &mut wire)?;
                    out.extend_from_slice(&wire[..len]);
                    at = next;
                }
                Field::Fixed(len) => {
                    let next = at + usize::from(len);
                    out.extend_from_slice(message[..end].get(at..next).ok_or(RdataError::Truncated)?);
                    at = next;
                }
                Field::Text => {
                    let len = usize::from(*message[..end].get(at).ok_or(RdataError::Truncated)?);
                    let next = at + 1 + len;
                    out.extend_from_slice(message[..end].get(at..next).ok_or(RdataError::Truncated)?);
                    at = next;
                }
                // No compressed name follows any other part: the rest is as it is.
                _ => break,
            }
        }
        out.extend_from_slice(&message[at..end]);
        Ok(())
    }
}

fn owned(name: WireName<'_>) -> Name {
    let mut wire = [0; NAME_MAX];
    let len = name.expand(&mut wire);
    Name::from_wire(&wire[..len]).unwrap_or_else(|_| Name::root())
}

/// Reads a message from front to back.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    message: &'a [u8],
    header: Header,
    at: usize,
    questions_left: u16,
    records_left: [u16; 3],
}

impl<'a> Reader<'a> {
    /// Reads the header.
    pub fn new(message: &'a [u8]) -> Result<Self, MessageError> {
        let header = Header::parse(message).ok_or(MessageError::Truncated { at: message.len() })?;
        let [questions_left, records_left @ ..] = header.counts;
        Ok(Self { message, header, at: HEADER_LEN, questions_left, records_left })
    }

    /// The header.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Offset of what comes next.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.at
    }

    /// The next question; `None` after the last.
    pub fn question(&mut self) -> Result<Option<Question<'a>>, MessageError> {
        if self.questions_left == 0 {
            return Ok(None);
        }
        let (name, after) = self.read_name(self.at)?;
        let [t0, t1, c0, c1] = self.array(after)?;
        self.at = after + 4;
        self.questions_left -= 1;
        let (rtype, class) = (Rtype(u16::from_be_bytes([t0, t1])), Class(u16::from_be_bytes([c0, c1])));
        Ok(Some(Question { name, rtype, class }))
    }

    /// The next record of any section; `None` after the last. Questions that were not read are skipped.
    pub fn record(&mut self) -> Result<Option<RecordView<'a>>, MessageError> {
        while self.question()?.is_some() {}
        let sections = [Section::Answer, Section::Authority, Section::Additional];
        let Some(i) = self.records_left.iter().position(|&left| left > 0) else {
            return Ok(None);
        };
        let (owner, after) = self.read_name(self.at)?;
        let [t0, t1, c0, c1, l0, l1, l2, l3, n0, n1] = self.array(after)?;
        let rdata_at = after + 10;
        let rdata_len = usize::from(u16::from_be_bytes([n0, n1]));
        if self.message.len() - rdata_at < rdata_len {
            return Err(MessageError::Truncated { at: self.message.len() });
        }
        self.at = rdata_at + rdata_len;
        self.records_left[i] -= 1;
        Ok(Some(RecordView {
            owner,
            section: sections[i],
            rtype: Rtype(u16::from_be_bytes([t0, t1])),
            class: Class(u16::from_be_bytes([c0, c1])),
            ttl: u32::from_be_bytes([l0, l1, l2, l3]),
            rdata_at,
            rdata_len,
        }))
    }

    /// Call after the last record: bytes behind it are an error.
    pub fn finish(&self) -> Result<(), MessageError> {
        match self.message.len() - self.at {
            0 => Ok(()),
            len => Err(MessageError::Trailing { at: self.at, len }),
        }
    }

    fn read_name(&self, at: usize) -> Result<(WireName<'a>, usize), MessageError> {
        let mut wire = [0; NAME_MAX];
        let (_, next) =
            expand_name(self.message, at, &mut wire).map_err(|source| MessageError::Name { at, source })?;
        Ok((WireName { message: self.message, at }, next))
    }

    fn array<const N: usize>(&self, at: usize) -> Result<[u8; N], MessageError> {
        self.message
            .get(at..)
            .and_then(|rest| rest.first_chunk())
            .copied()
            .ok_or(MessageError::Truncated { at: self.message.len() })
    }
}
