//! The message (RFC 1996 sections 3 and 4.5).

use thiserror::Error;

use crate::delta::RecordRef;
use crate::error::MessageError;
use crate::message::{Flags, Full, Header, Opcode, Opt, Rcode, Reader, Section, Writer};
use crate::name::{NAME_MAX, Name, NameRef};
use crate::rr::{Class, Rtype};
use crate::serial::Serial;
use crate::zone::Soa;

/// A NOTIFY request: the zone has changed, or so somebody says.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Notify {
    /// Message id.
    pub id: u16,
    /// The zone.
    pub zone: Name,
    /// The new serial, if the message has it: a hint that nobody has proven (RFC 1996 section 3.7).
    pub serial: Option<Serial>,
    opt: Option<Opt>,
}

/// A message is no NOTIFY that is of use. [`NotifyError::rcode`] is the answer.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum NotifyError {
    /// It is no message at all, or is malformed.
    #[error("malformed NOTIFY: {0}")]
    Message(#[from] MessageError),
    /// It is a response.
    #[error("a response, not a request")]
    Response,
    /// It is of another opcode.
    #[error("opcode {0} is not NOTIFY")]
    Opcode(u8),
    /// It has no question, more than one, or one for another type than SOA (RFC 1996 section 3.11).
    #[error("not one question for SOA")]
    Question,
    /// It is for another class than IN.
    #[error("class {0} is not served")]
    Class(Class),
    /// It is of an EDNS version that is not known (RFC 6891 section 6.1.3).
    #[error("EDNS version {0} is not known")]
    Version(u8),
}

impl NotifyError {
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

impl Notify {
    /// Reads a request. Its TSIG is not looked at, nor are authority and additional section (RFC 1996
    /// section 3.9) but for an OPT.
    ///
    /// # Errors
    ///
    /// [`NotifyError`].
    pub fn parse(message: &[u8]) -> Result<Self, NotifyError> {
        let mut reader = Reader::new(message)?;
        let Header { id, flags, counts } = *reader.header();
        if flags.has(Flags::QR) {
            return Err(NotifyError::Response);
        }
        if flags.opcode() != Opcode::NOTIFY {
            return Err(NotifyError::Opcode(flags.opcode().0));
        }
        let question = reader.question()?.filter(|question| counts[0] == 1 && question.rtype == Rtype::SOA);
        let question = question.ok_or(NotifyError::Question)?;
        if question.class != Class::IN {
            return Err(NotifyError::Class(question.class));
        }
        let zone = question.name();
        let (mut serial, mut opt) = (None, None);
        while let Some(record) = reader.record()? {
            if record.section == Section::Additional && record.rtype == Rtype::OPT {
                opt = Some(Opt::new(record.ttl));
            }
            let mut wire = [0; NAME_MAX];
            let is_hint = record.section == Section::Answer && record.rtype == Rtype::SOA;
            if is_hint && record.owner_into(&mut wire) == zone.as_ref() {
                let mut rdata = Vec::new();
                record.expand_rdata(&mut rdata)?;
                serial = Soa::parse(&rdata, record.ttl).map(|soa| soa.serial);
            }
        }
        match opt.map_or(0, Opt::version) {
            0 => Ok(Self { id, zone, serial, opt }),
            version => Err(NotifyError::Version(version)),
        }
    }

    /// Writes the answer to this request, which says that it arrived, or why it is not wanted.
    ///
    /// # Errors
    ///
    /// [`Full`].
    pub fn reply(&self, rcode: Rcode, out: &mut [u8]) -> Result<usize, Full> {
        let flags = Flags::default().with(Flags::QR | Flags::AA).with_opcode(Opcode::NOTIFY);
        let mut writer = Writer::new(out, self.id, flags.with_rcode(rcode))?;
        writer.question(self.zone.as_ref(), Rtype::SOA, Class::IN)?;
        if let Some(opt) = self.opt {
            opt.answer(rcode, &mut writer)?;
        }
        Ok(writer.finish())
    }
}

/// Writes a request, with the new SOA as a hint.
pub(super) fn emit(out: &mut [u8], id: u16, zone: NameRef<'_>, soa: &RecordRef<'_>) -> Result<usize, Full> {
    let flags = Flags::default().with(Flags::AA).with_opcode(Opcode::NOTIFY);
    let mut writer = Writer::new(out, id, flags)?;
    writer.question(zone, Rtype::SOA, Class::IN)?;
    writer.record(Section::Answer, zone, Rtype::SOA, Class::IN, soa.ttl, soa.rdata)?;
    Ok(writer.finish())
}
