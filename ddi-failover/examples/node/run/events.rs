//! What the server tells: pings to send, and things that an operator should know.

use crate::net::ping::Pinger;
use crate::say::say;
use ddi_core::Instant;
use ddi_core::db::LeaseDb;
use ddi_core::{Now, Standalone};
use ddi_dhcp::server::{Conflict, Event, Server};

/// Lines on stderr in one second; more are only counted.
const LINES_MAX: u32 = 20;

/// Where events go.
pub struct Events {
    pub pinger: Option<Pinger>,
    second: Instant,
    lines: u32,
    unsaid: u64,
}

impl Events {
    pub fn new(pinger: Option<Pinger>) -> Self {
        Self { pinger, second: Instant::default(), lines: 0, unsaid: 0 }
    }

    /// Takes every event of the server.
    pub fn drain(&mut self, now: Now, server: &mut Server, db: &mut LeaseDb) {
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
                    self.say(now, &format!("{} is quarantined: {how}", key.addr));
                }
                Event::Exhausted { subnet_id, refused } => {
                    self.say(
                        now,
                        &format!("subnet {subnet_id} has no free address; {refused} went without answer"),
                    );
                }
                // Bindings, names and drops are counted; `status` shows them.
                _ => {}
            }
        }
        while let Some(address) = self.pinger.as_ref().and_then(Pinger::answer) {
            server.handle_ping(now, db, &Standalone, address, true);
        }
    }

    fn say(&mut self, now: Now, line: &str) {
        if now.instant.millis_since(self.second) >= 1000 {
            if self.unsaid > 0 {
                say(format!("{} more such lines", self.unsaid));
            }
            (self.second, self.lines, self.unsaid) = (now.instant, 0, 0);
        }
        if self.lines < LINES_MAX {
            self.lines += 1;
            say(line);
        } else {
            self.unsaid += 1;
        }
    }
}
