//! What operators ask of the name server.

use super::commands::{Command, ZoneVerb};
use super::serve::Server;
use crate::config::dns::ZoneRole;
use ddi_core::Now;
use ddi_dns::delta::Delta;
use ddi_dns::update::ZoneStore;
use ddi_dns::zone::{Builder, Snapshot};
use ddi_dns::{Name, Rtype, Serial};
use serde_json::{Value, json};

impl Server {
    pub(super) fn on_command(&mut self, now: Now, command: Command) {
        // Who does not wait for the answer is not our concern.
        let _ = match command {
            Command::Names(changes) => {
                self.names.push(changes);
                true
            }
            Command::Plans(plans) => {
                self.names.set_plans(&plans, &self.desk.zones);
                true
            }
            Command::Zones(reply) => {
                let zones = 0..self.desk.zones.served.len();
                reply.send(Ok(zones.map(|nth| self.zone(now, nth)).collect())).is_ok()
            }
            Command::Snapshot(name, reply) => reply.send(self.snapshot(&name)).is_ok(),
            Command::File(name, reply) => reply.send(self.file(&name)).is_ok(),
            Command::Zone(name, verb, reply) => reply.send(self.on_verb(now, &name, verb)).is_ok(),
            Command::Replace(next, reply) => reply.send(self.on_replace(now, *next)).is_ok(),
            Command::Stop => true,
        };
    }

    fn nth(&self, name: &str) -> Result<usize, String> {
        let apex: Name = name.parse().map_err(|e| format!("{name:?} is not a name: {e}"))?;
        self.desk.zones.nth(apex.as_ref()).ok_or_else(|| format!("there is no zone {name}"))
    }

    fn zone(&self, now: Now, nth: usize) -> Value {
        let served = &self.desk.zones.served[nth];
        let visible = self.desk.zones.visible(nth);
        json!({
            "name": served.plan.apex.to_string(),
            "role": match served.plan.role { ZoneRole::Primary => "primary", ZoneRole::Secondary => "secondary" },
            "serial": visible.as_ref().map(|snapshot| snapshot.serial().0),
            "records": visible.as_ref().map_or(0, Snapshot::records),
            "journal": {
                "deltas": served.history.len(),
                "oldest": served.history.iter().next().map(|delta| delta.from.0),
                "bytes": served.history.iter().map(|delta| delta.wire_len() as u64).sum::<u64>(),
            },
            "frozen": served.is_frozen,
            "expired": served.is_expired,
            "expires_in_seconds": self.desk.follows.expire_secs(now, nth),
        })
    }

    fn snapshot(&self, name: &str) -> Result<Snapshot, String> {
        let nth = self.nth(name)?;
        self.desk.zones.visible(nth).ok_or_else(|| format!("{name} is not loaded"))
    }

    fn file(&self, name: &str) -> Result<std::path::PathBuf, String> {
        let nth = self.nth(name)?;
        let plan = &self.desk.zones.served[nth].plan;
        match (&plan.file, plan.role) {
            (Some(file), ZoneRole::Primary) => Ok(file.clone()),
            _ => Err(format!("{name} has no file to be read from")),
        }
    }

    fn on_verb(&mut self, now: Now, name: &str, verb: ZoneVerb) -> Result<Value, String> {
        let nth = self.nth(name)?;
        match verb {
            ZoneVerb::Retransfer if !self.desk.follows.retransfer(now, nth) => {
                return Err(format!("{name} is not a secondary zone"));
            }
            ZoneVerb::Retransfer => {}
            ZoneVerb::Notify => self.desk.tell(now, nth),
            ZoneVerb::Freeze | ZoneVerb::Thaw => {
                if self.desk.zones.served[nth].plan.role != ZoneRole::Primary {
                    return Err(format!("{name} is not a primary zone"));
                }
                self.desk.zones.set_frozen(nth, verb == ZoneVerb::Freeze)?;
            }
        }
        Ok(self.zone(now, nth))
    }

    /// The zone becomes what the file holds; secondaries get the difference. A serial that is not newer than
    /// the zone's is moved on.
    fn on_replace(&mut self, now: Now, next: Snapshot) -> Result<Value, String> {
        let apex = next.apex().to_name();
        let nth = self.desk.zones.nth(apex.as_ref()).ok_or("the zone is gone")?;
        let served = &self.desk.zones.served[nth];
        let Some(newest) = served.newest.clone() else {
            self.desk.zones.replace(nth, next)?;
            return Ok(self.zone(now, nth));
        };
        let next = if next.serial().is_newer_than(newest.serial()) {
            next
        } else {
            renumbered(&next, served.plan.policy.next(newest.serial(), now.unix))?
        };
        let delta = Delta::between(&newest, &next).map_err(|e| e.to_string())?;
        // Of a change in the serial alone nobody needs to hear.
        if delta.len() > 2 {
            self.desk.zones.put(delta, next).map_err(|e| e.to_string())?;
        }
        Ok(self.zone(now, nth))
    }
}

/// The same zone with another serial.
fn renumbered(zone: &Snapshot, serial: Serial) -> Result<Snapshot, String> {
    let soa = zone.soa_record();
    let mut rdata = soa.rdata.to_vec();
    let at = rdata.len().checked_sub(20).ok_or("the SOA is too short")?;
    rdata[at..at + 4].copy_from_slice(&serial.0.to_be_bytes());
    let mut builder = Builder::new(zone.apex());
    let mut walk = zone.walk();
    while let Some(record) = walk.next() {
        let rdata = if record.rtype == Rtype::SOA { &rdata } else { record.rdata };
        builder.push(record.owner, record.rtype, record.ttl, rdata).map_err(|e| e.to_string())?;
    }
    builder.finish().map_err(|e| e.to_string())
}
