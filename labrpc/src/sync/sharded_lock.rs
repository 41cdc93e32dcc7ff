//! crossbeam's lock for values that are read often and seldom written.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LockResult, PoisonError, TryLockError, TryLockResult};

use super::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use crate::sim;
use crate::thread::panicking;

/// A read-write lock whose readers disturb each other little. It is poisoned when a writer panics, unlike the other locks
/// here.
///
/// # Differences from `crossbeam_utils::sync::ShardedLock`
///
/// - It is one [`RwLock`], and not many: it is there so that code with crossbeam's runs, and not for speed.
/// - Neither the crash of a writer nor the end of a run poisons it.
pub struct ShardedLock<T: ?Sized> {
    /// Changes only while the lock is held to write.
    is_poisoned: AtomicBool,
    lock: RwLock<T>,
}

/// Shared access to the value of a [`ShardedLock`].
pub struct ShardedLockReadGuard<'a, T: ?Sized>(RwLockReadGuard<'a, T>);

/// Exclusive access to the value of a [`ShardedLock`].
pub struct ShardedLockWriteGuard<'a, T: ?Sized> {
    is_poisoned: &'a AtomicBool,
    /// The thread was unwinding when it took the lock, so that unwinding says nothing about the value.
    was_panicking: bool,
    guard: RwLockWriteGuard<'a, T>,
}

impl<T> ShardedLock<T> {
    /// A lock around `value` that nobody holds.
    #[must_use]
    pub const fn new(value: T) -> Self {
        Self { is_poisoned: AtomicBool::new(false), lock: RwLock::new(value) }
    }

    /// The value.
    ///
    /// # Errors
    ///
    /// If the lock is poisoned; the value is in the error.
    pub fn into_inner(self) -> LockResult<T> {
        let is_poisoned = self.is_poisoned();
        result(is_poisoned, self.lock.into_inner())
    }
}

impl<T: ?Sized> ShardedLock<T> {
    /// Whether a writer has panicked.
    #[must_use]
    pub fn is_poisoned(&self) -> bool {
        self.is_poisoned.load(Ordering::Relaxed)
    }

    /// The value to change, for which the exclusive borrow stands in for the lock.
    ///
    /// # Errors
    ///
    /// If the lock is poisoned; the value is in the error.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        result(self.is_poisoned(), self.lock.get_mut())
    }

    /// Takes the lock to read, waiting for it.
    ///
    /// # Errors
    ///
    /// If the lock is poisoned; the guard is in the error.
    #[track_caller]
    pub fn read(&self) -> LockResult<ShardedLockReadGuard<'_, T>> {
        let guard = self.lock.read();
        result(self.is_poisoned(), ShardedLockReadGuard(guard))
    }

    /// Takes the lock to read if that is possible at once.
    ///
    /// # Errors
    ///
    /// If it is not, or if the lock is poisoned; then the guard is in the error.
    #[track_caller]
    pub fn try_read(&self) -> TryLockResult<ShardedLockReadGuard<'_, T>> {
        let guard = self.lock.try_read().ok_or(TryLockError::WouldBlock)?;
        Ok(result(self.is_poisoned(), ShardedLockReadGuard(guard))?)
    }

    /// Takes the lock to write, waiting for it.
    ///
    /// # Errors
    ///
    /// If the lock is poisoned; the guard is in the error.
    #[track_caller]
    pub fn write(&self) -> LockResult<ShardedLockWriteGuard<'_, T>> {
        let guard = self.lock.write();
        result(self.is_poisoned(), self.written(guard))
    }

    /// Takes the lock to write if that is possible at once.
    ///
    /// # Errors
    ///
    /// If it is not, or if the lock is poisoned; then the guard is in the error.
    #[track_caller]
    pub fn try_write(&self) -> TryLockResult<ShardedLockWriteGuard<'_, T>> {
        let guard = self.lock.try_write().ok_or(TryLockError::WouldBlock)?;
        Ok(result(self.is_poisoned(), self.written(guard))?)
    }

    fn written<'a>(&'a self, guard: RwLockWriteGuard<'a, T>) -> ShardedLockWriteGuard<'a, T> {
        ShardedLockWriteGuard { is_poisoned: &self.is_poisoned, was_panicking: panicking(), guard }
    }
}

fn result<G>(is_poisoned: bool, guard: G) -> LockResult<G> {
    if is_poisoned { Err(PoisonError::new(guard)) } else { Ok(guard) }
}

impl<T: ?Sized> Drop for ShardedLockWriteGuard<'_, T> {
    fn drop(&mut self) {
        // What unwinds at the end of a run has not failed, and other destructors must not find that it had.
        let is_at_the_end = || sim::is_simulated() && sim::is_over();
        if !self.was_panicking && panicking() && !is_at_the_end() {
            self.is_poisoned.store(true, Ordering::Relaxed);
        }
    }
}

// As crossbeam's: who catches a panic learns from the poison that a value may be half changed.
impl<T: ?Sized> UnwindSafe for ShardedLock<T> {}
impl<T: ?Sized> RefUnwindSafe for ShardedLock<T> {}

impl<T: ?Sized> Deref for ShardedLockReadGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: ?Sized> Deref for ShardedLockWriteGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.guard
    }
}

impl<T: ?Sized> DerefMut for ShardedLockWriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.guard
    }
}

impl<T: Default> Default for ShardedLock<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for ShardedLock<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for ShardedLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShardedLock")
            .field("lock", &&self.lock)
            .field("is_poisoned", &self.is_poisoned())
            .finish()
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for ShardedLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for ShardedLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for ShardedLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for ShardedLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
