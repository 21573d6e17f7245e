//! Reading a query: header, question and OPT, without allocation.

use super::edns::{Ede, Edns};
use crate::message::{HEADER_LEN, Header, Opcode, Rcode};
use crate::name::NameRef;
use crate::rr::{Class, Rtype};

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'q> {
    /// The name, as it stands in the query.
    pub(super) name: NameRef<'q>,
    /// Type.
    pub(super) rtype: Rtype,
    /// Class.
    pub(super) class: Class,
}

/// Why a query gets nothing but a response code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Refusal {
    pub(super) rcode: Rcode,
    pub(super) ede: Option<Ede>,
}

impl Refusal {
    pub(super) const fn new(rcode: Rcode) -> Self {
        Self { rcode, ede: None }
    }

    pub(super) const fn because(rcode: Rcode, ede: Ede) -> Self {
        Self { rcode, ede: Some(ede) }
    }
}

/// A query, as far as it could be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Query<'q> {
    pub(super) header: Header,
    pub(super) question: Option<Question<'q>>,
    pub(super) edns: Option<Edns<'q>>,
    /// What is wrong with it, if anything is.
    pub(super) refusal: Option<Refusal>,
}

impl<'q> Query<'q> {
    /// `None` for what must not be answered at all: less than a header, and responses.
    #[inline]
    pub(super) fn parse(bytes: &'q [u8]) -> Option<Self> {
        let header = Header::parse(bytes)?;
        if header.flags.has(crate::message::Flags::QR) {
            return None;
        }
        let mut query = Self { header, question: None, edns: None, refusal: None };
        if header.flags.opcode() != Opcode::QUERY {
            // Nobody knows what else an unknown opcode puts where.
            query.refusal = Some(Refusal::because(Rcode::NOTIMP, Ede::NOT_SUPPORTED));
        } else if let Err(refusal) = query.read(bytes) {
            query.refusal = Some(refusal);
        }
        Some(query)
    }

    fn read(&mut self, bytes: &'q [u8]) -> Result<(), Refusal> {
        const FORMERR: Refusal = Refusal::new(Rcode::FORMERR);
        let [questions, answers, authorities, additionals] = self.header.counts;
        let mut rest = &bytes[HEADER_LEN..];
        // More than one question has no meaning (RFC 9619); none asks for a cookie (RFC 7873 section 5.4).
        if questions > 1 || answers > 0 || authorities > 0 {
            return Err(FORMERR);
        }
        if questions == 1 {
            // No name stands before the question's that a pointer could lead to.
            let (name, after) = NameRef::split(rest).map_err(|_| FORMERR)?;
            let &[t0, t1, c0, c1, ref after @ ..] = after else {
                return Err(FORMERR);
            };
            let (rtype, class) = (Rtype(u16::from_be_bytes([t0, t1])), Class(u16::from_be_bytes([c0, c1])));
            self.question = Some(Question { name, rtype, class });
            rest = after;
        }
        for left in (0..additionals).rev() {
            let record = Additional::split(&mut rest).ok_or(FORMERR)?;
            match record.rtype {
                Rtype::OPT if self.edns.is_some() || !record.at_root => return Err(FORMERR),
                Rtype::OPT => {
                    let (edns, good) = Edns::parse(record.class, record.ttl, record.rdata);
                    self.edns = Some(edns);
                    if edns.version > 0 {
                        return Err(Refusal::new(Rcode::BADVERS));
                    }
                    good.map_err(|()| FORMERR)?;
                }
                // The caller has dealt with it; it must be last (RFC 8945 section 5.1).
                Rtype::TSIG if left > 0 => return Err(FORMERR),
                _ => {}
            }
        }
        if !rest.is_empty() {
            return Err(FORMERR);
        }
        if self.question.is_none() && self.edns.is_none_or(|edns| edns.cookie.is_none()) {
            return Err(FORMERR);
        }
        Ok(())
    }
}

/// A record of the additional section.
struct Additional<'q> {
    at_root: bool,
    rtype: Rtype,
    class: u16,
    ttl: u32,
    rdata: &'q [u8],
}

impl<'q> Additional<'q> {
    /// Takes the first record off `rest`.
    fn split(rest: &mut &'q [u8]) -> Option<Self> {
        let bytes = *rest;
        let after_owner = skip_name(bytes)?;
        let &[t0, t1, c0, c1, l0, l1, l2, l3, n0, n1, ref after @ ..] = after_owner else {
            return None;
        };
        let (rdata, after) = after.split_at_checked(usize::from(u16::from_be_bytes([n0, n1])))?;
        *rest = after;
        Some(Self {
            at_root: bytes[0] == 0,
            rtype: Rtype(u16::from_be_bytes([t0, t1])),
            class: u16::from_be_bytes([c0, c1]),
            ttl: u32::from_be_bytes([l0, l1, l2, l3]),
            rdata,
        })
    }
}

/// What follows a name, wherever a pointer at its end may lead.
fn skip_name(mut bytes: &[u8]) -> Option<&[u8]> {
    loop {
        let (&first, after) = bytes.split_first()?;
        match first {
            0 => return Some(after),
            1..=0x3f => bytes = after.get(usize::from(first)..)?,
            0xc0.. => return after.get(1..),
            _ => return None,
        }
    }
}
