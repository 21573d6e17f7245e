//! The message (RFC 2136 section 2).

use super::error::UpdateError;
use crate::delta::{RecordRef, Records};
use crate::message::{Flags, Full, Opcode, Opt, Reader, RecordView, Section, Writer};
use crate::name::{NAME_MAX, Name, NameRef};
use crate::rr::{Class, Rtype};

/// An update: its zone, conditions, and changes in their order. Names are whole and data is uncompressed and
/// of its type's layout; whether a record may be where it is, is not yet said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    zone: Name,
    class: Class,
    pub(super) prerequisites: Records,
    pub(super) updates: Records,
}

impl Request {
    /// An update of a zone of class IN, that so far asks nothing.
    #[must_use]
    pub fn new(zone: NameRef<'_>) -> Self {
        let (prerequisites, updates) = (Records::new(), Records::new());
        Self { zone: zone.to_name(), class: Class::IN, prerequisites, updates }
    }

    /// The zone that a message is about, if so much can be read: to choose who handles it.
    #[must_use]
    pub fn zone_of(message: &[u8]) -> Option<Name> {
        let zone = Reader::new(message).ok()?.question().ok()??;
        Some(zone.name())
    }

    /// Reads a message. Its header's opcode is not looked at.
    pub fn parse(message: &[u8]) -> Result<Self, UpdateError> {
        let mut reader = Reader::new(message)?;
        let zone = reader.question()?.ok_or(UpdateError::ZoneSection)?;
        let is_zone = zone.rtype == Rtype::SOA && !matches!(zone.class, Class::ANY | Class::NONE);
        if reader.header().counts[0] != 1 || !is_zone {
            return Err(UpdateError::ZoneSection);
        }
        let mut request = Self { class: zone.class, ..Self::new(zone.name().as_ref()) };
        let mut rdata = Vec::new();
        while let Some(record) = reader.record()? {
            let section = match record.section {
                Section::Answer => &mut request.prerequisites,
                Section::Authority => &mut request.updates,
                Section::Additional if record.rtype == Rtype::OPT => {
                    check_version(Opt::new(record.ttl))?;
                    continue;
                }
                // Glue and signatures: not part of the update.
                Section::Additional => continue,
            };
            push(section, &record, &mut rdata)?;
        }
        reader.finish()?;
        Ok(request)
    }

    /// The zone's name.
    #[must_use]
    pub const fn zone(&self) -> NameRef<'_> {
        self.zone.as_ref()
    }

    /// The zone's class.
    #[must_use]
    pub const fn class(&self) -> Class {
        self.class
    }

    /// How many changes it asks for.
    #[must_use]
    pub const fn updates(&self) -> usize {
        self.updates.len()
    }

    /// Only if the name has a record (RFC 2136 section 2.4.4).
    pub fn require_name(&mut self, name: NameRef<'_>) -> &mut Self {
        self.prerequisite(name, Rtype::ANY, Class::ANY, &[])
    }

    /// Only if the name has no record (section 2.4.5).
    pub fn require_no_name(&mut self, name: NameRef<'_>) -> &mut Self {
        self.prerequisite(name, Rtype::ANY, Class::NONE, &[])
    }

    /// Only if the rrset exists (section 2.4.1).
    pub fn require_rrset(&mut self, name: NameRef<'_>, rtype: Rtype) -> &mut Self {
        self.prerequisite(name, rtype, Class::ANY, &[])
    }

    /// Only if the rrset does not exist (section 2.4.3).
    pub fn require_no_rrset(&mut self, name: NameRef<'_>, rtype: Rtype) -> &mut Self {
        self.prerequisite(name, rtype, Class::NONE, &[])
    }

    /// Only if the rrset is exactly the records that are required of it (section 2.4.2): one call for each.
    pub fn require_record(&mut self, name: NameRef<'_>, rtype: Rtype, rdata: &[u8]) -> &mut Self {
        self.prerequisite(name, rtype, self.class, rdata)
    }

    /// Adds a record (section 2.5.1).
    pub fn add(&mut self, name: NameRef<'_>, rtype: Rtype, ttl: u32, rdata: &[u8]) -> &mut Self {
        self.update(name, rtype, self.class, ttl, rdata)
    }

    /// Deletes an rrset (section 2.5.2).
    pub fn delete_rrset(&mut self, name: NameRef<'_>, rtype: Rtype) -> &mut Self {
        self.update(name, rtype, Class::ANY, 0, &[])
    }

    /// Deletes all rrsets of a name (section 2.5.3).
    pub fn delete_name(&mut self, name: NameRef<'_>) -> &mut Self {
        self.update(name, Rtype::ANY, Class::ANY, 0, &[])
    }

    /// Deletes a record (section 2.5.4).
    pub fn delete(&mut self, name: NameRef<'_>, rtype: Rtype, rdata: &[u8]) -> &mut Self {
        self.update(name, rtype, Class::NONE, 0, rdata)
    }

    fn prerequisite(&mut self, owner: NameRef<'_>, rtype: Rtype, class: Class, rdata: &[u8]) -> &mut Self {
        self.prerequisites.push(&RecordRef { owner, rtype, class, ttl: 0, rdata });
        self
    }

    fn update(
        &mut self,
        owner: NameRef<'_>,
        rtype: Rtype,
        class: Class,
        ttl: u32,
        rdata: &[u8],
    ) -> &mut Self {
        self.updates.push(&RecordRef { owner, rtype, class, ttl, rdata });
        self
    }

    /// Writes the message; gives its length.
    pub fn emit(&self, id: u16, buf: &mut [u8]) -> Result<usize, Full> {
        let mut writer = Writer::new(buf, id, Flags::default().with_opcode(Opcode::UPDATE))?;
        writer.question(self.zone.as_ref(), Rtype::SOA, self.class)?;
        for (section, records) in
            [(Section::Answer, &self.prerequisites), (Section::Authority, &self.updates)]
        {
            for record in records.iter() {
                let RecordRef { owner, rtype, class, ttl, rdata } = record;
                writer.record(section, owner, rtype, class, ttl, rdata)?;
            }
        }
        Ok(writer.finish())
    }
}

/// RFC 6891 section 6.1.3.
fn check_version(opt: Opt) -> Result<(), UpdateError> {
    match opt.version() {
        0 => Ok(()),
        version => Err(UpdateError::Version(version)),
    }
}

/// Keeps a record. Where the standard lets data be missing, it may; what is there is read by its type.
fn push(records: &mut Records, record: &RecordView<'_>, rdata: &mut Vec<u8>) -> Result<(), UpdateError> {
    let mut owner = [0; NAME_MAX];
    let owner = record.owner_into(&mut owner);
    let RecordView { rtype, class, ttl, .. } = *record;
    rdata.clear();
    let may_be_empty = matches!(class, Class::ANY | Class::NONE);
    if !(may_be_empty && record.raw_rdata().is_empty()) {
        record.expand_rdata(rdata)?;
    }
    records.push(&RecordRef { owner, rtype, class, ttl, rdata });
    Ok(())
}
