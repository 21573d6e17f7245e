//! The DHCPv4 codec (RFC 951, 1542, 2131, 2132, 3046, 3396 and the option documents).
//!
//! - [`Packet`] is a view of received bytes. [`Packet::parse`] is total: it checks the fixed part and
//!   indexes the options in one pass, allocates nothing and never panics; after it no getter can panic
//!   either. A bad option spoils itself only ([`Packet::bad_options`]). [`PacketBuf`] keeps the bytes with it.
//! - [`OptionSet`] holds options to be sent, [`Header`] the fixed part, and [`Reply`] writes both into
//!   a `&mut [u8]` in the order and within the space that the RFCs and the client ask for.
//! - [`option`] names the options and gives their values types; [`RelayInfo`], [`ClientId`], [`Fqdn`],
//!   [`UserClasses`], [`VendorData`], [`Routes`] and [`SearchList`] are views of values with parts.
//! - [`Message`] is the owned form of a packet, and converts from and to `dhcproto`'s.

mod client;
pub mod code;
mod convert;
mod emit;
mod fqdn;
mod header;
mod message;
mod name;
pub mod option;
mod packet;
mod relay;
mod route;
mod set;
mod value;
mod walk;

pub use client::{ClientId, UserClasses, VendorData};

pub use code::CodeSet;
pub use emit::{Emitted, Reply, max_len_for};
pub use fqdn::{Fqdn, FqdnName};
pub use header::{BROADCAST_FLAG, Cookie, HEADER_LEN, Header, MAGIC_COOKIE, MIN_LEN, MessageType, Op};
pub use message::Message;
pub use name::{Name, SearchList, emit_search_list};
pub use packet::{BadOption, BadReason, Packet, PacketBuf};
pub use relay::RelayInfo;
pub use route::{Route, Routes, emit_routes};
pub use set::OptionSet;
pub use value::OptionValue;
pub use walk::Overload;
