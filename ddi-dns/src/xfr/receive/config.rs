//! What a transfer in is told, and what it tells.

use crate::delta::Delta;
use crate::name::Name;
use crate::serial::Serial;
use crate::tsig::Key;
use crate::xfr::error::XfrError;
use crate::zone::{Snapshot, Strictness};

/// How large and how slow a transfer may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_structs, reason = "its limits, all of them")]
pub struct Limits {
    /// Most records of one answer.
    pub records: usize,
    /// Most bytes of records of one answer, in uncompressed wire form.
    pub bytes: usize,
    /// How often a query is sent over UDP.
    pub udp_tries: u32,
    /// How long an answer over UDP may take each time.
    pub udp_millis: u64,
    /// How long nothing may come over TCP, from the query on.
    pub idle_millis: u64,
    /// How long an answer over TCP may take as a whole.
    pub total_millis: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            records: 500_000_000,
            bytes: 16 * 1024 * 1024 * 1024,
            udp_tries: 3,
            udp_millis: 2_000,
            idle_millis: 30_000,
            total_millis: 2 * 3_600_000,
        }
    }
}

/// What a transfer in is told.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct XfrInConfig {
    /// The zone.
    pub apex: Name,
    /// The version at hand. Only what is newer is taken. `None`: whatever the primary has.
    pub current: Option<Snapshot>,
    /// Deltas to the version at hand may be asked for: it came from this primary.
    pub incremental: bool,
    /// IXFR is asked for over UDP first (RFC 1995 section 2).
    pub udp: bool,
    /// Where IXFR fails, the whole zone is asked for.
    pub fall_back: bool,
    /// Must deltas fit exactly?
    pub strictness: Strictness,
    /// Limits.
    pub limits: Limits,
    /// Signs the queries; answers must be signed then.
    pub key: Option<Key>,
    /// For message ids.
    pub seed: u64,
}

impl XfrInConfig {
    /// The defaults: deltas if there is a version at hand, UDP first, strict, with fall-back.
    #[must_use]
    pub fn new(apex: Name, current: Option<Snapshot>, seed: u64) -> Self {
        Self {
            apex,
            incremental: current.is_some(),
            current,
            udp: true,
            fall_back: true,
            strictness: Strictness::Exact,
            limits: Limits::default(),
            key: None,
            seed,
        }
    }
}

/// How a query goes out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_enums, reason = "the two transports of DNS")]
pub enum Via {
    /// As a datagram.
    Udp,
    /// Over a new connection; one that was open is to be closed. The two length bytes are there.
    Tcp,
}

/// A query to send.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_structs, reason = "how and how long is all there is to it")]
pub struct Transmit {
    /// How.
    pub via: Via,
    /// Its length in the caller's buffer.
    pub len: usize,
}

/// How a transfer ended well.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// There is a newer version.
    Zone {
        /// It.
        snapshot: Snapshot,
        /// The deltas that led to it; none if the zone came as a whole.
        deltas: Vec<Delta>,
        /// Seconds until it expires, if the primary says so (RFC 7314).
        expire: Option<u32>,
        /// Records that are not in the zone, and were left out.
        out_of_zone: usize,
    },
    /// The primary has nothing newer.
    UpToDate {
        /// The primary's serial.
        serial: Serial,
        /// Seconds until it expires, if the primary says so (RFC 7314).
        expire: Option<u32>,
    },
}

/// What happened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum XfrEvent {
    /// It goes on in a simpler way.
    FallBack {
        /// Why.
        why: XfrError,
    },
    /// It is over. The connection is to be closed.
    Ended(Box<Result<Outcome, XfrError>>),
}
