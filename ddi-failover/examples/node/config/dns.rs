//! `[dns]`, `[[zone]]` and `[[tsig_key]]`.

use super::place::{At, Fault};
use super::values::Base64;
use ddi_dns::Name;
use serde::Deserialize;
use std::net::SocketAddrV4;
use std::path::PathBuf;

/// `[dns]`: the name server.
#[derive(Deserialize, Hash)]
#[serde(deny_unknown_fields)]
pub struct Dns {
    /// Address and port, of UDP and TCP alike.
    pub listen: At<SocketAddrV4>,
    /// What is told to a client that asks who answers (RFC 5001).
    pub nsid: Option<String>,
    /// The longest answer over UDP, in bytes; 1232.
    pub udp_payload_max: Option<At<u16>>,
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
    pub primaries: Vec<SocketAddrV4>,
    /// The TSIG key that a secondary asks with.
    pub primaries_key: Option<At<String>>,
    /// A primary reads it at its first start; after that the journal holds the zone.
    pub file: Option<PathBuf>,
    /// Who is told of each new serial.
    #[serde(default)]
    pub notify: Vec<SocketAddrV4>,
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
