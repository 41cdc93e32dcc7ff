//! The time of day, in either world.

use std::fmt;
use std::ops::{Add, AddAssign, Sub, SubAssign};
use std::panic::Location;
use std::time::{Duration, SystemTimeError};

use crate::sim;

/// When every simulation begins, after [`UNIX_EPOCH`]: the first second of 2020, in universal time.
const START: Duration = Duration::from_secs(1_577_836_800);

/// The start of 1970, in universal time.
pub const UNIX_EPOCH: SystemTime = SystemTime::UNIX_EPOCH;

/// The time of day: what is written beside a record, for people and other programs.
///
/// It is not for measuring how long something takes, nor for telling what came first: clocks are set, and those of two
/// machines differ. [`Instant`](crate::time::Instant) is for the former.
///
/// # Differences from [`std::time::SystemTime`]
///
/// In a simulation it is virtual. Every run begins with the year 2020, and each node reads it from its own clock, which
/// may drift. Nobody sets that clock, so there it never goes back.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SystemTime(std::time::SystemTime);

impl SystemTime {
    /// The start of 1970, in universal time.
    pub const UNIX_EPOCH: Self = Self(std::time::UNIX_EPOCH);

    /// The time of day now.
    #[must_use]
    #[track_caller]
    pub fn now() -> Self {
        if !sim::is_simulated() {
            return Self(std::time::SystemTime::now());
        }
        sim::look_at_the_clock(Location::caller());
        UNIX_EPOCH + START + Duration::from_nanos(sim::now())
    }

    /// The time from `earlier` to this one.
    ///
    /// # Errors
    ///
    /// If `earlier` is later; the error says by how much.
    pub fn duration_since(&self, earlier: Self) -> Result<Duration, SystemTimeError> {
        self.0.duration_since(earlier.0)
    }

    /// The time that has passed since this one.
    ///
    /// # Errors
    ///
    /// If this time is still to come; the error says how far off it is.
    #[track_caller]
    pub fn elapsed(&self) -> Result<Duration, SystemTimeError> {
        Self::now().duration_since(*self)
    }

    /// This time and `duration`; `None` if it cannot be shown.
    #[must_use]
    pub fn checked_add(&self, duration: Duration) -> Option<Self> {
        self.0.checked_add(duration).map(Self)
    }

    /// `duration` before this time; `None` if it cannot be shown.
    #[must_use]
    pub fn checked_sub(&self, duration: Duration) -> Option<Self> {
        self.0.checked_sub(duration).map(Self)
    }
}

/// As what libraries take that know nothing of this one.
impl From<SystemTime> for std::time::SystemTime {
    fn from(time: SystemTime) -> Self {
        time.0
    }
}

/// What a library says, as the time of a file.
impl From<std::time::SystemTime> for SystemTime {
    fn from(time: std::time::SystemTime) -> Self {
        Self(time)
    }
}

impl fmt::Debug for SystemTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Add<Duration> for SystemTime {
    type Output = Self;

    /// # Panics
    ///
    /// If the result cannot be shown.
    fn add(self, duration: Duration) -> Self {
        Self(self.0 + duration)
    }
}

impl AddAssign<Duration> for SystemTime {
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

impl Sub<Duration> for SystemTime {
    type Output = Self;

    /// # Panics
    ///
    /// If the result cannot be shown.
    fn sub(self, duration: Duration) -> Self {
        Self(self.0 - duration)
    }
}

impl SubAssign<Duration> for SystemTime {
    fn sub_assign(&mut self, duration: Duration) {
        *self = *self - duration;
    }
}
