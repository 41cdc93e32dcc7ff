//! The numbers of simulations, and which of them go on.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};

use parking_lot::Mutex;

/// The simulations that have not ended, so that what they leave behind can tell whether they still go on.
static LIVE: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

/// The number of the next one.
static RUNS: AtomicU32 = AtomicU32::new(1);

/// A number for a new simulation, of which no other one of the process has it. Never 0, so that a lock can tell which one
/// last used it.
pub(super) fn begin() -> u32 {
    loop {
        let run = RUNS.fetch_add(1, Ordering::Relaxed);
        if run != 0 {
            LIVE.lock().insert(run);
            return run;
        }
    }
}

/// A simulation has ended.
pub(super) fn end(run: u32) {
    LIVE.lock().remove(&run);
}

/// A number that stays the same as long as one simulation goes on and no other one begins; `None` if none goes on, or several.
pub(super) fn alone() -> Option<u32> {
    let live = LIVE.lock();
    (live.len() == 1).then(|| RUNS.load(Ordering::Relaxed))
}

/// Whether a simulation has not ended yet.
pub(crate) fn is_live(run: u32) -> bool {
    LIVE.lock().contains(&run)
}
