//! What must survive: the log, the lease database on it, and the plain data and two traits
//! ([`LeaseStore`], [`Authority`]) that glue the DHCP server engine to failover.
//!
//! Nothing here reads a clock, opens a socket or draws entropy, and a thread starts only where
//! `DbConfig::open_threads` asks for one. Time comes in as
//! [`Now`]; only `FileStorage` touches a file.
#![forbid(unsafe_code)]

pub mod authority;
pub mod blocks;
pub mod db;
pub mod id;
pub mod interchange;
pub mod lease;
pub mod log;
pub mod store;
pub mod time;

pub use authority::{Authority, Service, Standalone};
pub use db::{DbConfig, DbError, LeaseDb};
pub use id::{HwAddr, Identity, LeaseAddr, LeaseKey, Lsn, PoolId};
pub use lease::{BindingState, Lease, Origin};
pub use log::{FileStorage, Log, LogConfig, LogError, MemStorage, Storage};
pub use store::{Expect, FreeKind, LeaseStore, StoreError};
pub use time::{Instant, Now, UnixTime};

/// The README's code is run as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
