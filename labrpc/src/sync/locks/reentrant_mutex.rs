//! Mutexes that their holder may take again, and their guards.

use std::cell::UnsafeCell;
use std::fmt;
use std::ops::Deref;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use super::held::{Held, Lock, Part};
use super::macros::{guard, mapping, owning, unlocking};
use crate::sim::{RawLock, RawReentrantMutex, Side, Until};
use crate::time::Instant;

/// A mutex that its holder may lock again. It gives shared access only: to change the value, put it into a `RefCell`.
pub struct ReentrantMutex<T: ?Sized> {
    raw: RawReentrantMutex,
    data: UnsafeCell<T>,
}

// SAFETY: the value goes from thread to thread, and one of them has it at a time.
unsafe impl<T: ?Sized + Send> Sync for ReentrantMutex<T> {}

impl<T: ?Sized> Lock for ReentrantMutex<T> {
    type Raw = RawReentrantMutex;

    #[inline]
    fn raw(&self) -> &RawReentrantMutex {
        &self.raw
    }
}

impl<T> ReentrantMutex<T> {
    /// A lock around `value` that nobody holds.
    #[must_use]
    pub const fn new(value: T) -> Self {
        Self { raw: RawReentrantMutex::INIT, data: UnsafeCell::new(value) }
    }

    /// The value.
    pub fn into_inner(self) -> T {
        self.data.into_inner()
    }
}

impl<T: ?Sized> ReentrantMutex<T> {
    fn take(&self, until: Until, location: &'static Location<'static>) -> Option<ReentrantMutexGuard<'_, T>> {
        let hold = self.raw.take(Side::Exclusive, until, location)?;
        // SAFETY: the hold is one of this lock that this thread has got for this guard, and the data what it guards.
        Some(ReentrantMutexGuard(unsafe { Held::new(self, hold, self.data.get()) }))
    }

    fn take_arc(
        self: &Arc<Self>,
        until: Until,
        location: &'static Location<'static>,
    ) -> Option<ArcReentrantMutexGuard<T>> {
        let hold = self.raw.take(Side::Exclusive, until, location)?;
        // SAFETY: as in `take`.
        Some(ArcReentrantMutexGuard(unsafe { Held::new(Arc::clone(self), hold, self.data.get()) }))
    }

    /// Takes the lock, waiting for it if another thread has it.
    #[track_caller]
    pub fn lock(&self) -> ReentrantMutexGuard<'_, T> {
        super::taken(self.take(Until::Taken, Location::caller()))
    }

    /// Takes the lock if that is possible at once.
    #[track_caller]
    pub fn try_lock(&self) -> Option<ReentrantMutexGuard<'_, T>> {
        self.take(Until::Now, Location::caller())
    }

    /// Takes the lock, waiting for `timeout` at the longest.
    #[track_caller]
    pub fn try_lock_for(&self, timeout: Duration) -> Option<ReentrantMutexGuard<'_, T>> {
        self.take(Until::For(timeout), Location::caller())
    }

    /// Takes the lock, waiting until `deadline` at the longest.
    ///
    /// # Panics
    ///
    /// If `deadline` is of another world than the caller.
    #[track_caller]
    pub fn try_lock_until(&self, deadline: Instant) -> Option<ReentrantMutexGuard<'_, T>> {
        self.take(Until::At(deadline), Location::caller())
    }

    /// As [`lock`](Self::lock); the guard keeps the lock alive.
    #[track_caller]
    pub fn lock_arc(self: &Arc<Self>) -> ArcReentrantMutexGuard<T> {
        super::taken(self.take_arc(Until::Taken, Location::caller()))
    }

    /// As [`try_lock`](Self::try_lock); the guard keeps the lock alive.
    #[track_caller]
    pub fn try_lock_arc(self: &Arc<Self>) -> Option<ArcReentrantMutexGuard<T>> {
        self.take_arc(Until::Now, Location::caller())
    }

    /// As [`try_lock_for`](Self::try_lock_for); the guard keeps the lock alive.
    #[track_caller]
    pub fn try_lock_arc_for(self: &Arc<Self>, timeout: Duration) -> Option<ArcReentrantMutexGuard<T>> {
        self.take_arc(Until::For(timeout), Location::caller())
    }

    /// As [`try_lock_until`](Self::try_lock_until); the guard keeps the lock alive.
    ///
    /// # Panics
    ///
    /// If `deadline` is of another world than the caller.
    #[track_caller]
    pub fn try_lock_arc_until(self: &Arc<Self>, deadline: Instant) -> Option<ArcReentrantMutexGuard<T>> {
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

    /// Whether the calling thread holds the lock.
    pub fn is_owned_by_current_thread(&self) -> bool {
        self.raw.is_owned()
    }

    /// Where the value is. Who uses it must hold the lock.
    pub const fn data_ptr(&self) -> *mut T {
        self.data.get()
    }
}

impl<T: Default> Default for ReentrantMutex<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for ReentrantMutex<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for ReentrantMutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        super::show("ReentrantMutex", self.try_lock().as_deref(), f)
    }
}

guard! {
    /// Access to the value of a locked [`ReentrantMutex`]; the last one of its thread unlocks it when dropped.
    ReentrantMutexGuard<['a]> of &'a ReentrantMutex<T>
}
unlocking!(ReentrantMutexGuard<['a]>);
mapping!(ReentrantMutexGuard to MappedReentrantMutexGuard<>, map, [&], |mutex| Part(&mutex.raw));

impl<'a, T: ?Sized> ReentrantMutexGuard<'a, T> {
    /// The lock.
    #[must_use]
    pub fn remutex(s: &Self) -> &'a ReentrantMutex<T> {
        s.0.handle()
    }
}

guard! {
    /// Access to a part of the value of a locked [`ReentrantMutex`].
    MappedReentrantMutexGuard<['a]> of Part<'a, RawReentrantMutex>
}
mapping!(MappedReentrantMutexGuard to MappedReentrantMutexGuard<>, map, [&], |part| part);

impl<T: ?Sized> MappedReentrantMutexGuard<'_, T> {
    /// Gives the lock back, outside of a simulation to whoever has waited longest.
    pub fn unlock_fair(s: Self) {
        s.0.unlock_fair();
    }
}

guard! {
    /// As [`ReentrantMutexGuard`], of a mutex in an [`Arc`], which it keeps alive: see [`ReentrantMutex::lock_arc`].
    ArcReentrantMutexGuard<[]> of Arc<ReentrantMutex<T>>
}
unlocking!(ArcReentrantMutexGuard<[]>);
owning!(ArcReentrantMutexGuard<> of ReentrantMutex<T>, by remutex);
