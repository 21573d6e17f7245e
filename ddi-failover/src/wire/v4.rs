//! DHCPv4 failover messages: draft-ietf-dhc-failover-12 sections 6, 7 and 12, as ISC dhcpd 4.4.3
//! writes them.
//!
//! Two levels. [`Message`] is a view: it checks the header and the chain of options, keeps everything
//! that arrived (unknown types and options too), and knows no meaning. [`Body`] and its parts are what
//! an endpoint works with: options that mean something for the type, each at most once and of the
//! right length. What a body does not know, the view still has.
//!
//! Emitters write the options in the order in which dhcpd 4.4.3-P1 sends them, so that its messages
//! parse and emit to the same bytes.

mod body;
mod emit;
mod numbers;
mod time;
mod transaction;
mod view;

pub use body::{Body, Connect, ConnectAck, Disconnect, PoolResponse, StateReport};
pub(crate) use emit::emit_options;
pub use emit::{Header, Writer, append, emit};
pub use numbers::{Code, Kind, RejectReason, binding_state, server_state, server_state_number};
pub use time::{INFINITE, from_wire_time, to_wire_time};
pub use transaction::{BindingAck, BindingAcks, BindingUpdate, BindingUpdates, HardwareAddress};
pub use view::{Message, OptionChain, WireOption};

/// Length of the fixed header in bytes; also the only payload offset that is ever sent (the draft's
/// "8" in section 6.1 contradicts its own figure).
pub const HEADER_LEN: usize = 12;
/// The longest message in bytes (section 6.1); dhcpd closes the connection above it.
pub const MAX_LEN: usize = 2048;
/// `server-flags` bit: the sender is in STARTUP (section 12.23).
pub const FLAG_STARTUP: u8 = 0x01;
/// `IP-flags` bit: the address is reserved (section 12.12).
pub const FLAG_RESERVED: u16 = 0x0001;
/// `IP-flags` bit: given by BOOTP (section 12.12).
pub const FLAG_BOOTP: u16 = 0x0002;
/// The `protocol-version` of this draft (section 12.20).
pub const PROTOCOL_VERSION: u8 = 1;
/// The longest `client-hardware-address` option that dhcpd takes, in bytes: a type and 16.
pub const HARDWARE_ADDRESS_MAX: usize = 17;
