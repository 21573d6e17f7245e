//! Access lists: who may do what, by address and by key.

use crate::name::{Name, NameRef};
use ipnet::IpNet;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

/// What a message asks to do.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Operation {
    /// Ask for an rrset.
    Query,
    /// Have the whole zone, or what changed in it (AXFR, IXFR).
    Transfer,
    /// Say that the zone has changed (NOTIFY).
    Notify,
    /// Change the zone (UPDATE).
    Update,
}

/// Who sent a message: the address that it came from, and the key by which it was found well signed.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_structs, reason = "all that a message proves of its sender")]
pub struct Requestor<'a> {
    /// Source address.
    pub address: IpAddr,
    /// Name of the key; `None` if it was not signed.
    pub key: Option<NameRef<'a>>,
}

/// One line of a list. All of its conditions must hold.
///
/// In text: `any`, an address, a prefix, `key:NAME`, or a prefix and a key with a blank in between; a `!` in
/// front makes it refuse.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rule {
    refuses: bool,
    prefix: Option<IpNet>,
    key: Option<Name>,
}

impl Rule {
    /// True of everyone.
    #[must_use]
    pub const fn any() -> Self {
        Self { refuses: false, prefix: None, key: None }
    }

    /// True of addresses in this prefix.
    #[must_use]
    pub const fn prefix(prefix: IpNet) -> Self {
        Self { refuses: false, prefix: Some(prefix), key: None }
    }

    /// True of who signs with this key.
    #[must_use]
    pub fn key(name: NameRef<'_>) -> Self {
        Self { refuses: false, prefix: None, key: Some(name.to_name()) }
    }

    /// With this prefix as a further condition.
    #[must_use]
    pub const fn and_prefix(mut self, prefix: IpNet) -> Self {
        self.prefix = Some(prefix);
        self
    }

    /// The same condition, but whom it is true of is refused.
    #[must_use]
    pub const fn refusing(mut self) -> Self {
        self.refuses = true;
        self
    }

    /// Is it about this sender?
    #[must_use]
    pub fn matches(&self, who: &Requestor<'_>) -> bool {
        // An IPv4 sender on an IPv6 socket is what it is.
        let address = who.address.to_canonical();
        let in_prefix = self.prefix.is_none_or(|prefix| prefix.contains(&address));
        let with_key = self.key.as_ref().is_none_or(|key| who.key == Some(key.as_ref()));
        in_prefix && with_key
    }
}

/// The text is no rule of an access list.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{text:?} is neither `any`, an address, a prefix nor `key:NAME`")]
#[allow(clippy::exhaustive_structs, reason = "says all it can")]
pub struct RuleError {
    /// The text.
    pub text: String,
}

impl FromStr for Rule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let error = || RuleError { text: text.to_owned() };
        let (refuses, conditions) = match text.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let mut rule = Self { refuses, ..Self::any() };
        let mut any = false;
        for word in conditions.split_ascii_whitespace() {
            let is_new = if word == "any" {
                !any && rule == Self { refuses, ..Self::any() }
            } else if let Some(name) = word.strip_prefix("key:") {
                !any && rule.key.replace(name.parse().map_err(|_| error())?).is_none()
            } else {
                !any && rule.prefix.replace(parse_prefix(word).ok_or_else(error)?).is_none()
            };
            any |= word == "any";
            if !is_new {
                return Err(error());
            }
        }
        let is_empty = !any && rule.prefix.is_none() && rule.key.is_none();
        if is_empty { Err(error()) } else { Ok(rule) }
    }
}

fn parse_prefix(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bang = if self.refuses { "!" } else { "" };
        match (&self.prefix, &self.key) {
            (None, None) => write!(f, "{bang}any"),
            (Some(prefix), None) => write!(f, "{bang}{prefix}"),
            (None, Some(key)) => write!(f, "{bang}key:{key}"),
            (Some(prefix), Some(key)) => write!(f, "{bang}{prefix} key:{key}"),
        }
    }
}

/// Rules in order: the first that matches a sender decides. Without one it is refused. Clones share them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AccessList {
    rules: Arc<[Rule]>,
}

impl AccessList {
    /// Refuses everyone.
    #[must_use]
    pub fn nobody() -> Self {
        Self::default()
    }

    /// Permits everyone.
    #[must_use]
    pub fn anyone() -> Self {
        Self { rules: Arc::new([Rule::any()]) }
    }

    /// Reads rules in text.
    pub fn parse<T: AsRef<str>>(rules: impl IntoIterator<Item = T>) -> Result<Self, RuleError> {
        rules.into_iter().map(|rule| rule.as_ref().parse()).collect::<Result<_, _>>()
    }

    /// May this sender?
    #[must_use]
    pub fn permits(&self, who: &Requestor<'_>) -> bool {
        self.rules.iter().find(|rule| rule.matches(who)).is_some_and(|rule| !rule.refuses)
    }
}

impl FromIterator<Rule> for AccessList {
    fn from_iter<I: IntoIterator<Item = Rule>>(rules: I) -> Self {
        Self { rules: rules.into_iter().collect() }
    }
}

/// A zone's lists, one for each operation. By itself it lets everyone ask and nobody do anything else.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_structs, reason = "a list for each operation")]
pub struct Access {
    /// Who may ask.
    pub query: AccessList,
    /// Who may have the zone.
    pub transfer: AccessList,
    /// Who may say that it has changed.
    pub notify: AccessList,
    /// Who may change it.
    pub update: AccessList,
}

impl Default for Access {
    fn default() -> Self {
        let nobody = AccessList::nobody;
        Self { query: AccessList::anyone(), transfer: nobody(), notify: nobody(), update: nobody() }
    }
}

impl Access {
    /// May this sender do that?
    #[must_use]
    pub fn permits(&self, operation: Operation, who: &Requestor<'_>) -> bool {
        let list = match operation {
            Operation::Query => &self.query,
            Operation::Transfer => &self.transfer,
            Operation::Notify => &self.notify,
            Operation::Update => &self.update,
        };
        list.permits(who)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permits(rules: &[&str], address: &str, key: Option<&str>) -> bool {
        let key: Option<Name> = key.map(|key| key.parse().unwrap());
        let who = Requestor { address: address.parse().unwrap(), key: key.as_ref().map(Name::as_ref) };
        AccessList::parse(rules).unwrap().permits(&who)
    }

    #[test]
    fn by_address_and_key() {
        let rules = ["127.0.0.0/8", "key:xfr", "2001:db8::1"];
        assert!(permits(&rules, "127.1.2.3", None));
        assert!(permits(&rules, "::ffff:127.0.0.1", None));
        assert!(permits(&rules, "192.0.2.1", Some("XFR.")));
        assert!(permits(&rules, "2001:db8::1", Some("other")));
        assert!(!permits(&rules, "2001:db8::2", Some("other")));
        assert!(!permits(&rules, "192.0.2.1", None));
        assert!(!permits(&[], "127.0.0.1", Some("xfr")));
    }

    #[test]
    fn the_first_match_decides_and_all_its_conditions_hold() {
        let rules = ["!10.0.0.1", "10.0.0.0/24 key:k", "!key:k", "any"];
        assert!(!permits(&rules, "10.0.0.1", Some("k")));
        assert!(permits(&rules, "10.0.0.2", Some("k")));
        assert!(permits(&rules, "10.0.0.2", None));
        assert!(!permits(&rules, "192.0.2.1", Some("k")));
        assert!(permits(&rules, "192.0.2.1", None));
    }

    #[test]
    fn bad_rules_are_refused_and_good_ones_read_back() {
        for bad in
            ["", "!", "10.0.0.0/33", "key:", "key:a..b", "any any", "any 10.0.0.1", "10.0.0.1 any", "x"]
        {
            assert_eq!(bad.parse::<Rule>(), Err(RuleError { text: bad.to_owned() }), "{bad}");
        }
        for good in ["any", "!any", "10.0.0.0/8", "key:a.b.", "!::1/128 key:k."] {
            assert_eq!(good.parse::<Rule>().unwrap().to_string(), good);
        }
    }

    #[test]
    fn clones_share_their_rules() {
        let list = AccessList::parse(["10.0.0.0/8", "key:k"]).unwrap();
        let access = Access { update: list.clone(), ..Access::default() };
        assert!(Arc::ptr_eq(&list.rules, &access.clone().update.rules));
    }

    #[test]
    fn by_operation() {
        let access = Access { transfer: AccessList::parse(["::1"]).unwrap(), ..Access::default() };
        let who = Requestor { address: "::1".parse().unwrap(), key: None };
        assert!(access.permits(Operation::Query, &who) && access.permits(Operation::Transfer, &who));
        assert!(!access.permits(Operation::Update, &who) && !access.permits(Operation::Notify, &who));
    }
}
