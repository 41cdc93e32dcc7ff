//! A point that a number of threads reach together.

use super::{Condvar, Mutex};

/// Lets `n` threads wait for each other.
///
/// # Differences from [`std::sync::Barrier`]
///
/// None but the world.
#[derive(Debug)]
pub struct Barrier {
    size: usize,
    state: Mutex<State>,
    opened: Condvar,
}

#[derive(Debug)]
struct State {
    waiting: usize,
    generation: u64,
}

/// Tells one of the threads that met at a [`Barrier`] from the others.
#[derive(Debug)]
pub struct BarrierWaitResult(bool);

impl BarrierWaitResult {
    /// `true` for exactly one of the threads: the last to come.
    #[must_use]
    pub fn is_leader(&self) -> bool {
        self.0
    }
}

impl Barrier {
    /// A barrier for `size` threads; 0 is taken for 1.
    #[must_use]
    pub const fn new(size: usize) -> Self {
        Self { size, state: Mutex::new(State { waiting: 0, generation: 0 }), opened: Condvar::new() }
    }

    /// Blocks until as many threads wait as the barrier is for.
    pub fn wait(&self) -> BarrierWaitResult {
        let mut state = self.state.lock();
        state.waiting += 1;
        if state.waiting >= self.size {
            state.waiting = 0;
            state.generation += 1;
            self.opened.notify_all();
            return BarrierWaitResult(true);
        }
        // Not the count: it may be on its way up again for the next round when a thread of this one looks.
        let generation = state.generation;
        self.opened.wait_while(&mut state, |state| state.generation == generation);
        BarrierWaitResult(false)
    }
}
