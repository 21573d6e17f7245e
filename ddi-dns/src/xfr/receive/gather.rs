//! What a response's records become: a whole zone, or deltas applied to the one at hand.

use super::sequence::{Sequence, Step};
use crate::delta::{Delta, RecordRef};
use crate::message::RecordView;
use crate::name::{NAME_MAX, Name, NameRef};
use crate::rr::{Class, Rtype, canonical_rdata};
use crate::xfr::error::XfrError;
use crate::xfr::receive::config::Limits;
use crate::xfr::request::soa_serial;
use crate::zone::{Builder, Snapshot, Strictness, legal_ttl};

/// A version that is complete.
#[derive(Debug)]
pub(super) struct Gathered {
    pub(super) snapshot: Snapshot,
    pub(super) deltas: Vec<Delta>,
    pub(super) out_of_zone: usize,
}

/// How far a response is.
#[derive(Debug)]
pub(super) enum Progress {
    /// More must come.
    More,
    /// The version at hand is the newest.
    UpToDate,
    /// All is here.
    Complete(Box<Gathered>),
}

/// Takes the records of one response in.
#[derive(Debug)]
pub(super) struct Gather {
    apex: Name,
    sequence: Sequence,
    strictness: Strictness,
    limits: Limits,
    records: usize,
    bytes: usize,
    out_of_zone: usize,
    /// The first SOA: its data, also in canonical form.
    head: Vec<u8>,
    head_canonical: Vec<u8>,
    head_ttl: u32,
    builder: Option<Builder>,
    /// The version that the deltas so far lead to.
    base: Option<Snapshot>,
    deltas: Vec<Delta>,
    delta: Delta,
    rdata: Vec<u8>,
}

impl Gather {
    /// `base`: deltas to it were asked for.
    pub(super) fn new(
        apex: Name,
        sequence: Sequence,
        base: Option<Snapshot>,
        strictness: Strictness,
        limits: Limits,
    ) -> Self {
        Self {
            apex,
            sequence,
            strictness,
            limits,
            records: 0,
            bytes: 0,
            out_of_zone: 0,
            head: Vec::new(),
            head_canonical: Vec::new(),
            head_ttl: 0,
            builder: None,
            base,
            deltas: Vec::new(),
            delta: Delta::default(),
            rdata: Vec::new(),
        }
    }

    pub(super) const fn sequence(&self) -> &Sequence {
        &self.sequence
    }

    /// The next record of the answer section.
    pub(super) fn take(&mut self, view: &RecordView<'_>) -> Result<Progress, XfrError> {
        let mut wire = [0; NAME_MAX];
        let owner = view.owner_into(&mut wire);
        check(owner, view)?;
        if !owner.is_at_or_below(self.apex.as_ref()) {
            // It is another zone's business, whatever it says.
            self.out_of_zone += 1;
            self.count(owner.wire().len() + 10)?;
            return Ok(Progress::More);
        }
        let mut rdata = std::mem::take(&mut self.rdata);
        rdata.clear();
        view.expand_rdata(&mut rdata)?;
        let record = RecordRef::new(owner, view.rtype, legal_ttl(view.ttl), &rdata);
        let progress = self.count(record.wire_len()).and_then(|()| self.place(&record));
        self.rdata = rdata;
        progress
    }

    fn count(&mut self, bytes: usize) -> Result<(), XfrError> {
        self.records += 1;
        self.bytes += bytes;
        let Limits { records, bytes, .. } = self.limits;
        if self.records > records {
            return Err(XfrError::TooManyRecords { limit: records });
        }
        if self.bytes > bytes {
            return Err(XfrError::TooManyBytes { limit: bytes });
        }
        Ok(())
    }

    fn place(&mut self, record: &RecordRef<'_>) -> Result<Progress, XfrError> {
        let step =
            if record.rtype == Rtype::SOA { self.on_soa(record)? } else { self.sequence.on_other()? };
        match step {
            Step::Head => self.keep_head(record),
            Step::UpToDate => return Ok(Progress::UpToDate),
            Step::FullBegins => {
                self.begin_full()?;
                self.push(record)?;
            }
            Step::Full => self.push(record)?,
            Step::RemovalsBegin => {
                self.end_delta()?;
                self.delta.from = soa_serial(record.rdata).unwrap_or_default();
                self.delta.removed.push(record);
            }
            Step::Remove => self.delta.removed.push(record),
            Step::AdditionsBegin => {
                self.delta.to = soa_serial(record.rdata).unwrap_or_default();
                self.delta.added.push(record);
            }
            Step::Add => self.delta.added.push(record),
            Step::FullEnds => return self.end_full(),
            Step::DeltasEnd => return self.end_deltas(),
        }
        Ok(Progress::More)
    }

    fn on_soa(&mut self, record: &RecordRef<'_>) -> Result<Step, XfrError> {
        if record.owner != self.apex.as_ref() {
            return Err(XfrError::SoaOwner { owner: record.owner.to_name() });
        }
        // Its data was checked against the layout of SOA.
        let serial = soa_serial(record.rdata).unwrap_or_default();
        let mut canonical = Vec::new();
        // Compression may have changed the case of its names.
        let same = canonical_rdata(Rtype::SOA, record.rdata, &mut canonical).is_ok()
            && canonical == self.head_canonical;
        let step = self.sequence.on_soa(serial, same)?;
        if step == Step::Head {
            self.head_canonical = canonical;
        }
        Ok(step)
    }

    fn keep_head(&mut self, record: &RecordRef<'_>) {
        self.head = record.rdata.to_vec();
        self.head_ttl = record.ttl;
    }

    fn begin_full(&mut self) -> Result<(), XfrError> {
        let mut builder = Builder::new(self.apex.as_ref());
        builder.push(self.apex.as_ref(), Rtype::SOA, self.head_ttl, &self.head)?;
        self.builder = Some(builder);
        Ok(())
    }

    fn push(&mut self, record: &RecordRef<'_>) -> Result<(), XfrError> {
        match &mut self.builder {
            Some(builder) => Ok(builder.push(record.owner, record.rtype, record.ttl, record.rdata)?),
            None => Ok(()),
        }
    }

    fn end_full(&mut self) -> Result<Progress, XfrError> {
        if self.builder.is_none() {
            self.begin_full()?;
        }
        let builder = self.builder.take().unwrap_or_else(|| Builder::new(self.apex.as_ref()));
        let (snapshot, deltas) = (builder.finish()?, Vec::new());
        Ok(Progress::Complete(Box::new(Gathered { snapshot, deltas, out_of_zone: self.out_of_zone })))
    }

    /// Applies the delta that was gathered, if there is one.
    fn end_delta(&mut self) -> Result<(), XfrError> {
        let delta = std::mem::take(&mut self.delta);
        let (Some(base), false) = (&self.base, delta.is_empty()) else { return Ok(()) };
        let (from, to) = (delta.from, delta.to);
        let applied = base.apply(&delta, self.strictness);
        let applied = applied.map_err(|source| XfrError::Apply { from, to, source })?;
        // What is kept must be exact, whatever the primary sent.
        self.deltas.push(match self.strictness {
            Strictness::Exact => delta,
            Strictness::Tolerant => Delta::between(base, &applied)?,
        });
        self.base = Some(applied);
        Ok(())
    }

    fn end_deltas(&mut self) -> Result<Progress, XfrError> {
        self.end_delta()?;
        let deltas = std::mem::take(&mut self.deltas);
        match self.base.take() {
            Some(snapshot) => {
                let gathered = Gathered { snapshot, deltas, out_of_zone: self.out_of_zone };
                Ok(Progress::Complete(Box::new(gathered)))
            }
            None => Err(XfrError::NoSoa),
        }
    }
}

/// What no zone has, whatever its owner.
fn check(owner: NameRef<'_>, view: &RecordView<'_>) -> Result<(), XfrError> {
    if view.rtype.is_meta() {
        return Err(XfrError::MetaType { owner: owner.to_name(), rtype: view.rtype });
    }
    if view.class != Class::IN {
        return Err(XfrError::Class { owner: owner.to_name(), rtype: view.rtype, class: view.class });
    }
    Ok(())
}
