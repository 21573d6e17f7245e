//! The deltas that led to the newest version, as many as are worth keeping.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Delta;
use crate::serial::Serial;

/// How much history is kept. Whatever is over a limit goes, oldest first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_structs, reason = "the three limits are the whole of it")]
pub struct HistoryLimits {
    /// Most deltas.
    pub deltas: usize,
    /// Most bytes of records.
    pub bytes: usize,
    /// Most bytes of records in percent of the zone's. RFC 1995 section 5: more than the zone itself is
    /// of no use.
    pub percent_of_zone: u32,
}

impl Default for HistoryLimits {
    fn default() -> Self {
        Self { deltas: 10_000, bytes: 64 * 1024 * 1024, percent_of_zone: 100 }
    }
}

/// A chain of deltas, each beginning where the one before ends, the last ending at the newest version.
///
/// Serials have no total order (RFC 1982), so that a version is found by equality only; where a serial came
/// twice, the later one counts.
#[derive(Clone, Debug)]
pub struct History {
    limits: HistoryLimits,
    deltas: VecDeque<Arc<Delta>>,
    bytes: usize,
}

impl History {
    /// No history.
    #[must_use]
    pub const fn new(limits: HistoryLimits) -> Self {
        Self { limits, deltas: VecDeque::new(), bytes: 0 }
    }

    /// Appends the delta that led to the newest version, whose zone has `zone_bytes` bytes of records. If it
    /// does not follow the last one, what was before is dropped: nobody can get from there to here.
    pub fn push(&mut self, delta: Arc<Delta>, zone_bytes: u64) {
        if self.newest().is_some_and(|newest| newest != delta.from) {
            self.clear();
        }
        self.bytes += delta.wire_len();
        self.deltas.push_back(delta);
        self.trim(zone_bytes);
    }

    /// Drops what is over the limits.
    pub fn trim(&mut self, zone_bytes: u64) {
        let share = u128::from(zone_bytes) * u128::from(self.limits.percent_of_zone) / 100;
        let bytes = self.limits.bytes.min(usize::try_from(share).unwrap_or(usize::MAX));
        while self.deltas.len() > self.limits.deltas || self.bytes > bytes {
            let Some(oldest) = self.deltas.pop_front() else { break };
            self.bytes -= oldest.wire_len();
        }
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.deltas.clear();
        self.bytes = 0;
    }

    /// The deltas from the version with this serial to the newest, oldest first; none if it is not in the
    /// history, or is the newest.
    pub fn since(&self, serial: Serial) -> impl ExactSizeIterator<Item = &Arc<Delta>> {
        let found = self.deltas.iter().rposition(|delta| delta.from == serial);
        self.deltas.range(found.unwrap_or(self.deltas.len())..)
    }

    /// All deltas, oldest first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Arc<Delta>> {
        self.deltas.iter()
    }

    /// The version that the last delta leads to.
    #[must_use]
    pub fn newest(&self) -> Option<Serial> {
        self.deltas.back().map(|delta| delta.to)
    }

    /// How many deltas.
    #[must_use]
    pub fn len(&self) -> usize {
        self.deltas.len()
    }

    /// True if there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.deltas.is_empty()
    }

    /// Bytes of their records.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::super::{RecordRef, Records};
    use super::*;
    use crate::name::NameRef;
    use crate::rr::Rtype;

    fn delta(from: u32, to: u32, size: usize) -> Arc<Delta> {
        let mut removed = Records::new();
        removed.push(&RecordRef::new(NameRef::ROOT, Rtype(65280), 0, &vec![0; size - 11]));
        Arc::new(Delta { from: Serial(from), to: Serial(to), removed, added: Records::new() })
    }

    fn serials(history: &History, from: u32) -> Vec<u32> {
        history.since(Serial(from)).map(|delta| delta.to.0).collect()
    }

    #[test]
    fn a_chain_by_equal_serials() {
        let mut history = History::new(HistoryLimits::default());
        for (from, to) in [(u32::MAX, 3), (3, 0x8000_0003), (0x8000_0003, 7), (7, 3), (3, 9)] {
            history.push(delta(from, to, 100), 10_000);
        }
        assert_eq!(serials(&history, u32::MAX), [3, 0x8000_0003, 7, 3, 9]);
        assert_eq!(serials(&history, 3), [9], "the later one of two");
        assert_eq!(serials(&history, 9), []);
        assert_eq!(serials(&history, 8), []);
        history.push(delta(10, 11, 100), 10_000);
        assert_eq!((history.len(), history.bytes(), serials(&history, 10)), (1, 100, vec![11]));
    }

    #[test]
    fn limits_drop_the_oldest() {
        let limits = HistoryLimits { deltas: 3, bytes: 1000, percent_of_zone: 50 };
        let mut history = History::new(limits);
        for serial in 0..5 {
            history.push(delta(serial, serial + 1, 100), 10_000);
        }
        assert_eq!(serials(&history, 2), [3, 4, 5]);
        assert_eq!(serials(&history, 1), []);
        history.push(delta(5, 6, 900), 10_000);
        assert_eq!(serials(&history, 4), [5, 6]);
        history.trim(1900);
        assert_eq!(serials(&history, 5), [6]);
        history.push(delta(6, 7, 1001), 10_000);
        assert_eq!((history.is_empty(), history.bytes()), (true, 0));
        assert_eq!(history.newest(), None);
    }
}
