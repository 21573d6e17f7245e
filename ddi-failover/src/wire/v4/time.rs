//! Times on the wire: 32 bits of seconds since 1970, unsigned (section 6.2).

use ddi_core::UnixTime;

/// dhcpd's "never": the largest number of its signed 32-bit clock. A later time is sent as this one
/// too, since dhcpd could not hold it (2038-01-19).
pub const INFINITE: u32 = 0x7fff_ffff;

/// A stored time for the wire: [`UnixTime::UNSET`] is 0, what is too late for dhcpd is [`INFINITE`].
#[must_use]
pub fn to_wire_time(time: UnixTime) -> u32 {
    u32::try_from(time.0).map_or(INFINITE, |t| t.min(INFINITE))
}

/// A time from the wire: 0 is [`UnixTime::UNSET`], [`INFINITE`] and all above is [`UnixTime::NEVER`].
#[must_use]
pub const fn from_wire_time(time: u32) -> UnixTime {
    if time >= INFINITE { UnixTime::NEVER } else { UnixTime(time as u64) }
}
