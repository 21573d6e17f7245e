//! What a secondary is told, and what it tells.

use ddi_core::UnixTime;
use std::net::{IpAddr, SocketAddr};
use thiserror::Error;

use crate::delta::Delta;
use crate::name::Name;
use crate::serial::Serial;
use crate::tsig::Key;
use crate::xfr::{Limits, Via, XfrError};
use crate::zone::{Snapshot, Strictness};

/// A primary.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "where and how")]
pub struct Primary {
    /// Its address.
    pub addr: SocketAddr,
    /// Signs the queries; answers must be signed then.
    pub key: Option<Key>,
}

/// What the SOA's numbers are held to, in seconds: a zone's owner must not be able to make this server ask
/// in a tight loop, or never.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_structs, reason = "two bounds for each of two numbers")]
pub struct Bounds {
    /// Least refresh.
    pub refresh_min: u32,
    /// Most refresh.
    pub refresh_max: u32,
    /// Least retry.
    pub retry_min: u32,
    /// Most retry.
    pub retry_max: u32,
}

impl Default for Bounds {
    fn default() -> Self {
        let day = 86_400;
        Self { refresh_min: 30, refresh_max: 28 * day, retry_min: 5, retry_max: 14 * day }
    }
}

/// What a secondary is told.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SecondaryConfig {
    /// The zone.
    pub apex: Name,
    /// Its primaries, the preferred first. Without any it never asks.
    pub primaries: Vec<Primary>,
    /// Who else may send NOTIFY, beside the primaries.
    pub notify_from: Vec<IpAddr>,
    /// The primaries have one history: the same serial is the same zone at each. Else deltas are only taken
    /// from the primary that the version at hand came from.
    pub shared_history: bool,
    /// Bounds of refresh and retry.
    pub bounds: Bounds,
    /// Least time between two rounds that NOTIFY causes.
    pub notify_gap_millis: u64,
    /// The first round is put off by up to this long, so that not all zones ask at once.
    pub spread_millis: u64,
    /// IXFR is asked for over UDP first.
    pub udp: bool,
    /// Where IXFR fails, the whole zone is asked for.
    pub fall_back: bool,
    /// Must deltas fit exactly?
    pub strictness: Strictness,
    /// Limits of each transfer.
    pub limits: Limits,
    /// For message ids and jitter.
    pub seed: u64,
}

impl SecondaryConfig {
    /// The defaults.
    #[must_use]
    pub fn new(apex: Name, primaries: Vec<Primary>, seed: u64) -> Self {
        Self {
            apex,
            primaries,
            notify_from: Vec::new(),
            shared_history: false,
            bounds: Bounds::default(),
            notify_gap_millis: 200,
            spread_millis: 0,
            udp: true,
            fall_back: true,
            strictness: Strictness::Exact,
            limits: Limits::default(),
            seed,
        }
    }
}

/// What must outlive a restart, beside the zone itself. A host keeps it where it keeps the zone, after each
/// [`SecondaryEvent::Zone`] and [`SecondaryEvent::UpToDate`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_structs, reason = "what is saved")]
pub struct Saved {
    /// The primary that the version at hand came from.
    pub primary: Option<SocketAddr>,
    /// When it expires.
    pub expires: UnixTime,
}

/// A query to send.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_structs, reason = "where, how and how long is all there is to it")]
pub struct SecondaryTransmit {
    /// To whom.
    pub to: SocketAddr,
    /// How.
    pub via: Via,
    /// Its length in the caller's buffer.
    pub len: usize,
}

/// A NOTIFY is not obeyed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum NotifyRefused {
    /// It does not come from a primary (RFC 1996 section 3.10).
    #[error("sender is no primary of the zone")]
    Source,
    /// It is about another zone.
    #[error("another zone")]
    Zone,
}

/// What happened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SecondaryEvent {
    /// There is a new version, to be published.
    Zone {
        /// It.
        snapshot: Snapshot,
        /// The deltas that led to it; none if the zone came as a whole.
        deltas: Vec<Delta>,
        /// Where from.
        primary: SocketAddr,
    },
    /// A primary has the same version. One that was expired is good again.
    UpToDate {
        /// Which.
        primary: SocketAddr,
    },
    /// A primary has an older version, or one whose serial can't be compared.
    Behind {
        /// Which.
        primary: SocketAddr,
        /// Its serial.
        serial: Serial,
    },
    /// A transfer goes on in a simpler way.
    FallBack {
        /// From which primary.
        primary: SocketAddr,
        /// Why.
        why: XfrError,
    },
    /// A primary could not be asked, or gave nothing good.
    Failed {
        /// Which.
        primary: SocketAddr,
        /// Why.
        why: XfrError,
    },
    /// No primary has confirmed the zone for so long that it must not be served (RFC 1035 section 3.3.13).
    Expired,
}
