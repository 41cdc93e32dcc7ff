//! The raw mutex under [`sync::Mutex`](crate::sync::Mutex): parking_lot's, with a simulated way to wait for it.
//!
//! In the simulated world the real lock is taken as well, but only ever tried, so that a value is guarded even if
//! a real thread gets hold of the mutex. Who waits is in a [`WaitList`]; who holds is in the holding thread's slot,
//! which is what deadlock reports show and what makes it possible to take a lock away from a crashed thread: an
//! unlock by a thread whose slot does not list the lock has nothing to release and does nothing.

#![allow(unsafe_code, reason = "lock_api's trait of a raw lock is unsafe to implement")]

use std::panic::Location;
use std::time::Duration;

use lock_api::{GuardNoSend, RawMutex as _};
use parking_lot::RawCondvar;

use super::context::{self, is_simulated, with_core};
use super::core::Core;
use super::end_of_run;
use super::event::Kind;
use super::lock_owners::Attempt;
use super::misuse::{fail_foreign, fail_self_deadlock, fail_shared};
use super::nanoseconds::nanos;
use super::object::{ObjectId, On};
use super::steps;
use super::threads::{Held, Side, Wait, Woken};
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

/// What a guard remembers: in which world the lock was taken.
#[derive(Debug)]
pub struct Token {
    is_simulated: bool,
    /// Like parking_lot's guards, ours stay with their thread.
    _no_send: std::marker::PhantomData<*mut ()>,
}

// SAFETY: a shared token gives access to nothing.
unsafe impl Sync for Token {}

impl Token {
    fn new(is_simulated: bool) -> Self {
        Self { is_simulated, _no_send: std::marker::PhantomData }
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
        core.add_hold(Held { lock: self.id(), location, side: Side::Exclusive });
        Attempt::Taken
    }

    /// Takes the lock, waiting at most until `deadline`. `None` when it passed.
    #[inline(never)]
    fn lock_simulated(&self, deadline: Option<u64>, location: &'static Location<'static>) -> Option<Token> {
        let location = steps::step_to_lock(Kind::Lock, On::Changes(&self.number), location);
        // Between an attempt and the wait after it nothing else runs, so no unlock is missed in between. The
        // lock is not handed over: A unlocks and wakes B; C, which happens to run, takes the lock first; B
        // finds it taken and waits again. So a wait is always followed by another attempt.
        loop {
            match with_core(|core| self.attempt(core, location)) {
                Attempt::Taken => return Some(Token::new(true)),
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

    fn try_lock_simulated(&self, location: &'static Location<'static>) -> Option<Token> {
        steps::step_to_lock(Kind::TryLock, On::Changes(&self.number), location);
        match with_core(|core| self.attempt(core, location)) {
            Attempt::Taken => Some(Token::new(true)),
            _ => {
                with_core(Core::locking_ends);
                None
            }
        }
    }

    #[inline(never)]
    fn unlock_simulated(&self) {
        if !is_simulated() {
            // The guard left its simulation; there is nobody to wake.
            // SAFETY: the guard's existence means that the real lock is held, and it is consumed here.
            unsafe { self.real.unlock(GuardNoSend::new()) };
            return;
        }
        with_core(|core| {
            if !core.release_hold(self.id(), Side::Exclusive) {
                return;
            }
            // SAFETY: the running thread's slot listed the lock, so the real lock is held on its behalf.
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
}

// SAFETY: the real lock is held on behalf of the guard's thread while a guard exists and its thread can still run an
// instruction. From a thread that never runs again it may be taken away: see `lock_owners`. Who breaks this: an end of
// the run that unwinds a thread from which a lock was taken.
unsafe impl lock_api::RawMutex for RawMutex {
    #[allow(clippy::declare_interior_mutable_const, reason = "the trait asks for it")]
    const INIT: Self =
        Self { real: parking_lot::RawMutex::INIT, waiting: WaitList::new(), number: ObjectId::new() };

    type Guard = Token;

    #[inline]
    #[track_caller]
    fn lock(&self) -> Token {
        if is_simulated() {
            return self.lock_simulated(None, Location::caller()).expect("a wait without deadline");
        }
        self.real.lock();
        Token::new(false)
    }

    #[inline]
    #[track_caller]
    fn try_lock(&self) -> Option<Token> {
        if is_simulated() {
            return self.try_lock_simulated(Location::caller());
        }
        self.real.try_lock().map(|_| Token::new(false))
    }

    #[inline]
    unsafe fn unlock(&self, token: Token) {
        if token.is_simulated {
            self.unlock_simulated();
        } else {
            // SAFETY: the token says that the lock was taken in the real world; it is consumed here.
            unsafe { self.real.unlock(GuardNoSend::new()) }
        }
    }

    #[inline]
    fn is_locked(&self) -> bool {
        self.real.is_locked()
    }
}

// SAFETY: in the simulated world the ordinary unlock is used, which upholds the requirements.
unsafe impl lock_api::RawMutexFair for RawMutex {
    unsafe fn unlock_fair(&self, token: Token) {
        if token.is_simulated {
            self.unlock_simulated();
        } else {
            // SAFETY: as in `unlock`.
            unsafe { self.real.unlock_fair(GuardNoSend::new()) }
        }
    }
}

// SAFETY: a timed wait that fails leaves the lock alone.
unsafe impl lock_api::RawMutexTimed for RawMutex {
    type Duration = Duration;
    type Instant = Instant;

    #[track_caller]
    fn try_lock_for(&self, timeout: Duration) -> Option<Token> {
        if is_simulated() {
            let deadline = context::now().saturating_add(nanos(timeout));
            return self.lock_simulated(Some(deadline), Location::caller());
        }
        self.real.try_lock_for(timeout).map(|_| Token::new(false))
    }

    #[track_caller]
    fn try_lock_until(&self, deadline: Instant) -> Option<Token> {
        if is_simulated() {
            return self.lock_simulated(Some(deadline.simulated_ns()), Location::caller());
        }
        self.real.try_lock_until(deadline.real()).map(|_| Token::new(false))
    }
}

/// Whether to take the lock of `guard` was the last step of the running thread.
pub(crate) fn was_taken_last<T: ?Sized>(guard: &lock_api::MutexGuard<'_, RawMutex, T>) -> bool {
    // SAFETY: only the lock's address is used.
    let lock = unsafe { lock_api::MutexGuard::mutex(guard).raw() }.id();
    with_core(|core| core.has_just_taken(lock))
}

/// Waits on a real condition variable with a real guard. Returns whether `deadline` passed.
pub(crate) fn wait_real<T: ?Sized>(
    condvar: &RawCondvar,
    guard: &mut lock_api::MutexGuard<'_, RawMutex, T>,
    deadline: Option<Instant>,
) -> bool {
    use lock_api::{RawCondvar as _, RawCondvarTimed as _};
    // SAFETY: the raw mutex is unlocked and locked again by the condition variable only, while the guard is
    // borrowed for the whole wait, so nobody uses the data meanwhile.
    let raw = unsafe { lock_api::MutexGuard::mutex(guard).raw() };
    let mut real_guard = GuardNoSend::new();
    // SAFETY: the guard shows that the calling thread holds the lock.
    unsafe {
        match deadline {
            None => {
                condvar.wait(&raw.real, &mut real_guard);
                false
            }
            Some(deadline) => condvar.wait_until(&raw.real, &mut real_guard, &deadline.real()),
        }
    }
}
