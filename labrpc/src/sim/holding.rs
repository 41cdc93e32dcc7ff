//! Who holds which lock, and how a lock is taken away from those who will never give it back.

use std::panic::Location;

use super::core::Core;
use super::threads::{Held, NONE, State};

/// How an attempt to take a lock went.
pub(crate) enum Attempt {
    Taken,
    /// Somebody has it who may give it back.
    Busy,
    /// The caller has it already, taken at this place.
    HeldByCaller(&'static Location<'static>),
    /// Nobody in this simulation has it.
    Foreign,
}

impl Core {
    /// The running thread has taken a lock.
    pub(crate) fn hold(&mut self, held: Held) {
        let slot = self.threads.slot_mut(self.current);
        slot.is_locking = false;
        slot.just_taken = Some(held.lock);
        slot.held.push(held);
    }

    /// Whether the last step of the running thread took this lock: all that it has seen since, the lock protects.
    pub(crate) fn has_just_taken(&self, lock: usize) -> bool {
        self.threads.slot(self.current).just_taken == Some(lock)
    }

    /// The running thread does not get the lock that it tried to take.
    pub(crate) fn locking_ends(&mut self) {
        self.threads.slot_mut(self.current).is_locking = false;
    }

    /// The running thread, whose wait for a condition variable at `location` is over, takes the lock back next.
    pub(crate) fn relocks_after_wait(&mut self, location: &'static Location<'static>) {
        self.threads.slot_mut(self.current).relocks = Some(location);
    }

    /// The running thread gives a lock back. `false` when it was taken away from it before.
    pub(crate) fn let_go(&mut self, lock: usize) -> bool {
        if self.current == NONE {
            return false;
        }
        let current = self.current;
        let slot = self.threads.slot_mut(current);
        slot.is_fresh = false;
        let held = &mut slot.held;
        match held.iter().rposition(|held| held.lock == lock) {
            // The lock that was taken last, as a rule.
            Some(place) if place + 1 == held.len() => held.pop().is_some(),
            Some(place) => {
                held.remove(place);
                true
            }
            None => false,
        }
    }

    /// Takes a lock away from every thread that will never give it back: from crashed ones, and once the run is
    /// over from all. `release` undoes each hold.
    pub(crate) fn evict(&mut self, lock: usize, mut release: impl FnMut(Held)) {
        let is_over = self.is_over;
        for slot in &mut self.threads.slots {
            if slot.state == State::Crashed || is_over {
                while let Some(place) = slot.held.iter().position(|held| held.lock == lock) {
                    release(slot.held.remove(place));
                }
            }
        }
    }

    /// Why a lock cannot be had.
    pub(crate) fn who_has(&self, lock: usize) -> Attempt {
        let holds = |index: u32| self.threads.slot(index).held.iter().find(|held| held.lock == lock);
        if let Some(held) = holds(self.current) {
            Attempt::HeldByCaller(held.location)
        } else if (0..self.threads.slots.len() as u32).any(|index| holds(index).is_some()) {
            Attempt::Busy
        } else {
            Attempt::Foreign
        }
    }
}
