//! What happens later in the real world: one thread with a heap of deadlines.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

/// Something that happens later, or in a thread of its own.
pub(crate) type Job = Box<dyn FnOnce() + Send>;

/// Runs jobs when they are due. The thread is started by the first one.
#[derive(Default)]
pub(crate) struct Later {
    jobs: Mutex<Jobs>,
    changed: Condvar,
}

#[derive(Default)]
struct Jobs {
    /// When each job is due, and its number.
    due: BinaryHeap<Reverse<(Instant, u64)>>,
    by_number: BTreeMap<u64, Job>,
    started: u64,
    is_running: bool,
    is_stopped: bool,
}

impl Later {
    /// Runs `job` after `delay`. Does nothing once it was stopped.
    pub(crate) fn schedule(self: &Arc<Self>, delay: Duration, job: Job) {
        let mut jobs = self.jobs.lock();
        if jobs.is_stopped {
            // The job may own what takes the lock when it is dropped.
            drop(jobs);
            return drop(job);
        }
        jobs.started += 1;
        let number = jobs.started;
        jobs.by_number.insert(number, job);
        let due = Instant::now().checked_add(delay).unwrap_or_else(|| Instant::now() + FAR);
        // With the number, so that of two jobs for one instant the one that was set first runs first.
        jobs.due.push(Reverse((due, number)));
        // Only a job that is the next of all changes how long the thread has to sleep.
        let is_next = jobs.due.peek().is_some_and(|Reverse((_, next))| *next == number);
        if !jobs.is_running {
            jobs.is_running = true;
            let later = Arc::clone(self);
            let body = move || later.run();
            let thread = thread::Builder::new().name("labrpc-timer".into()).spawn(body);
            thread.expect("the machine can start a thread for what happens later");
        } else if is_next {
            self.changed.notify_one();
        }
    }

    /// Takes what is due, else waits for it, until it is stopped.
    fn run(&self) {
        let mut jobs = self.jobs.lock();
        while !jobs.is_stopped {
            let Some(&Reverse((due, number))) = jobs.due.peek() else {
                self.changed.wait(&mut jobs);
                continue;
            };
            if due > Instant::now() {
                self.changed.wait_until(&mut jobs, due);
                continue;
            }
            jobs.due.pop();
            if let Some(job) = jobs.by_number.remove(&number) {
                // Outside of the lock: a job may set another one, and mostly does.
                parking_lot::MutexGuard::unlocked(&mut jobs, job);
            }
        }
        jobs.is_running = false;
    }

    pub(crate) fn stop(&self) {
        let mut jobs = self.jobs.lock();
        jobs.is_stopped = true;
        jobs.due.clear();
        let dropped = std::mem::take(&mut jobs.by_number);
        self.changed.notify_one();
        drop(jobs);
        drop(dropped);
    }

    pub(crate) fn threads(&self) -> usize {
        usize::from(self.jobs.lock().is_running)
    }
}

/// A delay that no test waits for, for those that the clock cannot show.
const FAR: Duration = Duration::from_secs(3600 * 24 * 365);
