//! Carrying out operations that were read, from the log or from a file. Nothing in them is believed.

use super::error::OpError;
use super::load::read_zone;
use super::op::{Op, Part, Sides};
use super::zones::Zones;
use crate::delta::{Delta, Records};
use crate::rr::{Class, Rtype};
use crate::serial::Serial;
use crate::zone::{ApplyError, Builder, Snapshot, Soa, Strictness};
use ddi_core::{Lsn, Storage};
use std::sync::Arc;

/// The zones that operations make.
pub(super) struct Replay<'s> {
    storage: &'s dyn Storage,
    pub(super) zones: Zones,
    /// What there are some parts of.
    begun: Option<Begun>,
    /// Files that hold zones, and the operations that named them.
    pub(super) files: Vec<(Lsn, u64)>,
    /// Bytes of all operations.
    pub(super) bytes: u64,
}

enum Begun {
    Zone(u64, Builder),
    Delta(u64, Lsn, Halves),
    Past(u64, Halves),
}

/// A delta's records so far.
#[derive(Default)]
struct Halves {
    removed: Records,
    added: Records,
}

impl<'s> Replay<'s> {
    pub(super) const fn new(storage: &'s dyn Storage, zones: Zones) -> Self {
        Self { storage, zones, begun: None, files: Vec::new(), bytes: 0 }
    }

    /// False if the parts of an operation end before the last.
    pub(super) const fn is_whole(&self) -> bool {
        self.begun.is_none()
    }

    pub(super) fn apply(&mut self, lsn: Lsn, bytes: &[u8]) -> Result<(), OpError> {
        self.bytes += bytes.len() as u64;
        let op = Op::parse(bytes).ok_or(OpError::Unknown)?;
        match (op, self.begun.take()) {
            (Op::Zone(part, records), begun) => self.zone(lsn, part, records, begun),
            (Op::Delta(part, before, sides), begun) => self.delta((lsn, before), part, sides, begun),
            (Op::Past(part, sides), begun) => self.past(part, sides, begun),
            (_, Some(_)) => Err(OpError::Parts),
            (Op::Note { zone, note }, None) => {
                self.zones.get_mut(zone).ok_or(OpError::Zone)?.note = note.to_vec();
                Ok(())
            }
            (Op::Remove { zone }, None) => self.zones.remove(zone).then_some(()).ok_or(OpError::Zone),
            (Op::Loaded { zone, file }, None) => {
                self.files.push((lsn, file));
                let snapshot = read_zone(self.storage, file)?;
                self.put(zone, lsn, snapshot)
            }
        }
    }

    fn zone(&mut self, lsn: Lsn, part: Part, records: &[u8], begun: Option<Begun>) -> Result<(), OpError> {
        let records = Records::from_wire(records.to_vec())?;
        let mut builder = match (begun, part.is_first) {
            (Some(Begun::Zone(zone, builder)), false) if zone == part.zone => builder,
            (None, true) => {
                let soa = records.first().filter(|soa| soa.rtype == Rtype::SOA);
                Builder::new(soa.ok_or(OpError::Unknown)?.owner)
            }
            _ => return Err(OpError::Parts),
        };
        for record in &records {
            if record.class != Class::IN {
                let (owner, class) = (record.owner.to_name(), record.class);
                return Err(ApplyError::Class { owner, class }.into());
            }
            builder.push(record.owner, record.rtype, record.ttl, record.rdata)?;
        }
        if part.is_last {
            return self.put(part.zone, lsn, builder.finish()?);
        }
        self.begun = Some(Begun::Zone(part.zone, builder));
        Ok(())
    }

    fn put(&mut self, zone: u64, lsn: Lsn, snapshot: Snapshot) -> Result<(), OpError> {
        let id = if zone == 0 { lsn.0 } else { zone };
        // A zone of an operation that is still to come would be taken for the one that it will make.
        (id <= lsn.0 && self.zones.put(id, lsn, snapshot)).then_some(()).ok_or(OpError::Zone)
    }

    fn delta(
        &mut self,
        (lsn, before): (Lsn, Lsn),
        part: Part,
        sides: Sides<'_>,
        begun: Option<Begun>,
    ) -> Result<(), OpError> {
        let mut halves = match (begun, part.is_first) {
            (Some(Begun::Delta(zone, version, halves)), false) if (zone, version) == (part.zone, before) => {
                halves
            }
            (None, true) => Halves::default(),
            _ => return Err(OpError::Parts),
        };
        halves.take(sides)?;
        if !part.is_last {
            self.begun = Some(Begun::Delta(part.zone, before, halves));
            return Ok(());
        }
        let delta = halves.delta()?;
        let kept = self.zones.get(part.zone).ok_or(OpError::Zone)?;
        if kept.version != before {
            return Err(OpError::Version);
        }
        let after = kept.snapshot.apply(&delta, Strictness::Exact)?;
        self.zones.put_delta(part.zone, lsn, Arc::new(delta), after);
        Ok(())
    }

    fn past(&mut self, part: Part, sides: Sides<'_>, begun: Option<Begun>) -> Result<(), OpError> {
        let mut halves = match (begun, part.is_first) {
            (Some(Begun::Past(zone, halves)), false) if zone == part.zone => halves,
            (None, true) => Halves::default(),
            _ => return Err(OpError::Parts),
        };
        halves.take(sides)?;
        if !part.is_last {
            self.begun = Some(Begun::Past(part.zone, halves));
            return Ok(());
        }
        let delta = halves.delta()?;
        let kept = self.zones.get_mut(part.zone).ok_or(OpError::Zone)?;
        kept.history.push(Arc::new(delta), kept.snapshot.wire_len());
        Ok(())
    }
}

impl Halves {
    fn take(&mut self, sides: Sides<'_>) -> Result<(), OpError> {
        for (half, records) in [(&mut self.removed, sides.removed), (&mut self.added, sides.added)] {
            half.extend(&Records::from_wire(records.to_vec())?);
        }
        Ok(())
    }

    fn delta(self) -> Result<Delta, OpError> {
        let Self { removed, added } = self;
        let from = first_serial(&removed).ok_or(ApplyError::Soa)?;
        let to = first_serial(&added).ok_or(ApplyError::Soa)?;
        Ok(Delta { from, to, removed, added })
    }
}

/// The serial of the SOA that records begin with.
pub(super) fn first_serial(records: &Records) -> Option<Serial> {
    let soa = records.first().filter(|record| record.rtype == Rtype::SOA)?;
    Soa::parse(soa.rdata, soa.ttl).map(|soa| soa.serial)
}
