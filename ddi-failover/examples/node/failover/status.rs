//! The answer to `ctl failover status`.

use super::Failover;
use ddi_core::db::{LeaseDb, PoolCounts};
use ddi_core::{PoolId, UnixTime};
use ddi_failover::endpoint::Endpoint;
use ddi_failover::{Role, State};
use serde_json::{Value, json};

impl Failover {
    /// One object for each relationship.
    pub fn status(&self, db: &LeaseDb) -> Value {
        let one = |(endpoint, partner): (&Endpoint, &super::Partner)| {
            let status = endpoint.status(db);
            let own = &endpoint.config().pools;
            let since = |time: UnixTime| if time == UnixTime::UNSET { Value::Null } else { json!(time.0) };
            let pools: Vec<Value> = own
                .iter()
                .map(|pool| {
                    let counts = db.pool_counts(pool.id).unwrap_or_default();
                    json!({
                        "first": pool.first, "last": pool.last, "size": counts.total,
                        "free": counts.free, "backup": counts.backup, "active": counts.active,
                        "abandoned": counts.abandoned, "ending": counts.ending,
                    })
                })
                .collect();
            json!({
                "name": String::from_utf8_lossy(&status.name),
                "role": match status.role { Role::Primary => "primary", Role::Secondary => "secondary" },
                "listen": partner.listen,
                "partner": partner.at,
                "state": state(status.state),
                "since": since(status.since),
                "partner_state": status.partner.map(state),
                "partner_since": since(status.partner_since),
                "link": if status.link.is_some() { "up" } else { "down" },
                "rich": status.rich,
                "unacked": status.unacked,
                "waiting": status.waiting,
                "to_ack": status.to_ack,
                "mclt_seconds": status.mclt_seconds,
                "primary_buckets": status.primary_buckets,
                "leases": leases(&status.pools),
                "pools": pools,
                "last_error": status.last_error.map(|why| why.to_string()),
                "events_lost": status.events_lost,
            })
        };
        Value::Array(self.iter().map(one).collect())
    }
}

/// How many addresses of the relationship's own pools are in each state. Other pools of the same subnets may be
/// another relationship's.
fn leases(pools: &[(PoolId, PoolCounts)]) -> Value {
    let sum = |count: fn(&PoolCounts) -> u64| pools.iter().map(|(_, counts)| count(counts)).sum::<u64>();
    let all = [
        ("free", sum(|counts| counts.free)),
        ("backup", sum(|counts| counts.backup)),
        ("active", sum(|counts| counts.active)),
        ("abandoned", sum(|counts| counts.abandoned)),
        ("ending", sum(|counts| counts.ending)),
    ];
    let there = all.into_iter().filter(|(_, count)| *count > 0);
    Value::Object(there.map(|(state, count)| (state.to_owned(), json!(count))).collect())
}

/// A state's name, as an operator writes it.
fn state(state: State) -> String {
    state.to_string().to_lowercase().replace('_', "-")
}
