//! What the programs are written against, over shuttle. The counterpart of `programs/labrpc_world.rs`.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, PoisonError};

use shuttle::sync::atomic::{AtomicI64, Ordering};
use shuttle::sync::{MutexGuard, mpsc};
pub(crate) use shuttle::thread::yield_now;
use shuttle::{sync, thread};

thread_local! {
    /// What a thread of the running program panicked with. shuttle runs a series on one OS thread.
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Whether a thread of the running program has panicked.
pub(crate) fn has_panicked() -> bool {
    PANIC.with_borrow(Option::is_some)
}

/// What it said, once.
pub(crate) fn take_panic() -> Option<String> {
    PANIC.take()
}

/// Runs what a thread does. A panic is kept here, and the scheduler then ends the run: when shuttle itself ends one
/// because of a panic, it says so on the error stream and leaks the stacks of all other threads.
pub(crate) fn guarded<T>(body: impl FnOnce() -> T) -> T {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(value) => value,
        Err(payload) => match text(&*payload) {
            Some(message) => {
                PANIC.with_borrow_mut(|panic| _ = panic.get_or_insert(message));
                loop {
                    yield_now(); // the scheduler picks nobody any more, and this thread is unwound
                }
            }
            // Not a panic of the program: shuttle unwinds the threads of a run that is over.
            None => resume_unwind(payload),
        },
    }
}

/// The words of a panic.
pub(crate) fn text(payload: &(dyn Any + Send)) -> Option<String> {
    payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
}

pub(crate) struct Shared(AtomicI64);

impl Shared {
    #[track_caller]
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

    #[track_caller]
    pub(crate) fn add(&self, value: i64) -> i64 {
        self.0.fetch_add(value, Ordering::SeqCst) + value
    }
}

/// A mutex without poisoning.
pub(crate) struct Mutex<T>(sync::Mutex<T>);

impl<T> Mutex<T> {
    #[track_caller]
    pub(crate) fn new(value: T) -> Self {
        Self(sync::Mutex::new(value))
    }

    #[track_caller]
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) struct Condvar(sync::Condvar);

impl Condvar {
    #[track_caller]
    pub(crate) fn new() -> Self {
        Self(sync::Condvar::new())
    }

    #[track_caller]
    pub(crate) fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        self.0.wait(guard).unwrap_or_else(PoisonError::into_inner)
    }

    #[track_caller]
    pub(crate) fn notify_one(&self) {
        self.0.notify_one();
    }
}

pub(crate) struct Thread<T>(thread::JoinHandle<T>);

#[track_caller]
pub(crate) fn spawn<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> Thread<T> {
    Thread(thread::spawn(move || guarded(body)))
}

impl<T> Thread<T> {
    #[track_caller]
    pub(crate) fn join(self) -> T {
        self.0.join().unwrap_or_else(|panic| resume_unwind(panic))
    }
}

pub(crate) struct Sender<T>(mpsc::Sender<T>);

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Sender<T> {
    #[track_caller]
    pub(crate) fn send(&self, message: T) -> bool {
        self.0.send(message).is_ok()
    }
}

pub(crate) struct Receiver<T>(mpsc::Receiver<T>);

impl<T> Receiver<T> {
    #[track_caller]
    pub(crate) fn try_recv(&self) -> Option<T> {
        self.0.try_recv().ok()
    }
}

#[track_caller]
pub(crate) fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = mpsc::channel();
    (Sender(sender), Receiver(receiver))
}
