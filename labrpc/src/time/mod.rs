//! Time of both worlds: [`Instant`], [`SystemTime`], [`Duration`], [`sleep_until`], and a [`Timer`] that can be set anew.
//!
//! In the simulated world an [`Instant`] and a [`SystemTime`] are read from the virtual clock of the calling thread's node, which stands
//! still while code computes and moves by the cost of a step at each facade operation. To look at it is none, but for a
//! thread that does nothing else: `while Instant::now() < deadline {}` comes to its end, and others run meanwhile.

mod instant;
mod system_time;

use std::panic::Location;
pub use std::time::{Duration, SystemTimeError, TryFromFloatSecsError};

pub use crate::channel::timer::Timer;
pub use instant::Instant;
pub use system_time::{SystemTime, UNIX_EPOCH};

use crate::sim;

impl Instant {
    /// This moment.
    #[must_use]
    #[track_caller]
    pub fn now() -> Self {
        if sim::is_simulated() {
            sim::look_at_the_clock(Location::caller());
            Self::from_simulated_ns(sim::now())
        } else {
            Self::from_real(std::time::Instant::now())
        }
    }

    /// The time that has passed since this moment.
    ///
    /// # Panics
    ///
    /// If this moment is of another world than the caller.
    #[must_use]
    #[track_caller]
    pub fn elapsed(&self) -> Duration {
        Self::now().duration_since(*self)
    }
}

/// Blocks the calling thread until `deadline`. Returns at once if it has passed.
///
/// # Panics
///
/// If `deadline` is of another world than the caller.
#[track_caller]
pub fn sleep_until(deadline: Instant) {
    if sim::is_simulated() {
        crate::thread::sleep_until_ns(deadline.simulated_ns());
    } else {
        std::thread::sleep(deadline.real().saturating_duration_since(std::time::Instant::now()));
    }
}
