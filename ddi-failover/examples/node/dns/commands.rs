//! What other threads want of the name server.

use super::names::NameChange;
use super::reload::{Reload, Source};
use crate::config::zones::DdnsPlan;
use crate::ctl::server::Reply;
use ddi_dns::zone::Snapshot;
use nix::sys::eventfd::EventFd;
use serde_json::Value;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError};

/// Commands that may wait. Leases come in batches.
pub const COMMANDS_MAX: usize = 1024;

/// One thing that is wanted.
pub enum Command {
    /// Leases got or lost their names.
    Names(Vec<NameChange>),
    /// Other subnets have names now.
    Plans(Vec<DdnsPlan>),
    /// All zones, for an operator.
    Zones(Reply<Value>),
    /// One zone as readers see it.
    Snapshot(String, Reply<Snapshot>),
    /// Something is to be done with one zone.
    Zone(String, ZoneVerb, Reply<Value>),
    /// What a primary's zone is, to be read again.
    Source(String, Reply<Source>),
    /// The file was read again: the zone becomes that.
    Reload(Box<Reload>, Reply<Value>),
    Stop,
}

/// See [`Command::Zone`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum ZoneVerb {
    Retransfer,
    Notify,
    Freeze,
    Thaw,
}

/// Where commands go.
#[derive(Clone)]
pub struct Commands {
    pub sender: SyncSender<Command>,
    pub wake: Arc<EventFd>,
}

impl Commands {
    /// False if too many wait, or the name server is gone.
    pub fn send(&self, command: Command) -> Result<(), Command> {
        match self.sender.try_send(command) {
            Ok(()) => {
                let _ = self.wake.write(1);
                Ok(())
            }
            Err(TrySendError::Full(command) | TrySendError::Disconnected(command)) => Err(command),
        }
    }
}
