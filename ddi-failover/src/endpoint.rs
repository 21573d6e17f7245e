//! The endpoint of one relationship. So far: [`Link`], one connection from CONNECT to its end. What is
//! said on it once it is up (states, leases) is to come.

mod connect;
mod link;
mod timers;

pub use connect::{
    CLOCK_SKEW_SECONDS_MAX, LinkConfig, RefusedConnect, Terms, judge_connect, judge_connect_ack,
};
pub use link::{CONNECT_SECONDS_MAX, Link, LinkEnd, OUT_MAX, Received, SendError};
