//! A pool of threads for handlers, which grows when handlers block and shrinks when there is little to do.
//!
//! Requests wait in a queue. A few workers serve it as fast as they can: more would only take the processor from each
//! other, and waking a thread costs more than most handlers take. One worker that finds the queue empty goes on
//! looking for a moment; as long as it does, a request wakes nobody.
//!
//! But a handler may block for as long as it likes, and no request may wait for that. Who is busy and who is blocked
//! cannot be told apart, but by patience: when a request has waited for [`REQUEST_WAIT_MAX`], workers that have been in
//! their handlers for so long no longer count, and every request that has waited for so long gets a worker of its own.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard};

use super::spinning::Spinning;
use crate::later::{Job, Later};
use crate::sim::set_real_node_label;

/// So many workers serve the queue.
const WORKERS_ACTIVE: usize = 2;
/// How long a request waits before it is given a worker of its own.
const REQUEST_WAIT_MAX: Duration = Duration::from_micros(200);
/// How long an idle worker waits for work before it ends.
const IDLE_MAX: Duration = Duration::from_millis(500);

struct Task {
    /// The node that the handler's thread bears the name of.
    label: Arc<str>,
    job: Job,
    since: Instant,
}

/// A worker that sleeps, until its flag is set under the pool's lock.
#[derive(Default)]
struct Sleeper {
    is_called: bool,
    changed: Arc<Condvar>,
}

#[derive(Default)]
struct Workers {
    queue: VecDeque<Task>,
    /// When each worker that is in a handler went there; `None` once it counts as blocked.
    busy: BTreeMap<u64, Option<Instant>>,
    /// How many of them do not count as blocked, with those that were called and are on their way.
    active: usize,
    /// Sleeping workers; the one that went to sleep last is last.
    sleeping: Vec<(u64, Sleeper)>,
    /// A worker looks at the queue.
    is_polled: bool,
    count: usize,
    started: u64,
    /// The timer will look whether the queue moves.
    is_watched: bool,
    is_stopped: bool,
}

pub(super) struct Pool {
    workers: Mutex<Workers>,
    /// The length of the queue, for the worker that looks.
    waiting: AtomicUsize,
    timer: Arc<Later>,
}

impl Pool {
    pub(super) fn new(timer: Arc<Later>) -> Self {
        Self { workers: Mutex::default(), waiting: AtomicUsize::new(0), timer }
    }

    /// Runs `job` in a thread of the pool. Does nothing once it was stopped.
    pub(super) fn submit(self: &Arc<Self>, label: Arc<str>, job: Job) {
        let task = Task { label, job, since: Instant::now() };
        let mut workers = self.workers.lock();
        if workers.is_stopped {
            // The job may own what takes the lock when it is dropped.
            drop(workers);
            return drop(task);
        }
        workers.queue.push_back(task);
        self.waiting.store(workers.queue.len(), Ordering::Release);
        // The worker that looks will find it. It takes one, so a second one in the queue needs somebody else.
        if workers.queue.len() == 1 && workers.is_polled {
            return;
        }
        if workers.active < WORKERS_ACTIVE {
            return self.wake_or_start_worker(&mut workers);
        }
        // Enough are at work, as far as is known. If they are blocked, the timer will notice.
        let is_watched = std::mem::replace(&mut workers.is_watched, true);
        drop(workers);
        if !is_watched {
            self.watch();
        }
    }

    /// Gets one more worker for the queue: wakes the one that went to sleep last, or starts one.
    fn wake_or_start_worker(self: &Arc<Self>, workers: &mut Workers) {
        workers.active += 1;
        if let Some((_, sleeper)) = workers.sleeping.iter_mut().rev().find(|(_, sleeper)| !sleeper.is_called)
        {
            // EndedCall by a flag, and not by the notification alone: it may be about to give up, or another
            // call may come before it has woken.
            sleeper.is_called = true;
            sleeper.changed.notify_one();
            return;
        }
        workers.count += 1;
        workers.started += 1;
        let number = workers.started;
        let pool = Arc::clone(self);
        let body = move || pool.work(number);
        let thread = thread::Builder::new().name("network-handler".into()).spawn(body);
        thread.expect("the machine can start a thread for a handler");
    }

    /// Looks after a while whether the queue has moved.
    fn watch(self: &Arc<Self>) {
        let pool = Arc::clone(self);
        self.timer.schedule(REQUEST_WAIT_MAX, Box::new(move || pool.grow()));
    }

    /// Gives a worker to each request that has waited for too long.
    fn grow(self: &Arc<Self>) {
        let mut workers = self.workers.lock();
        let now = Instant::now();
        let is_long = |since: Instant| now.saturating_duration_since(since) >= REQUEST_WAIT_MAX;
        // The queue is in the order of coming, so those who have waited too long are at its beginning.
        let late = workers.queue.iter().take_while(|task| is_long(task.since)).count();
        if late > 0 {
            let workers = &mut *workers;
            for since in workers.busy.values_mut().filter(|since| since.is_some_and(is_long)) {
                // Not known to be blocked. But so long in a handler, it is no help to those who wait.
                *since = None;
                workers.active -= 1;
            }
            for _ in 0..late {
                self.wake_or_start_worker(workers);
            }
        }
        workers.is_watched = !workers.queue.is_empty() && !workers.is_stopped;
        let is_watched = workers.is_watched;
        drop(workers);
        if is_watched {
            self.watch();
        }
    }

    /// A worker's life. It counts as active when it begins.
    fn work(self: Arc<Self>, me: u64) {
        while let Some(Task { label, job, .. }) = self.next_task(me) {
            set_real_node_label(label);
            job();
            let mut workers = self.workers.lock();
            // One that counted as blocked counts again, until it finds the queue empty.
            if workers.busy.remove(&me).flatten().is_none() {
                workers.active += 1;
            }
        }
    }

    /// The next task of the queue. `None` if there is none for a long time, or the pool was stopped.
    fn next_task(&self, me: u64) -> Option<Task> {
        let mut workers = self.workers.lock();
        loop {
            if let Some(task) = workers.queue.pop_front() {
                self.waiting.store(workers.queue.len(), Ordering::Release);
                workers.busy.insert(me, Some(Instant::now()));
                return Some(task);
            }
            if !workers.is_polled && !workers.is_stopped {
                workers.is_polled = true;
                // Without the lock, which whoever brings a request needs.
                MutexGuard::unlocked(&mut workers, || {
                    Spinning::briefly(|| self.waiting.load(Ordering::Acquire) > 0);
                });
                workers.is_polled = false;
                // Under the lock again, for another worker may have taken what was seen.
                if !workers.queue.is_empty() {
                    continue;
                }
            }
            workers.active -= 1;
            if workers.is_stopped || !Self::sleep(&mut workers, me) {
                workers.count -= 1;
                return None;
            }
        }
    }

    /// Sleeps until called; then the worker counts as active again. `false` if nobody calls for a while.
    fn sleep(workers: &mut MutexGuard<'_, Workers>, me: u64) -> bool {
        let changed = Arc::new(Condvar::new());
        let sleeper = Sleeper { is_called: false, changed: Arc::clone(&changed) };
        workers.sleeping.push((me, sleeper));
        let deadline = Instant::now() + IDLE_MAX;
        loop {
            // In a loop: a wake-up without reason says nothing. The flag does.
            let is_late = changed.wait_until(workers, deadline).timed_out();
            let Some(place) = workers.sleeping.iter().position(|(number, _)| *number == me) else {
                return false;
            };
            let is_called = workers.sleeping[place].1.is_called;
            if is_called || is_late || workers.is_stopped {
                workers.sleeping.remove(place);
                return is_called;
            }
        }
    }

    pub(super) fn stop(&self) {
        let mut workers = self.workers.lock();
        workers.is_stopped = true;
        let queue = std::mem::take(&mut workers.queue);
        self.waiting.store(0, Ordering::Release);
        // The busy ones are not waited for. They end when their handlers return.
        for (_, sleeper) in &workers.sleeping {
            sleeper.changed.notify_one();
        }
        drop(workers);
        drop(queue);
    }

    pub(super) fn threads(&self) -> usize {
        self.workers.lock().count
    }
}
