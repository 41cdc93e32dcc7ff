//! A moment of either world. It knows how to be reckoned with, and not what time it is.

use std::fmt;
use std::ops::{Add, AddAssign, Sub, SubAssign};
use std::time::Duration;

use crate::sim::Seconds;

/// A moment on the clock of the world in which it was taken.
///
/// # Differences from [`std::time::Instant`]
///
/// - In a simulation it is virtual: all simulations start at the same instant, and none but the scheduler moves it.
/// - Instants of different nodes of a simulation are read from different clocks, which may drift.
/// - Instants of different worlds cannot be subtracted; that panics and says so.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(Moment);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Moment {
    Real(std::time::Instant),
    /// Nanoseconds since the start of the run.
    Simulated(u64),
}

impl Instant {
    /// The time from `earlier` to this moment; zero if `earlier` is later.
    ///
    /// # Panics
    ///
    /// If one of the two is of the real world and the other of a simulation.
    #[must_use]
    pub fn duration_since(&self, earlier: Self) -> Duration {
        self.checked_duration_since(earlier).unwrap_or_default()
    }

    /// The time from `earlier` to this moment; `None` if `earlier` is later.
    ///
    /// # Panics
    ///
    /// If one of the two is of the real world and the other of a simulation.
    #[must_use]
    pub fn checked_duration_since(&self, earlier: Self) -> Option<Duration> {
        match (self.0, earlier.0) {
            (Moment::Real(this), Moment::Real(earlier)) => this.checked_duration_since(earlier),
            (Moment::Simulated(this), Moment::Simulated(earlier)) => {
                this.checked_sub(earlier).map(Duration::from_nanos)
            }
            _ => panic!(
                "an Instant of the real world was compared with one of a simulation: take both on the same side of \
                 Sim::run"
            ),
        }
    }

    /// The same as [`duration_since`](Self::duration_since).
    ///
    /// # Panics
    ///
    /// If one of the two is of the real world and the other of a simulation.
    #[must_use]
    pub fn saturating_duration_since(&self, earlier: Self) -> Duration {
        self.duration_since(earlier)
    }

    /// This moment and `duration`; `None` if the clock cannot show that.
    #[must_use]
    pub fn checked_add(&self, duration: Duration) -> Option<Self> {
        match self.0 {
            Moment::Real(this) => this.checked_add(duration).map(|moment| Self(Moment::Real(moment))),
            Moment::Simulated(this) => {
                let later = this.checked_add(u64::try_from(duration.as_nanos()).ok()?)?;
                Some(Self(Moment::Simulated(later)))
            }
        }
    }

    /// `duration` before this moment; `None` if the clock cannot show that.
    #[must_use]
    pub fn checked_sub(&self, duration: Duration) -> Option<Self> {
        match self.0 {
            Moment::Real(this) => this.checked_sub(duration).map(|moment| Self(Moment::Real(moment))),
            Moment::Simulated(this) => {
                let earlier = this.checked_sub(u64::try_from(duration.as_nanos()).ok()?)?;
                Some(Self(Moment::Simulated(earlier)))
            }
        }
    }

    /// The moment on the virtual clock, for a caller that is simulated.
    pub(crate) fn simulated_ns(self) -> u64 {
        match self.0 {
            Moment::Simulated(nanos) => nanos,
            Moment::Real(_) => panic!(
                "an Instant of the real world was used as a deadline in a simulation: take it inside Sim::run"
            ),
        }
    }

    /// The moment on the real clock, for a caller that is real.
    pub(crate) fn real(self) -> std::time::Instant {
        match self.0 {
            Moment::Real(instant) => instant,
            Moment::Simulated(_) => panic!(
                "an Instant of a simulation was used as a deadline outside of it: take it outside Sim::run"
            ),
        }
    }

    pub(crate) fn from_real(instant: std::time::Instant) -> Self {
        Self(Moment::Real(instant))
    }

    pub(crate) fn from_simulated_ns(nanos: u64) -> Self {
        Self(Moment::Simulated(nanos))
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Moment::Real(instant) => instant.fmt(f),
            Moment::Simulated(nanos) => write!(f, "{}", Seconds(nanos)),
        }
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    /// # Panics
    ///
    /// If the clock cannot show the result.
    fn add(self, duration: Duration) -> Self {
        self.checked_add(duration).expect("overflow when adding a duration to an instant")
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

impl Sub<Duration> for Instant {
    type Output = Self;

    /// # Panics
    ///
    /// If the clock cannot show the result: a simulation's clock starts at zero.
    fn sub(self, duration: Duration) -> Self {
        self.checked_sub(duration).expect("overflow when subtracting a duration from an instant")
    }
}

impl SubAssign<Duration> for Instant {
    fn sub_assign(&mut self, duration: Duration) {
        *self = *self - duration;
    }
}

impl Sub for Instant {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        self.duration_since(earlier)
    }
}
