//! Who a thread is for [`sync::ReentrantMutex`](crate::sync::ReentrantMutex), which its holder may lock again.

use std::cell::Cell;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::context::{is_simulated, with_core};
use super::threads::NONE;

thread_local! {
    /// The number of a real thread; 0 before it has one. It has no destructor, so it is there to the thread's end.
    static REAL: Cell<usize> = const { Cell::new(0) };
}

fn number(given: usize) -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    if given == 0 { NEXT.fetch_add(1, Ordering::Relaxed) } else { given }
}

/// The calling thread's number among those of both worlds that have asked for one. A thread keeps its number, and no number is
/// given twice: a usize counts further than a process can start threads.
///
/// Not an address of something of the thread's own, as parking_lot does: all threads of a simulation have those of one OS
/// thread. And a crashed thread may hold a lock for ever, so no other may be taken for it, not even when the run is over.
pub(super) fn current_thread_id() -> NonZeroUsize {
    // What the run loop does is done in no simulated thread.
    let simulated = is_simulated().then(|| {
        with_core(|core| {
            let slot = (core.current != NONE).then(|| core.threads.slot_mut(core.current))?;
            slot.lock_owner = number(slot.lock_owner);
            Some(slot.lock_owner)
        })
    });
    let number = simulated.flatten().unwrap_or_else(|| {
        REAL.set(number(REAL.get()));
        REAL.get()
    });
    NonZeroUsize::new(number).expect("numbers begin with 1")
}
