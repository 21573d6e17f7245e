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
// What the engines work on; failover; DHCP, whose server asks failover.
pub mod lease_store;
pub mod store;
pub mod failover_config;
pub mod failover_event;
pub mod failover;
pub mod failover_status;
pub mod dhcp4_packet;
pub mod dhcp4_message;
pub mod dhcp_config;
pub mod dhcp_event;
pub mod dhcp_server;
// DNS.
#[cfg(feature = "testing")]
pub mod testing;

// What they are made with; nothing of it is in the header.
mod db_error;
mod guard;
mod handle;
mod others;
mod slice;
mod sized;
