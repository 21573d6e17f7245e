//! The DHCPv4 server engine over a plain store.

mod harness;
mod rules;
mod scenarios;
mod store;
