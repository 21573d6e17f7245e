//! The faults, each named after what it is.

use crate::delta::RecordRef;
use crate::name::{Name, NameRef};
use crate::rr::Rtype;
use std::fmt;

/// Most faults that are told.
pub const FAULTS_MAX: usize = 1000;

/// A fault, and the name that has it.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct ZoneFault {
    /// The name.
    pub owner: Name,
    /// What is wrong.
    pub kind: ZoneFaultKind,
}

impl ZoneFault {
    /// Is it about this record? With [`super::super::Parser::place`] that gives its place in the zone's file: that of
    /// the last such record, if there are several. A fault of a name that has no records is about none.
    #[must_use]
    pub fn is_of(&self, record: &RecordRef<'_>) -> bool {
        record.owner == self.owner.as_ref() && self.kind.is_of(record.rtype)
    }

    /// True if the zone can't be served as it is meant: a name means two things at once, or the zone nothing.
    /// What else is wrong is a matter for who writes it.
    #[must_use]
    pub const fn is_fatal(&self) -> bool {
        matches!(
            self.kind,
            ZoneFaultKind::NoApexNs
                | ZoneFaultKind::CnameAndOtherData
                | ZoneFaultKind::ManyCnames
                | ZoneFaultKind::ManyDnames
                | ZoneFaultKind::DnameAndNs
        )
    }
}

impl fmt::Display for ZoneFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.owner, self.kind)
    }
}

/// What is wrong with a name.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ZoneFaultKind {
    /// RFC 1034 section 4.2.1.
    #[error("the apex has no NS")]
    NoApexNs,
    /// RFC 1034 section 3.6.2, RFC 2181 section 10.1.
    #[error("CNAME and other data")]
    CnameAndOtherData,
    /// RFC 2181 section 10.1.
    #[error("more than one CNAME")]
    ManyCnames,
    /// RFC 6672 section 2.4.
    #[error("more than one DNAME")]
    ManyDnames,
    /// RFC 6672 section 2.3.
    #[error("DNAME and NS, but not at the apex")]
    DnameAndNs,
    /// RFC 6672 section 2.4: such names can't be found.
    #[error("names below a DNAME")]
    BelowDname,
    /// RFC 1034 section 4.2.1.
    #[error("no address of the name server {0} that is in the zone")]
    NoGlue(Name),
    /// RFC 4035 section 2.4.
    #[error("DS at the apex")]
    DsAtApex,
    /// RFC 4035 section 2.4.
    #[error("DS without NS")]
    DsWithoutNs,
    /// The parent holds it.
    #[error("DELEG at the apex")]
    DelegAtApex,
    /// RFC 4509, RFC 6605 section 2, RFC 3658: an unknown digest, or of a wrong length.
    #[error("DS of key {key_tag} has digest type {digest}, unknown or of another length")]
    DsDigest {
        /// Key tag.
        key_tag: u16,
        /// Digest type.
        digest: u8,
    },
    /// RFC 4034 section 2.1.1.
    #[error("DNSKEY {0} is not flagged as a zone key")]
    DnskeyFlags(u16),
    /// RFC 4034 section 2.1.2.
    #[error("DNSKEY {0} has a protocol other than 3")]
    DnskeyProtocol(u16),
    /// A validator would have to try each.
    #[error("too many DNSKEYs with tag {0}")]
    DnskeyTags(u16),
    /// RFC 7344 section 4: both or neither.
    #[error("CDNSKEY without CDS")]
    NoCds,
    /// RFC 7344 section 4.
    #[error("CDS without CDNSKEY")]
    NoCdnskey,
    /// RFC 7344 section 4: the two say the same.
    #[error("no CDNSKEY has the digest of the CDS of key {0}")]
    CdsWithoutCdnskey(u16),
    /// RFC 7344 section 4.
    #[error("no CDS has the digest of CDNSKEY {0}")]
    CdnskeyWithoutCds(u16),
    /// RFC 7344 section 4.1.
    #[error("CDNSKEY {0} is not among the DNSKEYs")]
    CdnskeyWithoutDnskey(u16),
    /// RFC 8078 section 4.
    #[error("CDS or CDNSKEY that deletes is not in its one form, or not alone")]
    ChildDelete,
    /// RFC 4035 section 2.2.
    #[error("{0} has no signature")]
    NoSignature(Rtype),
    /// RFC 4035 section 2.2: an RRSIG must not be signed.
    #[error("signature of signatures")]
    SignatureOfSignatures,
    /// RFC 4035 section 2.2: the signer is the zone.
    #[error("signature of {0} names another signer than the zone")]
    SignatureSigner(Rtype),
    /// RFC 4034 section 3.1.3.
    #[error("signature of {0} has a wrong number of labels")]
    SignatureLabels(Rtype),
    /// RFC 4034 section 3.1.4.
    #[error("signature of {0} has another original ttl than the rrset")]
    SignatureOriginalTtl(Rtype),
    /// RFC 4034 section 3.
    #[error("signature of {0} has another ttl than the rrset")]
    SignatureTtl(Rtype),
    /// RFC 4035 section 2.2.
    #[error("no signature of {0} is of a key of the zone")]
    SignatureKey(Rtype),
    /// RFC 4035 section 2.2: delegations and glue are not signed.
    #[error("signature of {0}, for which the zone is not authoritative")]
    SignatureNotAuthoritative(Rtype),
    /// A signature of what is not there.
    #[error("signature of {0}, which is not there")]
    SignatureOfNothing(Rtype),
    /// RFC 4035 section 2.3.
    #[error("no NSEC")]
    NoNsec,
    /// RFC 4035 section 2.3.
    #[error("more than one NSEC")]
    ManyNsecs,
    /// RFC 4034 section 4.1.1.
    #[error("NSEC does not lead to the next name, {0}")]
    NsecChain(Name),
    /// RFC 4034 section 4.1.2.
    #[error("NSEC has other types than the name")]
    NsecTypes,
    /// RFC 4035 section 2.3.
    #[error("NSEC of a name for which the zone is not authoritative")]
    NsecNotAuthoritative,
    /// RFC 5155 section 7.1.
    #[error("no NSEC3")]
    NoNsec3,
    /// RFC 5155 section 7.1.
    #[error("NSEC3 does not lead to the next hash")]
    Nsec3Chain,
    /// RFC 5155 section 7.1.
    #[error("NSEC3 has other types than the name")]
    Nsec3Types,
    /// RFC 5155 section 6: only where the flag is set may a delegation have no NSEC3.
    #[error("delegation is in the span of an NSEC3 without opt-out")]
    Nsec3OptOut,
    /// An NSEC3 that is none's.
    #[error("NSEC3 of no name")]
    Nsec3OfNothing,
    /// RFC 5155 section 4.1.2.
    #[error("NSEC3PARAM has flags")]
    Nsec3ParamFlags,
    /// RFC 9276 section 3.1. Names are not checked against such a chain.
    #[error("NSEC3 of {0} iterations")]
    Nsec3Iterations(u16),
}

impl ZoneFaultKind {
    /// Can records of this type be what is wrong with their name?
    const fn is_of(&self, rtype: Rtype) -> bool {
        match self {
            Self::NoApexNs => matches!(rtype, Rtype::SOA),
            Self::CnameAndOtherData => matches!(rtype, Rtype::CNAME) || !rtype.may_join_cname(),
            Self::ManyCnames => matches!(rtype, Rtype::CNAME),
            Self::ManyDnames => matches!(rtype, Rtype::DNAME),
            Self::DnameAndNs => matches!(rtype, Rtype::DNAME | Rtype::NS),
            Self::NoGlue(_) => matches!(rtype, Rtype::NS),
            Self::DsAtApex | Self::DsWithoutNs | Self::DsDigest { .. } => matches!(rtype, Rtype::DS),
            // What lacks something, or where the message names the type: the name is place enough.
            _ => true,
        }
    }
}

/// Faults being gathered.
#[derive(Default)]
pub(super) struct Faults(Vec<ZoneFault>);

impl Faults {
    pub(super) fn add(&mut self, owner: NameRef<'_>, kind: ZoneFaultKind) {
        if self.0.len() < FAULTS_MAX {
            self.0.push(ZoneFault { owner: owner.to_name(), kind });
        }
    }
}

impl From<Faults> for Vec<ZoneFault> {
    fn from(faults: Faults) -> Self {
        faults.0
    }
}
