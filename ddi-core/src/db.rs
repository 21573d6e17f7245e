//! The lease database: all leases in memory, every change in a [log](crate::log) first.
//!
//! [`LeaseDb`] implements [`LeaseStore`](crate::LeaseStore). A put changes memory at once and appends
//! to the log; [`LeaseDb::commit`] syncs all that was appended, or [`LeaseDb::take_batch`] hands it to
//! another thread while puts go on. An answer to a client may leave when
//! [`LeaseStore::durable`](crate::LeaseStore::durable) has reached its put.
//!
//! - Look-ups: by address, by identity ([`IndexKind`]), pages in address order of all or of a subnet,
//!   counts by subnet and state, expired leases oldest first.
//! - [Pools](PoolConfig): the next free address, least recently used first.
//! - [`Snapshot`]: a consistent view, read on any thread while writes go on.
//! - [`Compaction`]: bounds the log; in slices, on any thread.
//! - [`salvage`]: what is whole of a damaged database, in a new one.
//! - [`Feed`]: all changes from any LSN that the log still holds.

mod address;
mod arena;
mod build;
mod compact;
mod config;
mod counts;
mod error;
mod expiry;
mod feed;
mod identity;
mod lazy;
mod lease_db;
mod op;
mod pool;
mod recover;
mod replay;
mod row;
mod salvage;
mod snapshot;
mod table;

pub use compact::Compaction;
pub use config::DbConfig;
pub use counts::StateCounts;
pub use error::DbError;
pub use feed::{Change, Feed};
pub use identity::IndexKind;
pub use lease_db::LeaseDb;
pub use pool::{PoolConfig, PoolCounts, PoolError};
pub use recover::Opened;
pub use row::{CLIENT_ID_MAX, DUID_MAX, FQDN_MAX, HOSTNAME_MAX, RELAY_AGENT_INFO_MAX, USER_MAX};
pub use salvage::{SalvagedDb, damaged_snapshots, salvage};
pub use snapshot::{Cursor, Snapshot, SnapshotDamage};
