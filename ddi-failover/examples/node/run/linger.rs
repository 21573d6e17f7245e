//! Writes that no client waits for: what a partner said of a lease, or that it has heard of one. A pair makes
//! two of them for each lease of a client. Few of them wait a moment for a client's write, to be synced with it.

use ddi_core::Instant;

/// The longest that they wait: no more than what packets wait for each other.
const LINGER_MILLIS: u64 = 1;
/// So many at once are a partner's window, which comes to a halt without its acknowledgements.
const MANY: usize = 8;

/// What has been written since the last batch was given out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Linger {
    /// Nothing that is known here.
    Nothing,
    /// Only for the partner: there is time until then.
    Until(Instant),
    /// Something that is waited for.
    Not,
}

impl Linger {
    /// `own`: how many leases clients and operators changed; `others`: how many the partners did.
    pub fn note(&mut self, now: Instant, own: usize, others: usize) {
        if own > 0 || others >= MANY {
            *self = Self::Not;
        } else if others > 0 && *self == Self::Nothing {
            *self = Self::Until(now.plus_millis(LINGER_MILLIS));
        }
    }

    pub fn is_on(self, now: Instant) -> bool {
        self.end().is_some_and(|end| now < end)
    }

    pub const fn end(self) -> Option<Instant> {
        if let Self::Until(end) = self { Some(end) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_few_of_a_partners_wait() {
        let now = Instant(1000);
        let after = |steps: &[(usize, usize)]| {
            let mut linger = Linger::Nothing;
            steps.iter().for_each(|(own, others)| linger.note(now, *own, *others));
            linger.is_on(now)
        };
        assert!(!after(&[]) && !after(&[(0, 0)]));
        assert!(after(&[(0, 1)]) && after(&[(0, MANY - 1), (0, 1)]));
        assert!(!after(&[(0, 1), (1, 0)]) && !after(&[(1, 0), (0, 1)]) && !after(&[(0, MANY)]));
        let mut linger = Linger::Nothing;
        linger.note(now, 0, 1);
        assert!(!linger.is_on(now.plus_millis(LINGER_MILLIS)));
        linger.note(now.plus_millis(LINGER_MILLIS), 0, 1);
        assert_eq!(linger.end(), Some(now.plus_millis(LINGER_MILLIS)), "a later one does not put it off");
    }
}
