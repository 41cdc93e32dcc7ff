//! Time as the scheduler counts it: whole nanoseconds in 64 bits, which is five hundred years.

use std::fmt;
use std::time::Duration;

/// A duration in nanoseconds; one that is too long for the clock is as long as the clock can show.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Nanoseconds, shown as seconds with six digits behind the point.
pub(crate) struct Seconds(pub(crate) u64);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}s", self.0 / 1_000_000_000, self.0 % 1_000_000_000 / 1_000)
    }
}
