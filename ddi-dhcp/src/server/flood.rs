//! Limits on what one client, or one relay, may send: token buckets in a table of fixed size.

use crate::server::config::Rate;
use ddi_core::Instant;

/// Buckets a table holds: [`SETS`] groups of [`WAYS`]. When a group is full, the bucket that was used
/// longest ago gives way; a client that loses its bucket starts with a full one.
const SETS: usize = 8192;
const WAYS: usize = 4;

#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    tag: u64,
    used: Instant,
    /// Thousandths of a datagram.
    millis: u64,
}

/// Token buckets by hash.
#[derive(Debug, Default)]
pub(crate) struct Buckets {
    slots: Vec<Bucket>,
    rate: Option<Rate>,
}

impl Buckets {
    /// No memory is taken without a rate.
    pub(crate) fn new(rate: Option<Rate>) -> Self {
        let len = if rate.is_some() { SETS * WAYS } else { 0 };
        Self { slots: vec![Bucket::default(); len], rate }
    }

    /// Changes the rate; the buckets stay, where there are any.
    pub(crate) fn set_rate(&mut self, rate: Option<Rate>) {
        if rate.is_some() && !self.slots.is_empty() {
            self.rate = rate;
        } else if rate != self.rate {
            *self = Self::new(rate);
        }
    }

    /// True if a rate is set.
    pub(crate) fn is_on(&self) -> bool {
        self.rate.is_some()
    }

    /// Takes one datagram out of the bucket with this hash; false if it is empty.
    pub(crate) fn take(&mut self, hash: u64, now: Instant) -> bool {
        let Some(rate) = self.rate else { return true };
        let full = u64::from(rate.burst) * 1000;
        // 0 marks an unused slot.
        let tag = hash | 1;
        let start = (hash >> 32) as usize % SETS * WAYS;
        let Some(set) = self.slots.get_mut(start..start + WAYS) else { return true };
        let bucket = match set.iter().position(|bucket| bucket.tag == tag) {
            Some(at) => &mut set[at],
            None => {
                let Some(oldest) = set.iter_mut().min_by_key(|bucket| (bucket.tag != 0, bucket.used)) else {
                    return true;
                };
                *oldest = Bucket { tag, used: now, millis: full };
                oldest
            }
        };
        let refill = now.millis_since(bucket.used).saturating_mul(u64::from(rate.per_second));
        bucket.millis = bucket.millis.saturating_add(refill).min(full);
        bucket.used = now;
        let pass = bucket.millis >= 1000;
        if pass {
            bucket.millis -= 1000;
        }
        pass
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn burst_then_rate() {
        let mut buckets = Buckets::new(Some(Rate { per_second: 2, burst: 5 }));
        let taken = |buckets: &mut Buckets, now, n| (0..n).filter(|_| buckets.take(7, Instant(now))).count();
        assert_eq!(taken(&mut buckets, 0, 10), 5);
        assert_eq!(taken(&mut buckets, 499, 10), 0);
        assert_eq!(taken(&mut buckets, 500, 10), 1);
        assert_eq!(taken(&mut buckets, 1_000_000, 10), 5);
        assert!(buckets.take(8, Instant(1_000_000)), "another client has its own");
    }

    #[test]
    fn full_table_keeps_its_size() {
        let mut buckets = Buckets::new(Some(Rate { per_second: 1, burst: 1 }));
        let mut passed = 0;
        for client in 0..100_000_u64 {
            passed += usize::from(buckets.take(client.wrapping_mul(0x9e37_79b9_7f4a_7c15), Instant(client)));
        }
        assert_eq!(buckets.slots.len(), SETS * WAYS);
        assert!(passed > 99_000, "{passed}: new clients are let in");
    }

    #[test]
    fn off() {
        let mut buckets = Buckets::new(None);
        assert!((0..1000).all(|_| buckets.take(1, Instant(0))));
    }
}
