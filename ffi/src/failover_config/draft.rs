//! Relationships that are being configured.

use crate::handle::Failure;
use crate::status::DDI_E_LIMIT;
use ddi_core::db::PoolConfig;
use ddi_failover::endpoint::{Config, ProfileChoice, Start};
use ddi_failover::split::HashBuckets;
use ddi_failover::{Profile, Role};

/// See the module.
#[derive(Default)]
pub(crate) struct Draft {
    list: Vec<Relationship>,
}

struct Relationship {
    config: Config,
    saved: Vec<u8>,
    leases_lost: bool,
}

impl Draft {
    pub(super) fn add(&mut self, name: &[u8], role: u32) -> Result<u32, Failure> {
        let role = match role {
            super::DDI_FAILOVER_PRIMARY => Role::Primary,
            super::DDI_FAILOVER_SECONDARY => Role::Secondary,
            _ => return Err(Failure::argument(format!("role {role} is neither primary nor secondary"))),
        };
        let place = u16::try_from(self.list.len()).ok().filter(|&place| place < u16::MAX);
        let place = place.ok_or_else(|| Failure::new(DDI_E_LIMIT, "too many relationships"))?;
        let config = Config { relationship: place + 1, ..Config::new(name, role, Vec::new()) };
        self.list.push(Relationship { config, saved: Vec::new(), leases_lost: false });
        Ok(place.into())
    }

    fn get(&mut self, relationship: u32) -> Result<&mut Relationship, Failure> {
        let found = self.list.get_mut(relationship as usize);
        found.ok_or_else(|| Failure::argument(format!("there is no relationship {relationship}")))
    }

    pub(super) fn set(&mut self, relationship: u32, setting: u32, value: u64) -> Result<(), Failure> {
        let config = &mut self.get(relationship)?.config;
        match setting {
            super::DDI_FAILOVER_MCLT_SECONDS => config.mclt_seconds = small(value)?,
            super::DDI_FAILOVER_SPLIT => config.buckets = split(value)?,
            super::DDI_FAILOVER_LOAD_BALANCE_MAX_SECONDS => config.load_balance_max_seconds = small(value)?,
            super::DDI_FAILOVER_RECEIVE_TIMER_SECONDS => config.receive_timer_seconds = small(value)?,
            super::DDI_FAILOVER_MAX_UNACKED => config.max_unacked = small(value)?,
            super::DDI_FAILOVER_AUTO_PARTNER_DOWN_SECONDS => {
                config.auto_partner_down_seconds = Some(small(value)?).filter(|&seconds| seconds != 0);
            }
            super::DDI_FAILOVER_MAX_MISBALANCE_PERCENT => {
                config.balance.max_misbalance_percent = percent(value)?;
            }
            super::DDI_FAILOVER_MAX_OWNERSHIP_PERCENT => {
                config.balance.max_ownership_percent = percent(value)?;
            }
            super::DDI_FAILOVER_MIN_BALANCE_SECONDS => config.balance.min_balance_seconds = small(value)?,
            super::DDI_FAILOVER_MAX_BALANCE_SECONDS => config.balance.max_balance_seconds = small(value)?,
            super::DDI_FAILOVER_DIALS => config.dials = flag(value)?,
            super::DDI_FAILOVER_PROFILE => config.profile = profile(value)?,
            super::DDI_FAILOVER_NUMBER => config.relationship = small(value)?,
            super::DDI_FAILOVER_SEED => config.seed = value,
            super::DDI_FAILOVER_CHECK_SECS_BYTE_ORDER => config.check_secs_byte_order = flag(value)?,
            _ => return Err(Failure::argument(format!("there is no setting {setting}"))),
        }
        Ok(())
    }

    pub(super) fn set_buckets(&mut self, relationship: u32, buckets: &[u8]) -> Result<(), Failure> {
        let wrong = |_| Failure::argument("256 buckets are 32 bytes");
        let bits = buckets.try_into().map_err(wrong)?;
        self.get(relationship)?.config.buckets = HashBuckets::from_wire(Profile::Isc, bits);
        Ok(())
    }

    pub(super) fn add_pools(&mut self, relationship: u32, pools: Vec<PoolConfig>) -> Result<(), Failure> {
        self.get(relationship)?.config.pools.extend(pools);
        Ok(())
    }

    pub(super) fn set_saved(
        &mut self,
        relationship: u32,
        saved: &[u8],
        leases_lost: u32,
    ) -> Result<(), Failure> {
        let leases_lost = flag(leases_lost.into())?;
        let it = self.get(relationship)?;
        (it.saved, it.leases_lost) = (saved.to_vec(), leases_lost);
        Ok(())
    }

    /// The pools of each relationship.
    pub(crate) fn pools(&self) -> Vec<&[PoolConfig]> {
        self.list.iter().map(|it| &it.config.pools[..]).collect()
    }

    /// What the relationships are made of.
    pub(crate) fn parts(&self) -> Vec<(Config, Start<'_>)> {
        self.list.iter().map(|it| (it.config.clone(), it.start())).collect()
    }
}

impl Relationship {
    fn start(&self) -> Start<'_> {
        match (&self.saved[..], self.leases_lost) {
            ([], _) => Start::Nothing,
            (saved, true) => Start::LeasesLost(saved),
            (saved, false) => Start::Saved(saved),
        }
    }
}

fn small<T: TryFrom<u64>>(value: u64) -> Result<T, Failure> {
    T::try_from(value).map_err(|_| Failure::argument(format!("{value} is too large")))
}

fn flag(value: u64) -> Result<bool, Failure> {
    match value {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Failure::argument(format!("{value} is no flag: 0 or 1"))),
    }
}

fn percent(value: u64) -> Result<u8, Failure> {
    let percent = u8::try_from(value).ok().filter(|&percent| percent <= 100);
    percent.ok_or_else(|| Failure::argument(format!("{value} is more than 100 percent")))
}

fn split(value: u64) -> Result<HashBuckets, Failure> {
    let count = u16::try_from(value).ok().filter(|&count| count <= 256);
    count
        .map(HashBuckets::split)
        .ok_or_else(|| Failure::argument(format!("{value} is more than 256 buckets")))
}

fn profile(value: u64) -> Result<ProfileChoice, Failure> {
    match u32::try_from(value) {
        Ok(super::DDI_FAILOVER_PROFILE_AUTO) => Ok(ProfileChoice::Auto),
        Ok(super::DDI_FAILOVER_PROFILE_ISC) => Ok(ProfileChoice::Fixed(Profile::Isc)),
        Ok(super::DDI_FAILOVER_PROFILE_DRAFT) => Ok(ProfileChoice::Fixed(Profile::Draft)),
        _ => Err(Failure::argument(format!("there is no profile {value}"))),
    }
}
