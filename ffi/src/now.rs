//! Time. The library reads no clock: time is an argument.

use crate::handle::Failure;
use crate::slice;
use ddi_core::{Instant, Now, UnixTime};

/// A time that is not set: there is no such time.
pub const DDI_TIME_UNSET: u64 = 0;
/// Never: the end of an infinite lease.
pub const DDI_TIME_NEVER: u64 = u64::MAX;

/// The two clocks of one moment. A `now` that is earlier than one before is taken as that one.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct ddi_now {
    /// Milliseconds on a monotonic clock (CLOCK_MONOTONIC or CLOCK_BOOTTIME), for timers. The origin is
    /// the caller's. What the polls for a timeout return is on this clock.
    pub instant_ms: u64,
    /// Seconds since 1970-01-01T00:00:00Z (CLOCK_REALTIME), for what is stored or sent.
    pub unix_s: u64,
}

impl ddi_now {
    /// # Safety
    /// `now` is NULL or points to a `ddi_now`.
    pub(crate) unsafe fn read(now: *const Self) -> Result<Now, Failure> {
        // SAFETY: as promised.
        let now = unsafe { slice::read(now, "now") }?;
        Ok(Now { instant: Instant(now.instant_ms), unix: UnixTime(now.unix_s) })
    }
}
