//! Threads that borrow from the frame that starts them.
//!
//! One implementation serves both worlds: threads are started through the facade with the lifetime of what they
//! borrow forgotten, and [`scope`] does not return, not even by a panic, before the last of them has ended.

#![allow(unsafe_code, reason = "a scoped thread's closure outlives its type's lifetime, but not its data")]

use std::io;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use parking_lot::Mutex as RealMutex;

use super::{Builder, JoinHandle, Thread};
use crate::sim::forget_lifetime;
use crate::sync::{Condvar, Mutex};

/// A scope in which threads may borrow what lives outside of it; see [`scope`].
#[derive(Debug)]
pub struct Scope<'scope, 'env: 'scope> {
    shared: Arc<Shared>,
    _scope: PhantomData<&'scope mut &'scope ()>,
    _env: PhantomData<&'env mut &'env ()>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Debug, Default)]
struct State {
    running: usize,
    /// Threads that panicked and that nobody joined.
    unjoined_panics: usize,
}

/// Counts one thread of a scope, from before it starts until after its closure is gone.
struct Counted(Arc<Shared>);

impl Drop for Counted {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.running -= 1;
        if state.running == 0 {
            self.0.ended.notify_all();
        }
    }
}

/// Runs `body` with a scope in which it can start threads that borrow, and returns when all of them have ended.
///
/// ```
/// let mut counts = vec![0; 3];
/// labrpc::thread::scope(|scope| {
///     for count in &mut counts {
///         scope.spawn(move || *count += 1);
///     }
/// });
/// assert_eq!(counts, [1, 1, 1]);
/// ```
///
/// # Panics
///
/// If `body` panics, or if one of its threads does and is not joined.
pub fn scope<'env, F, T>(body: F) -> T
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> T,
{
    let scope = Scope { shared: Arc::default(), _scope: PhantomData, _env: PhantomData };
    let result = catch_unwind(AssertUnwindSafe(|| body(&scope)));
    let mut state = scope.shared.state.lock();
    // Threads of the scope may start others before they end, and those count from before they start.
    while state.running > 0 {
        scope.shared.ended.wait(&mut state);
    }
    let unjoined_panics = state.unjoined_panics;
    drop(state);
    match result {
        Err(payload) => resume_unwind(payload),
        Ok(_) if unjoined_panics > 0 => panic!("a scoped thread panicked"),
        Ok(value) => value,
    }
}

impl<'scope> Scope<'scope, '_> {
    /// Starts a thread that may borrow what outlives the scope.
    ///
    /// # Panics
    ///
    /// If the machine has no memory for another thread.
    pub fn spawn<F, T>(&'scope self, body: F) -> ScopedJoinHandle<'scope, T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        Builder::new().spawn_scoped(self, body).expect("a stack for a new thread")
    }
}

impl Builder {
    /// Starts a thread of a scope.
    ///
    /// # Errors
    ///
    /// As [`spawn`](Self::spawn).
    pub fn spawn_scoped<'scope, F, T>(
        self,
        scope: &'scope Scope<'scope, '_>,
        body: F,
    ) -> io::Result<ScopedJoinHandle<'scope, T>>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        let result = Arc::new(RealMutex::new(None));
        let shared = Arc::clone(&scope.shared);
        shared.state.lock().running += 1;
        let counted = Counted(Arc::clone(&shared));
        let slot = Arc::clone(&result);
        let body: Box<dyn FnOnce() + 'scope> = Box::new(move || {
            let outcome = catch_unwind(AssertUnwindSafe(body));
            if outcome.is_err() {
                shared.state.lock().unjoined_panics += 1;
            }
            *slot.lock() = Some(outcome);
        });
        // SAFETY: `counted` is dropped after the closure has run or has been dropped, and `scope` returns only when
        // all that are counted are gone. A simulated scope that never returns is unwound after its threads, which
        // are younger.
        let body = SendBody(unsafe { forget_lifetime(body) });
        let handle = self.spawn(move || {
            let counted = counted;
            body.run();
            drop(counted);
        })?;
        Ok(ScopedJoinHandle { handle, result, shared: Arc::clone(&scope.shared), _scope: PhantomData })
    }
}

/// A closure that was `Send` before its type was erased.
struct SendBody(Box<dyn FnOnce()>);

// SAFETY: only `spawn_scoped` makes one, out of parts that are all `Send`.
unsafe impl Send for SendBody {}

impl SendBody {
    fn run(self) {
        (self.0)();
    }
}

/// A claim on the result of a scoped thread.
pub struct ScopedJoinHandle<'scope, T> {
    handle: JoinHandle<()>,
    result: Arc<RealMutex<Option<std::thread::Result<T>>>>,
    shared: Arc<Shared>,
    _scope: PhantomData<&'scope ()>,
}

impl<T> ScopedJoinHandle<'_, T> {
    /// Waits for the thread to end and returns its result.
    ///
    /// # Errors
    ///
    /// What the thread panicked with.
    #[track_caller]
    pub fn join(self) -> std::thread::Result<T> {
        self.handle.join()?;
        // Without a result the run is over, and nobody sees this value.
        let lost = || Err(Box::new("the scoped thread left no result") as Box<dyn std::any::Any + Send>);
        let result = self.result.lock().take();
        if matches!(result, Some(Err(_))) {
            self.shared.state.lock().unjoined_panics -= 1;
        }
        result.unwrap_or_else(lost)
    }

    /// Whether the thread has ended.
    #[must_use]
    #[track_caller]
    pub fn is_finished(&self) -> bool {
        self.handle.is_finished()
    }

    /// The thread's own handle.
    #[must_use]
    pub fn thread(&self) -> Thread {
        self.handle.thread()
    }
}

impl<T> std::fmt::Debug for ScopedJoinHandle<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ScopedJoinHandle").field("thread", &self.thread()).finish_non_exhaustive()
    }
}
