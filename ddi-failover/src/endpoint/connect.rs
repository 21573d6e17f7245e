//! CONNECT and CONNECTACK: what each side demands of the other (draft sections 7.8, 7.9 and 8.2), as pure
//! functions.

use ddi_core::UnixTime;

use crate::split::HashBuckets;
use crate::state::{Profile, Role};
use crate::wire::v4::{Connect, ConnectAck, PROTOCOL_VERSION, RejectReason};

/// By how many seconds the two clocks may differ; more is refused. dhcpd compares all times as they are, so
/// this is also by how much they may be wrong.
pub const CLOCK_SKEW_SECONDS_MAX: u64 = 60;

/// One side of a relationship, as far as connecting needs it.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_structs, reason = "a config, filled by the caller")]
pub struct LinkConfig {
    /// Whose ways to follow.
    pub profile: Profile,
    /// Which server this is. The primary sends CONNECT, on whatever connection comes up first.
    pub role: Role,
    /// Compared byte by byte.
    pub relationship_name: Vec<u8>,
    /// Whose implementation this is; with a version.
    pub vendor_class: Vec<u8>,
    /// How many BNDUPD this server takes without having acknowledged them.
    pub max_unacked: u32,
    /// After how many seconds of silence this server gives up.
    pub receive_timer_seconds: u32,
    /// The primary's: the maximum client lead time.
    pub mclt_seconds: u32,
    /// The primary's: who answers whom.
    pub buckets: HashBuckets,
}

/// What the partner said when connecting.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Terms {
    /// How many BNDUPD the partner takes. dhcpd never sends one to who says nothing, so nothing is taken
    /// for the least.
    pub max_unacked: u32,
    /// After how many seconds of silence the partner gives up; never 0, which would make this server talk
    /// without pause.
    pub receive_timer_seconds: u32,
    /// The maximum client lead time, which the primary decides.
    pub mclt_seconds: u32,
    /// Who answers whom, which the primary decides.
    pub buckets: HashBuckets,
    /// Whose implementation the partner is.
    pub vendor_class: Vec<u8>,
}

/// Why a CONNECT or CONNECTACK is not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_structs, reason = "a number and its text")]
pub struct RefusedConnect {
    /// The number to send.
    pub reason: RejectReason,
    /// For people.
    pub text: &'static str,
}

const fn refused(reason: RejectReason, text: &'static str) -> RefusedConnect {
    RefusedConnect { reason, text }
}

/// The secondary's answer to a CONNECT that was sent at `sent` (the header's time), in the order of dhcpd's
/// checks; those of the draft that dhcpd leaves out come last. `linked`: there is a connection already.
///
/// # Errors
///
/// The refusal to send as CONNECTACK, after which the connection is to be closed.
pub fn judge_connect(
    config: &LinkConfig,
    now: UnixTime,
    sent: u32,
    connect: &Connect<'_>,
    linked: bool,
) -> Result<Terms, RefusedConnect> {
    match connect.relationship_name {
        None => return Err(refused(RejectReason::INVALID_PARTNER, "no relationship name")),
        Some(name) if name != config.relationship_name => {
            return Err(refused(RejectReason::INVALID_PARTNER, "unknown relationship name"));
        }
        Some(_) => {}
    }
    check_clock(now, sent)?;
    let buckets = connect
        .hash_buckets
        .and_then(|bits| <[u8; 32]>::try_from(bits).ok())
        .ok_or(refused(RejectReason::HASH_BUCKET_CONFLICT, "no hash bucket assignment of 32 bytes"))?;
    if linked {
        return Err(refused(RejectReason::DUPLICATE_CONNECTION, "there is a connection already"));
    }
    // With none, either server might give away what the other just renewed.
    let mclt_seconds = connect
        .mclt_seconds
        .filter(|seconds| *seconds > 0)
        .ok_or(refused(RejectReason::INVALID_MCLT, "no MCLT"))?;
    if connect.protocol_version.is_some_and(|version| version != PROTOCOL_VERSION) {
        return Err(refused(RejectReason::VERSION_MISMATCH, "only protocol version 1 is spoken here"));
    }
    if connect.tls_request == Some(2) {
        return Err(refused(RejectReason::TLS_NOT_SUPPORTED, "no TLS here"));
    }
    Ok(Terms {
        max_unacked: connect.max_unacked.unwrap_or(1).max(1),
        receive_timer_seconds: timer(config, connect.receive_timer_seconds),
        mclt_seconds,
        buckets: HashBuckets::from_wire(config.profile, buckets),
        vendor_class: connect.vendor_class.unwrap_or_default().to_vec(),
    })
}

/// The primary's judgement of a CONNECTACK without a reject-reason, in the order of dhcpd's checks.
///
/// # Errors
///
/// The refusal to send as DISCONNECT, after which the connection is to be closed.
pub fn judge_connect_ack(
    config: &LinkConfig,
    now: UnixTime,
    sent: u32,
    ack: &ConnectAck<'_>,
) -> Result<Terms, RefusedConnect> {
    if ack.relationship_name != Some(config.relationship_name.as_slice()) {
        return Err(refused(RejectReason::INVALID_PARTNER, "not the relationship name that was asked for"));
    }
    check_clock(now, sent)?;
    Ok(Terms {
        max_unacked: ack.max_unacked.unwrap_or(1).max(1),
        receive_timer_seconds: timer(config, ack.receive_timer_seconds),
        mclt_seconds: config.mclt_seconds,
        buckets: config.buckets,
        vendor_class: ack.vendor_class.unwrap_or_default().to_vec(),
    })
}

fn check_clock(now: UnixTime, sent: u32) -> Result<(), RefusedConnect> {
    if now.0.abs_diff(u64::from(sent)) > CLOCK_SKEW_SECONDS_MAX {
        return Err(refused(RejectReason::TIME_MISMATCH, "the clocks differ by more than 60 seconds"));
    }
    Ok(())
}

/// A partner that does not say is taken to be as patient as this server.
fn timer(config: &LinkConfig, said: Option<u32>) -> u32 {
    said.unwrap_or(config.receive_timer_seconds).max(1)
}
