//! One record or directive (RFC 1035 section 5.1, RFC 2308 section 4).

use super::fault::{Halt, ZoneFileFault as Fault};
use super::fields::read_rdata;
use super::generate::Generate;
use super::number::{Mnemonic, mnemonic, ttl};
use super::scan::{NameBuffer, Scan};
use crate::rr::{Class, Rtype};

/// What lines of a file may leave out, because lines before them said it.
#[derive(Clone)]
pub(super) struct Context {
    pub(super) origin: NameBuffer,
    pub(super) owner: NameBuffer,
    /// $TTL.
    pub(super) default_ttl: Option<u32>,
    /// The last that a record stated.
    pub(super) last_ttl: Option<u32>,
    pub(super) class: Class,
}

/// The record that was read last, but its owner, and room for a name in its data.
pub(super) struct Row {
    pub(super) rtype: Rtype,
    pub(super) ttl: u32,
    pub(super) rdata: Vec<u8>,
    name: NameBuffer,
}

impl Row {
    pub(super) const fn new() -> Self {
        Self { rtype: Rtype(0), ttl: 0, rdata: Vec::new(), name: NameBuffer::none() }
    }
}

/// What lines are.
pub(super) enum Line {
    /// Empty, a comment, or a directive that was obeyed.
    Nothing,
    Record,
    Include(Box<Inclusion>),
    Generate(Box<Generate>),
}

/// $INCLUDE, with the origin that it gives.
pub(super) struct Inclusion {
    pub(super) file: Vec<u8>,
    pub(super) origin: Option<NameBuffer>,
}

impl Context {
    /// Reads the record or directive that `scan` starts with.
    pub(super) fn read(&mut self, scan: &mut Scan<'_>, row: &mut Row) -> Result<Line, Halt> {
        if scan.is_at_blank() {
            if !scan.more()? {
                scan.end()?;
                return Ok(Line::Nothing);
            }
            if self.owner.get().is_none() {
                return Err(Fault::NoOwner.into());
            }
        } else {
            if !scan.more()? {
                scan.end()?;
                return Ok(Line::Nothing);
            }
            if scan.peek()? == b'$' {
                return self.read_directive(scan, row);
            }
            self.owner.clear();
            scan.name(self.origin.name(), &mut self.owner)?;
        }
        self.read_record(scan, row)?;
        Ok(Line::Record)
    }

    fn read_record(&mut self, scan: &mut Scan<'_>, row: &mut Row) -> Result<(), Halt> {
        let (mut stated, mut has_class) = (None, false);
        row.rtype = loop {
            let word = scan.word("the type")?;
            if stated.is_none() && word[0].wrapping_sub(b'0') <= 9 {
                stated = Some(ttl(word)?);
                continue;
            }
            match mnemonic(word)? {
                Mnemonic::Class(class) if class == self.class && !has_class => has_class = true,
                Mnemonic::Class(_) => return Err(Fault::OtherClass.into()),
                // TYPE0 is reserved and harmless; the others have no place in a zone.
                Mnemonic::Type(rtype) if rtype.is_meta() && rtype.0 != 0 => return Err(Fault::Rtype.into()),
                Mnemonic::Type(rtype) => break rtype,
            }
        };
        row.rdata.clear();
        read_rdata(scan, row.rtype, self.origin.name(), &mut row.name, &mut row.rdata)?;
        if stated.is_some() {
            self.last_ttl = stated;
        }
        row.ttl = stated
            .or(self.default_ttl)
            .or(self.last_ttl)
            .or_else(|| self.minimum(row))
            .ok_or(Fault::NoTtl)?;
        Ok(())
    }

    /// Where no ttl was said at all, that of negative answers is taken: the last number of the SOA.
    fn minimum(&mut self, row: &Row) -> Option<u32> {
        let minimum = row.rdata.last_chunk().filter(|_| row.rtype == Rtype::SOA);
        self.last_ttl = minimum.copied().map(u32::from_be_bytes);
        self.last_ttl
    }

    fn read_directive(&mut self, scan: &mut Scan<'_>, row: &mut Row) -> Result<Line, Halt> {
        let directive = scan.word("a directive")?;
        if directive.eq_ignore_ascii_case(b"$TTL") {
            let value = ttl(scan.word("the ttl")?)?;
            scan.end()?;
            self.default_ttl = Some(value);
        } else if directive.eq_ignore_ascii_case(b"$ORIGIN") {
            self.read_origin(scan, &mut row.name)?;
            scan.end()?;
            self.origin = row.name.clone();
        } else if directive.eq_ignore_ascii_case(b"$INCLUDE") {
            let mut file = Vec::new();
            scan.string(&mut file)?;
            let mut origin = None;
            if scan.more()? {
                self.read_origin(scan, &mut row.name)?;
                origin = Some(row.name.clone());
            }
            scan.end()?;
            return Ok(Line::Include(Box::new(Inclusion { file, origin })));
        } else if directive.eq_ignore_ascii_case(b"$GENERATE") {
            return Generate::read(scan).map(|generate| Line::Generate(Box::new(generate)));
        } else {
            return Err(Fault::Directive.into());
        }
        Ok(Line::Nothing)
    }

    /// A forgotten dot here would put everything that follows in a wrong place.
    fn read_origin(&self, scan: &mut Scan<'_>, name: &mut NameBuffer) -> Result<(), Halt> {
        if scan.name(self.origin.name(), name)? { Ok(()) } else { Err(Fault::RelativeOrigin.into()) }
    }
}
