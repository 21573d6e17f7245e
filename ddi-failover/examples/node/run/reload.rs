//! SIGHUP: the configuration is read again.

use super::{Node, link, pinger, relationships, server_config};
use crate::config::failover::Failover;
use crate::config::relationships::Relationship;
use crate::config::{self, Config};
use crate::say::say;
use ddi_core::db::PoolConfig;
use ddi_dhcp::server::{self, Server};
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
        let new = server_config(&config, link.as_ref());
        // Whatever may be wrong is found before anything is changed, by a server that never serves.
        let trial = Server::new(new.clone(), 0).map_err(|e| e.to_string())?;
        let relationships = relationships(&config, &trial).map_err(|failure| failure.to_string())?;
        self.change(&relationships, &trial.pools(), new)?;
        self.events.pinger = pinger(&config);
        self.compaction.set_config(&config, &self.db.db);
        if self.config.ddns != config.ddns {
            self.naming.set_config(self.dns.as_ref(), &config, &self.db.db);
            self.db.set_watched(self.failover.is_on() || self.naming.is_on());
        }
        self.config = Config { dns: None, ..config };
        Ok(())
    }

    /// All of it or nothing.
    fn change(
        &mut self,
        relationships: &[Relationship],
        pools: &[PoolConfig],
        new: server::Config,
    ) -> Result<(), String> {
        let now = self.clock.now();
        let changed = self.failover.set_pools(relationships);
        let changed = changed.and_then(|()| self.db.db.set_pools(pools).map_err(|e| e.to_string()));
        let changed = changed.and_then(|()| self.server.set_config(now, new).map_err(|e| e.to_string()));
        if changed.is_err() {
            self.take_back();
        }
        changed
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::relationships::relationships;
    use ddi_core::PoolId;
    use std::fs;
    use std::path::PathBuf;

    /// Two relationships with a pool each; `last` is where the first one's ends.
    fn config(last: &str) -> String {
        let of = |name: &str, pool: &str| {
            format!(
                "[[failover]]\nname = \"{name}\"\nrole = \"primary\"\nlisten = \"127.0.0.1:0\"\n\
                 partner = \"127.0.0.1:1\"\npools = [\"{pool}\"]\n"
            )
        };
        let first = format!("10.77.16.0-10.77.16.{last}");
        let dhcp4 = format!(
            "data_dir = \"state\"\n[dhcp4]\nlisten = \"127.0.0.1:0\"\n[[dhcp4.subnet]]\n\
             prefix = \"10.77.0.0/16\"\npools = [\"{first}\", \"10.77.17.0-10.77.17.9\"]\n"
        );
        dhcp4 + &of("one", &first) + &of("two", "10.77.17.0-10.77.17.9")
    }

    struct Home(PathBuf);

    impl Home {
        fn load(&self, text: &str) -> Config {
            let path = self.0.join("node.toml");
            fs::write(&path, text).unwrap();
            config::load(&path).unwrap_or_else(|mistake| panic!("{mistake}"))
        }
    }

    impl Drop for Home {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    /// What of the configuration is in force: the first pool of each relationship, all of the database, and
    /// all of the server.
    fn in_force(node: &Node) -> (Vec<PoolConfig>, Vec<u64>, Vec<PoolConfig>) {
        let endpoints = node.failover.endpoints();
        let shared = endpoints.filter_map(|endpoint| endpoint.config().pools.first().cloned()).collect();
        let known = (0..3).filter_map(|number| node.db.db.pool_counts(PoolId(number)));
        (shared, known.map(|counts| counts.total).collect(), node.server.pools())
    }

    /// Each of the three may fail when those before it have been changed.
    #[test]
    fn a_change_that_fails_half_way_is_taken_back() {
        let home = Home(std::env::temp_dir().join(format!("ddi-reload-{}", std::process::id())));
        fs::create_dir_all(&home.0).unwrap();
        let Ok(mut node) = Node::start(home.load(&config("9"))) else { panic!("it starts") };
        let before = in_force(&node);
        assert_eq!(before.1, [10, 10]);

        let larger = home.load(&config("99"));
        let trial = Server::new(larger.server.clone(), 0).unwrap();
        let good = || relationships(&larger, &trial.pools()).unwrap_or_else(|_| panic!("they are good"));
        // A relationship whose pools can't be, behind one that has the new ones already.
        let mut bad = good();
        let elsewhere = PoolConfig { space: 7, id: PoolId(9), ..bad[1].endpoint.pools[0].clone() };
        bad[1].endpoint.pools.push(elsewhere);
        assert!(node.change(&bad, &trial.pools(), larger.server.clone()).is_err());
        assert_eq!(in_force(&node), before);
        // Pools that overlap, behind good relationships.
        let twice = [trial.pools(), trial.pools()].concat();
        assert!(node.change(&good(), &twice, larger.server.clone()).is_err());
        assert_eq!(in_force(&node), before);
        // A server's configuration that can't be, behind good pools.
        let mut wrong = larger.server.clone();
        wrong.subnets.extend(larger.server.subnets.clone());
        assert!(node.change(&good(), &trial.pools(), wrong).is_err());
        assert_eq!(in_force(&node), before);

        assert_eq!(node.change(&good(), &trial.pools(), larger.server.clone()), Ok(()));
        assert_eq!(in_force(&node).1, [100, 10]);
    }
}
