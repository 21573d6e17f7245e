//! SIGHUP: the configuration is read again.

use super::{Node, link, pinger, relationships, server_config};
use crate::config::failover::Failover;
use crate::config::{self, Config};
use crate::say::say;
use ddi_dhcp::server::Server;
use std::path::Path;

impl Node {
    /// SIGHUP: subnets, pools, options and all the rest that a running node can change.
    pub(super) fn reload(&mut self, path: &Path) {
        match self.try_reload(path) {
            Ok(()) => say(format!("{}: read again", path.display())),
            Err(why) => say(format!("{why}; the old configuration stays")),
        }
    }

    fn try_reload(&mut self, path: &Path) -> Result<(), String> {
        let config = config::load(path).map_err(|mistake| mistake.to_string())?;
        let fixed = |config: &Config| {
            let dhcp4 = config.file.dhcp4.as_ref().map(|dhcp4| {
                let interface = dhcp4.interface.as_ref().map(|interface| interface.get_ref().clone());
                (*dhcp4.listen.get_ref(), interface)
            });
            let failover: Vec<_> = config.file.failover.iter().map(Failover::fixed).collect();
            (config.data_dir.clone(), *config.file.log.segment_mib.get_ref(), dhcp4, failover)
        };
        if fixed(&config) != fixed(&self.config) || config.names_hash != self.config.names_hash {
            let keys = "data_dir, log.segment_mib, dhcp4.listen, dhcp4.interface, [[failover]], [dns], zones and keys";
            return Err(format!("{}: changes of {keys} need a restart", path.display()));
        }
        let link = link(&config).map_err(|failure| failure.to_string())?;
        let now = self.clock.now();
        let new = server_config(&config, link.as_ref());
        // Whatever may be wrong is found before anything is changed: by a server that never serves, and
        // by the pools, which change as a whole or not at all.
        let trial = Server::new(new.clone(), 0).map_err(|e| e.to_string())?;
        let relationships = relationships(&config, &trial).map_err(|failure| failure.to_string())?;
        self.failover.set_pools(&relationships)?;
        let changed = self.db.db.set_pools(&trial.pools()).map_err(|e| e.to_string());
        let changed = changed.and_then(|()| self.server.set_config(now, new).map_err(|e| e.to_string()));
        if let Err(why) = changed {
            self.take_back();
            return Err(why);
        }
        self.events.pinger = pinger(&config);
        self.compaction.set_config(&config, &self.db.db);
        if self.config.ddns != config.ddns {
            self.naming.set_config(self.dns.as_ref(), &config, &self.db.db);
            self.db.set_watched(self.failover.is_on() || self.naming.is_on());
        }
        self.config = Config { dns: None, ..config };
        Ok(())
    }

    /// The pools are again those of the configuration in force, which fitted before.
    fn take_back(&mut self) {
        let old = relationships(&self.config, &self.server).map_err(|failure| failure.to_string());
        let failover = old.and_then(|old| self.failover.set_pools(&old));
        let pools = self.db.db.set_pools(&self.server.pools()).map_err(|e| e.to_string());
        if let Err(why) = failover.and(pools) {
            say(why);
        }
    }
}
