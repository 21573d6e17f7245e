//! `[dns]`, `[[zone]]` and `[[tsig_key]]`.

use super::place::{At, Fault};
use super::values::Base64;
use ddi_dns::Name;
use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

/// `[dns]`: the name server.
#[derive(Deserialize, Hash)]
#[serde(deny_unknown_fields)]
pub struct Dns {
    /// Address and port, of UDP and TCP alike, or several of them.
    pub listen: At<Listen>,
    /// What is told to a client that asks who answers (RFC 5001).
    pub nsid: Option<String>,
    /// The longest answer over UDP, in bytes; 1232.
    pub udp_payload_max: Option<At<u16>>,
    /// Say only what a resolver needs: no NS in the authority section of positive answers.
    #[serde(default)]
    pub minimal_responses: bool,
}

/// `"127.0.0.1:53"`, or `["127.0.0.1:53", "[::1]:53"]`.
#[derive(Hash)]
pub struct Listen(pub Vec<SocketAddr>);

impl<'de> Deserialize<'de> for Listen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListenVisitor)
    }
}

struct ListenVisitor;

impl<'de> Visitor<'de> for ListenVisitor {
    type Value = Listen;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an address with a port, or an array of them")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Listen, E> {
        let address = text.parse().map_err(|e| E::custom(format!("{text:?}: {e}")))?;
        Ok(Listen(vec![address]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Listen, A::Error> {
        let mut addresses = Vec::new();
        while let Some(address) = seq.next_element()? {
            addresses.push(address);
        }
        Ok(Listen(addresses))
    }
}

/// `[[zone]]`.
#[derive(Deserialize, Hash)]
#[serde(deny_unknown_fields)]
pub struct Zone {
    /// The apex, such as `example.com`.
    pub name: At<String>,
    pub role: ZoneRole,
    /// Where a secondary gets the zone.
    #[serde(default)]
    pub primaries: Vec<SocketAddr>,
    /// The TSIG key that a secondary asks with.
    pub primaries_key: Option<At<String>>,
    /// A primary reads it at its first start; after that the journal holds the zone.
    pub file: Option<PathBuf>,
    /// Who is told of each new serial.
    #[serde(default)]
    pub notify: Vec<SocketAddr>,
    /// The TSIG key that they are told with.
    pub notify_key: Option<At<String>>,
    /// Who may transfer: prefixes and `key:NAME`.
    #[serde(default)]
    pub allow_transfer: Vec<At<String>>,
    /// Who may update: prefixes and `key:NAME`.
    #[serde(default)]
    pub allow_update: Vec<At<String>>,
    /// Who may update what, where that is not the same for all.
    #[serde(default)]
    pub update_policy: Vec<At<Grant>>,
    #[serde(default)]
    pub serial_policy: SerialPolicy,
    /// A secondary takes deltas that don't fit exactly; else it asks for the whole zone.
    #[serde(default)]
    pub ixfr_tolerant: bool,
    /// Several deltas are given as one.
    #[serde(default)]
    pub condense: bool,
    #[serde(default)]
    pub history: HistoryOf,
}

/// All that a zone's settings depend on: zones with the same have the same.
#[derive(PartialEq, Eq, Hash)]
pub struct Alike<'z> {
    who: [Vec<&'z str>; 2],
    others: [&'z [SocketAddr]; 2],
    keys: [Option<&'z str>; 2],
    grants: &'z [At<Grant>],
    rest: (ZoneRole, SerialPolicy, bool, bool, HistoryOf),
}

impl Zone {
    pub fn alike(&self) -> Alike<'_> {
        Alike {
            who: [texts(&self.allow_transfer), texts(&self.allow_update)],
            others: [&self.primaries, &self.notify],
            keys: [key(self.primaries_key.as_ref()), key(self.notify_key.as_ref())],
            grants: &self.update_policy,
            rest: (self.role, self.serial_policy, self.ixfr_tolerant, self.condense, self.history),
        }
    }
}

fn texts(all: &[At<String>]) -> Vec<&str> {
    all.iter().map(|one| &one.get_ref()[..]).collect()
}

fn key(key: Option<&At<String>>) -> Option<&str> {
    key.map(|key| &key.get_ref()[..])
}

/// `history` of a zone: how much of it is kept for those who ask for what has changed.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[serde(deny_unknown_fields, default)]
pub struct HistoryOf {
    /// Most deltas.
    pub deltas: Option<usize>,
    /// Most of it in memory.
    pub mib: Option<u16>,
    /// Most bytes in percent of the zone's; where more has changed the whole zone is given.
    pub percent_of_zone: Option<u32>,
}

/// One line of an `update_policy`: the first that fits sender, name and type decides.
#[derive(Deserialize, PartialEq, Eq, Hash)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// As in `allow_update`; with `!` it forbids.
    pub who: String,
    /// A name; `.NAME`: it and all below; `*.NAME`: all directly below; `self`, `.self`: the key's name. All names
    /// if absent.
    pub name: Option<String>,
    /// All that hold no zone together if absent; `ANY`: all.
    #[serde(default)]
    pub types: Vec<String>,
}

/// Whether the zone is changed here or followed.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[serde(rename_all = "lowercase")]
pub enum ZoneRole {
    Primary,
    Secondary,
}

/// How an update chooses the next serial.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[serde(rename_all = "lowercase")]
pub enum SerialPolicy {
    #[default]
    Increment,
    /// Seconds since 1970.
    Unix,
    /// YYYYMMDDnn.
    Date,
    /// `[R, M]`: only serials that leave R when divided by M.
    Modulo([u16; 2]),
}

/// `[[tsig_key]]`.
#[derive(Deserialize, Hash)]
#[serde(deny_unknown_fields)]
pub struct TsigKey {
    pub name: At<String>,
    /// `hmac-sha256` and so on.
    pub algorithm: At<String>,
    pub secret: Base64,
}

/// `ddns` of a subnet: the zones that its clients' names stand in.
#[derive(Deserialize, Hash)]
#[serde(deny_unknown_fields)]
pub struct Ddns {
    pub forward: At<String>,
    pub reverse: At<String>,
}

/// A zone's or key's name.
pub fn name(text: &At<String>) -> Result<Name, Fault> {
    text.get_ref().parse().map_err(|e| Fault::new(text, format!("{:?} is not a name: {e}", text.get_ref())))
}
