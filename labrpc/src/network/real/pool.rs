//! A pool of threads for handlers, which grows when handlers block and shrinks when there is little to do.
//!
//! A request goes to the worker that went idle last, whose caches are warm and who may still be looking. If none is
//! idle it waits in a queue for one that finishes; but a handler may block for as long as it likes, and no request may
//! wait for that. A request that has waited for [`PATIENCE`] therefore gets a new worker: those who are busy and those
//! who are blocked cannot be told apart, but by patience.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::{Spinning, Timer};
use crate::network::world::Job;
use crate::thread::set_real_node_label;

/// So many workers are started without waiting.
const WORKERS_READY: usize = 2;
/// How long a request waits for a worker that finishes before it gets a new one.
const PATIENCE: Duration = Duration::from_micros(500);
/// How long an idle worker waits for work before it ends.
const IDLE_MAX: Duration = Duration::from_millis(500);

struct Task {
    /// The node that the handler's thread bears the name of.
    label: Arc<str>,
    job: Job,
}

/// An idle worker's letter box.
#[derive(Default)]
struct Worker {
    task: Mutex<Option<Task>>,
    /// There is a task, or the pool was stopped.
    is_called: AtomicBool,
    changed: Condvar,
}

#[derive(Default)]
struct Workers {
    /// The one that went idle last is last.
    idle: Vec<Arc<Worker>>,
    queue: VecDeque<(Instant, Task)>,
    count: usize,
    /// The timer will look whether the queue moves.
    is_watched: bool,
    is_stopped: bool,
}

pub(super) struct Pool {
    workers: Mutex<Workers>,
    spinning: Spinning,
    timer: Arc<Timer>,
}

impl Pool {
    pub(super) fn new(timer: Arc<Timer>) -> Self {
        Self { workers: Mutex::default(), spinning: Spinning::default(), timer }
    }

    /// Runs `job` in a thread of the pool. Does nothing once it was stopped.
    pub(super) fn submit(pool: &Arc<Self>, label: Arc<str>, job: Job) {
        let task = Task { label, job };
        let mut workers = pool.workers.lock();
        if workers.is_stopped {
            drop(workers);
            return drop(task);
        }
        if let Some(worker) = workers.idle.pop() {
            drop(workers);
            return worker.call(Some(task));
        }
        if workers.count < WORKERS_READY {
            return pool.start(&mut workers, task);
        }
        workers.queue.push_back((Instant::now(), task));
        let is_watched = std::mem::replace(&mut workers.is_watched, true);
        drop(workers);
        if !is_watched {
            pool.watch();
        }
    }

    /// Looks after a while whether the queue has moved.
    fn watch(self: &Arc<Self>) {
        let pool = Arc::clone(self);
        Timer::schedule(&self.timer, PATIENCE, Box::new(move || pool.grow()));
    }

    /// Gives a new worker to each request that has waited for too long.
    fn grow(self: &Arc<Self>) {
        let mut workers = self.workers.lock();
        while workers.queue.front().is_some_and(|(since, _)| since.elapsed() >= PATIENCE) {
            let Some((_, task)) = workers.queue.pop_front() else { break };
            self.start(&mut workers, task);
        }
        workers.is_watched = !workers.queue.is_empty() && !workers.is_stopped;
        let is_watched = workers.is_watched;
        drop(workers);
        if is_watched {
            self.watch();
        }
    }

    fn start(self: &Arc<Self>, workers: &mut Workers, task: Task) {
        workers.count += 1;
        let pool = Arc::clone(self);
        let body = move || pool.work(task);
        let thread = thread::Builder::new().name("network-handler".into()).spawn(body);
        thread.expect("the machine can start a thread for a handler");
    }

    /// A worker's life.
    fn work(&self, first: Task) {
        let me = Arc::new(Worker::default());
        let mut next = Some(first);
        while let Some(Task { label, job }) = next {
            set_real_node_label(label);
            job();
            next = self.next_task(&me);
        }
    }

    /// The next task: from the queue, or from whoever calls while this worker is idle. `None` if it is to end.
    fn next_task(&self, me: &Arc<Worker>) -> Option<Task> {
        let mut workers = self.workers.lock();
        if let Some((_, task)) = workers.queue.pop_front() {
            return Some(task);
        }
        if workers.is_stopped {
            workers.count -= 1;
            return None;
        }
        workers.idle.push(Arc::clone(me));
        drop(workers);
        me.wait(&self.spinning).or_else(|| self.retire(me))
    }

    /// Ends an idle worker, unless somebody called it meanwhile.
    fn retire(&self, me: &Arc<Worker>) -> Option<Task> {
        let mut workers = self.workers.lock();
        let place = workers.idle.iter().position(|worker| Arc::ptr_eq(worker, me));
        match place {
            Some(place) => {
                workers.idle.remove(place);
            }
            None if !workers.is_stopped => {
                drop(workers);
                return me.wait_for_letter();
            }
            None => {}
        }
        workers.count -= 1;
        None
    }

    pub(super) fn stop(&self) {
        let mut workers = self.workers.lock();
        workers.is_stopped = true;
        let idle = std::mem::take(&mut workers.idle);
        let queue = std::mem::take(&mut workers.queue);
        drop(workers);
        drop(queue);
        for worker in idle {
            worker.call(None);
        }
    }

    pub(super) fn threads(&self) -> usize {
        self.workers.lock().count
    }
}

impl Worker {
    /// Hands over a task, or the news that there will be none.
    fn call(&self, task: Option<Task>) {
        let mut letter = self.task.lock();
        *letter = task;
        self.is_called.store(true, Ordering::Release);
        self.changed.notify_one();
    }

    /// Waits to be called. `None` if that does not happen for a while, or if there is no task.
    fn wait(&self, spinning: &Spinning) -> Option<Task> {
        spinning.until(|| self.is_called.load(Ordering::Acquire));
        let mut task = self.task.lock();
        while !self.is_called.load(Ordering::Acquire) {
            if self.changed.wait_for(&mut task, IDLE_MAX).timed_out() {
                break;
            }
        }
        self.is_called.swap(false, Ordering::Acquire).then(|| task.take()).flatten()
    }

    /// Waits for the task of somebody who has promised one.
    fn wait_for_letter(&self) -> Option<Task> {
        let mut task = self.task.lock();
        while !self.is_called.load(Ordering::Acquire) {
            self.changed.wait(&mut task);
        }
        self.is_called.store(false, Ordering::Relaxed);
        task.take()
    }
}
