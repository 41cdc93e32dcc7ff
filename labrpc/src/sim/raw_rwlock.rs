//! The raw lock under [`sync::RwLock`](crate::sync::RwLock): parking_lot's, with a simulated way to wait for it.
//!
//! Built like [`super::raw_mutex`]. As with parking_lot's, a reader waits when a writer waits, so that writers get
//! their turn; a thread that reads twice can therefore deadlock, and the simulation finds that.

#![allow(unsafe_code, reason = "lock_api's trait of a raw lock is unsafe to implement")]

use std::panic::Location;
use std::time::Duration;

use lock_api::{GuardNoSend, RawRwLock as _, RawRwLockTimed as _};

use super::context::{self, is_simulated, with_core};
use super::core::Core;
use super::end_of_run;
use super::event::Kind;
use super::lock_owners::Attempt;
use super::misuse::{fail_foreign, fail_shared};
use super::object::{Access, ObjectId};
use super::steps;
use super::threads::{Held, Wait, Woken};
use super::wait_list::WaitList;
use crate::time::Instant;

/// A read-write lock without data, of both worlds. Use it through [`sync::RwLock`](crate::sync::RwLock).
pub struct RawRwLock {
    real: parking_lot::RawRwLock,
    waiting: WaitList,
    number: ObjectId,
}

impl std::fmt::Debug for RawRwLock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawRwLock").field("is_locked", &self.real.is_locked()).finish()
    }
}

/// What a guard remembers: in which world the lock was taken.
#[derive(Debug)]
pub struct Token {
    is_simulated: bool,
    _no_send: std::marker::PhantomData<*mut ()>,
}

// SAFETY: a shared token gives access to nothing.
unsafe impl Sync for Token {}

impl Token {
    fn new(is_simulated: bool) -> Self {
        Self { is_simulated, _no_send: std::marker::PhantomData }
    }
}

/// Which side of the lock is wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Shared,
    Exclusive,
}

impl RawRwLock {
    /// What tells this lock from all others.
    fn id(&self) -> usize {
        self.number.get()
    }

    fn access(&self, side: Side) -> Access {
        match side {
            Side::Shared => Access::reads(self.id()),
            Side::Exclusive => Access::changes(self.id()),
        }
    }

    fn wait_for(&self, side: Side) -> Wait {
        match side {
            Side::Shared => Wait::Lock(self.id()),
            Side::Exclusive => Wait::WriteLock(self.id()),
        }
    }

    fn try_real(&self, side: Side) -> bool {
        match side {
            Side::Shared => self.real.try_lock_shared().is_some(),
            Side::Exclusive => self.real.try_lock_exclusive().is_some(),
        }
    }

    fn release_real(&self, is_shared: bool) {
        // SAFETY: called once for each hold that a slot listed; the real lock is held on behalf of each of them.
        unsafe {
            if is_shared {
                self.real.unlock_shared(GuardNoSend::new());
            } else {
                self.real.unlock_exclusive(GuardNoSend::new());
            }
        }
    }

    fn attempt(&self, core: &mut Core, side: Side, location: &'static Location<'static>) -> Attempt {
        let lock = self.id();
        // A writer that waits goes first, or readers that come and go would keep it out for ever. When the
        // run is over nobody waits for his turn any more.
        if side == Side::Shared
            && self.waiting.any(core, |wait| wait == Wait::WriteLock(lock))
            && !core.is_over
        {
            return Attempt::Busy;
        }
        if !self.try_real(side) {
            // Unlike a mutex's, a hold that is taken away may be one of several. So each is given back, and
            // the lock is tried again: living readers may still be inside.
            core.evict(lock, |held| self.release_real(held.is_shared));
            if !self.try_real(side) {
                return core.why_refused(lock);
            }
        }
        core.add_hold(Held { lock, location, is_shared: side == Side::Shared });
        Attempt::Taken
    }

    fn lock_simulated(
        &self,
        side: Side,
        deadline: Option<u64>,
        location: &'static Location<'static>,
    ) -> Option<Token> {
        steps::step_to_lock(Kind::Lock, self.access(side), location);
        // As with the mutex, an attempt follows every wait: all who waited were woken, and only some of them
        // get in.
        loop {
            match with_core(|core| self.attempt(core, side, location)) {
                Attempt::Taken => return Some(Token::new(true)),
                // Nobody will ever give it back, and to let the thread in would make two guards of one lock.
                Attempt::HeldByCaller(_) if context::is_over() => end_of_run::leave(),
                Attempt::Busy | Attempt::HeldByCaller(_) => {}
                Attempt::Foreign => fail_foreign(location),
            }
            if !with_core(|core| self.waiting.push_current(core)) {
                fail_shared(location);
            }
            let woken = steps::wait(self.wait_for(side), deadline, location);
            with_core(|core| self.waiting.leave(core));
            if woken == Woken::ByDeadline {
                with_core(|core| {
                    // Readers stand behind a writer that waits. This one gives up, and nobody else would tell
                    // them.
                    self.wake_all(core);
                    core.locking_ends();
                });
                return None;
            }
        }
    }

    fn try_lock_simulated(&self, side: Side, location: &'static Location<'static>) -> Option<Token> {
        steps::step_to_lock(Kind::TryLock, self.access(side), location);
        match with_core(|core| self.attempt(core, side, location)) {
            Attempt::Taken => Some(Token::new(true)),
            _ => {
                with_core(Core::locking_ends);
                None
            }
        }
    }

    fn unlock_simulated(&self, is_shared: bool) {
        if !is_simulated() {
            self.release_real(is_shared);
            return;
        }
        with_core(|core| {
            if core.release_hold(self.id()) {
                self.release_real(is_shared);
                // Whether one writer or several readers are next is not decided here but by who runs first.
                // And as all are woken, nobody waits for one that is paused or crashes before it runs.
                self.wake_all(core);
            }
        });
    }

    /// All who wait look again; the policy decides who is first.
    fn wake_all(&self, core: &mut Core) {
        while let Some(waiter) = self.waiting.pop(core) {
            core.wake(waiter, Woken::ByPeer);
        }
    }

    fn lock_real(&self, side: Side, deadline: Option<std::time::Instant>) -> Option<Token> {
        let is_taken = match (side, deadline) {
            (Side::Shared, None) => {
                self.real.lock_shared();
                true
            }
            (Side::Exclusive, None) => {
                self.real.lock_exclusive();
                true
            }
            (Side::Shared, Some(deadline)) => self.real.try_lock_shared_until(deadline).is_some(),
            (Side::Exclusive, Some(deadline)) => self.real.try_lock_exclusive_until(deadline).is_some(),
        };
        is_taken.then(|| Token::new(false))
    }

    fn lock(
        &self,
        side: Side,
        deadline: Option<Instant>,
        location: &'static Location<'static>,
    ) -> Option<Token> {
        if is_simulated() {
            self.lock_simulated(side, deadline.map(Instant::simulated_ns), location)
        } else {
            self.lock_real(side, deadline.map(Instant::real))
        }
    }

    fn try_lock(&self, side: Side, location: &'static Location<'static>) -> Option<Token> {
        if is_simulated() {
            self.try_lock_simulated(side, location)
        } else {
            self.try_real(side).then(|| Token::new(false))
        }
    }

    fn unlock(&self, token: &Token, is_shared: bool) {
        if token.is_simulated {
            self.unlock_simulated(is_shared);
        } else {
            self.release_real(is_shared);
        }
    }
}

// SAFETY: the real lock is held while a guard exists, with the exception that `raw_mutex` describes.
unsafe impl lock_api::RawRwLock for RawRwLock {
    #[allow(clippy::declare_interior_mutable_const, reason = "the trait asks for it")]
    const INIT: Self =
        Self { real: parking_lot::RawRwLock::INIT, waiting: WaitList::new(), number: ObjectId::new() };

    type SharedGuard = Token;
    type ExclusiveGuard = Token;

    #[inline]
    #[track_caller]
    fn lock_shared(&self) -> Token {
        self.lock(Side::Shared, None, Location::caller()).expect("a wait without deadline")
    }

    #[inline]
    #[track_caller]
    fn try_lock_shared(&self) -> Option<Token> {
        self.try_lock(Side::Shared, Location::caller())
    }

    #[inline]
    unsafe fn unlock_shared(&self, token: Token) {
        self.unlock(&token, true);
    }

    #[inline]
    #[track_caller]
    fn lock_exclusive(&self) -> Token {
        self.lock(Side::Exclusive, None, Location::caller()).expect("a wait without deadline")
    }

    #[inline]
    #[track_caller]
    fn try_lock_exclusive(&self) -> Option<Token> {
        self.try_lock(Side::Exclusive, Location::caller())
    }

    #[inline]
    unsafe fn unlock_exclusive(&self, token: Token) {
        self.unlock(&token, false);
    }

    #[inline]
    fn is_locked(&self) -> bool {
        self.real.is_locked()
    }

    #[inline]
    fn is_locked_exclusive(&self) -> bool {
        self.real.is_locked_exclusive()
    }
}

// SAFETY: a timed wait that fails leaves the lock alone.
unsafe impl lock_api::RawRwLockTimed for RawRwLock {
    type Duration = Duration;
    type Instant = Instant;

    #[track_caller]
    fn try_lock_shared_for(&self, timeout: Duration) -> Option<Token> {
        self.lock(Side::Shared, Instant::now().checked_add(timeout), Location::caller())
    }

    #[track_caller]
    fn try_lock_shared_until(&self, deadline: Instant) -> Option<Token> {
        self.lock(Side::Shared, Some(deadline), Location::caller())
    }

    #[track_caller]
    fn try_lock_exclusive_for(&self, timeout: Duration) -> Option<Token> {
        self.lock(Side::Exclusive, Instant::now().checked_add(timeout), Location::caller())
    }

    #[track_caller]
    fn try_lock_exclusive_until(&self, deadline: Instant) -> Option<Token> {
        self.lock(Side::Exclusive, Some(deadline), Location::caller())
    }
}
