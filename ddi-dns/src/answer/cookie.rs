//! Server cookies (RFC 7873 section 5.2, RFC 9018 section 4): a hash over the client's cookie and address
//! and a time, so that a server keeps nothing about a client and any server with the secret knows it.

use super::edns::{CLIENT_COOKIE_LEN, COOKIE_LEN};
use ddi_core::UnixTime;
use siphasher::sip::SipHasher24;
use std::fmt;
use std::hash::Hasher;
use std::net::IpAddr;

/// How old a cookie may be, in seconds (RFC 9018 section 4.3).
pub const COOKIE_LIFE_SECONDS: u32 = 3600;
/// How far ahead of our clock a cookie's time may be, in seconds (RFC 9018 section 4.3).
pub const COOKIE_AHEAD_SECONDS: u32 = 300;
/// A cookie that is older, in seconds, is answered with a new one (RFC 9018 section 4.3).
pub const COOKIE_RENEW_SECONDS: u32 = 1800;

/// The version of RFC 9018.
const VERSION: u8 = 1;

/// The secrets that server cookies are made with, the same on all servers of one address.
#[derive(Clone, PartialEq, Eq)]
pub struct CookieSecrets {
    current: [u8; 16],
    other: Option<[u8; 16]>,
}

/// What a query's cookie is worth.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(
    clippy::exhaustive_enums,
    reason = "the five possibilities of RFC 7873 section 5.2, less the malformed"
)]
pub enum CookieCheck {
    /// The query has none, or cookies are not in use.
    Absent,
    /// A client's cookie alone.
    ClientOnly,
    /// A server cookie that is not ours, or too old.
    Invalid,
    /// The client has got a cookie from us at this address before.
    Valid,
}

impl CookieSecrets {
    /// Cookies are made and checked with `current`.
    #[must_use]
    pub const fn new(current: [u8; 16]) -> Self {
        Self { current, other: None }
    }

    /// Cookies made with `other` are good as well: the secret before, or the one to come (RFC 9018 section 5).
    #[must_use]
    pub const fn and_accept(mut self, other: [u8; 16]) -> Self {
        self.other = Some(other);
        self
    }

    /// Checks the value of a cookie option; gives the one to answer with.
    pub(super) fn check(
        &self,
        option: &[u8],
        client: IpAddr,
        now: UnixTime,
    ) -> Option<(CookieCheck, [u8; COOKIE_LEN])> {
        let client_cookie: &[u8; CLIENT_COOKIE_LEN] = option.first_chunk()?;
        let now = now.0 as u32;
        let Ok(whole) = <[u8; COOKIE_LEN]>::try_from(option) else {
            let check = if option.len() == CLIENT_COOKIE_LEN {
                CookieCheck::ClientOnly
            } else {
                CookieCheck::Invalid
            };
            return Some((check, self.make(*client_cookie, client, now)));
        };
        let made = u32::from_be_bytes([whole[12], whole[13], whole[14], whole[15]]);
        // Sequence space: the difference is right whichever of the two has wrapped.
        let age = now.wrapping_sub(made);
        let in_time = age <= COOKIE_LIFE_SECONDS || age.wrapping_neg() <= COOKIE_AHEAD_SECONDS;
        let ours = |secret: &[u8; 16]| hash(secret, &whole[..16], client) == whole[16..];
        let good = whole[8] == VERSION && in_time && (ours(&self.current) || self.other.iter().any(ours));
        if !good {
            return Some((CookieCheck::Invalid, self.make(*client_cookie, client, now)));
        }
        let fresh = age <= COOKIE_RENEW_SECONDS && ours(&self.current);
        Some((CookieCheck::Valid, if fresh { whole } else { self.make(*client_cookie, client, now) }))
    }

    fn make(&self, client_cookie: [u8; CLIENT_COOKIE_LEN], client: IpAddr, now: u32) -> [u8; COOKIE_LEN] {
        let mut cookie = [0; COOKIE_LEN];
        cookie[..8].copy_from_slice(&client_cookie);
        cookie[8] = VERSION;
        cookie[12..16].copy_from_slice(&now.to_be_bytes());
        let hash = hash(&self.current, &cookie[..16], client);
        cookie[16..].copy_from_slice(&hash);
        cookie
    }
}

/// RFC 9018 section 4.4: `front` is client cookie, version, reserved and time.
fn hash(secret: &[u8; 16], front: &[u8], client: IpAddr) -> [u8; 8] {
    let mut hasher = SipHasher24::new_with_key(secret);
    hasher.write(front);
    match client {
        IpAddr::V4(address) => hasher.write(&address.octets()),
        IpAddr::V6(address) => hasher.write(&address.octets()),
    }
    hasher.finish().to_le_bytes()
}

/// Without the secrets.
impl fmt::Debug for CookieSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CookieSecrets").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes<const N: usize>(hex: &str) -> [u8; N] {
        std::array::from_fn(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap())
    }

    /// RFC 9018 appendix A, section by section: secrets, client, time, sent, answered.
    #[test]
    fn vectors_of_rfc_9018() {
        let old = CookieSecrets::new(bytes("e5e973e5a6b2a43f48e7dc849e37bfcf"));
        let new = CookieSecrets::new(bytes("445536bcd2513298075a5d379663c962"));
        let rolled = new.and_accept(bytes("dd3bdf9344b678b185a6f5cb60fca715"));
        let cases: [(&CookieSecrets, &str, u64, &str, CookieCheck, &str); 4] = [
            (
                &old,
                "198.51.100.100",
                1_559_731_985,
                "2464c4abcf10c957",
                CookieCheck::ClientOnly,
                "2464c4abcf10c957010000005cf79f111f8130c3eee29480",
            ),
            (
                &old,
                "198.51.100.100",
                1_559_734_385,
                "2464c4abcf10c957010000005cf79f111f8130c3eee29480",
                CookieCheck::Valid,
                "2464c4abcf10c957010000005cf7a871d4a564a1442aca77",
            ),
            // Appendix A.3 calls it valid, though it is older than the hour of section 4.3.
            (
                &old,
                "203.0.113.203",
                1_559_734_700,
                "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5",
                CookieCheck::Invalid,
                "fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e",
            ),
            (
                &rolled,
                "2001:db8:220:1:59de:d0f4:8769:82b8",
                1_559_741_961,
                "22681ab97d52c298010000005cf7c57926556bd0934c72f8",
                CookieCheck::Valid,
                "22681ab97d52c298010000005cf7c609a6bb79d16625507a",
            ),
        ];
        for (secrets, client, now, sent, check, answered) in cases {
            let sent: Vec<u8> = (0..sent.len() / 2)
                .map(|i| u8::from_str_radix(&sent[2 * i..2 * i + 2], 16).unwrap())
                .collect();
            let got = secrets.check(&sent, client.parse().unwrap(), UnixTime(now));
            assert_eq!(got, Some((check, bytes(answered))), "{client} {now}");
        }
    }

    #[test]
    fn time_address_version_and_hash_count() {
        let secrets = CookieSecrets::new([7; 16]);
        let client: IpAddr = "192.0.2.1".parse().unwrap();
        let check =
            |cookie: &[u8], from: IpAddr, now: u64| secrets.check(cookie, from, UnixTime(now)).unwrap();
        // Across the wrap of the 32-bit time.
        let made = u64::from(u32::MAX) - 10;
        let (_, cookie) = check(&[1; 8], client, made);
        assert_eq!(check(&cookie, client, made + 1800), (CookieCheck::Valid, cookie));
        assert_eq!(check(&cookie, client, made - 300).0, CookieCheck::Valid);
        assert_eq!(check(&cookie, client, made + 3600).0, CookieCheck::Valid);
        assert_ne!(check(&cookie, client, made + 1801).1, cookie);
        assert_eq!(check(&cookie, client, made + 3601).0, CookieCheck::Invalid);
        assert_eq!(check(&cookie, client, made - 301).0, CookieCheck::Invalid);
        assert_eq!(check(&cookie, "192.0.2.2".parse().unwrap(), made).0, CookieCheck::Invalid);
        for at in [0, 8, 9, 12, 23] {
            let mut bad = cookie;
            bad[at] ^= 1;
            assert_eq!(check(&bad, client, made).0, CookieCheck::Invalid, "{at}");
        }
        assert_eq!(check(&cookie[..20], client, made).0, CookieCheck::Invalid);
        assert_eq!(secrets.check(&cookie[..7], client, UnixTime(made)), None);
        assert!(!format!("{secrets:?}").contains('7'));
    }
}
