//! The journal's operations as the log and the files hold them. DESIGN.md section "Operations" is the
//! picture. What is longer than one operation of the log comes in parts, one directly after the other.

use crate::delta::{Delta, Records};
use ddi_core::Lsn;

/// A part is closed when it has this many bytes of records; one record more may follow.
pub(super) const PART_BYTES: usize = 256 << 10;
/// What stands before the records of a part, at most: kind, flags, zone, version before or file, length of
/// the removed records.
pub(super) const HEAD_BYTES: usize = 22;

const ZONE: u8 = 1;
const DELTA: u8 = 2;
const PAST: u8 = 3;
const NOTE: u8 = 4;
const REMOVE: u8 = 5;
const LOADED: u8 = 6;

const FIRST: u8 = 1;
const LAST: u8 = 2;

/// One operation, borrowed. A zone is named by the LSN of the operation that made it; 0: by this one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Op<'a> {
    /// A zone's whole content, SOA first.
    Zone(Part, &'a [u8]),
    /// A delta from the version that the operation with this LSN made.
    Delta(Part, Lsn, Sides<'a>),
    /// A delta of the history that led to the content given before.
    Past(Part, Sides<'a>),
    /// The caller's note.
    Note { zone: u64, note: &'a [u8] },
    /// The zone is gone.
    Remove { zone: u64 },
    /// A zone's whole content is in a file.
    Loaded { zone: u64, file: u64 },
}

/// Which part of something about a zone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Part {
    pub(super) zone: u64,
    pub(super) is_first: bool,
    pub(super) is_last: bool,
}

/// Records of a delta. No part with removed ones follows one with added ones.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Sides<'a> {
    pub(super) removed: &'a [u8],
    pub(super) added: &'a [u8],
}

impl<'a> Op<'a> {
    /// `None` unless it is an operation.
    pub(super) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (&[kind, flags], rest) = bytes.split_first_chunk()?;
        let (zone, rest) = number(rest)?;
        let (second, rest) = number(rest)?;
        let part = Part { zone, is_first: flags & FIRST != 0, is_last: flags & LAST != 0 };
        let op = match kind {
            ZONE => Self::Zone(part, rest),
            DELTA => Self::Delta(part, Lsn(second), Sides::parse(rest)?),
            PAST => Self::Past(part, Sides::parse(rest)?),
            NOTE => Self::Note { zone, note: rest },
            REMOVE if rest.is_empty() => Self::Remove { zone },
            LOADED if rest.is_empty() => Self::Loaded { zone, file: second },
            _ => return None,
        };
        let known = if matches!(kind, ZONE | DELTA | PAST) { FIRST | LAST } else { 0 };
        let has_second = matches!(kind, DELTA | LOADED);
        (flags & !known == 0 && (has_second || second == 0)).then_some(op)
    }

    /// Appends it to `out`.
    pub(super) fn emit(&self, out: &mut Vec<u8>) {
        let (kind, part, second) = match *self {
            Self::Zone(part, _) => (ZONE, part, 0),
            Self::Delta(part, before, _) => (DELTA, part, before.0),
            Self::Past(part, _) => (PAST, part, 0),
            Self::Note { zone, .. } => (NOTE, Part::whole(zone), 0),
            Self::Remove { zone } => (REMOVE, Part::whole(zone), 0),
            Self::Loaded { zone, file } => (LOADED, Part::whole(zone), file),
        };
        let (first, last) = (FIRST * u8::from(part.is_first), LAST * u8::from(part.is_last));
        out.extend_from_slice(&[kind, first | last]);
        out.extend_from_slice(&part.zone.to_le_bytes());
        out.extend_from_slice(&second.to_le_bytes());
        match *self {
            Self::Zone(_, bytes) | Self::Note { note: bytes, .. } => out.extend_from_slice(bytes),
            Self::Delta(_, _, sides) | Self::Past(_, sides) => {
                out.extend_from_slice(&(sides.removed.len() as u32).to_le_bytes());
                out.extend_from_slice(sides.removed);
                out.extend_from_slice(sides.added);
            }
            Self::Remove { .. } | Self::Loaded { .. } => {}
        }
    }
}

impl Part {
    /// What never comes in parts has no flags.
    const fn whole(zone: u64) -> Self {
        Self { zone, is_first: false, is_last: false }
    }
}

impl<'a> Sides<'a> {
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (len, rest) = bytes.split_first_chunk()?;
        let (removed, added) = rest.split_at_checked(u32::from_le_bytes(*len) as usize)?;
        Some(Self { removed, added })
    }
}

fn number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((u64::from_le_bytes(*number), rest))
}

/// A delta in parts: most likely in one.
pub(super) fn parts(zone: u64, delta: &Delta) -> impl ExactSizeIterator<Item = (Part, Sides<'_>)> {
    let whole = Sides { removed: delta.removed.wire(), added: delta.added.wire() };
    let mut sides = Vec::new();
    if delta.wire_len() <= PART_BYTES {
        sides.push(whole);
    } else {
        sides.extend(Runs::of(&delta.removed).map(|removed| Sides { removed, added: &[] }));
        sides.extend(Runs::of(&delta.added).map(|added| Sides { removed: &[], added }));
    }
    let last = sides.len().saturating_sub(1);
    let part = move |at| Part { zone, is_first: at == 0, is_last: at == last };
    sides.into_iter().enumerate().map(move |(at, sides)| (part(at), sides))
}

/// Records cut into runs of about [`PART_BYTES`].
struct Runs<'a>(crate::delta::Iter<'a>);

impl<'a> Runs<'a> {
    fn of(records: &'a Records) -> Self {
        Self(records.iter())
    }
}

impl<'a> Iterator for Runs<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let start = self.0.rest();
        while start.len() - self.0.rest().len() < PART_BYTES && self.0.next().is_some() {}
        let run = start.get(..start.len() - self.0.rest().len())?;
        (!run.is_empty()).then_some(run)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delta::RecordRef;
    use crate::name::NameRef;
    use crate::rr::Rtype;

    #[test]
    fn what_is_emitted_is_parsed_and_nothing_else() {
        let part = Part { zone: 7, is_first: true, is_last: false };
        let last = Part { zone: 7, is_first: false, is_last: true };
        let sides = Sides { removed: b"old", added: b"new ones" };
        for op in [
            Op::Zone(part, b"some"),
            Op::Delta(last, Lsn(9), sides),
            Op::Past(part, sides),
            Op::Note { zone: u64::MAX, note: b"" },
            Op::Remove { zone: 3 },
            Op::Loaded { zone: 0, file: 5 },
        ] {
            let mut bytes = Vec::new();
            op.emit(&mut bytes);
            assert_eq!(Op::parse(&bytes), Some(op));
            assert_eq!(Op::parse(&bytes[..17]), None);
            bytes[1] |= 8;
            assert_eq!(Op::parse(&bytes), None);
        }
        assert_eq!(Op::parse(&[9; 40]), None);
    }

    #[test]
    fn a_long_delta_is_cut_between_records() {
        let mut delta = Delta::default();
        assert_eq!(parts(3, &delta).len(), 1);
        for at in 0..900_u32 {
            let rdata = vec![at as u8; 40 + at as usize];
            let record = RecordRef::new(NameRef::ROOT, Rtype(65_280), at, &rdata);
            if at < 300 { delta.removed.push(&record) } else { delta.added.push(&record) }
        }
        let parts: Vec<_> = parts(3, &delta).collect();
        assert!(parts.len() >= 3 && parts.is_sorted_by_key(|(_, sides)| sides.removed.is_empty()));
        let ends: Vec<_> = parts.iter().map(|(part, _)| (part.is_first, part.is_last)).collect();
        assert_eq!((ends[0], ends[1], ends[ends.len() - 1]), ((true, false), (false, false), (false, true)));
        let removed: Vec<_> = parts.iter().flat_map(|(_, sides)| sides.removed).copied().collect();
        let added: Vec<_> = parts.iter().flat_map(|(_, sides)| sides.added).copied().collect();
        assert_eq!((&removed[..], &added[..]), (delta.removed.wire(), delta.added.wire()));
        for (_, sides) in parts {
            assert!(Records::from_wire([sides.removed, sides.added].concat()).is_ok());
        }
    }
}
