//! Sharing the free addresses of a pool (draft section 5.4; the arithmetic is dhcpd's).
//!
//! All numbers are whole; division truncates towards zero, as in C.

use ddi_core::{Lease, UnixTime};

use crate::split::{LoadBalance, key_of};
use crate::state::Role;

/// dhcpd's settings, with its defaults.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_structs, reason = "dhcpd's four settings")]
pub struct BalanceConfig {
    /// `max-lease-misbalance`: from how many percent of the free addresses on to ask and to complain.
    pub max_misbalance_percent: u8,
    /// `max-lease-ownership`: how many percent more than half one server keeps.
    pub max_ownership_percent: u8,
    /// `min-balance`: the shortest time between two runs.
    pub min_balance_seconds: u32,
    /// `max-balance`: the longest.
    pub max_balance_seconds: u32,
}

impl Default for BalanceConfig {
    fn default() -> Self {
        Self {
            max_misbalance_percent: 15,
            max_ownership_percent: 10,
            min_balance_seconds: 60,
            max_balance_seconds: 3600,
        }
    }
}

/// How a pool's free addresses are shared, seen from one server. Reservations don't count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_structs, reason = "the numbers of dhcpd's arithmetic")]
pub struct Balance {
    /// How many addresses this server has above its half; negative if it has fewer. Giving one away
    /// makes it one less.
    pub surplus: i64,
    /// Above this the pool is unbalanced.
    pub threshold: i64,
    /// Within this on either side the pool is as it should be.
    pub hold: i64,
}

impl Balance {
    /// From the counts of FREE and BACKUP addresses.
    #[must_use]
    pub fn new(role: Role, free: u32, backup: u32, config: &BalanceConfig) -> Self {
        let (free, backup) = (i64::from(free), i64::from(backup));
        let more = match role {
            Role::Primary => free - backup,
            Role::Secondary => backup - free,
        };
        let percent = |percent: u8| ((free + backup) * i64::from(percent) + 50) / 100;
        Self {
            surplus: more / 2,
            threshold: percent(config.max_misbalance_percent),
            hold: percent(config.max_ownership_percent),
        }
    }

    /// So few that the partner has to be asked (POOLREQ).
    #[must_use]
    pub const fn asks(&self) -> bool {
        let panic = if self.threshold == 0 { -1 } else { -2 * self.threshold };
        self.surplus < panic
    }

    /// The partner should have given more, or have been given more.
    #[must_use]
    pub const fn is_unbalanced(&self) -> bool {
        self.surplus > self.threshold
    }

    /// Does a lease that falls free on the primary become the secondary's at once? If its last client is
    /// the secondary's, and the secondary does not hoard already.
    #[must_use]
    pub fn gives_freed(&self, lease: &Lease, clients: &LoadBalance) -> bool {
        self.surplus > -self.hold
            && !lease.reserved
            && !lease.bootp
            && Candidate::of(Role::Primary, lease, clients) == Candidate::PartnersClient
    }

    /// Whether to give this free address to the partner. The addresses are looked at oldest first, twice:
    /// first for those whose last client is the partner's, then for any.
    #[must_use]
    pub const fn judge(&self, pass: Pass, address: Candidate) -> Judgement {
        let (enough, fits) = match (pass, address) {
            (Pass::Affine, _) => (self.surplus <= -self.hold, matches!(address, Candidate::PartnersClient)),
            (Pass::Any, Candidate::NeverUsed) => (self.surplus <= 0, true),
            (Pass::Any, _) => (self.surplus <= self.hold, true),
        };
        match (enough, fits) {
            (true, _) => Judgement::Stop,
            (false, true) => Judgement::Give,
            (false, false) => Judgement::Keep,
        }
    }
}

/// Which walk over the free addresses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_enums, reason = "dhcpd walks twice")]
pub enum Pass {
    /// The first.
    Affine,
    /// The second.
    Any,
}

/// One of this server's free addresses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_enums, reason = "what dhcpd tells apart")]
pub enum Candidate {
    /// Its last client hashes to the partner.
    PartnersClient,
    /// Its last client hashes to this server.
    OwnClient,
    /// It never had one.
    NeverUsed,
}

impl Candidate {
    /// What this free lease is to the server in `role`.
    #[must_use]
    pub fn of(role: Role, lease: &Lease, clients: &LoadBalance) -> Self {
        match key_of(lease) {
            Some(key) if clients.hashes_to(role.partner(), key) => Self::PartnersClient,
            Some(_) => Self::OwnClient,
            None => Self::NeverUsed,
        }
    }
}

/// What to do with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_enums, reason = "a walk must handle each")]
pub enum Judgement {
    /// Give it, and count one less.
    Give,
    /// Keep it, and look at the next.
    Keep,
    /// This pass is over.
    Stop,
}

/// What the time of the next run depends on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_structs, reason = "the arguments of a pure function")]
pub struct Ages {
    /// When the oldest address of this server's kind fell free; `UNSET` if it has none.
    pub oldest_own: UnixTime,
    /// The same for the partner's kind.
    pub oldest_partners: UnixTime,
    /// When the pool was last balanced.
    pub last_run: UnixTime,
}

/// When to balance again: after the time in which, going by the age of the oldest free addresses, a share
/// of `max_misbalance_percent` gets used up. Within the configured bounds, plus `jitter_seconds` (dhcpd: 0
/// to 4) so that the two servers don't run at the same moment.
#[must_use]
pub fn next_run(now: UnixTime, ages: &Ages, config: &BalanceConfig, jitter_seconds: u32) -> UnixTime {
    let share = |oldest: UnixTime| {
        now.secs_since(oldest).saturating_mul(u64::from(config.max_misbalance_percent)) / 100
    };
    let wait = share(ages.oldest_own)
        .saturating_mul(2)
        .min(share(ages.oldest_partners))
        .min(u64::from(config.max_balance_seconds));
    let earliest = ages.last_run.plus_secs(u64::from(config.min_balance_seconds));
    now.plus_secs(wait).max(earliest).plus_secs(u64::from(jitter_seconds))
}
