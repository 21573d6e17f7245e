//! Numbers from a seed, for message ids and for jitter: the same seed gives the same numbers.

/// A generator (splitmix64). What it gives is as hard to guess as its seed.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ x >> 31
    }

    /// A message id.
    pub(crate) const fn id(&mut self) -> u16 {
        (self.next() >> 48) as u16
    }

    /// A number below `bound`; 0 if that is 0.
    pub(crate) const fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.next() % bound }
    }

    /// `millis` less up to a tenth of it, so that machines that were started together drift apart.
    pub(crate) const fn jitter(&mut self, millis: u64) -> u64 {
        millis - self.below(millis / 10 + 1)
    }
}
