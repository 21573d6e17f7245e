//! A set of options by code, with helpers for the formats that are easily got wrong.

use ipnet::Ipv4Net;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// Options by code: any code, any bytes. Values longer than 255 bytes are split on the wire (RFC 3396).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OptionSet {
    options: BTreeMap<u8, OptionData>,
}

/// One option's value.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct OptionData {
    pub(crate) bytes: Vec<u8>,
    pub(crate) always: bool,
}

/// A value that the option's format can't hold.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OptionError {
    /// A label of a name is empty or longer than 63 bytes, or the name is longer than 255 (RFC 1035).
    #[error("{name:?} is not a domain name")]
    Name {
        /// The name.
        name: String,
    },
}

impl OptionSet {
    /// No options.
    #[must_use]
    pub const fn new() -> Self {
        Self { options: BTreeMap::new() }
    }

    /// Sets an option; it is sent to clients that ask for it, and to those that ask for nothing.
    pub fn set(&mut self, code: u8, bytes: impl Into<Vec<u8>>) -> &mut Self {
        self.options.insert(code, OptionData { bytes: bytes.into(), always: false });
        self
    }

    /// Sets an option that is sent to every client, asked for or not.
    pub fn set_always(&mut self, code: u8, bytes: impl Into<Vec<u8>>) -> &mut Self {
        self.options.insert(code, OptionData { bytes: bytes.into(), always: true });
        self
    }

    /// Sets an option that is a list of addresses: routers (3), DNS servers (6), NTP servers (42), ...
    pub fn set_addrs(&mut self, code: u8, addrs: &[Ipv4Addr]) -> &mut Self {
        self.set(code, addrs.iter().flat_map(Ipv4Addr::octets).collect::<Vec<_>>())
    }

    /// Sets an option that is a 32-bit number.
    pub fn set_u32(&mut self, code: u8, value: u32) -> &mut Self {
        self.set(code, value.to_be_bytes())
    }

    /// Sets the classless static routes, option 121 (RFC 3442): destination, router.
    pub fn set_classless_routes(&mut self, routes: &[(Ipv4Net, Ipv4Addr)]) -> &mut Self {
        let mut bytes = Vec::new();
        for (destination, router) in routes {
            let len = destination.prefix_len();
            bytes.push(len);
            // The significant octets only.
            bytes.extend_from_slice(&destination.network().octets()[..usize::from(len.div_ceil(8))]);
            bytes.extend_from_slice(&router.octets());
        }
        self.set(121, bytes)
    }

    /// Sets the domain search list, option 119 (RFC 3397), without compression.
    ///
    /// # Errors
    /// If a name is not one.
    pub fn set_domain_search(&mut self, names: &[&str]) -> Result<&mut Self, OptionError> {
        let mut bytes = Vec::new();
        for name in names {
            let bad = || OptionError::Name { name: (*name).to_owned() };
            let start = bytes.len();
            for label in name.trim_end_matches('.').split('.') {
                let len = u8::try_from(label.len()).ok().filter(|len| (1..=63).contains(len)).ok_or_else(bad)?;
                bytes.push(len);
                bytes.extend_from_slice(label.as_bytes());
            }
            bytes.push(0);
            if bytes.len() - start > 255 {
                return Err(bad());
            }
        }
        Ok(self.set(119, bytes))
    }

    /// Takes an option out.
    pub fn unset(&mut self, code: u8) {
        self.options.remove(&code);
    }

    /// The value of an option.
    #[must_use]
    pub fn get(&self, code: u8) -> Option<&[u8]> {
        self.options.get(&code).map(|data| &data.bytes[..])
    }

    /// The codes that are set, in order.
    pub fn codes(&self) -> impl Iterator<Item = u8> + '_ {
        self.options.keys().copied()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u8, &OptionData)> {
        self.options.iter().map(|(&code, data)| (code, data))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats() {
        let mut set = OptionSet::new();
        let route = |net: &str, router: [u8; 4]| (net.parse::<Ipv4Net>().unwrap(), Ipv4Addr::from(router));
        set.set_classless_routes(&[route("0.0.0.0/0", [10, 0, 0, 1]), route("10.17.0.0/12", [10, 0, 0, 2])]);
        // RFC 3442: "10.0.0.0/12"-like destinations carry two octets.
        assert_eq!(set.get(121).unwrap(), [0, 10, 0, 0, 1, 12, 10, 16, 10, 0, 0, 2]);
        set.set_domain_search(&["eng.example.com", "b."]).unwrap();
        assert_eq!(set.get(119).unwrap(), b"\x03eng\x07example\x03com\x00\x01b\x00");
        assert!(set.set_domain_search(&["a..b"]).is_err());
        assert!(set.set_domain_search(&[&"x".repeat(64)]).is_err());
        assert!(set.set_domain_search(&[&["abcdefg"; 40].join(".")]).is_err());
        set.set_addrs(6, &[[1, 2, 3, 4].into(), [5, 6, 7, 8].into()]).set_u32(2, 7);
        assert_eq!(set.get(6).unwrap(), [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(set.codes().collect::<Vec<_>>(), [2, 6, 119, 121]);
    }
}
