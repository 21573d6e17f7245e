//! The configuration: plain data. [`Server::new`](crate::server::Server::new) checks it whole.

use crate::v4::{CodeSet, OptionSet};
use ipnet::Ipv4Net;
use std::net::Ipv4Addr;

/// What a server serves, and how.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_structs, reason = "plain data; write `..Config::default()`")]
pub struct Config {
    /// This server knows every address of its links, so it may say NAK to a client that it has no
    /// lease of. The rules table in DESIGN.md says where it matters. Default: false.
    pub authoritative: bool,
    /// The address space of all subnets here; 0 where networks don't overlap.
    pub space: u32,
    /// The server identifier (option 54), if the address that a message was sent to, or the link's
    /// first, is not the right one.
    pub server_id: Option<Ipv4Addr>,
    /// The links that clients broadcast on.
    pub links: Vec<Link>,
    /// UDP ports; 67 and 68.
    pub ports: Ports,
    /// Lease times, where a subnet has none of its own.
    pub lease: LeaseTimes,
    /// T1 and T2: after which parts of its lease time, in thousandths, a client renews, and after which it
    /// asks any server (RFC 2131 section 4.4.5). Default: 500 and 875.
    pub renewal_permille: u16,
    /// See [`Config::renewal_permille`].
    pub rebinding_permille: u16,
    /// Options and boot parameters for everybody.
    pub params: Params,
    /// Classes of clients, weakest first: if two have the same option, the later one's is sent.
    pub classes: Vec<Class>,
    /// The subnets.
    pub subnets: Vec<Subnet>,
    /// How long an offer holds its address. Default: 60 s.
    pub offer_seconds: u32,
    /// The most offers at once; the oldest gives way. Default: 65,536.
    pub max_offers: usize,
    /// How long a declined address, or one that answers a ping, is left alone. Default: 86,400 s.
    pub quarantine_seconds: u32,
    /// Ping an address before it is offered, and wait this long for an answer. Default: off.
    pub ping_millis: Option<u32>,
    /// A client that renews within this part of its lease time, in percent, gets the remaining time
    /// without a write. 0: always write, as is always done for a lease that a failover partner knows.
    /// Default: 25.
    pub cache_threshold_percent: u8,
    /// Answer a DISCOVER with an ACK if the client can take it (RFC 4039). Default: off.
    pub rapid_commit: bool,
    /// Give pool addresses to BOOTP clients, for ever. Default: off.
    pub dynamic_bootp: bool,
    /// Let option 118 choose the subnet (RFC 3011, which asks for "off" by default).
    pub subnet_selection: bool,
    /// Serve only relays that a subnet lists in [`Subnet::relays`]. Default: off.
    pub only_listed_relays: bool,
    /// How client names become names in DNS.
    pub names: Names,
    /// The most that one client (by hw_addr) may send. Default: no limit.
    pub client_rate: Option<Rate>,
    /// The most that one relay (by giaddr), or one link, may send. Default: no limit.
    pub relay_rate: Option<Rate>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            authoritative: false,
            space: 0,
            server_id: None,
            links: Vec::new(),
            ports: Ports::default(),
            lease: LeaseTimes::default(),
            renewal_permille: 500,
            rebinding_permille: 875,
            params: Params::default(),
            classes: Vec::new(),
            subnets: Vec::new(),
            offer_seconds: 60,
            max_offers: 65_536,
            quarantine_seconds: 86_400,
            ping_millis: None,
            cache_threshold_percent: 25,
            rapid_commit: false,
            dynamic_bootp: false,
            subnet_selection: false,
            only_listed_relays: false,
            names: Names::default(),
            client_rate: None,
            relay_rate: None,
        }
    }
}

/// A link that clients broadcast on: its subnet is the one that holds an address of the server there.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[allow(clippy::exhaustive_structs, reason = "plain data")]
pub struct Link {
    /// The interface's number, as in [`Received::interface`](crate::server::Received::interface).
    pub interface: u32,
    /// The server's addresses on it; the first that lies in a subnet is the server identifier there.
    pub addresses: Vec<Ipv4Addr>,
}

/// UDP ports. Others than 67 and 68 are for tests without privileges.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_structs, reason = "plain data")]
pub struct Ports {
    /// Where relays listen: 67.
    pub relay: u16,
    /// Where clients listen: 68.
    pub client: u16,
}

impl Default for Ports {
    fn default() -> Self {
        Self { relay: 67, client: 68 }
    }
}

/// Lease times in seconds; `u32::MAX` is for ever.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_structs, reason = "plain data")]
pub struct LeaseTimes {
    /// For a client that asks for none.
    pub default_seconds: u32,
    /// A client that asks for less gets this.
    pub min_seconds: u32,
    /// A client that asks for more gets this.
    pub max_seconds: u32,
}

impl LeaseTimes {
    /// The same time for everybody.
    #[must_use]
    pub const fn fixed(seconds: u32) -> Self {
        Self { default_seconds: seconds, min_seconds: seconds, max_seconds: seconds }
    }
}

/// One hour for everybody.
impl Default for LeaseTimes {
    fn default() -> Self {
        Self::fixed(3600)
    }
}

/// What is told to clients. An option or field of a narrower place wins: global, subnet, pool, class,
/// reservation.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[allow(clippy::exhaustive_structs, reason = "plain data")]
pub struct Params {
    /// Options, with any bytes: sent to a client that asks for them, or that asks for nothing.
    pub options: OptionSet,
    /// Those of `options` that are sent to clients that ask for others, too.
    pub always: CodeSet,
    /// siaddr: the boot server.
    pub next_server: Option<Ipv4Addr>,
    /// sname: the boot server's name, at most 63 bytes; empty if none.
    pub server_name: Vec<u8>,
    /// file: the boot file, at most 127 bytes; empty if none.
    pub boot_file: Vec<u8>,
}

/// A subnet.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_structs, reason = "plain data; write `..Subnet::new(prefix)`")]
pub struct Subnet {
    /// Its number; unique, and written to each lease. Keep it when the configuration changes.
    pub id: u32,
    /// Its addresses. Subnets must not overlap.
    pub prefix: Ipv4Net,
    /// Subnets with the same name share one link; a client may get an address of any of them.
    pub shared_network: Option<String>,
    /// Relays that this subnet's clients are behind; giaddr chooses by this list first, then by prefix.
    pub relays: Vec<Ipv4Addr>,
    /// Addresses to give out.
    pub pools: Vec<Pool>,
    /// Ranges, both ends included, that no pool of this subnet has though they lie in it.
    pub excluded: Vec<(Ipv4Addr, Ipv4Addr)>,
    /// Addresses for certain clients.
    pub reservations: Vec<Reservation>,
    /// Lease times, if not the global ones.
    pub lease: Option<LeaseTimes>,
    /// Options and boot parameters.
    pub params: Params,
    /// An IPv6-mostly network: what a client that can do without IPv4 is told as V6ONLY_WAIT, in
    /// seconds (RFC 8925).
    pub v6_only_wait_seconds: Option<u32>,
    /// How its clients' names become names in DNS, if not as [`Config::names`] says.
    pub names: Option<Names>,
}

impl Subnet {
    /// A subnet with this id and prefix, and nothing in it.
    #[must_use]
    pub fn new(id: u32, prefix: Ipv4Net) -> Self {
        Self {
            id,
            prefix,
            shared_network: None,
            relays: Vec::new(),
            pools: Vec::new(),
            excluded: Vec::new(),
            reservations: Vec::new(),
            lease: None,
            params: Params::default(),
            v6_only_wait_seconds: None,
            names: None,
        }
    }
}

/// A range of addresses to give out, both ends included.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_structs, reason = "plain data; write `..Pool::new(first, last)`")]
pub struct Pool {
    /// The first address.
    pub first: Ipv4Addr,
    /// The last address.
    pub last: Ipv4Addr,
    /// Only clients of one of these classes (by name) get an address here; empty: anybody.
    pub classes: Vec<String>,
    /// Options and boot parameters.
    pub params: Params,
    /// As [`Subnet::v6_only_wait_seconds`], for this pool.
    pub v6_only_wait_seconds: Option<u32>,
}

impl Pool {
    /// A pool for anybody.
    #[must_use]
    pub fn new(first: Ipv4Addr, last: Ipv4Addr) -> Self {
        Self { first, last, classes: Vec::new(), params: Params::default(), v6_only_wait_seconds: None }
    }
}

/// An address for one client only, in a pool or outside of all, but in its subnet.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_structs, reason = "plain data; write `..Reservation::new(client, address)`")]
pub struct Reservation {
    /// Who.
    pub client: ReservedFor,
    /// What.
    pub address: Ipv4Addr,
    /// The client's host name (option 12 of the reply), instead of the one that it sends; empty if none.
    pub hostname: Vec<u8>,
    /// Options and boot parameters.
    pub params: Params,
}

impl Reservation {
    /// A reservation without options of its own.
    #[must_use]
    pub fn new(client: ReservedFor, address: Ipv4Addr) -> Self {
        Self { client, address, hostname: Vec::new(), params: Params::default() }
    }
}

/// By what a reservation knows its client. If several fit, the first of this order wins.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum ReservedFor {
    /// Option 61.
    ClientId(Vec<u8>),
    /// The link-layer address, whatever its type.
    HwAddr(Vec<u8>),
    /// Sub-option 1 of option 82: whoever is plugged in there.
    CircuitId(Vec<u8>),
}

/// A class of clients.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[allow(clippy::exhaustive_structs, reason = "plain data")]
pub struct Class {
    /// Its name; unique.
    pub name: String,
    /// A client that passes any of these is in the class.
    pub any_of: Vec<ClassTest>,
    /// Options and boot parameters.
    pub params: Params,
    /// Lease times, instead of the subnet's.
    pub lease: Option<LeaseTimes>,
}

/// A test that puts a client in a class.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum ClassTest {
    /// Option 60 is this.
    VendorClass(Vec<u8>),
    /// Option 60 begins with this.
    VendorClassPrefix(Vec<u8>),
    /// One of the classes in option 77 is this (RFC 3004), or the whole option is, as some clients do.
    UserClass(Vec<u8>),
    /// chaddr begins with this.
    HwAddrPrefix(Vec<u8>),
    /// Sub-option 1 of option 82 is this.
    CircuitId(Vec<u8>),
    /// Sub-option 2 of option 82 is this.
    RemoteId(Vec<u8>),
    /// Option 124 has this class of this vendor; any, if it is empty (RFC 3925 section 3).
    EnterpriseClass {
        /// The vendor's IANA private enterprise number.
        enterprise: u32,
        /// The class.
        class: Vec<u8>,
    },
    /// Option 125 has options of this vendor (RFC 3925 section 4).
    EnterpriseOptions {
        /// The vendor's IANA private enterprise number.
        enterprise: u32,
    },
}

/// How client names become names in DNS (RFC 4702 section 4). The server updates no DNS: it tells the
/// host by [`Event::NameAdded`](crate::server::Event::NameAdded).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[allow(clippy::exhaustive_structs, reason = "plain data")]
pub struct Names {
    /// Make full names at all. Off: option 81 is not answered, and no lease has a name in DNS.
    pub enabled: bool,
    /// What is put behind a name that is not fully qualified, without dots at its ends; in text form.
    pub suffix: Vec<u8>,
    /// A name that the client qualified itself keeps its own zone. Off: it gets `suffix` instead, so
    /// that a client can't name itself into someone else's zone.
    pub keep_client_zone: bool,
    /// Make a full name of option 12 if the client sends no option 81.
    pub from_hostname: bool,
    /// The client may say that it updates its A itself (S = 0). Off: the server does (O = 1).
    pub allow_client_updates: bool,
    /// The client may say that nobody shall update (N = 1).
    pub allow_no_updates: bool,
}

/// A limit on datagrams: a bucket of `burst` that refills at `per_second`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_structs, reason = "plain data")]
pub struct Rate {
    /// Sustained, per second.
    pub per_second: u32,
    /// At once, after a silence.
    pub burst: u32,
}
