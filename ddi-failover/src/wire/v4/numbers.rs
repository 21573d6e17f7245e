//! The number spaces of the wire. Unknown numbers are kept as they are.

use std::fmt;

use ddi_core::BindingState;

use crate::state::State;

macro_rules! numbers {
    ($(#[$doc:meta])* $name:ident($int:ty), $space:literal: $($(#[$cdoc:meta])* $const:ident = $number:literal, $text:literal;)+) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(clippy::exhaustive_structs, reason = "a number of the wire, known or not")]
        pub struct $name(pub $int);

        impl $name {
            $($(#[$cdoc])* pub const $const: Self = Self($number);)+

            /// Every number that the protocol defines, in order.
            pub const KNOWN: &[Self] = &[$(Self::$const),+];

            /// The protocol's word for it; `None` for an unknown number.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self {
                    $(Self::$const => Some($text),)+
                    _ => None,
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self.name() {
                    Some(name) => f.write_str(name),
                    None => write!(f, concat!($space, " {}"), self.0),
                }
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", self, self.0)
            }
        }
    };
}

numbers! {
    /// Message types (section 6.1).
    Kind(u8), "message type":
    /// Ask for a share of the free addresses.
    POOLREQ = 1, "POOLREQ";
    /// How many addresses will come.
    POOLRESP = 2, "POOLRESP";
    /// A lease as the sender has it.
    BNDUPD = 3, "BNDUPD";
    /// The lease is stored, or why not.
    BNDACK = 4, "BNDACK";
    /// The primary opens the conversation.
    CONNECT = 5, "CONNECT";
    /// The secondary's answer.
    CONNECTACK = 6, "CONNECTACK";
    /// Ask for every lease.
    UPDREQALL = 7, "UPDREQALL";
    /// All that was asked for is sent and acknowledged.
    UPDDONE = 8, "UPDDONE";
    /// Ask for the leases not yet acknowledged.
    UPDREQ = 9, "UPDREQ";
    /// The sender's state.
    STATE = 10, "STATE";
    /// Nothing but a sign of life.
    CONTACT = 11, "CONTACT";
    /// The sender is about to close.
    DISCONNECT = 12, "DISCONNECT";
}

numbers! {
    /// Option numbers (section 12).
    Code(u16), "option":
    /// 32 bits.
    ADDRESSES_TRANSFERRED = 1, "addresses-transferred";
    /// An IPv4 address.
    ASSIGNED_ADDRESS = 2, "assigned-IP-address";
    /// 8 bits, [`binding_state`].
    BINDING_STATUS = 3, "binding-status";
    /// The data of DHCP option 61.
    CLIENT_ID = 4, "client-identifier";
    /// Hardware type in 8 bits, then the address.
    HARDWARE_ADDRESS = 5, "client-hardware-address";
    /// Time.
    CLIENT_LAST_TRANSACTION_TIME = 6, "client-last-transaction-time";
    /// A magic number and DHCP options.
    CLIENT_REPLY_OPTIONS = 7, "client-reply-options";
    /// A magic number and DHCP options.
    CLIENT_REQUEST_OPTIONS = 8, "client-request-options";
    /// 16 bits of flags and a name. dhcpd closes the connection when it sees one.
    DDNS = 9, "DDNS";
    /// 8 bits (RFC 3074 section 5.3).
    DELAYED_SERVICE = 10, "delayed-service-parameter";
    /// 32 bytes (RFC 3074 section 5.2).
    HASH_BUCKETS = 11, "hash-bucket-assignment";
    /// 16 bits (the draft's drawing says one byte, and draws two).
    IP_FLAGS = 12, "IP-flags";
    /// Time.
    LEASE_EXPIRATION_TIME = 13, "lease-expiration-time";
    /// 32 bits.
    MAX_UNACKED = 14, "max-unacked-bndupd";
    /// Seconds in 32 bits.
    MCLT = 15, "MCLT";
    /// Text for people.
    MESSAGE = 16, "message";
    /// A type in 8 bits and a digest.
    MESSAGE_DIGEST = 17, "message-digest";
    /// Time.
    POTENTIAL_EXPIRATION_TIME = 18, "potential-expiration-time";
    /// Seconds in 32 bits.
    RECEIVE_TIMER = 19, "receive-timer";
    /// 8 bits.
    PROTOCOL_VERSION = 20, "protocol-version";
    /// 8 bits, [`RejectReason`]. Its presence alone means refusal.
    REJECT_REASON = 21, "reject-reason";
    /// Bytes, compared exactly.
    RELATIONSHIP_NAME = 22, "relationship-name";
    /// 8 bits.
    SERVER_FLAGS = 23, "server-flags";
    /// 8 bits, [`server_state`].
    SERVER_STATE = 24, "server-state";
    /// Time: of the lease's state in a BNDUPD, of the server's in a STATE.
    START_TIME_OF_STATE = 25, "start-time-of-state";
    /// 8 bits.
    TLS_REPLY = 26, "TLS-reply";
    /// 8 bits.
    TLS_REQUEST = 27, "TLS-request";
    /// Text.
    VENDOR_CLASS = 28, "vendor-class-identifier";
    /// OptionChain of the vendor's own.
    VENDOR_OPTIONS = 29, "vendor-specific-options";
}

numbers! {
    /// Why something is refused (section 12.21).
    RejectReason(u8), "reason":
    /// The address is in no pool of this relationship.
    ILLEGAL_ADDRESS = 1, "illegal IP address";
    /// The address is in use by another client; dhcpd: any transition that it forbids.
    FATAL_CONFLICT = 2, "address in use by other client";
    /// A needed option is missing.
    MISSING_BINDING = 3, "missing binding information";
    /// The clocks differ too much.
    TIME_MISMATCH = 4, "time mismatch too great";
    /// No MCLT, or one that can't be.
    INVALID_MCLT = 5, "invalid MCLT";
    /// Anything else.
    MISCELLANEOUS = 6, "unknown reason";
    /// There is a connection already.
    DUPLICATE_CONNECTION = 7, "duplicate connection";
    /// No relationship of that name.
    INVALID_PARTNER = 8, "invalid failover partner";
    /// No TLS here.
    TLS_NOT_SUPPORTED = 9, "TLS not supported";
    /// TLS is possible, but not configured.
    TLS_NOT_CONFIGURED = 10, "TLS supported but not configured";
    /// TLS is wanted.
    TLS_REQUIRED = 11, "TLS required but not supported by partner";
    /// No digests here.
    DIGEST_NOT_SUPPORTED = 12, "message digest not supported";
    /// Digests are possible, but not configured.
    DIGEST_NOT_CONFIGURED = 13, "message digest not configured";
    /// Another protocol version.
    VERSION_MISMATCH = 14, "protocol version mismatch";
    /// What the receiver has is newer.
    OUTDATED_BINDING = 15, "outdated binding information";
    /// What the receiver has matters more.
    LESS_CRITICAL_BINDING = 16, "less critical binding information";
    /// Nothing was heard for the receive timer.
    NO_TRAFFIC = 17, "no traffic within sufficient time";
    /// No hash bucket assignment, or one that can't be.
    HASH_BUCKET_CONFLICT = 18, "hash bucket assignment conflict";
    /// The address is not reserved on the receiver.
    NOT_RESERVED = 19, "IP not reserved on this server";
    /// The digest is wrong.
    DIGEST_MISMATCH = 20, "message digest failed to compare";
    /// There is no digest.
    DIGEST_MISSING = 21, "missing message digest";
    /// No other number fits.
    UNKNOWN = 254, "unknown error";
}

/// The binding state of option 3 (section 12.3). `None` for 0 and 8 and above, which are RFC 8156's
/// or nobody's; dhcpd does not survive one.
#[must_use]
pub fn binding_state(number: u8) -> Option<BindingState> {
    if (1..=7).contains(&number) { BindingState::from_number(number) } else { None }
}

/// The state of option 24 (section 12.24, with dhcpd's 254 for RECOVER-WAIT, which the draft forgot to
/// number). STARTUP (1) is `None`: it is never sent, a flag says it.
#[must_use]
pub const fn server_state(number: u8) -> Option<State> {
    Some(match number {
        2 => State::Normal,
        3 => State::CommunicationsInterrupted,
        4 => State::PartnerDown,
        5 => State::PotentialConflict,
        6 => State::Recover,
        7 => State::Paused,
        8 => State::Shutdown,
        9 => State::RecoverDone,
        10 => State::ResolutionInterrupted,
        11 => State::ConflictDone,
        254 => State::RecoverWait,
        _ => return None,
    })
}

/// The number of a state in option 24. STARTUP has one, but must not be sent.
#[must_use]
pub const fn server_state_number(state: State) -> u8 {
    match state {
        State::Startup => 1,
        State::Normal => 2,
        State::CommunicationsInterrupted => 3,
        State::PartnerDown => 4,
        State::PotentialConflict => 5,
        State::Recover => 6,
        State::Paused => 7,
        State::Shutdown => 8,
        State::RecoverDone => 9,
        State::ResolutionInterrupted => 10,
        State::ConflictDone => 11,
        State::RecoverWait => 254,
    }
}
