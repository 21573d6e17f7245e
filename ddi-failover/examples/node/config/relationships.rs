//! From `[[failover]]` to what the endpoints are given.

use super::failover::{Failover, FailoverRole};
use super::place::Fault;
use super::{Config, Dhcp4};
use ddi_core::db::PoolConfig;
use ddi_dhcp::server::Server;
use ddi_failover::Role;
use ddi_failover::endpoint::{self, NAME_LEN_MAX};
use ddi_failover::split::HashBuckets;
use std::collections::HashMap;
use std::net::SocketAddrV4;

/// A relationship: its endpoint's configuration, and where the two servers are.
pub struct Relationship {
    pub endpoint: endpoint::Config,
    pub listen: SocketAddrV4,
    pub partner: SocketAddrV4,
}

/// Finds what is wrong with them.
pub fn check(config: &Config) -> Result<(), Fault> {
    // The server's own configuration is good: it was made before.
    let pools = Server::new(config.server.clone(), 0).map(|server| server.pools()).unwrap_or_default();
    relationships(config, &pools).map(|_| ())
}

/// All of them; each of `pools` is in one at the most.
pub fn relationships(config: &Config, pools: &[PoolConfig]) -> Result<Vec<Relationship>, Fault> {
    let mut all: Vec<Relationship> = Vec::new();
    let mut owners: HashMap<u32, &str> = HashMap::new();
    for (number, failover) in (1..).zip(&config.file.failover) {
        let Some(dhcp4) = &config.file.dhcp4 else {
            return Err(Fault::new(&failover.name, "failover needs [dhcp4]"));
        };
        let name = failover.name.get_ref().as_str();
        if !(1..=NAME_LEN_MAX).contains(&name.len()) {
            return Err(Fault::new(&failover.name, format!("a name has 1 to {NAME_LEN_MAX} bytes")));
        }
        if config.file.failover.iter().take(all.len()).any(|other| other.name.get_ref() == name) {
            return Err(Fault::new(&failover.name, format!("relationship {name:?} is there twice")));
        }
        if let Some(bootp) = dhcp4.bootp.as_ref().filter(|bootp| *bootp.get_ref()) {
            let what = "BOOTP clients keep addresses for ever, which no partner agrees to: with [[failover]], reserve theirs";
            return Err(Fault::new(bootp, what));
        }
        check_partner(failover)?;
        let own = pools_of(failover, dhcp4, pools)?;
        for pool in &own {
            if let Some(other) = owners.insert(pool.id.0, name) {
                let whose = if other == name { "twice".to_owned() } else { format!("to {other:?} and") };
                let what = format!("pool {}-{} belongs {whose} to {name:?}", pool.first, pool.last);
                return Err(Fault::new(&failover.name, what));
            }
        }
        let endpoint = endpoint_config(failover, number, own)?;
        let (listen, partner) = (*failover.listen.get_ref(), *failover.partner.get_ref());
        all.push(Relationship { endpoint, listen, partner });
    }
    Ok(all)
}

/// Can the partner be where it is said to be?
fn check_partner(failover: &Failover) -> Result<(), Fault> {
    let partner = failover.partner.get_ref();
    if partner.ip().is_unspecified() || partner.port() == 0 {
        return Err(Fault::new(&failover.partner, "nobody can be reached there"));
    }
    if partner == failover.listen.get_ref() {
        return Err(Fault::new(&failover.partner, "this is where this server listens"));
    }
    Ok(())
}

fn endpoint_config(
    failover: &Failover,
    number: u16,
    pools: Vec<PoolConfig>,
) -> Result<endpoint::Config, Fault> {
    let role = match failover.role {
        FailoverRole::Primary => Role::Primary,
        FailoverRole::Secondary => Role::Secondary,
    };
    let mut config = endpoint::Config::new(failover.name.get_ref().as_bytes(), role, pools);
    config.relationship = number;
    if let Some(mclt) = &failover.mclt_seconds {
        at_least(mclt, 1)?;
        config.mclt_seconds = *mclt.get_ref();
    }
    if let Some(split) = &failover.split {
        if *split.get_ref() > 256 {
            return Err(Fault::new(split, "from 0 to 256 buckets"));
        }
        config.buckets = HashBuckets::split(*split.get_ref());
    }
    if let Some(seconds) = failover.load_balance_max_seconds {
        config.load_balance_max_seconds = seconds.into();
    }
    if let Some(receive_timer) = &failover.receive_timer_seconds {
        at_least(receive_timer, 3)?;
        config.receive_timer_seconds = *receive_timer.get_ref();
    }
    if let Some(max_unacked) = &failover.max_unacked {
        at_least(max_unacked, 1)?;
        config.max_unacked = *max_unacked.get_ref();
    }
    if let Some(seconds) = &failover.auto_partner_down_seconds {
        at_least(seconds, 1)?;
        config.auto_partner_down_seconds = Some(*seconds.get_ref());
    }
    let balance = &mut config.balance;
    balance.max_balance_seconds = failover.max_balance_seconds.unwrap_or(balance.max_balance_seconds);
    if let Some(seconds) = &failover.min_balance_seconds {
        balance.min_balance_seconds = *seconds.get_ref();
        if balance.min_balance_seconds > balance.max_balance_seconds {
            let what = format!("at most max_balance_seconds, {}", balance.max_balance_seconds);
            return Err(Fault::new(seconds, what));
        }
    }
    // The default of the one may be too long for the other.
    balance.min_balance_seconds = balance.min_balance_seconds.min(balance.max_balance_seconds);
    Ok(config)
}

fn at_least(value: &super::place::At<u32>, least: u32) -> Result<(), Fault> {
    if *value.get_ref() < least { Err(Fault::new(value, format!("at least {least}"))) } else { Ok(()) }
}

fn pools_of(failover: &Failover, dhcp4: &Dhcp4, pools: &[PoolConfig]) -> Result<Vec<PoolConfig>, Fault> {
    let mut own = Vec::new();
    for range in &failover.pools {
        let wanted = range.get_ref();
        let found = pools.iter().find(|pool| (pool.first, pool.last) == (wanted.first, wanted.last));
        let missing =
            || Fault::new(range, format!("no subnet has the pool {}-{}", wanted.first, wanted.last));
        own.push(found.cloned().ok_or_else(missing)?);
    }
    for prefix in &failover.subnets {
        let wanted = prefix.get_ref().0;
        if !dhcp4.subnet.iter().any(|subnet| subnet.prefix.get_ref().0 == wanted) {
            return Err(Fault::new(prefix, format!("there is no subnet {wanted}")));
        }
        own.extend(pools.iter().filter(|pool| wanted.contains(&pool.first)).cloned());
    }
    if own.is_empty() {
        return Err(Fault::new(&failover.name, "a relationship needs pools or subnets"));
    }
    Ok(own)
}
