//! The threads that wait for one lock or condition variable, as a list through the table of threads.
//!
//! The list is two numbers, so that a lock stays small and can be made in a `const`; the links are in the
//! threads' slots. A thread is in one such list at a time. A list that was last used in another simulation counts
//! as empty when that one is over; while it goes on, the list is its own.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use super::core::Core;
use super::runs::is_live;
use super::threads::{NONE, State, Wait, Waiter};

/// An intrusive list of waiting threads, first come first.
///
/// The fields are atomic only because a lock can be shared between OS threads; only the OS thread that runs the
/// simulation touches them.
pub(crate) struct WaitList {
    run: AtomicU32,
    first: AtomicU32,
    last: AtomicU32,
}

impl WaitList {
    pub(crate) const fn new() -> Self {
        Self { run: AtomicU32::new(0), first: AtomicU32::new(NONE), last: AtomicU32::new(NONE) }
    }

    fn first(&self, core: &Core) -> u32 {
        if self.run.load(Relaxed) == core.run { self.first.load(Relaxed) } else { NONE }
    }

    /// Whether some thread in the list waits for something that `is_it` accepts.
    pub(crate) fn any(&self, core: &Core, is_it: impl Fn(Wait) -> bool) -> bool {
        let mut at = self.first(core);
        while at != NONE {
            let slot = core.threads.slot(at);
            if matches!(slot.state, State::Blocked(wait, _) if is_it(wait)) {
                return true;
            }
            at = slot.next;
        }
        false
    }

    /// Adds the running thread, which is about to wait. `false` if the list is another simulation's.
    #[must_use]
    pub(crate) fn push_current(&self, core: &mut Core) -> bool {
        if core.is_over {
            // Nobody wakes anybody any more, and the thread may still stand in another list.
            return true;
        }
        let owner = self.run.load(Relaxed);
        if owner != core.run {
            // Two may try at once, each on its OS thread, and one of them must see that it is not alone.
            if is_live(owner) || self.run.compare_exchange(owner, core.run, Relaxed, Relaxed).is_err() {
                return false;
            }
            // `last` may stay as it is: it is not looked at while `first` is `NONE`.
            self.first.store(NONE, Relaxed);
        }
        let current = core.current;
        let slot = core.threads.slot_mut(current);
        // The link is in the slot, so there is one for each thread.
        assert!(!slot.is_listed, "a thread is in one list at a time");
        slot.is_listed = true;
        slot.next = NONE;
        if self.first.load(Relaxed) == NONE {
            self.first.store(current, Relaxed);
        } else {
            core.threads.slot_mut(self.last.load(Relaxed)).next = current;
        }
        self.last.store(current, Relaxed);
        true
    }

    /// Takes out the running thread, which no longer waits, if whoever woke it did not: its deadline, or a crash or a
    /// pause that made it look again.
    pub(crate) fn leave(&self, core: &mut Core) {
        // Asked of the slot, because the way through the list is long when many wait, and mostly for nothing.
        if core.threads.slot(core.current).is_listed {
            self.remove(core, core.current);
        }
    }

    /// Takes a thread out, wherever it stands. Does nothing if it is not there.
    pub(crate) fn remove(&self, core: &mut Core, index: u32) {
        let mut before = NONE;
        let mut at = self.first(core);
        // A crashed thread may stand in the list until the run is over. Its slot is not used again, so its
        // link is sound.
        while at != NONE && at != index {
            before = at;
            at = core.threads.slot(at).next;
        }
        if at == NONE {
            return;
        }
        let slot = core.threads.slot_mut(at);
        slot.is_listed = false;
        let next = std::mem::replace(&mut slot.next, NONE);
        if before == NONE {
            self.first.store(next, Relaxed);
        } else {
            core.threads.slot_mut(before).next = next;
        }
        if next == NONE {
            self.last.store(before, Relaxed);
        }
    }

    /// Takes out the thread that came first and still waits. Threads that were woken by their deadline, or
    /// crashed, drop out of the list on the way.
    pub(crate) fn pop(&self, core: &mut Core) -> Option<Waiter> {
        loop {
            let first = self.first(core);
            if first == NONE {
                return None;
            }
            let slot = core.threads.slot_mut(first);
            slot.is_listed = false;
            self.first.store(std::mem::replace(&mut slot.next, NONE), Relaxed);
            // Whoever gave up or crashed must not use up a wake-up. Otherwise: A waits with a timeout, B
            // waits; the timeout passes; C unlocks and wakes A, which no longer wants the lock; B waits for a
            // free lock.
            if matches!(slot.state, State::Blocked(..)) {
                return Some(Waiter { slot: first, ticket: slot.ticket });
            }
        }
    }

    /// As [`pop`](Self::pop), but a thread whose node is paused is taken only if there is no other.
    pub(crate) fn pop_unpaused(&self, core: &mut Core) -> Option<Waiter> {
        let mut at = self.first(core);
        while at != NONE {
            let waiter = Waiter { slot: at, ticket: core.threads.slot(at).ticket };
            if core.can_be_served(waiter) {
                self.remove(core, at);
                return Some(waiter);
            }
            at = core.threads.slot(at).next;
        }
        // All who wait are paused. One of them is woken all the same, and its node keeps it back: if nobody
        // else comes, the lock is there for it when the node goes on.
        self.pop(core)
    }

    /// Takes out any one that still waits, chosen by the stream of the schedule.
    pub(crate) fn pop_any(&self, core: &mut Core) -> Option<Waiter> {
        let waiting = |core: &Core, at: u32| matches!(core.threads.slot(at).state, State::Blocked(..));
        let mut count = 0;
        let mut at = self.first(core);
        while at != NONE {
            count += u32::from(waiting(core, at));
            at = core.threads.slot(at).next;
        }
        // One alone draws nothing, so that it costs the schedule no chance.
        if count <= 1 {
            return self.pop(core);
        }
        let mut skip = core.scheduler.below(count);
        let mut at = self.first(core);
        while skip > 0 || !waiting(core, at) {
            skip -= u32::from(waiting(core, at));
            at = core.threads.slot(at).next;
        }
        let waiter = Waiter { slot: at, ticket: core.threads.slot(at).ticket };
        self.remove(core, at);
        Some(waiter)
    }
}
