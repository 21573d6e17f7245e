//! What operators ask of the name server.

use super::commands::{Command, ZoneVerb};
use super::reload::{Change, Reload, Source};
use super::serve::Server;
use super::zones::Written;
use crate::config::dns::ZoneRole;
use crate::ctl::server::Reply;
use ddi_core::{Lsn, Now};
use ddi_dns::Name;
use ddi_dns::zone::Snapshot;
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
            Command::Source(name, reply) => reply.send(self.source(&name)).is_ok(),
            Command::Zone(name, verb, reply) => {
                let begun = self.nth(&name).and_then(|nth| Ok((nth, self.on_verb(now, nth, &name, verb)?)));
                self.promise(now, begun, reply)
            }
            Command::Reload(reload, reply) => {
                let begun = self.on_reload(now, *reload);
                self.promise(now, begun, reply)
            }
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
            "name": plain(&served.plan.apex),
            "role": match served.plan.role { ZoneRole::Primary => "primary", ZoneRole::Secondary => "secondary" },
            "serial": visible.as_ref().map(|snapshot| snapshot.serial().0),
            "records": visible.as_ref().map_or(0, Snapshot::records),
            "journal": {
                "deltas": served.history.len(),
                "oldest": served.history.iter().next().map(|delta| delta.from.0),
                "bytes": served.history.iter().map(|delta| delta.wire_len() as u64).sum::<u64>(),
            },
            "frozen": served.is_frozen,
            "names_waiting": self.names.waiting(nth),
            "names_refused": self.names.refused(nth),
            "expired": served.is_expired,
            "expires_in_seconds": self.desk.follows.expire_secs(now, nth),
        })
    }

    fn snapshot(&self, name: &str) -> Result<Snapshot, String> {
        let nth = self.nth(name)?;
        self.desk.zones.visible(nth).ok_or_else(|| format!("{name} is not loaded"))
    }

    fn source(&self, name: &str) -> Result<Source, String> {
        let nth = self.nth(name)?;
        let served = &self.desk.zones.served[nth];
        match (&served.plan.file, served.plan.role) {
            (Some(file), ZoneRole::Primary) => {
                Ok(Source { file: file.clone(), newest: served.newest.clone(), policy: served.plan.policy })
            }
            _ => Err(format!("{name} has no file to be read from")),
        }
    }

    /// `None`: nothing has to become durable.
    fn on_verb(
        &mut self,
        now: Now,
        nth: usize,
        name: &str,
        verb: ZoneVerb,
    ) -> Result<Option<Written>, String> {
        match verb {
            ZoneVerb::Retransfer if !self.desk.follows.retransfer(now, nth) => {
                Err(format!("{name} is not a secondary zone"))
            }
            ZoneVerb::Retransfer => Ok(None),
            ZoneVerb::Notify => {
                self.desk.tell(now, nth);
                Ok(None)
            }
            ZoneVerb::Freeze | ZoneVerb::Thaw => {
                if self.desk.zones.served[nth].plan.role != ZoneRole::Primary {
                    return Err(format!("{name} is not a primary zone"));
                }
                let lsn = self.desk.zones.set_frozen(nth, verb == ZoneVerb::Freeze)?;
                if verb == ZoneVerb::Thaw {
                    self.names.on_free(nth, &self.desk.zones);
                }
                Ok(Some(Written::At(lsn)))
            }
        }
    }

    /// The zone becomes what the file holds; secondaries get the difference.
    fn on_reload(&mut self, now: Now, reload: Reload) -> Result<(usize, Option<Written>), String> {
        let zones = &mut self.desk.zones;
        let nth = zones.nth(reload.file.apex()).ok_or("the zone is gone")?;
        if zones.is_loading(nth) {
            return Err("the zone is being reloaded".to_owned());
        }
        let served = &zones.served[nth];
        let written = match reload.change(served.newest.as_ref(), served.plan.policy, now.unix)? {
            Change::Nothing => None,
            Change::Whole(next) => Some(zones.replace(nth, next)?),
            Change::Delta(delta, next) => Some(zones.put_delta(nth, *delta, next)?),
        };
        // The leases' names stand in no file.
        self.names.on_free(nth, zones);
        Ok((nth, written))
    }

    /// Answers now, or when what was begun is durable. False if nobody waits.
    fn promise(
        &mut self,
        now: Now,
        begun: Result<(usize, Option<Written>), String>,
        reply: Reply<Value>,
    ) -> bool {
        match begun {
            Ok((nth, Some(written))) => {
                self.promised.push(Promised { nth, written, reply });
                true
            }
            Ok((nth, None)) => reply.send(Ok(self.zone(now, nth))).is_ok(),
            Err(why) => reply.send(Err(why)).is_ok(),
        }
    }

    /// A large zone is written, or could not be.
    pub(super) fn on_loaded(&mut self, nth: usize, outcome: &Result<Lsn, String>) {
        self.names.on_free(nth, &self.desk.zones);
        for promised in std::mem::take(&mut self.promised) {
            match outcome {
                _ if promised.nth != nth || promised.written != Written::Later => {
                    self.promised.push(promised);
                }
                Ok(lsn) => self.promised.push(Promised { written: Written::At(*lsn), ..promised }),
                Err(why) => drop(promised.reply.send(Err(why.clone()))),
            }
        }
    }

    /// Answers those whose change is durable.
    pub(super) fn keep_promises(&mut self, now: Now) {
        let durable = self.desk.zones.journal.durable();
        let is_durable = |promised: &Promised| matches!(promised.written, Written::At(lsn) if lsn <= durable);
        for promised in std::mem::take(&mut self.promised) {
            if is_durable(&promised) {
                let _ = promised.reply.send(Ok(self.zone(now, promised.nth)));
            } else {
                self.promised.push(promised);
            }
        }
    }
}

/// A name as configurations say it.
pub fn plain(name: &Name) -> String {
    let text = name.to_string();
    match text.strip_suffix('.') {
        Some(plain) if !plain.is_empty() => plain.to_owned(),
        _ => text,
    }
}

/// An answer that waits until what it tells is durable.
pub(super) struct Promised {
    nth: usize,
    written: Written,
    reply: Reply<Value>,
}
