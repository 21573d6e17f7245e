//! What the server tells: pings to send, and things that an operator should know.

use super::watched::Watched;
use crate::net::ping::Pinger;
use crate::say::say;
use ddi_core::{Instant, LeaseKey, Now};
use ddi_dhcp::server::{Conflict, Event, Server};
use ddi_failover::relationships::Relationships;

/// Lines of one kind on stderr in one second; more are only counted.
const LINES_MAX: u32 = 20;

/// Where events go.
pub struct Events {
    pub pinger: Option<Pinger>,
    notices: Lines,
    /// Every lease may have a name: kept apart, so that names push no notice out.
    names: Lines,
}

impl Events {
    pub fn new(pinger: Option<Pinger>) -> Self {
        Self { pinger, notices: Lines::default(), names: Lines::default() }
    }

    /// Takes every event of the server.
    pub fn drain(&mut self, now: Now, server: &mut Server, db: &mut Watched, authority: &Relationships) {
        while let Some(event) = server.poll_event() {
            match event {
                Event::Ping { address, .. } => {
                    // What can't be asked can't answer: the server's own wait ends it.
                    let _ = self.pinger.as_ref().map(|pinger| pinger.ask(address));
                }
                Event::Quarantined { key, cause, .. } => {
                    let how = match cause {
                        Conflict::Declined => "a client found it in use",
                        Conflict::PingAnswered => "it answers pings",
                    };
                    self.notice(now, &format!("{} is quarantined: {how}", key.addr));
                }
                Event::Exhausted { subnet_id, refused } => {
                    self.notice(
                        now,
                        &format!("subnet {subnet_id} has no free address; {refused} went without answer"),
                    );
                }
                // A host with a DNS updater gives it these two.
                Event::NameAdded { key, fqdn, forward, .. } => self.name(now, key, &fqdn, "added", forward),
                Event::NameRemoved { key, fqdn, forward, .. } => {
                    self.name(now, key, &fqdn, "removed", forward);
                }
                // Bindings and drops are counted; `status` shows them.
                _ => {}
            }
        }
        while let Some(address) = self.pinger.as_ref().and_then(Pinger::answer) {
            server.handle_ping(now, db, authority, address, true);
        }
    }

    /// Tells something that an operator should know.
    pub fn notice(&mut self, now: Now, line: &str) {
        self.notices.say(now, || line.to_owned());
    }

    fn name(&mut self, now: Now, key: LeaseKey, fqdn: &[u8], what: &str, forward: bool) {
        let types = if forward { "A and PTR" } else { "PTR" };
        let line = || format!("name {what}: {} {} ({types})", String::from_utf8_lossy(fqdn), key.addr);
        self.names.say(now, line);
    }
}

/// Lines on stderr, not too many.
#[derive(Default)]
pub struct Lines {
    second: Instant,
    said: u32,
    unsaid: u64,
}

impl Lines {
    /// Tells one, or counts it.
    pub fn say(&mut self, now: Now, line: impl FnOnce() -> String) {
        if now.instant.millis_since(self.second) >= 1000 {
            if self.unsaid > 0 {
                say(format!("{} more such lines", self.unsaid));
            }
            (self.second, self.said, self.unsaid) = (now.instant, 0, 0);
        }
        if self.said < LINES_MAX {
            self.said += 1;
            say(line());
        } else {
            self.unsaid += 1;
        }
    }
}
