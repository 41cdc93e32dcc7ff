//! Looking for a moment before going to sleep.
//!
//! Putting a thread to sleep and waking it costs some microseconds on each side, more than a whole call takes. So who
//! waits for something that is likely to come at once looks again and again for a moment first, and offers the
//! processor to others in between, who may be the ones to bring it. Many that look would take the processor from those
//! who work: of the callers of a network, one at a time looks.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// How often it looks without giving the processor away: some microseconds.
const SPINS_MAX: u32 = 100;
/// How often it then looks after it has offered the processor to others.
const YIELDS_MAX: u32 = 30;

/// Those who wait for the same kind of thing.
#[derive(Default)]
pub(in crate::network) struct Spinning {
    is_taken: AtomicBool,
}

impl Spinning {
    /// Looks until `is_there`, or until it is time to go to sleep, or not at all if another one looks already.
    pub(in crate::network) fn until(&self, is_there: impl Fn() -> bool) {
        // Relaxed, because it guards nothing: two that look at once waste a little time, and no more.
        if !is_there() && !self.is_taken.swap(true, Ordering::Relaxed) {
            Self::spin(&is_there);
            self.is_taken.store(false, Ordering::Relaxed);
        }
        Self::spin_yielding(&is_there);
    }

    /// Looks until `is_there`, or until it is time to go to sleep.
    pub(super) fn briefly(is_there: impl Fn() -> bool) {
        Self::spin(&is_there);
        Self::spin_yielding(&is_there);
    }

    fn spin(is_there: &impl Fn() -> bool) {
        for _ in 0..SPINS_MAX {
            if is_there() {
                return;
            }
            std::hint::spin_loop();
        }
    }

    fn spin_yielding(is_there: &impl Fn() -> bool) {
        for _ in 0..YIELDS_MAX {
            if is_there() {
                return;
            }
            thread::yield_now();
        }
    }
}
