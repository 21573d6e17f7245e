//! Why records are not a zone.

use crate::name::Name;
use crate::rr::{RdataError, Rtype};
use crate::serial::Serial;

/// A record can't be in the zone, or the zone can't be without one.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ZoneError {
    /// The owner is not at or below the apex.
    #[error("{owner} is not in the zone")]
    OutOfZone {
        /// Owner.
        owner: Name,
    },
    /// The type exists in messages only (RFC 6895 section 3.1).
    #[error("{owner}: {rtype} is no type of data")]
    MetaType {
        /// Owner.
        owner: Name,
        /// Type.
        rtype: Rtype,
    },
    /// The data is not that of its type.
    #[error("{owner} {rtype}: {source}")]
    Rdata {
        /// Owner.
        owner: Name,
        /// Type.
        rtype: Rtype,
        /// What is wrong with it.
        source: RdataError,
    },
    /// An rrset would be larger than a zone may hold.
    #[error("{owner} {rtype}: rrset is too large")]
    RrsetTooLarge {
        /// Owner.
        owner: Name,
        /// Type.
        rtype: Rtype,
    },
    /// A SOA is at the apex only (RFC 1035 section 6).
    #[error("{owner}: SOA is not at the apex")]
    SoaNotAtApex {
        /// Owner.
        owner: Name,
    },
    /// The zone has no SOA, or would lose it.
    #[error("zone has no SOA")]
    NoSoa,
    /// The zone has several SOAs.
    #[error("zone has more than one SOA")]
    ManySoas,
    /// The serial that was set does not follow the old one (RFC 1982 section 3.2).
    #[error("serial {to} does not follow {from}")]
    SerialNotNewer {
        /// The zone's serial.
        from: Serial,
        /// What it should become.
        to: Serial,
    },
    /// Deltas that should follow each other do not, or two zones have not the same apex.
    #[error("deltas or zones do not belong together")]
    Unrelated,
}
