//! Mutexes and their guards.

use std::cell::UnsafeCell;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use super::held::{Held, Lock, Part};
use super::macros::{exclusive, guard, mapping, owning, unlocking};
use crate::sim::{RawLock, Side, Until};
use crate::time::Instant;

/// A mutual exclusion lock around a value: [`sync::Mutex`](crate::sync::Mutex) and [`sync::FairMutex`](crate::sync::FairMutex).
pub struct Mutex<R, T: ?Sized> {
    raw: R,
    data: UnsafeCell<T>,
}

// SAFETY: the value goes from thread to thread, and one of them has it at a time.
unsafe impl<R: RawLock, T: ?Sized + Send> Sync for Mutex<R, T> {}

impl<R: RawLock, T: ?Sized> Lock for Mutex<R, T> {
    type Raw = R;

    #[inline]
    fn raw(&self) -> &R {
        &self.raw
    }
}

impl<R: RawLock, T> Mutex<R, T> {
    /// A lock around `value` that nobody holds.
    #[must_use]
    pub const fn new(value: T) -> Self {
        Self { raw: R::INIT, data: UnsafeCell::new(value) }
    }

    /// The value.
    pub fn into_inner(self) -> T {
        self.data.into_inner()
    }
}

impl<R: RawLock, T: ?Sized> Mutex<R, T> {
    #[inline]
    fn take(&self, until: Until, location: &'static Location<'static>) -> Option<MutexGuard<'_, R, T>> {
        let hold = self.raw.take(Side::Exclusive, until, location)?;
        // SAFETY: the hold is a new one of this lock, and the data what it guards.
        Some(MutexGuard(unsafe { Held::new(self, hold, self.data.get()) }))
    }

    fn take_arc(
        self: &Arc<Self>,
        until: Until,
        location: &'static Location<'static>,
    ) -> Option<ArcMutexGuard<R, T>> {
        let hold = self.raw.take(Side::Exclusive, until, location)?;
        // SAFETY: the hold is a new one of this lock, and the data what it guards.
        Some(ArcMutexGuard(unsafe { Held::new(Arc::clone(self), hold, self.data.get()) }))
    }

    /// Takes the lock, waiting for it.
    #[inline]
    #[track_caller]
    pub fn lock(&self) -> MutexGuard<'_, R, T> {
        let hold = self.raw.lock(Side::Exclusive, Location::caller());
        // SAFETY: the hold is a new one of this lock, and the data what it guards.
        MutexGuard(unsafe { Held::new(self, hold, self.data.get()) })
    }

    /// Takes the lock if that is possible at once.
    #[inline]
    #[track_caller]
    pub fn try_lock(&self) -> Option<MutexGuard<'_, R, T>> {
        self.take(Until::Now, Location::caller())
    }

    /// Takes the lock, waiting for `timeout` at the longest.
    #[track_caller]
    pub fn try_lock_for(&self, timeout: Duration) -> Option<MutexGuard<'_, R, T>> {
        self.take(Until::For(timeout), Location::caller())
    }

    /// Takes the lock, waiting until `deadline` at the longest.
    ///
    /// # Panics
    ///
    /// If `deadline` is of another world than the caller.
    #[track_caller]
    pub fn try_lock_until(&self, deadline: Instant) -> Option<MutexGuard<'_, R, T>> {
        self.take(Until::At(deadline), Location::caller())
    }

    /// As [`lock`](Self::lock); the guard keeps the lock alive.
    #[track_caller]
    pub fn lock_arc(self: &Arc<Self>) -> ArcMutexGuard<R, T> {
        super::taken(self.take_arc(Until::Taken, Location::caller()))
    }

    /// As [`try_lock`](Self::try_lock); the guard keeps the lock alive.
    #[track_caller]
    pub fn try_lock_arc(self: &Arc<Self>) -> Option<ArcMutexGuard<R, T>> {
        self.take_arc(Until::Now, Location::caller())
    }

    /// As [`try_lock_for`](Self::try_lock_for); the guard keeps the lock alive.
    #[track_caller]
    pub fn try_lock_arc_for(self: &Arc<Self>, timeout: Duration) -> Option<ArcMutexGuard<R, T>> {
        self.take_arc(Until::For(timeout), Location::caller())
    }

    /// As [`try_lock_until`](Self::try_lock_until); the guard keeps the lock alive.
    ///
    /// # Panics
    ///
    /// If `deadline` is of another world than the caller.
    #[track_caller]
    pub fn try_lock_arc_until(self: &Arc<Self>, deadline: Instant) -> Option<ArcMutexGuard<R, T>> {
        self.take_arc(Until::At(deadline), Location::caller())
    }

    /// The value to change, for which the exclusive borrow stands in for the lock.
    pub const fn get_mut(&mut self) -> &mut T {
        self.data.get_mut()
    }

    /// Whether anybody holds the lock.
    pub fn is_locked(&self) -> bool {
        self.raw.is_locked()
    }

    /// Where the value is. Who uses it must hold the lock.
    pub const fn data_ptr(&self) -> *mut T {
        self.data.get()
    }
}

impl<R: RawLock, T: Default> Default for Mutex<R, T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<R: RawLock, T> From<T> for Mutex<R, T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<R: RawLock, T: ?Sized + fmt::Debug> fmt::Debug for Mutex<R, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        super::show("Mutex", self.try_lock().as_deref(), f)
    }
}

guard! {
    /// Access to the value of a locked [`Mutex`]; unlocks it when dropped.
    MutexGuard<['a] R: RawLock> of &'a Mutex<R, T>
}
exclusive!(MutexGuard<['a] R: RawLock>);
unlocking!(MutexGuard<['a] R: RawLock>);
mapping!(MutexGuard to MappedMutexGuard<R: RawLock>, map_mut, [&mut], |mutex| Part(&mutex.raw));

impl<'a, R: RawLock, T: ?Sized> MutexGuard<'a, R, T> {
    /// The lock.
    #[must_use]
    pub fn mutex(s: &Self) -> &'a Mutex<R, T> {
        s.0.handle()
    }

    /// Never gives the lock back: it is nobody's but the reference's, and stays so if the thread's node crashes.
    #[must_use]
    pub fn leak(s: Self) -> &'a mut T {
        // SAFETY: a mutex has the exclusive side alone, and lives for `'a`.
        unsafe { s.0.leak() }
    }
}

guard! {
    /// Access to a part of the value of a locked [`Mutex`].
    MappedMutexGuard<['a] R: RawLock> of Part<'a, R>
}
exclusive!(MappedMutexGuard<['a] R: RawLock>);
mapping!(MappedMutexGuard to MappedMutexGuard<R: RawLock>, map_mut, [&mut], |part| part);

impl<R: RawLock, T: ?Sized> MappedMutexGuard<'_, R, T> {
    /// Gives the lock back, outside of a simulation to whoever has waited longest.
    pub fn unlock_fair(s: Self) {
        s.0.unlock_fair();
    }
}

guard! {
    /// As [`MutexGuard`], of a mutex in an [`Arc`], which it keeps alive: see [`Mutex::lock_arc`].
    ArcMutexGuard<[] R: RawLock> of Arc<Mutex<R, T>>
}
exclusive!(ArcMutexGuard<[] R: RawLock>);
unlocking!(ArcMutexGuard<[] R: RawLock>);
owning!(ArcMutexGuard<R: RawLock> of Mutex<R, T>, by mutex);
