//! One-time initialisation of both worlds.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::Location;

use parking_lot::Mutex as RealMutex;

use super::{Condvar, Mutex};
use crate::sim::{self, Kind};

/// A cell that is written once.
///
/// # Differences from [`std::sync::OnceLock`]
///
/// A simulated thread that initialises it while it is initialising it is reported as locking twice.
#[derive(Debug, Default)]
pub struct OnceLock<T> {
    value: std::sync::OnceLock<T>,
    /// Held by the thread that initialises.
    turn: Mutex<()>,
    /// There is a value.
    made: Condvar,
}

impl<T> OnceLock<T> {
    /// An empty cell.
    #[must_use]
    pub const fn new() -> Self {
        Self { value: std::sync::OnceLock::new(), turn: Mutex::new(()), made: Condvar::new() }
    }

    /// The value, if there is one.
    #[track_caller]
    pub fn get(&self) -> Option<&T> {
        let value = self.value.get();
        if value.is_none() && sim::is_simulated() {
            // So that a loop which looks until there is one lets others run.
            sim::step(Kind::Once, 0, Location::caller());
            return self.value.get();
        }
        value
    }

    /// The value to change, if there is one.
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.value.get_mut()
    }

    /// Writes the value.
    ///
    /// # Errors
    ///
    /// `value` itself, if there is one already.
    #[track_caller]
    pub fn set(&self, value: T) -> Result<(), T> {
        let _turn = self.turn.lock();
        self.tell();
        self.value.set(value)
    }

    /// The value. Waits until there is one.
    ///
    /// # Differences from [`std::sync::OnceLock::wait`]
    ///
    /// In a simulation, a wait for a value that nobody will ever make is reported as a deadlock.
    #[track_caller]
    pub fn wait(&self) -> &T {
        loop {
            if let Some(value) = self.value.get() {
                return value;
            }
            let mut turn = self.turn.lock();
            // Again under the lock, or the value could come between the look and the wait.
            if self.value.get().is_none() {
                self.made.wait(&mut turn);
            }
        }
    }

    /// Wakes all who wait for the value that comes next. The caller has the turn.
    #[track_caller]
    fn tell(&self) {
        // Before the value is there, and not after: they get the turn only when the caller gives it back. If its node is
        // crashed while it tells them, they look, find nothing and wait again. The other way round they would wait for
        // ever for a value that is there.
        self.made.notify_waiting();
    }

    /// The value, made by `init` if there is none. Other threads that want it meanwhile wait.
    ///
    /// # Panics
    ///
    /// If `init` does; then the cell stays empty.
    #[track_caller]
    pub fn get_or_init(&self, init: impl FnOnce() -> T) -> &T {
        // No step: once it is there it never changes, so nobody could tell the order.
        if let Some(value) = self.value.get() {
            return value;
        }
        let _turn = self.turn.lock();
        // Whoever had the turn before may have made it.
        if let Some(value) = self.value.get() {
            return value;
        }
        // Not inside the real cell's own `get_or_init`: `init` may give way, and if its node is crashed
        // there, the real cell stays locked. The next to try would block the OS thread of the whole
        // simulation.
        let value = init();
        self.tell();
        self.value.get_or_init(|| value)
    }

    /// Takes the value out of the cell, which is empty then.
    pub fn take(&mut self) -> Option<T> {
        self.value.take()
    }

    /// The value, if there is one.
    pub fn into_inner(self) -> Option<T> {
        self.value.into_inner()
    }
}

impl<T: Clone> Clone for OnceLock<T> {
    fn clone(&self) -> Self {
        self.value.get().cloned().map_or_else(Self::new, Self::from)
    }
}

impl<T> From<T> for OnceLock<T> {
    fn from(value: T) -> Self {
        Self { value: value.into(), turn: Mutex::new(()), made: Condvar::new() }
    }
}

impl<T: PartialEq> PartialEq for OnceLock<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Eq> Eq for OnceLock<T> {}

/// A function that runs once, whoever comes first.
///
/// # Differences from [`std::sync::Once`]
///
/// There is no poisoning: if the function panics, the next caller runs its own.
#[derive(Debug, Default)]
pub struct Once(OnceLock<()>);

/// What the function of [`Once::call_once_force`] is told.
#[derive(Debug)]
pub struct OnceState(());

impl OnceState {
    /// Never `true`: there is no poisoning.
    #[must_use]
    pub const fn is_poisoned(&self) -> bool {
        false
    }
}

impl Once {
    /// One that has not run yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// Runs `init`, unless one has run already; waits if one is running.
    ///
    /// # Panics
    ///
    /// If `init` does.
    #[track_caller]
    pub fn call_once(&self, init: impl FnOnce()) {
        self.0.get_or_init(init);
    }

    /// The same as [`call_once`](Self::call_once), since there is no poisoning.
    ///
    /// # Panics
    ///
    /// If `init` does.
    #[track_caller]
    pub fn call_once_force(&self, init: impl FnOnce(&OnceState)) {
        self.0.get_or_init(|| init(&OnceState(())));
    }

    /// Waits until one has run to its end.
    ///
    /// # Differences from [`std::sync::Once::wait`]
    ///
    /// If the function panics, the wait goes on.
    #[track_caller]
    pub fn wait(&self) {
        self.0.wait();
    }

    /// The same as [`wait`](Self::wait), since there is no poisoning.
    #[track_caller]
    pub fn wait_force(&self) {
        self.0.wait();
    }

    /// Whether one has run to its end.
    #[must_use]
    #[track_caller]
    pub fn is_completed(&self) -> bool {
        self.0.get().is_some()
    }
}

/// A value that is made when it is first used.
///
/// # Differences from [`std::sync::LazyLock`]
///
/// There is no poisoning, but the function runs at most once: after a panic in it, each use panics.
pub struct LazyLock<T, F = fn() -> T> {
    value: OnceLock<T>,
    init: RealMutex<Option<F>>,
}

impl<T, F: FnOnce() -> T> LazyLock<T, F> {
    /// A value that `init` will make.
    #[must_use]
    pub const fn new(init: F) -> Self {
        Self { value: OnceLock::new(), init: RealMutex::new(Some(init)) }
    }

    /// Makes the value if that has not been done, and returns it.
    ///
    /// # Panics
    ///
    /// If the function does, or did before.
    #[track_caller]
    pub fn force(this: &Self) -> &T {
        this.value.get_or_init(|| {
            // Taken out and called outside of the lock, which is a real one: the function may give way.
            let init = this.init.lock().take().expect("the function of this LazyLock panicked before");
            init()
        })
    }

    /// As [`force`](Self::force), to change the value.
    ///
    /// # Panics
    ///
    /// If the function does, or did before.
    #[track_caller]
    pub fn force_mut(this: &mut Self) -> &mut T {
        Self::force(this);
        this.value.get_mut().expect("it has just been made")
    }
}

impl<T, F> LazyLock<T, F> {
    /// The value, if it has been made.
    #[track_caller]
    pub fn get(this: &Self) -> Option<&T> {
        this.value.get()
    }

    /// The value to change, if it has been made.
    pub fn get_mut(this: &mut Self) -> Option<&mut T> {
        this.value.get_mut()
    }
}

/// What the type's default makes, when it is first used.
impl<T: Default> Default for LazyLock<T> {
    fn default() -> Self {
        Self::new(T::default)
    }
}

impl<T, F: FnOnce() -> T> Deref for LazyLock<T, F> {
    type Target = T;

    #[track_caller]
    fn deref(&self) -> &T {
        Self::force(self)
    }
}

impl<T, F: FnOnce() -> T> DerefMut for LazyLock<T, F> {
    #[track_caller]
    fn deref_mut(&mut self) -> &mut T {
        Self::force_mut(self)
    }
}

impl<T: fmt::Debug, F> fmt::Debug for LazyLock<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LazyLock").field(&self.value.get()).finish()
    }
}
