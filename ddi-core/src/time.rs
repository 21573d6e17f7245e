//! Time as an argument: a monotonic instant for timers, a unix time for what is stored or sent.

/// Milliseconds on the caller's monotonic clock; the origin is the caller's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[allow(clippy::exhaustive_structs, reason = "a plain number with a unit, built by C callers too")]
pub struct Instant(pub u64);

impl Instant {
    /// This instant plus `millis` milliseconds, saturating.
    #[must_use]
    pub const fn plus_millis(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// This instant plus `secs` seconds, saturating.
    #[must_use]
    pub const fn plus_secs(self, secs: u64) -> Self {
        Self(self.0.saturating_add(secs.saturating_mul(1000)))
    }

    /// Milliseconds from `earlier` to this instant; 0 if `earlier` is later.
    #[must_use]
    pub const fn millis_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Seconds since 1970-01-01T00:00:00Z. [`UnixTime::UNSET`] (0) means "no such time".
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[allow(clippy::exhaustive_structs, reason = "a plain number with a unit, built by C callers too")]
pub struct UnixTime(pub u64);

impl UnixTime {
    /// No time: the lease has never had this one.
    pub const UNSET: Self = Self(0);
    /// Never: the end of an infinite lease (RFC 2131 section 3.3, a lease time of 0xffffffff).
    pub const NEVER: Self = Self(u64::MAX);

    /// This time plus `secs` seconds; an overflow gives [`UnixTime::NEVER`].
    #[must_use]
    pub const fn plus_secs(self, secs: u64) -> Self {
        Self(self.0.saturating_add(secs))
    }

    /// Seconds from `earlier` to this time; 0 if `earlier` is later.
    #[must_use]
    pub const fn secs_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// The two clocks of one moment. A clock step moves `unix` only, so it can't confuse a timer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[allow(clippy::exhaustive_structs, reason = "the pair is the whole meaning")]
pub struct Now {
    /// For timers.
    pub instant: Instant,
    /// For what is stored or sent.
    pub unix: UnixTime,
}
