//! The real world's part: a thread for what happens later, and a pool of threads for handlers.

mod pool;
mod spinning;

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;

pub(super) use spinning::Spinning;

pub(super) use crate::later::Job;
use crate::later::Later;
use crate::sim::nanos;
use pool::Pool;

/// The threads, clock and chance of one real network.
pub(super) struct Real {
    start: Instant,
    pub(super) chance: Mutex<Xoshiro256PlusPlus>,
    /// Callers that look for their reply before they go to sleep.
    pub(super) callers: Spinning,
    timer: Arc<Later>,
    pool: Arc<Pool>,
}

impl Real {
    /// Threads are started when they are first needed.
    pub(super) fn start(seed: Option<u64>) -> Arc<Self> {
        // What the standard library seeds its hash maps with, which is the operating system's chance.
        let seed = seed.unwrap_or_else(|| RandomState::new().hash_one(0));
        let timer = Arc::new(Later::default());
        Arc::new(Self {
            start: Instant::now(),
            chance: Mutex::new(Xoshiro256PlusPlus::seed_from_u64(seed)),
            callers: Spinning::default(),
            // The pool asks the timer to look after it, so that there is one thread that waits for time and
            // not two.
            pool: Arc::new(Pool::new(Arc::clone(&timer))),
            timer,
        })
    }

    pub(super) fn now_ns(&self) -> u64 {
        nanos(self.start.elapsed())
    }

    pub(super) fn schedule(&self, delay: Duration, job: Job) {
        self.timer.schedule(delay, job);
    }

    pub(super) fn submit(&self, label: Arc<str>, job: Job) {
        self.pool.submit(label, job);
    }

    /// Lets all threads end: the timer and idle ones now, the others when their handlers return.
    pub(super) fn stop(&self) {
        self.timer.stop();
        self.pool.stop();
    }

    /// How many threads there are now.
    pub(super) fn threads(&self) -> usize {
        self.timer.threads() + self.pool.threads()
    }
}
