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
//! - Threads of a [`scope`](crate::thread::scope) may borrow from the frames of the thread that has opened it, and so may
//!   have references out of its guards. The lock is taken away only if none of them can run either, nor those of their
//!   scopes, and all of them are left. A thread that has started one of the system, which may borrow as well, keeps its locks.
//! - References that come out of a guard that does not lie on its thread's stack may be anywhere. Such a hold is
//!   [kept](super::hold): it is never taken away.
//! - A thread never takes a lock away from itself: two guards of one lock would live on one stack.
//! - A hold names the lock by its [number](super::object::ObjectId), and no two locks ever have the same one. An address would not do: a guard
//!   can be forgotten, its lock dropped, and another lock made at the same place, which somebody living holds.
//! - A hold has a number, too, and a guard gives back the one of its own. A thread may hold two sides of one lock, or have the
//!   guard of another thread, and the real lock must be given back, by a guard or on behalf of a thread, what was taken of it:
//!   else it would have a reader too many, or one too few.

use std::num::NonZeroU64;
use std::panic::Location;

use super::core::Core;
use super::hold::{self, Hold};
use super::threads::{Held, NONE, Side, State};

/// How an attempt to take a lock went.
pub(crate) enum Attempt {
    Taken(Hold),
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
    /// The running thread has taken a side of a lock.
    pub(crate) fn add_hold(&mut self, lock: usize, side: Side, location: &'static Location<'static>) -> Hold {
        let number = self.hold_numbers.next();
        let slot = self.threads.slot_mut(self.current);
        slot.is_locking = false;
        slot.just_taken = Some(lock);
        slot.held.push(Held { number, lock, location, side, is_kept: false });
        Hold::simulated(number, slot.stack, side)
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

    /// Whether the running thread has this hold.
    pub(crate) fn has_hold(&self, hold: NonZeroU64) -> bool {
        self.threads.slot(self.current).held.iter().any(|held| held.number == hold)
    }

    /// The running thread, which holds the upgradable side of a lock, has the exclusive one instead.
    pub(crate) fn upgrade_hold(&mut self, hold: NonZeroU64, location: &'static Location<'static>) -> Hold {
        let slot = self.threads.slot_mut(self.current);
        slot.is_locking = false;
        if let Some(held) = slot.held.iter_mut().find(|held| held.number == hold) {
            (held.side, held.location) = (Side::Exclusive, location);
        }
        Hold::simulated(hold, slot.stack, Side::Exclusive)
    }

    /// A hold is of the side `to` instead of the one that it was of. `false` if the lock is not held for it any more.
    pub(crate) fn downgrade_hold(&mut self, hold: NonZeroU64, to: Side) -> bool {
        let Some((index, place)) = self.find_hold(hold) else { return !hold::is_taken_away(hold) };
        let slot = self.threads.slot_mut(index);
        // As to give it back: no step, but others can come in now.
        slot.is_unobserved = false;
        slot.held[place].side = to;
        true
    }

    /// A guard gives its hold back. `false` when it was taken away before: somebody else may have the lock, which must be left
    /// alone.
    pub(crate) fn release_hold(&mut self, hold: NonZeroU64) -> bool {
        if self.current != NONE {
            let slot = self.threads.slot_mut(self.current);
            // The lock that was taken last, as a rule.
            if let Some(held) = slot.held.pop_if(|held| held.number == hold) {
                // To give a lock back is no step, but others can have it now.
                slot.is_unobserved = false;
                if held.is_kept {
                    hold::ends(hold);
                }
                return true;
            }
        }
        self.release_older_hold(hold)
    }

    #[inline(never)]
    fn release_older_hold(&mut self, hold: NonZeroU64) -> bool {
        let Some((index, place)) = self.find_hold(hold) else { return hold::ends_unlisted(hold) };
        let slot = self.threads.slot_mut(index);
        slot.is_unobserved = false;
        if slot.held.remove(place).is_kept {
            hold::ends(hold);
        }
        true
    }

    /// Where a hold is listed: in the slot of the running thread, and there last, as a rule. In that of another one if its guard
    /// has come here through a thread-local of std's.
    fn find_hold(&self, hold: NonZeroU64) -> Option<(u32, usize)> {
        let find = |index: u32| {
            let place = self.threads.slot(index).held.iter().rposition(|held| held.number == hold)?;
            Some((index, place))
        };
        let own = if self.current == NONE { None } else { find(self.current) };
        own.or_else(|| (0..self.threads.slots.len() as u32).find_map(find))
    }

    /// A hold is never taken away from now on.
    pub(crate) fn hold_is_kept(&mut self, hold: NonZeroU64) {
        if let Some((index, place)) = self.find_hold(hold) {
            self.threads.slot_mut(index).held[place].is_kept = true;
        }
    }

    /// Takes a lock away from every other thread that will never give it back, which from then on must never run again:
    /// from crashed ones, and once the run is over from all. `release` undoes each hold.
    pub(crate) fn evict(&mut self, lock: usize, mut release: impl FnMut(Side)) {
        for index in 0..self.threads.slots.len() as u32 {
            let holds = |slot: &super::threads::Slot| {
                slot.held.iter().position(|held| held.lock == lock && !held.is_kept)
            };
            if !self.is_stopped(index) || holds(self.threads.slot(index)).is_none() {
                continue;
            }
            let Some(borrowers) = self.all_who_borrow_from(index) else { continue };
            // More than once, if it was the shared side.
            while let Some(place) = holds(self.threads.slot(index)) {
                let held = &mut self.threads.slot_mut(index).held;
                if hold::take_away(held[place].number) {
                    let side = held.remove(place).side;
                    borrowers.iter().for_each(|&index| self.threads.slot_mut(index).is_left = true);
                    release(side);
                } else {
                    held[place].is_kept = true;
                }
            }
        }
    }

    /// Whether a thread can be kept from running another instruction: one that has crashed, and when the run is over any but
    /// the one that runs. No thread waits any more then, and each has to get what it asks for, or its destructors would hang.
    fn is_stopped(&self, index: u32) -> bool {
        index != self.current && (self.threads.slot(index).state == State::Crashed || self.is_over)
    }

    /// The running thread has started one of the system, which may borrow from its frames, as threads of `std::thread::scope` do.
    /// And from those of whoever has lent to it: `P` opens a scope of std and in it one of ours, whose thread `C` starts a thread in
    /// the scope of std. That one may have references out of `P`'s guards when `C` has long ended.
    pub(super) fn has_started_system_thread(&mut self) {
        let mut next = Some(self.current);
        while let Some(index) = next {
            let slot = self.threads.slot_mut(index);
            slot.has_system_threads = true;
            let lender = slot.borrows_from;
            next = lender.and_then(|lender| self.threads.alive_with_number(lender));
        }
    }

    /// A thread, and all that may have references into its frames. `None` if one of them may run on.
    fn all_who_borrow_from(&self, index: u32) -> Option<Vec<u32>> {
        let mut found = vec![index];
        let mut next = 0;
        while let Some(&lender) = found.get(next) {
            let lender = self.threads.slot(lender);
            if lender.has_system_threads {
                return None;
            }
            for (index, slot) in self.threads.slots.iter().enumerate() {
                let index = index as u32;
                if slot.borrows_from == Some(lender.number) && !found.contains(&index) {
                    if !self.is_stopped(index) {
                        return None;
                    }
                    found.push(index);
                }
            }
            next += 1;
        }
        Some(found)
    }

    /// Why a lock cannot be had. `own`: the hold of the caller that is not in its way.
    pub(crate) fn why_refused(&self, lock: usize, own: Option<NonZeroU64>) -> Attempt {
        let holds = |index: u32| {
            let held = &self.threads.slot(index).held;
            held.iter().find(|held| held.lock == lock && Some(held.number) != own)
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
