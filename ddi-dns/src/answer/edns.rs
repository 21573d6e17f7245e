//! EDNS (RFC 6891): what a query's OPT says, and the OPT of the response.

use crate::message::Rcode;

const NSID: u16 = 3;
const EXPIRE: u16 = 9;
const COOKIE: u16 = 10;
const EXTENDED_ERROR: u16 = 15;

/// Bytes of an OPT without options.
const OPT_LEN: usize = 11;
/// Bytes of an option's code and length.
const OPTION_HEADER_LEN: usize = 4;
/// Most bytes of a server's identifier (RFC 5001) that are sent.
pub const NSID_MAX: usize = 128;
/// Most bytes of a response's options.
pub(super) const OPTIONS_MAX: usize = 5 * OPTION_HEADER_LEN + NSID_MAX + COOKIE_LEN + 4 + 2;
/// DNSSEC OK, among OPT's flags (RFC 3225).
const DO: u32 = 0x8000;

/// Bytes of a client's cookie (RFC 7873 section 4).
pub(super) const CLIENT_COOKIE_LEN: usize = 8;
/// Bytes of a client's cookie and a server's, in the form of RFC 9018 section 4.
pub(super) const COOKIE_LEN: usize = 24;

/// An extended error's info code (RFC 8914 section 4).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(clippy::exhaustive_structs, reason = "a plain number with names")]
pub struct Ede(pub u16);

#[allow(missing_docs, reason = "each is the standard's own name")]
impl Ede {
    pub const INVALID_DATA: Self = Self(24);
    pub const NOT_AUTHORITATIVE: Self = Self(20);
    pub const NOT_SUPPORTED: Self = Self(21);
    pub const UNSUPPORTED_NSEC3_ITERATIONS: Self = Self(27);
    pub const INVALID_QUERY_TYPE: Self = Self(30);
}

/// A query's OPT.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edns<'q> {
    /// Largest response over UDP that the client takes.
    pub(super) udp_size: u16,
    pub(super) version: u8,
    pub(super) dnssec_ok: bool,
    /// Asks for the server's identifier (RFC 5001).
    pub(super) nsid: bool,
    /// Asks for the zone's expiry (RFC 7314).
    pub(super) expire: bool,
    /// The first cookie option, of a legal length.
    pub(super) cookie: Option<&'q [u8]>,
}

impl<'q> Edns<'q> {
    /// What can be read in any case, and whether the options are well-formed.
    pub(super) fn parse(class: u16, ttl: u32, options: &'q [u8]) -> (Self, Result<(), ()>) {
        let mut edns = Self {
            udp_size: class,
            version: (ttl >> 16) as u8,
            dnssec_ok: ttl & DO != 0,
            nsid: false,
            expire: false,
            cookie: None,
        };
        let good = if edns.version == 0 { edns.read(options) } else { Ok(()) };
        (edns, good)
    }

    fn read(&mut self, mut options: &'q [u8]) -> Result<(), ()> {
        while !options.is_empty() {
            let &[c0, c1, n0, n1, ref after @ ..] = options else {
                return Err(());
            };
            let len = usize::from(u16::from_be_bytes([n0, n1]));
            let (value, after) = after.split_at_checked(len).ok_or(())?;
            match u16::from_be_bytes([c0, c1]) {
                NSID => self.nsid = true,
                EXPIRE => self.expire = true,
                COOKIE if self.cookie.is_none() => match value.len() {
                    CLIENT_COOKIE_LEN | 16..=40 => self.cookie = Some(value),
                    _ => return Err(()),
                },
                _ => {}
            }
            options = after;
        }
        Ok(())
    }
}

/// The OPT of a response.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opt<'a> {
    pub(super) udp_size: u16,
    pub(super) dnssec_ok: bool,
    pub(super) rcode: Rcode,
    pub(super) nsid: Option<&'a [u8]>,
    pub(super) cookie: Option<[u8; COOKIE_LEN]>,
    pub(super) ede: Option<Ede>,
    pub(super) expire_seconds: Option<u32>,
}

impl Opt<'_> {
    /// Its fixed part where a record has its TTL (RFC 6891 section 6.1.3).
    pub(super) fn ttl(&self) -> u32 {
        u32::from(self.rcode.0 >> 4) << 24 | if self.dnssec_ok { DO } else { 0 }
    }

    /// Emits the options into `out`; gives their length.
    pub(super) fn emit_options(&self, out: &mut [u8; OPTIONS_MAX]) -> usize {
        let mut len = 0;
        let mut put = |code: u16, value: &[u8]| {
            let end = len + OPTION_HEADER_LEN + value.len();
            let Some(option) = out.get_mut(len..end) else {
                debug_assert!(false, "all options together fit");
                return;
            };
            let (header, body) = option.split_at_mut(OPTION_HEADER_LEN);
            header[..2].copy_from_slice(&code.to_be_bytes());
            header[2..].copy_from_slice(&(value.len() as u16).to_be_bytes());
            body.copy_from_slice(value);
            len = end;
        };
        if let Some(nsid) = self.nsid {
            put(NSID, &nsid[..nsid.len().min(NSID_MAX)]);
        }
        if let Some(seconds) = self.expire_seconds {
            put(EXPIRE, &seconds.to_be_bytes());
        }
        if let Some(cookie) = &self.cookie {
            put(COOKIE, cookie);
        }
        if let Some(Ede(code)) = self.ede {
            put(EXTENDED_ERROR, &code.to_be_bytes());
        }
        len
    }

    /// Bytes to hold back for it, with any error and expiry that may come.
    pub(super) fn len_max(&self, expire: bool) -> usize {
        let nsid = self.nsid.map_or(0, |nsid| OPTION_HEADER_LEN + nsid.len().min(NSID_MAX));
        let cookie = self.cookie.map_or(0, |cookie| OPTION_HEADER_LEN + cookie.len());
        let expire = if expire { OPTION_HEADER_LEN + 4 } else { 0 };
        OPT_LEN + nsid + cookie + expire + OPTION_HEADER_LEN + 2
    }
}
