//! Where in a response a record stands: which SOA opens what. Serials and places only, no data.

use crate::serial::Serial;
use crate::xfr::error::XfrError;

/// What the records so far amount to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    /// Nothing came.
    Start,
    /// The SOA of the newest version came. What follows tells one form from the other.
    Head,
    /// In the whole zone.
    Full,
    /// In a delta from this serial, its removals.
    Removals(Serial),
    /// In a delta to this serial, its additions.
    Additions(Serial),
    /// The last SOA came.
    End,
}

/// What to do with a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Step {
    /// The SOA of the newest version: keep it.
    Head,
    /// The newest version is not newer than what is at hand. No more is needed.
    UpToDate,
    /// The whole zone begins: with the SOA that was kept, then this record.
    FullBegins,
    /// A record of the whole zone.
    Full,
    /// The SOA that a delta removes. One before it ends.
    RemovalsBegin,
    /// A record that the delta removes.
    Remove,
    /// The SOA that the delta adds.
    AdditionsBegin,
    /// A record that the delta adds.
    Add,
    /// The whole zone has ended; if nothing began it, it is an SOA and no more.
    FullEnds,
    /// The last delta has ended.
    DeltasEnd,
}

/// One response's state.
#[derive(Clone, Debug)]
pub(super) struct Sequence {
    /// The version at hand, if deltas to it were asked for.
    base: Option<Serial>,
    /// Only what is newer than this is wanted.
    newer_than: Option<Serial>,
    newest: Serial,
    place: Place,
}

impl Sequence {
    pub(super) const fn new(base: Option<Serial>, newer_than: Option<Serial>) -> Self {
        Self { base, newer_than, newest: Serial(0), place: Place::Start }
    }

    /// True if the first SOA came and nothing behind it.
    pub(super) fn is_at_head(&self) -> bool {
        self.place == Place::Head
    }

    /// The serial of the first SOA.
    pub(super) const fn newest(&self) -> Serial {
        self.newest
    }

    /// A record of the apex of type SOA. `same`: it is the first SOA again, to the byte.
    pub(super) fn on_soa(&mut self, serial: Serial, same: bool) -> Result<Step, XfrError> {
        let (place, step) = match self.place {
            Place::Start => {
                self.newest = serial;
                // RFC 1982: where the order is undefined nothing is newer.
                match self.newer_than {
                    Some(at_hand) if !serial.is_newer_than(at_hand) => (Place::End, Step::UpToDate),
                    _ => (Place::Head, Step::Head),
                }
            }
            Place::Head => match self.base {
                Some(base) if serial == base => (Place::Removals(base), Step::RemovalsBegin),
                // RFC 5936 section 2.2: a zone of its SOA alone.
                _ if same => (Place::End, Step::FullEnds),
                Some(base) => return Err(XfrError::WrongBase { base, found: serial }),
                None => return Err(XfrError::SoaInside { serial }),
            },
            Place::Full if same => (Place::End, Step::FullEnds),
            Place::Full => return Err(XfrError::SoaInside { serial }),
            Place::Removals(from) if serial.is_newer_than(from) => {
                (Place::Additions(serial), Step::AdditionsBegin)
            }
            Place::Removals(from) => return Err(XfrError::SerialOrder { from, to: serial }),
            Place::Additions(to) if to == self.newest && same => (Place::End, Step::DeltasEnd),
            Place::Additions(to) if to != self.newest && serial == to => {
                (Place::Removals(to), Step::RemovalsBegin)
            }
            Place::Additions(to) => return Err(XfrError::BrokenChain { at: to, found: serial }),
            Place::End => return Err(XfrError::AfterTheEnd),
        };
        self.place = place;
        Ok(step)
    }

    /// Any other record of the zone.
    pub(super) fn on_other(&mut self) -> Result<Step, XfrError> {
        Ok(match self.place {
            Place::Start => return Err(XfrError::NoSoa),
            Place::Head => {
                self.place = Place::Full;
                Step::FullBegins
            }
            Place::Full => Step::Full,
            Place::Removals(_) => Step::Remove,
            Place::Additions(_) => Step::Add,
            Place::End => return Err(XfrError::AfterTheEnd),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `s`: an SOA of that serial, the first of which is the head; 0: another record.
    fn run(base: Option<u32>, records: &[u32]) -> Result<Vec<Step>, XfrError> {
        let base = base.map(Serial);
        let mut sequence = Sequence::new(base, base);
        let head = records.iter().copied().find(|&s| s != 0);
        let steps = records.iter().map(|&s| match s {
            0 => sequence.on_other(),
            s => sequence.on_soa(Serial(s), Some(s) == head),
        });
        steps.collect()
    }

    #[test]
    fn the_forms_of_a_response() {
        use Step::{
            Add, AdditionsBegin, DeltasEnd, Full, FullBegins, FullEnds, Head, RemovalsBegin, Remove, UpToDate,
        };
        assert_eq!(run(None, &[9, 0, 0, 9]).unwrap(), [Head, FullBegins, Full, FullEnds]);
        assert_eq!(run(None, &[9, 9]).unwrap(), [Head, FullEnds]);
        assert_eq!(run(Some(5), &[9, 0, 9]).unwrap(), [Head, FullBegins, FullEnds]);
        assert_eq!(run(Some(5), &[9, 9]).unwrap(), [Head, FullEnds]);
        assert_eq!(run(Some(9), &[9]).unwrap(), [UpToDate]);
        assert_eq!(run(Some(10), &[9]).unwrap(), [UpToDate]);
        assert_eq!(run(Some(9 + (1 << 31)), &[9]).unwrap(), [UpToDate]);
        let one = [Head, RemovalsBegin, Remove, AdditionsBegin, Add, DeltasEnd];
        assert_eq!(run(Some(5), &[9, 5, 0, 9, 0, 9]).unwrap(), one);
        let bare = [Head, RemovalsBegin, AdditionsBegin, RemovalsBegin, AdditionsBegin, DeltasEnd];
        assert_eq!(run(Some(5), &[9, 5, 7, 7, 9, 9]).unwrap(), bare);
    }

    #[test]
    fn what_is_out_of_order() {
        let base = Serial(1);
        let fails = |at: Option<u32>, records: &[u32]| run(at, records).unwrap_err();
        assert_eq!(fails(None, &[0]), XfrError::NoSoa);
        assert_eq!(fails(None, &[9, 0, 8]), XfrError::SoaInside { serial: Serial(8) });
        assert_eq!(fails(None, &[9, 8]), XfrError::SoaInside { serial: Serial(8) });
        assert_eq!(fails(None, &[9, 0, 9, 0]), XfrError::AfterTheEnd);
        assert_eq!(fails(Some(1), &[9, 2]), XfrError::WrongBase { base, found: Serial(2) });
        assert_eq!(fails(Some(1), &[9, 1, 1]), XfrError::SerialOrder { from: base, to: base });
        assert_eq!(fails(Some(2), &[9, 2, 1]), XfrError::SerialOrder { from: Serial(2), to: base });
        let broken = |at: u32, found: u32| XfrError::BrokenChain { at: Serial(at), found: Serial(found) };
        assert_eq!(fails(Some(1), &[9, 1, 5, 6]), broken(5, 6));
        assert_eq!(fails(Some(1), &[9, 1, 5, 9]), broken(5, 9));
        assert_eq!(fails(Some(1), &[9, 1, 9, 3]), broken(9, 3));
    }
}
