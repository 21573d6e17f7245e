//! What is sent: the whole zone, deltas, or the SOA alone.

use std::sync::Arc;

use crate::delta::{Delta, History};
use crate::message::Rcode;
use crate::serial::Serial;
use crate::xfr::edns::UDP_SIZE;
use crate::xfr::request::Wanted;
use crate::zone::Snapshot;

/// How the request came and the answer goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_enums, reason = "the two transports of DNS")]
pub enum Transport {
    /// One datagram.
    Udp,
    /// Messages with two length bytes each.
    Tcp,
}

/// How transfers are sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct XfrOutConfig {
    /// Bytes that a message over TCP is filled to, 512 to 65535. In 16 KiB every name can be pointed at.
    pub message_size: usize,
    /// Largest datagram that is sent; the request may ask for less.
    pub udp_size: u16,
    /// Several deltas go out as one (RFC 1995 section 6). Secondaries then see no serials in between, and
    /// can't go on from one at another primary.
    pub condense: bool,
    /// Deltas with more bytes than this many percent of the zone's go out as the whole zone (RFC 1995
    /// section 5).
    pub percent_of_zone: u32,
    /// Seconds until the zone expires, at a secondary that sends it on (RFC 7314 section 3.2). `None`: the
    /// SOA's, as at the primary.
    pub expire: Option<u32>,
}

impl Default for XfrOutConfig {
    fn default() -> Self {
        Self {
            message_size: 16 * 1024,
            udp_size: UDP_SIZE,
            condense: false,
            percent_of_zone: 100,
            expire: None,
        }
    }
}

/// What an answer is made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Sent {
    /// The SOA alone: the secondary is up to date, or has to come again over TCP.
    Soa,
    /// The whole zone.
    Zone,
    /// This many deltas.
    Deltas(usize),
    /// A response code alone.
    Refusal(Rcode),
}

#[derive(Clone, Debug)]
pub(super) enum Content {
    Soa,
    Zone,
    Deltas(Vec<Arc<Delta>>),
}

impl Content {
    pub(super) fn of(
        wanted: Wanted,
        snapshot: &Snapshot,
        history: &History,
        config: &XfrOutConfig,
        transport: Transport,
    ) -> Self {
        let Wanted::Ixfr(at) = wanted else { return Self::Zone };
        // RFC 1995 section 2. Where the order is undefined the secondary asks, and so shall have.
        if at == snapshot.serial() || at.is_newer_than(snapshot.serial()) {
            return Self::Soa;
        }
        match (deltas(at, snapshot, history, config), transport) {
            (Some(deltas), _) => Self::Deltas(deltas),
            (None, Transport::Tcp) => Self::Zone,
            (None, Transport::Udp) => Self::Soa,
        }
    }

    pub(super) fn delta(&self, number: usize) -> Option<&Delta> {
        match self {
            Self::Deltas(deltas) => deltas.get(number).map(Arc::as_ref),
            _ => None,
        }
    }
}

/// The deltas from `at` to the snapshot, if they are there and worth it.
fn deltas(
    at: Serial,
    snapshot: &Snapshot,
    history: &History,
    config: &XfrOutConfig,
) -> Option<Vec<Arc<Delta>>> {
    let deltas: Vec<_> = history.since(at).cloned().collect();
    if deltas.last()?.to != snapshot.serial() {
        return None;
    }
    let deltas = match deltas.len() {
        2.. if config.condense => vec![Arc::new(Delta::condense(deltas.iter().map(Arc::as_ref)).ok()?)],
        _ => deltas,
    };
    let bytes: usize = deltas.iter().map(|delta| delta.wire_len()).sum();
    let most = u128::from(snapshot.wire_len()) * u128::from(config.percent_of_zone) / 100;
    (bytes as u128 <= most).then_some(deltas)
}
