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
    #[serde(default)]
    pub serial_policy: SerialPolicy,
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
