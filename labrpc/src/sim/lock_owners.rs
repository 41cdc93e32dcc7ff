//! Who holds which lock, and how a lock is taken away from those who will never give it back.
//!
//! # Why that is sound
//!
//! While a guard exists, references into the guarded data may lie on its thread's stack: an iterator that drains a vector,
//! say. So a lock may be taken away only from a thread that never runs another instruction, not even its destructors:
//! for safe code that is as if everything on its stack had been [forgotten](std::mem::forget), and others may have
//! the data.
//!
//! - During a run only crashed threads lose a lock. When it is over, the destructors of one thread may take the lock of
//!   another, which has not been unwound yet. Who has lost a lock is marked, and is never unwound: its stack is
//!   [left](super::fiber::Fiber::leak) as it is, and never used again: what lies on it may be pinned, and what is pinned must
//!   not be overwritten before it is dropped.
//! - A thread never takes a lock away from itself: two guards of one lock would live on one stack.
//! - A hold names the lock by its [number](super::object::ObjectId), and no two locks ever have the same one. An address would not do: a guard
//!   can be forgotten, its lock dropped, and another lock made at the same place, which somebody living holds.
//! - A hold says which [side](Side) it is of. A thread may hold two sides of one lock, and the real lock must be given back,
//!   by the thread or on its behalf, what was taken of it: else it would have a reader too many, or one too few.
//!
//! # What this does not cover
//!
//! Two ways in which safe code takes a reference off the stack of the thread that holds the lock. Then a crash of that thread's
//! node, and another thread that takes the lock over, make two exclusive references. Both are open:
//!
//! - `MutexGuard::leak`, which `lock_api` gives every guard: the reference that it returns can be sent to a thread of another
//!   node. The lock still counts as held by the thread that has leaked it.
//! - A guard in a `std::thread_local!`, which all threads of a simulation share although the compiler takes each for a thread of its
//!   own: another thread can take it out. The lints ban the macro ([`thread_local!`](crate::thread_local) is each thread's own).
//!
//! To close them, guards have to be types of this crate.

use std::panic::Location;

use super::core::Core;
use super::threads::{Held, NONE, Side, State};

/// How an attempt to take a lock went.
pub(crate) enum Attempt {
    Taken,
    /// Somebody has it who may give it back.
    Busy,
    /// The caller has it already, taken at this place.
    HeldByCaller(&'static Location<'static>),
    /// Nobody in this simulation has it.
    Foreign,
    /// The caller was to have one side of it already, and has not.
    NotOwned,
}

impl Core {
    /// The running thread has taken a lock.
    pub(crate) fn add_hold(&mut self, held: Held) {
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

    /// Whether the running thread holds this side of a lock.
    pub(crate) fn holds(&self, lock: usize, side: Side) -> bool {
        let held = &self.threads.slot(self.current).held;
        held.iter().any(|held| held.lock == lock && held.side == side)
    }

    /// The running thread, which holds the upgradable side of a lock, has the exclusive one instead.
    pub(crate) fn upgrade_hold(&mut self, lock: usize, location: &'static Location<'static>) {
        let slot = self.threads.slot_mut(self.current);
        slot.is_locking = false;
        let is_it = |held: &&mut Held| held.lock == lock && held.side == Side::Upgradable;
        if let Some(held) = slot.held.iter_mut().find(is_it) {
            *held = Held { lock, location, side: Side::Exclusive };
        }
    }

    /// The running thread, which holds the side `from` of a lock, has the side `to` instead. `false` when it has not.
    pub(crate) fn downgrade_hold(&mut self, lock: usize, from: Side, to: Side) -> bool {
        if self.current == NONE {
            return false;
        }
        let slot = self.threads.slot_mut(self.current);
        // As to give it back: no step, but others can come in now.
        slot.is_unobserved = false;
        let held = slot.held.iter_mut().find(|held| held.lock == lock && held.side == from);
        held.map(|held| held.side = to).is_some()
    }

    /// The running thread gives a side of a lock back. `false` when it was taken away from it before.
    pub(crate) fn release_hold(&mut self, lock: usize, side: Side) -> bool {
        // Nothing that the run loop calls holds a lock.
        if self.current == NONE {
            return false;
        }
        let current = self.current;
        let slot = self.threads.slot_mut(current);
        // To give a lock back is no step, but others can have it now.
        slot.is_unobserved = false;
        let held = &mut slot.held;
        // From the end: the shared side can be held twice, and then the younger hold goes.
        match held.iter().rposition(|held| held.lock == lock && held.side == side) {
            // The lock that was taken last, as a rule.
            Some(place) if place + 1 == held.len() => held.pop().is_some(),
            Some(place) => {
                held.remove(place);
                true
            }
            // Taken away by `evict` meanwhile, and somebody else may have it: the real lock must be left
            // alone.
            None => false,
        }
    }

    /// Takes a lock away from every other thread that will never give it back, which from then on must never run again:
    /// from crashed ones, and once the run is over from all. `release` undoes each hold.
    pub(crate) fn evict(&mut self, lock: usize, mut release: impl FnMut(Held)) {
        let (is_over, current) = (self.is_over, self.current as usize);
        for (index, slot) in self.threads.slots.iter_mut().enumerate() {
            // When the run is over no thread waits any more, and each has to get what it asks for, or its
            // destructors would hang.
            if index != current && (slot.state == State::Crashed || is_over) {
                // More than once, if it was the shared side.
                while let Some(place) = slot.held.iter().position(|held| held.lock == lock) {
                    release(slot.held.remove(place));
                    slot.is_left = true;
                }
            }
        }
    }

    /// Why a lock cannot be had. `own`: the side that the caller holds and that is not in its way.
    pub(crate) fn why_refused(&self, lock: usize, own: Option<Side>) -> Attempt {
        let holds = |index: u32| {
            let own = own.filter(|_| index == self.current);
            let held = &self.threads.slot(index).held;
            held.iter().find(|held| held.lock == lock && Some(held.side) != own)
        };
        // The caller first: its own hold is a mistake that can be named at once, whoever else reads under the
        // lock.
        if let Some(held) = holds(self.current) {
            Attempt::HeldByCaller(held.location)
        } else if (0..self.threads.slots.len() as u32).any(|index| holds(index).is_some()) {
            Attempt::Busy
        } else {
            // In nobody's slot, and the real lock is taken: a real thread has it, or a guard was forgotten by
            // a thread that has ended since.
            Attempt::Foreign
        }
    }
}
