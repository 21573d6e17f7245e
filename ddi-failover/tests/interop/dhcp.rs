//! The little of DHCP that an observer needs, read apart from ddi's own codec.

use std::net::Ipv4Addr;

pub(crate) const DISCOVER: u8 = 1;
pub(crate) const OFFER: u8 = 2;
pub(crate) const REQUEST: u8 = 3;
pub(crate) const DECLINE: u8 = 4;
pub(crate) const ACK: u8 = 5;

/// The magic cookie (RFC 2131 section 3), by which a DHCP message is told, 236 bytes into it.
const COOKIE: [u8; 4] = [0x63, 0x82, 0x53, 0x63];
const COOKIE_AT: usize = 236;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Message {
    /// Option 53.
    pub(crate) kind: u8,
    pub(crate) xid: u32,
    pub(crate) ciaddr: Ipv4Addr,
}

/// The DHCP message in these bytes, whatever headers are before it.
pub(crate) fn message(bytes: &[u8]) -> Option<Message> {
    let cookie = bytes.windows(4).position(|w| w == COOKIE)?;
    let bootp = &bytes[cookie.checked_sub(COOKIE_AT)?..];
    let four = |at: usize| <[u8; 4]>::try_from(&bootp[at..at + 4]).expect("four bytes");
    let kind = option(&bytes[cookie + 4..], 53)?.first().copied()?;
    Some(Message { kind, xid: u32::from_be_bytes(four(4)), ciaddr: four(12).into() })
}

fn option(mut options: &[u8], code: u8) -> Option<&[u8]> {
    loop {
        match options {
            [0, rest @ ..] => options = rest,
            [255, ..] | [] | [_] => return None,
            [found, len, rest @ ..] => {
                let value = rest.get(..usize::from(*len))?;
                if *found == code {
                    return Some(value);
                }
                options = &rest[value.len()..];
            }
        }
    }
}
