//! What an endpoint is told when it is made.

use std::net::Ipv4Addr;

use ddi_core::db::PoolConfig;
use ddi_core::{LeaseAddr, LeaseKey, PoolId};
use thiserror::Error;

use crate::balance::BalanceConfig;
use crate::split::{HashBuckets, LoadBalance};
use crate::state::{Profile, Role};

/// The longest relationship name, in bytes, so that every message that has it fits.
pub const NAME_LEN_MAX: usize = 255;
/// The most updates that are on their way at once, whatever a partner would take.
pub const WINDOW_MAX: u32 = 10_000;

/// One relationship, as one of its two servers has it.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "a config, filled by the caller")]
pub struct Config {
    /// The relationship's name, the same on both servers, byte by byte.
    pub name: Vec<u8>,
    /// Which server this is.
    pub role: Role,
    /// Whose ways to follow.
    pub profile: ProfileChoice,
    /// The number by which leases say that their content is this partner's word
    /// ([`Origin::Partner`](ddi_core::Origin::Partner)).
    pub relationship: u16,
    /// The pools that the two servers share. All of one address space, since the protocol has none.
    pub pools: Vec<PoolConfig>,
    /// The maximum client lead time in seconds, 1 or more. The primary's counts; a secondary that has not
    /// met its primary yet uses its own.
    pub mclt_seconds: u32,
    /// Which clients the primary answers. The primary's counts.
    pub buckets: HashBuckets,
    /// A client whose `secs` are above this is answered by both. 0: no load balancing.
    pub load_balance_max_seconds: u16,
    /// See [`LoadBalance::check_secs_byte_order`].
    pub check_secs_byte_order: bool,
    /// After how many seconds of silence the connection is given up, 3 or more.
    pub receive_timer_seconds: u32,
    /// How many updates this server takes without having acknowledged them, 1 or more.
    pub max_unacked: u32,
    /// After how long in COMMUNICATIONS-INTERRUPTED the partner is taken to be down without an operator's
    /// word, 1 or more. `None`: never, which is the only safe answer where a partition is possible.
    pub auto_partner_down_seconds: Option<u32>,
    /// How the free addresses are shared.
    pub balance: BalanceConfig,
    /// This server dials. Either may, or both.
    pub dials: bool,
    /// Spreads what two servers would else do at the same moment.
    pub seed: u64,
}

/// Whose ways to follow.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(clippy::exhaustive_enums, reason = "a server of ours is known by its vendor class; others are not")]
pub enum ProfileChoice {
    /// The draft's, and more, with a partner that says in CONNECT that it is ddi; dhcpd's with any other.
    Auto,
    /// Always the same, and nothing that is not in the draft. [`Profile::Draft`] turns the hash buckets
    /// around, so that both servers have to be set to it.
    Fixed(Profile),
}

impl Config {
    /// With the usual settings: MCLT an hour, half of the clients each, receive timer 20 s, 100 unacknowledged
    /// updates, load balancing for 3 s, no automatic PARTNER-DOWN.
    #[must_use]
    pub fn new(name: &[u8], role: Role, pools: Vec<PoolConfig>) -> Self {
        Self {
            name: name.to_vec(),
            role,
            profile: ProfileChoice::Auto,
            relationship: 1,
            pools,
            mclt_seconds: 3600,
            buckets: HashBuckets::split(128),
            load_balance_max_seconds: 3,
            check_secs_byte_order: false,
            receive_timer_seconds: 20,
            max_unacked: 100,
            auto_partner_down_seconds: None,
            balance: BalanceConfig::default(),
            dials: true,
            seed: 0,
        }
    }

    /// The load balancing, with the buckets that are known before the first connection.
    pub(super) fn load_balance(&self) -> LoadBalance {
        LoadBalance {
            buckets: (self.role == Role::Primary).then_some(self.buckets),
            max_seconds: self.load_balance_max_seconds,
            check_secs_byte_order: self.check_secs_byte_order,
        }
    }

    /// The first thing that can't be.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let name = || String::from_utf8_lossy(&self.name).into_owned();
        if self.name.is_empty() || self.name.len() > NAME_LEN_MAX {
            return Err(ConfigError::Name { name: name() });
        }
        let least = [
            ("mclt_seconds", self.mclt_seconds, 1),
            // dhcpd talks without pause to a partner that says less.
            ("receive_timer_seconds", self.receive_timer_seconds, 3),
            ("max_unacked", self.max_unacked, 1),
            // At once would be on every cut.
            ("auto_partner_down_seconds", self.auto_partner_down_seconds.unwrap_or(1), 1),
        ];
        for (field, value, least) in least {
            if value < least {
                return Err(ConfigError::TooSmall { relationship: name(), field, value, least });
            }
        }
        let BalanceConfig { min_balance_seconds: least, max_balance_seconds: most, .. } = self.balance;
        if least > most {
            return Err(ConfigError::Balance { relationship: name(), least, most });
        }
        Ok(())
    }
}

/// Why a relationship can't be as configured.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// No name, or one that is too long.
    #[error("relationship name {name:?} is not 1 to {NAME_LEN_MAX} bytes long")]
    Name {
        /// It.
        name: String,
    },
    /// A number that makes no sense.
    #[error("relationship {relationship:?}: {field} is {value}, at least {least} is needed")]
    TooSmall {
        /// Which relationship.
        relationship: String,
        /// The setting.
        field: &'static str,
        /// What it is.
        value: u32,
        /// What it must be.
        least: u32,
    },
    /// The shortest time between two balances of a pool is above the longest.
    #[error(
        "relationship {relationship:?}: min_balance_seconds, {least}, is above max_balance_seconds, {most}"
    )]
    Balance {
        /// Which relationship.
        relationship: String,
        /// The shortest.
        least: u32,
        /// The longest.
        most: u32,
    },
    /// Pools of two address spaces.
    #[error("relationship {relationship:?}: pools {one} and {other} are in different address spaces", one = .one.0, other = .other.0)]
    Spaces {
        /// Which relationship.
        relationship: String,
        /// A pool.
        one: PoolId,
        /// A pool of another space.
        other: PoolId,
    },
    /// Two relationships have the same name.
    #[error("relationship {name:?} is defined twice")]
    Twice {
        /// The name.
        name: String,
    },
    /// Two relationships mark their leases with the same number.
    #[error("relationships {one:?} and {other:?} have the same number {number}")]
    Number {
        /// A relationship.
        one: String,
        /// Another.
        other: String,
        /// The number.
        number: u16,
    },
    /// A pool in two relationships.
    #[error("pool {pool} belongs to relationship {one:?} and to {other:?}", pool = .pool.0)]
    PoolShared {
        /// The pool.
        pool: PoolId,
        /// A relationship.
        one: String,
        /// Another.
        other: String,
    },
    /// The saved state is another role's.
    #[error("relationship {relationship:?} was {saved:?} and is now {configured:?}: the roles can't change")]
    Role {
        /// Which relationship.
        relationship: String,
        /// What was saved.
        saved: Role,
        /// What is configured.
        configured: Role,
    },
    /// The saved state can't be used.
    #[error("relationship {relationship:?}: {why}")]
    Saved {
        /// Which relationship.
        relationship: String,
        /// Why.
        why: crate::saved::SavedError,
    },
}

/// The addresses of a relationship: each pool's range, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Pools {
    pub(super) space: u32,
    pub(super) list: Vec<PoolConfig>,
}

impl Pools {
    pub(super) fn new(relationship: &[u8], pools: &[PoolConfig]) -> Result<Self, ConfigError> {
        let mut list = pools.to_vec();
        list.sort_by_key(|pool| pool.first);
        let Some(first) = list.first() else { return Ok(Self::default()) };
        if let Some(other) = list.iter().find(|pool| pool.space != first.space) {
            return Err(ConfigError::Spaces {
                relationship: String::from_utf8_lossy(relationship).into_owned(),
                one: first.id,
                other: other.id,
            });
        }
        Ok(Self { space: first.space, list })
    }

    /// The place in the list of the pool that has this address; reserved ones count, excluded ones don't.
    pub(super) fn place(&self, addr: Ipv4Addr) -> Option<usize> {
        let at = self.list.partition_point(|pool| pool.first <= addr).checked_sub(1)?;
        let pool = self.list.get(at)?;
        let excluded = || pool.excluded.iter().any(|(first, last)| (*first..=*last).contains(&addr));
        (addr <= pool.last && !excluded()).then_some(at)
    }

    pub(super) fn place_of_key(&self, key: LeaseKey) -> Option<usize> {
        key.as_v4().filter(|_| key.space == self.space).and_then(|addr| self.place(addr))
    }

    pub(super) fn place_of_id(&self, id: PoolId) -> Option<usize> {
        self.list.iter().position(|pool| pool.id == id)
    }

    pub(super) fn key(&self, addr: Ipv4Addr) -> LeaseKey {
        LeaseKey { space: self.space, addr: LeaseAddr::V4(addr) }
    }
}
