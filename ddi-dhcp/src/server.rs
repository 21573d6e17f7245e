//! The DHCPv4 server engine. DESIGN.md has the table of what is answered to whom.

mod config;
mod engine;
mod error;
mod io;
mod options;
mod plan;

pub use config::{
    Class, ClassTest, Config, LeaseTimes, Link, Names, Params, Pool, Ports, Rate, Reservation, ReservedFor, Subnet,
};
pub use engine::Server;
pub use error::{ConfigError, ConfigFault, Place, check_config};
pub use io::{Conflict, Counters, Destination, Dropped, Event, MAX_REPLY, Received, Transmit};
pub use options::{OptionError, OptionSet};
