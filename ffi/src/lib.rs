//! The C library, libddi: pointers in, one Rust call, pointers out. `include/ddi.h` is generated from
//! this and is the manual; README.md says how the library is built, and how a noun is added.
//!
//! One C noun per file. The order of the modules here is the order of the header's chapters: a module's
//! documentation becomes its chapter's introduction, so it speaks to C programmers.
#![allow(dead_code, reason = "the nouns that use all of it are being added")]

// Chapters of the header, in its order.
pub mod version;
pub mod status;
pub mod now;
pub mod addr;
pub mod log;
pub mod batch;
// The lease database.
pub mod lease_key;
pub mod lease;
pub mod lease_config;
pub mod lease_db;
pub mod lease_commit;
pub mod lease_pool;
pub mod lease_compact;
pub mod lease_file;
// DHCP.
// DNS.
// Failover.
#[cfg(feature = "testing")]
pub mod testing;

// What they are made with; nothing of it is in the header.
mod db_error;
mod guard;
mod handle;
mod slice;
mod sized;
