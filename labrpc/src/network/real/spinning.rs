//! Looking for a moment before going to sleep.
//!
//! Putting a thread to sleep and waking it costs some microseconds on each side, more than a whole call takes. So who
//! waits for something that is likely to come at once looks again and again for a moment first. That helps only while
//! there is a processor to spare: of those who wait for the same kind of thing, one at a time looks.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// How often it looks: some ten to twenty microseconds.
const LOOKS: u32 = 2_000;

/// Whether there is a second processor that could bring what is waited for.
static IS_WORTH_IT: LazyLock<bool> =
    LazyLock::new(|| thread::available_parallelism().is_ok_and(|processors| processors.get() > 1));

/// Those who wait for the same kind of thing.
#[derive(Default)]
pub(in crate::network) struct Spinning {
    is_taken: AtomicBool,
}

impl Spinning {
    /// Looks until `is_there`, or until it is time to go to sleep, or not at all if another one looks already.
    pub(in crate::network) fn until(&self, is_there: impl Fn() -> bool) {
        if is_there() || !*IS_WORTH_IT || self.is_taken.swap(true, Ordering::Relaxed) {
            return;
        }
        for _ in 0..LOOKS {
            if is_there() {
                break;
            }
            std::hint::spin_loop();
        }
        self.is_taken.store(false, Ordering::Relaxed);
    }
}
