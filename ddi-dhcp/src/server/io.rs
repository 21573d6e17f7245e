//! What goes in and out of the [`Server`](crate::server::Server): datagrams, replies, events.

use ddi_core::{HwAddr, LeaseKey, Lsn};
use std::net::{Ipv4Addr, SocketAddrV4};

/// The longest reply in bytes: what fits an Ethernet frame (1500 less 28 of IP and UDP). A buffer for
/// [`poll_transmit`](crate::server::Server::poll_transmit) is at least this long.
pub const MAX_REPLY: usize = 1472;

/// A subnet without free addresses is reported at most once in so many seconds.
pub const EXHAUSTED_EVERY_SECS: u64 = 60;

/// A datagram that came in on the server's port.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_structs, reason = "built by every caller")]
pub struct Received<'a> {
    /// Which interface it came in on; 0 if not known. [`Link`](crate::server::Link) names the others.
    pub interface: u32,
    /// Its source.
    pub from: SocketAddrV4,
    /// Its destination address; `UNSPECIFIED` if not known, which is taken as a broadcast.
    pub to: Ipv4Addr,
    /// The UDP payload.
    pub bytes: &'a [u8],
}

/// A reply to send; its bytes are the first `len` of the buffer that was given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_structs, reason = "read by every caller")]
pub struct Transmit {
    /// The reply's length in bytes.
    pub len: usize,
    /// The interface that the message came in on. What is not sent to a [`Destination::Unicast`] must
    /// leave through it.
    pub interface: u32,
    /// The source address to use; `None`: whatever the routing table says.
    pub from: Option<Ipv4Addr>,
    /// Where to.
    pub to: Destination,
}

/// Where a reply goes (RFC 2131 section 4.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(clippy::exhaustive_enums, reason = "RFC 2131 knows no other; a host must handle all three")]
pub enum Destination {
    /// To 255.255.255.255 and the link-layer broadcast address.
    Broadcast {
        /// UDP port.
        port: u16,
    },
    /// To `addr`, which the client does not yet answer ARP for, in a frame to `hw_addr`.
    LinkLayer {
        /// The address that the client is being given.
        addr: Ipv4Addr,
        /// The client's link-layer address.
        hw_addr: HwAddr,
        /// UDP port.
        port: u16,
    },
    /// An ordinary datagram, to a relay or to a client that has its address.
    Unicast(SocketAddrV4),
}

/// What the host may want to know or must do. Owned and small.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A client's lease was written; it is the client's once `version` is durable.
    Bound {
        /// Which lease.
        key: LeaseKey,
        /// What wrote it.
        version: Lsn,
        /// It was this client's already, and running.
        renewed: bool,
    },
    /// The lease has a name that belongs in DNS from now on (RFC 4702). Act once `version` is durable.
    NameAdded {
        /// Which lease.
        key: LeaseKey,
        /// What wrote it.
        version: Lsn,
        /// The full name, in text form without a final dot: lower-case letters, digits, `-`, `_`, `.`.
        fqdn: Box<[u8]>,
        /// The A is the server's to add; else only the PTR is.
        forward: bool,
    },
    /// The lease no longer has this name: what was added to DNS for it goes.
    NameRemoved {
        /// Which lease.
        key: LeaseKey,
        /// What wrote it.
        version: Lsn,
        /// The full name, as it was added.
        fqdn: Box<[u8]>,
        /// The A was the server's to add.
        forward: bool,
    },
    /// The client gave its address back.
    Released {
        /// Which lease.
        key: LeaseKey,
        /// What wrote it.
        version: Lsn,
    },
    /// The client's time ran out.
    Expired {
        /// Which lease.
        key: LeaseKey,
        /// What wrote it.
        version: Lsn,
    },
    /// The address is in use by somebody else; it is quarantined.
    Quarantined {
        /// Which lease.
        key: LeaseKey,
        /// What wrote it.
        version: Lsn,
        /// How that was found.
        cause: Conflict,
    },
    /// The quarantine of the address is over.
    QuarantineEnded {
        /// Which lease.
        key: LeaseKey,
        /// What wrote it.
        version: Lsn,
    },
    /// Ping this address, then call [`handle_ping`](crate::server::Server::handle_ping).
    Ping {
        /// The address that is about to be offered.
        address: Ipv4Addr,
        /// The interface that the client is on; 0 behind a relay.
        interface: u32,
    },
    /// A subnet has no free address for its clients. At most one in [`EXHAUSTED_EVERY_SECS`] for
    /// each subnet.
    Exhausted {
        /// The subnet's id.
        subnet_id: u32,
        /// How many messages went without an answer since the event before.
        refused: u64,
    },
    /// A datagram got no answer.
    Dropped {
        /// Why.
        why: Dropped,
        /// Where it came in.
        interface: u32,
        /// Who sent it.
        from: SocketAddrV4,
    },
}

/// How an address was found to be in use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_enums, reason = "the two that there are")]
pub enum Conflict {
    /// The client that was given it found out (DECLINE).
    Declined,
    /// Something answered a ping.
    PingAnswered,
}

/// Declares [`Dropped`] and the part of [`Counters`] that counts it.
macro_rules! dropped {
    ($($(#[doc = $doc:literal])+ $name:ident $text:literal,)+) => {
        /// Why a datagram got no answer. Silence that the rules ask for is counted too.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[non_exhaustive]
        #[repr(u8)]
        pub enum Dropped {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Dropped {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// A short name, for status output.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }
        }
    };
}

dropped! {
    /// Not a DHCP or BOOTP packet.
    Malformed "malformed",
    /// A reply of some server (op 2).
    NotRequest "not_request",
    /// A message type that no client sends to a server, or that is unknown.
    UnknownType "unknown_type",
    /// Neither a client_id nor a hw_addr.
    NoIdentity "no_identity",
    /// A field or option that this message must have is missing.
    Incomplete "incomplete",
    /// giaddr can't be a relay's address.
    BadRelay "bad_relay",
    /// giaddr is not among the relays of any subnet, and only those are served.
    UnknownRelay "unknown_relay",
    /// No subnet fits the message.
    NoSubnet "no_subnet",
    /// No address of this server is known that the client could name it by.
    NoServerId "no_server_id",
    /// The client has sent too much.
    ClientFlood "client_flood",
    /// The relay, or the link, has sent too much.
    RelayFlood "relay_flood",
    /// The queue of replies, events or pings is full.
    QueueFull "queue_full",
    /// The message is for another server.
    OtherServer "other_server",
    /// The rules ask for silence.
    Silent "silent",
    /// No address is free for this client.
    NoAddress "no_address",
    /// The failover partner answers this client, or nobody does at present.
    NotServing "not_serving",
    /// The store refused or failed.
    Store "store",
    /// The reply does not fit the client's maximum message size.
    ReplyTooLong "reply_too_long",
}

/// Declares [`Counters`].
macro_rules! counters {
    ($($(#[doc = $doc:literal])+ $name:ident,)+) => {
        /// What the server has seen and done since it was made.
        #[derive(Clone, PartialEq, Eq, Debug, Default)]
        #[non_exhaustive]
        pub struct Counters {
            $($(#[doc = $doc])+ pub $name: u64,)+
            dropped: [u64; Dropped::ALL.len()],
        }

        impl Counters {
            /// Each counter with its name, those of dropped datagrams last.
            pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
                let own = [$((stringify!($name), self.$name),)+];
                own.into_iter().chain(Dropped::ALL.iter().map(|&why| (why.name(), self.dropped(why))))
            }
        }
    };
}

counters! {
    /// Datagrams that came in.
    received,
    /// DISCOVER.
    discovers,
    /// REQUEST.
    requests,
    /// DECLINE.
    declines,
    /// RELEASE.
    releases,
    /// INFORM.
    informs,
    /// BOOTP requests.
    bootps,
    /// OFFER made.
    offers,
    /// ACK made, those for INFORM too; each waits until its lease is durable.
    acks,
    /// ACKs answered from the lease as it is, without a write.
    acks_cached,
    /// NAK made.
    naks,
    /// BOOTP replies made.
    bootp_replies,
    /// Replies handed out.
    transmitted,
    /// Leases that ran out.
    expired,
    /// Addresses quarantined.
    quarantined,
    /// Pings asked for.
    pings,
    /// Offers that nobody took in time.
    offers_lapsed,
    /// Offers given up because there were too many.
    offers_evicted,
    /// Malformed options seen in messages that were otherwise answered.
    bad_options,
    /// Writes that the store refused.
    store_errors,
    /// Events of dropped datagrams that were not queued because the host did not collect them.
    events_lost,
}

impl Counters {
    /// Datagrams without an answer, for this reason.
    #[must_use]
    pub fn dropped(&self, why: Dropped) -> u64 {
        self.dropped[why as usize]
    }

    pub(crate) fn count_dropped(&mut self, why: Dropped) {
        self.dropped[why as usize] += 1;
    }
}
