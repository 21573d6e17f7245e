//! How long a client may be given an address, and when an address may go to another one: the maximum
//! client lead time (draft sections 5.2.1, 5.2.2, 7.1.5 and 9.4.2).
//!
//! The invariant on which all rests: what a client was told never ends later than
//! max(what the partner acknowledged, what it announced, now) + MCLT. Then a server that waits for that
//! time can be sure of the client, whatever the partner did since it was last heard.

use ddi_core::authority::Grant;
use ddi_core::{BindingState, Lease, UnixTime};

/// A lease time that never ends (RFC 2131 section 3.3).
pub const INFINITE_SECONDS: u32 = u32::MAX;

/// The lease time for a client who should get `desired_seconds`, and the potential expiration time to
/// tell the partner. `lease` is as stored before this binding.
///
/// Section 5.2.1 with section 7.1.5: what is left of the longer of acked and received potential
/// expiration, plus MCLT, but no more than is desired. dhcpd computes the same in four cases.
#[must_use]
pub fn grant(now: UnixTime, lease: &Lease, desired_seconds: u32, mclt_seconds: u32) -> Grant {
    let latest = known_to_partner(lease).max(now).plus_secs(u64::from(mclt_seconds));
    let lease_seconds = match latest {
        UnixTime::NEVER => desired_seconds,
        // All but infinite fits: the wire's times end in 2106.
        latest => desired_seconds.min(u32::try_from(latest.secs_since(now)).unwrap_or(INFINITE_SECONDS - 1)),
    };
    Grant { lease_seconds, potential_expiration_sent: potential(now, lease, desired_seconds, lease_seconds) }
}

/// Up to when the partner expects the client to hold the address.
fn known_to_partner(lease: &Lease) -> UnixTime {
    lease.potential_expiration_time.acked.max(lease.potential_expiration_time.received)
}

/// Section 5.2.1: the time at which the client renews (half of what it was given) plus the time that it
/// is then to get, so that the acknowledgement is there before it is needed.
///
/// While the lease stays ACTIVE this never goes back: the partner may have received the larger value and
/// may count on it, even if its acknowledgement is lost.
fn potential(now: UnixTime, lease: &Lease, desired_seconds: u32, lease_seconds: u32) -> UnixTime {
    if desired_seconds == INFINITE_SECONDS {
        return UnixTime::NEVER;
    }
    let wanted = now.plus_secs(u64::from(desired_seconds)).plus_secs(u64::from(lease_seconds / 2));
    if lease.state == BindingState::Active {
        wanted.max(lease.potential_expiration_time.sent)
    } else {
        wanted
    }
}

/// When, in PARTNER-DOWN since `partner_down_since`, an address may be given to another client than its
/// last: section 9.4.2, the latest of all four times (expiration, sent, acked, received) and of the start
/// of PARTNER-DOWN, plus MCLT. dhcpd forgets the last three and hands out addresses that its partner may
/// have renewed.
///
/// Section 5.2.1 allows more for a binding that the partner never heard of (`rewind_state` is the free
/// state from before it): only its own end counts then, beside what the partner knew before.
#[must_use]
pub fn reusable_at(lease: &Lease, partner_down_since: UnixTime, mclt_seconds: u32) -> UnixTime {
    let mclt = u64::from(mclt_seconds);
    let known = known_to_partner(lease).max(partner_down_since);
    if lease.rewind_state.is_some_and(BindingState::is_allocatable) {
        return known.plus_secs(mclt).max(lease.expiration_time);
    }
    known.max(lease.expiration_time).max(lease.potential_expiration_time.sent).plus_secs(mclt)
}
