//! What can be wrong with a configuration, and where.

use std::fmt;
use std::net::Ipv4Addr;

/// A place in a [`Config`](crate::server::Config), by index.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Place {
    /// The top level.
    Global,
    /// `links[link]`.
    Link {
        /// Index.
        link: usize,
    },
    /// `classes[class]`.
    Class {
        /// Index.
        class: usize,
    },
    /// `subnets[subnet]`.
    Subnet {
        /// Index.
        subnet: usize,
    },
    /// `subnets[subnet].pools[pool]`.
    Pool {
        /// The subnet's index.
        subnet: usize,
        /// Index.
        pool: usize,
    },
    /// `subnets[subnet].reservations[reservation]`.
    Reservation {
        /// The subnet's index.
        subnet: usize,
        /// Index.
        reservation: usize,
    },
}

/// Counts from 0, as the indexes do.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Global => f.write_str("server"),
            Self::Link { link } => write!(f, "link {link}"),
            Self::Class { class } => write!(f, "class {class}"),
            Self::Subnet { subnet } => write!(f, "subnet {subnet}"),
            Self::Pool { subnet, pool } => write!(f, "subnet {subnet}, pool {pool}"),
            Self::Reservation { subnet, reservation } => {
                write!(f, "subnet {subnet}, reservation {reservation}")
            }
        }
    }
}

/// The configuration can't be served.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{place}: {fault}")]
#[allow(clippy::exhaustive_structs, reason = "the pair is the whole meaning")]
pub struct ConfigError {
    /// Where.
    pub place: Place,
    /// What.
    pub fault: ConfigFault,
}

/// What is wrong at a place of the configuration.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigFault {
    /// Two subnets have the same id.
    #[error("id {id} is also that of {other}")]
    DuplicateSubnetId {
        /// The id.
        id: u32,
        /// The other one.
        other: Place,
    },
    /// Two subnets have addresses in common.
    #[error("prefix overlaps that of {other}")]
    SubnetsOverlap {
        /// The other one.
        other: Place,
    },
    /// The first address of a pool is behind its last.
    #[error("pool {first}-{last} ends before it begins")]
    PoolBackwards {
        /// First address.
        first: Ipv4Addr,
        /// Last address.
        last: Ipv4Addr,
    },
    /// An excluded range ends before it begins, or is not wholly in its subnet.
    #[error("excluded range {first}-{last} is not one of {prefix}")]
    Exclusion {
        /// First address.
        first: Ipv4Addr,
        /// Last address.
        last: Ipv4Addr,
        /// The subnet.
        prefix: ipnet::Ipv4Net,
    },
    /// A pool is not wholly in its subnet.
    #[error("pool {first}-{last} is not inside {prefix}")]
    PoolOutsideSubnet {
        /// First address.
        first: Ipv4Addr,
        /// Last address.
        last: Ipv4Addr,
        /// The subnet.
        prefix: ipnet::Ipv4Net,
    },
    /// The subnet's network or broadcast address.
    #[error("{address} is the network or broadcast address, which no client can use")]
    Unusable {
        /// The address.
        address: Ipv4Addr,
    },
    /// Two pools have addresses in common.
    #[error("pool overlaps {other}")]
    PoolsOverlap {
        /// The other one.
        other: Place,
    },
    /// A reserved address is not in the subnet.
    #[error("{address} is not inside {prefix}")]
    ReservationOutsideSubnet {
        /// The address.
        address: Ipv4Addr,
        /// The subnet.
        prefix: ipnet::Ipv4Net,
    },
    /// An address is reserved twice.
    #[error("{address} is also reserved by {other}")]
    DuplicateReservedAddress {
        /// The address.
        address: Ipv4Addr,
        /// The other one.
        other: Place,
    },
    /// A client has two reservations on one link.
    #[error("the same client is also in {other}")]
    DuplicateReservedClient {
        /// The other one.
        other: Place,
    },
    /// A client_id, hw_addr or circuit-id of a reservation or class is empty or longer than can be.
    #[error("a value to compare with is {len} bytes, must be 1 to {max}")]
    MatchLength {
        /// Its length.
        len: usize,
        /// The longest.
        max: usize,
    },
    /// Two classes have the same name, or one has none.
    #[error("class name {name:?} is empty or used before")]
    ClassName {
        /// The name.
        name: String,
    },
    /// A pool names a class that does not exist.
    #[error("no class is called {name:?}")]
    UnknownClass {
        /// The name.
        name: String,
    },
    /// A relay is listed by two subnets of different links.
    #[error("relay {relay} is also listed by {other}")]
    DuplicateRelay {
        /// The relay.
        relay: Ipv4Addr,
        /// The other one.
        other: Place,
    },
    /// Two links have the same interface number.
    #[error("interface {interface} is also that of {other}")]
    DuplicateInterface {
        /// The number.
        interface: u32,
        /// The other one.
        other: Place,
    },
    /// An option that the server sets itself, or that no server may send.
    #[error("option {code} can't be configured")]
    OptionNotConfigurable {
        /// Its code.
        code: u8,
    },
    /// A host name, boot server name or boot file is too long.
    #[error("{field} is {len} bytes, at most {max}")]
    TooLong {
        /// Which.
        field: &'static str,
        /// Its length.
        len: usize,
        /// The longest.
        max: usize,
    },
    /// Lease times are zero, or not in the order min, default, max.
    #[error("lease times must be at least 1 s, and min <= default <= max")]
    LeaseTimes,
    /// T1 and T2 are not in order, or not within the lease time.
    #[error("T1 and T2 must be parts of the lease time: 0 < renewal < rebinding < 1000 thousandths")]
    RenewalTimes,
    /// A percentage above 100.
    #[error("{percent} is more than 100 percent")]
    Percent {
        /// The number.
        percent: u8,
    },
    /// A limit of zero would serve nobody.
    #[error("{field} must be at least 1")]
    Zero {
        /// Which.
        field: &'static str,
    },
    /// The suffix of names is not a domain name.
    #[error("the suffix of names is not a domain name")]
    Suffix,
}

impl ConfigFault {
    pub(crate) const fn at(self, place: Place) -> ConfigError {
        ConfigError { place, fault: self }
    }
}
