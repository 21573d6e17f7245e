//! A socket that fails and stays ready would keep the packet thread busy with nothing: it rests a while.

use ddi_core::Instant;

/// How long a socket is left alone after a failure.
const REST_MILLIS: u64 = 200;

/// Whether a socket rests.
#[derive(Default)]
pub struct Rest {
    end: Instant,
    /// How often it has failed.
    pub failed: u64,
}

impl Rest {
    /// The socket has failed.
    pub fn begin(&mut self, now: Instant) {
        self.failed += 1;
        self.end = Instant(now.0.saturating_add(REST_MILLIS));
    }

    pub fn is_on(&self, now: Instant) -> bool {
        now < self.end
    }

    /// When it is to be looked at again, if it rests.
    pub fn end(&self, now: Instant) -> Option<Instant> {
        self.is_on(now).then_some(self.end)
    }
}
