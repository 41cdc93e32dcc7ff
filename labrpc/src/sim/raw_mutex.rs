//! The raw mutex under [`sync::Mutex`](crate::sync::Mutex): parking_lot's, with a simulated way to wait for it.
//!
//! In the simulated world the real lock is taken as well, but only ever tried, so that a value is guarded even if
//! a real thread gets hold of the mutex. Who waits is in a [`WaitList`]; who holds is in the holding thread's slot,
//! which is what deadlock reports show and what makes it possible to take a lock away from a crashed thread: an
//! guard whose [hold](super::hold) is listed nowhere, because it was taken away, has nothing to release and does nothing.

#![allow(unsafe_code, reason = "parking_lot's raw lock is unsafe to unlock, and ours to implement")]

use std::panic::Location;

use lock_api::{
    GuardNoSend, RawCondvar as _, RawCondvarTimed as _, RawMutex as _, RawMutexFair as _, RawMutexTimed as _,
};
use parking_lot::RawCondvar;

use super::context::{self, is_simulated, with_core};
use super::core::Core;
use super::end_of_run;
use super::event::Kind;
use super::hold::{self, Hold};
use super::lock_owners::Attempt;
use super::misuse::{fail_foreign, fail_self_deadlock, fail_shared};
use super::nanoseconds::nanos;
use super::object::{ObjectId, On};
use super::raw_lock::{RawLock, Until};
use super::steps;
use super::threads::{Side, Wait, Woken};
use super::wait_list::WaitList;
use crate::time::Instant;

/// A mutex without data, of both worlds. Use it through [`sync::Mutex`](crate::sync::Mutex).
pub struct RawMutex {
    real: parking_lot::RawMutex,
    waiting: WaitList,
    number: ObjectId,
}

impl std::fmt::Debug for RawMutex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawMutex").field("is_locked", &self.real.is_locked()).finish()
    }
}

impl RawMutex {
    /// What tells this lock from all others.
    fn id(&self) -> usize {
        self.number.get()
    }

    fn attempt(&self, core: &mut Core, location: &'static Location<'static>) -> Attempt {
        // Only tried, never waited for: to wait for the real lock would stop the one OS thread on which its
        // holder runs.
        if self.real.try_lock().is_none() {
            let lock = self.id();
            let mut evicted = false;
            core.evict(lock, |_| evicted = true);
            if !evicted {
                return core.why_refused(lock, None);
            }
            // The real lock stays locked: it goes over from the evicted thread to the caller.
        }
        Attempt::Taken(core.add_hold(self.id(), Side::Exclusive, location))
    }

    /// Takes the lock, waiting at most until `deadline`. `None` when it passed.
    #[inline(never)]
    fn lock_simulated(&self, deadline: Option<u64>, location: &'static Location<'static>) -> Option<Hold> {
        let location = steps::step_to_lock(Kind::Lock, On::Changes(&self.number), location);
        // Between an attempt and the wait after it nothing else runs, so no unlock is missed in between. The
        // lock is not handed over: A unlocks and wakes B; C, which happens to run, takes the lock first; B
        // finds it taken and waits again. So a wait is always followed by another attempt.
        loop {
            match with_core(|core| self.attempt(core, location)) {
                Attempt::Taken(hold) => return Some(hold),
                Attempt::Busy => {}
                // Nobody will ever give it back, and to let the thread in would make two guards of one lock.
                Attempt::HeldByCaller(_) if context::is_over() => end_of_run::leave(),
                Attempt::HeldByCaller(taken_at) if deadline.is_none() => {
                    fail_self_deadlock(taken_at, location)
                }
                // With a deadline the wait ends, so it is no deadlock but a slow way to say no, as with
                // parking_lot.
                Attempt::HeldByCaller(_) => {}
                Attempt::NotOwned => unreachable!("a mutex has one side"),
                Attempt::Foreign => fail_foreign(location),
            }
            if !with_core(|core| self.waiting.push_current(core)) {
                fail_shared(location);
            }
            let woken = steps::wait(Wait::Lock(self.id()), deadline, location);
            // Whoever woke it by an unlock took it off the list. A deadline, a crash or a node that goes on
            // did not.
            with_core(|core| self.waiting.leave(core));
            // No unlock is lost with it: one that had chosen this thread would have woken it, and `woken`
            // would be `ByPeer`.
            if woken == Woken::ByDeadline {
                with_core(Core::locking_ends);
                return None;
            }
        }
    }

    fn try_lock_simulated(&self, location: &'static Location<'static>) -> Option<Hold> {
        steps::step_to_lock(Kind::TryLock, On::Changes(&self.number), location);
        match with_core(|core| self.attempt(core, location)) {
            Attempt::Taken(hold) => Some(hold),
            _ => {
                with_core(Core::locking_ends);
                None
            }
        }
    }

    /// Takes the lock in a simulation.
    #[inline]
    fn take_simulated(&self, until: Until, location: &'static Location<'static>) -> Option<Hold> {
        let deadline = match until {
            Until::Taken => None,
            Until::Now => return self.try_lock_simulated(location),
            Until::For(timeout) => Some(context::now().saturating_add(nanos(timeout))),
            Until::At(deadline) => Some(deadline.simulated_ns()),
        };
        self.lock_simulated(deadline, location)
    }

    /// # Safety
    ///
    /// The hold is one of this lock, which the caller does not use any more.
    #[inline(never)]
    unsafe fn release_simulated(&self, hold: &Hold) {
        if !is_simulated() {
            // The run is gone, and its OS thread drops what lies in std's thread-locals. There is nobody to wake.
            if hold::ends_unlisted(hold.number()) {
                // SAFETY: the hold was neither taken away nor released before, so the real lock is held on its behalf.
                unsafe { self.real.unlock(GuardNoSend::new()) };
            }
            return;
        }
        with_core(|core| {
            if !core.release_hold(hold.number()) {
                return;
            }
            // SAFETY: the hold was listed, or was neither taken away nor released before. So the real lock is held on
            // its behalf.
            unsafe { self.real.unlock(GuardNoSend::new()) };
            // One, not all: the others would find the lock taken and wait again. And one that can run, if
            // there is any: a paused one would keep the others waiting for a free lock.
            if let Some(waiter) = self.waiting.pop_unpaused(core) {
                core.wake(waiter, Woken::ByPeer);
                // It alone knows that the lock is free. If it crashes or is paused before it runs, another
                // must be woken.
                core.threads.slot_mut(waiter.slot).woken_for = Some(self.id());
            }
        });
    }

    /// Whether to take this lock was the last step of the running thread.
    pub(crate) fn was_taken_last(&self) -> bool {
        with_core(|core| core.has_just_taken(self.id()))
    }

    /// Waits on a real condition variable, with a hold of this lock. Returns whether `deadline` passed.
    ///
    /// # Panics
    ///
    /// If the lock was taken in a simulation.
    pub(crate) fn wait_real(&self, condvar: &RawCondvar, hold: &Hold, deadline: Option<Instant>) -> bool {
        assert!(hold.is_real(), "a guard of a simulation waits outside of it");
        let mut real_guard = GuardNoSend::new();
        // SAFETY: the hold is of the real world, where none is taken away: the caller's thread holds the lock. The guard is
        // borrowed for the whole wait, so nobody uses the data while the condition variable has the lock unlocked.
        unsafe {
            match deadline {
                None => {
                    condvar.wait(&self.real, &mut real_guard);
                    false
                }
                Some(deadline) => condvar.wait_until(&self.real, &mut real_guard, &deadline.real()),
            }
        }
    }
}

// SAFETY: the real lock is held on behalf of a hold until it is released, or goes over to another hold when it is taken away
// from a thread that never runs again: see `lock_owners`. Who breaks this: an end of the run that unwinds a thread from which
// a lock was taken, or one that borrows from it.
unsafe impl RawLock for RawMutex {
    const INIT: Self =
        Self { real: parking_lot::RawMutex::INIT, waiting: WaitList::new(), number: ObjectId::new() };

    #[inline]
    fn lock(&self, _side: Side, location: &'static Location<'static>) -> Hold {
        if is_simulated() {
            return self.lock_simulated(None, location).expect("a wait without deadline");
        }
        self.real.lock();
        Hold::real(Side::Exclusive)
    }

    fn take(&self, _side: Side, until: Until, location: &'static Location<'static>) -> Option<Hold> {
        if is_simulated() {
            return self.take_simulated(until, location);
        }
        let is_taken = match until {
            Until::Taken => {
                self.real.lock();
                true
            }
            Until::Now => self.real.try_lock().is_some(),
            Until::For(timeout) => self.real.try_lock_for(timeout).is_some(),
            Until::At(deadline) => self.real.try_lock_until(deadline.real()).is_some(),
        };
        is_taken.then_some(Hold::real(Side::Exclusive))
    }

    #[inline]
    unsafe fn release(&self, hold: &Hold, is_fair: bool) {
        // SAFETY: the caller's hold is one of this lock. In the real world none is taken away, so the real lock is held.
        unsafe {
            if !hold.is_real() {
                self.release_simulated(hold);
            } else if is_fair {
                self.real.unlock_fair(GuardNoSend::new());
            } else {
                self.real.unlock(GuardNoSend::new());
            }
        }
    }

    #[inline]
    fn is_locked(&self) -> bool {
        self.real.is_locked()
    }
}
