//! Values of two options that are easily got wrong.

use ipnet::Ipv4Net;
use std::net::Ipv4Addr;

/// A name that is not one (RFC 1035): a label is empty or longer than 63 bytes, or the whole longer than 255.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{name:?} is not a domain name")]
#[allow(clippy::exhaustive_structs, reason = "there is nothing more to say")]
pub struct BadName {
    /// The name.
    pub name: String,
}

/// Classless static routes, option 121 (RFC 3442): destination and router of each.
#[must_use]
pub fn classless_routes(routes: &[(Ipv4Net, Ipv4Addr)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (destination, router) in routes {
        let len = destination.prefix_len();
        bytes.push(len);
        // The significant octets only.
        bytes.extend(destination.network().octets().iter().take(usize::from(len.div_ceil(8))));
        bytes.extend_from_slice(&router.octets());
    }
    bytes
}

/// Domain search list, option 119 (RFC 3397), without compression.
///
/// # Errors
/// If a name is not one.
pub fn domain_search(names: &[&str]) -> Result<Vec<u8>, BadName> {
    let mut bytes = Vec::new();
    for name in names {
        let bad = || BadName { name: (*name).to_owned() };
        let start = bytes.len();
        for label in name.strip_suffix('.').unwrap_or(name).split('.') {
            let len = u8::try_from(label.len()).ok().filter(|len| (1..=63).contains(len)).ok_or_else(bad)?;
            bytes.push(len);
            bytes.extend_from_slice(label.as_bytes());
        }
        bytes.push(0);
        if bytes.len() - start > 255 {
            return Err(bad());
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats() {
        let route = |net: &str, router: [u8; 4]| (net.parse::<Ipv4Net>().unwrap(), Ipv4Addr::from(router));
        let routes = [route("0.0.0.0/0", [10, 0, 0, 1]), route("10.17.0.0/12", [10, 0, 0, 2])];
        assert_eq!(classless_routes(&routes), [0, 10, 0, 0, 1, 12, 10, 16, 10, 0, 0, 2]);
        let search = domain_search(&["eng.example.com", "b."]).unwrap();
        assert_eq!(search, b"\x03eng\x07example\x03com\x00\x01b\x00");
        for bad in ["a..b", "", &"x".repeat(64), &["abcdefg"; 40].join(".")] {
            assert!(domain_search(&[bad]).is_err(), "{bad}");
        }
    }
}
