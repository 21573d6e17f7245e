//! Writes that no client waits for: what a partner said of a lease, or that it has heard of one. A pair makes
//! two of them for each lease of a client. Few of them wait a moment for a client's write, to be synced with it.

use ddi_core::Instant;

/// The longest that they wait where a partner may wait for its acknowledgements: no more than what packets wait for
/// each other.
const LINGER_MILLIS: u64 = 1;
/// The same where none does: those leave no sooner than what partners say is gathered.
const CALM_MILLIS: u64 = 4;
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

/// How long what the partners wrote may wait for a client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Patience {
    /// A partner may wait, too.
    Short,
    /// Only clients do.
    Long,
    /// No client comes, and what partners say has gathered already.
    Vain,
}

impl Patience {
    /// `is_calm`: no partner waits; `has_clients`: some came lately.
    pub const fn of(is_calm: bool, has_clients: bool) -> Self {
        match (is_calm, has_clients) {
            (false, _) => Self::Short,
            (true, true) => Self::Long,
            (true, false) => Self::Vain,
        }
    }
}

impl Linger {
    /// `own`: how many leases clients and operators changed; `others`: how many the partners did.
    pub fn note(&mut self, now: Instant, own: usize, others: usize, patience: Patience) {
        let millis = match patience {
            Patience::Short if others < MANY => Some(LINGER_MILLIS),
            Patience::Long => Some(CALM_MILLIS),
            Patience::Short | Patience::Vain => None,
        };
        match millis {
            _ if own == 0 && others == 0 => {}
            Some(millis) if own == 0 => {
                if *self == Self::Nothing {
                    *self = Self::Until(now.plus_millis(millis));
                }
            }
            _ => *self = Self::Not,
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
            steps.iter().for_each(|(own, others)| linger.note(now, *own, *others, Patience::Short));
            linger.is_on(now)
        };
        assert!(!after(&[]) && !after(&[(0, 0)]));
        assert!(after(&[(0, 1)]) && after(&[(0, MANY - 1), (0, 1)]));
        assert!(!after(&[(0, 1), (1, 0)]) && !after(&[(1, 0), (0, 1)]) && !after(&[(0, MANY)]));
        let mut linger = Linger::Nothing;
        linger.note(now, 0, 1, Patience::Short);
        assert!(!linger.is_on(now.plus_millis(LINGER_MILLIS)));
        linger.note(now.plus_millis(LINGER_MILLIS), 0, 1, Patience::Short);
        assert_eq!(linger.end(), Some(now.plus_millis(LINGER_MILLIS)), "a later one does not put it off");
    }

    #[test]
    fn all_of_them_wait_where_no_partner_does() {
        let (mut linger, now) = (Linger::Nothing, Instant(1000));
        linger.note(now, 0, MANY, Patience::Long);
        assert_eq!(linger.end(), Some(now.plus_millis(CALM_MILLIS)));
        linger.note(now, 1, MANY, Patience::Long);
        assert_eq!(linger, Linger::Not, "a client does");
        let mut linger = Linger::Nothing;
        linger.note(now, 0, 1, Patience::of(true, false));
        assert_eq!(linger, Linger::Not, "nobody will come");
    }
}
