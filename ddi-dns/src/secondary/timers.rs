//! Times of a secondary, from the zone's SOA (RFC 1035 section 3.3.13, RFC 7314 section 4).

use super::config::Bounds;
use crate::random::Random;
use crate::zone::Soa;

/// Longest pause between rounds as long as there is no zone at all, in seconds.
const RETRY_WITHOUT_ZONE_MAX: u64 = 3600;

/// Milliseconds until the next refresh: in time to try again before the zone expires, whatever the SOA says.
pub(super) fn refresh(soa: &Soa<'_>, bounds: &Bounds, random: &mut Random) -> u64 {
    millis(soa.refresh.min(soa.expire / 2), bounds.refresh_min, bounds.refresh_max, random)
}

/// Milliseconds until the next try, after `failures` rounds without success.
pub(super) fn retry(soa: Option<&Soa<'_>>, bounds: &Bounds, failures: u32, random: &mut Random) -> u64 {
    match soa {
        Some(soa) => millis(soa.retry.min(soa.expire / 4), bounds.retry_min, bounds.retry_max, random),
        None => {
            let doubled = u64::from(bounds.retry_min.max(1)) << failures.saturating_sub(1).min(16);
            random.jitter(doubled.min(RETRY_WITHOUT_ZONE_MAX).min(bounds.retry_max.into()) * 1000)
        }
    }
}

fn millis(secs: u32, least: u32, most: u32, random: &mut Random) -> u64 {
    random.jitter(u64::from(secs.max(least).min(most)) * 1000)
}

/// Seconds until the zone expires. `left` is what is left of it now; `told` is what the primary says; a
/// new version has nothing left of its own. The SOA's value is the most.
pub(super) fn expire(soa: &Soa<'_>, told: Option<u32>, left: Option<u64>) -> u64 {
    let most = u64::from(soa.expire);
    match told {
        None => most,
        Some(told) => u64::from(told).max(left.unwrap_or(0)).min(most),
    }
}
