//! The raw lock under [`sync::RwLock`](crate::sync::RwLock): parking_lot's, with a simulated way to wait for it.
//!
//! Built like [`super::raw_mutex`]. As with parking_lot's, a reader waits when a writer waits, so that writers get
//! their turn; a thread that reads twice can therefore deadlock, and the simulation finds that. The recursive lock lets
//! readers in all the same.
//!
//! A lock has three sides. Many may hold the shared side, and one beside them the upgradable side; the exclusive side is
//! held by one alone. The holder of the upgradable side goes over to the exclusive one when all others have left, and
//! nobody writes in between. `real` is parking_lot's lock by its sides, `simulated` how to wait for it, `changing` how one
//! side becomes another.

#![allow(unsafe_code, reason = "lock_api's trait of a raw lock is unsafe to implement")]

mod changing;
mod real;
mod simulated;

use std::panic::Location;
use std::time::Duration;

use lock_api::RawRwLock as _;

use self::real::Real as _;
use self::simulated::{Goal, Simulated};
use super::context::is_simulated;
use super::threads::Side;
use crate::time::Instant;

/// A read-write lock without data, of both worlds. Use it through [`sync::RwLock`](crate::sync::RwLock).
pub struct RawRwLock<const RECURSIVE: bool = false> {
    real: parking_lot::RawRwLock<RECURSIVE>,
    simulated: Simulated,
}

/// A read-write lock without data whose readers never wait for a writer that waits. Use it through
/// [`sync::RecursiveRwLock`](crate::sync::RecursiveRwLock).
pub type RawRwLockRecursive = RawRwLock<true>;

impl<const RECURSIVE: bool> std::fmt::Debug for RawRwLock<RECURSIVE> {
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

impl<const RECURSIVE: bool> RawRwLock<RECURSIVE> {
    #[track_caller]
    fn lock(&self, side: Side, deadline: Option<Instant>) -> Option<Token> {
        let is_simulated = is_simulated();
        let is_taken = if is_simulated {
            let deadline = deadline.map(Instant::simulated_ns);
            self.simulated.lock(&self.real, Goal::Take(side), deadline, Location::caller())
        } else {
            self.real.wait_for(side, deadline.map(Instant::real))
        };
        is_taken.then(|| Token::new(is_simulated))
    }

    #[track_caller]
    fn lock_for(&self, side: Side, timeout: Duration) -> Option<Token> {
        self.lock(side, Instant::now().checked_add(timeout))
    }

    #[track_caller]
    fn try_lock(&self, side: Side) -> Option<Token> {
        let is_simulated = is_simulated();
        let is_taken = if is_simulated {
            self.simulated.try_lock(&self.real, Goal::Take(side), Location::caller())
        } else {
            self.real.try_take(side)
        };
        is_taken.then(|| Token::new(is_simulated))
    }

    /// # Safety
    ///
    /// The token is that of a hold of this side.
    unsafe fn unlock(&self, token: &Token, side: Side) {
        if token.is_simulated && is_simulated() {
            self.simulated.unlock(&self.real, side);
        } else {
            // SAFETY: the caller's guard held the real lock, and is consumed. If it was taken in a simulation it has left
            // it, and there is nobody to wake.
            unsafe { self.real.release(side) };
        }
    }

    /// # Safety
    ///
    /// The token is that of a hold of this side.
    unsafe fn unlock_fair(&self, token: &Token, side: Side) {
        if token.is_simulated {
            // SAFETY: as the caller says.
            unsafe { self.unlock(token, side) };
        } else {
            // SAFETY: the caller's guard held the real lock, and is consumed.
            unsafe { self.real.release_fair(side) };
        }
    }
}

// SAFETY: the real lock is held while a guard exists, with the exception that `raw_mutex` describes.
unsafe impl<const RECURSIVE: bool> lock_api::RawRwLock for RawRwLock<RECURSIVE> {
    #[allow(clippy::declare_interior_mutable_const, reason = "the trait asks for it")]
    const INIT: Self = Self { real: parking_lot::RawRwLock::INIT, simulated: Simulated::new(RECURSIVE) };

    type SharedGuard = Token;
    type ExclusiveGuard = Token;

    #[inline]
    #[track_caller]
    fn lock_shared(&self) -> Token {
        self.lock(Side::Shared, None).expect("a wait without deadline")
    }

    #[inline]
    #[track_caller]
    fn try_lock_shared(&self) -> Option<Token> {
        self.try_lock(Side::Shared)
    }

    #[inline]
    unsafe fn unlock_shared(&self, token: Token) {
        // SAFETY: lock_api passes the token of a shared hold.
        unsafe { self.unlock(&token, Side::Shared) };
    }

    #[inline]
    #[track_caller]
    fn lock_exclusive(&self) -> Token {
        self.lock(Side::Exclusive, None).expect("a wait without deadline")
    }

    #[inline]
    #[track_caller]
    fn try_lock_exclusive(&self) -> Option<Token> {
        self.try_lock(Side::Exclusive)
    }

    #[inline]
    unsafe fn unlock_exclusive(&self, token: Token) {
        // SAFETY: lock_api passes the token of an exclusive hold.
        unsafe { self.unlock(&token, Side::Exclusive) };
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

// SAFETY: in the simulated world the ordinary unlock is used, which upholds the requirements.
unsafe impl<const RECURSIVE: bool> lock_api::RawRwLockFair for RawRwLock<RECURSIVE> {
    unsafe fn unlock_shared_fair(&self, token: Token) {
        // SAFETY: lock_api passes the token of a shared hold.
        unsafe { self.unlock_fair(&token, Side::Shared) };
    }

    unsafe fn unlock_exclusive_fair(&self, token: Token) {
        // SAFETY: lock_api passes the token of an exclusive hold.
        unsafe { self.unlock_fair(&token, Side::Exclusive) };
    }
}

// SAFETY: a timed wait that fails leaves the lock alone.
unsafe impl<const RECURSIVE: bool> lock_api::RawRwLockTimed for RawRwLock<RECURSIVE> {
    type Duration = Duration;
    type Instant = Instant;

    #[track_caller]
    fn try_lock_shared_for(&self, timeout: Duration) -> Option<Token> {
        self.lock_for(Side::Shared, timeout)
    }

    #[track_caller]
    fn try_lock_shared_until(&self, deadline: Instant) -> Option<Token> {
        self.lock(Side::Shared, Some(deadline))
    }

    #[track_caller]
    fn try_lock_exclusive_for(&self, timeout: Duration) -> Option<Token> {
        self.lock_for(Side::Exclusive, timeout)
    }

    #[track_caller]
    fn try_lock_exclusive_until(&self, deadline: Instant) -> Option<Token> {
        self.lock(Side::Exclusive, Some(deadline))
    }
}
