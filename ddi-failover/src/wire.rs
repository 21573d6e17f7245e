//! The bytes of the failover connection: cutting the stream into messages, and the messages of
//! draft-ietf-dhc-failover-12 ([`v4`]).
//!
//! # Panic and allocation contract
//!
//! Everything that reads is total: any bytes give a value or a [`WireError`](crate::WireError), never
//! a panic. Views borrow from the bytes and never allocate. Writing fills a slice of the caller's, or
//! appends to the caller's `Vec`.

mod stream;
pub mod v4;

pub use stream::Deframer;
