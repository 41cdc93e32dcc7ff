//! What the programs are written against, over labrpc: threads, locks, shared variables, channels.
//!
//! As thin as can be: what is called here is one operation there. The callers' places are handed on, because reports, and
//! policies that tell operations apart, go by them.

use std::sync::Arc;

pub(crate) use labrpc::sync::Mutex;
use labrpc::sync::MutexGuard;
use labrpc::sync::atomic::{AtomicI64, Ordering};
pub(crate) use labrpc::thread::yield_now;
use labrpc::{channel, thread};

/// A variable that threads share without a lock. Each call is one step, so a race between two of them is found.
pub(crate) struct Shared(AtomicI64);

impl Shared {
    pub(crate) fn new(value: i64) -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(value)))
    }

    #[track_caller]
    pub(crate) fn get(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }

    #[track_caller]
    pub(crate) fn set(&self, value: i64) {
        self.0.store(value, Ordering::SeqCst);
    }

    /// Adds in one step, and returns the sum.
    #[track_caller]
    pub(crate) fn add(&self, value: i64) -> i64 {
        self.0.fetch_add(value, Ordering::SeqCst) + value
    }
}

/// A condition variable whose wait takes the guard and gives it back.
pub(crate) struct Condvar(labrpc::sync::Condvar);

impl Condvar {
    pub(crate) fn new() -> Self {
        Self(labrpc::sync::Condvar::new())
    }

    #[track_caller]
    pub(crate) fn wait<'a, T>(&self, mut guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        self.0.wait(&mut guard);
        guard
    }

    #[track_caller]
    pub(crate) fn notify_one(&self) {
        self.0.notify_one();
    }
}

/// A started thread.
pub(crate) struct Thread<T>(thread::JoinHandle<T>);

#[track_caller]
pub(crate) fn spawn<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> Thread<T> {
    Thread(thread::spawn(body))
}

impl<T> Thread<T> {
    /// What the thread returned. If it panicked, this thread goes on with that panic, so that its words are the report's.
    #[track_caller]
    pub(crate) fn join(self) -> T {
        self.0.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

pub(crate) struct Sender<T>(channel::Sender<T>);

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Sender<T> {
    /// Whether there still is a receiver.
    #[track_caller]
    pub(crate) fn send(&self, message: T) -> bool {
        self.0.send(message).is_ok()
    }
}

pub(crate) struct Receiver<T>(channel::Receiver<T>);

impl<T> Receiver<T> {
    /// A message that is there.
    #[track_caller]
    pub(crate) fn try_recv(&self) -> Option<T> {
        self.0.try_recv().ok()
    }
}

/// A channel without bound.
pub(crate) fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = channel::unbounded();
    (Sender(sender), Receiver(receiver))
}
