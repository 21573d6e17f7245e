//! How often a connection with a partner is read and written. What two servers in NORMAL tell each other is waited
//! for by no client, and costs both a wake-up each time: so it gathers for a moment.

use ddi_core::Instant;

/// How long it gathers. A partner that is killed meanwhile has not told its last leases of this time; for those the
/// other one has the protocol's MCLT, as for any that was on its way.
pub const GATHER_MILLIS: u64 = 10;

/// Of one connection. The first word after a silence is taken, and said, at once.
#[derive(Default)]
pub struct Pace {
    /// Nothing is read or written before that.
    rest: Option<Instant>,
    /// Somebody waited for what was said lately: no rest before that.
    hurry: Instant,
    /// Something was read or written in this turn.
    moved: bool,
}

impl Pace {
    pub fn is_resting(&self, now: Instant) -> bool {
        self.rest.is_some_and(|end| now < end)
    }

    /// A rest is over, so that there may be something to read though nobody looked.
    pub fn has_rested(&self, now: Instant) -> bool {
        self.rest.is_some_and(|end| end <= now)
    }

    /// When to come back.
    pub const fn end(&self) -> Option<Instant> {
        self.rest
    }

    /// Something was read or written.
    pub const fn moved(&mut self) {
        self.moved = true;
    }

    /// Nobody may wait, or somebody does.
    pub fn look(&mut self, now: Instant, is_calm: bool) {
        if !is_calm {
            self.hurry = now.plus_millis(GATHER_MILLIS);
            self.rest = None;
        }
    }

    /// The turn is over, in which it was written to.
    pub fn end_turn(&mut self, now: Instant) {
        let moved = std::mem::take(&mut self.moved);
        self.rest = (moved && now >= self.hurry).then(|| now.plus_millis(GATHER_MILLIS));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rests_after_it_moved_unless_somebody_waits() {
        let mut pace = Pace::default();
        let at = |millis| Instant(1000 + millis);
        pace.end_turn(at(0));
        assert_eq!(pace.end(), None, "nothing moved: the next word is taken at once");
        pace.moved();
        pace.end_turn(at(1));
        assert_eq!(pace.end(), Some(at(1 + GATHER_MILLIS)));
        assert!(pace.is_resting(at(GATHER_MILLIS)) && !pace.has_rested(at(GATHER_MILLIS)));
        assert!(!pace.is_resting(at(1 + GATHER_MILLIS)) && pace.has_rested(at(1 + GATHER_MILLIS)));
        pace.look(at(5), false);
        assert!(!pace.is_resting(at(5)), "somebody waits");
        pace.moved();
        pace.end_turn(at(5));
        assert_eq!(pace.end(), None);
        pace.look(at(6), true);
        pace.moved();
        pace.end_turn(at(4 + GATHER_MILLIS));
        assert_eq!(pace.end(), None, "whoever waited may go on at once");
        pace.moved();
        pace.end_turn(at(5 + GATHER_MILLIS));
        assert!(pace.is_resting(at(6 + GATHER_MILLIS)));
    }
}
