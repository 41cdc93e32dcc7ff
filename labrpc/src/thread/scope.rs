//! Threads that borrow from the frame that starts them.
//!
//! One implementation serves both worlds: threads are started through the facade with the lifetime of what they
//! borrow forgotten, and [`scope`] does not return, not even by a panic, before the last of them has ended. At the end of
//! a simulation, when it could not wait for one, it never goes on: its frame stays.

#![allow(unsafe_code, reason = "a scoped thread's closure outlives its type's lifetime, but not its data")]

use std::io;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex as RealMutex;

use super::{Builder, JoinHandle, Thread};
use crate::sim::{self, PanicReport, forget_lifetime, with_core};
use crate::sync::{Condvar, Mutex};

/// A scope in which threads may borrow what lives outside of it; see [`scope`].
#[derive(Debug)]
pub struct Scope<'scope, 'env: 'scope> {
    shared: Arc<Shared>,
    /// The number of the simulated thread that has opened the scope, from whose frames its threads may borrow.
    lender: Option<u64>,
    _scope: PhantomData<&'scope mut &'scope ()>,
    _env: PhantomData<&'env mut &'env ()>,
}

#[derive(Debug, Default)]
struct Shared {
    /// The threads that have not ended.
    running: AtomicUsize,
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// The threads that were started, which numbers them.
    started: usize,
    /// The threads that panicked and that nobody joined, by number, with what is known of it in a simulation.
    unjoined: Vec<(usize, Option<PanicReport>)>,
}

/// Counts one thread of a scope, from before it starts until after its closure is gone.
struct Counted(Arc<Shared>);

impl Drop for Counted {
    fn drop(&mut self) {
        if is_at_the_end() {
            self.0.running.fetch_sub(1, Ordering::SeqCst);
            return;
        }
        // Under the lock, so that a scope which has just looked does not miss it.
        let _state = self.0.state.lock();
        if self.0.running.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.ended.notify_all();
        }
    }
}

/// Whether the caller is a simulated thread that unwinds because its run is over. It must take no step then.
fn is_at_the_end() -> bool {
    sim::is_simulated() && sim::is_over()
}

/// Stands between the frame that threads of a scope borrow from and everything that could end it.
struct Borrowed<'a>(&'a Shared);

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        // Only the end of the run goes past threads that still count. They may be left as they are, and hold what
        // they borrow for ever: then the frame is left as well.
        if is_at_the_end() && self.0.running.load(Ordering::SeqCst) > 0 {
            sim::leave();
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
    let lender = sim::is_simulated().then(|| with_core(|core| core.threads.slot(core.current).number));
    let scope = Scope { shared: Arc::default(), lender, _scope: PhantomData, _env: PhantomData };
    let borrowed = Borrowed(&scope.shared);
    let result = match catch_unwind(AssertUnwindSafe(|| body(&scope))) {
        Err(end_of_run) if is_at_the_end() => resume_unwind(end_of_run),
        result => result,
    };
    let mut state = scope.shared.state.lock();
    // Threads of the scope may start others before they end, and those count from before they start.
    while scope.shared.running.load(Ordering::SeqCst) > 0 {
        scope.shared.ended.wait(&mut state);
    }
    let unjoined = std::mem::take(&mut state.unjoined);
    drop(state);
    let has_unjoined = !unjoined.is_empty();
    unjoined.into_iter().for_each(|(_, panic)| joins(panic));
    drop(borrowed);
    match result {
        Err(payload) => resume_unwind(payload),
        Ok(_) if has_unjoined => panic!("a scoped thread panicked"),
        Ok(value) => value,
    }
}

/// The calling thread has been told of the panic of another.
fn joins(panic: Option<PanicReport>) {
    if let Some(panic) = panic {
        with_core(|core| core.joins_panic(panic));
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
        let number = {
            let mut state = shared.state.lock();
            shared.running.fetch_add(1, Ordering::SeqCst);
            state.started += 1;
            state.started
        };
        let counted = Counted(Arc::clone(&shared));
        let slot = Arc::clone(&result);
        let body: Box<dyn FnOnce() + 'scope> = Box::new(move || {
            let outcome = catch_unwind(AssertUnwindSafe(body));
            if let Err(payload) = &outcome
                && !is_at_the_end()
            {
                let panic = sim::is_simulated().then(|| sim::panic_report(&**payload));
                shared.state.lock().unjoined.push((number, panic));
            }
            *slot.lock() = Some(outcome);
        });
        // SAFETY: `counted` is dropped after the closure has run or has been dropped, and `scope` returns or unwinds
        // only when all that are counted are gone: it waits for them, and where it cannot, at the end of a run, `Borrowed`
        // leaves the frame for ever. To forget `counted` or its thread therefore keeps the frame.
        let body = SendBody(unsafe { forget_lifetime(body) });
        // In one value: if it never runs, its fields are dropped in their order.
        let scoped = Scoped { body, counted };
        let handle = self.lent_by(scope.lender).spawn(move || scoped.run())?;
        Ok(ScopedJoinHandle {
            handle,
            number,
            result,
            shared: Arc::clone(&scope.shared),
            _scope: PhantomData,
        })
    }
}

/// What a scoped thread runs. `counted` comes last, so that it is dropped after the closure, whether that has run or not.
struct Scoped {
    body: SendBody,
    counted: Counted,
}

impl Scoped {
    fn run(self) {
        self.body.run();
        drop(self.counted);
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
    /// Which of its scope it is.
    number: usize,
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
            let unjoined = &mut self.shared.state.lock().unjoined;
            let place = unjoined.iter().position(|(number, _)| *number == self.number);
            joins(place.and_then(|place| unjoined.remove(place).1));
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
