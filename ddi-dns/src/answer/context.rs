//! What an answer depends on besides query and zone.

use super::cookie::{CookieCheck, CookieSecrets};
use crate::message::Rcode;
use crate::name::NameRef;
use ddi_core::UnixTime;
use std::fmt;
use std::net::IpAddr;

/// Bytes that any client takes over UDP (RFC 1035 section 2.3.4).
pub const UDP_SIZE_MIN: u16 = 512;
/// Most bytes that are sent over UDP unless told otherwise: they pass every usual link in one piece.
pub const UDP_SIZE_DEFAULT: u16 = 1232;

/// What the query came over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_enums, reason = "with a limit in size or without")]
pub enum Transport {
    /// Datagrams, limited in size.
    Udp,
    /// A stream: TCP, TLS, QUIC.
    Tcp,
}

/// How much an answer says beyond what was asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[allow(clippy::exhaustive_enums, reason = "there is no third")]
pub enum Detail {
    /// Only what a resolver needs. Short answers are fast, and of less use to who sends queries in others' names.
    Minimal,
    /// The zone's NS rrset in the authority section of positive answers as well, and its addresses
    /// (RFC 1034 section 6.2.1), where there is room: what other servers do unless they are told otherwise.
    #[default]
    Full,
}

/// What stays the same from query to query.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct AnswerConfig {
    /// Most bytes of an answer over UDP, whatever the client takes. At least [`UDP_SIZE_MIN`] is sent.
    pub udp_size: u16,
    /// How much is said.
    pub detail: Detail,
    /// This server's identifier (RFC 5001), of which [`NSID_MAX`](super::NSID_MAX) bytes are sent.
    pub nsid: Option<Box<[u8]>>,
    /// Cookies are given and checked if there are secrets.
    pub cookies: Option<CookieSecrets>,
    /// A client over UDP whose cookie is not good gets no answer: BADCOOKIE if it has sent one, else an empty
    /// answer with TC, which sends it to TCP. For a server that is being used to flood others.
    pub cookies_required: bool,
}

impl Default for AnswerConfig {
    fn default() -> Self {
        Self {
            udp_size: UDP_SIZE_DEFAULT,
            detail: Detail::default(),
            nsid: None,
            cookies: None,
            cookies_required: false,
        }
    }
}

/// Tells in how many seconds the zone of an apex expires, if it is a secondary.
pub type Expires<'e> = dyn Fn(NameRef<'_>) -> Option<u32> + 'e;

/// What belongs to one query.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct AnswerContext<'c> {
    /// What stays.
    pub config: &'c AnswerConfig,
    /// What it came over.
    pub transport: Transport,
    /// Who asks.
    pub client: IpAddr,
    /// When.
    pub now: UnixTime,
    /// Bytes of the limit to leave free, for a TSIG that the caller appends.
    pub reserve: usize,
    /// For the EXPIRE option (RFC 7314); of zones that are no secondaries the SOA's own value is told.
    pub expires: Option<&'c Expires<'c>>,
}

impl<'c> AnswerContext<'c> {
    /// Nothing reserved, no secondaries.
    #[must_use]
    pub const fn new(config: &'c AnswerConfig, transport: Transport, client: IpAddr, now: UnixTime) -> Self {
        Self { config, transport, client, now, reserve: 0, expires: None }
    }
}

impl fmt::Debug for AnswerContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnswerContext")
            .field("transport", &self.transport)
            .field("client", &self.client)
            .field("now", &self.now)
            .field("reserve", &self.reserve)
            .finish_non_exhaustive()
    }
}

/// An answer that lies in the caller's buffer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Answered {
    /// Its length.
    pub len: usize,
    /// Its response code, extended where there is an OPT.
    pub rcode: Rcode,
    /// TC is set.
    pub truncated: bool,
    /// What the query's cookie is worth: who limits rates may spare clients with a good one.
    pub cookie: CookieCheck,
}
