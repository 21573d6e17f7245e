//! Who may change what.

use crate::acl::{AccessList, Requestor, Rule};
use crate::name::{Name, NameRef};
use crate::rr::Rtype;

/// What senders may change in a zone.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Policy {
    /// Whoever the list permits may change everything.
    List(AccessList),
    /// For each change, the first grant that fits sender, name and type decides; without one it is refused.
    Grants(Vec<Grant>),
}

impl Default for Policy {
    fn default() -> Self {
        Self::List(AccessList::nobody())
    }
}

impl Policy {
    /// May this sender change anything at all?
    #[must_use]
    pub fn knows(&self, who: &Requestor<'_>) -> bool {
        match self {
            Self::List(list) => list.permits(who),
            Self::Grants(grants) => grants.iter().any(|grant| grant.permits && grant.who.matches(who)),
        }
    }

    /// May this sender add or delete records of this name and type?
    #[must_use]
    pub fn permits(&self, who: &Requestor<'_>, name: NameRef<'_>, rtype: Rtype) -> bool {
        match self {
            Self::List(list) => list.permits(who),
            Self::Grants(grants) => {
                let fits = |grant: &&Grant| {
                    grant.who.matches(who) && grant.names.hold(who, name) && grant.types.hold(rtype)
                };
                grants.iter().find(fits).is_some_and(|grant| grant.permits)
            }
        }
    }
}

/// One line of a policy.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_structs, reason = "sender, name, type, and what is said of them")]
pub struct Grant {
    /// False: it forbids.
    pub permits: bool,
    /// Which senders it is about. Its own `!` means nothing here.
    pub who: Rule,
    /// Which names.
    pub names: Names,
    /// Which types.
    pub types: Types,
}

/// Names that a grant is about.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Names {
    /// All of the zone.
    All,
    /// This name.
    Exactly(Name),
    /// This name and all below it.
    AtOrBelow(Name),
    /// All names directly below this one, as a wildcard there would be.
    ChildrenOf(Name),
    /// The name of the key that the sender signs with: a host's own name.
    OwnName,
    /// That, and all below it.
    AtOrBelowOwnName,
}

impl Names {
    fn hold(&self, who: &Requestor<'_>, name: NameRef<'_>) -> bool {
        match self {
            Self::All => true,
            Self::Exactly(this) => name == this.as_ref(),
            Self::AtOrBelow(this) => name.is_at_or_below(this.as_ref()),
            Self::ChildrenOf(this) => name.parent() == Some(this.as_ref()),
            Self::OwnName => who.key == Some(name),
            Self::AtOrBelowOwnName => who.key.is_some_and(|key| name.is_at_or_below(key)),
        }
    }
}

/// Types that a grant is about.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Types {
    /// All but those that hold a zone together: SOA, NS, and what a signer makes.
    Data,
    /// All.
    All,
    /// These.
    Only(Vec<Rtype>),
}

impl Types {
    fn hold(&self, rtype: Rtype) -> bool {
        match self {
            Self::Data => !matches!(
                rtype,
                Rtype::SOA | Rtype::NS | Rtype::RRSIG | Rtype::NSEC | Rtype::NSEC3 | Rtype::NSEC3PARAM
            ),
            Self::All => true,
            Self::Only(these) => these.contains(&rtype),
        }
    }
}
