//! The endpoint of one relationship: [`Endpoint`] is the protocol above a connection, with the leases in a
//! [`LeaseStore`](ddi_core::LeaseStore) of the host's; [`Link`] is one connection, from CONNECT to its end.

mod authority;
mod config;
mod connect;
mod engine;
mod event;
mod flow;
mod link;
mod links;
mod pool;
mod receive;
mod reclaim;
mod resync;
mod review;
mod rich;
mod states;
mod status;
mod timers;
mod transmit;

pub use config::{Config, ConfigError, NAME_LEN_MAX, ProfileChoice, WINDOW_MAX};
pub use connect::{
    CLOCK_SKEW_SECONDS_MAX, LinkConfig, RefusedConnect, Terms, judge_connect, judge_connect_ack,
};
pub use engine::{CommandRefused, Endpoint, Start};
pub use event::{APPLIED_MAX, EVENTS_MAX, Event, LinkId};
pub use flow::{ACKS_MAX, DIRTY_MAX, needs_update};
pub use link::{CONNECT_SECONDS_MAX, Link, LinkEnd, OUT_MAX, Received, SendError};
pub use links::{LINKS_MAX, RECONNECT_SECONDS, VENDOR_CLASS_PLAIN, VENDOR_CLASS_RICH};
pub use receive::RETRY_SECONDS;
pub use resync::SLICE;
pub use states::{OPERATION_SECONDS, STARTUP_SECONDS};
pub use status::Status;
