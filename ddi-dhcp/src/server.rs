//! The DHCPv4 server engine. DESIGN.md has the table of what is answered to whom.

mod config;
mod engine;
mod error;
#[allow(dead_code, reason = "the engine that counts comes next")]
mod io;
mod options;
#[allow(dead_code, reason = "the engine that reads it comes next")]
mod plan;

pub use config::{
    Class, ClassTest, Config, LeaseTimes, Link, Names, Params, Pool, Ports, Rate, Reservation, ReservedFor,
    Subnet,
};
pub use engine::Server;
pub use error::{ConfigError, ConfigFault, Place, check_config};
pub use io::{
    Conflict, Counters, Destination, Dropped, EXHAUSTED_EVERY_SECS, Event, MAX_REPLY, Received, Transmit,
};
pub use options::{BadName, classless_routes, domain_search};
