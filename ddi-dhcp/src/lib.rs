//! DHCP packet codecs and the sans-IO server engine.
//!
//! [`v4`] is the DHCPv4 codec: a borrowed, total view of what came in ([`v4::Packet`]), an owned
//! message ([`v4::Message`]), and emission of replies into the caller's buffer ([`v4::Reply`]).
//! [`server`] is the engine: datagrams in, leases written, replies and events out.
#![forbid(unsafe_code)]

mod bytes;
pub mod error;
pub mod server;
pub mod v4;

/// The README's example compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeExample;
