//! Condition variables of both worlds.

use std::fmt;
use std::panic::Location;
use std::time::Duration;

use lock_api::RawCondvar as _;
use parking_lot::RawCondvar;

use super::MutexGuard;
use crate::sim::{self, Kind, Wait, WaitList, Woken, with_core};
use crate::time::Instant;

/// A condition variable: lets threads that hold a [`Mutex`](super::Mutex) wait until another thread says that
/// something has changed.
///
/// Wait in a loop that checks the predicate, always: a notification says "look again", not "it is so". `wait_while`
/// is that loop.
///
/// # Differences from `parking_lot::Condvar`
///
/// In a simulation, the thread that [`notify_one`](Self::notify_one) wakes is any of those that wait, chosen by the
/// seed, so that code which relies on an order fails.
pub struct Condvar {
    real: RawCondvar,
    waiting: WaitList,
}

/// Whether a timed wait ended because its time was up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    /// `true` if the time was up before a notification came.
    #[must_use]
    pub fn timed_out(&self) -> bool {
        self.0
    }
}

impl Condvar {
    /// A condition variable on which nobody waits.
    #[must_use]
    pub const fn new() -> Self {
        Self { real: RawCondvar::INIT, waiting: WaitList::new() }
    }

    /// Gives the lock back, waits for a notification, and takes the lock again.
    #[track_caller]
    pub fn wait<T: ?Sized>(&self, guard: &mut MutexGuard<'_, T>) {
        self.wait_deadline(guard, None, Location::caller());
    }

    /// As [`wait`](Self::wait), until `deadline` at the longest.
    ///
    /// # Panics
    ///
    /// If `deadline` is of another world than the caller.
    #[track_caller]
    pub fn wait_until<T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        deadline: Instant,
    ) -> WaitTimeoutResult {
        self.wait_deadline(guard, Some(deadline), Location::caller())
    }

    /// As [`wait`](Self::wait), for `timeout` at the longest.
    #[track_caller]
    pub fn wait_for<T: ?Sized>(&self, guard: &mut MutexGuard<'_, T>, timeout: Duration) -> WaitTimeoutResult {
        let deadline = Instant::now().checked_add(timeout);
        self.wait_deadline(guard, deadline, Location::caller())
    }

    /// Waits as long as `condition` holds.
    #[track_caller]
    pub fn wait_while<T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        mut condition: impl FnMut(&mut T) -> bool,
    ) {
        while condition(&mut **guard) {
            self.wait_deadline(guard, None, Location::caller());
        }
    }

    /// Waits as long as `condition` holds, until `deadline` at the longest.
    ///
    /// # Panics
    ///
    /// If `deadline` is of another world than the caller.
    #[track_caller]
    pub fn wait_while_until<T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        mut condition: impl FnMut(&mut T) -> bool,
        deadline: Instant,
    ) -> WaitTimeoutResult {
        let location = Location::caller();
        while condition(&mut **guard) {
            if self.wait_deadline(guard, Some(deadline), location).timed_out() {
                return WaitTimeoutResult(condition(&mut **guard));
            }
        }
        WaitTimeoutResult(false)
    }

    /// Waits as long as `condition` holds, for `timeout` at the longest.
    #[track_caller]
    pub fn wait_while_for<T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        condition: impl FnMut(&mut T) -> bool,
        timeout: Duration,
    ) -> WaitTimeoutResult {
        match Instant::now().checked_add(timeout) {
            Some(deadline) => self.wait_while_until(guard, condition, deadline),
            None => {
                self.wait_while(guard, condition);
                WaitTimeoutResult(false)
            }
        }
    }

    /// Wakes one thread that waits. Returns whether there was one.
    #[track_caller]
    pub fn notify_one(&self) -> bool {
        if !sim::is_simulated() {
            return self.real.notify_one();
        }
        sim::step_without_choice(Kind::Notify, Location::caller());
        // Any one, though the list is in the order of coming: no implementation promises an order, and code
        // that counts on one must fail here.
        let waiter = with_core(|core| self.waiting.pop_any(core));
        waiter.map(sim::wake).is_some()
    }

    /// Wakes all threads that wait. Returns how many there were.
    #[track_caller]
    pub fn notify_all(&self) -> usize {
        if !sim::is_simulated() {
            return self.real.notify_all();
        }
        sim::step_without_choice(Kind::Notify, Location::caller());
        // All become ready before any of them runs. They want the same lock, and who gets it first is for the
        // policy.
        let mut woken = 0;
        while let Some(waiter) = with_core(|core| self.waiting.pop(core)) {
            sim::wake(waiter);
            woken += 1;
        }
        woken
    }

    /// As [`notify_all`](Self::notify_all), and nothing at all, not even a step, if nobody waits.
    #[track_caller]
    pub(super) fn notify_waiting(&self) {
        if !sim::is_simulated() || with_core(|core| self.waiting.any(core, |_| true)) {
            self.notify_all();
        }
    }

    fn wait_deadline<T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        deadline: Option<Instant>,
        location: &'static Location<'static>,
    ) -> WaitTimeoutResult {
        if !sim::is_simulated() {
            return WaitTimeoutResult(guard.0.raw().wait_real(&self.real, guard.0.hold(), deadline));
        }
        let deadline = deadline.map(Instant::simulated_ns);
        if !guard.0.raw().was_taken_last() {
            // The thread has looked at something that this lock does not protect, an atomic or a channel: it can change
            // before the wait begins, and the notification be lost.
            sim::step(Kind::Wait, 0, location);
        }
        // Nothing else runs between joining the list and waiting: giving the lock back is not a step.
        if !with_core(|core| self.waiting.push_current(core)) {
            sim::fail_shared(location);
        }
        let woken = guard.0.unlocked(false, location, || {
            let woken = sim::wait(Wait::Condvar, deadline, location);
            with_core(|core| {
                // Before the lock is taken again, which may mean to wait in its list.
                self.waiting.leave(core);
                core.relocks_after_wait(location);
            });
            woken
        });
        // One answer even if both came in one instant. A notification that came second found this thread
        // awake and went to another one, so none is spent on a wait that timed out.
        WaitTimeoutResult(woken == Woken::ByDeadline)
    }
}

impl Default for Condvar {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Condvar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Condvar { .. }")
    }
}
