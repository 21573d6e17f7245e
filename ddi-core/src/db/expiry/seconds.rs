//! An ordered map from seconds to chunk numbers. Leases that are given together end together: so
//! seconds are kept 64 in a piece, and most look-ups find their piece among few.

use std::collections::BTreeMap;

/// Seconds in a piece: as many as `some` has bits.
const SPAN: u64 = 64;

#[derive(Default)]
pub(super) struct Seconds {
    spans: BTreeMap<u64, Box<Span>>,
    /// The last piece that was emptied, so that coming and going costs no allocation.
    spare: Option<Box<Span>>,
}

struct Span {
    /// Bit n: the n-th second is there.
    some: u64,
    chunks: [u32; SPAN as usize],
}

impl Seconds {
    pub(super) fn first(&self) -> Option<u64> {
        let (number, span) = self.spans.first_key_value()?;
        Some(number * SPAN + u64::from(span.some.trailing_zeros()))
    }

    pub(super) fn get(&self, second: u64) -> Option<u32> {
        let span = self.spans.get(&(second / SPAN))?;
        (span.some & bit(second) != 0).then(|| span.chunks[place(second)])
    }

    pub(super) fn insert(&mut self, second: u64, chunk: u32) {
        let spare = &mut self.spare;
        let empty = || spare.take().unwrap_or_else(|| Box::new(Span { some: 0, chunks: [0; SPAN as usize] }));
        let span = self.spans.entry(second / SPAN).or_insert_with(empty);
        span.some |= bit(second);
        span.chunks[place(second)] = chunk;
    }

    pub(super) fn remove(&mut self, second: u64) {
        let Some(span) = self.spans.get_mut(&(second / SPAN)) else { return };
        span.some &= !bit(second);
        if span.some == 0 {
            self.spare = self.spans.remove(&(second / SPAN));
        }
    }

    /// The chunks of the seconds up to `last`, in order.
    pub(super) fn until(&self, last: u64) -> impl Iterator<Item = u32> {
        self.spans.range(..=last / SPAN).flat_map(move |(number, span)| {
            let is_last = *number == last / SPAN;
            let wanted = if is_last { span.some & (u64::MAX >> (SPAN - 1 - last % SPAN)) } else { span.some };
            (0..SPAN).filter(move |at| wanted & 1 << at != 0).map(|at| span.chunks[place(at)])
        })
    }
}

const fn bit(second: u64) -> u64 {
    1 << (second % SPAN)
}

const fn place(second: u64) -> usize {
    (second % SPAN) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_found_in_order_up_to_any_of_them() {
        let all = [0, 1, 62, 63, 64, 127, 128, 6400, u64::MAX - 1, u64::MAX];
        let mut seconds = Seconds::default();
        for (chunk, second) in all.iter().enumerate().rev() {
            seconds.insert(*second, chunk as u32);
        }
        for (second, chunk) in all.iter().zip(0..) {
            assert_eq!(seconds.get(*second), Some(chunk));
            assert!(seconds.until(*second).eq(0..=chunk), "up to {second}");
        }
        assert_eq!((seconds.get(2), seconds.get(65), seconds.until(126).count()), (None, None, 5));
        for (at, second) in all.iter().enumerate() {
            assert_eq!(seconds.first(), Some(*second));
            seconds.remove(*second);
            seconds.remove(*second);
            assert_eq!(seconds.until(u64::MAX).count(), all.len() - 1 - at);
        }
        assert!(seconds.spans.is_empty());
    }
}
