//! Where a caller waits for the outcome of its call.

use std::cell::RefCell;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::{Condvar, Mutex};

use super::real::Spinning;
use crate::sim::{self, Wait, Waiter, Woken};
use crate::wire::Value;

/// How a call ended.
pub(super) enum Outcome {
    /// The encoded reply, the name of its type, and its tree if one of the parties speaks in trees.
    Reply(Vec<u8>, &'static str, Option<Arc<Value>>),
    /// No reply came.
    Nothing,
    /// The server cannot read what it was sent. For calls with types that fails the test: in the real world it is said in
    /// the caller's thread, in a simulation at once.
    Broken(String),
}

/// The place for one outcome. Whoever ends the call leaves it here, once.
pub(super) struct Pending {
    cell: Mutex<Cell>,
    /// The outcome is there. In the real world a caller looks at this for a moment before it goes to sleep.
    ready: AtomicBool,
    changed: Condvar,
}

struct Cell {
    outcome: Option<Outcome>,
    /// The simulated thread that waits.
    waiter: Option<Waiter>,
}

/// Places kept for the next call, for each OS thread.
const PENDING_KEPT_MAX: usize = 64;

thread_local! {
    static POOL: RefCell<Vec<Arc<Pending>>> = const { RefCell::new(Vec::new()) };
}

impl Pending {
    /// An empty place.
    pub(super) fn take() -> Arc<Self> {
        POOL.with_borrow_mut(Vec::pop).unwrap_or_else(|| {
            Arc::new(Self {
                cell: Mutex::new(Cell { outcome: None, waiter: None }),
                ready: AtomicBool::new(false),
                changed: Condvar::new(),
            })
        })
    }

    /// Keeps a place whose outcome was taken, for the next call.
    fn give_back(self: Arc<Self>) {
        self.ready.store(false, Ordering::Relaxed);
        POOL.with_borrow_mut(|pool| {
            if pool.len() < PENDING_KEPT_MAX {
                pool.push(self);
            }
        });
    }

    /// Leaves the outcome and wakes the caller.
    pub(super) fn complete(&self, outcome: Outcome) {
        let mut cell = self.cell.lock();
        cell.outcome = Some(outcome);
        // In a simulation there may be none yet: the outcome of a call that meets nothing on its way is there
        // before the wait.
        let waiter = cell.waiter.take();
        self.ready.store(true, Ordering::Release);
        if waiter.is_none() {
            self.changed.notify_one();
        }
        drop(cell);
        if let Some(waiter) = waiter
            // The last handle to a network may be dropped after the run. Whoever waited then is gone.
            && sim::is_simulated()
        {
            sim::wake(waiter);
        }
    }

    /// Waits in a simulation.
    pub(super) fn wait_simulated(
        self: Arc<Self>,
        method: &'static str,
        location: &'static Location<'static>,
    ) -> Outcome {
        // The outcome is looked for first, and after every wait: it may have come in this thread, while it
        // sent the request.
        loop {
            let mut cell = self.cell.lock();
            if let Some(outcome) = cell.outcome.take() {
                drop(cell);
                self.give_back();
                return outcome;
            }
            cell.waiter = Some(sim::waiter());
            drop(cell);
            if sim::wait(Wait::Reply(method), None, location) == Woken::ByTheEnd {
                // The place is not given back: whoever ends the call may still leave an outcome in it.
                return Outcome::Nothing;
            }
        }
    }

    /// Waits in the real world: looks for a moment, then sleeps.
    pub(super) fn wait_real(self: Arc<Self>, spinning: &Spinning) -> Outcome {
        // Without the lock: the one who brings the outcome would have to wait for it.
        spinning.until(|| self.ready.load(Ordering::Acquire));
        let mut cell = self.cell.lock();
        let outcome = loop {
            match cell.outcome.take() {
                Some(outcome) => break outcome,
                None => self.changed.wait(&mut cell),
            }
        };
        drop(cell);
        self.give_back();
        outcome
    }
}
