//! A fiber: one simulated thread's stack and the point at which it stopped.
//!
//! This file switches stacks. Everything unsafe about that is here, behind four safe operations: make a fiber,
//! resume it, suspend the one that runs, and leave one that will never run again.
//!
//! How it works: a fiber is a stackful coroutine (corosensei) on a stack of its own with a guard page below.
//! [`Fiber::resume`] runs it until it calls [`suspend`] or returns. Only the simulation's run loop resumes, and a
//! fiber never moves to another OS thread, so "the fiber that runs" is one thread-local pointer.
//!
//! Stacks are pooled, because mapping one costs more than running a short thread on it. The pool is the only
//! thing that simulations of one process share, and no simulation can see what is in it.

#![allow(unsafe_code, reason = "switching stacks is unsafe; this file is where it is made safe")]

use std::cell::Cell;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};

use corosensei::stack::{self, DefaultStack, StackPointer};
use corosensei::{Coroutine, CoroutineResult, Yielder};
use parking_lot::Mutex;

use super::asan;
use super::hold::StackWord;

/// Stacks kept for the next simulation. Past this many they are unmapped.
const POOLED_STACKS_MAX: usize = 2048;

/// Stacks that no simulation uses, with their size in bytes.
static POOL: Mutex<Vec<(usize, Stack)>> = Mutex::new(Vec::new());

/// How many OS threads of this process are left for good.
static THREADS_LEFT: AtomicUsize = AtomicUsize::new(0);

/// How many OS threads the simulations of this process have left behind: their runs were over, and a destructor has not come to
/// its end. One that loops takes time from all runs that follow, so a process with any should be replaced.
#[must_use]
pub fn threads_left() -> usize {
    THREADS_LEFT.load(Ordering::Relaxed)
}

/// The OS thread of a simulation is left.
pub(super) fn count_thread_left() {
    THREADS_LEFT.fetch_add(1, Ordering::Relaxed);
}

/// How many stacks of this process were left as they were.
static STACKS_LEFT: AtomicUsize = AtomicUsize::new(0);

/// How many stacks the simulations of this process have left behind for good: those of threads whose lock somebody else
/// has taken, because they were crashed or their run was over, and of those whose destructors would have waited when their
/// run was over. Each is two mappings of memory, of which a process has some
/// ten thousands: a process that makes very many runs should be replaced before.
#[must_use]
pub fn stacks_left() -> usize {
    STACKS_LEFT.load(Ordering::Relaxed)
}

/// One more is left.
pub(crate) fn count_left() {
    STACKS_LEFT.fetch_add(1, Ordering::Relaxed);
}

thread_local! {
    /// The way back to the run loop from the fiber that runs on this OS thread; null in the run loop.
    static YIELDER: Cell<*const Yielder<(), ()>> = const { Cell::new(ptr::null()) };
}

/// A stack that no fiber uses.
pub(crate) struct Stack {
    mapping: DefaultStack,
    /// How far below the end of the mapping the stack begins, in bytes.
    ///
    /// Mappings begin at pages, so without this the busy ends of all stacks would compete for the same few sets of
    /// the processor's first cache.
    offset: usize,
}

/// Offsets are multiples of this, so that each is another line of the cache, and of the alignment of stacks.
const OFFSET_STEP: usize = 128;
const OFFSETS: usize = 24;

// SAFETY: all but the base is the mapping's, and the base is moved towards the limit by far less than the smallest
// stack is long, to an address that is as aligned as the mapping's.
unsafe impl stack::Stack for Stack {
    fn base(&self) -> StackPointer {
        let base = self.mapping.base().get() - self.offset;
        StackPointer::new(base).expect("a stack does not begin at address 0")
    }

    fn limit(&self) -> StackPointer {
        self.mapping.limit()
    }
}

/// A simulation's own supply of stacks, all of one size.
pub(crate) struct Stacks {
    size: usize,
    free: Vec<Stack>,
    mapped: usize,
}

impl Stacks {
    /// A supply of stacks of `size` usable bytes each.
    pub(crate) fn new(size: usize) -> Self {
        Self { size, free: Vec::new(), mapped: 0 }
    }

    /// A stack, used or new. `Err` when the machine has no more mappings or memory to give.
    pub(crate) fn take(&mut self) -> std::io::Result<Stack> {
        // The youngest first: its pages are still in the cache.
        if let Some(stack) = self.free.pop() {
            return Ok(stack);
        }
        // A block of its own, so that no mapping is made while the pool is locked: other simulations wait for
        // it.
        let pooled = {
            let mut pool = POOL.lock();
            pool.iter().rposition(|(size, _)| *size == self.size).map(|place| pool.swap_remove(place).1)
        };
        if let Some(stack) = pooled {
            return Ok(stack);
        }
        let offset = self.mapped % OFFSETS * OFFSET_STEP;
        self.mapped += 1;
        Ok(Stack { mapping: DefaultStack::new(self.size + OFFSETS * OFFSET_STEP)?, offset })
    }

    /// Keeps a stack for the next fiber.
    pub(crate) fn give_back(&mut self, stack: Stack) {
        self.free.push(stack);
    }
}

impl Drop for Stacks {
    fn drop(&mut self) {
        let mut pool = POOL.lock();
        let room = POOLED_STACKS_MAX.saturating_sub(pool.len());
        pool.extend(self.free.drain(..).take(room).map(|stack| (self.size, stack)));
    }
}

/// What [`Fiber::resume`] came back with.
#[derive(PartialEq, Eq)]
pub(crate) enum Resumed {
    /// The fiber called [`suspend`].
    Suspended,
    /// The fiber's function returned.
    Finished,
}

/// A simulated thread's stack and registers while it does not run.
pub(crate) struct Fiber {
    coroutine: Coroutine<(), (), (), Stack>,
    yielder: *const Yielder<(), ()>,
    /// Where its stack ends.
    limit: usize,
    /// Where its stack begins, above that.
    base: usize,
}

impl Fiber {
    /// A fiber that will run `body` when it is first resumed. `body` must not let a panic out.
    pub(crate) fn new(stack: Stack, body: Box<dyn FnOnce()>) -> Self {
        let (limit, base) = (stack::Stack::limit(&stack).get(), stack::Stack::base(&stack).get());
        asan::is_empty(limit, base);
        let coroutine = Coroutine::with_stack(stack, move |yielder: &Yielder<(), ()>, ()| {
            asan::on_fiber(None);
            YIELDER.set(yielder);
            body();
            asan::before_end();
        });
        Self { coroutine, yielder: ptr::null(), limit, base }
    }

    /// Where its stack lies.
    pub(crate) fn stack(&self) -> StackWord {
        StackWord::new(self.limit, self.base)
    }

    /// Runs the fiber until it suspends itself or ends.
    pub(crate) fn resume(&mut self) -> Resumed {
        // Null before the first resume. The fiber sets it by its first instruction, before it can be
        // suspended.
        YIELDER.set(self.yielder);
        #[cfg(unix)]
        super::overflow::set_guard(self.limit);
        asan::before_resume(self.limit, self.base);
        let result = self.coroutine.resume(());
        asan::after_resume();
        #[cfg(unix)]
        super::overflow::set_guard(0);
        // Kept with the fiber: the next one to be resumed sets its own. Null meanwhile, so that a suspend in
        // the run loop is caught instead of jumping into a fiber that does not run.
        self.yielder = YIELDER.replace(ptr::null());
        match result {
            CoroutineResult::Yield(()) => Resumed::Suspended,
            CoroutineResult::Return(()) => Resumed::Finished,
        }
    }

    /// The stack of a finished fiber, to be used again.
    pub(crate) fn into_stack(self) -> Stack {
        self.coroutine.into_stack()
    }

    /// Leaves the fiber as it is, for good: as if everything on its stack had been forgotten. The stack is never used again.
    pub(crate) fn leak(self) {
        count_left();
        std::mem::forget(self);
    }
}

/// Stops the running fiber and goes back to the run loop. Returns when the fiber is resumed.
pub(crate) fn suspend() {
    let yielder = YIELDER.get();
    assert!(!yielder.is_null(), "only a simulated thread can be suspended");
    // SAFETY: the pointer was set by the fiber that runs now: by its first instruction, or by `resume`, which
    // kept it from the last time. The yielder lives on that fiber's stack until the fiber's function returns.
    let yielder = unsafe { &*yielder };
    #[allow(clippy::let_unit_value, reason = "in builds for the sanitizer it is more than that")]
    let kept = asan::before_suspend();
    yielder.suspend(());
    asan::on_fiber(Some(kept));
}

/// Forgets the lifetime of a closure, for threads that are joined before what they borrow goes away.
///
/// # Safety
///
/// The caller must not let `'a` end before the closure has returned or has been dropped.
pub(crate) unsafe fn forget_lifetime<'a>(body: Box<dyn FnOnce() + 'a>) -> Box<dyn FnOnce() + 'static> {
    // SAFETY: only the lifetime changes; the caller answers for that.
    unsafe { std::mem::transmute::<Box<dyn FnOnce() + 'a>, Box<dyn FnOnce() + 'static>>(body) }
}
