//! What a secondary asks (RFC 5936 section 2.1, RFC 1995 section 3).

use thiserror::Error;

use super::edns::{Edns, OptData};
use crate::error::MessageError;
use crate::message::{Flags, Full, Header, Opcode, Opt, Rcode, Reader, RecordView, Section, Writer};
use crate::name::{NAME_MAX, Name, NameRef};
use crate::rr::{Class, Rtype};
use crate::serial::Serial;
use crate::zone::Snapshot;

/// Longest query that is written: header, question, SOA, OPT, without its signature.
pub(crate) const QUERY_MAX: usize = 12 + (NAME_MAX + 4) + (NAME_MAX + 10 + 2 * NAME_MAX + 20) + 15;

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(clippy::exhaustive_enums, reason = "the two kinds of transfer")]
pub enum Wanted {
    /// The whole zone.
    Axfr,
    /// What came after this serial.
    Ixfr(Serial),
}

/// A request for a transfer.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Request {
    /// Message id, which every message of the answer has.
    pub id: u16,
    /// The zone's apex, as it is spelled in the question.
    pub zone: Name,
    /// What is asked for.
    pub wanted: Wanted,
    /// What its OPT says, if it has one.
    pub edns: Option<Edns>,
}

/// A message is not a request for a transfer that can be served. [`RequestError::rcode`] is the answer.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum RequestError {
    /// It is no message at all, or is malformed.
    #[error("malformed request: {0}")]
    Message(#[from] MessageError),
    /// It is a response.
    #[error("a response, not a request")]
    Response,
    /// It is of another opcode.
    #[error("opcode {0} is not QUERY")]
    Opcode(u8),
    /// It has no question, more than one, or one for neither AXFR nor IXFR.
    #[error("not one question for AXFR or IXFR")]
    Question,
    /// It is for another class than IN.
    #[error("class {0} is not served")]
    Class(Class),
    /// It is of an EDNS version that is not known (RFC 6891 section 6.1.3).
    #[error("EDNS version {0} is not known")]
    Version(u8),
    /// It has records where none belong.
    #[error("records in the {0:?} section of a request")]
    Extra(Section),
    /// IXFR without exactly one SOA of the zone in the authority section (RFC 1995 section 3).
    #[error("IXFR without the SOA of the secondary's version")]
    NoSoa,
}

impl RequestError {
    /// The response code for the answer.
    #[must_use]
    pub const fn rcode(&self) -> Rcode {
        match self {
            Self::Opcode(_) => Rcode::NOTIMP,
            Self::Class(_) => Rcode::NOTAUTH,
            Self::Version(_) => Rcode::BADVERS,
            _ => Rcode::FORMERR,
        }
    }
}

/// True if this is a query for AXFR or IXFR, well-formed or not: what [`Request::parse`] is for.
#[must_use]
pub fn is_transfer_query(message: &[u8]) -> bool {
    let Ok(mut reader) = Reader::new(message) else { return false };
    let flags = reader.header().flags;
    !flags.has(Flags::QR)
        && flags.opcode() == Opcode::QUERY
        && matches!(reader.question(), Ok(Some(question)) if is_transfer(question.rtype))
}

const fn is_transfer(rtype: Rtype) -> bool {
    matches!(rtype, Rtype::AXFR | Rtype::IXFR)
}

impl Request {
    /// Reads a request. Its TSIG is not looked at.
    ///
    /// # Errors
    ///
    /// [`RequestError`].
    pub fn parse(message: &[u8]) -> Result<Self, RequestError> {
        let mut reader = Reader::new(message)?;
        let header = *reader.header();
        check_header(&header)?;
        let question = reader.question()?.filter(|q| is_transfer(q.rtype)).ok_or(RequestError::Question)?;
        if question.class != Class::IN {
            return Err(RequestError::Class(question.class));
        }
        let zone = question.name();
        let (mut serial, mut edns) = (None, None);
        while let Some(record) = reader.record()? {
            match record.section {
                Section::Authority if question.rtype == Rtype::IXFR && serial.is_none() => {
                    serial = Some(client_serial(&record, zone.as_ref())?);
                }
                Section::Additional if record.rtype == Rtype::OPT => match Opt::new(record.ttl).version() {
                    0 => edns = Some(Edns::read(&record)),
                    version => return Err(RequestError::Version(version)),
                },
                Section::Additional => {}
                other => return Err(RequestError::Extra(other)),
            }
        }
        reader.finish()?;
        let wanted = match question.rtype {
            Rtype::IXFR => Wanted::Ixfr(serial.ok_or(RequestError::NoSoa)?),
            _ => Wanted::Axfr,
        };
        Ok(Self { id: header.id, zone, wanted, edns })
    }
}

fn check_header(header: &Header) -> Result<(), RequestError> {
    if header.flags.has(Flags::QR) {
        return Err(RequestError::Response);
    }
    match header.flags.opcode() {
        Opcode::QUERY => {}
        Opcode(other) => return Err(RequestError::Opcode(other)),
    }
    if header.counts[0] == 1 { Ok(()) } else { Err(RequestError::Question) }
}

fn client_serial(record: &RecordView<'_>, zone: NameRef<'_>) -> Result<Serial, RequestError> {
    let mut wire = [0; NAME_MAX];
    let ours =
        record.rtype == Rtype::SOA && record.class == Class::IN && record.owner_into(&mut wire) == zone;
    let mut rdata = Vec::new();
    if !ours || record.expand_rdata(&mut rdata).is_err() {
        return Err(RequestError::NoSoa);
    }
    soa_serial(&rdata).ok_or(RequestError::NoSoa)
}

/// The serial in an SOA's data: the first of its five numbers.
pub(crate) fn soa_serial(rdata: &[u8]) -> Option<Serial> {
    let numbers = rdata.last_chunk::<20>()?;
    numbers.first_chunk().map(|serial| Serial(u32::from_be_bytes(*serial)))
}

/// Writes a query: SOA, AXFR, or IXFR with the SOA of the version at hand.
pub(crate) fn emit_query(
    out: &mut [u8],
    id: u16,
    zone: NameRef<'_>,
    rtype: Rtype,
    soa: Option<&[u8]>,
    edns: bool,
) -> Result<usize, Full> {
    let mut writer = Writer::new(out, id, Flags::default())?;
    writer.question(zone, rtype, Class::IN)?;
    if let Some(rdata) = soa {
        writer.record(Section::Authority, zone, Rtype::SOA, Class::IN, 0, rdata)?;
    }
    // RFC 7314 section 4: a secondary asks for EXPIRE whenever it asks for the zone.
    if edns {
        let opt = OptData::ASK_EXPIRE;
        let opt = opt.record();
        writer.record(Section::Additional, opt.owner, opt.rtype, opt.class, opt.ttl, opt.rdata)?;
    }
    Ok(writer.finish())
}

/// The data of a zone's SOA.
pub(crate) fn soa_data(snapshot: &Snapshot) -> &[u8] {
    snapshot.soa_record().rdata
}
