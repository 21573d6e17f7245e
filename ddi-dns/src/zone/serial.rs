//! How a zone's serial moves.

use crate::serial::Serial;
use ddi_core::UnixTime;

/// What the serial becomes when the zone changes. It always becomes newer (RFC 1982), and never 0, which
/// some take for none.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum SerialPolicy {
    /// One more.
    #[default]
    Increment,
    /// Seconds since 1970; one more where that is not newer.
    UnixTime,
    /// The day in UTC and two digits, YYYYMMDDnn; one more where that is not newer.
    Date,
    /// The next that leaves `slot` when divided by `of`, so that primaries with different slots never have
    /// the same serial.
    Modulo {
        /// Less than `of`.
        slot: u16,
        /// How many slots; 0 counts as 1.
        of: u16,
    },
}

impl SerialPolicy {
    /// The serial that follows `from`.
    #[must_use]
    pub fn next(self, from: Serial, now: UnixTime) -> Serial {
        let wanted = match self {
            Self::Increment => from.plus(1),
            Self::UnixTime => Serial(now.0 as u32),
            Self::Date => Serial(date(now)),
            Self::Modulo { slot, of } => return next_in_slot(from, slot, of.max(1)),
        };
        let to = if wanted.is_newer_than(from) { wanted } else { from.plus(1) };
        if to.0 == 0 { Serial(1) } else { to }
    }

    /// The serial after `from` of a version that comes with `wanted`: that if it is newer, or what follows it in the
    /// slot; else as without.
    #[must_use]
    pub fn next_wanted(self, from: Serial, wanted: Serial, now: UnixTime) -> Serial {
        let to = match self {
            Self::Modulo { slot, of } if wanted.0 % u32::from(of.max(1)) != u32::from(slot % of.max(1)) => {
                next_in_slot(wanted, slot, of.max(1))
            }
            _ => wanted,
        };
        let is_newer = wanted.is_newer_than(from) && to.is_newer_than(from);
        if is_newer { to } else { self.next(from, now) }
    }
}

fn next_in_slot(from: Serial, slot: u16, of: u16) -> Serial {
    let (slot, of) = (u32::from(slot % of), u32::from(of));
    let step = |from: u32| match (slot + of - from % of) % of {
        0 => of,
        step => step,
    };
    match from.0.checked_add(step(from.0)) {
        Some(to) => Serial(to),
        // Numbers start anew: the first of the slot, but not 0.
        None => Serial(if slot == 0 { of } else { slot }),
    }
}

/// YYYYMMDD00.
fn date(now: UnixTime) -> u32 {
    // Days since 0000-03-01, counted in eras of 400 years: the leap day is a year's last.
    let days = now.0 / 86_400 + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (year, month) = if month < 10 { (year, month + 3) } else { (year + 1, month - 9) };
    let number = ((era * 400 + year) * 10_000 + month * 100 + day) * 100;
    u32::try_from(number).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serials_move_by_policy() {
        let now = UnixTime(1_709_210_096); // 2024-02-29T12:34:56Z
        let cases = [
            (SerialPolicy::Increment, 7, 8),
            (SerialPolicy::Increment, u32::MAX, 1),
            (SerialPolicy::UnixTime, 7, 1_709_210_096),
            (SerialPolicy::UnixTime, 1_709_210_096, 1_709_210_097),
            (SerialPolicy::UnixTime, 1_800_000_000, 1_800_000_001),
            (SerialPolicy::Date, 7, 2_024_022_900),
            (SerialPolicy::Date, 2_024_022_900, 2_024_022_901),
            (SerialPolicy::Date, 2_030_010_100, 2_030_010_101),
            (SerialPolicy::Modulo { slot: 1, of: 2 }, 7, 9),
            (SerialPolicy::Modulo { slot: 0, of: 2 }, 7, 8),
            (SerialPolicy::Modulo { slot: 2, of: 3 }, u32::MAX - 1, 2),
            (SerialPolicy::Modulo { slot: 0, of: 3 }, u32::MAX, 3),
            (SerialPolicy::Modulo { slot: 5, of: 0 }, 7, 8),
        ];
        for (policy, from, to) in cases {
            assert_eq!(policy.next(Serial(from), now), Serial(to), "{policy:?} {from}");
            assert!(Serial(to).is_newer_than(Serial(from)));
        }
        for (unix, day) in [(0, 1_970_010_100), (951_868_799, 2_000_022_900), (951_868_800, 2_000_030_100)] {
            assert_eq!(date(UnixTime(unix)), day);
        }
    }
}
