//! The C library, libddi: pointers in, one Rust call, pointers out. `include/ddi.h` is generated from
//! this and is the manual; README.md says how the library is built, and how a noun is added.
//!
//! One C noun per file. The order of the modules here is the order of the header's chapters: a module's
//! documentation becomes its chapter's introduction, so it speaks to C programmers.

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
pub mod lease_snapshot;
pub mod lease_feed;
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
pub mod failover_authority;
pub mod dhcp4_packet;
pub mod dhcp4_message;
pub mod dhcp_config;
pub mod dhcp_event;
pub mod dhcp_server;
// DNS.
pub mod dns_name;
pub mod dns_message;
pub mod tsig_signer;
pub mod tsig_key;
pub mod tsig_keys;
pub mod acl;
pub mod answer_config;
pub mod zone;
pub mod zone_loader;
pub mod zone_walk;
pub mod ddns_change;
pub mod zone_edit;
pub mod zone_set;
pub mod zone_commit;
pub mod zone_journal;
pub mod zone_reader;
pub mod dns_transmit;
pub mod xfr_out;
pub mod xfr_in;
pub mod secondary_config;
pub mod secondary;
pub mod notifier;
pub mod update_policy;
pub mod updates;
pub mod update_forwarder;
pub mod update_request;
pub mod ddns_client;
#[cfg(any(feature = "testing", debug_assertions))]
pub mod testing;

// What they are made with; nothing of it is in the header.
mod db_error;
mod dns_error;
mod guard;
mod handle;
mod last_error;
mod others;
mod slice;
mod sized;
