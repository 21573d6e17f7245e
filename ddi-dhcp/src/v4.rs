//! The DHCPv4 codec (RFC 951, 1542, 2131, 2132, 3046, 3396 and the option documents).
//!
//! - [`Packet`] is a view of received bytes. [`Packet::parse`] is total: it checks the fixed part and
//!   indexes the options in one pass, allocates nothing and never panics; after it no getter can panic
//!   either. A bad option spoils itself only ([`Packet::bad_options`]).
//! - [`OptionSet`] holds options to be sent, [`Header`] the fixed part, and [`Reply`] writes both into
//!   a `&mut [u8]` in the order and within the space that the RFCs and the client ask for.
//! - [`Message`] is the owned form of a packet.

pub mod code;
mod emit;
mod header;
mod packet;
mod relay;
mod set;
mod value;

pub use code::CodeSet;
pub use emit::{Emitted, Reply, max_len_for};
pub use header::{BROADCAST_FLAG, Cookie, HEADER_LEN, Header, MAGIC_COOKIE, MIN_LEN, MessageType, Op};
pub use packet::{BadOption, BadReason, Overload, Packet};
pub use relay::RelayInfo;
pub use set::OptionSet;
pub use value::OptionValue;
