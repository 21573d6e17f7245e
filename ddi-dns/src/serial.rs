//! Zone serials: sequence space arithmetic (RFC 1982).

use std::cmp::Ordering;
use std::fmt;

/// A zone's serial. There is no total order: of two serials that are exactly 2^31 apart neither is
/// newer (RFC 1982 section 3.2), so this has `PartialOrd` and no `Ord`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[allow(clippy::exhaustive_structs, reason = "a plain number with an order of its own")]
pub struct Serial(pub u32);

impl Serial {
    /// The most that may be added at once (RFC 1982 section 3.1).
    pub const STEP_MAX: u32 = 0x7fff_ffff;

    /// This serial `step` steps on; `step` above [`Serial::STEP_MAX`] counts as that.
    #[must_use]
    pub const fn plus(self, step: u32) -> Self {
        let step = if step > Self::STEP_MAX { Self::STEP_MAX } else { step };
        Self(self.0.wrapping_add(step))
    }

    /// True if this is newer than `other`. False where the order is undefined.
    #[must_use]
    pub fn is_newer_than(self, other: Self) -> bool {
        self.partial_cmp(&other) == Some(Ordering::Greater)
    }
}

impl PartialOrd for Serial {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match self.0.wrapping_sub(other.0) {
            0 => Some(Ordering::Equal),
            0x8000_0000 => None,
            ahead if ahead < 0x8000_0000 => Some(Ordering::Greater),
            _ => Some(Ordering::Less),
        }
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_1982_order() {
        assert!(Serial(1).is_newer_than(Serial(0)));
        assert!(Serial(0).is_newer_than(Serial(u32::MAX)));
        assert!(Serial(44).is_newer_than(Serial(0xffff_ffd4)));
        assert!(Serial(100).plus(Serial::STEP_MAX).is_newer_than(Serial(100)));
        assert!(!Serial(0x8000_0000).is_newer_than(Serial(0)));
        assert!(!Serial(0).is_newer_than(Serial(0x8000_0000)));
        assert_eq!(Serial(0).partial_cmp(&Serial(0x8000_0000)), None);
        assert_eq!(Serial(7).plus(u32::MAX), Serial(7).plus(Serial::STEP_MAX));
    }
}
