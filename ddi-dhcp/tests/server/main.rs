//! The DHCPv4 server engine over a plain store.

#![allow(unreachable_pub, dead_code, reason = "shared with other test programs")]

mod allocations;
mod changes;
mod configs;
mod harness;
mod hostile;
mod model;
mod options;
mod relays;
mod rules;
mod pieces;
mod scenarios;
mod sharing;
mod store;
