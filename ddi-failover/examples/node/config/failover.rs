//! `[[failover]]`: a relationship with a partner.

use super::place::At;
use super::values::{Prefix, Range};
use serde::Deserialize;
use std::net::SocketAddrV4;

/// One relationship.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failover {
    /// The same on both servers.
    pub name: At<String>,
    pub role: FailoverRole,
    /// Where the partner may connect to.
    pub listen: At<SocketAddrV4>,
    /// Where the partner listens.
    pub partner: At<SocketAddrV4>,
    /// How much longer than the partner knows a client may be given its address; the primary's counts. 3600.
    pub mclt_seconds: Option<At<u32>>,
    /// Of 256 buckets of clients, how many are the primary's; the primary's setting counts. 128.
    pub split: Option<At<u16>>,
    /// A client that has waited this long is answered by either server; 0: no load balancing. 3.
    pub load_balance_max_seconds: Option<u8>,
    /// A partner that says nothing for this long is lost. 20.
    pub receive_timer_seconds: Option<At<u32>>,
    /// Updates that the partner may leave unanswered before it is sent another. 100.
    pub max_unacked: Option<At<u32>>,
    /// A partner lost for this long is taken to be down, 1 or more; without it, only an operator says so.
    pub auto_partner_down_seconds: Option<At<u32>>,
    /// The shortest time between two runs that share free addresses, and the longest. 60 and 3600.
    pub min_balance_seconds: Option<At<u32>>,
    pub max_balance_seconds: Option<u32>,
    /// Pools of the relationship, each exactly as in its subnet.
    #[serde(default)]
    pub pools: Vec<At<Range>>,
    /// Subnets of which all pools belong to the relationship.
    #[serde(default)]
    pub subnets: Vec<At<Prefix>>,
}

impl Failover {
    /// What a running node can't change: all but the pools.
    pub fn fixed(&self) -> impl PartialEq + use<> {
        let number = |at: &Option<At<u32>>| at.as_ref().map(|at| *at.get_ref());
        (
            (self.name.get_ref().clone(), self.role, *self.listen.get_ref(), *self.partner.get_ref()),
            number(&self.mclt_seconds),
            self.split.as_ref().map(|split| *split.get_ref()),
            self.load_balance_max_seconds,
            number(&self.receive_timer_seconds),
            number(&self.max_unacked),
            number(&self.auto_partner_down_seconds),
            (number(&self.min_balance_seconds), self.max_balance_seconds),
        )
    }
}

/// Which of the two.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "lowercase")]
pub enum FailoverRole {
    Primary,
    Secondary,
}
