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

#![allow(unsafe_code, reason = "parking_lot's raw lock is unsafe to unlock, and ours to implement")]

mod changing;
mod real;
mod simulated;

use std::panic::Location;

use lock_api::RawRwLock as _;

use self::real::Real as _;
use self::simulated::{Goal, Simulated};
use super::context::is_simulated;
use super::hold::{self, Hold};
use super::raw_lock::{RawLock, Until};
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

/// When a wait is over, for the real world and for a simulation: the deadline on the caller's clock. `None` if it never is.
fn deadline(until: Until) -> Option<Instant> {
    match until {
        Until::Taken | Until::Now => None,
        Until::For(timeout) => Instant::now().checked_add(timeout),
        Until::At(deadline) => Some(deadline),
    }
}

// SAFETY: the real lock's side is held on behalf of a hold until it is released, or taken away from a thread that never runs
// again, with the exception that `raw_mutex` names.
unsafe impl<const RECURSIVE: bool> RawLock for RawRwLock<RECURSIVE> {
    const INIT: Self = Self { real: parking_lot::RawRwLock::INIT, simulated: Simulated::new(RECURSIVE) };

    #[inline]
    fn lock(&self, side: Side, location: &'static Location<'static>) -> Hold {
        if is_simulated() {
            let hold = self.simulated.lock(&self.real, Goal::Take(side), None, location);
            return hold.expect("a wait without deadline");
        }
        self.real.wait_for(side, None);
        Hold::real(side)
    }

    fn take(&self, side: Side, until: Until, location: &'static Location<'static>) -> Option<Hold> {
        if is_simulated() {
            let goal = Goal::Take(side);
            return match until {
                Until::Now => self.simulated.try_lock(&self.real, goal, location),
                _ => {
                    let deadline = deadline(until).map(Instant::simulated_ns);
                    self.simulated.lock(&self.real, goal, deadline, location)
                }
            };
        }
        let is_taken = match until {
            Until::Now => self.real.try_take(side),
            _ => self.real.wait_for(side, deadline(until).map(Instant::real)),
        };
        is_taken.then_some(Hold::real(side))
    }

    #[inline]
    unsafe fn release(&self, hold: &Hold, is_fair: bool) {
        // SAFETY: the caller's hold is one of this lock. In the real world none is taken away, so the real lock is held; and one of
        // a simulation that is gone still is, unless it was taken away.
        unsafe {
            if !hold.is_real() {
                if is_simulated() {
                    self.simulated.unlock(&self.real, hold);
                } else if hold::ends_unlisted(hold.number()) {
                    self.real.release(hold.side());
                }
            } else if is_fair {
                self.real.release_fair(hold.side());
            } else {
                self.real.release(hold.side());
            }
        }
    }

    #[inline]
    fn is_locked(&self) -> bool {
        self.real.is_locked()
    }
}
