//! The DHCPv4 server engine. DESIGN.md has the table of what is answered to whom.

mod ask;
mod bind;
mod choose;
mod config;
mod engine;
mod error;
mod events;
mod flood;
mod hash;
mod io;
mod names;
mod offer;
mod ping;
mod plan;
mod queue;
mod reply;
mod rules;
mod select;
mod serving;
mod standing;
mod sweep;
mod v4;

pub use config::{
    Class, ClassTest, Config, LeaseTimes, Link, Names, Params, Pool, Ports, Rate, Reservation, ReservedFor,
    Subnet,
};
pub use engine::Server;
pub use error::{ConfigError, ConfigFault, Place};
pub use io::{
    Conflict, Counters, Destination, Dropped, EXHAUSTED_EVERY_SECS, Event, MAX_REPLY, Received, Transmit,
};
