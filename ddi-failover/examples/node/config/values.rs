//! Values that TOML has no type for, written as strings.

use ipnet::Ipv4Net;
use serde::Deserialize;
use std::net::Ipv4Addr;

/// `10.77.0.0/16`, without host bits.
#[derive(Deserialize, Clone, Copy)]
#[serde(try_from = "String")]
pub struct Prefix(pub Ipv4Net);

impl TryFrom<String> for Prefix {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let net: Ipv4Net =
            text.parse().map_err(|_| format!("{text:?} is not a prefix such as 10.77.0.0/16"))?;
        if net.trunc() != net {
            return Err(format!("{text} has host bits set: {} is meant?", net.trunc()));
        }
        Ok(Self(net))
    }
}

/// `10.77.16.0-10.77.255.250`, or one address: first and last.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(try_from = "String")]
pub struct Range {
    pub first: Ipv4Addr,
    pub last: Ipv4Addr,
}

impl TryFrom<String> for Range {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (first, last) = text.split_once('-').unwrap_or((&text, &text));
        match (first.trim().parse(), last.trim().parse()) {
            (Ok(first), Ok(last)) if first <= last => Ok(Self { first, last }),
            (Ok(_), Ok(_)) => Err(format!("{text}: the last address is before the first")),
            _ => Err(format!("{text:?} is not a range such as 10.77.16.0-10.77.255.250")),
        }
    }
}

/// An Ethernet address or the start of one: `02:00:00:00:00:01`.
#[derive(Deserialize, Clone, PartialEq, Eq, Hash)]
#[serde(try_from = "String")]
pub struct HwBytes(pub Vec<u8>);

impl TryFrom<String> for HwBytes {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let parts: Option<Vec<u8>> = text.split(':').map(|two| pair(two.as_bytes())).collect();
        match parts {
            Some(parts) if parts.len() <= 16 => Ok(Self(parts)),
            _ => Err(format!("{text:?} is not a link-layer address such as 02:00:00:00:00:01")),
        }
    }
}

/// Bytes: `hex:01ff` (colons allowed), or text taken as it stands.
#[derive(Deserialize, Clone, PartialEq, Eq, Hash)]
#[serde(try_from = "String")]
pub struct Hex(pub Vec<u8>);

impl TryFrom<String> for Hex {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        bytes(&text).map(Self)
    }
}

/// The bytes that `text` stands for: see [`Hex`].
pub fn bytes(text: &str) -> Result<Vec<u8>, String> {
    let Some(digits) = text.strip_prefix("hex:") else { return Ok(text.as_bytes().to_vec()) };
    let digits: Vec<u8> = digits.bytes().filter(|byte| *byte != b':').collect();
    let pairs: Option<Vec<u8>> = digits.chunks(2).map(pair).collect();
    pairs.ok_or_else(|| format!("{text:?} does not hold pairs of hex digits"))
}

/// `4491` or `4491:docsis3.1`: a vendor's enterprise number, and a class of its own, as [`Hex`].
#[derive(Deserialize, Clone)]
#[serde(try_from = "String")]
pub struct EnterpriseClass {
    pub enterprise: u32,
    /// Empty: any.
    pub class: Vec<u8>,
}

impl TryFrom<String> for EnterpriseClass {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (number, class) = text.split_once(':').unwrap_or((&text, ""));
        let enterprise = number
            .parse()
            .map_err(|_| format!("{text:?} does not begin with an enterprise number, as 4491:class does"))?;
        Ok(Self { enterprise, class: bytes(class)? })
    }
}

/// A key, in base64.
#[derive(Deserialize, Clone, PartialEq, Eq, Hash)]
#[serde(try_from = "String")]
pub struct Base64(pub Vec<u8>);

impl TryFrom<String> for Base64 {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let bytes = data_encoding::BASE64.decode(text.as_bytes());
        bytes.map(Self).map_err(|e| format!("the secret is not base64: {e}"))
    }
}

fn pair(digits: &[u8]) -> Option<u8> {
    let [high, low] = *digits else { return None };
    let nibble = |digit: u8| char::from(digit).to_digit(16);
    u8::try_from(nibble(high)? * 16 + nibble(low)?).ok()
}
