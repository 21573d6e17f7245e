//! The answer to `ctl status`.

use super::Node;
use super::packets::Packets;
use crate::ctl::json::state;
use ddi_core::{BindingState, LeaseStore, Now};
use serde_json::{Map, Value, json};

impl Node {
    /// What an operator wants to see, as one JSON document.
    pub(super) fn status(&self, now: Now) -> Value {
        let counters: Map<_, _> =
            self.server.counters().iter().map(|(name, count)| (name.to_owned(), json!(count))).collect();
        json!({
            "config": self.config.source.path(),
            "pid": std::process::id(),
            "uptime_seconds": now.instant.0 / 1000,
            "dhcp4": {
                "listen": self.packets.as_ref().map(|packets| packets.local),
                "offers": self.server.offers(),
                "receive_failed": self.packets.as_ref().map_or(0, |packets| packets.rest.failed),
                "send_failed": self.packets.as_ref().map_or(0, Packets::send_failed),
                "counters": counters,
                "subnets": self.subnets(),
            },
            "control": { "failed": self.control_rest.failed },
            "database": {
                "data_dir": self.config.data_dir,
                "leases": self.db.db.len(),
                "lsn": self.db.db.appended().0,
                "durable_lsn": self.db.db.durable().0,
                "log_bytes": self.db.db.log_bytes(),
                "snapshot_bytes": self.db.db.snapshot_bytes(),
                "compacting": self.compaction.is_running(),
            },
        })
    }

    fn subnets(&self) -> Vec<Value> {
        let pools = self.server.pools();
        let subnet = |subnet: &ddi_dhcp::server::Subnet| {
            let pools: Vec<_> = pools
                .iter()
                .filter(|pool| pool.subnet_id == subnet.id)
                .map(|pool| {
                    let counts = self.db.db.pool_counts(pool.id).unwrap_or_default();
                    json!({ "first": pool.first, "last": pool.last, "size": counts.total, "free": counts.free })
                })
                .collect();
            let counts = self.db.db.counts(subnet.id);
            let leases: Map<_, _> = BindingState::ALL
                .iter()
                .map(|one| (state(*one).to_owned(), json!(counts.of(*one))))
                .filter(|(_, count)| *count != json!(0))
                .collect();
            json!({ "id": subnet.id, "prefix": subnet.prefix.to_string(), "leases": leases, "pools": pools })
        };
        self.server.config().subnets.iter().map(subnet).collect()
    }
}
