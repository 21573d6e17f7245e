//! The name server: a thread of its own with its sockets, zones and journal. The packet thread sends it the
//! leases that have changed, the control threads their questions.

pub mod commands;
mod compact;
mod control;
mod desk;
mod follow;
mod forward;
mod load;
mod names;
pub mod reload;
mod serve;
mod sockets;
mod tcp;
mod zones;

pub use commands::{Command, Commands, ZoneVerb};
pub use control::plain;
pub use names::NameChange;
pub use serve::NameServer;
