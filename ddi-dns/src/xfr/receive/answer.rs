//! The answer to one query, message by message.

use ddi_core::UnixTime;

use super::config::{Via, XfrInConfig};
use super::gather::{Gather, Gathered, Progress};
use super::sequence::Sequence;
use crate::message::{Flags, Header, Opcode, Rcode, Reader, Section};
use crate::name::{NAME_MAX, Name};
use crate::rr::{Class, Rtype};
use crate::serial::Serial;
use crate::tsig::{Signature, Verifier};
use crate::xfr::edns::Edns;
use crate::xfr::error::XfrError;
use crate::xfr::request::soa_serial;
use crate::zone::Snapshot;

/// What a message amounts to.
#[derive(Debug)]
pub(super) enum Said {
    /// It is not for this query.
    Nothing,
    /// More must come.
    More,
    /// The primary has this version and nothing newer.
    UpToDate { serial: Serial, expire: Option<u32> },
    /// The primary has a newer version, and no more was said over UDP.
    Newer,
    /// A newer version.
    Zone { gathered: Box<Gathered>, expire: Option<u32> },
}

/// Takes the messages that answer one query.
#[derive(Debug)]
pub(super) struct Answer {
    apex: Name,
    current: Option<Serial>,
    id: u16,
    rtype: Rtype,
    via: Via,
    verifier: Option<Verifier>,
    gather: Gather,
    is_first: bool,
    expire: Option<u32>,
}

impl Answer {
    pub(super) fn new(
        config: &XfrInConfig,
        id: u16,
        rtype: Rtype,
        via: Via,
        verifier: Option<Verifier>,
    ) -> Self {
        let current = config.current.as_ref().map(Snapshot::serial);
        let base = config.current.as_ref().filter(|_| rtype == Rtype::IXFR).cloned();
        let sequence = Sequence::new(base.as_ref().map(Snapshot::serial), current);
        let gather = Gather::new(config.apex.clone(), sequence, base, config.strictness, config.limits);
        let apex = config.apex.clone();
        Self { apex, current, id, rtype, via, verifier, gather, is_first: true, expire: None }
    }

    /// The next message. Over UDP anything that is not surely the answer is nothing: it may be forged.
    pub(super) fn on_message(&mut self, message: &[u8], now: UnixTime) -> Result<Said, XfrError> {
        let mut reader = match self.open(message) {
            Ok(reader) => reader,
            Err(_) if self.via == Via::Udp => return Ok(Said::Nothing),
            Err(why) => return Err(why),
        };
        let header = *reader.header();
        let signature = match self.verifier.as_mut().map(|verifier| verifier.check(message, now)) {
            None => Signature::Good,
            Some(Ok(signature)) => signature,
            // RFC 8945 section 5.3.2: who refuses a signature can't always sign that.
            Some(Err(_)) if self.via == Via::Udp => return Ok(Said::Nothing),
            Some(Err(why)) => return Err(why.into()),
        };
        if header.flags.rcode() != Rcode::NOERROR {
            return Err(XfrError::Rcode(header.flags.rcode()));
        }
        if header.flags.has(Flags::TC) {
            return Err(XfrError::Truncated);
        }
        if header.counts[1] == 0 {
            return Err(XfrError::Empty);
        }
        self.is_first = false;
        let said = match self.rtype {
            Rtype::SOA => self.on_soa_answer(&mut reader, header.flags)?,
            _ => self.on_records(&mut reader)?,
        };
        // Nothing is believed before it is proven.
        match (said, signature) {
            (Said::More, _) => Ok(Said::More),
            (_, Signature::Pending) => Err(crate::tsig::VerifyError::Missing.into()),
            (said, Signature::Good) => Ok(said),
        }
    }

    /// Checks header and question (RFC 5936 section 2.2.1 and 2.2.2).
    fn open<'m>(&self, message: &'m [u8]) -> Result<Reader<'m>, XfrError> {
        let mut reader = Reader::new(message)?;
        let Header { id, flags, counts } = *reader.header();
        if id != self.id {
            return Err(XfrError::NotTheResponse("its id"));
        }
        if !flags.has(Flags::QR) || flags.opcode() != Opcode::QUERY {
            return Err(XfrError::NotTheResponse("its flags"));
        }
        let question = reader.question()?;
        let ours = match (counts[0], question) {
            // Messages but the first may leave it out, and errors do; some primaries always do.
            (0, _) => self.via == Via::Tcp || flags.rcode() != Rcode::NOERROR,
            (1, Some(q)) => q.rtype == self.rtype && q.class == Class::IN && q.name() == self.apex,
            _ => false,
        };
        if ours { Ok(reader) } else { Err(XfrError::NotTheResponse("its question")) }
    }

    fn on_soa_answer(&self, reader: &mut Reader<'_>, flags: Flags) -> Result<Said, XfrError> {
        if !flags.has(Flags::AA) {
            return Err(XfrError::NotAuthoritative);
        }
        let (mut serial, mut expire) = (None, None);
        while let Some(record) = reader.record()? {
            let mut wire = [0; NAME_MAX];
            let answers = record.section == Section::Answer && record.rtype == Rtype::SOA;
            if answers && record.owner_into(&mut wire) == self.apex.as_ref() {
                let mut rdata = Vec::new();
                record.expand_rdata(&mut rdata)?;
                serial = soa_serial(&rdata);
            }
            if record.section == Section::Additional && record.rtype == Rtype::OPT {
                expire = Edns::read(&record).expire;
            }
        }
        let serial = serial.ok_or(XfrError::NoSoa)?;
        Ok(match self.current {
            Some(current) if !serial.is_newer_than(current) => Said::UpToDate { serial, expire },
            _ => Said::Newer,
        })
    }

    fn on_records(&mut self, reader: &mut Reader<'_>) -> Result<Said, XfrError> {
        let (mut is_up_to_date, mut complete) = (false, None);
        while let Some(record) = reader.record()? {
            match record.section {
                // The first SOA said it all.
                Section::Answer if is_up_to_date => {}
                Section::Answer => match self.gather.take(&record)? {
                    Progress::More => {}
                    Progress::UpToDate => is_up_to_date = true,
                    Progress::Complete(gathered) => complete = Some(gathered),
                },
                // RFC 5936 section 2.2.4: empty, and of no use if not.
                Section::Authority => {}
                Section::Additional if record.rtype == Rtype::OPT => {
                    self.expire = Edns::read(&record).expire.or(self.expire);
                }
                Section::Additional => {}
            }
        }
        reader.finish()?;
        let (serial, expire) = (self.gather.sequence().newest(), self.expire);
        Ok(match complete {
            _ if is_up_to_date => Said::UpToDate { serial, expire },
            Some(gathered) => Said::Zone { gathered, expire },
            None if self.via == Via::Tcp => Said::More,
            None if self.gather.sequence().is_at_head() => Said::Newer,
            None => return Err(XfrError::Truncated),
        })
    }
}
