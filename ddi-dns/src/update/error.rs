//! Why an update is not made.

use super::store::ZoneStoreError;
use crate::error::MessageError;
use crate::message::Rcode;
use crate::name::Name;
use crate::rr::Rtype;
use crate::zone::ZoneError;

/// An update was refused, and the zone is as before. [`UpdateError::rcode`] is what the answer says.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpdateError {
    /// The message can't be read.
    #[error("{0}")]
    Message(#[from] MessageError),
    /// It is of an EDNS version that is not known (RFC 6891 section 6.1.3).
    #[error("EDNS version {0} is not known")]
    Version(u8),
    /// The zone section has not one record of type SOA and of a class that a zone may have (RFC 2136
    /// section 3.1).
    #[error("zone section is not one zone")]
    ZoneSection,
    /// No such zone is here, or not as its primary.
    #[error("{0} is not a primary zone of this server")]
    NotAuth(Name),
    /// A record with a class, type, TTL or data that its section does not allow.
    #[error("{owner} {rtype}: {why}")]
    Form {
        /// Owner.
        owner: Name,
        /// Type.
        rtype: Rtype,
        /// What is wrong.
        why: &'static str,
    },
    /// A name is not in the zone.
    #[error("{0} is not in the zone")]
    NotZone(Name),
    /// A prerequisite does not hold.
    #[error("prerequisite on {owner} {rtype} fails")]
    Prerequisite {
        /// Owner.
        owner: Name,
        /// Type; ANY is the name as such.
        rtype: Rtype,
        /// NXDOMAIN, YXDOMAIN, NXRRSET or YXRRSET.
        rcode: Rcode,
    },
    /// The sender may change nothing here.
    #[error("sender may not update the zone")]
    NotPermitted,
    /// The sender may not change this.
    #[error("sender may not change {owner} {rtype}")]
    NotPermittedFor {
        /// Owner.
        owner: Name,
        /// Type.
        rtype: Rtype,
    },
    /// It would grow beyond a limit of the zone.
    #[error("{owner}: {what} would exceed the zone's limit of {limit}")]
    Limit {
        /// Where.
        owner: Name,
        /// What of.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
    /// The zone can't be so.
    #[error("{0}")]
    Zone(#[from] ZoneError),
    /// What was changed can't be stored.
    #[error("{0}")]
    Store(#[from] ZoneStoreError),
}

impl UpdateError {
    /// The answer's response code.
    #[must_use]
    pub const fn rcode(&self) -> Rcode {
        match self {
            Self::Message(_) | Self::ZoneSection | Self::Form { .. } => Rcode::FORMERR,
            Self::Version(_) => Rcode::BADVERS,
            Self::NotAuth(_) => Rcode::NOTAUTH,
            Self::NotZone(_) => Rcode::NOTZONE,
            Self::Prerequisite { rcode, .. } => *rcode,
            Self::NotPermitted | Self::NotPermittedFor { .. } | Self::Limit { .. } => Rcode::REFUSED,
            Self::Zone(_) | Self::Store(_) => Rcode::SERVFAIL,
        }
    }

    /// True if what the zone holds had a part in it.
    pub(super) const fn tells_of_the_zone(&self) -> bool {
        matches!(self, Self::Prerequisite { .. } | Self::NotPermittedFor { .. } | Self::Limit { .. })
    }
}
